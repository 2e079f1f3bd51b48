// SPDX-License-Identifier: Apache-2.0
#include "kubelet/status.h"

static const char *const ours[] = {"PodReadyToStartContainers", "Initialized",  "Ready",
                                   "ContainersReady",           "PodScheduled", NULL};

bool pod_condition_is_ours(str type) {
    return str_in(type, ours);
}

static const struct PodCondition *find(const PodStatus *s, const char *type) {
    for (uint32_t i = 0; i < s->conditions.n; i++)
        if (str_eqc(s->conditions.v[i].type, type))
            return &s->conditions.v[i];
    return NULL;
}

/* Adds it with the transition time it had when its status is what it was. */
static void add(struct arena *a, const struct status_input *in, PodStatus *s, const char *type,
                bool status, str reason, str message) {
    const struct PodCondition *old = find(&in->pod->status, type);
    struct PodCondition *c = list_push(a, &s->conditions);
    *c = (struct PodCondition){
        .type = str_of(type),
        .status = status ? STR("True") : STR("False"),
        .reason = reason,
        .message = message,
        .observed_generation = in->pod->metadata.generation,
        .last_transition_time = {.sec = in->now, .set = true},
    };
    if (old && str_eq(old->status, c->status) && old->last_transition_time.set)
        c->last_transition_time = old->last_transition_time;
}

struct names {
    struct buf b;
    unsigned n;
};

static void add_name(struct names *l, str name) {
    if (l->n++)
        buf_addc(&l->b, ' ');
    buf_add(&l->b, name);
}

/* "containers with X status: [a b]" or nothing. */
static str listed(struct arena *a, const char *what, struct names *l) {
    str s = l->n ? str_printf(a, "containers with %s status: [" STR_FMT "]", what,
                              STR_ARG(buf_str(&l->b)))
                 : STR_NONE;
    buf_done(&l->b);
    return s;
}

static void initialized(struct arena *a, const struct status_input *in, PodStatus *s) {
    struct names incomplete = {0};
    buf_init(&incomplete.b, 0);
    const Pod *p = in->pod;
    bool main_started = false;
    for (uint32_t i = 0; i < s->container_statuses.n; i++)
        main_started |= !s->container_statuses.v[i].state.waiting ||
                        s->container_statuses.v[i].last_termination_state.terminated;
    for (uint32_t i = 0; i < s->init_container_statuses.n; i++) {
        const struct ContainerStatus *c = &s->init_container_statuses.v[i];
        bool done = container_is_sidecar(&p->spec.init_containers.v[i])
                        ? main_started || opt_or(c->started, false)
                        : c->ready;
        if (!done)
            add_name(&incomplete, c->name);
    }
    str message = listed(a, "incomplete", &incomplete);
    if (str_eq(s->phase, STR("Succeeded")) && !str_empty(message))
        add(a, in, s, "Initialized", true, STR("PodCompleted"), STR_NONE);
    else if (!str_empty(message))
        add(a, in, s, "Initialized", false, STR("ContainersNotInitialized"), message);
    else
        add(a, in, s, "Initialized", true,
            str_eq(s->phase, STR("Succeeded")) ? STR("PodCompleted") : STR_NONE, STR_NONE);
}

static str unready_containers(struct arena *a, const struct status_input *in, const PodStatus *s) {
    struct names unready = {0};
    buf_init(&unready.b, 0);
    for (uint32_t i = 0; i < s->init_container_statuses.n; i++)
        if (container_is_sidecar(&in->pod->spec.init_containers.v[i]) &&
            !s->init_container_statuses.v[i].ready)
            add_name(&unready, s->init_container_statuses.v[i].name);
    for (uint32_t i = 0; i < s->container_statuses.n; i++)
        if (!s->container_statuses.v[i].ready)
            add_name(&unready, s->container_statuses.v[i].name);
    return listed(a, "unready", &unready);
}

static str unready_gates(struct arena *a, const struct status_input *in) {
    const Pod *p = in->pod;
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < p->spec.readiness_gates.n; i++) {
        str type = p->spec.readiness_gates.v[i].condition_type;
        const struct PodCondition *c = find(&p->status, str_cdup(a, type));
        if (c && str_eq(c->status, STR("True")))
            continue;
        if (b.n)
            buf_adds(&b, ", ");
        if (c)
            buf_printf(&b,
                       "the status of pod readiness gate \"" STR_FMT
                       "\" is not \"True\", but " STR_FMT,
                       STR_ARG(type), STR_ARG(c->status));
        else
            buf_printf(
                &b, "corresponding condition of pod readiness gate \"" STR_FMT "\" does not exist.",
                STR_ARG(type));
    }
    str s = b.n ? str_dup(a, buf_str(&b)) : STR_NONE;
    buf_done(&b);
    return s;
}

static void readiness(struct arena *a, const struct status_input *in, PodStatus *s) {
    str unready = unready_containers(a, in, s), gates = unready_gates(a, in);
    str reason = STR("ContainersNotReady");
    if (str_eq(s->phase, STR("Succeeded")) || str_eq(s->phase, STR("Failed"))) {
        reason = str_eq(s->phase, STR("Failed")) ? STR("PodFailed") : STR("PodCompleted");
        add(a, in, s, "Ready", false, reason, STR_NONE);
        add(a, in, s, "ContainersReady", false, reason, STR_NONE);
        return;
    }
    bool containers = str_empty(unready);
    if (containers && !str_empty(gates))
        add(a, in, s, "Ready", false, STR("ReadinessGatesNotReady"), gates);
    else
        add(a, in, s, "Ready", containers, containers ? STR_NONE : reason, unready);
    add(a, in, s, "ContainersReady", containers, containers ? STR_NONE : reason, unready);
}

void pod_conditions_make(struct arena *a, const struct status_input *in, PodStatus *s) {
    const struct rt_sandbox *sandbox = rt_ready_sandbox(in->rt);
    bool can_start = sandbox && (in->pod->spec.host_network || sandbox->n_ips > 0);
    add(a, in, s, "PodReadyToStartContainers", can_start, STR_NONE, STR_NONE);
    initialized(a, in, s);
    readiness(a, in, s);
    add(a, in, s, "PodScheduled", true, STR_NONE, STR_NONE);
    for (uint32_t i = 0; i < in->pod->status.conditions.n; i++) {
        const struct PodCondition *c = &in->pod->status.conditions.v[i];
        if (!pod_condition_is_ours(c->type))
            *list_push(a, &s->conditions) = *c;
    }
}
