// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/pod_env.h"
#include "tap.h"

struct world {
    struct arena a;
    Pod pod;
    Container c;
    ConfigMap map;
    Secret secret;
    Service service;
};

static const ConfigMap *map_of(void *ctx, str name) {
    return str_eqc(name, "cfg") ? &((struct world *)ctx)->map : NULL;
}
static const Secret *secret_of(void *ctx, str name) {
    return str_eqc(name, "sec") ? &((struct world *)ctx)->secret : NULL;
}
static const Service *service_of(void *ctx, uint32_t i) {
    return i == 0 ? &((struct world *)ctx)->service : NULL;
}

static void init(struct world *w) {
    memset(w, 0, sizeof(*w));
    arena_init(&w->a, 0);
    w->pod.metadata.name = STR("web-0");
    w->pod.metadata.namespace_ = STR("shop");
    w->pod.metadata.uid = STR("u1");
    w->pod.spec.node_name = STR("n1");
    *list_push(&w->a, &w->pod.metadata.labels) = (struct str_pair){STR("app"), STR("web")};
    *list_push(&w->a, &w->pod.metadata.labels) = (struct str_pair){STR("q"), STR("a\"b")};
    *list_push(&w->a, &w->map.data) = (struct str_pair){STR("k"), STR("v")};
    *list_push(&w->a, &w->secret.data) = (struct str_pair){STR("pw"), STR("s3cret")};
    w->service.metadata.name = STR("my-db");
    w->service.spec.cluster_ip = STR("10.0.0.9");
    struct ServicePort *p = list_push(&w->a, &w->service.spec.ports);
    p->name = STR("sql");
    p->port = 5432;
    p->protocol = STR("TCP");
}

static struct EnvVar *add(struct world *w, const char *name, const char *value) {
    struct EnvVar *v = list_push(&w->a, &w->c.env);
    v->name = str_of(name);
    v->value = str_of(value);
    return v;
}

static int make(struct world *w, struct env_list *ret, struct err *e) {
    static const str ips[] = {{"10.1.2.3", 8}};
    struct pod_sources src = {
        .ctx = w, .config_map = map_of, .secret = secret_of, .service = service_of};
    struct pod_surroundings at = {.pod_ips = ips, .n_pod_ips = 1, .host_ips = ips, .n_host_ips = 1};
    return container_env(&w->a, &w->pod, &w->c, &src, &at, ret, e);
}

static str value(const struct env_list *l, const char *name) {
    str found = STR_NONE;
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eqc(l->v[i].name, name)) {
            CHECK(!found.p); /* no name twice */
            found = l->v[i].value;
        }
    return found;
}

TEST(expansion) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"$(A)", "1"},
        {"x$(A)y$(B)z", "x1y2z"},
        {"$(NOPE)", "$(NOPE)"},
        {"$$(A)", "$(A)"},
        {"$$$(A)", "$1"},
        {"$", "$"},
        {"a$", "a$"},
        {"$(A", "$(A"},
        {"$A", "$A"},
        {"$()", "$()"},
        {"$(A)$(A)", "11"},
        {"MY_SERVICE=$(MY_DB_SERVICE_HOST)", "MY_SERVICE=10.0.0.9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        struct env_list l;
        struct err e = {0};
        init(&w);
        add(&w, "A", "1");
        add(&w, "B", "2");
        add(&w, "X", cases[i].in);
        REQUIRE(make(&w, &l, &e) == 0);
        CHECK_STRC(value(&l, "X"), cases[i].out);
        arena_done(&w.a);
    }
}

TEST(a_variable_sees_only_those_before_it) {
    struct world w;
    struct env_list l;
    struct err e = {0};
    init(&w);
    add(&w, "X", "$(LATER)");
    add(&w, "LATER", "1");
    REQUIRE(make(&w, &l, &e) == 0);
    CHECK_STRC(value(&l, "X"), "$(LATER)");
    arena_done(&w.a);
}

