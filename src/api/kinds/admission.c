// SPDX-License-Identifier: Apache-2.0
/* Configurations of admission webhooks. */
#include "api/kinds/kinds.h"

#define TIMEOUT_MAX 30

static void check_client(struct field_errors *fe, const struct field_path *p,
                         const WebhookClientConfig *c) {
    if (!c->url.p == !c->service)
        field_required(fe, p, "exactly one of url or service is required");
    if (c->url.p && !str_starts(c->url, STR("https://")))
        field_invalid(fe, PATH(p, "url"), c->url,
                      "'https' is the only allowed URL scheme; desired format: "
                      "https://host[/path]");
    if (!c->service)
        return;
    if (!c->service->name.n)
        field_required(fe, PATH(PATH(p, "service"), "name"), "service name is required");
    if (!c->service->namespace_.n)
        field_required(fe, PATH(PATH(p, "service"), "namespace"), "service namespace is required");
}

/* What validating and mutating webhooks have in common. */
static void check_webhook(struct field_errors *fe, const struct field_path *p,
                          const ValidatingWebhook *h) {
    static const char *const effects[] = {"None", "NoneOnDryRun", NULL};
    static const char *const failures[] = {"Fail", "Ignore", NULL};
    static const char *const matches[] = {"Equivalent", "Exact", NULL};
    unsigned dots = 0;
    for (size_t i = 0; i < h->name.n; i++)
        dots += h->name.p[i] == '.';
    if (!name_ok(name_dns1123_subdomain, h->name))
        field_check_name(fe, PATH(p, "name"), h->name, name_dns1123_subdomain);
    else if (dots < 2)
        field_invalid(fe, PATH(p, "name"), h->name,
                      "should be a domain with at least three segments separated by dots");
    if (h->failure_policy.p)
        check_one_of(fe, PATH(p, "failurePolicy"), h->failure_policy, failures);
    if (h->match_policy.p)
        check_one_of(fe, PATH(p, "matchPolicy"), h->match_policy, matches);
    if (!h->side_effects.p)
        field_required(fe, PATH(p, "sideEffects"), "must specify one of None, NoneOnDryRun");
    else
        check_one_of(fe, PATH(p, "sideEffects"), h->side_effects, effects);
    if (h->timeout_seconds.set && (h->timeout_seconds.v < 1 || h->timeout_seconds.v > TIMEOUT_MAX))
        field_invalid_i64(fe, PATH(p, "timeoutSeconds"), h->timeout_seconds.v,
                          "the timeout value must be between 1 and 30 seconds");
    check_label_selector(fe, PATH(p, "namespaceSelector"), h->namespace_selector);
    check_label_selector(fe, PATH(p, "objectSelector"), h->object_selector);
    check_client(fe, PATH(p, "clientConfig"), &h->client_config);
    const struct field_path *versions = PATH(p, "admissionReviewVersions");
    if (!h->admission_review_versions.n)
        field_required(fe, versions, "must specify one of v1, v1beta1");
    else if (!strings_have(&h->admission_review_versions, STR("v1")) &&
             !strings_have(&h->admission_review_versions, STR("v1beta1")))
        field_invalid_printed(fe, versions, strings_json(fe->arena, &h->admission_review_versions),
                              "must include at least one of v1, v1beta1");
}

static void check_unique(struct field_errors *fe, const struct field_path *p, str_list *seen,
                         str name) {
    if (strings_have(seen, name))
        field_duplicate(fe, PATH(p, "name"), name);
    *list_push(fe->arena, seen) = name;
}

static void validating_validate(struct field_errors *fe, const void *obj) {
    const ValidatingWebhookConfiguration *c = obj;
    str_list seen = {0};
    if (list_too_long(fe, PATH(NULL, "webhooks"), c->webhooks.n))
        return;
    for (uint32_t i = 0; i < c->webhooks.n; i++) {
        const struct field_path *p = PATH_INDEX(PATH(NULL, "webhooks"), i);
        check_webhook(fe, p, &c->webhooks.v[i]);
        check_unique(fe, p, &seen, c->webhooks.v[i].name);
    }
}

static void mutating_validate(struct field_errors *fe, const void *obj) {
    static const char *const policies[] = {"IfNeeded", "Never", NULL};
    const MutatingWebhookConfiguration *c = obj;
    str_list seen = {0};
    if (list_too_long(fe, PATH(NULL, "webhooks"), c->webhooks.n))
        return;
    for (uint32_t i = 0; i < c->webhooks.n; i++) {
        const MutatingWebhook *m = &c->webhooks.v[i];
        const struct field_path *p = PATH_INDEX(PATH(NULL, "webhooks"), i);
        ValidatingWebhook h = {.name = m->name,
                               .client_config = m->client_config,
                               .failure_policy = m->failure_policy,
                               .match_policy = m->match_policy,
                               .namespace_selector = m->namespace_selector,
                               .object_selector = m->object_selector,
                               .side_effects = m->side_effects,
                               .timeout_seconds = m->timeout_seconds,
                               .admission_review_versions = m->admission_review_versions};
        check_webhook(fe, p, &h);
        if (m->reinvocation_policy.p)
            check_one_of(fe, PATH(p, "reinvocationPolicy"), m->reinvocation_policy, policies);
        check_unique(fe, p, &seen, m->name);
    }
}

const struct hooks hooks_admissionregistration_v1_validatingwebhookconfigurations = {
    .group = "admissionregistration.k8s.io",
    .resource = "validatingwebhookconfigurations",
    .validate = validating_validate,
    .counts_generation = true,
};

const struct hooks hooks_admissionregistration_v1_mutatingwebhookconfigurations = {
    .group = "admissionregistration.k8s.io",
    .resource = "mutatingwebhookconfigurations",
    .validate = mutating_validate,
    .counts_generation = true,
};
