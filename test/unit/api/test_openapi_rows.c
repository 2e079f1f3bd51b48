// SPDX-License-Identifier: Apache-2.0
/* The rows against OpenAPI documents recorded from upstream (test/data/openapi, without
 * descriptions): every schema's properties, list types, keys, merge strategies, enums, required. */
#include <zlib.h>

#include "api/types.h"
#include "schema/value.h"
#include "tap.h"

#define DOCUMENT_MAX (8u << 20)

static str read_gz(struct arena *a, const char *name) {
    str path = str_printf(a, "test/data/openapi/%s", name);
    char *p = arena_alloc(a, DOCUMENT_MAX);
    gzFile f = gzopen(path.p, "rb");
    REQUIRE(f);
    int n = gzread(f, p, DOCUMENT_MAX);
    gzclose(f);
    REQUIRE(n > 0 && n < (int)DOCUMENT_MAX);
    return str_n(p, (size_t)n);
}

static const struct api_type *type_of(str openapi) {
    for (unsigned i = 0; i < n_api_types; i++)
        if (str_eqc(openapi, api_types[i]->info->openapi))
            return api_types[i];
    return NULL;
}

struct place {
    const struct api_type *type;
    str field;
    struct arena *arena;
};

static void differ(const struct place *p, const char *what) {
    tap_fail(__FILE__, __LINE__, "%s." STR_FMT ": %s", p->type->name, STR_ARG(p->field), what);
}

/* Looks behind allOf and into the elements of a list or map. */
static const struct value *inner(const struct value *v) {
    const struct value *x = value_getc(v, "items");
    x = x ? x : value_getc(v, "additionalProperties");
    return x ? x : v;
}

static bool text_is(const struct value *v, const char *name, const char *want) {
    const struct value *x = value_getc(v, name);
    return want ? x && str_eqc(value_str(x), want) : !x;
}

static void check_list(const struct place *p, const struct value *v, const struct api_field *f) {
    const char *type = f->flags & LIST_MAP ? "map" : f->flags & LIST_SET ? "set" : NULL;
    if (f->shape == API_LIST && f->flags & ATOMIC)
        type = "atomic";
    if (!text_is(v, "x-kubernetes-list-type", type))
        differ(p, "list type");
    const struct value *keys = value_getc(v, "x-kubernetes-list-map-keys");
    str_list got = {0};
    if (keys) {
        got.v = arena_array(p->arena, keys->list.n, sizeof(str));
        for (; got.n < keys->list.n; got.n++)
            got.v[got.n] = value_str(&keys->list.v[got.n]);
    }
    if (!str_eq(str_join(p->arena, got.v, got.n, STR(",")), str_of(f->attr ? f->attr->keys : NULL)))
        differ(p, "list keys");
}

static void check_merge(const struct place *p, const struct value *v, const struct api_field *f) {
    const char *strategy = f->flags & MERGE
                               ? (f->flags & RETAIN_KEYS ? "merge,retainKeys" : "merge")
                           : f->flags & RETAIN_KEYS ? "retainKeys"
                                                    : NULL;
    if (!text_is(v, "x-kubernetes-patch-strategy", strategy))
        differ(p, "patch strategy");
    if (!text_is(v, "x-kubernetes-patch-merge-key", f->attr ? f->attr->merge_key : NULL))
        differ(p, "merge key");
}

static void check_map_type(const struct place *p, const struct value *v,
                           const struct api_field *f) {
    const char *want = NULL;
    if (f->shape != API_LIST)
        want = f->flags & ATOMIC ? "atomic" : f->flags & GRANULAR ? "granular" : NULL;
    if (!text_is(v, "x-kubernetes-map-type", want))
        differ(p, "map type");
}

static void check_enum(const struct place *p, const struct value *v, const struct api_field *f) {
    const struct value *values = value_getc(inner(v), "enum");
    uint32_t n = 0;
    while (f->attr && f->attr->enums && f->attr->enums[n])
        n++;
    if (n != (values ? values->list.n : 0)) {
        differ(p, "number of enum values");
        return;
    }
    for (uint32_t i = 0; i < n; i++)
        if (!str_eqc(value_str(&values->list.v[i]), f->attr->enums[i]))
            differ(p, "enum value");
}

