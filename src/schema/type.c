// SPDX-License-Identifier: Apache-2.0
/* Finding one's way about the rows. */
#include <stdlib.h>

#include "base/vec.h"
#include "schema/type.h"

static inline bool field_is(const struct api_field *f, str json) {
    return f->json_len == json.n && memcmp(f->json, json.p, json.n) == 0;
}

static const struct api_field *find(const struct api_type *t, str json, uint32_t offset,
                                    uint32_t *ret_offset, unsigned *hint);

/* Field i of t itself, or a field of the message that is inlined there. */
static const struct api_field *at(const struct api_type *t, unsigned i, str json, uint32_t offset,
                                  uint32_t *ret_offset) {
    const struct api_field *f = &t->fields[i];
    if (f->flags & INLINED)
        return find(f->sub, json, offset + f->offset, ret_offset, NULL);
    if (!field_is(f, json) || (f->flags & NO_JSON))
        return NULL;
    *ret_offset = offset + f->offset;
    return f;
}

/* The hint is the row to try first: one behind the last that was found, or that one again where it
 * is an inlined message, whose fields may follow each other. */
static const struct api_field *find(const struct api_type *t, str json, uint32_t offset,
                                    uint32_t *ret_offset, unsigned *hint) {
    unsigned start = hint && *hint < t->n_fields ? *hint : 0;
    for (unsigned k = 0; k < t->n_fields; k++) {
        unsigned i = start + k < t->n_fields ? start + k : start + k - t->n_fields;
        const struct api_field *f = at(t, i, json, offset, ret_offset);
        if (!f)
            continue;
        if (hint)
            *hint = t->fields[i].flags & INLINED ? i : i + 1;
        return f;
    }
    return NULL;
}

const struct api_field *type_field(const struct api_type *t, str json, uint32_t *ret_offset,
                                   unsigned *hint) {
    uint32_t offset;
    if (str_empty(json))
        return NULL;
    return find(t, json, 0, ret_offset ? ret_offset : &offset, hint);
}

static size_t kind_size(enum api_kind kind) {
    switch (kind) {
    case API_BOOL:
        return sizeof(bool);
    case API_I32:
    case API_U32:
        return sizeof(int32_t);
    case API_I64:
    case API_U64:
    case API_DURATION:
        return sizeof(int64_t);
    case API_F64:
        return sizeof(double);
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
        return sizeof(str);
    case API_TIME:
    case API_MICROTIME:
        return sizeof(Time);
    case API_INT_OR_STRING:
        return sizeof(IntOrString);
    case API_STRS:
        return sizeof(str_list);
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"kind without a size");
}

size_t field_element_size(const struct api_field *f) {
    return f->kind == API_MSG ? f->sub->size : kind_size(f->kind);
}

void type_walk(const struct api_type *t, void (*visit)(const struct api_type *, void *),
               void *ctx) {
    VEC(const struct api_type *) found = {0};
    *vec_push(&found) = t;
    for (uint32_t i = 0; i < found.n; i++) {
        const struct api_type *at_i = found.v[i];
        visit(at_i, ctx);
        for (unsigned k = 0; k < at_i->n_fields; k++) {
            const struct api_type *sub = at_i->fields[k].sub;
            uint32_t seen = 0;
            while (seen < found.n && found.v[seen] != sub)
                seen++;
            if (sub && seen == found.n)
                *vec_push(&found) = sub;
        }
    }
    vec_done(&found);
}
