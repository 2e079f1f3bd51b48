// SPDX-License-Identifier: Apache-2.0
/* Checks that kinds of several groups make. */
#include <stdio.h>

#include "api/kinds/kinds.h"

bool check_operator_values(struct field_errors *fe, const struct field_path *p, str operator_,
                           const str_list *values) {
    bool some = str_eqc(operator_, "In") || str_eqc(operator_, "NotIn");
    bool none = str_eqc(operator_, "Exists") || str_eqc(operator_, "DoesNotExist");
    if (some && !values->n)
        field_required(fe, PATH(p, "values"),
                       "must be specified when `operator` is 'In' or 'NotIn'");
    if (none && values->n)
        field_forbidden(fe, PATH(p, "values"),
                        "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    return some || none;
}

void check_label_requirement(struct field_errors *fe, const struct field_path *p,
                             const LabelSelectorRequirement *r, bool any_operator) {
    if (!check_operator_values(fe, p, r->operator_, &r->values) && !any_operator)
        field_invalid(fe, PATH(p, "operator"), r->operator_, "not a valid selector operator");
    field_check_name(fe, PATH(p, "key"), r->key, name_qualified);
    for (uint32_t i = 0; i < r->values.n && !(fe->kept & KEPT_SELECTOR_VALUES); i++)
        field_check_name(fe, PATH_INDEX(PATH(p, "values"), i), r->values.v[i], name_label_value);
}

void check_label_selector(struct field_errors *fe, const struct field_path *p,
                          const LabelSelector *s) {
    if (!s)
        return;
    check_labels(fe, PATH(p, "matchLabels"), &s->match_labels);
    for (uint32_t i = 0; i < s->match_expressions.n; i++)
        check_label_requirement(fe, PATH_INDEX(PATH(p, "matchExpressions"), i),
                                &s->match_expressions.v[i], false);
}

bool label_selector_empty(const LabelSelector *s) {
    return !s->match_labels.n && !s->match_expressions.n;
}

void check_one_of(struct field_errors *fe, const struct field_path *p, str s,
                  const char *const *supported) {
    if (!str_in(s, supported))
        field_not_supported(fe, p, s, supported);
}

void check_one_of_required(struct field_errors *fe, const struct field_path *p, str s,
                           const char *const *supported) {
    if (s.n)
        check_one_of(fe, p, s, supported);
    else
        field_required(fe, p, NULL);
}

void check_domain_prefixed_path(struct field_errors *fe, const struct field_path *p, str s) {
    static const char allowed[] = "/-._~%!$&'()*+,;=:";
    str path = s, host = str_cut(&path, '/');
    if (!s.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (!host.n || !path.n) {
        field_invalid(fe, p, s, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        return;
    }
    field_check_name(fe, p, host, name_dns1123_subdomain);
    for (size_t i = 0; i < path.n; i++) {
        char c = path.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (plain || (c && strchr(allowed, c)))
            continue;
        field_invalid(fe, p, path,
                      "Invalid path (regex used for validation is "
                      "'[A-Za-z0-9/\\-._~%%!$&'()*+,;=:]+')");
        return;
    }
}

void check_same_message(struct field_errors *fe, const struct field_path *p,
                        const struct api_type *t, const void *v, const void *old) {
    bool same = v && old ? api_equal(t, v, old) : v == old;
    if (!same)
        field_invalid_printed(fe, p, v ? go_json(fe->arena, t, v) : STR("null"), FIELD_IMMUTABLE);
}

void check_name_whole(struct field_errors *fe, const struct field_path *p, str name,
                      name_check *check) {
    struct name_errors e = {{0}, 0};
    check(name, &e);
    if (e.n)
        field_invalid(fe, p, name, STR_FMT, STR_ARG(name_errors_join(fe->arena, &e, ",")));
}

void check_name_required(struct field_errors *fe, const struct field_path *p, str name,
                         name_check *check) {
    if (name.n)
        field_check_name(fe, p, name, check);
    else
        field_required(fe, p, NULL);
}

/* ---- names of resources and their quantities ---- */

#define EXTENDED_MAX 512 /* "requests.", and more than a domain and a name may have */

bool is_hugepages(str name) {
    return str_starts(name, STR("hugepages-"));
}

/* Plain, or as quotas name it: "limits.cpu". */
bool resource_is_compute(str name) {
    static const char *const names[] = {"cpu", "memory", "ephemeral-storage", NULL};
    str rest = name, side = str_cut(&rest, '.');
    bool of_quota = str_eqc(side, "requests") || str_eqc(side, "limits");
    return str_in(of_quota && rest.p ? rest : name, names);
}

static bool is_standard(str name) {
    return resource_is_compute(name) || resource_counts_objects(name) || is_hugepages(name) ||
           str_eqc(name, "storage") || str_eqc(name, "requests.storage") ||
           str_starts(name, STR("requests.hugepages-"));
}

bool resource_is_container(str name) {
    static const char *const names[] = {"cpu", "memory", "ephemeral-storage", NULL};
    return str_in(name, names) || is_hugepages(name);
}

bool resource_is_native(str name) {
    return str_chr(name, '/') < 0 || str_find(name, STR("kubernetes.io/")) >= 0;
}

bool resource_counts_objects(str name) {
    static const char *const names[] = {"pods",
                                        "resourcequotas",
                                        "services",
                                        "replicationcontrollers",
                                        "secrets",
                                        "configmaps",
                                        "persistentvolumeclaims",
                                        "services.nodeports",
                                        "services.loadbalancers",
                                        NULL};
    return str_in(name, names);
}

/* "example.com/gpu". Its quota is named after it, and must be a name too. */
bool resource_is_extended(str name) {
    char quota[EXTENDED_MAX];
    int n = snprintf(quota, sizeof(quota), "requests." STR_FMT, STR_ARG(name));
    return !resource_is_native(name) && !str_starts(name, STR("requests.")) &&
           (size_t)n < sizeof(quota) && name_ok(name_qualified, str_n(quota, (size_t)n));
}

void check_resource_name(struct field_errors *fe, const struct field_path *p, str name) {
    if (!name_ok(name_qualified, name))
        field_check_name(fe, p, name, name_qualified);
    else if (str_chr(name, '/') < 0 && !is_standard(name))
        field_invalid(fe, p, name, "must be a standard resource type or fully qualified");
}

void check_container_resource_name(struct field_errors *fe, const struct field_path *p, str name) {
    check_resource_name(fe, p, name);
    if (str_chr(name, '/') < 0 && !resource_is_container(name))
        field_invalid(fe, p, name, "must be a standard resource for containers");
    else if (!resource_is_native(name) && !resource_is_extended(name))
        field_invalid(fe, p, name, "doesn't follow extended resource name standard");
}

void check_quantity(struct field_errors *fe, const struct field_path *p, Quantity q) {
    struct quantity v = quantity_of(q);
    if (quantity_sign(&v) < 0)
        field_invalid(fe, p, q, "must be greater than or equal to 0");
}

void check_basic_quantity(struct field_errors *fe, const struct field_path *p, Quantity q) {
    struct quantity v = quantity_of(q);
    int64_t whole = quantity_value(&v);
    if (whole < 0)
        field_invalid_i64(fe, p, whole, "must be a valid resource quantity");
}

void check_positive_quantity(struct field_errors *fe, const struct field_path *p, Quantity q) {
    struct quantity v = quantity_of(q);
    if (quantity_sign(&v) <= 0)
        field_invalid(fe, p, q, "must be greater than zero");
}

void check_resource_quantity(struct field_errors *fe, const struct field_path *p, str name,
                             Quantity q) {
    struct quantity v = quantity_of(q);
    check_quantity(fe, p, q);
    if ((resource_counts_objects(name) || resource_is_extended(name)) && quantity_milli(&v) % 1000)
        field_invalid(fe, p, q, "must be an integer");
}

void check_port_or_name(struct field_errors *fe, const struct field_path *p, IntOrString v) {
    if (v.kind == INTSTR_STRING)
        field_check_name(fe, p, v.s, name_port);
    else
        field_check_port(fe, p, v.i);
}

static bool is_unset(struct arena *a, const struct api_field *f, const void *at) {
    if (f->kind != API_MSG || f->shape != API_ONE)
        return api_field_absent(f, at);
    return api_equal(f->sub, at, arena_zalloc(a, f->sub->size));
}

void check_only_fields(struct field_errors *fe, const struct field_path *p,
                       const struct api_type *t, const void *obj, const char *const *allowed,
                       const char *text) {
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (str_in(str_of(f->json), allowed) ||
            is_unset(fe->arena, f, (const char *)obj + f->offset))
            continue;
        /* Named after Go's field: only the first letter is made small. */
        const char *name = strcmp(f->json, "uid") ? f->json : "uID";
        field_forbidden(fe, PATH(p, name), "%s", text);
    }
}
