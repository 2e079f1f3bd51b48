// SPDX-License-Identifier: Apache-2.0
/* What extends the API: definitions of custom resources and services of other API servers. */
#include "api/kinds/kinds.h"

/* The storage version is stored from now on; others stay listed until somebody migrates. */
static void add_stored_version(struct arena *a, CustomResourceDefinition *crd) {
    str_list *stored = &crd->status.stored_versions, all = {0};
    for (uint32_t i = 0; i < stored->n; i++)
        *list_push(a, &all) = stored->v[i];
    for (uint32_t i = 0; i < crd->spec.versions.n; i++) {
        const CustomResourceDefinitionVersion *v = &crd->spec.versions.v[i];
        if (v->storage && !strings_have(&all, v->name))
            *list_push(a, &all) = v->name;
    }
    *stored = all;
}

static void crd_defaults(struct hook_ctx *h, void *obj) {
    CustomResourceDefinition *crd = obj;
    CustomResourceDefinitionNames *n = &crd->spec.names;
    if (!n->singular.n)
        n->singular = str_lower(h->arena, n->kind);
    if (!n->list_kind.n && n->kind.n)
        n->list_kind = str_concat(h->arena, n->kind, STR("List"));
    if (!crd->status.stored_versions.n)
        add_stored_version(h->arena, crd);
}

static void crd_create(struct hook_ctx *h, void *obj) {
    CustomResourceDefinition *crd = obj;
    crd->status = (CustomResourceDefinitionStatus){0};
    add_stored_version(h->arena, crd);
}

static void crd_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)old;
    add_stored_version(h->arena, obj);
}

static void check_versions(struct field_errors *fe, const struct field_path *p,
                           const CustomResourceDefinitionSpec *s) {
    uint32_t stored = 0;
    bool unique = true;
    if (list_too_long(fe, p, s->versions.n))
        return;
    for (uint32_t i = 0; i < s->versions.n; i++) {
        const CustomResourceDefinitionVersion *v = &s->versions.v[i];
        const struct field_path *at = PATH_INDEX(p, i);
        field_check_name(fe, PATH(at, "name"), v->name, name_dns1035_label);
        if (!v->schema || !v->schema->open_apiv3_schema)
            field_required(fe, PATH(PATH(at, "schema"), "openAPIV3Schema"), NULL);
        stored += v->storage;
        for (uint32_t k = 0; k < i; k++)
            unique &= !str_eq(s->versions.v[k].name, v->name);
    }
    if (unique && stored == 1)
        return;
    str shown = go_json_list(fe->arena, &CustomResourceDefinitionVersion_type, s->versions.v,
                             s->versions.n);
    if (!unique)
        field_invalid_printed(fe, p, shown, "must contain unique version names");
    if (stored != 1)
        field_invalid_printed(fe, p, shown,
                              "must have exactly one version marked as storage version");
}

static void check_kind(struct field_errors *fe, const struct field_path *p, str kind) {
    struct name_errors e = {{0}, 0};
    name_dns1035_label(str_lower(fe->arena, kind), &e);
    if (kind.n && e.n)
        field_invalid(fe, p, kind, "may have mixed case, but should otherwise match: " STR_FMT,
                      STR_ARG(name_errors_join(fe->arena, &e, ",")));
}

static void check_names(struct field_errors *fe, const struct field_path *p,
                        const CustomResourceDefinitionNames *n) {
    const struct {
        const char *name;
        str value;
    } needed[] = {{"plural", n->plural},
                  {"singular", n->singular},
                  {"kind", n->kind},
                  {"listKind", n->list_kind}};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (!needed[i].value.n)
            field_required(fe, PATH(p, needed[i].name), NULL);
    for (size_t i = 0; i < 2; i++)
        if (needed[i].value.n)
            check_name_whole(fe, PATH(p, needed[i].name), needed[i].value, name_dns1035_label);
    check_kind(fe, PATH(p, "kind"), n->kind);
    check_kind(fe, PATH(p, "listKind"), n->list_kind);
    for (uint32_t i = 0; i < n->short_names.n; i++)
        check_name_whole(fe, PATH_INDEX(PATH(p, "shortNames"), i), n->short_names.v[i],
                         name_dns1035_label);
    if (n->kind.n && str_eq(n->kind, n->list_kind))
        field_invalid(fe, PATH(p, "listKind"), n->list_kind,
                      "kind and listKind may not be the same");
    for (uint32_t i = 0; i < n->categories.n; i++)
        check_name_whole(fe, PATH_INDEX(PATH(p, "categories"), i), n->categories.v[i],
                         name_dns1035_label);
}

static void crd_validate(struct field_errors *fe, const void *obj) {
    const CustomResourceDefinition *crd = obj;
    const CustomResourceDefinitionSpec *s = &crd->spec;
    const struct field_path *p = PATH(NULL, "spec");
    str want =
        str_printf(fe->arena, STR_FMT "." STR_FMT, STR_ARG(s->names.plural), STR_ARG(s->group));
    if (!str_eq(crd->metadata.name, want))
        field_invalid(fe, PATH(PATH(NULL, "metadata"), "name"), crd->metadata.name,
                      "must be spec.names.plural+\".\"+spec.group");
    if (!s->group.n)
        field_required(fe, PATH(p, "group"), NULL);
    else if (!name_ok(name_dns1123_subdomain, s->group))
        field_check_name(fe, PATH(p, "group"), s->group, name_dns1123_subdomain);
    else if (str_chr(s->group, '.') < 0)
        field_invalid(fe, PATH(p, "group"), s->group, "should be a domain with at least one dot");
    check_rows(fe, p, CustomResourceDefinitionSpec, s, "scope");
    check_versions(fe, PATH(p, "versions"), s);
    check_names(fe, PATH(p, "names"), &s->names);
    if (!crd->status.stored_versions.n)
        field_invalid_printed(fe, PATH(PATH(NULL, "status"), "storedVersions"), STR("null"),
                              "must have at least one stored version");
}

