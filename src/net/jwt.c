// SPDX-License-Identifier: Apache-2.0
/* JSON Web Tokens. The allow-list is the table below: an algorithm and the kind of key it goes
 * with. A token's own "alg" only has to agree with the key it is checked against. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "base/base64.h"
#include "base/buf.h"
#include "net/crypto.h"
#include "net/jwt_header.h"
#include "net/x509_impl.h"

#define JWT_MAX          (64 * 1024)
#define JWT_RSA_BITS_MIN 2048
#define ES256_HALF       32

enum jwt_alg { JWT_ES256, JWT_RS256, JWT_ALG_MAX };
static const struct {
    char name[6];
    char key[4];
    uint16_t bits_min, bits_max;
} algs[JWT_ALG_MAX] = {
    [JWT_ES256] = {"ES256", "EC", 256, 256},
    [JWT_RS256] = {"RS256", "RSA", JWT_RSA_BITS_MIN, 16384},
};

static enum jwt_alg alg_of_key(EVP_PKEY *k) {
    enum jwt_alg i = 0;
    for (; i < JWT_ALG_MAX; i++) {
        int bits = EVP_PKEY_get_bits(k);
        if (EVP_PKEY_is_a(k, algs[i].key) && bits >= algs[i].bits_min && bits <= algs[i].bits_max)
            break;
    }
    if (i == JWT_ES256) {
        char group[32] = "";
        EVP_PKEY_get_group_name(k, group, sizeof(group), NULL);
        if (strcmp(group, "prime256v1") != 0 && strcmp(group, "P-256") != 0)
            i = JWT_ALG_MAX;
    }
    return i;
}

DEFINE_CLEANUP(ECDSA_SIG *, ECDSA_SIG_free)
DEFINE_CLEANUP(BIGNUM *, BN_free)

/* DER to r || s, as JWS has it. */
static int sig_to_raw(const unsigned char *der, size_t n, uint8_t raw[2 * ES256_HALF]) {
    CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, ES256_HALF) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + ES256_HALF, ES256_HALF) < 0)
        return -EINVAL;
    return 0;
}

/* The other way; the caller frees *ret with OPENSSL_free. */
static int sig_to_der(str raw, unsigned char **ret) {
    CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
    if (raw.n != 2 * ES256_HALF || !sig)
        return -EINVAL;
    BIGNUM *r = BN_bin2bn((const unsigned char *)raw.p, ES256_HALF, NULL);
    BIGNUM *s = BN_bin2bn((const unsigned char *)raw.p + ES256_HALF, ES256_HALF, NULL);
    if (!r || !s || !ECDSA_SIG_set0(sig, r, s)) {
        BN_free(r);
        BN_free(s);
        return -EINVAL;
    }
    return i2d_ECDSA_SIG(sig, ret);
}

static int sign_bytes(struct arena *a, EVP_PKEY *key, enum jwt_alg alg, str data, str *ret) {
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t n = (size_t)EVP_PKEY_get_size(key);
    unsigned char *sig = arena_alloc(a, n + 1);
    if (!md || EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(md, sig, &n, (const unsigned char *)data.p, data.n) != 1) {
        ERR_clear_error();
        return -EINVAL;
    }
    if (alg == JWT_RS256) {
        *ret = str_n((const char *)sig, n);
        return 0;
    }
    uint8_t *raw = arena_alloc(a, 2 * ES256_HALF);
    if (sig_to_raw(sig, n, raw) < 0)
        return -EINVAL;
    *ret = str_n((const char *)raw, 2 * ES256_HALF);
    return 0;
}

int jwt_sign(struct arena *a, const struct x509_key *key, str kid, str claims_json, str *ret) {
    enum jwt_alg alg = alg_of_key(key->pkey);
    if (alg == JWT_ALG_MAX)
        return -EINVAL;
    for (size_t i = 0; i < kid.n; i++) /* it goes into JSON as it is */
        if ((uint8_t)kid.p[i] < 0x20 || (uint8_t)kid.p[i] >= 0x7f || strchr("\"\\", kid.p[i]))
            return -EINVAL;
    str header =
        str_printf(a, "{\"alg\":\"%s\",\"kid\":\"" STR_FMT "\"}", algs[alg].name, STR_ARG(kid));
    str h = base64_encode_in(a, header, BASE64_URL | BASE64_RAW);
    str c = base64_encode_in(a, claims_json, BASE64_URL | BASE64_RAW);
    str input = str_printf(a, STR_FMT "." STR_FMT, STR_ARG(h), STR_ARG(c)), sig;
    int r = sign_bytes(a, key->pkey, alg, input, &sig);
    if (r < 0)
        return r;
    str s = base64_encode_in(a, sig, BASE64_URL | BASE64_RAW);
    *ret = str_printf(a, STR_FMT "." STR_FMT, STR_ARG(input), STR_ARG(s));
    return 0;
}

