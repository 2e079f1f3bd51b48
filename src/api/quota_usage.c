// SPDX-License-Identifier: Apache-2.0
#include "api/quota_usage.h"

#include "api/kinds/pod_validate.h"
#include "base/vec.h"
#include "schema/quantity.h"

#define CLASS_SUFFIX     ".storageclass.storage.k8s.io/"
#define CLASS_ANNOTATION "volume.beta.kubernetes.io/storage-class"
#define DEVICES_SUFFIX   ".deviceclass.resource.k8s.io/devices"
/* Devices of a class that containers ask for as they do for extended resources. */
#define CLASS_RESOURCE "deviceclass.resource.kubernetes.io/"
#define DEVICES_MAX    32 /* of a claim */

/* Counted under their plain names as well, from before there was count/. */
static const struct api_resource *const plain[] = {
    RESOURCE_OF(core_v1_configmaps),     RESOURCE_OF(core_v1_secrets),
    RESOURCE_OF(core_v1_resourcequotas), RESOURCE_OF(core_v1_replicationcontrollers),
    RESOURCE_OF(core_v1_services),       RESOURCE_OF(core_v1_persistentvolumeclaims),
};

static bool is_plain(const struct api_resource *st) {
    for (size_t i = 0; i < ARRAY_LEN(plain); i++)
        if (plain[i] == st)
            return true;
    return false;
}

static str count_name(struct arena *a, const struct api_resource *st) {
    return str_printf(a, "count/%s%s%s", st->plural, st->group[0] ? "." : "", st->group);
}

static bool is_count_name(const struct api_resource *st, str name) {
    struct arena a;
    arena_init(&a, 0);
    bool same = str_eq(count_name(&a, st), name);
    arena_done(&a);
    return same;
}

/* "requests.example.com/gpu" */
static bool is_extended(str name) {
    str rest = str_slice(name, sizeof("requests.") - 1, name.n);
    ssize_t slash = str_chr(rest, '/');
    return str_starts(name, STR("requests.")) && slash >= 0 &&
           (str_starts(rest, STR(CLASS_RESOURCE)) ||
            str_find(str_slice(rest, 0, (size_t)slash), STR("kubernetes.io")) < 0);
}

static bool pod_counts(str name) {
    return str_eqc(name, "pods") || resource_is_compute(name) || is_hugepages(name) ||
           str_starts(name, STR("requests.hugepages-")) || is_extended(name);
}

bool quota_counts(const struct api_resource *st, str name) {
    if (is_count_name(st, name) || (is_plain(st) && str_eqc(name, st->plural)))
        return true;
    if (st == RESOURCE_OF(core_v1_pods))
        return pod_counts(name);
    if (st == RESOURCE_OF(core_v1_services))
        return str_eqc(name, "services.nodeports") || str_eqc(name, "services.loadbalancers");
    if (st == RESOURCE_OF(core_v1_persistentvolumeclaims))
        return str_eqc(name, "requests.storage") ||
               str_ends(name, STR(CLASS_SUFFIX "requests.storage")) ||
               str_ends(name, STR(CLASS_SUFFIX "persistentvolumeclaims"));
    return st == RESOURCE_OF(resource_v1_resourceclaims) && str_ends(name, STR(DEVICES_SUFFIX));
}

/* ---- pods ---- */

static str_map compute_usage(struct arena *a, const str_map *requests, const str_map *limits) {
    static const char *const basic[] = {"cpu", "memory", "ephemeral-storage", NULL};
    str_map as_named = {0}, requested = {0}, limited = {0};
    for (uint32_t i = 0; i < requests->n; i++) {
        const struct str_pair *e = &requests->v[i];
        str name = str_concat(a, STR("requests."), e->key);
        bool both = str_in(e->key, basic) || is_hugepages(e->key);
        if (both)
            *list_push(a, &as_named) = *e;
        if (both || is_extended(name))
            *list_push(a, &requested) = (struct str_pair){name, e->value};
    }
    for (uint32_t i = 0; i < limits->n; i++)
        if (str_in(limits->v[i].key, basic))
            *list_push(a, &limited) = (struct str_pair){
                str_concat(a, STR("limits."), limits->v[i].key), limits->v[i].value};
    entry_put(a, &as_named, STR("pods"), STR("1"));
    as_named = maps_union(a, &as_named, &requested);
    return maps_union(a, &as_named, &limited);
}

