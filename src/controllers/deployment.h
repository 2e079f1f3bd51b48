// SPDX-License-Identifier: Apache-2.0
/* Between the files of the deployment controller.
 *
 *   deployment.c          a run: whose sets, which is the new one, what is written
 *   deployment_rolling.c  how many replicas each set gets: rolling, recreate, proportional
 *   deployment_status.c   status and conditions
 *   deployment_util.c     hash, revisions, annotations, surge: computations on single objects */
#pragma once

#include "base/vec.h"
#include "controllers/common.h"

#define DEPLOYMENTS RESOURCE_OF(apps_v1_deployments)
#define SETS        RESOURCE_OF(apps_v1_replicasets)

#define ANN_REVISION "deployment.kubernetes.io/revision"
#define ANN_HISTORY  "deployment.kubernetes.io/revision-history"
#define ANN_DESIRED  "deployment.kubernetes.io/desired-replicas"
#define ANN_MAX      "deployment.kubernetes.io/max-replicas"
#define ANN_ROLLBACK "deprecated.deployment.rollback.revision"
#define ANN_LAST     "kubectl.kubernetes.io/last-applied-configuration"
#define LABEL_HASH   "pod-template-hash"

/* A ReplicaSet of the deployment and what becomes of it in this run. */
struct set_work {
    const ReplicaSet *was; /* NULL: to be created */
    ReplicaSet now;        /* shares what did not change with `was` */
    bool changed, removed;
};

struct sets {
    struct set_work **v;
    uint32_t n;
};

struct deployment_sync {
    struct plan *p;
    const Deployment *was;
    Deployment now;  /* annotations and status change; the spec does only by a rollback */
    struct sets all; /* oldest first */
    struct sets old; /* those but the new one, same order */
    struct set_work *new_;
    void *ctx;          /* deployment.c's */
    bool create_failed; /* the new set could not be created last time */
};

/* ---- deployment_util.c ---- */
static inline int32_t set_replicas(const struct set_work *w) {
    return opt_or(w->now.spec.replicas, 1);
}
static inline int32_t wanted_replicas(const struct deployment_sync *y) {
    return opt_or(y->now.spec.replicas, 1);
}
bool is_rolling(const Deployment *d);
int32_t max_surge(const Deployment *d);
int32_t max_unavailable(const Deployment *d);
bool has_progress_deadline(const Deployment *d);
str template_hash(struct arena *a, const PodTemplateSpec *t, struct opt_i32 collisions);
/* Equal but for the hash label. */
bool same_template(struct arena *a, const PodTemplateSpec *x, const PodTemplateSpec *y);
int64_t revision_of(const ObjectMeta *m);
/* The number in an annotation; false when there is none. */
bool annotation_number(const ObjectMeta *m, const char *key, int64_t *ret);
/* Copies what a set takes over from its deployment and its revision. */
void annotate_set(struct deployment_sync *y, struct set_work *w, int64_t revision);
/* Sets the two replica counts. */
void annotate_replicas(struct deployment_sync *y, struct set_work *w);
void sort_by_creation(struct sets *s);
void sort_by_revision(struct sets *s);
/* Larger sets first; of equal ones the newer (or the older). */
void sort_by_size(struct sets *s, bool newer_first);
struct sets active_sets(struct arena *a, const struct sets *s);
int32_t sum_replicas(const struct sets *s); /* of the specs */
int32_t sum_actual(const struct sets *s);   /* of the statuses */
int32_t sum_available(const struct sets *s);

/* ---- deployment_rolling.c ---- */
/* How many replicas a new set is made with. */
int32_t new_set_replicas(struct deployment_sync *y, int32_t current);
/* True when a set is scaled by this run. */
bool rollout_rolling(struct deployment_sync *y);
bool recreate_scale_down(struct deployment_sync *y);
void recreate_scale_up(struct deployment_sync *y);
bool is_scaling_event(struct deployment_sync *y);
void scale_deployment(struct deployment_sync *y);

/* ---- deployment_status.c ---- */
const DeploymentCondition *deployment_condition(const DeploymentStatus *s, const char *type);
void set_deployment_condition(struct deployment_sync *y, const char *type, const char *status,
                              const char *reason, str message);
bool deployment_complete(const struct deployment_sync *y, const DeploymentStatus *s);
void note_paused(struct deployment_sync *y);
/* Counts of all sets into y->now.status; the conditions of a rollout too where one goes on. */
void sync_status(struct deployment_sync *y, bool rollout);
