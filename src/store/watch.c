// SPDX-License-Identifier: Apache-2.0
/* A watcher that has read everything waits, and waiting costs nothing: events outside its scope
 * pass without touching it, however many. The first one in its scope gives it a position; from
 * there it reads the log itself, skipping what is not for it, until it waits again. A watcher that
 * does not read loses nothing but its place, when the log moves past it. */
#include "store/watch.h"

#include <stdlib.h>

#include "store/parts.h"

#define BUCKETS_MIN 16

void watch_index_init(struct watch_index *x, const uint64_t seed[2]) {
    *x = (struct watch_index){.seed = {seed[0], seed[1]}};
    list_init(&x->all);
}

uint32_t watch_index_count(const struct watch_index *x) {
    uint32_t n = 0;
    for (unsigned i = 0; i < SCOPE_MAX; i++)
        n += x->n[i];
    return n;
}

void watch_index_done(struct watch_index *x) {
    ASSERT(watch_index_count(x) == 0);
    free(x->buckets);
    x->buckets = NULL;
}

static uint64_t scope_hash(const struct watch_index *x, enum watch_scope scope, str a, str b) {
    uint64_t seed[2] = {x->seed[0] + scope, x->seed[1]};
    uint64_t hash = siphash(seed, a.p ? a.p : "", a.n);
    seed[1] += hash;
    return b.n ? siphash(seed, b.p, b.n) : hash;
}

static void rehash(struct watch_index *x, uint32_t n_buckets) {
    struct list *buckets = xcalloc(n_buckets, sizeof(*buckets));
    for (uint32_t i = 0; i < n_buckets; i++)
        list_init(&buckets[i]);
    for (uint32_t i = 0; i < x->n_buckets; i++)
        LIST_FOREACH (n, &x->buckets[i]) {
            struct store_watch *w = container_of(n, struct store_watch, node);
            list_remove(n);
            list_append(&buckets[w->hash & (n_buckets - 1)], n);
        }
    free(x->buckets);
    x->buckets = buckets;
    x->n_buckets = n_buckets;
}

static void index_add(struct watch_index *x, struct store_watch *w) {
    x->n[w->scope]++;
    if (w->scope == SCOPE_ALL) {
        list_append(&x->all, &w->node);
        return;
    }
    if (watch_index_count(x) - x->n[SCOPE_ALL] > x->n_buckets)
        rehash(x, x->n_buckets ? x->n_buckets * 2 : BUCKETS_MIN);
    list_append(&x->buckets[w->hash & (x->n_buckets - 1)], &w->node);
}

static bool node_is(const struct object *o, str node) {
    return o && str_eq(object_field(o, WATCH_NODE_FIELD), node);
}

static bool in_scope(const struct store_watch *w, const struct store_event *ev) {
    const struct store_watch_options *o = &w->o;
    if (ev->revision <= w->after || (!str_empty(o->ns) && !str_eq(ev->object->ns, o->ns)) ||
        (!str_empty(o->name) && !str_eq(ev->object->name, o->name)))
        return false;
    return !o->node.p || node_is(ev->object, o->node) || node_is(ev->previous, o->node);
}

static void wake(struct store_watch *w, const struct store_event *ev, uint64_t seq,
                 struct list *ready) {
    if (!w->waiting || !in_scope(w, ev))
        return;
    w->waiting = false;
    w->at = seq;
    w->progress = MAX(w->after, ev->revision - 1);
    list_append(ready, &w->ready);
}

static void wake_scope(struct watch_index *x, enum watch_scope scope, str a, str b,
                       const struct store_event *ev, uint64_t seq, struct list *ready) {
    if (!x->n[scope])
        return;
    uint64_t hash = scope_hash(x, scope, a, b);
    LIST_FOREACH (n, &x->buckets[hash & (x->n_buckets - 1)]) {
        struct store_watch *w = container_of(n, struct store_watch, node);
        if (w->hash == hash && w->scope == scope)
            wake(w, ev, seq, ready);
    }
}

