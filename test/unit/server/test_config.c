// SPDX-License-Identifier: Apache-2.0
#include "server/config.h"

#include <unistd.h>

#include "tap.h"

/* Parses and completes. Words behind the program's name; a NULL ends them. */
static int configure(struct server_config *c, struct err *e, const char *const *words) {
    static char store[8][128];
    char program[] = "server", *argv[9] = {program};
    int argc = 1;
    *c = (struct server_config){0};
    *e = (struct err){0};
    for (; words[argc - 1]; argc++) {
        snprintf(store[argc - 1], sizeof(store[0]), "%s", words[argc - 1]);
        argv[argc] = store[argc - 1];
    }
    int r = flags_parse(server_flags, c, argc, argv, 1, e);
    return r < 0 ? r : server_config_complete(c, e);
}
#define CONFIGURE(c, e, ...) configure((c), (e), (const char *const[]){__VA_ARGS__, NULL})

TEST(config_defaults) {
    struct server_config c;
    struct err e;
    REQUIRE(CONFIGURE(&c, &e, "--no-agent") == 0);
    CHECK_STRC(str_of(c.data_dir), "/var/lib/coxswain");
    CHECK_STRC(str_of(c.run_dir), "/run/coxswain");
    CHECK_STRC(str_of(c.kubeconfig), "/etc/coxswain/kubeconfig.yaml");
    CHECK_STRC(str_of(c.listen), "tcp:127.0.0.1:6443");
    CHECK_STRC(str_of(c.api_url), "https://127.0.0.1:6443");
    CHECK_STRC(str_of(c.pod_cidr), "10.244.0.0/24");
    CHECK_STRC(str_of(c.service_cidr), "10.96.0.0/16");
    CHECK(c.no_agent && !c.dev);
    CHECK(c.hostname[0] && strcmp(c.node_name, c.hostname) == 0);
    for (const char *p = c.hostname; *p; p++)
        CHECK(*p < 'A' || *p > 'Z');
    CHECK(c.node_ip[0] != '\0');
}

static const struct address_case {
    const char *bind, *listen, *url;
} addresses[] = {
    {"127.0.0.1", "tcp:127.0.0.1:7000", "https://127.0.0.1:7000"},
    {"192.0.2.7", "tcp:192.0.2.7:7000", "https://192.0.2.7:7000"},
    {"0.0.0.0", "tcp:0.0.0.0:7000", "https://127.0.0.1:7000"},
    {"::", "tcp:[::]:7000", "https://127.0.0.1:7000"},
    {"::1", "tcp:[::1]:7000", "https://[::1]:7000"},
    {"", "tcp:127.0.0.1:7000", "https://127.0.0.1:7000"},
};

TEST(config_addresses) {
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        struct server_config c;
        struct err e;
        REQUIRE(CONFIGURE(&c, &e, "--no-agent", "--secure-port=7000", "--bind-address",
                          addresses[i].bind) == 0);
        CHECK_STRC(str_of(c.listen), addresses[i].listen);
        CHECK_STRC(str_of(c.api_url), addresses[i].url);
    }
}

static const struct refused_case {
    const char *word, *error;
} refused[] = {
    {"--bind-address=localhost", "--bind-address: \"localhost\" is no IP address"},
    {"--node-ip=10.0.0", "--node-ip: \"10.0.0\" is no IP address"},
    {"--node-name=Upper", "--node-name: \"Upper\" is no DNS subdomain (RFC 1123)"},
    {"--node-name=a,b", "--node-name: \"a,b\" is no DNS subdomain (RFC 1123)"},
    {"--secure-port=0",
     "invalid argument \"0\" for \"--secure-port\" flag: want a number from 1 to 65535"},
};

TEST(config_refuses) {
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct server_config c;
        struct err e;
        CHECK_INT(CONFIGURE(&c, &e, "--no-agent", refused[i].word), -EINVAL);
        CHECK_STRC(str_of(e.text), refused[i].error);
    }
}

TEST(config_what_is_given_stays) {
    struct server_config c;
    struct err e;
    REQUIRE(CONFIGURE(&c, &e, "--no-agent", "--node-name=n1.example", "--node-ip=fd00::7") == 0);
    CHECK_STRC(str_of(c.node_name), "n1.example");
    CHECK_STRC(str_of(c.node_ip), "fd00::7");
}

TEST(config_users) {
    struct server_config c;
    struct err e;
    REQUIRE(CONFIGURE(&c, &e, "--no-agent", "--user=no-such-user-here") == 0);
    if (geteuid() == 0)
        CHECK(c.uid != 0 && c.gid != 0); /* nobody's */
    else
        CHECK(c.uid == 0 && c.gid == 0);
    REQUIRE(CONFIGURE(&c, &e, "--no-agent", "--user=") == 0);
    CHECK(c.uid == 0 && c.gid == 0);
}

TEST(config_a_node_needs_root) {
    struct server_config c;
    struct err e;
    int r = CONFIGURE(&c, &e, "--node-name=n1");
    if (geteuid() == 0) {
        CHECK_INT(r, 0);
    } else {
        CHECK_INT(r, -EPERM);
        CHECK_STRC(str_of(e.text), "a node needs root (or use --no-agent)");
    }
}
