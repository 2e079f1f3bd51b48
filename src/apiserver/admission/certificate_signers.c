// SPDX-License-Identifier: Apache-2.0
/* CertificateApproval and CertificateSigning: beside the right to the subresource it takes the verb
 * "approve" or "sign" on the signer that the request names, or on all of the signer's domain. */
#include "apiserver/admission/admission.h"

static bool may(struct write *w, const char *verb, str signer) {
    const struct apiserver *s = w->r->server;
    ssize_t slash = str_chr(signer, '/');
    str whole = str_slice(signer, 0, slash < 0 ? signer.n : (size_t)slash);
    str names[] = {signer, str_concat(w->r->arena, whole, STR("/*"))}, reason;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct attributes at = {.user = &w->r->user,
                                .verb = str_of(verb),
                                .resource_request = true,
                                .group = STR("certificates.k8s.io"),
                                .version = STR("*"),
                                .resource = STR("signers"),
                                .name = names[i]};
        if (s->authz->authorize(s->authz_ctx, w->r->arena, &at, &reason) == DECISION_ALLOW)
            return true;
    }
    return false;
}

static bool writes_to(const struct write *w, const char *sub) {
    return w->st == RESOURCE_OF(certificates_v1_certificatesigningrequests) &&
           w->op == WRITE_UPDATE && w->sub && !strcmp(w->sub->name, sub) && w->old;
}

static enum step_result check(struct write *w, const char *verb, const char *what) {
    str signer = ((const CertificateSigningRequest *)w->old)->spec.signer_name;
    if (may(w, verb, signer))
        return STEP_NEXT;
    return admission_forbid(
        w,
        str_printf(w->r->arena, "user not permitted to %s requests with signerName \"" STR_FMT "\"",
                   what, STR_ARG(signer)));
}

static enum step_result approval(struct write *w) {
    return writes_to(w, "approval") ? check(w, "approve", "approve") : STEP_NEXT;
}

static enum step_result signing(struct write *w) {
    if (!writes_to(w, "status"))
        return STEP_NEXT;
    const CertificateSigningRequestStatus *s = &((const CertificateSigningRequest *)w->obj)->status;
    const CertificateSigningRequestStatus *was =
        &((const CertificateSigningRequest *)w->old)->status;
    return api_equal(&CertificateSigningRequestStatus_type, s, was) ? STEP_NEXT
                                                                    : check(w, "sign", "sign");
}

const struct admission_plugin admission_certificate_approval = {"CertificateApproval", NULL,
                                                                approval};
const struct admission_plugin admission_certificate_signing = {"CertificateSigning", NULL, signing};
