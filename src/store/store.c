// SPDX-License-Identifier: Apache-2.0
/* The store, from a proposal to a watcher:
 *
 *   propose   local.c   the proposal is checked against `tip`: the newest value of its key, be it
 *                       published or still on its way. It is refused, or gets the next revision and
 *                       joins the queue.
 *   commit    local.c   the queue, in order, becomes a batch; a worker makes it durable while the
 *                       next queue forms. A write of the volatile class has its place in the order
 *                       but nothing of it is sent to the disk.
 *   publish   here      the batch goes through store_apply(), write by write: into the tree of its
 *                       resource (btree.c), into its log of events (log.c), and waiting watchers in
 *                       whose scope it is wake up (watch.c). Only now anybody can see it.
 *   deliver   here      answers first, in order, then watchers, some at a time.
 *
 * Readers pin the published tree (snapshot.c). The tree is fed by store_apply() alone, and
 * everything but local.c is the same whatever decides the order of writes.
 *
 * A refusal tells what is there. If that is not published yet, the refusal waits behind it:
 * otherwise a client could see a value that a crash then takes back. */
#include "store/store.h"

#include <stdlib.h>

#include "store/parts.h"

/* ---- tables ---- */

struct table *store_table(struct store *s, const struct api_resource *r) {
    if (r->storage)
        r = r->storage;
    VEC_FOREACH (t, &s->tables)
        if ((*t)->resource == r)
            return *t;
    struct table *t = xcalloc(1, sizeof(*t));
    t->store = s;
    t->resource = r;
    btree_init(&t->tree, s->published);
    event_log_init(&t->log, s->published, s->o.log_bytes ? s->o.log_bytes : STORE_LOG_BYTES);
    watch_index_init(&t->watches, s->seed);
    *vec_push(&s->tables) = t;
    return t;
}

static struct table *table_free(struct table *t) {
    btree_done(&t->tree);
    event_log_done(&t->log);
    watch_index_done(&t->watches);
    free(t);
    return NULL;
}

struct object *store_get(struct store *s, const struct api_resource *r, str key) {
    return btree_get(&store_table(s, r)->tree, key);
}

uint64_t store_revision(const struct store *s) {
    return s->published;
}

static const struct table *find_table(const struct store *s, const struct api_resource *r) {
    if (r->storage)
        r = r->storage;
    for (uint32_t i = 0; i < s->tables.n; i++)
        if (s->tables.v[i]->resource == r)
            return s->tables.v[i];
    return NULL;
}

uint64_t store_floor(const struct store *s, const struct api_resource *r) {
    const struct table *t = find_table(s, r);
    return t ? t->log.floor : s->first;
}

/* ---- publishing ---- */

void store_apply(struct store *s, struct table *t, str key, struct object *object,
                 uint64_t revision) {
    ASSERT(revision > s->published);
    struct store_event ev = {.revision = revision, .mono = loop_now(s->loop)};
    if (object) {
        btree_put(&t->tree, object, revision, &ev.previous);
        ev.object = object_ref(object);
        ev.type = ev.previous ? STORE_UPDATED : STORE_CREATED;
    } else {
        bool was_there = btree_delete(&t->tree, key, revision, &ev.object);
        ASSERT(was_there);
        ev.type = STORE_DELETED;
    }
    const struct object *gone = object ? ev.previous : ev.object;
    t->bytes += (object ? object->json.n : 0) - (gone ? gone->json.n : 0);
    s->published = revision;
    uint64_t seq = t->log.end;
    watch_index_wake(&t->watches, event_log_add(&t->log, &ev), seq, &s->ready);
    event_log_trim(&t->log, ev.mono);
}

/* Logs that nobody writes to are looked at when their oldest event may be too old; when all are
 * empty nothing is left to wake up for. */
static void arm_trim(struct store *s) {
    if (timer_on(&s->trim))
        return;
    VEC_FOREACH (t, &s->tables)
        if (!event_log_empty(&(*t)->log)) {
            timer_start(s->loop, &s->trim, STORE_LOG_MAX_NS);
            return;
        }
}

static void on_trim(struct timer *timer) {
    struct store *s = container_of(timer, struct store, trim);
    VEC_FOREACH (t, &s->tables)
        event_log_trim(&(*t)->log, loop_now(s->loop));
    arm_trim(s);
}

void store_published(struct store *s) {
    waits_wake(s);
    arm_trim(s);
    if (!list_empty(&s->answers) || !list_empty(&s->ready))
        loop_defer(s->loop, &s->deliver);
}

/* ---- delivering ---- */

void store_answer(struct store *s, struct op *op) {
    list_append(&s->answers, &op->node);
    loop_defer(s->loop, &s->deliver);
}

