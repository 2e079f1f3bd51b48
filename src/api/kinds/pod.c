// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

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
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    Pod *pod = obj;
    const Pod *before = old;
    (void)h;
    pod->metadata.owner_references = before->metadata.owner_references;
    pod->metadata.deletion_timestamp = before->metadata.deletion_timestamp;
    if (!pod->status.qos_class.n)
        pod->status.qos_class = before->status.qos_class;
}

static void validate(struct field_errors *fe, const void *obj) {
    check_pod_spec(fe, PATH(NULL, "spec"), &((const Pod *)obj)->spec);
}

#define UPDATE_TEXT                                                                                \
    "pod updates may not change fields other than `spec.containers[*].image`,"                     \
    "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only "        \
    "additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set " \
    "to 1 if it was previously negative)"

static str toleration_key(struct arena *a, const Toleration *t) {
    return str_printf(a, STR_FMT "\n" STR_FMT "\n" STR_FMT "\n" STR_FMT, STR_ARG(t->key),
                      STR_ARG(t->operator_), STR_ARG(t->value), STR_ARG(t->effect));
}

/* What was tolerated stays so, with another time limit perhaps. */
static bool keeps_tolerations(struct arena *a, const PodSpec *s, const PodSpec *was) {
    str_list keys = {0};
    for (uint32_t i = 0; i < s->tolerations.n; i++)
        *list_push(a, &keys) = toleration_key(a, &s->tolerations.v[i]);
    struct name_index x = name_index_of(a, keys.v, keys.n, sizeof(str));
    for (uint32_t i = 0; i < was->tolerations.n; i++)
        if (name_index_first(&x, toleration_key(a, &was->tolerations.v[i])) < 0)
            return false;
    return true;
}

static Container *with_images(struct arena *a, const Container *was, const Container *images,
                              uint32_t n) {
    Container *v = arena_array(a, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++) {
        v[i] = was[i];
        v[i].image = images[i].image;
    }
    return v;
}

static void check_gates_update(struct field_errors *fe, const struct field_path *p,
                               const PodSpec *s, const PodSpec *was) {
    if (s->scheduling_gates.n > LIST_COMPARED_MAX) /* said already */
        return;
    for (uint32_t i = 0; i < s->scheduling_gates.n; i++) {
        bool known = false;
        for (uint32_t k = 0; k < was->scheduling_gates.n; k++)
            known |= str_eq(s->scheduling_gates.v[i].name, was->scheduling_gates.v[k].name);
        if (!known)
            field_forbidden(fe, PATH_INDEX(PATH(p, "schedulingGates"), i),
                            "only deletion is allowed, but found new scheduling gate '" STR_FMT "'",
                            STR_ARG(s->scheduling_gates.v[i].name));
    }
}

static void check_deadline_update(struct field_errors *fe, const struct field_path *p,
                                  struct opt_i64 v, struct opt_i64 was) {
    if (!was.set || (v.set && v.v <= was.v))
        return;
    if (!v.set)
        field_invalid_printed(fe, PATH(p, "activeDeadlineSeconds"), STR("null"),
                              "must not update from a positive integer to nil value");
    else
        field_invalid_i64(fe, PATH(p, "activeDeadlineSeconds"), v.v,
                          "must be less than or equal to previous value");
}

