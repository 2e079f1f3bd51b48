// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/log_rotate.h"
#include "kubelet/node_status.h"
#include "kubelet/pod_config.h"
#include "kubelet/runtime_conf.h"
#include "schema/value.h"
#include "tap.h"

static const str host[] = {{"192.0.2.1", 9}};

static struct node_config node(void) {
    return (struct node_config){
        .root_dir = "/k",
        .log_dir = "/l",
        .cgroup_root = "",
        .cluster_domain = "cluster.local",
        .resolv_conf = STR("# mine\nnameserver 10.0.0.53\nnameserver\t10.0.0.54\n"
                           "search lan example.com\noptions timeout:1\n"),
        .host_ips = host,
        .n_host_ips = 1,
        .memory_capacity = 1LL << 30,
    };
}

static Pod *pod(struct arena *a) {
    Pod *p = arena_make(a, Pod);
    p->metadata.name = STR("web");
    p->metadata.namespace_ = STR("shop");
    p->metadata.uid = STR("u1");
    p->spec.dns_policy = STR("ClusterFirst");
    Container *c = list_push(a, &p->spec.containers);
    c->name = STR("c");
    c->image = STR("img:1");
    c->termination_message_path = STR("/dev/termination-log");
    return p;
}

static void joined(struct arena *a, const str_list *l, const char *want) {
    CHECK_STRC(str_join(a, l->v, l->n, STR(" ")), want);
}

TEST(name_servers) {
    struct arena a;
    cri_DNSConfig d;
    arena_init(&a, 0);
    struct node_config n = node();
    Pod *p = pod(&a);
    pod_dns(&a, &n, p, &d); /* no cluster DNS: the machine's */
    joined(&a, &d.servers, "10.0.0.53 10.0.0.54");
    joined(&a, &d.searches, "lan example.com");
    joined(&a, &d.options, "timeout:1");
    n.cluster_dns = STR("10.96.0.10");
    pod_dns(&a, &n, p, &d);
    joined(&a, &d.servers, "10.96.0.10");
    joined(&a, &d.searches,
           "shop.svc.cluster.local svc.cluster.local cluster.local lan example.com");
    joined(&a, &d.options, "ndots:5");
    p->spec.dns_config = arena_make(&a, PodDNSConfig);
    *list_push(&a, &p->spec.dns_config->options) =
        (struct PodDNSConfigOption){.name = STR("ndots"), .value = STR("2")};
    pod_dns(&a, &n, p, &d);
    joined(&a, &d.options, "ndots:2");
    p->spec.dns_policy = STR("None");
    *list_push(&a, &p->spec.dns_config->nameservers) = STR("1.1.1.1");
    pod_dns(&a, &n, p, &d);
    joined(&a, &d.servers, "1.1.1.1");
    p->spec.dns_policy = STR("ClusterFirst");
    p->spec.host_network = true;
    CHECK(!pod_uses_cluster_dns(&n, p));
    arena_done(&a);
}

TEST(sandbox) {
    struct arena a;
    cri_PodSandboxConfig s;
    arena_init(&a, 0);
    struct node_config n = node();
    Pod *p = pod(&a);
    struct ContainerPort *port = list_push(&a, &p->spec.containers.v[0].ports);
    port->container_port = 53;
    port->host_port = 5353;
    port->protocol = STR("UDP");
    sandbox_config(&a, &n, p, 4, &s);
    CHECK_STRC(s.hostname, "web");
    CHECK_STRC(s.log_directory, "/l/shop_web_u1");
    CHECK_INT(s.metadata->attempt, 4);
    REQUIRE(s.port_mappings.n == 1);
    CHECK_INT(s.port_mappings.v[0].protocol, CRI_PROTOCOL_UDP);
    CHECK_STRC(s.linux_->cgroup_parent, "/kubepods/besteffort/podu1");
    CHECK_INT(s.linux_->security_context->namespace_options->network, CRI_NAMESPACE_MODE_POD);
    p->spec.host_network = true;
    sandbox_config(&a, &n, p, 4, &s);
    CHECK(str_empty(s.hostname));
    CHECK_INT(s.port_mappings.n, 0);
    CHECK_INT(s.linux_->security_context->namespace_options->network, CRI_NAMESPACE_MODE_NODE);
    arena_done(&a);
}

