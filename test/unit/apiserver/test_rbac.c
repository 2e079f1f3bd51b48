// SPDX-License-Identifier: Apache-2.0
/* RBAC: the rules one by one, and the indexed evaluator against one that reads every binding, over
 * random policies that change. */
#include "access_test.h"
#include "apiserver/authz/rules.h"

#define LIST(...)                                                                                  \
    { (str[]){__VA_ARGS__}, sizeof((str[]){__VA_ARGS__}) / sizeof(str) }

TEST(a_rule_allows) {
    const PolicyRule pods = {.verbs = LIST(STR("get"), STR("list")),
                             .api_groups = LIST(STR("")),
                             .resources = LIST(STR("pods"), STR("*/scale"))};
    const PolicyRule log = {
        .verbs = LIST(STR("*")), .api_groups = LIST(STR("*")), .resources = LIST(STR("pods/log"))};
    const PolicyRule all = {
        .verbs = LIST(STR("*")), .api_groups = LIST(STR("*")), .resources = LIST(STR("*"))};
    const PolicyRule named = {.verbs = LIST(STR("get"), STR("create")),
                              .api_groups = LIST(STR("")),
                              .resources = LIST(STR("secrets")),
                              .resource_names = LIST(STR("a"), STR("b"))};
    static const struct {
        int rule;
        const char *verb, *group, *resource, *sub, *name;
        bool want;
    } cases[] = {
        {0, "get", "", "pods", "", "x", true},
        {0, "list", "", "pods", "", "", true},
        {0, "watch", "", "pods", "", "", false},
        {0, "get", "apps", "pods", "", "x", false},
        {0, "get", "", "pods", "log", "x", false},
        {0, "get", "", "deployments", "scale", "x", true},
        {0, "get", "", "podss", "", "x", false},
        {1, "get", "g", "pods", "log", "x", true},
        {1, "get", "g", "pods", "", "x", false},
        {1, "get", "g", "pods", "exec", "x", false},
        {2, "delete", "g", "r", "s", "n", true},
        {2, "delete", "g", "r", "", "", true},
        {3, "get", "", "secrets", "", "a", true},
        {3, "get", "", "secrets", "", "c", false},
        {3, "get", "", "secrets", "", "", false},
        {3, "create", "", "secrets", "", "", false},
    };
    const PolicyRule *rules[] = {&pods, &log, &all, &named};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct attributes q = {.resource_request = true,
                               .verb = str_of(cases[i].verb),
                               .group = str_of(cases[i].group),
                               .resource = str_of(cases[i].resource),
                               .subresource = str_of(cases[i].sub),
                               .name = str_of(cases[i].name)};
        if (rule_allows(rules[cases[i].rule], &q) != cases[i].want)
            tap_fail(__FILE__, __LINE__, "case %zu", i);
    }
}

