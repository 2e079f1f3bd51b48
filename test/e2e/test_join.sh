#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A second machine joins: the server here, the agent in a network namespace of its own with a wire
# between them. Tokens that are wrong, over, of another cluster, or for a node that exists are
# refused; a good one makes a node that becomes ready, runs a pod and tells its logs.
. "$(dirname "$0")/lib.sh"
alone_here
kubectl_newest

net=coxswain-$$ here=10.99.7.1 there=10.99.7.2
token() { "$coxswain" token "$@" --kubeconfig "$work/kubeconfig.yaml"; }
inside() { nsenter --net="/run/netns/$net" "$@"; }
agent_pid=''
agent_stop() {
    [ -n "$agent_pid" ] || return 0
    kill "$agent_pid" 2>/dev/null
    wait "$agent_pid" 2>/dev/null
    agent_pid=''
    inside "$coxswain" cleanup --data-dir "$work/node" --run-dir "$work/noderun" >>"$log" 2>&1
}
finally() {
    agent_stop
    ip netns delete "$net" 2>/dev/null
    ip link delete cw0 2>/dev/null
    on_exit
}
trap finally EXIT

ip netns add "$net" && ip link add cw0 type veth peer name cw1 netns "$net" &&
    ip addr add $here/24 dev cw0 && ip link set cw0 up &&
    inside ip addr add $there/24 dev cw1 && inside ip link set cw1 up && inside ip link set lo up &&
    inside ip route add default via $here || give_up "a second network namespace"

mkdir -p "$data" "$work/node/images"
images "$work/node/images"
keep_server --no-agent --bind-address $here >>"$log" 2>&1 </dev/null &
server_pid=$!
export KUBECONFIG=$work/kubeconfig.yaml
within 30 k get --raw /readyz || give_up "the API server becomes ready"
certificates

flags=(agent --server "https://$here:${PORT:-6443}" --data-dir "$work/node" --run-dir "$work/noderun"
    --pod-log-dir "$work/pods" --node-name far --node-ip $there)
agent_start() { # flags
    nsenter --net="/run/netns/$net" "$coxswain" "${flags[@]}" "$@" >>"$log" 2>&1 </dev/null &
    agent_pid=$!
}
refused() { # name, status, text, flags
    local out
    out=$(inside timeout 30 "$coxswain" "${flags[@]}" "${@:4}" 2>&1)
    is "$1: exit status" "$?" "$2"
    like "$1: says so" "$out" "$3"
}

# ---- tokens ----
good=$(token create --description "for far")
like "a token is listed" "$(token list)" "${good%%.*}" "for far"
secret=$(get "secret/bootstrap-token-${good%%.*}" '{.data}' -n kube-system)
rest=${good#*.}
is "its secret half is not kept" "$(grep -c "$(printf %s "${rest%%.*}" | base64)" <<<"$secret")" 0
short=$(token create --ttl 1s)
gone=$(token create)
check "a token is deleted" token delete "${gone%%.*}"

# ---- refusals ----
refused "no token" 2 "form ID.SECRET.HASH" --token nonsense
refused "a machine that has not joined" 1 "token is needed"
refused "a wrong token" 3 "wrong or has expired" --token "aaaaaa.aaaaaaaaaaaaaaaa.${good##*.}"
refused "a deleted token" 3 "wrong or has expired" --token "$gone"
over() { ! token list | grep -q "^${short%%.*}"; }
soon "an expired token goes" 20 over
refused "an expired token" 3 "wrong or has expired" --token "$short"
refused "another cluster's token" 4 "not the one that the token is for" \
    --token "${good%.*}.$(printf '0%.0s' {1..64})"
k create -f - >/dev/null <<<'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "far"}}'
refused "a node that exists" 5 "exists already" --token "$good"
k delete node far >/dev/null
check "a token may nothing else" bash -c \
    "[ \$(curl -sk -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer ${good%.*}' '$url/api/v1/nodes') = 403 ]"

# ---- a node ----
echo "$good" >"$work/token"
agent_start --token-file "$work/token"
ready() { same "${1:-True}" get node/far '{.status.conditions[?(@.type=="Ready")].status}'; }
soon "the node is ready" 40 ready
is "who asked" "$(get csr '{.items[?(@.spec.signerName=="kubernetes.io/kubelet-serving")].spec.username}')" system:node:far
is "keys are root's alone" "$(stat -c %a "$work/node/agent/pki" "$work/node/agent/pki/client.pem" | xargs)" "700 600"
within 10 k get serviceaccount default
k run web --image=coxswain.local/hello:1 --restart=Never >/dev/null
check "it runs a pod" k wait --for=condition=Ready pod/web --timeout=100s
is "there" "$(get pod/web '{.spec.nodeName} {.status.hostIP}')" "far $there"
ip=$(get pod/web '{.status.podIP}')
like "the pod answers" "$(inside curl -sS --max-time 5 "http://$ip:8080/")" pod=web "ip=$ip"
soon "its logs come over the wire" 10 has listening k logs web

# ---- again, without a token ----
uid=$(get node/far '{.metadata.uid}') container=$(get pod/web '{.status.containerStatuses[0].containerID}')
kill "$agent_pid"
wait "$agent_pid" 2>/dev/null
agent_start
answers() { inside curl -sS -o /dev/null --max-time 2 -k "https://$there:10250/healthz"; }
soon "a joined machine needs no token" 30 answers
soon "it is the same node" 30 same "$uid" get node/far '{.metadata.uid}'
soon "and the same container" 10 same "$container" get pod/web '{.status.containerStatuses[0].containerID}'
finish
