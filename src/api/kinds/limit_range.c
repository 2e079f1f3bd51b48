// SPDX-License-Identifier: Apache-2.0
/* Limit ranges and resource quotas. */
#include "api/kinds/kinds.h"

static void inherit(struct arena *a, str_map *to, const str_map *from) {
    for (uint32_t i = 0; i < from->n; i++)
        if (!label_has(to, from->v[i].key))
            entry_put(a, to, from->v[i].key, from->v[i].value);
}

static void defaults(struct hook_ctx *h, void *obj) {
    LimitRange *l = obj;
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        LimitRangeItem *it = &l->spec.limits.v[i];
        if (!str_eqc(it->type, "Container"))
            continue;
        inherit(h->arena, &it->default_, &it->max);
        inherit(h->arena, &it->default_request, &it->default_);
        inherit(h->arena, &it->default_request, &it->min);
    }
}

/* ---- validation ---- */

static void check_names(struct field_errors *fe, const struct field_path *p, const str_map *m,
                        bool container) {
    for (uint32_t i = 0; i < m->n; i++) {
        const struct field_path *at = PATH_KEY(p, m->v[i].key);
        check_resource_name(fe, at, m->v[i].key);
        if (container && str_chr(m->v[i].key, '/') < 0 && !resource_is_container(m->v[i].key))
            field_invalid(fe, at, m->v[i].key, "must be a standard resource for containers");
    }
}

/* low must not be above high; both are told with what they are called. */
static void check_order(struct field_errors *fe, const struct field_path *p, const char *low_name,
                        str low, const char *high_name, str high, str shown) {
    struct quantity x = quantity_of(low), y = quantity_of(high);
    if (low.p && high.p && quantity_cmp(&x, &y) > 0)
        field_invalid(fe, p, shown, "%s value " STR_FMT " is greater than %s value " STR_FMT,
                      low_name, STR_ARG(low), high_name, STR_ARG(high));
}

static void check_values(struct field_errors *fe, const struct field_path *p,
                         const LimitRangeItem *it, str key) {
    str min = label_get(&it->min, key), max = label_get(&it->max, key),
        def = label_get(&it->default_, key), request = label_get(&it->default_request, key),
        ratio = label_get(&it->max_limit_request_ratio, key);
    const struct field_path *at_request = PATH_KEY(PATH(p, "defaultRequest"), key);
    check_order(fe, PATH_KEY(PATH(p, "min"), key), "min", min, "max", max, min);
    check_order(fe, at_request, "min", min, "default request", request, request);
    check_order(fe, at_request, "default request", request, "max", max, request);
    check_order(fe, at_request, "default request", request, "default limit", def, request);
    check_order(fe, PATH_KEY(PATH(p, "default"), key), "min", min, "default", def, min);
    check_order(fe, PATH_KEY(PATH(p, "default"), key), "default", def, "max", max, max);
    struct quantity q = quantity_of(ratio), one = quantity_i64(1, QUANTITY_DECIMAL);
    if (ratio.p && quantity_cmp(&q, &one) < 0)
        field_invalid(fe, PATH_KEY(PATH(p, "maxLimitRequestRatio"), key), ratio,
                      "ratio " STR_FMT " is less than 1", STR_ARG(ratio));
}

static void check_item(struct field_errors *fe, const struct field_path *p,
                       const LimitRangeItem *it) {
    bool pod = str_eqc(it->type, "Pod"), container = str_eqc(it->type, "Container");
    check_names(fe, PATH(p, "max"), &it->max, container);
    check_names(fe, PATH(p, "min"), &it->min, container);
    if (pod && it->default_.n)
        field_forbidden(fe, PATH(p, "default"), "may not be specified when `type` is 'Pod'");
    if (pod && it->default_request.n)
        field_forbidden(fe, PATH(p, "defaultRequest"), "may not be specified when `type` is 'Pod'");
    if (str_eqc(it->type, "PersistentVolumeClaim") && !label_has(&it->min, STR("storage")) &&
        !label_has(&it->max, STR("storage")))
        field_required(fe, PATH(p, "limits"),
                       "either minimum or maximum storage value is required, but neither was "
                       "provided");
    const str_map *maps[] = {&it->max, &it->min, &it->default_, &it->default_request,
                             &it->max_limit_request_ratio};
    str_list keys = {0};
    for (size_t m = 0; !pod && m < ARRAY_LEN(maps); m++)
        for (uint32_t i = 0; i < maps[m]->n; i++)
            if (!strings_have(&keys, maps[m]->v[i].key))
                *list_push(fe->arena, &keys) = maps[m]->v[i].key;
    for (uint32_t i = 0; i < keys.n; i++)
        check_values(fe, p, it, keys.v[i]);
}

