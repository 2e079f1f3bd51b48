// SPDX-License-Identifier: Apache-2.0
#include "net/crypto.h"
#include "net/x509.h"
#include "tap.h"

#define FROM 1700000000
#define TO   1800000000

static const struct x509_request ca_names = {
    .cn = {"test-ca", 7}, .ca = true, .not_before = FROM, .not_after = TO};

struct ca {
    struct x509_key *key;
    str pem;
};

static struct ca make_ca(struct arena *a) {
    struct ca ca = {0};
    struct err e;
    REQUIRE(x509_key_new(&ca.key) == 0);
    REQUIRE(x509_issue(a, &ca_names, ca.key, STR_NONE, NULL, &e, &ca.pem) == 0);
    return ca;
}

static const struct x509_request leaf_names = {
    .cn = {"system:node:n1", 14},
    .orgs = (const str[]){{"system:nodes", 12}, {"others", 6}},
    .n_orgs = 2,
    .dns = (const str[]){{"n1", 2}, {"n1.example", 10}},
    .n_dns = 2,
    .ips = (const str[]){{"10.0.0.1", 8}, {"fd00::1", 7}},
    .n_ips = 2,
    .server_auth = true,
    .client_auth = true,
    .not_before = FROM,
    .not_after = TO,
};

TEST(keys_go_through_pem) {
    struct arena a;
    struct err e;
    struct x509_key *k, *again, *none;
    arena_init(&a, 0);
    REQUIRE(x509_key_new(&k) == 0);
    str pem = x509_key_pem(&a, k);
    CHECK(str_starts(pem, STR("-----BEGIN PRIVATE KEY-----\n")));
    REQUIRE(x509_key_read(pem, &e, &again) == 0);
    CHECK(str_eq(x509_key_public_pem(&a, k), x509_key_public_pem(&a, again)));
    CHECK_INT(x509_key_read(STR("nonsense"), &e, &none), -EINVAL);
    CHECK_INT(x509_key_read(STR_NONE, &e, &none), -EINVAL);
    x509_key_free(k);
    x509_key_free(again);
    arena_done(&a);
}

TEST(certificates_cover_what_was_asked) {
    struct arena a;
    struct err e;
    arena_init(&a, 0);
    struct ca ca = make_ca(&a), other = make_ca(&a);
    struct x509_key *k;
    str pem;
    int64_t from, to;
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(x509_issue(&a, &leaf_names, k, ca.pem, ca.key, &e, &pem) == 0);
    CHECK_INT(x509_cert_times(pem, &from, &to), 0);
    CHECK_INT(from, FROM);
    CHECK_INT(to, TO);
    CHECK(x509_cert_covers(pem, ca.pem, &leaf_names));
    CHECK(!x509_cert_covers(pem, other.pem, &leaf_names));
    CHECK(x509_cert_covers(pem, str_concat(&a, other.pem, ca.pem), &leaf_names));
    CHECK(!x509_cert_covers(STR("junk"), ca.pem, &leaf_names));
    struct x509_request want = leaf_names;
    want.cn = STR("n2");
    CHECK(!x509_cert_covers(pem, ca.pem, &want));
    want = leaf_names;
    want.n_orgs = 1;
    CHECK(!x509_cert_covers(pem, ca.pem, &want));
    want = leaf_names;
    want.dns = (const str[]){STR("n3")};
    want.n_dns = 1;
    CHECK(!x509_cert_covers(pem, ca.pem, &want));
    want = leaf_names;
    want.ips = (const str[]){STR("10.0.0.2")};
    want.n_ips = 1;
    CHECK(!x509_cert_covers(pem, ca.pem, &want));
    CHECK_INT(x509_issue(&a, &leaf_names, k, ca.pem, other.key, &e, &pem), -EINVAL);
    want.ips = (const str[]){STR("no address")};
    CHECK_INT(x509_issue(&a, &want, k, ca.pem, ca.key, &e, &pem), -EINVAL);
    x509_key_free(k);
    x509_key_free(ca.key);
    x509_key_free(other.key);
    arena_done(&a);
}

