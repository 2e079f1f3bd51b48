// SPDX-License-Identifier: Apache-2.0
/* A small API server in the test's own process: objects as JSON trees, one revision counter, paged
 * lists, watches with history, preconditions. It knows nothing of types. A test's verdict() says of
 * each request whether it is carried out, refused, or left without an answer before or after it was
 * carried out. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "client/informer_internal.h"
#include "loop/stream.h"
#include "loop/transport_sim.h"
#include "net/server.h"
#include "schema/patch.h"
#include "schema/value.h"
#include "tap.h"

enum verdict_kind { CARRY_OUT, LOSE_REQUEST, LOSE_ANSWER, CARRY_OUT_LATE, REFUSE };
struct verdict {
    enum verdict_kind kind;
    int code;                /* REFUSE */
    const char *retry_after; /* REFUSE */
    int64_t after;           /* CARRY_OUT_LATE: nobody hears of it */
};

struct thing {
    char *collection, *ns, *name, *json, *uid; /* collection: "/api/v1/pods" */
    uint64_t revision;
};
struct happening {
    const char *type;
    char *collection, *json;
    uint64_t revision;
};
struct onlooker {
    struct exchange *x;
    struct api_double *d;
    char *collection;
    uint64_t position; /* revision of the last event sent */
};

struct api_double {
    struct env_sim sim;
    struct loop *l;
    struct http_server *http;
    struct rest_client *client;
    struct arena *arena;
    VEC(struct thing) things;
    VEC(struct happening) history;
    VEC(struct onlooker *) onlookers;
    uint64_t revision, uids, floor;
    uint64_t page_max; /* further items come in pages; 0: as asked */
    unsigned lists, watches, writes, creates;
    struct verdict (*verdict)(struct api_double *d, struct exchange *x, str body);
    bool mute;        /* answers cut the connection instead */
    const char *held; /* events of this collection wait; NULL: of none */
    int countdown;    /* the test's */
};

/* What a request is about. */
struct about {
    str collection, ns, name, sub;
};

static inline char *heap_str(str s) {
    return xstrndup(s.p ? s.p : "", s.n);
}

static inline struct about about_of(struct api_double *d, struct exchange *x) {
    struct about r = {0};
    str rest = str_slice(x->path, 1, x->path.n), root = str_cut(&rest, '/'), group = STR("");
    if (str_eqc(root, "apis"))
        group = str_printf(d->arena, STR_FMT "/", STR_ARG(str_cut(&rest, '/')));
    str version = str_cut(&rest, '/');
    str plural = str_cut(&rest, '/');
    if (str_eqc(plural, "namespaces") && rest.p && str_chr(rest, '/') >= 0) {
        r.ns = str_cut(&rest, '/');
        plural = str_cut(&rest, '/');
    }
    r.collection = str_printf(d->arena, "/" STR_FMT "/" STR_FMT STR_FMT "/" STR_FMT, STR_ARG(root),
                              STR_ARG(group), STR_ARG(version), STR_ARG(plural));
    if (rest.p)
        r.name = str_cut(&rest, '/');
    r.sub = rest;
    return r;
}

static inline struct thing *thing_of(struct api_double *d, const struct about *a) {
    VEC_FOREACH (t, &d->things)
        if (str_eqc(a->collection, t->collection) && str_eqc(a->ns, t->ns) &&
            str_eqc(a->name, t->name))
            return t;
    return NULL;
}

static inline void onlooker_pump(struct onlooker *o) {
    if (o->d->held && strcmp(o->d->held, o->collection) == 0)
        return;
    VEC_FOREACH (h, &o->d->history) {
        if (h->revision <= o->position || strcmp(h->collection, o->collection) != 0)
            continue;
        str line = str_printf(o->d->arena, "{\"type\":\"%s\",\"object\":%s}\n", h->type, h->json);
        o->position = h->revision;
        exchange_write(o->x, line);
    }
}

static inline void happened(struct api_double *d, const char *type, const struct thing *t) {
    *vec_push(&d->history) = (struct happening){type, heap_str(str_of(t->collection)),
                                                heap_str(str_of(t->json)), d->revision};
    for (uint32_t i = 0; i < d->onlookers.n; i++)
        onlooker_pump(d->onlookers.v[i]);
}

