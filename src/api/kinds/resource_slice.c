// SPDX-License-Identifier: Apache-2.0
/* Slices: the devices that a driver offers, with their attributes, capacities and taints. */
#include "api/kinds/dra.h"

#define DEVICES_MAX          128
#define DEVICES_ADVANCED_MAX 64 /* with taints, or shares of counters */
#define COUNTER_SETS_MAX     8
#define COUNTERS_MAX         32
#define CONSUMPTIONS_MAX     2
#define PROPERTIES_MAX       32 /* attributes and capacities of a device */
#define TAINTS_MAX           16
#define OPTIONS_MAX          10
#define KEY_SHOWN_MAX        (63 + 1 + 32)

/* ---- what the server sets ---- */

static void defaults(struct hook_ctx *h, void *obj) {
    ResourceSlice *s = obj;
    for (uint32_t i = 0; i < s->spec.devices.n; i++)
        for (uint32_t k = 0; k < s->spec.devices.v[i].taints.n; k++) {
            DeviceTaint *t = &s->spec.devices.v[i].taints.v[k];
            if (!t->time_added.set)
                t->time_added = hook_now(h);
        }
}

/* Lists of values, and mappings to what nodes can allocate, are of features that are off
 * (DRAListTypeAttributes, DRANodeAllocatableResources): they stay only where they are already. */
static bool has_disabled(const ResourceSlice *s) {
    for (uint32_t i = 0; i < s->spec.devices.n; i++) {
        const Device *d = &s->spec.devices.v[i];
        bool has = d->node_allocatable_resource_mappings.n;
        for (uint32_t k = 0; k < d->attributes.n && !has; k++) {
            const DeviceAttribute *a = &d->attributes.v[k].value;
            has = a->int_values.n || a->bool_values.n || a->string_values.n || a->version_values.n;
        }
        if (has)
            return true;
    }
    return false;
}

static void drop_disabled(ResourceSlice *s) {
    for (uint32_t i = 0; i < s->spec.devices.n; i++) {
        Device *d = &s->spec.devices.v[i];
        d->node_allocatable_resource_mappings.n = 0;
        for (uint32_t k = 0; k < d->attributes.n; k++) {
            DeviceAttribute *a = &d->attributes.v[k].value;
            a->int_values.n = a->bool_values.n = a->string_values.n = a->version_values.n = 0;
        }
    }
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    (void)h;
    drop_disabled(obj);
}

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    if (!has_disabled(old))
        drop_disabled(obj);
}

/* ---- capacities ---- */

static bool less(Quantity x, Quantity y) {
    struct quantity a = quantity_of(x), b = quantity_of(y);
    return quantity_cmp(&a, &b) < 0;
}

static void check_options(struct field_errors *fe, const struct field_path *p, Quantity most,
                          const CapacityRequestPolicy *r) {
    bool found = false;
    const str_list *l = &r->valid_values;
    str *keys = arena_array(fe->arena, l->n + 1, sizeof(*keys));
    for (uint32_t i = 0; i + 1 < l->n && !field_errors_full(fe); i++)
        if (less(l->v[i + 1], l->v[i]))
            field_invalid(fe, PATH_INDEX(p, i + 1), l->v[i + 1],
                          "values must be sorted in ascending order");
    if (!dra_too_many(fe, p, l->n, OPTIONS_MAX)) {
        for (uint32_t i = 0; i < l->n; i++) {
            struct quantity q = quantity_of(l->v[i]);
            if (less(most, l->v[i]))
                field_invalid(fe, PATH_INDEX(p, i), l->v[i],
                              "option is larger than capacity value: " STR_FMT, STR_ARG(most));
            found |= !less(l->v[i], r->default_) && !less(r->default_, l->v[i]);
            keys[i] = str_printf(fe->arena, "%lld", (long long)quantity_value(&q));
        }
        dra_check_unique(fe, p, keys, l->n, sizeof(*keys));
    }
    if (!found)
        field_invalid(fe, p, r->default_,
                      "default value is not valid according to the requestPolicy");
}

