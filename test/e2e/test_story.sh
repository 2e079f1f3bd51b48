#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a user does first: create, look, scale, read logs, apply, roll out, delete. Each pod's answer
# over HTTP is compared with what the runtime says about the container behind that address. Told
# twice, by the newest kubectl and by Debian's 1.20.
. "$(dirname "$0")/lib.sh"
cluster_start

ctr() { command ctr -a "$run/containerd.sock" -n k8s.io "$@"; }
pods() { k get pods -l "app=$1" -o "jsonpath={range .items[*]}$2{'\n'}{end}"; }
count() { pods "$1" '{.metadata.name}' | grep -c .; }
ready() { [ "$(get "deployment/$1" '{.status.readyReplicas}/{.status.replicas}/{.status.updatedReplicas}')" = "$2/$2/$2" ]; }
manifest() { # name, replicas, version (an environment variable)
    sed -e "s/name: hello\$/name: $1/; s/app: hello/app: $1/; s/replicas: 3/replicas: $2/" \
        -e "s/^        env:/&\n        - {name: VERSION, value: \"$3\"}/" images/hello/hello.yaml
}

# ---- the node ----
soon "the node has its runtime" 5 has containerd:// get nodes '{.items[0].status.nodeInfo}'
like "get nodes -o wide" "$(k get nodes -o wide)" Ready v1.36 containerd:// "$(uname -r)"

who() { # name, what the answer says, what the runtime says of the pod with that uid
    local name ip uid answer id seen
    while read -r name ip uid; do
        answer=$(http_pod "$ip")
        like "$name answers at $ip" "$answer" "pod=$name" "ip=$ip"
        id=$(ctr containers ls -q "labels.\"io.kubernetes.pod.uid\"==$uid,labels.\"io.cri-containerd.kind\"==container")
        seen=$(ctr containers info "$id" | python3 -c '
import json, sys
labels = json.load(sys.stdin)["Labels"]
print(labels["io.kubernetes.pod.name"], labels["io.kubernetes.pod.uid"])')
        is "the runtime has $name with its uid" "$seen" "$name $uid"
        is "its container id is in the status" \
            "$(get "pod/$name" '{.status.containerStatuses[0].containerID}')" "containerd://$id"
    done < <(pods "$1" '{.metadata.name} {.status.podIP} {.metadata.uid}')
}
watch_lowest() { # the fewest ready pods seen while the update runs
    local n lowest=99
    while [ ! -e "$work/rolled" ]; do
        n=$(get deployment/shop '{.status.availableReplicas}')
        [ "${n:-0}" -ge "$lowest" ] || lowest=${n:-0}
        echo "$lowest" >"$work/lowest"
    done
}

story() {
    rm -f "$work/rolled" "$work/follow"
    # create
    check "create deployment" k create deployment web --image=coxswain.local/hello:1 --replicas=3
    check "rollout status" k rollout status deployment/web --timeout=100s
    like "get deployment" "$(k get deployment web)" 3/3
    like "get pods -A" "$(k get pods -A)" default web- 1/1 Running
    is "three addresses" "$(pods web '{.status.podIP}' | sort -u | grep -c .)" 3

    # who answers
    who web
    like "logs deployment/web" "$(k logs deployment/web)" "listening on port 8080"
    one=$(pods web '{.metadata.name}' | head -n 1)
    like "logs show requests" "$(k logs "$one")" '"GET / HTTP/1.1" 200'
    is "logs --tail=1" "$(k logs "$one" --tail=1 | grep -c .)" 1
    like "logs --timestamps" "$(k logs "$one" --timestamps --tail=1)" "$(date -u +%Y-)"
    (k logs -f "$one" >"$work/follow" & echo $! >"$work/follow.pid"; wait) 2>/dev/null &
    sleep 0.5
    http_pod "$(get "pod/$one" '{.status.podIP}')" followed >/dev/null
    soon "logs -f follows" 5 grep -q 'GET /followed' "$work/follow"
    kill "$(cat "$work/follow.pid")" 2>/dev/null

    # scale
    check "scale to 5" k scale deployment/web --replicas=5
    soon "five are ready" 20 ready web 5
    check "scale to 2" k scale deployment/web --replicas=2
    soon "two are left" 40 same 2 count web

    # apply
    manifest shop 2 one >"$work/shop.yaml"
    check "apply creates" k apply -f "$work/shop.yaml"
    check "it rolls out" k rollout status deployment/shop --timeout=100s
    like "apply again changes nothing" "$(k apply -f "$work/shop.yaml")" unchanged
    who shop
    like "the downward API names the node" "$(http_pod "$(pods shop '{.status.podIP}' | head -n 1)")" \
        "node=$(get nodes '{.items[0].metadata.name}')" namespace=default

    # rolling update
    old=$(pods shop '{.metadata.uid}' | sort)
    watch_lowest &
    watcher=$!
    manifest shop 2 two >"$work/shop.yaml"
    like "apply changes the template" "$(k apply -f "$work/shop.yaml")" configured
    check "the update rolls out" k rollout status deployment/shop --timeout=100s
    touch "$work/rolled"
    wait "$watcher"
    is "never fewer than two were available" "$(cat "$work/lowest")" 2
    soon "two pods are left" 30 same 2 count shop
    is "none of the old ones" "$(comm -12 <(echo "$old") <(pods shop '{.metadata.uid}' | sort))" ""
    is "two replica sets, one of them empty" \
        "$(k get rs -l app=shop -o 'jsonpath={.items[*].spec.replicas}' | tr ' ' '\n' | sort | xargs)" "0 2"
    like "rollout history" "$(k rollout history deployment/shop)" 1 2
    check "rollout undo" k rollout undo deployment/shop
    check "it rolls back" k rollout status deployment/shop --timeout=100s
    is "to the first template" "$(get deployment/shop '{.spec.template.spec.containers[0].env[0].value}')" one
    check "a bad image" k set image deployment/shop shop=coxswain.local/nowhere:1
    soon "stops the rollout with one new pod" 20 has "1 1" get deployment/shop '{.status.updatedReplicas} {.status.unavailableReplicas}'
    is "while the old ones serve" "$(get deployment/shop '{.status.availableReplicas}')" 2

    # recreate
    k rollout undo deployment/shop >/dev/null
    k patch deployment shop -p '{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}' >/dev/null
    k rollout status deployment/shop --timeout=100s >/dev/null
    before=$(pods shop '{.metadata.uid}' | sort)
    check "set env under Recreate" k set env deployment/shop VERSION=three
    check "rolls out" k rollout status deployment/shop --timeout=100s
    is "all pods are new" "$(comm -12 <(echo "$before") <(pods shop '{.metadata.uid}' | sort))" ""

    # delete
    check "delete deployment" k delete deployment web shop --wait=false
    soon "its replica sets go" 20 same "" k get rs -o name
    soon "its pods go" 45 same "" k get pods -o name
    soon "the runtime has no container left" 10 same "" ctr containers ls -q
}

about="$(kubectl_version): "
story
newest=$kubectl
kubectl_debian
if [ "$kubectl" != "$newest" ]; then
    about="$(kubectl_version): "
    story
fi
finish
