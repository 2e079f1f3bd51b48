// SPDX-License-Identifier: Apache-2.0
/* Deletes what has lost its owners.
 *
 * The graph of owners is not built: it is there already, in the indexes by owner uid of
 * metadata-only informers. Events say which objects to look at (an owner ended: its dependents;
 * references changed: the object), and a run looks at one:
 *
 *   being deleted, finalizer "orphan"              take it from its dependents, then the finalizer
 *   being deleted, finalizer "foregroundDeletion"  once no dependent blocks, take the finalizer
 *   has owners, none of which is there             delete it
 *   some owners are gone                           take those references away
 *   its owners wait for their dependents to end    delete it, in the foreground where it has some
 *
 * That an owner is gone is believed from a live read only: caches of two resources are not in step,
 * and a dependent is often seen before its owner. Keys are "PLURAL.GROUP/NAMESPACE/NAME". */
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "controllers/resources.h"

#define ORPHAN     "orphan"
#define FOREGROUND "foregroundDeletion"
#define RETRY      (5 * NSEC_PER_SEC)

/* clang-format off */
#define KIND(row) {.resource = RESOURCE_OF(row), .metadata_only = true},
/* clang-format on */
static const struct controller_watch watches[] = {
    MEASURED_RESOURCES(KIND) COUNTED_RESOURCES(KIND) CLUSTER_RESOURCES(KIND){.resource = NULL},
};
#define N_KINDS (ARRAY_LEN(watches) - 1)
_Static_assert(N_KINDS <= CONTROLLER_WATCHES_MAX, "the runner has room for them");

struct collector;
struct kind {
    struct collector *gc;
    const struct api_resource *resource;
    struct informer *informer;
    struct index *dependents;
};
struct collector {
    struct controller_run *run;
    struct kind kinds[N_KINDS];
    struct kind *of[RESOURCE_ID_MAX]; /* by the row of what is stored */
};

/* ---- what is to be looked at ---- */

static void queue_object(struct kind *k, const ObjectMeta *m) {
    struct arena a;
    arena_init(&a, 0);
    str key = meta_key(&a, m);
    queue_key(k->gc->run, str_printf(&a, "%s.%s/" STR_FMT, k->resource->plural, k->resource->group,
                                     STR_ARG(key)));
    arena_done(&a);
}

static void queue_dependents(struct collector *gc, str uid) {
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct cached *c;
        for (struct index_cursor at = index_find(gc->kinds[i].dependents, uid);
             (c = index_next(&at));)
            queue_object(&gc->kinds[i], cached_meta(c));
    }
}

static struct kind *kind_of(struct collector *gc, const struct api_resource *r) {
    return r && r->storage ? gc->of[r->storage - api_resources] : NULL;
}

static const struct api_resource *owner_resource(const OwnerReference *o) {
    str rest = o->api_version;
    str group = str_chr(rest, '/') < 0 ? STR("") : str_cut(&rest, '/');
    const struct api_resource *r = resource_of_kind(group, rest, o->kind);
    return r && r->type ? r : NULL;
}

static const ObjectMeta *cached_owner(struct collector *gc, struct arena *a, str ns,
                                      const OwnerReference *o, struct kind **ret) {
    const struct api_resource *r = owner_resource(o);
    struct kind *k = kind_of(gc, r);
    if (!k)
        return NULL;
    ObjectMeta m = {.name = o->name};
    if (resource_is(r, RESOURCE_NAMESPACED))
        m.namespace_ = ns;
    const ObjectMeta *owner = informer_typed(k->informer, meta_key(a, &m));
    *ret = k;
    return owner && str_eq(owner->uid, o->uid) ? owner : NULL;
}

/* Owners that wait for their dependents to end. */
static void queue_waiting_owners(struct collector *gc, const ObjectMeta *m) {
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t i = 0; i < m->owner_references.n; i++) {
        struct kind *k;
        const ObjectMeta *owner =
            cached_owner(gc, &a, m->namespace_, &m->owner_references.v[i], &k);
        if (owner && owner->deletion_timestamp.set)
            queue_object(k, owner);
    }
    arena_done(&a);
}

