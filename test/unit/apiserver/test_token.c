// SPDX-License-Identifier: Apache-2.0
/* Tokens of service accounts: made over the API, used, and refused once anything about them is
 * wrong. */
#include "access_test.h"
#include "apiserver/authn/service_account.h"
#include "base/base64.h"

#define NS       "/api/v1/namespaces/default"
#define TOKEN    NS "/serviceaccounts/sa/token"
#define WHO_AM_I "/apis/authentication.k8s.io/v1/selfsubjectreviews"

static void make_account(struct access_world *aw) {
    CHECK_INT(as(aw, NULL, "POST", NS "/serviceaccounts", "{\"metadata\":{\"name\":\"sa\"}}").code,
              201);
}

static struct answer request(struct access_world *aw, const char *spec) {
    return as(aw, NULL, "POST", TOKEN, str_printf(aw->w.arena, "{\"spec\":%s}", spec).p);
}

static str token_of(struct access_world *aw, const char *spec) {
    struct answer a = request(aw, spec);
    CHECK_INT(a.code, 201);
    return text_at(&aw->w, a.body, "status.token");
}

static str claims_of(struct access_world *aw, str token) {
    str rest = token, json = STR_NONE;
    (void)str_cut(&rest, '.');
    CHECK_INT(base64_decode_in(aw->w.arena, str_cut(&rest, '.'), BASE64_URL | BASE64_RAW, &json),
              0);
    return json;
}

static struct answer who(struct access_world *aw, str token) {
    struct http_header h[] = {
        {STR("Authorization"), str_concat(aw->w.arena, STR("Bearer "), token)},
        {STR("Content-Type"), STR("application/json")},
    };
    return call_with(&aw->w, "POST", STR(WHO_AM_I), h, 2, STR("{}"));
}

static int64_t int_at(struct access_world *aw, str json, const char *path) {
    const struct value *v = at(&aw->w, json, path);
    return v && v->tag == VALUE_INT ? v->i : -1;
}

TEST(a_token_names_its_account) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    str token = token_of(&aw, "{\"audiences\":[],\"expirationSeconds\":1000}");
    struct answer a = who(&aw, token);
    CHECK_INT(a.code, 201);
    CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.username"),
               "system:serviceaccount:default:sa");
    CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.groups.0"), "system:serviceaccounts");
    CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.groups.1"),
               "system:serviceaccounts:default");
    CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.groups.2"), "system:authenticated");
    str claims = claims_of(&aw, token);
    CHECK_STRC(text_at(&aw.w, claims, "iss"), ACCESS_ISSUER);
    CHECK_STRC(text_at(&aw.w, claims, "aud.0"), ACCESS_ISSUER);
    CHECK_STRC(text_at(&aw.w, claims, "sub"), "system:serviceaccount:default:sa");
    CHECK_INT(int_at(&aw, claims, "exp") - int_at(&aw, claims, "iat"), 1000);
    CHECK_INT(int_at(&aw, claims, "nbf"), int_at(&aw, claims, "iat"));
    CHECK_INT(text_at(&aw.w, claims, "jti").n, 36);
    access_done(&aw);
}

#define POD                                                                                        \
    "{\"metadata\":{\"name\":\"p\"},\"spec\":{\"serviceAccountName\":\"sa\",\"nodeName\":\"n1\","  \
    "\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}"
#define BOUND "\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"p\"}"