/* Over, or should have been gone by now. */
static bool is_over(const Pod *p, int64_t now) {
    const ObjectMeta *m = &p->metadata;
    if (str_eqc(p->status.phase, "Failed") || str_eqc(p->status.phase, "Succeeded"))
        return true;
    return m->deletion_timestamp.set && m->deletion_grace_period_seconds.set &&
           now > m->deletion_timestamp.sec + m->deletion_grace_period_seconds.v;
}

static void pod_usage(struct arena *a, str_map *m, const Pod *p, int64_t now) {
    if (is_over(p, now))
        return;
    Pod sized = *p;
    sized.spec = pod_spec_resized(a, p);
    str_map requests = pod_requests_list(a, &sized), limits = pod_limits_list(a, &sized);
    str_map compute = compute_usage(a, &requests, &limits);
    amounts_add(a, m, &compute);
}

/* The containers of v that do not say it. */
static void note_missing(struct arena *a, const Container *v, uint32_t n, str name, str_list *who) {
    for (uint32_t i = 0; i < n; i++) {
        str_map has = compute_usage(a, &v[i].resources.requests, &v[i].resources.limits);
        if (!amounts_get(&has, name))
            *list_push(a, who) = v[i].name;
    }
}

static bool any_for_pods(const str_map *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eqc(m->v[i].key, "cpu") || str_eqc(m->v[i].key, "memory") ||
            is_hugepages(m->v[i].key))
            return true;
    return false;
}

/* A pod that says what it needs as a whole leaves it to its containers. */
str quota_missing(struct arena *a, const Pod *p, const str_map *hard) {
    static const char *const names[] = {
        "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory", NULL};
    str_list texts = {0};
    const ResourceRequirements *whole = p->spec.resources;
    if (whole && (any_for_pods(&whole->requests) || any_for_pods(&whole->limits)))
        return STR_NONE;
    for (uint32_t i = 0; i < hard->n; i++) {
        str name = hard->v[i].key;
        str_list who = {0};
        if (!str_in(name, names))
            continue;
        note_missing(a, p->spec.containers.v, p->spec.containers.n, name, &who);
        note_missing(a, p->spec.init_containers.v, p->spec.init_containers.n, name, &who);
        struct name_index sorted = name_index_of(a, who.v, who.n, sizeof(str));
        for (uint32_t j = 0; j < who.n; j++)
            who.v[j] = sorted.v[j].name;
        if (who.n)
            *list_push(a, &texts) = str_printf(a, STR_FMT " for: " STR_FMT, STR_ARG(name),
                                               STR_ARG(str_join(a, who.v, who.n, STR(","))));
    }
    if (!texts.n)
        return STR_NONE;
    return str_concat(a, STR("must specify "), str_join(a, texts.v, texts.n, STR("; ")));
}

/* ---- others ---- */

static void service_usage(struct arena *a, str_map *m, const Service *s) {
    bool balancer = str_eqc(s->spec.type, "LoadBalancer");
    uint32_t ports = 0;
    if (str_eqc(s->spec.type, "NodePort") ||
        (balancer && opt_or(s->spec.allocate_load_balancer_node_ports, true)))
        ports = s->spec.ports.n;
    else if (balancer)
        for (uint32_t i = 0; i < s->spec.ports.n; i++)
            ports += s->spec.ports.v[i].node_port != 0;
    entry_put(a, m, STR("services.nodeports"), str_printf(a, "%u", ports));
    entry_put(a, m, STR("services.loadbalancers"), balancer ? STR("1") : STR("0"));
}

/* In whole bytes: what is asked for, or what is held already of a size that was given up. */
static Quantity storage_of(struct arena *a, const PersistentVolumeClaim *c) {
    const Quantity *spec = amounts_get(&c->spec.resources.requests, STR("storage")),
                   *held = amounts_get(&c->status.allocated_resources, STR("storage"));
    if (!spec)
        return STR_NONE;
    Quantity most = held && amount_cmp(*spec, *held) < 0 ? *held : *spec;
    struct quantity q = quantity_of(most);
    return quantity_is_whole(&q) ? most : str_printf(a, "%lld", (long long)quantity_value(&q));
}