static void check_step(struct field_errors *fe, const struct field_path *p, Quantity value,
                       const CapacityRequestPolicyRange *r) {
    struct quantity v = quantity_of(value), min = quantity_of(r->min), step = quantity_of(r->step);
    __int128 above = (__int128)quantity_value(&v) - quantity_value(&min);
    int64_t n = quantity_value(&step);
    if (n > 0 && above % n)
        field_invalid(fe, PATH(p, "step"), value,
                      "value is not a multiple of a given step (" STR_FMT ") from (" STR_FMT ")",
                      STR_ARG(r->step), STR_ARG(r->min));
}

static void check_steps(struct field_errors *fe, const struct field_path *p, Quantity most,
                        Quantity initial, const CapacityRequestPolicyRange *r) {
    struct quantity step = quantity_of(r->step), sum = quantity_of(r->min), top = quantity_of(most);
    if (quantity_sign(&step) <= 0) {
        field_invalid(fe, PATH(p, "step"), r->step, "must be greater than zero");
        return;
    }
    if (quantity_add(&sum, &step) < 0 || quantity_cmp(&sum, &top) > 0)
        field_invalid(fe, PATH(p, "step"), r->step,
                      "one step " STR_FMT " is larger than capacity value: " STR_FMT,
                      STR_ARG(quantity_str(fe->arena, &sum)), STR_ARG(most));
    check_step(fe, p, initial, r);
    if (r->max.p)
        check_step(fe, p, r->max, r);
}

static void check_range(struct field_errors *fe, const struct field_path *p, Quantity most,
                        Quantity initial, const CapacityRequestPolicyRange *r) {
    if (!r->min.p) {
        field_required(fe, PATH(p, "min"), "required when validRange is defined");
        return;
    }
    if (less(most, r->min))
        field_invalid(fe, PATH(p, "min"), r->min, "min is larger than capacity value: " STR_FMT,
                      STR_ARG(most));
    if (less(initial, r->min))
        field_invalid(fe, PATH(p, "default"), initial, "default is less than min: " STR_FMT,
                      STR_ARG(r->min));
    if (r->max.p && less(r->max, r->min))
        field_invalid(fe, PATH(p, "max"), r->min, "min is larger than max: " STR_FMT,
                      STR_ARG(r->max));
    if (r->max.p && less(most, r->max))
        field_invalid(fe, PATH(p, "max"), r->max, "max is larger than capacity value: " STR_FMT,
                      STR_ARG(most));
    if (r->max.p && less(r->max, initial))
        field_invalid(fe, PATH(p, "default"), initial, "default is more than max: " STR_FMT,
                      STR_ARG(r->max));
    if (r->step.p)
        check_steps(fe, p, most, initial, r);
}

static void check_policy(struct field_errors *fe, const struct field_path *p, Quantity most,
                         const CapacityRequestPolicy *r) {
    if (r->valid_values.n && r->valid_range)
        field_forbidden(fe, p,
                        "exactly one policy can be specified, cannot specify \"validValues\" and "
                        "\"validRange\" at the same time");
    else if (r->valid_values.n && !r->default_.p)
        field_required(fe, PATH(p, "default"), "required when validValues is defined");
    else if (r->valid_values.n)
        check_options(fe, PATH(p, "validValues"), most, r);
    else if (r->valid_range && !r->default_.p)
        field_required(fe, PATH(p, "default"), "required when validRange is defined");
    else if (r->valid_range)
        check_range(fe, PATH(p, "validRange"), most, r->default_, r->valid_range);
}

/* ---- attributes ---- */

/* [0-9]+ without leading zeros; the rest in *s. */
static bool take_number(str *s) {
    size_t n = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (!n || (n > 1 && s->p[0] == '0'))
        return false;
    *s = str_slice(*s, n, s->n);
    return true;
}

