// SPDX-License-Identifier: Apache-2.0
/* Empties a namespace that is being deleted, then lets it go.
 *
 * Each round deletes the collections of one stage and counts what is left of them: pods first (so
 * that nothing they use goes before them), then every other namespaced resource. Counting is by
 * live lists, as many as there are resources, because a cache might not know yet what is there. A
 * stage with remains ends the round; it is taken up again after half of what the remains will need.
 * The API server refuses new objects meanwhile, so a stage that was empty stays so. */
#include <stdlib.h>

#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "schema/ops.h"

#define NAMESPACES      RESOURCE_OF(core_v1_namespaces)
#define PODS            RESOURCE_OF(core_v1_pods)
#define FINALIZER       "kubernetes"
#define FINALIZER_GUESS 15 /* seconds that whatever has a finalizer is expected to need */

struct namespaces {
    struct informer *namespaces;
};

static void start(struct controller_run *run, void *state) {
    struct namespaces *s = state;
    s->namespaces = run_informer(run, NAMESPACES);
}

static void ns_keys(struct controller_run *run, const void *old, const void *new_) {
    if (new_ && ((const ObjectMeta *)new_)->deletion_timestamp.set)
        keys_self(run, old, new_);
}

/* A pod's end may be what a namespace waits for. */
static void pod_keys(struct controller_run *run, const void *old, const void *new_) {
    struct namespaces *s = run_state(run);
    if (new_)
        return;
    str name = ((const ObjectMeta *)old)->namespace_;
    const Namespace *ns = informer_typed(s->namespaces, name);
    if (ns && ns->metadata.deletion_timestamp.set)
        queue_key(run, name);
}

/* ---- a round ---- */

struct remains {
    str name;
    uint32_t n;
};

struct round {
    struct plan *p;
    const Namespace *was;
    Namespace now;
    bool awaited; /* an answer is still to come */
    bool failed;  /* one said that it cannot be told */
    str failure;
    uint32_t left;
    int64_t seconds; /* that what is left may need */
    struct {
        struct remains *v;
        uint32_t n;
    } resources, finalizers;
};

static bool is_deletable(const struct api_resource *r) {
    return r->type && r->storage == r && resource_is(r, RESOURCE_NAMESPACED) &&
           resource_is(r, RESOURCE_ON) && resource_can(r, VERB_DELETE) &&
           resource_can(r, VERB_LIST);
}

static void add_finalizer(struct round *y, str name) {
    for (uint32_t i = 0; i < y->finalizers.n; i++)
        if (str_eq(y->finalizers.v[i].name, name)) {
            y->finalizers.v[i].n++;
            return;
        }
    *list_push(y->p->arena, &y->finalizers) = (struct remains){name, 1};
}

static void count(struct round *y, const struct api_resource *r,
                  const PartialObjectMetadataList *list) {
    if (!list->items.n)
        return;
    str name = str_printf(y->p->arena, "%s.%s", r->plural, r->group);
    *list_push(y->p->arena, &y->resources) = (struct remains){name, list->items.n};
    y->left += list->items.n;
    for (uint32_t i = 0; i < list->items.n; i++) {
        const ObjectMeta *m = &list->items.v[i].metadata;
        y->seconds = MAX(y->seconds, opt_or(m->deletion_grace_period_seconds, 0));
        if (m->finalizers.n)
            y->seconds = MAX(y->seconds, FINALIZER_GUESS);
        for (uint32_t f = 0; f < m->finalizers.n; f++)
            add_finalizer(y, m->finalizers.v[f]);
    }
}

/* What there is of a resource. True when the answer is there. */
static bool look(struct round *y, const struct api_resource *r) {
    const char *question = str_printf(y->p->arena, "%s.%s", r->plural, r->group).p;
    const struct rest_result *res = plan_need(y->p, question,
                                              &(struct rest_request){
                                                  .verb = REST_LIST,
                                                  .resource = r,
                                                  .ns = y->was->metadata.name,
                                                  .metadata_only = true,
                                              });
    if (!res)
        return false;
    if (res->object) {
        count(y, r, res->object);
    } else if (res->code != 404 && res->code != 405) {
        y->failed = true;
        y->failure = res->status ? res->status->message : STR("no answer");
    }
    return true;
}

static void delete_collection(struct round *y, const struct api_resource *r) {
    plan_request(y->p, &(struct rest_request){.verb = REST_DELETE,
                                              .resource = r,
                                              .ns = y->was->metadata.name,
                                              .result_type = r->list_type});
}

/* True when a live list found the stage empty; otherwise its deletion is on the way, or what is
 * left was counted. */
static bool stage(struct round *y, bool pods) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (!is_deletable(r) || (r == PODS) != pods)
            continue;
        if (look(y, r))
            continue;
        y->awaited = true;
        if (resource_can(r, VERB_DELETECOLLECTION))
            delete_collection(y, r);
    }
    return !y->awaited && !y->left && !y->failed;
}

/* Whether this run was given the answers of the second stage. */
static bool at_second_stage(struct round *y) {
    return plan_answered(y->p, "configmaps.");
}

