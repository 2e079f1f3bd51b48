// SPDX-License-Identifier: Apache-2.0
/* What the runtime shows of one pod, and the names under which the kubelet finds its things there
 * again (upstream's label and annotation keys). A view is immutable and lives in an arena; each
 * observation makes a new one. */
#pragma once

#include "api/types.h"

#define LABEL_POD_NAME       "io.kubernetes.pod.name"
#define LABEL_POD_NAMESPACE  "io.kubernetes.pod.namespace"
#define LABEL_POD_UID        "io.kubernetes.pod.uid"
#define LABEL_CONTAINER_NAME "io.kubernetes.container.name"
#define ANNO_HASH            "io.kubernetes.container.hash"
#define ANNO_RESTART_COUNT   "io.kubernetes.container.restartCount"
#define ANNO_TERM_PATH       "io.kubernetes.container.terminationMessagePath"
#define ANNO_TERM_POLICY     "io.kubernetes.container.terminationMessagePolicy"
#define ANNO_GRACE           "io.kubernetes.pod.terminationGracePeriod"
#define ANNO_PRE_STOP        "io.kubernetes.container.preStopHandler"
#define ANNO_CONTAINER_PORTS "io.kubernetes.container.ports"
#define ANNO_CONFIG_SEEN     "kubernetes.io/config.seen"
#define ANNO_CONFIG_SOURCE   "kubernetes.io/config.source"

/* Numbers as in CRI. */
enum rt_state { RT_CREATED, RT_RUNNING, RT_EXITED, RT_UNKNOWN, RT_STATE_MAX };

struct rt_container {
    str id, name, sandbox_id;
    str image, image_ref; /* as asked for; the id of what it became */
    enum rt_state state;
    uint32_t attempt;                   /* = restart count */
    int64_t created, started, finished; /* wall, ns; 0: not yet */
    int32_t exit_code;
    str reason, message;
    str hash; /* of the spec it was made from */
    str log_path;
    int64_t grace; /* seconds, from the annotation; -1: unknown */
    int pid;       /* 0: unknown */
};

struct rt_sandbox {
    str id;
    bool ready;
    uint32_t attempt;
    int64_t created;
    const str *ips;
    uint32_t n_ips;
    int pid;
};

struct rt_pod {
    str uid, ns, name;
    struct {
        struct rt_sandbox *v;
        uint32_t n;
    } sandboxes; /* newest first */
    struct {
        struct rt_container *v;
        uint32_t n;
    } containers; /* newest first */
};

/* Puts newest first (by attempt, then by time); after the lists have been filled. */
void rt_pod_sort(struct rt_pod *p);
const struct rt_container *rt_newest(const struct rt_pod *p, str name); /* or NULL */
/* The instance before the newest that has ended, for lastState. */
const struct rt_container *rt_previous(const struct rt_pod *p, str name);
const struct rt_container *rt_by_id(const struct rt_pod *p, str id);
const struct rt_sandbox *
rt_ready_sandbox(const struct rt_pod *p); /* the newest when ready, or NULL */
static inline bool rt_alive(const struct rt_container *c) {
    return c->state == RT_RUNNING || c->state == RT_CREATED || c->state == RT_UNKNOWN;
}

/* What the restart annotation compares: FNV-1a of name and image, in hex. */
str container_hash(struct arena *a, const Container *c);
/* "name_namespace(uid)" as upstream's messages show a pod. */
str pod_format(struct arena *a, const ObjectMeta *m);
bool container_is_sidecar(const Container *init);
/* All containers in the order they start: init, then main; i from 0. NULL past the end. */
const Container *pod_container(const Pod *p, uint32_t i, bool *ret_init);
const Container *pod_container_named(const Pod *p, str name, bool *ret_init);
