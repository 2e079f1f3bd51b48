// SPDX-License-Identifier: Apache-2.0
/* Questions to a certificate. */
#include <openssl/x509v3.h>

#include "net/x509_impl.h"

int x509_cert_times(str pem, int64_t *ret_not_before, int64_t *ret_not_after) {
    CLEANUP(X509_freep) X509 *cert = ossl_first_cert(pem);
    int64_t from, to;
    if (!cert || ossl_time(X509_get0_notBefore(cert), &from) < 0 ||
        ossl_time(X509_get0_notAfter(cert), &to) < 0)
        return -EINVAL;
    *ret_not_before = from;
    *ret_not_after = to;
    return 0;
}

int x509_key_sha256(str pem, uint8_t ret[32]) {
    CLEANUP(X509_freep) X509 *cert = ossl_first_cert(pem);
    return cert ? ossl_key_sha256(cert, ret) : -EINVAL;
}

struct signed_by {
    X509 *cert;
    bool found;
};

static int try_ca(void *ctx, size_t i, X509 *ca) {
    struct signed_by *s = ctx;
    if (X509_check_issued(ca, s->cert) == X509_V_OK &&
        X509_verify(s->cert, X509_get0_pubkey(ca)) == 1)
        s->found = true;
    ERR_clear_error();
    X509_free(ca);
    return 0;
}

static bool same_subject(X509 *cert, const struct x509_request *want) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    str cn;
    const str *orgs;
    size_t n_orgs;
    ossl_name(a, X509_get_subject_name(cert), &cn, &orgs, &n_orgs);
    if (!str_eq(cn, want->cn) || n_orgs != want->n_orgs)
        return false;
    for (size_t i = 0; i < n_orgs; i++) {
        bool found = false;
        for (size_t j = 0; j < n_orgs; j++)
            found |= str_eq(orgs[j], want->orgs[i]);
        if (!found)
            return false;
    }
    return true;
}

static bool has_names(X509 *cert, const struct x509_request *want) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    for (size_t i = 0; i < want->n_dns; i++)
        if (X509_check_host(cert, want->dns[i].p, want->dns[i].n,
                            X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) != 1)
            return false;
    for (size_t i = 0; i < want->n_ips; i++)
        if (X509_check_ip_asc(cert, str_cdup(a, want->ips[i]), 0) != 1)
            return false;
    return true;
}

static bool has_usages(X509 *cert, const struct x509_request *want) {
    uint32_t usage = X509_get_extended_key_usage(cert); /* all bits when it has no extension */
    return (!want->server_auth || usage & XKU_SSL_SERVER) &&
           (!want->client_auth || usage & XKU_SSL_CLIENT) &&
           (!want->ca || X509_check_ca(cert) == 1);
}

bool x509_cert_covers(str pem, str ca_pem, const struct x509_request *want) {
    CLEANUP(X509_freep) X509 *cert = ossl_first_cert(pem);
    if (!cert)
        return false;
    struct signed_by s = {.cert = cert};
    if (ossl_each_cert(ca_pem, NULL, try_ca, &s) < 0 || !s.found)
        return false;
    bool ok = same_subject(cert, want) && has_names(cert, want) && has_usages(cert, want);
    ERR_clear_error();
    return ok;
}

/* One block of a PEM text. */
static int check_block(const char *label, const char *header, const unsigned char *der, long n,
                       struct err *e) {
    if (strcmp(label, "CERTIFICATE"))
        return err_set(e, -EINVAL, "only CERTIFICATE PEM blocks are allowed, found \"%s\"", label);
    if (*header)
        return err_set(e, -EINVAL, "no PEM block headers are permitted");
    CLEANUP(X509_freep) X509 *cert = d2i_X509(NULL, &der, n);
    ERR_clear_error();
    return cert ? 0 : err_set(e, -EINVAL, "x509: malformed certificate");
}

int x509_certs_check(str pem, struct err *e) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    unsigned blocks = 0;
    int r = 0;
    char *label, *header;
    unsigned char *der;
    long n;
    while (r == 0 && blocks < OSSL_CERTS_MAX && b && PEM_read_bio(b, &label, &header, &der, &n)) {
        r = check_block(label, header, der, n, e);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
        blocks++;
    }
    ERR_clear_error();
    if (r == 0 && !blocks)
        return err_set(e, -EINVAL, "must contain at least one CERTIFICATE PEM block");
    if (r == 0 && blocks == OSSL_CERTS_MAX)
        return err_set(e, -EINVAL, "more than %d certificates", OSSL_CERTS_MAX - 1);
    return r;
}

int x509_bundle_check(str pem, struct err *e) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    unsigned certs = 0;
    char *label, *header;
    unsigned char *der;
    long n;
    int r = 0;
    while (r == 0 && b && PEM_read_bio(b, &label, &header, &der, &n)) {
        if (!strcmp(label, "CERTIFICATE") && !*header) {
            r = check_block(label, header, der, n, e);
            certs++;
        }
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
    }
    ERR_clear_error();
    if (r == 0 && !certs)
        return err_set(e, -EINVAL, "data does not contain any valid RSA or ECDSA certificates");
    return r;
}