static inline void set_meta(struct api_double *d, struct value *v, const char *key, str text) {
    struct value *m = value_getc(v, "metadata");
    if (!m) {
        m = value_set(d->arena, v, STR("metadata"));
        *m = (struct value){.tag = VALUE_OBJECT};
    }
    *value_set(d->arena, m, str_of(key)) = (struct value){.tag = VALUE_STR, .s = text};
}

static inline str get_meta(const struct value *v, const char *key) {
    return value_str(value_getc(value_getc(v, "metadata"), key));
}

static inline void keep(struct api_double *d, struct thing *t, struct value *v) {
    t->revision = ++d->revision;
    set_meta(d, v, "resourceVersion",
             str_printf(d->arena, "%llu", (unsigned long long)t->revision));
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, v);
    free(t->json);
    t->json = heap_str(buf_str(&b));
    buf_done(&b);
}

/* ---- answers ---- */

static inline void say(struct api_double *d, struct exchange *x, int code, str body,
                       const char *retry_after) {
    struct http_header h[] = {{STR("Content-Type"), STR("application/json")},
                              {STR("Retry-After"), str_of(retry_after)}};
    if (!x->loop) /* a late one */
        return;
    if (d->mute)
        exchange_abort(x);
    else
        exchange_respond(x, code, h, retry_after ? 2 : 1, body);
}

static inline void refuse(struct api_double *d, struct exchange *x, int code, const char *reason,
                          const char *retry_after) {
    char body[256];
    int n = snprintf(body, sizeof(body),
                     "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":"
                     "\"Failure\",\"message\":\"told %d\",\"reason\":\"%s\",\"code\":%d}",
                     code, reason, code);
    say(d, x, code, str_n(body, (size_t)n), retry_after);
}

static inline bool in_scope(const struct thing *t, const struct about *a) {
    return str_eqc(a->collection, t->collection) && (!a->ns.n || str_eqc(a->ns, t->ns));
}

static inline void list(struct api_double *d, struct exchange *x, const struct about *a,
                        const struct query *q) {
    uint64_t limit = 0, skip = 0, seen = 0, given = 0;
    str_to_u64(query_get(q, "limit"), &limit);
    str_to_u64(query_get(q, "continue"), &skip);
    if (d->page_max)
        limit = d->page_max;
    struct buf b;
    buf_init(&b, 0);
    d->lists++;
    bool more = false;
    buf_adds(&b, "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[");
    VEC_FOREACH (t, &d->things) {
        if (!in_scope(t, a) || seen++ < skip)
            continue;
        more = limit && given == limit;
        if (more)
            break;
        buf_printf(&b, "%s%s", given++ ? "," : "", t->json);
    }
    buf_printf(&b, "],\"metadata\":{\"resourceVersion\":\"%llu\"", (unsigned long long)d->revision);
    if (more)
        buf_printf(&b, ",\"continue\":\"%llu\"", (unsigned long long)(skip + given));
    buf_adds(&b, "}}");
    say(d, x, 200, buf_str(&b), NULL);
    buf_done(&b);
}

static inline void on_onlooker_gone(struct exchange *x) {
    struct onlooker *o = x->ctx;
    for (uint32_t i = 0; i < o->d->onlookers.n; i++)
        if (o->d->onlookers.v[i] == o) {
            vec_remove_at(&o->d->onlookers, i);
            break;
        }
    free(o->collection);
    free(o);
}

static inline void watch(struct api_double *d, struct exchange *x, const struct about *a,
                         const struct query *q) {
    uint64_t from = 0;
    str_to_u64(query_get(q, "resourceVersion"), &from);
    d->watches++;
    if (from < d->floor) {
        refuse(d, x, 410, "Expired", NULL);
        return;
    }
    struct onlooker *o = xcalloc(1, sizeof(*o));
    *o = (struct onlooker){x, d, heap_str(a->collection), from};
    x->ctx = o;
    x->on_abort = on_onlooker_gone;
    *vec_push(&d->onlookers) = o;
    exchange_start(x, 200, NULL, 0, NULL);
    onlooker_pump(o);
}

