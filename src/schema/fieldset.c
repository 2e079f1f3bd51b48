// SPDX-License-Identifier: Apache-2.0
/* Operations on sets of fields. All of them walk two sorted levels side by side, so they are linear
 * in the size of both, and what one side has alone is shared, not copied. */
#include "schema/fieldset.h"

#include <stdlib.h>

enum { ONLY_X = -1, BOTH = 0, ONLY_Y = 1 };

struct pair {
    const struct field_node *x, *y; /* one may be NULL */
};

/* The next pair of nodes in order; false behind the last. */
static bool next_pair(const struct fieldset *x, const struct fieldset *y, uint32_t *i, uint32_t *j,
                      struct pair *ret) {
    if (*i == x->n && *j == y->n)
        return false;
    int c = *i == x->n ? ONLY_Y : *j == y->n ? ONLY_X : element_cmp(&x->v[*i].at, &y->v[*j].at);
    ret->x = c <= BOTH ? &x->v[(*i)++] : NULL;
    ret->y = c >= BOTH ? &y->v[(*j)++] : NULL;
    return true;
}

static struct fieldset room(struct arena *a, size_t n) {
    return (struct fieldset){.v = n ? arena_alloc(a, n * sizeof(struct field_node)) : NULL};
}

static void add(struct fieldset *s, const struct path_element *at, unsigned marks,
                struct fieldset below) {
    if (marks || below.n)
        s->v[s->n++] = (struct field_node){*at, (uint8_t)marks, below};
}

struct fieldset fieldset_union(struct arena *a, const struct fieldset *x,
                               const struct fieldset *y) {
    if (!x->n || !y->n)
        return x->n ? *x : *y;
    struct fieldset s = room(a, (size_t)x->n + y->n);
    struct pair p;
    for (uint32_t i = 0, j = 0; next_pair(x, y, &i, &j, &p);) {
        if (p.x && p.y)
            add(&s, &p.x->at, p.x->marks | p.y->marks, fieldset_union(a, &p.x->below, &p.y->below));
        else
            s.v[s.n++] = p.x ? *p.x : *p.y;
    }
    return s;
}

struct fieldset fieldset_intersection(struct arena *a, const struct fieldset *x,
                                      const struct fieldset *y) {
    struct fieldset s = room(a, MIN(x->n, y->n));
    struct pair p;
    for (uint32_t i = 0, j = 0; next_pair(x, y, &i, &j, &p);)
        if (p.x && p.y)
            add(&s, &p.x->at, p.x->marks & p.y->marks,
                fieldset_intersection(a, &p.x->below, &p.y->below));
    return s;
}

struct fieldset fieldset_difference(struct arena *a, const struct fieldset *x,
                                    const struct fieldset *y) {
    if (!x->n || !y->n)
        return *x;
    struct fieldset s = room(a, x->n);
    struct pair p;
    for (uint32_t i = 0, j = 0; next_pair(x, y, &i, &j, &p);) {
        if (p.x && p.y)
            add(&s, &p.x->at, p.x->marks & ~(unsigned)p.y->marks,
                fieldset_difference(a, &p.x->below, &p.y->below));
        else if (p.x)
            s.v[s.n++] = *p.x;
    }
    return s;
}

struct fieldset fieldset_without(struct arena *a, const struct fieldset *x,
                                 const struct fieldset *y) {
    if (!x->n || !y->n)
        return *x;
    struct fieldset s = room(a, x->n);
    struct pair p;
    for (uint32_t i = 0, j = 0; next_pair(x, y, &i, &j, &p);) {
        if (p.x && p.y && !p.y->marks)
            add(&s, &p.x->at, p.x->marks, fieldset_without(a, &p.x->below, &p.y->below));
        else if (p.x && !p.y)
            s.v[s.n++] = *p.x;
    }
    return s;
}

struct fieldset fieldset_leaves(struct arena *a, const struct fieldset *s) {
    struct fieldset r = room(a, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field_node *n = &s->v[i];
        add(&r, &n->at, n->below.n ? 0 : n->marks, fieldset_leaves(a, &n->below));
    }
    return r;
}

struct fieldset fieldset_pick(struct arena *a, const struct fieldset *s, unsigned marks) {
    struct fieldset r = room(a, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field_node *n = &s->v[i];
        add(&r, &n->at, n->marks & marks ? FIELD_MEMBER : 0, fieldset_pick(a, &n->below, marks));
    }
    return r;
}

size_t fieldset_size(const struct fieldset *s) {
    size_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        n += (s->v[i].marks != 0) + fieldset_size(&s->v[i].below);
    return n;
}

bool fieldset_equal(const struct fieldset *x, const struct fieldset *y) {
    if (x->n != y->n)
        return false;
    if (x->v == y->v)
        return true;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->v[i].marks != y->v[i].marks || element_cmp(&x->v[i].at, &y->v[i].at) ||
            !fieldset_equal(&x->v[i].below, &y->v[i].below))
            return false;
    return true;
}

