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
    if (r < 0)
        return r;
    r = json_read_value(q->a, t, &merged, ret, NULL, e);
    if (r < 0)
        apply_unconvertible(q->a, config, e);
    return r;
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

static const struct api_seq *entries_of(const struct places *p, const void *obj) {
    return (const struct api_seq *)(const void *)((const char *)obj + p->entries_offset);
}

/* The object with other entries, everything else shared. */
static void *with_entries(struct arena *a, const struct api_type *t, const struct places *p,
                          const void *obj, struct api_seq entries) {
    void *copy = arena_dup(a, obj, t->size);
    *entries_in(p, copy) = entries;
    return copy;
}

static bool one_version(const struct apply_request *q, const struct managed *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (!str_eq(m->v[i].api_version, q->api_version))
            return false;
    return true;
}

/* What is tracked: two objects without their entries, and where these are. */
struct tracked {
    const struct apply_request *q;
    const struct api_type *t;
    struct places p;
    const void *live, *now;
};

/* A request that brings no entries of its own goes on with those that are stored, and so does one
 * to a subresource. */
static bool goes_on(const struct tracked *k, const struct api_seq *stored,
                    const struct api_seq *sent, bool reset) {
    return k->q->subresource.n ||
           (!reset && (!sent->n || managed_same_struct(k->p.entries, sent, stored)));
}

static struct managed entries_of_request(const struct tracked *k, const struct api_seq *stored,
                                         const struct api_seq *sent, bool reset) {
    struct managed m = {0};
    bool stands = goes_on(k, stored, sent, reset);
    if (!stands && (reset || managed_is_reset_struct(k->p.entries, sent)))
        return m;
    if (!stands && managed_read_struct(k->q->a, k->p.entries, sent, false, &m, NULL) == 0 && m.n)
        return m;
    if (managed_read_struct(k->q->a, k->p.entries, stored, true, &m, NULL) < 0)
        m = (struct managed){0};
    return m;
}

/* Parts of the trees decide it, unless they have to be converted. */
static int update(const struct tracked *k, struct value *from, struct value *to, struct managed *m,
                  struct err *e) {
    const struct apply_request *q = k->q;
    if (!q->convert || one_version(q, m)) {
        /* the version is what view_in asks for */
        *value_set(q->a, from, STR("apiVersion")) = *value_set(q->a, to, STR("apiVersion")) =
            (struct value){.tag = VALUE_STR, .s = q->api_version};
    } else {
        json_write_value(q->a, k->t, k->live, from);
        json_write_value(q->a, k->t, k->now, to);
    }
    return managed_update(q, from, to, m, e);
}

static bool is_zero(const void *p, size_t n) {
    const char *c = p;
    return !n || (!c[0] && memcmp(c, c + 1, n - 1) == 0);
}

/* A new object that brings no entries: there is nobody who could lose a field. */
static bool track_new(const struct tracked *k, struct managed *m, struct err *e) {
    const struct apply_request *q = k->q;
    struct fieldset fields;
    if (!is_zero(k->live, k->t->size) || !field_paths_added(q->a, k->t, k->now, &fields))
        return false;
    fields = apply_ownable(q->a, &q->version, &fields);
    return managed_give(q, &fields, m, e) == 0;
}

static int track_changes(const struct tracked *k, const struct api_seq *stored,
                         const struct api_seq *sent, bool reset, struct api_seq *ret,
                         struct err *e) {
    const struct apply_request *q = k->q;
    const str *uid = (const str *)(const void *)((const char *)k->live + k->p.uid_offset);
    struct value from, to;
    int r = 0;
    field_changed_parts(q->a, k->t, k->live, k->now, &from, &to);
    if (uid->n && !from.object.n && !to.object.n && goes_on(k, stored, sent, reset)) {
        *ret = *stored;
        return 0;
    }
    struct managed m = entries_of_request(k, stored, sent, reset);
    if (m.n || !uid->n)
        r = update(k, &from, &to, &m, e);
    if (r == -EBADMSG) { /* as when they cannot be read at once */
        m.n = 0;
        r = uid->n ? 0 : update(k, &from, &to, &m, e);
    }
    if (r == 0)
        managed_write_struct(q->a, k->p.entries, &m, ret);
    return r;
}

int apply_track_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                       const void *now, bool reset, void *ret, struct err *e) {
    struct tracked k = {.q = q, .t = t};
    struct api_seq entries = {0};
    struct managed m = {0};
    int r = 0;
    if (!find_places(t, &k.p))
        return err_set(e, -EINVAL, "objects of this type have no owners");
    const struct api_seq *stored = entries_of(&k.p, live), *sent = entries_of(&k.p, now);
    k.live = with_entries(q->a, t, &k.p, live, entries);
    k.now = with_entries(q->a, t, &k.p, now, entries);
    if (!sent->n && !stored->n && track_new(&k, &m, e))
        managed_write_struct(q->a, k.p.entries, &m, &entries);
    else
        r = track_changes(&k, stored, sent, reset, &entries, e);
    if (r == 0)
        memcpy(ret, with_entries(q->a, t, &k.p, now, entries), t->size);
    return r;
}
