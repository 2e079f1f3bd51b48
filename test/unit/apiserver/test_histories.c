// SPDX-License-Identifier: Apache-2.0
/* Clients create, change, delete, read and list a few objects while connections break and calls are
 * given up; what they were told is then put in order, or cannot be. Over the simulated network and
 * a slow disk, and over sockets of this machine. */
#include <unistd.h>

#include "base/vec.h"
#include "linear.h"
#include "server_test.h"

#define CM      "/api/v1/namespaces/default/configmaps"
#define CLIENTS 24
#define KEYS    5
#define OPS     4000
#define TICK    (2 * NSEC_PER_MSEC)

struct ops {
    struct linear_op *v;
    uint32_t n;
};
struct events {
    struct linear_event *v;
    uint32_t n;
};

struct run;
struct uids {
    str *v;
    uint32_t n;
};
struct client {
    struct run *run;
    struct http_call *call;
    unsigned op;         /* its place in run.ops */
    uint64_t seen[KEYS]; /* revisions it has read */
};

struct run {
    struct world *w;
    struct client clients[CLIENTS];
    struct ops ops;
    struct events events;
    str op_uids[OPS]; /* of deletions: their answer names no revision */
    struct uids event_uids;
    struct store_watch *watch;
    struct timer tick; /* breaks connections, of the simulated network only */
    int64_t clock;     /* counts begins and ends */
    unsigned unknown;
};

static unsigned below(struct run *r, unsigned n) {
    return (unsigned)env_random_below(r->w->env, n);
}

/* ---- what became of the keys ---- */

static unsigned key_of(str name) {
    int64_t k = -1;
    REQUIRE(str_to_i64(str_slice(name, 1, name.n), &k) == 0 && k >= 0 && k < KEYS);
    return (unsigned)k;
}

static void on_events(void *ctx) {
    struct run *r = ctx;
    struct arena *a = r->w->arena;
    const struct store_event *e;
    int more;
    while ((more = store_watch_next(r->watch, &e)) == 1) {
        const ConfigMap *cm = object_decode(a, e->object);
        struct linear_event *to = list_push(a, &r->events);
        int64_t op = -1;
        *list_push(a, &r->event_uids) = cm->metadata.uid;
        *to = (struct linear_event){.revision = e->revision,
                                    .key = key_of(cm->metadata.name),
                                    .deleted = e->type == STORE_DELETED,
                                    .op = -1};
        if (!to->deleted)
            REQUIRE(str_to_i64(cm->data.v[0].value, &op) == 0);
        to->op = (int)op;
    }
    CHECK_INT(more, 0);
}

/* ---- clients ---- */

static uint64_t revision_of(const struct value *object) {
    uint64_t revision = 0;
    str_to_u64(value_str(value_getc(value_getc(object, "metadata"), "resourceVersion")), &revision);
    return revision;
}

static void take_list(struct run *r, struct linear_op *op, const struct value *list) {
    uint64_t *by_key = arena_array(r->w->arena, KEYS, sizeof(*by_key));
    const struct value *items = value_getc(list, "items");
    for (unsigned i = 0; items && i < items->list.n; i++) {
        const struct value *o = &items->list.v[i];
        by_key[key_of(value_str(value_getc(value_getc(o, "metadata"), "name")))] = revision_of(o);
    }
    op->list = by_key;
}

static enum linear_outcome outcome_of(const struct linear_op *op, int code) {
    if (code == 200 || code == 201)
        return LINEAR_OK;
    if (code == 404 && op->kind != LINEAR_CREATE && op->kind != LINEAR_LIST)
        return LINEAR_ABSENT;
    if (code == 409 && op->kind == LINEAR_CREATE)
        return LINEAR_PRESENT;
    if (code == 409 && op->kind == LINEAR_UPDATE && op->expected)
        return LINEAR_STALE;
    tap_fail(__FILE__, __LINE__, "operation of kind %d was answered %d", op->kind, code);
    return LINEAR_UNKNOWN;
}

static void send_next(struct client *c);

/* A client gives up; the connection goes with the call. */
static void give_up(struct client *c) {
    if (!c->call)
        return;
    http_call_cancel(c->call);
    c->call = NULL;
    c->run->unknown++;
    send_next(c);
}

