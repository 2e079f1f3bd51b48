// SPDX-License-Identifier: Apache-2.0
/* What the random histories do not reach: scopes of nodes, waits, bounds, batches, the peace of an
 * idle store. */
#include "base/env.h"
#include "objects.h"
#include "store/disk_memory.h"
#include "tap.h"

#define CONFIG_MAPS RESOURCE_OF(core_v1_configmaps)
#define PODS        RESOURCE_OF(core_v1_pods)

struct fixture {
    struct env_sim sim;
    struct loop *loop;
    struct work_pool *pool;
    struct store_disk_memory *disk;
    struct store *store;
};

static bool never(void *ctx) {
    return false;
}

static bool count_down(void *ctx) {
    return (*(int *)ctx)-- <= 0;
}

static bool is_closed(void *ctx) {
    return ((struct store_disk_memory *)ctx)->refs == 1;
}

static void run_for(struct fixture *f, int64_t ns) {
    loop_run_until(f->loop, never, NULL, ns);
}

static void on_fatal(void *ctx, const struct err *e) {
    tap_fail(__FILE__, __LINE__, "%s", e->text);
}

static void open_store(struct fixture *f, size_t log_bytes) {
    struct err e = {0};
    struct store_options o = {.ops = &store_memory_ops,
                              .disk = f->disk,
                              .workers = f->pool,
                              .log_bytes = log_bytes,
                              .fatal = on_fatal};
    REQUIRE(store_open(f->loop, &o, &e, &f->store) == 0);
}

static void setup(struct fixture *f, size_t log_bytes) {
    *f = (struct fixture){0};
    env_sim_init(&f->sim, tap_seed());
    REQUIRE(loop_new_sim(&f->sim, &f->loop) == 0);
    REQUIRE(work_pool_new(&f->sim.env, 1, &f->pool) == 0);
    f->disk = store_disk_memory_keep(store_disk_memory(&f->sim.env));
    open_store(f, log_bytes);
}

static void reopen(struct fixture *f) {
    f->store = store_close(f->store);
    store_disk_memory_keep(f->disk);
    open_store(f, 0);
}

static void teardown(struct fixture *f) {
    f->store = store_close(f->store);
    store_disk_memory_free(f->disk);
    work_pool_free(f->pool);
    loop_free(f->loop);
    env_sim_done(&f->sim);
}

struct answer {
    struct store_write w;
    int r;
    uint64_t revision;
    bool is_done;
};

static void on_done(struct store_write *w, int r, uint64_t revision, struct object *current) {
    struct answer *a = container_of(w, struct answer, w);
    CHECK(!a->is_done);
    a->is_done = true;
    a->r = r;
    a->revision = revision;
}

static void propose_put(struct fixture *f, struct answer *a, struct object *o, uint64_t expected,
                        bool is_volatile) {
    *a = (struct answer){.w = {.resource = o->resource,
                               .key = o->key,
                               .expected = expected,
                               .object = o,
                               .is_volatile = is_volatile,
                               .done = on_done}};
    store_propose(f->store, &a->w);
}

/* Writes and waits for the answer; the object's reference is the callee's. */
static int put(struct fixture *f, struct object *o) {
    struct answer a;
    propose_put(f, &a, o, STORE_ANY, false);
    run_for(f, NSEC_PER_MSEC);
    CHECK(a.is_done);
    object_unref(o);
    return a.r;
}

static int put_volatile(struct fixture *f, struct object *o) {
    struct answer a;
    propose_put(f, &a, o, STORE_ANY, true);
    run_for(f, NSEC_PER_MSEC);
    object_unref(o);
    return a.r;
}

/* ---- watches ---- */

struct watcher {
    struct store_watch *w;
    unsigned calls;
    struct watcher *victim; /* whom it ends when it is called */
};

static void on_ready(void *ctx) {
    struct watcher *w = ctx;
    w->calls++;
    if (w->victim)
        w->victim->w = store_watch_free(w->victim->w);
}

static void watch(struct fixture *f, struct watcher *w, const char *node) {
    *w = (struct watcher){0};
    struct store_watch_options o = {.resource = PODS,
                                    .node = str_of(node),
                                    .after = store_revision(f->store),
                                    .ready = on_ready,
                                    .ctx = w};
    REQUIRE(store_watch_new(f->store, &o, &w->w) == 0);
}

static unsigned drain(struct watcher *w) {
    const struct store_event *ev;
    unsigned n = 0;
    while (store_watch_next(w->w, &ev) == 1)
        n++;
    return n;
}

