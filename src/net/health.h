// SPDX-License-Identifier: Apache-2.0
/* Named checks of a server's health and how they are told: /healthz, /livez, /readyz, one check
 * below each (/livez/ping), ?verbose and ?exclude=name, in upstream's texts; and /metrics/slis,
 * what the checks said when somebody asked. One loop. */
#pragma once

#include "base/metrics.h"
#include "net/http.h"

#define HEALTH_CHECKS_MAX 32

enum health_kind { HEALTHZ, LIVEZ, READYZ, HEALTH_KIND_MAX };
#define HEALTH_LIVE (1 << HEALTHZ | 1 << LIVEZ)
#define HEALTH_ALL  (HEALTH_LIVE | 1 << READYZ)

struct health_check {
    const char *name;
    unsigned kinds; /* 1 << of those it is part of */
    bool (*ok)(void *ctx);
    void *ctx;
    /* What /livez/NAME says of a failure, which only who may see details is shown. */
    const char *failure;
};

struct health {
    struct health_check checks[HEALTH_CHECKS_MAX];
    unsigned n;
    struct metrics *slis;
};

void health_init(struct health *h); /* with the checks "ping" and "log" */
void health_done(struct health *h);
void health_add(struct health *h, const struct health_check *c);
bool health_ok(const struct health *h, enum health_kind kind); /* all of its checks; not counted */

/* HEALTH_KIND_MAX: the path is none of them. */
enum health_kind health_of_path(str path);
/* Runs what the path asks for; text/plain into out, which is empty. Returns 200, 404 or 500.
 * Content-Type is HEALTH_CONTENT_TYPE, and X-Content-Type-Options nosniff stands beside it. */
int health_answer(struct health *h, str path, const struct query *q, struct buf *out);
#define HEALTH_CONTENT_TYPE "text/plain; charset=utf-8"
/* GET /metrics/slis, as METRICS_CONTENT_TYPE. */
void health_slis(struct health *h, struct buf *out);
