// SPDX-License-Identifier: Apache-2.0
/* LimitRanger: what a container does not say about resources comes from the namespace's limit
 * ranges, and what it says (a pod as a whole, a claim) stays between their bounds. */
#include <stdarg.h>
#include <stdio.h>

#include "api/maps.h"
#include "api/resource_list.h"
#include "apiserver/admission/admission.h"
#include "schema/quantity.h"

#define ANNOTATION STR("kubernetes.io/limit-ranger")

struct problems {
    struct arena *arena;
    str_list list;
};

PRINTF(2, 3) static void problem(struct problems *p, const char *fmt, ...) {
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    for (uint32_t i = 0; i < p->list.n; i++)
        if (str_eqc(p->list.v[i], text))
            return;
    *list_push(p->arena, &p->list) = str_dup(p->arena, str_of(text));
}

/* ---- defaults ---- */

struct defaults {
    str_map requests, limits;
};

static struct defaults defaults_of(struct arena *a, const LimitRange *l) {
    struct defaults d = {0};
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        const LimitRangeItem *it = &l->spec.limits.v[i];
        if (!str_eqc(it->type, "Container"))
            continue;
        d.requests = maps_union(a, &it->default_request, &d.requests);
        d.limits = maps_union(a, &it->default_, &d.limits);
    }
    return d;
}

/* Names of what was filled in: "cpu, memory". */
static str fill(struct arena *a, str_map *m, const str_map *from) {
    str_list names = {0};
    for (uint32_t i = 0; i < from->n; i++)
        if (!amounts_get(m, from->v[i].key))
            *list_push(a, &names) = from->v[i].key;
    *m = maps_union(a, m, from);
    return str_join(a, names.v, names.n, STR(", "));
}

static void fill_container(struct arena *a, Container *c, const struct defaults *d,
                           const char *kind, str_list *notes) {
    str limits = fill(a, &c->resources.limits, &d->limits);
    str requests = fill(a, &c->resources.requests, &d->requests);
    if (requests.n)
        *list_push(a, notes) = str_printf(a, STR_FMT " request for %s " STR_FMT, STR_ARG(requests),
                                          kind, STR_ARG(c->name));
    if (limits.n)
        *list_push(a, notes) = str_printf(a, STR_FMT " limit for %s " STR_FMT, STR_ARG(limits),
                                          kind, STR_ARG(c->name));
}

static void fill_pod(struct write *w, Pod *p, const LimitRange *l) {
    struct arena *a = w->r->arena;
    struct defaults d = defaults_of(a, l);
    str_list notes = {0};
    for (uint32_t i = 0; i < p->spec.containers.n; i++)
        fill_container(a, &p->spec.containers.v[i], &d, "container", &notes);
    for (uint32_t i = 0; i < p->spec.init_containers.n; i++)
        fill_container(a, &p->spec.init_containers.v[i], &d, "init container", &notes);
    if (!notes.n)
        return;
    str text = str_join(a, notes.v, notes.n, STR("; "));
    entry_put(a, &p->metadata.annotations, ANNOTATION,
              str_concat(a, STR("LimitRanger plugin set: "), text));
    w->mutated = true;
}

/* ---- bounds ---- */

#define ABOUT      STR_FMT " usage per " STR_FMT " is " STR_FMT
#define ABOUT_ARGS STR_ARG(name), STR_ARG(type), STR_ARG(bound)
#define RATIO      STR_FMT " max limit to request ratio per " STR_FMT " is " STR_FMT
#define VALUE(q_)  STR_ARG(*(q_))

static void check_min(struct problems *p, str type, str name, Quantity bound,
                      const Quantity *request, const Quantity *limit) {
    if (!request)
        problem(p, "minimum " ABOUT ".  No request is specified", ABOUT_ARGS);
    else if (amount_cmp(*request, bound) < 0)
        problem(p, "minimum " ABOUT ", but request is " STR_FMT, ABOUT_ARGS, VALUE(request));
    else if (limit && amount_cmp(*limit, bound) < 0)
        problem(p, "minimum " ABOUT ", but limit is " STR_FMT, ABOUT_ARGS, VALUE(limit));
}

static void check_max(struct problems *p, str type, str name, Quantity bound,
                      const Quantity *request, const Quantity *limit) {
    if (!limit)
        problem(p, "maximum " ABOUT ".  No limit is specified", ABOUT_ARGS);
    else if (amount_cmp(*limit, bound) > 0)
        problem(p, "maximum " ABOUT ", but limit is " STR_FMT, ABOUT_ARGS, VALUE(limit));
    else if (request && amount_cmp(*request, bound) > 0)
        problem(p, "maximum " ABOUT ", but request is " STR_FMT, ABOUT_ARGS, VALUE(request));
}

static void check_max_request(struct problems *p, str type, str name, Quantity bound,
                              const Quantity *request) {
    if (!request)
        problem(p, "maximum " ABOUT ".  No request is specified", ABOUT_ARGS);
    else if (amount_cmp(*request, bound) > 0)
        problem(p, "maximum " ABOUT ", but request is " STR_FMT, ABOUT_ARGS, VALUE(request));
}

