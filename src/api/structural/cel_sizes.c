// SPDX-License-Identifier: Apache-2.0
#include "api/structural/cel_sizes.h"

#include <stdlib.h>

#include "api/name_index.h"
#include "api/structural/cel_env.h"

/* Bytes of the shortest JSON of a kind of value. */
enum { EMPTY_BYTES = 2, TIME_BYTES = 21, DATE_BYTES = 12, DURATION_BYTES = 3, BOOL_BYTES = 4 };
/* And of the longest. */
enum { TIME_MAX = 32, DURATION_MAX = 32 };
#define ROOM        (STRUCTURAL_REQUEST_MAX - 2) /* between quotes or brackets */
#define BYTES_OF(c) (4 * (uint64_t)(c))          /* of characters, at most */

struct part_field {
    str name; /* in expressions */
    const struct structural_part *part;
};

struct structural_part {
    uint64_t max;                       /* characters, bytes, elements or entries */
    uint64_t least;                     /* bytes of its JSON */
    const struct structural_part *each; /* of elements; of values of a map */
    bool keyed;                         /* a map */
    struct {
        struct part_field *v; /* by name */
        uint32_t n;
    } fields;
};

/* What has no limit of its own: numbers, and the keys of maps. */
static const struct structural_part number_part = {.least = 1}, bool_part = {.least = BOOL_BYTES},
                                    key_part = {.least = EMPTY_BYTES};

static uint64_t limit_or(struct opt_i64 limit, uint64_t otherwise) {
    return !limit.set ? otherwise : limit.v > 0 ? (uint64_t)limit.v : 0;
}

static const struct structural_part *make(struct arena *a, uint64_t max, uint64_t least) {
    struct structural_part *p = arena_make(a, struct structural_part);
    p->max = max;
    p->least = least;
    return p;
}

/* ---- texts ---- */

static uint64_t longest_choice(const struct structural_values *v) {
    uint64_t max = 0;
    for (uint32_t i = 0; i < v->enum_.n; i++)
        max = MAX(max, value_str(&v->enum_.v[i]).n);
    return max;
}

static uint64_t text_max(const struct structural_values *v) {
    return v->max_length.set ? BYTES_OF(limit_or(v->max_length, 0))
           : v->enum_.n      ? longest_choice(v)
                             : ROOM;
}

static const struct structural_part *text_part(struct arena *a, const struct structural_values *v) {
    if (str_eqc(v->format, "byte"))
        return make(a, limit_or(v->max_length, ROOM), EMPTY_BYTES);
    if (str_eqc(v->format, "duration"))
        return make(a, DURATION_MAX, DURATION_BYTES);
    if (str_eqc(v->format, "date"))
        return make(a, DATE_BYTES, DATE_BYTES);
    if (str_eqc(v->format, "date-time"))
        return make(a, TIME_MAX, TIME_BYTES);
    return make(a, text_max(v), EMPTY_BYTES);
}

/* ---- lists, maps, objects ---- */

static const struct structural_part *part_of(struct arena *a, const struct structural *s,
                                             bool resource);

/* between: bytes that each takes beside its own. */
static const struct structural_part *many(struct arena *a, const struct structural *s,
                                          struct opt_i64 limit, bool keyed, uint64_t between) {
    const struct structural_part *each = s ? part_of(a, s, s->embedded_resource) : NULL;
    struct structural_part *p;
    if (!each)
        return NULL;
    p = arena_make(a, struct structural_part);
    p->max = limit_or(limit, ROOM / (each->least + between));
    p->least = EMPTY_BYTES;
    p->each = each;
    p->keyed = keyed;
    return p;
}

static int by_name(const void *a, const void *b) {
    return str_cmp(((const struct part_field *)a)->name, ((const struct part_field *)b)->name);
}

static const struct structural_part *object_part(struct arena *a, const struct structural *s) {
    struct name_index needed =
        name_index_of(a, s->values.required.v, s->values.required.n, sizeof(str));
    struct structural_part *p = arena_make(a, struct structural_part);
    p->least = EMPTY_BYTES;
    p->fields.v = s->fields.n ? arena_array(a, s->fields.n, sizeof(*p->fields.v)) : NULL;
    for (uint32_t i = 0; i < s->fields.n; i++) {
        const struct structural *f = s->fields.v[i].schema;
        const struct structural_part *part = part_of(a, f, f->embedded_resource);
        str raw = s->fields.v[i].name, name = structural_cel_name(a, raw);
        if (!part)
            continue;
        if (name.p)
            p->fields.v[p->fields.n++] = (struct part_field){name, part};
        /* with quotes, colon and comma; defaults need not be sent */
        if (!f->default_ && name_index_has(&needed, raw))
            p->least += raw.n + part->least + 4;
    }
    if (p->fields.n)
        qsort(p->fields.v, p->fields.n, sizeof(*p->fields.v), by_name);
    return p;
}

static const struct structural_part *part_of(struct arena *a, const struct structural *s,
                                             bool resource) {
    const struct structural_values *v = &s->values;
    if (s->int_or_string)
        return make(a, v->max_length.set ? BYTES_OF(limit_or(v->max_length, 0)) : ROOM, 1);
    switch ((enum structural_type)s->type) {
    case STRUCTURAL_OBJECT:
        return s->rest ? many(a, s->rest, v->max_properties, true, 6)
                       : object_part(a, resource ? structural_as_resource(a, s) : s);
    case STRUCTURAL_ARRAY:
        return many(a, s->items, v->max_items, false, 1);
    case STRUCTURAL_STRING:
        return text_part(a, v);
    case STRUCTURAL_INTEGER:
    case STRUCTURAL_NUMBER:
        return &number_part;
    case STRUCTURAL_BOOLEAN:
        return &bool_part;
    case STRUCTURAL_ANY:
    case STRUCTURAL_TYPE_MAX:
        break;
    }
    return NULL;
}

const struct structural_part *structural_sizes_of(struct arena *a, const struct structural *s,
                                                  bool resource) {
    return part_of(a, s, resource);
}

uint64_t structural_part_fits(const struct structural_part *self) {
    return STRUCTURAL_REQUEST_MAX / (self->least + 1);
}

/* ---- as estimates ask ---- */

/* Every variable is self, or what self was. */
static const void *step(void *ctx, const void *at, str name) {
    const struct structural_part *p = at;
    const struct part_field wanted = {name, NULL}, *field;
    if (!p)
        return ctx;
    if (str_eqc(name, "@items") || str_eqc(name, "@values"))
        return p->each;
    if (str_eqc(name, "@keys"))
        return p->keyed ? &key_part : NULL;
    if (!p->fields.n)
        return NULL;
    field = bsearch(&wanted, p->fields.v, p->fields.n, sizeof(*p->fields.v), by_name);
    return field ? field->part : NULL;
}

static bool max(void *ctx, const void *at, uint64_t *ret) {
    *ret = ((const struct structural_part *)at)->max;
    return true;
}

struct cel_sizes structural_sizes(const struct structural_part *self) {
    return (struct cel_sizes){step, max, (void *)(uintptr_t)self};
}
