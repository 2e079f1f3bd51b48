// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/expressions.h"

#include "api/cel_names.h"
#include "cel/estimate.h"

#define EXTRA_VARS_MAX        8
#define DEVICE_ATTRIBUTES_MAX 32
#define DEVICE_COST_MAX       1000000

/* ---- types ---- */

#define OBJECT(id, name_)                                                                          \
    static const struct cel_type id = {.kind = CEL_OBJECT, .nodes = 1, .name = name_}
#define FIELDS_OF(id, name_)                                                                       \
    static const struct cel_object id##_object = {name_, id, ARRAY_LEN(id), false, NULL}

OBJECT(gvk, "kubernetes.GroupVersionKind");
OBJECT(gvr, "kubernetes.GroupVersionResource");
OBJECT(user_info, "kubernetes.UserInfo");
OBJECT(request, "kubernetes.AdmissionRequest");
OBJECT(namespace_spec, "kubernetes.NamespaceSpec");
OBJECT(namespace_condition, "kubernetes.NamespaceCondition");
OBJECT(namespace_status, "kubernetes.NamespaceStatus");
OBJECT(namespace_metadata, "kubernetes.NamespaceMetadata");
OBJECT(namespace_object, "kubernetes.Namespace");
OBJECT(variables_type, "kubernetes.variables");
OBJECT(device, "kubernetes.DRADevice");

static const struct cel_type map_strings = {
    CEL_MAP, 2, 4, 0, "map", {&cel_type_string, &cel_type_list_string}};
static const struct cel_type map_string = {CEL_MAP, 2,     3,
                                           0,       "map", {&cel_type_string, &cel_type_string}};
static const struct cel_type conditions = {CEL_LIST, 1, 2, 0, "list", {&namespace_condition, NULL}};
static const struct cel_type attributes = {CEL_MAP, 2,     3,
                                           0,       "map", {&cel_type_string, &cel_type_any}};
static const struct cel_type domain_attributes = {CEL_MAP, 2,     5,
                                                  0,       "map", {&cel_type_string, &attributes}};
static const struct cel_type capacity = {CEL_MAP, 2,     3,
                                         0,       "map", {&cel_type_string, &cel_type_quantity}};
static const struct cel_type domain_capacity = {CEL_MAP, 2,     5,
                                                0,       "map", {&cel_type_string, &capacity}};
static const struct cel_type apply_result = {.kind = CEL_OBJECT, .nodes = 1, .name = "Object"};
static const struct cel_type json_patch = {.kind = CEL_OBJECT, .nodes = 1, .name = "JSONPatch"};
static const struct cel_type patch_result = {CEL_LIST, 1, 2, 0, "list", {&json_patch, NULL}};

/* ---- fields ---- */

static const struct cel_variable gvk_fields[] = {
    {"group", &cel_type_string}, {"version", &cel_type_string}, {"kind", &cel_type_string}};
static const struct cel_variable gvr_fields[] = {
    {"group", &cel_type_string}, {"version", &cel_type_string}, {"resource", &cel_type_string}};
static const struct cel_variable user_info_fields[] = {{"username", &cel_type_string},
                                                       {"uid", &cel_type_string},
                                                       {"groups", &cel_type_list_string},
                                                       {"extra", &map_strings}};
static const struct cel_variable request_fields[] = {{"kind", &gvk},
                                                     {"resource", &gvr},
                                                     {"subResource", &cel_type_string},
                                                     {"requestKind", &gvk},
                                                     {"requestResource", &gvr},
                                                     {"requestSubResource", &cel_type_string},
                                                     {"name", &cel_type_string},
                                                     {"namespace", &cel_type_string},
                                                     {"operation", &cel_type_string},
                                                     {"userInfo", &user_info},
                                                     {"dryRun", &cel_type_bool},
                                                     {"options", &cel_type_dyn}};