void watch_index_wake(struct watch_index *x, const struct store_event *ev, uint64_t seq,
                      struct list *ready) {
    const struct object *o = ev->object;
    LIST_FOREACH (n, &x->all)
        wake(container_of(n, struct store_watch, node), ev, seq, ready);
    wake_scope(x, SCOPE_NAMESPACE, o->ns, STR_NONE, ev, seq, ready);
    wake_scope(x, SCOPE_NAME, o->ns, o->name, ev, seq, ready);
    if (!x->n[SCOPE_NODE])
        return;
    str node = object_field(o, WATCH_NODE_FIELD);
    wake_scope(x, SCOPE_NODE, node, STR_NONE, ev, seq, ready);
    str before = ev->previous ? object_field(ev->previous, WATCH_NODE_FIELD) : node;
    if (!str_eq(before, node))
        wake_scope(x, SCOPE_NODE, before, STR_NONE, ev, seq, ready);
}

/* ---- the public side ---- */

/* A name without the namespace it is in is filtered, not found by hash. */
static enum watch_scope scope_of(const struct store_watch_options *o) {
    bool has_ns = !str_empty(o->ns);
    if (!str_empty(o->name) && (has_ns || !resource_is(o->resource, RESOURCE_NAMESPACED)))
        return SCOPE_NAME;
    return o->node.p ? SCOPE_NODE : has_ns ? SCOPE_NAMESPACE : SCOPE_ALL;
}

static str keep(char **at, str s) {
    if (!s.p)
        return STR_NONE;
    char *p = *at;
    memcpy(p, s.p, s.n);
    *at += s.n;
    return str_n(p, s.n);
}

int store_watch_new(struct store *s, const struct store_watch_options *o,
                    struct store_watch **ret) {
    struct table *t = store_table(s, o->resource);
    if (o->after < t->log.floor)
        return -ESTALE;
    struct store_watch *w = xcalloc(1, sizeof(*w) + o->ns.n + o->name.n + o->node.n);
    char *at = (char *)(w + 1);
    w->o = *o;
    w->o.ns = keep(&at, o->ns);
    w->o.name = keep(&at, o->name);
    w->o.node = keep(&at, o->node);
    w->table = t;
    w->after = w->progress = o->after;
    w->at = event_log_find(&t->log, o->after);
    w->scope = scope_of(o);
    str key = w->scope == SCOPE_NODE ? w->o.node : w->o.ns;
    w->hash = scope_hash(&t->watches, w->scope, key, w->scope == SCOPE_NAME ? w->o.name : STR_NONE);
    list_init(&w->node);
    list_init(&w->ready);
    index_add(&t->watches, w);
    w->waiting = w->at == t->log.end;
    if (!w->waiting)
        store_ready(s, w);
    *ret = w;
    return 0;
}

struct store_watch *store_watch_free(struct store_watch *w) {
    if (!w)
        return NULL;
    w->table->watches.n[w->scope]--;
    list_remove(&w->node);
    list_remove(&w->ready);
    free(w);
    return NULL;
}

int store_watch_next(struct store_watch *w, const struct store_event **ret) {
    const struct event_log *l = &w->table->log;
    list_remove(&w->ready); /* who reads need not be called */
    if (w->waiting)
        return 0;
    if (w->lost || w->at < l->first) {
        w->lost = true;
        return -ESTALE;
    }
    while (w->at < l->end) {
        const struct store_event *ev = event_log_at(l, w->at++);
        w->progress = MAX(w->after, ev->revision);
        if (in_scope(w, ev)) {
            *ret = ev;
            return 1;
        }
    }
    w->waiting = true;
    return 0;
}

uint64_t store_watch_progress(const struct store_watch *w) {
    return w->waiting ? MAX(w->after, store_revision(w->table->store)) : w->progress;
}
