// SPDX-License-Identifier: Apache-2.0
/* Pods a second of processor time through schedule(), the whole default profile, each pod then
 * placed on its node as the scheduler does. Nodes are in three zones, one in ten is tainted; pods
 * are small and come in four sorts, of which one is picky about its zone and one has a soft wish.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scheduler/framework.h"
#include "schema/json.h"

#define PODS  20000
#define SORTS 4

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct cached *cached_of(struct arena *a, const struct api_type *t, str json) {
    struct err e = {0};
    struct cached *c = arena_make(a, struct cached);
    void *obj = arena_zalloc(a, t->size);
    if (json_read(a, t, json, obj, NULL, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        exit(1);
    }
    c->refs = UINT32_MAX / 2; /* owned by the arena */
    c->typed = obj;
    return c;
}

static void add_nodes(struct arena *a, struct nodes *t, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        str json = str_printf(a,
                              "{\"metadata\":{\"name\":\"node-%u\",\"labels\":{"
                              "\"kubernetes.io/hostname\":\"node-%u\",\"zone\":\"z%u\"}},"
                              "\"spec\":{\"taints\":[%s]},\"status\":{"
                              "\"images\":[{\"names\":[\"app:%u\"],\"sizeBytes\":200000000}],"
                              "\"allocatable\":{\"cpu\":\"64\",\"memory\":\"256Gi\","
                              "\"pods\":\"110\"}}}",
                              i, i, i % 3,
                              i % 10 ? "" : "{\"key\":\"gpu\",\"effect\":\"NoSchedule\"}", i % 7);
        nodes_put(t, cached_of(a, &Node_type, json));
    }
}

static struct cached *pod(struct arena *a, unsigned sort) {
    static const char *const specs[SORTS] = {
        "",
        "\"nodeSelector\":{\"zone\":\"z1\"},",
        "\"tolerations\":[{\"key\":\"gpu\",\"operator\":\"Exists\"}],",
        "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
        "\"weight\":10,\"preference\":{\"matchExpressions\":[{\"key\":\"zone\",\"operator\":\"In\","
        "\"values\":[\"z0\",\"z2\"]}]}}]}},",
    };
    return cached_of(a, &Pod_type,
                     str_printf(a,
                                "{\"metadata\":{\"name\":\"p\"},\"spec\":{%s\"containers\":[{"
                                "\"name\":\"c\",\"image\":\"app:%u\",\"resources\":{\"requests\":{"
                                "\"cpu\":\"100m\",\"memory\":\"64Mi\"}}}]}}",
                                specs[sort], sort));
}

static void measure(unsigned n_nodes) {
    struct arena all, one;
    struct nodes t;
    struct pod_info **placed = calloc(PODS, sizeof(void *));
    uint32_t *rows = calloc(PODS, sizeof(uint32_t));
    struct cached *pods[SORTS];
    arena_init(&all, 0);
    arena_init(&one, 0);
    nodes_init(&t);
    add_nodes(&all, &t, n_nodes);
    for (unsigned i = 0; i < SORTS; i++)
        pods[i] = pod(&all, i);
    double start = now();
    unsigned fits = 0;
    for (unsigned i = 0; i < PODS; i++) {
        struct pod_info *p = pod_info_new(&t.names, pods[i % SORTS]);
        struct decision d;
        schedule(&one, &t, p, default_profile, i, &d);
        arena_reset(&one);
        if (d.outcome != OUTCOME_FITS) {
            pod_info_free(p);
            continue;
        }
        nodes_add_pod(&t, d.row, p);
        rows[fits] = d.row;
        placed[fits++] = p;
    }
    double s = now() - start;
    printf("%5u nodes %8.0f pods/s %8.1f us a pod %6u placed\n", n_nodes, PODS / s, s / PODS * 1e6,
           fits);
    for (unsigned i = 0; i < fits; i++) {
        nodes_remove_pod(&t, rows[i], placed[i]);
        pod_info_free(placed[i]);
    }
    nodes_done(&t);
    arena_done(&one);
    arena_done(&all);
    free(placed);
    free(rows);
}

int main(void) {
    measure(100);
    measure(1000);
    measure(5000);
    return 0;
}
