// SPDX-License-Identifier: Apache-2.0
/* Deployments: rollouts over ReplicaSets.
 *
 * A run works on copies: the deployment's annotations and status, and each of its sets. Everything
 * is decided first, then written: changed and new sets in the first group, the deployment's status
 * (which carries the revision annotation too) in the second. */
#include "controllers/deployment.h"

#include "controllers/controllers.h"
#include "schema/ops.h"

struct deployments {
    struct informer *deployments, *sets, *pods;
    struct index *sets_of, *orphans, *deployments_of_ns, *pods_of;
};

/* ---- what concerns which key ---- */

static void start(struct controller_run *run, void *state) {
    struct deployments *s = state;
    s->deployments = run_informer(run, DEPLOYMENTS);
    s->sets = run_informer(run, SETS);
    s->pods = run_informer(run, RESOURCE_OF(core_v1_pods));
    s->sets_of = informer_index(s->sets, index_by_controller_uid);
    s->orphans = informer_index(s->sets, index_orphans);
    s->deployments_of_ns = informer_index(s->deployments, index_by_namespace);
    s->pods_of = informer_index(s->pods, index_by_controller_uid);
}

static void queue_matching(struct controller_run *run, const ReplicaSet *rs) {
    struct deployments *s = run_state(run);
    struct arena a;
    arena_init(&a, 0);
    struct cached *c;
    for (struct index_cursor at = index_find(s->deployments_of_ns, rs->metadata.namespace_);
         (c = index_next(&at));) {
        const Deployment *d = c->typed;
        struct selector sel;
        if (selector_of(&a, d->spec.selector, &sel, NULL) == 0 && !selector_empty(&sel) &&
            selector_matches(&sel, &rs->metadata.labels))
            queue_key(run, c->key);
    }
    arena_done(&a);
}

static void set_keys(struct controller_run *run, const void *old, const void *new_) {
    const ReplicaSet *was = old, *is = new_;
    if (was)
        queue_controller(run, DEPLOYMENTS, &was->metadata);
    if (!is)
        return;
    if (meta_controller(&is->metadata))
        queue_controller(run, DEPLOYMENTS, &is->metadata);
    else if (!was || meta_controller(&was->metadata) ||
             !same_labels(&was->metadata.labels, &is->metadata.labels))
        queue_matching(run, is);
}

/* Recreate waits for the last old pod to end; nothing else here looks at pods. */
static void pod_keys(struct controller_run *run, const void *old, const void *new_) {
    struct deployments *s = run_state(run);
    const Pod *was = old, *is = new_;
    const OwnerReference *o = was ? meta_controller(&was->metadata) : NULL;
    bool ended = was && (!is || (pod_terminal(is) && !pod_terminal(was)));
    if (!ended || !o || !owner_is(o, SETS))
        return;
    struct arena a;
    arena_init(&a, 0);
    str key = meta_key(&a, &(ObjectMeta){.namespace_ = was->metadata.namespace_, .name = o->name});
    const ReplicaSet *rs = informer_typed(s->sets, key);
    const OwnerReference *top = rs ? meta_controller(&rs->metadata) : NULL;
    if (top && owner_is(top, DEPLOYMENTS)) {
        key = meta_key(&a, &(ObjectMeta){.namespace_ = rs->metadata.namespace_, .name = top->name});
        const Deployment *d = informer_typed(s->deployments, key);
        if (d && !is_rolling(d))
            queue_key(run, key);
    }
    arena_done(&a);
}

/* ---- the sets of a deployment ---- */

static void on_mine(void *ctx, const void *typed) {
    struct deployment_sync *y = ctx;
    struct set_work *w = arena_make(y->p->arena, struct set_work);
    w->was = typed;
    w->now = *w->was;
    *list_push(y->p->arena, &y->all) = w;
}

static int find_sets(struct deployment_sync *y, const struct selector *sel) {
    struct deployments *s = y->ctx;
    int r = claims_settle(y->p, &(struct ownership){
                                    .owner_resource = DEPLOYMENTS,
                                    .resource = SETS,
                                    .owner = &y->was->metadata,
                                    .selector = sel,
                                    .owned = s->sets_of,
                                    .orphans = s->orphans,
                                    .mine = on_mine,
                                    .ctx = y,
                                });
    sort_by_creation(&y->all);
    return r;
}

/* The oldest set with the deployment's template is the new one. */
static void tell_new_from_old(struct deployment_sync *y) {
    y->new_ = NULL;
    y->old.n = 0;
    y->old.v = NULL;
    for (uint32_t i = 0; i < y->all.n; i++) {
        struct set_work *w = y->all.v[i];
        if (!y->new_ && same_template(y->p->arena, &w->now.spec.template_, &y->now.spec.template_))
            y->new_ = w;
        else
            *list_push(y->p->arena, &y->old) = w;
    }
}

