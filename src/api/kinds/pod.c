// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/pod_validate.h"
#include "api/kinds/warn.h"

/* A pod that may not be scheduled yet says so from its first moment on. */
static void gated_condition(struct arena *a, Pod *pod) {
    if (!pod->spec.scheduling_gates.n)
        return;
    *list_push(a, &pod->status.conditions) = (PodCondition){
        .type = STR("PodScheduled"),
        .status = STR("False"),
        .reason = STR("SchedulingGated"),
        .message = STR("Scheduling is blocked due to non-empty scheduling gates"),
    };
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    Pod *pod = obj;
    pod->status = (PodStatus){.phase = STR("Pending"), .qos_class = str_of(pod_qos(&pod->spec))};
    gated_condition(h->arena, pod);
    pod_match_own_labels(h->arena, pod);
    pod_apparmor_fields(h, pod);
}

/* The first of podIPs, and podIP: whoever knows only the older field writes that one. */
static void sync_ips(struct arena *a, PodStatus *s) {
    if (s->pod_ip.n && (!s->pod_ips.n || !str_eq(s->pod_ips.v[0].ip, s->pod_ip))) {
        memset(&s->pod_ips, 0, sizeof(s->pod_ips));
        *list_push(a, &s->pod_ips) = (PodIP){.ip = s->pod_ip};
    } else if (s->pod_ips.n) {
        s->pod_ip = s->pod_ips.v[0].ip;
    }
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    Pod *pod = obj;
    const Pod *before = old;
    pod->metadata.owner_references = before->metadata.owner_references;
    pod->metadata.deletion_timestamp = before->metadata.deletion_timestamp;
    if (!pod->status.qos_class.n)
        pod->status.qos_class = before->status.qos_class;
    sync_ips(h->arena, &pod->status);
}

/* A token is that of a service account, and this pod has none. */
static void check_tokens(struct field_errors *fe, const struct field_path *list, const PodSpec *s) {
    for (uint32_t i = 0; !s->service_account_name.n && i < s->volumes.n; i++) {
        const ProjectedVolumeSource *v = s->volumes.v[i].volume_source.projected;
        const struct field_path *p = PATH(PATH(PATH_INDEX(list, i), "projected"), "sources");
        for (uint32_t k = 0; v && k < v->sources.n && !field_errors_full(fe); k++)
            if (v->sources.v[k].service_account_token)
                field_forbidden(fe, PATH(PATH_INDEX(p, k), "serviceAccountToken"),
                                "must not be specified when serviceAccountName is not set");
    }
}

static void check_annotations_update(struct field_errors *fe, const Pod *pod, const Pod *old) {
    const struct field_path *p = PATH(PATH(NULL, "metadata"), "annotations");
    check_pod_annotations_update(fe, p, &pod->metadata.annotations, &old->metadata.annotations);
    check_pod_annotations(fe, p, &pod->metadata.annotations, &pod->spec);
}

static void validate(struct field_errors *fe, const Pod *pod) {
    const struct field_path *spec = PATH(NULL, "spec");
    check_pod_annotations(fe, PATH(PATH(NULL, "metadata"), "annotations"),
                          &pod->metadata.annotations, &pod->spec);
    check_pod_spec(fe, spec, &pod->spec, &pod->metadata);
    check_tokens(fe, PATH(spec, "volumes"), &pod->spec);
    for (uint32_t i = 0; i < pod->spec.containers.n; i++)
        check_image_text(fe, PATH_INDEX(PATH(spec, "containers"), i),
                         pod->spec.containers.v[i].image);
    for (uint32_t i = 0; i < pod->spec.init_containers.n; i++)
        check_image_text(fe, PATH_INDEX(PATH(spec, "initContainers"), i),
                         pod->spec.init_containers.v[i].image);
}

static void validate_create(struct field_errors *fe, const Pod *pod) {
    const struct field_path *spec = PATH(NULL, "spec");
    if (pod->spec.ephemeral_containers.n)
        field_forbidden(fe, PATH(spec, "ephemeralContainers"), "cannot be set on create");
    if (pod->spec.node_name.n && pod->spec.scheduling_gates.n)
        field_forbidden(fe, PATH(spec, "nodeName"),
                        "cannot be set until all schedulingGates have been cleared");
    check_seccomp_match(fe, spec, &pod->metadata.annotations, &pod->spec);
    check_apparmor_match(fe, spec, &pod->metadata.annotations, &pod->spec);
}

static void validate_write(struct field_errors *fe, const void *obj, const void *old) {
    const Pod *was = old;
    fe->kept = kept_of_pod(fe->arena, was ? &was->spec : NULL, old, true);
    validate(fe, obj);
    if (!old)
        validate_create(fe, obj);
}

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_annotations_update(fe, obj, old);
    check_pod_update(fe, obj, old);
}

static void validate_sub(struct field_errors *fe, str sub, const void *obj, const void *old) {
    if (str_eqc(sub, "resize")) {
        check_pod_resize(fe, obj, old);
    } else if (str_eqc(sub, "ephemeralcontainers")) {
        check_annotations_update(fe, obj, old);
        check_pod_debuggers(fe, obj, old);
    }
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    check_annotations_update(fe, obj, old);
    check_pod_status(fe, obj, old);
}

const struct hooks hooks_core_v1_pods = {
    .group = "",
    .resource = "pods",
    .defaults = pod_defaults,
    .prepare_create = prepare_create,
    .prepare_status = prepare_status,
    .validate_write = validate_write,
    .validate_update = validate_update,
    .validate_status = validate_status,
    .validate_sub = validate_sub,
    .warn = warn_pod,
    .warn_status = warn_pod_status,
    .counts_generation = true,
};

static void template_defaults(struct hook_ctx *h, void *obj) {
    pod_spec_defaults(h->arena, &((PodTemplate *)obj)->template_.spec);
}

static void validate_template(struct field_errors *fe, const void *obj, const void *old) {
    const PodTemplate *was = old;
    fe->kept = kept_of_template(fe->arena, was ? &was->template_ : NULL);
    check_pod_template(fe, PATH(NULL, "template"), &((const PodTemplate *)obj)->template_);
}

const struct hooks hooks_core_v1_podtemplates = {
    .group = "",
    .resource = "podtemplates",
    .defaults = template_defaults,
    .validate_write = validate_template,
    .warn = warn_podtemplate,
    .counts_generation = true,
};
