// SPDX-License-Identifier: Apache-2.0
/* Bootstrap tokens: they sign cluster-info and go when they have expired. */
#include "fixture.h"

#define MAPS   RESOURCE_OF(core_v1_configmaps)
#define TOKENS RESOURCE_OF(core_v1_secrets)
#define INFO   "kube-public/cluster-info"
/* in base64: abcdef, 0123456789abcdef */
#define TOKEN(more)                                                                                \
    "{'metadata':{'name':'bootstrap-token-abcdef','namespace':'kube-system','uid':'t'},'type':"    \
    "'bootstrap.kubernetes.io/"                                                                    \
    "token','data':{'token-id':'YWJjZGVm','token-secret':'MDEyMzQ1Njc4OWFiY2RlZg=='" more "}}"
#define SIGNS       ",'usage-bootstrap-signing':'dHJ1ZQ=='" /* true */
#define EXPIRES(at) ",'expiration':'" at "'"
#define MAP(more)                                                                                  \
    "{'metadata':{'name':'cluster-info','namespace':'kube-public','uid':'m'},'data':{"             \
    "'kubeconfig':'apiVersion: v1\\n'" more "}}"
/* computed by another program */
#define SIGNATURE                                                                                  \
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImFiY2RlZiJ9..K1chermAQEq0rdqy-ehj0VDfmA_ytv8Wzh9g26FldrE"

TEST(each_token_signs) {
    struct fixture f;
    setup(&f);
    put(&f, MAPS, MAP(",'jws-kubeconfig-gone00':'x'"));
    put(&f, TOKENS, TOKEN(SIGNS));
    str text = try_text(&f, &bootstrap_signer_controller, INFO);
    CHECK_HAS(text, "update configmaps kube-public/cluster-info ");
    CHECK_HAS(text, quoted(&f, "'data':{'jws-kubeconfig-abcdef':'" SIGNATURE "','kubeconfig':").p);
    put(&f, MAPS, MAP(",'jws-kubeconfig-abcdef':'" SIGNATURE "'"));
    CHECK_PLAN(&f, &bootstrap_signer_controller, INFO, "");
    teardown(&f);
}

TEST(who_may_not_sign) {
    static const char *const tokens[] = {
        TOKEN(""),
        TOKEN(SIGNS EXPIRES("MjAyMy0xMS0xNFQyMjoxMzoyMFo=")),
        TOKEN(SIGNS EXPIRES("eA==")),
        "{'metadata':{'name':'bootstrap-token-abcdee','namespace':'kube-system'},'type':"
        "'bootstrap.kubernetes.io/"
        "token','data':{'token-id':'YWJjZGVm','token-secret':'MDEyMzQ1Njc4OWFiY2RlZg=='" SIGNS "}}",
    };
    for (unsigned i = 0; i < ARRAY_LEN(tokens); i++) {
        struct fixture f;
        setup(&f);
        put(&f, MAPS, MAP(""));
        put(&f, TOKENS, tokens[i]);
        CHECK_PLAN(&f, &bootstrap_signer_controller, INFO, "");
        put(&f, MAPS, MAP(",'jws-kubeconfig-abcdef':'" SIGNATURE "'"));
        CHECK_INT(count(try_text(&f, &bootstrap_signer_controller, INFO), "update configmaps"), 1);
        teardown(&f);
    }
}

TEST(expired_tokens_go) {
    struct fixture f;
    const char *key = "kube-system/bootstrap-token-abcdef";
    setup(&f);
    put(&f, TOKENS, TOKEN(""));
    CHECK_STR(next_key(&f, &token_cleaner_controller), str_of(key));
    CHECK_PLAN(&f, &token_cleaner_controller, key, "");
    put(&f, TOKENS, TOKEN(EXPIRES("MjAyMy0xMS0xNFQyMjoxNDoyMFo="))); /* in a minute */
    CHECK_PLAN(&f, &token_cleaner_controller, key, "requeue after 60000 ms\n");
    f.now += 60 * NSEC_PER_SEC;
    CHECK_HAS(try_text(&f, &token_cleaner_controller, key), "delete secrets kube-system/");
    CHECK_PLAN(&f, &token_cleaner_controller, "kube-system/none", "");
    teardown(&f);
}
