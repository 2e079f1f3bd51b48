// SPDX-License-Identifier: Apache-2.0
/* Configurations of admission webhooks. */
#include "api/kinds/admission.h"
#include "api/kinds/webhook_client.h"

#define TIMEOUT_MAX 30

/* Faults that the stored configuration has already are borne. */
struct tolerated {
    bool effects, versions, names, conditions;
};

/* ---- where the webhook is ---- */

static void check_client(struct field_errors *fe, const struct field_path *p,
                         const WebhookClientConfig *c) {
    if (!c->url.p == !c->service) {
        field_required(fe, p, "exactly one of url or service is required");
        return;
    }
    if (c->url.p)
        check_webhook_url(fe, PATH(p, "url"), c->url);
    else
        check_webhook_service(fe, PATH(p, "service"), c->service->name, c->service->namespace_,
                              c->service->path, opt_or(c->service->port, 0));
}

/* ---- webhooks ---- */

static void check_versions(struct field_errors *fe, const struct field_path *p, const str_list *l,
                           bool any) {
    if (l->n)
        check_review_versions(fe, p, l, any);
    else
        field_required(fe, p, "must specify one of v1, v1beta1");
}

static void check_hook_name(struct field_errors *fe, const struct field_path *p, str name) {
    unsigned dots = 0;
    for (size_t i = 0; i < name.n; i++)
        dots += name.p[i] == '.';
    if (!name.n)
        field_required(fe, p, NULL);
    else if (!name_ok(name_dns1123_subdomain, name))
        check_name_whole(fe, p, name, name_dns1123_subdomain);
    else if (dots < 2)
        field_invalid(fe, p, name,
                      "should be a domain with at least three segments separated by dots");
}

static const char *const no_effects[] = {"None", "NoneOnDryRun", NULL};

static void check_effects(struct field_errors *fe, const struct field_path *p, str effects,
                          bool any) {
    static const char *const all[] = {"None", "NoneOnDryRun", "Some", "Unknown", NULL};
    if (!effects.p)
        field_required(fe, p,
                       any ? "must specify one of None, NoneOnDryRun, Some, Unknown"
                           : "must specify one of None, NoneOnDryRun");
    else
        check_one_of(fe, p, effects, any ? all : no_effects);
}

/* What validating and mutating webhooks have in common; reinvocation.p NULL: none. */
static void check_webhook(struct field_errors *fe, const struct field_path *p,
                          const ValidatingWebhook *h, str reinvocation, struct tolerated ok) {
    static const char *const reinvocations[] = {"IfNeeded", "Never", NULL};
    check_hook_name(fe, PATH(p, "name"), h->name);
    for (uint32_t i = 0; i < h->rules.n; i++)
        check_admission_rule(fe, PATH_INDEX(PATH(p, "rules"), i), &h->rules.v[i]);
    check_rows(fe, p, ValidatingWebhook, h, "failurePolicy matchPolicy");
    check_effects(fe, PATH(p, "sideEffects"), h->side_effects, ok.effects);
    if (h->timeout_seconds.set && (h->timeout_seconds.v < 1 || h->timeout_seconds.v > TIMEOUT_MAX))
        field_invalid_i64(fe, PATH(p, "timeoutSeconds"), h->timeout_seconds.v,
                          "the timeout value must be between 1 and 30 seconds");
    check_label_selector(fe, PATH(p, "namespaceSelector"), h->namespace_selector);
    check_label_selector(fe, PATH(p, "objectSelector"), h->object_selector);
    if (reinvocation.p)
        check_one_of(fe, PATH(p, "reinvocationPolicy"), reinvocation, reinvocations);
    check_client(fe, PATH(p, "clientConfig"), &h->client_config);
    if (!ok.conditions)
        check_match_conditions(fe, PATH(p, "matchConditions"), h->match_conditions.v,
                               h->match_conditions.n, false);
    check_versions(fe, PATH(p, "admissionReviewVersions"), &h->admission_review_versions,
                   ok.versions);
}

/* The webhooks of a configuration in the form of validating ones, and what is more. */
struct webhooks {
    ValidatingWebhook *v;
    str *reinvocation;
    uint32_t n;
};