/* A pod that is bound or moves is news for the node it leaves and the node it comes to. */
TEST(watch_of_a_node_sees_its_pods) {
    struct fixture f;
    struct watcher a, b, none;
    setup(&f, 0);
    watch(&f, &a, "node-a");
    watch(&f, &b, "node-b");
    watch(&f, &none, "");
    put(&f, pod("x", "p", ""));
    CHECK_INT(drain(&none), 1);
    put(&f, pod("x", "p", "node-a"));
    CHECK_INT(drain(&none), 1);
    CHECK_INT(a.calls, 1);
    CHECK_INT(drain(&a), 1);
    put(&f, pod("x", "p", "node-b"));
    CHECK_INT(drain(&a), 1);
    CHECK_INT(drain(&b), 1);
    put(&f, pod("x", "q", "node-c"));
    CHECK_INT(a.calls + b.calls, 3);
    CHECK_INT(drain(&a) + drain(&b) + drain(&none), 0);
    CHECK_INT(store_watch_progress(a.w), store_revision(f.store));
    store_watch_free(a.w);
    store_watch_free(b.w);
    store_watch_free(none.w);
    teardown(&f);
}

/* However much happens elsewhere, a watcher that has read everything keeps its place. */
TEST(watch_outlives_what_is_not_for_it) {
    struct fixture f;
    struct watcher quiet, slow;
    setup(&f, 4000);
    watch(&f, &quiet, "node-a");
    watch(&f, &slow, "node-b");
    put(&f, pod("x", "b", "node-b"));
    for (unsigned i = 0; i < 100; i++)
        put(&f, pod("x", "busy", "node-c"));
    put(&f, pod("x", "a", "node-a"));
    CHECK_INT(drain(&quiet), 1);
    CHECK_INT(quiet.calls, 1);
    const struct store_event *ev;
    CHECK_INT(store_watch_next(slow.w, &ev), -ESTALE);
    CHECK_INT(store_watch_next(slow.w, &ev), -ESTALE);
    store_watch_free(quiet.w);
    store_watch_free(slow.w);
    teardown(&f);
}

/* Every third ends itself, every other third the one behind it, which then is not called. */
TEST(watch_may_end_in_a_callback) {
    enum { N = 300 };
    struct fixture f;
    struct watcher w[N];
    setup(&f, 0);
    for (unsigned i = 0; i < N; i++) {
        watch(&f, &w[i], "node-a");
        w[i].victim = i % 3 == 0 ? &w[i] : i % 3 == 1 ? &w[i + 1] : NULL;
    }
    put(&f, pod("x", "p", "node-a"));
    unsigned calls = 0;
    for (unsigned i = 0; i < N; i++)
        calls += w[i].calls;
    CHECK_INT(calls, N / 3 * 2);
    struct store_stats st;
    store_stats(f.store, &st);
    CHECK_INT(st.watchers, N / 3);
    for (unsigned i = 0; i < N; i++)
        store_watch_free(w[i].w);
    teardown(&f);
}

/* ---- waits ---- */

static void on_wait(void *ctx, int r) {
    *(int *)ctx = r;
}

TEST(wait_for_a_revision) {
    struct fixture f;
    int reached = 1, later = 1, never_comes = 1, cancelled = 1, at_close = 1;
    setup(&f, 0);
    uint64_t now = store_revision(f.store);
    store_wait_revision(f.store, now, NSEC_PER_SEC, on_wait, &reached);
    store_wait_revision(f.store, now + 1, NSEC_PER_SEC, on_wait, &later);
    store_wait_revision(f.store, now + 2, NSEC_PER_SEC, on_wait, &never_comes);
    struct store_wait *w = store_wait_revision(f.store, now, NSEC_PER_SEC, on_wait, &cancelled);
    store_wait_cancel(w);
    CHECK_INT(reached, 1);
    run_for(&f, NSEC_PER_MSEC);
    CHECK_INT(reached, 0);
    CHECK_INT(later, 1);
    put(&f, config_map("a", "x", 1));
    CHECK_INT(later, 0);
    run_for(&f, 2 * NSEC_PER_SEC);
    CHECK_INT(never_comes, -ETIMEDOUT);
    CHECK_INT(cancelled, 1);
    store_wait_revision(f.store, now + 9, NSEC_PER_SEC, on_wait, &at_close);
    teardown(&f);
    CHECK_INT(at_close, -ECANCELED);
}

