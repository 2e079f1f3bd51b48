// SPDX-License-Identifier: Apache-2.0
/* Random histories with crashes, against a model that keeps everything.
 *
 * The model foretells each answer when the write is proposed, revision included; knows the state at
 * every revision and the events between any two; and after a crash accepts exactly the states that
 * some prefix of the accepted writes leaves, if the prefix holds all that were answered. */
#include "base/env.h"
#include "objects.h"
#include "store/disk_memory.h"
#include "tap.h"

#define KEYS        8
#define HISTORY_MAX 4096
#define WRITES_MAX  64
#define WATCHES     4
#define SNAPSHOTS   4
#define CONFIG_MAPS RESOURCE_OF(core_v1_configmaps)
#define PREFIX      "/registry/configmaps/"

struct cell {
    uint64_t value, revision; /* value 0: absent */
};
struct state {
    struct cell cell[KEYS];
};
struct entry {
    uint64_t revision, value;
    unsigned key;
    bool is_volatile;
};

struct write {
    struct store_write w;
    struct test *t;
    char key[64];
    bool busy;
    int r; /* foretold */
    uint64_t revision;
    struct cell current;
};

struct watch {
    struct store_watch *w;
    struct test *t;
    uint64_t after; /* next event it must see is the first above this in its scope */
    char ns[4], name[4];
    bool is_ready, has_ended;
};

struct snapshot {
    struct store_snapshot *sn;
    struct state want;
};

struct test {
    struct env_sim sim;
    struct loop *loop;
    struct work_pool *pool;
    struct store_disk_memory *disk;
    struct store *store;
    bool is_dead;      /* the store said so */
    struct state base; /* at open */
    uint64_t base_revision, issued, highest_seen;
    struct entry history[HISTORY_MAX];
    unsigned n_history;
    struct write writes[WRITES_MAX];
    struct watch watches[WATCHES];
    struct snapshot snapshots[SNAPSHOTS];
    uint64_t next_value;
    unsigned n_answers, n_events, n_crashes;
};

static bool never(void *ctx) {
    return false;
}

static uint64_t below(struct test *t, uint64_t n) {
    return env_random_below(&t->sim.env, n);
}

static const char *ns_of(unsigned key) {
    return key < KEYS / 2 ? "a" : "b";
}
static const char *name_of(unsigned key) {
    static const char *const names[KEYS / 2] = {"k0", "k1", "k2", "k3"};
    return names[key % (KEYS / 2)];
}

/* ---- the model ---- */

static void apply_entry(struct state *s, const struct entry *e) {
    s->cell[e->key] = e->value ? (struct cell){e->value, e->revision} : (struct cell){0};
}

static struct state state_at(const struct test *t, uint64_t revision) {
    struct state s = t->base;
    for (unsigned i = 0; i < t->n_history && t->history[i].revision <= revision; i++)
        apply_entry(&s, &t->history[i]);
    return s;
}

static int foretell(const struct cell *now, uint64_t expected, bool is_delete) {
    if (!now->value)
        return !is_delete && (expected == STORE_ABSENT || expected == STORE_ANY) ? 0 : -ENOENT;
    if (expected == STORE_ABSENT)
        return -EEXIST;
    return expected == STORE_ANY || expected == now->revision ? 0 : -ESTALE;
}

/* ---- writers ---- */

static void on_done(struct store_write *sw, int r, uint64_t revision, struct object *current) {
    struct write *w = container_of(sw, struct write, w);
    struct test *t = w->t;
    w->busy = false;
    t->n_answers++;
    if (r == -ECANCELED)
        return;
    CHECK_INT(r, w->r);
    CHECK_INT(revision, w->revision);
    CHECK_INT(current ? config_value(current) : 0, w->current.value);
    CHECK_INT(current ? current->revision : 0, w->current.revision);
    /* Whatever it tells must have been published. */
    CHECK(revision <= store_revision(t->store));
    CHECK(!current || current->revision <= store_revision(t->store));
}

