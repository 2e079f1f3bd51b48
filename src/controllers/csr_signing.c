// SPDX-License-Identifier: Apache-2.0
/* Has approved requests signed, by whoever holds the CA's key (controllers_config.sign). Keys are
 * names of CertificateSigningRequests. A run whose request is due orders the certificate; the
 * answer queues the key again, and that run writes what came. */
#include <stdlib.h>

#include "base/map.h"
#include "base/vec.h"
#include "controllers/common.h"
#include "controllers/controllers.h"

#define CSRS RESOURCE_OF(certificates_v1_certificatesigningrequests)

struct signing {
    struct informer *csrs;
    const struct controllers_config *config;
    struct controller_run *run;
    struct map orders; /* name of a request -> struct order */
};

struct order {
    struct signing *signing;
    struct arena arena; /* of the strings */
    str name, uid;
    bool asking; /* the run that orders it is still under way */
    bool answered;
    int r;
    struct err e;
    str pem;
};

static void start(struct controller_run *run, void *state) {
    struct signing *s = state;
    s->csrs = run_informer(run, CSRS);
    s->config = run_config(run);
    s->run = run;
    map_init(&s->orders, NULL);
}

static void order_free(struct signing *s, struct order *o) {
    if (!o->answered)
        s->config->forget(s->config->sign_ctx, o);
    arena_done(&o->arena);
    free(o);
}

static void order_drop(struct signing *s, str name) {
    struct order *o = map_del(&s->orders, name);
    if (o)
        order_free(s, o);
}

static void stop(void *state) {
    struct signing *s = state;
    MAP_FOREACH (it, &s->orders)
        order_free(s, it->value);
    map_done(&s->orders);
}

static void on_signed(void *ctx, int r, const struct err *e, str pem) {
    struct order *o = ctx;
    o->answered = true;
    o->r = r;
    o->e = *e;
    o->pem = str_dup(&o->arena, pem);
    if (!o->asking)
        queue_key(o->signing->run, o->name);
}

/* The order for this very request, made if there is none yet. */
static const struct order *order_for(struct signing *s, const CertificateSigningRequest *c,
                                     const struct csr_order *what) {
    struct order *o = map_get(&s->orders, c->metadata.name);
    if (o && str_eq(o->uid, c->metadata.uid))
        return o;
    order_drop(s, c->metadata.name);
    o = xcalloc(1, sizeof(*o));
    o->signing = s;
    arena_init(&o->arena, 0);
    o->name = str_dup(&o->arena, c->metadata.name);
    o->uid = str_dup(&o->arena, c->metadata.uid);
    map_put(&s->orders, o->name, o);
    o->asking = true;
    s->config->sign(s->config->sign_ctx, what, on_signed, o);
    o->asking = false;
    return o;
}

static bool is_due(const CertificateSigningRequest *c) {
    return is_own_signer(c->spec.signer_name) && csr_condition(c, "Approved") &&
           !csr_condition(c, "Denied") && !csr_condition(c, "Failed") && !c->status.certificate.n;
}

static void fail(struct plan *p, const CertificateSigningRequest *there, const struct err *e) {
    CertificateSigningRequest c = *there;
    c.status.conditions.v = NULL;
    c.status.conditions.n = 0;
    for (uint32_t i = 0; i < there->status.conditions.n; i++)
        *list_push(p->arena, &c.status.conditions) = there->status.conditions.v[i];
    *list_push(p->arena, &c.status.conditions) = (CertificateSigningRequestCondition){
        .type = STR("Failed"),
        .status = STR("True"),
        .reason = STR("SignerValidationFailure"),
        .message = str_dup(p->arena, str_of(e->text)),
        .last_update_time = plan_time(p),
    };
    plan_update(p, CSRS, "status", &c);
}

static int take(struct plan *p, const CertificateSigningRequest *there, const struct order *o) {
    CertificateSigningRequest c = *there;
    if (o->r == -EINVAL) {
        fail(p, there, &o->e);
        return 0;
    }
    if (o->r < 0)
        return o->r;
    c.status.certificate = str_dup(p->arena, o->pem);
    plan_update(p, CSRS, "status", &c);
    return 0;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct signing *s = state;
    const CertificateSigningRequest *c = informer_typed(s->csrs, key);
    struct csr_order what;
    struct x509_request names;
    struct err e = {0};
    if (!s->config || !s->config->sign)
        return 0;
    if (!c || !is_due(c)) {
        order_drop(s, key);
        return 0;
    }
    if (csr_order_of(c, &e, &what) < 0 || csr_check(p->arena, &what, &e, &names) < 0) {
        fail(p, c, &e);
        return 0;
    }
    const struct order *o = order_for(s, c, &what);
    if (!o->answered)
        return 0;
    int r = take(p, c, o);
    order_drop(s, key);
    return r;
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
    .stop = stop,
    .reconcile = reconcile,
    .workers = 1,
};
