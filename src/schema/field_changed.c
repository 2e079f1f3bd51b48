// SPDX-License-Identifier: Apache-2.0
/* What differs is decided by the texts of members, not by comparing structs: "1Gi" and "1073741824"
 * are one quantity and still a change. */
#include "schema/entry.h"
#include "schema/field_paths.h"
#include "schema/json.h"

/* Messages inside each other that are taken apart; deeper ones are taken whole. */
#define CHANGED_DEPTH_MAX 4

struct differ {
    struct arena *a;
    struct buf from, to;
    unsigned depth;
};

static bool write_member(struct buf *b, const struct api_type *t, const struct api_field *f,
                         const char *p) {
    buf_clear(b);
    if (json_omits(f, p))
        return false;
    json_write_member(b, t, f, p);
    return true;
}

static struct value *add(struct arena *a, struct value *object, const struct api_field *f) {
    return value_set(a, object, (str){f->json, f->json_len});
}

static void add_text(struct arena *a, struct value *object, const struct api_field *f,
                     const struct buf *text) {
    if (value_parse(a, str_dup(a, buf_str(text)), add(a, object, f), NULL, NULL) < 0)
        ASSERT(!"a member that is no JSON");
}

/* A message that can be taken apart, or NULL. */
static const char *parts_of(const struct api_field *f, const char *p) {
    if (f->kind != API_MSG || f->sub->info->form != FORM_OBJECT ||
        (f->shape != API_ONE && f->shape != API_OPT))
        return NULL;
    return f->shape == API_OPT ? AT(char *, p) : p;
}

/* ---- what is surely the same ---- */

static bool same(const struct api_type *t, const char *x, const char *y);

static bool same_str(str x, str y) {
    return !x.p == !y.p && str_eq(x, y);
}

static bool same_value(const struct api_field *f, const char *p, const char *q) {
    switch ((enum api_kind)f->kind) {
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
        return same_str(AT(str, p), AT(str, q));
    case API_INT_OR_STRING:
        return AT(IntOrString, p).kind == AT(IntOrString, q).kind &&
               AT(IntOrString, p).i == AT(IntOrString, q).i &&
               same_str(AT(IntOrString, p).s, AT(IntOrString, q).s);
    case API_MSG:
        return same(f->sub, p, q);
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
    case API_F64:
    case API_TIME:
    case API_MICROTIME:
    case API_DURATION:
    case API_STRS:
    case API_KIND_MAX:
        break;
    }
    return memcmp(p, q, field_element_size(f)) == 0;
}

static bool same_seq(const struct api_field *f, const struct api_seq *x, const struct api_seq *y) {
    if (x->n != y->n || !x->v != !y->v)
        return false;
    if (x->v == y->v)
        return true;
    for (uint32_t i = 0; i < x->n; i++)
        if ((f->shape == API_MAP && !str_eq(seq_key(f, x, i), seq_key(f, y, i))) ||
            !same_value(f, seq_value(f, x, i), seq_value(f, y, i)))
            return false;
    return true;
}

/* Bytes of a member: what is left of them is padding. */
static size_t size_of(const struct api_type *t, unsigned i) {
    return (i + 1 < t->n_fields ? t->fields[i + 1].offset : t->size) - t->fields[i].offset;
}

/* Members that a copy shares with the other object, which is most of them in a write of status, are
 * equal without a look at what they point to. */
static bool same_member(const struct api_type *t, unsigned i, const char *p, const char *q) {
    const struct api_field *f = &t->fields[i];
    if (memcmp(p, q, size_of(t, i)) == 0)
        return true;
    if (f->shape == API_LIST || f->shape == API_MAP)
        return same_seq(f, &AT(struct api_seq, p), &AT(struct api_seq, q));
    if (f->shape == API_OPT && f->kind == API_MSG)
        return AT(char *, p) && AT(char *, q) && same(f->sub, AT(char *, p), AT(char *, q));
    return (f->shape == API_ONE || !opt_value_offset(f->kind)) && same_value(f, p, q);
}

static bool same(const struct api_type *t, const char *x, const char *y) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        uint32_t at = t->fields[i].offset;
        if (!same_member(t, i, x + at, y + at))
            return false;
    }
    return true;
}

/* ---- what differs ---- */

static void differ(struct differ *d, const struct api_type *t, const char *x, const char *y,
                   struct value *from, struct value *to);

/* Both are there. They may still be one text, and then nothing differs. */
static void differ_parts(struct differ *d, const struct api_field *f, const char *p, const char *q,
                         struct value *from, struct value *to) {
    struct value below_from = {.tag = VALUE_OBJECT}, below_to = below_from;
    d->depth++;
    differ(d, f->sub, p, q, &below_from, &below_to);
    d->depth--;
    if (!below_from.object.n && !below_to.object.n)
        return;
    *add(d->a, from, f) = below_from;
    *add(d->a, to, f) = below_to;
}

static void differ_member(struct differ *d, const struct api_type *t, const struct api_field *f,
                          const char *p, const char *q, struct value *from, struct value *to) {
    const char *in_p = parts_of(f, p), *in_q = parts_of(f, q);
    bool apart = in_p && in_q && d->depth < CHANGED_DEPTH_MAX;
    if (apart && !json_omits(f, p) && !json_omits(f, q)) {
        differ_parts(d, f, in_p, in_q, from, to);
        return;
    }
    bool has_p = write_member(&d->from, t, f, p), has_q = write_member(&d->to, t, f, q);
    if (has_p == has_q && (!has_p || str_eq(buf_str(&d->from), buf_str(&d->to))))
        return;
    if (has_p)
        add_text(d->a, from, f, &d->from);
    if (has_q)
        add_text(d->a, to, f, &d->to);
}

static void differ(struct differ *d, const struct api_type *t, const char *x, const char *y,
                   struct value *from, struct value *to) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const char *p = x + f->offset, *q = y + f->offset;
        if ((f->flags & NO_JSON) || same_member(t, i, p, q))
            continue;
        if (f->flags & INLINED)
            differ(d, f->sub, p, q, from, to);
        else
            differ_member(d, t, f, p, q, from, to);
    }
}

void field_changed_parts(struct arena *a, const struct api_type *t, const void *from,
                         const void *to, struct value *ret_from, struct value *ret_to) {
    struct differ d = {.a = a};
    buf_init(&d.from, 0);
    buf_init(&d.to, 0);
    *ret_from = *ret_to = (struct value){.tag = VALUE_OBJECT};
    differ(&d, t, from, to, ret_from, ret_to);
    buf_done(&d.from);
    buf_done(&d.to);
}
