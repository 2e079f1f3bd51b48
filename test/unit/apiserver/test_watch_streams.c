// SPDX-License-Identifier: Apache-2.0
/* Watchers of every form see every change of what they select: in order, once, as it was; while
 * connections break at any byte, watchers fall asleep, the log forgets what they have not read, and
 * the server is replaced. What really happened is what the disk was told; a model of it judges each
 * list and each watch (watch_model.h). */
#include "api/types.h"
#include "server_test.h"
#include "store/disk_memory.h"
#include "watch_events.h"
#include "watch_model.h"

#define WRITERS   6
#define WATCHERS  20
#define CHANGES   1500 /* written in a run, about */
#define LOG_BYTES (96 * 1024)
#define PADDING   (24 * 1024) /* of some pods: more than buffers hold is soon unread */
#define PODS      "/registry/pods/"
#define TICK      (10 * NSEC_PER_MSEC)
#define PROTO     "application/vnd.kubernetes.protobuf"

static const char *const spaces[] = {"default", "kube-public", "kube-system"};

struct form {
    const char *accept;
    enum { FORM_JSON, FORM_PROTO, FORM_METADATA, FORM_TABLE } kind;
};
static const struct form forms[] = {
    {"application/json", FORM_JSON},
    {PROTO, FORM_PROTO},
    {"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", FORM_METADATA},
    {"application/json;as=Table;v=v1;g=meta.k8s.io", FORM_TABLE},
};

struct choice {
    const char *query;
    struct model_selection selection;
};
static const struct choice choices[] = {
    {"", {0}},
    {"", {.ns = "default"}},
    {"labelSelector=app%3Da", {.label = {"app", "a"}}},
    {"labelSelector=app%21%3Da", {.ns = "kube-system", .label = {"app", "a", true}}},
    {"labelSelector=app", {.label = {"app"}}},
    {"labelSelector=%21app", {.label = {"app", NULL, true}}},
    {"fieldSelector=metadata.name%3Dp2", {.ns = "default", .name = "p2"}},
    {"fieldSelector=metadata.name%3Dp2", {.name = "p2"}},
    {"fieldSelector=metadata.namespace%3Dkube-public", {.ns = "kube-public"}},
    {"fieldSelector=spec.nodeName%3Dn1", {.field = {"spec.nodeName", "n1"}}},
    {"fieldSelector=spec.nodeName%21%3Dn1", {.field = {"spec.nodeName", "n1", true}}},
    {"fieldSelector=spec.nodeName%3D", {.ns = "default", .field = {"spec.nodeName", ""}}},
    {"fieldSelector=status.phase%3DRunning", {.field = {"status.phase", "Running"}}},
    {"fieldSelector=status.phase%21%3DRunning&labelSelector=app%3Db",
     {.label = {"app", "b"}, .field = {"status.phase", "Running", true}}},
};

struct run;
struct writer {
    struct run *run;
    struct answer answer;
};

/* Lists, watches, and begins again where it knows how far it has come. */
struct watcher {
    struct run *run;
    unsigned id;
    struct http_client *client;
    struct http_call *call;
    const struct form *form;
    const struct choice *choice;
    struct timer timer; /* until it begins again, or reads on */
    enum { IDLE, LISTING, WATCHING } state;
    bool asleep, expired;
    uint64_t at;         /* it has seen all up to here; 0: it must list */
    struct arena *arena; /* of what it has seen since the last begin */
    struct watch_events in;
    struct model_watch stream;
    struct {
        struct model_seen *v;
        uint32_t n;
    } seen;
    uint64_t oldest;  /* a list may show no older state */
    uint64_t list_at; /* of the pages so far */
    const char *what; /* the request, for complaints */
};

/* How often what a test is for has come to pass. */
struct counts {
    unsigned events, bookmarks;
    unsigned gone, gone_asleep; /* 410; in the midst of a stream */
    unsigned broken, lists, pages, initial;
};

