// SPDX-License-Identifier: Apache-2.0
/* How objects of one version become those of another. */
#include "api/kinds/crd.h"
#include "api/kinds/webhook_client.h"
#include "base/base64.h"
#include "net/x509.h"

static const apiextensions_v1_WebhookClientConfig *client_of(const CustomResourceConversion *c) {
    return c && c->webhook ? c->webhook->client_config : NULL;
}

bool crd_ca_bundle_bad(const CustomResourceConversion *c) {
    const apiextensions_v1_WebhookClientConfig *w = client_of(c);
    struct err e;
    return w && w->ca_bundle.n && x509_bundle_check(w->ca_bundle, &e) < 0;
}

static void check_client(struct field_errors *fe, const struct field_path *p,
                         const apiextensions_v1_WebhookClientConfig *w, bool ca_bundle) {
    const apiextensions_v1_ServiceReference *s = w->service;
    struct err e = {0};
    if (!w->url.p == !s)
        field_required(fe, p, "exactly one of url or service is required");
    else if (s)
        check_webhook_service(fe, PATH(p, "service"), s->name, s->namespace_, s->path,
                              opt_or(s->port, 0));
    else
        check_webhook_url(fe, PATH(p, "url"), w->url);
    if (ca_bundle && w->ca_bundle.n && x509_bundle_check(w->ca_bundle, &e) < 0)
        field_invalid(fe, PATH(p, "caBundle"), base64_encode_in(fe->arena, w->ca_bundle, 0),
                      "unable to load root certificates: %s", e.text);
}

static void check_webhook(struct field_errors *fe, const struct field_path *p,
                          const CustomResourceConversion *c, const struct crd_rules *r) {
    const apiextensions_v1_WebhookClientConfig *w = client_of(c);
    const struct field_path *versions = PATH(p, "conversionReviewVersions");
    if (w)
        check_client(fe, PATH(p, "webhookClientConfig"), w, r->ca_bundle);
    else
        field_required(fe, PATH(p, "webhookClientConfig"),
                       "required when strategy is set to Webhook");
    if (c->webhook && c->webhook->conversion_review_versions.n)
        check_review_versions(fe, versions, &c->webhook->conversion_review_versions,
                              !r->known_review);
    else
        field_required(fe, versions, NULL);
}

void crd_check_conversion(struct field_errors *fe, const struct field_path *p,
                          const CustomResourceConversion *c, const struct crd_rules *r) {
    static const char *const strategies[] = {"None", "Webhook", NULL};
    static const char needless[] = "should not be set when strategy is not set to Webhook";
    if (!c)
        return;
    check_one_of_required(fe, PATH(p, "strategy"), c->strategy, strategies);
    if (str_eqc(c->strategy, "Webhook")) {
        check_webhook(fe, p, c, r);
        return;
    }
    if (client_of(c))
        field_forbidden(fe, PATH(p, "webhookClientConfig"), needless);
    if (c->webhook && c->webhook->conversion_review_versions.n)
        field_forbidden(fe, PATH(p, "conversionReviewVersions"), needless);
}
