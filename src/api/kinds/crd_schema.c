// SPDX-License-Identifier: Apache-2.0
/* The schema of a version: what of OpenAPI v3 it may use and where. Whether it is structural is
 * told before (crd_structural.c); then every place is looked at, those inside first. */
#include "api/kinds/crd.h"
#include "api/structural/structural.h"
#include "schema/entry.h"

static const char *const types[] = {"array",  "boolean", "integer", "number",
                                    "object", "string",  NULL};

bool crd_type_unknown(const JSONSchemaProps *s, void *ctx) {
    (void)ctx;
    return s->type.n && !str_in(s->type, types);
}

/* ---- one place ---- */

static void check_unsupported(struct field_errors *fe, const struct field_path *p,
                              const JSONSchemaProps *s) {
    static const struct {
        const char *row, *text;
    } refused[] = {
        {"id", "id is not supported"},
        {"additionalItems", "additionalItems is not supported"},
        {"patternProperties", "patternProperties is not supported"},
        {"definitions", "definitions is not supported"},
        {"dependencies", "dependencies is not supported"},
        {"$ref", "$ref is not supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        uint32_t at = 0;
        const struct api_field *f =
            type_field(&JSONSchemaProps_type, str_of(refused[i].row), &at, NULL);
        if (f && !api_field_absent(f, (const char *)s + at))
            field_forbidden(fe, PATH(p, refused[i].row), "%s", refused[i].text);
    }
    if (str_eqc(s->type, "null"))
        field_forbidden(fe, PATH(p, "type"),
                        "type cannot be set to null, use nullable as an alternative");
    if (s->items && s->items->json_schemas.n)
        field_forbidden(fe, PATH(p, "items"), "items must be a schema object and not an array");
}

static void check_here(struct field_errors *fe, const struct field_path *p,
                       const JSONSchemaProps *s, const struct crd_place *in,
                       const struct crd_rules *r) {
    const JSONSchemaPropsOrBool *more = s->additional_properties;
    if (r->types && crd_type_unknown(s, NULL))
        field_not_supported(fe, PATH(p, "type"), s->type, types);
    if (s->default_.p && in->no_default.p)
        field_forbidden(fe, PATH(p, "default"), "must not be set " STR_FMT,
                        STR_ARG(in->no_default));
    check_unsupported(fe, p, s);
    if (in->in_meta && s->x_embedded_resource)
        field_forbidden(fe, PATH(p, "x-kubernetes-embedded-resource"),
                        "must not be used inside of resource meta");
    if (s->unique_items)
        field_forbidden(fe, PATH(p, "uniqueItems"),
                        "uniqueItems cannot be set to true since the runtime complexity becomes "
                        "quadratic");
    if (more && s->properties.n && (!more->allows || more->schema))
        field_forbidden(fe, PATH(p, "additionalProperties"),
                        "additionalProperties and properties are mutual exclusive");
}

/* ---- all places ---- */

struct walk {
    struct field_errors *fe;
    const struct crd_rules *rules;
    bool paths;       /* the schema has a structural form, so paths go through it */
    bool expressions; /* it is sound so far */
    struct field_errors of_expressions; /* are told of behind the others */
    struct crd_costs costs;
};

static void check_place(struct walk *w, const struct field_path *p, const JSONSchemaProps *s,
                        const struct crd_place *in);

/* Neither list elements nor those of atomic maps can be told apart between two revisions. */
static struct crd_place below(const struct crd_place *in, const struct field_path *p,
                              const JSONSchemaProps *s, bool apart) {
    struct crd_place place = *in;
    place.root = false;
    place.repeats = crd_repeats_below(in->repeats, s);
    if (!apart && !place.uncorrelated)
        place.uncorrelated = p;
    return place;
}

static void check_properties(struct walk *w, const struct field_path *p, const JSONSchemaProps *s,
                             const struct crd_place *in) {
    static const char *const meta[] = {"metadata", "kind", "apiVersion", NULL};
    bool granular = !s->x_map_type.p || str_eqc(s->x_map_type, "granular");
    for (uint32_t i = 0; i < s->properties.n; i++) {
        str key = s->properties.v[i].key;
        struct crd_place place = below(in, p, s, granular);
        if ((in->root || s->x_embedded_resource) && str_in(key, meta)) {
            place.in_meta = true;
            if (in->root)
                place.no_default = str_concat(w->fe->arena, STR("in top-level "), key);
        }
        check_place(w, PATH_KEY(PATH(p, "properties"), key), &s->properties.v[i].value, &place);
    }
}

static void check_list(struct walk *w, const struct field_path *p, const JSONSchemaProps *v,
                       uint32_t n, const struct crd_place *in) {
    for (uint32_t i = 0; i < n; i++)
        check_place(w, PATH_INDEX(p, i), &v[i], in);
}

static void check_items(struct walk *w, const struct field_path *p, const JSONSchemaProps *s,
                        const struct crd_place *in) {
    bool map = s->x_list_type.p && str_eqc(s->x_list_type, "map");
    struct crd_place place = below(in, p, s, map);
    if (crd_items(s))
        check_place(w, PATH(p, "items"), crd_items(s), &place);
    check_list(w, PATH(p, "items"), s->items->json_schemas.v, s->items->json_schemas.n, &place);
}

static void check_more_properties(struct walk *w, const struct field_path *p,
                                  const JSONSchemaProps *s, const struct crd_place *in) {
    struct crd_place place = below(in, p, s, true);
    if (in->in_meta)
        place.no_default = STR("inside additionalProperties applying to object metadata");
    check_place(w, PATH(p, "additionalProperties"), s->additional_properties->schema, &place);
}

static void check_inside(struct walk *w, const struct field_path *p, const JSONSchemaProps *s,
                         const struct crd_place *in) {
    const JSONSchemaProps *other = s->not ;
    struct crd_place place = below(in, p, s, true);
    place.narrows = true;
    if (s->additional_properties && s->additional_properties->schema)
        check_more_properties(w, p, s, in);
    check_properties(w, p, s, in);
    if (other)
        check_place(w, PATH(p, "not"), other, &place);
    check_list(w, PATH(p, "allOf"), s->all_of.v, s->all_of.n, &place);
    check_list(w, PATH(p, "oneOf"), s->one_of.v, s->one_of.n, &place);
    check_list(w, PATH(p, "anyOf"), s->any_of.v, s->any_of.n, &place);
    for (uint32_t i = 0; i < s->definitions.n; i++)
        check_place(w, PATH_KEY(PATH(p, "definitions"), s->definitions.v[i].key),
                    &s->definitions.v[i].value, &place);
    if (s->items)
        check_items(w, p, s, in);
    for (uint32_t i = 0; i < s->dependencies.n; i++)
        if (s->dependencies.v[i].value.schema)
            check_place(w, PATH_KEY(PATH(p, "dependencies"), s->dependencies.v[i].key),
                        s->dependencies.v[i].value.schema, &place);
}

static void check_place(struct walk *w, const struct field_path *p, const JSONSchemaProps *s,
                        const struct crd_place *in) {
    uint32_t before = w->fe->list.n;
    if (field_errors_full(w->fe))
        return;
    check_here(w->fe, p, s, in, w->rules);
    check_inside(w, p, s, in);
    if (s->x_preserve_unknown_fields.set && !s->x_preserve_unknown_fields.v)
        field_invalid_printed(w->fe, PATH(p, "x-kubernetes-preserve-unknown-fields"), STR("false"),
                              "must be true or undefined");
    crd_check_topology(w->fe, p, s, w->rules);
    crd_check_rules(w->fe, p, s, w->paths);
    /* Of a schema that is wrong, here or further inside, the types would mislead. */
    if (w->expressions && !in->narrows && w->fe->list.n == before && !field_errors_full(w->fe))
        crd_check_expressions(&w->of_expressions, p, s, in, &w->costs);
}

/* ---- the root ---- */

/* What is said at the root must also hold for the status by itself, which has a schema of its own
 * then: properties.status. */
#define AT_ROOT                                                                                    \
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength "  \
    "MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties "        \
    "ExternalDocs Example XPreserveUnknownFields XValidations]"

