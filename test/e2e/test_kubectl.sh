#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kubectl against `coxswain dev`: Debian's 1.20 and, where there is one, the newest on PATH.
. "$(dirname "$0")/lib.sh"

conversation() { # name of this kubectl
    local v=$1 ns
    ns=kubectl-${v//./-}
    like "$v: version" "$(k version 2>&1)" v1.36
    like "$v: cluster-info" "$(k cluster-info 2>&1)" "is running at"
    like "$v: api-resources" "$(k api-resources)" deployments apps/v1 configmaps customresourcedefinitions \
        poddisruptionbudgets
    like "$v: api-versions" "$(k api-versions)" apps/v1 batch/v1 rbac.authorization.k8s.io/v1
    like "$v: explain" "$(k explain pod.spec.containers)" Pod containers imagePullPolicy \
        "One process, or tree of processes" "What to run instead of the image's entry point"
    like "$v: explain a field" "$(k explain deployment.spec.replicas)" "Number of pods wanted."
    like "$v: explain --recursive" "$(k explain --recursive ingress.spec)" defaultBackend pathType
    like "$v: explain --api-version" "$(k explain --api-version=autoscaling/v2 hpa)" autoscaling v2 \
        "Sets the number of pods"
    check "$v: create namespace" k create namespace "$ns"
    soon "$v: it has a service account" 5 k -n "$ns" get serviceaccount default
    N=(-n "$ns")

    # create in its many forms
    check "$v: create configmap" k "${N[@]}" create configmap c --from-literal=a=1 --from-literal=b=2
    check "$v: create secret" k "${N[@]}" create secret generic s --from-literal=password=hush
    check "$v: create serviceaccount" k "${N[@]}" create serviceaccount robot
    check "$v: create role" k "${N[@]}" create role reader --verb=get,list --resource=configmaps
    check "$v: create rolebinding" k "${N[@]}" create rolebinding reader --role=reader --serviceaccount="$ns:robot"
    check "$v: create quota" k "${N[@]}" create quota q --hard=pods=10
    check "$v: create job" k "${N[@]}" create job j --image=x
    check "$v: create deployment" k "${N[@]}" create deployment web --image=x
    check "$v: create service" k "${N[@]}" create service clusterip web --tcp=80:8080
    like "$v: create again" "$(k "${N[@]}" create configmap c 2>&1)" \
        'configmaps "c" already exists'
    like "$v: create --dry-run=server" "$(k "${N[@]}" create configmap dry --dry-run=server)" "created (server dry run)"
    like "$v: which left nothing" "$(k "${N[@]}" get configmap dry 2>&1)" 'configmaps "dry" not found'
    soon "$v: the deployment has a replica set" 5 has web- k "${N[@]}" get rs -o name
    soon "$v: which has a pod" 5 has pod/web- k "${N[@]}" get pods -o name
    check "$v: run" k "${N[@]}" run alone --image=x --restart=Never

    # get in its many forms
    is "$v: -o name" "$(k "${N[@]}" get configmap c -o name)" configmap/c
    is "$v: -o jsonpath" "$(k "${N[@]}" get configmap c -o 'jsonpath={.data.a}{.data.b}')" 12
    like "$v: -o json" "$(k "${N[@]}" get configmap c -o json)" '"apiVersion": "v1"' '"kind": "ConfigMap"' '"a": "1"'
    like "$v: -o yaml" "$(k "${N[@]}" get configmap c -o yaml)" "kind: ConfigMap" 'a: "1"'
    like "$v: -o wide" "$(k "${N[@]}" get deployment web -o wide)" CONTAINERS IMAGES SELECTOR "app=web"
    like "$v: -o custom-columns" "$(k "${N[@]}" get configmap c -o custom-columns=N:.metadata.name)" N c
    like "$v: -o go-template" "$(k "${N[@]}" get configmap c -o 'go-template={{.data.a}}')" 1
    like "$v: get several kinds" "$(k "${N[@]}" get configmap,secret)" configmap/c secret/s
    like "$v: get all" "$(k "${N[@]}" get all)" pod/alone deployment.apps/web replicaset.apps/web- job.batch/j
    like "$v: tables" "$(k "${N[@]}" get configmap c)" NAME DATA AGE
    like "$v: --show-labels" "$(k "${N[@]}" get deployment web --show-labels)" LABELS app=web
    like "$v: pods" "$(k "${N[@]}" get pod alone)" READY STATUS RESTARTS 0/1 Pending
    like "$v: -A" "$(k get configmaps -A)" NAMESPACE "$ns" kube-root-ca.crt
    is "$v: -l" "$(k "${N[@]}" get pods -l run=alone -o name)" pod/alone
    is "$v: --field-selector" "$(k "${N[@]}" get pods --field-selector=metadata.name=alone -o name)" pod/alone
    is "$v: --sort-by" "$(k "${N[@]}" get cm --sort-by=.metadata.name -o name | xargs)" "configmap/c configmap/kube-root-ca.crt"
    is "$v: --chunk-size" "$(k "${N[@]}" get cm --chunk-size=1 -o name | wc -l)" 2
    like "$v: get --raw" "$(k get --raw "/api/v1/namespaces/$ns")" '"kind":"Namespace"'
    like "$v: not found" "$(k "${N[@]}" get pod nobody 2>&1)" 'Error from server (NotFound): pods "nobody" not found'
    like "$v: no such kind" "$(k get unicorns 2>&1)" "the server doesn't have a resource type \"unicorns\""
    like "$v: describe pod" "$(k "${N[@]}" describe pod alone)" "Name:" Pending Events
    like "$v: describe deployment" "$(k "${N[@]}" describe deployment web)" Replicas ScalingReplicaSet
    (k "${N[@]}" get configmaps -w -o name >"$work/watched" 2>&1 & echo $! >"$work/watch.pid"; wait) 2>/dev/null &
    soon "$v: watch lists" 5 grep -q configmap/c "$work/watched"

    # apply
    cat >"$work/two.yaml" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: applied, labels: {of: apply}}
data: {a: "1", b: "2"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: applied, labels: {of: apply}}
spec:
  replicas: 1
  selector: {matchLabels: {app: applied}}
  template:
    metadata: {labels: {app: applied}}
    spec: {containers: [{name: a, image: x, ports: [{containerPort: 80}]}, {name: b, image: z}]}
YAML
    like "$v: apply" "$(k "${N[@]}" apply -f "$work/two.yaml" 2>&1)" "configmap/applied created" "deployment.apps/applied created"
    like "$v: apply again" "$(k "${N[@]}" apply -f "$work/two.yaml" 2>&1)" "configmap/applied unchanged" "deployment.apps/applied unchanged"
    sed -i 's/, b: "2"}/, c: "3"}/; s/replicas: 1/replicas: 2/; s/, {name: b, image: z}//' "$work/two.yaml"
    like "$v: diff" "$(k "${N[@]}" diff -f "$work/two.yaml" 2>&1)" '+  c: "3"' '-  b: "2"'
    like "$v: apply a change" "$(k "${N[@]}" apply -f "$work/two.yaml" 2>&1)" "configmap/applied configured" "deployment.apps/applied configured"
    is "$v: keys come and go" "$(k "${N[@]}" get cm applied -o 'jsonpath={.data}' | tr -d ' ')" '{"a":"1","c":"3"}'
    is "$v: list elements go" "$(k "${N[@]}" get deployment applied -o 'jsonpath={.spec.replicas} {.spec.template.spec.containers[*].name}')" "2 a"
    check "$v: replace" k "${N[@]}" replace -f "$work/two.yaml"
    check "$v: the watch saw it" grep -q configmap/applied "$work/watched"
    kill "$(cat "$work/watch.pid")" 2>/dev/null

    # patch, label, annotate, set, scale
    P=(k "${N[@]}" patch deployment web)
    check "$v: patch, strategic" "${P[@]}" -p '{"spec":{"template":{"spec":{"containers":[{"name":"more","image":"y"}]}}}}'
    is "$v: merged by name" "$("$kubectl" "${N[@]}" get deployment web -o 'jsonpath={.spec.template.spec.containers[*].image}' | xargs -n1 | sort | xargs)" "x y"
    check "$v: patch, merge" "${P[@]}" --type=merge -p '{"metadata":{"annotations":{"note":"x"}},"spec":{"template":{"spec":{"containers":[{"name":"only","image":"z"}]}}}}'
    is "$v: the list was replaced" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.template.spec.containers[*].name}')" only
    check "$v: patch, JSON" "${P[@]}" --type=json -p '[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":3},{"op":"remove","path":"/metadata/annotations/note"}]'
    is "$v: each operation" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.replicas}{.metadata.annotations.note}')" 3
    like "$v: a test that fails" "$("${P[@]}" --type=json -p '[{"op":"test","path":"/spec/replicas","value":9}]' 2>&1)" "request"
    like "$v: a patch that changes nothing" "$("${P[@]}" -p '{"spec":{"replicas":3}}')" "no change"
    check "$v: label" k "${N[@]}" label pod alone color=blue
    like "$v: label needs --overwrite" "$(k "${N[@]}" label pod alone color=red 2>&1)" "already has a value"
    check "$v: label --overwrite" k "${N[@]}" label --overwrite pod alone color=red
    is "$v: selected by it" "$(k "${N[@]}" get pods -l 'color in (red,green)' -o name)" pod/alone
    check "$v: unlabel" k "${N[@]}" label pod alone color-
    is "$v: and not any more" "$(k "${N[@]}" get pods -l color -o name)" ""
    check "$v: annotate" k "${N[@]}" annotate pod alone note=x
    check "$v: set image" k "${N[@]}" set image deployment/web only=other
    check "$v: set env" k "${N[@]}" set env deployment/web A=b
    check "$v: set resources" k "${N[@]}" set resources deployment/web --requests=cpu=1m
    check "$v: scale" k "${N[@]}" scale deployment/web --replicas=4
    is "$v: scaled" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.replicas}')" 4
    like "$v: scale with a wrong precondition" "$(k "${N[@]}" scale deployment/web --current-replicas=9 --replicas=1 2>&1)" "Expected replicas to be 9"
    check "$v: edit" env EDITOR="sed -i s/c:.*/c:\ four/" "$kubectl" --cache-dir="$work/cache" "${N[@]}" edit configmap applied
    is "$v: edited" "$(k "${N[@]}" get cm applied -o 'jsonpath={.data.c}')" four

    # rights
    is "$v: auth can-i" "$(k "${N[@]}" auth can-i create pods)" yes
    like "$v: auth can-i --list" "$(k "${N[@]}" auth can-i --list)" '*.*'

    # wait and delete
    (sleep 1; k "${N[@]}" label pod alone gone=soon; k "${N[@]}" delete pod alone --wait=false) >/dev/null 2>&1 &
    check "$v: wait --for=delete" k "${N[@]}" wait --for=delete pod/alone --timeout=100s
    check "$v: delete by selector" k "${N[@]}" delete cm,deployment -l of=apply
    check "$v: delete by file" k "${N[@]}" delete -f "$work/two.yaml" --ignore-not-found
    check "$v: delete --all" k "${N[@]}" delete secrets --all
    like "$v: delete what is not there" "$(k "${N[@]}" delete cm nothing 2>&1)" 'configmaps "nothing" not found'
    check "$v: delete the namespace" k delete namespace "$ns" --timeout=100s
    is "$v: it is empty" "$(k "${N[@]}" get deployments,rs,pods,cm,secrets,sa,roles,rolebindings,jobs,svc -o name)" ""
}

