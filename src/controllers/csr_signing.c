// SPDX-License-Identifier: Apache-2.0
/* Has approved requests of nodes signed, by whoever holds the CA's key (controllers_config.sign).
 * Keys are names of CertificateSigningRequests. */
#include "api/node_csr.h"
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"

#define CSRS RESOURCE_OF(certificates_v1_certificatesigningrequests)

struct signing {
    struct informer *csrs;
    const struct controllers_config *config;
};

static void start(struct controller_run *run, void *state) {
    struct signing *s = state;
    s->csrs = run_informer(run, CSRS);
    s->config = run_config(run);
}

static bool is_due(const CertificateSigningRequest *c) {
    return is_node_signer(c->spec.signer_name) && csr_condition(c, "Approved") &&
           !csr_condition(c, "Denied") && !csr_condition(c, "Failed") && !c->status.certificate.n;
}

static void fail(struct plan *p, CertificateSigningRequest *c, const struct err *e) {
    const CertificateSigningRequest was = *c;
    c->status.conditions.v = NULL;
    c->status.conditions.n = 0;
    for (uint32_t i = 0; i < was.status.conditions.n; i++)
        *list_push(p->arena, &c->status.conditions) = was.status.conditions.v[i];
    *list_push(p->arena, &c->status.conditions) = (CertificateSigningRequestCondition){
        .type = STR("Failed"),
        .status = STR("True"),
        .reason = STR("SignerValidationFailure"),
        .message = str_dup(p->arena, str_of(e->text)),
        .last_update_time = plan_time(p),
    };
}

static int reconcile(void *state, str key, struct plan *p) {
    struct signing *s = state;
    const CertificateSigningRequest *there = informer_typed(s->csrs, key);
    struct err e = {0};
    struct node_csr q;
    str pem;
    if (!there || !s->config || !s->config->sign || !is_due(there))
        return 0;
    CertificateSigningRequest c = *there;
    bool serving = str_eqc(c.spec.signer_name, SIGNER_KUBELET_SERVING);
    int r = node_csr_read(p->arena, c.spec.signer_name, c.spec.request, &e, &q);
    if (r == 0 && !node_csr_usages_ok(serving, c.spec.usages.v, c.spec.usages.n))
        r = err_set(&e, -EINVAL, "usages are not those of a node's certificate");
    if (r == 0)
        r = s->config->sign(s->config->sign_ctx, p->arena, c.spec.signer_name, c.spec.request,
                            c.spec.expiration_seconds.set ? c.spec.expiration_seconds.v : 0, &e,
                            &pem);
    if (r == 0)
        c.status.certificate = pem;
    else if (r == -EINVAL)
        fail(p, &c, &e);
    else
        return r;
    plan_update(p, CSRS, "status", &c);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(certificates_v1_certificatesigningrequests), .keys = keys_self},
    {.resource = NULL},
};

const struct controller csr_signing_controller = {
    .name = "certificatesigningrequest-signing-controller",
    .queue = "certificate",
    .watches = watches,
    .state_size = sizeof(struct signing),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
