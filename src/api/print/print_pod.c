// SPDX-License-Identifier: Apache-2.0
/* Pods have the one table that people read all day: what it says of a pod's state is pieced
 * together from its containers, in an order that users know. */
#include "api/print/print_impl.h"

struct pod_summary {
    str reason;
    uint32_t total, ready;
    int64_t restarts, sidecar_restarts;
    Time last_restart, last_sidecar_restart;
};

static bool is_sidecar(const Container *c) {
    return c && str_eqc(c->restart_policy, "Always");
}

static const Container *init_container(const Pod *pod, str name) {
    for (uint32_t i = 0; i < pod->spec.init_containers.n; i++)
        if (str_eq(pod->spec.init_containers.v[i].name, name))
            return &pod->spec.init_containers.v[i];
    return NULL;
}

static const PodCondition *condition(const Pod *pod, const char *type) {
    for (uint32_t i = 0; i < pod->status.conditions.n; i++)
        if (str_eqc(pod->status.conditions.v[i].type, type))
            return &pod->status.conditions.v[i];
    return NULL;
}

static bool condition_true(const Pod *pod, const char *type) {
    const PodCondition *c = condition(pod, type);
    return c && str_eqc(c->status, "True");
}

static void later(Time *latest, const ContainerStatus *s) {
    const ContainerStateTerminated *t = s->last_termination_state.terminated;
    if (t && t->finished_at.set && (!latest->set || t->finished_at.sec > latest->sec))
        *latest = t->finished_at;
}

static str terminated_reason(struct arena *a, const ContainerStateTerminated *t,
                             const char *prefix) {
    if (t->reason.n)
        return str_printf(a, "%s" STR_FMT, prefix, STR_ARG(t->reason));
    if (t->signal)
        return str_printf(a, "%sSignal:%d", prefix, t->signal);
    return str_printf(a, "%sExitCode:%d", prefix, t->exit_code);
}

/* Whether an init container still holds the pod up; then it is the reason. */
static bool init_step(struct row *r, const Pod *pod, uint32_t i, struct pod_summary *s) {
    const ContainerStatus *c = &pod->status.init_container_statuses.v[i];
    bool sidecar = is_sidecar(init_container(pod, c->name));
    s->restarts += c->restart_count;
    later(&s->last_restart, c);
    if (sidecar) {
        s->sidecar_restarts += c->restart_count;
        later(&s->last_sidecar_restart, c);
    }
    if (c->state.terminated && c->state.terminated->exit_code == 0)
        return false;
    if (sidecar && opt_or(c->started, false)) {
        s->ready += c->ready;
        return false;
    }
    if (c->state.terminated)
        s->reason = terminated_reason(r->arena, c->state.terminated, "Init:");
    else if (c->state.waiting && c->state.waiting->reason.n &&
             !str_eqc(c->state.waiting->reason, "PodInitializing"))
        s->reason = str_printf(r->arena, "Init:" STR_FMT, STR_ARG(c->state.waiting->reason));
    else
        s->reason = str_printf(r->arena, "Init:%u/%u", i, pod->spec.init_containers.n);
    return true;
}

/* Returns the reason of a container that ended badly, if any. */
static str app_containers(struct row *r, const Pod *pod, struct pod_summary *s, bool *ret_running) {
    str error = STR_NONE;
    *ret_running = false;
    for (uint32_t i = pod->status.container_statuses.n; i-- > 0;) {
        const ContainerStatus *c = &pod->status.container_statuses.v[i];
        s->restarts += c->restart_count;
        later(&s->last_restart, c);
        if (c->state.waiting && c->state.waiting->reason.n) {
            s->reason = c->state.waiting->reason;
        } else if (c->state.terminated) {
            s->reason = terminated_reason(r->arena, c->state.terminated, "");
            if (c->state.terminated->exit_code != 0)
                error = s->reason;
        } else if (c->ready && c->state.running) {
            *ret_running = true;
            s->ready++;
        }
    }
    return error;
}

