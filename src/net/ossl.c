// SPDX-License-Identifier: Apache-2.0
#include "net/ossl.h"

#include <limits.h>
#include <time.h>

#include "base/time.h"
#include "base/vec.h"

/* A password prompt must never appear on a server's terminal. */
static int no_password(char *buf, int size, int rwflag, void *u) {
    return -1;
}

int ossl_error(struct err *e, int errnum, const char *what) {
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;
    ERR_clear_error();
    return err_set(e, errnum, "%s: %s", what, reason ? reason : "failed");
}

BIO *ossl_bio(str text) {
    if (text.n > INT_MAX)
        return NULL;
    return BIO_new_mem_buf(text.p ? text.p : "", (int)text.n);
}

str ossl_bio_str(struct arena *a, BIO *b) {
    char *p = NULL;
    long n = BIO_get_mem_data(b, &p);
    return str_dup(a, str_n(p, n > 0 ? (size_t)n : 0));
}

/* At the end of the blocks the error queue holds "no start line"; anything else is damage. */
static bool at_end_of_pem(void) {
    unsigned long code = ERR_peek_last_error();
    bool end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return end;
}

int ossl_each_cert(str pem, struct err *e, int (*take)(void *ctx, size_t i, X509 *cert),
                   void *ctx) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    size_t n = 0;
    if (!b)
        return err_set(e, -E2BIG, "certificates: too long");
    ERR_clear_error();
    for (X509 *cert; (cert = PEM_read_bio_X509(b, NULL, no_password, NULL)); n++) {
        if (n >= OSSL_CERTS_MAX) {
            X509_free(cert);
            return err_set(e, -E2BIG, "certificates: more than %d", OSSL_CERTS_MAX);
        }
        int r = take(ctx, n, cert);
        if (r < 0)
            return r;
    }
    if (!at_end_of_pem())
        return err_set(e, -EBADMSG, "certificate %zu: cannot be read", n + 1);
    return (int)n;
}

X509 *ossl_first_cert(str pem) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    X509 *x = b ? PEM_read_bio_X509(b, NULL, no_password, NULL) : NULL;
    ERR_clear_error();
    return x;
}

EVP_PKEY *ossl_private_key(str pem) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    EVP_PKEY *k = b ? PEM_read_bio_PrivateKey(b, NULL, no_password, NULL) : NULL;
    ERR_clear_error();
    return k;
}

EVP_PKEY *ossl_public_key(str pem) {
    CLEANUP(BIO_freep) BIO *b = ossl_bio(pem);
    EVP_PKEY *k = b ? PEM_read_bio_PUBKEY(b, NULL, no_password, NULL) : NULL;
    ERR_clear_error();
    if (k)
        return k;
    CLEANUP(X509_freep) X509 *cert = ossl_first_cert(pem);
    return cert ? X509_get_pubkey(cert) : ossl_private_key(pem);
}

int ossl_time(const ASN1_TIME *t, int64_t *ret) {
    struct tm tm;
    if (!t || !ASN1_TIME_to_tm(t, &tm)) {
        ERR_clear_error();
        return -EINVAL;
    }
    struct civil c = {
        .year = tm.tm_year + 1900,
        .month = tm.tm_mon + 1,
        .day = tm.tm_mday,
        .hour = tm.tm_hour,
        .minute = tm.tm_min,
        .second = tm.tm_sec,
    };
    *ret = time_from_civil(&c);
    return 0;
}

static str entry_text(struct arena *a, const X509_NAME_ENTRY *entry) {
    unsigned char *p = NULL;
    int n = ASN1_STRING_to_UTF8(&p, X509_NAME_ENTRY_get_data(entry));
    str s = n >= 0 ? str_dup(a, str_n((const char *)p, (size_t)n)) : STR("");
    OPENSSL_free(p);
    ERR_clear_error();
    return s;
}

void ossl_name(struct arena *a, const X509_NAME *name, str *ret_cn, const str **ret_orgs,
               size_t *ret_n_orgs) {
    struct {
        str *v;
        uint32_t n;
    } orgs = {0};
    str cn = STR("");
    for (int i = 0; i < X509_NAME_entry_count(name); i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        if (nid == NID_commonName)
            cn = entry_text(a, entry);
        else if (nid == NID_organizationName)
            *list_push(a, &orgs) = entry_text(a, entry);
    }
    *ret_cn = cn;
    *ret_orgs = orgs.v;
    *ret_n_orgs = orgs.n;
}

int ossl_key_sha256(X509 *cert, uint8_t ret[32]) {
    unsigned char *der = NULL;
    int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
    if (n <= 0)
        return -EINVAL;
    bool ok = EVP_Digest(der, (size_t)n, ret, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(der);
    return ok ? 0 : -EIO;
}