static const struct cel_variable namespace_spec_fields[] = {{"finalizers", &cel_type_list_string}};
static const struct cel_variable namespace_condition_fields[] = {
    {"status", &cel_type_string},
    {"type", &cel_type_string},
    {"lastTransitionTime", &cel_type_timestamp},
    {"message", &cel_type_string},
    {"reason", &cel_type_string}};
static const struct cel_variable namespace_status_fields[] = {{"conditions", &conditions},
                                                              {"phase", &cel_type_string}};
static const struct cel_variable namespace_metadata_fields[] = {
    {"name", &cel_type_string},
    {"generateName", &cel_type_string},
    {"namespace", &cel_type_string},
    {"labels", &map_string},
    {"annotations", &map_string},
    {"UID", &cel_type_string},
    {"creationTimestamp", &cel_type_timestamp},
    {"deletionGracePeriodSeconds", &cel_type_int},
    {"deletionTimestamp", &cel_type_timestamp},
    {"generation", &cel_type_int},
    {"resourceVersion", &cel_type_string},
    {"finalizers", &cel_type_list_string}};
static const struct cel_variable namespace_fields[] = {
    {"metadata", &namespace_metadata}, {"spec", &namespace_spec}, {"status", &namespace_status}};
static const struct cel_variable device_fields[] = {{"driver", &cel_type_string},
                                                    {"attributes", &domain_attributes},
                                                    {"capacity", &domain_capacity},
                                                    {"allowMultipleAllocations", &cel_type_bool}};
FIELDS_OF(gvk_fields, "kubernetes.GroupVersionKind");
FIELDS_OF(gvr_fields, "kubernetes.GroupVersionResource");
FIELDS_OF(user_info_fields, "kubernetes.UserInfo");
FIELDS_OF(request_fields, "kubernetes.AdmissionRequest");
FIELDS_OF(namespace_spec_fields, "kubernetes.NamespaceSpec");
FIELDS_OF(namespace_condition_fields, "kubernetes.NamespaceCondition");
FIELDS_OF(namespace_status_fields, "kubernetes.NamespaceStatus");
FIELDS_OF(namespace_metadata_fields, "kubernetes.NamespaceMetadata");
FIELDS_OF(namespace_fields, "kubernetes.Namespace");
FIELDS_OF(device_fields, "kubernetes.DRADevice");

/* ---- environments ---- */

static const struct cel_object *const admission_objects[] = {
    &gvk_fields_object,
    &gvr_fields_object,
    &user_info_fields_object,
    &request_fields_object,
    &namespace_spec_fields_object,
    &namespace_condition_fields_object,
    &namespace_status_fields_object,
    &namespace_metadata_fields_object,
    &namespace_fields_object,
};
static const struct cel_variable admission_vars[] = {{"object", &cel_type_dyn},
                                                     {"oldObject", &cel_type_dyn},
                                                     {"namespaceObject", &namespace_object},
                                                     {"request", &request}};
static const struct cel_env admission_env = {
    .libraries = CEL_LIB_KUBERNETES,
    .vars = admission_vars,
    .n_vars = ARRAY_LEN(admission_vars),
    .objects = admission_objects,
    .n_objects = ARRAY_LEN(admission_objects),
    .check_name = cel_check_name,
};

static const struct cel_object *const device_objects[] = {&device_fields_object};
static const struct cel_variable device_vars[] = {{"device", &device}};
static const struct cel_env device_env = {
    .libraries = CEL_LIB_KUBERNETES | CEL_LIB_BINDINGS,
    .vars = device_vars,
    .n_vars = ARRAY_LEN(device_vars),
    .objects = device_objects,
    .n_objects = ARRAY_LEN(device_objects),
    .check_name = cel_check_name,
};

/* ---- checks ---- */