struct run {
    struct world w;
    struct world_options options;
    struct store_disk_memory *disk;
    struct model model;
    struct writer writers[WRITERS];
    struct watcher watchers[WATCHERS];
    struct timer tick;
    uint32_t until; /* so many changes */
    bool settling;  /* nothing is written or broken any more */
    struct counts counts;
};

static unsigned below(struct run *r, unsigned n) {
    return (unsigned)env_random_below(r->w.env, n);
}

/* ---- the disk tells the model ---- */

static int recorder_load(void *disk, int (*each)(void *ctx, const struct store_record *), void *ctx,
                         uint64_t *ret_revision, uint64_t *ret_limit, bool *ret_clean,
                         struct err *e) {
    struct run *r = disk;
    return store_memory_ops.load(r->disk, each, ctx, ret_revision, ret_limit, ret_clean, e);
}

static const struct value *normal(struct value *object) {
    struct value *meta = value_get(object, STR("metadata"));
    if (meta)
        value_remove(meta, STR("resourceVersion"));
    return object;
}

static int recorder_commit(void *disk, const struct store_record *records, size_t n,
                           struct err *e) {
    struct run *r = disk;
    struct arena *a = r->model.arena;
    for (size_t i = 0; i < n; i++) {
        str key = records[i].key;
        struct value *v = NULL;
        if (!str_starts(key, STR(PODS)))
            continue;
        if (records[i].value.p) {
            v = arena_make(a, struct value);
            REQUIRE(value_parse(a, str_dup(a, records[i].value), v, NULL, NULL) == 0);
            normal(v);
        }
        model_add(&r->model, records[i].revision, str_dup(a, str_slice(key, strlen(PODS), key.n)),
                  v);
    }
    return store_memory_ops.commit(r->disk, records, n, e);
}

static int recorder_limit(void *disk, uint64_t limit, bool clean, struct err *e) {
    struct run *r = disk;
    return store_memory_ops.set_limit(r->disk, limit, clean, e);
}

static void recorder_close(void *disk) {
    store_memory_ops.close(((struct run *)disk)->disk);
}

static const struct store_disk_ops recorder_ops = {
    .name = "recorder",
    .load = recorder_load,
    .commit = recorder_commit,
    .set_limit = recorder_limit,
    .close = recorder_close,
};

/* ---- writers ---- */

static str padding(struct run *r) {
    size_t n = below(r, 3) ? below(r, 100) : PADDING;
    char *p = arena_alloc(r->w.arena, n);
    memset(p, 'x', n);
    return str_n(p, n);
}

static str labels(struct run *r, bool patch) {
    static const char *const some[] = {"{\"app\":\"a\"}", "{\"app\":\"b\"}", "{\"app\":\"c\"}"};
    return str_of(below(r, 4) ? some[below(r, 3)] : patch ? "{\"app\":null}" : "{}");
}

static void write_as(struct writer *k, const char *method, str target, const char *type, str body) {
    struct http_header h[] = {{STR("Content-Type"), str_of(type)}};
    send_call(&k->run->w, &k->answer, method, target, h, body.n ? 1 : 0, body);
}

static void create(struct writer *k, str collection, str name) {
    struct run *r = k->run;
    struct arena *a = r->w.arena;
    str node = STR(""), label = labels(r, false), fill = padding(r);
    if (below(r, 2))
        node = str_printf(a, ",\"nodeName\":\"n%u\"", below(r, 3));
    write_as(k, "POST", collection, "application/json",
             str_printf(a,
                        "{\"metadata\":{\"name\":\"" STR_FMT "\",\"labels\":" STR_FMT
                        ",\"annotations\":{\"p\":\"" STR_FMT "\"}},\"spec\":{\"containers\":[{"
                        "\"name\":\"c\",\"image\":\"i\"}]" STR_FMT "}}",
                        STR_ARG(name), STR_ARG(label), STR_ARG(fill), STR_ARG(node)));
}

static void patch(struct writer *k, str item) {
    str label = labels(k->run, true), fill = padding(k->run);
    write_as(k, "PATCH", item, "application/merge-patch+json",
             str_printf(k->run->w.arena,
                        "{\"metadata\":{\"labels\":" STR_FMT ",\"annotations\":{\"p\":\"" STR_FMT
                        "\"}}}",
                        STR_ARG(label), STR_ARG(fill)));
}

