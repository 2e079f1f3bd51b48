// SPDX-License-Identifier: Apache-2.0
/* Requests for nodes' certificates: who is approved, who is denied, what is signed, what goes. */
#include "base/base64.h"
#include "fixture.h"
#include "net/x509.h"

#define CSRS    RESOURCE_OF(certificates_v1_certificatesigningrequests)
#define NODES   RESOURCE_OF(core_v1_nodes)
#define CLIENT  "kubernetes.io/kube-apiserver-client-kubelet"
#define SERVING "kubernetes.io/kubelet-serving"
#define TOKEN   "system:bootstrap:abcdef"

struct ask {
    const char *name, *signer, *usage, *user; /* NULL: those of a join */
    const char *cn, *org, *dns, *ip, *conditions;
};

static str request_of(struct fixture *f, const struct ask *q) {
    struct x509_key *k;
    str pem, org = str_of(q->org ? q->org : "system:nodes"), dns = str_of(q->dns),
             ip = str_of(q->ip);
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(x509_csr_new(&f->a,
                         &(struct x509_request){.cn = str_of(q->cn ? q->cn : "system:node:n1"),
                                                .orgs = &org,
                                                .n_orgs = 1,
                                                .dns = &dns,
                                                .n_dns = q->dns ? 1 : 0,
                                                .ips = &ip,
                                                .n_ips = q->ip ? 1 : 0},
                         k, &pem) == 0);
    x509_key_free(k);
    return base64_encode_in(&f->a, pem, 0);
}

static void put_csr(struct fixture *f, const struct ask *q) {
    str request = request_of(f, q);
    put(f, CSRS,
        str_printf(&f->a,
                   "{'metadata':{'name':'%s','creationTimestamp':'2023-11-14T22:13:20Z'},'spec':{"
                   "'request':'" STR_FMT "','signerName':'%s','usages':['digital signature','%s'],"
                   "'username':'%s','groups':['g']},'status':{'conditions':[%s]}}",
                   q->name ? q->name : "a", STR_ARG(request), q->signer ? q->signer : CLIENT,
                   q->usage ? q->usage : "client auth", q->user ? q->user : TOKEN,
                   q->conditions ? q->conditions : "")
            .p);
}

/* What the approver does about it when access reviews say `allowed`. */
static str decision(struct fixture *f, const char *key, bool allowed) {
    const char *answer_text = allowed ? "{'status':{'allowed':true}}" : "{'status':{}}";
    answer(f, "nodeclient", 201, &SubjectAccessReview_type, answer_text);
    answer(f, "selfnodeclient", 201, &SubjectAccessReview_type, answer_text);
    return try_text(f, &csr_approving_controller, key);
}

#define APPROVED "'type':'Approved','status':'True'"
#define DENIED   "'type':'Denied','status':'True'"