TEST(a_bound_token_ends_with_its_pod) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    CHECK_INT(as(&aw, NULL, "POST", "/api/v1/nodes", "{\"metadata\":{\"name\":\"n1\"}}").code, 201);
    CHECK_INT(as(&aw, NULL, "POST", NS "/pods", POD).code, 201);
    str token = token_of(&aw, "{\"expirationSeconds\":3607," BOUND "}");
    str claims = claims_of(&aw, token);
    struct value *k = value_getc(at(&aw.w, claims, ""), "kubernetes.io");
    REQUIRE(k != NULL);
    CHECK_STRC(value_str(value_getc(value_getc(k, "pod"), "name")), "p");
    CHECK_STRC(value_str(value_getc(value_getc(k, "node"), "name")), "n1");
    CHECK_INT(value_str(value_getc(value_getc(k, "node"), "uid")).n, 36);
    /* Renewed by the kubelet: a year, and a moment from which it is told. */
    CHECK_INT(int_at(&aw, claims, "exp") - int_at(&aw, claims, "iat"), 365 * 24 * 3600);
    CHECK_INT(value_getc(k, "warnafter")->i - int_at(&aw, claims, "iat"), 3607);
    struct answer a = who(&aw, token);
    CHECK_INT(a.code, 201);
    struct value *extra = at(&aw.w, a.body, "status.userInfo.extra");
    REQUIRE(extra != NULL);
    CHECK_STRC(value_getc(extra, "authentication.kubernetes.io/pod-name")->list.v[0].s, "p");
    CHECK_STRC(value_getc(extra, "authentication.kubernetes.io/node-name")->list.v[0].s, "n1");
    CHECK(value_getc(extra, "authentication.kubernetes.io/credential-id") != NULL);
    CHECK_INT(as(&aw, NULL, "DELETE", NS "/pods/p?gracePeriodSeconds=0", NULL).code, 200);
    CHECK_INT(who(&aw, token).code, 401);
    CHECK_INT(as(&aw, NULL, "POST", NS "/pods", POD).code, 201);
    CHECK_INT(who(&aw, token).code, 401); /* another pod of that name */
    access_done(&aw);
}

TEST(a_token_ends_with_its_account_and_its_time) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    str token = token_of(&aw, "{\"expirationSeconds\":600}");
    CHECK_INT(who(&aw, token).code, 201);
    pass_time(&aw, 659);
    CHECK_INT(who(&aw, token).code, 201);
    pass_time(&aw, 3);
    CHECK_INT(who(&aw, token).code, 401);
    token = token_of(&aw, "{}");
    CHECK_INT(who(&aw, token).code, 201);
    CHECK_INT(as(&aw, NULL, "DELETE", NS "/serviceaccounts/sa", NULL).code, 200);
    CHECK_INT(who(&aw, token).code, 401);
    make_account(&aw);
    CHECK_INT(who(&aw, token).code, 401);
    access_done(&aw);
}

TEST(a_token_of_another_audience_is_for_others) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    str token = token_of(&aw, "{\"audiences\":[\"vault\"]}");
    CHECK_INT(who(&aw, token).code, 401);
    static const struct {
        const char *audiences;
        bool good;
    } cases[] = {
        {"", false}, {",\"audiences\":[\"x\",\"vault\"]", true}, {",\"audiences\":[\"x\"]", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str body = str_printf(aw.w.arena, "{\"spec\":{\"token\":\"" STR_FMT "\"%s}}",
                              STR_ARG(token), cases[i].audiences);
        struct answer a =
            as(&aw, NULL, "POST", "/apis/authentication.k8s.io/v1/tokenreviews", body.p);
        CHECK_INT(a.code, 201);
        const struct value *v = at(&aw.w, a.body, "status.authenticated");
        CHECK_INT(v && v->b, cases[i].good);
        if (cases[i].good)
            CHECK_STRC(text_at(&aw.w, a.body, "status.audiences.0"), "vault");
        else
            CHECK(text_at(&aw.w, a.body, "status.error").n > 0);
    }
    access_done(&aw);
}

/* Changes one part of a token: 0 header, 1 claims, 2 signature. */
static str with_part(struct access_world *aw, str token, int part, str json, bool encode) {
    str rest = token, parts[3];
    for (int i = 0; i < 3; i++)
        parts[i] = str_cut(&rest, '.');
    parts[part] = encode ? base64_encode_in(aw->w.arena, json, BASE64_URL | BASE64_RAW) : json;
    return str_join(aw->w.arena, parts, 3, STR("."));
}