static uint64_t some_expectation(struct test *t, const struct cell *now) {
    switch (below(t, 5)) {
    case 0:
        return STORE_ABSENT;
    case 1:
        return STORE_ANY;
    case 2:
        return 1 + below(t, t->issued);
    default:
        return now->value ? now->revision : STORE_ABSENT;
    }
}

static void propose(struct test *t) {
    struct write *w = &t->writes[below(t, WRITES_MAX)];
    if (w->busy || t->is_dead || t->n_history == HISTORY_MAX)
        return;
    unsigned key = (unsigned)below(t, KEYS);
    struct cell now = state_at(t, UINT64_MAX).cell[key];
    bool is_delete = below(t, 4) == 0;
    struct object *o CLEANUP(object_unrefp) = NULL;
    *w = (struct write){.t = t, .busy = true, .current = now};
    w->w = (struct store_write){
        .resource = CONFIG_MAPS,
        .key = key_of(w->key, sizeof(w->key), CONFIG_MAPS, ns_of(key), name_of(key)),
        .expected = some_expectation(t, &now),
        .is_volatile = below(t, 3) == 0,
        .done = on_done};
    if (is_delete && w->w.expected == STORE_ABSENT)
        w->w.expected = STORE_ANY;
    if (!is_delete)
        w->w.object = o = config_map(ns_of(key), name_of(key), ++t->next_value);
    w->r = foretell(&now, w->w.expected, is_delete);
    if (w->r == 0) {
        w->revision = ++t->issued;
        t->history[t->n_history++] = (struct entry){w->revision, is_delete ? 0 : t->next_value, key,
                                                    w->w.is_volatile && now.value && !is_delete};
    }
    store_propose(t->store, &w->w);
    CHECK(w->busy);
}

/* ---- snapshots ---- */

static void check_object(const struct object *o, const struct cell *want, unsigned key) {
    if (!want->value || !o || config_value(o) != want->value || o->revision != want->revision)
        tap_fail(__FILE__, __LINE__, "key %u: value %llu of revision %llu is not as it should be",
                 key, (unsigned long long)want->value, (unsigned long long)want->revision);
}

static void check_snapshot(struct store_snapshot *sn, const struct state *want, const char *ns) {
    char buf[64];
    str prefix = *ns ? key_of(buf, sizeof(buf), CONFIG_MAPS, ns, "") : STR(PREFIX);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false), *first = o;
    uint64_t n = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        if (!want->cell[i].value || (*ns && strcmp(ns, ns_of(i)) != 0))
            continue;
        check_object(o, &want->cell[i], i);
        if (!o)
            return;
        o = store_snapshot_next(sn);
        n++;
    }
    CHECK(o == NULL);
    CHECK_INT(store_snapshot_count(sn, prefix, STR_NONE), n);
    if (!first)
        return;
    CHECK_INT(store_snapshot_count(sn, prefix, first->key), n - 1);
    o = store_snapshot_seek(sn, prefix, first->key, true);
    CHECK(n == 1 ? o == NULL : o && str_cmp(o->key, first->key) > 0);
}

static void snap(struct test *t) {
    struct snapshot *s = &t->snapshots[below(t, SNAPSHOTS)];
    static const char *const scopes[] = {"", "a", "b"};
    if (s->sn)
        check_snapshot(s->sn, &s->want, scopes[below(t, 3)]);
    s->sn = store_snapshot_free(s->sn);
    uint64_t published = store_revision(t->store), floor = store_floor(t->store, CONFIG_MAPS);
    uint64_t revision = published - below(t, MIN(published, 40));
    if (below(t, 4) == 0)
        revision = published + below(t, 2);
    int want = revision > published ? -ERANGE : revision < floor ? -ESTALE : 0;
    int r = store_snapshot(t->store, CONFIG_MAPS, revision, &s->sn);
    CHECK_INT(r, want);
    if (r < 0)
        return;
    s->want = state_at(t, revision);
    CHECK_INT(store_snapshot_revision(s->sn), revision);
    check_snapshot(s->sn, &s->want, scopes[below(t, 3)]);
}

