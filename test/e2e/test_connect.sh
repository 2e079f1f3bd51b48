#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the API server passes on: kubectl exec, attach and raw proxies through a kube-apiserver by
# itself to a kubelet and a web server that are played (fake_kubelet.py); and the server's end.
. "$(dirname "$0")/lib.sh"

ip=$(hostname -I | tr ' ' '\n' | grep -m1 '\.') || give_up "an address of this machine"
cd "$work" || exit 1

# ---- certificates ----
sign() { # name, CN, O, SAN
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/O=$3/CN=$2" -out "$1.csr" 2>>"$log"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.pem" \
        -extfile <(echo "subjectAltName=$4") 2>>"$log"
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=test -days 2 -out ca.pem 2>>"$log"
sign api kube-apiserver test IP:127.0.0.1
sign kubelet kubelet test "IP:$ip"
sign client kube-apiserver-kubelet-client test DNS:client
sign admin admin system:masters DNS:admin
openssl genrsa -out tokens.key 2048 2>>"$log"

# ---- servers ----
start() { # log, command...
    "${@:2}" >"$1" 2>>"$log" </dev/null &
    dev_pids+=($!)
}
fake=$top/test/e2e/fake_kubelet.py
start kubelet.out python3 "$fake" "$ip" 0 kubelet.pem kubelet.key ca.pem
start web.out python3 "$fake" "$ip" 0
port=$(free_port)
start_api() {
    start api.out "$coxswain" kube-apiserver --bind-address=127.0.0.1 --secure-port="$port" \
        --data-dir="$data" --tls-cert-file="$work/api.pem" --tls-private-key-file="$work/api.key" \
        --client-ca-file="$work/ca.pem" --service-account-issuer=https://test \
        --disable-admission-plugins=ServiceAccount \
        --kubelet-client-certificate="$work/client.pem" --kubelet-client-key="$work/client.key" "$@"
}
start_api --kubelet-certificate-authority="$work/ca.pem" --shutdown-delay-duration=30s \
    --service-account-signing-key-file="$work/tokens.key"
api_pid=${dev_pids[-1]}
mkdir -p "$data"
cd "$top" || exit 1
url=https://127.0.0.1:$port
kubectl_newest
within 10 grep -q listening "$work/kubelet.out" || give_up "the kubelet listens"
within 10 grep -q listening "$work/web.out" || give_up "the web server listens"
kubelet_port=$(cut -d' ' -f2 "$work/kubelet.out") web_port=$(cut -d' ' -f2 "$work/web.out")
cat >"$work/kc" <<EOF
{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}],
 clusters: [{name: c, cluster: {server: "$url", certificate-authority: "$work/ca.pem"}}],
 users: [{name: u, user: {client-certificate: "$work/admin.pem", client-key: "$work/admin.key"}}]}
EOF
export KUBECONFIG=$work/kc
ready() { k get --raw /readyz; }
within 10 ready || give_up "the API server becomes ready"

# ---- a node and a pod that are said to be ----
k create -f - <<EOF >/dev/null
apiVersion: v1
kind: List
items: [
  {apiVersion: v1, kind: Node, metadata: {name: n1}},
  {apiVersion: v1, kind: Pod, metadata: {name: web, namespace: default}, spec: {nodeName: n1, containers: [
    {name: c, image: i, ports: [{containerPort: $web_port}]}]}},
  {apiVersion: v1, kind: Service, metadata: {name: web, namespace: default}, spec: {ports: [
    {name: main, port: 80, targetPort: $web_port}]}},
  {apiVersion: v1, kind: Endpoints, metadata: {name: web, namespace: default}, subsets: [{
    addresses: [{ip: "$ip", targetRef: {kind: Pod, namespace: default, name: web}}],
    ports: [{name: main, port: $web_port}]}]}]
EOF
k patch node n1 --subresource=status -p "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"$ip\"}],
    \"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":$kubelet_port}}}}" >/dev/null
k create -f - <<EOF >/dev/null
apiVersion: v1
kind: List
items: [
  {apiVersion: v1, kind: Node, metadata: {name: n2}},
  {apiVersion: v1, kind: Pod, metadata: {name: away}, spec: {nodeName: n2, containers: [{name: c, image: i}]}}]
EOF
k patch node n2 --subresource=status -p "{\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"$ip\"}],
    \"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":1}}}}" >/dev/null
k patch pod web --subresource=status -p "{\"status\":{\"phase\":\"Running\",\"podIP\":\"$ip\",\"podIPs\":[{\"ip\":\"$ip\"}],
    \"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"image\":\"i\",\"imageID\":\"\",\"restartCount\":0,
    \"state\":{\"running\":{\"startedAt\":\"2020-01-01T00:00:00Z\"}}}]}}" >/dev/null

