// SPDX-License-Identifier: Apache-2.0
/* What a plan holds until the runner has carried it out. */
#pragma once

#include "base/vec.h"
#include "client/plan.h"

struct plan_write {
    unsigned group;
    struct rest_request rq; /* body always encoded: rq.raw */
    str uid;                /* deletes: whose end is awaited */
};

struct plan_event {
    unsigned group; /* told when this group has succeeded, or */
    int64_t write;  /* >= 0: when this write has ended */
    bool on_failure;
    ObjectReference about;
    const char *type, *reason;
    str message;
};

struct plan_question {
    str name;
    struct rest_request rq;
};

/* An answer that a run was given; copied out of the call's arena. */
struct plan_answer {
    struct plan_answer *next;
    struct arena arena;
    str name;
    struct rest_result result;
};

struct plan_hook_entry {
    void (*commit)(void *ctx), (*abort)(void *ctx);
    void *ctx;
};

struct plan_internal {
    struct {
        struct plan_write *v;
        uint32_t n;
    } writes;
    struct {
        struct plan_event *v;
        uint32_t n;
    } events;
    struct {
        struct plan_question *v;
        uint32_t n;
    } questions;
    struct {
        struct plan_hook_entry *v;
        uint32_t n;
    } hooks;
    unsigned group;
    int64_t requeue_after; /* < 0: none */
    bool rejected;
    str reject_text;
    uint64_t seed, drawn; /* for random suffixes */
    const struct plan_answer *answers;
};

void plan_init(struct plan *p, struct arena *a, int64_t now, int64_t mono, uint64_t seed);
