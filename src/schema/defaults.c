// SPDX-License-Identifier: Apache-2.0
/* Defaults that the rows state. What depends on other fields is a hook of the kind (api layer). */
#include "base/buf.h"
#include "schema/entry.h"
#include "schema/ops.h"

static bool one_absent(const struct api_field *f, const void *at) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return !*(const bool *)at;
    case API_I32:
    case API_U32:
        return *(const int32_t *)at == 0;
    case API_I64:
    case API_U64:
    case API_DURATION:
        return *(const int64_t *)at == 0;
    case API_F64:
        return *(const double *)at == 0;
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
        return ((const str *)at)->n == 0;
    case API_TIME:
    case API_MICROTIME:
        return !((const Time *)at)->set;
    case API_INT_OR_STRING:
        return ((const IntOrString *)at)->kind == INTSTR_NONE;
    case API_STRS:
        return ((const str_list *)at)->n == 0;
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    return false;
}

bool api_field_absent(const struct api_field *f, const void *at) {
    switch ((enum api_shape)f->shape) {
    case API_ONE:
        return one_absent(f, at);
    case API_OPT:
        return !opt_is_set(f, at);
    case API_LIST:
    case API_MAP:
        return ((const struct api_seq *)at)->n == 0;
    case API_SHAPE_MAX:
        break;
    }
    return false;
}

/* Decodes {"field": default} into an object of the same type and takes the field from it: one way
 * for every kind and shape. */
static void set_default(struct arena *a, const struct api_type *t, const struct api_field *f,
                        void *at) {
    str def = str_of(f->attr->def);
    if (f->kind == API_STR && f->shape <= API_OPT && !memchr(def.p, '\\', def.n)) {
        *(str *)at = str_slice(def, 1, def.n - 1);
        return;
    }
    str text = str_printf(a, "{\"%s\":%s}", f->json, f->attr->def);
    void *scratch = arena_zalloc(a, t->size);
    int r = json_read(a, t, text, scratch, NULL, NULL);
    ASSERT(r == 0);
    memcpy(at, (char *)scratch + f->offset, field_size(f));
}

static void seq_defaults(struct arena *a, const struct api_field *f, struct api_seq *s) {
    size_t stride = seq_stride(f), skip = f->shape == API_MAP ? MAP_VALUE_OFFSET : 0;
    for (uint32_t i = 0; i < s->n; i++)
        api_defaults(a, f->sub, (char *)s->v + i * stride + skip);
}

void api_defaults(struct arena *a, const struct api_type *t, void *obj) {
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        void *at = (char *)obj + f->offset;
        if (f->attr && f->attr->def && api_field_absent(f, at))
            set_default(a, t, f, at);
        if (f->kind != API_MSG)
            continue;
        switch ((enum api_shape)f->shape) {
        case API_ONE:
            api_defaults(a, f->sub, at);
            break;
        case API_OPT:
            if (*(void **)at)
                api_defaults(a, f->sub, *(void **)at);
            break;
        case API_LIST:
        case API_MAP:
            seq_defaults(a, f, at);
            break;
        case API_SHAPE_MAX:
            break;
        }
    }
}
