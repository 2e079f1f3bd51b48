// SPDX-License-Identifier: Apache-2.0
/* Defaults of pods that look at a second field; all others are rows. Some hold for every PodSpec,
 * some only for that of a Pod, for upstream may not change the hash of a template it once
 * stored. */
#include "api/kinds/kinds.h"
#include "api/resource_list.h"

/* Always for a tag "latest", written or implied; a digest alone implies no tag. */
static str pull_policy(str image) {
    str rest = image, name = str_cut(&rest, '@');
    bool digest = rest.p != NULL;
    ssize_t slash = -1, colon;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] == '/')
            slash = (ssize_t)i;
    str last = str_slice(name, (size_t)(slash + 1), name.n);
    colon = str_chr(last, ':');
    str tag = colon >= 0 ? str_slice(last, (size_t)colon + 1, last.n) : STR_NONE;
    bool latest = colon >= 0 ? str_eqc(tag, "latest") : image.n && !digest;
    return latest ? STR("Always") : STR("IfNotPresent");
}

static void volume_defaults(struct arena *a, Volume *v) {
    static const VolumeSource none;
    VolumeSource *s = &v->volume_source;
    if (!memcmp(s, &none, sizeof(none)))
        s->empty_dir = arena_make(a, EmptyDirVolumeSource);
    if (s->image && !s->image->pull_policy.n)
        s->image->pull_policy = pull_policy(s->image->reference);
}

void pod_spec_defaults(struct arena *a, PodSpec *s) {
    for (uint32_t i = 0; i < s->volumes.n; i++)
        volume_defaults(a, &s->volumes.v[i]);
    for (uint32_t i = 0; i < s->init_containers.n; i++)
        if (!s->init_containers.v[i].image_pull_policy.n)
            s->init_containers.v[i].image_pull_policy = pull_policy(s->init_containers.v[i].image);
    for (uint32_t i = 0; i < s->containers.n; i++)
        if (!s->containers.v[i].image_pull_policy.n)
            s->containers.v[i].image_pull_policy = pull_policy(s->containers.v[i].image);
    for (uint32_t i = 0; i < s->ephemeral_containers.n; i++) {
        EphemeralContainerCommon *c = &s->ephemeral_containers.v[i].ephemeral_container_common;
        if (!c->image_pull_policy.n)
            c->image_pull_policy = pull_policy(c->image);
    }
    /* Two names of one field; the older follows the newer. */
    if (!s->service_account_name.n)
        s->service_account_name = s->deprecated_service_account;
    s->deprecated_service_account = s->service_account_name;
}

/* What is limited and not requested is requested at its limit. */
static void requests_from_limits(struct arena *a, ResourceRequirements *r) {
    r->requests = maps_union(a, &r->requests, &r->limits);
}

static void container_defaults(struct arena *a, Container *c, bool host_network) {
    requests_from_limits(a, &c->resources);
    for (uint32_t i = 0; host_network && i < c->ports.n; i++)
        if (!c->ports.v[i].host_port)
            c->ports.v[i].host_port = c->ports.v[i].container_port;
}

static bool overcommits(str name) {
    return str_eqc(name, "cpu") || str_eqc(name, "memory");
}

/* What the pod as a whole asks for, where it says only a part: what its containers ask for
 * together, else its limit; huge pages are limited to what the containers may use. */
static void pod_level_defaults(struct arena *a, PodSpec *s) {
    ResourceRequirements *r = s->resources;
    if (!r || (!r->limits.n && !r->requests.n))
        return;
    str_map requests = containers_total(a, s, false), limits = containers_total(a, s, true);
    str_map compute = {0}, pages = {0};
    for (uint32_t i = 0; i < limits.n; i++)
        if (is_hugepages(limits.v[i].key) && !label_has(&r->requests, limits.v[i].key))
            *list_push(a, &pages) = limits.v[i];
    r->limits = maps_union(a, &r->limits, &pages);
    for (uint32_t i = 0; r->limits.n && i < requests.n; i++)
        if (overcommits(requests.v[i].key))
            *list_push(a, &compute) = requests.v[i];
    r->requests = maps_union(a, &r->requests, &compute);
    requests_from_limits(a, r);
}

void pod_defaults(struct hook_ctx *h, void *obj) {
    PodSpec *s = &((Pod *)obj)->spec;
    pod_spec_defaults(h->arena, s);
    if (!s->enable_service_links.set)
        s->enable_service_links = (struct opt_bool){true, true};
    for (uint32_t i = 0; i < s->init_containers.n; i++)
        container_defaults(h->arena, &s->init_containers.v[i], s->host_network);
    for (uint32_t i = 0; i < s->containers.n; i++)
        container_defaults(h->arena, &s->containers.v[i], s->host_network);
    pod_level_defaults(h->arena, s);
}
