// SPDX-License-Identifier: Apache-2.0
/* The API server: a store behind a row of phases (phases.c) behind an HTTP server.
 *
 *     reads     get.c list.c watch.c: stored bytes as they are, from snapshots and the log
 *     writes    write.c: the bracket; create and put in modify.c, patch.c, delete.c build what is
 *               wanted, prepare.c and admission/ see to it, the store decides
 *     others    special.c: paths with a mind of their own; nonresource.c: health, discovery,
 * OpenAPI words     respond.c and encode.c: every answer, in what the client accepts
 *
 * One loop, no thread of its own: everything a request touches belongs to that loop. The server
 * holds no state but what is in flight; two of them may share a process (the simulator) or a
 * store's back end. */
#include "apiserver/apiserver.h"

#include <stdlib.h>

#include "apiserver/admission/admission.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/connect/proxy.h"
#include "apiserver/expire.h"
#include "apiserver/nonresource/health.h"
#include "apiserver/nonresource/metrics.h"
#include "apiserver/shutdown.h"

static void on_request(void *ctx, struct exchange *x) {
    request_start(ctx, x);
}

int apiserver_new(struct loop *l, const struct apiserver_options *o, struct err *e,
                  struct apiserver **ret) {
    ASSERT(o->authz && o->store);
    struct apiserver *s = xcalloc(1, sizeof(*s));
    s->env = loop_env(l);
    s->loop = l;
    s->store = o->store;
    s->authn = o->authn;
    s->authn_ctx = o->authn_ctx;
    s->authz = o->authz;
    s->authz_ctx = o->authz_ctx;
    s->goaway_per_million = o->goaway_per_million;
    list_init(&s->requests);
    list_init(&s->tunnels);
    list_init(&s->seeds);
    health_checks(s);
    s->metrics = server_metrics_new(s->env);
    struct http_server_options ho = {
        .addresses = o->addresses, .tls = o->tls, .handler = on_request, .ctx = s};
    s->served = served_default();
    int r = served_configure(&s->served, str_of(o->runtime_config), e);
    if (r == 0)
        r = admission_choose(s, o->admission_on, o->admission_off, e);
    if (r == 0)
        r = allocator_new(s, o->service_cidrs, e);
    if (r == 0)
        r = http_server_new(l, &ho, e, &s->http);
    if (r < 0) {
        apiserver_free(s);
        return r;
    }
    if (!o->no_bootstrap) {
        bootstrap_start(s);
        allocator_bootstrap(s, o->advertise_address);
    }
    s->expiry = expiry_new(l, o->store);
    *ret = s;
    return 0;
}

struct apiserver *apiserver_free(struct apiserver *s) {
    if (!s)
        return NULL;
    s->stopping = true;
    LIST_FOREACH (node, &s->requests)
        request_cut(container_of(node, struct request, node));
    s->http = http_server_free(s->http);
    proxy_cut_tunnels(s);
    s->shutdown = shutdown_free(s->shutdown);
    expiry_free(s->expiry);
    allocator_stop(s);
    s->freed = true;
    apiserver_drop(s);
    return NULL;
}

void apiserver_drop(struct apiserver *s) {
    if (!s->freed || !list_empty(&s->requests) || !list_empty(&s->seeds))
        return;
    allocator_free(s);
    health_done(&s->health);
    server_metrics_free(s->metrics);
    free(s);
}

const char *apiserver_address(const struct apiserver *s, size_t i) {
    return http_server_address(s->http, i);
}