/* Browsers cannot set Authorization on a WebSocket. */
TEST(a_token_among_the_subprotocols_of_a_websocket) {
#define PREFIX "base64url.bearer.authorization.k8s.io."
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    struct arena *a = aw.w.arena;
    str token = token_of(&aw, "{}");
    str coded = base64_encode_in(a, token, BASE64_URL | BASE64_RAW);
    const struct {
        const char *upgrade;
        str protocols;
        int code;
    } cases[] = {
        {"websocket", str_printf(a, PREFIX STR_FMT ", v4.channel.k8s.io", STR_ARG(coded)), 201},
        {"WebSocket", str_printf(a, "x, " PREFIX STR_FMT, STR_ARG(coded)), 201},
        {"websocket", str_printf(a, PREFIX STR_FMT, STR_ARG(coded)), 401}, /* nothing beside it */
        {"websocket", str_printf(a, "x, " PREFIX "%%%%"), 401},
        {"websocket", str_printf(a, "x, " PREFIX "/////w"), 401},
        {"websocket",
         str_printf(a, PREFIX STR_FMT ", x, " PREFIX STR_FMT, STR_ARG(coded), STR_ARG(coded)), 401},
        {"websocket", STR("x"), 403},
        {"SPDY/3.1", str_printf(a, PREFIX STR_FMT ", x", STR_ARG(coded)), 403},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header h[] = {{STR("Content-Type"), STR("application/json")},
                                  {STR("Connection"), STR("Upgrade")},
                                  {STR("Upgrade"), str_of(cases[i].upgrade)},
                                  {STR("Sec-WebSocket-Protocol"), cases[i].protocols}};
        struct answer got = call_with(&aw.w, "POST", STR(WHO_AM_I), h, 4, STR("{}"));
        if (got.code != cases[i].code)
            tap_fail(__FILE__, __LINE__, "case %zu: %d", i, got.code);
    }
    access_done(&aw);
#undef PREFIX
}

TEST(tampered_tokens_are_refused) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    str token = token_of(&aw, "{}"), claims = claims_of(&aw, token);
    struct arena *a = aw.w.arena;
    struct x509_key *other = NULL;
    REQUIRE(x509_key_new(&other) == 0);
    str foreign = STR_NONE, right_kid = STR_NONE;
    CHECK_INT(jwt_sign(a, other, STR("x"), claims, &foreign), 0);
    str header = token, kid_json = STR_NONE;
    CHECK_INT(base64_decode_in(a, str_cut(&header, '.'), BASE64_URL | BASE64_RAW, &kid_json), 0);
    CHECK_INT(jwt_sign(a, other, text_at(&aw.w, kid_json, "kid"), claims, &right_kid), 0);
    x509_key_free(other);
    str admin = str_printf(a, STR_FMT, STR_ARG(claims));
    union {
        const char *in;
        char *out;
    } edit = {admin.p + str_find(admin, STR("default:sa"))};
    memcpy(edit.out, "kube-sy:sa", 10);
    str cases[] = {
        with_part(&aw, token, 0, STR("{\"alg\":\"none\"}"), true),
        str_concat(a, with_part(&aw, token, 2, STR(""), false), STR("")),
        with_part(&aw, token, 0, STR("{\"alg\":\"HS256\",\"kid\":\"x\"}"), true),
        with_part(&aw, token, 0, STR("{\"alg\":\"RS256\"}"), true),
        with_part(&aw, token, 0, STR("{\"alg\":\"ES384\"}"), true),
        with_part(&aw, token, 1, admin, true),
        with_part(&aw, token, 2, STR("AAAA"), false),
        str_slice(token, 0, token.n - 1),
        str_slice(token, 0, token.n / 2),
        str_concat(a, token, STR(".x")),
        str_concat(a, token, STR("A")),
        foreign,
        right_kid,
        STR("x"),
        STR(".."),
        STR("a.b.c"),
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer r = who(&aw, cases[i]);
        if (r.code != 401)
            tap_diag("case %zu", i);
        CHECK_INT(r.code, 401);
    }
    CHECK_INT(who(&aw, token).code, 201); /* kept ones are not confused with these */
    access_done(&aw);
}

