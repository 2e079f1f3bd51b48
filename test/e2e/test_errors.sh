#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Requests that are refused: what upstream answers, field by field.
. "$(dirname "$0")/lib.sh"
dev_start
kubectl_newest
within 5 k get serviceaccount default

# status NAME CODE REASON MESSAGE CURL-ARGUMENTS...: as the administrator
status() {
    local name=$1 code=$2 reason=$3 message=$4 answer
    shift 4
    answer=$("$@" -w '\n%{http_code} %{content_type}')
    is "$name" "$(python3 - "$answer" <<'PY'
import json, sys
body, line = sys.argv[1].rsplit("\n", 1)
code, content_type = line.split(" ")
try:
    s = json.loads(body)
    same = s["code"] == int(code) and s["kind"] == "Status" and s["apiVersion"] == "v1" and \
        s["status"] == "Failure" and s["metadata"] == {} and content_type == "application/json"
    print(code if same else "no Status: " + body + line, s["reason"], s["message"], sep="|")
except Exception:
    print(line, body)
PY
)" "$code|$reason|$message"
}
json=(-H 'Content-Type: application/json')
cms=/api/v1/namespaces/default/configmaps

# ---- bodies ----
status "malformed JSON" 400 BadRequest \
    "the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: unexpected end of JSON input ({\"apiVersion\":\"v1\",\"kind\":\"Con ...)" \
    http_admin POST $cms "${json[@]}" -d '{"apiVersion":"v1","kind":"ConfigMap",'
status "the wrong kind" 400 BadRequest \
    'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion' \
    http_admin POST $cms "${json[@]}" -d '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"x"}}'
status "an unknown field, strict" 400 BadRequest \
    'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dota"' \
    http_admin POST "$cms?fieldValidation=Strict" "${json[@]}" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"dota":{}}'
like "an unknown field, by default a warning" \
    "$(http_admin POST $cms "${json[@]}" -D - -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"warned"},"dota":{}}')" \
    " 201" '299 - "unknown field \"dota\""'
status "an invalid object" 422 Invalid \
    'ConfigMap "No_Good" is invalid: metadata.name: Invalid value: "No_Good": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '"'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" \
    http_admin POST $cms "${json[@]}" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"No_Good"}}'
status "a media type nobody knows" 415 UnsupportedMediaType \
    'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf' \
    http_admin POST $cms -H 'Content-Type: text/html' -d 'x'
status "a stale resourceVersion" 409 Conflict \
    'Operation cannot be fulfilled on configmaps "warned": the object has been modified; please apply your changes to the latest version and try again' \
    http_admin PUT $cms/warned "${json[@]}" -d '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"warned","resourceVersion":"1"}}'
status "nothing of that name" 404 NotFound 'configmaps "nobody" not found' http_admin GET $cms/nobody
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do # more than a server remembers
    printf '{"data":{"x":"%01000000d"}}' "$i" |
        http_admin PATCH $cms/warned -H 'Content-Type: application/merge-patch+json' -T - >/dev/null
done
like "an old revision, watched" "$(http_admin GET "$cms?watch=1&resourceVersion=1")" \
    '{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (' \
    '"reason":"Expired","code":410}}'
like "kubectl and an unknown field" \
    "$(printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: a, image: b, imige: c}]}' | k create -f - 2>&1)" \
    'unknown field "spec.containers[0].imige"'
like "kubectl and an invalid pod" \
    "$(printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: A_b, image: b}], restartPolicy: Sometimes}' | k create -f - 2>&1)" \
    'The Pod "x" is invalid' 'spec.containers[0].name: Invalid value: "A_b"' \
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'

# ---- warnings ----
pod='apiVersion: v1
kind: Pod
metadata: {name: warned}
spec: {nodeSelector: {beta.kubernetes.io/os: linux}, containers: [{name: a, image: b}]}'
label='Warning: spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'
like "kubectl and an old label, not for good" "$(k create --dry-run=server -f - <<<"$pod" 2>&1)" "$label"
like "the same, applied" "$(k apply --server-side -f - <<<"$pod" 2>&1)" "$label" 'pod/warned serverside-applied'
like "kubectl and a deprecated resource" "$(k get endpoints 2>&1)" \
    'Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'

