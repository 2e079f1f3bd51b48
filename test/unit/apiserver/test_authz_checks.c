// SPDX-License-Identifier: Apache-2.0
/* What depends on more than a role: nobody gives more than he has, nodes keep to themselves, and
 * who may pretend to be whom. */
#include "access_test.h"

#define RBAC "/apis/rbac.authorization.k8s.io/v1/"
#define NS   "/api/v1/namespaces/default"

static void must(struct access_world *aw, const char *method, const char *path, const char *body,
                 int code) {
    struct answer a = as(aw, NULL, method, path, body);
    if (a.code != code)
        tap_fail(__FILE__, __LINE__, "%s %s: %d " STR_FMT, method, path, a.code, STR_ARG(a.body));
}

struct attempt {
    const char *who, *method, *path, *body;
    int code;
    const char *message; /* NULL: any */
};

static void try(struct access_world *aw, const struct attempt *t, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct answer a = as(aw, t[i].who, t[i].method, t[i].path, t[i].body);
        str message = text_at(&aw->w, a.body, "message");
        if (a.code != t[i].code || (t[i].message && !str_eqc(message, t[i].message)))
            tap_fail(__FILE__, __LINE__, "%zu: %s %s %s: %d " STR_FMT, i, t[i].who, t[i].method,
                     t[i].path, a.code, STR_ARG(message));
    }
}

/* ---- escalation ---- */

#define ROLES    RBAC "namespaces/default/roles"
#define BINDINGS RBAC "namespaces/default/rolebindings"
#define BIND(n, kind, role)                                                                        \
    "{\"metadata\":{\"name\":\"" n "\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\","  \
    "\"kind\":\"" kind "\",\"name\":\"" role                                                       \
    "\"},\"subjects\":[{\"kind\":\"User\",\"name\":\"x\","                                         \
    "\"apiGroup\":\"rbac.authorization.k8s.io\"}]}"
#define GRANT(n, rules) "{\"metadata\":{\"name\":\"" n "\"},\"rules\":[" rules "]}"
#define READ_PODS       "{\"apiGroups\":[\"\"],\"resources\":[\"pods\"],\"verbs\":[\"get\"]}"

static void make_manager(struct access_world *aw, const char *more) {
    struct arena *a = aw->w.arena;
    must(aw, "POST", RBAC "clusterroles",
         str_printf(a,
                    GRANT("manager",
                          "{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":"
                          "[\"roles\",\"rolebindings\",\"clusterroles\"],\"verbs\":[\"create\","
                          "\"update\",\"patch\",\"get\"]}%s"),
                    more)
             .p,
         201);
    must(aw, "POST", RBAC "clusterrolebindings",
         "{\"metadata\":{\"name\":\"manager\"},\"roleRef\":{\"apiGroup\":\"rbac.authorization."
         "k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"manager\"},\"subjects\":[{\"kind\":\"User\","
         "\"name\":\"rm\",\"apiGroup\":\"rbac.authorization.k8s.io\"}]}",
         201);
}

