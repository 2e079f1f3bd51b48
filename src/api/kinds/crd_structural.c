// SPDX-License-Identifier: Apache-2.0
/* A schema is structural when what it says of types can be read without looking into allOf, anyOf,
 * oneOf and not: those only narrow the values of what is described outside of them (KEP-1693).
 * Pruning, defaults and server-side apply rest on that. */
#include <stdlib.h>

#include "api/kinds/crd.h"
#include "base/regexp.h"
#include "schema/entry.h"

enum level { LEVEL_ROOT, LEVEL_ITEM, LEVEL_FIELD, LEVEL_MAX };

static bool is_set(const JSONSchemaProps *s, const char *row) {
    uint32_t at = 0;
    const struct api_field *f = type_field(&JSONSchemaProps_type, str_of(row), &at, NULL);
    return f && !api_field_absent(f, (const char *)s + at);
}

static bool says_nothing(const JSONSchemaProps *s) {
    for (uint16_t i = 0; i < JSONSchemaProps_type.n_fields; i++) {
        const struct api_field *f = &JSONSchemaProps_type.fields[i];
        if (!api_field_absent(f, (const char *)s + f->offset))
            return false;
    }
    return true;
}

/* ---- what no structural schema can hold ---- */

static bool is_unsupported(const JSONSchemaProps *s, void *ctx) {
    static const struct {
        const char *row, *text;
    } refused[] = {
        {"id", "OpenAPIV3Schema 'id' is not supported"},
        {"$schema", "OpenAPIV3Schema 'schema' is not supported"},
        {"$ref", "OpenAPIV3Schema '$ref' is not supported"},
        {"patternProperties", "OpenAPIV3Schema 'patternProperties' is not supported"},
        {"dependencies", "OpenAPIV3Schema 'dependencies' is not supported"},
        {"additionalItems", "OpenAPIV3Schema 'additionalItems' is not supported"},
        {"definitions", "OpenAPIV3Schema 'definitions' is not supported"},
    };
    const char **text = ctx;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (is_set(s, refused[i].row)) {
            *text = refused[i].text;
            return true;
        }
    if (s->x_preserve_unknown_fields.set && !s->x_preserve_unknown_fields.v)
        *text = "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
    else if (s->items && s->items->json_schemas.n)
        *text = "OpenAPIV3Schema 'items' must be a schema, but is an array";
    return *text != NULL;
}

const char *crd_unsupported(const JSONSchemaProps *s) {
    const char *text = NULL;
    crd_schema_any(s, is_unsupported, &text);
    return text;
}

/* ---- inside of allOf, anyOf, oneOf and not ---- */

static bool is_only_type(const JSONSchemaProps *s, const char *type) {
    JSONSchemaProps rest = *s;
    rest.type = STR_NONE;
    return str_eqc(s->type, type) && says_nothing(&rest);
}

/* anyOf of an integer and a string: what x-kubernetes-int-or-string stands for, which may be said
 * in full, as anyOf or as the first of allOf. */
static bool is_int_or_string(const JSONSchemaProps *s) {
    return s->any_of.n == 2 && is_only_type(&s->any_of.v[0], "integer") &&
           is_only_type(&s->any_of.v[1], "string");
}

static void check_nested(struct field_errors *fe, const struct field_path *p,
                         const JSONSchemaProps *s, bool any_of);

static void check_nested_list(struct field_errors *fe, const struct field_path *p,
                              const JSONSchemaProps *v, uint32_t n, bool any_of_in_first) {
    for (uint32_t i = 0; i < n; i++)
        check_nested(fe, PATH_INDEX(p, i), &v[i], i || any_of_in_first);
}

static void check_pattern(struct field_errors *fe, const struct field_path *p, str pattern) {
    struct arena scratch;
    struct err e = {0};
    const struct regexp *re;
    arena_init(&scratch, 0);
    if (pattern.n && regexp_compile(&scratch, pattern, &e, &re) < 0)
        field_invalid(fe, p, pattern, "must be a valid regular expression, but isn't: %s", e.text);
    arena_done(&scratch);
}

/* any_of: look into anyOf. */
static void check_values(struct field_errors *fe, const struct field_path *p,
                         const JSONSchemaProps *s, bool any_of, bool any_of_in_first) {
    const JSONSchemaProps *other = s->not ;
    if (any_of)
        check_nested_list(fe, PATH(p, "anyOf"), s->any_of.v, s->any_of.n, true);
    check_nested_list(fe, PATH(p, "allOf"), s->all_of.v, s->all_of.n, any_of_in_first);
    check_nested_list(fe, PATH(p, "oneOf"), s->one_of.v, s->one_of.n, true);
    if (other)
        check_nested(fe, PATH(p, "not"), other, true);
    check_pattern(fe, PATH(p, "pattern"), s->pattern);
}

