// SPDX-License-Identifier: Apache-2.0
#include "kubelet/node_status.h"

#include <stdlib.h>

#include "base/vec.h"
#include "schema/ops.h"

static void put(struct arena *a, str_map *m, const char *key, str value) {
    uint32_t at = 0;
    list_push(a, m);
    for (at = m->n - 1; at > 0 && str_cmp(m->v[at - 1].key, str_of(key)) > 0; at--)
        m->v[at] = m->v[at - 1];
    m->v[at] = (struct str_pair){str_of(key), value};
}

void node_labels(struct arena *a, const struct node_view *v, str_map *ret) {
    str arch = str_of(v->facts->architecture);
    put(a, ret, "kubernetes.io/hostname", v->hostname);
    put(a, ret, "kubernetes.io/os", STR("linux"));
    put(a, ret, "kubernetes.io/arch", arch);
    put(a, ret, "beta.kubernetes.io/os", STR("linux"));
    put(a, ret, "beta.kubernetes.io/arch", arch);
    for (str rest = str_of(v->labels); rest.p && rest.n;) {
        str value = str_cut(&rest, ','), key = str_cut(&value, '=');
        if (!str_empty(key))
            put(a, ret, str_cdup(a, key), value.p ? str_dup(a, value) : STR(""));
    }
}

static str ki(struct arena *a, int64_t bytes) {
    return str_printf(a, "%lldKi", (long long)(bytes / 1024));
}

static void resources(struct arena *a, const struct node_view *v, NodeStatus *ret) {
    const struct host_facts *f = v->facts;
    str cpu = str_printf(a, "%lld", (long long)f->cpus);
    str pods = str_printf(a, "%lld", (long long)v->pods_max);
    put(a, &ret->capacity, "cpu", cpu);
    put(a, &ret->capacity, "memory", ki(a, f->memory_bytes));
    put(a, &ret->capacity, "ephemeral-storage", ki(a, f->disk_bytes));
    put(a, &ret->capacity, "pods", pods);
    put(a, &ret->allocatable, "cpu", cpu);
    /* What upstream's default hard eviction thresholds leave. */
    put(a, &ret->allocatable, "memory", ki(a, f->memory_bytes - MEMORY_PRESSURE_BYTES));
    put(a, &ret->allocatable, "ephemeral-storage",
        str_printf(a, "%lld", (long long)(f->disk_bytes / 10 * 9)));
    put(a, &ret->allocatable, "pods", pods);
}

static void condition(struct arena *a, const struct node_view *v, const NodeStatus *old,
                      const char *type, bool status, const char *reason, str message,
                      NodeStatus *ret) {
    struct NodeCondition *c = list_push(a, &ret->conditions);
    *c = (struct NodeCondition){
        .type = str_of(type),
        .status = status ? STR("True") : STR("False"),
        .reason = str_of(reason),
        .message = message,
        .last_heartbeat_time = {.sec = v->now, .set = true},
        .last_transition_time = {.sec = v->now, .set = true},
    };
    for (uint32_t i = 0; old && i < old->conditions.n; i++)
        if (str_eqc(old->conditions.v[i].type, type) &&
            str_eq(old->conditions.v[i].status, c->status))
            c->last_transition_time = old->conditions.v[i].last_transition_time;
}

static void conditions(struct arena *a, const struct node_view *v, const NodeStatus *old,
                       NodeStatus *ret) {
    bool tight = v->memory_available > 0 && v->memory_available < MEMORY_PRESSURE_BYTES;
    condition(a, v, old, "MemoryPressure", tight,
              tight ? "KubeletHasInsufficientMemory" : "KubeletHasSufficientMemory",
              tight ? STR("kubelet has insufficient memory available")
                    : STR("kubelet has sufficient memory available"),
              ret);
    condition(a, v, old, "DiskPressure", false, "KubeletHasNoDiskPressure",
              STR("kubelet has no disk pressure"), ret);
    condition(a, v, old, "PIDPressure", false, "KubeletHasSufficientPID",
              STR("kubelet has sufficient PID available"), ret);
    str message = STR("kubelet is posting ready status");
    if (!v->runtime_up)
        message = STR("container runtime is down");
    else if (!v->network_ready)
        message = str_printf(a, "container runtime network not ready: " STR_FMT,
                             STR_ARG(v->network_message));
    bool ready = v->runtime_up && v->network_ready;
    condition(a, v, old, "Ready", ready, ready ? "KubeletReady" : "KubeletNotReady", message, ret);
    for (uint32_t i = 0; old && i < old->conditions.n; i++) { /* others' */
        bool ours = false;
        for (uint32_t j = 0; j < 4; j++)
            ours |= str_eq(ret->conditions.v[j].type, old->conditions.v[i].type);
        if (!ours)
            *list_push(a, &ret->conditions) = old->conditions.v[i];
    }
}

