// SPDX-License-Identifier: Apache-2.0
#include "schema/field_schema.h"

#include <stdio.h>

#define ANY   ((struct field_schema){.shape = SHAPE_ANY})
#define WHOLE ((struct field_schema){.shape = SHAPE_ANY, .atomic = true})

static struct field_schema scalar(enum schema_scalar type) {
    return (struct field_schema){.shape = SHAPE_SCALAR, .scalar = (uint8_t)type};
}

static struct field_schema message(const struct api_type *t, bool atomic) {
    if (t->info->form != FORM_OBJECT)
        return WHOLE;
    return (struct field_schema){
        .shape = SHAPE_MAP, .t = t, .atomic = atomic || type_is(t, TYPE_ATOMIC)};
}

/* One value of a row's kind. */
static struct field_schema single(const struct api_field *f, bool atomic) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return scalar(SCALAR_BOOL);
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
    case API_F64:
        return scalar(SCALAR_NUMERIC);
    case API_STR:
    case API_BYTES:
    case API_TIME:
    case API_MICROTIME:
    case API_DURATION:
        return scalar(SCALAR_STRING);
    case API_QUANTITY:
    case API_INT_OR_STRING:
        return scalar(SCALAR_UNTYPED);
    case API_RAW:
        return f->flags & GRANULAR ? ANY : WHOLE;
    case API_STRS:
        return (struct field_schema){.shape = SHAPE_LIST, .atomic = true, .f = f, .item = true};
    case API_MSG:
        return message(f->sub, atomic);
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"kind without a schema");
}

struct field_schema schema_of_row(const struct api_field *f) {
    if (f->shape == API_LIST)
        return (struct field_schema){
            .shape = SHAPE_LIST, .f = f, .atomic = !(f->flags & (LIST_MAP | LIST_SET))};
    if (f->shape == API_MAP)
        return (struct field_schema){
            .shape = SHAPE_MAP, .f = f, .atomic = (f->flags & ATOMIC) != 0};
    return single(f, (f->flags & ATOMIC) != 0);
}

struct field_schema schema_root(const struct api_type *t) {
    return t ? message(t, false) : (struct field_schema){.shape = SHAPE_MAP};
}

struct field_schema schema_of(struct field_schema s, const struct value *v) {
    if (s.shape != SHAPE_ANY || !v || v->tag == VALUE_NULL)
        return s;
    if (v->tag == VALUE_OBJECT)
        return (struct field_schema){.shape = SHAPE_MAP, .atomic = s.atomic};
    if (v->tag == VALUE_LIST)
        return (struct field_schema){.shape = SHAPE_LIST, .atomic = true};
    return scalar(SCALAR_UNTYPED);
}

bool schema_named(struct field_schema s, str name, struct field_schema *ret) {
    if (!s.t)
        return false;
    const struct api_field *f = type_field(s.t, name, NULL, NULL);
    if (f) {
        *ret = schema_of_row(f);
        return true;
    }
    if (!type_is(s.t, TYPE_ROOT) || !(str_eqc(name, "kind") || str_eqc(name, "apiVersion")))
        return false;
    *ret = scalar(SCALAR_STRING);
    return true;
}

struct field_schema schema_element(struct field_schema s) {
    if (!s.f)
        return ANY;
    return s.item ? scalar(SCALAR_STRING) : single(s.f, false);
}

int schema_key(struct field_schema s, str name, struct field_schema *ret, bool *ret_named) {
    *ret_named = schema_named(s, name, ret);
    if (*ret_named)
        return 0;
    *ret = s.t ? ANY : schema_element(s);
    return s.t ? -ENOENT : 0;
}

/* ---- items of lists ---- */