static bool gives(const struct cel_type *t, enum expression_result wanted) {
    switch (wanted) {
    case EXPRESSION_BOOL:
        return t->kind == CEL_BOOL;
    case EXPRESSION_STRING:
        return t->kind == CEL_STRING;
    case EXPRESSION_STRING_OR_NULL:
        return t->kind == CEL_STRING || t->kind == CEL_NULL;
    case EXPRESSION_OBJECT:
        return cel_type_same(t, &apply_result, true);
    case EXPRESSION_JSON_PATCH:
        return cel_type_same(t, &patch_result, true);
    case EXPRESSION_RESULT_MAX:
        break;
    }
    return true;
}

static const char *const wanted_texts[EXPRESSION_RESULT_MAX] = {
    [EXPRESSION_BOOL] = "must evaluate to bool",
    [EXPRESSION_STRING] = "must evaluate to string",
    [EXPRESSION_STRING_OR_NULL] = "must evaluate to one of [string null_type]",
    [EXPRESSION_OBJECT] = "must evaluate to Object",
    [EXPRESSION_JSON_PATCH] = "must evaluate to list(JSONPatch)",
};

/* The type of the result, in the arena; NULL: it does not compile, which was told. */
static const struct cel_type *compile(struct field_errors *fe, const struct field_path *p,
                                      str shown, str source, const struct expression_scope *s,
                                      bool patch_types, struct arena *a) {
    struct cel_variable vars[EXTRA_VARS_MAX];
    struct cel_env env = {.libraries = CEL_LIB_KUBERNETES, .vars = vars, .outer = &admission_env};
    struct cel_object variables = {.name = variables_type.name, .index = s->variables};
    const struct cel_object *objects[1] = {&variables};
    const struct cel_program *program;
    str errors;
    if (s->has_params)
        vars[env.n_vars++] = (struct cel_variable){"params", &cel_type_dyn};
    if (s->has_authorizer) {
        vars[env.n_vars++] = (struct cel_variable){"authorizer", &cel_type_authorizer};
        vars[env.n_vars++] =
            (struct cel_variable){"authorizer.requestResource", &cel_type_resource_check};
    }
    if (s->has_variables) {
        vars[env.n_vars++] = (struct cel_variable){"variables", &variables_type};
        env.objects = objects;
        env.n_objects = 1;
    }
    if (patch_types) {
        env.patch_types = true;
        env.libraries |= CEL_LIB_JSON_PATCH;
    }
    if (cel_compile(a, &env, source, &program, &errors) < 0) {
        field_invalid(fe, p, shown, "compilation failed: " STR_FMT, STR_ARG(errors));
        return NULL;
    }
    return program->type;
}

void check_expression(struct field_errors *fe, const struct field_path *p, str shown, str source,
                      const struct expression_scope *s, enum expression_result wanted) {
    bool patch_types = wanted == EXPRESSION_OBJECT || wanted == EXPRESSION_JSON_PATCH;
    const struct cel_type *t;
    struct arena a;
    if (fe->list.n >= FIELD_ERRORS_MAX)
        return;
    arena_init(&a, 0);
    t = compile(fe, p, shown, source, s, patch_types, &a);
    if (t && !gives(t, wanted))
        field_invalid(fe, p, shown, "%s but got " STR_FMT, wanted_texts[wanted],
                      STR_ARG(cel_type_string_of(&a, t)));
    arena_done(&a);
}

/* Of a variable only lists, maps and simple types are known. */
static const struct cel_type *known_part(struct arena *a, const struct cel_type *t) {
    static const struct cel_type *const simple[CEL_TYPE_KIND_MAX] = {
        [CEL_ANY] = &cel_type_any,           [CEL_BOOL] = &cel_type_bool,
        [CEL_BYTES] = &cel_type_bytes,       [CEL_DOUBLE] = &cel_type_double,
        [CEL_DURATION] = &cel_type_duration, [CEL_INT] = &cel_type_int,
        [CEL_NULL] = &cel_type_null,         [CEL_STRING] = &cel_type_string,
        [CEL_UINT] = &cel_type_uint,         [CEL_TIMESTAMP] = &cel_type_timestamp,
    };
    const struct cel_type *r = simple[t->kind];
    if (t->kind == CEL_LIST)
        r = cel_type_list(a, known_part(a, t->param[0]));
    else if (t->kind == CEL_MAP)
        r = cel_type_map(a, known_part(a, t->param[0]), known_part(a, t->param[1]));
    return r ? r : &cel_type_dyn;
}

