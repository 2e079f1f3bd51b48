// SPDX-License-Identifier: Apache-2.0
#include "cel/type.h"

#include "base/buf.h"

#define SIMPLE(id, kind_, name_)                                                                   \
    const struct cel_type cel_type_##id = {.kind = kind_, .nodes = 1, .name = name_}
SIMPLE(dyn, CEL_DYN, "dyn");
SIMPLE(any, CEL_ANY, "google.protobuf.Any");
SIMPLE(bool, CEL_BOOL, "bool");
SIMPLE(bytes, CEL_BYTES, "bytes");
SIMPLE(double, CEL_DOUBLE, "double");
SIMPLE(duration, CEL_DURATION, "google.protobuf.Duration");
SIMPLE(error, CEL_ERROR, "error");
SIMPLE(int, CEL_INT, "int");
SIMPLE(null, CEL_NULL, "null_type");
SIMPLE(string, CEL_STRING, "string");
SIMPLE(timestamp, CEL_TIMESTAMP, "google.protobuf.Timestamp");
SIMPLE(type, CEL_TYPE, "type");
SIMPLE(uint, CEL_UINT, "uint");

const struct cel_type cel_type_list_dyn = {CEL_LIST, 1, 2, 0, "list", {&cel_type_dyn, NULL}};
const struct cel_type cel_type_list_string = {CEL_LIST, 1, 2, 0, "list", {&cel_type_string, NULL}};
const struct cel_type cel_type_map_dyn = {CEL_MAP, 2, 3, 0, "map", {&cel_type_dyn, &cel_type_dyn}};
const struct cel_type cel_type_map_string_dyn = {CEL_MAP, 2,     3,
                                                 0,       "map", {&cel_type_string, &cel_type_dyn}};

static const struct cel_type *make(struct arena *a, uint8_t kind, const char *name,
                                   const struct cel_type *p0, const struct cel_type *p1) {
    uint32_t nodes = 1u + (p0 ? p0->nodes : 0) + (p1 ? p1->nodes : 0);
    struct cel_type *t;
    if (nodes > CEL_TYPE_NODES_MAX)
        return NULL;
    t = arena_make(a, struct cel_type);
    *t = (struct cel_type){.kind = kind,
                           .n = (uint8_t)((p0 != NULL) + (p1 != NULL)),
                           .nodes = (uint16_t)nodes,
                           .name = name,
                           .param = {p0, p1}};
    return t;
}

const struct cel_type *cel_type_list(struct arena *a, const struct cel_type *element) {
    return make(a, CEL_LIST, "list", element, NULL);
}
const struct cel_type *cel_type_map(struct arena *a, const struct cel_type *key,
                                    const struct cel_type *value) {
    return make(a, CEL_MAP, "map", key, value);
}
const struct cel_type *cel_type_optional(struct arena *a, const struct cel_type *t) {
    return make(a, CEL_OPAQUE, "optional_type", t, NULL);
}
const struct cel_type *cel_type_of_type(struct arena *a, const struct cel_type *t) {
    return make(a, CEL_TYPE, "type", t, NULL);
}
const struct cel_type *cel_type_object(struct arena *a, const char *name) {
    return make(a, CEL_OBJECT, name, NULL, NULL);
}
const struct cel_type *cel_type_with(struct arena *a, const struct cel_type *t,
                                     const struct cel_type *p0, const struct cel_type *p1) {
    return make(a, t->kind, t->name, p0, p1);
}

bool cel_type_same(const struct cel_type *a, const struct cel_type *b, bool exact) {
    if (a == b)
        return true;
    if (a->kind != b->kind || a->n != b->n)
        return false;
    if (a->kind == CEL_PARAM) {
        if (exact && (a->var != b->var || (!a->var && strcmp(a->name, b->name) != 0)))
            return false;
    } else if (strcmp(a->name, b->name) != 0) {
        return false;
    }
    for (unsigned i = 0; i < a->n; i++)
        if (!cel_type_same(a->param[i], b->param[i], exact))
            return false;
    return true;
}

static void write_name(struct buf *b, const struct cel_type *t, bool formatted) {
    static const char *const other[CEL_TYPE_KIND_MAX] = {
        [CEL_ANY] = "any",   [CEL_DURATION] = "duration",   [CEL_ERROR] = "!error!",
        [CEL_NULL] = "null", [CEL_TIMESTAMP] = "timestamp",
    };
    if (t->kind == CEL_PARAM && t->var)
        buf_printf(b, formatted ? "_var%u" : "<_var%u>", t->var - 1);
    else if (t->kind == CEL_PARAM && !formatted)
        buf_printf(b, "<%s>", t->name);
    else
        buf_add(b, str_of(formatted && other[t->kind] ? other[t->kind] : t->name));
}

static void write_type(struct buf *b, const struct cel_type *t, bool formatted) {
    write_name(b, t, formatted);
    for (unsigned i = 0; i < t->n; i++) {
        buf_add(b, i ? STR(", ") : STR("("));
        write_type(b, t->param[i], formatted);
    }
    if (t->n)
        buf_addc(b, ')');
}

static str text_of(struct arena *a, const struct cel_type *t, bool formatted) {
    struct buf b;
    str s;
    buf_init(&b, 0);
    write_type(&b, t, formatted);
    s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

str cel_type_text(struct arena *a, const struct cel_type *t) {
    return text_of(a, t, true);
}
str cel_type_string_of(struct arena *a, const struct cel_type *t) {
    return text_of(a, t, false);
}
