// SPDX-License-Identifier: Apache-2.0
/* Pods that no kubelet will ever finish: of nodes that are gone, and those deleted before they were
 * placed. Keys: "node/NAME" for all pods of a node, "pod/NAMESPACE/NAME". */
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"

#define NODES      RESOURCE_OF(core_v1_nodes)
#define PODS       RESOURCE_OF(core_v1_pods)
#define QUARANTINE (40 * NSEC_PER_SEC) /* a node may be on its way here */

struct pod_gc {
    struct informer *nodes, *pods;
    struct index *pods_on;
};

static void start(struct controller_run *run, void *state) {
    struct pod_gc *s = state;
    s->nodes = run_informer(run, NODES);
    s->pods = run_informer(run, PODS);
    s->pods_on = informer_index(s->pods, index_by_pod_node);
}

static void queue_node(struct controller_run *run, str name) {
    struct arena a;
    arena_init(&a, 0);
    queue_key_after(run, str_concat(&a, STR("node/"), name), QUARANTINE);
    arena_done(&a);
}

static void node_keys(struct controller_run *run, const void *old, const void *new_) {
    if (!new_)
        queue_node(run, ((const ObjectMeta *)old)->name);
}

static bool is_stillborn(const Pod *pod) {
    return pod->metadata.deletion_timestamp.set && !pod->spec.node_name.n;
}

static void pod_keys(struct controller_run *run, const void *old, const void *new_) {
    struct pod_gc *s = run_state(run);
    const Pod *was = old, *pod = new_;
    if (!pod)
        return;
    if (is_stillborn(pod)) {
        struct arena a;
        arena_init(&a, 0);
        queue_key(run, str_concat(&a, STR("pod/"), meta_key(&a, &pod->metadata)));
        arena_done(&a);
    } else if (pod->spec.node_name.n && !(was && was->spec.node_name.n) &&
               !informer_get(s->nodes, pod->spec.node_name)) {
        queue_node(run, pod->spec.node_name);
    }
}

static void collect_stillborn(struct pod_gc *s, str key, struct plan *p) {
    const Pod *pod = informer_typed(s->pods, key);
    if (pod && is_stillborn(pod))
        plan_delete(p, PODS, &pod->metadata, 0, NULL);
}

static void collect_node(struct pod_gc *s, str name, struct plan *p) {
    struct cached *o;
    struct index_cursor any = index_find(s->pods_on, name);
    if (informer_get(s->nodes, name) || !index_next(&any))
        return;
    const struct rest_result *live =
        plan_need(p, "node",
                  &(struct rest_request){
                      .verb = REST_GET, .resource = NODES, .name = name, .metadata_only = true});
    if (!live || live->code != 404)
        return;
    for (struct index_cursor at = index_find(s->pods_on, name);
         (o = index_next(&at)) && !plan_full(p);)
        pod_disrupt(p, o->typed, "DeletionByPodGC", "PodGC: node no longer exists", "Failed");
    plan_next_group(p);
    for (struct index_cursor at = index_find(s->pods_on, name);
         (o = index_next(&at)) && !plan_full(p);)
        plan_delete(p, PODS, cached_meta(o), 0, NULL);
    if (plan_full(p))
        plan_requeue_after(p, 0);
}

static int reconcile(void *state, str key, struct plan *p) {
    str what = str_cut(&key, '/');
    if (str_eqc(what, "pod"))
        collect_stillborn(state, key, p);
    else
        collect_node(state, key, p);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(core_v1_nodes), .keys = node_keys, .metadata_only = true},
    {.resource = RESOURCE_OF(core_v1_pods),
     .keys = pod_keys,
     .fields = FIELDS("spec.nodeName", "status.phase", "status.conditions")},
    {.resource = NULL},
};

const struct controller pod_gc_controller = {
    .name = "pod-garbage-collector-controller",
    .queue = "orphaned_pods_nodes",
    .watches = watches,
    .state_size = sizeof(struct pod_gc),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