static void drop_snapshots(struct test *t) {
    for (unsigned i = 0; i < SNAPSHOTS; i++) {
        struct snapshot *s = &t->snapshots[i];
        if (s->sn)
            check_snapshot(s->sn, &s->want, "");
        s->sn = store_snapshot_free(s->sn);
    }
}

/* ---- watches ---- */

static void on_ready(void *ctx) {
    struct watch *w = ctx;
    CHECK(!w->is_ready);
    w->is_ready = true;
}

static bool in_scope(const struct watch *w, unsigned key) {
    return (!w->ns[0] || strcmp(w->ns, ns_of(key)) == 0) &&
           (!w->name[0] || strcmp(w->name, name_of(key)) == 0);
}

/* The event this watch has to see next, or NULL. */
static const struct entry *next_event(const struct watch *w) {
    const struct test *t = w->t;
    for (unsigned i = 0; i < t->n_history; i++) {
        const struct entry *e = &t->history[i];
        if (e->revision > store_revision(t->store))
            break;
        if (e->revision > w->after && in_scope(w, e->key))
            return e;
    }
    return NULL;
}

static void check_event(const struct watch *w, const struct store_event *ev) {
    const struct entry *e = next_event(w);
    if (!e || e->revision != ev->revision) {
        tap_fail(__FILE__, __LINE__, "event %llu, not %llu", (unsigned long long)ev->revision,
                 (unsigned long long)(e ? e->revision : 0));
        return;
    }
    struct state before = state_at(w->t, e->revision - 1);
    struct cell had = before.cell[e->key], has = {e->value, e->revision};
    enum store_event_type type = !e->value    ? STORE_DELETED
                                 : !had.value ? STORE_CREATED
                                              : STORE_UPDATED;
    CHECK_INT(ev->type, type);
    check_object(ev->object, type == STORE_DELETED ? &had : &has, e->key);
    if (type == STORE_UPDATED)
        check_object(ev->previous, &had, e->key);
    else
        CHECK(ev->previous == NULL);
}

static void read_watch(struct watch *w, uint64_t max) {
    const struct store_event *ev = NULL;
    int r = 1;
    w->is_ready = false;
    w->has_ended = false;
    for (; max && (r = store_watch_next(w->w, &ev)) == 1; max--) {
        check_event(w, ev);
        w->after = ev->revision;
        w->t->n_events++;
        w->t->highest_seen = MAX(w->t->highest_seen, ev->revision);
        CHECK_INT(store_watch_progress(w->w), ev->revision);
    }
    if (r == 0) {
        CHECK(next_event(w) == NULL);
        CHECK(store_watch_progress(w->w) == MAX(w->after, store_revision(w->t->store)));
        w->has_ended = true;
    } else if (r < 0) {
        CHECK_INT(r, -ESTALE);
        CHECK(store_floor(w->t->store, CONFIG_MAPS) > w->after);
        w->w = store_watch_free(w->w);
    }
}

static void start_watch(struct watch *w) {
    struct test *t = w->t;
    uint64_t published = store_revision(t->store), floor = store_floor(t->store, CONFIG_MAPS);
    unsigned scope = (unsigned)below(t, 3);
    w->after = published - below(t, MIN(published, 30));
    if (below(t, 20) == 0)
        w->after = published + 5;
    w->has_ended = true;
    w->is_ready = false;
    snprintf(w->ns, sizeof(w->ns), "%s", scope ? ns_of((unsigned)below(t, KEYS)) : "");
    snprintf(w->name, sizeof(w->name), "%s", scope > 1 ? name_of((unsigned)below(t, KEYS)) : "");
    struct store_watch_options o = {.resource = CONFIG_MAPS,
                                    .ns = str_of(w->ns),
                                    .name = str_of(w->name),
                                    .after = w->after,
                                    .ready = on_ready,
                                    .ctx = w};
    CHECK_INT(store_watch_new(t->store, &o, &w->w), w->after < floor ? -ESTALE : 0);
}