static str phase_reason(const Pod *pod) {
    const PodCondition *scheduled = condition(pod, "PodScheduled");
    if (scheduled && str_eqc(scheduled->reason, "SchedulingGated"))
        return scheduled->reason;
    return pod->status.reason.n ? pod->status.reason : pod->status.phase;
}

static struct pod_summary summarize(struct row *r, const Pod *pod) {
    struct pod_summary s = {.reason = phase_reason(pod), .total = pod->spec.containers.n};
    for (uint32_t i = 0; i < pod->spec.init_containers.n; i++)
        s.total += is_sidecar(&pod->spec.init_containers.v[i]);
    bool initializing = false;
    for (uint32_t i = 0; !initializing && i < pod->status.init_container_statuses.n; i++)
        initializing = init_step(r, pod, i, &s);
    if (!initializing || condition_true(pod, "Initialized")) {
        bool running;
        s.restarts = s.sidecar_restarts;
        s.last_restart = s.last_sidecar_restart;
        str error = app_containers(r, pod, &s, &running);
        if (str_eqc(s.reason, "Completed") && running && condition_true(pod, "Ready"))
            s.reason = STR("Running");
        else if (str_eqc(s.reason, "Completed") && error.n)
            s.reason = error;
        else if (str_eqc(s.reason, "Completed") && running)
            s.reason = STR("NotReady");
    }
    bool ended = str_eqc(pod->status.phase, "Succeeded") || str_eqc(pod->status.phase, "Failed");
    if (pod->metadata.deletion_timestamp.set && str_eqc(pod->status.reason, "NodeLost"))
        s.reason = STR("Unknown");
    else if (pod->metadata.deletion_timestamp.set && !ended)
        s.reason = STR("Terminating");
    return s;
}

static void cell_gates(struct row *r, const Pod *pod) {
    uint32_t ready = 0, n = pod->spec.readiness_gates.n;
    for (uint32_t i = 0; i < n; i++) {
        str type = pod->spec.readiness_gates.v[i].condition_type;
        for (uint32_t k = 0; k < pod->status.conditions.n; k++)
            if (str_eq(pod->status.conditions.v[k].type, type)) {
                ready += str_eqc(pod->status.conditions.v[k].status, "True");
                break;
            }
    }
    if (n)
        cell_fmt(r, "%u/%u", ready, n);
    else
        cell_textc(r, "<none>");
}

static void print_pod(struct row *r, const void *obj) {
    const Pod *pod = obj;
    struct pod_summary s = summarize(r, pod);
    cell_text(r, pod->metadata.name);
    cell_fmt(r, "%u/%u", s.ready, s.total);
    cell_text(r, s.reason);
    if (s.restarts && s.last_restart.set)
        cell_fmt(r, "%lld (" STR_FMT " ago)", (long long)s.restarts,
                 STR_ARG(age_text(r, s.last_restart)));
    else
        cell_fmt(r, "%lld", (long long)s.restarts);
    cell_age(r, pod->metadata.creation_timestamp);
    cell_or(r, pod->status.pod_ips.n ? pod->status.pod_ips.v[0].ip : STR_NONE, "<none>");
    cell_or(r, pod->spec.node_name, "<none>");
    cell_or(r, pod->status.nominated_node_name, "<none>");
    cell_gates(r, pod);
}
PRINTER(core_v1_pods, print_pod, COLUMN_NAME, COLUMN("Ready"), COLUMN("Status"), COLUMN("Restarts"),
        COLUMN_AGE, COLUMN_WIDE("IP"), COLUMN_WIDE("Node"), COLUMN_WIDE("Nominated Node"),
        COLUMN_WIDE("Readiness Gates"));

static void print_pod_template(struct row *r, const void *obj) {
    const PodTemplate *t = obj;
    cell_text(r, t->metadata.name);
    cells_containers(r, &t->template_.spec);
    cell_map(r, &t->template_.metadata.labels);
}
PRINTER(core_v1_podtemplates, print_pod_template, COLUMN_NAME, COLUMN("Containers"),
        COLUMN("Images"), COLUMN("Pod Labels"));