TEST(claims_are_read_strictly) {
    struct arena *a = arena_new(0);
    static const char *const bad[] = {
        "",
        "[]",
        "{\"iss\":1}",
        "{\"exp\":\"9\"}",
        "{\"exp\":-1}",
        "{\"exp\":1e300}",
        "{\"aud\":{}}",
        "{\"aud\":[1]}",
        "{\"kubernetes.io\":[]}",
        "{\"kubernetes.io\":{\"pod\":{}}}",
        "{\"kubernetes.io\":{\"pod\":\"p\"}}",
        "{\"sub\":\"a\",\"sub\":\"b\"}",
    };
    struct claims c;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        CHECK(claims_read(a, str_of(bad[i]), &c, NULL) < 0);
    struct claims full = {.iss = STR("i"),
                          .sub = STR("s\"<"),
                          .jti = STR("j"),
                          .aud = {(str[]){STR("a"), STR("b")}, 2},
                          .exp = 5,
                          .iat = 3,
                          .nbf = 4,
                          .warn_after = 9,
                          .ns = STR("n"),
                          .service_account = {STR("sa"), STR("u1")},
                          .pod = {STR("p"), STR("u2")},
                          .node = {STR("no"), STR_NONE}};
    str json = claims_json(a, &full);
    CHECK_STRC(json, "{\"aud\":[\"a\",\"b\"],\"exp\":5,\"iat\":3,\"iss\":\"i\",\"jti\":\"j\","
                     "\"kubernetes.io\":{\"namespace\":\"n\",\"node\":{\"name\":\"no\"},"
                     "\"pod\":{\"name\":\"p\",\"uid\":\"u2\"},"
                     "\"serviceaccount\":{\"name\":\"sa\",\"uid\":\"u1\"},\"warnafter\":9},"
                     "\"nbf\":4,\"sub\":\"s\\\"\\u003c\"}");
    CHECK_INT(claims_read(a, json, &c, NULL), 0);
    CHECK_STR(claims_json(a, &c), json);
    arena_free(a);
}

TEST(times_of_a_token) {
    static const struct {
        int64_t now, exp, nbf, iat;
        int want;
    } cases[] = {
        {100, 200, 50, 50, 0},   {260, 200, 50, 50, 0},        {261, 200, 50, 50, -EACCES},
        {100, 999, 160, 50, 0},  {100, 999, 161, 50, -EACCES}, {100, 999, 50, 161, -EACCES},
        {100, 0, 0, 0, -EACCES},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct claims c = {.exp = cases[i].exp, .nbf = cases[i].nbf, .iat = cases[i].iat};
        CHECK_INT(claims_check_times(&c, cases[i].now, NULL), cases[i].want);
    }
}

TEST(token_requests_are_checked) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    static const struct {
        const char *body;
        int code;
        const char *message;
    } cases[] = {
        {"{\"spec\":{\"expirationSeconds\":60}}", 422,
         "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid "
         "value: 60: may not specify a duration less than 10 minutes"},
        {"{\"spec\":{\"expirationSeconds\":4294967297}}", 422,
         "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid "
         "value: 4294967297: may not specify a duration larger than 2^32 seconds"},
        {"{\"spec\":{\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"x\"}}}",
         404, "pods \"x\" not found"},
        {"{\"spec\":{\"boundObjectRef\":{\"kind\":\"Job\",\"apiVersion\":\"batch/v1\"}}}", 400,
         "cannot bind token to object of type batch/v1, Kind=Job"},
        {"{\"metadata\":{\"name\":\"other\"}}", 422,
         "TokenRequest.authentication.k8s.io \"sa\" is invalid: metadata.name: Invalid value: "
         "\"other\": must match the service account name if specified"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = as(&aw, NULL, "POST", TOKEN, cases[i].body);
        CHECK_INT(a.code, cases[i].code);
        CHECK_STRC(text_at(&aw.w, a.body, "message"), cases[i].message);
    }
    struct answer a = as(&aw, NULL, "POST", NS "/serviceaccounts/nosa/token", "{\"spec\":{}}");
    CHECK_INT(a.code, 404);
    CHECK_STRC(text_at(&aw.w, a.body, "message"), "serviceaccounts \"nosa\" not found");
    access_done(&aw);
}

