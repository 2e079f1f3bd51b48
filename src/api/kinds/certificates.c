// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void prepare_create(struct hook_ctx *h, void *obj) {
    (void)h;
    ((CertificateSigningRequest *)obj)->status = (CertificateSigningRequestStatus){0};
}

/* What was requested stays; approval and certificate come through subresources. */
static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    ((CertificateSigningRequest *)obj)->spec = ((const CertificateSigningRequest *)old)->spec;
}

static const CertificateSigningRequestCondition *condition(const CertificateSigningRequest *c,
                                                           str type) {
    for (uint32_t i = 0; i < c->status.conditions.n; i++)
        if (str_eq(c->status.conditions.v[i].type, type))
            return &c->status.conditions.v[i];
    return NULL;
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    CertificateSigningRequest *c = obj;
    Time now = {.sec = h->now / 1000000000, .set = true};
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        CertificateSigningRequestCondition *n = &c->status.conditions.v[i];
        const CertificateSigningRequestCondition *was = condition(old, n->type);
        if (!n->last_update_time.set)
            n->last_update_time = now;
        if (!n->last_transition_time.set)
            n->last_transition_time =
                was && str_eq(was->status, n->status) && was->last_transition_time.set
                    ? was->last_transition_time
                    : now;
    }
}

const struct hooks hooks_certificates_v1_certificatesigningrequests = {
    .group = "certificates.k8s.io",
    .resource = "certificatesigningrequests",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status = prepare_status,
    .validate_name = name_is_path_segment,
};
