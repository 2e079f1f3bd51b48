// SPDX-License-Identifier: Apache-2.0
/* What certificates may be asked for: the rules of the signers that a cluster has itself, those of
 * kubernetes.io/ (the API's documentation of certificate signing requests). Approver, signer and
 * nodes share them; refusals are in upstream's words where it has some. Pure. */
#pragma once

#include "api/types.h"
#include "net/x509.h"

#define SIGNER_CLIENT          "kubernetes.io/kube-apiserver-client"
#define SIGNER_KUBELET_CLIENT  "kubernetes.io/kube-apiserver-client-kubelet"
#define SIGNER_KUBELET_SERVING "kubernetes.io/kubelet-serving"
#define NODE_USER_PREFIX       "system:node:"
#define NODE_GROUP             "system:nodes"

/* What is to be signed, as it travels from who approved it to who has the CA's key. */
struct csr_order {
    str signer;
    str pem;         /* from outside */
    unsigned usages; /* CSR_* */
    int64_t seconds; /* how long it shall be good for; 0: as long as the signer likes */
};
#define CSR_SIGNATURE 1u
#define CSR_ENCIPHER  2u
#define CSR_CLIENT    4u
#define CSR_SERVER    8u
#define CSR_OTHER     16u /* any that none of these signers gives */

static inline bool is_node_signer(str name) {
    return str_eqc(name, SIGNER_KUBELET_CLIENT) || str_eqc(name, SIGNER_KUBELET_SERVING);
}
static inline bool is_own_signer(str name) {
    return is_node_signer(name) || str_eqc(name, SIGNER_CLIENT);
}
/* -EINVAL with a text: the usages are such that their names alone tell it is refused. */
int csr_order_of(const CertificateSigningRequest *c, struct err *e, struct csr_order *ret);

/* What a node asks of one of its signers; its signature is checked. -EINVAL with a text when this
 * signer does not sign such a request. Strings of *ret live in a. */
struct node_csr {
    bool serving;
    str node;                  /* its name, out of the CN */
    struct x509_request names; /* as they will stand in the certificate; times are the signer's */
};
int node_csr_read(struct arena *a, const struct csr_order *o, struct err *e, struct node_csr *ret);
/* The same for any of the signers. Of SIGNER_CLIENT, subject and names are what the request says,
 * but for the group system:masters, which admission refuses first. */
int csr_check(struct arena *a, const struct csr_order *o, struct err *e,
              struct x509_request *ret_names);

/* How long a certificate is good for, when `most` seconds are what the signer gives at most. */
int64_t csr_seconds(int64_t asked, int64_t most);
#define CSR_BACKDATE    300 /* s: clocks of others are behind */
#define CSR_SECONDS_MIN 600
#define CSR_SECONDS_SHORT                                                                          \
    (8 * 3600) /* less than this is counted from now, more from the backdate */

/* A condition of the request ("Approved", "Denied", "Failed"), or NULL. */
const CertificateSigningRequestCondition *csr_condition(const CertificateSigningRequest *c,
                                                        const char *type);
