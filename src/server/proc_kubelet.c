// SPDX-License-Identifier: Apache-2.0
#include "kubelet/kubelet.h"

#include <stdio.h>

#include "api/version.h"
#include "server/proc.h"

#define QPS   50 /* upstream's */
#define BURST 100

struct kubelet_process {
    struct component c;
    struct kubelet *kubelet;
    int ready_fd;
};

static void on_ready(void *ctx) {
    struct kubelet_process *p = ctx;
    component_ready(p->ready_fd, NULL);
}

static void on_renewed(struct component *c) {
    struct kubelet_process *p = container_of(c, struct kubelet_process, c);
    struct err e = {0};
    if (kubelet_set_serving(p->kubelet, c->identity.serving_cert, c->identity.serving_key,
                            c->identity.client_ca, &e) < 0)
        log_error(&c->env, "renewed certificate: %s", e.text);
}

/* Upstream writes unix:///path. */
static const char *runtime_address(struct arena *a, const char *endpoint) {
    str s = str_of(endpoint);
    if (str_starts(s, STR("unix://")))
        return str_printf(a, "unix:" STR_FMT, STR_ARG(str_slice(s, 7, s.n))).p;
    return endpoint;
}

static int open_kubelet(struct kubelet_process *p, struct arena *a, struct err *e) {
    const struct server_config *s = p->c.config;
    bool by_itself = s->runtime_endpoint != NULL;
    struct rest_client *client;
    int r = component_client(&p->c, "kubelet/" API_GIT_VERSION, QPS, BURST, &client);
    if (r < 0)
        return r;
    const char *form = strchr(s->node_ip, ':') ? "tcp:[%s]:%d" : "tcp:%s:%d";
    const struct kubelet_options o = {
        .client = client,
        .serving_cert = p->c.identity.serving_cert,
        .serving_key = p->c.identity.serving_key,
        .client_ca = p->c.identity.client_ca,
        .node_name = s->node_name,
        .node_ip = s->node_ip,
        .listen = str_printf(a, form, s->node_ip, (int)s->kubelet_port).p,
        .port = (int)s->kubelet_port,
        .root_dir = by_itself ? s->kubelet_dir : str_printf(a, "%s/kubelet", s->data_dir).p,
        .log_dir = s->log_dir,
        .runtime = by_itself ? runtime_address(a, s->runtime_endpoint)
                             : str_printf(a, "unix:%s/containerd.sock", s->run_dir).p,
        .cgroup_root = s->cgroup_root,
        .cluster_domain = s->cluster_domain,
        .images_dir = by_itself ? NULL : str_printf(a, "%s/images", s->data_dir).p,
        .ctr = "ctr",
        .ctr_socket = by_itself ? NULL : str_printf(a, "%s/containerd.sock", s->run_dir).p,
        .ready = on_ready,
        .ready_ctx = p,
    };
    return kubelet_new(p->c.loop, &o, e, &p->kubelet);
}

int proc_kubelet(const void *ctx, int ready_fd) {
    struct kubelet_process p = {.ready_fd = ready_fd};
    struct err e = {0};
    struct arena a;
    if (component_open(&p.c, "kubelet", ctx, false) < 0)
        return 1;
    arena_init(&a, 0);
    p.c.renewed = on_renewed;
    int r = open_kubelet(&p, &a, &e);
    if (r < 0)
        log_error(&p.c.env, "%s", e.text[0] ? e.text : strerror(-r));
    else
        loop_run(p.c.loop);
    kubelet_free(p.kubelet);
    component_close(&p.c);
    arena_done(&a);
    return r < 0 ? 1 : 0;
}
