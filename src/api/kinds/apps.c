// SPDX-License-Identifier: Apache-2.0
/* Deployments, replica sets, stateful sets, daemon sets. Clearing of status and the counting of
 * generations are generic. */
#include "api/kinds/apps.h"
#include "api/kinds/warn.h"

/* ---- Deployment ---- */

static void deployment_defaults(struct hook_ctx *h, void *obj) {
    DeploymentSpec *s = &((Deployment *)obj)->spec;
    pod_spec_defaults(h->arena, &s->template_.spec);
    if (!str_eqc(s->strategy.type, "RollingUpdate"))
        return;
    if (!s->strategy.rolling_update)
        s->strategy.rolling_update = arena_make(h->arena, RollingUpdateDeployment);
    RollingUpdateDeployment *r = s->strategy.rolling_update;
    if (!intstr_given(r->max_unavailable))
        r->max_unavailable = intstr_str(STR("25%"));
    if (!intstr_given(r->max_surge))
        r->max_surge = intstr_str(STR("25%"));
}

/* Annotations count as well as the spec: rollout history hangs on them. */
static void deployment_update(struct hook_ctx *h, void *obj, const void *old) {
    Deployment *d = obj;
    const Deployment *before = old;
    (void)h;
    if (!maps_same(&d->metadata.annotations, &before->metadata.annotations))
        d->metadata.generation = before->metadata.generation + 1;
}

static void deployment_status(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    ((Deployment *)obj)->metadata.labels = ((const Deployment *)old)->metadata.labels;
}

const struct hooks hooks_apps_v1_deployments = {
    .group = "apps",
    .resource = "deployments",
    .defaults = deployment_defaults,
    .prepare_update = deployment_update,
    .prepare_status = deployment_status,
    .validate_write = deployment_validate,
    .validate_update = deployment_validate_update,
    .validate_status = deployment_validate_status,
    .warn = warn_deployment,
    .counts_generation = true,
};

/* ---- ReplicaSet ---- */

static void replicaset_defaults(struct hook_ctx *h, void *obj) {
    pod_spec_defaults(h->arena, &((ReplicaSet *)obj)->spec.template_.spec);
}

const struct hooks hooks_apps_v1_replicasets = {
    .group = "apps",
    .resource = "replicasets",
    .defaults = replicaset_defaults,
    .validate_write = replicaset_validate,
    .validate_update = replicaset_validate_update,
    .validate_status = replicaset_validate_status,
    .warn = warn_replicaset,
    .counts_generation = true,
};

/* ---- StatefulSet ---- */

static void statefulset_defaults(struct hook_ctx *h, void *obj) {
    StatefulSetSpec *s = &((StatefulSet *)obj)->spec;
    pod_spec_defaults(h->arena, &s->template_.spec);
    StatefulSetUpdateStrategy *u = &s->update_strategy;
    /* No row: who names the type gets no rollingUpdate. */
    if (!u->type.n) {
        u->type = STR("RollingUpdate");
        if (!u->rolling_update)
            u->rolling_update = arena_make(h->arena, RollingUpdateStatefulSetStrategy);
    }
    if (u->rolling_update && !u->rolling_update->partition.set && str_eqc(u->type, "RollingUpdate"))
        u->rolling_update->partition = (struct opt_i32){true, 0};
}

const struct hooks hooks_apps_v1_statefulsets = {
    .group = "apps",
    .resource = "statefulsets",
    .defaults = statefulset_defaults,
    .validate_write = statefulset_validate,
    .validate_update = statefulset_validate_update,
    .validate_status = statefulset_validate_status,
    .warn = warn_statefulset,
    .validate_name = name_is_dns_label,
    .counts_generation = true,
};

/* ---- DaemonSet ---- */

#define TEMPLATE_GENERATION "deprecated.daemonset.template.generation"

/* The annotation is there before the strategy counts: its writer owns it. */
static void daemonset_defaults(struct hook_ctx *h, void *obj) {
    ObjectMeta *m = obj;
    DaemonSetSpec *s = &((DaemonSet *)obj)->spec;
    if (!label_has(&m->annotations, STR(TEMPLATE_GENERATION)))
        entry_put(h->arena, &m->annotations, STR(TEMPLATE_GENERATION), STR("0"));
    pod_spec_defaults(h->arena, &s->template_.spec);
    if (!str_eqc(s->update_strategy.type, "RollingUpdate"))
        return;
    if (!s->update_strategy.rolling_update)
        s->update_strategy.rolling_update = arena_make(h->arena, RollingUpdateDaemonSet);
    RollingUpdateDaemonSet *r = s->update_strategy.rolling_update;
    if (!intstr_given(r->max_unavailable))
        r->max_unavailable = intstr_int(1);
    if (!intstr_given(r->max_surge))
        r->max_surge = intstr_int(0);
}

static void daemonset_create(struct hook_ctx *h, void *obj) {
    ObjectMeta *m = obj;
    entry_put(h->arena, &m->annotations, STR(TEMPLATE_GENERATION), STR("1"));
}

/* Follows every change of the template; clients cannot set it. */
static void daemonset_update(struct hook_ctx *h, void *obj, const void *old) {
    DaemonSet *d = obj;
    const DaemonSet *before = old;
    int64_t generation = 0;
    str_to_i64(label_get(&before->metadata.annotations, STR(TEMPLATE_GENERATION)), &generation);
    if (!api_equal(&PodTemplateSpec_type, &d->spec.template_, &before->spec.template_))
        generation++;
    entry_put(h->arena, &d->metadata.annotations, STR(TEMPLATE_GENERATION),
              str_printf(h->arena, "%lld", (long long)generation));
}

const struct hooks hooks_apps_v1_daemonsets = {
    .group = "apps",
    .resource = "daemonsets",
    .defaults = daemonset_defaults,
    .prepare_create = daemonset_create,
    .prepare_update = daemonset_update,
    .validate_write = daemonset_validate,
    .validate_update = daemonset_validate_update,
    .validate_status = daemonset_validate_status,
    .warn = warn_daemonset,
    .counts_generation = true,
};

/* ---- ControllerRevision ---- */

const struct hooks hooks_apps_v1_controllerrevisions = {
    .group = "apps",
    .resource = "controllerrevisions",
    .validate = controllerrevision_validate,
    .validate_update = controllerrevision_validate_update,
};