static int larger(const void *x, const void *y) {
    const struct ContainerImage *a = x, *b = y;
    if (a->size_bytes != b->size_bytes)
        return a->size_bytes > b->size_bytes ? -1 : 1;
    return str_cmp(a->names.n ? a->names.v[0] : STR_NONE, b->names.n ? b->names.v[0] : STR_NONE);
}

static void add_names(struct arena *a, const str_list *from, str_list *to) {
    for (uint32_t i = 0; i < from->n && to->n < NODE_IMAGE_NAMES_MAX; i++)
        *list_push(a, to) = str_dup(a, from->v[i]);
}

static void images(struct arena *a, const cri_ListImagesResponse *from, NodeStatus *ret) {
    for (uint32_t i = 0; i < from->images.n; i++) {
        const struct cri_Image *im = &from->images.v[i];
        struct ContainerImage *o = list_push(a, &ret->images);
        add_names(a, &im->repo_digests, &o->names);
        add_names(a, &im->repo_tags, &o->names);
        o->size_bytes = (int64_t)im->size;
    }
    if (ret->images.n)
        qsort(ret->images.v, ret->images.n, sizeof(*ret->images.v), larger);
    ret->images.n = MIN(ret->images.n, NODE_IMAGES_MAX);
}

void node_status_make(struct arena *a, const struct node_view *v, const NodeStatus *old,
                      NodeStatus *ret) {
    const struct host_facts *f = v->facts;
    *ret = (NodeStatus){0};
    if (old) { /* the attach-detach controller's */
        ret->volumes_attached = old->volumes_attached;
        ret->volumes_in_use = old->volumes_in_use;
    }
    resources(a, v, ret);
    conditions(a, v, old, ret);
    *list_push(a, &ret->addresses) = (struct NodeAddress){STR("InternalIP"), v->ip};
    *list_push(a, &ret->addresses) = (struct NodeAddress){STR("Hostname"), v->hostname};
    ret->daemon_endpoints.kubelet_endpoint.port = v->port;
    ret->node_info = (NodeSystemInfo){
        .machine_id = str_of(f->machine_id),
        .system_uuid = str_of(f->system_uuid),
        .boot_id = str_of(f->boot_id),
        .kernel_version = str_of(f->kernel),
        .os_image = str_of(f->os_image),
        .container_runtime_version = v->runtime_version,
        .kubelet_version = v->kubelet_version,
        .kube_proxy_version = STR(""),
        .operating_system = STR("linux"),
        .architecture = str_of(f->architecture),
    };
    if (v->images)
        images(a, v->images, ret);
    else if (old)
        ret->images = old->images;
}

void node_make(struct arena *a, const struct node_view *v, Node *ret) {
    *ret = (Node){0};
    ret->metadata.name = str_of(v->name);
    node_labels(a, v, &ret->metadata.labels);
    node_status_make(a, v, NULL, &ret->status);
}

bool node_status_differs(struct arena *a, const NodeStatus *x, const NodeStatus *y) {
    NodeStatus *p = api_clone(a, &NodeStatus_type, x), *q = api_clone(a, &NodeStatus_type, y);
    for (uint32_t i = 0; i < p->conditions.n; i++)
        p->conditions.v[i].last_heartbeat_time = (Time){0};
    for (uint32_t i = 0; i < q->conditions.n; i++)
        q->conditions.v[i].last_heartbeat_time = (Time){0};
    return !api_equal(&NodeStatus_type, p, q);
}