static void check_root(struct field_errors *fe, const struct field_path *p,
                       const JSONSchemaProps *s) {
    static const char *const refused[] = {"id",
                                          "$schema",
                                          "$ref",
                                          "type",
                                          "nullable",
                                          "default",
                                          "enum",
                                          "maxProperties",
                                          "minProperties",
                                          "allOf",
                                          "oneOf",
                                          "anyOf",
                                          "not",
                                          "additionalProperties",
                                          "patternProperties",
                                          "dependencies",
                                          "additionalItems",
                                          "definitions",
                                          "x-kubernetes-embedded-resource",
                                          "x-kubernetes-int-or-string",
                                          "x-kubernetes-list-map-keys",
                                          "x-kubernetes-list-type",
                                          "x-kubernetes-map-type"};
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        uint32_t at = 0;
        const struct api_field *f =
            type_field(&JSONSchemaProps_type, str_of(refused[i]), &at, NULL);
        if (!f || api_field_absent(f, (const char *)s + at))
            continue;
        if (strcmp(refused[i], "type")) {
            field_invalid_printed(fe, p, go_json(fe->arena, &JSONSchemaProps_type, s),
                                  "only " AT_ROOT
                                  " fields are allowed at the root of the schema if the status "
                                  "subresource is enabled");
            return;
        }
        if (!str_eqc(s->type, "object")) {
            field_invalid(fe, PATH(p, "type"), s->type,
                          "only \"object\" is allowed as the type at the root of the schema if the "
                          "status subresource is enabled");
            return;
        }
    }
}

/* Defaults are judged by what is a structural schema. */
static void check_structure(struct field_errors *fe, const struct field_path *p,
                            const JSONSchemaProps *s, const struct crd_rules *r) {
    uint32_t before = fe->list.n;
    crd_check_structural(fe, p, s);
    if (fe->list.n == before)
        structural_check_defaults(fe, p, structural_of(fe->arena, s), r->pruned_defaults);
}

void crd_check_schema(struct field_errors *fe, const struct field_path *p, const JSONSchemaProps *s,
                      bool status, bool kept, const struct crd_rules *r) {
    const struct field_path *at = PATH(p, "openAPIV3Schema");
    uint32_t before = fe->list.n;
    if (!s)
        return;
    const char *unsupported = crd_unsupported(s);
    if (status)
        check_root(fe, at, s);
    if (s->nullable)
        field_forbidden(fe, PATH(at, "nullable"), "nullable cannot be true at the root");
    uint32_t structure = fe->list.n;
    if (r->structural && !unsupported)
        check_structure(fe, at, s, r);
    struct walk w = {.fe = fe,
                     .rules = r,
                     .paths = !unsupported,
                     .expressions = r->structural && !unsupported && fe->list.n == structure,
                     .of_expressions = {.arena = fe->arena},
                     .costs = {.kept = kept}};
    check_place(&w, at, s, &(struct crd_place){.root = true, .repeats = {.n = 1}});
    for (uint32_t i = 0; i < w.of_expressions.list.n; i++)
        field_error_add(fe, &w.of_expressions.list.v[i]);
    if (r->structural && unsupported && fe->list.n == before)
        field_invalid(fe, at, STR(""), "%s", unsupported);
    crd_check_costs(fe, at, &w.costs);
    crd_costs_done(&w.costs);
}
