#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What kubectl makes by itself, against `coxswain dev`: every create, run, expose, autoscale, set,
# scale and rollout. Debian's 1.20 (which makes cron jobs, budgets in versions that are no longer
# served) and, where there is one, the newest on PATH.
. "$(dirname "$0")/lib.sh"

field() { get "$1" "{$2}" -n "$ns"; }
# makes WANTED ARGUMENTS...: create says that it made it.
makes() { says "create ${*:2:2}" "$1 created" kn create "${@:2}"; }

creating() {
    makes resourcequota/q quota q --hard=pods=20,services=9
    like "create quota with a scope that does not fit" "$(kn create quota r --hard=services=5 --scopes=NotTerminating 2>&1)" \
        'ResourceQuota "r" is invalid: spec.scopes: Invalid value:' "unsupported scope applied to resource"
    makes ingress.networking.k8s.io/i ingress i --class=nginx --rule='foo.com/bar*=svc:8080,tls=my' --annotation a=b
    is "its path" "$(field ing/i '.spec.rules[0].http.paths[0].pathType}{.spec.rules[0].http.paths[0].path')" Prefix/bar
    makes priorityclass.scheduling.k8s.io/"$ns" priorityclass "$ns" --value=100 --description=hi
    makes role.rbac.authorization.k8s.io/r role r --verb=get --resource=pods,deployments.apps/scale
    makes clusterrole.rbac.authorization.k8s.io/"$ns" clusterrole "$ns" --verb=get --non-resource-url='/logs/*'
    makes clusterrole.rbac.authorization.k8s.io/"$ns-sum" clusterrole "$ns-sum" --aggregation-rule=x=y
    makes rolebinding.rbac.authorization.k8s.io/b rolebinding b --role=r --user=u --group=g
    makes clusterrolebinding.rbac.authorization.k8s.io/"$ns" clusterrolebinding "$ns" --clusterrole="$ns" --serviceaccount="$ns:default"
    makes serviceaccount/robot serviceaccount robot

    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=t \
        -keyout "$work/t.key" -out "$work/t.crt" 2>/dev/null
    makes secret/tls secret tls tls --cert="$work/t.crt" --key="$work/t.key"
    is "its type" "$(field secret/tls .type)" kubernetes.io/tls
    makes secret/registry secret docker-registry registry --docker-username=u --docker-password=p --docker-email=e@x
    is "its type" "$(field secret/registry .type)" kubernetes.io/dockerconfigjson
    printf 'A=1\nB=two\n' >"$work/env"
    printf '\x00\xff' >"$work/bytes"
    echo hi >"$work/text"
    makes secret/files secret generic files --from-file="$work/bytes" --from-literal=word=hush
    is "bytes are bytes" "$(field secret/files .data.bytes)" AP8=
    makes configmap/env configmap env --from-env-file="$work/env"
    is "lines are keys" "$(field cm/env .data.A}{.data.B)" 1two
    makes configmap/files configmap files --from-file="$work/bytes" --from-file=k="$work/text"
    is "bytes that are no text" "$(field cm/files .binaryData.bytes}{.data.k)" AP8=hi

    makes service/cluster service clusterip cluster --tcp=80:8080
    makes service/headless service clusterip headless --clusterip=None
    makes service/node service nodeport node --tcp=80
    makes service/balancer service loadbalancer balancer --tcp=80
    makes service/name service externalname name --external-name=x.y
    is "addresses are given where they are wanted" \
        "$(kn get svc -o 'jsonpath={range .items[*]}{.metadata.name}={.spec.clusterIP};{end}' | sed -E 's/[0-9]+(\.[0-9]+){3}/IP/g')" \
        "balancer=IP;cluster=IP;headless=None;name=;node=IP;"
    like "create service with a port that is taken" \
        "$(kn create service nodeport twice --tcp=80 --node-port="$(field svc/node '.spec.ports[0].nodePort')" 2>&1)" \
        'Service "twice" is invalid: spec.ports[0].nodePort: Invalid value:' "provided port is already allocated"
    like "create service with an address that is taken" \
        "$(kn create service clusterip twice --tcp=80 --clusterip="$(field svc/cluster .spec.clusterIP)" 2>&1)" \
        'Service "twice" is invalid: spec.clusterIPs: Invalid value: ["' '"]: failed to allocate IP' "provided IP is already allocated"

    makes job.batch/j job j --image=x -- date
    [ -n "$newest" ] || return 0
    makes poddisruptionbudget.policy/p pdb p --selector=app=x --min-available=1
    makes poddisruptionbudget.policy/q pdb q --selector=app=x --max-unavailable=50%
    makes cronjob.batch/cj cronjob cj --image=x --schedule='*/5 * * * *' -- date
    makes job.batch/of-cj job of-cj --from=cronjob/cj
    is "its owner" "$(field job/of-cj '.metadata.ownerReferences[0].kind}/{.metadata.ownerReferences[0].name')" CronJob/cj
    like "create cronjob with a schedule that is none" "$(kn create cronjob bad --image=x --schedule='61 * * * *' 2>&1)" \
        'CronJob.batch "bad" is invalid: spec.schedule: Invalid value: "61 * * * *"'
}

