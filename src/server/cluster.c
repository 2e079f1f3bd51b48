// SPDX-License-Identifier: Apache-2.0
#include "server/cluster.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "apiserver/alloc/alloc.h"
#include "kubelet/host/host.h"
#include "loop/stream.h"
#include "server/proc.h"
#include "server/supervisor.h"

/* Those of a server; those of an agent are the last three. */
enum what {
    SIGNER,
    APISERVER,
    SCHEDULER,
    CONTROLLERS,
    NODE_IDENTITY,
    CONTAINERD,
    KUBELET,
    WHAT_MAX
};

struct cluster {
    struct server_config *config;
    struct env env;
    struct loop *loop;
    struct supervisor *supervisor;
    struct signals *signals;
    struct component_start starts[WHAT_MAX];
    struct process_spec specs[WHAT_MAX]; /* in the order of their start */
    unsigned n, at[WHAT_MAX];            /* of what; where in it something stands */
    struct signer_channel channels[ROLE_MAX];
    struct signer_options signer;
    char pki_dir[512], addresses[512], api_addresses[640];
    int control; /* our end */
    struct io control_io;
    void (*ready)(const struct server_config *c, int64_t took_ns);
    int64_t began;
    int lock;
    int status;
};

static bool is_agent(const struct cluster *cl) {
    return cl->config->join_server != NULL;
}

/* ---- descriptors ---- */

static int pair(int ret[2], struct err *e) {
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret) < 0)
        return err_set(e, -errno, "socketpair: %s", strerror(errno));
    return 0;
}

static const char *own_addresses(struct cluster *cl) {
    const struct server_config *c = cl->config;
    bool any = strcmp(c->bind_address, "0.0.0.0") == 0 || strcmp(c->bind_address, "::") == 0;
    snprintf(cl->addresses, sizeof(cl->addresses), "%s,%s,%s", c->hostname, c->node_ip,
             any ? "" : c->bind_address);
    return cl->addresses;
}

/* And those that pods find the API server at: the first of each block of service addresses. */
static const char *api_addresses(struct cluster *cl) {
    struct arena a;
    arena_init(&a, 0);
    str rest = str_of(cl->config->service_cidr ? cl->config->service_cidr : SERVICE_CIDR_DEFAULT);
    str all = str_of(own_addresses(cl));
    while (rest.n) {
        struct cidr block;
        if (!cidr_parse(str_trim(str_cut(&rest, ',')), &block, NULL))
            continue; /* the API server tells */
        struct ip first = ip_range_of(&block).first;
        all = str_printf(&a, STR_FMT "," STR_FMT, STR_ARG(all), STR_ARG(ip_str(&a, &first)));
    }
    snprintf(cl->api_addresses, sizeof(cl->api_addresses), STR_FMT, STR_ARG(all));
    arena_done(&a);
    return cl->api_addresses;
}

static struct process_spec *spec_of(struct cluster *cl, enum what w) {
    return &cl->specs[cl->at[w]];
}

/* A channel between two processes that are planned; the end of the one that answers. */
static int join_processes(struct cluster *cl, enum what answers, enum what asks, int *ret_fd,
                          struct err *e) {
    int fds[2];
    int r = pair(fds, e);
    if (r < 0)
        return r;
    struct process_spec *a = spec_of(cl, answers), *b = spec_of(cl, asks);
    a->keep[a->n_keep++] = fds[0];
    b->keep[b->n_keep++] = fds[1];
    cl->starts[cl->at[asks]].channel = fds[1];
    *ret_fd = fds[0];
    return 0;
}

static int add_channel(struct cluster *cl, enum what w, enum role role, struct err *e) {
    int fd;
    int r = join_processes(cl, SIGNER, w, &fd, e);
    if (r < 0)
        return r;
    cl->channels[cl->signer.n_channels++] = (struct signer_channel){
        .fd = fd,
        .role = role,
        .node = role == ROLE_KUBELET ? cl->config->node_name : NULL,
        .addresses = role == ROLE_APISERVER ? api_addresses(cl) : own_addresses(cl),
    };
    return 0;
}

/* ---- the list of processes ---- */