TEST(nobody_gives_more_than_he_has) {
    struct access_world aw;
    access_init(&aw);
    make_manager(&aw, "");
    static const struct attempt attempts[] = {
        {"rm", "POST", ROLES,
         GRANT("r",
               READ_PODS ",{\"apiGroups\":[\"apps\"],\"resources\":[\"*\"],\"verbs\":[\"*\"]}"),
         403,
         "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"rm\" "
         "(groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not "
         "currently "
         "held:\n{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"get\"]}\n{APIGroups:[\"apps\"], "
         "Resources:[\"*\"], Verbs:[\"*\"]}"},
        {"rm", "POST", BINDINGS, BIND("r", "ClusterRole", "system:kube-dns"), 403,
         "rolebindings.rbac.authorization.k8s.io \"r\" is forbidden: user \"rm\" "
         "(groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not "
         "currently "
         "held:\n{APIGroups:[\"\"], Resources:[\"endpoints\"], Verbs:[\"list\" \"watch\"]}\n"
         "{APIGroups:[\"\"], Resources:[\"services\"], Verbs:[\"list\" \"watch\"]}"},
        {"rm", "POST", BINDINGS, BIND("r", "ClusterRole", "nope"), 404,
         "rolebindings.rbac.authorization.k8s.io \"nope\" not found"},
        {"rm", "POST", ROLES,
         GRANT("own", "{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"roles\"],"
                      "\"resourceNames\":[\"x\"],\"verbs\":[\"get\"]}"),
         201, NULL},
        {"rm", "POST", BINDINGS, BIND("own", "Role", "own"), 201, NULL},
        /* One of group, resource, name and verb is another: not held. */
        {"rm", "POST", ROLES,
         GRANT("g", "{\"apiGroups\":[\"apps\"],\"resources\":[\"roles\"],\"verbs\":[\"get\"]}"),
         403, NULL},
        {"rm", "POST", ROLES,
         GRANT("h", "{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"roles/x\"],"
                    "\"verbs\":[\"get\"]}"),
         403, NULL},
        {"rm", "POST", ROLES,
         GRANT("i", "{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"roles\"],"
                    "\"verbs\":[\"delete\"]}"),
         403, NULL},
        {"rm", "PATCH", ROLES "/own", "{\"rules\":[" READ_PODS "]}", 403, NULL},
        {"rm", "PATCH", ROLES "/own", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}", 200, NULL},
        {"rm", "POST", RBAC "clusterroles",
         "{\"metadata\":{\"name\":\"all\"},\"aggregationRule\":{\"clusterRoleSelectors\":[{"
         "\"matchLabels\":{\"a\":\"b\"}}]}}",
         403,
         "clusterroles.rbac.authorization.k8s.io \"all\" is forbidden: must have cluster-admin "
         "privileges to use an aggregationRule"},
        {NULL, "POST", ROLES, GRANT("r", READ_PODS), 201, NULL},
        {"root", "POST", ROLES, GRANT("r2", READ_PODS), 403, NULL},
    };
    try(&aw, attempts, ARRAY_LEN(attempts));
    access_done(&aw);
}

TEST(escalate_and_bind_are_rights) {
    struct access_world aw;
    access_init(&aw);
    make_manager(&aw, ",{\"apiGroups\":[\"rbac.authorization.k8s.io\"],\"resources\":[\"roles\"],"
                      "\"verbs\":[\"escalate\"]},{\"apiGroups\":[\"rbac.authorization.k8s.io\"],"
                      "\"resources\":[\"clusterroles\"],\"resourceNames\":[\"view\"],\"verbs\":["
                      "\"bind\"]}");
    static const struct attempt attempts[] = {
        {"rm", "POST", ROLES, GRANT("r", READ_PODS), 201, NULL},
        {"rm", "POST", BINDINGS, BIND("a", "ClusterRole", "view"), 201, NULL},
        {"rm", "POST", BINDINGS, BIND("b", "ClusterRole", "edit"), 403, NULL},
        {"rm", "POST", BINDINGS, BIND("c", "Role", "r"), 403, NULL},
    };
    try(&aw, attempts, ARRAY_LEN(attempts));
    access_done(&aw);
}

TEST(a_role_of_many_rights_is_refused_soon) {
    struct access_world aw;
    access_init(&aw);
    make_manager(&aw, ",{\"apiGroups\":[\"*\"],\"resources\":[\"*\"],\"verbs\":[\"get\"]}");
    struct buf b = {0};
    buf_adds(&b, "{\"metadata\":{\"name\":\"big\"},\"rules\":[{\"verbs\":[\"get\"],");
    for (int part = 0; part < 2; part++) {
        buf_add(&b, part ? STR("],\"resources\":[\"r\"") : STR("\"apiGroups\":[\"g\""));
        for (int i = 0; i < 5000; i++)
            buf_printf(&b, ",\"x%d\"", i);
    }
    buf_adds(&b, "]}]}");
    buf_addc(&b, 0);
    CHECK_INT(as(&aw, "rm", "POST", ROLES, b.p).code, 403);
    buf_done(&b);
    access_done(&aw);
}

/* ---- nodes ---- */

#define N1 "system:node:n1 system:nodes"
#define N2 "system:node:n2 system:nodes"

