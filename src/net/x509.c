// SPDX-License-Identifier: Apache-2.0
/* Keys, and certificates issued with them. The subject is laid out as Go lays it (all O in one set,
 * then CN), so that a certificate of ours and one of kubeadm's read alike. */
#include <arpa/inet.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "net/x509_impl.h"

int x509_key_new(struct x509_key **ret) {
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    if (!pkey) {
        ERR_clear_error();
        return -EIO;
    }
    struct x509_key *k = xcalloc(1, sizeof(*k));
    k->pkey = pkey;
    *ret = k;
    return 0;
}

int x509_key_read(str pem, struct err *e, struct x509_key **ret) {
    EVP_PKEY *pkey = ossl_private_key(pem);
    if (!pkey)
        return err_set(e, -EINVAL, "private key cannot be read");
    struct x509_key *k = xcalloc(1, sizeof(*k));
    k->pkey = pkey;
    *ret = k;
    return 0;
}

struct x509_key *x509_key_free(struct x509_key *k) {
    if (k)
        EVP_PKEY_free(k->pkey);
    free(k);
    return NULL;
}

str x509_key_pem(struct arena *a, const struct x509_key *k) {
    CLEANUP(BIO_freep) BIO *b = BIO_new(BIO_s_secmem());
    int ok = b && PEM_write_bio_PKCS8PrivateKey(b, k->pkey, NULL, NULL, 0, NULL, NULL);
    ASSERT(ok);
    return ossl_bio_str(a, b);
}

str x509_key_public_pem(struct arena *a, const struct x509_key *k) {
    CLEANUP(BIO_freep) BIO *b = BIO_new(BIO_s_mem());
    int ok = b && PEM_write_bio_PUBKEY(b, k->pkey);
    ASSERT(ok);
    return ossl_bio_str(a, b);
}

/* As a UTF8String outright: MBSTRING_UTF8 would enforce X.520's 64 characters, and the names of
 * nodes and service accounts are longer. */
static bool add_entry(X509_NAME *name, int nid, str text, int set) {
    return X509_NAME_add_entry_by_NID(name, nid, V_ASN1_UTF8STRING, (const unsigned char *)text.p,
                                      (int)text.n, -1, set);
}

static bool put_subject(X509_NAME *name, const struct x509_request *r) {
    for (size_t i = 0; i < r->n_orgs; i++)
        if (!add_entry(name, NID_organizationName, r->orgs[i], i ? -1 : 0))
            return false;
    return !r->cn.n || add_entry(name, NID_commonName, r->cn, 0);
}

static bool push_name(GENERAL_NAMES *names, int type, int string_type, const void *p, size_t n) {
    GENERAL_NAME *gn = GENERAL_NAME_new();
    ASN1_STRING *s = ASN1_STRING_type_new(string_type);
    if (!gn || !s || !ASN1_STRING_set(s, p, (int)n)) {
        GENERAL_NAME_free(gn);
        ASN1_STRING_free(s);
        return false;
    }
    GENERAL_NAME_set0_value(gn, type, s);
    if (!sk_GENERAL_NAME_push(names, gn)) {
        GENERAL_NAME_free(gn);
        return false;
    }
    return true;
}

/* Bytes of an address in text: 4, 16 or -EINVAL. */
static int ip_bytes(str text, uint8_t ret[16]) {
    char z[64];
    if (text.n >= sizeof(z))
        return -EINVAL;
    memcpy(z, text.p ? text.p : "", text.n);
    z[text.n] = 0;
    if (inet_pton(AF_INET, z, ret) == 1)
        return 4;
    return inet_pton(AF_INET6, z, ret) == 1 ? 16 : -EINVAL;
}

DEFINE_CLEANUP(GENERAL_NAMES *, GENERAL_NAMES_free)

