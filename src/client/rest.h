// SPDX-License-Identifier: Apache-2.0
/* REST client of the Kubernetes API: ours or upstream's. One per component identity; typed by rows.
 * A token bucket limits it (client-go's QPS and Burst); 429 and Retry-After are obeyed by the
 * caller's retry (the plan runner, the reflector). */
#pragma once

#include "api/resource.h"
#include "api/types.h"
#include "net/client.h"

struct rest_client;

struct rest_options {
    const char *server; /* "https://127.0.0.1:6443", or "sim:name" in the simulator */
    str ca_pem, cert_pem, key_pem;
    str token;              /* bearer token, empty: none */
    const char *token_file; /* re-read when a minute old; NULL: none */
    const char *user_agent;
    double qps;     /* 0: 50 */
    unsigned burst; /* 0: 100 */
    bool insecure;
};
int rest_client_new(struct loop *l, const struct rest_options *o, struct err *e,
                    struct rest_client **ret);
/* The parts of rest_options.server: TLS or not, the host by itself, a transport address. */
int rest_parse_server(struct arena *a, const char *server, bool *ret_tls, str *ret_host,
                      const char **ret_address);
/* From a kubeconfig file's current context (server, CA, client certificate or token, inline or by
 * path). The strings of *ret live in a. */
int rest_options_from_kubeconfig(struct env *env, struct arena *a, const char *path, struct err *e,
                                 struct rest_options *ret);
/* New connections use the new certificate (it was renewed). */
int rest_client_set_identity(struct rest_client *c, str ca_pem, str cert_pem, str key_pem,
                             struct err *e);
struct rest_client *rest_client_free(struct rest_client *c);
/* No call (watches aside) waits or runs. */
bool rest_client_idle(const struct rest_client *c);
struct loop *rest_client_loop(struct rest_client *c);

enum rest_verb {
    REST_GET,
    REST_LIST,
    REST_CREATE,
    REST_UPDATE,
    REST_PATCH,
    REST_DELETE,
    REST_VERB_MAX
};
enum rest_patch { REST_PATCH_MERGE, REST_PATCH_STRATEGIC, REST_PATCH_JSON, REST_PATCH_APPLY };

struct rest_result {
    int r;                /* 0: the server answered */
    int code;             /* HTTP status; 0 without an answer */
    const Status *status; /* its Status when code >= 400, else NULL; never NULL then */
    const void *object;   /* decoded as the request's result_type when 2xx */
    uint64_t revision;    /* metadata.resourceVersion of it, 0 when there is none */
    bool maybe_done;      /* no answer: the server may have carried it out */
    int64_t retry_after_ns;
    struct arena *arena; /* holds the above, for the time of the callback */
    str body;            /* raw */
};

struct rest_request {
    enum rest_verb verb;
    const struct api_resource *resource;
    str ns, name;                     /* name empty: list, create */
    const char *subresource;          /* "status", "binding", ... or NULL */
    const char *query;                /* "limit=1", already encoded, or NULL */
    const struct api_type *body_type; /* NULL: `raw` is the body (patches), may be empty */
    const void *body;
    str raw;
    enum rest_patch patch;
    const struct api_type *result_type; /* NULL: the resource's type (list type for LIST) */
    bool metadata_only; /* GET and LIST: ask for PartialObjectMetadata, whose types are then the
                         * default of result_type */
    int64_t timeout_ns; /* 0: 30 s */
    void (*done)(void *ctx,
                 const struct rest_result *); /* once unless cancelled; never inside rest_send */
    void *ctx;
};
struct rest_call;
/* Never NULL. The request is encoded at once: what it points to need not outlive the call. */
struct rest_call *rest_send(struct rest_client *c, const struct rest_request *rq);
void rest_cancel(struct rest_call *call); /* NULL is allowed; done is not called */

/* A watch: raw stream of events. Times out by itself like upstream's (5 to 10 min, randomised). */
struct rest_watch_options {
    const struct api_resource *resource;
    str ns;
    const char *selectors; /* "fieldSelector=...&labelSelector=..." encoded, or NULL */
    uint64_t after;
    bool metadata_only;
    /* type: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR (then object is a Status's JSON). The JSON
     * lives for the call. */
    void (*event)(void *ctx, str type, str object_json);
    /* The stream ended: r 0 normally, code the HTTP status when it never began (410: relist). */
    void (*ended)(void *ctx, int r, int code, const Status *);
    void *ctx;
};
struct rest_watch;
struct rest_watch *rest_watch_start(struct rest_client *c, const struct rest_watch_options *o);
void rest_watch_stop(struct rest_watch *w);
