// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <arpa/inet.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/feature_gates.h"
#include "api/names.h"
#include "kubelet/host/host.h"
#include "server/pki.h"

#define AT(m) offsetof(struct server_config, m)

#define FLAG_CONFIG                                                                                \
    { "config", FLAG_STR, AT(config), NULL, "YAML file with any of these flags, `name: value`" }

#define FLAG_RUNTIME_CONFIG                                                                        \
    {                                                                                              \
        "runtime-config", FLAG_STR, AT(runtime_config), "",                                        \
            "API versions to switch on or off: api/all, api/ga, GROUP/VERSION or "                 \
            "GROUP/VERSION/RESOURCE, each with =true or =false, commas between"                    \
    }

#define FLAG_SIGNING_DURATION                                                                      \
    {                                                                                              \
        "cluster-signing-duration", FLAG_DURATION, AT(signing_duration), "8760h",                  \
            "how long certificates are good for that are asked of the cluster, at most"            \
    }

#define FLAG_FEATURE_GATES                                                                         \
    {                                                                                              \
        "feature-gates", FLAG_STR, AT(feature_gates), "",                                          \
            "Kubernetes' gates, NAME=true|false with commas between; none can be changed"          \
    }

const struct flag server_flags[] = {
    FLAG_CONFIG,
    {"data-dir", FLAG_STR, AT(data_dir), "/var/lib/coxswain", "folder of everything that is kept"},
    {"run-dir", FLAG_STR, AT(run_dir), "/run/coxswain", "folder of sockets and run-time files"},
    {"kubeconfig", FLAG_STR, AT(kubeconfig), "/etc/coxswain/kubeconfig.yaml",
     "where the administrator's kubeconfig is written"},
    {"pod-log-dir", FLAG_STR, AT(log_dir), "/var/log/pods", "folder of the containers' logs"},
    {"bind-address", FLAG_STR, AT(bind_address), "127.0.0.1",
     "IP the API server listens on; 0.0.0.0 lets other machines in"},
    {"secure-port", FLAG_INT, AT(port), "6443", "port of the API server", 1, 65535},
    {"node-name", FLAG_STR, AT(node_name), "", "name of this node; the host's by default"},
    {"node-ip", FLAG_STR, AT(node_ip), "", "address of this node; that of the default route"},
    {"cluster-cidr", FLAG_STR, AT(pod_cidr), "10.244.0.0/24", "addresses of this node's pods"},
    {"service-cluster-ip-range", FLAG_STR, AT(service_cidr), "10.96.0.0/16",
     "addresses of services"},
    {"cluster-domain", FLAG_STR, AT(cluster_domain), "cluster.local", "DNS domain of the cluster"},
    {"pause-image", FLAG_STR, AT(sandbox_image), "coxswain.local/pause:1", "image of sandboxes"},
    {"user", FLAG_STR, AT(user), "coxswain",
     "user of the processes that need no root; nobody where it does not exist"},
    FLAG_RUNTIME_CONFIG,
    FLAG_FEATURE_GATES,
    FLAG_SIGNING_DURATION,
    {"no-agent", FLAG_BOOL, AT(no_agent), "false", "no node on this machine"},
    {"v", FLAG_INT, AT(verbosity), "0", "log verbosity; 4 and more is debugging", 0, 10},
    {0},
};

const struct flag agent_flags[] = {
    FLAG_CONFIG,
    {"server", FLAG_STR, AT(join_server), "", "URL of the API server, https://HOST:6443"},
    {"token", FLAG_STR, AT(join_token), "",
     "what `coxswain token create` printed; needed once, to join"},
    {"token-file", FLAG_STR, AT(join_token_file), "", "a file with it, that ps does not show"},
    {"data-dir", FLAG_STR, AT(data_dir), "/var/lib/coxswain", "folder of everything that is kept"},
    {"run-dir", FLAG_STR, AT(run_dir), "/run/coxswain", "folder of sockets and run-time files"},
    {"pod-log-dir", FLAG_STR, AT(log_dir), "/var/log/pods", "folder of the containers' logs"},
    {"node-name", FLAG_STR, AT(node_name), "", "name of this node; the host's by default"},
    {"node-ip", FLAG_STR, AT(node_ip), "", "address of this node; that of the default route"},
    {"cluster-cidr", FLAG_STR, AT(pod_cidr), "10.244.1.0/24",
     "addresses of this node's pods; each node needs its own"},
    {"cluster-domain", FLAG_STR, AT(cluster_domain), "cluster.local", "DNS domain of the cluster"},
    {"pause-image", FLAG_STR, AT(sandbox_image), "coxswain.local/pause:1", "image of sandboxes"},
    {"v", FLAG_INT, AT(verbosity), "0", "log verbosity; 4 and more is debugging", 0, 10},
    {0},
};

