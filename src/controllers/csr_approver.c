// SPDX-License-Identifier: Apache-2.0
/* Approves requests of kubelets for client certificates, when who asks may have one made: for any
 * node (nodeclient: a node that joins with a token) or for itself (selfnodeclient: a node that
 * renews). That is asked of the API server. Keys are requests; what is not such a request is left
 * for others to decide. */
#include "base/vec.h"
#include "controllers/controllers.h"
#include "controllers/csr.h"
#include "net/x509.h"

#define SIGNER      "kubernetes.io/kube-apiserver-client-kubelet"
#define NODE_PREFIX "system:node:"
#define NODES_GROUP "system:nodes"
#define RETRY       (60 * NSEC_PER_SEC) /* a role may be given yet */

static const struct permission {
    const char *subresource;
    bool self; /* only for one's own name */
    const char *message;
} permissions[] = {
    {"selfnodeclient", true,
     "Auto approving self kubelet client certificate after SubjectAccessReview."},
    {"nodeclient", false, "Auto approving kubelet client certificate after SubjectAccessReview."},
};

struct approver {
    struct informer *requests;
};

static void start(struct controller_run *run, void *state) {
    ((struct approver *)state)->requests = run_informer(run, CSRS);
}

/* ---- is it a kubelet's? ---- */

static bool has_usage(const CertificateSigningRequest *csr, const char *usage) {
    for (uint32_t i = 0; i < csr->spec.usages.n; i++)
        if (str_eqc(csr->spec.usages.v[i], usage))
            return true;
    return false;
}

/* Exactly a signing client; of a key that can, also key encipherment. */
static bool asks_for_client(const CertificateSigningRequest *csr) {
    static const char *const allowed[] = {"digital signature", "client auth", "key encipherment",
                                          NULL};
    for (uint32_t i = 0; i < csr->spec.usages.n; i++)
        if (!str_in(csr->spec.usages.v[i], allowed))
            return false;
    return has_usage(csr, allowed[0]) && has_usage(csr, allowed[1]);
}

static bool is_kubelet_client(const CertificateSigningRequest *csr, const struct x509_request *x) {
    return str_eqc(csr->spec.signer_name, SIGNER) && x->n_orgs == 1 &&
           str_eqc(x->orgs[0], NODES_GROUP) && str_starts(x->cn, STR(NODE_PREFIX)) && !x->n_dns &&
           !x->n_ips && !x->other_names && asks_for_client(csr);
}

/* ---- may who asks? ---- */

static const SubjectAccessReview *ask(struct plan *p, const CertificateSigningRequest *csr,
                                      const char *subresource) {
    ResourceAttributes what = {.group = STR("certificates.k8s.io"),
                               .resource = STR("certificatesigningrequests"),
                               .verb = STR("create"),
                               .subresource = str_of(subresource)};
    SubjectAccessReview review = {.spec = {.user = csr->spec.username,
                                           .uid = csr->spec.uid,
                                           .groups = csr->spec.groups,
                                           .extra = csr->spec.extra,
                                           .resource_attributes = &what}};
    const struct rest_result *res =
        plan_need(p, subresource,
                  &(struct rest_request){
                      .verb = REST_CREATE,
                      .resource = RESOURCE_OF(authorization_v1_subjectaccessreviews),
                      .body_type = &SubjectAccessReview_type,
                      .body = &review,
                  });
    return res ? res->object : NULL;
}

static void approve(struct plan *p, const CertificateSigningRequest *csr, const char *message) {
    CertificateSigningRequest now = *csr;
    now.status.conditions.v = NULL;
    now.status.conditions.n = 0;
    for (uint32_t i = 0; i < csr->status.conditions.n; i++)
        *list_push(p->arena, &now.status.conditions) = csr->status.conditions.v[i];
    *list_push(p->arena, &now.status.conditions) =
        (CertificateSigningRequestCondition){.type = STR("Approved"),
                                             .status = STR("True"),
                                             .reason = STR("AutoApproved"),
                                             .message = str_of(message)};
    plan_update(p, CSRS, "approval", &now);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct approver *s = state;
    const CertificateSigningRequest *csr = informer_typed(s->requests, key);
    struct x509_request x;
    struct err e = {0};
    str public_pem;
    if (!csr || csr->status.certificate.n || csr_condition(csr, "Approved") ||
        csr_condition(csr, "Denied"))
        return 0;
    if (x509_csr_read(p->arena, csr->spec.request, &e, &x, &public_pem) < 0)
        return plan_reject(p, -EINVAL, "unable to parse csr: %s", e.text);
    if (!is_kubelet_client(csr, &x))
        return 0;
    const SubjectAccessReview *reviews[ARRAY_LEN(permissions)] = {NULL};
    unsigned asked = 0, answered = 0;
    for (unsigned i = 0; i < ARRAY_LEN(permissions); i++) { /* all at once: answers do not last */
        if (permissions[i].self && !str_eq(csr->spec.username, x.cn))
            continue;
        asked++;
        reviews[i] = ask(p, csr, permissions[i].subresource);
        answered += plan_answered(p, permissions[i].subresource);
    }
    for (unsigned i = 0; i < ARRAY_LEN(permissions); i++)
        if (answered == asked && reviews[i] && reviews[i]->status.allowed) {
            approve(p, csr, permissions[i].message);
            return 0;
        }
    if (answered == asked)
        plan_requeue_after(p, RETRY);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = CSRS, .keys = keys_self},
    {.resource = NULL},
};

const struct controller csr_approver_controller = {
    .name = "certificatesigningrequest-approving-controller",
    .watches = watches,
    .state_size = sizeof(struct approver),
    .start = start,
    .reconcile = reconcile,
};