/* ---- writes ---- */

/* While one batch is committed the next collects: many writes, few commits. */
TEST(writes_share_commits) {
    enum { N = 2500 };
    struct fixture f;
    struct store_stats st;
    struct answer *a = xcalloc(N, sizeof(*a));
    struct object **o = xcalloc(N, sizeof(*o));
    setup(&f, 0);
    for (unsigned i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%u", i);
        o[i] = config_map("a", name, i);
        propose_put(&f, &a[i], o[i], STORE_ABSENT, false);
        CHECK(!a[i].is_done);
    }
    run_for(&f, NSEC_PER_MSEC);
    for (unsigned i = 0; i < N; i++) {
        CHECK_INT(a[i].r, 0);
        CHECK(a[i].is_done && (!i || a[i].revision == a[i - 1].revision + 1));
        object_unref(o[i]);
    }
    store_stats(f.store, &st);
    CHECK_INT(st.committed_writes, N);
    CHECK_INT(st.commits, (N + STORE_BATCH_MAX - 1) / STORE_BATCH_MAX);
    CHECK_INT(st.objects, N);
    teardown(&f);
    free(a);
    free(o);
}

TEST(writes_have_bounds) {
    struct fixture f;
    static char text[STORE_VALUE_MAX + 1], name[STORE_KEY_MAX];
    struct answer a;
    setup(&f, 0);
    memset(text, ' ', sizeof(text));
    memset(name, 'n', sizeof(name));
    struct object h = {.resource = CONFIG_MAPS, .key = STR("/registry/configmaps/a/x")};
    struct object *o = object_new_raw(&h, str_n(text, sizeof(text)));
    propose_put(&f, &a, o, STORE_ANY, false);
    run_for(&f, NSEC_PER_MSEC);
    CHECK_INT(a.r, -E2BIG);
    object_unref(o);
    h.key = str_n(name, sizeof(name));
    o = object_new_raw(&h, STR("{}"));
    propose_put(&f, &a, o, STORE_ANY, false);
    run_for(&f, NSEC_PER_MSEC);
    CHECK_INT(a.r, 0);
    object_unref(o);
    teardown(&f);
}

TEST(writes_are_refused_when_too_many_wait) {
    enum { N = STORE_PENDING_MAX + 10 };
    struct fixture f;
    struct answer *a = xcalloc(N, sizeof(*a));
    setup(&f, 0);
    unsigned refused = 0;
    for (unsigned i = 0; i < N; i++) {
        struct object *o CLEANUP(object_unrefp) = config_map("a", "same", i);
        a[i].w = (struct store_write){.resource = CONFIG_MAPS,
                                      .key = STR("/registry/configmaps/a/same"),
                                      .expected = STORE_ANY,
                                      .object = o,
                                      .done = on_done};
        store_propose(f.store, &a[i].w);
    }
    run_for(&f, NSEC_PER_MSEC);
    for (unsigned i = 0; i < N; i++)
        refused += a[i].is_done && a[i].r == -EBUSY;
    CHECK_INT(refused, 10);
    CHECK_INT(put(&f, config_map("a", "same", 1)), 0);
    teardown(&f);
    free(a);
}

/* A heartbeat costs no write, until the object is written for another reason or the store ends. */
TEST(volatile_writes_cost_no_commit) {
    struct fixture f;
    struct store_stats before, after;
    setup(&f, 0);
    put(&f, config_map("a", "x", 1));
    put(&f, config_map("a", "y", 1));
    store_stats(f.store, &before);
    for (unsigned i = 2; i < 100; i++)
        CHECK_INT(put_volatile(&f, config_map("a", i % 2 ? "x" : "y", i)), 0);
    store_stats(f.store, &after);
    CHECK_INT(after.commits, before.commits);
    CHECK_INT(after.revision, before.revision + 98);
    uint64_t limits = f.disk->limits;
    put(&f, config_map("a", "x", 100));
    store_stats(f.store, &after);
    CHECK_INT(after.committed_writes, before.committed_writes + 1);
    uint64_t commits = f.disk->commits;
    f.store = store_close(f.store);
    CHECK_INT(f.disk->commits, commits + 1); /* y */
    CHECK_INT(f.disk->limits, limits + 1);
    teardown(&f);
}

