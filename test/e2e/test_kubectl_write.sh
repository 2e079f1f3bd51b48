#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How kubectl changes what is there, against `coxswain dev`: edit, diff, replace, patch, apply with
# prune, wait, delete. Debian's 1.20 and, where there is one, the newest on PATH.
. "$(dirname "$0")/lib.sh"

config_map() { # name, key: value
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s%s}\ndata: {%s}\n' "$1" "${3:-}" "$2"
}
data() { get "cm/$1" '{.data}' -n "$ns"; }
with_editor() { EDITOR=$1 kn "${@:2}"; }

# A file that changes what it is given, as an editor.
editor() { # name, script
    printf '#!/bin/bash\n%s\n' "$2" >"$work/$1"
    chmod +x "$work/$1"
    echo "$work/$1"
}

editing() {
    local e
    kn create configmap edited --from-literal=key=1 >/dev/null
    says "edit that changes nothing" "Edit cancelled, no changes made." with_editor true edit cm edited
    e=$(editor set "sed -i 's/^  key: .*/  key: two/' \"\$1\"")
    says "edit" "configmap/edited edited" with_editor "$e" edit cm edited
    e=$(editor json "sed -i 's/\"key\": .*/\"key\": \"three\"/' \"\$1\"")
    like "edit -o json" "$(with_editor "$e" edit cm edited -o json)" '"key": "three"'
    is "both were saved" "$(data edited)" '{"key":"three"}'

    # Somebody else writes while the editor is open: another field, then the same one.
    e=$(editor beside "'$kubectl' --cache-dir='$work/cache' -n $ns patch cm edited --type=merge -p '{\"data\":{\"theirs\":\"x\"}}' >/dev/null
sed -i 's/^  key: .*/  key: four/' \"\$1\"")
    says "edit beside another writer" "configmap/edited edited" with_editor "$e" edit cm edited
    is "both changes are there" "$(data edited)" '{"key":"four","theirs":"x"}'
    e=$(editor revision "sed -i 's/^  key: .*/  key: five/; s/^  resourceVersion: .*/  resourceVersion: \"1\"/' \"\$1\"")
    like "edit of a revision that is gone" "$(with_editor "$e" edit cm edited 2>&1)" \
        "the object has been modified"
    is "is refused" "$(data edited)" '{"key":"four","theirs":"x"}'

    # What is not valid comes back with its reasons, then without a change.
    kn create deployment edited --image=x >/dev/null
    e=$(editor invalid "if grep -q 'was not valid' \"\$1\"; then cp \"\$1\" '$work/reasons'; exit; fi
sed -i 's/^  replicas: 1/  replicas: -1/' \"\$1\"")
    like "edit that is invalid" "$(with_editor "$e" edit deployment edited 2>&1)" \
        'error: deployments.apps "edited" is invalid' "error: Edit cancelled, no valid changes were saved."
    like "is opened again with the reasons" "$(cat "$work/reasons")" \
        '# deployments.apps "edited" was not valid:' \
        '# * spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    e=$(editor kind "sed -i 's/^  name: edited\$/  name: another/' \"\$1\"")
    like "edit of a name" "$(with_editor "$e" edit cm edited 2>&1)" \
        "error: At least one of apiVersion, kind and name was changed"
    if [ -n "$newest" ]; then
        e=$(editor status "sed -i 's/^  observedGeneration: .*/  observedGeneration: 9/' \"\$1\"")
        like "edit --subresource=status" \
            "$(with_editor "$e" edit deployment edited --subresource=status 2>&1)" "deployment.apps/edited edited"
    fi
}

last_applied() {
    local f=$work/last.yaml e
    config_map last 'a: "1"' >"$f"
    kn create -f "$f" >/dev/null
    like "set-last-applied of what was never applied" "$(kn apply set-last-applied -f "$f" 2>&1)" \
        "no last-applied-configuration annotation found on resource: last"
    says "set-last-applied --create-annotation" "configmap/last configured" \
        kn apply set-last-applied -f "$f" --create-annotation
    like "view-last-applied" "$(kn apply view-last-applied cm last)" 'a: "1"' "name: last"
    e=$(editor last "sed -i 's/^  a: .*/  a: \"2\"/' \"\$1\"")
    says "edit-last-applied" "configmap/last edited" with_editor "$e" apply edit-last-applied cm last
    like "changes the annotation" "$(kn apply view-last-applied cm last)" 'a: "2"'
    is "and not the object" "$(data last)" '{"a":"1"}'
}