static void check_nested(struct field_errors *fe, const struct field_path *p,
                         const JSONSchemaProps *s, bool any_of) {
    static const struct {
        const char *row, *text;
    } refused[] = {
        {"type", "must be empty to be structural"},
        {"additionalProperties", "must be undefined to be structural"},
        {"default", "must be undefined to be structural"},
        {"title", "must be empty to be structural"},
        {"description", "must be empty to be structural"},
        {"nullable", "must be false to be structural"},
        {"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
        {"x-kubernetes-embedded-resource", "must be false to be structural"},
        {"x-kubernetes-int-or-string", "must be false to be structural"},
        {"x-kubernetes-list-map-keys", "must be empty to be structural"},
        {"x-kubernetes-list-type", "must be undefined to be structural"},
        {"x-kubernetes-map-type", "must be undefined to be structural"},
        {"x-kubernetes-validations", "must be empty to be structural"},
    };
    JSONSchemaProps said = *s;
    if (s->additional_properties && !s->additional_properties->allows &&
        !s->additional_properties->schema)
        said.additional_properties = NULL; /* false: as if it were not there */
    check_values(fe, p, s, any_of, true);
    if (crd_items(s))
        check_nested(fe, PATH(p, "items"), crd_items(s), true);
    for (uint32_t i = 0; i < s->properties.n; i++)
        check_nested(fe, PATH_KEY(PATH(p, "properties"), s->properties.v[i].key),
                     &s->properties.v[i].value, true);
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (is_set(&said, refused[i].row))
            field_forbidden(fe, PATH(p, refused[i].row), "%s", refused[i].text);
    if (crd_property(s, STR("metadata")))
        field_forbidden(fe, PATH_KEY(PATH(p, "properties"), STR("metadata")),
                        "must not be specified in a nested context");
}

/* ---- outside of them ---- */

static void check_extensions(struct field_errors *fe, const struct field_path *p,
                             const JSONSchemaProps *s) {
    static const char text[] = "must be false if x-kubernetes-int-or-string is true";
    if (s->x_int_or_string && s->x_preserve_unknown_fields.set)
        field_invalid_printed(fe, PATH(p, "x-kubernetes-preserve-unknown-fields"), STR("true"),
                              "%s", text);
    if (s->x_int_or_string && s->x_embedded_resource)
        field_invalid_printed(fe, PATH(p, "x-kubernetes-embedded-resource"), STR("true"), "%s",
                              text);
}

static void check_type(struct field_errors *fe, const struct field_path *p,
                       const JSONSchemaProps *s, enum level level) {
    static const char *const missing[LEVEL_MAX] = {
        [LEVEL_ROOT] = "must not be empty at the root",
        [LEVEL_ITEM] = "must not be empty for specified array items",
        [LEVEL_FIELD] = "must not be empty for specified object fields",
    };
    static const char embedded[] = "must be object if x-kubernetes-embedded-resource is true";
    const struct field_path *at = PATH(p, "type");
    bool object = str_eqc(s->type, "object");
    if (s->x_embedded_resource && !s->type.n)
        field_required(fe, at, embedded);
    else if (s->x_embedded_resource && !object)
        field_invalid(fe, at, s->type, "%s", embedded);
    else if (!s->type.n && !s->x_int_or_string && !s->x_preserve_unknown_fields.set)
        field_required(fe, at, missing[level]);
    if (s->x_embedded_resource && s->additional_properties)
        field_forbidden(fe, PATH(p, "additionalProperties"),
                        "must not be used if x-kubernetes-embedded-resource is set");
    if (level == LEVEL_ROOT && s->type.n && !object)
        field_invalid(fe, at, s->type, "must be object at the root");
}

/* The server knows metadata itself: a schema narrows its names at most. */
static void check_metadata(struct field_errors *fe, const struct field_path *p,
                           const JSONSchemaProps *s, bool resource, enum level level) {
    JSONSchemaProps rest = *s;
    uint32_t names =
        (crd_property(s, STR("name")) != NULL) + (crd_property(s, STR("generateName")) != NULL);
    if (resource && !str_eqc(s->type, "object"))
        field_invalid(fe, PATH(p, "type"), s->type, "must be object");
    if (level != LEVEL_ROOT)
        return;
    if (names == s->properties.n)
        rest.properties.n = 0;
    rest.type = rest.default_ = STR_NONE;
    if (!says_nothing(&rest))
        field_forbidden(fe, p,
                        "must not specify anything other than name and generateName, but metadata "
                        "is implicitly specified");
}

static void check_resource_fields(struct field_errors *fe, const struct field_path *p,
                                  const JSONSchemaProps *s, enum level level) {
    static const char *const texts[] = {"kind", "apiVersion"};
    const struct field_path *in = PATH(p, "properties");
    bool resource = level == LEVEL_ROOT || s->x_embedded_resource;
    for (size_t i = 0; resource && i < ARRAY_LEN(texts); i++) {
        const JSONSchemaProps *f = crd_property(s, str_of(texts[i]));
        if (f && !str_eqc(f->type, "string"))
            field_invalid(fe, PATH(PATH_KEY(in, str_of(texts[i])), "type"), f->type,
                          "must be string");
    }
    const JSONSchemaProps *meta = crd_property(s, STR("metadata"));
    if (meta)
        check_metadata(fe, PATH_KEY(in, STR("metadata")), meta, resource, level);
    if (s->x_embedded_resource && !s->x_preserve_unknown_fields.set && !s->properties.n)
        field_required(fe, in,
                       "must not be empty if x-kubernetes-embedded-resource is true without "
                       "x-kubernetes-preserve-unknown-fields");
}

static void check_invariants(struct field_errors *fe, const struct field_path *p,
                             const JSONSchemaProps *s, enum level level) {
    const JSONSchemaPropsOrBool *more = s->additional_properties;
    if (field_errors_full(fe))
        return;
    if (str_eqc(s->type, "array") && !crd_items(s))
        field_required(fe, PATH(p, "items"), "must be specified");
    if (crd_items(s))
        check_invariants(fe, PATH(p, "items"), crd_items(s), LEVEL_ITEM);
    for (uint32_t i = 0; i < s->properties.n; i++)
        check_invariants(fe, PATH_KEY(PATH(p, "properties"), s->properties.v[i].key),
                         &s->properties.v[i].value, LEVEL_FIELD);
    if (more && level == LEVEL_ROOT)
        field_forbidden(fe, PATH(p, "additionalProperties"), "must not be used at the root");
    if (more && more->schema)
        check_invariants(fe, PATH(p, "additionalProperties"), more->schema, LEVEL_FIELD);
    check_extensions(fe, p, s);
    check_values(fe, p, s, !is_int_or_string(s), !s->all_of.n || !is_int_or_string(s->all_of.v));
    check_type(fe, p, s, level);
    check_resource_fields(fe, p, s, level);
}

/* ---- what is narrowed at the root is described ---- */

struct both {
    const JSONSchemaProps *schema;       /* the description, NULL: there is none */
    const struct field_path *at, *where; /* of the description, of what narrows it */
};

static void check_described(struct field_errors *fe, const JSONSchemaProps *v, struct both b);

static void check_described_list(struct field_errors *fe, const JSONSchemaProps *v, uint32_t n,
                                 const char *name, struct both b) {
    for (uint32_t i = 0; i < n; i++)
        check_described(fe, &v[i],
                        (struct both){b.schema, b.at, PATH_INDEX(PATH(b.where, name), i)});
}

static void check_described_values(struct field_errors *fe, const JSONSchemaProps *v,
                                   struct both b) {
    const JSONSchemaProps *other = v->not ;
    if (other)
        check_described(fe, other, (struct both){b.schema, b.at, PATH(b.where, "not")});
    check_described_list(fe, v->all_of.v, v->all_of.n, "allOf", b);
    check_described_list(fe, v->any_of.v, v->any_of.n, "anyOf", b);
    check_described_list(fe, v->one_of.v, v->one_of.n, "oneOf", b);
}

static void check_described(struct field_errors *fe, const JSONSchemaProps *v, struct both b) {
    if (!b.schema) {
        str text = str_printf(fe->arena, "because it is defined in " STR_FMT,
                              STR_ARG(field_path_str(fe->arena, b.where)));
        field_required(fe, b.at, text.p);
        return;
    }
    check_described_values(fe, v, b);
    if (crd_items(v))
        check_described(
            fe, crd_items(v),
            (struct both){crd_items(b.schema), PATH(b.at, "items"), PATH(b.where, "items")});
    for (uint32_t i = 0; i < v->properties.n; i++) {
        str key = v->properties.v[i].key;
        check_described(fe, &v->properties.v[i].value,
                        (struct both){crd_property(b.schema, key),
                                      PATH_KEY(PATH(b.at, "properties"), key),
                                      PATH_KEY(PATH(b.where, "properties"), key)});
    }
}

/* ---- the whole ---- */

struct shown {
    struct field_error error;
    str text;
};

static int by_text(const void *x, const void *y) {
    return str_cmp(((const struct shown *)x)->text, ((const struct shown *)y)->text);
}

static void sort_errors(struct field_errors *fe) {
    uint32_t n = fe->list.n;
    struct shown *v = arena_array(fe->arena, n + 1, sizeof(*v));
    for (uint32_t i = 0; i < n; i++)
        v[i] = (struct shown){fe->list.v[i], field_error_str(fe->arena, &fe->list.v[i])};
    qsort(v, n, sizeof(*v), by_text);
    for (uint32_t i = 0; i < n; i++)
        fe->list.v[i] = v[i].error;
}

void crd_check_structural(struct field_errors *fe, const struct field_path *p,
                          const JSONSchemaProps *s) {
    struct field_errors own = {.arena = fe->arena};
    check_invariants(&own, p, s, LEVEL_ROOT);
    check_described_values(&own, s, (struct both){s, p, p});
    sort_errors(&own);
    for (uint32_t i = 0; i < own.list.n; i++)
        field_error_add(fe, &own.list.v[i]);
}
