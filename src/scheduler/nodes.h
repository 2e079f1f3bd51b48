// SPDX-License-Identifier: Apache-2.0
/* The table of nodes: a row a node, an array a resource, a bit set a label and a taint, so that a
 * filter is a few word operations over all nodes at once. Kept up to date by single changes; a
 * row's number is stable while its node exists. */
#pragma once

#include "base/map.h"
#include "client/informer.h"
#include "scheduler/bits.h"
#include "scheduler/resources.h"

struct host_port {
    str ip; /* empty and "0.0.0.0": all */
    int32_t port;
    uint8_t protocol; /* first letter */
};
#define HOST_PORTS_MAX 64 /* of one pod; validation allows more only in theory */

/* A pod as the scheduler sees it; made once, kept while the pod is known. */
struct pod_info {
    struct cached *pod;
    struct request request;
    struct host_port ports[HOST_PORTS_MAX];
    unsigned n_ports;
    int32_t priority;
    int64_t queued; /* when it first waited for a node, loop_now */
};
struct pod_info *pod_info_new(struct res_names *names, struct cached *pod);
struct pod_info *pod_info_free(struct pod_info *p);
static inline const Pod *pod_of(const struct pod_info *p) {
    return p->pod->typed;
}

struct taint_row {
    Taint taint; /* strings in the table's arena */
    struct bits nodes;
    uint32_t n;
};

struct node_row {
    struct cached *node; /* NULL: free row */
    struct pod_info **pods;
    uint32_t n_pods, cap_pods;
};

struct nodes {
    struct res_names names;
    struct node_row *rows;
    uint32_t n_rows, cap, n_live;
    int64_t *allocatable[RES_MAX], *requested[RES_MAX];
    int64_t *score_cpu, *score_memory; /* requested, with defaults */
    struct bits live, unschedulable;
    struct map by_name;     /* -> row + 1 */
    struct map label_pairs; /* "key=value" -> struct label_row */
    struct map label_keys;  /* "key" -> struct label_row */
    struct taint_row **taints;
    uint32_t n_taints, cap_taints;
    struct map images; /* name -> struct label_row with the size in `extra` */
    struct arena scratch;
};

struct label_row {
    struct bits nodes;
    uint32_t n;
    int64_t extra;
};

void nodes_init(struct nodes *t);
void nodes_done(struct nodes *t);
/* What changed, as queueing hints understand it. */
enum node_change { NODE_ADDED = 1, NODE_ALLOCATABLE = 2, NODE_LABELS = 4, NODE_TAINTS = 8 };
/* Adds or replaces; bits of enum node_change. Takes a reference. */
unsigned nodes_put(struct nodes *t, struct cached *node);
/* Its pods' accounting goes with it. */
void nodes_drop(struct nodes *t, str name);
/* Row, or -1. */
int64_t nodes_row(const struct nodes *t, str name);
void nodes_add_pod(struct nodes *t, uint32_t row, struct pod_info *p);
void nodes_remove_pod(struct nodes *t, uint32_t row, struct pod_info *p);
static inline const Node *node_at(const struct nodes *t, uint32_t row) {
    return t->rows[row].node->typed;
}
static inline uint32_t nodes_words(const struct nodes *t) {
    return (t->cap + 63) / 64;
}
/* NULL when no node has it. */
const struct bits *nodes_with_label(const struct nodes *t, str key, str value);
const struct bits *nodes_with_key(const struct nodes *t, str key);
bool nodes_ok(const struct nodes *t); /* invariants, for tests */