const struct flag dev_flags[] = {
    {"port", FLAG_INT, AT(port), "0", "port on 127.0.0.1; any free one by default", 0, 65535},
    {"kubeconfig", FLAG_STR, AT(kubeconfig), "", "where to write the kubeconfig; a temporary file"},
    FLAG_RUNTIME_CONFIG,
    FLAG_FEATURE_GATES,
    FLAG_SIGNING_DURATION,
    {"v", FLAG_INT, AT(verbosity), "0", "log verbosity; 4 and more is debugging", 0, 10},
    {0},
};

/* Flags of components by themselves, with upstream's names and defaults. */
#define FLAG_V                                                                                     \
    { "v", FLAG_INT, AT(verbosity), "0", "log verbosity; 4 and more is debugging", 0, 10 }
#define FLAG_KUBECONFIG                                                                            \
    { "kubeconfig", FLAG_STR, AT(api_kubeconfig), "", "how to reach the API server, and as whom" }
#define FLAG_LEADER_ELECT                                                                          \
    {                                                                                              \
        "leader-elect", FLAG_BOOL, AT(leader_elect), "true",                                       \
            "wait for the leader lease before doing anything"                                      \
    }
#define FLAG_SERVING                                                                               \
    {"tls-cert-file", FLAG_STR, AT(tls_cert_file), "", "serving certificate (PEM)"},               \
        {"tls-private-key-file", FLAG_STR, AT(tls_key_file), "", "its key (PEM)"}, {               \
        "client-ca-file", FLAG_STR, AT(client_ca_file), "", "CA of client certificates (PEM)"      \
    }

#define FLAGS_PROXIES                                                                              \
    {"requestheader-client-ca-file", FLAG_STR, AT(proxy_ca_file), "",                              \
     "CA of proxies that say in headers for whom they speak (PEM)"},                               \
        {"requestheader-allowed-names", FLAG_STR, AT(proxy_names), "",                             \
         "common names of those proxies, with commas between; any by default"},                    \
        {"requestheader-username-headers", FLAG_STR, AT(proxy_user_headers), "",                   \
         "headers that name the user; usually X-Remote-User"},                                     \
        {"requestheader-uid-headers", FLAG_STR, AT(proxy_uid_headers), "",                         \
         "headers of the user's UID; usually X-Remote-Uid"},                                       \
        {"requestheader-group-headers", FLAG_STR, AT(proxy_group_headers), "",                     \
         "headers of the user's groups; usually X-Remote-Group"},                                  \
    {                                                                                              \
        "requestheader-extra-headers-prefix", FLAG_STR, AT(proxy_extra_prefixes), "",              \
            "beginnings of headers with more about the user; usually X-Remote-Extra-"              \
    }

