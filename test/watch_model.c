// SPDX-License-Identifier: Apache-2.0
#include "watch_model.h"

#include <stdlib.h>

void model_add(struct model *m, uint64_t revision, str key, const struct value *object) {
    const struct value *before = NULL;
    ASSERT(!m->n || revision > m->v[m->n - 1].revision);
    for (uint32_t i = m->n; i-- > 0;)
        if (str_eq(m->v[i].key, key)) {
            before = m->v[i].object;
            break;
        }
    *list_push(m->arena, m) = (struct model_change){revision, key, object, before};
}

/* ---- selecting ---- */

static const struct value *at_path(const struct value *v, const char *path) {
    str rest = str_of(path);
    while (v && rest.n)
        v = value_get(v, str_cut(&rest, '.'));
    return v;
}

static bool label_holds(const struct model_term *t, const struct value *object) {
    const struct value *v = value_get(at_path(object, "metadata.labels"), str_of(t->at));
    bool is = v && (!t->is || str_eqc(value_str(v), t->is));
    return is != t->not ;
}

/* A field that is not there is empty. */
static bool field_holds(const struct model_term *t, const struct value *object) {
    str v = value_str(at_path(object, t->at));
    return str_eqc(v.p ? v : STR(""), t->is) != t->not ;
}

static bool selects(const struct model_selection *s, const struct value *object) {
    if (!object)
        return false;
    str ns = value_str(at_path(object, "metadata.namespace"));
    str name = value_str(at_path(object, "metadata.name"));
    return (!s->ns || str_eqc(ns, s->ns)) && (!s->name || str_eqc(name, s->name)) &&
           (!s->label.at || label_holds(&s->label, object)) &&
           (!s->field.at || field_holds(&s->field, object));
}

/* What a watch of the selection shows of the change; false: nothing. */
static bool shown(const struct model_selection *s, const struct model_change *c,
                  struct model_seen *ret) {
    bool before = selects(s, c->before), now = selects(s, c->object);
    if (!before && !now)
        return false;
    *ret = (struct model_seen){.type = !now     ? MODEL_DELETED
                                       : before ? MODEL_MODIFIED
                                                : MODEL_ADDED,
                               .revision = c->revision,
                               .key = c->key,
                               .object = now ? c->object : c->before};
    return true;
}

static int by_key(const void *a, const void *b) {
    const struct model_seen *x = a, *y = b;
    return str_cmp(x->key, y->key);
}

struct state {
    struct model_seen *v;
    uint32_t n;
};

/* What a list of the selection shows at the revision, in order. */
static struct state state_at(const struct model *m, const struct model_selection *s,
                             uint64_t revision) {
    struct state at = {0};
    uint32_t end = 0;
    while (end < m->n && m->v[end].revision <= revision)
        end++;
    for (uint32_t i = 0; i < end; i++) {
        const struct model_change *c = &m->v[i];
        bool last = selects(s, c->object);
        for (uint32_t k = i + 1; last && k < end; k++)
            last = !str_eq(m->v[k].key, c->key);
        if (last)
            *list_push(m->arena, &at) =
                (struct model_seen){MODEL_ADDED, c->revision, c->key, c->object, false};
    }
    if (at.n)
        qsort(at.v, at.n, sizeof(*at.v), by_key);
    return at;
}

/* ---- judging ---- */

static const char *const type_names[] = {[MODEL_ADDED] = "ADDED",
                                         [MODEL_MODIFIED] = "MODIFIED",
                                         [MODEL_DELETED] = "DELETED",
                                         [MODEL_BOOKMARK] = "BOOKMARK",
                                         [MODEL_INITIAL_END] = "end of state"};

static str text_of(struct arena *a, const struct model_seen *e) {
    return str_printf(a, "%s " STR_FMT "@%llu", type_names[e->type], STR_ARG(e->key),
                      (unsigned long long)e->revision);
}

static const char *differ(const struct model *m, uint32_t i, const struct model_seen *want,
                          const struct model_seen *got) {
    str w = want ? text_of(m->arena, want) : STR("nothing");
    str g = got ? text_of(m->arena, got) : STR("nothing");
    return str_printf(m->arena, "entry %u: expected " STR_FMT ", saw " STR_FMT, i, STR_ARG(w),
                      STR_ARG(g))
        .p;
}

static bool same_object(const struct model_seen *want, const struct model_seen *got) {
    if (!got->object)
        return true;
    if (!got->only_metadata)
        return value_equal(want->object, got->object);
    const struct value *meta = value_getc(got->object, "metadata");
    return meta && value_equal(value_getc(want->object, "metadata"), meta);
}

