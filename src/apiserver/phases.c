// SPDX-License-Identifier: Apache-2.0
/* The way of a request. In order, as upstream's filter chain has them:
 *
 *     limit         too many in flight: 429
 *     parse         path and query -> what is asked (route.c)
 *     authenticate  who asks (ops table on the server)
 *     impersonate   whom they pretend to be
 *     authorise     may they
 *     route         is it served, by which method; which answer do they accept
 *     body          read whole, bounded
 *     options       query parameters all verbs of a kind share
 *     run           the verb: reads answer at once or stream; writes go through the bracket of
 *                   write.c, which runs again on conflict
 *
 * Audit has its place behind authenticate, flow control before authorise.
 *
 * A phase never blocks. When it has to wait it returns PHASE_WAIT, and the request is in one of the
 * states below until something calls request_resume() or request_again(). The exchange may vanish
 * at any moment; a request then ends at once, unless the store holds its write: that is carried
 * out whoever listens, and the request ends when the store is done with it. */
#include "apiserver/request.h"

#include "apiserver/encoding/decode.h"
#include "apiserver/hook_env.h"
#include "apiserver/nonresource/metrics.h"
#include "apiserver/shutdown.h"
#include "apiserver/special/special.h"
#include "apiserver/verbs/view.h"

const char *const request_state_names[REQUEST_STATE_MAX] = {
    [REQUEST_RUNNING] = "running",   [REQUEST_BODY] = "body",   [REQUEST_STORE] = "store",
    [REQUEST_REVISION] = "revision", [REQUEST_TIMER] = "timer", [REQUEST_STREAM] = "stream",
    [REQUEST_DONE] = "done",
};

/* Which states may follow. */
static const uint8_t allowed[REQUEST_STATE_MAX] = {
    [REQUEST_RUNNING] = 0xff,
    [REQUEST_BODY] = 1 << REQUEST_RUNNING | 1 << REQUEST_DONE,
    [REQUEST_STORE] = 1 << REQUEST_RUNNING | 1 << REQUEST_DONE,
    [REQUEST_REVISION] = 1 << REQUEST_RUNNING | 1 << REQUEST_DONE,
    [REQUEST_TIMER] = 1 << REQUEST_RUNNING | 1 << REQUEST_DONE,
    [REQUEST_STREAM] = 1 << REQUEST_DONE,
    [REQUEST_DONE] = 0,
};

void request_state(struct request *r, enum request_state to) {
    ASSERT(r->state == to || (allowed[r->state] & 1 << to));
    r->state = to;
}

static enum phase_result phase_limit(struct request *r) {
    if (r->server->n_requests <= APISERVER_REQUESTS_MAX && !r->server->stopping)
        return PHASE_NEXT;
    metrics_terminated(r, 429);
    return respond_status(r, status_new(r->arena, 429, "TooManyRequests",
                                        "Too many requests, please try again later."));
}

static enum phase_result phase_parse(struct request *r) {
    if (query_parse(r->arena, r->x->query, &r->query) < 0 ||
        route_parse(r->arena, r->x->method, r->x->path, &r->query, &r->info) < 0)
        return respond_status(r, status_bad_request(r->arena, "invalid URL escape"));
    return PHASE_NEXT;
}

static enum phase_result phase_authenticate(struct request *r) {
    const struct apiserver *s = r->server;
    int64_t began = env_mono(s->env);
    int e = s->authn ? s->authn->authenticate(s->authn_ctx, r->arena, r->x, &r->user) : -ENOENT;
    bool anonymous = e == -ENOENT;
    if (anonymous)
        r->user = (struct user){.name = USER_ANONYMOUS};
    metrics_authn(s->metrics, anonymous || e == 0 ? AUTHN_SUCCESS : AUTHN_ERROR, r->user.name,
                  env_mono(s->env) - began);
    if (e < 0 && !anonymous)
        return respond_status(r, status_new(r->arena, 401, "Unauthorized", "Unauthorized"));
    user_add_group(r->arena, &r->user, anonymous ? GROUP_UNAUTHENTICATED : GROUP_AUTHENTICATED);
    return PHASE_NEXT;
}