# ---- who ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /O=system:masters/CN=eve \
    -keyout "$work/eve.key" -out "$work/eve.pem" 2>/dev/null
eve=(--cert "$work/eve.pem" --key "$work/eve.key")
refused=$(http GET /api/v1/namespaces "${eve[@]}" 2>&1)
if [[ $refused == *alert* ]]; then
    pass "a certificate of another CA is refused in the handshake"
else
    status "a certificate of another CA" 401 Unauthorized Unauthorized http GET /api/v1/namespaces "${eve[@]}"
fi
status "a wrong token" 401 Unauthorized Unauthorized http GET /api/v1/namespaces -H 'Authorization: Bearer nonsense'
for path in /livez /readyz /healthz; do
    is "anonymous: $path" "$(http GET $path)" ok
done
like "anonymous: /version" "$(http GET /version)" '"major": "1"'
status "anonymous: nothing else" 403 Forbidden \
    'namespaces is forbidden: User "system:anonymous" cannot list resource "namespaces" in API group "" at the cluster scope' \
    http GET /api/v1/namespaces
status "anonymous: not even /api" 403 Forbidden 'forbidden: User "system:anonymous" cannot get path "/api"' http GET /api
status "anonymous: not /metrics" 403 Forbidden 'forbidden: User "system:anonymous" cannot get path "/metrics"' http GET /metrics
plain=$(curl -s --max-time 2 -o /dev/null -w '%{http_code}' "http://${url#https://}/livez")
check "not without TLS ($plain)" test "$plain" = 000 -o "$plain" = 400
like "not with TLS 1.1" "$(http GET /livez --tls-max 1.1 2>&1)" "curl: ("

# ---- rights ----
k create serviceaccount robot >/dev/null
token=$(http_admin POST /api/v1/namespaces/default/serviceaccounts/robot/token "${json[@]}" \
    -d '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}' |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["token"])' 2>/dev/null)
robot=(-H "Authorization: Bearer $token")
check "a service account has a token" test -n "$token"
status "without rights" 403 Forbidden \
    'configmaps is forbidden: User "system:serviceaccount:default:robot" cannot list resource "configmaps" in API group "" in the namespace "default"' \
    http GET $cms "${robot[@]}"
status "nor to one object" 403 Forbidden \
    'secrets "x" is forbidden: User "system:serviceaccount:default:robot" cannot delete resource "secrets" in API group "" in the namespace "kube-system"' \
    http DELETE /api/v1/namespaces/kube-system/secrets/x "${robot[@]}"
like "but discovery" "$(http GET /apis "${robot[@]}")" '"APIGroupList"'
k create role reader --verb=list --resource=configmaps >/dev/null
k create rolebinding reader --role=reader --serviceaccount=default:robot >/dev/null
allowed() { [ "$(http GET $cms "${robot[@]}" -o /dev/null -w '%{http_code}')" = 200 ]; }
soon "with a role" 5 allowed
status "not elsewhere" 403 Forbidden \
    'configmaps is forbidden: User "system:serviceaccount:default:robot" cannot list resource "configmaps" in API group "" in the namespace "kube-system"' \
    http GET /api/v1/namespaces/kube-system/configmaps "${robot[@]}"
status "nobody gives what they have not" 403 Forbidden \
    'roles.rbac.authorization.k8s.io is forbidden: User "system:serviceaccount:default:robot" cannot create resource "roles" in API group "rbac.authorization.k8s.io" in the namespace "default"' \
    http POST /apis/rbac.authorization.k8s.io/v1/namespaces/default/roles "${json[@]}" "${robot[@]}" \
    -d '{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"x"},"rules":[{"apiGroups":[""],"resources":["secrets"],"verbs":["get"]}]}'
k delete rolebinding reader >/dev/null
denied() { [ "$(http GET $cms "${robot[@]}" -o /dev/null -w '%{http_code}')" = 403 ]; }
soon "until it is taken away" 5 denied
k delete serviceaccount robot >/dev/null
unknown() { [ "$(http GET /api "${robot[@]}" -o /dev/null -w '%{http_code}')" = 401 ]; }
soon "the token ends with its account" 5 unknown
finish
