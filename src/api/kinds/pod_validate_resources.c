// SPDX-License-Identifier: Apache-2.0
/* What containers and pods ask for: requests, limits, claims of devices. */
#include "api/kinds/pod_validate.h"
#include "api/resource_list.h"

typedef void resource_check(struct field_errors *fe, const struct field_path *p, str name);

static void check_pod_resource(struct field_errors *fe, const struct field_path *p, str name) {
    static const char *const supported[] = {"cpu", "hugepages-", "memory", NULL};
    uint32_t before = fe->list.n;
    check_resource_name(fe, p, name);
    if (fe->list.n == before && !str_eqc(name, "cpu") && !str_eqc(name, "memory") &&
        !is_hugepages(name))
        field_not_supported(fe, p, name, supported);
}

/* Only cpu, memory and local disk may be promised twice. */
static bool overcommit(str name) {
    return resource_is_native(name) && !is_hugepages(name);
}

static void check_request(struct field_errors *fe, const struct field_path *p,
                          const ResourceRequirements *r, str name, str request) {
    str limit = label_get(&r->limits, name);
    struct quantity want = quantity_of(request), most = quantity_of(limit);
    if (!limit.p) {
        if (!overcommit(name))
            field_required(fe, PATH(p, "limits"),
                           "Limit must be set for non overcommitable resources");
        return;
    }
    int order = quantity_cmp(&want, &most);
    if (order && !overcommit(name))
        field_invalid(fe, PATH(p, "requests"), request,
                      "must be equal to " STR_FMT " limit of " STR_FMT, STR_ARG(name),
                      STR_ARG(limit));
    else if (order > 0)
        field_invalid(fe, PATH(p, "requests"), request,
                      "must be less than or equal to " STR_FMT " limit of " STR_FMT, STR_ARG(name),
                      STR_ARG(limit));
}

/* "hugepages-2Mi": so many whole pages. */
void check_pages(struct field_errors *fe, const struct field_path *p, str name, str value) {
    struct quantity page = {0}, q = quantity_of(value);
    struct err e;
    bool known = quantity_parse(str_slice(name, strlen("hugepages-"), name.n), &page, &e) == 0 &&
                 quantity_sign(&page) > 0 && quantity_is_whole(&page);
    if (fe->kept & KEPT_PARTS_OF_PAGES)
        return;
    if (!known || quantity_value(&q) % MAX(quantity_value(&page), 1))
        field_invalid(fe, p, value, STR_FMT " is not positive integer multiple of " STR_FMT,
                      STR_ARG(value), STR_ARG(name));
}

struct seen {
    bool compute, pages;
};

static void check_amount(struct field_errors *fe, const struct field_path *p, str name, str value,
                         struct seen *seen) {
    check_resource_quantity(fe, p, name, value);
    seen->compute |= str_eqc(name, "cpu") || str_eqc(name, "memory");
    seen->pages |= is_hugepages(name);
}

static struct seen check_requirements(struct field_errors *fe, const struct field_path *p,
                                      const ResourceRequirements *r, resource_check *check) {
    struct seen seen = {0};
    for (uint32_t i = 0; i < r->limits.n && !field_errors_full(fe); i++) {
        str name = r->limits.v[i].key, value = r->limits.v[i].value;
        const struct field_path *at = PATH_KEY(PATH(p, "limits"), name);
        check(fe, at, name);
        check_amount(fe, at, name, value, &seen);
        if (is_hugepages(name))
            check_pages(fe, at, name, value);
    }
    for (uint32_t i = 0; i < r->requests.n && !field_errors_full(fe); i++) {
        str name = r->requests.v[i].key, value = r->requests.v[i].value;
        const struct field_path *at = PATH_KEY(PATH(p, "requests"), name);
        check(fe, at, name);
        check_amount(fe, at, name, value, &seen);
        check_request(fe, p, r, name, value);
        if (is_hugepages(name))
            check_pages(fe, at, name, value);
    }
    if (seen.pages && !seen.compute)
        field_forbidden(fe, p, "HugePages require cpu or memory");
    return seen;
}

/* ---- claims of devices ---- */

#define CLAIMS_SHOWN_MAX 100 /* in an error */

static str claim_key(struct arena *a, const ResourceClaim *c) {
    return c->request.n ? str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(c->name), STR_ARG(c->request))
                        : c->name;
}

/* What a container refers to: claims, and claims with the request. */
struct claim_refs {
    struct name_index names, keys;
};

static struct claim_refs refs_of(struct arena *a, const ResourceRequirements *r) {
    str *keys = arena_array(a, r->claims.n, sizeof(*keys));
    for (uint32_t i = 0; i < r->claims.n; i++)
        keys[i] = claim_key(a, &r->claims.v[i]);
    return (struct claim_refs){NAME_INDEX(a, r->claims, name),
                               name_index_of(a, keys, r->claims.n, sizeof(*keys))};
}

/* A whole claim excludes what was there of it, and is excluded by a whole one; else the same
 * request by itself. */
static void check_claim_once(struct field_errors *fe, const struct field_path *p,
                             const struct claim_refs *refs, const ResourceClaim *c, uint32_t i) {
    str key = claim_key(fe->arena, c);
    int64_t same = name_index_first(&refs->keys, key);
    int64_t whole = name_index_first(c->request.n ? &refs->keys : &refs->names, c->name);
    if (whole >= 0 && whole < i && (!c->request.n || whole < same))
        field_duplicate(fe, p, c->name);
    else if (same < i)
        field_duplicate(fe, p, key);
}

