// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/pod_validate.h"
#include "api/kinds/warn.h"

static void check_scheduling(struct field_errors *fe, const Scheduling *s) {
    const struct field_path *p = PATH(NULL, "scheduling"), *list = PATH(p, "tolerations");
    check_labels(fe, PATH(p, "nodeSelector"), &s->node_selector);
    check_tolerations(fe, list, s->tolerations.v, s->tolerations.n);
    uint32_t n = s->tolerations.n;
    str *shown = arena_array(fe->arena, n, sizeof(*shown));
    for (uint32_t i = 0; i < n; i++)
        shown[i] = go_json(fe->arena, &Toleration_type, &s->tolerations.v[i]);
    struct name_index x = name_index_of(fe->arena, shown, n, sizeof(*shown));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++)
        if (name_index_first(&x, shown[i]) != i)
            field_duplicate_printed(fe, PATH_INDEX(list, i), shown[i]);
}

static void validate(struct field_errors *fe, const void *obj) {
    const RuntimeClass *c = obj;
    check_name_required(fe, PATH(NULL, "handler"), c->handler, name_dns1123_label);
    if (c->overhead) {
        const ResourceRequirements r = {.limits = c->overhead->pod_fixed};
        check_container_resources(fe, PATH(PATH(NULL, "overhead"), "podFixed"), &r, NULL);
    }
    if (c->scheduling)
        check_scheduling(fe, c->scheduling);
}

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same(fe, PATH(NULL, "handler"), ((const RuntimeClass *)obj)->handler,
               ((const RuntimeClass *)old)->handler);
}

static void warn(struct warnings *w, const void *obj, const void *old) {
    const Scheduling *s = ((const RuntimeClass *)obj)->scheduling;
    (void)old;
    for (uint32_t i = 0; s && i < s->node_selector.n; i++) {
        const char *text = node_label_deprecated(s->node_selector.v[i].key);
        if (text)
            warn_text(w, "scheduling.nodeSelector: %s", text);
    }
}

const struct hooks hooks_node_v1_runtimeclasses = {
    .group = "node.k8s.io",
    .resource = "runtimeclasses",
    .validate = validate,
    .validate_update = validate_update,
    .warn = warn,
};
