// SPDX-License-Identifier: Apache-2.0
/* Certificates and keys that do or do not belong together. */
#include "net/x509.h"
#include "tap.h"

#define ED25519_KEY                                                                                \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEINDY6WL1SgkcuZFhk+KUdQvwL5dLFhJHp5SPweOa0JSr\n"                           \
    "-----END PRIVATE KEY-----\n"
#define OTHER "-----BEGIN OTHER-----\nAAAA\n-----END OTHER-----\n"

struct pair {
    struct arena a;
    struct x509_key *key;
    str cert, key_pem;
};

static void pair_init(struct pair *p) {
    const struct x509_request names = {.cn = STR("n"), .not_before = 1, .not_after = 1800000000};
    struct err e;
    arena_init(&p->a, 0);
    REQUIRE(x509_key_new(&p->key) == 0);
    REQUIRE(x509_issue(&p->a, &names, p->key, STR_NONE, NULL, &e, &p->cert) == 0);
    p->key_pem = x509_key_pem(&p->a, p->key);
}

static void pair_done(struct pair *p) {
    x509_key_free(p->key);
    arena_done(&p->a);
}

static void check_bad(str cert, str key, const char *why) {
    struct err e = {0};
    CHECK_INT(x509_pair_check(cert, key, &e), -EINVAL);
    CHECK_STR(str_of(e.text), str_of(why));
}

TEST(pairs_that_fit) {
    struct pair p;
    struct err e = {0};
    pair_init(&p);
    CHECK_INT(x509_pair_check(p.cert, p.key_pem, &e), 0);
    str behind = str_concat(&p.a, STR("words\n" OTHER), p.cert);
    CHECK_INT(x509_pair_check(behind, str_concat(&p.a, p.cert, p.key_pem), &e), 0);
    pair_done(&p);
}

TEST(pairs_that_do_not) {
    struct pair p, other;
    pair_init(&p);
    pair_init(&other);
    check_bad(STR_NONE, STR_NONE, "tls: failed to find any PEM data in certificate input");
    check_bad(p.cert, STR("nonsense"), "tls: failed to find any PEM data in key input");
    check_bad(p.key_pem, p.cert,
              "tls: failed to find certificate PEM data in certificate input, but did find a "
              "private key; PEM inputs may have been switched");
    check_bad(p.cert, p.cert,
              "tls: found a certificate rather than a key in the PEM for the private key");
    check_bad(STR(OTHER OTHER), p.key_pem,
              "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping "
              "PEM blocks of the following types: [OTHER OTHER]");
    check_bad(
        p.cert, STR(OTHER),
        "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after "
        "skipping PEM blocks of the following types: [OTHER]");
    check_bad(STR("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), p.key_pem,
              "x509: malformed certificate");
    check_bad(p.cert, STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
              "tls: failed to parse private key");
    check_bad(p.cert, STR(ED25519_KEY), "tls: private key type does not match public key type");
    check_bad(p.cert, other.key_pem, "tls: private key does not match public key");
    pair_done(&p);
    pair_done(&other);
}

/* Labels are the sender's: many and long ones are told of in part. */
TEST(labels_are_cut) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    str pem = STR(OTHER);
    for (int i = 0; i < 12; i++)
        pem = str_concat(&a, pem, pem);
    CHECK_INT(x509_pair_check(pem, STR_NONE, &e), -EINVAL);
    CHECK(strlen(e.text) < 512);
    arena_done(&a);
}
