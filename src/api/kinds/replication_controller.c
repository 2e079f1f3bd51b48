// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/apps.h"
#include "api/kinds/warn.h"

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

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const ReplicationControllerSpec *s = &((const ReplicationController *)obj)->spec;
    const ReplicationController *was = old;
    const struct field_path *p = PATH(NULL, "spec");
    struct selector sel;
    fe->kept = kept_of_template(fe->arena, was ? was->spec.template_ : NULL);
    check_rows(fe, p, ReplicationControllerSpec, s, "minReadySeconds selector replicas");
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

/* All is checked twice: strategy and validation upstream both do. */
static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    validate(fe, obj, old);
    fe->kept = 0;
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const ReplicationControllerStatus *s = &((const ReplicationController *)obj)->status;
    const struct field_path *p = PATH(NULL, "status");
    (void)old;
    check_rows(fe, p, ReplicationControllerStatus, s,
               "replicas fullyLabeledReplicas readyReplicas availableReplicas observedGeneration");
    check_counts(fe, "fullyLabeledReplicas", s->fully_labeled_replicas, s->ready_replicas,
                 s->available_replicas, s->replicas);
}

const struct hooks hooks_core_v1_replicationcontrollers = {
    .group = "",
    .resource = "replicationcontrollers",
    .defaults = defaults,
    .validate_write = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
    .warn = warn_replication_controller,
    .counts_generation = true,
};
