#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A kubelet with a real containerd and `coxswain dev`, everything of it in one temporary folder:
#     test/e2e/kubelet_lab.sh            the user story, then all is taken down
#     test/e2e/kubelet_lab.sh --keep     leaves it running and says how to reach it
# Needs root, containerd, crun, the CNI plugins and kubectl. SAN=address,undefined builds it so.
set -euo pipefail
cd "$(dirname "$0")/../.."
san=${SAN:-}
b=build${san:+/san-${san//,/-}}
dir=$(mktemp -d /tmp/kubelet-lab.XXXXXX)
lab=$dir/kubelet_lab
declare -A pids

say() { printf '%s\n' "-- $*"; }
die() { printf 'not ok: %s\n' "$*" >&2; tail -n 30 "$dir"/*.log >&2; exit 1; }
start() { # start NAME COMMAND...
    local name=$1
    shift
    "$@" >>"$dir/$name.log" 2>&1 &
    pids[$name]=$!
}
stop() { # stop NAME [SIGNAL]
    [ -n "${pids[$1]:-}" ] || return 0
    # It may have ended by itself, and how it ended is in its log.
    if kill "-${2:-TERM}" "${pids[$1]}" 2>/dev/null; then
        wait "${pids[$1]}" 2>/dev/null || say "$1 ended with status $?"
    fi
    unset "pids[$1]"
}
down() {
    set +e
    stop kubelet
    local ns="ctr --address $dir/containerd.sock -n k8s.io" id
    for id in $($ns tasks ls -q 2>/dev/null); do $ns tasks kill -s KILL "$id" >/dev/null 2>&1; done
    sleep 0.5
    for id in $($ns containers ls -q 2>/dev/null); do
        $ns tasks rm -f "$id" >/dev/null 2>&1
        $ns containers rm "$id" >/dev/null 2>&1
    done
    stop containerd
    stop api
    "$lab" enter "$dir" sh -c "grep -o ' $dir/[^ ]*' /proc/self/mountinfo | sort -ru | grep -v /pin | xargs -r umount -l" 2>/dev/null
    "$lab" leave "$dir"
    ip link del cnilab0 2>/dev/null
    find /sys/fs/cgroup -depth -type d -path '*/kubelet-lab*' -exec rmdir {} + 2>/dev/null
    rm -rf "$dir"
}
until_true() { # until_true SECONDS WHAT COMMAND...
    local seconds=$1 what=$2 end=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || die "$what (after $seconds s)"
        sleep 0.1
    done
    say "$what"
}
k() { kubectl --kubeconfig "$dir/kubeconfig" "$@"; }
ready_pods() { [ "$(k get pods -l app=web -o json | grep -c '"Ready"')" != 0 ] && [ "$(k get deployment web -o jsonpath='{.status.readyReplicas}')" = "$1" ]; }
reason_is() { [ "$(k get pod "$1" -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}')" = "$2" ]; }
kubelet_get() { curl -sk --cert "$dir/admin.pem" --key "$dir/admin.key" "https://127.0.0.1:20250$1"; }
pod() { # pod NAME IMAGE EXTRA-OF-CONTAINER
    printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},"spec":{"terminationGracePeriodSeconds":3,"containers":[{"name":"c","image":"%s"%s}]}}' "$1" "$2" "${3:-}" | k create --validate=false -f -
}

make -s -j2 ${san:+SAN=$san} "$b/coxswain"
gcc -std=gnu17 -D_GNU_SOURCE -Ulinux -Uunix -Isrc -g -fsigned-char -Wall -Wextra -Wno-unused-parameter \
    -pthread ${san:+-fsanitize=$san} -o "$lab" test/e2e/kubelet_lab.c -Wl,--start-group \
    "$b"/lib{base,loop,net,schema,api,store,client,kubelet}.a -Wl,--end-group \
    -lxxhash -lssl -lcrypto -lnghttp2 -lz -lyaml -lsqlite3
[ "${1:-}" = --keep ] || trap down EXIT
mkdir -p "$dir/images"
script/image "$dir/images" >/dev/null
"$lab" conf "$dir"
start containerd "$lab" enter "$dir" containerd --config "$dir/containerd.toml"
start api "$b/coxswain" dev --kubeconfig "$dir/kubeconfig"
until_true 10 "the API server answers" test -s "$dir/kubeconfig"
start kubelet "$lab" enter "$dir" "$lab" kubelet "$dir" "$dir/kubeconfig"
until_true 20 "the node is ready" sh -c "kubectl --kubeconfig $dir/kubeconfig get node lab -o jsonpath='{.status.conditions[?(@.type==\"Ready\")].status}' | grep -q True"