static void check_default(const struct place *p, const struct value *v, const struct api_field *f) {
    struct value want;
    if (!f->attr || !f->attr->openapi_def)
        return;
    const struct value *got = value_getc(v, "default");
    REQUIRE(value_parse(p->arena, str_of(f->attr->openapi_def), &want, NULL, NULL) == 0);
    if (!got || !value_equal(got, &want))
        differ(p, "default");
}

static bool is_required(const struct value *schema, str name) {
    const struct value *r = value_getc(schema, "required");
    for (uint32_t i = 0; r && i < r->list.n; i++)
        if (str_eq(value_str(&r->list.v[i]), name))
            return true;
    return false;
}

static unsigned count_fields(const struct api_type *t) {
    unsigned n = type_is(t, TYPE_ROOT) ? 2 : 0;
    for (unsigned i = 0; i < t->n_fields; i++)
        n += t->fields[i].flags & INLINED ? count_fields(t->fields[i].sub)
                                          : !(t->fields[i].flags & NO_JSON);
    return n;
}

static void check_schema(struct arena *a, const struct api_type *t, const struct value *schema) {
    const struct value *props = value_getc(schema, "properties");
    struct place p = {.type = t, .field = STR("(type)"), .arena = a};
    uint32_t offset;
    if (count_fields(t) != (props ? props->object.n : 0))
        differ(&p, "number of properties");
    if (!text_is(schema, "x-kubernetes-map-type", type_is(t, TYPE_ATOMIC) ? "atomic" : NULL))
        differ(&p, "map type");
    const struct value *unions = value_getc(schema, "x-kubernetes-unions");
    struct value want;
    if (!unions != !t->info->unions)
        differ(&p, "unions");
    else if (unions && (value_parse(a, str_of(t->info->unions), &want, NULL, NULL) < 0 ||
                        !value_equal(unions, &want)))
        differ(&p, "unions");
    for (uint32_t i = 0; props && i < props->object.n; i++) {
        const struct value *v = &props->object.v[i].value;
        p.field = props->object.v[i].key;
        if (type_is(t, TYPE_ROOT) && (str_eqc(p.field, "kind") || str_eqc(p.field, "apiVersion")))
            continue;
        const struct api_field *f = type_field(t, p.field, &offset, NULL);
        if (!f) {
            differ(&p, "no such row");
            continue;
        }
        check_list(&p, v, f);
        check_merge(&p, v, f);
        check_map_type(&p, v, f);
        check_enum(&p, v, f);
        check_default(&p, v, f);
        if (is_required(schema, p.field) != !!(f->flags & REQUIRED))
            differ(&p, "required");
    }
}

static unsigned check_document(const char *name) {
    struct arena *a = arena_new(0);
    struct value doc;
    unsigned n = 0;
    REQUIRE(value_parse(a, read_gz(a, name), &doc, NULL, NULL) == 0);
    const struct value *schemas = value_getc(value_getc(&doc, "components"), "schemas");
    REQUIRE(schemas);
    for (uint32_t i = 0; i < schemas->object.n; i++) {
        const struct member *m = &schemas->object.v[i];
        const struct api_type *t = type_of(m->key);
        if (t) {
            check_schema(a, t, &m->value);
            n++;
        } else if (value_getc(&m->value, "properties")) {
            tap_fail(__FILE__, __LINE__, "no type " STR_FMT, STR_ARG(m->key));
        }
    }
    arena_free(a);
    return n;
}

TEST(rows_are_those_of_core) {
    CHECK(check_document("openapi-v3-core-v1.json.gz") > 200);
}
TEST(rows_are_those_of_apps) {
    CHECK(check_document("openapi-v3-apps-v1.json.gz") > 150);
}
TEST(rows_are_those_of_batch) {
    CHECK(check_document("openapi-v3-batch-v1.json.gz") > 130);
}