TEST(requests_are_read_and_signed) {
    struct arena a;
    struct err e;
    arena_init(&a, 0);
    struct ca ca = make_ca(&a);
    struct x509_key *k;
    str csr, pem, public_pem;
    struct x509_request got = {0};
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(x509_csr_new(&a, &leaf_names, k, &csr) == 0);
    REQUIRE(x509_csr_read(&a, csr, &e, &got, &public_pem) == 0);
    CHECK_STR(got.cn, leaf_names.cn);
    CHECK_INT(got.n_orgs, 2);
    CHECK_STRC(got.orgs[0], "others"); /* a DER set is sorted */
    CHECK_STRC(got.orgs[1], "system:nodes");
    CHECK_INT(got.n_dns, 2);
    CHECK_STRC(got.dns[1], "n1.example");
    CHECK_INT(got.n_ips, 2);
    CHECK_STRC(got.ips[0], "10.0.0.1");
    CHECK_STRC(got.ips[1], "fd00::1");
    CHECK(!got.other_names && !got.ca);
    CHECK_STR(public_pem, x509_key_public_pem(&a, k));
    got.client_auth = true;
    got.not_before = FROM;
    got.not_after = TO;
    REQUIRE(x509_sign_csr(&a, csr, &got, ca.pem, ca.key, &e, &pem) == 0);
    CHECK(x509_cert_covers(pem, ca.pem, &got));
    /* One flipped byte in the middle: the signature no longer fits, or it cannot be read. */
    char *bad = arena_dup(&a, csr.p, csr.n);
    bad[csr.n / 2] = bad[csr.n / 2] == 'A' ? 'B' : 'A';
    CHECK_INT(x509_csr_read(&a, str_n(bad, csr.n), &e, &got, &public_pem), -EINVAL);
    CHECK_INT(x509_csr_read(&a, STR("junk"), &e, &got, &public_pem), -EINVAL);
    x509_key_free(k);
    x509_key_free(ca.key);
    arena_done(&a);
}

TEST(bundles_are_certificates_among_other_blocks) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    struct ca ca = make_ca(&a);
    str key = x509_key_pem(&a, ca.key);
    CHECK(x509_bundle_check(str_concat(&a, key, ca.pem), &e) == 0);
    CHECK_INT(x509_bundle_check(key, &e), -EINVAL);
    CHECK_STRC(str_of(e.text), "data does not contain any valid RSA or ECDSA certificates");
    CHECK_INT(x509_bundle_check(STR_NONE, &e), -EINVAL);
    str bad = STR("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n");
    CHECK_INT(x509_bundle_check(bad, &e), -EINVAL);
    CHECK_STRC(str_of(e.text), "x509: malformed certificate");
    x509_key_free(ca.key);
    arena_done(&a);
}

