// SPDX-License-Identifier: Apache-2.0
/* The API server: one HTTP server over one store. One loop. */
#pragma once

#include "api/served.h"
#include "apiserver/auth.h"
#include "net/health.h"
#include "net/server.h"
#include "store/store.h"

#define APISERVER_BODY_MAX     OBJECT_JSON_MAX /* 413 past it */
#define APISERVER_REQUESTS_MAX 100000          /* in flight, watches too; 429 past it */

struct apiserver_options {
    const char *const *addresses;  /* as transport_listen; ends in NULL */
    struct tls_config *tls;        /* NULL: plain (simulator, unix sockets) */
    struct store *store;           /* the caller's; outlives the server */
    const struct authn_ops *authn; /* NULL: everybody is anonymous */
    void *authn_ctx;
    const struct authz_ops *authz; /* never NULL */
    void *authz_ctx;
    const char *service_cidrs;                /* --service-cluster-ip-range; NULL: the default */
    const char *advertise_address;            /* where pods find this server; NULL: nowhere */
    const char *admission_on, *admission_off; /* --enable-admission-plugins, --disable- */
    const char *runtime_config;               /* --runtime-config; NULL: what is on by default */
    uint32_t goaway_per_million; /* --goaway-chance: of HTTP/2 requests that end their connection */
    bool no_bootstrap;           /* leave namespaces and priority classes to others (tests) */
};

struct apiserver {
    struct env *env;
    struct loop *loop;
    struct store *store;
    struct http_server *http;
    const struct authn_ops *authn;
    void *authn_ctx;
    const struct authz_ops *authz;
    void *authz_ctx;
    struct list requests; /* in flight */
    unsigned n_requests;
    struct list tunnels; /* clients joined to other servers (proxy.c) */
    unsigned n_tunnels;
    struct health health;
    struct list seeds;      /* objects of the bootstrap on their way */
    unsigned bootstrapping; /* of them, not yet there */
    /* Once, when the last of them is there: /readyz says ok. The owner sets it after
     * apiserver_new(); NULL: nobody waits. It must not free the server. */
    void (*ready)(void *ctx);
    void *ready_ctx;
    struct shutdown *shutdown; /* NULL: nobody has asked for the end */
    uint32_t goaway_per_million;
    bool stopping;
    bool freed; /* its memory waits for the last write that the store holds */
    /* Files of other concerns hang what they own here (access, kubelet client). */
    struct access *access;             /* NULL: no tokens and no reviews */
    const struct kubelet_ops *kubelet; /* NULL: nodes cannot be reached */
    void *kubelet_ctx;
    struct expiry *expiry;
    struct server_metrics *metrics; /* NULL: nothing is counted */
    struct served served;
    uint64_t admission;      /* plugins that take part (admission.c) */
    struct allocator *alloc; /* addresses and ports of services */
};

int apiserver_new(struct loop *l, const struct apiserver_options *o, struct err *e,
                  struct apiserver **ret);
/* The end in good order, once: /readyz fails at once; after delay_ns nothing new is accepted,
 * requests are answered, then watches ended whole (with a bookmark where the client takes them).
 * done() is called when no connection is left, or timeout_ns after the delay; what still ran then
 * has been cut, and the server is the caller's to free. */
void apiserver_shutdown(struct apiserver *s, int64_t delay_ns, int64_t timeout_ns,
                        void (*done)(void *ctx), void *ctx);
/* Cuts what is in flight. Writes that were proposed are carried out by the store. */
struct apiserver *apiserver_free(struct apiserver *s);
DEFINE_CLEANUP(struct apiserver *, apiserver_free)
const char *apiserver_address(const struct apiserver *s, size_t i);

/* Adds a check that fails while objects of the bootstrap are on their way; hook is upstream's name
 * for what makes them ("poststarthook/..."), and lives as long as s. */
void apiserver_bootstraps(struct apiserver *s, const char *hook);
bool apiserver_ready(struct apiserver *s); /* what /readyz says */

/* After apiserver_free(): gives the memory back once nothing is in flight. */
void apiserver_drop(struct apiserver *s);

/* bootstrap.c: proposes an object of the server's own unless it exists; /readyz waits for it. obj
 * is of res->type and copied. */
void bootstrap_object(struct apiserver *s, const struct api_resource *res, void *obj);
/* Proposes it in place of `there`, unless that has changed by then. */
void bootstrap_replace(struct apiserver *s, const struct object *there, const void *obj);
/* Proposes it where it is missing, or in place of one that is not the same(there, obj). */
void bootstrap_ensure(struct apiserver *s, struct arena *a, const struct api_resource *res,
                      void *obj, bool (*same)(const void *, const void *));
void bootstrap_start(struct apiserver *s);