static void write_status(struct writer *k, str item) {
    static const char *const phases[] = {"Pending", "Running", "Succeeded"};
    struct arena *a = k->run->w.arena;
    write_as(k, "PATCH", str_concat(a, item, STR("/status")), "application/merge-patch+json",
             str_printf(a, "{\"status\":{\"phase\":\"%s\"}}", phases[below(k->run, 3)]));
}

static void bind(struct writer *k, str item, str name) {
    struct arena *a = k->run->w.arena;
    write_as(k, "POST", str_concat(a, item, STR("/binding")), "application/json",
             str_printf(a,
                        "{\"metadata\":{\"name\":\"" STR_FMT
                        "\"},\"target\":{\"kind\":\"Node\",\"name\":\"n%u\"}}",
                        STR_ARG(name), below(k->run, 3)));
}

/* What comes back is not looked at: the disk knows. */
static void write_next(struct writer *k) {
    struct run *r = k->run;
    struct arena *a = r->w.arena;
    str collection =
        str_printf(a, "/api/v1/namespaces/%s/pods", spaces[below(r, ARRAY_LEN(spaces))]);
    str name = str_printf(a, "p%u", below(r, 6));
    str item = str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(collection), STR_ARG(name));
    unsigned dice = below(r, 100);
    if (dice < 30)
        create(k, collection, name);
    else if (dice < 60)
        patch(k, item);
    else if (dice < 75)
        write_status(k, item);
    else if (dice < 85)
        bind(k, item, name);
    else if (dice < 99) /* without it, a pod that has a node is marked and stays */
        write_as(k, "DELETE",
                 str_concat(a, item, below(r, 4) ? STR("?gracePeriodSeconds=0") : STR("")), "",
                 STR_NONE);
    else
        write_as(k, "DELETE",
                 str_concat(a, collection, STR("?gracePeriodSeconds=0&labelSelector=app%3Db")), "",
                 STR_NONE);
}

/* ---- what a watcher has seen ---- */

static void complain(struct watcher *k, const char *bad) {
    tap_fail(__FILE__, __LINE__, "watcher %u, %s, %s: %s", k->id, k->form->accept, k->what, bad);
}

/* Takes the resourceVersion out. */
static uint64_t revision_of(struct value *object) {
    uint64_t revision = 0;
    str_to_u64(value_str(value_at(object, "metadata.resourceVersion")), &revision);
    normal(object);
    return revision;
}

static struct model_seen seen_of(struct watcher *k, struct value *object) {
    str ns = value_str(value_at(object, "metadata.namespace"));
    str name = value_str(value_at(object, "metadata.name"));
    struct model_seen e = {.revision = revision_of(object)};
    e.key = str_printf(k->arena, STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name));
    e.object = object;
    return e;
}

/* An event, or the error that ends the watch. */
static void take_object(struct watcher *k, str type, struct value *object) {
    static const char *const names[] = {"ADDED", "MODIFIED", "DELETED", "BOOKMARK"};
    unsigned t = 0;
    while (t < ARRAY_LEN(names) && !str_eqc(type, names[t]))
        t++;
    if (t == ARRAY_LEN(names)) {
        const struct value *code = value_getc(object, "code");
        CHECK_STRC(type, "ERROR");
        CHECK_INT(code ? code->i : 0, 410);
        k->expired = true;
        k->run->counts.gone++;
        k->run->counts.gone_asleep += k->seen.n > 0;
        return;
    }
    struct value *row = value_at(object, "rows.0.object"); /* of a table */
    object = row ? row : object;
    bool ended = t == MODEL_BOOKMARK && value_at(object, "metadata.annotations") != NULL;
    struct model_seen *e = list_push(k->arena, &k->seen);
    *e = seen_of(k, object);
    e->type = ended ? MODEL_INITIAL_END : (enum model_type)t;
    e->only_metadata = k->form->kind >= FORM_METADATA;
    if (k->seen.n == 1)
        k->stream.until = store_revision(k->run->w.store);
    /* What is ADDED first may be the state, in no order of revisions. */
    if (!k->stream.initial || k->at || e->type != MODEL_ADDED)
        k->at = e->revision;
    k->run->counts.events++;
    k->run->counts.bookmarks += e->type == MODEL_BOOKMARK;
}

