// SPDX-License-Identifier: Apache-2.0
/* Status and conditions of a deployment: what `kubectl rollout status` reads. */
#include "controllers/deployment.h"

#define AVAILABLE   "Available"
#define PROGRESSING "Progressing"
#define FAILURE     "ReplicaFailure"

const DeploymentCondition *deployment_condition(const DeploymentStatus *s, const char *type) {
    for (uint32_t i = 0; i < s->conditions.n; i++)
        if (str_eqc(s->conditions.v[i].type, type))
            return &s->conditions.v[i];
    return NULL;
}

static void drop(struct deployment_sync *y, const char *type) {
    DeploymentStatus *s = &y->now.status;
    if (!deployment_condition(s, type))
        return;
    __typeof__(s->conditions) left = {0};
    for (uint32_t i = 0; i < s->conditions.n; i++)
        if (!str_eqc(s->conditions.v[i].type, type))
            *list_push(y->p->arena, &left) = s->conditions.v[i];
    s->conditions = left;
}

/* As upstream's SetDeploymentCondition: equal status and reason change nothing; an equal status
 * keeps its transition time. */
static void set(struct deployment_sync *y, DeploymentCondition c) {
    const DeploymentCondition *old =
        deployment_condition(&y->now.status, str_cdup(y->p->arena, c.type));
    if (old && str_eq(old->status, c.status) && str_eq(old->reason, c.reason))
        return;
    if (old && str_eq(old->status, c.status))
        c.last_transition_time = old->last_transition_time;
    drop(y, str_cdup(y->p->arena, c.type));
    DeploymentStatus *s = &y->now.status;
    DeploymentCondition *v = arena_array(y->p->arena, s->conditions.n + 1, sizeof(*v));
    for (uint32_t i = 0; i < s->conditions.n; i++)
        v[i] = s->conditions.v[i];
    v[s->conditions.n++] = c;
    s->conditions.v = v;
}

static DeploymentCondition made(struct deployment_sync *y, const char *type, const char *status,
                                const char *reason, str message) {
    Time now = plan_time(y->p);
    return (DeploymentCondition){
        .type = str_of(type),
        .status = str_of(status),
        .last_update_time = now,
        .last_transition_time = now,
        .reason = str_of(reason),
        .message = message,
    };
}

void set_deployment_condition(struct deployment_sync *y, const char *type, const char *status,
                              const char *reason, str message) {
    set(y, made(y, type, status, reason, message));
}

/* A paused deployment makes no progress, and that is not to be held against it. */
void note_paused(struct deployment_sync *y) {
    const DeploymentCondition *c = deployment_condition(&y->now.status, PROGRESSING);
    if (!has_progress_deadline(&y->now) || (c && str_eqc(c->reason, "ProgressDeadlineExceeded")))
        return;
    bool told = c && str_eqc(c->reason, "DeploymentPaused");
    if (y->now.spec.paused && !told)
        set_deployment_condition(y, PROGRESSING, "Unknown", "DeploymentPaused",
                                 STR("Deployment is paused"));
    else if (!y->now.spec.paused && told)
        set_deployment_condition(y, PROGRESSING, "Unknown", "DeploymentResumed",
                                 STR("Deployment is resumed"));
}

/* ---- counts ---- */

static struct opt_i32 sum_terminating(const struct sets *s) {
    struct opt_i32 n = {true, 0};
    for (uint32_t i = 0; i < s->n; i++) {
        if (!s->v[i]->now.status.terminating_replicas.set)
            return (struct opt_i32){false, 0};
        n.v += s->v[i]->now.status.terminating_replicas.v;
    }
    return n;
}

static int32_t sum_ready(const struct sets *s) {
    int32_t n = 0;
    for (uint32_t i = 0; i < s->n; i++)
        n += s->v[i]->now.status.ready_replicas;
    return n;
}

static void count(struct deployment_sync *y) {
    DeploymentStatus *s = &y->now.status;
    int32_t available = sum_available(&y->all);
    s->observed_generation = y->now.metadata.generation;
    s->replicas = sum_actual(&y->all);
    s->updated_replicas = y->new_ ? y->new_->now.status.replicas : 0;
    s->ready_replicas = sum_ready(&y->all);
    s->available_replicas = available;
    s->unavailable_replicas = MAX(sum_replicas(&y->all) - available, 0);
    s->terminating_replicas = sum_terminating(&y->all);
    if (available >= wanted_replicas(y) - max_unavailable(&y->now))
        set_deployment_condition(y, AVAILABLE, "True", "MinimumReplicasAvailable",
                                 STR("Deployment has minimum availability."));
    else
        set_deployment_condition(y, AVAILABLE, "False", "MinimumReplicasUnavailable",
                                 STR("Deployment does not have minimum availability."));
}

