// SPDX-License-Identifier: Apache-2.0
#include "schema/entry.h"
#include "schema/ops.h"

static size_t value_weight(const struct api_field *f, const void *at) {
    switch ((enum api_kind)f->kind) {
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
        return ((const str *)at)->n;
    case API_INT_OR_STRING:
        return ((const IntOrString *)at)->s.n;
    case API_STRS: {
        const str_list *l = at;
        size_t n = l->n * sizeof(str);
        for (uint32_t i = 0; i < l->n; i++)
            n += l->v[i].n;
        return n;
    }
    case API_MSG: /* its own bytes are counted by whoever holds it */
        return api_weight(f->sub, at) - f->sub->size;
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
    case API_F64:
    case API_TIME:
    case API_MICROTIME:
    case API_DURATION:
    case API_KIND_MAX:
        break;
    }
    return 0;
}

static size_t seq_weight(const struct api_field *f, const struct api_seq *s) {
    size_t n = s->n * seq_stride(f);
    for (uint32_t i = 0; i < s->n; i++) {
        if (f->shape == API_MAP)
            n += seq_key(f, s, i).n;
        n += value_weight(f, seq_value(f, s, i));
    }
    return n;
}

size_t api_weight(const struct api_type *t, const void *obj) {
    size_t n = t->size;
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const void *at = (const char *)obj + f->offset;
        if (f->shape == API_LIST || f->shape == API_MAP) {
            n += seq_weight(f, at);
        } else if (f->shape == API_OPT && f->kind == API_MSG) {
            const void *p = *(void *const *)at;
            n += p ? api_weight(f->sub, p) : 0;
        } else {
            n += value_weight(f, at);
        }
    }
    return n;
}