struct attributes request_attributes(const struct request *r) {
    const struct request_info *i = &r->info;
    return (struct attributes){
        .user = &r->user,
        .verb = i->verb,
        .resource_request = i->resource_request,
        .group = i->group,
        .version = i->version,
        .resource = i->resource,
        .subresource = i->subresource,
        .ns = i->ns,
        .name = i->name,
        .path = r->x ? r->x->path : STR_NONE,
        .field_selector = query_get(&r->query, "fieldSelector"),
    };
}

enum phase_result request_refuse(struct request *r, const struct attributes *at, str reason) {
    str why = forbidden_text(r->arena, at, reason);
    if (at->resource_request)
        return respond_status(
            r, status_forbidden_of(r->arena, at->group, at->resource, at->name, why));
    Status *s = status_new(r->arena, 403, "Forbidden", "forbidden: " STR_FMT, STR_ARG(why));
    s->details = arena_make(r->arena, StatusDetails);
    return respond_status(r, s);
}

bool request_may(struct request *r, const struct attributes *at, str *ret_reason) {
    const struct apiserver *s = r->server;
    *ret_reason = STR_NONE;
    int64_t began = env_mono(s->env);
    enum decision d = s->authz->authorize(s->authz_ctx, r->arena, at, ret_reason);
    metrics_authz(s->metrics, d, env_mono(s->env) - began);
    return d == DECISION_ALLOW;
}

static enum phase_result phase_authorise(struct request *r) {
    struct attributes at = request_attributes(r);
    str reason;
    return request_may(r, &at, &reason) ? PHASE_NEXT : request_refuse(r, &at, reason);
}

static enum phase_result not_acceptable(struct request *r) {
    bool lists = r->verb == VERB_LIST || r->verb == VERB_WATCH;
    return respond_status(
        r, status_generic(
               r->arena, 406, "NotAcceptable",
               lists ? "406: Not Acceptable\n\nAvailable representations: " MEDIA_TYPES_TEXT
                       ", " MEDIA_STREAM_TYPES_TEXT
                     : "406: Not Acceptable\n\nAvailable representations: " MEDIA_TYPES_TEXT));
}

static enum phase_result route_failed(struct request *r, enum route_result why) {
    if (why == ROUTE_NO_GROUP)
        return respond_no_page(r);
    if (why == ROUTE_METHOD)
        return respond_status(
            r, status_generic(r->arena, 405, "MethodNotAllowed",
                              "the server does not allow this method on the requested resource"));
    return respond_no_resource(r);
}

static int patch_type_of(str content_type) {
    static const char *const types[] = {
        [PATCH_JSON] = "application/json-patch+json",
        [PATCH_MERGE] = "application/merge-patch+json",
        [PATCH_STRATEGIC] = "application/strategic-merge-patch+json",
        [PATCH_APPLY] = "application/apply-patch+yaml",
    };
    str t = media_type_of(content_type);
    for (int i = PATCH_JSON; i <= PATCH_APPLY; i++)
        if (str_ieq(t, str_of(types[i])))
            return i;
    return -1;
}

