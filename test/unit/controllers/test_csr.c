// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"
#include "fixture.h"
#include "net/x509.h"

#define REQUESTS RESOURCE_OF(certificates_v1_certificatesigningrequests)
#define NODE     "kubernetes.io/kube-apiserver-client-kubelet"
#define CLIENT   "'digital signature','client auth'"

/* ---- approving ---- */

struct request {
    const char *user, *signer, *usages, *cn, *org, *dns, *status;
};

static void put_request(struct fixture *f, const struct request *r) {
    CLEANUP(x509_key_freep) struct x509_key *key = NULL;
    str org = str_of(r->org), dns = str_of(r->dns), pem;
    struct x509_request x = {
        .cn = str_of(r->cn), .orgs = &org, .n_orgs = 1, .dns = &dns, .n_dns = r->dns != NULL};
    REQUIRE(x509_key_new(&key) == 0);
    REQUIRE(x509_csr_new(&f->a, &x, key, &pem) == 0);
    str text = str_printf(&f->a,
                          "{'metadata':{'name':'r','uid':'r'},'spec':{'request':'" STR_FMT
                          "','signerName':'%s','usages':[%s],'username':'%s','groups':['g']},"
                          "'status':{%s}}",
                          STR_ARG(base64_encode_in(&f->a, pem, 0)), r->signer, r->usages, r->user,
                          r->status ? r->status : "");
    put(f, REQUESTS, str_cdup(&f->a, text));
}

#define GOOD                                                                                       \
    { "u", NODE, CLIENT, "system:node:n", "system:nodes", NULL, NULL }
#define ALLOWED(x) "{'spec':{},'status':{'allowed':" x "}}"

TEST(requests_of_kubelets_are_asked_about) {
    static const struct {
        struct request r;
        const char *plan;
    } cases[] = {
        {GOOD, "need nodeclient\n"},
        {{"system:node:n", NODE, CLIENT, "system:node:n", "system:nodes", NULL, NULL},
         "need selfnodeclient\n"},
        {{"u", NODE, CLIENT ",'key encipherment'", "system:node:n", "system:nodes", NULL, NULL},
         "need nodeclient\n"},
        {{"u", NODE, CLIENT ",'server auth'", "system:node:n", "system:nodes", NULL, NULL}, ""},
        {{"u", NODE, "'client auth'", "system:node:n", "system:nodes", NULL, NULL}, ""},
        {{"u", "kubernetes.io/kubelet-serving", CLIENT, "system:node:n", "system:nodes", NULL,
          NULL},
         ""},
        {{"u", NODE, CLIENT, "somebody", "system:nodes", NULL, NULL}, ""},
        {{"u", NODE, CLIENT, "system:node:n", "system:masters", NULL, NULL}, ""},
        {{"u", NODE, CLIENT, "system:node:n", "system:nodes", "example.com", NULL}, ""},
        {{"u", NODE, CLIENT, "system:node:n", "system:nodes", NULL,
          "'conditions':[{'type':'Denied','status':'True'}]"},
         ""},
        {{"u", NODE, CLIENT, "system:node:n", "system:nodes", NULL, "'certificate':'eA=='"}, ""},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        setup(&f);
        put_request(&f, &cases[i].r);
        str text = try_text(&f, &csr_approving_controller, "r");
        if (!str_eqc(text, cases[i].plan))
            tap_fail(__FILE__, __LINE__, "case %u: " STR_FMT, i, STR_ARG(text));
        teardown(&f);
    }
}

TEST(who_may_is_approved) {
    struct fixture f;
    setup(&f);
    put_request(&f, &(struct request)GOOD);
    answer(&f, "nodeclient", 201, &SubjectAccessReview_type, ALLOWED("true"));
    str text = try_text(&f, &csr_approving_controller, "r");
    CHECK_HAS(text, "update certificatesigningrequests/approval r ");
    CHECK_HAS(text, "\"conditions\":[{\"type\":\"Approved\",\"status\":\"True\",\"reason\":"
                    "\"AutoApproved\",\"message\":\"Auto approving kubelet client certificate "
                    "after SubjectAccessReview.\"");
    answer(&f, "nodeclient", 201, &SubjectAccessReview_type, ALLOWED("false"));
    CHECK_PLAN(&f, &csr_approving_controller, "r", "requeue after 60000 ms\n");
    answer(&f, "nodeclient", 500, NULL, NULL);
    CHECK_PLAN(&f, &csr_approving_controller, "r", "requeue after 60000 ms\n");
    teardown(&f);
}