bool schema_key_default(struct arena *a, const struct api_type *t, str name, struct value *ret) {
    const struct api_field *f = type_field(t, name, NULL, NULL);
    if (!f)
        return false;
    const char *def = f->attr ? f->attr->openapi_def : NULL;
    if (def)
        return value_parse(a, str_of(def), ret, NULL, NULL) == 0;
    struct field_schema s = schema_of_row(f);
    if (f->shape != API_ONE || (f->flags & OMITEMPTY) || s.shape != SHAPE_SCALAR ||
        s.scalar == SCALAR_UNTYPED)
        return false;
    *ret = s.scalar == SCALAR_STRING ? (struct value){.tag = VALUE_STR, .s = STR("")}
           : s.scalar == SCALAR_BOOL ? (struct value){.tag = VALUE_BOOL}
                                     : (struct value){.tag = VALUE_INT};
    return true;
}

void schema_add_key(struct value *keys, struct member key) {
    uint32_t i = keys->object.n++;
    for (; i > 0 && str_cmp(keys->object.v[i - 1].key, key.key) > 0; i--)
        keys->object.v[i] = keys->object.v[i - 1];
    keys->object.v[i] = key;
}

struct value *schema_new_keys(struct arena *a, const char *names) {
    uint32_t most = 1;
    for (const char *p = names; *p; p++)
        most += *p == ',';
    struct value *keys = arena_make(a, struct value);
    keys->tag = VALUE_OBJECT;
    keys->object.v = arena_array(a, most, sizeof(struct member));
    return keys;
}

static int no_keys(struct err *e, const char *names) {
    char quoted[256];
    size_t n = 0;
    for (str left = str_of(names); left.n && n < sizeof(quoted);) {
        str name = str_cut(&left, ',');
        int wrote = snprintf(quoted + n, sizeof(quoted) - n, "%s\"" STR_FMT "\"", n ? " " : "",
                             STR_ARG(name));
        n += (size_t)MAX(wrote, 0);
    }
    return err_set(e, -EINVAL,
                   "associative list with keys has an element that omits all key fields [%s] (and "
                   "doesn't have default values for any key fields)",
                   quoted);
}

static int keyed_element(struct arena *a, struct field_schema list, const struct value *item,
                         struct path_element *ret, struct err *e) {
    if (item->tag != VALUE_OBJECT)
        return err_set(e, -EINVAL, "associative list with keys may not have %s",
                       item->tag == VALUE_NULL ? "a null element" : "non-map elements");
    const char *names = list.f->attr->keys;
    struct value *keys = schema_new_keys(a, names);
    for (str left = str_of(names); left.n;) {
        str name = str_cut(&left, ',');
        const struct value *given = value_get(item, name);
        struct member key = {.key = name};
        if (given && (given->tag == VALUE_OBJECT || given->tag == VALUE_LIST)) {
            value_copy(a, given, &key.value); /* no valid key, but a stored object may have it */
            value_sort(&key.value);
        } else if (given)
            key.value = *given;
        else if (!schema_key_default(a, list.f->sub, name, &key.value))
            continue;
        schema_add_key(keys, key);
    }
    if (!keys->object.n)
        return no_keys(e, names);
    *ret = (struct path_element){.kind = ELEMENT_KEYS, .value = keys};
    return 0;
}

int schema_item_element(struct arena *a, struct field_schema list, const struct value *item,
                        struct path_element *ret, struct err *e) {
    ASSERT(list.shape == SHAPE_LIST && !list.atomic);
    if (schema_is_keyed(list))
        return keyed_element(a, list, item, ret, e);
    if (item->tag == VALUE_OBJECT)
        return err_set(e, -EINVAL,
                       "associative list without keys has an element that's a map type");
    if (item->tag == VALUE_LIST)
        return err_set(e, -EINVAL, "not supported: associative list with lists as elements");
    if (item->tag == VALUE_NULL)
        return err_set(e, -EINVAL,
                       "associative list without keys has an element that's an explicit null");
    *ret = (struct path_element){.kind = ELEMENT_VALUE, .value = item};
    return 0;
}
