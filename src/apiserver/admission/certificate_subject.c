// SPDX-License-Identifier: Apache-2.0
/* CertificateSubjectRestriction: no client certificate for the group that may do everything. */
#include "apiserver/admission/admission.h"
#include "net/x509.h"

#define CLIENT_SIGNER "kubernetes.io/kube-apiserver-client"

static enum step_result validate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(certificates_v1_certificatesigningrequests), WRITE_CREATE))
        return STEP_NEXT;
    const CertificateSigningRequestSpec *s = &((const CertificateSigningRequest *)w->obj)->spec;
    struct x509_request r;
    struct err e;
    str key;
    if (!str_eqc(s->signer_name, CLIENT_SIGNER))
        return STEP_NEXT;
    if (x509_csr_read(w->r->arena, s->request, &e, &r, &key) < 0)
        return admission_forbid(w, str_printf(w->r->arena, "failed to parse CSR: %s", e.text));
    for (size_t i = 0; i < r.n_orgs; i++)
        if (str_eq(r.orgs[i], GROUP_MASTERS))
            return admission_forbid(
                w, STR("use of " CLIENT_SIGNER " signer with system:masters group is not allowed"));
    return STEP_NEXT;
}

const struct admission_plugin admission_certificate_subject = {"CertificateSubjectRestriction",
                                                               NULL, validate};
