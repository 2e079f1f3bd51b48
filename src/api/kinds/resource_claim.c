// SPDX-License-Identifier: Apache-2.0
/* Claims of devices, their templates, and classes of devices. */
#include "api/ip.h"
#include "api/kinds/dra.h"

#define REQUESTS_MAX    32
#define FIRST_MAX       8
#define CONSTRAINTS_MAX 32
#define CONFIGS_MAX     32
#define RESERVED_MAX    256
#define RESULTS_MAX     32
#define CONDITIONS_MAX  8
#define IPS_MAX         16

/* ---- requests ---- */

static void check_exact(struct field_errors *fe, const struct field_path *p,
                        const ExactDeviceRequest *r) {
    check_rows(fe, p, ExactDeviceRequest, r, "deviceClassName");
    dra_check_selectors(fe, PATH(p, "selectors"), r->selectors.v, r->selectors.n);
    if (str_eqc(r->allocation_mode, "All") && r->count)
        field_invalid_i64(fe, PATH(p, "count"), r->count,
                          "must not be specified when allocationMode is 'All'");
    else if (str_eqc(r->allocation_mode, "ExactCount") && r->count <= 0)
        field_invalid_i64(fe, PATH(p, "count"), r->count, "must be greater than zero");
    check_rows(fe, p, ExactDeviceRequest, r, "allocationMode");
    dra_check_tolerations(fe, PATH(p, "tolerations"), r->tolerations.v, r->tolerations.n);
}

/* A named alternative, otherwise the same. */
static void check_sub(struct field_errors *fe, const struct field_path *p,
                      const DeviceSubRequest *r) {
    ExactDeviceRequest exact = {.device_class_name = r->device_class_name,
                                .allocation_mode = r->allocation_mode,
                                .count = r->count};
    memcpy(&exact.selectors, &r->selectors, sizeof(exact.selectors));
    memcpy(&exact.tolerations, &r->tolerations, sizeof(exact.tolerations));
    field_check_name(fe, PATH(p, "name"), r->name, name_dns1123_label);
    check_exact(fe, p, &exact);
}

static void check_request(struct field_errors *fe, const struct field_path *p,
                          const DeviceRequest *r) {
    const struct field_path *first = PATH(p, "firstAvailable");
    uint32_t n = r->first_available.n;
    field_check_name(fe, PATH(p, "name"), r->name, name_dns1123_label);
    if (!n && !r->exactly) {
        field_required(fe, p, "exactly one of `exactly` or `firstAvailable` is required");
    } else if (n && r->exactly) {
        field_invalid_printed(fe, p, STR("null"),
                              "exactly one of `exactly` or `firstAvailable` is required, but "
                              "multiple fields are set");
    } else if (r->exactly) {
        check_exact(fe, PATH(p, "exactly"), r->exactly);
    } else if (!dra_too_many(fe, first, n, FIRST_MAX)) {
        for (uint32_t i = 0; i < n; i++)
            check_sub(fe, PATH_INDEX(first, i), &r->first_available.v[i]);
        dra_check_unique(fe, first, &r->first_available.v->name, n, sizeof(*r->first_available.v));
    }
}

/* "request" or "request/alternative". The claim's lists are short when it is valid. */
static bool names_request(const DeviceClaim *c, str name) {
    str sub = name, request = str_cut(&sub, '/');
    for (uint32_t i = 0; i < MIN(c->requests.n, REQUESTS_MAX); i++) {
        const DeviceRequest *r = &c->requests.v[i];
        if (!str_eq(r->name, request))
            continue;
        if (!sub.p)
            return true;
        for (uint32_t k = 0; k < MIN(r->first_available.n, FIRST_MAX); k++)
            if (str_eq(r->first_available.v[k].name, sub))
                return true;
    }
    return false;
}

static void check_ref(struct field_errors *fe, const struct field_path *p, const DeviceClaim *c,
                      str name) {
    static const char text[] = "must be the name of a request in the claim or the name of a "
                               "request and a subrequest separated by '/'";
    str rest = name;
    (void)str_cut(&rest, '/');
    if (rest.p && str_chr(rest, '/') >= 0) {
        field_invalid(fe, p, name, text);
        return;
    }
    for (rest = name; rest.p;)
        field_check_name(fe, p, str_cut(&rest, '/'), name_dns1123_label);
    if (!names_request(c, name))
        field_invalid(fe, p, name, text);
}

static void check_refs(struct field_errors *fe, const struct field_path *p, const DeviceClaim *c,
                       const str_list *l) {
    if (dra_too_many(fe, p, l->n, REQUESTS_MAX))
        return;
    for (uint32_t i = 0; i < l->n; i++)
        check_ref(fe, PATH_INDEX(p, i), c, l->v[i]);
    dra_check_unique(fe, p, l->v, l->n, sizeof(str));
}