/* Whole events; the rest waits for more. */
static void take_events(struct watcher *k) {
    struct value *object;
    str type;
    int more = 1;
    while (!k->expired && (more = watch_events_next(&k->in, k->arena, &type, &object)) == 1)
        take_object(k, type, object);
    CHECK(more >= 0);
}

/* ---- watchers ---- */

static void begin_soon(struct watcher *k, int64_t most) {
    k->state = IDLE;
    k->call = NULL;
    timer_start(k->run->w.l, &k->timer, (int64_t)env_random_below(k->run->w.env, (uint64_t)most));
}

static void forget(struct watcher *k) {
    arena_reset(k->arena);
    k->seen.v = NULL;
    k->seen.n = 0;
    watch_events_clear(&k->in);
    k->asleep = k->expired = false;
}

/* What it has seen of this watch; all of it, or up to where it broke off. */
static void judge_watch(struct watcher *k, uint64_t whole) {
    k->stream.selection = &k->choice->selection;
    k->stream.seen = k->seen.v;
    k->stream.n_seen = k->seen.n;
    k->stream.whole = whole;
    if (!k->seen.n)
        k->stream.until = store_revision(k->run->w.store);
    const char *bad = model_check_watch(&k->run->model, &k->stream);
    if (bad)
        complain(k, bad);
}

static void start_call(struct watcher *k, str target,
                       void (*done)(void *, int, int, const struct http_headers *, str, bool),
                       bool (*data)(void *, str)) {
    bool watch = data != NULL;
    struct http_header h[] = {
        {STR("Accept"), str_of(watch ? k->form->accept : "application/json")}};
    k->what = str_cdup(k->run->w.arena, target);
    k->call = http_client_call(k->client, &(struct http_call_options){.method = "GET",
                                                                      .target = target,
                                                                      .headers = h,
                                                                      .n_headers = 1,
                                                                      .on_data = data,
                                                                      .on_done = done,
                                                                      .ctx = k});
}

static str target_of(struct watcher *k, const char *more) {
    const struct model_selection *s = &k->choice->selection;
    struct arena *a = k->run->w.arena;
    bool by_field = str_find(str_of(k->choice->query), STR("metadata.namespace")) >= 0;
    str in = s->ns && !by_field ? str_printf(a, "/namespaces/%s", s->ns) : STR("");
    return str_printf(a, "/api/v1" STR_FMT "/pods?%s%s%s", STR_ARG(in), k->choice->query,
                      *k->choice->query ? "&" : "", more);
}

static void watch_ended(void *ctx, int r, int status, const struct http_headers *h, str body,
                        bool maybe_sent) {
    struct watcher *k = ctx;
    struct run *run = k->run;
    if (r == 0)
        CHECK_INT(status, 200);
    run->counts.broken += r < 0;
    judge_watch(k, 0);
    /* Who is told so must have missed something. */
    if (k->expired)
        CHECK(k->at < store_floor(run->w.store, RESOURCE_OF(core_v1_pods)) || k->stream.initial);
    if (k->expired)
        k->at = 0;
    begin_soon(k, 100 * NSEC_PER_MSEC);
}

static bool watch_data(void *ctx, str data) {
    struct watcher *k = ctx;
    struct run *run = k->run;
    watch_events_add(&k->in, data);
    take_events(k);
    if (!run->settling && !k->asleep && below(run, 60) == 0) {
        k->asleep = true;
        timer_start(run->w.l, &k->timer, (int64_t)below(run, 1000) * NSEC_PER_MSEC);
    }
    return !k->asleep;
}