static bool verify_bytes(EVP_PKEY *key, enum jwt_alg alg, str data, str sig) {
    CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char *der = NULL;
    str s = sig;
    if (alg == JWT_ES256) {
        int n = sig_to_der(sig, &der);
        if (n <= 0)
            return false;
        s = str_n((const char *)der, (size_t)n);
    }
    bool ok = md && EVP_DigestVerifyInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(md, (const unsigned char *)s.p, s.n, (const unsigned char *)data.p,
                               data.n) == 1;
    OPENSSL_free(der);
    ERR_clear_error();
    return ok;
}

int jwt_verify(struct arena *a, str token, const str *public_pems, size_t n, struct err *e,
               str *ret_claims_json) {
    if (token.n > JWT_MAX)
        return err_set(e, -E2BIG, "token is too long");
    str rest = token, h = str_cut(&rest, '.'), c = str_cut(&rest, '.'), s = rest;
    str header, claims, sig, alg;
    if (!c.n || !s.n || str_chr(s, '.') >= 0 ||
        base64_decode_in(a, h, BASE64_URL | BASE64_RAW, &header) < 0 ||
        base64_decode_in(a, c, BASE64_URL | BASE64_RAW, &claims) < 0 ||
        base64_decode_in(a, s, BASE64_URL | BASE64_RAW, &sig) < 0 ||
        jwt_header_alg(header, &alg) < 0)
        return err_set(e, -EINVAL, "token is malformed");
    str input = str_n(token.p, h.n + 1 + c.n);
    bool known = false;
    for (enum jwt_alg i = 0; i < JWT_ALG_MAX; i++)
        known |= str_eqc(alg, algs[i].name);
    if (!known)
        return err_set(e, -EINVAL, "token has an algorithm that is not accepted");
    for (size_t i = 0; i < n; i++) {
        CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = ossl_public_key(public_pems[i]);
        enum jwt_alg want = key ? alg_of_key(key) : JWT_ALG_MAX;
        if (want == JWT_ALG_MAX || !str_eqc(alg, algs[want].name))
            continue;
        if (verify_bytes(key, want, input, sig)) {
            *ret_claims_json = claims;
            return 0;
        }
    }
    return err_set(e, -EACCES, "token is signed by no known key");
}

str jwt_kid(struct arena *a, str public_pem) {
    CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = ossl_public_key(public_pem);
    unsigned char *der = NULL;
    int n = key ? i2d_PUBKEY(key, &der) : -1;
    ERR_clear_error();
    if (n <= 0)
        return STR_NONE;
    uint8_t sum[32];
    sha256(str_n((const char *)der, (size_t)n), sum);
    OPENSSL_free(der);
    return base64_encode_in(a, str_n((const char *)sum, 32), BASE64_URL | BASE64_RAW);
}

const char *jwt_alg_name(str public_pem) {
    CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = ossl_public_key(public_pem);
    enum jwt_alg alg = key ? alg_of_key(key) : JWT_ALG_MAX;
    return alg == JWT_ALG_MAX ? NULL : algs[alg].name;
}

static bool holds_key(str label) {
    static const char *const labels[] = {"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY",
                                         "PUBLIC KEY",  "CERTIFICATE",    NULL};
    return str_in(label, labels);
}

static int add_key(struct arena *a, str block, struct err *e, struct jwt_keys *ret) {
    CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = ossl_public_key(block);
    if (!key)
        return err_set(e, -EINVAL, "a key cannot be read");
    if (alg_of_key(key) == JWT_ALG_MAX)
        return err_set(e, -EINVAL, "a key is neither of RSA, %d bits or more, nor of P-256",
                       JWT_RSA_BITS_MIN);
    CLEANUP(BIO_freep) BIO *b = BIO_new(BIO_s_mem());
    int ok = b && PEM_write_bio_PUBKEY(b, key);
    ASSERT(ok);
    str pem = ossl_bio_str(a, b);
    for (size_t i = 0; i < ret->n; i++)
        if (str_eq(ret->v[i], pem))
            return 0;
    if (ret->n == JWT_KEYS_MAX)
        return err_set(e, -EINVAL, "more than %d keys", JWT_KEYS_MAX);
    ret->v[ret->n++] = pem;
    return 0;
}

