// SPDX-License-Identifier: Apache-2.0
/* DELETE. An object goes at once unless somebody has still to see to it: then it is marked with
 * deletionTimestamp, and the write that takes away the last reason removes it (prepare.c). Reasons:
 * finalizers, the grace period of a running pod, the content of a namespace. */
#include "apiserver/verbs/delete.h"
#include "apiserver/encoding/decode.h"

#define IGNORE_STORE_READ_ERROR "ignoreStoreReadErrorWithClusterBreakingPotential"
#define FINALIZER_ORPHAN        STR("orphan")
#define FINALIZER_FOREGROUND    STR("foregroundDeletion")

static bool has(const str_list *l, str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

/* ---- options ---- */

static void validate_options(struct field_errors *fe, const DeleteOptions *o) {
    static const char *const policies[] = {"Foreground", "Background", "Orphan", "nil", NULL};
    const struct field_path *p = PATH(NULL, "propagationPolicy");
    if (o->orphan_dependents.set && o->propagation_policy.p)
        field_invalid(fe, p, o->propagation_policy,
                      "orphanDependents and deletionPropagation cannot be both set");
    else if (o->propagation_policy.p &&
             (!str_in(o->propagation_policy, policies) || str_eqc(o->propagation_policy, "nil")))
        field_not_supported(fe, p, o->propagation_policy, policies);
    check_dry_run(fe, &o->dry_run);
    /* Every stored object can be read, so there is none that it could be meant for. */
    if (o->ignore_store_read_error_with_cluster_breaking_potential.v)
        field_invalid_printed(
            fe, PATH(NULL, IGNORE_STORE_READ_ERROR), STR("true"),
            "is exclusively used to delete corrupt object(s), try again by removing "
            "this option");
}

static enum phase_result options_of_query(struct request *r, DeleteOptions *o) {
    const struct query *q = &r->query;
    str v = query_get(q, "gracePeriodSeconds"), error;
    if (v.n) {
        if (go_parse_int(r->arena, v, &o->grace_period_seconds.v, &error) < 0)
            return respond_status(r, status_bad_request(r->arena, STR_FMT, STR_ARG(error)));
        o->grace_period_seconds.set = true;
    }
    if (query_has(q, "propagationPolicy"))
        o->propagation_policy = query_get(q, "propagationPolicy");
    if (query_has(q, "orphanDependents"))
        o->orphan_dependents = (struct opt_bool){true, query_bool(q, "orphanDependents")};
    if (query_has(q, IGNORE_STORE_READ_ERROR))
        o->ignore_store_read_error_with_cluster_breaking_potential =
            (struct opt_bool){true, query_bool(q, IGNORE_STORE_READ_ERROR)};
    o->dry_run = query_all(r->arena, q, "dryRun");
    return PHASE_NEXT;
}

enum phase_result read_delete_options(struct request *r, DeleteOptions *ret) {
    Status *s = NULL;
    if (decode_delete_options(r, ret, &s) < 0)
        return respond_status(r, s);
    if (!r->body.n) {
        enum phase_result result = options_of_query(r, ret);
        if (result != PHASE_NEXT)
            return result;
    }
    struct field_errors fe = {.arena = r->arena};
    validate_options(&fe, ret);
    if (fe.list.n)
        return respond_status(r, options_invalid(r->arena, "DeleteOptions", &fe));
    r->dry_run = ret->dry_run.n > 0;
    return PHASE_NEXT;
}

/* ---- what deletion makes of an object ---- */

static bool should_orphan(const struct write *w, const DeleteOptions *o, const ObjectMeta *m) {
    if (w->st->propagation == PROPAGATION_NONE)
        return false;
    if (o->orphan_dependents.set)
        return o->orphan_dependents.v;
    if (o->propagation_policy.p)
        return str_eqc(o->propagation_policy, "Orphan");
    if (has(&m->finalizers, FINALIZER_ORPHAN))
        return true;
    if (has(&m->finalizers, FINALIZER_FOREGROUND))
        return false;
    return w->st->propagation == PROPAGATION_ORPHAN;
}

static bool should_foreground(const struct write *w, const DeleteOptions *o, const ObjectMeta *m) {
    if (w->st->propagation == PROPAGATION_NONE || o->orphan_dependents.set)
        return false;
    if (o->propagation_policy.p)
        return str_eqc(o->propagation_policy, "Foreground");
    return has(&m->finalizers, FINALIZER_FOREGROUND) && !has(&m->finalizers, FINALIZER_ORPHAN);
}

/* Garbage collection's finalizers as the options want them. True when that changes anything. */
static bool set_finalizers(struct write *w, const DeleteOptions *o, ObjectMeta *m) {
    bool orphan = should_orphan(w, o, m), foreground = should_foreground(w, o, m);
    bool changed = orphan != has(&m->finalizers, FINALIZER_ORPHAN) ||
                   foreground != has(&m->finalizers, FINALIZER_FOREGROUND);
    if (!changed)
        return false;
    str_list out = {NULL, 0};
    for (uint32_t i = 0; i < m->finalizers.n; i++) {
        str f = m->finalizers.v[i];
        if (!str_eq(f, FINALIZER_ORPHAN) && !str_eq(f, FINALIZER_FOREGROUND))
            *list_push(w->r->arena, &out) = f;
    }
    if (orphan)
        *list_push(w->r->arena, &out) = FINALIZER_ORPHAN;
    if (foreground)
        *list_push(w->r->arena, &out) = FINALIZER_FOREGROUND;
    m->finalizers = out;
    return true;
}

static enum step_result check_preconditions(struct write *w, const DeleteOptions *o,
                                            const ObjectMeta *m) {
    const Preconditions *p = o->preconditions;
    struct arena *a = w->r->arena;
    if (!p)
        return STEP_NEXT;
    str why = STR_NONE;
    if (p->uid.p && !str_eq(p->uid, m->uid))
        why = str_printf(a,
                         "the UID in the precondition (" STR_FMT
                         ") does not match the UID in record (" STR_FMT
                         "). The object might have been deleted and then recreated",
                         STR_ARG(p->uid), STR_ARG(m->uid));
    else if (p->resource_version.p && !str_eq(p->resource_version, m->resource_version))
        why = str_printf(a,
                         "the ResourceVersion in the precondition (" STR_FMT
                         ") does not match the ResourceVersion in record (" STR_FMT
                         "). The object might have been modified",
                         STR_ARG(p->resource_version), STR_ARG(m->resource_version));
    if (!why.p)
        return STEP_NEXT;
    return write_fail(
        w, status_conflict_of(a, str_of(w->res->group), str_of(w->res->kind), m->name, why.p));
}

static void begin(struct write *w, ObjectMeta *m, int64_t grace) {
    if (m->generation > 0)
        m->generation++;
    m->deletion_timestamp = time_of_ns(loop_wall(w->r->server->loop) + grace * NSEC_PER_SEC);
    m->deletion_grace_period_seconds = (struct opt_i64){true, grace};
}

/* A pod that is deleted for the first time: how long may it take to stop? */
static int64_t pod_grace(const Pod *p, const DeleteOptions *o) {
    int64_t grace =
        opt_or(o->grace_period_seconds, opt_or(p->spec.termination_grace_period_seconds, 30));
    if (!p->spec.node_name.n || str_eqc(p->status.phase, "Succeeded") ||
        str_eqc(p->status.phase, "Failed"))
        return 0;
    return grace < 0 ? 1 : grace;
}

enum grace { GRACE_NONE, GRACE_BEGINS, GRACE_RUNS };

/* Graceful deletion of pods; a second request may only shorten it. */
static enum grace graceful(struct write *w, const DeleteOptions *o, Pod *p) {
    ObjectMeta *m = &p->metadata;
    if (!resource_is(w->st, RESOURCE_GRACEFUL))
        return GRACE_NONE;
    if (!m->deletion_timestamp.set) {
        begin(w, m, pod_grace(p, o));
        return GRACE_BEGINS;
    }
    if (!m->deletion_grace_period_seconds.set)
        return GRACE_NONE;
    int64_t now = m->deletion_grace_period_seconds.v;
    if (!o->grace_period_seconds.set || MAX(o->grace_period_seconds.v, 0) >= now)
        return GRACE_RUNS;
    int64_t wanted = o->grace_period_seconds.v < 0 ? 1 : o->grace_period_seconds.v;
    if (wanted >= now)
        return GRACE_RUNS;
    m->deletion_timestamp.sec += wanted - now;
    m->deletion_grace_period_seconds.v = wanted;
    return GRACE_BEGINS;
}

/* The object stays as it is: a deletion that is under way already. */
static enum step_result unchanged(struct write *w) {
    w->result = object_ref(w->current);
    w->unchanged = true;
    return STEP_STOP;
}

static enum step_result delete_namespace(struct write *w, Namespace *ns) {
    if (ns->metadata.deletion_timestamp.set && ns->spec.finalizers.n)
        return unchanged(w);
    if (!ns->metadata.deletion_timestamp.set) {
        ns->metadata.deletion_timestamp = time_of_ns(loop_wall(w->r->server->loop));
        ns->status.phase = STR("Terminating");
        if (ns->spec.finalizers.n || ns->metadata.finalizers.n)
            return STEP_NEXT;
    }
    w->deletes = !ns->spec.finalizers.n && !ns->metadata.finalizers.n;
    return w->deletes ? STEP_NEXT : unchanged(w);
}

enum step_result build_delete(struct write *w) {
    const DeleteOptions *o = w->data;
    struct request *r = w->r;
    w->obj = arena_dup(r->arena, w->old, w->st->type->size);
    ObjectMeta *m = w->obj;
    enum step_result s = check_preconditions(w, o, m);
    if (s != STEP_NEXT)
        return s;
    if (w->st == RESOURCE_OF(core_v1_namespaces))
        return delete_namespace(w, w->obj);
    enum grace g = graceful(w, o, w->obj);
    if (g == GRACE_RUNS)
        return unchanged(w);
    bool changed = set_finalizers(w, o, m);
    if (g == GRACE_BEGINS) {
        w->deletes = m->deletion_grace_period_seconds.v == 0 && !m->finalizers.n;
        return STEP_NEXT;
    }
    if (!m->finalizers.n) {
        w->deletes = true;
        w->obj = NULL;
        return STEP_NEXT;
    }
    if (m->deletion_timestamp.set && !changed)
        return unchanged(w);
    if (!m->deletion_timestamp.set)
        begin(w, m, 0);
    m->deletion_grace_period_seconds = (struct opt_i64){true, 0};
    return STEP_NEXT;
}

/* Success with details, or the object where the kind answers with it or it is still there. */
static void answer(struct write *w) {
    struct request *r = w->r;
    bool gone = w->deletes || (w->dry_run && !w->result);
    if (w->status || !gone || resource_is(w->res, RESOURCE_DELETE_OBJECT)) {
        w->op = WRITE_DELETE;
        w->created = false;
        write_answer(w);
        return;
    }
    const ObjectMeta *m = w->old;
    Status *s = status_success(r->arena);
    s->details = arena_make(r->arena, StatusDetails);
    s->details->name = m->name;
    s->details->group = str_of(w->res->group);
    s->details->kind = str_of(w->res->plural);
    s->details->uid = m->uid;
    respond_status(r, s);
}

enum phase_result verb_delete(struct request *r) {
    DeleteOptions *o = arena_make(r->arena, DeleteOptions);
    enum phase_result result = read_delete_options(r, o);
    if (result != PHASE_NEXT)
        return result;
    struct write *w = write_new(r, WRITE_DELETE, r->info.name);
    w->build = build_delete;
    w->data = o;
    w->done = answer;
    return write_phase(w);
}