static void start_watch(struct watcher *k, str query) {
    struct run *run = k->run;
    struct arena *a = run->w.arena;
    if (!run->settling && below(run, 4) == 0)
        query = str_printf(a, STR_FMT "&timeoutSeconds=%u", STR_ARG(query), 1 + below(run, 2));
    if (k->form->kind == FORM_TABLE)
        query = str_concat(a, query, STR("&includeObject=Object"));
    if (below(run, 2)) {
        query = str_concat(a, query, STR("&allowWatchBookmarks=true"));
        k->stream.initial_end = str_starts(query, STR("sendInitialEvents"));
    }
    k->state = WATCHING;
    start_call(k, target_of(k, str_concat(a, STR("watch=true&"), query).p), watch_ended,
               watch_data);
}

static void watch_on(struct watcher *k) {
    forget(k);
    k->stream = (struct model_watch){.after = k->at};
    start_watch(k, str_printf(k->run->w.arena, "resourceVersion=%llu", (unsigned long long)k->at));
}

/* The state first. */
static void watch_all(struct watcher *k) {
    static const char *const queries[] = {
        "", "resourceVersion=0", "sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
        "sendInitialEvents=true&resourceVersionMatch=NotOlderThan"};
    uint64_t now = store_revision(k->run->w.store);
    forget(k);
    k->run->counts.initial++;
    k->stream = (struct model_watch){.after = now, .until = now, .initial = true};
    start_watch(k, str_of(queries[below(k->run, ARRAY_LEN(queries))]));
}

static void list_page(struct watcher *k, str query);

static void page_came(struct watcher *k, struct value *list) {
    const struct value *items = value_getc(list, "items");
    str token = value_str(value_at(list, "metadata.continue"));
    uint64_t revision = 0;
    str_to_u64(value_str(value_at(list, "metadata.resourceVersion")), &revision);
    CHECK(revision >= k->oldest);
    CHECK(!k->list_at || k->list_at == revision);
    k->list_at = revision;
    for (uint32_t i = 0; items && i < items->list.n; i++) {
        struct value *item = &items->list.v[i]; /* without its kind */
        *value_set(k->arena, item, STR("kind")) = (struct value){.tag = VALUE_STR, .s = STR("Pod")};
        *value_set(k->arena, item, STR("apiVersion")) =
            (struct value){.tag = VALUE_STR, .s = STR("v1")};
        *list_push(k->arena, &k->seen) = seen_of(k, item);
    }
    k->run->counts.pages++;
    if (token.n) {
        list_page(k, str_printf(k->run->w.arena, "limit=2&continue=" STR_FMT, STR_ARG(token)));
        return;
    }
    const char *bad =
        model_check_list(&k->run->model, &k->choice->selection, revision, k->seen.v, k->seen.n);
    if (bad)
        complain(k, bad);
    k->at = revision;
    k->run->counts.lists++;
    begin_soon(k, 20 * NSEC_PER_MSEC);
}

static void list_came(void *ctx, int r, int status, const struct http_headers *h, str body,
                      bool maybe_sent) {
    struct watcher *k = ctx;
    struct value *v = arena_make(k->arena, struct value);
    k->call = NULL;
    if (r == 0 && status == 200) {
        REQUIRE(value_parse(k->arena, str_dup(k->arena, body), v, NULL, NULL) == 0);
        page_came(k, v);
        return;
    }
    k->run->counts.broken += r < 0;
    if (r == 0 && status != 410)
        complain(k, str_dup(k->arena, body).p);
    if (r == 0 && status == 410)
        CHECK((k->list_at ? k->list_at : k->oldest) <
              store_floor(k->run->w.store, RESOURCE_OF(core_v1_pods)));
    else
        CHECK(r < 0);
    begin_soon(k, 100 * NSEC_PER_MSEC);
}

static void list_page(struct watcher *k, str query) {
    k->state = LISTING;
    start_call(k, target_of(k, query.p), list_came, NULL);
}