/* after: bits of enum what. */
static void add(struct cluster *cl, enum what w, const char *name, int (*entry)(const void *, int),
                unsigned after, bool tells_ready) {
    unsigned i = cl->at[w] = cl->n++, bits = 0;
    for (enum what x = 0; x < w; x++)
        if (after & (1u << x))
            bits |= 1u << cl->at[x];
    cl->starts[i] = (struct component_start){.config = cl->config, .channel = -1};
    cl->specs[i] = (struct process_spec){.name = name,
                                         .entry = entry,
                                         .ctx = &cl->starts[i],
                                         .tells_ready = tells_ready,
                                         .after = bits};
}

static void add_node(struct cluster *cl, enum what after) {
    add(cl, CONTAINERD, "containerd", proc_containerd, 0, false);
    add(cl, KUBELET, role_names[ROLE_KUBELET], proc_kubelet, 1u << after | 1u << CONTAINERD, true);
}

static int plan_agent(struct cluster *cl, struct err *e) {
    int fd;
    add(cl, NODE_IDENTITY, "node-identity", proc_node_identity, 0, true);
    add_node(cl, NODE_IDENTITY);
    int r = join_processes(cl, NODE_IDENTITY, KUBELET, &fd, e);
    if (r == 0)
        cl->starts[cl->at[NODE_IDENTITY]].channel = fd;
    return r;
}

static int plan_server(struct cluster *cl, struct err *e) {
    struct server_config *c = cl->config;
    int control[2];
    int r = pair(control, e);
    if (r < 0)
        return r;
    cl->control = control[0];
    cl->signer = (struct signer_options){.pki_dir = c->dev ? NULL : cl->pki_dir,
                                         .kubeconfig = c->kubeconfig,
                                         .channels = cl->channels,
                                         .csr_seconds = c->signing_duration / NSEC_PER_SEC,
                                         .control = control[1]};
    snprintf(cl->pki_dir, sizeof(cl->pki_dir), "%s/pki", c->data_dir);
    add(cl, SIGNER, "signer", proc_signer, 0, true);
    struct process_spec *signer = spec_of(cl, SIGNER);
    signer->ctx = &cl->signer;
    signer->keep[signer->n_keep++] = control[1];
    add(cl, APISERVER, role_names[ROLE_APISERVER], proc_apiserver, 1u << SIGNER, true);
    add(cl, SCHEDULER, role_names[ROLE_SCHEDULER], proc_scheduler, 1u << APISERVER, true);
    add(cl, CONTROLLERS, role_names[ROLE_CONTROLLERS], proc_controllers, 1u << APISERVER, true);
    r = add_channel(cl, APISERVER, ROLE_APISERVER, e);
    if (r == 0)
        r = add_channel(cl, SCHEDULER, ROLE_SCHEDULER, e);
    if (r == 0)
        r = add_channel(cl, CONTROLLERS, ROLE_CONTROLLERS, e);
    if (r < 0 || c->no_agent || c->dev)
        return r;
    add_node(cl, APISERVER);
    return add_channel(cl, KUBELET, ROLE_KUBELET, e);
}

/* ---- the kubeconfig, between the API server's readiness and everybody else's start ---- */

static void on_control(struct io *io, unsigned events) {
    struct cluster *cl = container_of(io, struct cluster, control_io);
    char text[512];
    ssize_t n = recv(io->fd, text, sizeof(text) - 1, MSG_DONTWAIT);
    if (n <= 0)
        return;
    text[n] = '\0';
    if (strcmp(text, "ok") != 0) {
        log_error(&cl->env, "kubeconfig: %s", text);
        cl->status = 1;
        supervisor_stop(cl->supervisor);
        return;
    }
    supervisor_proceed(cl->supervisor, cl->at[APISERVER]);
}

/* The API server says on which port it listens (dev leaves that to the kernel). */
static bool on_ready(void *ctx, unsigned i, str text) {
    struct cluster *cl = ctx;
    char ask[300];
    int64_t port;
    if (cl->control < 0 || i != cl->at[APISERVER])
        return true;
    if (str_to_i64(text, &port) == 0 && cl->config->port == 0) {
        cl->config->port = port;
        snprintf(cl->config->api_url, sizeof(cl->config->api_url), "https://127.0.0.1:%d",
                 (int)port);
    }
    int n = snprintf(ask, sizeof(ask), "kubeconfig %s", cl->config->api_url);
    if (send(cl->control, ask, (size_t)n, MSG_NOSIGNAL) != n)
        log_error(&cl->env, "the signer does not listen");
    return false;
}