/* NULL on a bad name; *ret_any says whether there is any. */
static GENERAL_NAMES *alt_names(const struct x509_request *r) {
    CLEANUP(GENERAL_NAMES_freep) GENERAL_NAMES *names = GENERAL_NAMES_new();
    for (size_t i = 0; i < r->n_dns; i++)
        if (!push_name(names, GEN_DNS, V_ASN1_IA5STRING, r->dns[i].p, r->dns[i].n))
            return NULL;
    for (size_t i = 0; i < r->n_ips; i++) {
        uint8_t ip[16];
        int n = ip_bytes(r->ips[i], ip);
        if (n < 0 || !push_name(names, GEN_IPADD, V_ASN1_OCTET_STRING, ip, (size_t)n))
            return NULL;
    }
    return TAKE(names);
}

static bool add_text_ext(X509 *cert, X509V3_CTX *ctx, int nid, const char *value) {
    X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, ctx, nid, value);
    bool ok = x && X509_add_ext(cert, x, -1);
    X509_EXTENSION_free(x);
    return ok;
}

static const char *extended_usage(const struct x509_request *r) {
    if (r->server_auth && r->client_auth)
        return "serverAuth,clientAuth";
    return r->server_auth ? "serverAuth" : r->client_auth ? "clientAuth" : NULL;
}

/* NULL: none, which is any. */
static const char *key_usage(const struct x509_request *r, bool is_rsa) {
    bool sign = r->as_asked ? r->sign_usage : true,
         encipher = r->as_asked ? r->encipher_usage : is_rsa;
    if (r->ca)
        return "critical,digitalSignature,keyEncipherment,keyCertSign,cRLSign";
    if (sign && encipher)
        return "critical,digitalSignature,keyEncipherment";
    return sign ? "critical,digitalSignature" : encipher ? "critical,keyEncipherment" : NULL;
}

static bool put_extensions(X509 *cert, X509 *issuer, const struct x509_request *r, bool is_rsa) {
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    const char *usage = key_usage(r, is_rsa), *extended = extended_usage(r);
    bool ok = (!usage || add_text_ext(cert, &ctx, NID_key_usage, usage)) &&
              (!extended || add_text_ext(cert, &ctx, NID_ext_key_usage, extended)) &&
              add_text_ext(cert, &ctx, NID_basic_constraints,
                           r->ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
              add_text_ext(cert, &ctx, NID_subject_key_identifier, "hash") &&
              (issuer == cert || add_text_ext(cert, &ctx, NID_authority_key_identifier, "keyid"));
    if (!ok || r->as_asked || !(r->n_dns + r->n_ips))
        return ok;
    CLEANUP(GENERAL_NAMES_freep) GENERAL_NAMES *names = alt_names(r);
    return names && X509_add1_ext_i2d(cert, NID_subject_alt_name, names, 0, 0) == 1;
}

/* The names as they stand in the request; of other extensions nothing is taken over. */
static bool put_asked_names(X509 *cert, X509_REQ *q) {
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(q);
    int at = X509v3_get_ext_by_NID(exts, NID_subject_alt_name, -1);
    bool ok = at < 0 || X509_add_ext(cert, X509v3_get_ext(exts, at), -1);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return ok && X509_set_subject_name(cert, X509_REQ_get_subject_name(q));
}

#define SERIAL_BITS 127 /* positive in 16 bytes, and of one length */

static bool put_serial(X509 *cert) {
    BIGNUM *n = BN_new();
    bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) &&
              BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
    BN_free(n);
    return ok;
}

static bool put_time(ASN1_TIME *t, int64_t at) {
    return ASN1_TIME_set(t, (time_t)at) != NULL;
}