static struct webhooks validating(struct arena *a, const ValidatingWebhookConfiguration *c) {
    uint32_t n = c->webhooks.n;
    struct webhooks w = {arena_array(a, n + 1, sizeof(*w.v)), arena_array(a, n + 1, sizeof(str)),
                         n};
    for (uint32_t i = 0; i < n; i++)
        w.v[i] = c->webhooks.v[i];
    return w;
}

static struct webhooks mutating(struct arena *a, const MutatingWebhookConfiguration *c) {
    uint32_t n = c->webhooks.n;
    struct webhooks w = {arena_array(a, n + 1, sizeof(*w.v)), arena_array(a, n + 1, sizeof(str)),
                         n};
    for (uint32_t i = 0; i < n; i++) {
        const MutatingWebhook *m = &c->webhooks.v[i];
        w.reinvocation[i] = m->reinvocation_policy;
        w.v[i] = (ValidatingWebhook){.name = m->name,
                                     .client_config = m->client_config,
                                     .failure_policy = m->failure_policy,
                                     .match_policy = m->match_policy,
                                     .namespace_selector = m->namespace_selector,
                                     .object_selector = m->object_selector,
                                     .side_effects = m->side_effects,
                                     .timeout_seconds = m->timeout_seconds,
                                     .admission_review_versions = m->admission_review_versions};
        memcpy(&w.v[i].rules, &m->rules, sizeof(m->rules));
        memcpy(&w.v[i].match_conditions, &m->match_conditions, sizeof(m->match_conditions));
    }
    return w;
}

static struct tolerated tolerated_of(struct arena *a, const struct webhooks *w,
                                     const struct webhooks *old) {
    struct name_index x = name_index_of(a, old->n ? &old->v->name : NULL, old->n, sizeof(*old->v));
    struct tolerated t = {.conditions = w->n == old->n};
    for (uint32_t i = 0; i < old->n; i++) {
        const ValidatingWebhook *h = &old->v[i];
        t.effects |= !h->side_effects.p || !str_in(h->side_effects, no_effects);
        t.versions |=
            h->admission_review_versions.n && !knows_review_version(&h->admission_review_versions);
        t.names |= name_index_first(&x, h->name) != i;
        t.conditions = t.conditions &&
                       same_match_conditions(w->v[i].match_conditions.v, w->v[i].match_conditions.n,
                                             h->match_conditions.v, h->match_conditions.n);
    }
    return t;
}

static void check_webhooks(struct field_errors *fe, const struct webhooks *w,
                           const struct webhooks *old) {
    struct name_index x = name_index_of(fe->arena, w->n ? &w->v->name : NULL, w->n, sizeof(*w->v));
    struct tolerated ok = {0};
    if (old)
        ok = tolerated_of(fe->arena, w, old);
    for (uint32_t i = 0; i < w->n; i++) {
        const struct field_path *p = PATH_INDEX(PATH(NULL, "webhooks"), i);
        check_webhook(fe, p, &w->v[i], w->reinvocation[i], ok);
        if (!ok.names && w->v[i].name.n && name_index_first(&x, w->v[i].name) != i)
            field_duplicate(fe, PATH(p, "name"), w->v[i].name);
    }
}

static void validate_validating(struct field_errors *fe, const void *obj, const void *old) {
    struct webhooks w = validating(fe->arena, obj), was;
    if (old)
        was = validating(fe->arena, old);
    check_webhooks(fe, &w, old ? &was : NULL);
}

static void validate_mutating(struct field_errors *fe, const void *obj, const void *old) {
    struct webhooks w = mutating(fe->arena, obj), was;
    if (old)
        was = mutating(fe->arena, old);
    check_webhooks(fe, &w, old ? &was : NULL);
}

const struct hooks hooks_admissionregistration_v1_validatingwebhookconfigurations = {
    .group = "admissionregistration.k8s.io",
    .resource = "validatingwebhookconfigurations",
    .validate_write = validate_validating,
    .counts_generation = true,
};

const struct hooks hooks_admissionregistration_v1_mutatingwebhookconfigurations = {
    .group = "admissionregistration.k8s.io",
    .resource = "mutatingwebhookconfigurations",
    .validate_write = validate_mutating,
    .counts_generation = true,
};