static void on_all_ready(void *ctx) {
    struct cluster *cl = ctx;
    cl->ready(cl->config, env_mono(&cl->env) - cl->began);
}

/* ---- life ---- */

static void on_signal(void *ctx, int sig) {
    struct cluster *cl = ctx;
    log_info(&cl->env, "stopping");
    supervisor_stop(cl->supervisor);
}

/* One supervisor a data folder. */
static int take_lock(struct cluster *cl, struct err *e) {
    char path[600];
    const char *dir = cl->config->data_dir;
    int r = host_mkdirs(dir, 0711); /* whatever the umask: not only root goes through it */
    if (r < 0)
        return err_set(e, r, "%s: %s", dir, strerror(-r));
    snprintf(path, sizeof(path), "%s/lock", dir);
    cl->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (cl->lock < 0)
        return err_set(e, -errno, "%s: %s", path, strerror(errno));
    if (flock(cl->lock, LOCK_EX | LOCK_NB) < 0)
        return err_set(e, -EBUSY, "another server uses %s", dir);
    return 0;
}

/* What belongs to processes without root. */
static int make_folders(struct cluster *cl, struct err *e) {
    const struct server_config *c = cl->config;
    char dir[600];
    snprintf(dir, sizeof(dir), "%s/server", c->data_dir);
    int r = cl->env.ops->disk.mkdir(&cl->env, dir, 0700);
    if (r == 0 && c->uid)
        r = host_chown(dir, c->uid, c->gid);
    return r < 0 ? err_set(e, r, "%s: %s", dir, strerror(-r)) : 0;
}

static int open_all(struct cluster *cl, struct err *e) {
    static const int stops[] = {SIGTERM, SIGINT};
    int r = cl->config->dev ? 0 : take_lock(cl, e);
    if (r == 0 && !cl->config->dev && !is_agent(cl))
        r = make_folders(cl, e);
    if (r == 0 && !cl->config->dev && !cl->config->no_agent)
        r = host_mounts_enter(cl->config->run_dir, e);
    if (r == 0)
        r = is_agent(cl) ? plan_agent(cl, e) : plan_server(cl, e);
    if (r == 0)
        r = loop_new(&cl->env, &cl->loop);
    if (r == 0)
        r = signals_watch(cl->loop, stops, ARRAY_LEN(stops), on_signal, cl, &cl->signals);
    if (r < 0)
        return r;
    cl->control_io = (struct io){.fd = cl->control, .want = IO_READ, .ready = on_control};
    if (cl->control >= 0)
        r = io_add(cl->loop, &cl->control_io);
    if (r == 0)
        r = supervisor_new(cl->loop,
                           &(struct supervisor_options){.list = cl->specs,
                                                        .n = cl->n,
                                                        .give_up = cl->config->dev,
                                                        .ready = on_ready,
                                                        .all_ready = on_all_ready,
                                                        .ctx = cl},
                           &cl->supervisor);
    return r;
}

int cluster_run(struct server_config *c,
                void (*ready)(const struct server_config *c, int64_t took_ns)) {
    struct cluster cl = {.config = c, .ready = ready, .control = -1, .lock = -1};
    struct err e = {0};
    env_real_init(&cl.env, "coxswain");
    loop_env_real(&cl.env);
    cl.env.log_level = c->dev ? LOG_WARN : LOG_INFO;
    cl.began = env_mono(&cl.env);
    int r = open_all(&cl, &e);
    if (r == 0)
        r = loop_run(cl.loop);
    else
        log_error(&cl.env, "%s", e.text[0] ? e.text : strerror(-r));
    if (cl.supervisor && supervisor_failed(cl.supervisor))
        cl.status = 1;
    supervisor_free(cl.supervisor);
    if (cl.loop) {
        signals_free(cl.signals);
        loop_free(cl.loop);
    }
    return r < 0 ? 1 : cl.status;
}