int jwt_keys_read(struct arena *a, str pem, struct err *e, struct jwt_keys *ret) {
    static const char begin[] = "-----BEGIN ", end[] = "-----END ";
    struct jwt_keys keys = {.n = 0};
    for (;;) {
        ssize_t at = str_find(pem, str_of(begin));
        if (at < 0)
            break;
        pem = str_slice(pem, (size_t)at, pem.n);
        str rest = str_slice(pem, strlen(begin), pem.n);
        str label = str_slice(rest, 0, (size_t)MAX(str_find(rest, STR("-----")), 0));
        ssize_t last = str_find(rest, str_of(end));
        size_t n = last < 0 ? pem.n : strlen(begin) + (size_t)last + strlen(end);
        ssize_t line = str_chr(str_slice(pem, n, pem.n), '\n');
        n = line < 0 ? pem.n : n + (size_t)line + 1;
        int r = holds_key(label) ? add_key(a, str_slice(pem, 0, n), e, &keys) : 0;
        if (r < 0)
            return r;
        pem = str_slice(pem, n, pem.n);
    }
    if (!keys.n)
        return err_set(e, -EINVAL, "no key is in it");
    *ret = keys;
    return 0;
}

/* A number of the key, base64url; fixed gives its length, 0 as long as needed. */
static str number_text(struct arena *a, EVP_PKEY *key, const char *name, int fixed) {
    CLEANUP(BN_freep) BIGNUM *bn = NULL;
    if (!EVP_PKEY_get_bn_param(key, name, &bn))
        return STR("");
    int n = fixed ? fixed : BN_num_bytes(bn);
    uint8_t *bytes = arena_alloc(a, (size_t)n + 1);
    if (BN_bn2binpad(bn, bytes, n) < 0)
        return STR("");
    return base64_encode_in(a, str_n((const char *)bytes, (size_t)n), BASE64_URL | BASE64_RAW);
}

static void put_jwk(struct arena *a, struct buf *b, EVP_PKEY *key, enum jwt_alg alg, str kid) {
    buf_printf(b, "{\"use\":\"sig\",\"kty\":\"%s\",\"kid\":\"" STR_FMT "\",", algs[alg].key,
               STR_ARG(kid));
    if (alg == JWT_ES256) {
        str x = number_text(a, key, OSSL_PKEY_PARAM_EC_PUB_X, ES256_HALF);
        str y = number_text(a, key, OSSL_PKEY_PARAM_EC_PUB_Y, ES256_HALF);
        buf_printf(
            b, "\"crv\":\"P-256\",\"alg\":\"ES256\",\"x\":\"" STR_FMT "\",\"y\":\"" STR_FMT "\"}",
            STR_ARG(x), STR_ARG(y));
    } else {
        str m = number_text(a, key, OSSL_PKEY_PARAM_RSA_N, 0);
        str exp = number_text(a, key, OSSL_PKEY_PARAM_RSA_E, 0);
        buf_printf(b, "\"alg\":\"RS256\",\"n\":\"" STR_FMT "\",\"e\":\"" STR_FMT "\"}", STR_ARG(m),
                   STR_ARG(exp));
    }
    ERR_clear_error();
}

str jwks_json(struct arena *a, const str *public_pems, size_t n) {
    CLEANUP(buf_done) struct buf b = {0};
    bool any = false;
    buf_adds(&b, "{\"keys\":[");
    for (size_t i = 0; i < n; i++) {
        CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = ossl_public_key(public_pems[i]);
        enum jwt_alg alg = key ? alg_of_key(key) : JWT_ALG_MAX;
        if (alg == JWT_ALG_MAX)
            continue;
        if (any)
            buf_addc(&b, ',');
        any = true;
        put_jwk(a, &b, key, alg, jwt_kid(a, public_pems[i]));
    }
    buf_adds(&b, "]}");
    return str_dup(a, buf_str(&b));
}
