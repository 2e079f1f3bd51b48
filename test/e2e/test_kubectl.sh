#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kubectl against `coxswain dev`: Debian's 1.20 and, where there is one, the newest on PATH.
. "$(dirname "$0")/lib.sh"

talking() {
    like "version" "$(k version 2>&1)" v1.36
    like "cluster-info" "$(k cluster-info 2>&1)" "is running at"
    like "api-resources" "$(k api-resources)" deployments apps/v1 configmaps customresourcedefinitions \
        poddisruptionbudgets
    like "api-versions" "$(k api-versions)" apps/v1 batch/v1 rbac.authorization.k8s.io/v1
    like "explain" "$(k explain pod.spec.containers)" Pod containers imagePullPolicy \
        "One process, or tree of processes" "What to run instead of the image's entry point"
    like "explain a field" "$(k explain deployment.spec.replicas)" "Number of pods wanted."
    like "explain --recursive" "$(k explain --recursive ingress.spec)" defaultBackend pathType
    like "explain --api-version" "$(k explain --api-version=autoscaling/v2 hpa)" autoscaling v2 \
        "Sets the number of pods"

    # create in its many forms
    check "create configmap" kn create configmap c --from-literal=a=1 --from-literal=b=2
    check "create secret" kn create secret generic s --from-literal=password=hush
    check "create serviceaccount" kn create serviceaccount robot
    check "create role" kn create role reader --verb=get,list --resource=configmaps
    check "create rolebinding" kn create rolebinding reader --role=reader --serviceaccount="$ns:robot"
    check "create quota" kn create quota q --hard=pods=10
    check "create job" kn create job j --image=x
    check "create deployment" kn create deployment web --image=x
    check "create service" kn create service clusterip web --tcp=80:8080
    like "create again" "$(kn create configmap c 2>&1)" \
        'configmaps "c" already exists'
    like "create --dry-run=server" "$(kn create configmap dry --dry-run=server)" "created (server dry run)"
    like "which left nothing" "$(kn get configmap dry 2>&1)" 'configmaps "dry" not found'
    soon "the deployment has a replica set" 5 has web- kn get rs -o name
    soon "which has a pod" 5 has pod/web- kn get pods -o name
    check "run" kn run alone --image=x --restart=Never

    # get in its many forms
    is "-o name" "$(kn get configmap c -o name)" configmap/c
    is "-o jsonpath" "$(kn get configmap c -o 'jsonpath={.data.a}{.data.b}')" 12
    like "-o json" "$(kn get configmap c -o json)" '"apiVersion": "v1"' '"kind": "ConfigMap"' '"a": "1"'
    like "-o yaml" "$(kn get configmap c -o yaml)" "kind: ConfigMap" 'a: "1"'
    like "-o wide" "$(kn get deployment web -o wide)" CONTAINERS IMAGES SELECTOR "app=web"
    like "-o custom-columns" "$(kn get configmap c -o custom-columns=N:.metadata.name)" N c
    like "-o go-template" "$(kn get configmap c -o 'go-template={{.data.a}}')" 1
    like "get several kinds" "$(kn get configmap,secret)" configmap/c secret/s
    like "get all" "$(kn get all)" pod/alone deployment.apps/web replicaset.apps/web- job.batch/j
    like "tables" "$(kn get configmap c)" NAME DATA AGE
    like "--show-labels" "$(kn get deployment web --show-labels)" LABELS app=web
    like "pods" "$(kn get pod alone)" READY STATUS RESTARTS 0/1 Pending
    like "-A" "$(k get configmaps -A)" NAMESPACE "$ns" kube-root-ca.crt
    is "-l" "$(kn get pods -l run=alone -o name)" pod/alone
    is "--field-selector" "$(kn get pods --field-selector=metadata.name=alone -o name)" pod/alone
    is "--sort-by" "$(kn get cm --sort-by=.metadata.name -o name | xargs)" "configmap/c configmap/kube-root-ca.crt"
    is "--chunk-size" "$(kn get cm --chunk-size=1 -o name | wc -l)" 2
    like "get --raw" "$(k get --raw "/api/v1/namespaces/$ns")" '"kind":"Namespace"'
    like "not found" "$(kn get pod nobody 2>&1)" 'Error from server (NotFound): pods "nobody" not found'
    like "no such kind" "$(k get unicorns 2>&1)" "the server doesn't have a resource type \"unicorns\""
    like "describe pod" "$(kn describe pod alone)" "Name:" Pending Events
    like "describe deployment" "$(kn describe deployment web)" Replicas ScalingReplicaSet
    (kn get configmaps -w -o name >"$work/watched" 2>&1 & echo $! >"$work/watch.pid"; wait) 2>/dev/null &
    soon "watch lists" 5 grep -q configmap/c "$work/watched"

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
    like "apply" "$(kn apply -f "$work/two.yaml" 2>&1)" "configmap/applied created" "deployment.apps/applied created"
    like "apply again" "$(kn apply -f "$work/two.yaml" 2>&1)" "configmap/applied unchanged" "deployment.apps/applied unchanged"
    sed -i 's/, b: "2"}/, c: "3"}/; s/replicas: 1/replicas: 2/; s/, {name: b, image: z}//' "$work/two.yaml"
    like "diff" "$(kn diff -f "$work/two.yaml" 2>&1)" '+  c: "3"' '-  b: "2"'
    like "apply a change" "$(kn apply -f "$work/two.yaml" 2>&1)" "configmap/applied configured" "deployment.apps/applied configured"
    is "keys come and go" "$(kn get cm applied -o 'jsonpath={.data}' | tr -d ' ')" '{"a":"1","c":"3"}'
    is "list elements go" "$(kn get deployment applied -o 'jsonpath={.spec.replicas} {.spec.template.spec.containers[*].name}')" "2 a"
    check "replace" kn replace -f "$work/two.yaml"
    check "the watch saw it" grep -q configmap/applied "$work/watched"
    kill "$(cat "$work/watch.pid")" 2>/dev/null

    # patch, label, annotate, set, scale
    P=(kn patch deployment web)
    check "patch, strategic" "${P[@]}" -p '{"spec":{"template":{"spec":{"containers":[{"name":"more","image":"y"}]}}}}'
    is "merged by name" "$("$kubectl" -n "$ns" get deployment web -o 'jsonpath={.spec.template.spec.containers[*].image}' | xargs -n1 | sort | xargs)" "x y"
    check "patch, merge" "${P[@]}" --type=merge -p '{"metadata":{"annotations":{"note":"x"}},"spec":{"template":{"spec":{"containers":[{"name":"only","image":"z"}]}}}}'
    is "the list was replaced" "$(kn get deployment web -o 'jsonpath={.spec.template.spec.containers[*].name}')" only
    check "patch, JSON" "${P[@]}" --type=json -p '[{"op":"test","path":"/spec/replicas","value":1},{"op":"replace","path":"/spec/replicas","value":3},{"op":"remove","path":"/metadata/annotations/note"}]'
    is "each operation" "$(kn get deployment web -o 'jsonpath={.spec.replicas}{.metadata.annotations.note}')" 3
    like "a test that fails" "$("${P[@]}" --type=json -p '[{"op":"test","path":"/spec/replicas","value":9}]' 2>&1)" "request"
    like "a patch that changes nothing" "$("${P[@]}" -p '{"spec":{"replicas":3}}')" "no change"
    check "label" kn label pod alone color=blue
    like "label needs --overwrite" "$(kn label pod alone color=red 2>&1)" "already has a value"
    check "label --overwrite" kn label --overwrite pod alone color=red
    is "selected by it" "$(kn get pods -l 'color in (red,green)' -o name)" pod/alone
    check "unlabel" kn label pod alone color-
    is "and not any more" "$(kn get pods -l color -o name)" ""
    check "annotate" kn annotate pod alone note=x
    check "set image" kn set image deployment/web only=other
    check "set env" kn set env deployment/web A=b
    check "set resources" kn set resources deployment/web --requests=cpu=1m
    check "scale" kn scale deployment/web --replicas=4
    is "scaled" "$(kn get deployment web -o 'jsonpath={.spec.replicas}')" 4
    like "scale with a wrong precondition" "$(kn scale deployment/web --current-replicas=9 --replicas=1 2>&1)" "Expected replicas to be 9"
    check "edit" env EDITOR="sed -i s/c:.*/c:\ four/" "$kubectl" --cache-dir="$work/cache" -n "$ns" edit configmap applied
    is "edited" "$(kn get cm applied -o 'jsonpath={.data.c}')" four

    # rights
    is "auth can-i" "$(kn auth can-i create pods)" yes
    like "auth can-i --list" "$(kn auth can-i --list)" '*.*'

    # wait and delete
    (sleep 1; kn label pod alone gone=soon; kn delete pod alone --wait=false) >/dev/null 2>&1 &
    check "wait --for=delete" kn wait --for=delete pod/alone --timeout=100s
    check "delete by selector" kn delete cm,deployment -l of=apply
    check "delete by file" kn delete -f "$work/two.yaml" --ignore-not-found
    check "delete --all" kn delete secrets --all
    like "delete what is not there" "$(kn delete cm nothing 2>&1)" 'configmaps "nothing" not found'
}

# ---- dev ----
before=$(ls -d /tmp/coxswain-dev-* 2>/dev/null)
dev_start
is "dev prints one line" "$(sed -E 's/ [0-9]+ ms/ N ms/' "$work/dev.out")" "ready in N ms: KUBECONFIG=$KUBECONFIG"
both_kubectls kubectl talking
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
port=$(free_port)
dev_start --port "$port" --kubeconfig "$work/own.yaml"
like "dev --port --kubeconfig" "$dev_line" "KUBECONFIG=$work/own.yaml"
is "listens there" "$(k get --raw /readyz --server=https://127.0.0.1:$port)" ok
kill -9 "$dev_pid"
wait "$dev_pid" 2>/dev/null
refused() { ! curl -sk --max-time 2 https://127.0.0.1:$port/readyz; }
soon "kill -9 ends its processes too" 5 refused
finish
