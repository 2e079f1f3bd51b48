// SPDX-License-Identifier: Apache-2.0
/* What lists and maps are to server-side apply: x-kubernetes-list-type, -map-type and
 * -list-map-keys. */
#include "api/kinds/crd.h"

#define LIST_MAP_KEYS_MAX 64

static const char *const map_types[] = {"atomic", "granular", NULL};
static const char *const list_types[] = {"atomic", "set", "map", NULL};

static bool is_list(const JSONSchemaProps *s, const char *type) {
    return s->x_list_type.p && str_eqc(s->x_list_type, type);
}

static bool is_atomic(str type) {
    return type.p && str_eqc(type, "atomic");
}

static void check_type(struct field_errors *fe, const struct field_path *p, str type,
                       const char *want, const char *extension) {
    str text = str_printf(fe->arena, "must be %s if %s is specified", want, extension);
    if (!type.n)
        field_required(fe, p, text.p);
    else if (!str_eqc(type, want))
        field_invalid(fe, p, type, "%s", text.p);
}

/* ---- sets ---- */

/* Which extension of the items says that they are compared in parts; NULL: they are atomic. Lists
 * are atomic unless they say otherwise, objects are not. */
static const char *parted_items(const JSONSchemaProps *s) {
    const JSONSchemaProps *items = crd_items(s);
    if (!is_list(s, "set") || !items)
        return NULL;
    if (str_eqc(items->type, "array") && items->x_list_type.p && !is_atomic(items->x_list_type))
        return "x-kubernetes-list-type";
    if (str_eqc(items->type, "object") && !is_atomic(items->x_map_type))
        return "x-kubernetes-map-type";
    return NULL;
}

bool crd_set_of_parts(const JSONSchemaProps *s, void *ctx) {
    (void)ctx;
    return parted_items(s) != NULL;
}

static void check_set(struct field_errors *fe, const struct field_path *p,
                      const JSONSchemaProps *s) {
    const char *extension = parted_items(s);
    if (extension)
        field_invalid_printed(fe, PATH(PATH(p, "items"), extension),
                              opt_text(fe->arena, crd_items(s)->x_list_type),
                              "must be atomic as item of a list with x-kubernetes-list-type=set");
}

/* ---- lists that are maps ---- */

static void check_keys(struct field_errors *fe, const struct field_path *p,
                       const JSONSchemaProps *s) {
    const struct field_path *keys = PATH(p, "x-kubernetes-list-map-keys");
    const str_list *l = &s->x_list_map_keys;
    struct name_index seen = name_index_of(fe->arena, l->v, l->n, sizeof(str));
    for (uint32_t i = 0; i < l->n; i++) {
        const JSONSchemaProps *f = crd_property(crd_items(s), l->v[i]);
        const struct field_path *at = PATH_KEY(PATH(PATH(p, "items"), "properties"), l->v[i]);
        if (!f)
            field_invalid_printed(fe, keys, strings_json(fe->arena, l),
                                  "entries must all be names of item properties");
        else if (str_eqc(f->type, "array") || str_eqc(f->type, "object"))
            field_invalid(fe, PATH(at, "type"), crd_items(s)->type,
                          "must be a scalar type if parent array's x-kubernetes-list-type is map");
        if (name_index_first(&seen, l->v[i]) != i)
            field_invalid_printed(fe, keys, strings_json(fe->arena, l),
                                  "must not contain duplicate entries");
    }
}

static void check_map_list(struct field_errors *fe, const struct field_path *p,
                           const JSONSchemaProps *s) {
    const struct field_path *items = PATH(p, "items");
    if (!s->x_list_map_keys.n)
        field_required(fe, PATH(p, "x-kubernetes-list-map-keys"),
                       "must not be empty if x-kubernetes-list-type is map");
    if (!s->items)
        field_required(fe, items, "must have a schema if x-kubernetes-list-type is map");
    else if (!crd_items(s))
        field_invalid_printed(fe, items, go_json(fe->arena, &JSONSchemaPropsOrArray_type, s->items),
                              "must only have a single schema if x-kubernetes-list-type is map");
    else if (!str_eqc(crd_items(s)->type, "object"))
        field_invalid(fe, PATH(items, "type"), crd_items(s)->type,
                      "must be object if parent array's x-kubernetes-list-type is map");
    else if (s->x_list_map_keys.n > LIST_MAP_KEYS_MAX)
        field_too_many(fe, PATH(p, "x-kubernetes-list-map-keys"), s->x_list_map_keys.n,
                       LIST_MAP_KEYS_MAX);
    else
        check_keys(fe, p, s);
}

/* What tells items of sets and maps apart must be there. fe NULL: say only whether it may not be.
 */
static bool check_identity(struct field_errors *fe, const struct field_path *p,
                           const JSONSchemaProps *s) {
    const JSONSchemaProps *items = crd_items(s);
    const struct field_path *at = PATH(p, "items");
    bool loose = false, map = is_list(s, "map");
    if (!items || !(map || is_list(s, "set")))
        return false;
    if (items->nullable) {
        loose = true;
        if (fe)
            field_forbidden(fe, PATH(at, "nullable"),
                            "cannot be nullable when x-kubernetes-list-type is " STR_FMT,
                            STR_ARG(s->x_list_type));
    }
    for (uint32_t i = 0; map && i < MIN(s->x_list_map_keys.n, LIST_MAP_KEYS_MAX); i++) {
        str key = s->x_list_map_keys.v[i];
        const JSONSchemaProps *f = crd_property(items, key);
        const struct field_path *in = PATH_KEY(PATH(at, "properties"), key);
        bool absent = f && !f->default_.p && !strings_have(&items->required, key);
        loose |= absent || (f && f->nullable);
        if (fe && absent)
            field_required(fe, PATH(in, "default"),
                           "this property is in x-kubernetes-list-map-keys, so it must have a "
                           "default or be a required property");
        if (fe && f && f->nullable)
            field_forbidden(fe, PATH(in, "nullable"),
                            "this property is in x-kubernetes-list-map-keys, so it cannot be "
                            "nullable");
    }
    return loose;
}

bool crd_loose_map_keys(const JSONSchemaProps *s, void *ctx) {
    (void)ctx;
    return check_identity(NULL, NULL, s);
}

/* ---- all of them ---- */

void crd_check_topology(struct field_errors *fe, const struct field_path *p,
                        const JSONSchemaProps *s, const struct crd_rules *r) {
    const struct field_path *type = PATH(p, "type"), *list = PATH(p, "x-kubernetes-list-type");
    static const char keys[] = "must be map if x-kubernetes-list-map-keys is non-empty";
    if (s->x_map_type.p) {
        check_type(fe, type, s->type, "object", "x-kubernetes-map-type");
        check_one_of(fe, PATH(p, "x-kubernetes-map-type"), s->x_map_type, map_types);
    }
    if (s->x_list_type.p) {
        check_type(fe, type, s->type, "array", "x-kubernetes-list-type");
        if (r->atomic_sets && str_eqc(s->type, "array"))
            check_set(fe, p, s);
        check_one_of(fe, list, s->x_list_type, list_types);
    }
    if (s->x_list_map_keys.n && !s->x_list_type.p)
        field_required(fe, list, keys);
    else if (s->x_list_map_keys.n && !is_list(s, "map"))
        field_invalid(fe, list, s->x_list_type, "%s", keys);
    if (is_list(s, "map"))
        check_map_list(fe, p, s);
    if (r->list_map_keys)
        check_identity(fe, p, s);
}