# ---- streams ----
random=$work/random
head -c 8000000 /dev/urandom >"$random"
sum=$(sha256sum <"$random")
streams() { # the protocol that the kubelet is to see
    is "exec" "$(k exec web -- echo hello)" hello
    # shellcheck disable=SC2016
    is "the kubelet is asked over $1" "$(k exec web -- sh -c 'echo $PROTOCOL')" "$1"
    is "exec -i passes stdin, and its end" "$(printf 'a\nb\n' | k exec -i web -- cat)" $'a\nb'
    k exec web -- sh -c 'exit 7' >/dev/null 2>&1
    is "exec gives the exit status" "$?" 7
    is "stderr is apart" "$(k exec web -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out
    is "8 MB through a tunnel and back" "$(k exec -i web -- cat <"$random" | sha256sum)" "$sum"
    is "a command that does not listen" "$(k exec -i web -- echo done <"$random")" "done"
    is "attach" "$(printf 'x\n' | k attach -i web -c c 2>/dev/null)" $'attached\nx'
    rm -rf "$work/copied" "$work/back"
    mkdir "$work/copied"
    check "cp there" k cp "$random" "default/web:$work/copied/random"
    is "is a copy" "$(sha256sum <"$work/copied/random")" "$sum"
    check "cp back" k cp "default/web:$work/copied/random" "$work/back"
    is "is one too" "$(sha256sum <"$work/back")" "$sum"
    like "a container that is not there" "$(k exec web -c zz -- x 2>&1)" "container zz is not valid for pod web"
}
forwards() {
    local pid i local_port pids=()
    : >"$work/forward.out"
    "$kubectl" --cache-dir="$work/cache" port-forward pod/web ":$web_port" ":1" >"$work/forward.out" 2>&1 &
    pid=$!
    soon "port-forward listens" 20 has "-> 1" cat "$work/forward.out"
    local_port=$(sed -n "s/^Forwarding from 127.0.0.1:\([0-9]*\) -> $web_port$/\1/p" "$work/forward.out")
    for i in 1 2 3 4; do
        curl -sS --max-time 60 "http://127.0.0.1:$local_port/bytes/3000000?$i" -o "$work/forward.$i" 2>>"$log" &
        pids+=($!)
    done
    wait "${pids[@]}"
    is "several connections at once" "$(stat -c %s "$work"/forward.[1-4] | sort -u)" 3000000
    is "and bytes to the pod" "$(curl -sS --max-time 60 --data-binary "@$random" "http://127.0.0.1:$local_port/count")" \
        "8000000 ${sum%% *}"
    local_port=$(sed -n 's/^Forwarding from 127.0.0.1:\([0-9]*\) -> 1$/\1/p' "$work/forward.out")
    curl -sS --max-time 10 "http://127.0.0.1:$local_port/" >/dev/null 2>&1
    soon "a port where nobody listens" 10 has "error forwarding port 1" cat "$work/forward.out"
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
}
about="kubectl $(kubectl_version), translated: "
streams SPDY
forwards
like "a kubelet that is not there" "$(k exec away -- x 2>&1)" \
    "error: Internal error occurred: error sending request: Post \"https://$ip:1/exec/default/away/c?command=x&" \
    "dial tcp $ip:1: connect: connection refused"
declare_features() {
    k patch node n1 --subresource=status -p "{\"status\":{\"declaredFeatures\":$1}}" >/dev/null
}
declare_features '["ExtendWebSocketsToKubelet"]'
about="kubectl $(kubectl_version), WebSocket: "
streams WebSocket
forwards
declare_features null
about="kubectl $(kubectl_version), SPDY: "
export KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false KUBECTL_PORT_FORWARD_WEBSOCKETS=false
streams SPDY
forwards
kubectl_debian
about="kubectl $(kubectl_version): "
streams SPDY
forwards
kubectl_newest
unset KUBECTL_REMOTE_COMMAND_WEBSOCKETS KUBECTL_PORT_FORWARD_WEBSOCKETS
about=

# ---- proxies ----
raw() { k get --raw "$1"; }
is "a service's server" "$(raw '/api/v1/namespaces/default/services/http:web:80/proxy/a/b?c=d')" "GET /a/b?c=d"
is "a pod's server" "$(raw /api/v1/namespaces/default/pods/web/proxy/x)" "GET /x"
is "a post" "$(echo hello | k create --raw /api/v1/namespaces/default/pods/web/proxy/p -f -)" "POST /p hello"
like "links of a page lead through the proxy" "$(raw /api/v1/namespaces/default/pods/web/proxy/page)" \
    'href="/api/v1/namespaces/default/pods/web/proxy/there?x=1&amp;y"' \
    "src='/api/v1/namespaces/default/pods/web/proxy/pic.png'" 'href="http://elsewhere/x"'
is "a node's kubelet knows who asks" "$(raw /api/v1/nodes/n1/proxy/metrics)" \
    "GET /metrics  kube-apiserver-kubelet-client"
like "a server that is not there" "$(raw /api/v1/namespaces/default/pods/web:1/proxy/ 2>&1)" \
    "error trying to reach service: dial tcp $ip:1: connect: connection refused"

