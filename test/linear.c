// SPDX-License-Identifier: Apache-2.0
#include "linear.h"

#include <stdlib.h>

#define NOT_YET UINT64_MAX

struct checker {
    struct arena *a;
    const struct linear_history *h;
    int *made_by;                  /* event -> op, or -1 */
    const struct linear_op **done; /* with an answer, by their end */
    unsigned n_done;
    uint64_t *highest; /* point of done[0] to done[i] */
    const char *why;
};

static bool is_write(const struct linear_op *op) {
    return op->kind <= LINEAR_DELETE;
}

static bool fail(struct checker *c, const struct linear_op *op, const char *what, uint64_t got,
                 uint64_t bound) {
    static const char *const kinds[] = {"create", "update", "delete", "get", "list"};
    c->why =
        str_printf(c->a, "op %td, %s of key %u from %lld to %lld: %s (%llu, %llu)", op - c->h->ops,
                   kinds[op->kind], op->key, (long long)op->begin, (long long)op->end, what,
                   (unsigned long long)got, (unsigned long long)bound)
            .p;
    return false;
}

/* ---- what is there at a point ---- */

/* The last event up to the point; -1: before all. */
static int event_upto(const struct linear_history *h, uint64_t point) {
    int low = 0, high = (int)h->n_events;
    while (low < high) {
        int mid = (low + high) / 2;
        if (h->events[mid].revision <= point)
            low = mid + 1;
        else
            high = mid;
    }
    return low - 1;
}

/* Revision of the key behind events 0 to last; 0: absent. */
static uint64_t key_at(const struct linear_history *h, unsigned key, int last) {
    while (last >= 0 && h->events[last].key != key)
        last--;
    return last < 0 || h->events[last].deleted ? 0 : h->events[last].revision;
}

static bool answers(const struct linear_op *op, uint64_t there) {
    switch (op->outcome) {
    case LINEAR_OK:
        return there == op->revision; /* of a get */
    case LINEAR_ABSENT:
        return there == 0;
    case LINEAR_PRESENT:
        return there != 0;
    case LINEAR_STALE:
        return there != 0 && there != op->expected;
    case LINEAR_UNKNOWN:
        return true;
    }
    return false;
}

/* The earliest point from `from` on at which the answer is right. */
static uint64_t point_from(const struct linear_history *h, const struct linear_op *op,
                           uint64_t from) {
    int i = event_upto(h, from);
    if (answers(op, key_at(h, op->key, i)))
        return from;
    for (unsigned k = (unsigned)(i + 1); k < h->n_events; k++) {
        const struct linear_event *e = &h->events[k];
        if (e->key == op->key && answers(op, e->deleted ? 0 : e->revision))
            return e->revision;
    }
    return NOT_YET;
}

/* ---- writes and events ---- */

static bool may_make(const struct linear_op *op, const struct linear_event *e) {
    return is_write(op) && op->key == e->key && (op->kind == LINEAR_DELETE) == e->deleted;
}

/* A deletion that nobody was told of: one of those without an answer that has no event yet, the
 * earliest begun. */
static int unknown_delete(struct checker *c, const struct linear_event *e) {
    int best = -1;
    for (unsigned i = 0; i < c->h->n_ops; i++) {
        const struct linear_op *op = &c->h->ops[i];
        bool taken = false;
        if (op->outcome != LINEAR_UNKNOWN || !may_make(op, e))
            continue;
        for (unsigned k = 0; k < c->h->n_events; k++)
            taken |= c->made_by[k] == (int)i;
        if (!taken && (best < 0 || op->begin < c->h->ops[best].begin))
            best = (int)i;
    }
    return best;
}

static int told_writer(const struct linear_history *h, const struct linear_event *e) {
    for (unsigned i = 0; e->op < 0 && i < h->n_ops; i++)
        if (h->ops[i].outcome == LINEAR_OK && may_make(&h->ops[i], e) &&
            h->ops[i].revision == e->revision)
            return (int)i;
    return e->op;
}

static bool match_event(struct checker *c, unsigned i, uint64_t before) {
    const struct linear_history *h = c->h;
    const struct linear_event *e = &h->events[i];
    int by = told_writer(h, e);
    by = by < 0 ? unknown_delete(c, e) : by;
    if (by < 0) {
        c->why = str_printf(c->a, "nobody made event %u, revision %llu", i,
                            (unsigned long long)e->revision)
                     .p;
        return false;
    }
    const struct linear_op *op = &h->ops[by];
    c->made_by[i] = by;
    if (i && e->revision <= h->events[i - 1].revision)
        return fail(c, op, "its event comes too late", e->revision, h->events[i - 1].revision);
    if (!may_make(op, e) || (op->outcome != LINEAR_OK && op->outcome != LINEAR_UNKNOWN))
        return fail(c, op, "its event is not what it did", e->revision, 0);
    if (op->outcome == LINEAR_OK && op->revision != e->revision)
        return fail(c, op, "its event has another revision", op->revision, e->revision);
    if ((op->kind == LINEAR_CREATE) != (before == 0))
        return fail(c, op, "what was there does not allow it", e->revision, before);
    if (op->expected && op->expected != before)
        return fail(c, op, "it replaced what it did not expect", op->expected, before);
    return true;
}