static bool is_identifiers(str s, bool release) {
    while (s.p) {
        str id = str_cut(&s, '.'), rest = id;
        bool digits = id.n > 0;
        for (size_t i = 0; i < id.n; i++) {
            char c = id.p[i];
            bool digit = c >= '0' && c <= '9';
            if (!digit && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-')
                return false;
            digits &= digit;
        }
        if (!id.n || (release && digits && !take_number(&rest)))
            return false;
    }
    return true;
}

static bool is_semver(str s) {
    ssize_t plus = str_chr(s, '+');
    if (plus >= 0 && !is_identifiers(str_slice(s, (size_t)plus + 1, s.n), false))
        return false;
    if (plus >= 0)
        s = str_slice(s, 0, (size_t)plus);
    for (int i = 0; i < 3; i++) {
        if (i && !str_starts(s, STR(".")))
            return false;
        if (i)
            s = str_slice(s, 1, s.n);
        if (!take_number(&s))
            return false;
    }
    return !s.n || (s.p[0] == '-' && is_identifiers(str_slice(s, 1, s.n), true));
}

static void check_attribute(struct field_errors *fe, const struct field_path *p,
                            const DeviceAttribute *a) {
    unsigned n = a->bool_value.set + a->int_value.set + !!a->string_value.p + !!a->version_value.p;
    check_rows(fe, p, DeviceAttribute, a, "string");
    if (a->version_value.p && !is_semver(a->version_value))
        field_invalid(fe, PATH(p, "version"), a->version_value,
                      "must be a string compatible with semver.org spec 2.0.0");
    check_rows(fe, p, DeviceAttribute, a, "version");
    if (!n)
        field_invalid(fe, p, STR_NONE, "exactly one value must be specified");
    else if (n > 1)
        field_invalid_printed(fe, p, go_json(fe->arena, &DeviceAttribute_type, a),
                              "exactly one value must be specified");
}

/* A long key is shown by its ends. */
static str shown(struct arena *a, str key, size_t max) {
    size_t rest = max - 3;
    if (key.n <= max)
        return key;
    return str_concat(a, str_concat(a, str_slice(key, 0, (rest + 1) / 2), STR("...")),
                      str_slice(key, key.n - rest / 2, key.n));
}

/* ---- devices ---- */

static void check_properties(struct field_errors *fe, const struct field_path *p, const Device *d,
                             const Device *old) {
    uint32_t n = d->attributes.n + d->capacity.n;
    bool shared = opt_or(d->allow_multiple_allocations, false);
    if (n > PROPERTIES_MAX)
        field_invalid_i64(fe, p, n,
                          "the total number of attributes and capacities must not exceed 32");
    for (uint32_t i = 0; i < d->attributes.n; i++) {
        str key = d->attributes.v[i].key;
        dra_check_name(fe, PATH(p, "attributes"), key, false);
        check_attribute(fe, PATH_KEY(PATH(p, "attributes"), shown(fe->arena, key, KEY_SHOWN_MAX)),
                        &d->attributes.v[i].value);
    }
    bool same = old && old->capacity.n == d->capacity.n;
    for (uint32_t i = 0; same && i < d->capacity.n; i++)
        same = str_eq(d->capacity.v[i].key, old->capacity.v[i].key) &&
               api_equal(&DeviceCapacity_type, &d->capacity.v[i].value, &old->capacity.v[i].value);
    for (uint32_t i = 0; !same && i < d->capacity.n; i++) {
        str key = d->capacity.v[i].key;
        const DeviceCapacity *c = &d->capacity.v[i].value;
        const struct field_path *at = PATH(
            PATH_KEY(PATH(p, "capacity"), shown(fe->arena, key, KEY_SHOWN_MAX)), "requestPolicy");
        dra_check_name(fe, PATH(p, "capacity"), key, false);
        if (c->request_policy && shared)
            check_policy(fe, at, c->value, c->request_policy);
        else if (c->request_policy)
            field_forbidden(fe, at, "allowMultipleAllocations must be true");
    }
}

static void check_taints(struct field_errors *fe, const struct field_path *p, const Device *d,
                         const Device *old) {
    bool same = old && old->taints.n == d->taints.n;
    for (uint32_t i = 0; same && i < d->taints.n; i++)
        same = api_equal(&DeviceTaint_type, &d->taints.v[i], &old->taints.v[i]);
    if (same || dra_too_many(fe, p, d->taints.n, TAINTS_MAX))
        return;
    for (uint32_t i = 0; i < d->taints.n; i++)
        dra_check_taint(fe, PATH_INDEX(p, i), &d->taints.v[i]);
}

/* A set of counters by its name, of which each has one too. */
static void check_counters(struct field_errors *fe, const struct field_path *p, const char *name,
                           const DeviceCounterConsumption *c) {
    check_name_required(fe, PATH(p, name), c->counter_set, name_dns1123_label);
    if (!c->counters.n)
        field_required(fe, PATH(p, "counters"), NULL);
    if (dra_too_many(fe, PATH(p, "counters"), c->counters.n, COUNTERS_MAX))
        return;
    for (uint32_t i = 0; i < c->counters.n; i++)
        field_check_name(fe, PATH(p, "counters"), c->counters.v[i].key, name_dns1123_label);
}

static void check_consumption(struct field_errors *fe, const struct field_path *p,
                              const Device *d) {
    uint32_t n = d->consumes_counters.n;
    const DeviceCounterConsumption *v = d->consumes_counters.v;
    if (dra_too_many(fe, p, n, CONSUMPTIONS_MAX))
        return;
    for (uint32_t i = 0; i < n; i++)
        check_counters(fe, PATH_INDEX(p, i), "counterSet", &v[i]);
    dra_check_unique(fe, p, n ? &v->counter_set : NULL, n, sizeof(*v));
}

/* Names of what is set, as upstream lists them: "{`nodeName`, `allNodes`}". */
struct chosen {
    struct buf text;
    unsigned n;
};

static void choose(struct chosen *c, const char *name) {
    buf_printf(&c->text, "%s`%s`", c->n++ ? ", " : "{", name);
}

static void check_one_chosen(struct field_errors *fe, const struct field_path *p, struct chosen *c,
                             const char *none, const char *many) {
    if (c->n == 0)
        field_required(fe, p, none);
    buf_addc(&c->text, '}');
    if (c->n > 1)
        field_invalid(fe, p, buf_str(&c->text), "%s", many);
    buf_done(&c->text);
}

static void check_true(struct field_errors *fe, const struct field_path *p, struct opt_bool v,
                       struct chosen *c, const char *name) {
    if (v.set && v.v)
        choose(c, name);
    else if (v.set)
        field_invalid_printed(fe, PATH(p, name), STR("false"),
                              "must be either unset or set to true");
}

static void check_node_name(struct field_errors *fe, const struct field_path *p, str name,
                            struct chosen *c, const char *empty) {
    if (name.n) {
        choose(c, "nodeName");
        field_check_name(fe, PATH(p, "nodeName"), name, name_dns1123_subdomain);
    } else if (name.p) {
        field_invalid(fe, PATH(p, "nodeName"), name, "%s", empty);
    }
}

static void check_device_node(struct field_errors *fe, const struct field_path *p, const Device *d,
                              bool each) {
    static const char text[] = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is "
                               "required when `perDeviceNodeSelection` is set to true in the "
                               "ResourceSlice spec";
    struct chosen c = {0};
    if (!each && (d->node_name.p || d->node_selector || d->all_nodes.set))
        field_invalid_printed(fe, p, STR("null"),
                              "`nodeName`, `nodeSelector` and `allNodes` can only be set if "
                              "`perDeviceNodeSelection` is set to true in the ResourceSlice spec");
    if (!each)
        return;
    check_node_name(fe, p, d->node_name, &c, "must not be empty");
    if (d->node_selector) {
        choose(&c, "nodeSelector");
        check_node_selector(fe, PATH(p, "nodeSelector"), d->node_selector);
    }
    check_true(fe, p, d->all_nodes, &c, "allNodes");
    check_one_chosen(fe, p, &c, text, text);
}

static void check_device(struct field_errors *fe, const struct field_path *p, const Device *d,
                         const Device *old, bool each) {
    field_check_name(fe, PATH(p, "name"), d->name, name_dns1123_label);
    check_properties(fe, p, d, old);
    check_taints(fe, PATH(p, "taints"), d, old);
    check_consumption(fe, PATH(p, "consumesCounters"), d);
    check_device_node(fe, p, d, each);
    dra_check_binding(fe, p, &d->binding_conditions, &d->binding_failure_conditions);
}

/* ---- the slice ---- */

static void check_pool(struct field_errors *fe, const struct field_path *p, const ResourcePool *l) {
    dra_check_pool_name(fe, PATH(p, "name"), l->name);
    if (l->resource_slice_count <= 0)
        field_invalid_i64(fe, PATH(p, "resourceSliceCount"), l->resource_slice_count,
                          "must be greater than zero");
    if (l->generation < 0)
        field_invalid_i64(fe, PATH(p, "generation"), l->generation,
                          "must be greater than or equal to zero");
}

#define ONE_OF_NODES                                                                               \
    "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"

static void check_nodes(struct field_errors *fe, const struct field_path *p,
                        const ResourceSliceSpec *s) {
    const NodeSelector *n = s->node_selector;
    struct chosen c = {0};
    check_node_name(fe, p, s->node_name, &c, "must be either unset or set to a non-empty string");
    if (n) {
        choose(&c, "nodeSelector");
        check_node_selector(fe, PATH(p, "nodeSelector"), n);
        if (n->node_selector_terms.n != 1)
            field_invalid_printed(fe, PATH(PATH(p, "nodeSelector"), "nodeSelectorTerms"),
                                  go_json_list(fe->arena, &NodeSelectorTerm_type,
                                               n->node_selector_terms.v, n->node_selector_terms.n),
                                  "must have exactly one node selector term");
    }
    check_true(fe, p, s->all_nodes, &c, "allNodes");
    check_true(fe, p, s->per_device_node_selection, &c, "perDeviceNodeSelection");
    check_one_chosen(fe, p, &c, ONE_OF_NODES, ONE_OF_NODES ", but multiple fields are set");
}

static uint32_t devices_max(const ResourceSliceSpec *s) {
    for (uint32_t i = 0; i < s->devices.n; i++)
        if (s->devices.v[i].taints.n || s->devices.v[i].consumes_counters.n)
            return DEVICES_ADVANCED_MAX;
    return DEVICES_MAX;
}

static void check_devices(struct field_errors *fe, const struct field_path *p,
                          const ResourceSliceSpec *s, const ResourceSliceSpec *was) {
    uint32_t n = s->devices.n, m = was ? was->devices.n : 0;
    struct name_index old =
        name_index_of(fe->arena, m ? &was->devices.v->name : NULL, m, sizeof(*s->devices.v));
    if (dra_too_many(fe, p, n, devices_max(s)))
        return;
    for (uint32_t i = 0; i < n; i++) {
        int64_t at = name_index_first(&old, s->devices.v[i].name);
        check_device(fe, PATH_INDEX(p, i), &s->devices.v[i], at < 0 ? NULL : &was->devices.v[at],
                     opt_or(s->per_device_node_selection, false));
    }
    dra_check_unique(fe, p, n ? &s->devices.v->name : NULL, n, sizeof(*s->devices.v));
}

static void check_counter_sets(struct field_errors *fe, const struct field_path *p,
                               const ResourceSliceSpec *s) {
    uint32_t n = s->shared_counters.n;
    const CounterSet *v = s->shared_counters.v;
    if (dra_too_many(fe, p, n, COUNTER_SETS_MAX))
        return;
    for (uint32_t i = 0; i < n; i++) {
        DeviceCounterConsumption c = {.counter_set = v[i].name};
        memcpy(&c.counters, &v[i].counters, sizeof(c.counters));
        check_counters(fe, PATH_INDEX(p, i), "name", &c);
    }
    dra_check_unique(fe, p, n ? &v->name : NULL, n, sizeof(*v));
}

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const ResourceSliceSpec *s = &((const ResourceSlice *)obj)->spec;
    const ResourceSliceSpec *was = old ? &((const ResourceSlice *)old)->spec : NULL;
    const struct field_path *p = PATH(NULL, "spec");
    check_csi_driver(fe, PATH(p, "driver"), s->driver);
    check_pool(fe, PATH(p, "pool"), &s->pool);
    if (was) {
        check_same(fe, PATH(PATH(p, "pool"), "name"), s->pool.name, was->pool.name);
        check_same(fe, PATH(p, "driver"), s->driver, was->driver);
        check_same(fe, PATH(p, "nodeName"), s->node_name, was->node_name);
    }
    check_nodes(fe, p, s);
    if (s->shared_counters.n && s->devices.n)
        field_invalid(fe, p, STR_NONE, "only one of `sharedCounters` or `devices` is allowed");
    check_devices(fe, PATH(p, "devices"), s, was);
    check_counter_sets(fe, PATH(p, "sharedCounters"), s);
}

const struct hooks hooks_resource_v1_resourceslices = {
    .group = "resource.k8s.io",
    .resource = "resourceslices",
    .defaults = defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .validate_write = validate,
    .counts_generation = true,
};