static void validate(struct field_errors *fe, const void *obj) {
    const LimitRange *l = obj;
    str_list types = {0};
    if (list_too_long(fe, PATH(PATH(NULL, "spec"), "limits"), l->spec.limits.n))
        return;
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        const LimitRangeItem *it = &l->spec.limits.v[i];
        const struct field_path *p = PATH_INDEX(PATH(PATH(NULL, "spec"), "limits"), i);
        field_check_name(fe, PATH(p, "type"), it->type, name_qualified);
        if (strings_have(&types, it->type))
            field_duplicate(fe, PATH(p, "type"), it->type);
        *list_push(fe->arena, &types) = it->type;
        check_item(fe, p, it);
    }
}

const struct hooks hooks_core_v1_limitranges = {
    .group = "",
    .resource = "limitranges",
    .defaults = defaults,
    .validate = validate,
};

/* ---- resource quotas ---- */

static bool is_quota_resource(str name) {
    static const char *const names[] = {"cpu",
                                        "memory",
                                        "ephemeral-storage",
                                        "requests.cpu",
                                        "requests.memory",
                                        "requests.storage",
                                        "requests.ephemeral-storage",
                                        "limits.cpu",
                                        "limits.memory",
                                        "limits.ephemeral-storage",
                                        "pods",
                                        "resourcequotas",
                                        "services",
                                        "replicationcontrollers",
                                        "secrets",
                                        "configmaps",
                                        "persistentvolumeclaims",
                                        "services.nodeports",
                                        "services.loadbalancers",
                                        NULL};
    return str_in(name, names) || is_hugepages(name) ||
           str_starts(name, STR("requests.hugepages-"));
}

static bool counts_objects(str name) {
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

static void check_scopes(struct field_errors *fe, const struct field_path *p,
                         const ResourceQuotaSpec *s) {
    static const char *const known[] = {"Terminating",
                                        "NotTerminating",
                                        "BestEffort",
                                        "NotBestEffort",
                                        "PriorityClass",
                                        "CrossNamespacePodAffinity",
                                        "VolumeAttributesClass",
                                        NULL};
    for (uint32_t i = 0; i < s->scopes.n; i++)
        if (!str_in(s->scopes.v[i], known))
            field_invalid_printed(fe, p, strings_json(fe->arena, &s->scopes), "unsupported scope");
    bool both = (strings_have(&s->scopes, STR("BestEffort")) &&
                 strings_have(&s->scopes, STR("NotBestEffort"))) ||
                (strings_have(&s->scopes, STR("Terminating")) &&
                 strings_have(&s->scopes, STR("NotTerminating")));
    if (both)
        field_invalid_printed(fe, p, strings_json(fe->arena, &s->scopes), "conflicting scopes");
}

static void quota_validate(struct field_errors *fe, const void *obj) {
    const ResourceQuotaSpec *s = &((const ResourceQuota *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    for (uint32_t i = 0; i < s->hard.n; i++) {
        str name = s->hard.v[i].key, value = s->hard.v[i].value;
        const struct field_path *at = PATH_KEY(PATH(p, "hard"), name);
        struct quantity q = quantity_of(value);
        check_resource_name(fe, at, name);
        if (str_chr(name, '/') < 0 && !is_quota_resource(name))
            field_invalid(fe, at, name, "must be a standard resource for quota");
        check_resource_quantity(fe, at, name, value);
        if (counts_objects(name) && !quantity_is_whole(&q))
            field_invalid(fe, at, value, "must be an integer");
    }
    check_scopes(fe, PATH(p, "scopes"), s);
}

static void quota_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const ResourceQuotaSpec *s = &((const ResourceQuota *)obj)->spec;
    const ResourceQuotaSpec *was = &((const ResourceQuota *)old)->spec;
    bool same = s->scopes.n == was->scopes.n;
    for (uint32_t i = 0; same && i < s->scopes.n; i++)
        same = strings_have(&was->scopes, s->scopes.v[i]);
    if (!same)
        field_invalid_printed(fe, PATH(PATH(NULL, "spec"), "scopes"),
                              strings_json(fe->arena, &s->scopes), FIELD_IMMUTABLE);
}

const struct hooks hooks_core_v1_resourcequotas = {
    .group = "",
    .resource = "resourcequotas",
    .validate = quota_validate,
    .validate_update = quota_validate_update,
};