static int64_t next_revision(const struct deployment_sync *y) {
    int64_t most = 0;
    for (uint32_t i = 0; i < y->old.n; i++)
        most = MAX(most, revision_of(&y->old.v[i]->now.metadata));
    return most + 1;
}

static void take_revision(struct deployment_sync *y, int64_t revision) {
    map_set(y->p->arena, &y->now.metadata.annotations, STR(ANN_REVISION),
            str_printf(y->p->arena, "%lld", (long long)revision));
}

static void progressing(struct deployment_sync *y, const char *status, const char *reason,
                        str message) {
    if (has_progress_deadline(&y->now))
        set_deployment_condition(y, "Progressing", status, reason, message);
}

/* Brings revision and annotations of the new set, and from them the deployment's, up to date. */
static void sync_revision(struct deployment_sync *y) {
    struct set_work *w = y->new_;
    if (!w)
        return;
    annotate_set(y, w, next_revision(y));
    if (w->now.spec.min_ready_seconds != y->now.spec.min_ready_seconds) {
        w->now.spec.min_ready_seconds = y->now.spec.min_ready_seconds;
        w->changed = true;
    }
    take_revision(y, revision_of(&w->now.metadata));
    if (!deployment_condition(&y->now.status, "Progressing"))
        progressing(y, "True", "FoundNewReplicaSet",
                    str_printf(y->p->arena, "Found new replica set \"" STR_FMT "\"",
                               STR_ARG(w->now.metadata.name)));
}

/* ---- a new set ---- */

static void fill_new_set(struct deployment_sync *y, ReplicaSet *rs, str name, str hash) {
    struct arena *a = y->p->arena;
    const Deployment *d = &y->now;
    OwnerReference *ref = arena_make(a, OwnerReference);
    LabelSelector *selector = arena_make(a, LabelSelector);
    *ref = controller_ref(a, DEPLOYMENTS, &d->metadata);
    *selector = *d->spec.selector;
    map_set(a, &selector->match_labels, STR(LABEL_HASH), hash);
    rs->spec.template_ = d->spec.template_;
    map_set(a, &rs->spec.template_.metadata.labels, STR(LABEL_HASH), hash);
    rs->spec.selector = selector;
    rs->spec.min_ready_seconds = d->spec.min_ready_seconds;
    rs->metadata.name = name;
    rs->metadata.namespace_ = d->metadata.namespace_;
    rs->metadata.labels = rs->spec.template_.metadata.labels;
    rs->metadata.owner_references.v = ref;
    rs->metadata.owner_references.n = 1;
}

/* False when the name is another's: then the next run tries another hash. */
static bool make_new_set(struct deployment_sync *y) {
    struct deployments *s = y->ctx;
    struct arena *a = y->p->arena;
    const ObjectMeta *m = &y->now.metadata;
    str hash = template_hash(a, &y->now.spec.template_, y->now.status.collision_count);
    str name = str_printf(a, STR_FMT "-" STR_FMT, STR_ARG(m->name), STR_ARG(hash));
    if (informer_get(s->sets,
                     meta_key(a, &(ObjectMeta){.namespace_ = m->namespace_, .name = name}))) {
        y->now.status.collision_count =
            (struct opt_i32){true, opt_or(y->now.status.collision_count, 0) + 1};
        return false;
    }
    struct set_work *w = arena_make(a, struct set_work);
    fill_new_set(y, &w->now, name, hash);
    int64_t revision = next_revision(y);
    w->now.spec.replicas = (struct opt_i32){true, new_set_replicas(y, 0)};
    annotate_set(y, w, revision);
    w->changed = true;
    y->new_ = w;
    *list_push(a, &y->all) = w;
    take_revision(y, revision);
    if (y->create_failed)
        progressing(y, "False", "ReplicaSetCreateError",
                    str_printf(a, "Failed to create new replica set \"" STR_FMT "\": " STR_FMT,
                               STR_ARG(name), STR_ARG(y->p->last_error->message)));
    else
        progressing(y, "True", "NewReplicaSetCreated",
                    str_printf(a, "Created new replica set \"" STR_FMT "\"", STR_ARG(name)));
    return true;
}

/* ---- rollback ---- */

static void clear_rollback(struct deployment_sync *y) {
    map_unset(y->p->arena, &y->now.metadata.annotations, STR(ANN_ROLLBACK));
    plan_update(y->p, DEPLOYMENTS, NULL, &y->now);
}