static void watch(struct test *t) {
    struct watch *w = &t->watches[below(t, WATCHES)];
    if (!w->w)
        start_watch(w);
    else if (below(t, 10) == 0)
        w->w = store_watch_free(w->w);
    else
        read_watch(w, below(t, 2) ? UINT64_MAX : 1 + below(t, 3));
}

/* Nothing is on its way any more: who waits for what there is must have been called. */
static void check_ready(struct test *t) {
    for (unsigned i = 0; i < WATCHES; i++) {
        const struct watch *w = &t->watches[i];
        if (w->w && !w->is_ready && w->has_ended)
            CHECK(next_event(w) == NULL);
    }
}

static void drop_watches(struct test *t) {
    for (unsigned i = 0; i < WATCHES; i++)
        t->watches[i].w = store_watch_free(t->watches[i].w);
}

/* ---- life and death ---- */

static void on_fatal(void *ctx, const struct err *e) {
    ((struct test *)ctx)->is_dead = true;
}

static void open_store(struct test *t) {
    store_disk_memory_keep(t->disk);
    struct store_options o = {.ops = &store_memory_ops,
                              .disk = t->disk,
                              .workers = below(t, 2) ? t->pool : NULL,
                              .log_bytes = below(t, 2) ? 6000 : 0,
                              .fatal = on_fatal,
                              .ctx = t};
    struct err e = {0};
    t->is_dead = false;
    t->disk->before = t->disk->after = t->disk->limit_fault = FAULT_NONE;
    REQUIRE(store_open(t->loop, &o, &e, &t->store) == 0);
}

static bool same_state(const struct state *a, const struct state *b) {
    return memcmp(a, b, sizeof(*a)) == 0;
}

static struct state read_state(struct test *t) {
    struct state s = {0};
    char key[64];
    for (unsigned i = 0; i < KEYS; i++) {
        struct object *o = store_get(t->store, CONFIG_MAPS,
                                     key_of(key, sizeof(key), CONFIG_MAPS, ns_of(i), name_of(i)));
        if (o)
            s.cell[i] = (struct cell){config_value(o), o->revision};
    }
    return s;
}

/* Whether the accepted writes up to some point, but at least those answered, leave this state.
 * Volatile ones are there only when the crash came behind their flush, with nothing pending. */
static bool is_possible(const struct test *t, const struct state *found, uint64_t answered) {
    struct state s = state_at(t, UINT64_MAX);
    if (answered == t->issued && same_state(&s, found))
        return true;
    s = t->base;
    for (unsigned i = 0; i < t->n_history; i++) {
        if (t->history[i].revision > answered && same_state(&s, found))
            return true;
        if (!t->history[i].is_volatile)
            apply_entry(&s, &t->history[i]);
    }
    return same_state(&s, found);
}

static void begin_epoch(struct test *t) {
    t->base = read_state(t);
    t->base_revision = t->issued = store_revision(t->store);
    t->n_history = 0;
    CHECK_INT(store_floor(t->store, CONFIG_MAPS), t->base_revision);
}

static void crash(struct test *t) {
    uint64_t answered = store_revision(t->store);
    t->highest_seen = MAX(t->highest_seen, answered);
    drop_snapshots(t);
    drop_watches(t);
    struct fault for_ever = {.repeat = -1, .error = -EIO};
    t->disk->limit_fault = for_ever; /* no clean stop */
    if (below(t, 2))
        t->disk->before = for_ever; /* and no flush of the volatile class */
    t->store = store_close(t->store);
    loop_run_until(t->loop, never, NULL, NSEC_PER_MSEC);
    open_store(t);
    struct state found = read_state(t);
    CHECK(is_possible(t, &found, answered));
    CHECK(store_revision(t->store) >= t->highest_seen);
    t->n_crashes++;
    begin_epoch(t);
}

