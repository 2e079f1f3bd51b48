// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

#define MILLI_MAX (INT64_MAX / 1000)

static void defaults(struct hook_ctx *h, void *obj) {
    LimitRange *l = obj;
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        LimitRangeItem *it = &l->spec.limits.v[i];
        if (!str_eqc(it->type, "Container"))
            continue;
        it->default_ = maps_union(h->arena, &it->default_, &it->max);
        it->default_request = maps_union(h->arena, &it->default_request, &it->default_);
        it->default_request = maps_union(h->arena, &it->default_request, &it->min);
    }
}

/* ---- validation ---- */

static void check_type(struct field_errors *fe, const struct field_path *p, str type) {
    static const char *const standard[] = {"Pod", "Container", "PersistentVolumeClaim", NULL};
    uint32_t before = fe->list.n;
    field_check_name(fe, p, type, name_qualified);
    if (fe->list.n == before && str_chr(type, '/') < 0 && !str_in(type, standard))
        field_invalid(fe, p, type, "must be a standard limit type or fully qualified");
}

static void check_names(struct field_errors *fe, const struct field_path *p, const str_map *m,
                        bool pods) {
    for (uint32_t i = 0; i < m->n; i++)
        (pods ? check_container_resource_name : check_resource_name)(fe, PATH_KEY(p, m->v[i].key),
                                                                     m->v[i].key);
}

/* low must not be above high; both are told with what they are called. */
static void check_order(struct field_errors *fe, const struct field_path *p, const char *low_name,
                        str low, const char *high_name, str high, str shown) {
    struct quantity x = quantity_of(low), y = quantity_of(high);
    if (low.p && high.p && quantity_cmp(&x, &y) > 0)
        field_invalid(fe, p, shown, "%s value " STR_FMT " is greater than %s value " STR_FMT,
                      low_name, STR_ARG(low), high_name, STR_ARG(high));
}

/* Compared as upstream does: thousandths where they fit. */
static void check_ratio(struct field_errors *fe, const struct field_path *p, str ratio, str min,
                        str max) {
    struct quantity q = quantity_of(ratio), low = quantity_of(min), high = quantity_of(max),
                    one = quantity_i64(1, QUANTITY_DECIMAL);
    if (ratio.p && quantity_cmp(&q, &one) < 0)
        field_invalid(fe, p, ratio, "ratio " STR_FMT " is less than 1", STR_ARG(ratio));
    if (!ratio.p || !min.p || !max.p)
        return;
    bool fits = quantity_value(&q) < MILLI_MAX && quantity_value(&low) < MILLI_MAX &&
                quantity_value(&high) < MILLI_MAX;
    double value = fits ? (double)quantity_milli(&q) / 1000 : (double)quantity_value(&q);
    double limit = fits ? (double)quantity_milli(&high) / (double)quantity_milli(&low)
                        : (double)quantity_value(&high) / (double)quantity_value(&low);
    if (value > limit)
        field_invalid(fe, p, ratio, "ratio " STR_FMT " is greater than max/min = %f",
                      STR_ARG(ratio), limit);
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
    check_ratio(fe, PATH_KEY(PATH(p, "maxLimitRequestRatio"), key), ratio, min, max);
    struct quantity limit = quantity_of(def), asked = quantity_of(request);
    bool overcommits = resource_is_native(key) && !is_hugepages(key);
    if (!overcommits && def.p && request.p && quantity_cmp(&limit, &asked) != 0)
        field_invalid(fe, at_request, request,
                      "default value " STR_FMT " must equal to defaultRequest value " STR_FMT
                      " in " STR_FMT,
                      STR_ARG(def), STR_ARG(request), STR_ARG(key));
}

static void check_item(struct field_errors *fe, const struct field_path *p,
                       const LimitRangeItem *it) {
    bool pod = str_eqc(it->type, "Pod"), pods = pod || str_eqc(it->type, "Container");
    const str_map *maps[] = {&it->max, &it->min, &it->default_, &it->default_request,
                             &it->max_limit_request_ratio};
    static const char *const names[] = {"max", "min", "default", "defaultRequest",
                                        "maxLimitRequestRatio"};
    str_map all = {0}; /* of which the keys count */
    for (size_t m = 0; m < ARRAY_LEN(maps); m++) {
        bool default_ = m == 2 || m == 3;
        if (m == 4 && str_eqc(it->type, "PersistentVolumeClaim") &&
            !label_has(&it->min, STR("storage")) && !label_has(&it->max, STR("storage")))
            field_required(fe, PATH(p, "limits"),
                           "either minimum or maximum storage value is required, but neither was "
                           "provided");
        if (pod && default_ && maps[m]->n)
            field_forbidden(fe, PATH(p, names[m]), "may not be specified when `type` is 'Pod'");
        if (pod && default_)
            continue;
        check_names(fe, PATH(p, names[m]), maps[m], pods);
        all = maps_union(fe->arena, &all, maps[m]);
    }
    LimitRangeItem shown = *it;
    if (pod)
        shown.default_ = shown.default_request = (str_map){0};
    for (uint32_t i = 0; i < all.n && !field_errors_full(fe); i++)
        check_values(fe, p, &shown, all.v[i].key);
}

static void validate(struct field_errors *fe, const void *obj) {
    const LimitRange *l = obj;
    struct name_index types = NAME_INDEX(fe->arena, l->spec.limits, type);
    for (uint32_t i = 0; i < l->spec.limits.n && !field_errors_full(fe); i++) {
        const LimitRangeItem *it = &l->spec.limits.v[i];
        const struct field_path *p = PATH_INDEX(PATH(PATH(NULL, "spec"), "limits"), i);
        check_type(fe, PATH(p, "type"), it->type);
        if (name_index_first(&types, it->type) != i)
            field_duplicate(fe, PATH(p, "type"), it->type);
        check_item(fe, p, it);
    }
}

/* A range may be made without a name: it gets one nobody has. */
static void prepare_create(struct hook_ctx *h, void *obj) {
    ObjectMeta *m = obj;
    if (!m->name.n)
        m->name = hook_uid(h);
}

const struct hooks hooks_core_v1_limitranges = {
    .group = "",
    .resource = "limitranges",
    .prepare_create = prepare_create,
    .defaults = defaults,
    .validate = validate,
};
