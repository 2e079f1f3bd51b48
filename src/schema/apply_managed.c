// SPDX-License-Identifier: Apache-2.0
/* What a write does to everybody's sets, and what an apply takes out of the object. */
#include "schema/apply_impl.h"

int view_in(const struct apply_request *q, const struct value *object, str api_version,
            struct view *ret, struct err *e) {
    if (str_eq(api_version, q->api_version) &&
        (!q->convert || str_eq(value_str(value_getc(object, "apiVersion")), api_version))) {
        *ret = (struct view){*object, q->version};
        return 0;
    }
    if (!q->convert)
        return -EALREADY;
    return q->convert(q->ctx, q->a, object, api_version, &ret->object, &ret->version, e);
}

struct fieldset apply_ownable(struct arena *a, const struct apply_version *v,
                              const struct fieldset *s) {
    struct fieldset left = v->reset ? fieldset_without(a, s, v->reset) : *s;
    return v->only.n ? fieldset_matching(a, &left, v->only) : left;
}

/* ---- taking ---- */

/* What changed, as each version sees it. */
struct version_changes {
    str api_version;
    int status; /* of view_in */
    struct field_schema schema;
    struct field_changes changes;
    struct fieldset touched; /* modified and added */
    struct fieldset all;
    struct version_changes *next;
};

static int changes_in(const struct apply_request *q, const struct value *live,
                      const struct value *now, struct version_changes *c, struct err *e) {
    struct view from, to;
    c->status = view_in(q, live, c->api_version, &from, e);
    if (c->status == 0)
        c->status = view_in(q, now, c->api_version, &to, e);
    if (c->status == -ENOENT || c->status == -EALREADY)
        return 0;
    if (c->status < 0)
        return c->status;
    c->changes = field_compare(q->a, from.version.schema, &from.object, &to.object);
    c->changes.removed = apply_ownable(q->a, &from.version, &c->changes.removed);
    c->changes.modified = apply_ownable(q->a, &from.version, &c->changes.modified);
    c->changes.added = apply_ownable(q->a, &from.version, &c->changes.added);
    c->schema = from.version.schema;
    c->touched = fieldset_union(q->a, &c->changes.modified, &c->changes.added);
    c->all = fieldset_union(q->a, &c->touched, &c->changes.removed);
    return arena_over(q->a)
               ? err_http(e, -E2BIG, 413, "RequestEntityTooLarge", "the object is too large")
               : 0;
}

static int find_changes(const struct apply_request *q, const struct value *live,
                        const struct value *now, str api_version, struct version_changes *first,
                        struct version_changes **ret, struct err *e) {
    struct version_changes *c = first;
    while (!str_eq(c->api_version, api_version)) {
        if (!c->next) {
            c->next = arena_make(q->a, struct version_changes);
            c->next->api_version = api_version;
            int r = changes_in(q, live, now, c->next, e);
            if (r < 0)
                return r;
        }
        c = c->next;
    }
    *ret = c;
    return 0;
}

/* One writer loses what changed; what it had and now is otherwise is a conflict. */
static int lose(struct arena *a, struct managed_entry *x, const struct version_changes *c,
                struct conflict_list *conflicts, struct err *e) {
    if (x->unread) {
        if (!fieldset_text_meets(a, x->text, &c->all))
            return 0;
        int r = managed_open(a, x, e);
        if (r < 0)
            return r;
        field_paths_reconcile(a, c->schema, &x->fields, &x->fields);
    }
    struct fieldset fields = fieldset_intersection(a, &x->fields, &c->touched);
    if (!fieldset_empty(&fields)) {
        conflicts->v[conflicts->n++] = (struct conflict){.with = *x, .fields = fields};
        x->fields = fieldset_difference(a, &x->fields, &fields);
    }
    x->fields = fieldset_difference(a, &x->fields, &c->changes.removed);
    return 0;
}

static void forget(struct managed_entry *x) {
    x->fields = (struct fieldset){0};
    x->unread = false;
}

int managed_take(const struct apply_request *q, const struct value *live, const struct value *now,
                 struct managed *m, const struct managed_entry *but, bool force,
                 struct field_changes *ret, struct conflict_list *conflicts, struct err *e) {
    struct version_changes first = {.api_version = q->api_version}, *c;
    struct managed left = managed_copy(q->a, m);
    struct managed_entry *spared = but ? managed_find(&left, but) : NULL;
    *conflicts = (struct conflict_list){.v = arena_array(q->a, m->n, sizeof(struct conflict))};
    int r = changes_in(q, live, now, &first, e);
    for (uint32_t i = 0; i < left.n && r == 0; i++) {
        struct managed_entry *x = &left.v[i];
        if (x == spared)
            continue;
        r = find_changes(q, live, now, x->api_version, &first, &c, e);
        if (r == 0 && c->status == -ENOENT)
            forget(x);
        else if (r == 0 && c->status == 0)
            r = lose(q->a, x, c, conflicts, e);
    }
    if (r < 0)
        return r;
    if (!force && conflicts->n)
        return -EEXIST;
    managed_drop_empty(&left);
    *m = left;
    *ret = first.changes;
    return 0;
}

