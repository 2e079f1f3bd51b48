// SPDX-License-Identifier: Apache-2.0
/* Requests that have done their work go: an hour after the decision, a day after they were made
 * when nobody decides (upstream's times). Keys are names of CertificateSigningRequests. */
#include "api/node_csr.h"
#include "controllers/common.h"
#include "controllers/controllers.h"

#define CSRS    RESOURCE_OF(certificates_v1_certificatesigningrequests)
#define DECIDED (3600 * NSEC_PER_SEC)
#define PENDING (24 * 3600 * NSEC_PER_SEC)

struct cleaner {
    struct informer *csrs;
};

static void start(struct controller_run *run, void *state) {
    ((struct cleaner *)state)->csrs = run_informer(run, CSRS);
}

/* When it goes: ns since 1970. */
static int64_t end_of(const CertificateSigningRequest *c) {
    static const char *const types[] = {"Approved", "Denied", "Failed"};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        const CertificateSigningRequestCondition *x = csr_condition(c, types[i]);
        if (x)
            return time_ns(x->last_update_time) + DECIDED;
    }
    return time_ns(c->metadata.creation_timestamp) + PENDING;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct cleaner *s = state;
    const CertificateSigningRequest *c = informer_typed(s->csrs, key);
    if (!c)
        return 0;
    int64_t left = end_of(c) - p->now;
    if (left <= 0)
        plan_delete(p, CSRS, &c->metadata, -1, NULL);
    else
        plan_requeue_after(p, left);
    return 0;
}

static const struct controller_watch watches[] = {
    {RESOURCE_OF(certificates_v1_certificatesigningrequests), NULL, keys_self, NULL, false},
    {NULL, NULL, NULL, NULL, false},
};

const struct controller csr_cleaner_controller = {
    .name = "certificatesigningrequest-cleaner-controller",
    .watches = watches,
    .state_size = sizeof(struct cleaner),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
