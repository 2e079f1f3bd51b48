// SPDX-License-Identifier: Apache-2.0
/* Steps through lists and maps without knowing their types. */
#pragma once

#include "schema/type.h"

/* Bytes from one map entry {str key; value} to the next. */
static inline size_t map_stride(const struct api_field *f) {
    return (MAP_VALUE_OFFSET + field_element_size(f) + 7) & ~(size_t)7;
}
/* Bytes from one element of a list, or entry of a map, to the next. */
static inline size_t seq_stride(const struct api_field *f) {
    return f->shape == API_MAP ? map_stride(f) : field_element_size(f);
}
/* Start of the value of element i. */
static inline const void *seq_value(const struct api_field *f, const struct api_seq *s,
                                    uint32_t i) {
    const char *at = (const char *)s->v + i * seq_stride(f);
    return f->shape == API_MAP ? at + MAP_VALUE_OFFSET : at;
}
static inline str seq_key(const struct api_field *f, const struct api_seq *s, uint32_t i) {
    return *(const str *)(const void *)((const char *)s->v + i * map_stride(f));
}

/* Of an OPT scalar that is struct {bool set; v}: where v is. 0: the member tells by itself whether
 * it is absent (a text without pointer, a time not set, a NULL message). */
static inline size_t opt_value_offset(unsigned kind) {
    switch (kind) {
    case API_BOOL:
        return offsetof(struct opt_bool, v);
    case API_I32:
    case API_U32:
        return offsetof(struct opt_i32, v);
    case API_I64:
    case API_U64:
    case API_DURATION:
        return offsetof(struct opt_i64, v);
    case API_F64:
        return offsetof(struct opt_f64, v);
    }
    return 0;
}

/* Bytes that a field takes in its struct. */
static inline size_t field_size(const struct api_field *f) {
    if (f->shape == API_LIST || f->shape == API_MAP)
        return sizeof(struct api_seq);
    if (f->shape == API_ONE)
        return field_element_size(f);
    return f->kind == API_MSG ? sizeof(void *) : opt_value_offset(f->kind) + field_element_size(f);
}

/* A member of that type at p. */
#define AT(type, p) (*(type const *)(const void *)(p))

/* Whether an OPT member is there. */
static inline bool opt_is_set(const struct api_field *f, const void *p) {
    switch ((enum api_kind)f->kind) {
    case API_TIME:
    case API_MICROTIME:
        return AT(Time, p).set;
    case API_INT_OR_STRING:
        return AT(IntOrString, p).kind != INTSTR_NONE;
    case API_MSG:
    case API_STR:
    case API_BYTES:
    case API_QUANTITY:
    case API_RAW:
    case API_STRS:
        return AT(void *, p) != NULL; /* a message, or the pointer of a str */
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
    case API_F64:
    case API_DURATION:
    case API_KIND_MAX:
        break;
    }
    return AT(bool, p);
}

/* Whether JSON leaves the member out, by Go's rules (json_write.c). */
bool json_omits(const struct api_field *f, const void *member);