/* As it is, or as it was a moment ago. */
static void list_all(struct watcher *k) {
    struct run *run = k->run;
    uint64_t now = store_revision(run->w.store);
    forget(k);
    k->oldest = now;
    k->list_at = 0;
    if (below(run, 3) == 0) {
        unsigned back = below(run, 60);
        k->oldest = k->list_at = now - MIN(now - 1, back);
        list_page(k, str_printf(run->w.arena,
                                "resourceVersion=%llu&resourceVersionMatch=Exact&limit=%u",
                                (unsigned long long)k->oldest, below(run, 4)));
        return;
    }
    static const char *const queries[] = {"", "limit=2", "limit=3", "resourceVersion=0"};
    list_page(k, str_of(queries[below(run, ARRAY_LEN(queries))]));
}

static void on_timer(struct timer *t) {
    struct watcher *k = container_of(t, struct watcher, timer);
    if (k->state == WATCHING) {
        k->asleep = false;
        http_call_resume(k->call);
    } else if (k->at && below(k->run, 8)) {
        watch_on(k);
    } else if (below(k->run, 2)) {
        list_all(k);
    } else {
        k->at = 0;
        watch_all(k);
    }
}

/* ---- runs ---- */

static void give_up(struct watcher *k) {
    if (k->state != WATCHING)
        return;
    http_call_cancel(k->call);
    judge_watch(k, 0);
    k->at = k->expired ? 0 : k->at;
    begin_soon(k, 200 * NSEC_PER_MSEC);
}

static void on_tick(struct timer *t) {
    struct run *r = container_of(t, struct run, tick);
    for (unsigned i = 0; i < WRITERS; i++)
        if (r->writers[i].answer.done && below(r, 2))
            write_next(&r->writers[i]);
    if (below(r, 20) == 0)
        give_up(&r->watchers[below(r, WATCHERS)]);
    if (below(r, 200) == 0)
        loop_sim_cut(&r->w.sim, "sim:apiserver");
    timer_start(r->w.l, t, TICK);
}

static bool is_written(void *ctx) {
    struct run *r = ctx;
    return r->model.n >= r->until;
}

static bool is_settled(void *ctx) {
    struct run *r = ctx;
    bool ok = true;
    for (unsigned i = 0; i < WATCHERS; i++)
        ok &= r->watchers[i].state == WATCHING && !r->watchers[i].asleep;
    for (unsigned i = 0; i < WRITERS; i++)
        ok &= r->writers[i].answer.done;
    return ok;
}

static void on_shutdown(void *ctx) {
    *(bool *)ctx = true;
}
static bool is_set(void *ctx) {
    return *(bool *)ctx;
}

/* In good order: what watches have not told yet, the next server will. */
static void replace_server(struct run *r) {
    struct world *w = &r->w;
    bool over = false;
    apiserver_shutdown(w->server, 0, 2 * NSEC_PER_SEC, on_shutdown, &over);
    CHECK(loop_run_until(w->l, is_set, &over, 60 * NSEC_PER_SEC));
    apiserver_free(w->server);
    world_serve(w, &r->options);
}

/* Server and store are gone at once; what the disk was told before is there again. */
static void crash(struct run *r) {
    struct world *w = &r->w;
    timer_stop(w->l, &r->tick);
    for (unsigned i = 0; i < WATCHERS; i++) {
        give_up(&r->watchers[i]);
        http_call_cancel(TAKE(r->watchers[i].call));
        timer_stop(w->l, &r->watchers[i].timer);
    }
    apiserver_free(w->server);
    store_close(w->store);
    loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC); /* what was on its way to the disk */
    store_disk_memory_keep(r->disk);
    world_open(w, &r->options);
    world_serve(w, &r->options);
    timer_start(w->l, &r->tick, TICK);
    for (unsigned i = 0; i < WATCHERS; i++)
        begin_soon(&r->watchers[i], 50 * NSEC_PER_MSEC);
}