static void check_constraint(struct field_errors *fe, const struct field_path *p,
                             const DeviceClaim *claim, const DeviceConstraint *c) {
    check_refs(fe, PATH(p, "requests"), claim, &c->requests);
    if (c->match_attribute.p)
        dra_check_name(fe, PATH(p, "matchAttribute"), c->match_attribute, true);
    else if (c->distinct_attribute.p)
        dra_check_name(fe, PATH(p, "distinctAttribute"), c->distinct_attribute, true);
    else
        field_required(fe, p,
                       "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, "
                       "but multiple fields are set");
}

static void check_claim(struct field_errors *fe, const struct field_path *p, const DeviceClaim *c) {
    const struct field_path *requests = PATH(p, "requests"), *rules = PATH(p, "constraints"),
                            *configs = PATH(p, "config");
    uint32_t n = c->requests.n;
    if (!dra_too_many(fe, requests, n, REQUESTS_MAX)) {
        for (uint32_t i = 0; i < n; i++)
            check_request(fe, PATH_INDEX(requests, i), &c->requests.v[i]);
        dra_check_unique(fe, requests, n ? &c->requests.v->name : NULL, n, sizeof(*c->requests.v));
    }
    if (!dra_too_many(fe, rules, c->constraints.n, CONSTRAINTS_MAX))
        for (uint32_t i = 0; i < c->constraints.n; i++)
            check_constraint(fe, PATH_INDEX(rules, i), c, &c->constraints.v[i]);
    if (dra_too_many(fe, configs, c->config.n, CONFIGS_MAX))
        return;
    for (uint32_t i = 0; i < c->config.n; i++) {
        const struct field_path *at = PATH_INDEX(configs, i);
        check_refs(fe, PATH(at, "requests"), c, &c->config.v[i].requests);
        dra_check_config(fe, at, &c->config.v[i].device_configuration, false);
    }
}

/* ---- what was allocated ---- */

static void check_result(struct field_errors *fe, const struct field_path *p, const DeviceClaim *c,
                         const DeviceRequestAllocationResult *r) {
    check_ref(fe, PATH(p, "request"), c, r->request);
    check_csi_driver(fe, PATH(p, "driver"), r->driver);
    dra_check_pool_name(fe, PATH(p, "pool"), r->pool);
    field_check_name(fe, PATH(p, "device"), r->device, name_dns1123_label);
    dra_check_binding(fe, p, &r->binding_conditions, &r->binding_failure_conditions);
    dra_check_tolerations(fe, PATH(p, "tolerations"), r->tolerations.v, r->tolerations.n);
    if (r->share_id.p)
        dra_check_share(fe, PATH(p, "shareID"), r->share_id);
}

static void check_allocation(struct field_errors *fe, const struct field_path *p,
                             const DeviceClaim *c, const AllocationResult *a) {
    const struct field_path *results = PATH(PATH(p, "devices"), "results"),
                            *configs = PATH(PATH(p, "devices"), "config");
    if (!dra_too_many(fe, results, a->devices.results.n, RESULTS_MAX))
        for (uint32_t i = 0; i < a->devices.results.n; i++)
            check_result(fe, PATH_INDEX(results, i), c, &a->devices.results.v[i]);
    if (!dra_too_many(fe, configs, a->devices.config.n, 2 * CONFIGS_MAX))
        for (uint32_t i = 0; i < a->devices.config.n; i++) {
            const DeviceAllocationConfiguration *x = &a->devices.config.v[i];
            const struct field_path *at = PATH_INDEX(configs, i);
            check_rows(fe, at, DeviceAllocationConfiguration, x, "source");
            check_refs(fe, PATH(at, "requests"), c, &x->requests);
            dra_check_config(fe, at, &x->device_configuration, false);
        }
    if (a->node_selector)
        check_node_selector(fe, PATH(p, "nodeSelector"), a->node_selector);
}

/* driver/pool/device, and the share where there is one. */
static str device_id(struct arena *a, str driver, str pool, str device, str share) {
    return str_printf(a, STR_FMT "/" STR_FMT "/" STR_FMT "%s" STR_FMT, STR_ARG(driver),
                      STR_ARG(pool), STR_ARG(device), share.p ? "/" : "", STR_ARG(share));
}

