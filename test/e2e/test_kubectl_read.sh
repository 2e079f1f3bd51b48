#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How kubectl reads, against `coxswain dev`: get in all its outputs, watches, describe of every kind,
# explain, events, raw paths, dumps. Debian's 1.20 and, where there is one, the newest on PATH.
. "$(dirname "$0")/lib.sh"


things() {
    cat >"$work/things.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata: {name: a, labels: {rank: "1", of: things}}
data: {size: "30"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b, labels: {rank: "2", of: things}}
data: {size: "20"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, labels: {rank: "3", of: things}}
data: {size: "10"}
---
apiVersion: v1
kind: Pod
metadata: {name: pod, labels: {of: things}}
spec:
  nodeSelector: {disk: fast}
  tolerations: [{key: a, operator: Exists, effect: NoSchedule}]
  containers:
  - name: main
    image: x
    ports: [{containerPort: 80}]
    env: [{name: A, valueFrom: {configMapKeyRef: {name: a, key: size}}}]
    readinessProbe: {httpGet: {path: /, port: 80}}
    resources: {requests: {cpu: 1m}, limits: {memory: 1Mi}}
    volumeMounts: [{name: v, mountPath: /v}]
  volumes: [{name: v, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: svc, labels: {of: things}}
spec: {type: NodePort, selector: {of: things}, ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: svc, labels: {of: things}}
subsets: [{addresses: [{ip: 10.9.8.7}], ports: [{name: http, port: 80}]}]
---
apiVersion: v1
kind: Secret
metadata: {name: secret, labels: {of: things}}
stringData: {word: hush}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot, labels: {of: things}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits, labels: {of: things}}
spec: {limits: [{type: Container, max: {cpu: "4"}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota, labels: {of: things}}
spec: {hard: {configmaps: "20"}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim, labels: {of: things}}
spec: {accessModes: [ReadWriteOnce], storageClassName: "", resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ReplicationController
metadata: {name: rc, labels: {of: things}}
spec: {replicas: 0, selector: {rc: rc}, template: {metadata: {labels: {rc: rc}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: deployment, labels: {of: things}}
spec: {replicas: 0, selector: {matchLabels: {a: d}}, template: {metadata: {labels: {a: d}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: stateful, labels: {of: things}}
spec: {replicas: 0, serviceName: svc, selector: {matchLabels: {a: s}}, template: {metadata: {labels: {a: s}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: daemon, labels: {of: things}}
spec: {selector: {matchLabels: {a: e}}, template: {metadata: {labels: {a: e}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: batch/v1
kind: Job
metadata: {name: job, labels: {of: things}}
spec: {suspend: true, template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: ingress, labels: {of: things}}
spec: {ingressClassName: x, rules: [{host: a.b, http: {paths: [{path: /p, pathType: Prefix, backend: {service: {name: svc, port: {name: http}}}}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: policy, labels: {of: things}}
spec: {podSelector: {matchLabels: {a: b}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: role, labels: {of: things}}
rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: binding, labels: {of: things}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: role}
subjects: [{kind: User, name: u, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: lease, labels: {of: things}}
spec: {holderIdentity: me}
YAML
    if [ -n "$newest" ]; then
        cat >>"$work/things.yaml" <<'YAML'
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: budget, labels: {of: things}}
spec: {minAvailable: 1, selector: {matchLabels: {a: b}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: scaler, labels: {of: things}}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: deployment}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: cron, labels: {of: things}}
spec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: slice, labels: {of: things}}
addressType: IPv4
endpoints: [{addresses: [10.9.8.7]}]
ports: [{name: http, port: 80}]
YAML
    fi
    check "apply all sorts of things" kn apply -f "$work/things.yaml"
}

outputs() {
    local g=(kn get cm -l of=things)
    says "-o name" $'configmap/a\nconfigmap/b\nconfigmap/c' "${g[@]}" -o name
    says "-o jsonpath" "a=30;b=20;c=10;" "${g[@]}" -o 'jsonpath={range .items[*]}{.metadata.name}={.data.size};{end}'
    says "-o jsonpath with a filter" "b" "${g[@]}" -o 'jsonpath={.items[?(@.data.size=="20")].metadata.name}'
    says "-o go-template" "abc" "${g[@]}" -o 'go-template={{range .items}}{{.metadata.name}}{{end}}'
    says "-o custom-columns" $'N     SIZE\na     30\nb     20\nc     10' "${g[@]}" -o custom-columns=N:.metadata.name,SIZE:.data.size
    says "--no-headers" "b     20" "${g[@]}" -o custom-columns=N:.metadata.name,SIZE:.data.size --no-headers -l rank=2
    says "--sort-by" $'configmap/c\nconfigmap/b\nconfigmap/a' "${g[@]}" --sort-by=.data.size -o name
    is "--sort-by of a table" "$("${g[@]}" --sort-by=.data.size --no-headers | awk '{print $1}' | xargs)" "c b a"
    like "--label-columns" "$("${g[@]}" -L rank)" "NAME   DATA   AGE" RANK
    says "--chunk-size" $'configmap/a\nconfigmap/b\nconfigmap/c' "${g[@]}" --chunk-size=1 -o name
    is "a table in chunks" "$("${g[@]}" --chunk-size=2 --no-headers | awk '{print $1 $2}' | xargs)" "a1 b1 c1"
    is "-o json of a list" "$("${g[@]}" -o json | python3 -c 'import json, sys; l = json.load(sys.stdin); print(l["kind"], len(l["items"]), l["items"][0]["kind"])')" "List 3 ConfigMap"
    is "-o yaml can be applied again" "$("${g[@]}" -o yaml | kn apply -f - | sort | uniq -c | awk '{print $3}' | xargs)" "configured configured configured" # managed fields
    says "--ignore-not-found" "" kn get cm nobody --ignore-not-found
    like "some are there" "$(kn get cm a nobody -o name 2>&1)" configmap/a 'Error from server (NotFound): configmaps "nobody" not found'
    says "none is there" "No resources found in $ns namespace." kn get cm -l of=nothing
    like "several kinds" "$(kn get cm/a svc/svc)" "NAME          DATA   AGE" "service/svc   NodePort"
    says "by file" $'configmap/a\nconfigmap/b' kn get -f <(sed -n '1,9p' "$work/things.yaml") -o name
    says "fields: services by type" service/svc kn get svc --field-selector=spec.type=NodePort -o name
    says "fields: secrets by type" secret/secret kn get secrets --field-selector=type=Opaque -o name
    says "fields: pods that do not run" pod/pod kn get pods --field-selector=status.phase!=Running,spec.nodeName= -o name
    like "fields: none of the kind" "$(kn get pods --field-selector=foo=bar 2>&1)" "Error from server (BadRequest):" "field label not supported: foo"
    like "labels that are none" "$(kn get pods -l 'a in' 2>&1)" "unable to parse requirement: found '' expected: '('"
    like "-o wide of pods" "$(kn get pod pod -o wide)" "NOMINATED NODE   READINESS GATES" "<none>"
    like "all" "$(kn get all)" pod/pod service/svc deployment.apps/deployment statefulset.apps/stateful daemonset.apps/daemon \
        job.batch/job replicationcontroller/rc
    [ -n "$newest" ] || return 0
    says "-o jsonpath-as-json" $'[\n    "a",\n    "b",\n    "c"\n]' "${g[@]}" -o 'jsonpath-as-json={.items[*].metadata.name}'
    is "--subresource=scale" "$(kn get deployment deployment --subresource=scale --no-headers | awk '{print $1, $2, $3}')" "deployment 0 0"
    like "--subresource=status" "$(kn get deployment deployment --subresource=status)" "READY   UP-TO-DATE   AVAILABLE"
}

watched() { cat "$work/$1.watch"; }
watching() {
    local pids=() before
    before=$(listeners WATCH configmaps)
    kn get cm -l seen -w --output-watch-events --no-headers >"$work/rows.watch" 2>&1 & pids+=($!)
    kn get cm -l seen --watch-only -o name >"$work/names.watch" 2>&1 & pids+=($!)
    kn get cm -l of=things -w -o name >"$work/first.watch" 2>&1 & pids+=($!)
    soon "a watch begins with a list" 10 grep -q configmap/c "$work/first.watch"
    check "the others listen" within 10 listening $((before + 3)) WATCH configmaps
    kn create cm seen >/dev/null
    for i in 1 2; do kn label --overwrite cm seen seen=$i >/dev/null; done
    kn delete cm seen >/dev/null
    soon "rows with their events" 10 same "ADDED seen MODIFIED seen DELETED seen" words rows
    soon "names as they come" 10 same "configmap/seen configmap/seen configmap/seen" words names
    kill "${pids[@]}" 2>/dev/null
}
words() { awk '{print $1, $2}' "$work/$1.watch" | sed 's/ $//' | xargs; }

describing() {
    local kind name newer=''
    [ -z "$newest" ] || newer=$'ing ingress\npdb budget\nhpa scaler\ncj cron\nendpointslice slice\n'
    while read -r kind name; do
        like "describe $kind" "$(kn describe "$kind" "$name" 2>&1)" "Name:" "$name"
    done <<KINDS
${newer}cm a
pod pod
svc svc
ep svc
secret secret
sa robot
limits limits
quota quota
pvc claim
rc rc
deployment deployment
statefulset stateful
daemonset daemon
job job
netpol policy
role role
rolebinding binding
lease lease
ns $ns
clusterrole view
clusterrolebinding cluster-admin
priorityclass system-node-critical
KINDS
    soon "its event is there" 10 has FailedScheduling kn describe pod pod
    like "describe of a pod" "$(kn describe pod pod)" "A:  <set to the key 'size' of config map 'a'>" \
        "http-get http://:80/" "QoS Class: " Burstable "Node-Selectors: " disk=fast "a:NoSchedule op=Exists" \
        "no nodes available to schedule pods"
    like "describe of a quota" "$(kn describe quota quota)" "configmaps" "20"
    like "describe of a service" "$(kn describe svc svc)" "NodePort: " "http  80/TCP" "TCP"
    like "describe by selector" "$(kn describe cm -l of=things)" "Name:         a" "Name:         c"
    like "describe what is not there" "$(kn describe cm nobody 2>&1)" 'Error from server (NotFound): configmaps "nobody" not found'
}

discovering() {
    like "api-resources --api-group" "$(k api-resources --api-group=apps)" "deployments" "deploy" "ControllerRevision"
    is "api-resources --namespaced" "$(k api-resources --namespaced=false -o name | grep -cE '^(nodes|namespaces|pods)$')" 2
    like "api-resources --verbs" "$(k api-resources --verbs=create -o name)" tokenreviews.authentication.k8s.io
    like "api-resources -o wide" "$(k api-resources -o wide --api-group=batch)" delete list watch
    like "explain --recursive" "$(k explain pod.spec.containers.livenessProbe --recursive)" httpGet initialDelaySeconds tcpSocket
    like "explain what is not there" "$(k explain pods.spec.nope 2>&1)" 'field "nope" does not exist'
    like "explain of a list" "$(k explain svc.spec.ports)" nodePort targetPort
    k api-resources --verbs=get --no-headers | awk '{print $1, $(NF - 2)}' | while read -r r group_version; do
        k explain "$r" --api-version="$group_version" >/dev/null 2>&1 || echo "$r $group_version"
    done >"$work/unexplained"
    is "every kind is explained" "$(cat "$work/unexplained")" ""
    for r in $(k api-resources --verbs=list -o name); do
        k get "$r" -A -o wide >/dev/null 2>"$work/err" || echo "$r: $(cat "$work/err")"
    done >"$work/unlisted"
    is "every kind is listed" "$(cat "$work/unlisted")" ""
}

others() {
    is "get --raw" "$(k get --raw "/api/v1/namespaces/$ns/configmaps/a" | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"])')" "{'size': '30'}"
    like "get --raw of nothing" "$(k get --raw /apis/apps/v1/nope 2>&1)" "Error from server (NotFound): the server could not find the requested resource"
    like "get --raw /readyz?verbose" "$(k get --raw '/readyz?verbose')" "[+]ping ok" "readyz check passed"
    soon "events" 10 has FailedScheduling kn get events --field-selector involvedObject.name=pod,type=Warning
    like "events -o wide" "$(kn get events -o wide)" "SUBOBJECT" "SOURCE" "default-scheduler"
    check "events in order" kn get events --sort-by=.metadata.creationTimestamp
    like "cluster-info dump" "$(k cluster-info dump --namespaces "$ns")" '"kind": "PodList"' '"kind": "EventList"' "==== START logs for container main of pod $ns/pod ===="
    like "top without metrics" "$(k top pods 2>&1)" "error: Metrics API not available"
    is "logs of a pod without a node" "$(kn logs pod 2>&1)" ""
    like "exec into a pod without a node" "$(kn exec pod -- ls 2>&1)" "pod pod does not have a host assigned"
    like "port-forward to it" "$(kn port-forward pod 8080 2>&1)" "unable to forward port because pod is not running. Current status=Pending"
    k proxy --port=0 >"$work/proxy" 2>&1 &
    local pid=$!
    soon "proxy" 10 grep -q Starting "$work/proxy"
    like "speaks for its user" "$(curl -s --max-time 5 "http://$(sed 's/.* //' "$work/proxy")/api/v1/namespaces/$ns/configmaps/a")" '"size": "30"'
    kill "$pid" 2>/dev/null
    [ -n "$newest" ] || return 0
    like "kubectl events" "$(kn events --for pod/pod --types=Warning)" FailedScheduling Pod/pod
    like "version -o json" "$(k version -o json)" '"gitVersion": "v1.36.' '"major": "1"'
}

dev_start
both_kubectls read things outputs watching describing discovering others
dev_stop
finish
