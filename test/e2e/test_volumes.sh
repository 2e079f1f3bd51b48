#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container finds inside: files of every volume type of the core, the environment in every form.
. "$(dirname "$0")/lib.sh"
cluster_start

mkdir -p "$work/host/folder"
echo from the host >"$work/host/file"
k create configmap settings --from-literal=color=blue --from-literal=size=5 >/dev/null
k create secret generic keys --from-literal=password=hush --from-literal=user=eve >/dev/null
k create service clusterip shop --clusterip=10.96.0.50 --tcp=80:8080 --dry-run=client -o yaml |
    sed 's/name: 80-8080/name: http/' | k apply -f - >/dev/null
k create configmap script --from-literal=show.sh='
show() { printf "%s=" "$1"; shift; "$@" 2>&1 | tr "\n" " "; echo; }
show empty sh -c "echo kept > /empty/a && cat /empty/a"
show memory sh -c "mount | grep -c \"on /memory type tmpfs\""
show config cat /config/color /config/size
show item cat /items/deep/name
show mode stat -L -c %a /items/deep/name
show one cat /single/color.txt
show secret cat /secret/password
show secretfs sh -c "mount | grep -c \"on /secret type tmpfs\""
show secretmode stat -L -c %a /secret/password
show readonly sh -c "echo x > /config/color"
show host cat /host/file
show hosttype cat /hostfile
show labels cat /down/labels
show annotations cat /down/annotations
show downname cat /down/name
show limit cat /down/cpu
show projected cat /all/color /all/password /all/where
show sub cat /sub/b
show token sh -c "cut -d. -f1 /var/run/secrets/kubernetes.io/serviceaccount/token | wc -c | grep -vqx 1 && echo there"
show ca head -n 1 /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
show ns cat /var/run/secrets/kubernetes.io/serviceaccount/namespace
show hosts sh -c "grep -c inside /etc/hosts"
show hostname hostname
show env sh -c "echo \$PLAIN/\$FROM_IMAGE/\$EXPANDED/\$ESCAPED/\$COLOR/\$PASSWORD/\${OPTIONAL-unset}"
show fields sh -c "echo \$NAME/\$SPACE/\$NODE/\$ACCOUNT/\$LABEL"
show ips sh -c "test \$IP = \$(hostname -i) && echo same"
show resources sh -c "echo \$CPU/\$MEM/\$MEMK"
show from sh -c "echo \$color/\$size/\$S_password/\$S_user"
show order sh -c "echo \$size2"
show service sh -c "echo \$SHOP_SERVICE_HOST:\$SHOP_SERVICE_PORT_HTTP/\$SHOP_PORT"
show user id -u
show args echo "$@"
show cwd pwd
show cgroup cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max
echo end
sleep 1000
' >/dev/null
k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata:
  name: inside
  labels: {app: inside, tier: "1"}
  annotations: {note: "two words"}
spec:
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 0}
  containers:
  - name: main
    image: coxswain.local/busybox:1
    command: [sh, /script/show.sh]
    args: ["\$(PLAIN)", "\$\$(PLAIN)", "\$(UNKNOWN)"]
    workingDir: /etc
    resources:
      requests: {cpu: 20m}
      limits: {cpu: 1500m, memory: 64Mi}
    envFrom:
    - configMapRef: {name: settings}
    - secretRef: {name: keys}
      prefix: S_
    - configMapRef: {name: absent, optional: true}
    env:
    - {name: PLAIN, value: simple}
    - {name: EXPANDED, value: "\$(PLAIN)-\$(LATER)-\$(color)"}
    - {name: ESCAPED, value: "\$\$(PLAIN)"}
    - {name: LATER, value: later}
    - {name: size, value: "6"}
    - {name: size2, value: "\$(size)"}
    - {name: COLOR, valueFrom: {configMapKeyRef: {name: settings, key: color}}}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: keys, key: password}}}
    - {name: OPTIONAL, valueFrom: {secretKeyRef: {name: keys, key: none, optional: true}}}
    - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    - {name: ACCOUNT, valueFrom: {fieldRef: {fieldPath: spec.serviceAccountName}}}
    - {name: LABEL, valueFrom: {fieldRef: {fieldPath: "metadata.labels['tier']"}}}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: MEM, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
    - {name: MEMK, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Ki}}}
    volumeMounts:
    - {name: script, mountPath: /script}
    - {name: empty, mountPath: /empty}
    - {name: empty, mountPath: /sub, subPath: below}
    - {name: memory, mountPath: /memory}
    - {name: config, mountPath: /config}
    - {name: config, mountPath: /single/color.txt, subPath: color}
    - {name: items, mountPath: /items}
    - {name: secret, mountPath: /secret, readOnly: true}
    - {name: host, mountPath: /host}
    - {name: hostfile, mountPath: /hostfile}
    - {name: down, mountPath: /down}
    - {name: all, mountPath: /all}
  initContainers:
  - name: first
    image: coxswain.local/busybox:1
    command: [sh, -c, "echo sub > /empty/b"]
    volumeMounts:
    - {name: empty, mountPath: /empty, subPath: below}
  volumes:
  - {name: script, configMap: {name: script}}
  - {name: empty, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 8Mi}}
  - {name: config, configMap: {name: settings}}
  - {name: items, configMap: {name: settings, items: [{key: color, path: deep/name, mode: 0400}]}}
  - {name: secret, secret: {secretName: keys, defaultMode: 0440}}
  - {name: host, hostPath: {path: $work/host, type: Directory}}
  - {name: hostfile, hostPath: {path: $work/host/file}}
  - name: down
    downwardAPI:
      items:
      - {path: labels, fieldRef: {fieldPath: metadata.labels}}
      - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}
      - {path: name, fieldRef: {fieldPath: metadata.name}}
      - {path: cpu, resourceFieldRef: {containerName: main, resource: limits.cpu, divisor: 1m}}
  - name: all
    projected:
      sources:
      - configMap: {name: settings, items: [{key: color, path: color}]}
      - secret: {name: keys, items: [{key: password, path: password}]}
      - downwardAPI: {items: [{path: where, fieldRef: {fieldPath: metadata.namespace}}]}
