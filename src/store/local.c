// SPDX-License-Identifier: Apache-2.0
/* The order of writes when one process decides it alone.
 *
 * Proposals are checked against `tip`, so a second write of a key need not wait for the first to
 * reach the disk, and a batch may hold several of one key. While a worker commits one batch the
 * next one collects; the longer a commit takes, the more share the next one.
 *
 * Revisions are issued here and shown only when published; before that the durable limit is raised
 * above them, by the same worker, just before the batch that needs it. */
#include <stdlib.h>

#include "store/parts.h"

static bool is_busy(const struct local *l) {
    return l->job != NULL;
}

/* ---- proposals ---- */

struct op *op_free(struct op *op) {
    ASSERT(list_empty(&op->refused));
    op->table->store->local.pending--;
    object_unref(op->object);
    object_unref(op->current);
    free(op);
    return NULL;
}

static int check_bounds(const struct local *l, const struct store_write *w) {
    if (l->failed || l->store->closing)
        return -ECANCELED;
    if (w->key.n > STORE_KEY_MAX || (w->object && w->object->json.n > STORE_VALUE_MAX))
        return -E2BIG;
    return l->pending > STORE_PENDING_MAX ? -EBUSY : 0;
}

static int check_expected(const struct store_write *w, const struct object *current) {
    if (!current)
        return w->object && (w->expected == STORE_ABSENT || w->expected == STORE_ANY) ? 0 : -ENOENT;
    if (w->expected == STORE_ABSENT)
        return -EEXIST;
    return w->expected == STORE_ANY || w->expected == current->revision ? 0 : -ESTALE;
}

static void accept_op(struct local *l, struct op *op) {
    op->revision = revisions_issue(&l->revisions);
    if (op->w->object) {
        ASSERT(str_eq(op->w->object->key, op->w->key) && op->w->object->revision == 0);
        op->object = object_ref(op->w->object);
        op->object->revision = op->revision;
    }
    /* A first value is always durable: there is nothing older to fall back to. */
    op->is_volatile = op->w->is_volatile && op->object && op->current;
    map_put(&l->tip, op->w->key, op);
    list_append(&l->queue, &op->node);
    if (!is_busy(l))
        loop_defer(l->store->loop, &l->start);
}

void store_propose(struct store *s, struct store_write *w) {
    struct local *l = &s->local;
    struct op *op = xcalloc(1, sizeof(*op));
    op->w = w;
    op->table = store_table(s, w->resource);
    list_init(&op->refused);
    l->pending++;
    op->r = check_bounds(l, w);
    if (op->r < 0) {
        store_answer(s, op);
        return;
    }
    struct op *tip = map_get(&l->tip, w->key);
    struct object *current = tip ? tip->object : btree_get(&op->table->tree, w->key);
    if (current)
        op->current = object_ref(current);
    op->r = check_expected(w, current);
    if (op->r == 0)
        accept_op(l, op);
    else if (tip)
        list_append(&tip->refused, &op->node);
    else
        store_answer(s, op);
}

struct object *store_get_tip(struct store *s, const struct api_resource *r, str key) {
    struct op *tip = map_get(&s->local.tip, key);
    return tip ? tip->object : store_get(s, r, key);
}

/* ---- batches ---- */

static struct job *job_free(struct job *j) {
    for (size_t i = 0; i < j->n_records; i++)
        object_unref(j->held[i]);
    free(j->held);
    free(j->records);
    free(j);
    return NULL;
}

static void add_record(struct job *j, struct object *o, uint64_t revision, bool is_delete) {
    j->held[j->n_records] = object_ref(o);
    j->records[j->n_records++] =
        (struct store_record){o->key, is_delete ? STR_NONE : o->json, revision};
}

/* On a worker. */
static void run_job(struct work *work) {
    struct job *j = container_of(work, struct job, work);
    if (j->new_limit)
        j->r = j->ops->set_limit(j->disk, j->new_limit, false, &j->e);
    if (j->r == 0 && j->n_records)
        j->r = j->ops->commit(j->disk, j->records, j->n_records, &j->e);
}

static void take_batch(struct local *l) {
    size_t n = 0, bytes = 0;
    while (!list_empty(&l->queue) && n < STORE_BATCH_MAX && bytes < STORE_BATCH_BYTES) {
        struct op *op = container_of(l->queue.next, struct op, node);
        list_remove(&op->node);
        list_append(&l->batch, &op->node);
        n++;
        bytes += op->w->key.n + (op->object && !op->is_volatile ? op->object->json.n : 0);
    }
}

static struct job *make_job(struct local *l) {
    struct job *j = xcalloc(1, sizeof(*j));
    uint64_t last = 0;
    size_t n = 0;
    j->ops = l->store->o.ops;
    j->disk = l->store->o.disk;
    LIST_FOREACH (node, &l->batch)
        n += !container_of(node, struct op, node)->is_volatile;
    j->records = xcalloc(n + 1, sizeof(*j->records));
    j->held = xcalloc(n + 1, sizeof(struct object *));
    LIST_FOREACH (node, &l->batch) {
        const struct op *op = container_of(node, struct op, node);
        last = op->revision;
        if (!op->is_volatile)
            add_record(j, op->object ? op->object : op->current, op->revision, !op->object);
    }
    j->new_limit = revisions_needed(&l->revisions, last);
    return j;
}

