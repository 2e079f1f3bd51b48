// SPDX-License-Identifier: Apache-2.0
#include "schema/entry.h"
#include "schema/ops.h"

static str copy_str(struct arena *a, str s) {
    return s.p ? str_dup(a, s) : STR_NONE;
}

static void copy_strs(struct arena *a, str_list *l) {
    if (!l->v)
        return;
    const str *from = l->v;
    l->v = arena_array(a, MAX(l->n, 1u), sizeof(str));
    for (uint32_t i = 0; i < l->n; i++)
        l->v[i] = copy_str(a, from[i]);
}

/* `to` already holds the bytes of the original: what points elsewhere is given its own copy. */
static void own_value(struct arena *a, const struct api_field *f, void *to) {
    switch ((enum api_kind)f->kind) {
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
        *(str *)to = copy_str(a, *(str *)to);
        break;
    case API_INT_OR_STRING: {
        IntOrString *v = to;
        v->s = copy_str(a, v->s);
        break;
    }
    case API_STRS:
        copy_strs(a, to);
        break;
    case API_MSG:
        api_copy(a, f->sub, to, to);
        break;
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
}

static void own_seq(struct arena *a, const struct api_field *f, struct api_seq *s) {
    if (!s->v)
        return;
    size_t stride = seq_stride(f);
    const void *from = s->v;
    s->v = arena_array(a, MAX(s->n, 1u), stride);
    if (s->n)
        memcpy(s->v, from, s->n * stride);
    for (uint32_t i = 0; i < s->n; i++) {
        char *at = (char *)s->v + i * stride;
        if (f->shape == API_MAP) {
            *(str *)(void *)at = str_dup(a, *(str *)(void *)at);
            at += MAP_VALUE_OFFSET;
        }
        own_value(a, f, at);
    }
}

void api_copy(struct arena *a, const struct api_type *t, const void *from, void *to) {
    if (from != to)
        memcpy(to, from, t->size);
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        void *at = (char *)to + f->offset;
        switch ((enum api_shape)f->shape) {
        case API_OPT:
            if (f->kind == API_MSG) {
                void **p = at;
                *p = *p ? api_clone(a, f->sub, *p) : NULL;
                break;
            }
            own_value(a, f, at);
            break;
        case API_ONE:
            own_value(a, f, at);
            break;
        case API_LIST:
        case API_MAP:
            own_seq(a, f, at);
            break;
        case API_SHAPE_MAX:
            break;
        }
    }
}

void *api_clone(struct arena *a, const struct api_type *t, const void *from) {
    void *to = arena_alloc(a, MAX(t->size, 1u));
    api_copy(a, t, from, to);
    return to;
}
