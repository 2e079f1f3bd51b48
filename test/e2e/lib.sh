# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154,SC2034
# For test/e2e/test_*.sh: checks that print TAP, clusters that are gone when the test ends.
#
#     . "$(dirname "$0")/lib.sh"
#     cluster_start; kubectl_newest
#     check "a pod runs" k wait --for=condition=Ready pod/a --timeout=100s
#     finish
#
# What a check runs is shown when it fails. Only processes that were started here are ended, by id.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
top=$PWD
coxswain=${COXSWAIN:-$top/build/coxswain}
unset KUBECONFIG
export HOME=/nonexistent no_proxy='*' NO_PROXY='*'

tap_n=0 tap_bad=0
about='' # in front of every name
work=$(mktemp -d /tmp/coxswain-e2e-XXXXXX)
chmod 0755 "$work"
data=$work/data run=$work/run log=$work/log
server_pid='' dev_pids=()

# ---- TAP ----

note() { printf '%s\n' "$@" | sed 's/^/# /'; }
pass() {
    tap_n=$((tap_n + 1))
    echo "ok $tap_n - $about$1"
}
fail() { # name, what happened
    tap_n=$((tap_n + 1))
    tap_bad=$((tap_bad + 1))
    echo "not ok $tap_n - $about$1"
    note "${@:2}"
}
# check NAME COMMAND...: it must succeed.
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then pass "$name"; else fail "$name" "\$ $*" "$out"; fi
}
is() { # name, got, wanted
    if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "got:    $2" "wanted: $3"; fi
}
# like NAME TEXT WORDS...: each of them is in the text, as it stands.
like() {
    local name=$1 text=$2 word
    shift 2
    for word in "$@"; do
        if [[ $text != *"$word"* ]]; then
            fail "$name" "not there: $word" "in: $text"
            return
        fi
    done
    pass "$name"
}
# within SECONDS COMMAND...: until it succeeds. A calm machine needs less than these seconds; how fast
# this one is decides nothing, so it may take several times as long.
patience=4
within() {
    local end=$(($(date +%s%N) + $1 * patience * 1000000000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(date +%s%N)" -lt "$end" ] || return 1
        sleep 0.1
    done
}
# soon NAME SECONDS COMMAND...: a check that may take time; shows the last answer.
soon() {
    local name=$1 seconds=$2
    shift 2
    if within "$seconds" "$@"; then pass "$name"; else fail "$name" "not within $seconds s: $*" "$("$@" 2>&1)"; fi
}
# same WANTED COMMAND...: it prints exactly that; for soon.
same() {
    local wanted=$1 got
    shift
    got=$("$@" 2>&1)
    [ "$got" = "$wanted" ] || {
        echo "got: $got, wanted: $wanted"
        return 1
    }
}
# has WORD COMMAND...: what it prints has the word in it; for soon.
has() {
    local word=$1 got
    shift
    got=$("$@" 2>&1)
    [[ $got == *"$word"* ]] || {
        echo "$got"
        return 1
    }
}
# relay COMMAND...: a client in a language of its own. It prints "ok NAME" or "not ok NAME" a check,
# and under it what happened; it must end well and have checked something.
relay() {
    local line checks=0 bad='' happened=()
    while IFS= read -r line; do
        case $line in
        "ok "* | "not ok "* | "ended "*)
            [ -z "$bad" ] || fail "$bad" "${happened[@]}"
            bad='' happened=()
            ;;
        esac
        case $line in
        "ok "*)
            pass "${line#ok }"
            checks=$((checks + 1))
            ;;
        "not ok "*) bad=${line#not ok } ;;
        "ended "*) is "$1 ends well, after checks" "${line#ended } $((checks > 0))" "0 1" ;;
        *) happened+=("$line") ;;
        esac
    done < <(
        timeout 300 "$@" 2>&1
        echo "ended $?"
    )
}
finish() {
    echo "1..$tap_n"
    exit $((tap_bad > 0))
}
# A test without its cluster proves nothing.
give_up() {
    fail "$1" "$(tail -n 40 "$log" 2>/dev/null)"
    finish
}

# ---- kubectl ----