TEST(a_node_renews_its_own) {
    struct fixture f;
    setup(&f);
    put_request(&f, &(struct request){"system:node:n", NODE, CLIENT, "system:node:n",
                                      "system:nodes", NULL, NULL});
    answer(&f, "selfnodeclient", 201, &SubjectAccessReview_type, ALLOWED("true"));
    CHECK_HAS(try_text(&f, &csr_approving_controller, "r"), "Auto approving self kubelet client");
    teardown(&f);
}

TEST(nobody_takes_the_name_of_a_node) {
    struct fixture f;
    setup(&f);
    put_request(&f, &(struct request)GOOD);
    put(&f, RESOURCE_OF(core_v1_nodes), "{'metadata':{'name':'n'}}");
    answer(&f, "nodeclient", 201, &SubjectAccessReview_type, ALLOWED("true"));
    CHECK_HAS(try_text(&f, &csr_approving_controller, "r"),
              "\"type\":\"Denied\",\"status\":\"True\",\"reason\":\"NodeExists\"");
    teardown(&f);
}

TEST(a_node_names_itself_only) {
    static const struct {
        const char *dns;
        bool approved;
    } cases[] = {{"n", true}, {"10.0.0.2", false}, {"other", false}};
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        setup(&f);
        put(&f, RESOURCE_OF(core_v1_nodes),
            "{'metadata':{'name':'other'},'status':{'addresses':[{'type':'InternalIP','address':"
            "'10.0.0.2'}]}}");
        put_request(&f, &(struct request){"system:node:n", "kubernetes.io/kubelet-serving",
                                          "'digital signature','server auth'", "system:node:n",
                                          "system:nodes", cases[i].dns, NULL});
        CHECK_INT(count(try_text(&f, &csr_approving_controller, "r"), "\"Approved\""),
                  cases[i].approved);
        teardown(&f);
    }
}

/* ---- signing ---- */

struct signer {
    int orders, r;
    unsigned usages;
    bool late; /* the answers are not there yet */
    void (*done)(void *ctx, int r, const struct err *e, str pem);
    void *done_ctx;
};

static void give(struct signer *s) {
    struct err e = {0};
    if (s->r < 0)
        err_set(&e, s->r, "it said no");
    s->done(s->done_ctx, s->r, &e, s->r < 0 ? STR_NONE : STR("PEM"));
}

static void sign(void *ctx, const struct csr_order *o,
                 void (*done)(void *ctx, int r, const struct err *e, str pem), void *done_ctx) {
    struct signer *s = ctx;
    s->orders++;
    s->usages = o->usages;
    s->done = done;
    s->done_ctx = done_ctx;
    if (!s->late)
        give(s);
}

static void forget(void *ctx, const void *done_ctx) {}

static void signer_init(struct fixture *f, struct signer *s) {
    f->config.sign = sign;
    f->config.forget = forget;
    f->config.sign_ctx = s;
}

#define APPROVED "'conditions':[{'type':'Approved','status':'True'}]"
#define PERSON   "kubernetes.io/kube-apiserver-client"

TEST(approved_requests_are_signed) {
    static const struct {
        struct request r;
        int answer;
        const char *has; /* NULL: no plan */
    } cases[] = {
        {{"u", NODE, CLIENT, "system:node:n", "system:nodes", NULL, APPROVED},
         0,
         "\"certificate\":\"UEVN\""},
        {{"u", PERSON, "'client auth'", "jane", "devs", NULL, APPROVED}, 0, "UEVN"},
        {{"u", PERSON, CLIENT, "jane", "devs", NULL, APPROVED},
         -EINVAL,
         "\"type\":\"Failed\",\"status\":\"True\",\"reason\":\"SignerValidationFailure\","
         "\"message\":\"it said no\""},
        {{"u", PERSON, "'client auth','server auth'", "jane", "devs", NULL, APPROVED},
         0,
         "\"message\":\"invalid usage for client certificate: server auth\""},
        {{"u", PERSON, "'cert sign','client auth'", "jane", "devs", NULL, APPROVED},
         0,
         "\"message\":\"invalid usage for client certificate: cert sign\""},
        {{"u", PERSON, "'digital signature'", "jane", "devs", NULL, APPROVED},
         0,
         "\"message\":\"missing required usage for client certificate: client auth\""},
        {{"u", NODE, "'client auth'", "system:node:n", "system:nodes", NULL, APPROVED},
         0,
         "\"message\":\"usages did not match [client auth digital signature key encipherment]\""},
        {{"u", NODE, CLIENT, "system:node:n", "devs", NULL, APPROVED},
         0,
         "\"message\":\"subject organization is not system:nodes\""},
        {{"u", PERSON, CLIENT, "jane", "devs", NULL, NULL}, 0, NULL},
        {{"u", PERSON, CLIENT, "jane", "devs", NULL, APPROVED ",'certificate':'eA=='"}, 0, NULL},
        {{"u", "example.com/other", CLIENT, "jane", "devs", NULL, APPROVED}, 0, NULL},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct signer s = {.r = cases[i].answer};
        setup(&f);
        signer_init(&f, &s);
        put_request(&f, &cases[i].r);
        str text = try_text(&f, &csr_signing_controller, "r");
        if (cases[i].has ? count(text, cases[i].has) != 1 : text.n)
            tap_fail(__FILE__, __LINE__, "case %u: " STR_FMT, i, STR_ARG(text));
        teardown(&f);
    }
}