static inline void create(struct api_double *d, struct exchange *x, struct about *a,
                          struct value *v) {
    a->name = get_meta(v, "name");
    if (thing_of(d, a)) {
        refuse(d, x, 409, "AlreadyExists", NULL);
        return;
    }
    struct thing *t = vec_push(&d->things);
    t->uid = heap_str(str_printf(d->arena, "uid-%llu", (unsigned long long)++d->uids));
    t->collection = heap_str(a->collection);
    t->ns = heap_str(a->ns);
    t->name = heap_str(a->name);
    d->creates++;
    set_meta(d, v, "uid", str_of(t->uid));
    keep(d, t, v);
    happened(d, "ADDED", t);
    say(d, x, 201, str_of(t->json), NULL);
}

static inline bool fits(struct api_double *d, struct exchange *x, const struct thing *t,
                        const struct value *v) {
    str uid = get_meta(v, "uid"), revision = get_meta(v, "resourceVersion");
    uint64_t n;
    bool ok =
        (!uid.n || str_eqc(uid, t->uid)) && (str_to_u64(revision, &n) < 0 || n == t->revision);
    if (!ok)
        refuse(d, x, 409, "Conflict", NULL);
    return ok;
}

static inline void change(struct api_double *d, struct exchange *x, struct thing *t,
                          struct value *v, bool patch) {
    struct value old, out = *v;
    if (!fits(d, x, t, v))
        return;
    REQUIRE(value_parse(d->arena, str_dup(d->arena, str_of(t->json)), &old, NULL, NULL) == 0);
    if (patch) {
        REQUIRE(patch_merge(d->arena, &old, v) == 0);
        out = old;
    }
    keep(d, t, &out);
    happened(d, "MODIFIED", t);
    say(d, x, 200, str_of(t->json), NULL);
}

static inline void thing_free(struct thing *t) {
    free(t->collection);
    free(t->ns);
    free(t->name);
    free(t->json);
    free(t->uid);
}

static inline void end_thing(struct api_double *d, struct thing *t) {
    struct value v;
    REQUIRE(value_parse(d->arena, str_dup(d->arena, str_of(t->json)), &v, NULL, NULL) == 0);
    keep(d, t, &v);
    happened(d, "DELETED", t);
    thing_free(t);
    vec_remove_at(&d->things, t - d->things.v);
}

static inline void end(struct api_double *d, struct exchange *x, struct thing *t,
                       const struct value *v) {
    str uid = value_str(value_getc(value_getc(v, "preconditions"), "uid"));
    if (uid.n && !str_eqc(uid, t->uid)) {
        refuse(d, x, 409, "Conflict", NULL);
        return;
    }
    end_thing(d, t);
    say(d, x, 200,
        STR("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\"}"),
        NULL);
}

/* ---- requests ---- */

static inline void carry_out(struct api_double *d, struct exchange *x, str body) {
    struct about a = about_of(d, x);
    struct query q;
    struct value v = {.tag = VALUE_OBJECT};
    REQUIRE(query_parse(d->arena, x->query, &q) == 0);
    if (body.n)
        REQUIRE(value_parse(d->arena, str_dup(d->arena, body), &v, NULL, NULL) == 0);
    bool is_get = str_eqc(x->method, "GET");
    d->writes += !is_get;
    struct thing *t = thing_of(d, &a);
    if (is_get && !a.name.n && query_has(&q, "watch"))
        watch(d, x, &a, &q);
    else if (is_get && !a.name.n)
        list(d, x, &a, &q);
    else if (str_eqc(x->method, "POST"))
        create(d, x, &a, &v);
    else if (!t)
        refuse(d, x, 404, "NotFound", NULL);
    else if (is_get)
        say(d, x, 200, str_of(t->json), NULL);
    else if (str_eqc(x->method, "DELETE"))
        end(d, x, t, &v);
    else
        change(d, x, t, &v, str_eqc(x->method, "PATCH"));
}

struct late {
    struct timer timer;
    struct api_double *d;
    struct exchange ghost; /* without a loop: nobody is there to hear */
    str body;
};

static inline void late_fire(struct timer *t) {
    struct late *l = container_of(t, struct late, timer);
    carry_out(l->d, &l->ghost, l->body);
}

static inline void carry_out_late(struct api_double *d, struct exchange *x, str body,
                                  int64_t after) {
    struct late *l = arena_make(d->arena, struct late);
    l->d = d;
    l->ghost.method = str_dup(d->arena, x->method);
    l->ghost.path = str_dup(d->arena, x->path);
    l->ghost.query = str_dup(d->arena, x->query);
    l->body = str_dup(d->arena, body);
    l->timer.fire = late_fire;
    timer_start(d->l, &l->timer, after);
    exchange_abort(x);
}

