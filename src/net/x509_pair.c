// SPDX-License-Identifier: Apache-2.0
/* Whether a certificate and a private key belong together, in the words of Go's tls.X509KeyPair. */
#include <openssl/pem.h>

#include "net/x509_impl.h"

struct block {
    char *label, *header;
    unsigned char *der;
    long n;
};

static void block_done(struct block *b) {
    OPENSSL_free(b->label);
    OPENSSL_free(b->header);
    OPENSSL_clear_free(b->der, (size_t)b->n);
    *b = (struct block){0};
}

static bool is_certificate(const char *label) {
    return strcmp(label, "CERTIFICATE") == 0;
}

static bool is_key(const char *label) {
    str s = str_of(label);
    return str_eqc(s, "PRIVATE KEY") || str_ends(s, STR(" PRIVATE KEY"));
}

/* What stands before the block that is looked for. */
struct skipped {
    unsigned n;
    char first[64];
    char all[256]; /* labels, a blank between */
};

static void skip(struct skipped *s, const char *label) {
    size_t used = strlen(s->all);
    if (!s->n++)
        snprintf(s->first, sizeof(s->first), "%s", label);
    snprintf(s->all + used, sizeof(s->all) - used, "%s%s", used ? " " : "", label);
}

/* The first block whose label is wanted; false: there is none. */
static bool find_block(str pem, bool (*wanted)(const char *label), struct skipped *s,
                       struct block *ret) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    struct block at = {0};
    while (b && s->n < OSSL_CERTS_MAX && PEM_read_bio(b, &at.label, &at.header, &at.der, &at.n)) {
        if (wanted(at.label)) {
            *ret = at;
            return true;
        }
        skip(s, at.label);
        block_done(&at);
    }
    ERR_clear_error();
    return false;
}

static int no_certificate(const struct skipped *s, struct err *e) {
    if (!s->n)
        return err_set(e, -EINVAL, "tls: failed to find any PEM data in certificate input");
    if (s->n == 1 && str_ends(str_of(s->first), STR("PRIVATE KEY")))
        return err_set(e, -EINVAL,
                       "tls: failed to find certificate PEM data in certificate input, but did "
                       "find a private key; PEM inputs may have been switched");
    return err_set(e, -EINVAL,
                   "tls: failed to find \"CERTIFICATE\" PEM block in certificate input after "
                   "skipping PEM blocks of the following types: [%s]",
                   s->all);
}

static int no_key(const struct skipped *s, struct err *e) {
    if (!s->n)
        return err_set(e, -EINVAL, "tls: failed to find any PEM data in key input");
    if (s->n == 1 && is_certificate(s->first))
        return err_set(e, -EINVAL,
                       "tls: found a certificate rather than a key in the PEM for the private key");
    return err_set(e, -EINVAL,
                   "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input "
                   "after skipping PEM blocks of the following types: [%s]",
                   s->all);
}

static int compare(const struct block *cert, const struct block *key, struct err *e) {
    const unsigned char *p = cert->der, *q = key->der;
    CLEANUP(X509_freep) X509 *c = d2i_X509(NULL, &p, cert->n);
    EVP_PKEY *pub = c ? X509_get0_pubkey(c) : NULL;
    if (!c)
        return err_set(e, -EINVAL, "x509: malformed certificate");
    EVP_PKEY *k = d2i_AutoPrivateKey(NULL, &q, key->n);
    int type = k ? EVP_PKEY_get_base_id(k) : EVP_PKEY_NONE;
    int pub_type = pub ? EVP_PKEY_get_base_id(pub) : EVP_PKEY_NONE;
    int same = k && pub ? EVP_PKEY_eq(pub, k) : 0;
    EVP_PKEY_free(k);
    if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC && type != EVP_PKEY_ED25519)
        return err_set(e, -EINVAL, "tls: failed to parse private key");
    if (pub_type != EVP_PKEY_RSA && pub_type != EVP_PKEY_EC && pub_type != EVP_PKEY_ED25519)
        return err_set(e, -EINVAL, "tls: unknown public key algorithm");
    if (type != pub_type)
        return err_set(e, -EINVAL, "tls: private key type does not match public key type");
    return same == 1 ? 0 : err_set(e, -EINVAL, "tls: private key does not match public key");
}

int x509_pair_check(str cert_pem, str key_pem, struct err *e) {
    struct skipped certs = {0}, keys = {0};
    struct block cert = {0}, key = {0};
    int r = 0;
    if (!find_block(cert_pem, is_certificate, &certs, &cert))
        r = no_certificate(&certs, e);
    else if (!find_block(key_pem, is_key, &keys, &key))
        r = no_key(&keys, e);
    else
        r = compare(&cert, &key, e);
    block_done(&cert);
    block_done(&key);
    ERR_clear_error();
    return r;
}