static enum phase_result phase_route(struct request *r) {
    bool pretty = negotiate_pretty(&r->query, http_header_get(&r->x->headers, "User-Agent"));
    str accept = http_header_get(&r->x->headers, "Accept");
    if (!r->info.resource_request) {
        (void)negotiate_accept(r->arena, accept, &r->accept);
        r->accept.pretty |= pretty;
        r->accept.as = AS_OBJECT;
        return serve_nonresource(r);
    }
    enum route_result why =
        route_resource(&r->server->served, &r->info, r->x->method, &r->res, &r->sub, &r->verb);
    if (why != ROUTE_OK)
        return route_failed(r, why);
    r->measured = "";
    r->special = special_find(r);
    if (r->special && r->special->any_media)
        return PHASE_NEXT;
    bool stored = r->res->storage->prefix && (!r->sub || view_of(r->res, r->sub));
    if (!r->special && !stored) /* nothing is stored, and nobody answers */
        return route_failed(r, ROUTE_NOT_FOUND);
    request_warn_deprecated(r);
    if (r->verb == VERB_PATCH) {
        int type = patch_type_of(http_header_get(&r->x->headers, "Content-Type"));
        if (type < 0)
            return respond_status(r, status_generic(r->arena, 415, "UnsupportedMediaType",
                                                    "415: Unsupported Media Type"));
        r->patch = (enum patch_type)type;
    }
    if (!negotiate_router(accept))
        return not_acceptable(r);
    if (negotiate_accept(r->arena, accept, &r->accept) < 0)
        return respond_status(r, status_new(r->arena, 406, "NotAcceptable",
                                            "only the following media types are "
                                            "accepted: " MEDIA_TYPES_TEXT));
    r->accept.pretty |= pretty;
    return PHASE_NEXT;
}

/* The request may outlive its exchange (a write that is on its way, what it gives back when it has
 * failed), and what was decoded points into the body. */
static void body_read(struct exchange *x, int e, str body) {
    struct request *r = x->ctx;
    request_state(r, REQUEST_RUNNING);
    if (e == 0) {
        r->body = str_dup(r->arena, body);
        metrics_body(r);
        request_resume(r);
        return;
    }
    if (e == -E2BIG)
        respond_status(r, status_new(r->arena, 413, "RequestEntityTooLarge",
                                     "Request entity too large: limit is %d", APISERVER_BODY_MAX));
    else
        respond_status(r, status_bad_request(r->arena, "the request body could not be read"));
    request_end(r);
}

static enum phase_result phase_body(struct request *r) {
    bool reads = r->verb == VERB_GET || r->verb == VERB_LIST || r->verb == VERB_WATCH;
    if (reads || (r->special && r->special->no_body))
        return PHASE_NEXT;
    if (r->verb == VERB_CREATE || r->verb == VERB_UPDATE) {
        str type = http_header_get(&r->x->headers, "Content-Type");
        if (negotiate_content(type, &r->body_format) < 0)
            return respond_status(r, decode_unsupported(r));
    }
    request_state(r, REQUEST_BODY);
    exchange_read_body(r->x, APISERVER_BODY_MAX, body_read);
    return PHASE_WAIT;
}

static enum phase_result phase_run(struct request *r) {
    if (r->special)
        return r->special->run(r);
    switch (r->verb) {
    case VERB_GET:
        return verb_get(r);
    case VERB_LIST:
        return verb_list(r);
    case VERB_WATCH:
        return verb_watch(r);
    case VERB_CREATE:
        return verb_create(r);
    case VERB_UPDATE:
        return verb_update(r);
    case VERB_PATCH:
        return verb_patch(r);
    case VERB_DELETE:
        return verb_delete(r);
    case VERB_DELETECOLLECTION:
        return verb_deletecollection(r);
    case VERB_MAX:
        break;
    }
    return route_failed(r, ROUTE_METHOD);
}

static const struct phase {
    const char *name;
    enum phase_result (*run)(struct request *);
} phases[] = {
    {"limit", phase_limit},
    {"parse", phase_parse},
    {"authenticate", phase_authenticate},
    {"impersonate", request_impersonate},
    {"authorise", phase_authorise},
    {"route", phase_route},
    {"body", phase_body},
    {"options", request_options},
    {"run", phase_run},
};

