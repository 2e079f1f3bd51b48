// SPDX-License-Identifier: Apache-2.0
/* Approves what nodes ask of themselves. Keys are names of CertificateSigningRequests.
 *
 * - A node renews its client certificate: it may create certificatesigningrequests/selfnodeclient.
 * - Whoever may create .../nodeclient (a join token) gets the client certificate of a node that
 * does not exist. The approval claims the name: a second request for it is denied, also while the
 *   first has not yet registered its node, until the first request or the node is gone.
 * - A node asks for its own serving certificate, for no name and address of another node.
 *
 * The rest waits for people. */
#include <stdlib.h>

#include "api/csr.h"
#include "base/map.h"
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"

#define CSRS    RESOURCE_OF(certificates_v1_certificatesigningrequests)
#define NODES   RESOURCE_OF(core_v1_nodes)
#define REVIEWS RESOURCE_OF(authorization_v1_subjectaccessreviews)
#define RETRY   (60 * NSEC_PER_SEC) /* a role may be given yet */

struct approving {
    struct informer *csrs, *nodes;
    struct map claims; /* node -> name of the request that was approved for it; heap */
};

static bool is_settled(const CertificateSigningRequest *c) {
    return csr_condition(c, "Approved") || csr_condition(c, "Denied") || c->status.certificate.n;
}

/* ---- claims ---- */

static void claim_drop(struct approving *s, str node) {
    free(map_del(&s->claims, node));
}

static void claim_set(struct approving *s, str node, str csr) {
    claim_drop(s, node);
    map_put(&s->claims, node, xstrndup(csr.p, csr.n));
}

/* Approved ones are read as they come by, so that a new leader knows them too. */
static void on_csr(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct approving *s = ctx;
    const CertificateSigningRequest *c = (new_ ? new_ : old)->typed;
    struct csr_order o;
    struct node_csr q;
    struct arena a;
    if (!csr_condition(c, "Approved") || !str_eqc(c->spec.signer_name, SIGNER_KUBELET_CLIENT))
        return;
    arena_init(&a, 0);
    if (csr_order_of(c, NULL, &o) == 0 && node_csr_read(&a, &o, NULL, &q) == 0 &&
        !str_eq(c->spec.username, q.names.cn)) {
        const char *holder = map_get(&s->claims, q.node);
        if (new_ && !holder)
            claim_set(s, q.node, c->metadata.name);
        else if (!new_ && holder && str_eqc(c->metadata.name, holder))
            claim_drop(s, q.node);
    }
    arena_done(&a);
}

static void on_node(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    if (!new_)
        claim_drop(ctx, old->key);
}

static void start(struct controller_run *run, void *state) {
    struct approving *s = state;
    s->csrs = run_informer(run, CSRS);
    s->nodes = run_informer(run, NODES);
    map_init(&s->claims, NULL);
    informer_handle(s->csrs, on_csr, s);
    informer_handle(s->nodes, on_node, s);
}

static void stop(void *state) {
    struct approving *s = state;
    MAP_FOREACH (it, &s->claims)
        free(it->value);
    map_done(&s->claims);
}

/* ---- one request ---- */

static void decide(struct plan *p, const CertificateSigningRequest *there, bool yes,
                   const char *reason, str message) {
    CertificateSigningRequest c = *there;
    c.status.conditions.v = NULL;
    c.status.conditions.n = 0;
    for (uint32_t i = 0; i < there->status.conditions.n; i++)
        *list_push(p->arena, &c.status.conditions) = there->status.conditions.v[i];
    *list_push(p->arena, &c.status.conditions) = (CertificateSigningRequestCondition){
        .type = str_of(yes ? "Approved" : "Denied"),
        .status = STR("True"),
        .reason = str_of(reason),
        .message = message,
        .last_update_time = plan_time(p),
    };
    plan_update(p, CSRS, "approval", &c);
}

static void approve(struct plan *p, const CertificateSigningRequest *c, const char *why) {
    decide(p, c, true, "AutoApproved", str_of(why));
}

