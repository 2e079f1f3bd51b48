// SPDX-License-Identifier: Apache-2.0
/* A claim that a placed pod names is not gone before the pod. Keys are claims.
 *
 * Pods that are not placed yet do not hold it: no kubelet starts a pod whose claim is being
 * deleted. That no pod uses it is believed from a live list only; caches of two resources are not
 * in step. */
#include "controllers/controllers.h"
#include "controllers/protection.h"

#define CLAIMS    RESOURCE_OF(core_v1_persistentvolumeclaims)
#define PODS      RESOURCE_OF(core_v1_pods)
#define FINALIZER "kubernetes.io/pvc-protection"

struct claims {
    struct informer *claims, *pods;
    struct index *pods_of_ns;
};

static void start(struct controller_run *run, void *state) {
    struct claims *s = state;
    s->claims = run_informer(run, CLAIMS);
    s->pods = run_informer(run, PODS);
    s->pods_of_ns = informer_index(s->pods, index_by_namespace);
}

static str ephemeral_claim(struct arena *a, const Pod *pod, const Volume *v) {
    return str_printf(a, STR_FMT "-" STR_FMT, STR_ARG(pod->metadata.name), STR_ARG(v->name));
}

/* ---- what concerns which claim ---- */

static void claim_keys(struct controller_run *run, const void *old, const void *new_) {
    if (protection_asks(new_, FINALIZER))
        keys_self(run, old, new_);
}

/* The claims of a pod that holds them no more. */
static void queue_claims(struct controller_run *run, const Pod *pod) {
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t i = 0; i < pod->spec.volumes.n; i++) {
        const Volume *v = &pod->spec.volumes.v[i];
        ObjectMeta m = {.namespace_ = pod->metadata.namespace_};
        if (v->volume_source.persistent_volume_claim)
            m.name = v->volume_source.persistent_volume_claim->claim_name;
        else if (v->volume_source.ephemeral)
            m.name = ephemeral_claim(&a, pod, v);
        if (m.name.n)
            queue_key(run, meta_key(&a, &m));
    }
    arena_done(&a);
}

static void pod_keys(struct controller_run *run, const void *old, const void *new_) {
    const Pod *was = old, *is = new_;
    if (was && (!is || !str_eq(was->metadata.uid, is->metadata.uid)))
        queue_claims(run, was);
    if (is && (pod_terminal(is) || !is->spec.node_name.n))
        queue_claims(run, is);
}

/* ---- a run ---- */

/* Its kubelet is done with it, or it was deleted by force. */
static bool is_shut_down(const Pod *pod) {
    const ObjectMeta *m = &pod->metadata;
    return m->deletion_timestamp.set && m->deletion_grace_period_seconds.set &&
           m->deletion_grace_period_seconds.v == 0;
}

static bool uses(struct arena *a, const Pod *pod, const ObjectMeta *claim) {
    if (!pod->spec.node_name.n)
        return false;
    for (uint32_t i = 0; i < pod->spec.volumes.n; i++) {
        const Volume *v = &pod->spec.volumes.v[i];
        if (v->volume_source.persistent_volume_claim) {
            if (str_eq(v->volume_source.persistent_volume_claim->claim_name, claim->name))
                return true;
        } else if (v->volume_source.ephemeral && !is_shut_down(pod)) {
            const OwnerReference *o = meta_controller(claim);
            if (o && str_eq(o->uid, pod->metadata.uid) &&
                str_eq(ephemeral_claim(a, pod, v), claim->name))
                return true;
        }
    }
    return false;
}

static bool is_used(struct claims *s, struct plan *p, const ObjectMeta *claim) {
    struct cached *c;
    for (struct index_cursor at = index_find(s->pods_of_ns, claim->namespace_);
         (c = index_next(&at));)
        if (uses(p->arena, c->typed, claim))
            return true;
    return false;
}

/* 1: nobody does; 0: somebody does; -EAGAIN: it is not known yet. */
static int is_unused_live(struct plan *p, const ObjectMeta *claim) {
    const struct rest_result *res = plan_need(
        p, "pods",
        &(struct rest_request){.verb = REST_LIST, .resource = PODS, .ns = claim->namespace_});
    const PodList *pods = res ? res->object : NULL;
    if (!pods)
        return -EAGAIN;
    for (uint32_t i = 0; i < pods->items.n; i++)
        if (uses(p->arena, &pods->items.v[i], claim))
            return 0;
    return 1;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct claims *s = state;
    const ObjectMeta *claim = informer_typed(s->claims, key);
    if (!claim)
        return 0;
    if (lacks_protection(claim, FINALIZER))
        finalizer_add(p, CLAIMS, claim, FINALIZER);
    if (!wants_to_go(claim, FINALIZER) || is_used(s, p, claim))
        return 0;
    int unused = is_unused_live(p, claim);
    if (unused == 1)
        finalizer_remove(p, CLAIMS, claim, FINALIZER);
    return unused < 0 && plan_answered(p, "pods") ? -EIO : 0;
}

static const struct controller_watch watches[] = {
    {.resource = CLAIMS, .keys = claim_keys, .metadata_only = true},
    {.resource = PODS,
     .keys = pod_keys,
     .fields = FIELDS("spec.nodeName", "spec.volumes.name", "spec.volumes.persistentVolumeClaim",
                      "spec.volumes.ephemeral.volumeClaimTemplate.metadata", "status.phase")},
    {.resource = NULL},
};

const struct controller claim_protection_controller = {
    .name = "persistentvolumeclaim-protection-controller",
    .queue = "pvcprotection",
    .watches = watches,
    .state_size = sizeof(struct claims),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
