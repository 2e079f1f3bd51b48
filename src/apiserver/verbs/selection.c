// SPDX-License-Identifier: Apache-2.0
#include "apiserver/verbs/selection.h"

static int find_field(const struct api_resource *st, const struct api_selectable *f) {
    if (strcmp(f->label, "metadata.name") == 0)
        return FIELD_NAME;
    if (strcmp(f->label, "metadata.namespace") == 0)
        return FIELD_NS;
    for (int i = 0; st->selectable && st->selectable[i].label; i++)
        if (st->selectable[i].get == f->get)
            return i;
    return FIELD_DECODE;
}

int selection_init(struct arena *a, const struct api_resource *res, const struct list_options *o,
                   struct selection *ret, struct err *e) {
    *ret = (struct selection){0};
    int r = selector_parse(a, o->label_selector, &ret->labels, e);
    if (r < 0)
        return r;
    r = field_selector_parse(a, res, o->field_selector, &ret->fields, e);
    if (r < 0)
        return r;
    ret->where = arena_array(a, ret->fields.list.n, sizeof(int));
    for (uint32_t i = 0; i < ret->fields.list.n; i++)
        ret->where[i] = find_field(res->storage, &ret->fields.list.v[i].field);
    return 0;
}

static str field_value(const struct selection *s, uint32_t i, const struct object *o,
                       struct arena *a) {
    int at = s->where[i];
    if (at == FIELD_NAME)
        return o->name;
    if (at == FIELD_NS)
        return o->ns;
    if (at >= 0 && (uint32_t)at < o->n_fields)
        return o->fields[at];
    return s->fields.list.v[i].field.get(a, object_decode(a, o));
}

bool selection_matches(const struct selection *s, const struct object *o) {
    if (!selector_empty(&s->labels)) {
        /* A str_map is not const inside; nobody writes through it. */
        union {
            const struct str_pair *in;
            struct str_pair *out;
        } v = {.in = o->labels};
        str_map labels = {v.out, o->n_labels};
        if (!selector_matches(&s->labels, &labels))
            return false;
    }
    if (!s->fields.list.n)
        return true;
    struct arena a;
    arena_init(&a, 0);
    bool ok = true;
    for (uint32_t i = 0; ok && i < s->fields.list.n; i++) {
        const struct field_term *t = &s->fields.list.v[i];
        ok = str_eq(field_value(s, i, o, &a), t->value) != t->not ;
    }
    arena_done(&a);
    return ok;
}