/* False also while the answer is still to come: the key runs again with it. */
static bool may_create(struct plan *p, const CertificateSigningRequest *c, const char *sub) {
    ResourceAttributes what = {.group = STR("certificates.k8s.io"),
                               .resource = STR("certificatesigningrequests"),
                               .verb = STR("create"),
                               .subresource = str_of(sub),
                               .version = STR("*")};
    SubjectAccessReview review = {.spec = {.user = c->spec.username,
                                           .uid = c->spec.uid,
                                           .groups = c->spec.groups,
                                           .extra = c->spec.extra,
                                           .resource_attributes = &what}};
    const struct rest_result *r = plan_need(p, sub,
                                            &(struct rest_request){.verb = REST_CREATE,
                                                                   .resource = REVIEWS,
                                                                   .body_type = REVIEWS->type,
                                                                   .body = &review,
                                                                   .result_type = REVIEWS->type});
    const SubjectAccessReview *answer = r ? r->object : NULL;
    bool may = answer && answer->status.allowed;
    if (r && !may)
        plan_requeue_after(p, RETRY);
    return may;
}

static void join(struct approving *s, struct plan *p, const CertificateSigningRequest *c,
                 const struct node_csr *q) {
    const char *holder = map_get(&s->claims, q->node);
    if (informer_get(s->nodes, q->node)) {
        decide(p, c, false, "NodeExists",
               str_printf(p->arena, "node \"" STR_FMT "\" exists already", STR_ARG(q->node)));
    } else if (holder && !str_eqc(c->metadata.name, holder)) {
        decide(p, c, false, "NodeExists",
               str_printf(p->arena, "another machine joins as node \"" STR_FMT "\"",
                          STR_ARG(q->node)));
    } else {
        claim_set(s, q->node, c->metadata.name);
        approve(p, c, "Auto approving kubelet client certificate after SubjectAccessReview.");
    }
}

static bool has_address(const Node *n, str address) {
    for (uint32_t i = 0; i < n->status.addresses.n; i++)
        if (str_eq(n->status.addresses.v[i].address, address))
            return true;
    return str_eq(n->metadata.name, address);
}

/* Is any of the names another node's? */
static bool names_another(struct approving *s, const struct node_csr *q) {
    uint32_t pos = 0;
    for (struct cached *o; (o = informer_next(s->nodes, &pos));) {
        const Node *n = o->typed;
        if (str_eq(n->metadata.name, q->node))
            continue;
        for (size_t i = 0; i < q->names.n_dns; i++)
            if (has_address(n, q->names.dns[i]))
                return true;
        for (size_t i = 0; i < q->names.n_ips; i++)
            if (has_address(n, q->names.ips[i]))
                return true;
    }
    return false;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct approving *s = state;
    const CertificateSigningRequest *c = informer_typed(s->csrs, key);
    struct csr_order o;
    struct node_csr q;
    if (!c || is_settled(c) || !is_node_signer(c->spec.signer_name) ||
        csr_order_of(c, NULL, &o) < 0 || node_csr_read(p->arena, &o, NULL, &q) < 0)
        return 0;
    bool own = str_eq(c->spec.username, q.names.cn);
    if (q.serving && own && !names_another(s, &q))
        approve(p, c, "Auto approving kubelet serving certificate of the node itself.");
    else if (!q.serving && own && may_create(p, c, "selfnodeclient"))
        approve(p, c, "Auto approving self kubelet client certificate after SubjectAccessReview.");
    else if (!q.serving && !own && may_create(p, c, "nodeclient"))
        join(s, p, c, &q);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(certificates_v1_certificatesigningrequests), .keys = keys_self},
    {.resource = RESOURCE_OF(core_v1_nodes), .fields = FIELDS("status.addresses")},
    {.resource = NULL},
};

const struct controller csr_approving_controller = {
    .name = "certificatesigningrequest-approving-controller",
    .queue = "certificate",
    .watches = watches,
    .state_size = sizeof(struct approving),
    .start = start,
    .stop = stop,
    .reconcile = reconcile,
    .workers = 1,
};