static int64_t last_revision(const struct deployment_sync *y) {
    int64_t most = 0, second = 0;
    for (uint32_t i = 0; i < y->all.n; i++) {
        int64_t v = revision_of(&y->all.v[i]->now.metadata);
        if (v >= most) {
            second = most;
            most = v;
        } else if (v > second) {
            second = v;
        }
    }
    return second;
}

/* Annotations of the old set replace those of the deployment, but for the bookkeeping. */
static void take_annotations(struct deployment_sync *y, const ReplicaSet *rs) {
    static const char *const kept[] = {ANN_LAST, ANN_REVISION, ANN_HISTORY, ANN_DESIRED,
                                       ANN_MAX,  ANN_ROLLBACK, NULL};
    struct arena *a = y->p->arena;
    const str_map *old = &y->was->metadata.annotations, *from = &rs->metadata.annotations;
    str_map out = {0};
    for (uint32_t i = 0; i < old->n; i++)
        if (str_in(old->v[i].key, kept))
            map_set(a, &out, old->v[i].key, old->v[i].value);
    for (uint32_t i = 0; i < from->n; i++)
        if (!str_in(from->v[i].key, kept))
            map_set(a, &out, from->v[i].key, from->v[i].value);
    y->now.metadata.annotations = out;
}

static void rollback(struct deployment_sync *y, int64_t to) {
    const ObjectMeta *m = &y->was->metadata;
    bool last = to == 0;
    if (last)
        to = last_revision(y);
    const ReplicaSet *rs = NULL;
    for (uint32_t i = 0; i < y->all.n && to; i++)
        if (revision_of(&y->all.v[i]->now.metadata) == to)
            rs = &y->all.v[i]->now;
    if (!rs) {
        plan_event(y->p, DEPLOYMENTS, m, "Warning", "DeploymentRollbackRevisionNotFound", "%s",
                   last && !to ? "Unable to find last revision."
                               : "Unable to find the revision to rollback to.");
    } else if (same_template(y->p->arena, &y->was->spec.template_, &rs->spec.template_)) {
        plan_event(y->p, DEPLOYMENTS, m, "Warning", "DeploymentRollbackTemplateUnchanged",
                   "The rollback revision contains the same template as current deployment "
                   "\"" STR_FMT "\"",
                   STR_ARG(m->name));
    } else {
        y->now.spec.template_ = rs->spec.template_;
        map_unset(y->p->arena, &y->now.spec.template_.metadata.labels, STR(LABEL_HASH));
        take_annotations(y, rs);
        plan_event(y->p, DEPLOYMENTS, m, "Normal", "DeploymentRollback",
                   "Rolled back deployment \"" STR_FMT "\" to revision %lld", STR_ARG(m->name),
                   (long long)to);
    }
    clear_rollback(y);
}

/* ---- clean-up ---- */

static void clean_up(struct deployment_sync *y) {
    struct opt_i32 limit = y->now.spec.revision_history_limit;
    if (!limit.set || limit.v == INT32_MAX)
        return;
    struct sets can = {0};
    for (uint32_t i = 0; i < y->old.n; i++)
        if (!y->old.v[i]->now.metadata.deletion_timestamp.set)
            *list_push(y->p->arena, &can) = y->old.v[i];
    sort_by_revision(&can);
    for (uint32_t i = 0; i + (uint32_t)MAX(limit.v, 0) < can.n; i++) {
        struct set_work *w = can.v[i];
        if (w->now.status.replicas == 0 && set_replicas(w) == 0 && !w->changed &&
            w->now.metadata.generation <= w->now.status.observed_generation)
            w->removed = true;
    }
}

/* ---- writing ---- */

static void tell_scaled(struct deployment_sync *y, const struct set_work *w) {
    int32_t from = w->was ? opt_or(w->was->spec.replicas, 1) : 0, to = set_replicas(w);
    if (from == to)
        return;
    plan_write_event(y->p, false, DEPLOYMENTS, &y->was->metadata, "Normal", "ScalingReplicaSet",
                     "Scaled %s replica set " STR_FMT " from %d to %d", to > from ? "up" : "down",
                     STR_ARG(w->now.metadata.name), from, to);
}

static void write_set(struct deployment_sync *y, const struct set_work *w) {
    if (w->removed) {
        plan_delete(y->p, SETS, &w->now.metadata, -1, NULL);
    } else if (w->changed && w->was) {
        plan_update(y->p, SETS, NULL, &w->now);
        tell_scaled(y, w);
    } else if (w->changed) {
        plan_create(y->p, SETS, w->now.metadata.namespace_, &w->now);
        tell_scaled(y, w);
        plan_write_event(
            y->p, true, DEPLOYMENTS, &y->was->metadata, "Warning", "ReplicaSetCreateError",
            "Failed to create new replica set \"" STR_FMT "\"", STR_ARG(w->now.metadata.name));
    }
}