static bool is_allocated(const AllocationResult *all, const AllocatedDeviceStatus *d) {
    for (uint32_t i = 0; all && i < MIN(all->devices.results.n, RESULTS_MAX); i++) {
        const DeviceRequestAllocationResult *r = &all->devices.results.v[i];
        if (str_eq(r->driver, d->driver) && str_eq(r->pool, d->pool) &&
            str_eq(r->device, d->device) && !r->share_id.p == !d->share_id.p &&
            str_eq(r->share_id, d->share_id))
            return true;
    }
    return false;
}

static void check_network(struct field_errors *fe, const struct field_path *p,
                          const NetworkDeviceData *d) {
    const struct field_path *ips = PATH(p, "ips");
    check_rows(fe, p, NetworkDeviceData, d, "interfaceName hardwareAddress");
    if (dra_too_many(fe, ips, d->ips.n, IPS_MAX))
        return;
    for (uint32_t i = 0; i < d->ips.n; i++)
        field_check_interface_address(fe, PATH_INDEX(ips, i), d->ips.v[i]);
    dra_check_unique(fe, ips, d->ips.v, d->ips.n, sizeof(str));
}

static str check_device(struct field_errors *fe, const struct field_path *p,
                        const AllocationResult *all, const AllocatedDeviceStatus *d) {
    str id = device_id(fe->arena, d->driver, d->pool, d->device, d->share_id);
    check_csi_driver(fe, PATH(p, "driver"), d->driver);
    dra_check_pool_name(fe, PATH(p, "pool"), d->pool);
    field_check_name(fe, PATH(p, "device"), d->device, name_dns1123_label);
    if (d->share_id.p)
        dra_check_share(fe, PATH(p, "shareID"), d->share_id);
    if (!is_allocated(all, d))
        field_invalid_printed(fe, p, id, "must be an allocated device in the claim");
    if (d->conditions.n > CONDITIONS_MAX)
        field_too_many(fe, PATH(p, "conditions"), d->conditions.n, CONDITIONS_MAX);
    check_conditions(fe, PATH(p, "conditions"), d->conditions.v, d->conditions.n);
    if (d->data.n)
        dra_check_raw(fe, PATH(p, "data"), d->data, DRA_DEVICE_STATUS_DATA_MAX);
    if (d->network_data)
        check_network(fe, PATH(p, "networkData"), d->network_data);
    return id;
}

static void check_devices(struct field_errors *fe, const struct field_path *p,
                          const ResourceClaimStatus *s) {
    uint32_t n = s->devices.n;
    str *ids = arena_array(fe->arena, n + 1, sizeof(*ids));
    for (uint32_t i = 0; i < n; i++)
        ids[i] = check_device(fe, PATH_INDEX(p, i), s->allocation, &s->devices.v[i]);
    struct name_index x = name_index_of(fe->arena, ids, n, sizeof(*ids));
    for (uint32_t i = 0; i < n; i++)
        if (name_index_first(&x, ids[i]) != i)
            field_duplicate_printed(fe, PATH_INDEX(p, i), ids[i]);
}

static void check_reserved(struct field_errors *fe, const struct field_path *p,
                           const ResourceClaimStatus *s) {
    uint32_t n = s->reserved_for.n;
    const ResourceClaimConsumerReference *v = s->reserved_for.v;
    if (dra_too_many(fe, p, n, RESERVED_MAX))
        return;
    for (uint32_t i = 0; i < n; i++)
        check_rows(fe, PATH_INDEX(p, i), ResourceClaimConsumerReference, &v[i],
                   "resource name uid");
    dra_check_unique(fe, p, n ? &v->uid : NULL, n, sizeof(*v));
}

static bool has_new_consumers(const ResourceClaimStatus *s, const ResourceClaimStatus *was) {
    for (uint32_t i = 0; i < MIN(s->reserved_for.n, RESERVED_MAX); i++) {
        bool there = false;
        for (uint32_t k = 0; k < MIN(was->reserved_for.n, RESERVED_MAX) && !there; k++)
            there = api_equal(&ResourceClaimConsumerReference_type, &s->reserved_for.v[i],
                              &was->reserved_for.v[k]);
        if (!there)
            return true;
    }
    return false;
}

/* ---- ResourceClaim ---- */

static void claim_validate(struct field_errors *fe, const void *obj) {
    check_claim(fe, PATH(PATH(NULL, "spec"), "devices"),
                &((const resource_v1_ResourceClaim *)obj)->spec.devices);
}

static void claim_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(NULL, "spec"), &ResourceClaimSpec_type,
                       &((const resource_v1_ResourceClaim *)obj)->spec,
                       &((const resource_v1_ResourceClaim *)old)->spec);
}