TEST(a_rule_allows_paths) {
    const PolicyRule r = {.verbs = LIST(STR("get")),
                          .non_resource_urls = LIST(STR("/healthz"), STR("/api/*"), STR("/x*"))};
    static const struct {
        const char *verb, *path;
        bool want;
    } cases[] = {
        {"get", "/healthz", true}, {"get", "/healthz/ping", false},
        {"get", "/api/", true},    {"get", "/api/v1", true},
        {"get", "/api", false},    {"get", "/xyz", true},
        {"post", "/xyz", false},   {"get", "/", false},
        {"get", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct attributes q = {.verb = str_of(cases[i].verb), .path = str_of(cases[i].path)};
        if (rule_allows(&r, &q) != cases[i].want)
            tap_fail(__FILE__, __LINE__, "case %zu", i);
    }
    struct attributes q = {.verb = STR("get"),
                           .resource_request = true,
                           .resource = STR("pods"),
                           .path = STR("/healthz")};
    CHECK(!rule_allows(&r, &q));
}

/* ---- random policies ---- */

static const char *const verbs[] = {"get", "list", "create", "*"};
static const char *const groups[] = {"", "apps", "*"};
static const char *const resources[] = {"pods", "pods/log", "deployments", "*/scale", "*"};
static const char *const names[] = {"n1", "n2"};
static const char *const spaces[] = {"default", "kube-system"};
static const char *const users[] = {"ann", "bob", "system:serviceaccount:default:sa"};
static const char *const teams[] = {"dev", "ops"};

#define PICK(w, list) list[env_random_below((w)->env, ARRAY_LEN(list))]

static str random_rules(struct world *w) {
    str out = STR("[");
    uint64_t n = env_random_below(w->env, 3);
    for (uint64_t i = 0; i <= n; i++) {
        str name = env_random_below(w->env, 4)
                       ? STR_NONE
                       : str_printf(w->arena, ",\"resourceNames\":[\"%s\"]", PICK(w, names));
        out = str_printf(w->arena,
                         STR_FMT "%s{\"verbs\":[\"%s\"],\"apiGroups\":[\"%s\"],\"resources\":"
                                 "[\"%s\"]" STR_FMT "}",
                         STR_ARG(out), i ? "," : "", PICK(w, verbs), PICK(w, groups),
                         PICK(w, resources), STR_ARG(name));
    }
    return str_concat(w->arena, out, STR("]"));
}

static str random_subjects(struct world *w) {
    switch (env_random_below(w->env, 3)) {
    case 0:
        return str_printf(w->arena,
                          "[{\"kind\":\"User\",\"name\":\"%s\",\"apiGroup\":"
                          "\"rbac.authorization.k8s.io\"}]",
                          PICK(w, users));
    case 1:
        return str_printf(w->arena,
                          "[{\"kind\":\"Group\",\"name\":\"%s\",\"apiGroup\":"
                          "\"rbac.authorization.k8s.io\"}]",
                          PICK(w, teams));
    default:
        return STR("[{\"kind\":\"ServiceAccount\",\"name\":\"sa\",\"namespace\":\"default\"}]");
    }
}

#define RBAC "/apis/rbac.authorization.k8s.io/v1/"

/* Makes, or deletes, one of a handful of roles and bindings. */
static void change(struct access_world *aw) {
    struct world *w = &aw->w;
    static const char *const kinds[] = {"clusterroles", "roles", "clusterrolebindings",
                                        "rolebindings"};
    size_t kind = env_random_below(w->env, 4);
    bool spaced = kind % 2;
    const char *ns = PICK(w, spaces), *name = PICK(w, names);
    str folder = spaced ? str_printf(w->arena, RBAC "namespaces/%s/%s", ns, kinds[kind])
                        : str_printf(w->arena, RBAC "%s", kinds[kind]);
    str path = str_printf(w->arena, STR_FMT "/%s", STR_ARG(folder), name);
    as(aw, NULL, "DELETE", path.p, NULL);
    if (!env_random_below(w->env, 4))
        return;
    const char *role = spaced && env_random_below(w->env, 2) ? "Role" : "ClusterRole";
    str rules = random_rules(w), subjects = random_subjects(w);
    str body =
        kind < 2
            ? str_printf(w->arena, "{\"metadata\":{\"name\":\"%s\"},\"rules\":" STR_FMT "}", name,
                         STR_ARG(rules))
            : str_printf(w->arena,
                         "{\"metadata\":{\"name\":\"%s\"},\"subjects\":" STR_FMT
                         ",\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"%s\","
                         "\"name\":\"%s\"}}",
                         name, STR_ARG(subjects), role, PICK(w, names));
    struct answer a = as(aw, NULL, "POST", folder.p, body.p);
    if (a.code != 201)
        tap_fail(__FILE__, __LINE__, STR_FMT ": " STR_FMT, STR_ARG(body), STR_ARG(a.body));
}

/* The naive reference: everything is read from the store for each question. */
static bool subject_is(const Subject *s, const char *ns, const struct user *u) {
    if (str_eqc(s->kind, "User"))
        return str_eq(s->name, u->name);
    if (str_eqc(s->kind, "Group"))
        return user_in_group(u, s->name);
    char name[256];
    snprintf(name, sizeof(name), "system:serviceaccount:" STR_FMT ":" STR_FMT,
             STR_ARG(s->namespace_.n ? s->namespace_ : str_of(ns)), STR_ARG(s->name));
    return str_eqc(u->name, name);
}

static bool role_allows(struct world *w, const RoleBinding *b, const struct attributes *q) {
    bool cluster = str_eqc(b->role_ref.kind, "ClusterRole");
    const struct api_resource *res =
        cluster ? RESOURCE_OF(rbac_v1_clusterroles) : RESOURCE_OF(rbac_v1_roles);
    struct object *o = store_get(
        w->store, res,
        object_key(w->arena, res, cluster ? STR_NONE : b->metadata.namespace_, b->role_ref.name));
    if (!o)
        return false;
    const void *typed = object_decode(w->arena, o);
    const Role *r = typed;
    const ClusterRole *c = typed;
    for (uint32_t i = 0; i < (cluster ? c->rules.n : r->rules.n); i++)
        if (rule_allows(cluster ? &c->rules.v[i] : &r->rules.v[i], q))
            return true;
    return false;
}

static bool naive_over(struct world *w, const struct api_resource *res, str ns,
                       const struct attributes *q) {
    struct store_snapshot *sn = NULL;
    bool yes = false;
    REQUIRE(store_snapshot(w->store, res, 0, &sn) == 0);
    str prefix = ns.n ? object_key_prefix(w->arena, res, ns) : str_of(res->prefix);
    for (const struct object *o = store_snapshot_seek(sn, prefix, prefix, false); o && !yes;
         o = store_snapshot_next(sn)) {
        const RoleBinding *b = object_decode(w->arena, o);
        for (uint32_t i = 0; i < b->subjects.n && !yes; i++)
            yes = subject_is(&b->subjects.v[i], "", q->user) && role_allows(w, b, q);
    }
    store_snapshot_free(sn);
    return yes;
}

static bool naive(struct world *w, const struct attributes *q) {
    return naive_over(w, RESOURCE_OF(rbac_v1_clusterrolebindings), STR_NONE, q) ||
           (q->ns.n && naive_over(w, RESOURCE_OF(rbac_v1_rolebindings), q->ns, q));
}

static int compare(struct access_world *aw) {
    struct world *w = &aw->w;
    static const char *const asked[] = {"pods", "deployments", "configmaps"};
    static const char *const subs[] = {"", "", "log", "scale"};
    str team = str_of(PICK(w, teams));
    struct user u = {.name = str_of(PICK(w, users)), .groups = {&team, 1}};
    struct attributes q = {.user = &u,
                           .resource_request = true,
                           .verb = str_of(verbs[env_random_below(w->env, 3)]),
                           .group = str_of(groups[env_random_below(w->env, 2)]),
                           .resource = str_of(PICK(w, asked)),
                           .subresource = str_of(PICK(w, subs)),
                           .ns = env_random_below(w->env, 3) ? str_of(PICK(w, spaces)) : STR_NONE,
                           .name = env_random_below(w->env, 2) ? str_of(PICK(w, names)) : STR_NONE};
    str reason;
    bool want = naive(w, &q);
    bool got = rbac_ops.authorize(aw->w.access->rbac, w->arena, &q, &reason) == DECISION_ALLOW;
    if (got != want)
        tap_fail(__FILE__, __LINE__, "index says %d, policy says %d (" STR_FMT ")", got, want,
                 STR_ARG(reason));
    CHECK(!got || reason.n > 0);
    return want;
}

TEST(the_index_agrees_with_the_policy) {
    struct access_world aw;
    access_init(&aw);
    int allowed = 0, asked = 0;
    for (int i = 0; i < 150; i++) {
        change(&aw);
        for (int k = 0; k < 8; k++, asked++)
            allowed += compare(&aw);
        if (i == 75)
            access_restart(&aw); /* built from what is there */
    }
    CHECK(allowed > asked / 50 && allowed < asked);
    access_done(&aw);
}

TEST(the_reason_tells_the_binding) {
    struct access_world aw;
    access_init(&aw);
    as(&aw, NULL, "POST", RBAC "namespaces/default/rolebindings",
       "{\"metadata\":{\"name\":\"b\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","
       "\"kind\":\"ClusterRole\",\"name\":\"view\"},\"subjects\":[{\"kind\":\"User\",\"name\":"
       "\"ann\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}");
    struct answer a =
        as(&aw, NULL, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews",
           "{\"spec\":{\"user\":\"ann\",\"resourceAttributes\":{\"namespace\":\"default\","
           "\"verb\":\"list\",\"resource\":\"pods\"}}}");
    CHECK_INT(a.code, 201);
    CHECK_STRC(text_at(&aw.w, a.body, "status.reason"),
               "RBAC: allowed by RoleBinding \"b/default\" of ClusterRole \"view\" to User "
               "\"ann\"");
    CHECK_INT(as(&aw, "ann", "GET", "/api/v1/namespaces/default/pods", NULL).code, 200);
    CHECK_INT(as(&aw, "ann", "GET", "/api/v1/pods", NULL).code, 403);
    as(&aw, NULL, "POST", RBAC "clusterrolebindings",
       "{\"metadata\":{\"name\":\"b\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","
       "\"kind\":\"ClusterRole\",\"name\":\"nope\"},\"subjects\":[{\"kind\":\"User\",\"name\":"
       "\"ann\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}");
    a = as(&aw, "ann", "GET", "/api/v1/pods", NULL);
    CHECK_STRC(text_at(&aw.w, a.body, "message"),
               "pods is forbidden: User \"ann\" cannot list resource \"pods\" in API group \"\" at "
               "the cluster scope: RBAC: clusterrole.rbac.authorization.k8s.io \"nope\" not found");
    access_done(&aw);
}

/* ---- the policy that is there from the start ---- */

TEST(who_may_what_from_the_start) {
    struct access_world aw;
    access_init(&aw);
    static const struct {
        const char *who, *method, *path;
        int code;
    } cases[] = {
        {"", "GET", "/livez", 200},
        {"", "GET", "/readyz", 200},
        {"", "GET", "/version", 200},
        {"", "GET", "/api", 403},
        {"", "GET", "/openapi/v2", 403},
        {"", "GET", "/metrics", 403},
        {"", "GET", "/api/v1/pods", 403},
        {"ann system:authenticated", "GET", "/api", 200},
        {"ann system:authenticated", "GET", "/api/v1/pods", 403},
        {"system:kube-scheduler", "GET", "/api/v1/pods", 200},
        {"system:kube-scheduler", "GET", "/api/v1/secrets", 403},
        {"system:kube-controller-manager", "GET", "/apis/apps/v1/deployments", 200},
        {"system:kube-controller-manager", "GET", "/apis/apps/v1/replicasets", 200},
        {"x coxswain:kubelet-clients", "GET", "/api/v1/pods", 403},
        {"ann system:masters", "GET", "/api/v1/secrets", 200},
        {"ann system:monitoring", "GET", "/metrics", 200},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int code = as(&aw, cases[i].who, cases[i].method, cases[i].path, NULL).code;
        if (code != cases[i].code)
            tap_fail(__FILE__, __LINE__, "%s %s: %d", cases[i].who, cases[i].path, code);
    }
    access_done(&aw);
}

TEST(aggregated_roles_are_filled) {
    struct access_world aw;
    access_init(&aw);
    static const struct {
        const char *role, *verb, *group, *resource;
        bool want;
    } cases[] = {
        {"view", "list", "", "pods", true},
        {"view", "get", "", "secrets", false},
        {"edit", "list", "", "pods", true},
        {"edit", "get", "", "secrets", true},
        {"edit", "create", "apps", "deployments", true},
        {"edit", "create", "rbac.authorization.k8s.io", "roles", false},
        {"admin", "create", "rbac.authorization.k8s.io", "roles", true},
        {"admin", "list", "", "pods", true},
        {"admin", "create", "", "pods", true},
        {"admin", "list", "", "nodes", false},
    };
    CHECK_INT(as(&aw, NULL, "GET", "/livez", NULL).code, 200); /* the index has caught up */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const ClusterRole *c = rbac_cluster_role(aw.w.access->rbac, str_of(cases[i].role));
        REQUIRE(c != NULL);
        struct attributes q = {.resource_request = true,
                               .verb = str_of(cases[i].verb),
                               .group = str_of(cases[i].group),
                               .resource = str_of(cases[i].resource)};
        bool got = false;
        for (uint32_t k = 0; k < c->rules.n; k++)
            got |= rule_allows(&c->rules.v[k], &q);
        if (got != cases[i].want)
            tap_fail(__FILE__, __LINE__, "case %zu", i);
    }
    access_done(&aw);
}

