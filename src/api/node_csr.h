// SPDX-License-Identifier: Apache-2.0
/* What nodes may ask certificates for: the rules of the two signers kubernetes.io/
 * kube-apiserver-client-kubelet and kubernetes.io/kubelet-serving (the API's documentation of
 * certificate signing requests). Approver, signer and nodes share them. Pure. */
#pragma once

#include "api/types.h"
#include "net/x509.h"

#define SIGNER_KUBELET_CLIENT  "kubernetes.io/kube-apiserver-client-kubelet"
#define SIGNER_KUBELET_SERVING "kubernetes.io/kubelet-serving"
#define NODE_USER_PREFIX       "system:node:"
#define NODE_GROUP             "system:nodes"

struct node_csr {
    bool serving;
    str node;                  /* its name, out of the CN */
    struct x509_request names; /* as they will stand in the certificate; times are the signer's */
};

static inline bool is_node_signer(str name) {
    return str_eqc(name, SIGNER_KUBELET_CLIENT) || str_eqc(name, SIGNER_KUBELET_SERVING);
}
/* pem: from outside; its signature is checked. -EINVAL with a text when this signer does not sign
 * such a request. Strings of *ret live in a. */
int node_csr_read(struct arena *a, str signer, str pem, struct err *e, struct node_csr *ret);
/* The usages of the request, as the API has them, are those of such a certificate. */
bool node_csr_usages_ok(bool serving, const str *usages, size_t n);

/* A condition of the request ("Approved", "Denied", "Failed"), or NULL. */
const CertificateSigningRequestCondition *csr_condition(const CertificateSigningRequest *c,
                                                        const char *type);