void store_ready(struct store *s, struct store_watch *w) {
    list_append(&s->ready, &w->ready);
    loop_defer(s->loop, &s->deliver);
}

static void answer_first(struct store *s) {
    struct op *op = container_of(s->answers.next, struct op, node);
    list_remove(&op->node);
    op->w->done(op->w, op->r, op->revision, op->current);
    op_free(op);
}

static void on_deliver(struct task *task) {
    struct store *s = container_of(task, struct store, deliver);
    unsigned n = 0;
    for (; n < DELIVER_MAX && !list_empty(&s->answers); n++)
        answer_first(s);
    for (; n < DELIVER_MAX && !list_empty(&s->ready); n++) {
        struct store_watch *w = container_of(s->ready.next, struct store_watch, ready);
        list_remove(&w->ready);
        w->o.ready(w->o.ctx);
    }
    if (!list_empty(&s->answers) || !list_empty(&s->ready))
        loop_defer(s->loop, &s->deliver);
}

/* ---- open and close ---- */

struct loading {
    struct store *store;
    const struct api_resource *last; /* of the record before: keys come sorted */
    struct err *e;
};

/* A key of no resource we know was written by a version that knows more: it stays on disk. */
static int load_record(void *ctx, const struct store_record *rec) {
    struct loading *load = ctx;
    if (!load->last || !str_starts(rec->key, str_of(load->last->prefix)))
        load->last = object_key_resource(rec->key);
    const struct api_resource *r = load->last;
    if (!r)
        return 0;
    struct object *o CLEANUP(object_unrefp) = NULL;
    int rc = object_load(r, rec->key, rec->value, rec->revision, load->e, &o);
    if (rc < 0)
        return rc;
    struct table *t = store_table(load->store, r);
    btree_put(&t->tree, o, 0, NULL);
    t->bytes += o->json.n;
    return 0;
}

static int load_all(struct store *s, struct err *e) {
    struct loading load = {.store = s, .e = e};
    uint64_t highest = 0, limit = 0;
    bool clean = false;
    int r = s->o.ops->load(s->o.disk, load_record, &load, &highest, &limit, &clean, e);
    if (r < 0)
        return r;
    local_init(&s->local, s, highest, limit, clean);
    s->published = s->first = s->local.revisions.issued;
    VEC_FOREACH (t, &s->tables)
        (*t)->tree.revision = (*t)->log.floor = s->published;
    return 0;
}

static struct store *store_free(struct store *s) {
    VEC_FOREACH (t, &s->tables)
        *t = table_free(*t);
    vec_done(&s->tables);
    free(s);
    return NULL;
}

int store_open(struct loop *l, const struct store_options *o, struct err *e, struct store **ret) {
    struct store *s = xcalloc(1, sizeof(*s));
    s->loop = l;
    s->o = *o;
    list_init(&s->answers);
    list_init(&s->ready);
    list_init(&s->waits);
    s->deliver.run = on_deliver;
    s->trim.fire = on_trim;
    env_random(loop_env(l), s->seed, sizeof(s->seed));
    int r = load_all(s, e);
    if (r < 0) {
        o->ops->close(o->disk);
        store_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

struct store *store_close(struct store *s) {
    if (!s)
        return NULL;
    local_done(&s->local);
    while (!list_empty(&s->answers))
        answer_first(s);
    waits_done(s);
    loop_cancel(s->loop, &s->deliver);
    timer_stop(s->loop, &s->trim);
    return store_free(s);
}

void store_stats(const struct store *s, struct store_stats *ret) {
    *ret = (struct store_stats){
        .revision = s->published, .commits = s->commits, .committed_writes = s->committed_writes};
    for (uint32_t i = 0; i < s->tables.n; i++) {
        const struct table *t = s->tables.v[i];
        ret->objects += btree_count(&t->tree);
        ret->log_events += t->log.end - t->log.first;
        ret->log_bytes += t->log.bytes;
        ret->watchers += watch_index_count(&t->watches);
        ret->disk_bytes += t->bytes;
    }
    if (s->o.ops->size)
        ret->disk_bytes = s->o.ops->size(s->o.disk);
}

uint64_t store_count(const struct store *s, const struct api_resource *r) {
    const struct table *t = find_table(s, r);
    return t ? btree_count(&t->tree) : 0;
}

void store_resource_stats(const struct store *s, const struct api_resource *r,
                          struct store_resource_stats *ret) {
    const struct table *t = find_table(s, r);
    *ret = (struct store_resource_stats){0};
    if (t)
        *ret = (struct store_resource_stats){.objects = btree_count(&t->tree),
                                             .bytes = t->bytes,
                                             .events = t->log.end,
                                             .log_capacity = t->log.cap};
}
