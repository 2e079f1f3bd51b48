// SPDX-License-Identifier: Apache-2.0
/* The runtime's own time for what a pod start asks of it: RunPodSandbox, CreateContainer,
 * StartContainer, for one pod at a time and for 20 at once. Rows of a markdown table in ms. The
 * pods are removed again. A kubelet that looks at the same runtime must be stopped meanwhile.
 *
 *     build/bench/cri unix:/run/coxswain/containerd.sock [IMAGE] */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kubelet/cri.h"
#include "loop/stream.h"

#define ROUNDS  10
#define AT_ONCE 20
#define TIMEOUT (60 * NSEC_PER_SEC)

struct bench {
    struct env env;
    struct loop *loop;
    struct cri *cri;
    str image;
    unsigned left;
    int64_t sandbox_ns, create_ns, start_ns, last; /* of one round */
};

struct pod {
    struct bench *b;
    struct arena arena;
    cri_PodSandboxMetadata name;
    cri_LinuxPodSandboxConfig linux_part;
    cri_PodSandboxConfig sandbox;
    str sandbox_id, container_id;
};

static void check(int r, const struct err *e, const char *what) {
    if (r == 0)
        return;
    fprintf(stderr, "%s: %s\n", what, e->text);
    exit(1);
}

static int64_t lap(struct bench *b) {
    int64_t now = env_mono(&b->env), took = now - b->last;
    b->last = now;
    return took;
}

static void finished(struct bench *b) {
    if (--b->left == 0)
        loop_stop(b->loop);
}

static void on_started(void *ctx, int r, const struct err *e, const void *response) {
    struct pod *p = ctx;
    check(r, e, "StartContainer");
    p->b->start_ns = lap(p->b);
    finished(p->b);
}

static void on_created(void *ctx, int r, const struct err *e, const void *response) {
    struct pod *p = ctx;
    const cri_CreateContainerResponse *made = response;
    check(r, e, "CreateContainer");
    p->b->create_ns = lap(p->b);
    p->container_id = str_dup(&p->arena, made->container_id);
    cri_StartContainerRequest rq = {.container_id = p->container_id};
    cri_send(p->b->cri, CRI_START_CONTAINER, &rq, TIMEOUT, on_started, p);
}

static void on_sandbox(void *ctx, int r, const struct err *e, const void *response) {
    struct pod *p = ctx;
    const cri_RunPodSandboxResponse *made = response;
    check(r, e, "RunPodSandbox");
    p->b->sandbox_ns = lap(p->b);
    p->sandbox_id = str_dup(&p->arena, made->pod_sandbox_id);
    cri_ContainerMetadata name = {.name = STR("bench")};
    cri_ImageSpec image = {.image = p->b->image};
    cri_LinuxContainerConfig linux_part = {0};
    cri_ContainerConfig config = {.metadata = &name,
                                  .image = &image,
                                  .log_path =
                                      str_printf(&p->arena, STR_FMT ".log", STR_ARG(p->name.name)),
                                  .linux_ = &linux_part};
    cri_CreateContainerRequest rq = {
        .pod_sandbox_id = p->sandbox_id, .config = &config, .sandbox_config = &p->sandbox};
    cri_send(p->b->cri, CRI_CREATE_CONTAINER, &rq, TIMEOUT, on_created, p);
}

static void begin(struct pod *p, unsigned n) {
    arena_init(&p->arena, 0);
    p->name.name = str_printf(&p->arena, "bench-%u-%u", (unsigned)getpid(), n);
    p->name.uid = p->name.name;
    p->name.namespace_ = STR("default");
    p->linux_part.cgroup_parent = STR("/coxswain/bench");
    p->sandbox = (cri_PodSandboxConfig){.metadata = &p->name,
                                        .hostname = p->name.name,
                                        .log_directory = STR("/tmp"),
                                        .linux_ = &p->linux_part};
    cri_RunPodSandboxRequest rq = {.config = &p->sandbox};
    cri_send(p->b->cri, CRI_RUN_POD_SANDBOX, &rq, TIMEOUT, on_sandbox, p);
}

static void on_removed(void *ctx, int r, const struct err *e, const void *response) {
    struct pod *p = ctx;
    check(r, e, "RemovePodSandbox");
    finished(p->b);
}

static void on_stopped(void *ctx, int r, const struct err *e, const void *response) {
    struct pod *p = ctx;
    check(r, e, "StopPodSandbox");
    cri_RemovePodSandboxRequest rq = {.pod_sandbox_id = p->sandbox_id};
    cri_send(p->b->cri, CRI_REMOVE_POD_SANDBOX, &rq, TIMEOUT, on_removed, p);
}

static void remove_all(struct bench *b, struct pod *v, unsigned n) {
    b->left = n;
    for (unsigned i = 0; i < n; i++) {
        cri_StopPodSandboxRequest rq = {.pod_sandbox_id = v[i].sandbox_id};
        cri_send(b->cri, CRI_STOP_POD_SANDBOX, &rq, TIMEOUT, on_stopped, &v[i]);
    }
    loop_run(b->loop);
    for (unsigned i = 0; i < n; i++) {
        char log[128];
        snprintf(log, sizeof(log), "/tmp/" STR_FMT ".log", STR_ARG(v[i].name.name));
        unlink(log);
        arena_done(&v[i].arena);
    }
}

static int64_t run(struct bench *b, unsigned first, unsigned n) {
    static struct pod pods[AT_ONCE];
    int64_t since = b->last = env_mono(&b->env);
    b->left = n;
    for (unsigned i = 0; i < n; i++) {
        pods[i] = (struct pod){.b = b};
        begin(&pods[i], first + i);
    }
    loop_run(b->loop);
    int64_t took = env_mono(&b->env) - since;
    remove_all(b, pods, n);
    return took;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v) {
    qsort(v, ROUNDS, sizeof(v[0]), by_value);
    return (v[ROUNDS / 2 - 1] + v[ROUNDS / 2]) / 2;
}

int main(int argc, char **argv) {
    static struct bench b;
    static double all[ROUNDS], sandbox[ROUNDS], create[ROUNDS], start[ROUNDS];
    if (argc < 2) {
        fprintf(stderr, "usage: cri SOCKET [IMAGE]\n");
        return 2;
    }
    b.image = str_of(argc > 2 ? argv[2] : "coxswain.local/hello:1");
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    if (loop_new(&b.env, &b.loop) < 0 || cri_new(b.loop, argv[1], &b.cri) < 0)
        return 1;
    run(&b, 0, 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        all[i] = (double)run(&b, 1 + i, 1) / NSEC_PER_MSEC;
        sandbox[i] = (double)b.sandbox_ns / NSEC_PER_MSEC;
        create[i] = (double)b.create_ns / NSEC_PER_MSEC;
        start[i] = (double)b.start_ns / NSEC_PER_MSEC;
    }
    printf("| the runtime alone, 1 pod (median of %d) | %.0f (%.0f + %.0f + %.0f) |\n", ROUNDS,
           median(all), median(sandbox), median(create), median(start));
    printf("| the runtime alone, %d pods at once | %.0f |\n", AT_ONCE,
           (double)run(&b, 100, AT_ONCE) / NSEC_PER_MSEC);
    cri_free(b.cri);
    loop_free(b.loop);
    loop_env_done(&b.env);
    return 0;
}