TEST(signing_waits_for_nobody) {
    struct fixture f;
    struct signer s = {.late = true};
    setup(&f);
    signer_init(&f, &s);
    put_request(&f, &(struct request){"u", PERSON, CLIENT, "jane", "devs", NULL, APPROVED});
    struct plan *p = plan_new_test(&f.a, f.now);
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), 0);
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), 0);
    CHECK_INT(s.orders, 1);
    CHECK_INT(s.usages, CSR_SIGNATURE | CSR_CLIENT);
    CHECK_STRC(plan_describe(&f.a, p), "");
    give(&s);
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), 0);
    CHECK_HAS(plan_describe(&f.a, p), "UEVN");
    /* An error that passes is asked about again; a request that went leaves nothing behind. */
    s.r = -EAGAIN;
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), 0);
    give(&s);
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), -EAGAIN);
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), 0);
    CHECK_INT(s.orders, 3);
    drop(&f, REQUESTS, "r");
    CHECK_INT(controllers_try(f.controllers, &csr_signing_controller, STR("r"), p), 0);
    teardown(&f);
}

/* ---- cleaning ---- */

TEST(old_requests_go) {
#define AT(time)            "'lastUpdateTime':'2023-11-14T" time "Z'"
#define DECIDED(type, time) "'conditions':[{'type':'" type "','status':'True'," AT(time) "}]"
    static const struct {
        const char *created, *status, *plan;
    } cases[] = {
        {"2023-11-14T22:12:20Z", "", "requeue after 86340000 ms\n"},
        {"2023-11-13T22:13:20Z", "", NULL},
        {"2023-11-01T00:00:00Z", DECIDED("Denied", "22:12:20"), "requeue after 3540000 ms\n"},
        {"2023-11-14T22:12:20Z", DECIDED("Denied", "21:13:20"), NULL},
        {"2023-11-14T22:12:20Z", DECIDED("Failed", "21:13:20"), NULL},
        {"2023-11-01T00:00:00Z", DECIDED("Approved", "21:13:20"), ""},
        {"2023-11-01T00:00:00Z", "'certificate':'eA=='," DECIDED("Approved", "21:13:20"), NULL},
        {"2023-11-01T00:00:00Z", "'certificate':'eA=='," DECIDED("Approved", "21:13:21"),
         "requeue after 1000 ms\n"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        setup(&f);
        str text = str_printf(&f.a,
                              "{'metadata':{'name':'r','uid':'r','creationTimestamp':'%s'},"
                              "'status':{%s}}",
                              cases[i].created, cases[i].status);
        put(&f, REQUESTS, str_cdup(&f.a, text));
        text = try_text(&f, &csr_cleaner_controller, "r");
        if (cases[i].plan ? !str_eqc(text, cases[i].plan)
                          : count(text, "delete certificatesigningrequests r ") != 1)
            tap_fail(__FILE__, __LINE__, "case %u: " STR_FMT, i, STR_ARG(text));
        teardown(&f);
    }
}

TEST(a_request_goes_with_its_certificate) {
    struct fixture f;
    setup(&f);
    CLEANUP(x509_key_freep) struct x509_key *key = NULL;
    struct err e = {0};
    str pem;
    REQUIRE(x509_key_new(&key) == 0);
    struct x509_request x = {
        .cn = STR("c"), .not_before = NOW / NSEC_PER_SEC - 9, .not_after = NOW / NSEC_PER_SEC + 9};
    REQUIRE(x509_issue(&f.a, &x, key, STR_NONE, NULL, &e, &pem) == 0);
    str text = str_printf(&f.a,
                          "{'metadata':{'name':'r','uid':'r'},'status':{'certificate':'" STR_FMT
                          "'," DECIDED("Approved", "22:13:20") "}}",
                          STR_ARG(base64_encode_in(&f.a, pem, 0)));
    put(&f, REQUESTS, str_cdup(&f.a, text));
    CHECK_PLAN(&f, &csr_cleaner_controller, "r", "requeue after 9000 ms\n");
    f.now += 9 * NSEC_PER_SEC;
    CHECK_HAS(try_text(&f, &csr_cleaner_controller, "r"), "delete certificatesigningrequests r ");
    teardown(&f);
}
