// SPDX-License-Identifier: Apache-2.0
#include "apiserver/nonresource/health.h"

static bool always(void *ctx) {
    return true;
}

static bool bootstrapped(void *ctx) {
    const struct apiserver *s = ctx;
    return s->bootstrapping == 0;
}

static bool running(void *ctx) {
    const struct apiserver *s = ctx;
    return !s->stopping && !s->shutdown;
}

void apiserver_bootstraps(struct apiserver *s, const char *hook) {
    health_add(&s->health, &(struct health_check){.name = hook,
                                                  .kinds = HEALTH_ALL,
                                                  .ok = bootstrapped,
                                                  .ctx = s,
                                                  .failure = "not finished"});
}

/* "etcd" is the store: a failed one ends the process. */
void health_checks(struct apiserver *s) {
    static const char *const hooks[] = {
        "poststarthook/start-system-namespaces-controller",
        "poststarthook/scheduling/bootstrap-system-priority-classes",
        "poststarthook/bootstrap-controller",
        "poststarthook/start-kubernetes-service-cidr-controller",
    };
    health_init(&s->health);
    health_add(&s->health,
               &(struct health_check){.name = "etcd", .kinds = HEALTH_ALL, .ok = always});
    health_add(&s->health, &(struct health_check){
                               .name = "etcd-readiness", .kinds = 1 << READYZ, .ok = always});
    for (size_t i = 0; i < ARRAY_LEN(hooks); i++)
        apiserver_bootstraps(s, hooks[i]);
    health_add(&s->health, &(struct health_check){.name = "shutdown",
                                                  .kinds = 1 << READYZ,
                                                  .ok = running,
                                                  .ctx = s,
                                                  .failure = "process is shutting down"});
}

bool apiserver_ready(struct apiserver *s) {
    return health_ok(&s->health, READYZ);
}

enum phase_result serve_health(struct request *r, str rest) {
    static const char *const measured[HEALTH_KIND_MAX] = {
        [HEALTHZ] = "/healthz", [LIVEZ] = "/livez", [READYZ] = "/readyz"};
    struct buf b;
    buf_init(&b, 0);
    if (!rest.n)
        r->measured = measured[health_of_path(r->x->path)];
    int code = health_answer(&r->server->health, r->x->path, &r->query, &b);
    respond_plain(r, code, HEALTH_CONTENT_TYPE, buf_str(&b));
    buf_done(&b);
    return PHASE_DONE;
}

enum phase_result serve_slis(struct request *r, str rest) {
    struct buf b;
    buf_init(&b, 0);
    health_slis(&r->server->health, &b);
    respond_bytes(r, 200, METRICS_CONTENT_TYPE, buf_str(&b));
    buf_done(&b);
    return PHASE_DONE;
}
