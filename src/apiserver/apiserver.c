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

#include "apiserver/admission.h"
#include "apiserver/alloc/alloc.h"
#include "apiserver/expire.h"
#include "apiserver/proxy.h"
#include "apiserver/request.h"
#include "apiserver/shutdown.h"

static void on_request(void *ctx, struct exchange *x) {
    request_start(ctx, x);
}

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

void apiserver_add_check(struct apiserver *s, const struct health_check *c) {
    ASSERT(s->n_checks < HEALTH_CHECKS_MAX);
    s->checks[s->n_checks++] = *c;
}

bool apiserver_ready(struct apiserver *s) {
    for (unsigned i = 0; i < s->n_checks; i++)
        if (!s->checks[i].ok(s->checks[i].ctx))
            return false;
    return true;
}

static void add_checks(struct apiserver *s) {
    const struct health_check checks[] = {
        {"ping", false, always, s},
        {"log", false, always, s},
        {"etcd", false, always, s}, /* the store: a failed one ends the process */
        {"poststarthook/start-system-namespaces-controller", true, bootstrapped, s},
        {"shutdown", true, running, s},
    };
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        apiserver_add_check(s, &checks[i]);
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
    add_checks(s);
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
    s->freed = true;
    apiserver_drop(s);
    return NULL;
}

void apiserver_drop(struct apiserver *s) {
    if (!s->freed || !list_empty(&s->requests) || !list_empty(&s->seeds))
        return;
    allocator_free(s);
    free(s);
}

const char *apiserver_address(const struct apiserver *s, size_t i) {
    return http_server_address(s->http, i);
}
