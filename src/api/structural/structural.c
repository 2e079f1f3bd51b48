// SPDX-License-Identifier: Apache-2.0
#include "api/structural/structural.h"

static const char *const type_names[STRUCTURAL_TYPE_MAX] = {
    [STRUCTURAL_ANY] = "",
    [STRUCTURAL_OBJECT] = "object",
    [STRUCTURAL_ARRAY] = "array",
    [STRUCTURAL_STRING] = "string",
    [STRUCTURAL_INTEGER] = "integer",
    [STRUCTURAL_NUMBER] = "number",
    [STRUCTURAL_BOOLEAN] = "boolean",
};
static const char *const list_names[] = {"", "atomic", "set", "map"};
static const char *const map_names[] = {"", "granular", "atomic"};

const char *structural_type_name(enum structural_type t) {
    return type_names[t];
}

static uint8_t index_in(const char *const *names, size_t n, str s) {
    for (size_t i = 1; i < n; i++)
        if (str_eqc(s, names[i]))
            return (uint8_t)i;
    return 0;
}

static const struct structural *opt_node(struct arena *a, const JSONSchemaProps *s) {
    return s ? structural_of(a, s) : NULL;
}

static struct structural_nodes nodes_of(struct arena *a, const JSONSchemaProps *v, uint32_t n) {
    struct structural_nodes l = {n ? arena_array(a, n, sizeof(*l.v)) : NULL, n};
    for (uint32_t i = 0; i < n; i++)
        l.v[i] = structural_of(a, &v[i]);
    return l;
}

static struct value *parsed(struct arena *a, str json, struct value *ret) {
    struct err e;
    if (!json.n || value_parse(a, json, ret, NULL, &e) < 0)
        *ret = (struct value){.tag = VALUE_NULL};
    value_sort(ret);
    return ret;
}

static void read_values(struct arena *a, struct structural_values *v, const JSONSchemaProps *s) {
    *v = (struct structural_values){
        .maximum = s->maximum,
        .minimum = s->minimum,
        .multiple_of = s->multiple_of,
        .max_length = s->max_length,
        .min_length = s->min_length,
        .max_items = s->max_items,
        .min_items = s->min_items,
        .max_properties = s->max_properties,
        .min_properties = s->min_properties,
        .exclusive_maximum = s->exclusive_maximum,
        .exclusive_minimum = s->exclusive_minimum,
        .unique_items = s->unique_items,
        .format = s->format,
        .pattern = s->pattern,
        .required = s->required,
        .all_of = nodes_of(a, s->all_of.v, s->all_of.n),
        .any_of = nodes_of(a, s->any_of.v, s->any_of.n),
        .one_of = nodes_of(a, s->one_of.v, s->one_of.n),
    };
    const JSONSchemaProps *other = s->not ;
    v->not_ = opt_node(a, other);
    v->enum_.n = s->enum_.n;
    v->enum_.v = s->enum_.n ? arena_array(a, s->enum_.n, sizeof(*v->enum_.v)) : NULL;
    for (uint32_t i = 0; i < s->enum_.n; i++)
        parsed(a, s->enum_.v[i], &v->enum_.v[i]);
}

static void read_fields(struct arena *a, struct structural *n, const JSONSchemaProps *s) {
    n->fields.n = s->properties.n;
    n->fields.v = s->properties.n ? arena_array(a, s->properties.n, sizeof(*n->fields.v)) : NULL;
    for (uint32_t i = 0; i < s->properties.n; i++)
        n->fields.v[i] = (struct structural_field){s->properties.v[i].key,
                                                   structural_of(a, &s->properties.v[i].value)};
}

const struct structural *structural_of(struct arena *a, const JSONSchemaProps *s) {
    const JSONSchemaPropsOrBool *more = s->additional_properties;
    struct structural *n = arena_make(a, struct structural);
    n->type = index_in(type_names, ARRAY_LEN(type_names), s->type);
    n->list = index_in(list_names, ARRAY_LEN(list_names), s->x_list_type);
    n->map = index_in(map_names, ARRAY_LEN(map_names), s->x_map_type);
    n->nullable = s->nullable;
    n->preserve_unknown = s->x_preserve_unknown_fields.set && s->x_preserve_unknown_fields.v;
    n->embedded_resource = s->x_embedded_resource;
    n->int_or_string = s->x_int_or_string;
    n->more = more && (more->allows || more->schema);
    n->no_more = more && !n->more;
    n->rest = opt_node(a, more ? more->schema : NULL);
    n->items = opt_node(a, s->items ? s->items->schema : NULL);
    n->keys = s->x_list_map_keys;
    n->rules.v = s->x_validations.v;
    n->rules.n = s->x_validations.n;
    if (s->default_.n) {
        struct value *v = parsed(a, s->default_, arena_make(a, struct value));
        n->default_ = v->tag == VALUE_NULL ? NULL : v;
    }
    read_fields(a, n, s);
    read_values(a, &n->values, s);
    return n;
}

const struct structural *structural_field(const struct structural *s, str name) {
    uint32_t low = 0, high = s->fields.n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = str_cmp(s->fields.v[mid].name, name);
        if (!order)
            return s->fields.v[mid].schema;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct structural *structural_member(const struct structural *s, str name) {
    const struct structural *field = structural_field(s, name);
    return field ? field : s->rest;
}