# ---- bodies that are large, or have no end ----
pod=$url/api/v1/namespaces/default/pods/web/proxy
c() { # flags...
    curl -sS --max-time 100 --cacert "$work/ca.pem" --cert "$work/admin.pem" --key "$work/admin.key" "$@" 2>>"$log"
}
peak() { awk '/^VmHWM/ {print $2}' "/proc/$api_pid/status"; } # kB
bodies() { # version, bytes
    local version=$1 size=$2 large before grown
    about="$version: "
    head -c "$size" /dev/zero >"$work/large"
    large=$(sha256sum <"$work/large")
    echo 5 >"/proc/$api_pid/clear_refs" # the peak begins anew
    before=$(peak)
    is "a body with a length" "$(c "$version" -T "$random" "$pod/count")" "8000000 ${sum%% *}"
    is "$size bytes there" "$(c "$version" -T - "$pod/count" <"$work/large")" "$size ${large%% *}"
    is "and back" "$(c "$version" "$pod/bytes/$size" | wc -c)" "$size"
    is "there and back at a time" "$(c "$version" -T "$random" "$pod/echo" | sha256sum)" "$sum"
    grown=$(($(peak) - before))
    check "the server's memory stays as it is (grown by $grown kB)" test "$grown" -lt 20000
    is "the length of an answer stays" "$(c "$version" "$pod/x" -D - -o /dev/null | tr -d '\r' | grep -i '^content-length')" \
        "$([ "$version" = --http2 ] && echo content-length || echo Content-Length): 6"
}
bodies --http1.1 200000000
bodies --http2 50000000
about=
said() { # what is said, and heard, one word after the other
    python3 - "$work" "$port" <<'EOF'
import http.client, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1] + "/ca.pem")
context.load_cert_chain(sys.argv[1] + "/admin.pem", sys.argv[1] + "/admin.key")
client = http.client.HTTPSConnection("127.0.0.1", int(sys.argv[2]), context=context, timeout=60)
client.putrequest("POST", "/api/v1/namespaces/default/pods/web/proxy/echo")
client.putheader("Transfer-Encoding", "chunked")
client.endheaders()
client.send(b"4\r\none\n\r\n")
answer = client.getresponse()
print(answer.status, answer.readline())
client.send(b"4\r\ntwo\n\r\n")
print(answer.readline())
client.send(b"0\r\n\r\n")
print(answer.read())
EOF
}
is "an answer that comes with its question" "$(said 2>&1 | xargs)" "200 bone\\n btwo\\n b"

k create serviceaccount robot >/dev/null
token=$(k create token robot)

# ---- the end ----
k get configmaps -A --watch-only >"$work/watch.out" 2>&1 &
watch_pid=$!
sleep_exec() { k exec web -- sleep 60; }
sleep_exec >/dev/null 2>&1 &
exec_pid=$!
check "a watch listens" within 10 listening 1 WATCH configmaps
check "a command runs" within 10 listening 1 CONNECT pods
k create configmap before >/dev/null
soon "the watch tells" 10 grep -q before "$work/watch.out"
kill -TERM "$api_pid"
not_ready() { ! ready; }
soon "readiness fails" 3 not_ready
check "requests are served while readiness fails" k create configmap during
ended() { ! kill -0 "$api_pid" 2>/dev/null; }
check "the server ends in time" within 60 ended
wait "$api_pid" 2>/dev/null
is "its exit status" "$?" 0
wait "$watch_pid"
is "the watch ended well" "$(grep -c 'error\|EOF' "$work/watch.out")" 0
like "and told everything" "$(cat "$work/watch.out")" during
wait "$exec_pid"

# ---- upstream's least flags ----
cd "$work" || exit 1
openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -subj /CN=own -days 2 -out own.pem 2>>"$log"
start own.out python3 "$fake" "$ip" 0 own.pem own.key ca.pem
within 10 grep -q listening "$work/own.out" || give_up "the other kubelet listens"
openssl genrsa -out new.key 2048 2>>"$log"
openssl rsa -in tokens.key -pubout -out tokens.pub 2>>"$log"
start_api --service-account-signing-key-file="$work/new.key" --service-account-key-file="$work/tokens.pub" \
    --service-account-key-file="$work/new.key"
within 10 ready || give_up "the API server becomes ready again"
who() { k --kubeconfig=/dev/null --server="$url" --certificate-authority="$work/ca.pem" --token="$1" auth whoami; }
like "a token of the key before is believed" "$(who "$token" 2>&1)" system:serviceaccount:default:robot
like "and one of the new key" "$(who "$(k create token robot)" 2>&1)" system:serviceaccount:default:robot
is "both are published" "$(raw /openid/v1/jwks | grep -o '"kid"' | wc -l)" 2
k patch node n1 --subresource=status -p \
    "{\"status\":{\"daemonEndpoints\":{\"kubeletEndpoint\":{\"Port\":$(cut -d' ' -f2 own.out)}}}}" >/dev/null
is "without --kubelet-certificate-authority any kubelet is believed" "$(raw /api/v1/nodes/n1/proxy/metrics)" \
    "GET /metrics  kube-apiserver-kubelet-client"
finish
