// SPDX-License-Identifier: Apache-2.0
#include "scheduler/scheduler.h"

#include <stdio.h>

#include "api/version.h"
#include "server/proc.h"

/* client-go's defaults of kube-scheduler are 50 and 100; binding is our only traffic. */
#define QPS   2000
#define BURST 4000

static void on_stopped(void *ctx) {
    struct component *c = ctx;
    log_error(&c->env, "leadership lost");
    loop_stop(c->loop);
}

#define PORT 10259

static bool has_synced(void *ctx) {
    return scheduler_synced(ctx);
}

static void add_checks(struct diagnostics *d, struct scheduler *s) {
    if (d)
        health_add(diagnostics_health(d), &(struct health_check){.name = "sched-handler-sync",
                                                                 .kinds = 1 << READYZ,
                                                                 .ok = has_synced,
                                                                 .ctx = s,
                                                                 .failure = "not synced"});
}

int proc_scheduler(const void *ctx, int ready_fd) {
    struct component c;
    struct rest_client *client;
    struct diagnostics *diagnostics;
    char identity[300];
    if (component_open(&c, "kube-scheduler", ctx, true) < 0 ||
        component_client(&c, "kube-scheduler/" API_GIT_VERSION, QPS, BURST, &client) < 0 ||
        component_diagnostics(&c, client, PORT, &diagnostics) < 0)
        return 1;
    snprintf(identity, sizeof(identity), "%s_%016llx", c.config->hostname,
             (unsigned long long)env_random_u64(&c.env));
    struct scheduler *s = scheduler_new(&(struct scheduler_options){
        .client = client,
        .identity = c.config->leader_elect ? identity : NULL,
        .stopped = on_stopped,
        .ctx = &c,
    });
    add_checks(diagnostics, s);
    component_ready(ready_fd, NULL);
    loop_run(c.loop);
    diagnostics_free(diagnostics);
    scheduler_free(s);
    component_close(&c);
    return 0;
}
