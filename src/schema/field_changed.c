// SPDX-License-Identifier: Apache-2.0
/* What differs is decided by the texts of members, not by comparing structs: "1Gi" and "1073741824"
 * are one quantity and still a change. */
#include "schema/entry.h"
#include "schema/field_paths.h"
#include "schema/json.h"

#define CHANGED_DEPTH_MAX                                                                          \
    4 /* messages inside each other that are taken apart; deeper ones whole                        \
       */

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
    struct value *v = value_set(a, object, (str){f->json, f->json_len});
    *v = (struct value){.tag = VALUE_OBJECT};
    return v;
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

/* Bytes of a member: what is left of them is padding. */
static size_t size_of(const struct api_type *t, unsigned i) {
    return (i + 1 < t->n_fields ? t->fields[i + 1].offset : t->size) - t->fields[i].offset;
}

/* Members that a copy shares with the other object, which is most of them in a write of status, are
 * equal without a look at what they point to. */
static void differ(struct differ *d, const struct api_type *t, const char *x, const char *y,
                   struct value *from, struct value *to) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const char *p = x + f->offset, *q = y + f->offset;
        if ((f->flags & NO_JSON) || memcmp(p, q, size_of(t, i)) == 0)
            continue;
        if (f->flags & INLINED) {
            differ(d, f->sub, p, q, from, to);
            continue;
        }
        bool has_p = write_member(&d->from, t, f, p), has_q = write_member(&d->to, t, f, q);
        if (has_p == has_q && (!has_p || str_eq(buf_str(&d->from), buf_str(&d->to))))
            continue;
        const char *in_p = parts_of(f, p), *in_q = parts_of(f, q);
        if (has_p && has_q && in_p && in_q && d->depth < CHANGED_DEPTH_MAX) {
            struct value *below_from = add(d->a, from, f), *below_to = add(d->a, to, f);
            d->depth++;
            differ(d, f->sub, in_p, in_q, below_from, below_to);
            d->depth--;
            continue;
        }
        if (has_p)
            add_text(d->a, from, f, &d->from);
        if (has_q)
            add_text(d->a, to, f, &d->to);
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
