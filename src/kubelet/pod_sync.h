// SPDX-License-Identifier: Apache-2.0
/* The kubelet's core, pure: what a pod shall be, what the runtime shows of it, the operations in
 * flight and the time -> operations to start or to cancel, and events to record.
 *
 * One struct pod_state a pod (by UID). Its owner
 * - calls pod_sync() whenever anything of that changed or `wake` has come,
 * - starts each action that came out, and for each calls pod_op_done() once, also when it was
 *   cancelled (with -ECANCELED) or failed to start,
 * - shows a new view of the runtime after each operation on it: no operation on the runtime is
 *   decided upon from a view that is older than the last one's end (view_seq).
 *
 * At most one operation is in flight for each (kind's target): the volumes, the sandbox, a
 * container. State of this struct may be lost at any time: what must survive is in the runtime's
 * labels, the pod's folder on disk and the API. */
#pragma once

#include "base/env.h"
#include "base/vec.h"
#include "kubelet/runtime_view.h"

enum op_kind {
    OP_VOLUMES,        /* makes folders and volumes, the pod's cgroup; again on a timer */
    OP_SANDBOX_RUN,    /* attempt */
    OP_SANDBOX_STOP,   /* id */
    OP_SANDBOX_REMOVE, /* id */
    OP_IMAGE,          /* container: looks the image up, pulls it if the policy says so */
    OP_CREATE,         /* container, attempt, image_ref, id of the sandbox */
    OP_START,          /* container, id */
    OP_STOP,           /* container, id, grace, reason: preStop hook, then stop */
    OP_REMOVE,         /* id of a container that has ended */
    OP_TEARDOWN,       /* volumes, cgroup */
    OP_API_DELETE,     /* removes the pod from the API (its status is final) */
    OP_FORGET,         /* folders and logs of a pod that is gone everywhere */
    OP_KIND_MAX,
};
extern const char *const op_names[OP_KIND_MAX];

/* How long each may take before it is cancelled; stops add their grace, pulls have none. */
#define OP_TIMEOUT         (2 * 60 * NSEC_PER_SEC)
#define OP_SANDBOX_TIMEOUT (4 * 60 * NSEC_PER_SEC)

struct pod_op {
    uint64_t id; /* never reused within a pod_state */
    enum op_kind kind;
    str container; /* name, or empty */
    str target;    /* id in the runtime, or empty */
    str image_ref;
    uint32_t attempt;
    int64_t grace;             /* seconds */
    const char *why;           /* OP_STOP: message of the Killing event, static */
    int64_t started, deadline; /* mono; deadline 0: none */
    bool cancelling;
};

struct pod_result {
    int r;              /* 0 or negative errno */
    const char *reason; /* waiting reason on failure: "ErrImagePull"; NULL: the kind's usual one */
    str message;
    str value; /* OP_IMAGE: image_ref */
    int64_t
        again; /* OP_VOLUMES: mono time at which contents want to be looked at again, 0: never */
};

/* What the core remembers of a container. */
struct container_memo {
    str name;
    str waiting_reason, waiting_message; /* why it is not running; empty: nothing to say */
    str image_ref;                       /* of the coming start; empty: OP_IMAGE first */
    int64_t retry_at;                    /* after a failed create or start */
    struct pull_backoff {
        int64_t delay, failed_at; /* delay 0: none */
        bool told;                /* BackOff was recorded */
        str error;
    } pull;
    struct crash_backoff {
        int64_t delay, updated; /* delay 0: none */
        bool told;
    } crash;
    str exit_id; /* the ended instance seen last, and since when (mono) */
    int64_t exit_at;
};

enum pod_stage { POD_SYNCING, POD_TERMINATING, POD_TERMINATED, POD_GONE, POD_STAGE_MAX };

struct pod_state {
    enum pod_stage stage;
    VEC(struct pod_op) ops; /* in flight */
    uint64_t next_op;
    uint64_t needs_view; /* views from before this operation's end do not count */
    bool volumes_ready, torn_down, api_deleted;
    int64_t volumes_retry;
    unsigned volumes_failures; /* in a row */
    int64_t volumes_refresh;   /* 0: not by itself; the owner may set it to now */
    str volumes_error;
    int64_t sandbox_retry;
    str sandbox_error;
    str sandbox_stopped; /* ids known to be stopped, blank-separated */
    int64_t cleanup_retry;
    int64_t kill_started;  /* mono, when terminating began; 0: not */
    int64_t grace;         /* seconds given at that time */
    int64_t deadline_from; /* mono at which the pod was first synced */
    bool failed_early;     /* DeadlineExceeded */
    VEC(struct container_memo) memos;
};

struct pod_event {
    bool warning;
    const char *reason;
    str message, container; /* container empty: the pod's own */
};

struct pod_input {
    const Pod *pod;          /* NULL: no longer in the API */
    const struct rt_pod *rt; /* never NULL */
    uint64_t view_seq; /* see needs_view: pod_state.next_op at the time the view was asked for */
    int64_t now;       /* mono */
    int64_t wall;
    bool vanished;      /* pod is NULL, but was seen: somebody removed it by force */
    bool status_final;  /* the API has the final status of this terminated pod */
    bool network_ready; /* the runtime can run sandboxes that are not on the host's network */
};

struct pod_output {
    struct arena *arena;
    struct {
        struct pod_op *v;
        uint32_t n;
    } start;
    struct {
        uint64_t *v;
        uint32_t n;
    } cancel;
    struct {
        struct pod_event *v;
        uint32_t n;
    } events;
    int64_t wake; /* mono; INT64_MAX: only on change */
    bool forget;  /* nothing is left: the state may go */
};

void pod_state_init(struct pod_state *s);
void pod_state_done(struct pod_state *s);
/* Actions in out->start are in flight already when it returns. */
void pod_sync(struct pod_state *s, const struct pod_input *in, struct pod_output *out);
void pod_op_done(struct pod_state *s, uint64_t op, const struct pod_result *res, int64_t now);
const struct container_memo *pod_memo(const struct pod_state *s, str container); /* or NULL */
/* Invariants, for tests: NULL, or what is wrong. */
const char *pod_state_wrong(const struct pod_state *s);

#define BACKOFF_FIRST       (10 * NSEC_PER_SEC)
#define BACKOFF_MAX         (300 * NSEC_PER_SEC)
#define VOLUMES_BACKOFF     (500 * NSEC_PER_MSEC) /* doubling to VOLUMES_BACKOFF_MAX, as upstream's */
#define VOLUMES_BACKOFF_MAX (122 * NSEC_PER_SEC)
#define RETRY_AFTER         (10 * NSEC_PER_SEC)
#define PULL_ERROR_SHOWN    (4 * NSEC_PER_SEC) /* ErrImagePull before ImagePullBackOff */
#define GRACE_DEFAULT       30
#define GRACE_FORCED        1
#define GRACE_MAX           (10LL * 365 * 86400) /* seconds; more means as much */
