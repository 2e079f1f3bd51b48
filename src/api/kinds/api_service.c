// SPDX-License-Identifier: Apache-2.0
/* Services of other API servers, whose groups this one passes on. */
#include "api/kinds/kinds.h"

/* Groups of this server need no look to be available. */
static void service_create(struct hook_ctx *h, void *obj) {
    APIService *s = obj;
    s->status = (APIServiceStatus){0};
    if (s->spec.service)
        return;
    *list_push(h->arena, &s->status.conditions) = (APIServiceCondition){
        .type = STR("Available"),
        .status = STR("True"),
        .last_transition_time = hook_now(h),
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