static void make_nodes(struct access_world *aw) {
    must(aw, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}", 201);
    must(aw, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n2\"}}", 201);
    must(aw, "POST", NS "/serviceaccounts", "{\"metadata\":{\"name\":\"sa\"}}", 201);
    must(aw, "POST", NS "/serviceaccounts", "{\"metadata\":{\"name\":\"other\"}}", 201);
    must(aw, "POST", NS "/secrets", "{\"metadata\":{\"name\":\"s\"}}", 201);
    must(aw, "POST", NS "/configmaps", "{\"metadata\":{\"name\":\"env\"}}", 201);
    must(aw, "POST", NS "/pods",
         "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"sa\",\"containers\":[{"
         "\"name\":\"c\",\"image\":\"i\",\"envFrom\":[{\"configMapRef\":{\"name\":\"env\"}}]}],"
         "\"volumes\":[{\"name\":\"v\",\"secret\":{\"secretName\":\"s\"}}]}}",
         201);
}

#define NO_RELATION(kind, name, node)                                                              \
    kind " \"" name "\" is forbidden: User \"system:node:" node "\" cannot get resource \"" kind   \
         "\" in API group \"\" in the namespace \"default\": no relationship found between node "  \
         "'" node "' and this object"

TEST(a_node_reads_what_its_pods_name) {
    struct access_world aw;
    access_init(&aw);
    make_nodes(&aw);
    CHECK_INT(as(&aw, N1, "GET", NS "/secrets/s", NULL).code, 403);
    must(&aw, "POST", NS "/pods/p/binding",
         "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}", 201);
    static const struct attempt attempts[] = {
        {N1, "GET", NS "/secrets/s", NULL, 200, NULL},
        {N2, "GET", NS "/secrets/s", NULL, 403, NO_RELATION("secrets", "s", "n2")},
        {N1, "GET", NS "/secrets/x", NULL, 403, NO_RELATION("secrets", "x", "n1")},
        {N1, "GET", NS "/secrets?fieldSelector=metadata.name%3Ds", NULL, 200, NULL},
        {N1, "GET", NS "/secrets", NULL, 403, NULL},
        {N1, "GET", NS "/configmaps/env", NULL, 200, NULL},
        {N1, "GET", NS "/configmaps/kube-root-ca.crt", NULL, 404, NULL},
        {N2, "GET", NS "/configmaps/env", NULL, 403, NULL},
        {N1, "DELETE", NS "/secrets/s", NULL, 403, NULL},
        {N1, "GET", NS "/pods/p", NULL, 200, NULL},
        {N2, "GET", NS "/pods/p", NULL, 403, NULL},
        {N1, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn1", NULL, 200, NULL},
        {N1, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%3Dn2", NULL, 403, NULL},
        {N1, "GET", "/api/v1/pods?fieldSelector=spec.nodeName%21%3Dn2", NULL, 403, NULL},
        {N1, "GET", "/api/v1/pods", NULL, 403,
         "pods is forbidden: User \"system:node:n1\" cannot list resource \"pods\" in API group "
         "\"\" at the cluster scope: can only list/watch pods with spec.nodeName field selector"},
        {N1, "GET", "/api/v1/nodes/n1", NULL, 200, NULL},
        {N1, "GET", "/api/v1/nodes/n2", NULL, 403, NULL},
        {N1, "GET", "/api/v1/nodes", NULL, 403, NULL},
        {N1, "GET", "/api/v1/services", NULL, 200, NULL},
        {"system:node:n1", "GET", NS "/secrets/s", NULL, 403, NULL},
        {"system:node: system:nodes", "GET", NS "/secrets/s", NULL, 403,
         "secrets \"s\" is forbidden: User \"system:node:\" cannot get resource \"secrets\" in API "
         "group \"\" in the namespace \"default\": unknown node for user \"system:node:\""},
    };
    try(&aw, attempts, ARRAY_LEN(attempts));
    must(&aw, "DELETE", NS "/pods/p?gracePeriodSeconds=0", NULL, 200);
    CHECK_INT(as(&aw, N1, "GET", NS "/secrets/s", NULL).code, 403);
    access_done(&aw);
}

TEST(the_nodes_of_pods_are_known_after_a_restart) {
    struct access_world aw;
    access_init(&aw);
    make_nodes(&aw);
    must(&aw, "POST", NS "/pods/p/binding",
         "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}", 201);
    access_restart(&aw);
    CHECK_INT(as(&aw, N1, "GET", NS "/secrets/s", NULL).code, 200);
    CHECK_INT(as(&aw, N2, "GET", NS "/secrets/s", NULL).code, 403);
    access_done(&aw);
}

TEST(a_node_asks_for_tokens_of_its_pods) {
    struct access_world aw;
    access_init(&aw);
    make_nodes(&aw);
    must(&aw, "POST", NS "/pods/p/binding",
         "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}", 201);
    struct answer p = as(&aw, NULL, "GET", NS "/pods/p", NULL);
    const char *good =
        str_printf(aw.w.arena,
                   "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":"
                   "\"p\",\"uid\":\"" STR_FMT "\"}}}",
                   STR_ARG(text_at(&aw.w, p.body, "metadata.uid")))
            .p;
    const struct attempt attempts[] = {
        {N1, "POST", NS "/serviceaccounts/sa/token", good, 201, NULL},
        {N2, "POST", NS "/serviceaccounts/sa/token", good, 403, NULL},
        {N1, "POST", NS "/serviceaccounts/other/token", good, 403, NULL},
        {N1, "POST", NS "/serviceaccounts/sa/token", "{\"spec\":{}}", 403,
         "serviceaccounts \"sa\" is forbidden: node requested token not bound to a pod"},
        {N1, "POST", NS "/serviceaccounts/sa/token",
         "{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p\"}}}",
         403,
         "serviceaccounts \"sa\" is forbidden: node requested token with a pod binding without a "
         "uid"},
    };
    try(&aw, attempts, ARRAY_LEN(attempts));
    access_done(&aw);
}

#define LEASES   "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
#define LEASE(n) "{\"metadata\":{\"name\":\"" n "\"},\"spec\":{\"holderIdentity\":\"" n "\"}}"

TEST(a_node_changes_itself_only) {
    struct access_world aw;
    access_init(&aw);
    make_nodes(&aw);
    must(&aw, "POST", NS "/pods/p/binding",
         "{\"metadata\":{\"name\":\"p\"},\"target\":{\"kind\":\"Node\",\"name\":\"n1\"}}", 201);
    static const struct attempt attempts[] = {
        {N1, "PATCH", "/api/v1/nodes/n1", "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}", 200, NULL},
        {N1, "PATCH", "/api/v1/nodes/n1",
         "{\"metadata\":{\"labels\":{\"kubernetes.io/arch\":\"amd64\"}}}", 200, NULL},
        {N1, "PATCH", "/api/v1/nodes/n1",
         "{\"metadata\":{\"labels\":{\"node-role.kubernetes.io/control-plane\":\"\"}}}", 403,
         "nodes \"n1\" is forbidden: is not allowed to modify labels: "
         "node-role.kubernetes.io/control-plane"},
        {N1, "PATCH", "/api/v1/nodes/n1",
         "{\"metadata\":{\"labels\":{\"a.node-restriction.kubernetes.io/b\":\"\"}}}", 403, NULL},
        {N1, "PATCH", "/api/v1/nodes/n1",
         "{\"spec\":{\"taints\":[{\"key\":\"a\",\"effect\":\"NoSchedule\"}]}}", 403,
         "nodes \"n1\" is forbidden: node \"n1\" is not allowed to modify taints"},
        {N1, "PATCH", "/api/v1/nodes/n2", "{\"metadata\":{\"labels\":{\"x\":\"y\"}}}", 403,
         "nodes \"n2\" is forbidden: node \"n1\" is not allowed to modify node \"n2\""},
        {N1, "PATCH", "/api/v1/nodes/n1/status", "{\"status\":{\"phase\":\"Running\"}}", 200, NULL},
        {N1, "PATCH", "/api/v1/nodes/n2/status", "{\"status\":{\"phase\":\"Running\"}}", 403, NULL},
        {"system:node:n3 system:nodes", "POST", "/api/v1/nodes",
         "{\"metadata\":{\"name\":\"n3\",\"labels\":{\"kubernetes.io/hostname\":\"n3\"}},\"spec\":{"
         "\"taints\":[{\"key\":\"a\",\"effect\":\"NoSchedule\"}]}}",
         201, NULL},
        {N1, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n4\"}}", 403, NULL},
        {N1, "DELETE", "/api/v1/nodes/n1", NULL, 403, NULL},
        {N1, "POST", LEASES, LEASE("n1"), 201, NULL},
        {N1, "POST", LEASES, LEASE("n2"), 403, NULL},
        {N1, "GET", LEASES "/n1", NULL, 200, NULL},
        {N1, "GET", LEASES "/n2", NULL, 403, NULL},
        {N1, "PATCH", NS "/pods/p/status", "{\"status\":{\"phase\":\"Running\"}}", 200, NULL},
        {N2, "PATCH", NS "/pods/p/status", "{\"status\":{\"phase\":\"Failed\"}}", 403,
         "pods \"p\" is forbidden: node \"n2\" can only update pod status for pods with "
         "spec.nodeName set to itself"},
        {N1, "PATCH", NS "/pods/p/status", "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}", 403, NULL},
        {N1, "POST", NS "/pods",
         "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":"
         "\"c\",\"image\":\"i\"}],\"serviceAccountName\":\"sa\"}}",
         403,
         "pods \"q\" is forbidden: pod does not have \"kubernetes.io/config.mirror\" annotation, "
         "node \"n1\" can only create mirror pods"},
        {N2, "DELETE", NS "/pods/p", NULL, 403, NULL},
        {N2, "POST", NS "/pods/p/eviction", "{\"metadata\":{\"name\":\"p\"}}", 403, NULL},
        {N1, "DELETE", NS "/pods/p?gracePeriodSeconds=0", NULL, 200, NULL},
    };
    try(&aw, attempts, ARRAY_LEN(attempts));
    access_done(&aw);
}

/* ---- impersonation ---- */

static struct answer pretend(struct access_world *aw, const struct http_header *h, size_t n) {
    struct http_header all[8] = {
        {STR("Authorization"), STR("User rm")},
        {STR("Content-Type"), STR("application/json")},
    };
    memcpy(all + 2, h, n * sizeof(*h));
    return call_with(&aw->w, "POST", STR("/apis/authentication.k8s.io/v1/selfsubjectreviews"), all,
                     n + 2, STR("{}"));
}

TEST(who_may_pretend_to_be_whom) {
    struct access_world aw;
    access_init(&aw);
    make_manager(&aw,
                 ",{\"apiGroups\":[\"\"],\"resources\":[\"users\"],\"resourceNames\":[\"ann\"],"
                 "\"verbs\":[\"impersonate\"]},{\"apiGroups\":[\"\"],\"resources\":[\"groups\"],"
                 "\"resourceNames\":[\"dev\"],\"verbs\":[\"impersonate\"]},{\"apiGroups\":["
                 "\"authentication.k8s.io\"],\"resources\":[\"userextras/scopes\"],\"verbs\":["
                 "\"impersonate\"]},{\"apiGroups\":[\"\"],\"resources\":[\"serviceaccounts\"],"
                 "\"verbs\":[\"impersonate\"]}");
#define USER  STR("Impersonate-User")
#define GROUP STR("Impersonate-Group")
    static const struct {
        struct http_header h[3];
        size_t n;
        int code;
        const char *user, *group;
    } cases[] = {
        {{{USER, STR("ann")}}, 1, 201, "ann", "system:authenticated"},
        {{{USER, STR("bob")}}, 1, 403, NULL, NULL},
        {{{USER, STR("ann")}, {GROUP, STR("dev")}}, 2, 201, "ann", "dev"},
        {{{USER, STR("ann")}, {GROUP, STR("system:masters")}}, 2, 403, NULL, NULL},
        {{{USER, STR("ann")}, {STR("Impersonate-Extra-Scopes"), STR("x")}}, 2, 201, "ann", NULL},
        {{{USER, STR("ann")}, {STR("Impersonate-Extra-Other"), STR("x")}}, 2, 403, NULL, NULL},
        {{{USER, STR("ann")}, {STR("Impersonate-Uid"), STR("x")}}, 2, 403, NULL, NULL},
        {{{USER, STR("system:serviceaccount:default:sa")}},
         1,
         201,
         "system:serviceaccount:default:sa",
         "system:serviceaccounts"},
        {{{GROUP, STR("dev")}}, 1, 500, NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = pretend(&aw, cases[i].h, cases[i].n);
        if (a.code != cases[i].code)
            tap_fail(__FILE__, __LINE__, "case %zu: %d " STR_FMT, i, a.code, STR_ARG(a.body));
        if (cases[i].user)
            CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.username"), cases[i].user);
        if (cases[i].group)
            CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.groups.0"), cases[i].group);
    }
    access_done(&aw);
}