static void crd_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const CustomResourceDefinitionSpec *s = &((const CustomResourceDefinition *)obj)->spec;
    const CustomResourceDefinitionSpec *was = &((const CustomResourceDefinition *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_same(fe, PATH(p, "group"), s->group, was->group);
    check_same(fe, PATH(PATH(p, "names"), "plural"), s->names.plural, was->names.plural);
    check_same(fe, PATH(p, "scope"), s->scope, was->scope);
}

const struct hooks hooks_apiextensions_v1_customresourcedefinitions = {
    .group = "apiextensions.k8s.io",
    .resource = "customresourcedefinitions",
    .defaults = crd_defaults,
    .prepare_create = crd_create,
    .prepare_update = crd_update,
    .validate = crd_validate,
    .validate_update = crd_validate_update,
    .counts_generation = true,
};

/* Groups of this server need no look to be available. */
static void service_create(struct hook_ctx *h, void *obj) {
    APIService *s = obj;
    s->status = (APIServiceStatus){0};
    if (s->spec.service)
        return;
    *list_push(h->arena, &s->status.conditions) = (APIServiceCondition){
        .type = STR("Available"),
        .status = STR("True"),
        .last_transition_time = {.sec = h->now / 1000000000, .set = true},
        .reason = STR("Local"),
        .message = STR("Local APIServices are always available"),
    };
}

#define GROUP_PRIORITY_MAX   20000
#define VERSION_PRIORITY_MAX 1000

static void check_local(struct field_errors *fe, const struct field_path *p,
                        const APIServiceSpec *s) {
    if (s->ca_bundle.n)
        field_invalid(fe, PATH(p, "caBundle"), str_printf(fe->arena, "%zu bytes", s->ca_bundle.n),
                      "local APIServices may not have a caBundle");
    if (s->insecure_skip_tls_verify)
        field_invalid_printed(fe, PATH(p, "insecureSkipTLSVerify"), STR("true"),
                              "local APIServices may not have insecureSkipTLSVerify");
}

static void check_service(struct field_errors *fe, const struct field_path *p,
                          const APIServiceSpec *s) {
    const apiregistration_v1_ServiceReference *r = s->service;
    const struct field_path *at = PATH(p, "service");
    int32_t port = opt_or(r->port, 0);
    if (!r->namespace_.n)
        field_required(fe, PATH(at, "namespace"), NULL);
    if (!r->name.n)
        field_required(fe, PATH(at, "name"), NULL);
    if (port < 1 || port > 65535)
        field_invalid_i64(fe, PATH(at, "port"), port,
                          "port is not valid: must be between 1 and 65535, inclusive");
    if (s->insecure_skip_tls_verify && s->ca_bundle.n)
        field_invalid_printed(fe, PATH(p, "insecureSkipTLSVerify"), STR("true"),
                              "may not be true if caBundle is present");
}

static void service_validate(struct field_errors *fe, const void *obj) {
    const APIService *s = obj;
    const struct field_path *p = PATH(NULL, "spec");
    str want = str_printf(fe->arena, STR_FMT "." STR_FMT, STR_ARG(s->spec.version),
                          STR_ARG(s->spec.group));
    if (!str_eq(s->metadata.name, want))
        field_invalid(fe, PATH(PATH(NULL, "metadata"), "name"), s->metadata.name,
                      "must be `spec.version+\".\"+spec.group`: \"" STR_FMT "\"", STR_ARG(want));
    if (!s->spec.group.n && !str_eqc(s->spec.version, "v1"))
        field_required(fe, PATH(p, "group"),
                       "only v1 may have an empty group and it better be legacy kube");
    if (s->spec.group.n)
        field_check_name(fe, PATH(p, "group"), s->spec.group, name_dns1123_subdomain);
    field_check_name(fe, PATH(p, "version"), s->spec.version, name_dns1035_label);
    if (s->spec.group_priority_minimum <= 0 || s->spec.group_priority_minimum > GROUP_PRIORITY_MAX)
        field_invalid_i64(fe, PATH(p, "groupPriorityMinimum"), s->spec.group_priority_minimum,
                          "must be positive and less than 20000");
    if (s->spec.version_priority <= 0 || s->spec.version_priority > VERSION_PRIORITY_MAX)
        field_invalid_i64(fe, PATH(p, "versionPriority"), s->spec.version_priority,
                          "must be positive and less than 1000");
    if (s->spec.service)
        check_service(fe, p, &s->spec);
    else
        check_local(fe, p, &s->spec);
}

static void service_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    static const char *const statuses[] = {"True", "False", "Unknown", NULL};
    const APIServiceStatus *s = &((const APIService *)obj)->status;
    (void)old;
    for (uint32_t i = 0; i < s->conditions.n; i++)
        check_one_of(fe, PATH(PATH_INDEX(PATH(PATH(NULL, "status"), "conditions"), i), "status"),
                     s->conditions.v[i].status, statuses);
}

const struct hooks hooks_apiregistration_v1_apiservices = {
    .group = "apiregistration.k8s.io",
    .resource = "apiservices",
    .prepare_create = service_create,
    .validate = service_validate,
    .validate_status = service_validate_status,
    .validate_name = name_is_path_segment,
};
