// SPDX-License-Identifier: Apache-2.0
#include "loop/transport.h"

#include <signal.h>

#include "loop/child.h"

void loop_env_real(struct env *env) {
    signal(SIGPIPE, SIG_IGN);
    env->transport = transport_real_new(env);
    env->processes = processes_real_new();
}

void loop_env_sim(struct env_sim *sim) {
    sim->env.transport = transport_sim_new(sim);
}

void loop_env_done(struct env *env) {
    if (env->transport)
        env->transport->ops->free(env->transport);
    if (env->processes)
        env->processes->ops->free(env->processes);
    env->transport = NULL;
    env->processes = NULL;
}

int transport_listen(struct loop *l, const char *address, struct err *e, struct listener **ret) {
    struct transport *t = loop_env(l)->transport;
    ASSERT(t);
    return t->ops->listen(t, l, address, e, ret);
}

void listener_close(struct listener *l) {
    if (l)
        loop_env(l->loop)->transport->ops->unlisten(l);
}

int transport_connect(struct loop *l, const char *address,
                      void (*connected)(void *ctx, int r, struct stream *), void *ctx,
                      struct connect **ret) {
    struct transport *t = loop_env(l)->transport;
    ASSERT(t);
    return t->ops->connect(t, l, address, connected, ctx, ret);
}

void connect_cancel(struct connect *c) {
    if (c)
        loop_env(c->loop)->transport->ops->cancel(c);
}
