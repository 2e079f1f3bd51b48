// SPDX-License-Identifier: Apache-2.0
/* An API server in memory that lets everybody do everything, or a kubelet against it: the two
 * halves of test/e2e/kubelet_lab.sh, which brings the container runtime.
 *
 *     kubelet_lab apiserver DIR PORT        writes DIR/ca.pem, DIR/ca.key
 *     kubelet_lab kubelet DIR PORT          runtime at DIR/containerd.sock
 *     kubelet_lab conf DIR                  writes DIR/containerd.toml
 *     kubelet_lab enter DIR COMMAND...      in the node's mount namespace */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "apiserver/run.h"
#include "kubelet/host/host.h"
#include "kubelet/kubelet.h"
#include "loop/child.h"
#include "loop/stream.h"
#include "net/x509.h"

#define PEM_MAX (64 * 1024)
#define NODE    "lab"

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

static str read_file(const char *name) {
    struct buf b;
    buf_init(&b, PEM_MAX);
    env.ops->disk.read(&env, in_dir(name), PEM_MAX, &b);
    return buf_str(&b);
}

/* A certificate for a name, signed by the lab's CA. */
static int leaf(str ca, const struct x509_key *ca_key, const char *cn, const char *org, str *cert,
                str *key_pem, struct err *e) {
    struct x509_key *key;
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

static int run_apiserver(struct loop *l, const char *port) {
    struct err e = {0};
    struct x509_key *ca_key;
    struct x509_request ca = {
        .cn = STR("lab"), .ca = true, .not_after = env_wall(&env) / NSEC_PER_SEC + 86400};
    str ca_pem, cert, key;
    if (x509_key_new(&ca_key) < 0 ||
        x509_issue(&arena, &ca, ca_key, STR_NONE, NULL, &e, &ca_pem) < 0 ||
        leaf(ca_pem, ca_key, "apiserver", "lab", &cert, &key, &e) < 0)
        return fail("certificates", &e);
    env.ops->disk.write(&env, in_dir("ca.pem"), ca_pem, 0600);
    env.ops->disk.write(&env, in_dir("ca.key"), x509_key_pem(&arena, ca_key), 0600);
    const char *addresses[] = {str_printf(&arena, "tcp:127.0.0.1:%s", port).p, NULL};
    struct apiserver_run_options o = {.addresses = addresses,
                                      .cert_pem = cert,
                                      .key_pem = key,
                                      .client_ca_pem = ca_pem,
                                      .authz = &authz_allow_all};
    struct apiserver_run run;
    if (apiserver_run_start(l, &o, &e, &run) < 0)
        return fail("apiserver", &e);
    run_loop(l);
    apiserver_run_stop(&run);
    return 0;
}

static void on_ready(void *ctx) {
    printf("kubelet ready\n");
}

static int run_kubelet(struct loop *l, const char *port) {
    struct err e = {0};
    struct x509_key *ca_key;
    str ca = read_file("ca.pem"), client, client_key, serving, serving_key;
    if (x509_key_read(read_file("ca.key"), &e, &ca_key) < 0 ||
        leaf(ca, ca_key, "system:node:" NODE, "system:nodes", &client, &client_key, &e) < 0 ||
        leaf(ca, ca_key, "system:node:" NODE, "system:nodes", &serving, &serving_key, &e) < 0)
        return fail("certificates", &e);
    struct kubelet_options o = {
        .server = str_printf(&arena, "https://127.0.0.1:%s", port).p,
        .ca_pem = ca,
        .client_cert = client,
        .client_key = client_key,
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
    return env.ops->disk.write(&env, in_dir("containerd.toml"), buf_str(&b), 0600) < 0;
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
    int r = strcmp(argv[1], "apiserver") == 0 ? run_apiserver(l, argv[3]) : run_kubelet(l, argv[3]);
    loop_free(l);
    return r;
}