static bool match_events(struct checker *c) {
    const struct linear_history *h = c->h;
    uint64_t *now = arena_array(c->a, h->n_keys, sizeof(*now));
    bool *found = arena_array(c->a, h->n_ops, sizeof(*found));
    for (unsigned i = 0; i < h->n_events; i++)
        c->made_by[i] = -1;
    for (unsigned i = 0; i < h->n_events; i++) {
        const struct linear_event *e = &h->events[i];
        if (!match_event(c, i, now[e->key]))
            return false;
        const struct linear_op *op = &h->ops[c->made_by[i]];
        if (found[c->made_by[i]])
            return fail(c, op, "it happened twice", e->revision, 0);
        found[c->made_by[i]] = true;
        now[e->key] = e->deleted ? 0 : e->revision;
    }
    for (unsigned i = 0; i < h->n_ops; i++)
        if (is_write(&h->ops[i]) && h->ops[i].outcome == LINEAR_OK && !found[i])
            return fail(c, &h->ops[i], "it was answered and is lost", h->ops[i].revision, 0);
    return true;
}

/* ---- the order ---- */

/* No operation may stand before what had ended when it began. */
static uint64_t bound_of(struct checker *c, int64_t begin, unsigned n_done) {
    unsigned low = 0, high = n_done;
    while (low < high) {
        unsigned mid = (low + high) / 2;
        if (c->done[mid]->end < begin)
            low = mid + 1;
        else
            high = mid;
    }
    return low ? c->highest[low - 1] : 0;
}

static bool place_list(struct checker *c, const struct linear_op *op, uint64_t bound) {
    int last = event_upto(c->h, op->revision);
    if (op->revision < bound)
        return fail(c, op, "it shows the past", op->revision, bound);
    for (unsigned k = 0; k < c->h->n_keys; k++)
        if (op->list[k] != key_at(c->h, k, last))
            return fail(c, op, "it shows what was not there", op->list[k], key_at(c->h, k, last));
    return true;
}

static bool place(struct checker *c, const struct linear_op *op, uint64_t bound,
                  uint64_t *ret_point) {
    *ret_point = op->revision;
    if (op->kind == LINEAR_LIST)
        return place_list(c, op, bound);
    if (is_write(op) && op->outcome == LINEAR_OK)
        return op->revision > bound ||
               fail(c, op, "it came before what it saw", op->revision, bound);
    *ret_point = point_from(c->h, op, bound);
    return *ret_point != NOT_YET || fail(c, op, "its answer was never right", op->revision, bound);
}

static int by_end(const void *x, const void *y) {
    const struct linear_op *a = *(const struct linear_op *const *)x;
    const struct linear_op *b = *(const struct linear_op *const *)y;
    return a->end < b->end ? -1 : a->end > b->end;
}

static bool place_all(struct checker *c) {
    const struct linear_history *h = c->h;
    for (unsigned i = 0; i < h->n_ops; i++)
        if (h->ops[i].outcome != LINEAR_UNKNOWN)
            c->done[c->n_done++] = &h->ops[i];
    qsort(c->done, c->n_done, sizeof(*c->done), by_end);
    for (unsigned i = 0; i < c->n_done; i++) {
        uint64_t point, before = i ? c->highest[i - 1] : 0;
        if (!place(c, c->done[i], bound_of(c, c->done[i]->begin, i), &point))
            return false;
        c->highest[i] = MAX(before, point);
    }
    for (unsigned i = 0; i < h->n_events; i++) {
        const struct linear_op *op = &h->ops[c->made_by[i]];
        uint64_t bound = bound_of(c, op->begin, c->n_done);
        if (h->events[i].revision <= bound)
            return fail(c, op, "it was seen before it began", h->events[i].revision, bound);
    }
    return true;
}

const char *linear_check(struct arena *a, const struct linear_history *h) {
    struct checker c = {.a = a, .h = h};
    c.made_by = arena_array(a, h->n_events + 1, sizeof(*c.made_by));
    c.done = arena_array(a, h->n_ops + 1, sizeof(*c.done));
    c.highest = arena_array(a, h->n_ops + 1, sizeof(*c.highest));
    return match_events(&c) && place_all(&c) ? NULL : c.why;
}
