#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Server-side apply by kubectl against `coxswain dev`: Debian's 1.20 and, where there is one, the
# newest on PATH.
. "$(dirname "$0")/lib.sh"

deployment() { # replicas, image
    cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: $1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: $2}]}
YAML
}

sidecar() {
    cat <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {containers: [{name: helper, image: h}]}}}
YAML
}

owners() { # object: "manager:operation[:subresource]" of each entry
    "$kubectl" --cache-dir="$work/cache" "${N[@]}" get "$1" -o json "${shown[@]}" | python3 -c '
import json, sys
for x in json.load(sys.stdin)["metadata"].get("managedFields", []):
    print(":".join(v for v in (x["manager"], x["operation"], x.get("subresource")) if v))' | sort | xargs
}
fails() { ! "$@"; }

conversation() { # name of this kubectl, its flag that shows managedFields
    local v=$1 ns=apply-${1//./-} f=$work/apply.yaml
    shown=("${@:2}")
    N=(-n "$ns")
    check "$v: create namespace" k create namespace "$ns"
    A=(k "${N[@]}" apply --server-side -f "$f")

    deployment 1 a >"$f"
    like "$v: makes it" "$("${A[@]}" 2>&1)" "deployment.apps/web serverside-applied"
    soon "$v: its controller writes status" 5 same "kube-controller-manager:Update:status kubectl:Apply" owners deployment/web
    revision=$(k "${N[@]}" get deployment web -o 'jsonpath={.metadata.resourceVersion}')
    check "$v: again" "${A[@]}"
    is "$v: which changes nothing" "$(k "${N[@]}" get deployment web -o 'jsonpath={.metadata.resourceVersion}')" "$revision"

    # two writers
    sidecar >"$f"
    check "$v: another writer adds a container" "${A[@]}" --field-manager=mesh --validate=false
    is "$v: beside the first one's" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.template.spec.containers[*].name}')" "web helper"
    deployment 1 b >"$f"
    like "$v: diff" "$(k "${N[@]}" diff --server-side -f "$f" 2>&1)" "image: a" "image: b"
    check "$v: a change of the first" "${A[@]}"
    is "$v: leaves the other's container" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.template.spec.containers[*].image}')" "b h"

    # conflicts
    check "$v: scale" k "${N[@]}" scale deployment/web --replicas=3
    deployment 2 b >"$f"
    check "$v: an apply over it fails" fails "${A[@]}"
    like "$v: says with whom" "$("${A[@]}" 2>&1)" "Apply failed with 1 conflict" \
        'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
    is "$v: and changes nothing" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.replicas}')" 3
    check "$v: --force-conflicts" "${A[@]}" --force-conflicts
    is "$v: changes it" "$(k "${N[@]}" get deployment web -o 'jsonpath={.spec.replicas}')" 2
    is "$v: and takes it over" "$(owners deployment/web)" "kube-controller-manager:Update:status kubectl:Apply mesh:Apply"
    like "$v: --dry-run=server" "$("${A[@]}" --dry-run=server 2>&1)" "serverside-applied (server dry run)"

    # what is no longer said goes, unless somebody else says it
    cat >"$f" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {a: "1", b: "2"}
YAML
    check "$v: two keys" "${A[@]}"
    check "$v: one of them twice" "${A[@]}" --field-manager=second
    sed -i 's/a: "1", b: "2"/c: "3"/' "$f"
    check "$v: neither any more" "${A[@]}"
    is "$v: both have another owner" "$(k "${N[@]}" get cm c -o 'jsonpath={.data.a}{.data.b}{.data.c}')" 123
    check "$v: nor by the other" "${A[@]}" --field-manager=second
    is "$v: they are gone" "$(k "${N[@]}" get cm c -o 'jsonpath={.data.a}{.data.b}{.data.c}')" 3

    # from client-side apply
    sed -i 's/name: c/name: old/' "$f"
    check "$v: client-side apply" k "${N[@]}" apply -f "$f"
    sed -i 's/c: "3"/c: "4"/' "$f"
    check "$v: goes on by the server" "${A[@]}"
    is "$v: changed" "$(k "${N[@]}" get cm old -o 'jsonpath={.data.c}')" 4
    like "$v: the annotation follows" "$(k "${N[@]}" get cm old -o 'jsonpath={.metadata.annotations}')" 'c\":\"4\"'

    # other writers have names too
    is "$v: create" "$(k "${N[@]}" create configmap made --from-literal=a=1 >/dev/null; owners cm/made)" kubectl-create:Update
    is "$v: label" "$(k "${N[@]}" label cm made x=y >/dev/null; owners cm/made)" "kubectl-create:Update kubectl-label:Update"
    is "$v: owners can be forgotten" "$(k "${N[@]}" patch cm made --type=merge -p '{"metadata":{"managedFields":[{}]}}' >/dev/null; owners cm/made)" ""
    check "$v: delete the namespace" k delete namespace "$ns" --timeout=100s
}

dev_start
kubectl_newest
if [ "$kubectl" != "$(script/kubectl debian)" ]; then
    conversation "$(kubectl_version)" --show-managed-fields
fi
kubectl_debian
conversation 1.20
dev_stop
finish