static void on_told(void *ctx, int e, int code, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct client *c = ctx;
    struct run *r = c->run;
    struct linear_op *op = &r->ops.v[c->op];
    struct value v;
    c->call = NULL;
    op->end = ++r->clock;
    op->outcome = e < 0 ? LINEAR_UNKNOWN : outcome_of(op, code);
    r->unknown += e < 0;
    if (op->outcome == LINEAR_OK) {
        REQUIRE(value_parse(r->w->arena, str_dup(r->w->arena, body), &v, NULL, NULL) == 0);
        op->revision = revision_of(&v);
        if (op->kind == LINEAR_DELETE)
            r->op_uids[c->op] = value_str(value_getc(value_getc(&v, "details"), "uid"));
        else if (op->kind == LINEAR_LIST)
            take_list(r, op, &v);
        else
            c->seen[op->key] = op->revision;
    }
    send_next(c);
    if (below(r, 40) == 0)
        give_up(&r->clients[below(r, CLIENTS)]);
}

static void start_call(struct client *c, const char *method, str target, const char *type,
                       str body) {
    struct http_header h[] = {{STR("Content-Type"), str_of(type)}};
    c->call = http_client_call(c->run->w->client, &(struct http_call_options){.method = method,
                                                                              .target = target,
                                                                              .headers = h,
                                                                              .n_headers = 1,
                                                                              .body = body,
                                                                              .on_done = on_told,
                                                                              .ctx = c});
}

static void send_op(struct client *c, struct linear_op *op) {
    struct arena *a = c->run->w->arena;
    str item = str_printf(a, CM "/k%u", op->key), revision = STR("");
    if (op->expected)
        revision = str_printf(a, ",\"resourceVersion\":\"%llu\"", (unsigned long long)op->expected);
    str body =
        str_printf(a, "{\"metadata\":{\"name\":\"k%u\"" STR_FMT "},\"data\":{\"op\":\"%u\"}}",
                   op->key, STR_ARG(revision), c->op);
    switch (op->kind) {
    case LINEAR_CREATE:
        start_call(c, "POST", STR(CM), "application/json", body);
        break;
    case LINEAR_UPDATE: /* a patch without a precondition is one too */
        if (op->expected || below(c->run, 2))
            start_call(c, "PUT", item, "application/json", body);
        else
            start_call(c, "PATCH", item, "application/merge-patch+json", body);
        break;
    case LINEAR_DELETE:
        start_call(c, "DELETE", item, "application/json", STR_NONE);
        break;
    case LINEAR_GET:
        start_call(c, "GET", item, "application/json", STR_NONE);
        break;
    case LINEAR_LIST:
        start_call(c, "GET", STR(CM), "application/json", STR_NONE);
        break;
    }
}

static void send_next(struct client *c) {
    static const enum linear_kind often[] = {LINEAR_CREATE, LINEAR_CREATE, LINEAR_UPDATE,
                                             LINEAR_UPDATE, LINEAR_UPDATE, LINEAR_DELETE,
                                             LINEAR_GET,    LINEAR_GET,    LINEAR_LIST};
    struct run *r = c->run;
    if (r->ops.n >= OPS)
        return;
    c->op = r->ops.n;
    struct linear_op *op = list_push(r->w->arena, &r->ops);
    *op = (struct linear_op){.kind = often[below(r, ARRAY_LEN(often))],
                             .key = below(r, KEYS),
                             .begin = ++r->clock,
                             .end = INT64_MAX,
                             .outcome = LINEAR_UNKNOWN};
    if (op->kind == LINEAR_UPDATE && below(r, 2))
        op->expected = c->seen[op->key];
    send_op(c, op);
}

static void on_tick(struct timer *t) {
    struct run *r = container_of(t, struct run, tick);
    if (below(r, 50) == 0)
        loop_sim_cut(&r->w->sim, "sim:apiserver");
    timer_start(r->w->l, t, TICK);
}

static bool all_over(void *ctx) {
    const struct run *r = ctx;
    for (unsigned i = 0; i < CLIENTS; i++)
        if (r->clients[i].call)
            return false;
    return r->ops.n >= OPS;
}