differences() {
    local f=$work/diff.yaml
    config_map differs 'a: "1", b: "2"' >"$f"
    like "diff of what is not there" "$(kn diff -f "$f" 2>&1)" "+kind: ConfigMap" '+  a: "1"'
    kn apply -f "$f" >/dev/null
    says "diff of what is the same" "" kn diff -f "$f"
    config_map differs 'a: "9"' >"$f"
    like "diff" "$(kn diff -f "$f")" '-  a: "1"' '+  a: "9"' '-  b: "2"'
    kn diff -f "$f" >/dev/null
    is "diff tells by its status" $? 1
    is "and changes nothing" "$(data differs)" '{"a":"1","b":"2"}'
    says "replace" "configmap/differs replaced" kn replace -f "$f"
    is "replaced all of it" "$(data differs)" '{"a":"9"}'
    uid=$(get cm/differs '{.metadata.uid}' -n "$ns")
    like "replace --force" "$(kn replace --force -f "$f")" 'configmap "differs" deleted' "configmap/differs replaced"
    check "made another" test "$uid" != "$(get cm/differs '{.metadata.uid}' -n "$ns")"
    config_map nobody 'a: "9"' >"$f"
    like "replace what is not there" "$(kn replace -f "$f" 2>&1)" \
        "Error from server (NotFound): error when replacing \"$f\": configmaps \"nobody\" not found"
    sed -i 's/name: nobody/name: differs, resourceVersion: "1"/' "$f"
    like "replace with a stale revision" "$(kn replace -f "$f" 2>&1)" \
        "Error from server (Conflict): error when replacing \"$f\": Operation cannot be fulfilled on configmaps \"differs\":" \
        "the object has been modified; please apply your changes to the latest version and try again"
}

patching() {
    local p=(kn patch cm patched)
    kn create configmap patched --from-literal=a=1 >/dev/null
    kn create deployment patched --image=x >/dev/null
    says "patch, JSON: add, copy, move" "configmap/patched patched" "${p[@]}" --type=json -p \
        '[{"op":"add","path":"/data/b","value":"2"},{"op":"copy","from":"/data/a","path":"/data/c"},{"op":"move","from":"/data/a","path":"/data/d"}]'
    like "patch, JSON: an invalid key" "$("${p[@]}" --type=json -p '[{"op":"add","path":"/data/b~1c","value":"2"}]' 2>&1)" \
        'The ConfigMap "patched" is invalid: data[b/c]: Invalid value: "b/c": a valid config key must consist of'
    like "patch, JSON: nothing to remove" "$("${p[@]}" --type=json -p '[{"op":"remove","path":"/data/zz"}]' 2>&1)" \
        "The request is invalid"
    like "patch, JSON: no list" "$("${p[@]}" --type=json -p '{"a":1}' 2>&1)" \
        "Error from server (BadRequest): error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    says "patch, merge: null takes away" "configmap/patched patched" "${p[@]}" --type=merge -p '{"data":{"d":null,"e":"5"}}'
    says "patch, strategic: \$patch replace" "configmap/patched patched" "${p[@]}" -p '{"data":{"$patch":"replace","n":"m"}}'
    is "leaves what it says" "$(data patched)" '{"n":"m"}'
    says "patch that changes nothing" "configmap/patched patched (no change)" "${p[@]}" -p '{"data":{"n":"m"}}'
    says "patch --dry-run=server" "configmap/patched patched" "${p[@]}" --dry-run=server -p '{"data":{"n":"q"}}'
    is "changes nothing" "$(data patched)" '{"n":"m"}'
    says "patch of the name" \
        "Error from server (BadRequest): the name of the object (other) does not match the name on the URL (patched)" \
        "${p[@]}" -p '{"metadata":{"name":"other"}}'
    p=(kn patch deployment patched)
    check "patch, strategic: lists by their keys" "${p[@]}" -p \
        '{"spec":{"template":{"spec":{"containers":[{"name":"x","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]}}}}'
    check "patch, strategic: \$patch delete, order" "${p[@]}" -p \
        '{"spec":{"template":{"spec":{"containers":[{"name":"x","$setElementOrder/env":[{"name":"C"},{"name":"B"}],"env":[{"name":"A","$patch":"delete"},{"name":"C","value":"3"}]}]}}}}'
    is "what is left, in that order" \
        "$(get deployment/patched '{.spec.template.spec.containers[0].env[*].name}' -n "$ns")" "C B"
    check "patch, strategic: \$retainKeys" "${p[@]}" -p '{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}'
    is "the others are gone" "$(get deployment/patched '{.spec.strategy}' -n "$ns")" '{"type":"Recreate"}'
    if [ -n "$newest" ]; then
        says "patch --subresource=scale" "scale.autoscaling/patched patched" "${p[@]}" --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'
        says "patch --subresource=status" "deployment.apps/patched patched" "${p[@]}" --subresource=status --type=merge -p '{"status":{"collisionCount":1}}'
        is "of their own parts" "$(get deployment/patched '{.spec.replicas} {.status.collisionCount}' -n "$ns")" "2 1"
        says "patch of a subresource that is none" \
            "Error from server (NotFound): the server could not find the requested resource" \
            "${p[@]}" --subresource=frob --type=merge -p '{}'
    fi
}