static double number(Quantity q) {
    struct quantity v = quantity_of(q);
    int64_t milli = quantity_milli(&v);
    return milli == INT64_MAX ? (double)quantity_value(&v) : (double)milli / 1000;
}

static void check_ratio(struct problems *p, str type, str name, Quantity bound,
                        const Quantity *request, const Quantity *limit) {
    if (!request || number(*request) == 0)
        problem(p, RATIO ", but no request is specified or request is 0", ABOUT_ARGS);
    else if (!limit || number(*limit) == 0)
        problem(p, RATIO ", but no limit is specified or limit is 0", ABOUT_ARGS);
    else if (number(*limit) / number(*request) > number(bound))
        problem(p, RATIO ", but provided ratio is %f", ABOUT_ARGS,
                number(*limit) / number(*request));
}

static void check_item(struct problems *p, const LimitRangeItem *it, const str_map *requests,
                       const str_map *limits) {
    for (uint32_t i = 0; i < it->min.n; i++) {
        str name = it->min.v[i].key;
        check_min(p, it->type, name, it->min.v[i].value, amounts_get(requests, name),
                  amounts_get(limits, name));
    }
    for (uint32_t i = 0; i < it->max.n; i++) {
        str name = it->max.v[i].key;
        check_max(p, it->type, name, it->max.v[i].value, amounts_get(requests, name),
                  amounts_get(limits, name));
    }
    for (uint32_t i = 0; i < it->max_limit_request_ratio.n; i++) {
        str name = it->max_limit_request_ratio.v[i].key;
        check_ratio(p, it->type, name, it->max_limit_request_ratio.v[i].value,
                    amounts_get(requests, name), amounts_get(limits, name));
    }
}

static void check_pod(struct problems *p, const LimitRange *l, const Pod *pod) {
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        const LimitRangeItem *it = &l->spec.limits.v[i];
        for (uint32_t j = 0; str_eqc(it->type, "Container") && j < pod->spec.containers.n; j++)
            check_item(p, it, &pod->spec.containers.v[j].resources.requests,
                       &pod->spec.containers.v[j].resources.limits);
        for (uint32_t j = 0; str_eqc(it->type, "Container") && j < pod->spec.init_containers.n; j++)
            check_item(p, it, &pod->spec.init_containers.v[j].resources.requests,
                       &pod->spec.init_containers.v[j].resources.limits);
        if (!str_eqc(it->type, "Pod"))
            continue;
        str_map requests = pod_requests_list(p->arena, pod),
                limits = pod_limits_list(p->arena, pod);
        check_item(p, it, &requests, &limits);
    }
}

static void check_claim(struct problems *p, const LimitRange *l, const PersistentVolumeClaim *c) {
    const str_map *requests = &c->spec.resources.requests;
    for (uint32_t i = 0; i < l->spec.limits.n; i++) {
        const LimitRangeItem *it = &l->spec.limits.v[i];
        if (!str_eqc(it->type, "PersistentVolumeClaim"))
            continue;
        for (uint32_t j = 0; j < it->min.n; j++)
            check_min(p, it->type, it->min.v[j].key, it->min.v[j].value,
                      amounts_get(requests, it->min.v[j].key), NULL);
        for (uint32_t j = 0; j < it->max.n; j++)
            check_max_request(p, it->type, it->max.v[j].key, it->max.v[j].value,
                              amounts_get(requests, it->max.v[j].key));
    }
}

/* ---- the plugin ---- */

static bool concerns(const struct write *w) {
    const ObjectMeta *old = w->current ? w->old : NULL;
    if (w->op == WRITE_DELETE || !w->obj || (old && old->deletion_timestamp.set))
        return false;
    if (w->st == RESOURCE_OF(core_v1_pods))
        return w->sub ? strcmp(w->sub->name, "resize") == 0 : w->op == WRITE_CREATE;
    return w->st == RESOURCE_OF(core_v1_persistentvolumeclaims) && !w->sub;
}

static enum step_result mutate(struct write *w) {
    if (!write_is(w, RESOURCE_OF(core_v1_pods), WRITE_CREATE))
        return STEP_NEXT;
    struct admission_list l = admission_list(w, RESOURCE_OF(core_v1_limitranges), w->ns);
    for (uint32_t i = 0; i < l.n; i++)
        fill_pod(w, w->obj, l.v[i]);
    return STEP_NEXT;
}

static enum step_result validate(struct write *w) {
    if (!concerns(w))
        return STEP_NEXT;
    struct arena *a = w->r->arena;
    struct admission_list l = admission_list(w, RESOURCE_OF(core_v1_limitranges), w->ns);
    for (uint32_t i = 0; i < l.n; i++) {
        struct problems p = {.arena = a};
        if (w->st == RESOURCE_OF(core_v1_pods))
            check_pod(&p, l.v[i], w->obj);
        else
            check_claim(&p, l.v[i], w->obj);
        if (p.list.n == 1)
            return admission_forbid(w, p.list.v[0]);
        if (p.list.n)
            return admission_forbid(
                w, str_printf(a, "[" STR_FMT "]",
                              STR_ARG(str_join(a, p.list.v, p.list.n, STR(", ")))));
    }
    return STEP_NEXT;
}

const struct admission_plugin admission_limit_ranger = {"LimitRanger", mutate, validate};
