// SPDX-License-Identifier: Apache-2.0
#include "kubelet/status.h"

#include "kubelet/resources.h"
#include "schema/ops.h"

#define LOST_EXIT_CODE 137

static Time time_of_ns(int64_t ns) {
    return ns > 0 ? (Time){.sec = ns / NSEC_PER_SEC, .set = true} : (Time){0};
}

static str full_id(struct arena *a, str id) {
    return str_printf(a, "containerd://" STR_FMT, STR_ARG(id));
}

static ContainerStateTerminated *terminated(struct arena *a, const struct rt_container *c) {
    ContainerStateTerminated *t = arena_make(a, ContainerStateTerminated);
    *t = (ContainerStateTerminated){
        .exit_code = c->exit_code,
        .reason = c->reason,
        .message = c->message,
        /* What never started says 1970, as upstream's does. */
        .started_at = {.sec = c->started / NSEC_PER_SEC, .set = true},
        .finished_at = {.sec = c->finished / NSEC_PER_SEC, .set = true},
        .container_id = full_id(a, c->id),
    };
    return t;
}

static ContainerStateWaiting *waiting(struct arena *a, str reason, str message) {
    ContainerStateWaiting *w = arena_make(a, ContainerStateWaiting);
    *w = (ContainerStateWaiting){.reason = reason, .message = message};
    return w;
}

static ContainerStateTerminated *lost(struct arena *a, const char *message) {
    ContainerStateTerminated *t = arena_make(a, ContainerStateTerminated);
    *t = (ContainerStateTerminated){.exit_code = LOST_EXIT_CODE,
                                    .reason = STR("ContainerStatusUnknown"),
                                    .message = str_of(message)};
    return t;
}

static const struct ContainerStatus *old_status(const Pod *p, str name, bool init) {
    const PodStatus *s = &p->status;
    const struct ContainerStatus *v = init ? s->init_container_statuses.v : s->container_statuses.v;
    uint32_t n = init ? s->init_container_statuses.n : s->container_statuses.n;
    for (uint32_t i = 0; i < n; i++)
        if (str_eq(v[i].name, name))
            return &v[i];
    return NULL;
}

static void mounts_status(struct arena *a, const Container *c, struct ContainerStatus *ret) {
    for (uint32_t i = 0; i < c->volume_mounts.n; i++) {
        const struct VolumeMount *m = &c->volume_mounts.v[i];
        struct VolumeMountStatus *o = list_push(a, &ret->volume_mounts);
        *o = (struct VolumeMountStatus){
            .name = m->name, .mount_path = m->mount_path, .read_only = m->read_only};
        if (m->read_only)
            o->recursive_read_only = STR("Disabled");
    }
}

/* Without anything in the runtime: what the API knew, or that it is yet to come. */
static void from_memory(struct arena *a, const struct status_input *in, const Container *c,
                        bool init, struct ContainerStatus *ret) {
    const struct ContainerStatus *old = old_status(in->pod, c->name, init);
    bool never = in->pod->spec.init_containers.n == 0;
    ret->image = c->image;
    ret->state.waiting =
        waiting(a, never ? STR("ContainerCreating") : STR("PodInitializing"), STR_NONE);
    if (!old)
        return;
    ret->restart_count = old->restart_count;
    ret->last_termination_state = old->last_termination_state;
    if (old->state.terminated) {
        ret->state = old->state;
        ret->image = old->image;
        ret->image_id = old->image_id;
        ret->container_id = old->container_id;
    } else if (old->state.running) {
        ret->last_termination_state = (ContainerState){
            .terminated = lost(a, "The container could not be located when the pod was deleted.  "
                                  "The container used to be Running")};
    }
}

static void from_runtime(struct arena *a, const struct status_input *in,
                         const struct rt_container *c, struct ContainerStatus *ret) {
    const struct rt_container *before = rt_previous(in->rt, c->name);
    ret->restart_count = (int32_t)c->attempt;
    ret->image = c->image;
    ret->image_id = c->image_ref;
    ret->container_id = full_id(a, c->id);
    if (before)
        ret->last_termination_state.terminated = terminated(a, before);
    if (c->state == RT_RUNNING) {
        ret->state.running = arena_make(a, ContainerStateRunning);
        ret->state.running->started_at = time_of_ns(c->started);
    } else if (c->state == RT_EXITED) {
        ret->state.terminated = terminated(a, c);
    } else {
        ret->state.waiting = waiting(
            a, in->pod->spec.init_containers.n ? STR("PodInitializing") : STR("ContainerCreating"),
            STR_NONE);
    }
}

static void one_status(struct arena *a, const struct status_input *in, const Container *c,
                       bool init, struct ContainerStatus *ret) {
    const struct rt_container *rt = rt_newest(in->rt, c->name);
    const struct container_memo *m = pod_memo(in->state, c->name);
    ret->name = c->name;
    if (rt)
        from_runtime(a, in, rt, ret);
    else
        from_memory(a, in, c, init, ret);
    if (m && !str_empty(m->waiting_reason) && !ret->state.running &&
        in->state->stage == POD_SYNCING) {
        if (ret->state.terminated)
            ret->last_termination_state = ret->state;
        ret->state = (ContainerState){
            .waiting = waiting(a, str_dup(a, m->waiting_reason), str_dup(a, m->waiting_message))};
    }
    if (in->state->stage >= POD_TERMINATED && !ret->state.terminated)
        ret->state = (ContainerState){
            .terminated =
                lost(a, "The container could not be located when the pod was terminated")};
    bool running = ret->state.running != NULL;
    bool runs_to_end = init && !container_is_sidecar(c);
    /* Probes decide here once there are any; without them running means ready. */
    ret->started = (struct opt_bool){true, running};
    ret->ready =
        runs_to_end ? ret->state.terminated && ret->state.terminated->exit_code == 0 : running;
    mounts_status(a, c, ret);
}

