// SPDX-License-Identifier: Apache-2.0
/* From the create request of a pod to the watch event that says it runs: one pod at a time and 20
 * at once, through API server, scheduler, kubelet and runtime. Rows of a markdown table in ms. The
 * pods are deleted again.
 *
 *     build/bench/pods KUBECONFIG [IMAGE] */
#include <stdio.h>
#include <stdlib.h>

#include "client/rest.h"
#include "schema/json.h"

#define ROUNDS  10
#define AT_ONCE 20
#define NS      "default"

struct bench {
    struct env env;
    struct loop *loop;
    struct arena arena;
    struct rest_client *client;
    struct rest_watch *watch;
    str image;
    unsigned left; /* that do not run yet, or are not gone yet */
    bool deleting;
    unsigned first, n;
    bool seen[AT_ONCE]; /* run (or are gone) */
};

static void die(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static str name_of(struct arena *a, unsigned i) {
    return str_printf(a, "bench-%u", i);
}

static void on_event(void *ctx, str type, str object) {
    struct bench *b = ctx;
    struct arena a;
    Pod pod = {0};
    struct err e = {0};
    unsigned i;
    arena_init(&a, 0);
    if (str_eqc(type, "BOOKMARK") || json_read(&a, &Pod_type, object, &pod, NULL, &e) < 0)
        goto out;
    for (i = 0; i < b->n; i++)
        if (str_eq(pod.metadata.name, name_of(&a, b->first + i)))
            break;
    if (i == b->n || b->seen[i])
        goto out;
    if (b->deleting ? str_eqc(type, "DELETED") : str_eqc(pod.status.phase, "Running")) {
        b->seen[i] = true;
        if (--b->left == 0)
            loop_stop(b->loop);
    }
out:
    arena_done(&a);
}

static void on_watch_ended(void *ctx, int r, int code, const Status *s) {
    die("watch", r < 0 ? strerror(-r) : "ended");
}

static void on_answer(void *ctx, const struct rest_result *res) {
    if (res->code >= 300 || res->r < 0)
        die("pods", res->status ? str_cdup(res->arena, res->status->message) : strerror(-res->r));
}

static void on_list(void *ctx, const struct rest_result *res) {
    struct bench *b = ctx;
    on_answer(ctx, res);
    b->watch = rest_watch_start(b->client, &(struct rest_watch_options){
                                               .resource = RESOURCE_OF(core_v1_pods),
                                               .ns = STR(NS),
                                               .after = res->revision,
                                               .event = on_event,
                                               .ended = on_watch_ended,
                                               .ctx = b,
                                           });
    loop_stop(b->loop);
}

static int64_t run(struct bench *b, unsigned first, unsigned n, bool deleting) {
    struct arena a;
    arena_init(&a, 0);
    b->first = first;
    b->n = b->left = n;
    b->deleting = deleting;
    memset(b->seen, 0, sizeof(b->seen));
    int64_t since = env_mono(&b->env);
    for (unsigned i = 0; i < n; i++) {
        str name = name_of(&a, first + i);
        struct rest_request rq = {.verb = deleting ? REST_DELETE : REST_CREATE,
                                  .resource = RESOURCE_OF(core_v1_pods),
                                  .ns = STR(NS),
                                  .done = on_answer,
                                  .ctx = b};
        if (deleting)
            rq.name = name;
        else
            rq.raw = str_printf(
                &a,
                "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" STR_FMT
                "\"},\"spec\":{\"terminationGracePeriodSeconds\":1,\"containers\":"
                "[{\"name\":\"bench\",\"image\":\"" STR_FMT "\"}]}}",
                STR_ARG(name), STR_ARG(b->image));
        rest_send(b->client, &rq);
    }
    loop_run(b->loop);
    arena_done(&a);
    return env_mono(&b->env) - since;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv) {
    static struct bench b;
    static double one[ROUNDS];
    struct err e = {0};
    struct rest_options o = {0};
    if (argc < 2)
        die("usage", "pods KUBECONFIG [IMAGE]");
    b.image = str_of(argc > 2 ? argv[2] : "coxswain.local/hello:1");
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    arena_init(&b.arena, 0);
    if (loop_new(&b.env, &b.loop) < 0)
        die("loop", "not made");
    if (rest_options_from_kubeconfig(&b.env, &b.arena, argv[1], &e, &o) < 0)
        die(argv[1], e.text);
    o.user_agent = "bench";
    o.qps = o.burst = 1000;
    if (rest_client_new(b.loop, &o, &e, &b.client) < 0)
        die(argv[1], e.text);
    struct rest_request list = {.verb = REST_LIST,
                                .resource = RESOURCE_OF(core_v1_pods),
                                .ns = STR(NS),
                                .done = on_list,
                                .ctx = &b};
    rest_send(b.client, &list);
    loop_run(b.loop);
    run(&b, 0, 1, false);
    run(&b, 0, 1, true);
    for (unsigned i = 0; i < ROUNDS; i++) {
        one[i] = (double)run(&b, 1 + i, 1, false) / NSEC_PER_MSEC;
        run(&b, 1 + i, 1, true);
    }
    qsort(one, ROUNDS, sizeof(one[0]), by_value);
    printf("| create to Running, 1 pod (median of %d) | %.0f |\n", ROUNDS,
           (one[ROUNDS / 2 - 1] + one[ROUNDS / 2]) / 2);
    fflush(stdout);
    printf("| create to Running, %d pods at once | %.0f |\n", AT_ONCE,
           (double)run(&b, 100, AT_ONCE, false) / NSEC_PER_MSEC);
    run(&b, 100, AT_ONCE, true);
    rest_watch_stop(b.watch);
    rest_client_free(b.client);
    loop_free(b.loop);
    arena_done(&b.arena);
    return 0;
}