/* asked: whose names are taken over, NULL: they are r's. */
static int issue(struct arena *a, const struct x509_request *r, EVP_PKEY *subject_key,
                 X509_REQ *asked, X509 *ca_cert, EVP_PKEY *ca_key, struct err *e, str *ret_pem) {
    CLEANUP(X509_freep) X509 *cert = X509_new();
    ERR_clear_error();
    X509 *issuer = ca_cert ? ca_cert : cert;
    bool ok =
        cert && X509_set_version(cert, X509_VERSION_3) && put_serial(cert) &&
        put_time(X509_getm_notBefore(cert), r->not_before) &&
        put_time(X509_getm_notAfter(cert), r->not_after) &&
        (asked ? put_asked_names(cert, asked) : put_subject(X509_get_subject_name(cert), r)) &&
        X509_set_issuer_name(cert, X509_get_subject_name(issuer)) &&
        X509_set_pubkey(cert, subject_key) &&
        put_extensions(cert, issuer, r, EVP_PKEY_is_a(subject_key, "RSA")) &&
        X509_sign(cert, ca_key, EVP_sha256()) > 0;
    if (!ok)
        return ossl_error(e, -EINVAL, "certificate cannot be made");
    CLEANUP(BIO_freep) BIO *b = BIO_new(BIO_s_mem());
    if (!b || !PEM_write_bio_X509(b, cert))
        return ossl_error(e, -EINVAL, "certificate cannot be written");
    *ret_pem = ossl_bio_str(a, b);
    return 0;
}

/* Reads the CA, or leaves NULL for self-signed. */
static int read_ca(str ca_pem, const struct x509_key *ca_key, struct err *e, X509 **ret) {
    *ret = NULL;
    if (!ca_pem.n)
        return 0;
    X509 *ca = ossl_first_cert(ca_pem);
    if (!ca)
        return err_set(e, -EINVAL, "CA certificate cannot be read");
    if (!ca_key || !X509_check_private_key(ca, ca_key->pkey)) {
        ERR_clear_error();
        X509_free(ca);
        return err_set(e, -EINVAL, "CA key does not fit the CA certificate");
    }
    *ret = ca;
    return 0;
}

int x509_issue(struct arena *a, const struct x509_request *r, const struct x509_key *key,
               str ca_pem, const struct x509_key *ca_key, struct err *e, str *ret_pem) {
    CLEANUP(X509_freep) X509 *ca = NULL;
    int err = read_ca(ca_pem, ca_key, e, &ca);
    if (err < 0)
        return err;
    return issue(a, r, key->pkey, NULL, ca, ca ? ca_key->pkey : key->pkey, e, ret_pem);
}

static X509_REQ *read_csr(str pem) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    X509_REQ *q = b ? PEM_read_bio_X509_REQ(b, NULL, NULL, NULL) : NULL;
    ERR_clear_error();
    return q;
}

/* Reads a CSR and checks that its sender has the key. */
static int checked_csr(str pem, struct err *e, X509_REQ **ret) {
    CLEANUP(X509_REQ_freep) X509_REQ *q = read_csr(pem);
    if (!q)
        return err_set(e, -EINVAL, "certificate request cannot be read");
    EVP_PKEY *key = X509_REQ_get0_pubkey(q);
    if (!key || X509_REQ_verify(q, key) != 1) {
        ERR_clear_error();
        return err_set(e, -EINVAL, "certificate request: bad signature");
    }
    *ret = TAKE(q);
    return 0;
}

int x509_sign_csr(struct arena *a, str csr_pem, const struct x509_request *r, str ca_pem,
                  const struct x509_key *ca_key, struct err *e, str *ret_pem) {
    CLEANUP(X509_REQ_freep) X509_REQ *q = NULL;
    CLEANUP(X509_freep) X509 *ca = NULL;
    int err = checked_csr(csr_pem, e, &q);
    if (err == 0)
        err = read_ca(ca_pem, ca_key, e, &ca);
    if (err < 0)
        return err;
    if (!ca)
        return err_set(e, -EINVAL, "a CA is needed to sign a certificate request");
    return issue(a, r, X509_REQ_get0_pubkey(q), r->as_asked ? q : NULL, ca, ca_key->pkey, e,
                 ret_pem);
}