struct counts {
    unsigned init_pending, init_failed, unknown, running, waiting, stopped, succeeded;
};

static void count_init(const Pod *p, const PodStatus *s, struct counts *n) {
    for (uint32_t i = 0; i < p->spec.init_containers.n; i++) {
        const struct ContainerStatus *c = &s->init_container_statuses.v[i];
        bool sidecar = container_is_sidecar(&p->spec.init_containers.v[i]);
        const ContainerStateTerminated *last = c->last_termination_state.terminated;
        if (sidecar)
            n->init_pending += c->state.waiting && !last;
        else if (c->state.running)
            n->init_pending++;
        else if (c->state.terminated)
            n->init_failed += c->state.terminated->exit_code != 0;
        else if (last && last->exit_code != 0)
            n->init_failed++;
        else
            n->init_pending++;
    }
}

static void count_main(const PodStatus *s, struct counts *n) {
    for (uint32_t i = 0; i < s->container_statuses.n; i++) {
        const struct ContainerStatus *c = &s->container_statuses.v[i];
        if (c->state.running) {
            n->running++;
        } else if (c->state.terminated) {
            n->stopped++;
            n->succeeded += c->state.terminated->exit_code == 0;
        } else if (c->last_termination_state.terminated) {
            n->stopped++;
        } else {
            n->waiting++;
        }
    }
}

static const char *phase_of(const struct status_input *in, const PodStatus *s) {
    const Pod *p = in->pod;
    struct counts n = {0};
    bool over = in->state->stage >= POD_TERMINATED;
    if (str_eq(p->status.phase, STR("Failed")) || in->state->failed_early)
        return "Failed";
    if (str_eq(p->status.phase, STR("Succeeded")))
        return "Succeeded";
    count_init(p, s, &n);
    count_main(s, &n);
    if (n.init_failed && str_eq(p->spec.restart_policy, STR("Never")))
        return "Failed";
    if (!over && (n.init_pending || n.init_failed || n.waiting))
        return "Pending";
    if (n.running)
        return "Running";
    if (!n.stopped)
        return "Pending";
    bool all_good = n.stopped == n.succeeded;
    if (over)
        return all_good ? "Succeeded" : "Failed";
    if (str_eq(p->spec.restart_policy, STR("Always")))
        return "Running";
    if (all_good)
        return "Succeeded";
    return str_eq(p->spec.restart_policy, STR("Never")) ? "Failed" : "Running";
}

static void addresses(struct arena *a, const struct status_input *in, PodStatus *s) {
    for (size_t i = 0; i < in->n_host_ips; i++)
        list_push(a, &s->host_ips)->ip = in->host_ips[i];
    if (in->n_host_ips)
        s->host_ip = in->host_ips[0];
    const struct rt_sandbox *sandbox = rt_ready_sandbox(in->rt);
    if (in->pod->spec.host_network) {
        for (size_t i = 0; sandbox && i < in->n_host_ips; i++)
            list_push(a, &s->pod_ips)->ip = in->host_ips[i];
    } else {
        for (uint32_t i = 0; sandbox && i < sandbox->n_ips; i++)
            list_push(a, &s->pod_ips)->ip = sandbox->ips[i];
    }
    if (s->pod_ips.n == 0) { /* the address of a pod that ended is still of interest */
        s->pod_ips.v = in->pod->status.pod_ips.v;
        s->pod_ips.n = in->pod->status.pod_ips.n;
    }
    if (s->pod_ips.n)
        s->pod_ip = s->pod_ips.v[0].ip;
}

void pod_status_make(struct arena *a, const struct status_input *in, PodStatus *ret) {
    const Pod *p = in->pod;
    *ret = p->status; /* what others write stays: nominatedNodeName, resize, resource claims */
    memset(&ret->conditions, 0, sizeof(ret->conditions));
    memset(&ret->init_container_statuses, 0, sizeof(ret->init_container_statuses));
    memset(&ret->container_statuses, 0, sizeof(ret->container_statuses));
    memset(&ret->host_ips, 0, sizeof(ret->host_ips));
    memset(&ret->pod_ips, 0, sizeof(ret->pod_ips));
    ret->host_ip = ret->pod_ip = STR_NONE;
    ret->observed_generation = p->metadata.generation;
    for (uint32_t i = 0; i < p->spec.init_containers.n; i++)
        one_status(a, in, &p->spec.init_containers.v[i], true,
                   list_push(a, &ret->init_container_statuses));
    for (uint32_t i = 0; i < p->spec.containers.n; i++)
        one_status(a, in, &p->spec.containers.v[i], false, list_push(a, &ret->container_statuses));
    ret->phase = str_of(phase_of(in, ret));
    if (in->state->failed_early) {
        ret->reason = STR("DeadlineExceeded");
        ret->message = STR("Pod was active on the node longer than the specified deadline");
    }
    if (!ret->start_time.set)
        ret->start_time = (Time){.sec = in->now, .set = true};
    if (str_empty(ret->qos_class))
        ret->qos_class = str_of(qos_names[pod_qos_class(p)]);
    addresses(a, in, ret);
    pod_conditions_make(a, in, ret);
}

bool pod_status_is_final(const PodStatus *s) {
    if (!str_eq(s->phase, STR("Failed")) && !str_eq(s->phase, STR("Succeeded")))
        return false;
    for (uint32_t i = 0; i < s->container_statuses.n; i++)
        if (s->container_statuses.v[i].state.running)
            return false;
    for (uint32_t i = 0; i < s->init_container_statuses.n; i++)
        if (s->init_container_statuses.v[i].state.running)
            return false;
    return true;
}