# ---- dev ----
before=$(ls -d /tmp/coxswain-dev-* 2>/dev/null)
dev_start
is "dev prints one line" "$(sed -E 's/ [0-9]+ ms/ N ms/' "$work/dev.out")" "ready in N ms: KUBECONFIG=$KUBECONFIG"
kubectl_newest
if [ "$kubectl" != "$(script/kubectl debian)" ]; then
    conversation "$(kubectl_version)"
fi
kubectl_debian
conversation 1.20
children=$(ps -o pid= --ppid "$dev_pid" | wc -l)
is "dev is four processes and their parent" "$children" 4
pids=$(ps -o pid= --ppid "$dev_pid")
config=$KUBECONFIG
dev_stop
left() { ps -o pid= -p "$(echo $pids | tr ' ' ,)"; }
soon "all end with it" 5 same "" left
check "its kubeconfig is gone" test ! -e "$config"
is "and its folder" "$(ls -d /tmp/coxswain-dev-* 2>/dev/null)" "$before"

# ---- as asked ----
dev_start --port 16999 --kubeconfig "$work/own.yaml"
like "dev --port --kubeconfig" "$dev_line" "KUBECONFIG=$work/own.yaml"
is "listens there" "$(k get --raw /readyz --server=https://127.0.0.1:16999)" ok
kill -9 "$dev_pid"
wait "$dev_pid" 2>/dev/null
refused() { ! curl -sk --max-time 2 https://127.0.0.1:16999/readyz; }
soon "kill -9 ends its processes too" 5 refused
finish