static bool add_csr_names(X509_REQ *q, const struct x509_request *r) {
    if (!(r->n_dns + r->n_ips))
        return true;
    CLEANUP(GENERAL_NAMES_freep) GENERAL_NAMES *names = alt_names(r);
    STACK_OF(X509_EXTENSION) *exts = NULL;
    bool ok = names && X509V3_add1_i2d(&exts, NID_subject_alt_name, names, 0, 0) == 1 &&
              X509_REQ_add_extensions(q, exts);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return ok;
}

int x509_csr_new(struct arena *a, const struct x509_request *r, const struct x509_key *key,
                 str *ret_pem) {
    CLEANUP(X509_REQ_freep) X509_REQ *q = X509_REQ_new();
    CLEANUP(BIO_freep) BIO *b = BIO_new(BIO_s_mem());
    bool ok = q && b && put_subject(X509_REQ_get_subject_name(q), r) &&
              X509_REQ_set_pubkey(q, key->pkey) && add_csr_names(q, r) &&
              X509_REQ_sign(q, key->pkey, EVP_sha256()) > 0 && PEM_write_bio_X509_REQ(b, q);
    ERR_clear_error();
    if (!ok)
        return -EINVAL;
    *ret_pem = ossl_bio_str(a, b);
    return 0;
}

static str asn1_str(struct arena *a, const ASN1_STRING *s) {
    return str_dup(a, str_n((const char *)ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
}

static str ip_text(struct arena *a, const ASN1_STRING *s) {
    char text[INET6_ADDRSTRLEN];
    int n = ASN1_STRING_length(s), af = n == 4 ? AF_INET : n == 16 ? AF_INET6 : -1;
    if (af < 0 || !inet_ntop(af, ASN1_STRING_get0_data(s), text, sizeof(text)))
        return STR_NONE;
    return str_dup(a, str_of(text));
}

static int take_names(struct arena *a, const GENERAL_NAMES *names, struct x509_request *ret) {
    int n = sk_GENERAL_NAME_num(names);
    if (n <= 0)
        return 0;
    if (n > X509_NAMES_MAX)
        return -E2BIG;
    str *dns = arena_array(a, (size_t)n, sizeof(str)),
        *ips = arena_array(a, (size_t)n, sizeof(str));
    for (int i = 0; i < n; i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);
        str ip = type == GEN_IPADD ? ip_text(a, s) : STR_NONE;
        if (type == GEN_DNS)
            dns[ret->n_dns++] = asn1_str(a, s);
        else if (ip.p)
            ips[ret->n_ips++] = ip;
        else if (type == GEN_EMAIL)
            ret->emails = true;
        else if (type == GEN_URI)
            ret->uris = true;
        else
            ret->other_names = true;
    }
    ret->dns = dns;
    ret->ips = ips;
    return 0;
}

int x509_csr_read(struct arena *a, str csr_pem, struct err *e, struct x509_request *ret,
                  str *ret_public_pem) {
    CLEANUP(X509_REQ_freep) X509_REQ *q = NULL;
    struct x509_request r = {0};
    int err = checked_csr(csr_pem, e, &q);
    if (err < 0)
        return err;
    ossl_name(a, X509_REQ_get_subject_name(q), &r.cn, &r.orgs, &r.n_orgs);
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(q);
    GENERAL_NAMES *names = X509V3_get_d2i(exts, NID_subject_alt_name, NULL, NULL);
    BASIC_CONSTRAINTS *bc = X509V3_get_d2i(exts, NID_basic_constraints, NULL, NULL);
    r.ca = bc && bc->ca;
    err = take_names(a, names, &r);
    BASIC_CONSTRAINTS_free(bc);
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    ERR_clear_error();
    if (err < 0)
        return err_set(e, err, "certificate request: more than %d names", X509_NAMES_MAX);
    CLEANUP(BIO_freep) BIO *b = BIO_new(BIO_s_mem());
    if (!b || !PEM_write_bio_PUBKEY(b, X509_REQ_get0_pubkey(q)))
        return ossl_error(e, -EINVAL, "certificate request: public key");
    *ret_public_pem = ossl_bio_str(a, b);
    *ret = r;
    return 0;
}