const struct flag kube_apiserver_flags[] = {
    {"bind-address", FLAG_STR, AT(bind_address), "0.0.0.0", "IP to listen on"},
    {"secure-port", FLAG_INT, AT(port), "6443", "port to listen on", 1, 65535},
    {"advertise-address", FLAG_STR, AT(advertise_address), "",
     "address that pods reach it at; --bind-address, or that of the default route"},
    FLAG_SERVING,
    FLAGS_PROXIES,
    {"service-account-signing-key-file", FLAG_STR, AT(token_key_file), "",
     "key that signs service account tokens (PEM)"},
    {"service-account-key-file", FLAG_STRS, AT(token_key_files), NULL,
     "keys or certificates (PEM) whose service account tokens are believed beside the signing "
     "key's"},
    {"service-account-issuer", FLAG_STR, AT(token_issuer), "", "issuer of service account tokens"},
    {"service-cluster-ip-range", FLAG_STR, AT(service_cidr), "10.96.0.0/16",
     "addresses of services"},
    {"enable-admission-plugins", FLAG_STR, AT(admission_on), "",
     "admission plugins beside the default ones, with commas between"},
    {"disable-admission-plugins", FLAG_STR, AT(admission_off), "",
     "default admission plugins that are left out"},
    {"shutdown-delay-duration", FLAG_DURATION, AT(shutdown_delay), "0s",
     "how long requests are still served after the end was asked for, while /readyz fails"},
    {"goaway-chance", FLAG_STR, AT(goaway_chance), "0",
     "fraction of HTTP/2 requests, up to 0.02, after which the client is asked to connect anew"},
    FLAG_RUNTIME_CONFIG,
    FLAG_FEATURE_GATES,
    {"kubelet-client-certificate", FLAG_STR, AT(kubelet_cert_file), "",
     "certificate shown to kubelets (PEM)"},
    {"kubelet-client-key", FLAG_STR, AT(kubelet_key_file), "", "its key (PEM)"},
    {"kubelet-certificate-authority", FLAG_STR, AT(kubelet_ca_file), "",
     "CA of kubelets' serving certificates (PEM); without it they are not verified"},
    {"data-dir", FLAG_STR, AT(data_dir), "/var/lib/coxswain", "folder of the embedded store"},
    FLAG_V,
    {0},
};

#define FLAG_DIAGNOSTICS(port_)                                                                     \
    {"bind-address", FLAG_STR, AT(bind_address), "127.0.0.1",                                       \
     "IP that /metrics and /healthz are served on"},                                                \
        {"secure-port", FLAG_INT, AT(diagnostics_port), port_, "their port; 0 for none", 0, 65535}, \
    {                                                                                               \
        "client-ca-file", FLAG_STR, AT(client_ca_file), "",                                         \
            "CA of certificates that clients of that port may show (PEM)"                           \
    }

const struct flag kube_scheduler_flags[] = {
    FLAG_KUBECONFIG, FLAG_LEADER_ELECT, FLAG_DIAGNOSTICS("10259"), FLAG_FEATURE_GATES, FLAG_V, {0}};

const struct flag kube_controller_manager_flags[] = {
    FLAG_KUBECONFIG,
    FLAG_LEADER_ELECT,
    FLAG_DIAGNOSTICS("10257"),
    FLAG_FEATURE_GATES,
    {"root-ca-file", FLAG_STR, AT(root_ca_file), "",
     "CA that is published to pods (PEM); that of the kubeconfig by default"},
    FLAG_V,
    {0},
};

const struct flag kubelet_flags[] = {
    FLAG_KUBECONFIG,
    FLAG_FEATURE_GATES,
    FLAG_SERVING,
    {"hostname-override", FLAG_STR, AT(node_name), "", "name of the node; the host's by default"},
    {"node-ip", FLAG_STR, AT(node_ip), "", "address of the node; that of the default route"},
    {"port", FLAG_INT, AT(kubelet_port), "10250", "port to listen on", 1, 65535},
    {"container-runtime-endpoint", FLAG_STR, AT(runtime_endpoint),
     "unix:///run/containerd/containerd.sock", "socket of the CRI runtime"},
    {"root-dir", FLAG_STR, AT(kubelet_dir), "/var/lib/kubelet", "folder of volumes and the like"},
    {"pod-log-dir", FLAG_STR, AT(log_dir), "/var/log/pods", "folder of the containers' logs"},
    {"cluster-domain", FLAG_STR, AT(cluster_domain), "cluster.local", "DNS domain of the cluster"},
    FLAG_V,
    {0},
};

static bool has(const char *s) {
    return s && s[0];
}

static void find_user(struct server_config *c) {
    if (geteuid() != 0 || !has(c->user))
        return;
    const struct passwd *pw = getpwnam(c->user);
    if (!pw)
        pw = getpwnam("nobody");
    if (pw) {
        c->uid = pw->pw_uid;
        c->gid = pw->pw_gid;
    }
}

static bool is_ip(const char *s) {
    char bytes[16];
    return inet_pton(AF_INET, s, bytes) == 1 || inet_pton(AF_INET6, s, bytes) == 1;
}

