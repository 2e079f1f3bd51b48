#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# script/server as a user runs it: start, start again, crash, stop, start on the same data, purge.
. "$(dirname "$0")/lib.sh"
alone_here
veths=$(ip -o link | grep -c veth)

export COXSWAIN_DATA=$data COXSWAIN_RUN=$run COXSWAIN_LOG=$log COXSWAIN_KUBECONFIG=$work/etc/kubeconfig.yaml
mkdir "$work/etc"
flags=(--pod-log-dir "$work/pods")
server() { timeout 600 script/server "$@" 2>&1; }
trap 'server --stop --purge >/dev/null; on_exit' EXIT
kubectl_newest

# ---- the first start ----
out=$(server "${flags[@]}")
is "script/server succeeds" "$?" 0
like "it shows what it does" "$out" packages build "images of the sample" "the API server is ready" \
    "the node is ready" "deploying the sample" "asking each pod" "Coxswain is running" \
    "export KUBECONFIG=$COXSWAIN_KUBECONFIG" "script/server --stop"
is "three pods answered" "$(grep -c '^pod=hello-' <<<"$out")" 3
export KUBECONFIG=$COXSWAIN_KUBECONFIG
is "the kubeconfig is the owner's alone" "$(stat -c %a "$KUBECONFIG")" 600
check "the sample is up" k rollout status deployment/hello --timeout=100s
is "nothing listens for others but the kubelet" \
    "$(ss -Hltnp | grep -E "pid=($(ps -o pid= --ppid "$(cat "$run/server.pid")" | xargs | tr ' ' '|'))[,)]" |
        awk '{print $4}' | grep -v '^127\.' | grep -vc ':10250$')" 0
users=$(ps -o comm=,user= --ppid "$(cat "$run/server.pid")" | awk '$2 != "root" {print $1}' | sort | xargs)
is "who needs no root has none" "$users" "kube-apiserver kube-controller kube-scheduler"

# ---- again ----
state() { k get pods -o 'jsonpath={range .items[*]}{.metadata.uid} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\n"}{end}' | sort; }
before=$(state) pid=$(cat "$run/server.pid")
out=$(server "${flags[@]}")
is "a second time succeeds" "$?" 0
like "and says so" "$out" "already running" "Coxswain is running"
is "it is the same supervisor" "$(cat "$run/server.pid")" "$pid"
is "and the same containers" "$(state)" "$before"
check "a second supervisor is refused" bash -c \
    "! timeout 10 '$coxswain' server --data-dir '$data' --run-dir '$run' --kubeconfig '$work/other.yaml' 2>/dev/null"
check "cleanup is refused while it runs" bash -c \
    "! '$coxswain' cleanup --data-dir '$data' --run-dir '$run' 2>/dev/null"

# ---- the supervisor is killed ----
kill -9 "$pid"
another() { local now; now=$(cat "$run/server.pid") && [ "$now" != "$pid" ] && kill -0 "$now"; }
soon "kill -9: the supervisor is back" 10 another
soon "kill -9: the API server answers" 20 k get --raw /readyz
soon "kill -9: the same containers" 10 same "$before" state

# ---- stop ----
nothing_left() {
    local bad=''
    ! pgrep -f "$work/run" >/dev/null || bad="$bad processes: $(pgrep -fa "$work/run")"
    ! grep -q "$work" /proc/mounts || bad="$bad mounts: $(grep "$work" /proc/mounts)"
    ! ls -d /sys/fs/cgroup/*/coxswain /sys/fs/cgroup/coxswain >/dev/null 2>&1 || bad="$bad cgroups"
    ! ip link show cni0 >/dev/null 2>&1 || bad="$bad bridge"
    [ "$(ip -o link | grep -c veth)" = "$veths" ] || bad="$bad veth: $(ip -o link | grep veth)"
    [ -z "$(find "$run" -name 'netns' -o -name '*.sock' 2>/dev/null)" ] || bad="$bad sockets: $(find "$run")"
    echo "${bad:-nothing}"
}
out=$(server --stop)
is "--stop succeeds" "$?" 0
like "it says what it does" "$out" "stopping the supervisor" "removing containers, networks, cgroups and mounts" stopped
is "what is left" "$(nothing_left)" nothing
check "the data is" test -s "$data/server/state.db"
out=$(server --stop)
is "--stop twice is harmless" "$?" 0

# ---- the same data ----
out=$(server --no-sample "${flags[@]}")
is "it starts on what it kept" "$?" 0
check "--no-sample deploys nothing" bash -c "! grep -q deploying <<<'$out'"
soon "what ran runs again" 30 same 3 get deployment/hello '{.status.readyReplicas}'
is "the objects are the same" "$(state | cut -d' ' -f1)" "$(cut -d' ' -f1 <<<"$before")"
ip=$(k get pods -o 'jsonpath={.items[0].status.podIP}')
like "and it serves" "$(http_pod "$ip")" pod=hello-

# ---- purge ----
out=$(server --stop --purge)
is "--stop --purge succeeds" "$?" 0
is "what is left then" "$(nothing_left)" nothing
is "no data, no kubeconfig" "$(ls -d "$data" "$run" "$log" "$KUBECONFIG" 2>/dev/null)" ""
out=$(server --no-sample "${flags[@]}")
is "it starts afresh" "$?" 0
is "without a sample" "$(k get all -o name | grep -v '^service/kubernetes$')" ""
finish