/* Puts the allowed changes into a copy of the old spec; what then still differs is not allowed. */
static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const PodSpec *s = &((const Pod *)obj)->spec, *before = &((const Pod *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    PodSpec was = *before;
    if (s->containers.n != was.containers.n) {
        field_forbidden(fe, PATH(p, "containers"), "pod updates may not add or remove containers");
        return;
    }
    if (s->init_containers.n != was.init_containers.n) {
        field_forbidden(fe, PATH(p, "initContainers"),
                        "pod updates may not add or remove containers");
        return;
    }
    check_deadline_update(fe, p, s->active_deadline_seconds, was.active_deadline_seconds);
    check_gates_update(fe, p, s, before);
    was.containers.v = with_images(fe->arena, was.containers.v, s->containers.v, s->containers.n);
    was.init_containers.v =
        with_images(fe->arena, was.init_containers.v, s->init_containers.v, s->init_containers.n);
    was.active_deadline_seconds = s->active_deadline_seconds;
    was.scheduling_gates = s->scheduling_gates;
    if (before->scheduling_gates.n) {
        /* Not scheduled yet: where it may go can still be narrowed. */
        was.node_selector = s->node_selector;
        was.affinity = s->affinity;
    }
    if (keeps_tolerations(fe->arena, s, &was))
        was.tolerations = s->tolerations;
    if (opt_or(was.termination_grace_period_seconds, 0) < 0 &&
        opt_or(s->termination_grace_period_seconds, 0) == 1)
        was.termination_grace_period_seconds = s->termination_grace_period_seconds;
    if (!api_equal(&PodSpec_type, s, &was))
        field_forbidden(fe, p, UPDATE_TEXT "\n" STR_FMT,
                        STR_ARG(go_diff(fe->arena, &PodSpec_type, &was, s)));
}

static void validate_resize(struct field_errors *fe, const PodSpec *s, const Pod *old) {
    str had = old->status.qos_class.n ? old->status.qos_class : str_of(pod_qos(&old->spec));
    if (!str_eqc(had, pod_qos(s)))
        field_invalid(fe, PATH(NULL, "spec"), had,
                      "Pod QOS Class may not change as a result of resizing");
}

/* Debug containers come and stay. */
static void validate_ephemeral(struct field_errors *fe, const PodSpec *s, const PodSpec *was) {
    const struct field_path *p = PATH(PATH(NULL, "spec"), "ephemeralContainers");
    for (uint32_t i = 0; i < was->ephemeral_containers.n; i++) {
        const EphemeralContainer *old = &was->ephemeral_containers.v[i], *now = NULL;
        str name = old->ephemeral_container_common.name;
        for (uint32_t k = 0; !now && k < s->ephemeral_containers.n; k++)
            if (str_eq(s->ephemeral_containers.v[k].ephemeral_container_common.name, name))
                now = &s->ephemeral_containers.v[k];
        if (!now)
            field_forbidden(fe, p,
                            "existing ephemeral containers \"" STR_FMT "\" may not be removed\n",
                            STR_ARG(name));
        else if (!api_equal(&EphemeralContainer_type, now, old))
            field_forbidden(
                fe, p, "existing ephemeral containers \"" STR_FMT "\" may not be changed\n" STR_FMT,
                STR_ARG(name), STR_ARG(go_diff(fe->arena, &EphemeralContainer_type, old, now)));
    }
}

static void validate_sub(struct field_errors *fe, str sub, const void *obj, const void *old) {
    const Pod *pod = obj, *was = old;
    if (str_eqc(sub, "resize"))
        validate_resize(fe, &pod->spec, was);
    else if (str_eqc(sub, "ephemeralcontainers"))
        validate_ephemeral(fe, &pod->spec, &was->spec);
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const Pod *pod = obj, *was = old;
    check_same(fe, PATH(PATH(NULL, "status"), "qosClass"), pod->status.qos_class,
               was->status.qos_class.n ? was->status.qos_class : pod->status.qos_class);
    str nominated = pod->status.nominated_node_name;
    if (nominated.n)
        field_check_name(fe, PATH(PATH(NULL, "status"), "nominatedNodeName"), nominated,
                         name_dns1123_subdomain);
}

const struct hooks hooks_core_v1_pods = {
    .group = "",
    .resource = "pods",
    .defaults = pod_defaults,
    .prepare_create = prepare_create,
    .prepare_status = prepare_status,
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
    .validate_sub = validate_sub,
    .counts_generation = true,
};

static void template_defaults(struct hook_ctx *h, void *obj) {
    pod_spec_defaults(h->arena, &((PodTemplate *)obj)->template_.spec);
}

static void validate_template(struct field_errors *fe, const void *obj) {
    check_pod_template(fe, PATH(NULL, "template"), &((const PodTemplate *)obj)->template_);
}

const struct hooks hooks_core_v1_podtemplates = {
    .group = "",
    .resource = "podtemplates",
    .defaults = template_defaults,
    .validate = validate_template,
    .counts_generation = true,
};
