// SPDX-License-Identifier: Apache-2.0
/* What changed between two trees. One walk makes one tree whose nodes carry a mark for each of the
 * three sets, from which they are picked. */
#include "schema/field_paths.h"

enum mark { REMOVED = 1, MODIFIED = 2, ADDED = 4 };

struct sides {
    const struct value *from, *to; /* one may be NULL: not there, which is not null */
};

static unsigned compare(struct arena *a, struct field_schema s, struct sides v,
                        struct fieldset *ret);

static void add(struct arena *a, struct fieldset *set, struct path_element at,
                struct field_schema s, struct sides v) {
    struct field_node *node = &set->v[set->n];
    node->at = at;
    node->marks = (uint8_t)compare(a, s, v, &node->below);
    set->n += node->marks || node->below.n;
}

static uint32_t count(const struct value *v) {
    return !v ? 0 : v->tag == VALUE_OBJECT ? v->object.n : v->tag == VALUE_LIST ? v->list.n : 0;
}

static struct fieldset room(struct arena *a, struct sides v) {
    size_t n = (size_t)count(v.from) + count(v.to);
    return (struct fieldset){.v = arena_array(a, n, sizeof(struct field_node))};
}

static struct fieldset compare_maps(struct arena *a, struct field_schema s, struct sides v) {
    struct fieldset set = room(a, v);
    struct member_index from = member_index(a, v.from), to = member_index(a, v.to);
    struct field_schema child;
    bool named;
    for (uint32_t i = 0; i < count(v.from); i++) {
        const struct member *m = &v.from->object.v[i];
        schema_key(s, m->key, &child, &named);
        add(a, &set, FIELD_ELEMENT(m->key), child,
            (struct sides){&m->value, member_find(&to, m->key, i)});
    }
    for (uint32_t i = 0; i < count(v.to); i++) {
        const struct member *m = &v.to->object.v[i];
        if (member_find(&from, m->key, i))
            continue;
        schema_key(s, m->key, &child, &named);
        add(a, &set, FIELD_ELEMENT(m->key), child, (struct sides){NULL, &m->value});
    }
    fieldset_finish(a, &set);
    return set;
}

static void add_mark(struct fieldset *set, const struct path_element *at, enum mark mark) {
    set->v[set->n++] = (struct field_node){.at = *at, .marks = (uint8_t)mark};
}

static bool runs_equal(struct sides v, const struct item *x, uint32_t n, const struct item *y,
                       uint32_t m) {
    if (n != m)
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!value_equal(&v.from->list.v[x[i].place], &v.to->list.v[y[i].place]))
            return false;
    return true;
}

/* Items of one element: n before, m after. More than one on a side are compared whole. */
static void compare_run(struct arena *a, struct fieldset *set, struct field_schema element,
                        struct sides v, const struct item *x, uint32_t n, const struct item *y,
                        uint32_t m) {
    const struct path_element *at = n ? &x->at : &y->at;
    const struct value *from = n ? &v.from->list.v[x->place] : NULL,
                       *to = m ? &v.to->list.v[y->place] : NULL;
    if (n <= 1 && m <= 1) {
        add(a, set, *at, element, (struct sides){from, to});
    } else if (n >= 2 && m >= 2) {
        if (!runs_equal(v, x, n, y, m))
            add_mark(set, at, MODIFIED);
    } else if (n >= 2) {
        if (m)
            add(a, set, *at, element, (struct sides){NULL, to});
        add_mark(set, at, REMOVED);
    } else {
        if (n)
            add(a, set, *at, element, (struct sides){from, NULL});
        add_mark(set, at, ADDED);
    }
}

static uint32_t run_length(const struct item_index *x, uint32_t i) {
    uint32_t n = i < x->n;
    while (i + n < x->n && element_cmp(&x->v[i].at, &x->v[i + n].at) == 0)
        n++;
    return n;
}

static struct fieldset compare_lists(struct arena *a, struct field_schema s, struct sides v) {
    struct field_schema element = schema_element(s);
    struct item_index x = item_index(a, s, v.from), y = item_index(a, s, v.to);
    struct fieldset set = room(a, v);
    for (uint32_t i = 0, k = 0; i < x.n || k < y.n;) {
        int c = i == x.n ? 1 : k == y.n ? -1 : element_cmp(&x.v[i].at, &y.v[k].at);
        uint32_t n = c <= 0 ? run_length(&x, i) : 0, m = c >= 0 ? run_length(&y, k) : 0;
        compare_run(a, &set, element, v, &x.v[i], n, &y.v[k], m);
        i += n;
        k += m;
    }
    fieldset_finish(a, &set);
    return set;
}

static unsigned leaf(struct sides v) {
    if (!v.from || !v.to)
        return v.from ? REMOVED : ADDED;
    return value_equal(v.from, v.to) ? 0 : MODIFIED;
}

/* What the values are when they are taken for one shape; *ret_leaf: they were not looked into. */
static unsigned compare_as(struct arena *a, struct field_schema s, struct sides v,
                           struct fieldset *ret, bool *ret_leaf) {
    enum value_tag want = s.shape == SHAPE_LIST ? VALUE_LIST : VALUE_OBJECT;
    struct sides in = {v.from && v.from->tag == want ? v.from : NULL,
                       v.to && v.to->tag == want ? v.to : NULL};
    *ret_leaf = s.shape == SHAPE_SCALAR || s.atomic || (!count(in.from) && !count(in.to));
    if (*ret_leaf)
        return leaf(v);
    *ret = s.shape == SHAPE_LIST ? compare_lists(a, s, in) : compare_maps(a, s, in);
    return 0;
}

static unsigned compare(struct arena *a, struct field_schema s, struct sides v,
                        struct fieldset *ret) {
    struct field_schema from = schema_of(s, v.from), to = schema_of(s, v.to);
    struct fieldset more = {0};
    unsigned marks = 0;
    bool is_leaf;
    *ret = (struct fieldset){0};
    if (v.from && v.to && !schema_same(from, to)) {
        marks = compare_as(a, from, v, &more, &is_leaf);
        marks |= compare_as(a, to, v, ret, &is_leaf);
        *ret = fieldset_union(a, ret, &more);
    } else {
        marks = compare_as(a, v.to ? to : from, v, ret, &is_leaf);
    }
    if (!is_leaf && !v.from)
        marks |= ADDED;
    if (!is_leaf && !v.to)
        marks |= REMOVED;
    return marks;
}

struct field_changes field_compare(struct arena *a, struct field_schema s, const struct value *from,
                                   const struct value *to) {
    struct fieldset all;
    compare(a, s, (struct sides){from, to}, &all);
    return (struct field_changes){
        .removed = fieldset_pick(a, &all, REMOVED),
        .modified = fieldset_pick(a, &all, MODIFIED),
        .added = fieldset_pick(a, &all, ADDED),
    };
}