k create deployment web --image=coxswain.local/hello:1 --replicas=3
until_true 30 "three replicas are ready" ready_pods 3
for ip in $(k get pods -l app=web -o jsonpath='{.items[*].status.podIP}'); do
    curl -s --max-time 5 "http://$ip:8080/" | grep -q '^pod=' || die "no answer from $ip"
done
say "each answers on its address"
name=$(k get pods -l app=web -o jsonpath='{.items[0].metadata.name}')
kubelet_get "/containerLogs/default/$name/hello" | grep -q 'GET /' || die "no request in the log of $name"
[ "$(kubelet_get "/containerLogs/default/$name/hello?tailLines=1" | wc -l)" = 1 ] || die "tailLines"
kubelet_get "/containerLogs/default/$name/nope" | grep -q 'not found' || die "logs of a container that is not there"
say "logs are served"

root_of() { # the file system of a container of a pod, as the machine sees it
    local id
    id=$(k get pod "$1" -o jsonpath='{.status.containerStatuses[0].containerID}')
    echo "/proc/$(ctr --address "$dir/containerd.sock" -n k8s.io tasks ls | awk -v id="${id#containerd://}" '$1 == id {print $2}')/root"
}
root=$(root_of "$name")
grep -q . "$root/var/run/secrets/kubernetes.io/serviceaccount/token" || die "no token in $name"
grep -q 'BEGIN CERTIFICATE' "$root/var/run/secrets/kubernetes.io/serviceaccount/ca.crt" || die "no ca.crt in $name"
[ "$(cat "$root/var/run/secrets/kubernetes.io/serviceaccount/namespace")" = default ] || die "namespace file"
grep -q "$name" "$root/etc/hosts" || die "hosts file"
say "token, CA and names are in place"

log=$(ls "$dir"/logs/default_"$name"_*/hello/0.log)
awk 'BEGIN { for (i = 0; i < 250000; i++) print "2026-01-02T15:04:05.000000001Z stdout F filling" }' >>"$log"
rotated() { ls "$log".* && [ "$(stat -c %s "$log")" -lt 100000 ]; }
until_true 15 "a large log is put aside" rotated
curl -s --max-time 5 "http://$(k get pod "$name" -o jsonpath='{.status.podIP}'):8080/after" >/dev/null
kubelet_get "/containerLogs/default/$name/hello" | grep -q 'GET /after' || die "the new log is not written"

before=$(k get pods -o jsonpath='{.items[*].status.containerStatuses[0].containerID}')
stop kubelet KILL
start kubelet "$lab" enter "$dir" "$lab" kubelet "$dir" "$dir/kubeconfig"
sleep 3
[ "$before" = "$(k get pods -o jsonpath='{.items[*].status.containerStatuses[0].containerID}')" ] || die "pods were restarted with the kubelet"
stop containerd KILL
start containerd "$lab" enter "$dir" containerd --config "$dir/containerd.toml"
sleep 3
[ "$before" = "$(k get pods -o jsonpath='{.items[*].status.containerStatuses[0].containerID}')" ] || die "pods were restarted with the runtime"
say "kubelet and runtime were killed, pods went on"

k scale deployment/web --replicas=5
until_true 40 "scaled to five" ready_pods 5
pod crash coxswain.local/hello:1 ',"env":[{"name":"PORT","value":"1"}]'
pod missing coxswain.local/missing:1
until_true 30 "a crashing container backs off" reason_is crash CrashLoopBackOff
until_true 30 "a missing image: ImagePullBackOff" reason_is missing ImagePullBackOff
k get events -o json | grep -q 'Back-off restarting failed container c in pod crash_default' || die "no BackOff event"

k delete deployment web
k delete pod crash missing
until_true 40 "all pods are gone" sh -c "! kubectl --kubeconfig $dir/kubeconfig get pods -o name | grep -q ."
left() { [ -z "$(ls "$dir/kubelet/pods" "$dir/logs" 2>/dev/null | grep -v :)" ] && [ -z "$(ctr --address "$dir/containerd.sock" -n k8s.io containers ls -q)" ]; }
until_true 20 "nothing of them is left" left
if [ "${1:-}" = --keep ]; then
    say "KUBECONFIG=$dir/kubeconfig, runtime $dir/containerd.sock, pids ${pids[*]}"
else
    say "all is well"
fi