static bool same_owners(const ObjectMeta *a, const ObjectMeta *b) {
    if (a->owner_references.n != b->owner_references.n)
        return false;
    for (uint32_t i = 0; i < a->owner_references.n; i++) {
        const OwnerReference *x = &a->owner_references.v[i], *y = &b->owner_references.v[i];
        if (!str_eq(x->uid, y->uid) ||
            opt_or(x->block_owner_deletion, false) != opt_or(y->block_owner_deletion, false))
            return false;
    }
    return true;
}

static bool waits(const ObjectMeta *m) {
    return m->deletion_timestamp.set && has_finalizer(m, FOREGROUND);
}

static void on_gone(struct kind *k, const ObjectMeta *m) {
    queue_dependents(k->gc, m->uid);
    queue_waiting_owners(k->gc, m);
}

static void on_object(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct kind *k = ctx;
    const ObjectMeta *was = old ? cached_meta(old) : NULL, *is = new_ ? cached_meta(new_) : NULL;
    if (was && (!is || !str_eq(was->uid, is->uid))) {
        on_gone(k, was);
        was = NULL;
    }
    if (!is)
        return;
    bool moved = was && !same_owners(was, is);
    if (moved)
        queue_waiting_owners(k->gc, was);
    if (is->owner_references.n && (!was || moved))
        queue_object(k, is);
    if (is->deletion_timestamp.set && (has_finalizer(is, ORPHAN) || has_finalizer(is, FOREGROUND)))
        queue_object(k, is);
    if (waits(is) && !(was && waits(was)))
        queue_dependents(k->gc, is->uid);
}

static void start(struct controller_run *run, void *state) {
    struct collector *gc = state;
    gc->run = run;
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct kind *k = &gc->kinds[i];
        k->gc = gc;
        k->resource = watches[i].resource;
        gc->of[k->resource - api_resources] = k;
        k->informer = run_informer(run, k->resource);
        k->dependents = informer_index(k->informer, index_by_owner_uid);
    }
    for (unsigned i = 0; i < N_KINDS; i++)
        informer_handle(gc->kinds[i].informer, on_object, &gc->kinds[i]);
}

/* ---- a run ---- */

enum owner { OWNER_SOLID, OWNER_GONE, OWNER_WAITS, OWNER_ASKED };

static enum owner classify(struct collector *gc, struct plan *p, const struct kind *k,
                           const ObjectMeta *m, const OwnerReference *o) {
    const struct api_resource *r = owner_resource(o);
    struct kind *ok;
    if (!r) /* of a kind that is not known here: nothing can be said */
        return OWNER_SOLID;
    bool namespaced = resource_is(r, RESOURCE_NAMESPACED);
    if (namespaced && !m->namespace_.n) {
        plan_event(p, k->resource, m, "Warning", "OwnerRefInvalidNamespace",
                   "ownerRef [%s/%s, namespace: , name: " STR_FMT ", uid: " STR_FMT
                   "] does not exist in namespace \"\"",
                   r->version, r->kind, STR_ARG(o->name), STR_ARG(o->uid));
        return OWNER_SOLID;
    }
    const ObjectMeta *owner = cached_owner(gc, p->arena, m->namespace_, o, &ok);
    if (owner)
        return waits(owner) ? OWNER_WAITS : OWNER_SOLID;
    const struct rest_result *live = plan_need(p, str_cdup(p->arena, o->uid),
                                               &(struct rest_request){
                                                   .verb = REST_GET,
                                                   .resource = r,
                                                   .ns = namespaced ? m->namespace_ : STR_NONE,
                                                   .name = o->name,
                                                   .metadata_only = true,
                                               });
    if (!live)
        return OWNER_ASKED;
    owner = live->object;
    if (live->code == 404 || (owner && !str_eq(owner->uid, o->uid)))
        return OWNER_GONE;
    if (!owner) {
        plan_requeue_after(p, RETRY);
        return OWNER_SOLID;
    }
    return waits(owner) ? OWNER_WAITS : OWNER_SOLID;
}