static const struct cri_Mount *mount_at(const cri_ContainerConfig *c, const char *path) {
    for (uint32_t i = 0; i < c->mounts.n; i++)
        if (str_eqc(c->mounts.v[i].container_path, path))
            return &c->mounts.v[i];
    return NULL;
}

TEST(container) {
    struct arena a;
    struct err e = {0};
    cri_ContainerConfig out;
    arena_init(&a, 0);
    struct node_config n = node();
    Pod *p = pod(&a);
    Container *c = &p->spec.containers.v[0];
    struct env_list env = {0};
    *list_push(&a, &env) = (struct env_var){STR("A"), STR("1")};
    *list_push(&a, &c->args) = STR("--a=$(A)");
    struct Volume *v = list_push(&a, &p->spec.volumes);
    v->name = STR("d");
    v->volume_source.empty_dir = arena_make(&a, EmptyDirVolumeSource);
    *list_push(&a, &c->volume_mounts) =
        (struct VolumeMount){.name = STR("d"), .mount_path = STR("/d"), .read_only = true};
    *list_push(&a, &c->volume_mounts) =
        (struct VolumeMount){.name = STR("d"), .mount_path = STR("/s"), .sub_path = STR("x")};
    struct container_args args = {.node = &n,
                                  .pod = p,
                                  .container = c,
                                  .attempt = 2,
                                  .image_ref = STR("sha256:1"),
                                  .env = &env,
                                  .termination_file = STR("/t"),
                                  .hosts_file = STR("/h")};
    REQUIRE(container_config(&a, &args, &out, &e) == 0);
    joined(&a, &out.args, "--a=1");
    CHECK_STRC(out.log_path, "c/2.log");
    REQUIRE(mount_at(&out, "/d"));
    CHECK_STRC(mount_at(&out, "/d")->host_path, "/k/pods/u1/volumes/kubernetes.io~empty-dir/d");
    CHECK(mount_at(&out, "/d")->readonly);
    CHECK_STRC(mount_at(&out, "/s")->host_path, "/k/pods/u1/volume-subpaths/d/c/1");
    CHECK_STRC(mount_at(&out, "/etc/hosts")->host_path, "/h");
    CHECK_STRC(mount_at(&out, "/dev/termination-log")->host_path, "/t");
    CHECK_INT(out.linux_->security_context->masked_paths.n > 5, 1);
    CHECK_INT(out.linux_->security_context->seccomp->profile_type, CRI_PROFILE_TYPE_UNCONFINED);
    *list_push(&a, &c->volume_mounts) = (struct VolumeMount){.name = STR("nope")};
    CHECK(container_config(&a, &args, &out, &e) < 0);
    arena_done(&a);
}

TEST(non_root) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    Pod *p = pod(&a);
    Container *c = &p->spec.containers.v[0];
    CHECK_INT(check_non_root(p, c, 0, STR_NONE, &e), 0);
    c->security_context = arena_make(&a, SecurityContext);
    c->security_context->run_as_non_root = (struct opt_bool){true, true};
    CHECK(check_non_root(p, c, 0, STR_NONE, &e) < 0);
    CHECK_STRC(str_of(e.text), "container has runAsNonRoot and image will run as root (pod: "
                               "\"web_shop(u1)\", container: c)");
    CHECK_INT(check_non_root(p, c, 1000, STR_NONE, &e), 0);
    CHECK(check_non_root(p, c, -1, STR("www"), &e) < 0);
    c->security_context->run_as_user = (struct opt_i64){true, 7};
    CHECK_INT(check_non_root(p, c, 0, STR_NONE, &e), 0);
    arena_done(&a);
}