TEST(all_sources) {
    struct world w;
    struct env_list l;
    struct err e = {0};
    init(&w);
    struct EnvFromSource *f = list_push(&w.a, &w.c.env_from);
    f->prefix = STR("P_");
    f->config_map_ref = arena_make(&w.a, ConfigMapEnvSource);
    f->config_map_ref->local_object_reference.name = STR("cfg");
    ObjectFieldSelector field = {.field_path = STR("metadata.labels['app']")};
    EnvVarSource by_field = {.field_ref = &field};
    SecretKeySelector key = {.local_object_reference = {STR("sec")}, .key = STR("pw")};
    EnvVarSource by_secret = {.secret_key_ref = &key};
    ConfigMapKeySelector gone = {
        .local_object_reference = {STR("none")}, .key = STR("k"), .optional = {true, true}};
    EnvVarSource by_optional = {.config_map_key_ref = &gone};
    add(&w, "LABEL", "")->value_from = &by_field;
    add(&w, "PW", "")->value_from = &by_secret;
    add(&w, "OPT", "")->value_from = &by_optional;
    add(&w, "P_k", "mine");
    REQUIRE(make(&w, &l, &e) == 0);
    CHECK_STRC(value(&l, "LABEL"), "web");
    CHECK_STRC(value(&l, "PW"), "s3cret");
    CHECK(!value(&l, "OPT").p);
    CHECK_STRC(value(&l, "P_k"), "mine");
    CHECK_STRC(value(&l, "MY_DB_SERVICE_PORT"), "5432");
    CHECK_STRC(value(&l, "MY_DB_SERVICE_PORT_SQL"), "5432");
    CHECK_STRC(value(&l, "MY_DB_PORT"), "tcp://10.0.0.9:5432");
    CHECK_STRC(value(&l, "MY_DB_PORT_5432_TCP_ADDR"), "10.0.0.9");
    CHECK_STRC(value(&l, "MY_DB_PORT_5432_TCP_PROTO"), "tcp");
    arena_done(&w.a);
}

TEST(missing_references_say_so) {
    struct world w;
    struct env_list l;
    struct err e = {0};
    init(&w);
    ConfigMapKeySelector no_map = {.local_object_reference = {STR("none")}, .key = STR("k")};
    EnvVarSource from = {.config_map_key_ref = &no_map};
    add(&w, "X", "")->value_from = &from;
    CHECK(make(&w, &l, &e) < 0);
    CHECK_STRC(str_of(e.text), "configmap \"none\" not found");
    no_map.local_object_reference.name = STR("cfg");
    no_map.key = STR("zz");
    CHECK(make(&w, &l, &e) < 0);
    CHECK_STRC(str_of(e.text), "couldn't find key zz in ConfigMap shop/cfg");
    arena_done(&w.a);
}

TEST(fields) {
    static const struct {
        const char *path, *value;
    } cases[] = {
        {"metadata.name", "web-0"},      {"metadata.namespace", "shop"},
        {"metadata.uid", "u1"},          {"spec.nodeName", "n1"},
        {"status.podIP", "10.1.2.3"},    {"status.hostIPs", "10.1.2.3"},
        {"metadata.labels['none']", ""}, {"metadata.labels", "app=\"web\"\nq=\"a\\\"b\""},
        {"metadata.labels['", NULL},     {"metadata.labels[']", NULL},
        {"spec.containers", NULL},       {"", NULL},
    };
    static const str ips[] = {{"10.1.2.3", 8}};
    struct world w;
    init(&w);
    struct pod_surroundings at = {.pod_ips = ips, .n_pod_ips = 1, .host_ips = ips, .n_host_ips = 1};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str v;
        struct err e = {0};
        int r = pod_field(&w.a, &w.pod, str_of(cases[i].path), &at, &v, &e);
        CHECK_INT(r < 0, cases[i].value == NULL);
        if (r == 0 && cases[i].value)
            CHECK_STRC(v, cases[i].value);
    }
    arena_done(&w.a);
}

TEST(resource_fields_round_up) {
    static const struct {
        const char *resource, *divisor, *value;
    } cases[] = {
        {"limits.cpu", "0", "2"},
        {"limits.cpu", "1m", "1500"},
        {"requests.cpu", "1", "1"},
        {"limits.memory", "1Mi", "65"},
        {"requests.memory", "0", "68000000"},
        {"limits.nope", "0", "0"},
        {"cpu", "0", NULL},
    };
    struct world w;
    init(&w);
    *list_push(&w.a, &w.c.resources.limits) = (struct str_pair){STR("cpu"), STR("1500m")};
    *list_push(&w.a, &w.c.resources.limits) = (struct str_pair){STR("memory"), STR("68M")};
    *list_push(&w.a, &w.c.resources.requests) = (struct str_pair){STR("cpu"), STR("100m")};
    struct pod_surroundings at = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str v;
        struct err e = {0};
        ResourceFieldSelector s = {.resource = str_of(cases[i].resource),
                                   .divisor = str_of(cases[i].divisor)};
        int r = container_resource(&w.a, &w.c, &s, &at, &v, &e);
        CHECK_INT(r < 0, cases[i].value == NULL);
        if (r == 0)
            CHECK_STRC(v, cases[i].value);
    }
    arena_done(&w.a);
}