TEST(a_bootstrap_token_joins) {
    struct access_world aw;
    access_init(&aw);
#define SECRET(more)                                                                               \
    "{\"metadata\":{\"name\":\"bootstrap-token-abcdef\"},\"type\":\"bootstrap.kubernetes.io/"      \
    "token\",\"stringData\":{\"token-id\":\"abcdef\",\"token-secret\":\"0123456789abcdef\"," more  \
    "}}"
#define HASHED(hash)                                                                               \
    "{\"metadata\":{\"name\":\"bootstrap-token-abcdef\"},\"type\":\"bootstrap.kubernetes.io/"      \
    "token\",\"stringData\":{\"token-id\":\"abcdef\",\"token-secret-sha256\":\"" hash              \
    "\",\"usage-bootstrap-authentication\":\"true\"}}"
    static const struct {
        const char *secret, *token;
        int code;
    } cases[] = {
        {SECRET("\"usage-bootstrap-authentication\":\"true\""), "abcdef.0123456789abcdef", 201},
        {SECRET("\"usage-bootstrap-authentication\":\"true\""), "abcdef.0123456789abcdee", 401},
        {SECRET("\"usage-bootstrap-authentication\":\"true\""), "abcdeg.0123456789abcdef", 401},
        {SECRET("\"usage-bootstrap-authentication\":\"true\""), "ABCDEF.0123456789abcdef", 401},
        {SECRET("\"usage-bootstrap-authentication\":\"false\""), "abcdef.0123456789abcdef", 401},
        {SECRET("\"usage-bootstrap-authentication\":\"true\",\"auth-extra-groups\":\"system:"
                "masters\""),
         "abcdef.0123456789abcdef", 401},
        {SECRET("\"usage-bootstrap-authentication\":\"true\",\"auth-extra-groups\":\"system:"
                "bootstrappers:coxswain\""),
         "abcdef.0123456789abcdef", 201},
        {SECRET("\"usage-bootstrap-authentication\":\"true\",\"expiration\":\"1999-01-01T00:00:"
                "00Z\""),
         "abcdef.0123456789abcdef", 401},
        {SECRET("\"usage-bootstrap-authentication\":\"true\",\"expiration\":\"9999-01-01T00:00:"
                "00Z\""),
         "abcdef.0123456789abcdef", 201},
        {SECRET("\"usage-bootstrap-authentication\":\"true\",\"expiration\":\"soon\""),
         "abcdef.0123456789abcdef", 401},
        {HASHED("9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"),
         "abcdef.0123456789abcdef", 201},
        {HASHED("9f9f5111f7b27a781f1f1ddde5ebc2dd2b796bfc7365c9c28b548e564176929f"),
         "abcdef.0123456789abcdee", 401},
        {HASHED(""), "abcdef.0123456789abcdef", 401},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a =
            as(&aw, NULL, "POST", "/api/v1/namespaces/kube-system/secrets", cases[i].secret);
        CHECK_INT(a.code, 201);
        a = who(&aw, str_of(cases[i].token));
        CHECK_INT(a.code, cases[i].code);
        if (a.code == 201)
            CHECK_STRC(text_at(&aw.w, a.body, "status.userInfo.username"),
                       "system:bootstrap:abcdef");
        as(&aw, NULL, "DELETE", "/api/v1/namespaces/kube-system/secrets/bootstrap-token-abcdef",
           NULL);
    }
    access_done(&aw);
}

TEST(others_can_check_tokens) {
    struct access_world aw;
    access_init(&aw);
    make_account(&aw);
    str token = token_of(&aw, "{\"audiences\":[\"vault\"]}");
    struct answer a =
        with_token(&aw, token_of(&aw, "{}"), "GET", "/.well-known/openid-configuration");
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&aw.w, a.body, "issuer"), ACCESS_ISSUER);
    CHECK_STRC(text_at(&aw.w, a.body, "jwks_uri"), ACCESS_ISSUER "/openid/v1/jwks");
    a = with_token(&aw, token_of(&aw, "{}"), "GET", "/openid/v1/jwks");
    CHECK_INT(a.code, 200);
    CHECK_STRC(a.content_type, "application/jwk-set+json");
    CHECK_STRC(text_at(&aw.w, a.body, "keys.0.kty"), "EC");
    str header, part = token;
    CHECK_INT(base64_decode_in(aw.w.arena, str_cut(&part, '.'), BASE64_URL | BASE64_RAW, &header),
              0);
    CHECK_STR(text_at(&aw.w, header, "kid"), text_at(&aw.w, a.body, "keys.0.kid"));
    CHECK_INT(as(&aw, "", "GET", "/openid/v1/jwks", NULL).code, 403);
    access_done(&aw);
}