static void claim_usage(struct arena *a, str_map *m, const PersistentVolumeClaim *c) {
    Quantity q = storage_of(a, c);
    str class = label_get(&c->metadata.annotations, STR(CLASS_ANNOTATION));
    if (!class.p)
        class = c->spec.storage_class_name;
    if (class.n)
        entry_put(a, m, str_concat(a, class, STR(CLASS_SUFFIX "persistentvolumeclaims")), STR("1"));
    if (!q.p)
        return;
    entry_put(a, m, STR("requests.storage"), q);
    if (class.n)
        entry_put(a, m, str_concat(a, class, STR(CLASS_SUFFIX "requests.storage")), q);
}

/* How many devices may come of it: "All" has no number but the most a claim can hold. */
static int64_t devices_of(str mode, int64_t count) {
    return str_eqc(mode, "ExactCount") ? count : DEVICES_MAX;
}

static void note_devices(struct arena *a, str_map *m, str class, int64_t n, bool most) {
    str name = str_concat(a, class, STR(DEVICES_SUFFIX));
    const Quantity *there = amounts_get(m, name);
    struct quantity was = quantity_of(there ? *there : STR("0"));
    int64_t had = quantity_value(&was), sum = most ? MAX(had, n) : had + MIN(n, INT64_MAX - had);
    entry_put(a, m, name, str_printf(a, "%lld", (long long)sum));
}

/* Of alternatives the most that any of a class may need. */
static void device_usage(struct arena *a, str_map *m, const resource_v1_ResourceClaim *c) {
    for (uint32_t i = 0; i < c->spec.devices.requests.n; i++) {
        const DeviceRequest *r = &c->spec.devices.requests.v[i];
        const ExactDeviceRequest *e = r->exactly;
        str_map alternatives = {0};
        if (!r->first_available.n && e)
            note_devices(a, m, e->device_class_name, devices_of(e->allocation_mode, e->count),
                         false);
        for (uint32_t k = 0; k < r->first_available.n; k++) {
            const DeviceSubRequest *s = &r->first_available.v[k];
            note_devices(a, &alternatives, s->device_class_name,
                         devices_of(s->allocation_mode, s->count), true);
        }
        amounts_add(a, m, &alternatives);
    }
}

str_map quota_usage(struct arena *a, const struct api_resource *st, const void *obj, int64_t now) {
    str_map m = {0};
    entry_put(a, &m, count_name(a, st), STR("1"));
    if (is_plain(st))
        entry_put(a, &m, str_of(st->plural), STR("1"));
    if (st == RESOURCE_OF(core_v1_pods))
        pod_usage(a, &m, obj, now);
    else if (st == RESOURCE_OF(core_v1_services))
        service_usage(a, &m, obj);
    else if (st == RESOURCE_OF(core_v1_persistentvolumeclaims))
        claim_usage(a, &m, obj);
    else if (st == RESOURCE_OF(resource_v1_resourceclaims))
        device_usage(a, &m, obj);
    return m;
}

/* ---- scopes ---- */

static bool crosses(const PodAffinityTerm *t) {
    return t->namespaces.n || t->namespace_selector;
}

static bool crosses_namespaces(const Pod *p) {
    struct pod_terms terms[POD_TERMS_MAX];
    pod_terms(p->spec.affinity, terms);
    bool found = false;
    for (int k = 0; k < POD_TERMS_MAX; k++) {
        for (uint32_t i = 0; i < terms[k].n; i++)
            found |= crosses(&terms[k].v[i]);
        for (uint32_t i = 0; i < terms[k].n_weighted; i++)
            found |= crosses(&terms[k].weighted[i].pod_affinity_term);
    }
    return found;
}

static bool in_values(const str_list *l, str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return true;
    return false;
}

static bool priority_matches(const Pod *p, const ScopedResourceSelectorRequirement *r) {
    str name = p->spec.priority_class_name;
    if (str_eqc(r->operator_, "In"))
        return name.n && in_values(&r->values, name);
    if (str_eqc(r->operator_, "NotIn"))
        return !name.n || !in_values(&r->values, name);
    return str_eqc(r->operator_, "DoesNotExist") ? !name.n : name.n > 0;
}

