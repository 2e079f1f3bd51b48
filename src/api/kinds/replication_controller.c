// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    ReplicationController *rc = obj;
    PodTemplateSpec *t = rc->spec.template_;
    if (!t)
        return;
    pod_spec_defaults(h->arena, &t->spec);
    if (!rc->spec.selector.n)
        rc->spec.selector = t->metadata.labels;
    if (!rc->metadata.labels.n)
        rc->metadata.labels = t->metadata.labels;
}

static void validate(struct field_errors *fe, const void *obj) {
    const ReplicationControllerSpec *s = &((const ReplicationController *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    struct selector sel;
    field_check_not_negative(fe, PATH(p, "minReadySeconds"), s->min_ready_seconds);
    if (!s->selector.n)
        field_required(fe, PATH(p, "selector"), NULL);
    check_labels(fe, PATH(p, "selector"), &s->selector);
    check_not_negative_opt(fe, PATH(p, "replicas"), s->replicas);
    if (!s->template_) {
        field_required(fe, PATH(p, "template"), NULL);
        return;
    }
    selector_of_map(fe->arena, &s->selector, &sel);
    if (!selector_empty(&sel) && !selector_matches(&sel, &s->template_->metadata.labels))
        field_invalid_printed(fe, PATH(PATH(PATH(p, "template"), "metadata"), "labels"),
                              map_json(fe->arena, &s->template_->metadata.labels),
                              "`selector` does not match template `labels`");
    check_forever_template(fe, PATH(p, "template"), s->template_, "ReplicationController");
}

const struct hooks hooks_core_v1_replicationcontrollers = {
    .group = "",
    .resource = "replicationcontrollers",
    .defaults = defaults,
    .validate = validate,
    .counts_generation = true,
};