static const char *compare(const struct model *m, uint32_t i, const struct model_seen *want,
                           const struct model_seen *got) {
    if (want->type != got->type || want->revision != got->revision || !str_eq(want->key, got->key))
        return differ(m, i, want, got);
    if (!same_object(want, got))
        return str_printf(m->arena, "entry %u: " STR_FMT ": not the object as it was", i,
                          STR_ARG(text_of(m->arena, got)))
            .p;
    return NULL;
}

/* A walk along what was seen. */
struct walk {
    const struct model *m;
    const struct model_watch *w;
    uint32_t i;
    uint64_t told;   /* the highest revision the client has heard of */
    bool ended;      /* nothing more was seen */
    const char *bad; /* what is wrong */
};

static void step(struct walk *k, const struct model_seen *want, bool must) {
    const struct model_watch *w = k->w;
    if (k->i == w->n_seen) {
        k->ended = true;
        k->bad = must ? differ(k->m, k->i, want, NULL) : NULL;
        return;
    }
    k->bad = compare(k->m, k->i, want, &w->seen[k->i]);
    k->told = MAX(k->told, want->revision);
    k->i++;
}

/* Bookmarks before an event of that revision: they tell no less than was told, and not that it has
 * been. */
static void pass_bookmarks(struct walk *k, uint64_t before) {
    const struct model_watch *w = k->w;
    for (; k->i < w->n_seen && w->seen[k->i].type == MODEL_BOOKMARK; k->i++) {
        uint64_t at = w->seen[k->i].revision;
        if (at < k->told || at >= before) {
            k->bad = str_printf(k->m->arena, "entry %u: a bookmark of %llu between %llu and %llu",
                                k->i, (unsigned long long)at, (unsigned long long)k->told,
                                (unsigned long long)before)
                         .p;
            return;
        }
        k->told = at;
    }
}

static void walk_initial(struct walk *k, uint64_t from) {
    const struct model_watch *w = k->w;
    struct state s = state_at(k->m, w->selection, from);
    for (uint32_t i = 0; i < s.n && !k->bad && !k->ended; i++)
        step(k, &s.v[i], w->whole);
    k->told = from;
    if (!w->initial_end || k->bad || k->ended)
        return;
    if (k->i < w->n_seen && w->seen[k->i].type == MODEL_INITIAL_END) {
        /* It may name a revision of another resource. */
        k->told = w->seen[k->i].revision;
        if (k->told < from)
            k->bad = differ(k->m, k->i, NULL, &w->seen[k->i]);
        k->i++;
        return;
    }
    struct model_seen want = {.type = MODEL_INITIAL_END, .revision = from};
    step(k, &want, w->whole);
}

static const char *check_from(const struct model *m, const struct model_watch *w, uint64_t from) {
    struct walk k = {.m = m, .w = w, .told = from};
    struct model_seen want;
    if (w->initial)
        walk_initial(&k, from);
    uint64_t initial = k.told;
    for (uint32_t i = 0; i < m->n && !k.bad && !k.ended; i++) {
        const struct model_change *c = &m->v[i];
        if (c->revision <= from || !shown(w->selection, c, &want))
            continue;
        if (c->revision <= initial) /* not in the state it says it has shown */
            return differ(m, k.i, &want, NULL);
        pass_bookmarks(&k, c->revision);
        if (!k.bad)
            step(&k, &want, c->revision <= w->whole);
    }
    if (!k.bad && !k.ended)
        pass_bookmarks(&k, UINT64_MAX);
    if (!k.bad && k.i < w->n_seen)
        return differ(m, k.i, NULL, &w->seen[k.i]);
    return k.bad;
}

const char *model_check_watch(const struct model *m, const struct model_watch *w) {
    const char *bad = check_from(m, w, w->after);
    for (uint32_t i = 0; bad && w->initial && i < m->n && m->v[i].revision <= w->until; i++)
        if (m->v[i].revision > w->after)
            bad = check_from(m, w, m->v[i].revision);
    return bad;
}

const char *model_check_list(const struct model *m, const struct model_selection *s,
                             uint64_t revision, const struct model_seen *items, uint32_t n) {
    struct state want = state_at(m, s, revision);
    for (uint32_t i = 0; i < MIN(n, want.n); i++) {
        const char *bad = compare(m, i, &want.v[i], &items[i]);
        if (bad)
            return bad;
    }
    if (n != want.n)
        return differ(m, MIN(n, want.n), n < want.n ? &want.v[n] : NULL,
                      n > want.n ? &items[want.n] : NULL);
    return NULL;
}
