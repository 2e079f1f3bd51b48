#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pods that go wrong, pods that end, pods that are told to go.
. "$(dirname "$0")/lib.sh"
cluster_start

seconds() { date +%s; }
state() { get "pod/$1" "{.status.containerStatuses[0].state.$2}"; }
condition() { get "pod/$1" "{range .status.conditions[?(@.type==\"$2\")]}{.status} {.reason}: {.message}{end}"; }
pod() { # name, shell commands, [more of the spec as JSON with a comma in front], [more of the container]
    k apply -f - >/dev/null <<JSON
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "$1"}, "spec": {
  "terminationGracePeriodSeconds": 2${3:-},
  "containers": [{"name": "main", "image": "coxswain.local/busybox:1",
                  "command": ["sh", "-c", $(python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$2")]${4:-}}]}}
JSON
}

# All of these take their time together.
pod crash 'echo about to fail; exit 3'
k run missing --image=coxswain.local/nowhere:1 --overrides='{"spec": {"schedulingGates": [{"name": "wait"}]}}' >/dev/null
k get pod missing -w -o 'jsonpath={.metadata.name} {.status.containerStatuses[0].state.waiting.reason}{"\n"}' \
    >"$work/missing" 2>&1 &
watch=$!
check "it is watched" within 10 grep -q missing "$work/missing"
check "and may go" k patch pod missing -p '{"spec": {"schedulingGates": null}}'
pod never 'exit 0' ', "restartPolicy": "Never"'
pod wrong 'echo no > /dev/termination-log; exit 7' ', "restartPolicy": "Never"'
pod retry 'test -e /keep/been || { touch /keep/been; exit 1; }; exit 0' \
    ', "restartPolicy": "OnFailure", "volumes": [{"name": "keep", "emptyDir": {}}]' \
    ', "volumeMounts": [{"name": "keep", "mountPath": "/keep"}]'
pod greedy 'sleep 1000' '' ', "resources": {"requests": {"cpu": "1000"}}'
pod elsewhere 'sleep 1000' ', "nodeSelector": {"no": "such"}'
pod nocommand 'true' ', "restartPolicy": "Never"' ', "workingDir": "/", "command": ["/no/such/program"]'
pod noconfig 'sleep 1000' '' ', "envFrom": [{"configMapRef": {"name": "absent"}}]'
pod polite 'trap "echo told; sleep 1; echo done; exit 0" TERM; while :; do sleep 0.1; done' \
    ', "terminationGracePeriodSeconds": 20'
pod deaf 'trap "" TERM; while :; do sleep 0.1; done' ', "terminationGracePeriodSeconds": 3'
pod steps 'cat /shared/file' ', "restartPolicy": "Never", "volumes": [{"name": "shared", "emptyDir": {}}],
    "initContainers": [
      {"name": "one", "image": "coxswain.local/busybox:1", "command": ["sh", "-c", "echo first > /shared/file"],
       "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]},
      {"name": "two", "image": "coxswain.local/busybox:1", "command": ["sh", "-c", "echo second >> /shared/file"],
       "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}]' \
    ', "volumeMounts": [{"name": "shared", "mountPath": "/shared"}]'

# ---- the scheduler says why not ----
soon "too much cpu: the condition" 10 has "False Unschedulable: 0/1 nodes are available: 1 Insufficient cpu." condition greedy PodScheduled
soon "too much cpu: the event" 10 has "0/1 nodes are available: 1 Insufficient cpu." event greedy FailedScheduling
is "too much cpu: pending" "$(get pod/greedy '{.status.phase} {.spec.nodeName}')" "Pending "
soon "no such node: the event" 10 has "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector." \
    event elsewhere FailedScheduling

# ---- ends ----
soon "Never, exit 0: Succeeded" 15 same Succeeded get pod/never '{.status.phase}'
is "its reason" "$(state never terminated.reason) $(state never terminated.exitCode)" "Completed 0"
soon "Never, exit 7: Failed" 15 same Failed get pod/wrong '{.status.phase}'
is "its reason, code and message" \
    "$(state wrong terminated.reason) $(state wrong terminated.exitCode) $(state wrong terminated.message)" "Error 7 no"
soon "OnFailure: again until it succeeds" 30 same "Succeeded 1" \
    get pod/retry '{.status.phase} {.status.containerStatuses[0].restartCount}'
soon "a program that is not there" 15 has StartError state nocommand terminated.reason
soon "init containers, one after the other" 20 same Succeeded get pod/steps '{.status.phase}'
is "and what they left" "$(k logs steps | xargs)" "first second"
is "they completed" "$(get pod/steps '{.status.initContainerStatuses[*].state.terminated.reason}')" "Completed Completed"
soon "without its config map" 15 same CreateContainerConfigError state noconfig waiting.reason
is "says which" "$(state noconfig waiting.message)" 'configmap "absent" not found'
k create configmap absent --from-literal=a=b >/dev/null
soon "starts when it is there" 30 same Running get pod/noconfig '{.status.phase}'

# ---- a crash ----
soon "a crash: CrashLoopBackOff" 40 same CrashLoopBackOff state crash waiting.reason
soon "its message" 40 has "restarting failed container=main pod=crash_default(" state crash waiting.message
is "the last state" "$(get pod/crash '{.status.containerStatuses[0].lastState.terminated.reason} {.status.containerStatuses[0].lastState.terminated.exitCode}')" "Error 3"
like "logs of the last try" "$(k logs crash)$(k logs crash --previous)" "about to fail"
soon "the event" 10 has "Back-off restarting failed container main in pod crash_default(" event crash BackOff
soon "in the table" 40 has CrashLoopBackOff k get pod crash
count=$(get pod/crash '{.status.containerStatuses[0].restartCount}')
check "restarts are counted" test "$count" -ge 1
is "it is not ready" "$(condition crash Ready)" "False ContainersNotReady: containers with unready status: [main]"

# ---- an image that is not there ----
image_reasons() { awk '$2 != "" && $2 != last {print last = $2}' "$work/missing" | xargs; }
soon "a missing image" 20 has "ErrImagePull ImagePullBackOff" image_reasons
kill "$watch"
soon "its message" 20 has 'Back-off pulling image "coxswain.local/nowhere:1"' state missing waiting.message
soon "its events" 10 has 'Failed to pull image "coxswain.local/nowhere:1"' event missing Failed

# ---- deletion ----
soon "the polite one runs" 15 same Running get pod/polite '{.status.phase}'
k logs -f polite >"$work/polite" 2>&1 &
follow=$!
begun=$(seconds)
check "delete: it is asked" k delete pod polite --timeout=100s
took=$(($(seconds) - begun))
check "and left to finish ($took s)" test "$took" -ge 1 
wait "$follow"
is "it did" "$(cat "$work/polite")" "told
done"
begun=$(seconds)
check "delete: the deaf one is killed" k delete pod deaf --timeout=100s
took=$(($(seconds) - begun))
check "after its 3 seconds of grace ($took s)" test "$took" -ge 3 
pod deaf 'trap "" TERM; while :; do sleep 0.1; done' ', "terminationGracePeriodSeconds": 60'
soon "it runs once more" 15 same Running get pod/deaf '{.status.phase}'
check "delete is asynchronous" k delete pod deaf --wait=false
is "60 s of grace, by its spec" "$(get pod/deaf '{.metadata.deletionGracePeriodSeconds}')" 60
like "shown as Terminating" "$(k get pod deaf)" Terminating
begun=$(seconds)
check "a shorter grace shortens it" k delete pod deaf --grace-period=1 --timeout=100s
check "at once" test $(($(seconds) - begun)) -le 30

# ---- a namespace ----
k create namespace shop >/dev/null
k -n shop create deployment a --image=coxswain.local/hello:1 --replicas=2 >/dev/null
k -n shop create configmap c --from-literal=a=b >/dev/null
k -n shop create secret generic s --from-literal=a=b >/dev/null
check "a namespace with things in it" k -n shop rollout status deployment/a --timeout=100s
check "delete ns" k delete ns shop --timeout=100s
is "nothing is left of it" "$(k get deployments,rs,pods,configmaps,secrets,serviceaccounts -n shop -o name)" ""
like "and it is gone" "$(k get ns shop 2>&1)" NotFound
is "no container either" \
    "$(ctr -a "$run/containerd.sock" -n k8s.io containers ls -q 'labels."io.kubernetes.pod.namespace"==shop')" ""
finish
