// SPDX-License-Identifier: Apache-2.0
/* Apply and tracking on structs. What clients would see of them decides, so both work on trees; but
 * tracking, which every write goes through, makes trees only of what differs. */
#include "schema/apply_impl.h"
#include "schema/json.h"

/* What an object of the type is before anything is said of it. */
static struct value empty_of(struct arena *a, const struct api_type *t) {
    struct value v = {.tag = VALUE_OBJECT};
    json_write_value(a, t, arena_zalloc(a, t->size), &v);
    return v;
}

int apply_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                 const struct value *config, void *ret, bool *ret_changed,
                 struct apply_conflicts *conflicts, struct err *e) {
    struct apply_request own = *q;
    struct value empty = empty_of(q->a, t), tree, merged;
    own.empty = &empty;
    int r = json_write_value(q->a, t, live, &tree);
    if (r == 0)
        r = apply_object(&own, &tree, config, &merged, ret_changed, conflicts, e);
    return r < 0 ? r : json_read_value(q->a, t, &merged, ret, NULL, e);
}

/* ---- tracking ---- */

/* Where a type keeps what tracking reads and writes. */
struct places {
    const struct api_type *meta;
    const struct api_field *entries;
    uint32_t entries_offset, uid_offset; /* from the object */
};

static bool find_places(const struct api_type *t, struct places *ret) {
    uint32_t at, inner;
    const struct api_field *meta = type_field(t, STR("metadata"), &at, NULL), *uid;
    if (!meta || meta->kind != API_MSG || meta->shape != API_ONE)
        return false;
    ret->meta = meta->sub;
    uid = type_field(meta->sub, STR("uid"), &inner, NULL);
    ret->uid_offset = at + inner;
    ret->entries = type_field(meta->sub, STR("managedFields"), &inner, NULL);
    ret->entries_offset = at + inner;
    return uid && uid->kind == API_STR && ret->entries && ret->entries->shape == API_LIST;
}

static struct api_seq *entries_in(const struct places *p, void *obj) {
    return (struct api_seq *)(void *)((char *)obj + p->entries_offset);
}

/* The object with other entries, everything else shared. */
static void *with_entries(struct arena *a, const struct api_type *t, const struct places *p,
                          const void *obj, struct api_seq entries) {
    void *copy = arena_dup(a, obj, t->size);
    *entries_in(p, copy) = entries;
    return copy;
}

/* NULL is as good as none. */
static struct value entries_tree(struct arena *a, const struct places *p, const void *obj) {
    struct value v = {.tag = VALUE_NULL};
    const char *at = obj ? (const char *)obj + p->entries_offset : NULL;
    struct buf b;
    if (!at || !((const struct api_seq *)(const void *)at)->n)
        return v;
    buf_init(&b, 0);
    json_write_member(&b, p->meta, p->entries, at);
    value_parse(a, str_dup(a, buf_str(&b)), &v, NULL, NULL);
    buf_done(&b);
    return v;
}

static int read_entries(struct arena *a, const struct api_type *t, const struct places *p,
                        const struct managed *m, struct api_seq *ret, struct err *e) {
    struct value list, meta = {.tag = VALUE_OBJECT}, top = {.tag = VALUE_OBJECT};
    void *obj = arena_zalloc(a, t->size);
    managed_write(a, m, &list);
    *value_set(a, &meta, STR("managedFields")) = list;
    *value_set(a, &top, STR("metadata")) = meta;
    int r = json_read_value(a, t, &top, obj, NULL, e);
    if (r == 0)
        *ret = *entries_in(p, obj);
    return r;
}

static bool one_version(const struct apply_request *q, const struct managed *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (!str_eq(m->v[i].api_version, q->api_version))
            return false;
    return true;
}

/* The trees that a change of sets is decided by: whole ones only if they must be converted. */
static void trees(const struct apply_request *q, const struct api_type *t, const struct managed *m,
                  const void *live, const void *now, struct value *ret_live,
                  struct value *ret_now) {
    if (!q->convert || one_version(q, m)) {
        field_changed_parts(q->a, t, live, now, ret_live, ret_now);
        /* the version is what view_in asks for */
        *value_set(q->a, ret_live, STR("apiVersion")) =
            *value_set(q->a, ret_now, STR("apiVersion")) =
                (struct value){.tag = VALUE_STR, .s = q->api_version};
        return;
    }
    json_write_value(q->a, t, live, ret_live);
    json_write_value(q->a, t, now, ret_now);
}

/* The request's entries stand for the stored ones if they are any; those are not read then. */
static struct managed tracked_in(const struct apply_request *q, const struct places *p,
                                 const void *live, const void *now) {
    bool sub = q->subresource.n != 0;
    struct value is = entries_tree(q->a, p, sub ? NULL : now), was = {.tag = VALUE_NULL};
    struct managed m = managed_to_track(q->a, &was, &is, sub);
    if (m.n || (!sub && managed_is_reset(&is)))
        return m;
    was = entries_tree(q->a, p, live);
    return managed_to_track(q->a, &was, &is, true);
}

int apply_track_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                       const void *now, bool reset, void *ret, struct err *e) {
    struct places p;
    struct managed m = {0};
    struct api_seq entries = {0};
    int r = 0;
    if (!find_places(t, &p))
        return err_set(e, -EINVAL, "objects of this type have no owners");
    if (!reset || q->subresource.n)
        m = tracked_in(q, &p, live, now);
    if (m.n || str_empty(*(const str *)(const void *)((const char *)live + p.uid_offset))) {
        const void *x = with_entries(q->a, t, &p, live, entries),
                   *y = with_entries(q->a, t, &p, now, entries);
        struct value from, to;
        trees(q, t, &m, x, y, &from, &to);
        r = managed_update(q, &from, &to, &m, e);
    }
    if (r == 0 && m.n)
        r = read_entries(q->a, t, &p, &m, &entries, e);
    if (r == 0)
        memcpy(ret, with_entries(q->a, t, &p, now, entries), t->size);
    return r;
}