/* An object is deleted once, so its uid finds the event. */
static void date_deletions(struct run *r) {
    for (unsigned i = 0; i < r->ops.n; i++)
        for (unsigned k = 0; r->op_uids[i].n && k < r->events.n; k++)
            if (r->events.v[k].deleted && str_eq(r->op_uids[i], r->event_uids.v[k]))
                r->ops.v[i].revision = r->events.v[k].revision;
}

static void run_history(struct world *w, bool cuts) {
    static struct run r;
    r = (struct run){.w = w, .tick.fire = on_tick};
    REQUIRE(
        store_watch_new(w->store,
                        &(struct store_watch_options){.resource = RESOURCE_OF(core_v1_configmaps),
                                                      .ns = STR("default"),
                                                      .after = store_revision(w->store),
                                                      .ready = on_events,
                                                      .ctx = &r},
                        &r.watch) == 0);
    for (unsigned i = 0; i < CLIENTS; i++) {
        r.clients[i].run = &r;
        send_next(&r.clients[i]);
    }
    if (cuts)
        timer_start(w->l, &r.tick, TICK);
    CHECK(loop_run_until(w->l, all_over, &r, 600 * NSEC_PER_SEC));
    timer_stop(w->l, &r.tick);
    loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC / 4); /* writes that nobody waits for */
    on_events(&r);
    store_watch_free(r.watch);
    date_deletions(&r);
    struct linear_history h = {r.ops.v, r.ops.n, r.events.v, r.events.n, KEYS};
    const char *why = linear_check(w->arena, &h);
    if (why)
        tap_fail(__FILE__, __LINE__, "%s", why);
    CHECK(r.unknown > 10 && r.unknown < OPS / 2);
    CHECK(r.events.n > OPS / 10);
}

TEST(a_history_over_broken_connections) {
    struct world w;
    world_init_with(&w, &(struct world_options){.slow_disk_ns = 10 * NSEC_PER_MSEC});
    loop_sim_net(&w.sim)->cut_per_million = 500;
    run_history(&w, true);
    world_done(&w);
}

/* ---- the real thing ---- */

struct machine {
    struct env env;
    struct world w;
    char dir[64], address[96];
};

static void machine_init(struct machine *m) {
    struct world *w = &m->w;
    struct err e = {0};
    memset(m, 0, sizeof(*m));
    env_real_init(&m->env, "test");
    loop_env_real(&m->env);
    m->env.log_level = LOG_ERROR;
    w->env = &m->env;
    w->arena = arena_new(0);
    snprintf(m->dir, sizeof(m->dir), "/tmp/histories.XXXXXX");
    REQUIRE(mkdtemp(m->dir));
    snprintf(m->address, sizeof(m->address), "unix:%s/s", m->dir);
    REQUIRE(loop_new(w->env, &w->l) == 0 && work_pool_new(w->env, 1, &w->disk) == 0);
    struct store_options so = {.ops = &store_memory_ops,
                               .disk = store_disk_memory(w->env),
                               .workers = w->disk,
                               .fatal = on_fatal};
    REQUIRE(store_open(w->l, &so, &e, &w->store) == 0);
    const char *const addresses[] = {m->address, NULL};
    struct apiserver_options ao = {
        .addresses = addresses, .store = w->store, .authz = &authz_allow_all};
    REQUIRE(apiserver_new(w->l, &ao, &e, &w->server) == 0);
    REQUIRE(loop_run_until(w->l, is_bootstrapped, w, 60 * NSEC_PER_SEC));
    struct http_client_options co = {.address = m->address, .host = "h"};
    REQUIRE(http_client_new(w->l, &co, &w->client) == 0);
}

static void machine_done(struct machine *m) {
    struct world *w = &m->w;
    http_client_free(w->client);
    apiserver_free(w->server);
    store_close(w->store);
    work_pool_free(w->disk);
    loop_free(w->l);
    loop_env_done(w->env);
    arena_free(w->arena);
    unlink(m->address + strlen("unix:"));
    rmdir(m->dir);
}

TEST(a_history_over_sockets) {
    struct machine m;
    machine_init(&m);
    run_history(&m.w, false);
    machine_done(&m);
}