const struct field_node *fieldset_find(const struct fieldset *s, const struct path_element *at) {
    uint32_t from = 0, to = s->n;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        int c = element_cmp(&s->v[mid].at, at);
        if (c == 0)
            return &s->v[mid];
        if (c < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return NULL;
}

struct fieldset fieldset_below(const struct fieldset *s, const struct path_element *at) {
    const struct field_node *n = fieldset_find(s, at);
    return n ? n->below : (struct fieldset){0};
}

bool fieldset_has(const struct fieldset *s, const struct path_element *path, unsigned n) {
    const struct field_node *node = NULL;
    for (unsigned i = 0; i < n; i++) {
        node = fieldset_find(s, &path[i]);
        if (!node)
            return false;
        s = &node->below;
    }
    return node && node->marks;
}

struct fieldset fieldset_of_path(struct arena *a, const struct path_element *path, unsigned n) {
    struct fieldset s = {0};
    for (unsigned i = n; i-- > 0;) {
        struct fieldset up = room(a, 1);
        add(&up, &path[i], i + 1 == n ? FIELD_MEMBER : 0, s);
        s = up;
    }
    return s;
}

#define NAMES_DEPTH_MAX 16

struct fieldset fieldset_of_names(struct arena *a, str paths) {
    struct fieldset s = {0};
    while (paths.n) {
        struct path_element path[NAMES_DEPTH_MAX];
        unsigned n = 0;
        for (str one = str_cut(&paths, ','); one.n && n < NAMES_DEPTH_MAX;)
            path[n++] = FIELD_ELEMENT(str_cut(&one, '.'));
        struct fieldset of = fieldset_of_path(a, path, n);
        s = fieldset_union(a, &s, &of);
    }
    return s;
}

struct patterns {
    str v[FIELD_PATTERNS_MAX]; /* what is left of each */
    unsigned n;
};

static bool element_fits(const struct path_element *at, str name) {
    return str_eqc(name, "*") || (at->kind == ELEMENT_FIELD && str_eq(at->name, name));
}

static struct fieldset matching(struct arena *a, const struct fieldset *s,
                                const struct patterns *p) {
    struct fieldset r = room(a, s->n);
    for (uint32_t i = 0; i < s->n; i++) {
        const struct field_node *n = &s->v[i];
        struct patterns below = {.n = 0};
        bool fits = false, whole = false;
        for (unsigned k = 0; k < p->n; k++) {
            str rest = p->v[k];
            if (!element_fits(&n->at, str_cut(&rest, '.')))
                continue;
            fits = true;
            whole |= !rest.n;
            below.v[below.n++] = rest;
        }
        if (fits)
            add(&r, &n->at, n->marks, whole ? n->below : matching(a, &n->below, &below));
    }
    return r;
}

struct fieldset fieldset_matching(struct arena *a, const struct fieldset *s, str patterns) {
    struct patterns p = {.n = 0};
    while (patterns.n && p.n < FIELD_PATTERNS_MAX)
        p.v[p.n++] = str_cut(&patterns, ',');
    return matching(a, s, &p);
}

static int node_cmp(const void *x, const void *y) {
    const struct field_node *n = x, *m = y;
    return element_cmp(&n->at, &m->at);
}

bool fieldset_sort(struct fieldset *s) {
    int most = -1;
    for (uint32_t i = 1; i < s->n && most <= 0; i++)
        most = MAX(most, node_cmp(&s->v[i - 1], &s->v[i]));
    if (most <= 0)
        return most == 0;
    qsort(s->v, s->n, sizeof(*s->v), node_cmp);
    for (uint32_t i = 1; i < s->n; i++)
        if (node_cmp(&s->v[i - 1], &s->v[i]) == 0)
            return true;
    return false;
}

void fieldset_finish(struct arena *a, struct fieldset *s) {
    if (!fieldset_sort(s))
        return;
    uint32_t to = 0;
    for (uint32_t i = 1; i < s->n; i++) {
        if (node_cmp(&s->v[to], &s->v[i]) == 0) {
            s->v[to].marks |= s->v[i].marks;
            s->v[to].below = fieldset_union(a, &s->v[to].below, &s->v[i].below);
        } else {
            s->v[++to] = s->v[i];
        }
    }
    s->n = to + 1;
}

/* A path longer than any that is read cannot come up: depth is JSON_DEPTH_MAX at most. */
struct walk {
    const struct field_path_walk *w;
    struct path_element path[JSON_DEPTH_MAX + 1];
};

static void each(struct walk *w, const struct fieldset *s, unsigned depth) {
    ASSERT(depth < ARRAY_LEN(w->path));
    for (uint32_t i = 0; i < s->n; i++) {
        w->path[depth] = s->v[i].at;
        if (s->v[i].marks)
            w->w->on_path(w->w->ctx, w->path, depth + 1);
    }
    for (uint32_t i = 0; i < s->n; i++) {
        w->path[depth] = s->v[i].at;
        if (s->v[i].below.n)
            each(w, &s->v[i].below, depth + 1);
    }
}

void fieldset_each(const struct fieldset *s, const struct field_path_walk *w) {
    struct walk walk;
    walk.w = w;
    each(&walk, s, 0);
}