/* ---- conditions ---- */

static void set_condition(struct round *y, const char *type, bool on, const char *reason,
                          str message) {
    NamespaceStatus *s = &y->now.status;
    NamespaceCondition c = {
        .type = str_of(type),
        .status = on ? STR("True") : STR("False"),
        .last_transition_time = plan_time(y->p),
        .reason = str_of(reason),
        .message = message,
    };
    for (uint32_t i = 0; i < s->conditions.n; i++) {
        NamespaceCondition *old = &s->conditions.v[i];
        if (!str_eqc(old->type, type))
            continue;
        if (str_eq(old->status, c.status))
            c.last_transition_time = old->last_transition_time;
        *old = c;
        return;
    }
    s->conditions.v[s->conditions.n++] = c; /* there is room, see tell() */
}

static int by_name(const void *x, const void *y) {
    return str_cmp(((const struct remains *)x)->name, ((const struct remains *)y)->name);
}

static str join(struct round *y, struct remains *v, uint32_t n, const char *fmt) {
    struct buf b;
    buf_init(&b, 0);
    if (n > 1)
        qsort(v, n, sizeof(*v), by_name);
    for (uint32_t i = 0; i < n; i++) {
        if (i)
            buf_adds(&b, ", ");
        buf_printf(&b, fmt, STR_ARG(v[i].name), v[i].n);
    }
    str out = str_dup(y->p->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

static void set_conditions(struct round *y) {
    struct arena *a = y->p->arena;
    set_condition(y, "NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered",
                  STR("All resources successfully discovered"));
    set_condition(y, "NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
                  STR("All legacy kube types successfully parsed"));
    if (y->failed)
        set_condition(y, "NamespaceDeletionContentFailure", true, "ContentDeletionFailed",
                      str_printf(a, "Failed to delete all resource types, 1 remaining: " STR_FMT,
                                 STR_ARG(y->failure)));
    else
        set_condition(y, "NamespaceDeletionContentFailure", false, "ContentDeleted",
                      STR("All content successfully deleted, may be waiting on finalization"));
    str list = join(y, y->resources.v, y->resources.n, STR_FMT " has %u resource instances");
    if (y->resources.n)
        set_condition(y, "NamespaceContentRemaining", true, "SomeResourcesRemain",
                      str_concat(a, STR("Some resources are remaining: "), list));
    else
        set_condition(y, "NamespaceContentRemaining", false, "ContentRemoved",
                      STR("All content successfully removed"));
    list = join(y, y->finalizers.v, y->finalizers.n, STR_FMT " in %u resource instances");
    if (y->finalizers.n)
        set_condition(
            y, "NamespaceFinalizersRemaining", true, "SomeFinalizersRemain",
            str_concat(a, STR("Some content in the namespace has finalizers remaining: "), list));
    else
        set_condition(y, "NamespaceFinalizersRemaining", false, "ContentHasNoFinalizers",
                      STR("All content-preserving finalizers finished"));
}

#define CONDITIONS 5

static void tell(struct round *y) {
    const NamespaceStatus *old = &y->was->status;
    NamespaceCondition *v = arena_array(y->p->arena, old->conditions.n + CONDITIONS, sizeof(*v));
    for (uint32_t i = 0; i < old->conditions.n; i++)
        v[i] = old->conditions.v[i];
    y->now.status.conditions.v = v;
    y->now.status.phase = STR("Terminating");
    set_conditions(y);
    if (!api_equal(&NamespaceStatus_type, old, &y->now.status))
        plan_update(y->p, NAMESPACES, "status", &y->now);
}

/* ---- the end ---- */

static void finalize(struct round *y) {
    Namespace now = *y->was;
    str_list left = {0};
    for (uint32_t i = 0; i < now.spec.finalizers.n; i++)
        if (!str_eqc(now.spec.finalizers.v[i], FINALIZER))
            *list_push(y->p->arena, &left) = now.spec.finalizers.v[i];
    now.spec.finalizers.v = left.v;
    now.spec.finalizers.n = left.n;
    plan_update(y->p, NAMESPACES, "finalize", &now);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct namespaces *s = state;
    struct round y = {.p = p, .was = informer_typed(s->namespaces, key)};
    if (!y.was || !y.was->metadata.deletion_timestamp.set || !y.was->spec.finalizers.n)
        return 0;
    y.now = *y.was;
    bool empty = at_second_stage(&y) || stage(&y, true);
    if (empty)
        empty = stage(&y, false);
    if (y.awaited)
        return 0;
    if (empty) {
        finalize(&y);
        return 0;
    }
    tell(&y);
    plan_requeue_after(p, (y.seconds / 2 + 1) * NSEC_PER_SEC);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(core_v1_namespaces), .keys = ns_keys},
    {.resource = RESOURCE_OF(core_v1_pods), .keys = pod_keys, .metadata_only = true},
    {.resource = NULL},
};

const struct controller namespace_controller = {
    .name = "namespace-controller",
    .queue = "namespace",
    .watches = watches,
    .state_size = sizeof(struct namespaces),
    .start = start,
    .reconcile = reconcile,
};