static void write_status(struct deployment_sync *y) {
    str was = label_get(&y->was->metadata.annotations, STR(ANN_REVISION));
    str now = label_get(&y->now.metadata.annotations, STR(ANN_REVISION));
    if (!str_eq(was, now) || !api_equal(&DeploymentStatus_type, &y->was->status, &y->now.status))
        plan_update(y->p, DEPLOYMENTS, "status", &y->now);
}

static void write(struct deployment_sync *y) {
    if (y->create_failed) { /* or the reason would never be told */
        write_status(y);
        plan_next_group(y->p);
    }
    for (uint32_t i = 0; i < y->all.n && !plan_full(y->p); i++)
        write_set(y, y->all.v[i]);
    plan_next_group(y->p);
    if (!y->create_failed)
        write_status(y);
}

/* ---- a run ---- */

/* Whether pods of old sets are still there, ended ones aside. */
static bool old_pods_run(struct deployment_sync *y) {
    struct deployments *s = y->ctx;
    if (sum_actual(&y->old) > 0)
        return true;
    for (uint32_t i = 0; i < y->old.n; i++) {
        struct cached *c;
        for (struct index_cursor at = index_find(s->pods_of, y->old.v[i]->now.metadata.uid);
             (c = index_next(&at));)
            if (!pod_terminal(c->typed))
                return true;
    }
    return false;
}

/* Ends without a new set only when its name was taken: the count of collisions is all to write. */
static void roll_out(struct deployment_sync *y) {
    bool rolling = is_rolling(&y->now), scaled = false;
    if (!rolling) {
        scaled = recreate_scale_down(y);
        if (scaled || old_pods_run(y)) {
            sync_status(y, true);
            return;
        }
    }
    bool made = !y->new_;
    if (made && !make_new_set(y))
        return;
    if (y->create_failed && made)
        return;
    if (rolling)
        scaled = rollout_rolling(y);
    else
        recreate_scale_up(y);
    sync_status(y, true);
    if (!scaled && deployment_complete(y, &y->was->status))
        clean_up(y);
}

static bool create_failed(const struct plan *p) {
    return p->last_error && p->last_resource == SETS && p->last_verb == REST_CREATE &&
           p->last_error->code != 409;
}

static void sync(struct deployment_sync *y) {
    if (y->was->metadata.deletion_timestamp.set) {
        sync_revision(y);
        sync_status(y, false);
        return;
    }
    note_paused(y);
    sync_revision(y);
    if (y->now.spec.paused || is_scaling_event(y)) {
        scale_deployment(y);
        if (y->now.spec.paused)
            clean_up(y);
        sync_status(y, false);
        return;
    }
    roll_out(y);
}

static void refuse_all(struct plan *p, const Deployment *d) {
    plan_event(p, DEPLOYMENTS, &d->metadata, "Warning", "SelectingAll",
               "This deployment is selecting all pods. A non-empty selector is required.");
    if (d->status.observed_generation >= d->metadata.generation)
        return;
    Deployment now = *d;
    now.status.observed_generation = d->metadata.generation;
    plan_update(p, DEPLOYMENTS, "status", &now);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct deployments *s = state;
    const Deployment *d = informer_typed(s->deployments, key);
    struct selector sel;
    struct err e = {0};
    int64_t to;
    if (!d)
        return 0;
    if (selector_of(p->arena, d->spec.selector, &sel, &e) < 0)
        return plan_reject(p, -EINVAL, "selector: %s", e.text);
    if (selector_empty(&sel)) {
        refuse_all(p, d);
        return 0;
    }
    struct deployment_sync y = {
        .p = p, .was = d, .now = *d, .ctx = s, .create_failed = create_failed(p)};
    if (find_sets(&y, &sel) <= 0)
        return 0;
    tell_new_from_old(&y);
    if (!d->metadata.deletion_timestamp.set && !d->spec.paused &&
        annotation_number(&d->metadata, ANN_ROLLBACK, &to)) {
        rollback(&y, to);
        return 0;
    }
    sync(&y);
    write(&y);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(apps_v1_deployments), .keys = keys_self},
    {.resource = RESOURCE_OF(apps_v1_replicasets), .keys = set_keys},
    {.resource = RESOURCE_OF(core_v1_pods), .keys = pod_keys, .fields = FIELDS("status.phase")},
    {.resource = NULL},
};

const struct controller deployment_controller = {
    .name = "deployment-controller",
    .queue = "deployment",
    .watches = watches,
    .state_size = sizeof(struct deployments),
    .start = start,
    .reconcile = reconcile,
};
