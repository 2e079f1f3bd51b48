// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of the pure core: pod_sync.c (stages, volumes, sandbox), pod_containers.c
 * (which container next), pod_terminate.c (the way down). */
#pragma once

#include "kubelet/pod_sync.h"

struct step {
    struct pod_state *s;
    const struct pod_input *in;
    struct pod_output *out;
    bool view_fresh; /* operations on the runtime may be decided upon */
};

/* The operation in flight on a target, or NULL. */
struct pod_op *op_on_container(struct pod_state *s, str name);
struct pod_op *op_on_sandbox(struct pod_state *s);
struct pod_op *op_of_kind(struct pod_state *s, enum op_kind k);
struct pod_op *op_on_id(struct pod_state *s, str id);
/* Puts it in flight and among the actions; strings are copied. */
struct pod_op *op_start(struct step *st, enum op_kind k, str container, str target,
                        int64_t timeout);
void op_cancel(struct step *st, struct pod_op *op);
void step_wake(struct step *st, int64_t at);
void step_event(struct step *st, bool warning, const char *reason, str container, const char *fmt,
                ...) PRINTF(5, 6);

struct container_memo *memo_get(struct pod_state *s, str name);
void memo_wait(struct container_memo *m, const char *reason, str message);
void own_set(str *at, str v); /* heap copy; frees the old */

/* True when all that could be started was and nothing more will: the pod is over. */
bool containers_over(const struct pod_input *in);
void containers_step(struct step *st, const struct rt_sandbox *sandbox);
void terminate_step(struct step *st);
void terminated_step(struct step *st);
/* Ended instances that are not needed any more; all: every one. */
void collect_garbage(struct step *st, bool all);
bool sandbox_is_stopped(const struct pod_state *s, str id);