/* ---- progress ---- */

bool deployment_complete(const struct deployment_sync *y, const DeploymentStatus *s) {
    int32_t n = wanted_replicas(y);
    return s->updated_replicas == n && s->replicas == n && s->available_replicas == n &&
           s->observed_generation >= y->now.metadata.generation;
}

static bool progresses(const struct deployment_sync *y) {
    const DeploymentStatus *a = &y->was->status, *b = &y->now.status;
    return b->updated_replicas > a->updated_replicas ||
           b->replicas - b->updated_replicas < a->replicas - a->updated_replicas ||
           b->ready_replicas > a->ready_replicas || b->available_replicas > a->available_replicas;
}

static int64_t deadline_of(const struct deployment_sync *y, const DeploymentCondition *c) {
    return time_ns(c->last_update_time) + y->now.spec.progress_deadline_seconds.v * NSEC_PER_SEC;
}

static bool timed_out(const struct deployment_sync *y) {
    const DeploymentCondition *c = deployment_condition(&y->now.status, PROGRESSING);
    if (!c || str_eqc(c->reason, "NewReplicaSetAvailable"))
        return false;
    return str_eqc(c->reason, "ProgressDeadlineExceeded") || deadline_of(y, c) < y->p->now;
}

static str about_rollout(const struct deployment_sync *y, const char *what) {
    const char *kind = y->new_ ? "ReplicaSet" : "Deployment";
    str name = y->new_ ? y->new_->now.metadata.name : y->now.metadata.name;
    return str_printf(y->p->arena, "%s \"" STR_FMT "\" %s", kind, STR_ARG(name), what);
}

static void note_progress(struct deployment_sync *y) {
    const DeploymentCondition *c = deployment_condition(&y->now.status, PROGRESSING);
    bool settled = c && y->now.status.replicas == y->now.status.updated_replicas &&
                   str_eqc(c->reason, "NewReplicaSetAvailable");
    if (settled)
        return;
    if (deployment_complete(y, &y->now.status)) {
        set_deployment_condition(y, PROGRESSING, "True", "NewReplicaSetAvailable",
                                 about_rollout(y, "has successfully progressed."));
    } else if (progresses(y)) {
        /* Each step moves the update time, from which the deadline counts. */
        DeploymentCondition next =
            made(y, PROGRESSING, "True", "ReplicaSetUpdated", about_rollout(y, "is progressing."));
        if (c && str_eqc(c->status, "True"))
            next.last_transition_time = c->last_transition_time;
        drop(y, PROGRESSING);
        set(y, next);
    } else if (timed_out(y)) {
        set_deployment_condition(y, PROGRESSING, "False", "ProgressDeadlineExceeded",
                                 about_rollout(y, "has timed out progressing."));
    }
}

/* Nothing may happen until the deadline, and nobody would look then. */
static void look_again(struct deployment_sync *y) {
    const DeploymentCondition *c = deployment_condition(&y->now.status, PROGRESSING);
    if (!has_progress_deadline(&y->now) || !c || deployment_complete(y, &y->now.status) ||
        str_eqc(c->reason, "ProgressDeadlineExceeded"))
        return;
    plan_requeue_after(y->p, MAX(deadline_of(y, c) - y->p->now, 0) + NSEC_PER_SEC);
}

/* ---- failures of the sets ---- */

static const ReplicaSetCondition *failure_in(const struct set_work *w) {
    for (uint32_t i = 0; w && i < w->now.status.conditions.n; i++)
        if (str_eqc(w->now.status.conditions.v[i].type, FAILURE))
            return &w->now.status.conditions.v[i];
    return NULL;
}

static void note_failure(struct deployment_sync *y) {
    const ReplicaSetCondition *f = failure_in(y->new_);
    for (uint32_t i = 0; !f && i < y->all.n; i++)
        f = failure_in(y->all.v[i]);
    if (!f) {
        drop(y, FAILURE);
        return;
    }
    set(y, (DeploymentCondition){
               .type = f->type,
               .status = f->status,
               .last_update_time = f->last_transition_time,
               .last_transition_time = f->last_transition_time,
               .reason = f->reason,
               .message = f->message,
           });
}

void sync_status(struct deployment_sync *y, bool rollout) {
    count(y);
    if (!rollout)
        return;
    if (has_progress_deadline(&y->now))
        note_progress(y);
    else
        drop(y, PROGRESSING);
    note_failure(y);
    look_again(y);
}