static void run_start(struct run *r, const struct world_options *o) {
    struct world *w = &r->w;
    r->options = *o;
    struct http_client_options co = {.address = "sim:apiserver", .host = "h"};
    world_init_with(w, o);
    r->tick.fire = on_tick;
    timer_start(w->l, &r->tick, TICK);
    for (unsigned i = 0; i < WRITERS; i++)
        r->writers[i] = (struct writer){.run = r, .answer.done = true};
    for (unsigned i = 0; i < WATCHERS; i++) {
        struct watcher *k = &r->watchers[i];
        *k = (struct watcher){.run = r, .id = i, .timer.fire = on_timer};
        k->form = &forms[below(r, ARRAY_LEN(forms))];
        k->choice = &choices[(i + below(r, 2)) % ARRAY_LEN(choices)];
        k->arena = arena_new(0);
        watch_events_init(&k->in, k->form->kind == FORM_PROTO ? &Pod_type : NULL);
        REQUIRE(http_client_new(w->l, &co, &k->client) == 0);
        begin_soon(k, 50 * NSEC_PER_MSEC);
    }
    loop_sim_net(&w->sim)->cut_per_million = 150;
    loop_sim_net(&w->sim)->latency_max = 3 * NSEC_PER_MSEC;
}

static void run_done(struct run *r) {
    for (unsigned i = 0; i < WATCHERS; i++) {
        struct watcher *k = &r->watchers[i];
        http_call_cancel(k->call);
        timer_stop(r->w.l, &k->timer);
        http_client_free(k->client);
        watch_events_done(&k->in);
        arena_free(k->arena);
    }
    world_done(&r->w);
    store_disk_memory_free(r->disk);
    arena_free(r->model.arena);
}

static void write_until(struct run *r, uint32_t n) {
    r->until = n;
    CHECK(loop_run_until(r->w.l, is_written, r, 600 * NSEC_PER_SEC));
}

static void add(struct counts *to, const struct counts *n) {
    to->events += n->events;
    to->bookmarks += n->bookmarks;
    to->gone += n->gone;
    to->gone_asleep += n->gone_asleep;
    to->broken += n->broken;
    to->lists += n->lists;
    to->pages += n->pages;
    to->initial += n->initial;
}

static void run_streams(unsigned round, struct counts *counts) {
    static struct run r;
    struct world_options o = {.seed = tap_seed() + round,
                              .slow_disk_ns = 4 * NSEC_PER_MSEC,
                              .log_bytes = LOG_BYTES,
                              .admission_off = "ServiceAccount",
                              .disk_ops = &recorder_ops,
                              .disk = &r};
    r = (struct run){.disk = store_disk_memory(NULL), .model.arena = arena_new(0)};
    store_disk_memory_keep(r.disk);
    run_start(&r, &o);
    write_until(&r, CHANGES / 3);
    replace_server(&r);
    write_until(&r, CHANGES * 2 / 3);
    crash(&r);
    write_until(&r, CHANGES);
    timer_stop(r.w.l, &r.tick);
    loop_sim_net(&r.w.sim)->cut_per_million = 0;
    r.settling = true;
    loop_run_until(r.w.l, is_never, NULL, 10 * NSEC_PER_SEC); /* longer than any watch or sleep */
    CHECK(loop_run_until(r.w.l, is_settled, &r, 60 * NSEC_PER_SEC));
    for (unsigned i = 0; i < WATCHERS; i++)
        judge_watch(&r.watchers[i], store_revision(r.w.store));
    add(counts, &r.counts);
    run_done(&r);
}

TEST(every_change_is_seen_once_and_in_order) {
    struct counts n = {0};
    for (unsigned round = 0; round < 3; round++)
        run_streams(round, &n);
    tap_diag(
        "%u events, %u bookmarks; gone %u, %u of them asleep; %u broken; %u lists of %u pages; "
        "%u began with the state",
        n.events, n.bookmarks, n.gone, n.gone_asleep, n.broken, n.lists, n.pages, n.initial);
    CHECK(n.events > CHANGES && n.bookmarks > 0);
    CHECK(n.gone > n.gone_asleep && n.gone_asleep > 0);
    CHECK(n.broken > 0 && n.lists > 0 && n.pages > n.lists && n.initial > 0);
}
