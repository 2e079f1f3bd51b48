#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Who may what, by kubectl, against `coxswain dev`: auth, impersonation, tokens, certificates; and
# nodes as their keepers see them. Debian's 1.20 and, where there is one, the newest on PATH.
. "$(dirname "$0")/lib.sh"

may() { says "auth can-i ${*:2}" "$1" kn auth can-i "${@:2}"; } # answer, question

asking() {
    may yes '*' '*'
    may yes delete deployments.apps
    may no create pods --as=bob
    may yes list secrets --as=bob --as-group=system:masters
    may no get pods --subresource=log --as="system:serviceaccount:$ns:default"
    may yes get /healthz --as=bob
    may no get /metrics --as=bob
    like "auth can-i of a kind that is none" "$(kn auth can-i get unicorns 2>&1)" "the server doesn't have a resource type" yes
    kn auth can-i create pods --as=bob -q
    is "auth can-i -q tells by its status" $? 1
    like "auth can-i --list" "$(kn auth can-i --list --as=bob)" "selfsubjectaccessreviews.authorization.k8s.io" "[/healthz]" "[create]"
    says "impersonation" \
        'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "'"$ns"'"' \
        kn get pods --as=bob
    like "of nobody" "$(kn get pods --as-group=some 2>&1)" "requesting" "groups" "without impersonating a user"
    [ -n "$newest" ] || return 0
    like "auth whoami" "$(k auth whoami)" "Username " "coxswain:admin" "[system:masters system:authenticated]"
    like "auth whoami as another" "$(k auth whoami --as=bob --as-group=g --as-uid=7 -o json)" '"username": "bob"' '"uid": "7"' '"g"'
}

reconciling() {
    cat >"$work/rules.yaml" <<YAML
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: $ns}
rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: $ns}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: robot, namespace: $ns}]
YAML
    kn create serviceaccount robot >/dev/null
    like "auth reconcile" "$(k auth reconcile -f "$work/rules.yaml" 2>&1)" \
        "role.rbac.authorization.k8s.io/reader reconciled" "reconciliation required create" "rolebinding.rbac.authorization.k8s.io/reader reconciled"
    soon "it holds" 5 same yes kn auth can-i list configmaps --as="system:serviceaccount:$ns:robot"
    sed -i 's/resources: \[configmaps\]/resources: [secrets]/' "$work/rules.yaml"
    like "auth reconcile adds" "$(k auth reconcile -f "$work/rules.yaml" 2>&1)" "reconciliation required update" "missing rules added:"
    is "and takes nothing away" "$(get role/reader '{.rules[*].resources[0]}' -n "$ns" | xargs -n1 | sort -u | xargs)" "configmaps secrets"
    like "but when asked to" "$(k auth reconcile -f "$work/rules.yaml" --remove-extra-permissions 2>&1)" "extra rules removed:"
    is "takes it away" "$(get role/reader '{.rules[*].resources[0]}' -n "$ns" | xargs -n1 | sort -u)" secrets
    kn create role writer --verb=create --resource=pods >/dev/null
    like "nobody gives more than they have" \
        "$(kn create role more --verb=delete --resource=nodes --as=bob --as-group="system:serviceaccounts" 2>&1)" "forbidden" 'User "bob" cannot create resource "roles"'
    k create clusterrolebinding "$ns" --clusterrole=admin --user=eve >/dev/null
    like "not even who may write roles" "$(kn create role more --verb=delete --resource=secrets,nodes --as=eve 2>&1)" \
        'roles.rbac.authorization.k8s.io "more" is forbidden: user "eve" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:' \
        '{APIGroups:[""], Resources:["nodes"], Verbs:["delete"]}'
    k delete clusterrolebinding "$ns" >/dev/null
}

tokens() {
    [ -n "$newest" ] || return 0
    kn run bound --image=x --overrides='{"spec":{"serviceAccountName":"robot"}}' >/dev/null
    like "create token" "$(kn create token robot --bound-object-kind=Pod --bound-object-name=bound --duration=1h -o json)" \
        '"kind": "TokenRequest"' '"expirationSeconds": 3600' '"name": "bound"' '"token": "ey'
    like "for a pod that is not there" "$(kn create token robot --bound-object-kind=Pod --bound-object-name=nobody 2>&1)" \
        'error: failed to create token: pods "nobody" not found'
    like "for nobody" "$(kn create token nobody 2>&1)" 'error: failed to create token: serviceaccounts "nobody" not found'
    like "too short" "$(kn create token robot --duration=1s 2>&1)" "may not specify a duration less than 10 minutes"
    local token
    token=$(kn create token robot)
    like "its bearer" "$(k --kubeconfig=/dev/null --server="$url" --certificate-authority="$work/certificate-authority.pem" --token="$token" auth whoami)" \
        "system:serviceaccount:$ns:robot" "[system:serviceaccounts system:serviceaccounts:$ns system:authenticated]"
    like "for others than the server" \
        "$(k --kubeconfig=/dev/null --server="$url" --certificate-authority="$work/certificate-authority.pem" --token="$(kn create token robot --audience=others)" get --raw /api 2>&1)" \
        "(Unauthorized)"
}

