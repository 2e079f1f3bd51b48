// SPDX-License-Identifier: Apache-2.0
/* A certificate by way of the API: posts a CertificateSigningRequest and watches it until it is
 * signed or refused. Upstream's kubelet does the same, with the same names. */
#pragma once

#include "client/rest.h"
#include "net/x509.h"

struct csr_ask;
struct csr_ask_options {
    struct rest_client *client; /* who asks; outlives the ask */
    const char *signer;         /* of api/csr.h */
    const struct x509_key *key; /* the same key is the same request: it may be asked again */
    struct x509_request names;  /* those of the request; read at once */
    int32_t seconds;            /* wished for */
    /* Once, later, unless freed before. 0 and PEM (the certificate and what stands behind it, for
     * the time of the call); -EACCES: the caller is not known (401); -EPERM: it may not; -EEXIST:
     * denied; -EINVAL: the signer failed. What may pass (no connection, no approver) is tried
     * until it has passed. */
    void (*done)(void *ctx, int r, const struct err *e, str pem);
    void *ctx;
};
int csr_ask_start(const struct csr_ask_options *o, struct err *e, struct csr_ask **ret);
struct csr_ask *csr_ask_free(struct csr_ask *q); /* also inside of done() */