kubectl=''
k() { timeout 200 "$kubectl" --cache-dir="$work/cache" "$@"; }
kubectl_newest() { kubectl=$(script/kubectl); }
kubectl_debian() { kubectl=$(script/kubectl debian); }
kubectl_version() {
    k version --client -o json |
        python3 -c 'import json, sys; v = json.load(sys.stdin)["clientVersion"]; print(v["major"] + "." + v["minor"].rstrip("+"))'
}
get() { k get "$1" -o "jsonpath=$2" "${@:3}"; } # what, jsonpath, flags
# listeners VERB RESOURCE: how many requests of that sort wait for something to happen.
listeners() {
    k get --raw /metrics | awk -v verb="[{,]verb=\"$1\"" -v resource="[{,]resource=\"$2\"" '
        /^apiserver_longrunning_requests{/ && $0 ~ verb && $0 ~ resource {n += $NF}
        END {print n + 0}'
}
listening() { [ "$(listeners "$2" "$3")" -ge "$1" ]; } # at least N; for within
event() { k get events --field-selector "involvedObject.name=$1,reason=$2" -o 'jsonpath={.items[*].message}'; }

# For conversations with several kubectls.
says() { is "$1" "$("${@:3}" 2>&1)" "$2"; } # name, wanted, command
kn() { k -n "$ns" "$@"; }
# conversation NAME STEP...: a namespace, $ns, for functions of the test that ask there with kn.
conversation() {
    local step
    about="$(kubectl_version): "
    ns=$1-$(kubectl_version | tr . -)
    check "create namespace" k create namespace "$ns"
    check "it has a service account" within 5 kn get serviceaccount default
    for step in "${@:2}"; do "$step"; done
    check "delete the namespace" k delete namespace "$ns" --timeout=100s
    is "it is empty" "$(kn get deployments,rs,pods,cm,secrets,sa,roles,rolebindings,jobs,svc -o name)" ""
    about=''
}
# both_kubectls NAME STEP...: with the newest on PATH, then with Debian's 1.20, where $newest is empty.
both_kubectls() {
    kubectl_newest
    newest=yes
    [ "$kubectl" = "$(script/kubectl debian)" ] || conversation "$@"
    kubectl_debian
    newest=''
    conversation "$@"
}

# ---- HTTP without kubectl ----

certificates() { # the administrator's, from the kubeconfig, as files
    local key
    for key in certificate-authority-data client-certificate-data client-key-data; do
        sed -n "s/^ *$key: *\"\{0,1\}\([A-Za-z0-9+\/=]*\).*/\1/p" "$KUBECONFIG" | head -n 1 |
            base64 -d >"$work/${key%-data}.pem"
    done
    url=$(sed -n 's/^ *server: *"\{0,1\}\(https[^" ]*\).*/\1/p' "$KUBECONFIG")
}
# http METHOD PATH [curl flags]: as nobody. http_admin: with the administrator's certificate.
http() { curl -sS --max-time 10 --cacert "$work/certificate-authority.pem" -X "$1" "$url$2" "${@:3}"; }
http_admin() {
    http "$@" --cert "$work/client-certificate.pem" --key "$work/client-key.pem"
}
http_pod() { curl -sS --max-time 5 "http://$1:8080/${2:-}"; } # ip, path

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# ---- clusters ----

# A node has one bridge, one port and one cgroup: two do not fit on a machine.
alone_here() {
    [ "$(id -u)" = 0 ] || give_up "the tests with containers run as root"
    ! ip link show cni0 >/dev/null 2>&1 || give_up "another cluster runs here (cni0): stop it first"
}

images() {
    if [ ! -f build/images/hello.tar ] || [ images/hello/hello.c -nt build/images/hello.tar ]; then
        script/image build/images >/dev/null
    fi
    test/e2e/image busybox /bin/busybox "$1/busybox.tar"
    cp build/images/*.tar "$1"
}
# The supervisor under a keeper, as script/server has it where there is no systemd.
keep_server() {
    local child='' stop=''
    trap 'stop=1; [ -z "$child" ] || kill "$child" 2>/dev/null' TERM
    while [ -z "$stop" ]; do
        "$coxswain" server --data-dir "$data" --run-dir "$run" --pod-log-dir "$work/pods" \
            --kubeconfig "$work/kubeconfig.yaml" --secure-port "${PORT:-6443}" "$@" &
        child=$!
        echo "$child" >"$work/supervisor.pid"
        wait "$child" && break
        [ -z "$stop" ] || wait "$child"
        sleep 0.3
    done
}
cluster_start() {
    alone_here
    mkdir -p "$data/images" "$run"
    images "$data/images"
    keep_server "$@" >>"$log" 2>&1 </dev/null &
    server_pid=$!
    export KUBECONFIG=$work/kubeconfig.yaml
    [ -n "$kubectl" ] || kubectl_newest
    within 30 k get --raw /readyz || give_up "the API server becomes ready"
    within 30 same True get nodes '{.items[*].status.conditions[?(@.type=="Ready")].status}' ||
        give_up "the node becomes ready"
    within 10 k get serviceaccount default || give_up "pods have a service account"
    certificates
}
cluster_stop() {
    [ -n "$server_pid" ] || return 0
    kill "$server_pid" 2>/dev/null
    wait "$server_pid" 2>/dev/null
    server_pid=''
    "$coxswain" cleanup --data-dir "$data" --run-dir "$run" >>"$log" 2>&1
}
# dev_start [flags]: sets KUBECONFIG, dev_pid, dev_line.
dev_start() {
    "$coxswain" dev "$@" >"$work/dev.out" 2>>"$log" </dev/null &
    dev_pid=$!
    dev_pids+=("$dev_pid")
    within 10 grep -q ready "$work/dev.out" || give_up "dev becomes ready"
    dev_line=$(cat "$work/dev.out")
    export KUBECONFIG=${dev_line#*KUBECONFIG=}
    certificates
}
dev_stop() {
    kill "$dev_pid" 2>/dev/null
    wait "$dev_pid" 2>/dev/null
}
on_exit() {
    local pid
    for pid in "${dev_pids[@]}"; do kill "$pid" 2>/dev/null; done
    cluster_stop
    if [ "$tap_bad" -gt 0 ] && [ -f "$log" ]; then
        note "--- log of the server ---" "$(grep -v '^time=' "$log" | tail -n 40)"
    fi
    if [ -n "${KEEP:-}" ]; then note "kept: $work"; else rm -rf "$work"; fi
}
trap on_exit EXIT
trap 'exit 1' INT TERM