static bool has_dependents(struct collector *gc, str uid) {
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct index_cursor at = index_find(gc->kinds[i].dependents, uid);
        if (index_next(&at))
            return true;
    }
    return false;
}

static bool blocks(const ObjectMeta *m, str uid) {
    for (uint32_t i = 0; i < m->owner_references.n; i++)
        if (str_eq(m->owner_references.v[i].uid, uid) &&
            opt_or(m->owner_references.v[i].block_owner_deletion, false))
            return true;
    return false;
}

static void end_foreground(struct kind *k, struct plan *p, const ObjectMeta *m) {
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct cached *c;
        for (struct index_cursor at = index_find(k->gc->kinds[i].dependents, m->uid);
             (c = index_next(&at));)
            if (blocks(cached_meta(c), m->uid))
                return;
    }
    finalizer_remove(p, k->resource, m, FOREGROUND);
}

static void orphan_dependents(struct kind *k, struct plan *p, const ObjectMeta *m) {
    for (unsigned i = 0; i < N_KINDS; i++) {
        struct kind *dk = &k->gc->kinds[i];
        struct cached *c;
        for (struct index_cursor at = index_find(dk->dependents, m->uid); (c = index_next(&at));) {
            if (plan_full(p))
                return; /* as each of them changes, the rest comes up again */
            owner_release(p, dk->resource, cached_meta(c), m->uid);
        }
    }
    plan_next_group(p);
    finalizer_remove(p, k->resource, m, ORPHAN);
}

struct owners_of {
    const ObjectMeta *m;
    const enum owner *state;
};

static bool is_solid(void *ctx, const OwnerReference *o) {
    const struct owners_of *w = ctx;
    return w->state[o - w->m->owner_references.v] == OWNER_SOLID;
}

static void look_at_owners(struct kind *k, struct plan *p, const ObjectMeta *m) {
    uint32_t n = m->owner_references.n, count[4] = {0};
    enum owner *state = arena_array(p->arena, n + 1, sizeof(*state));
    for (uint32_t i = 0; i < n; i++)
        count[state[i] = classify(k->gc, p, k, m, &m->owner_references.v[i])]++;
    if (n == 0 || count[OWNER_ASKED] || count[OWNER_SOLID] == n)
        return;
    if (count[OWNER_SOLID])
        owners_filter(p, k->resource, m, is_solid, &(struct owners_of){m, state});
    else if (count[OWNER_WAITS] && has_dependents(k->gc, m->uid))
        plan_delete(p, k->resource, m, -1, "Foreground");
    else
        plan_delete(p, k->resource, m, -1,
                    has_finalizer(m, ORPHAN)       ? "Orphan"
                    : has_finalizer(m, FOREGROUND) ? "Foreground"
                                                   : "Background");
}

static struct kind *kind_named(struct collector *gc, str name) {
    str group = name;
    str plural = str_cut(&group, '.');
    for (unsigned i = 0; i < N_KINDS; i++)
        if (str_eqc(plural, gc->kinds[i].resource->plural) &&
            str_eqc(group, gc->kinds[i].resource->group))
            return &gc->kinds[i];
    return NULL;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct kind *k = kind_named(state, str_cut(&key, '/'));
    const ObjectMeta *m = k ? informer_typed(k->informer, key) : NULL;
    if (!m)
        return 0;
    if (m->deletion_timestamp.set && has_finalizer(m, ORPHAN))
        orphan_dependents(k, p, m);
    else if (waits(m))
        end_foreground(k, p, m);
    else if (!m->deletion_timestamp.set)
        look_at_owners(k, p, m);
    return 0;
}

const struct controller garbage_collector_controller = {
    .name = "garbage-collector-controller",
    .queue = "garbage_collector_attempt_to_delete",
    .watches = watches,
    .state_size = sizeof(struct collector),
    .start = start,
    .reconcile = reconcile,
    .workers = 20,
};
