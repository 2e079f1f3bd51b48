// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

/* One generation for ever: nothing in it may change. */
static void prepare_create(struct hook_ctx *h, void *obj) {
    (void)h;
    ((ObjectMeta *)obj)->generation = 1;
}

#define USER_VALUE_MAX 1000000000

static void validate(struct field_errors *fe, const void *obj) {
    static const char *const policies[] = {"PreemptLowerPriority", "Never", NULL};
    static const struct {
        const char *name;
        int32_t value;
    } system[] = {{"system-cluster-critical", 2000000000}, {"system-node-critical", 2000001000}};
    const PriorityClass *c = obj;
    const struct field_path *name = PATH(PATH(NULL, "metadata"), "name");
    if (str_starts(c->metadata.name, STR("system-"))) {
        bool known = false;
        for (size_t i = 0; i < ARRAY_LEN(system); i++)
            known |= str_eqc(c->metadata.name, system[i].name) && c->value == system[i].value;
        if (!known)
            field_forbidden(fe, name,
                            "priority class names with 'system-' prefix are reserved for system "
                            "use only. error: " STR_FMT " is not a known system priority class",
                            STR_ARG(c->metadata.name));
    } else if (c->value > USER_VALUE_MAX) {
        field_forbidden(fe, PATH(NULL, "value"),
                        "maximum allowed value of a user defined priority is %d", USER_VALUE_MAX);
    }
    if (c->preemption_policy.p)
        check_one_of(fe, PATH(NULL, "preemptionPolicy"), c->preemption_policy, policies);
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
