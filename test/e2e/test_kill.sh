#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# kill -9 of every process of the cluster: it comes back by itself, the pods are the same containers
# as before, and the cluster works.
. "$(dirname "$0")/lib.sh"
cluster_start

k create deployment web --image=coxswain.local/hello:1 --replicas=2 >/dev/null
check "a deployment runs" k rollout status deployment/web --timeout=100s
containers() {
    k get pods -l app=web -o 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\n"}{end}' | sort
}
before=$(containers)
addresses=$(k get pods -l app=web -o 'jsonpath={.items[*].status.podIP}')
# Threads and processes are named by what they are.
process() { # name
    local supervisor
    supervisor=$(cat "$work/supervisor.pid")
    ps -o pid=,comm= --ppid "$supervisor" | awk -v name="${1:0:15}" '$2 == name {print $1}'
}
another() { # name, pid it had
    local now
    now=$(process "$1")
    [ -n "$now" ] && [ "$now" != "$2" ]
}
# One more change from the API to a container and back.
works() {
    local name=probe-$1 ip
    k run "$name" --image=coxswain.local/hello:1 --restart=Never >/dev/null || return 1
    k wait --for=condition=Ready "pod/$name" --timeout=100s || return 1
    ip=$(get "pod/$name" '{.status.podIP}')
    http_pod "$ip" || return 1
    has listening k logs "$name" || return 1
    k delete pod "$name" --grace-period=1 --timeout=100s
}
n=0
after_kill() { # what
    n=$((n + 1))
    soon "$1: the API server answers" 30 k get --raw /readyz
    check "$1: a pod can be run, asked and deleted" works "$n"
    is "$1: pods were not restarted for it" "$(containers)" "$before"
    local ip
    for ip in $addresses; do
        check "$1: the pod at $ip serves" http_pod "$ip"
    done
}
for name in signer kube-apiserver kube-scheduler kube-controller-manager containerd kubelet; do
    pid=$(process "$name")
    if [ -z "$pid" ]; then
        fail "$name runs" "$(ps -o pid=,comm= --ppid "$(cat "$work/supervisor.pid")")"
        continue
    fi
    kill -9 "$pid"
    soon "$name is back" 15 another "$name" "$pid"
    after_kill "$name"
done

old=$(cat "$work/supervisor.pid")
kill -9 "$old"
gone() { ! kill -0 "$1" 2>/dev/null; }
new_supervisor() { [ "$(cat "$work/supervisor.pid")" != "$old" ]; }
soon "the supervisor is back" 15 new_supervisor
after_kill "supervisor"
soon "the node is ready" 20 same True get nodes '{.items[*].status.conditions[?(@.type=="Ready")].status}'
check "scale still works" k scale deployment/web --replicas=3
soon "three are ready" 20 same 3 get deployment/web '{.status.readyReplicas}'
finish
