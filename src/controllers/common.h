// SPDX-License-Identifier: Apache-2.0
/* What several controllers need: ownership, pods, conditions, sorted maps. Pure. */
#pragma once

#include "api/selector.h"
#include "client/controller.h"

static inline Time plan_time(const struct plan *p) {
    return (Time){p->now / NSEC_PER_SEC, 0, true};
}
/* ns since 1970; 0 when unset. */
static inline int64_t time_ns(Time t) {
    return t.set ? t.sec * NSEC_PER_SEC + t.nsec : 0;
}
/* -1, 0, 1. */
int time_cmp(Time a, Time b);

/* ---- names and maps ---- */
/* "namespace/name" -> two views. Without a slash the namespace is empty. */
void key_split(str key, str *ret_ns, str *ret_name);
/* Sets key in a map that is kept sorted; the array is copied. True when that changed anything. */
bool map_set(struct arena *a, str_map *m, str key, str value);
/* A copy without the key. */
void map_unset(struct arena *a, str_map *m, str key);
bool has_finalizer(const ObjectMeta *m, const char *name);

/* ---- ownership ---- */
OwnerReference controller_ref(struct arena *a, const struct api_resource *r, const ObjectMeta *m);
bool owner_is(const OwnerReference *o, const struct api_resource *r);
/* Queues the key of the object's controller when that is of this resource. */
void queue_controller(struct controller_run *run, const struct api_resource *r,
                      const ObjectMeta *m);

/* ControllerRefManager: whose is an object? */
enum claim { CLAIM_NONE, CLAIM_OURS, CLAIM_ADOPT, CLAIM_RELEASE };
enum claim claim_of(const ObjectMeta *owner, const struct selector *s, const ObjectMeta *object);
/* Whether the owner lives, asked of the API server: 1 or 0, or -EAGAIN when the answer is still
 * to come (end the reconcile without further writes). */
int owner_lives(struct plan *p, const struct api_resource *r, const ObjectMeta *owner);

/* Adopts and releases what stands under an owner. 1: all is settled, and mine() was called for each
 * object that is the owner's; 0: writes were planned, the rest is for the next run; -EAGAIN: an
 * answer is awaited. */
struct ownership {
    const struct api_resource *owner_resource, *resource;
    const ObjectMeta *owner;
    const struct selector *selector;
    const struct index *owned;   /* index_by_controller_uid */
    const struct index *orphans; /* index_orphans */
    void (*mine)(void *ctx, const void *typed);
    bool (*adoptable)(const void *typed); /* NULL: each */
    void *ctx;
};
int claims_settle(struct plan *p, const struct ownership *c);
/* Objects without a controller, by namespace. */
unsigned index_orphans(const void *typed, str keys[INDEX_KEYS_MAX]);

void claim_adopt(struct plan *p, const struct api_resource *owner_r, const ObjectMeta *owner,
                 const struct api_resource *r, const ObjectMeta *object);
/* Takes the references to this uid away. */
void owner_release(struct plan *p, const struct api_resource *r, const ObjectMeta *object, str uid);
/* The same for several: keep(ctx, ref) tells which stay. */
void owners_filter(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                   bool (*keep)(void *ctx, const OwnerReference *), void *ctx);
/* Patches metadata.finalizers to what they are with `name` at the end. */
void finalizer_add(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                   const char *name);
/* Patches metadata.finalizers to what they are without `name`. */
void finalizer_remove(struct plan *p, const struct api_resource *r, const ObjectMeta *object,
                      const char *name);

bool same_labels(const str_map *a, const str_map *b);

/* ---- pods ---- */
bool pod_terminal(const Pod *pod); /* Succeeded or Failed */
/* Neither terminal nor being deleted. */
bool pod_active(const Pod *pod);
const PodCondition *pod_condition(const Pod *pod, const char *type);
bool pod_ready(const Pod *pod);
/* Ready since min_ready seconds; *ret_wait (may be NULL): how long until it is, -1 when only an
 * event can tell. */
bool pod_available(const Pod *pod, int32_t min_ready, int64_t now, int64_t *ret_wait);
/* JSON text of a merge patch that sets one condition of a pod's status, and its phase unless NULL;
 * for what is about to be deleted. */
str pod_condition_patch(struct arena *a, const Pod *pod, const PodCondition *c, const char *phase);
/* The reason why a pod is about to go: upstream's DisruptionTarget. */
void pod_disrupt(struct plan *p, const Pod *pod, const char *reason, const char *message,
                 const char *phase);
