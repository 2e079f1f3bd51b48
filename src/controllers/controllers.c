// SPDX-License-Identifier: Apache-2.0
/* The controller manager. Every controller is a row of `all_controllers`; everything that does I/O
 * is src/client's. A manager waits for the lease, then starts informers and queues; losing the
 * lease ends it, because another may write from then on. */
#include "controllers/controllers.h"

#include <stdlib.h>

#include "client/leader.h"

const struct controller *const all_controllers[] = {
#define CONTROLLER(name) &name##_controller,
#include "controllers/controllers.def"
#undef CONTROLLER
    NULL,
};

#define LEASE_NS   "kube-system"
#define LEASE_NAME "kube-controller-manager"

#define RELEASE_MAX NSEC_PER_SEC /* that a graceful end waits for the lease to be given back */

struct controller_manager {
    struct loop *loop;
    struct rest_client *client;
    struct informers *informers;
    struct controllers *controllers;
    struct leader *leader;
    struct controllers_config config;
    char identity[64];
    bool started, over;
    void (*lost)(void *ctx);
    void *ctx;
};

static void begin(void *ctx) {
    struct controller_manager *m = ctx;
    if (m->started || m->over)
        return;
    m->started = true;
    m->informers = informers_new(m->client);
    m->controllers = controllers_new(&(struct controllers_options){
        .client = m->client,
        .informers = m->informers,
        .list = all_controllers,
        .config = &m->config,
    });
    controllers_start(m->controllers);
}

static void on_lost(void *ctx) {
    struct controller_manager *m = ctx;
    if (m->over)
        return;
    m->over = true;
    if (m->lost)
        m->lost(m->ctx);
}

static void name_identity(struct controller_manager *m, const char *given) {
    struct buf b;
    buf_init(&b, sizeof(m->identity) - 1);
    if (given)
        buf_add(&b, str_of(given));
    else
        buf_printf(&b, "coxswain_%016llx", (unsigned long long)env_random_u64(loop_env(m->loop)));
    memcpy(m->identity, b.p, b.n);
    buf_done(&b);
}

int controller_manager_new(struct loop *l, const struct controller_manager_options *o,
                           void (*lost)(void *ctx), void *ctx, struct err *e,
                           struct controller_manager **ret) {
    struct controller_manager *m = xcalloc(1, sizeof(*m));
    m->loop = l;
    m->config = o->config;
    m->lost = lost;
    m->ctx = ctx;
    int r = rest_client_new(l, &o->rest, e, &m->client);
    if (r < 0) {
        free(m);
        return r;
    }
    name_identity(m, o->identity);
    if (o->leader_elect)
        m->leader = leader_new(&(struct leader_options){
            .client = m->client,
            .ns = LEASE_NS,
            .name = LEASE_NAME,
            .identity = m->identity,
            .started = begin,
            .stopped = on_lost,
            .ctx = m,
        });
    else
        begin(m);
    *ret = m;
    return 0;
}

static bool is_released(void *ctx) {
    return rest_client_idle(ctx);
}

struct controller_manager *controller_manager_free(struct controller_manager *m) {
    if (!m)
        return NULL;
    m->over = true;
    informers_free(m->informers);
    controllers_free(m->controllers);
    leader_free(m->leader);
    loop_run_until(m->loop, is_released, m->client, RELEASE_MAX);
    rest_client_free(m->client);
    free(m);
    return NULL;
}

struct rest_client *controller_manager_client(struct controller_manager *m) {
    return m->client;
}

bool controller_manager_idle(const struct controller_manager *m) {
    return m->started && controllers_idle(m->controllers);
}
