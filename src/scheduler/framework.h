// SPDX-License-Identifier: Apache-2.0
/* The scheduling framework: extension points and plugin names are upstream's; what differs is that
 * a filter sees all nodes at once (a set of rows) instead of one after the other. Plugins are pure:
 * they read the table and the pod, and write the cycle.
 *
 * A plugin's queueing hint is the set of changes that could make a pod it refused fit. */
#pragma once

#include "scheduler/nodes.h"

#define SCORE_MAX   100
#define REASONS_MAX 64

enum cluster_event {
    EVENT_NODE_ADDED = 1 << 0,
    EVENT_NODE_ALLOCATABLE = 1 << 1,
    EVENT_NODE_LABELS = 1 << 2,
    EVENT_NODE_TAINTS = 1 << 3, /* and unschedulable */
    EVENT_POD_GONE = 1 << 4,    /* from a node: deleted or finished */
    EVENT_POD_BOUND = 1 << 5,
    EVENT_SELF = 1 << 6, /* the pod itself was changed */
    EVENT_TIME = 1 << 7, /* waited long enough */
};

struct reason {
    str text;
    uint32_t n;
};

/* One pod's way through the framework. */
struct cycle {
    struct arena *arena;
    const struct pod_info *pod;
    struct nodes *nodes;
    struct bits feasible;   /* still in the race */
    struct bits resolvable; /* refused, but taking pods away might help (preemption) */
    struct reason reasons[REASONS_MAX];
    unsigned n_reasons;
    uint32_t refused_by; /* bits: indexes of plugins that refused some node */
    unsigned plugin;     /* that runs now */
};

struct plugin {
    const char *name;
    /* PreEnqueue: false keeps the pod out of the queue; *ret_why for its condition. */
    bool (*pre_enqueue)(struct arena *a, const Pod *pod, str *ret_why);
    /* Filter: takes rows out of c->feasible by cycle_refuse. */
    void (*filter)(struct cycle *c);
    /* Score: raw points for each feasible row, added to scores[row]. */
    void (*score)(struct cycle *c, int64_t *scores);
    enum { NORMALIZE_NONE, NORMALIZE_MAX, NORMALIZE_REVERSE } normalize;
    int weight;
    unsigned events; /* enum cluster_event: queueing hints */
};

/* One node or a set of them fails with this reason. A node may fail with several reasons; it leaves
 * the race after the plugin. resolvable: preemption could help. */
void cycle_refuse(struct cycle *c, uint32_t row, str reason, bool resolvable);
void cycle_refuse_all(struct cycle *c, const struct bits *rows, str reason);

/* The default profile, in upstream's order; ends in NULL. */
extern const struct plugin *const default_profile[];

enum outcome { OUTCOME_FITS, OUTCOME_UNSCHEDULABLE };
struct decision {
    enum outcome outcome;
    uint32_t row;
    str message;     /* UNSCHEDULABLE: upstream's FitError text */
    unsigned events; /* that may help */
};
/* snapshot + pod -> node or reasons. `random` breaks ties among the best. */
void schedule(struct arena *a, struct nodes *t, const struct pod_info *p,
              const struct plugin *const *profile, uint64_t random, struct decision *ret);