TEST(csr_who_is_approved) {
    static const struct {
        struct ask ask;
        bool allowed, approved;
    } cases[] = {
        {{0}, true, true},
        {{0}, false, false},
        {{.cn = "system:node:"}, true, false},
        {{.cn = "system:admin"}, true, false},
        {{.org = "system:masters"}, true, false},
        {{.dns = "n1"}, true, false},
        {{.usage = "server auth"}, true, false},
        {{.signer = "kubernetes.io/kube-apiserver-client"}, true, false},
        {{.user = "system:node:n1"}, true, true}, /* renews */
        {{.user = "system:node:n1"}, false, false},
        {{.user = "system:node:n1", .signer = SERVING, .usage = "server auth", .dns = "n1"},
         false,
         true},
        {{.user = "system:node:n1", .signer = SERVING, .usage = "server auth"}, true, false},
        {{.user = "system:node:n2", .signer = SERVING, .usage = "server auth", .dns = "n1"},
         true,
         false},
        {{.signer = SERVING, .usage = "server auth", .dns = "n1"}, true, false},
        {{.user = "system:node:n1", .signer = SERVING, .usage = "server auth", .ip = "192.0.2.1"},
         true,
         true},
        {{.user = "system:node:n1", .signer = SERVING, .usage = "server auth", .ip = "192.0.2.7"},
         true,
         false}, /* that of node other */
        {{.user = "system:node:n1", .signer = SERVING, .usage = "server auth", .dns = "other"},
         true,
         false},
        {{.conditions = "{" DENIED ",'lastUpdateTime':null,'lastTransitionTime':null}"},
         true,
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        setup(&f);
        put(&f, NODES,
            "{'metadata':{'name':'other'},'status':{'addresses':[{'type':'InternalIP',"
            "'address':'192.0.2.7'}]}}");
        put_csr(&f, &cases[i].ask);
        str text = decision(&f, "a", cases[i].allowed);
        bool approved = str_find(text, STR("update certificatesigningrequests/approval a ")) == 0 &&
                        str_find(text, quoted(&f, APPROVED)) >= 0;
        if (approved != cases[i].approved || (!approved && text.n))
            tap_fail(__FILE__, __LINE__, "case %zu: " STR_FMT, i, STR_ARG(text));
        teardown(&f);
    }
}

TEST(csr_a_token_cannot_claim_a_node_that_exists) {
    struct fixture f;
    setup(&f);
    put(&f, NODES, "{'metadata':{'name':'n1'}}");
    put_csr(&f, &(struct ask){0});
    str text = decision(&f, "a", true);
    CHECK(str_find(text, quoted(&f, DENIED)) >= 0);
    CHECK_HAS(text, "node \\\"n1\\\" exists already");
    put_csr(&f, &(struct ask){.user = "system:node:n1"}); /* but it may renew */
    CHECK(str_find(decision(&f, "a", true), quoted(&f, APPROVED)) >= 0);
    teardown(&f);
}

/* Two machines at once, before either has registered. */
TEST(csr_the_first_approval_claims_the_name) {
    struct fixture f;
    setup(&f);
    put_csr(&f, &(struct ask){.name = "a"});
    put_csr(&f, &(struct ask){.name = "b"});
    put_csr(&f, &(struct ask){.name = "c", .cn = "system:node:n2"});
    CHECK(str_find(decision(&f, "a", true), quoted(&f, APPROVED)) >= 0);
    CHECK(str_find(decision(&f, "b", true), quoted(&f, DENIED)) >= 0);
    CHECK(str_find(decision(&f, "c", true), quoted(&f, APPROVED)) >= 0);
    /* The write failed: the same request is approved once more. */
    CHECK(str_find(decision(&f, "a", true), quoted(&f, APPROVED)) >= 0);
    /* The node has come and gone: its name is free. */
    put(&f, NODES, "{'metadata':{'name':'n1'}}");
    drop(&f, NODES, "n1");
    CHECK(str_find(decision(&f, "b", true), quoted(&f, APPROVED)) >= 0);
    teardown(&f);
}

/* A new leader finds out from the requests. */
TEST(csr_claims_are_read_from_approved_requests) {
    struct fixture f;
    setup(&f);
    put_csr(&f, &(struct ask){.name = "a",
                              .conditions = "{" APPROVED
                                            ",'lastUpdateTime':null,'lastTransitionTime':null}"});
    put_csr(&f, &(struct ask){.name = "b"});
    CHECK(str_find(decision(&f, "b", true), quoted(&f, DENIED)) >= 0);
    drop(&f, CSRS, "a");
    CHECK(str_find(decision(&f, "b", true), quoted(&f, APPROVED)) >= 0);
    teardown(&f);
}

static int sign(void *ctx, struct arena *a, str signer, str csr_pem, int64_t seconds, struct err *e,
                str *ret_pem) {
    int r = *(int *)ctx;
    CHECK(str_eqc(signer, CLIENT));
    CHECK(str_find(csr_pem, STR("CERTIFICATE REQUEST")) > 0);
    if (r == 0)
        *ret_pem = STR("PEM");
    return r < 0 ? err_set(e, r, "the signer refused") : 0;
}

TEST(csr_what_is_approved_is_signed) {
    static const char approved[] = "{" APPROVED ",'lastUpdateTime':null,'lastTransitionTime':null}";
    struct fixture f;
    int r = 0;
    setup(&f);
    f.config.sign = sign;
    f.config.sign_ctx = &r;
    const struct controller *c = &csr_signing_controller;
    put_csr(&f, &(struct ask){0});
    CHECK_PLAN(&f, c, "a", "");
    put_csr(&f, &(struct ask){.conditions = approved});
    str text = try_text(&f, c, "a");
    CHECK_HAS(text, "update certificatesigningrequests/status a ");
    CHECK(str_find(text, quoted(&f, "'certificate':'UEVN'")) >= 0);
    r = -EINVAL;
    CHECK(str_find(try_text(&f, c, "a"), quoted(&f, "'type':'Failed'")) >= 0);
    r = 0;
    put_csr(&f, &(struct ask){.conditions = approved, .org = "system:masters"});
    CHECK(str_find(try_text(&f, c, "a"), quoted(&f, "'type':'Failed'")) >= 0);
    put_csr(&f, &(struct ask){.conditions = approved, .signer = "example.com/x"});
    CHECK_PLAN(&f, c, "a", "");
    teardown(&f);
}

TEST(csr_go_when_their_time_has_come) {
    struct fixture f;
    setup(&f);
    const struct controller *c = &csr_cleaner_controller;
    put_csr(&f, &(struct ask){0});
    CHECK_PLAN(&f, c, "a", "requeue after 86400000 ms\n");
    f.now = NOW + 24 * 3600 * NSEC_PER_SEC;
    CHECK_HAS(try_text(&f, c, "a"), "delete certificatesigningrequests a");
    f.now = NOW + 3600 * NSEC_PER_SEC;
    put_csr(&f, &(struct ask){.conditions = "{" DENIED ",'lastUpdateTime':'2023-11-14T22:13:20Z',"
                                            "'lastTransitionTime':null}"});
    CHECK_HAS(try_text(&f, c, "a"), "delete certificatesigningrequests a");
    teardown(&f);
}
