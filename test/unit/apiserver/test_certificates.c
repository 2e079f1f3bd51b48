// SPDX-License-Identifier: Apache-2.0
/* Requests for certificates: who asked is written down, and signers are guarded by verbs of their
 * own. */
#include "access_test.h"

#include "base/base64.h"

#define CSRS   "/apis/certificates.k8s.io/v1/certificatesigningrequests"
#define ROLES  "/apis/rbac.authorization.k8s.io/v1/clusterroles"
#define BINDS  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
#define CLERK  "clerk clerks"
#define CLIENT "kubernetes.io/kube-apiserver-client"

static str request(struct access_world *aw, const char *org) {
    struct arena *a = aw->w.arena;
    struct x509_key *key = NULL;
    str pem = STR_NONE, orgs[] = {str_of(org)};
    struct x509_request r = {.cn = STR("me"), .orgs = orgs, .n_orgs = 1};
    REQUIRE(x509_key_new(&key) == 0);
    REQUIRE(x509_csr_new(a, &r, key, &pem) == 0);
    x509_key_free(key);
    return base64_encode_in(a, pem, 0);
}

static struct answer ask(struct access_world *aw, const char *name, const char *signer,
                         const char *org) {
    str b = request(aw, org);
    return as(aw, CLERK, "POST", CSRS,
              str_printf(aw->w.arena,
                         "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"request\":\"" STR_FMT
                         "\",\"signerName\":\"%s\",\"usages\":[\"client auth\"],\"username\":"
                         "\"somebody\",\"groups\":[\"system:masters\"]}}",
                         name, STR_ARG(b), signer)
                  .p);
}

static void let(struct access_world *aw, const char *name, const char *rules) {
    struct arena *a = aw->w.arena;
    str role = str_printf(a, "{\"metadata\":{\"name\":\"%s\"},\"rules\":[%s]}", name, rules);
    str bind = str_printf(a,
                          "{\"metadata\":{\"name\":\"%s\"},\"roleRef\":{\"apiGroup\":"
                          "\"rbac.authorization.k8s.io\",\"kind\":\"ClusterRole\",\"name\":\"%s\"},"
                          "\"subjects\":[{\"kind\":\"Group\",\"apiGroup\":"
                          "\"rbac.authorization.k8s.io\",\"name\":\"clerks\"}]}",
                          name, name);
    REQUIRE(as(aw, NULL, "POST", ROLES, role.p).code == 201);
    REQUIRE(as(aw, NULL, "POST", BINDS, bind.p).code == 201);
}

static void begin(struct access_world *aw) {
    access_init(aw);
    let(aw, "csrs",
        "{\"apiGroups\":[\"certificates.k8s.io\"],\"verbs\":[\"*\"],\"resources\":"
        "[\"certificatesigningrequests\",\"certificatesigningrequests/approval\","
        "\"certificatesigningrequests/status\"]}");
}

static struct answer put(struct access_world *aw, const char *sub, struct answer of,
                         const char *status) {
    struct arena *a = aw->w.arena;
    str revision = text_at(&aw->w, of.body, "metadata.resourceVersion");
    str body = str_printf(
        a, "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"" STR_FMT "\"},\"status\":%s}",
        STR_ARG(revision), status);
    return as(aw, CLERK, "PUT", str_printf(a, CSRS "/x/%s", sub).p, body.p);
}

#define APPROVED "{\"conditions\":[{\"type\":\"Approved\",\"status\":\"True\",\"reason\":\"r\"}]}"
#define FAILED                                                                                     \
    "{\"conditions\":[{\"type\":\"Approved\",\"status\":\"True\",\"reason\":\"other\"},"           \
    "{\"type\":\"Failed\",\"status\":\"True\"}]}"

TEST(who_asks_is_written_down) {
    struct access_world aw;
    begin(&aw);
    struct answer x = ask(&aw, "x", "example.com/s", "o");
    CHECK_INT(x.code, 201);
    CHECK_STR(text_at(&aw.w, x.body, "spec.username"), STR("clerk"));
    CHECK_STR(text_at(&aw.w, x.body, "spec.groups.0"), STR("clerks"));
    CHECK_STR(text_at(&aw.w, x.body, "spec.groups.1"), STR("system:authenticated"));
    access_done(&aw);
}

TEST(approval_and_signing_take_rights_on_the_signer) {
    struct access_world aw;
    begin(&aw);
    struct answer x = ask(&aw, "x", "example.com/s", "o"), y;
    y = put(&aw, "approval", x, APPROVED);
    CHECK_INT(y.code, 403);
    CHECK_STR(text_at(&aw.w, y.body, "message"),
              STR("certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: user not "
                  "permitted to approve requests with signerName \"example.com/s\""));
    let(&aw, "approve",
        "{\"apiGroups\":[\"certificates.k8s.io\"],\"verbs\":[\"approve\"],\"resources\":"
        "[\"signers\"],\"resourceNames\":[\"example.com/*\"]}");
    y = put(&aw, "approval", x, APPROVED);
    CHECK_INT(y.code, 200);
    CHECK(at(&aw.w, y.body, "status.conditions.0.lastTransitionTime"));
    CHECK_INT(put(&aw, "status", y, FAILED).code, 403);
    let(&aw, "sign",
        "{\"apiGroups\":[\"certificates.k8s.io\"],\"verbs\":[\"sign\"],\"resources\":"
        "[\"signers\"],\"resourceNames\":[\"example.com/s\"]}");
    y = put(&aw, "status", y, FAILED);
    CHECK_INT(y.code, 200);
    CHECK_STR(text_at(&aw.w, y.body, "status.conditions.0.reason"), STR("r"));
    CHECK_STR(text_at(&aw.w, y.body, "status.conditions.1.type"), STR("Failed"));
    access_done(&aw);
}

TEST(nobody_asks_to_be_a_master) {
    struct access_world aw;
    begin(&aw);
    CHECK_INT(ask(&aw, "x", CLIENT, "o").code, 201);
    CHECK_INT(ask(&aw, "y", "example.com/s", "system:masters").code, 201);
    struct answer z = ask(&aw, "z", CLIENT, "system:masters");
    CHECK_INT(z.code, 403);
    CHECK_STR(text_at(&aw.w, z.body, "message"),
              STR("certificatesigningrequests.certificates.k8s.io \"z\" is forbidden: use of "
                  "kubernetes.io/kube-apiserver-client signer with system:masters group is not "
                  "allowed"));
    access_done(&aw);
}