static void restart(struct test *t) {
    loop_run_until(t->loop, never, NULL, NSEC_PER_MSEC);
    if (t->is_dead)
        return;
    struct state before = state_at(t, UINT64_MAX);
    drop_snapshots(t);
    drop_watches(t);
    t->disk->before = t->disk->after = FAULT_NONE;
    t->store = store_close(t->store);
    open_store(t);
    struct state found = read_state(t);
    CHECK(same_state(&before, &found));
    CHECK_INT(store_revision(t->store), t->issued);
    begin_epoch(t);
}

static void inject(struct test *t) {
    struct fault f = {.countdown = (int64_t)below(t, 3), .repeat = 1, .error = -EIO};
    if (below(t, 2))
        t->disk->before = f;
    else
        t->disk->after = f;
}

static bool count_down(void *ctx) {
    return (*(int *)ctx)-- <= 0;
}

static void let_run(struct test *t) {
    int turns = (int)below(t, 6);
    if (below(t, 4) == 0) {
        loop_run_until(t->loop, never, NULL, below(t, 30) ? NSEC_PER_MSEC : 100 * NSEC_PER_SEC);
        if (!t->is_dead) {
            CHECK_INT(store_revision(t->store), t->issued);
            check_ready(t);
        }
    } else {
        loop_run_until(t->loop, count_down, &turns, NSEC_PER_MSEC);
    }
}

static void step(struct test *t) {
    for (uint64_t n = below(t, 6); n; n--)
        propose(t);
    if (below(t, 2))
        snap(t);
    for (uint64_t n = below(t, 3); n; n--)
        watch(t);
    let_run(t);
    if (below(t, 60) == 0)
        inject(t);
    if (t->is_dead || below(t, 40) == 0)
        crash(t);
    else if (below(t, 60) == 0 || t->n_history + 64 > HISTORY_MAX)
        restart(t);
}

static struct test *test_new(uint64_t seed) {
    struct test *t = xcalloc(1, sizeof(*t));
    env_sim_init(&t->sim, seed);
    REQUIRE(loop_new_sim(&t->sim, &t->loop) == 0);
    REQUIRE(work_pool_new(&t->sim.env, 1, &t->pool) == 0);
    t->disk = store_disk_memory_keep(store_disk_memory(&t->sim.env));
    t->disk->refs--; /* the share of a store that there is not yet */
    for (unsigned i = 0; i < WATCHES; i++)
        t->watches[i].t = t;
    open_store(t);
    begin_epoch(t);
    return t;
}

static void test_free(struct test *t) {
    drop_snapshots(t);
    drop_watches(t);
    t->store = store_close(t->store);
    loop_run_until(t->loop, never, NULL, NSEC_PER_MSEC);
    work_pool_free(t->pool);
    loop_free(t->loop);
    store_disk_memory_free(t->disk);
    env_sim_done(&t->sim);
    free(t);
}

TEST(store_histories_with_crashes) {
    unsigned answers = 0, events = 0, crashes = 0;
    const char *runs = getenv("TEST_RUNS");
    for (uint64_t i = 0; i < (runs ? strtoull(runs, NULL, 0) : 1000); i++) {
        struct test *t = test_new(tap_seed() + i);
        for (unsigned n = 0; n < 300; n++)
            step(t);
        answers += t->n_answers;
        events += t->n_events;
        crashes += t->n_crashes;
        test_free(t);
    }
    tap_diag("%u answers, %u events, %u crashes", answers, events, crashes);
    CHECK(answers && events && crashes);
}
