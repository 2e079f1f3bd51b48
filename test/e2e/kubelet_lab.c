// SPDX-License-Identifier: Apache-2.0
/* A kubelet for test/e2e/kubelet_lab.sh, which brings the rest: `coxswain dev` and a containerd.
 *
 *     kubelet_lab kubelet DIR KUBECONFIG   runtime at DIR/containerd.sock, serves on
 * 127.0.0.1:20250; DIR/admin.pem and admin.key may ask it anything kubelet_lab conf DIR writes
 * DIR/containerd.toml kubelet_lab enter DIR COMMAND...     in the node's mount namespace
 *     kubelet_lab leave DIR                lets go of that */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client/rest.h"
#include "kubelet/host/host.h"
#include "kubelet/kubelet.h"
#include "loop/child.h"
#include "loop/stream.h"
#include "net/x509.h"

#define NODE "lab"

static struct env env;
static struct arena arena;
static char *dir;

static const char *in_dir(const char *name) {
    return str_printf(&arena, "%s/%s", dir, name).p;
}

static int fail(const char *what, const struct err *e) {
    fprintf(stderr, "%s: %s\n", what, e->text);
    return 1;
}

/* A certificate for a name, signed by the lab's CA. */
static int leaf(str ca, const struct x509_key *ca_key, const char *cn, const char *org, str *cert,
                str *key_pem, struct err *e) {
    struct x509_key *key = NULL;
    str names[] = {STR("localhost"), STR(NODE)}, ips[] = {STR("127.0.0.1")}, o = str_of(org);
    struct x509_request r = {.cn = str_of(cn),
                             .orgs = &o,
                             .n_orgs = 1,
                             .dns = names,
                             .n_dns = 2,
                             .ips = ips,
                             .n_ips = 1,
                             .server_auth = true,
                             .client_auth = true,
                             .not_after = env_wall(&env) / NSEC_PER_SEC + 86400};
    int n = x509_key_new(&key);
    if (n == 0)
        n = x509_issue(&arena, &r, key, ca, ca_key, e, cert);
    if (n == 0)
        *key_pem = x509_key_pem(&arena, key);
    x509_key_free(key);
    return n;
}

static void on_signal(void *ctx, int sig) {
    loop_stop(ctx);
}

static void run_loop(struct loop *l) {
    static const int stops[] = {SIGTERM, SIGINT};
    struct signals *s;
    signals_watch(l, stops, ARRAY_LEN(stops), on_signal, l, &s);
    loop_run(l);
    signals_free(s);
}

static void on_ready(void *ctx) {
    printf("kubelet ready\n");
}

/* A CA of the lab's own: for what we serve, and for who asks. */
static int make_certificates(str *ca, str *serving, str *serving_key, struct err *e) {
    struct x509_key *ca_key CLEANUP(x509_key_freep) = NULL;
    struct x509_request r = {
        .cn = STR("lab"), .ca = true, .not_after = env_wall(&env) / NSEC_PER_SEC + 86400};
    str admin, admin_key;
    int n = x509_key_new(&ca_key);
    if (n == 0)
        n = x509_issue(&arena, &r, ca_key, STR_NONE, NULL, e, ca);
    if (n == 0)
        n = leaf(*ca, ca_key, "system:node:" NODE, "system:nodes", serving, serving_key, e);
    if (n == 0)
        n = leaf(*ca, ca_key, "lab-admin", "system:masters", &admin, &admin_key, e);
    if (n == 0)
        n = env.ops->disk.write(&env, in_dir("admin.pem"), admin, 0600);
    return n < 0 ? n : env.ops->disk.write(&env, in_dir("admin.key"), admin_key, 0600);
}

static int run_kubelet(struct loop *l, const char *kubeconfig) {
    struct err e = {0};
    struct rest_options ro;
    struct rest_client *client;
    str ca, serving, serving_key;
    if (rest_options_from_kubeconfig(&env, &arena, kubeconfig, &e, &ro) < 0 ||
        rest_client_new(l, &ro, &e, &client) < 0 ||
        make_certificates(&ca, &serving, &serving_key, &e) < 0)
        return fail("kubelet", &e);
    struct kubelet_options o = {
        .client = client,
        .serving_cert = serving,
        .serving_key = serving_key,
        .client_ca = ca,
        .node_name = NODE,
        .listen = "tcp:127.0.0.1:20250",
        .port = 20250,
        .root_dir = in_dir("kubelet"),
        .log_dir = in_dir("logs"),
        .runtime = str_printf(&arena, "unix:%s", in_dir("containerd.sock")).p,
        .cgroup_root = "/kubelet-lab",
        .cni_conf_dir = in_dir("cni"),
        .cni_data_dir = in_dir("ipam"),
        .cni_bridge = "cnilab0",
        .pod_cidr = "10.244.77.0/24",
        .images_dir = in_dir("images"),
        .ctr = "ctr",
        .ctr_socket = in_dir("containerd.sock"),
        .ready = on_ready,
    };
    struct kubelet *k;
    if (kubelet_new(l, &o, &e, &k) < 0)
        return fail("kubelet", &e);
    run_loop(l);
    kubelet_free(k);
    rest_client_free(client);
    return 0;
}

static int write_conf(void) {
    struct runtime_facts facts;
    struct buf b;
    host_runtime_facts(&facts);
    struct runtime_conf c = {.root = in_dir("root"),
                             .state = in_dir("state"),
                             .socket = in_dir("containerd.sock"),
                             .runtime_binary = "crun",
                             .sandbox_image = "coxswain.local/pause:1",
                             .cni_conf_dir = in_dir("cni"),
                             .cni_bin_dir = "/usr/lib/cni"};
    buf_init(&b, 0);
    runtime_containerd_toml(&b, &c, &facts);
    int r = env.ops->disk.write(&env, in_dir("containerd.toml"), buf_str(&b), 0600);
    buf_done(&b);
    return r < 0;
}

int main(int argc, char **argv) {
    struct loop *l;
    struct err e = {0};
    if (argc < 3)
        return 2;
    dir = argv[2];
    env_real_init(&env, argv[1]);
    env.log_level = getenv("LAB_DEBUG") ? LOG_DEBUG : LOG_INFO;
    setvbuf(stdout, NULL, _IOLBF, 0);
    arena_init(&arena, 0);
    if (strcmp(argv[1], "conf") == 0)
        return write_conf();
    if (strcmp(argv[1], "enter") == 0 && argc > 3) {
        if (host_mounts_enter(in_dir("pin"), &e) < 0)
            return fail("enter", &e);
        execvp(argv[3], argv + 3);
        return 127;
    }
    if (strcmp(argv[1], "leave") == 0)
        return host_mounts_unpin(in_dir("pin")) < 0;
    if (argc < 4)
        return 2;
    loop_env_real(&env);
    if (loop_new(&env, &l) < 0)
        return 1;
    int r = run_kubelet(l, argv[3]);
    loop_free(l);
    arena_done(&arena);
    return r;
}