pruning() {
    local f=$work/prune.yaml one=$work/prune1.yaml
    config_map kept 'a: "1"' ', labels: {set: p}' >"$one"
    { cat "$one" && echo --- && config_map pruned 'a: "1"' ', labels: {set: p}'; } >"$f"
    P=(kn apply --prune -l set=p)
    if [ -n "$newest" ]; then P+=(--prune-allowlist=core/v1/ConfigMap); else P+=(--prune-whitelist=core/v1/ConfigMap); fi
    says "apply --prune" $'configmap/kept created\nconfigmap/pruned created' "${P[@]}" -f "$f"
    says "apply --prune of less" $'configmap/kept unchanged\nconfigmap/pruned pruned' "${P[@]}" -f "$one"
    [ -n "$newest" ] || return 0
    sed -i 's/, labels: {set: p}//; s/name: kept/name: member/; s/name: pruned/name: leaves/' "$f" "$one"
    export KUBECTL_APPLYSET=true
    says "apply --applyset" $'configmap/member created\nconfigmap/leaves created' kn apply -f "$f" --prune --applyset=all
    like "its parent knows" "$(kn get secret all -o yaml)" \
        "applyset.kubernetes.io/contains-group-kinds: ConfigMap" "applyset.kubernetes.io/id: applyset-"
    says "apply --applyset of less" $'configmap/member unchanged\nconfigmap/leaves pruned' kn apply -f "$one" --prune --applyset=all
    unset KUBECTL_APPLYSET
}

waiting() {
    kn create deployment waits --image=x >/dev/null
    like "wait for a condition" "$(kn wait --for=condition=Progressing deployment/waits --timeout=100s)" "condition met"
    like "wait for a condition that is false" \
        "$(kn wait --for=condition=Available=false deployment/waits --timeout=100s)" "condition met"
    says "wait for what does not come" "error: timed out waiting for the condition on deployments/waits" \
        kn wait --for=condition=Available deployment/waits --timeout=1s
    kn create configmap waited >/dev/null
    if [ -n "$newest" ]; then
        (sleep 1; kn patch cm waited -p '{"data":{"a":"b"}}') >/dev/null 2>&1 &
        says "wait for a field" "configmap/waited condition met" kn wait --for='jsonpath={.data.a}=b' cm/waited --timeout=100s
        (sleep 1; kn create configmap comes) >/dev/null 2>&1 &
        says "wait for an object" "configmap/comes condition met" kn wait --for=create cm/comes --timeout=100s
    fi
    (sleep 1; kn delete cm waited) >/dev/null 2>&1 &
    check "wait for its end" kn wait --for=delete cm/waited --timeout=100s
}

deleting() {
    local pods="kn get pods -l app=tree -o name"
    kn create deployment tree --image=x >/dev/null
    soon "a tree has leaves" 10 has pod/tree- $pods
    says "delete --dry-run=server" 'deployment.apps "tree" deleted (server dry run)' kn delete deployment tree --dry-run=server
    says "delete --cascade=orphan" 'deployment.apps "tree" deleted' kn delete deployment tree --cascade=orphan
    like "its replica set stays" "$(kn get rs -l app=tree -o name)" replicaset.apps/tree-
    is "without an owner" "$(kn get rs -l app=tree -o 'jsonpath={.items[*].metadata.ownerReferences}')" ""
    check "delete --cascade=foreground" kn delete rs -l app=tree --cascade=foreground --timeout=100s
    is "leaves go first" "$(kn get pods -l app=tree -o name)" ""
    kn create deployment tree --image=x >/dev/null
    soon "another tree" 10 has pod/tree- $pods
    check "delete --cascade=background" kn delete deployment tree --cascade=background
    soon "leaves go after" 20 same "" $pods
    kn run now --image=x >/dev/null
    like "delete --now" "$(kn delete pod now --now 2>&1)" 'pod "now" deleted'
    kn run forced --image=x >/dev/null
    like "delete --force" "$(kn delete pod forced --force --grace-period=0 2>&1)" 'pod "forced" force deleted'
    config_map raw 'a: "1"' | kn create -f - >/dev/null
    like "delete --raw" "$(kn delete --raw "/api/v1/namespaces/$ns/configmaps/raw")" \
        '"status":"Success","details":{"name":"raw","kind":"configmaps","uid":"'
    kn create configmap held >/dev/null
    kn patch cm held -p '{"metadata":{"finalizers":["example.com/hold"]}}' >/dev/null
    like "delete of what a finalizer holds" "$(kn delete cm held --timeout=1s 2>&1)" \
        "error: timed out waiting for the condition on configmaps/held"
    kn patch cm held --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]' >/dev/null
    like "until it is taken away" "$(kn get cm held 2>&1)" 'configmaps "held" not found'
}

dev_start
both_kubectls write editing last_applied differences patching pruning waiting deleting
dev_stop
finish
