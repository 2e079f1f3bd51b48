// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authz/rules.h"

static bool has(const str_list *l, str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

static bool has_or_all(const str_list *l, str s) {
    return has(l, STR("*")) || has(l, s);
}

/* "pods", "pods/log", "*" and every resource's subresource: "*" + "/log". */
static bool resource_matches(const str_list *l, str resource, str subresource) {
    for (uint32_t i = 0; i < l->n; i++) {
        str r = l->v[i];
        if (str_eqc(r, "*"))
            return true;
        ssize_t slash = str_chr(r, '/');
        if (slash < 0) {
            if (!subresource.n && str_eq(r, resource))
                return true;
            continue;
        }
        str main = str_slice(r, 0, (size_t)slash), sub = str_slice(r, (size_t)slash + 1, r.n);
        if (subresource.n && str_eq(sub, subresource) &&
            (str_eqc(main, "*") || str_eq(main, resource)))
            return true;
    }
    return false;
}

static bool path_matches(const str_list *l, str path) {
    for (uint32_t i = 0; i < l->n; i++) {
        str p = l->v[i];
        if (str_eqc(p, "*") || str_eq(p, path))
            return true;
        if (str_ends(p, STR("*")) && str_starts(path, str_slice(p, 0, p.n - 1)))
            return true;
    }
    return false;
}

bool rule_allows(const PolicyRule *rule, const struct attributes *at) {
    if (!has_or_all(&rule->verbs, at->verb))
        return false;
    if (!at->resource_request)
        return path_matches(&rule->non_resource_urls, at->path);
    return has_or_all(&rule->api_groups, at->group) &&
           resource_matches(&rule->resources, at->resource, at->subresource) &&
           (rule->resource_names.n == 0 || (at->name.n && has(&rule->resource_names, at->name)));
}

bool rule_covers_resource(const PolicyRule *owner, str verb, str group, str resource, str name) {
    ssize_t slash = str_chr(resource, '/');
    str main = slash < 0 ? resource : str_slice(resource, 0, (size_t)slash);
    str sub = slash < 0 ? STR_NONE : str_slice(resource, (size_t)slash + 1, resource.n);
    bool resource_ok = str_eqc(resource, "*") ? has(&owner->resources, resource)
                                              : resource_matches(&owner->resources, main, sub);
    return resource_ok && has_or_all(&owner->verbs, verb) &&
           has_or_all(&owner->api_groups, group) &&
           (owner->resource_names.n == 0 || (name.n && has(&owner->resource_names, name)));
}

bool rule_covers_path(const PolicyRule *owner, str verb, str path) {
    return has_or_all(&owner->verbs, verb) && path_matches(&owner->non_resource_urls, path);
}