running() {
    says "create deployment" "deployment.apps/web created" kn create deployment web --image=x --replicas=2 --port=80
    says "run --expose" $'service/alone created\npod/alone created' \
        kn run alone --image=x --labels=a=b --env=X=1 --port=80 --expose
    says "expose" "service/web exposed" kn expose deployment web --port=80 --target-port=8080
    is "selects its pods" "$(field svc/web '.spec.selector.app}{.spec.ports[0].targetPort')" web8080
    says "autoscale" "horizontalpodautoscaler.autoscaling/web autoscaled" kn autoscale deployment web --min=1 --max=3 --cpu-percent=50
    is "whom, to what" \
        "$(field horizontalpodautoscalers.v2.autoscaling/web '.spec.scaleTargetRef.name} {.spec.minReplicas} {.spec.maxReplicas} {.spec.metrics[0].resource.target.averageUtilization')" "web 1 3 50"
    like "as version 1" "$(field horizontalpodautoscalers.v1.autoscaling/web .spec.targetCPUUtilizationPercentage)" 50
}

setting() {
    says "set image" "deployment.apps/web image updated" kn set image deployment/web x=y
    says "set env" "deployment.apps/web env updated" kn set env deployment/web A=b
    like "set env --list" "$(kn set env deployment/web --list)" "# Deployment web, container x" A=b
    says "set env --from" "deployment.apps/web env updated" kn set env deployment/web --from=cm/env --prefix=E_
    is "as references" "$(field deployment/web '.spec.template.spec.containers[0].env[*].name' | xargs -n1 | sort | xargs)" "A E_A E_B"
    says "unset env" "deployment.apps/web env updated" kn set env deployment/web A- E_A-
    is "one is left" "$(field deployment/web '.spec.template.spec.containers[0].env[*].name')" E_B
    says "set resources" "deployment.apps/web resource requirements updated" \
        kn set resources deployment web --limits=cpu=0.2,memory=512Mi --requests=cpu=100m
    is "canonical" "$(field deployment/web '.spec.template.spec.containers[0].resources.limits.cpu')" 200m
    says "set serviceaccount" "deployment.apps/web serviceaccount updated" kn set serviceaccount deployment web robot
    says "set selector" "service/web selector updated" kn set selector svc web app=other
    says "set subject" "rolebinding.rbac.authorization.k8s.io/b subjects updated" kn set subject rolebinding b --user=z
    is "beside the others" "$(field rolebinding/b '.subjects[*].name')" "u g z"
    like "set resources that do not fit" "$(kn set resources deployment web --requests=cpu=2 2>&1)" \
        'spec.template.spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 200m'
}

scaling() {
    says "scale" "deployment.apps/web scaled" kn scale deployment web --replicas=3
    says "scale --current-replicas" "deployment.apps/web scaled" kn scale deployment web --current-replicas=3 --replicas=2
    like "scale with another count" "$(kn scale deployment web --current-replicas=9 --replicas=1 2>&1)" "Expected replicas to be 9, was 2"
    like "scale with another revision" "$(kn scale deployment web --resource-version=1 --replicas=1 2>&1)" "Expected resource version to be 1, was "
    like "scale what is not there" "$(kn scale deployment nope --replicas=1 2>&1)" 'deployments.apps "nope" not found'
    like "scale what does not scale" "$(kn scale cm env --replicas=1 2>&1)" "could not find the requested resource"
    is "to this" "$(field deployment/web .spec.replicas)" 2
}

history_of() { kn rollout history deployment/rolls | awk '$1 ~ /^[0-9]+$/ {print $1}' | xargs; }
rolling() {
    kn create deployment rolls --image=one >/dev/null
    soon "rollout history" 10 same 1 history_of
    kn annotate deployment rolls kubernetes.io/change-cause=second >/dev/null
    kn set image deployment/rolls one=two >/dev/null
    soon "another revision" 10 same "1 2" history_of
    like "rollout history tells why" "$(kn rollout history deployment/rolls)" "2         second"
    like "rollout history --revision" "$(kn rollout history deployment/rolls --revision=2)" "with revision #2" "Image:	two" \
        "pod-template-hash="
    says "rollout undo" "deployment.apps/rolls rolled back" kn rollout undo deployment/rolls
    soon "the first is the third now" 10 same "2 3" history_of
    is "with its image" "$(field deployment/rolls '.spec.template.spec.containers[0].image')" one
    says "rollout undo --to-revision" "deployment.apps/rolls rolled back" kn rollout undo deployment/rolls --to-revision=2
    soon "and so on" 10 same "3 4" history_of
    like "rollout undo to what never was" "$(kn rollout undo deployment/rolls --to-revision=99 2>&1)" "unable to find"
    says "rollout restart" "deployment.apps/rolls restarted" kn rollout restart deployment/rolls
    soon "is a revision too" 10 same "3 4 5" history_of
    says "rollout pause" "deployment.apps/rolls paused" kn rollout pause deployment/rolls
    like "rollout pause again" "$(kn rollout pause deployment/rolls 2>&1)" "is already paused"
    like "rollout restart of what is paused" "$(kn rollout restart deployment/rolls 2>&1)" "can't restart paused deployment"
    says "rollout resume" "deployment.apps/rolls resumed" kn rollout resume deployment/rolls
    like "rollout status" "$(kn rollout status deployment/rolls --timeout=1s 2>&1)" 'Waiting for deployment "rolls" rollout to finish'
    is "rollout status does not wait" "$(kn rollout status deployment/rolls --watch=false | wc -l)" 1
}

tidying() { # what has no namespace
    k delete clusterrole "$ns" "$ns-sum" >/dev/null
    k delete clusterrolebinding "$ns" >/dev/null
    k delete priorityclass "$ns" >/dev/null
}

dev_start
both_kubectls make creating running setting scaling rolling tidying
dev_stop
finish