/* The names to choose from, sorted. */
static str known_claims(struct arena *a, const struct name_index *claims) {
    str text = STR("must be one of the names in pod.spec.resourceClaims");
    if (!claims->n)
        return str_concat(a, text, STR(" which is empty"));
    str_list names = {0};
    for (uint32_t i = 0; i < MIN(claims->n, CLAIMS_SHOWN_MAX); i++)
        *list_push(a, &names) = claims->v[i].name;
    return str_printf(a, STR_FMT ": " STR_FMT, STR_ARG(text),
                      STR_ARG(str_join(a, names.v, names.n, STR(", "))));
}

static void check_claim_names(struct field_errors *fe, const struct field_path *list,
                              const ResourceRequirements *r, const struct name_index *claims) {
    struct claim_refs refs = refs_of(fe->arena, r);
    for (uint32_t i = 0; i < r->claims.n && !field_errors_full(fe); i++) {
        const ResourceClaim *c = &r->claims.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (!c->name.n) {
            field_required(fe, p, NULL);
            continue;
        }
        if (c->request.n)
            field_check_name(fe, PATH(p, "request"), c->request, name_dns1123_label);
        check_claim_once(fe, p, &refs, c, i);
        if (name_index_first(claims, c->name) < 0)
            field_not_found_detail(fe, p, c->name, known_claims(fe->arena, claims));
    }
}

void check_container_resources(struct field_errors *fe, const struct field_path *p,
                               const ResourceRequirements *r, const struct name_index *claims) {
    check_requirements(fe, p, r, check_container_resource_name);
    if (claims)
        check_claim_names(fe, PATH(p, "claims"), r, claims);
}

void check_claims(struct field_errors *fe, const struct field_path *list, const PodSpec *s) {
    struct name_index names =
        name_index_of(fe->arena, s->resource_claims.n ? &s->resource_claims.v[0].name : NULL,
                      s->resource_claims.n, sizeof(PodResourceClaim));
    for (uint32_t i = 0; i < s->resource_claims.n && !field_errors_full(fe); i++) {
        const PodResourceClaim *c = &s->resource_claims.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (!c->name.n)
            field_required(fe, PATH(p, "name"), NULL);
        else if (name_index_first(&names, c->name) < i)
            field_duplicate(fe, PATH(p, "name"), c->name);
        else
            field_check_name(fe, PATH(p, "name"), c->name, name_dns1123_label);
        if (c->resource_claim_name.p && c->resource_claim_template_name.p)
            field_invalid_printed(fe, p, go_json(fe->arena, &PodResourceClaim_type, c),
                                  "at most one of `resourceClaimName` or "
                                  "`resourceClaimTemplateName` may be specified");
        if (!c->resource_claim_name.p && !c->resource_claim_template_name.p)
            field_invalid_printed(fe, p, go_json(fe->arena, &PodResourceClaim_type, c),
                                  "must specify one of: `resourceClaimName`, "
                                  "`resourceClaimTemplateName`");
        if (c->resource_claim_name.p)
            field_check_name(fe, PATH(p, "resourceClaimName"), c->resource_claim_name,
                             name_dns1123_subdomain);
        if (c->resource_claim_template_name.p)
            field_check_name(fe, PATH(p, "resourceClaimTemplateName"),
                             c->resource_claim_template_name, name_dns1123_subdomain);
    }
}

/* ---- of the pod as a whole ---- */

static void check_at_least(struct field_errors *fe, const struct field_path *p, const str_map *pod,
                           const str_map *sum, const char *what) {
    for (uint32_t i = 0; i < sum->n; i++) {
        str name = sum->v[i].key, had = label_get(pod, name);
        struct quantity used = quantity_of(sum->v[i].value), most = quantity_of(had);
        if (quantity_cmp(&used, &most) > 0)
            field_invalid(fe, PATH_KEY(p, name), had.p ? had : STR("0"),
                          "must be greater than or equal to aggregate container %s of " STR_FMT,
                          what, STR_ARG(sum->v[i].value));
    }
}

static void check_each_limit(struct field_errors *fe, const struct field_path *p,
                             const PodSpec *s) {
    for (uint32_t i = 0; i < s->containers.n; i++) {
        const str_map *limits = &s->containers.v[i].resources.limits;
        for (uint32_t k = 0; k < limits->n && !field_errors_full(fe); k++) {
            str name = limits->v[k].key, pod = label_get(&s->resources->limits, name);
            struct quantity used = quantity_of(limits->v[k].value), most = quantity_of(pod);
            if (pod.p && quantity_cmp(&used, &most) > 0)
                field_invalid(fe,
                              PATH(PATH_KEY(PATH_INDEX(PATH(p, "containers"), i), name), "limits"),
                              limits->v[k].value,
                              "must be less than or equal to pod limits of " STR_FMT, STR_ARG(pod));
        }
    }
}

void check_pod_resources(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
    const struct field_path *p = PATH(spec, "resources");
    const ResourceRequirements *r = s->resources;
    if (!r)
        return;
    if (s->os && str_eqc(s->os->name, "windows"))
        field_forbidden(fe, p, "cannot be set for a windows pod");
    if (r->claims.n)
        field_forbidden(fe, PATH(p, "claims"), "claims cannot be set for Resources at pod-level");
    check_requirements(fe, p, r, check_pod_resource);
    str_map requests = containers_total(fe->arena, s, false);
    str_map limits = containers_total(fe->arena, s, true), pages = {0};
    for (uint32_t i = 0; i < limits.n; i++)
        if (is_hugepages(limits.v[i].key) && label_has(&r->limits, limits.v[i].key))
            *list_push(fe->arena, &pages) = limits.v[i];
    check_at_least(fe, PATH(p, "requests"), &r->requests, &requests, "requests");
    check_at_least(fe, PATH(p, "limits"), &r->limits, &pages, "limits");
    check_each_limit(fe, p, s);
}