int managed_reconcile(const struct apply_request *q, const struct value *live, struct managed *m,
                      struct err *e) {
    struct managed now = managed_copy(q->a, m);
    for (uint32_t i = 0; i < now.n; i++) {
        struct view v;
        if (now.v[i].unread)
            continue;
        int r = view_in(q, live, now.v[i].api_version, &v, e);
        if (r == -ENOENT)
            forget(&now.v[i]);
        else if (r == 0)
            field_paths_reconcile(q->a, v.version.schema, &now.v[i].fields, &now.v[i].fields);
        else if (r != -EALREADY)
            return r;
    }
    *m = now;
    return 0;
}

/* ---- pruning ---- */

static struct fieldset named_paths(struct arena *a, const struct view *v) {
    struct fieldset s = field_paths(a, v->version.schema, &v->object);
    return field_paths_named(a, v->version.schema, &s);
}

/* Members of merged but not of pruned: what was taken out. */
static struct fieldset taken_out(struct arena *a, const struct view *merged,
                                 const struct view *pruned) {
    struct fieldset x = named_paths(a, merged), y = named_paths(a, pruned);
    return fieldset_difference(a, &x, &y);
}

/* What writers own in this version comes back, seen from the merged object. */
static int add_back_owned(const struct apply_request *q, const struct managed *m, str api_version,
                          struct view *merged, struct view *pruned, struct err *e) {
    struct fieldset owned = {0};
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eq(m->v[i].api_version, api_version))
            owned = fieldset_union(q->a, &owned, &m->v[i].fields);
    struct view x, y;
    int r = view_in(q, &merged->object, api_version, &x, e);
    if (r == 0)
        r = view_in(q, &pruned->object, api_version, &y, e);
    if (r < 0)
        return r == -ENOENT || r == -EALREADY ? 0 : r;
    owned = field_paths_named(q->a, x.version.schema, &owned);
    struct fieldset out = taken_out(q->a, &x, &y);
    out = fieldset_difference(q->a, &out, &owned);
    y.object = field_remove(q->a, x.version.schema, &x.object, &out);
    *merged = x;
    *pruned = y;
    return 0;
}

static bool version_before(const struct managed *m, uint32_t end, str api_version) {
    for (uint32_t i = 0; i < end; i++)
        if (str_eq(m->v[i].api_version, api_version))
            return true;
    return false;
}

static int add_back_all(const struct apply_request *q, const struct managed *m, str first,
                        struct view merged, struct view *pruned, struct err *e) {
    int r = add_back_owned(q, m, first, &merged, pruned, e);
    for (uint32_t i = 0; i < m->n && r == 0; i++) {
        str version = m->v[i].api_version;
        if (!str_eq(version, first) && !version_before(m, i, version))
            r = add_back_owned(q, m, version, &merged, pruned, e);
    }
    return r;
}

/* First everything that the last configuration said goes; then comes back what anybody owns, this
 * configuration included; then what went without having been owned by the last one, as parts of
 * something that was. */
int apply_prune(const struct apply_request *q, const struct value *merged, const struct managed *m,
                const struct managed_entry *last, struct value *ret, struct err *e) {
    struct view all, pruned, back, result;
    *ret = *merged;
    if (!last || fieldset_empty(&last->fields))
        return 0;
    int r = view_in(q, merged, last->api_version, &all, e);
    if (r < 0)
        return r == -ENOENT || r == -EALREADY ? 0 : r;
    struct field_schema s = all.version.schema;
    struct fieldset was = field_paths_named(q->a, s, &last->fields);
    pruned = (struct view){field_remove(q->a, s, &all.object, &was), all.version};
    r = add_back_all(q, m, last->api_version, all, &pruned, e);
    if (r == 0)
        r = view_in(q, &pruned.object, last->api_version, &back, e);
    if (r < 0)
        return r;
    struct fieldset out = taken_out(q->a, &all, &back);
    out = fieldset_intersection(q->a, &out, &was);
    struct value left = field_remove(q->a, s, &all.object, &out);
    r = view_in(q, &left, q->api_version, &result, e);
    if (r == 0)
        *ret = result.object;
    return r == -EALREADY ? 0 : r;
}