#define VIEWER RBAC "clusterroles/system:public-info-viewer"

TEST(a_restart_gives_back_what_was_taken) {
    struct access_world aw;
    access_init(&aw);
    struct answer before = as(&aw, NULL, "GET", VIEWER, NULL);
    CHECK_INT(before.code, 200);
    CHECK_INT(as(&aw, NULL, "PATCH", VIEWER, "{\"rules\":[]}").code, 200);
    CHECK_INT(as(&aw, NULL, "DELETE", RBAC "clusterroles/view", NULL).code, 200);
    CHECK_INT(as(&aw, NULL, "PATCH", RBAC "clusterroles/system:discovery",
                 "{\"rules\":[],\"metadata\":{\"annotations\":{\"rbac.authorization.kubernetes.io/"
                 "autoupdate\":\"false\"}}}")
                  .code,
              200);
    CHECK_INT(as(&aw, "", "GET", "/version", NULL).code, 403);
    access_restart(&aw);
    CHECK_INT(as(&aw, "", "GET", "/version", NULL).code, 200);
    CHECK_INT(as(&aw, NULL, "GET", RBAC "clusterroles/view", NULL).code, 200);
    struct answer a = as(&aw, NULL, "GET", RBAC "clusterroles/system:discovery", NULL);
    CHECK(at(&aw.w, a.body, "rules.0") == NULL);
    struct answer again = as(&aw, NULL, "GET", VIEWER, NULL);
    access_restart(&aw);
    CHECK_STR(as(&aw, NULL, "GET", VIEWER, NULL).body, again.body); /* nothing to do: no write */
    access_done(&aw);
}