static void run(struct request *r) {
    ASSERT(r->state == REQUEST_RUNNING && !r->running);
    r->running = true;
    enum phase_result result = PHASE_NEXT;
    while (result == PHASE_NEXT || result == PHASE_AGAIN) {
        ASSERT(r->phase < ARRAY_LEN(phases));
        result = phases[r->phase].run(r);
        if (result == PHASE_NEXT)
            r->phase++;
    }
    r->running = false;
    if (result == PHASE_DONE && !r->x)
        request_end(r);
}

void request_resume(struct request *r) {
    r->phase++;
    request_again(r);
}

void request_again(struct request *r) {
    request_state(r, REQUEST_RUNNING);
    if (!r->x) {
        request_end(r);
        return;
    }
    run(r);
}

static void on_abort(struct exchange *x) {
    struct request *r = x->ctx;
    r->x = NULL;
    if (r->state == REQUEST_STORE || r->running)
        return;
    request_end(r);
}

void request_start(struct apiserver *s, struct exchange *x) {
    struct arena *a = arena_new(REQUEST_ARENA_MAX);
    struct request *r = arena_make(a, struct request);
    r->server = s;
    r->x = x;
    r->arena = a;
    x->ctx = r;
    x->on_abort = on_abort;
    r->began = env_mono(s->env);
    r->goaway = x->http2 && s->goaway_per_million &&
                env_random_below(s->env, 1000000) < s->goaway_per_million;
    r->audit_id = http_header_get(&x->headers, "Audit-Id");
    if (!r->audit_id.n)
        r->audit_id = new_uid(s->env, a);
    list_append(&s->requests, &r->node);
    s->n_requests++;
    run(r);
}

void request_end(struct request *r) {
    ASSERT(!r->running);
    struct apiserver *s = r->server;
    request_state(r, REQUEST_DONE);
    metrics_request(r);
    series_add(r->running_now, -1);
    if (r->cleanup)
        r->cleanup(r);
    if (r->wait)
        store_wait_cancel(r->wait);
    timer_stop(s->loop, &r->timer);
    loop_cancel(s->loop, &r->task);
    list_remove(&r->node);
    s->n_requests--;
    arena_free(r->arena);
    shutdown_look(s);
    apiserver_drop(s);
}

void request_endless(struct request *r, void (*finish)(struct request *r)) {
    request_state(r, REQUEST_STREAM);
    if (!r->endless)
        r->running_now = metrics_running(r);
    r->endless = true;
    r->finish = finish;
    shutdown_look(r->server);
}

void request_cut(struct request *r) {
    struct exchange *x = TAKE(r->x);
    if (x)
        exchange_abort(x);
    metrics_aborted(r);
    if (r->state != REQUEST_STORE)
        request_end(r);
}

static void revision_there(void *ctx, int e) {
    struct request *r = ctx;
    r->wait = NULL;
    metrics_waited(r, env_mono(r->server->env) - r->wait_began);
    if (e == 0) {
        request_again(r);
        return;
    }
    request_state(r, REQUEST_RUNNING);
    respond_status(
        r, status_too_large_revision(r->arena, r->wait_revision, store_revision(r->server->store)));
    request_end(r);
}

#define REVISION_WAIT (3 * NSEC_PER_SEC) /* as upstream's cache waits to become fresh */

enum phase_result request_wait_revision(struct request *r, uint64_t revision) {
    if (store_revision(r->server->store) >= revision)
        return PHASE_NEXT;
    r->wait_revision = revision;
    r->wait_began = env_mono(r->server->env);
    request_state(r, REQUEST_REVISION);
    r->wait = store_wait_revision(r->server->store, revision, REVISION_WAIT, revision_there, r);
    return PHASE_WAIT;
}

static void timer_fired(struct timer *t) {
    request_again(container_of(t, struct request, timer));
}

enum phase_result request_sleep(struct request *r, int64_t ns) {
    request_state(r, REQUEST_TIMER);
    r->timer.fire = timer_fired;
    timer_start(r->server->loop, &r->timer, ns);
    return PHASE_WAIT;
}