/* What would otherwise end a process again and again, long after whoever typed it has gone. */
static int check(const struct server_config *c, struct err *e) {
    if (feature_gates_check(str_of(c->feature_gates), e) < 0)
        return -EINVAL;
    if (!is_ip(c->bind_address))
        return err_set(e, -EINVAL, "--bind-address: \"%s\" is no IP address", c->bind_address);
    if (!is_ip(c->advertise_address))
        return err_set(e, -EINVAL, "--advertise-address: \"%s\" is no IP address",
                       c->advertise_address);
    if (!is_ip(c->node_ip))
        return err_set(e, -EINVAL, "--node-ip: \"%s\" is no IP address", c->node_ip);
    if (!name_ok(name_dns1123_subdomain, str_of(c->node_name)))
        return err_set(e, -EINVAL, "--node-name: \"%s\" is no DNS subdomain (RFC 1123)",
                       c->node_name);
    return 0;
}

static int complete(struct server_config *c, struct err *e) {
    struct host_facts facts;
    host_facts_read("/", &facts);
    snprintf(c->hostname, sizeof(c->hostname), "%s", facts.hostname);
    snprintf(c->detected_ip, sizeof(c->detected_ip), "%s", facts.ip);
    /* Node names are DNS subdomains. */
    for (char *p = c->hostname; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p | 32);
    if (!has(c->node_name))
        c->node_name = c->hostname;
    if (!has(c->node_ip))
        c->node_ip = c->detected_ip[0] ? c->detected_ip : "127.0.0.1";
    if (!has(c->bind_address))
        c->bind_address = "127.0.0.1";
    if (!has(c->cluster_domain))
        c->cluster_domain = "cluster.local";
    bool v6 = strchr(c->bind_address, ':') != NULL;
    snprintf(c->listen, sizeof(c->listen), v6 ? "tcp:[%s]:%d" : "tcp:%s:%d", c->bind_address,
             (int)c->port);
    bool any = strcmp(c->bind_address, "0.0.0.0") == 0 || strcmp(c->bind_address, "::") == 0;
    if (!has(c->advertise_address))
        c->advertise_address = any ? c->node_ip : c->bind_address;
    snprintf(c->api_url, sizeof(c->api_url), v6 && !any ? "https://[%s]:%d" : "https://%s:%d",
             any ? "127.0.0.1" : c->bind_address, (int)c->port);
    return check(c, e);
}

static int read_goaway_chance(struct server_config *c, struct err *e) {
    char *end = NULL;
    double chance = has(c->goaway_chance) ? strtod(c->goaway_chance, &end) : 0;
    if (end && *end)
        return err_set(e, -EINVAL, "--goaway-chance: want a number");
    if (!(chance >= 0 && chance <= 0.02))
        return err_set(e, -EINVAL, "--goaway-chance can not be less than 0 or greater than 0.02");
    c->goaway_per_million = (uint32_t)(chance * 1000000);
    return 0;
}

int component_config_complete(struct server_config *c, struct err *e) {
    int r = read_goaway_chance(c, e);
    return r < 0 ? r : complete(c, e);
}

int agent_config_complete(struct server_config *c, struct err *e) {
    if (!has(c->join_server) || strncmp(c->join_server, "https://", 8) != 0)
        return err_set(e, -EINVAL, "--server: want https://HOST:PORT");
    int r = complete(c, e);
    if (r < 0)
        return r;
    if ((size_t)snprintf(c->api_url, sizeof(c->api_url), "%s", c->join_server) >=
        sizeof(c->api_url))
        return err_set(e, -EINVAL, "--server is too long");
    c->kubelet_port = 10250;
    c->cgroup_root = "/coxswain";
    if (geteuid() != 0)
        return err_set(e, -EPERM, "a node needs root");
    return 0;
}

int server_config_complete(struct server_config *c, struct err *e) {
    int r = complete(c, e);
    if (r < 0)
        return r;
    c->proxy_names = PKI_PROXY_CN;
    c->proxy_user_headers = "X-Remote-User";
    c->proxy_uid_headers = "X-Remote-Uid";
    c->proxy_group_headers = "X-Remote-Group";
    c->proxy_extra_prefixes = "X-Remote-Extra-";
    c->leader_elect = false; /* the embedded store has one server, and leases wear out flash */
    c->kubelet_port = 10250;
    c->cgroup_root = "/coxswain";
    if (!c->no_agent && !c->dev && geteuid() != 0)
        return err_set(e, -EPERM, "a node needs root (or use --no-agent)");
    find_user(c);
    return 0;
}
