// SPDX-License-Identifier: Apache-2.0
/* A table of nodes and pods from JSON, for tests of decisions: begin(); node(...); pod(...);
 * where(pod) -> name of the node or NULL and why; end(). One table a program. */
#pragma once

#include "scheduler/framework.h"
#include "schema/json.h"
#include "tap.h"

static struct arena arena;
static struct nodes table;

static inline struct cached *cached_of(const struct api_type *t, const char *json) {
    struct err e = {0};
    struct cached *c = arena_make(&arena, struct cached);
    void *obj = arena_zalloc(&arena, t->size);
    if (json_read(&arena, t, str_dup(&arena, str_of(json)), obj, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "%s", e.text);
        tap_bail();
    }
    c->refs = 1000000; /* owned by the arena */
    c->typed = obj;
    return c;
}

static inline void begin(void) {
    arena_init(&arena, 0);
    nodes_init(&table);
}

static inline void end(void) {
    CHECK(nodes_ok(&table));
    nodes_done(&table);
    arena_done(&arena);
}

static inline void node(const char *name, const char *labels, const char *spec, const char *cpu) {
    str json = str_printf(&arena,
                          "{\"metadata\":{\"name\":\"%s\",\"labels\":{%s}},\"spec\":{%s},"
                          "\"status\":{\"allocatable\":{\"cpu\":\"%s\",\"memory\":\"4Gi\","
                          "\"pods\":\"10\"}}}",
                          name, labels, spec, cpu);
    nodes_put(&table, cached_of(&Node_type, json.p));
}

static inline struct pod_info *pod(const char *name, const char *spec, const char *requests) {
    str json = str_printf(&arena,
                          "{\"metadata\":{\"name\":\"%s\",\"uid\":\"%s\"},\"spec\":{%s%s"
                          "\"containers\":[{\"name\":\"c\",\"resources\":{\"requests\":{%s}}}]}}",
                          name, name, spec, *spec ? "," : "", requests);
    return pod_info_new(&table.names, cached_of(&Pod_type, json.p));
}

static inline const char *where(struct pod_info *p, str *ret_message) {
    struct decision d;
    schedule(&arena, &table, p, default_profile, tap_seed(), &d);
    *ret_message = d.message;
    return d.outcome == OUTCOME_FITS ? str_cdup(&arena, node_at(&table, d.row)->metadata.name)
                                     : NULL;
}