is_signed() { [ -n "$(get "csr/$1" '{.status.certificate}')" ]; }
certificates_of() {
    local name
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/jane.key" -subj /O=dev/CN=jane \
        -out "$work/jane.csr" 2>/dev/null
    for name in "$ns-yes" "$ns-no"; do
        k create -f - >/dev/null <<YAML
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: $name}
spec:
  request: $(base64 -w0 "$work/jane.csr")
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
  expirationSeconds: 3600
YAML
    done
    like "get csr" "$(k get csr "$ns-yes")" REQUESTOR SIGNERNAME CONDITION coxswain:admin Pending
    says "certificate approve" "certificatesigningrequest.certificates.k8s.io/$ns-yes approved" k certificate approve "$ns-yes"
    says "certificate deny" "certificatesigningrequest.certificates.k8s.io/$ns-no denied" k certificate deny "$ns-no"
    check "certificate approve after it was denied fails" fails k certificate approve "$ns-no"
    like "wait for it" "$(k wait --for=condition=Approved "csr/$ns-yes" --timeout=100s)" "condition met"
    like "describe csr" "$(k describe csr "$ns-yes")" "Common Name:    jane" "Organization:   dev" "Requesting User:" Approved
    soon "an approved request is signed" 60 is_signed "$ns-yes"
    get "csr/$ns-yes" '{.status.certificate}' | base64 -d >"$work/jane.crt"
    like "who has the certificate is who asked for it" \
        "$(k --kubeconfig=/dev/null --server="$url" --certificate-authority="$work/certificate-authority.pem" \
            --client-certificate="$work/jane.crt" --client-key="$work/jane.key" get pods 2>&1)" 'User "jane" cannot list resource "pods"'
    k delete csr "$ns-yes" "$ns-no" >/dev/null
}
fails() { ! "$@"; }

nodes() {
    local n=$ns
    k create -f - >/dev/null <<YAML
apiVersion: v1
kind: Node
metadata: {name: $n, labels: {node-role.kubernetes.io/worker: ""}}
spec: {podCIDR: 10.99.0.0/24}
YAML
    says "taint" "node/$n tainted" k taint node "$n" a=b:PreferNoSchedule
    like "taint again" "$(k taint node "$n" a=c:PreferNoSchedule 2>&1)" "already has" "--overwrite is false"
    says "taint --overwrite" "node/$n modified" k taint node "$n" a=c:PreferNoSchedule --overwrite
    says "untaint" "node/$n untainted" k taint node "$n" a:PreferNoSchedule-
    like "a taint that is none" "$(k taint node "$n" a=b:Sometimes 2>&1)" "invalid taint"
    says "cordon" "node/$n cordoned" k cordon "$n"
    says "cordon again" "node/$n already cordoned" k cordon "$n"
    like "get node" "$(k get node "$n")" SchedulingDisabled worker
    says "uncordon --dry-run=server" "node/$n uncordoned (server dry run)" k uncordon "$n" --dry-run=server
    says "uncordon" "node/$n uncordoned" k uncordon "$n"
    like "describe node" "$(k describe node "$n")" "PodCIDR:" "10.99.0.0/24" "Non-terminated Pods:" "Unschedulable:      false"
    if [ -n "$newest" ]; then
        kn run guarded --image=x --overrides="{\"spec\":{\"nodeName\":\"$n\",\"tolerations\":[{\"operator\":\"Exists\"}]}}" >/dev/null
        kn patch pod guarded --subresource=status --type=merge -p '{"status":{"phase":"Running"}}' >/dev/null
        kn create pdb guard --selector=run=guarded --min-available=1 >/dev/null
        kn patch pdb guard --subresource=status --type=merge -p \
            '{"status":{"observedGeneration":1,"disruptionsAllowed":0,"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}' >/dev/null
        like "drain of what no controller keeps" "$(k drain "$n" 2>&1)" "cannot delete" "$ns/guarded"
        like "drain against a budget" "$(k drain "$n" --force --timeout=6s 2>&1)" \
            "error when evicting pods/\"guarded\" -n \"$ns\" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget."
        check "the pod stays" kn get pod guarded
        kn delete pdb guard >/dev/null
        like "drain" "$(k drain "$n" --force --grace-period=0 --timeout=100s 2>&1)" "pod/guarded evicted" "node/$n drained"
    fi
    check "delete node" k delete node "$n"
}

dev_start
both_kubectls access asking reconciling tokens certificates_of nodes
dev_stop
finish