YAML
soon "the pod runs" 20 same Running get pod/inside '{.status.phase}'
soon "and has shown all" 10 has "end" k logs inside
k logs inside >"$work/shown"
shown() { sed -n "s/^$1=//p" "$work/shown" | sed 's/ *$//'; }
node=$(get nodes '{.items[0].metadata.name}')
while IFS='|' read -r name wanted about; do
    is "$about" "$(shown "$name")" "$wanted"
done <<TABLE
empty|kept|emptyDir is writable
memory|1|emptyDir in memory is a tmpfs
config|blue5|configMap, each key a file
item|blue|configMap items under a path
mode|400|with a mode
one|blue|subPath mounts one file
secret|hush|secret
secretfs|1|secrets are in memory
secretmode|440|with their mode
readonly|sh: can't create /config/color: Read-only file system|configMaps cannot be written
host|from the host|hostPath folder
hosttype|from the host|hostPath file
labels|app="inside" tier="1"|downwardAPI labels
annotations|$(k get pod inside -o json | python3 -c 'import json, sys
for key, value in sorted(json.load(sys.stdin)["metadata"]["annotations"].items()): print(key + "=" + json.dumps(value).replace("\\n", "\\\\n"), end=" ")' | sed 's/ *$//; s/\\\\n/\\n/g')|downwardAPI annotations
downname|inside|downwardAPI name
limit|1500|downwardAPI resource with a divisor
projected|bluehushdefault|projected volumes
sub|sub|subPath of an emptyDir, made by the init container
token|there|a service account token
ca|-----BEGIN CERTIFICATE-----|the CA beside it
ns|default|the namespace beside it
hosts|1|the pod is in /etc/hosts
hostname|inside|the pod's name is the host's
env|simple/yes/simple-\$(LATER)-blue/\$(PLAIN)/blue/hush/unset|environment: plain, of the image, expanded, escaped, from keys, optional
fields|inside/default/$node/default/1|environment: fields
ips|same|environment: the pod's address
resources|2/67108864/65536|environment: resources
from|blue/6/hush/eve|environment: whole config maps and secrets, overridden
order|6|environment: an override is seen by what follows
service|10.96.0.50:80/tcp://10.96.0.50:80|environment: services of the namespace
user|0|runAsUser
args|simple \$(PLAIN) \$(UNKNOWN)|arguments are expanded
cwd|/etc|workingDir
TABLE
like "the memory limit is in the cgroup" "$(shown cgroup)" 67108864

# ---- changes reach the files ----
k patch configmap settings -p '{"data":{"color":"green"}}' >/dev/null
k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: later}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: coxswain.local/busybox:1
    command: [sh, -c, "cat /config/color; echo; sleep 1000"]
    volumeMounts: [{name: config, mountPath: /config}]
  volumes: [{name: config, configMap: {name: settings}}]
YAML
soon "a new pod sees the new value" 15 has green k logs later

# ---- what a pod may not mount ----
k apply -f - >/dev/null <<YAML
apiVersion: v1
kind: Pod
metadata: {name: astray}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: main
    image: coxswain.local/busybox:1
    command: [sleep, "1000"]
    volumeMounts: [{name: host, mountPath: /host}]
  volumes: [{name: host, hostPath: {path: $work/none, type: Directory}}]
YAML
soon "hostPath of the wrong type: the event" 15 has "hostPath type check failed: $work/none is not a directory" event astray FailedMount

# ---- and nothing is left ----
check "delete" k delete pod inside later astray --timeout=100s
mounts() { grep -c "$data/kubelet/pods" "/proc/$(ps -o pid= -C kubelet --ppid "$(cat "$work/supervisor.pid")" | head -n 1 | tr -d ' ')/mounts"; }
soon "their mounts are gone" 10 same 0 mounts
soon "their folders are gone" 10 same "" ls "$data/kubelet/pods"
is "what was on the host is still there" "$(cat "$work/host/file")" "from the host"
finish
