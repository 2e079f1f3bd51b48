// SPDX-License-Identifier: Apache-2.0
/* Requests that have done their work go: an hour after they were denied, failed, or were approved
 * and signed, or with their certificate; a day after they were made when nobody decides (upstream's
 * times). Keys are names of CertificateSigningRequests. */
#include "api/csr.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "net/x509.h"

#define CSRS    RESOURCE_OF(certificates_v1_certificatesigningrequests)
#define DECIDED (3600 * NSEC_PER_SEC)
#define PENDING (24 * 3600 * NSEC_PER_SEC)

struct cleaner {
    struct informer *csrs;
};

static void start(struct controller_run *run, void *state) {
    ((struct cleaner *)state)->csrs = run_informer(run, CSRS);
}

/* When a condition is old enough; -1: never. */
static int64_t end_by(const CertificateSigningRequest *csr, const char *type) {
    const CertificateSigningRequestCondition *c = csr_condition(csr, type);
    return c && c->last_update_time.set ? time_ns(c->last_update_time) + DECIDED : -1;
}

static int64_t sooner(int64_t a, int64_t b) {
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

/* ns since 1970, -1: never. */
static int64_t end_of(const CertificateSigningRequest *csr) {
    int64_t from, until, end = sooner(end_by(csr, "Denied"), end_by(csr, "Failed"));
    if (!csr->status.conditions.n && csr->metadata.creation_timestamp.set)
        return time_ns(csr->metadata.creation_timestamp) + PENDING;
    if (!csr->status.certificate.n || !csr_condition(csr, "Approved"))
        return end;
    end = sooner(end, end_by(csr, "Approved"));
    if (x509_cert_times(csr->status.certificate, &from, &until) == 0)
        end = sooner(end, MIN(until, INT64_MAX / NSEC_PER_SEC) * NSEC_PER_SEC);
    return end;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct cleaner *s = state;
    const CertificateSigningRequest *c = informer_typed(s->csrs, key);
    int64_t end = c ? end_of(c) : -1;
    if (end > p->now)
        plan_requeue_after(p, end - p->now);
    else if (end >= 0)
        plan_delete(p, CSRS, &c->metadata, -1, NULL);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(certificates_v1_certificatesigningrequests), .keys = keys_self},
    {.resource = NULL},
};

const struct controller csr_cleaner_controller = {
    .name = "certificatesigningrequest-cleaner-controller",
    .watches = watches,
    .state_size = sizeof(struct cleaner),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