TEST(host_names) {
    static const struct {
        const char *name, *host;
    } cases[] = {
        {"web", "web"},
        {"a123456789012345678901234567890123456789012345678901234567890-b-c",
         "a123456789012345678901234567890123456789012345678901234567890-b"},
        {"a12345678901234567890123456789012345678901234567890123456789012-",
         "a12345678901234567890123456789012345678901234567890123456789012"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        Pod *p = pod(&a);
        p->metadata.name = str_of(cases[i].name);
        CHECK_STRC(pod_hostname(&a, p), cases[i].host);
        arena_done(&a);
    }
}

TEST(node_conditions_and_times) {
    struct arena a;
    struct host_facts facts = {.cpus = 2, .memory_bytes = 1LL << 30, .architecture = "arm64"};
    struct node_view v = {.facts = &facts,
                          .name = "n1",
                          .labels = "role=edge,bare",
                          .hostname = STR("n1"),
                          .ip = STR("192.0.2.1"),
                          .pods_max = 110,
                          .runtime_up = true,
                          .network_ready = true,
                          .now = 100};
    Node n;
    NodeStatus later;
    arena_init(&a, 0);
    node_make(&a, &v, &n);
    CHECK_STRC(n.status.capacity.v[0].key, "cpu");
    for (uint32_t i = 1; i < n.metadata.labels.n; i++)
        CHECK(str_cmp(n.metadata.labels.v[i - 1].key, n.metadata.labels.v[i].key) < 0);
    CHECK_INT(n.metadata.labels.n, 7);
    v.now = 200;
    node_status_make(&a, &v, &n.status, &later);
    CHECK(!node_status_differs(&a, &n.status, &later));
    CHECK_INT(later.conditions.v[3].last_transition_time.sec, 100);
    CHECK_INT(later.conditions.v[3].last_heartbeat_time.sec, 200);
    v.network_ready = false;
    v.network_message = STR("NetworkReady=false reason:X message:y");
    node_status_make(&a, &v, &n.status, &later);
    CHECK(node_status_differs(&a, &n.status, &later));
    CHECK_STRC(later.conditions.v[3].type, "Ready");
    CHECK_STRC(later.conditions.v[3].status, "False");
    CHECK_STRC(later.conditions.v[3].message,
               "container runtime network not ready: NetworkReady=false reason:X message:y");
    CHECK_INT(later.conditions.v[3].last_transition_time.sec, 200);
    arena_done(&a);
}

TEST(rotated_logs_beyond_the_limit) {
    struct arena a;
    struct log_names l = {0};
    arena_init(&a, 0);
    log_rotated_excess(&a,
                       STR("0.log\n0.log.1\n0.log.2\n0.log.3\n0.log.4\n0.log.5\n0.log.6\n1.log"),
                       STR("0.log"), &l);
    REQUIRE(l.n == 2);
    CHECK_STRC(l.v[0], "0.log.1");
    CHECK_STRC(l.v[1], "0.log.2");
    l = (struct log_names){0};
    log_rotated_excess(&a, STR("0.log\n0.log.1"), STR("0.log"), &l);
    CHECK_INT(l.n, 0);
    arena_done(&a);
}

TEST(runtime_configuration) {
    static const str cidrs[] = {{"10.1.0.0/24", 11}, {"fd00::/64", 9}};
    struct buf b;
    struct arena a;
    struct value v;
    struct err e = {0};
    arena_init(&a, 0);
    buf_init(&b, 0);
    struct cni_conf c = {.name = STR("x"),
                         .bridge = "cni0",
                         .pod_cidrs = cidrs,
                         .n_pod_cidrs = 2,
                         .data_dir = "/a\"b"};
    runtime_cni_conflist(&b, &c, &(struct runtime_facts){.iptables = true});
    REQUIRE(value_parse(&a, str_trim(buf_str(&b)), &v, NULL, &e) == 0);
    CHECK_INT(value_getc(&v, "plugins")->list.n, 2);
    const struct value *ipam = value_getc(&value_getc(&v, "plugins")->list.v[0], "ipam");
    CHECK_INT(value_getc(ipam, "routes")->list.n, 2);
    CHECK_STRC(value_str(value_getc(ipam, "dataDir")), "/a\"b");
    buf_clear(&b);
    struct runtime_conf rc = {.root = "/r",
                              .state = "/s",
                              .socket = "/k",
                              .runtime_binary = "crun",
                              .sandbox_image = "p:1",
                              .cni_conf_dir = "/c",
                              .cni_bin_dir = "/b"};
    runtime_containerd_toml(&b, &rc, &(struct runtime_facts){.cap_sys_resource = true});
    CHECK(str_find(buf_str(&b), STR("restrict_oom_score_adj = false\n")) > 0);
    CHECK(str_find(buf_str(&b), STR("oom_score = -999\n")) > 0);
    CHECK(str_find(buf_str(&b), STR("config_path")) < 0);
    buf_done(&b);
    arena_done(&a);
}