void check_variable_expression(struct field_errors *fe, const struct field_path *p, str name,
                               str source, const struct expression_scope *s) {
    const struct cel_type *t = NULL;
    struct arena a;
    arena_init(&a, 0);
    if (fe->list.n < FIELD_ERRORS_MAX)
        t = compile(fe, p, source, source, s, false, &a);
    t = t ? known_part(fe->arena, t) : &cel_type_dyn;
    map_put(s->variables, name, arena_dup(fe->arena, t, sizeof(*t)));
    arena_done(&a);
}

/* ---- what a device expression may cost ---- */

/* A part of a device, the most it can hold, and what its elements and keys are. */
struct device_part {
    const char *name; /* as a field of a device, or NULL */
    uint64_t max;
    const struct device_part *items, *keys;
};

static const struct device_part device_text = {NULL, 63, NULL, NULL},
                                device_id = {NULL, 32, NULL, NULL},
                                device_attribute = {NULL, 64, NULL, NULL},
                                device_other = {NULL, UINT64_MAX, NULL, NULL},
                                device_ids = {NULL, DEVICE_ATTRIBUTES_MAX, &device_attribute,
                                              &device_id},
                                device_capacities = {NULL, DEVICE_ATTRIBUTES_MAX, &device_other,
                                                     &device_id},
                                device_whole = {"device", UINT64_MAX, NULL, NULL};
static const struct device_part device_parts[] = {
    {"driver", 63, NULL, NULL},
    {"attributes", DEVICE_ATTRIBUTES_MAX, &device_ids, &device_text},
    {"capacity", DEVICE_ATTRIBUTES_MAX, &device_capacities, &device_text},
    {"allowMultipleAllocations", UINT64_MAX, NULL, NULL},
};

static const void *device_step(void *ctx, const void *at, str name) {
    const struct device_part *part = at;
    if (!part)
        return str_eqc(name, "device") ? &device_whole : NULL;
    if (str_eqc(name, "@items") || str_eqc(name, "@values"))
        return part->items;
    if (str_eqc(name, "@keys"))
        return part->keys;
    for (size_t i = 0; part == &device_whole && i < ARRAY_LEN(device_parts); i++)
        if (str_eqc(name, device_parts[i].name))
            return &device_parts[i];
    /* Whatever an attribute is called, it is no longer than others. */
    return part->items == &device_attribute ? &device_attribute : NULL;
}

static bool device_max(void *ctx, const void *at, uint64_t *ret) {
    *ret = ((const struct device_part *)at)->max;
    return true;
}

static const struct cel_sizes device_sizes = {device_step, device_max, NULL};

void check_device_expression(struct field_errors *fe, const struct field_path *p, str source) {
    const struct cel_program *program;
    struct arena a;
    str errors;
    if (fe->list.n >= FIELD_ERRORS_MAX)
        return;
    arena_init(&a, 0);
    if (cel_compile(&a, &device_env, source, &program, &errors) < 0)
        field_invalid(fe, p, source, "compilation failed: " STR_FMT, STR_ARG(errors));
    else if (program->type->kind != CEL_BOOL && program->type->kind != CEL_ANY)
        field_invalid(fe, p, source, "must evaluate to bool or the unknown type, not " STR_FMT,
                      STR_ARG(cel_type_string_of(&a, program->type)));
    else if (cel_estimate(program, &device_sizes).max > DEVICE_COST_MAX)
        field_forbidden(fe, p, "too complex, exceeds cost limit");
    arena_done(&a);
}