TEST(digests) {
    struct arena a;
    arena_init(&a, 0);
    CHECK_STRC(sha256_hex(&a, STR("abc")),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(str_eq_constant_time(STR("abc"), STR("abc")));
    CHECK(!str_eq_constant_time(STR("abc"), STR("abd")));
    CHECK(!str_eq_constant_time(STR("abc"), STR("ab")));
    CHECK(str_eq_constant_time(STR_NONE, STR("")));
    arena_done(&a);
}

/* Made with openssl for this test; it guards nothing. */
static const char rsa_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0Jmg64hZWj+mUlvmcNjO\n"
    "3Jcu9oa7XhTbKvRxhRlCQ/O70FB2Mmpj55YLOK2f0R4L++q2FRTm65QVmq8Z2J2J\n"
    "p3YZlw7YXqSs/L1tE3+bpmcOcctjWFGL79pVz+/h8LC/Xzy8D98DOoJFAiv+gOaL\n"
    "MwVgBZrDR79cC4Vmk0VispSlfsAdTkFvWAHnwq/TvdFaMmjd1VTE4D+ZliwYpZC7\n"
    "6C1EbYMk1fwJOQsunOe9X3r2uqSdv8/dUPo2wMF4VdeaFqNC0ncrGY6Z6KBCgpBm\n"
    "Og28AXqtJgwvK8RpZZBpluxox0G2yQrJHvCGi6lZKY2MIeOt0kL8+GMXjCIxYSnn\n"
    "fwIDAQAB\n"
    "-----END PUBLIC KEY-----\n";
static const char rsa_token[] =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImFiYyJ9.eyJzdWIiOiJyc2EifQ.a7fFDNMbKz9cCrpI7b"
    "zP9VG6cCvquwt-LhWBwc4w39uXj6qpGDKebW0v8mwElpH1KNDsC0TipHEWHGfxJvCQgWQI1MbjPu4I42YwvDzG4wWN"
    "aTroMOwHwpDWvNiCCwcLNEHYn5wsLs60cEhbcKxAUzn0xZr_yfQp7NJLpAExCcLDaugiLIrdrqIQYo8JJkrMAgXXci"
    "3breP_N6CzoK0wEEO9EmrLSlaLbDDp_SilgPcAEkkMFjljTklGqqbQOtVRTQLQVymke9dlBqofMbvxpTTKjZ8nyscF"
    "4o-STidKjsE7vxVSG0CvKz_Hc4bZAhqaCUgyDmPg8jXwLQ9qDl83PA";

TEST(tokens) {
    struct arena a;
    struct err e;
    struct x509_key *k, *k2;
    str token, claims, other;
    arena_init(&a, 0);
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(x509_key_new(&k2) == 0);
    str pems[2] = {x509_key_public_pem(&a, k2), x509_key_public_pem(&a, k)};
    REQUIRE(jwt_sign(&a, k, jwt_kid(&a, pems[1]), STR("{\"sub\":\"x\"}"), &token) == 0);
    CHECK_INT(jwt_verify(&a, token, pems, 2, &e, &claims), 0);
    CHECK_STRC(claims, "{\"sub\":\"x\"}");
    CHECK_INT(jwt_verify(&a, token, pems, 1, &e, &claims), -EACCES);
    CHECK_INT(jwt_verify(&a, token, pems, 0, &e, &claims), -EACCES);
    REQUIRE(jwt_sign(&a, k2, STR("k"), STR("{\"sub\":\"y\"}"), &other) == 0);
    /* the payload of one under the signature of the other */
    str rest = token, h = str_cut(&rest, '.');
    str_cut(&rest, '.');
    str orest = other;
    str_cut(&orest, '.');
    str op = str_cut(&orest, '.');
    str mixed =
        str_printf(&a, STR_FMT "." STR_FMT "." STR_FMT, STR_ARG(h), STR_ARG(op), STR_ARG(rest));
    CHECK_INT(jwt_verify(&a, mixed, pems, 2, &e, &claims), -EACCES);
    for (size_t cut = 0; cut < token.n; cut++)
        CHECK(jwt_verify(&a, str_slice(token, 0, cut), pems, 2, &e, &claims) < 0);
    CHECK_INT(jwt_sign(&a, k, STR("a\"b"), STR("{}"), &other), -EINVAL);
    x509_key_free(k);
    x509_key_free(k2);
    arena_done(&a);
}

TEST(tokens_of_other_makers) {
    struct arena a;
    struct err e;
    str claims, pem = str_of(rsa_public);
    arena_init(&a, 0);
    CHECK_INT(jwt_verify(&a, str_of(rsa_token), &pem, 1, &e, &claims), 0);
    CHECK_STRC(claims, "{\"sub\":\"rsa\"}");
    arena_done(&a);
}

static const struct {
    const char *header; /* base64url */
    const char *what;
} bad_headers[] = {
    {"eyJhbGciOiJub25lIn0", "{\"alg\":\"none\"}"},
    {"eyJhbGciOiJIUzI1NiJ9", "{\"alg\":\"HS256\"}"},
    {"eyJhbGciOiJFUzI1NiIsImFsZyI6IkVTMjU2In0", "alg twice"},
    {"eyJhbGciOiJFUzI1NiIsImNyaXQiOiJ4In0", "crit"},
    {"eyJhbGciOiJFUzI1NiIsIngiOnt9fQ", "nested"},
    {"e30", "{}"},
    {"W10", "[]"},
    {"", "empty"},
};

TEST(headers_that_are_not_accepted) {
    struct arena a;
    struct err e;
    struct x509_key *k;
    str token, claims;
    arena_init(&a, 0);
    REQUIRE(x509_key_new(&k) == 0);
    str pem = x509_key_public_pem(&a, k);
    REQUIRE(jwt_sign(&a, k, STR("k"), STR("{}"), &token) == 0);
    str rest = token;
    str_cut(&rest, '.');
    for (size_t i = 0; i < ARRAY_LEN(bad_headers); i++) {
        str t = str_printf(&a, "%s." STR_FMT, bad_headers[i].header, STR_ARG(rest));
        CHECK_INT(jwt_verify(&a, t, &pem, 1, &e, &claims), -EINVAL);
    }
    x509_key_free(k);
    arena_done(&a);
}

TEST(key_sets) {
    struct arena a;
    struct x509_key *k;
    arena_init(&a, 0);
    REQUIRE(x509_key_new(&k) == 0);
    str pems[2] = {x509_key_public_pem(&a, k), str_of(rsa_public)};
    str json = jwks_json(&a, pems, 2);
    CHECK(str_starts(json, STR("{\"keys\":[{\"use\":\"sig\",\"kty\":\"EC\",\"kid\":\"")));
    CHECK(str_find(json, STR("\"alg\":\"RS256\",\"n\":\"")) > 0);
    CHECK(str_ends(json, STR("\"e\":\"AQAB\"}]}")));
    CHECK_INT(jwt_kid(&a, pems[0]).n, 43);
    CHECK_INT(jwt_kid(&a, STR("junk")).n, 0);
    arena_done(&a);
    x509_key_free(k);
}