static bool ends(const Pod *p) {
    return p->spec.active_deadline_seconds.set && p->spec.active_deadline_seconds.v >= 0;
}

static bool scope_matches(const Pod *p, const ScopedResourceSelectorRequirement *r) {
    str scope = r->scope_name;
    if (str_eqc(scope, "Terminating"))
        return ends(p);
    if (str_eqc(scope, "NotTerminating"))
        return !ends(p);
    if (str_eqc(scope, "BestEffort"))
        return strcmp(pod_qos(&p->spec), "BestEffort") == 0;
    if (str_eqc(scope, "NotBestEffort"))
        return strcmp(pod_qos(&p->spec), "BestEffort") != 0;
    if (str_eqc(scope, "PriorityClass"))
        return priority_matches(p, r);
    return str_eqc(scope, "CrossNamespacePodAffinity") && crosses_namespaces(p);
}

static str target_class(const PersistentVolumeClaim *c) {
    const ModifyVolumeStatus *change = c->status.modify_volume_status;
    return change ? change->target_volume_attributes_class_name : STR_NONE;
}

/* The classes that a claim has, is given, or shall have. */
static bool claim_matches(const PersistentVolumeClaim *c,
                          const ScopedResourceSelectorRequirement *r) {
    const str names[] = {c->spec.volume_attributes_class_name,
                         c->status.current_volume_attributes_class_name, target_class(c)};
    bool any = false, in = false, out = false;
    if (!str_eqc(r->scope_name, "VolumeAttributesClass"))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        bool listed = names[i].n && in_values(&r->values, names[i]);
        any |= names[i].n > 0;
        in |= listed;
        out |= names[i].n && !listed;
    }
    if (str_eqc(r->operator_, "In"))
        return in;
    if (str_eqc(r->operator_, "NotIn"))
        return !any || out;
    return str_eqc(r->operator_, "DoesNotExist") ? !any : any;
}

/* In what counts of a status. */
static bool claim_changed(const PersistentVolumeClaim *c, const PersistentVolumeClaim *was) {
    const Quantity *now = amounts_get(&c->status.allocated_resources, STR("storage")),
                   *had = amounts_get(&was->status.allocated_resources, STR("storage"));
    return amount_cmp(now ? *now : STR("0"), had ? *had : STR("0")) ||
           !str_eq(c->status.current_volume_attributes_class_name,
                   was->status.current_volume_attributes_class_name) ||
           !str_eq(target_class(c), target_class(was));
}

static bool matches(const struct api_resource *st, const void *obj,
                    const ScopedResourceSelectorRequirement *r) {
    if (st == RESOURCE_OF(core_v1_pods))
        return scope_matches(obj, r);
    return st == RESOURCE_OF(core_v1_persistentvolumeclaims) && claim_matches(obj, r);
}

bool quota_concerned_again(const struct api_resource *st, const char *sub, const void *obj,
                           const void *old) {
    if (st == RESOURCE_OF(core_v1_pods))
        return sub ? strcmp(sub, "resize") == 0 : ends(obj) != ends(old);
    if (st == RESOURCE_OF(core_v1_persistentvolumeclaims))
        return !sub || (strcmp(sub, "status") == 0 && claim_changed(obj, old));
    return !sub &&
           (st == RESOURCE_OF(core_v1_services) || st == RESOURCE_OF(resource_v1_resourceclaims));
}

bool quota_in_scope(const struct api_resource *st, const ResourceQuotaSpec *spec, const void *obj) {
    for (uint32_t i = 0; i < spec->scopes.n; i++)
        if (!matches(st, obj,
                     &(ScopedResourceSelectorRequirement){.scope_name = spec->scopes.v[i],
                                                          .operator_ = STR("Exists")}))
            return false;
    for (uint32_t i = 0; spec->scope_selector && i < spec->scope_selector->match_expressions.n; i++)
        if (!matches(st, obj, &spec->scope_selector->match_expressions.v[i]))
            return false;
    return true;
}