/* Tip is what the next write will be checked against; readers see what is published. */
TEST(tip_runs_ahead) {
    struct fixture f;
    struct answer a;
    setup(&f, 0);
    struct object *o = config_map("a", "x", 7);
    propose_put(&f, &a, o, STORE_ABSENT, false);
    CHECK(store_get(f.store, CONFIG_MAPS, o->key) == NULL);
    CHECK(store_get_tip(f.store, CONFIG_MAPS, o->key) == o);
    run_for(&f, NSEC_PER_MSEC);
    CHECK(store_get(f.store, CONFIG_MAPS, o->key) == o);
    CHECK(store_get_tip(f.store, CONFIG_MAPS, o->key) == o);
    object_unref(o);
    teardown(&f);
}

/* Both versions of a resource are one table. */
TEST(versions_share_their_storage) {
    struct fixture f;
    setup(&f, 0);
    put(&f, config_map("a", "x", 1));
    const struct api_resource *v1 = RESOURCE_OF(autoscaling_v1_horizontalpodautoscalers);
    CHECK(store_get(f.store, v1, STR("/registry/configmaps/a/x")) == NULL);
    CHECK_INT(store_floor(f.store, v1), store_floor(f.store, v1->storage));
    teardown(&f);
}

/* ---- idle ---- */

/* A virtual loop ends when nothing can happen any more: no timer may be left, no event kept. */
TEST(idle_store_sleeps) {
    struct fixture f;
    struct store_stats st;
    setup(&f, 0);
    for (unsigned i = 0; i < 50; i++)
        put(&f, config_map("a", "x", i));
    store_stats(f.store, &st);
    CHECK_INT(st.log_events, 50);
    run_for(&f, 70 * NSEC_PER_SEC);
    store_stats(f.store, &st);
    CHECK_INT(st.log_events, 50);
    CHECK_INT(loop_run(f.loop), 0);
    store_stats(f.store, &st);
    CHECK_INT(st.log_events, 0);
    CHECK_INT(st.log_bytes, 0);
    CHECK(loop_now(f.loop) < 1000 * NSEC_PER_SEC);
    CHECK_INT(store_floor(f.store, CONFIG_MAPS), store_revision(f.store));
    teardown(&f);
}

/* A refusal, a start and a stop write nothing. */
TEST(reading_writes_nothing) {
    struct fixture f;
    struct answer a;
    setup(&f, 0);
    put(&f, config_map("a", "x", 1));
    uint64_t limits = f.disk->limits, commits = f.disk->commits;
    struct object *o = config_map("a", "x", 2);
    propose_put(&f, &a, o, STORE_ABSENT, false);
    run_for(&f, NSEC_PER_MSEC);
    CHECK_INT(a.r, -EEXIST);
    object_unref(o);
    CHECK_INT(f.disk->limits, limits);
    CHECK_INT(f.disk->commits, commits);
    reopen(&f);
    limits = f.disk->limits;
    reopen(&f);
    CHECK_INT(f.disk->limits, limits);
    CHECK_INT(f.disk->commits, commits);
    CHECK(store_get(f.store, CONFIG_MAPS, STR("/registry/configmaps/a/x")) != NULL);
    teardown(&f);
}

/* On a real loop a worker may still be writing when the store ends; the disk is closed behind it.
 */
TEST(store_may_close_while_its_worker_writes) {
    for (unsigned i = 0; i < 50; i++) {
        struct env env;
        struct loop *loop;
        struct work_pool *pool;
        struct store *s;
        struct answer a;
        struct err e = {0};
        env_real_init(&env, "test");
        REQUIRE(loop_new(&env, &loop) == 0 && work_pool_new(&env, 1, &pool) == 0);
        struct fixture f = {.loop = loop};
        struct store_disk_memory *disk = store_disk_memory_keep(store_disk_memory(&env));
        struct store_options o = {
            .ops = &store_memory_ops, .disk = disk, .workers = pool, .fatal = on_fatal};
        REQUIRE(store_open(loop, &o, &e, &s) == 0);
        f.store = s;
        struct object *x = config_map("a", "x", 1);
        propose_put(&f, &a, x, STORE_ABSENT, false);
        object_unref(x);
        int turns = (int)(i % 3);
        loop_run_until(loop, count_down, &turns, NSEC_PER_SEC);
        store_close(s);
        CHECK(a.is_done && (a.r == 0 || a.r == -ECANCELED));
        work_pool_free(pool);
        loop_run_until(loop, is_closed, disk, NSEC_PER_SEC);
        CHECK_INT(disk->refs, 1);
        store_disk_memory_free(disk);
        loop_free(loop);
    }
}