static void publish_op(struct local *l, struct op *op) {
    str key = op->w->key;
    store_apply(l->store, op->table, key, op->object, op->revision);
    if (map_get(&l->tip, key) == op)
        map_del(&l->tip, key);
    if (op->is_volatile)
        map_put(&l->dirty, key, op->table);
    else if (l->dirty.n)
        map_del(&l->dirty, key);
    list_remove(&op->node);
    store_answer(l->store, op);
    LIST_FOREACH (n, &op->refused) {
        list_remove(n);
        store_answer(l->store, container_of(n, struct op, node));
    }
}

static void publish_batch(struct local *l) {
    while (!list_empty(&l->batch))
        publish_op(l, container_of(l->batch.next, struct op, node));
    store_published(l->store);
}

/* What was being committed stays unpublished and unanswered: nobody may learn more than the disk
 * will tell after the restart. */
static void fail(struct local *l, const struct err *e) {
    l->failed = true;
    l->store->o.fatal(l->store->o.ctx, e);
}

static void start_batch(struct local *l);

static void finish_job(struct local *l, struct job *j) {
    l->job = NULL;
    if (j->r < 0) {
        fail(l, &j->e);
        job_free(j);
        return;
    }
    if (j->new_limit)
        revisions_raised(&l->revisions, j->new_limit);
    l->store->commits += j->n_records > 0;
    l->store->committed_writes += j->n_records;
    job_free(j);
    publish_batch(l);
    if (!list_empty(&l->queue))
        loop_defer(l->store->loop, &l->start);
}

static void on_job_done(struct work *work) {
    struct job *j = container_of(work, struct job, work);
    if (!j->store) {
        j->ops->close(j->disk);
        job_free(j);
        return;
    }
    struct local *l = &j->store->local;
    finish_job(l, j);
    if (!l->failed)
        start_batch(l); /* the disk need not wait until the answers are given */
}

static void start_batch(struct local *l) {
    if (is_busy(l) || l->failed || list_empty(&l->queue))
        return;
    take_batch(l);
    l->job = make_job(l);
    l->job->store = l->store;
    l->job->work = (struct work){.run = run_job, .done = on_job_done, .loop = l->store->loop};
    bool idle = !l->job->n_records && !l->job->new_limit;
    if (l->store->o.workers && !idle) {
        work_submit(l->store->o.workers, l->store->loop, &l->job->work);
        return;
    }
    if (!idle)
        run_job(&l->job->work);
    finish_job(l, l->job);
}

static void on_start(struct task *t) {
    start_batch(container_of(t, struct local, start));
}

/* ---- life ---- */

void local_init(struct local *l, struct store *s, uint64_t highest, uint64_t limit,
                bool was_clean) {
    l->store = s;
    l->was_clean = was_clean;
    revisions_start(&l->revisions, highest, limit);
    map_init(&l->tip, s->seed);
    map_init(&l->dirty, s->seed);
    list_init(&l->queue);
    list_init(&l->batch);
    l->start.run = on_start;
}

static void cancel_all(struct local *l, struct list *ops) {
    while (!list_empty(ops)) {
        struct op *op = container_of(ops->next, struct op, node);
        list_remove(&op->node);
        LIST_FOREACH (n, &op->refused) {
            list_remove(n);
            list_append(ops, n);
        }
        op->r = -ECANCELED;
        store_answer(l->store, op);
    }
}

/* Writes what the volatile class has left behind. */
static int flush_dirty(struct local *l, struct err *e) {
    struct job *j = xcalloc(1, sizeof(*j));
    int r = 0;
    j->records = xcalloc(STORE_BATCH_MAX, sizeof(*j->records));
    j->held = xcalloc(STORE_BATCH_MAX, sizeof(struct object *));
    uint32_t left = l->dirty.n;
    MAP_FOREACH (it, &l->dirty) {
        const struct table *t = it->value;
        struct object *o = btree_get(&t->tree, it->key);
        ASSERT(o);
        add_record(j, o, o->revision, false);
        if (--left && j->n_records < STORE_BATCH_MAX)
            continue;
        if (r == 0)
            r = l->store->o.ops->commit(l->store->o.disk, j->records, j->n_records, e);
        for (; j->n_records; j->n_records--)
            object_unref(j->held[j->n_records - 1]);
    }
    job_free(j);
    return r;
}

static void mark_clean(struct local *l) {
    struct store *s = l->store;
    struct err e = {0};
    if (flush_dirty(l, &e) < 0 || s->o.ops->set_limit(s->o.disk, s->published, true, &e) < 0)
        s->o.fatal(s->o.ctx, &e);
}

void local_done(struct local *l) {
    struct store *s = l->store;
    bool nothing_left = !is_busy(l) && list_empty(&l->queue) && list_empty(&l->batch);
    loop_cancel(s->loop, &l->start);
    s->closing = true;
    cancel_all(l, &l->batch);
    cancel_all(l, &l->queue);
    bool is_marked = l->was_clean && l->revisions.limit == 0; /* nothing was issued since */
    if (nothing_left && !l->failed && !is_marked)
        mark_clean(l);
    if (is_busy(l))
        l->job->store = NULL; /* it closes the disk when it is done */
    else
        s->o.ops->close(s->o.disk);
    map_done(&l->tip);
    map_done(&l->dirty);
}
