// SPDX-License-Identifier: Apache-2.0
#include "loop/child.h"

pid_t child_pid(const struct child *c) {
    return c->pid;
}

int child_start(struct loop *l, const struct child_spec *spec,
                void (*exited)(void *ctx, int wait_status), void *ctx, struct err *e,
                struct child **ret) {
    struct processes *p = loop_env(l)->processes;
    if (!p)
        return err_set(e, -ENOTSUP, "start %s: no processes here", spec->argv[0]);
    return p->ops->start(p, l, spec, exited, ctx, e, ret);
}

int child_signal(struct child *c, int sig) {
    return c->ops->signal(c, sig);
}

struct child *child_free(struct child *c) {
    if (c)
        c->ops->free(c);
    return NULL;
}
