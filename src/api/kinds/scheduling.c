// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* One generation for ever: nothing in it may change. */
static void prepare_create(struct hook_ctx *h, void *obj) {
    (void)h;
    ((ObjectMeta *)obj)->generation = 1;
}

#define USER_VALUE_MAX 1000000000

/* Names of the system are for its own two classes. */
static void check_system(struct field_errors *fe, const PriorityClass *c) {
    static const struct {
        const char *name;
        int32_t value;
    } system[] = {{"system-node-critical", 2000001000}, {"system-cluster-critical", 2000000000}};
    str name = c->metadata.name;
    str why = str_printf(fe->arena, STR_FMT " is not a known system priority class", STR_ARG(name));
    for (size_t i = 0; i < ARRAY_LEN(system); i++) {
        if (!str_eqc(name, system[i].name))
            continue;
        if (c->value == system[i].value && !c->global_default)
            return;
        why = c->value != system[i].value
                  ? str_printf(fe->arena, "value of %s PriorityClass must be %d", system[i].name,
                               system[i].value)
                  : str_printf(fe->arena, "globalDefault of %s PriorityClass must be false",
                               system[i].name);
    }
    field_forbidden(fe, PATH(PATH(NULL, "metadata"), "name"),
                    "priority class names with 'system-' prefix are reserved for system use only. "
                    "error: " STR_FMT,
                    STR_ARG(why));
}

static void validate(struct field_errors *fe, const void *obj) {
    const PriorityClass *c = obj;
    if (str_starts(c->metadata.name, STR("system-")))
        check_system(fe, c);
    else if (c->value > USER_VALUE_MAX)
        field_forbidden(fe, PATH(NULL, "value"),
                        "maximum allowed value of a user defined priority is %d", USER_VALUE_MAX);
    check_rows(fe, NULL, PriorityClass, c, "preemptionPolicy");
}

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const PriorityClass *c = obj, *was = old;
    if (c->value != was->value)
        field_forbidden(fe, PATH(NULL, "value"), "may not be changed in an update.");
    check_same(fe, PATH(NULL, "preemptionPolicy"), c->preemption_policy, was->preemption_policy);
}

const struct hooks hooks_scheduling_v1_priorityclasses = {
    .group = "scheduling.k8s.io",
    .resource = "priorityclasses",
    .prepare_create = prepare_create,
    .validate = validate,
    .validate_update = validate_update,
};
