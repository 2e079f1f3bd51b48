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
    "$kubectl" --cache-dir="$work/cache" -n "$ns" get "$1" -o json "${shown[@]}" | python3 -c '
import json, sys
for x in json.load(sys.stdin)["metadata"].get("managedFields", []):
    print(":".join(v for v in (x["manager"], x["operation"], x.get("subresource")) if v))' | sort | xargs
}
fails() { ! "$@"; }

applying() {
    local f=$work/apply.yaml
    shown=(${newest:+--show-managed-fields})
    A=(kn apply --server-side -f "$f")

    deployment 1 a >"$f"
    like "makes it" "$("${A[@]}" 2>&1)" "deployment.apps/web serverside-applied"
    soon "its controller writes status" 5 same "kube-controller-manager:Update:status kubectl:Apply" owners deployment/web
    revision=$(kn get deployment web -o 'jsonpath={.metadata.resourceVersion}')
    check "again" "${A[@]}"
    is "which changes nothing" "$(kn get deployment web -o 'jsonpath={.metadata.resourceVersion}')" "$revision"

    # two writers
    sidecar >"$f"
    check "another writer adds a container" "${A[@]}" --field-manager=mesh --validate=false
    is "beside the first one's" "$(kn get deployment web -o 'jsonpath={.spec.template.spec.containers[*].name}')" "web helper"
    deployment 1 b >"$f"
    like "diff" "$(kn diff --server-side -f "$f" 2>&1)" "image: a" "image: b"
    check "a change of the first" "${A[@]}"
    is "leaves the other's container" "$(kn get deployment web -o 'jsonpath={.spec.template.spec.containers[*].image}')" "b h"

    # conflicts
    check "scale" kn scale deployment/web --replicas=3
    deployment 2 b >"$f"
    check "an apply over it fails" fails "${A[@]}"
    like "says with whom" "$("${A[@]}" 2>&1)" "Apply failed with 1 conflict" \
        'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
    is "and changes nothing" "$(kn get deployment web -o 'jsonpath={.spec.replicas}')" 3
    check "--force-conflicts" "${A[@]}" --force-conflicts
    is "changes it" "$(kn get deployment web -o 'jsonpath={.spec.replicas}')" 2
    is "and takes it over" "$(owners deployment/web)" "kube-controller-manager:Update:status kubectl:Apply mesh:Apply"
    like "--dry-run=server" "$("${A[@]}" --dry-run=server 2>&1)" "serverside-applied (server dry run)"

    # what is no longer said goes, unless somebody else says it
    cat >"$f" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {a: "1", b: "2"}
YAML
    check "two keys" "${A[@]}"
    check "one of them twice" "${A[@]}" --field-manager=second
    sed -i 's/a: "1", b: "2"/c: "3"/' "$f"
    check "neither any more" "${A[@]}"
    is "both have another owner" "$(kn get cm c -o 'jsonpath={.data.a}{.data.b}{.data.c}')" 123
    check "nor by the other" "${A[@]}" --field-manager=second
    is "they are gone" "$(kn get cm c -o 'jsonpath={.data.a}{.data.b}{.data.c}')" 3

    # from client-side apply
    sed -i 's/name: c/name: old/' "$f"
    check "client-side apply" kn apply -f "$f"
    sed -i 's/c: "3"/c: "4"/' "$f"
    check "goes on by the server" "${A[@]}"
    is "changed" "$(kn get cm old -o 'jsonpath={.data.c}')" 4
    like "the annotation follows" "$(kn get cm old -o 'jsonpath={.metadata.annotations}')" 'c\":\"4\"'

    # other writers have names too
    is "create" "$(kn create configmap made --from-literal=a=1 >/dev/null; owners cm/made)" kubectl-create:Update
    is "label" "$(kn label cm made x=y >/dev/null; owners cm/made)" "kubectl-create:Update kubectl-label:Update"
    is "owners can be forgotten" "$(kn patch cm made --type=merge -p '{"metadata":{"managedFields":[{}]}}' >/dev/null; owners cm/made)" ""
}

dev_start
both_kubectls apply applying
dev_stop
finish