/* Before the change both servers know both keys; after it one signs with the new one. */
TEST(keys_are_changed_without_a_token_being_refused) {
    struct arena *a = arena_new(0);
    struct x509_key *k[3];
    struct token_signer *before, *after, *other;
    struct err e = {0};
    struct claims c = {.sub = STR("s"), .exp = 1}, got;
    str old_token, new_token, jwks;
    for (int i = 0; i < 3; i++)
        REQUIRE(x509_key_new(&k[i]) == 0);
    str old_public = x509_key_public_pem(a, k[0]), new_public = x509_key_public_pem(a, k[1]);
    struct token_signer_options o = {.key_pem = str_concat(a, x509_key_pem(a, k[0]), new_public),
                                     .issuer = STR("i")};
    REQUIRE(token_signer_new(&o, &e, &before) == 0);
    o.key_pem = str_concat(a, x509_key_pem(a, k[1]), old_public);
    REQUIRE(token_signer_new(&o, &e, &after) == 0);
    o.key_pem = str_concat(a, x509_key_pem(a, k[2]), new_public);
    REQUIRE(token_signer_new(&o, &e, &other) == 0);
    CHECK_INT(token_sign(before, a, &c, &old_token), 0);
    CHECK_INT(token_sign(after, a, &c, &new_token), 0);
    CHECK_INT(token_verify(after, a, old_token, &got, &e), 0);
    CHECK_INT(token_verify(before, a, new_token, &got, &e), 0);
    CHECK_INT(token_verify(other, a, new_token, &got, &e), 0);
    CHECK_INT(token_verify(other, a, old_token, &got, &e), -EACCES);
    jwks = token_jwks(after, a);
    CHECK(str_find(jwks, jwt_kid(a, old_public)) > str_find(jwks, jwt_kid(a, new_public)));
    CHECK(str_find(token_jwks(other, a), jwt_kid(a, old_public)) < 0);
    o.key_pem = str_concat(a, x509_key_pem(a, k[0]),
                           STR("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"));
    struct token_signer *bad;
    CHECK_INT(token_signer_new(&o, &e, &bad), -EINVAL);
    CHECK_STRC(str_of(e.text), "a key cannot be read");
    token_signer_free(before);
    token_signer_free(after);
    token_signer_free(other);
    for (int i = 0; i < 3; i++)
        x509_key_free(k[i]);
    arena_free(a);
}

TEST(verified_tokens_are_kept_apart) {
    struct arena *a = arena_new(0);
    struct x509_key *key = NULL;
    struct token_signer *s = NULL;
    struct err e = {0};
    REQUIRE(x509_key_new(&key) == 0);
    struct token_signer_options o = {.key_pem = x509_key_pem(a, key), .issuer = STR("i")};
    x509_key_free(key);
    REQUIRE(token_signer_new(&o, &e, &s) == 0);
    enum { N = 2 * TOKEN_CACHE_SLOTS };
    str tokens[N];
    struct claims c = {.sub = STR("s"), .exp = 1};
    for (int i = 0; i < N; i++) {
        c.jti = str_printf(a, "%d", i);
        CHECK_INT(token_sign(s, a, &c, &tokens[i]), 0);
    }
    for (int i = 0; i < 2 * N; i++) {
        struct claims got = {0};
        CHECK_INT(token_verify(s, a, tokens[i % N], &got, &e), 0);
        CHECK_STR(got.jti, str_printf(a, "%d", i % N));
    }
    token_signer_free(s);
    arena_free(a);
}
