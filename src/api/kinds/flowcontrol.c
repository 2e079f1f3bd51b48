// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

#define PRECEDENCE_MAX 10000

static void validate(struct field_errors *fe, const void *obj) {
    static const char *const methods[] = {"ByNamespace", "ByUser", NULL};
    const FlowSchemaSpec *s = &((const FlowSchema *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    const FlowDistinguisherMethod *m = s->distinguisher_method;
    if (s->matching_precedence <= 0)
        field_invalid_i64(fe, PATH(p, "matchingPrecedence"), s->matching_precedence,
                          "must be a positive value");
    if (s->matching_precedence > PRECEDENCE_MAX)
        field_invalid_i64(fe, PATH(p, "matchingPrecedence"), s->matching_precedence,
                          "must not be greater than 10000");
    if (m && !str_in(m->type, methods))
        field_not_supported_printed(fe, PATH(PATH(p, "distinguisherMethod"), "type"),
                                    go_json(fe->arena, &FlowDistinguisherMethod_type, m), methods);
    str level = s->priority_level_configuration.name;
    if (!level.n)
        field_required(fe, PATH(PATH(p, "priorityLevelConfiguration"), "name"),
                       "must reference a priority level");
    else
        field_check_name(fe, PATH(PATH(p, "priorityLevelConfiguration"), "name"), level,
                         name_dns1123_subdomain);
}

const struct hooks hooks_flowcontrol_v1_flowschemas = {
    .group = "flowcontrol.apiserver.k8s.io",
    .resource = "flowschemas",
    .validate = validate,
    .counts_generation = true,
};