static void claim_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const resource_v1_ResourceClaim *c = obj;
    const ResourceClaimStatus *s = &c->status;
    const ResourceClaimStatus *was = &((const resource_v1_ResourceClaim *)old)->status;
    const struct field_path *p = PATH(NULL, "status"), *reserved = PATH(p, "reservedFor");
    check_reserved(fe, reserved, s);
    check_devices(fe, PATH(p, "devices"), s);
    if (s->reserved_for.n && !s->allocation)
        field_forbidden(fe, reserved, "may not be specified when `allocated` is not set");
    else if (c->metadata.deletion_timestamp.set && has_new_consumers(s, was))
        field_forbidden(fe, reserved,
                        "new entries may not be added while `deallocationRequested` or "
                        "`deletionTimestamp` are set");
    if (s->allocation && was->allocation)
        check_same_message(fe, PATH(p, "allocation"), &AllocationResult_type, s->allocation,
                           was->allocation);
    else if (s->allocation)
        check_allocation(fe, PATH(p, "allocation"), &c->spec.devices, s->allocation);
}

/* Of a device that the claim had and has no more, nothing is kept: who takes an allocation back
 * need not know of these fields. */
static void claim_prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    ResourceClaimStatus *s = &((resource_v1_ResourceClaim *)obj)->status;
    const ResourceClaimStatus *was = &((const resource_v1_ResourceClaim *)old)->status;
    uint32_t n = s->devices.n;
    const AllocatedDeviceStatus *v = s->devices.v;
    if (!was->allocation)
        return;
    s->devices.v = arena_array(h->arena, n, sizeof(*v));
    s->devices.n = 0;
    for (uint32_t i = 0; i < n; i++)
        if (!is_allocated(was->allocation, &v[i]) || is_allocated(s->allocation, &v[i]))
            s->devices.v[s->devices.n++] = v[i];
}

const struct hooks hooks_resource_v1_resourceclaims = {
    .group = "resource.k8s.io",
    .resource = "resourceclaims",
    .prepare_status = claim_prepare_status,
    .validate_create = claim_validate,
    .validate_update = claim_validate_update,
    .validate_status = claim_validate_status,
};

/* ---- ResourceClaimTemplate ---- */

static void template_validate(struct field_errors *fe, const void *obj) {
    const ResourceClaimTemplateSpec *s = &((const ResourceClaimTemplate *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    check_annotations(fe, PATH(PATH(p, "metadata"), "annotations"), &s->metadata.annotations);
    check_labels(fe, PATH(PATH(p, "metadata"), "labels"), &s->metadata.labels);
    check_claim(fe, PATH(PATH(p, "spec"), "devices"), &s->spec.devices);
}

static void template_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    check_same_message(fe, PATH(NULL, "spec"), &ResourceClaimTemplateSpec_type,
                       &((const ResourceClaimTemplate *)obj)->spec,
                       &((const ResourceClaimTemplate *)old)->spec);
}

const struct hooks hooks_resource_v1_resourceclaimtemplates = {
    .group = "resource.k8s.io",
    .resource = "resourceclaimtemplates",
    .validate_create = template_validate,
    .validate_update = template_validate_update,
};

/* ---- DeviceClass ---- */

static bool same_configs(const DeviceClassSpec *x, const DeviceClassSpec *y) {
    bool same = x->config.n == y->config.n;
    for (uint32_t i = 0; same && i < x->config.n; i++)
        same = api_equal(&DeviceClassConfiguration_type, &x->config.v[i], &y->config.v[i]);
    return same;
}

static void class_validate(struct field_errors *fe, const void *obj, const void *old) {
    const DeviceClassSpec *s = &((const DeviceClass *)obj)->spec;
    const DeviceClass *was = old;
    const struct field_path *p = PATH(NULL, "spec"), *configs = PATH(p, "config");
    str name = s->extended_resource_name;
    bool stored = was && same_configs(s, &was->spec);
    dra_check_selectors(fe, PATH(p, "selectors"), s->selectors.v, s->selectors.n);
    if (!dra_too_many(fe, configs, s->config.n, CONFIGS_MAX))
        for (uint32_t i = 0; i < s->config.n; i++)
            dra_check_config(fe, PATH_INDEX(configs, i), &s->config.v[i].device_configuration,
                             stored);
    if (name.p && !(resource_is_extended(name) && name_ok(name_qualified, name)))
        field_invalid(fe, PATH(p, "extendedResourceName"), name,
                      "must be a valid extended resource name");
}

const struct hooks hooks_resource_v1_deviceclasses = {
    .group = "resource.k8s.io",
    .resource = "deviceclasses",
    .validate_write = class_validate,
    .counts_generation = true,
};
