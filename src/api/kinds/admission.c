// SPDX-License-Identifier: Apache-2.0
/* Configurations of admission webhooks. */
#include "api/kinds/admission.h"

#define TIMEOUT_MAX 30

/* Faults that the stored configuration has already are borne. */
struct tolerated {
    bool effects, versions, names, conditions;
};

/* ---- where the webhook is ---- */

#define FORM "; desired format: https://host[/path]"

static bool is_scheme(str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (!i || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            return false;
    }
    return s.n > 0;
}

static void check_url(struct field_errors *fe, const struct field_path *p, str url) {
    str rest = url, fragment = STR_NONE, query = STR_NONE, scheme = STR_NONE, host = STR_NONE;
    ssize_t at = str_chr(rest, '#');
    if (at >= 0) {
        fragment = str_slice(rest, (size_t)at + 1, rest.n);
        rest = str_slice(rest, 0, (size_t)at);
    }
    at = str_chr(rest, ':');
    if (at >= 0 && is_scheme(str_slice(rest, 0, (size_t)at))) {
        scheme = str_lower(fe->arena, str_slice(rest, 0, (size_t)at));
        rest = str_slice(rest, (size_t)at + 1, rest.n);
    }
    at = str_chr(rest, '?');
    if (at >= 0) {
        query = str_slice(rest, (size_t)at + 1, rest.n);
        rest = str_slice(rest, 0, (size_t)at);
    }
    if (str_starts(rest, STR("//"))) {
        rest = str_slice(rest, 2, rest.n);
        host = str_cut(&rest, '/');
    }
    ssize_t user = str_chr(host, '@');
    if (!str_eqc(scheme, "https"))
        field_invalid(fe, p, scheme, "'https' is the only allowed URL scheme" FORM);
    if (!(user < 0 ? host.n : host.n - (size_t)user - 1))
        field_invalid(fe, p, STR_NONE, "host must be specified" FORM);
    if (user >= 0)
        field_invalid(fe, p, str_slice(host, 0, (size_t)user),
                      "user information is not permitted in the URL");
    if (fragment.n)
        field_invalid(fe, p, fragment, "fragments are not permitted in the URL");
    if (query.n)
        field_invalid(fe, p, query, "query parameters are not permitted in the URL");
}

static void check_url_path(struct field_errors *fe, const struct field_path *p, str path) {
    str rest = str_slice(path, 1, path.n);
    if (!path.n || str_eqc(path, "/"))
        return;
    if (str_eqc(path, "//")) {
        field_invalid(fe, p, path, "segment[0] may not be empty");
        return;
    }
    if (path.p[0] != '/')
        field_invalid(fe, p, path, "must start with a '/'");
    if (str_ends(rest, STR("/")))
        rest = str_slice(rest, 0, rest.n - 1);
    for (unsigned i = 0; rest.p; i++) {
        str step = str_cut(&rest, '/');
        struct name_errors e = {{0}, 0};
        if (!step.n) {
            field_invalid(fe, p, path, "segment[%u] may not be empty", i);
            continue;
        }
        name_dns1123_subdomain(step, &e);
        for (unsigned k = 0; k < e.n; k++)
            field_invalid(fe, p, path, "segment[%u]: %s", i, e.v[k]);
    }
}

static void check_client(struct field_errors *fe, const struct field_path *p,
                         const WebhookClientConfig *c) {
    const struct field_path *at = PATH(p, "service");
    if (!c->url.p == !c->service) {
        field_required(fe, p, "exactly one of url or service is required");
        return;
    }
    if (c->url.p) {
        check_url(fe, PATH(p, "url"), c->url);
        return;
    }
    int32_t port = opt_or(c->service->port, 0);
    if (!c->service->name.n)
        field_required(fe, PATH(at, "name"), "service name is required");
    if (!c->service->namespace_.n)
        field_required(fe, PATH(at, "namespace"), "service namespace is required");
    if (port < 1 || port > 65535)
        field_invalid_i64(fe, PATH(at, "port"), port,
                          "port is not valid: must be between 1 and 65535, inclusive");
    if (c->service->path.p)
        check_url_path(fe, PATH(at, "path"), c->service->path);
}

/* ---- webhooks ---- */

static bool is_review(str version) {
    return str_eqc(version, "v1") || str_eqc(version, "v1beta1");
}

static bool knows_review(const str_list *versions) {
    return strings_have(versions, STR("v1")) || strings_have(versions, STR("v1beta1"));
}

static void check_versions(struct field_errors *fe, const struct field_path *p, const str_list *l,
                           bool any) {
    struct name_index x = name_index_of(fe->arena, l->v, l->n, sizeof(str));
    bool known = false;
    if (!l->n) {
        field_required(fe, p, "must specify one of v1, v1beta1");
        return;
    }
    for (uint32_t i = 0; i < l->n; i++) {
        known |= is_review(l->v[i]);
        if (name_index_first(&x, l->v[i]) != i)
            field_invalid(fe, PATH_INDEX(p, i), l->v[i], "duplicate version");
        else
            field_check_name(fe, PATH_INDEX(p, i), l->v[i], name_dns1035_label);
    }
    if (!known && !any)
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "must include at least one of v1, v1beta1");
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
                               h->match_conditions.n);
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

static bool same_conditions(const ValidatingWebhook *x, const ValidatingWebhook *y) {
    bool same = x->match_conditions.n == y->match_conditions.n;
    for (uint32_t i = 0; same && i < x->match_conditions.n; i++)
        same =
            api_equal(&MatchCondition_type, &x->match_conditions.v[i], &y->match_conditions.v[i]);
    return same;
}

static struct tolerated tolerated_of(struct arena *a, const struct webhooks *w,
                                     const struct webhooks *old) {
    struct name_index x = name_index_of(a, old->n ? &old->v->name : NULL, old->n, sizeof(*old->v));
    struct tolerated t = {.conditions = w->n == old->n};
    for (uint32_t i = 0; i < old->n; i++) {
        const ValidatingWebhook *h = &old->v[i];
        t.effects |= !h->side_effects.p || !str_in(h->side_effects, no_effects);
        t.versions |=
            h->admission_review_versions.n && !knows_review(&h->admission_review_versions);
        t.names |= name_index_first(&x, h->name) != i;
        t.conditions = t.conditions && same_conditions(&w->v[i], h);
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