static inline void on_body(struct exchange *x, int r, str body) {
    struct api_double *d = x->ctx;
    if (r < 0)
        return;
    struct verdict v = d->verdict ? d->verdict(d, x, body) : (struct verdict){0};
    switch (v.kind) {
    case CARRY_OUT:
        carry_out(d, x, body);
        break;
    case LOSE_REQUEST:
        exchange_abort(x);
        break;
    case LOSE_ANSWER:
        d->mute = true;
        carry_out(d, x, body);
        d->mute = false;
        break;
    case CARRY_OUT_LATE:
        carry_out_late(d, x, body, v.after);
        break;
    case REFUSE:
        refuse(d, x, v.code,
               v.code == 409   ? "Conflict"
               : v.code == 410 ? "Expired"
                               : "ServiceUnavailable",
               v.retry_after);
        break;
    }
}

static inline void ignore_abort(struct exchange *x) {}

static inline void on_request(void *ctx, struct exchange *x) {
    x->ctx = ctx;
    x->on_abort = ignore_abort;
    exchange_read_body(x, 1 << 20, on_body);
}

/* ---- life ---- */

static inline void double_start(struct api_double *d, uint64_t seed) {
    static const char *const addresses[] = {"sim:double", NULL};
    struct err e = {0};
    *d = (struct api_double){.arena = arena_new(0)};
    env_sim_init(&d->sim, seed);
    loop_env_sim(&d->sim);
    d->sim.env.log_level = LOG_ERROR;
    REQUIRE(loop_new_sim(&d->sim, &d->l) == 0);
    REQUIRE(http_server_new(d->l,
                            &(struct http_server_options){
                                .addresses = addresses, .handler = on_request, .ctx = d},
                            &e, &d->http) == 0);
    REQUIRE(rest_client_new(
                d->l, &(struct rest_options){.server = "sim:double", .qps = 1000, .burst = 1000},
                &e, &d->client) == 0);
}

static inline void double_stop(struct api_double *d) {
    rest_client_free(d->client);
    http_server_free(d->http);
    loop_free(d->l);
    loop_env_done(&d->sim.env);
    env_sim_done(&d->sim);
    VEC_FOREACH (t, &d->things)
        thing_free(t);
    VEC_FOREACH (h, &d->history) {
        free(h->collection);
        free(h->json);
    }
    vec_done(&d->things);
    vec_done(&d->history);
    vec_done(&d->onlookers);
    arena_free(d->arena);
}

static inline bool never(void *ctx) {
    return false;
}

static inline void run_for(struct api_double *d, int64_t ns) {
    loop_run_until(d->l, never, NULL, ns);
}

/* The test's own writes. */
static inline struct thing *put_thing(struct api_double *d, const char *collection, const char *ns,
                                      const char *name, const char *json) {
    struct about a = {str_of(collection), str_of(ns), str_of(name), STR_NONE};
    struct thing *t = thing_of(d, &a);
    struct value v;
    bool is_new = !t;
    REQUIRE(value_parse(d->arena, str_dup(d->arena, str_of(json)), &v, NULL, NULL) == 0);
    if (is_new) {
        t = vec_push(&d->things);
        t->collection = heap_str(a.collection);
        t->ns = heap_str(a.ns);
        t->name = heap_str(a.name);
        t->uid = heap_str(str_printf(d->arena, "uid-%llu", (unsigned long long)++d->uids));
    }
    set_meta(d, &v, "name", a.name);
    if (ns[0])
        set_meta(d, &v, "namespace", a.ns);
    set_meta(d, &v, "uid", str_of(t->uid));
    keep(d, t, &v);
    happened(d, is_new ? "ADDED" : "MODIFIED", t);
    return t;
}

static inline void end_watches(struct api_double *d) {
    while (d->onlookers.n) {
        struct exchange *x = d->onlookers.v[0]->x;
        on_onlooker_gone(x);
        x->on_abort = ignore_abort;
        exchange_end(x);
    }
}

static inline void release_events(struct api_double *d) {
    d->held = NULL;
    for (uint32_t i = 0; i < d->onlookers.n; i++)
        onlooker_pump(d->onlookers.v[i]);
}

/* Old events are forgotten: watches from before get 410. */
static inline void forget_history(struct api_double *d) {
    d->floor = d->revision;
}
