// SPDX-License-Identifier: Apache-2.0
/* What a status of a pod may say. Conditions are looked for under metadata, as upstream reports
 * them. */
#include "api/ip.h"
#include "api/kinds/pod_validate.h"

#define HEALTH_MESSAGE_MAX 1024

static void check_pod_conditions(struct field_errors *fe, const struct field_path *list,
                                 const PodStatus *s) {
    static const char *const of_system[] = {"PodScheduled", "Ready", "Initialized", NULL};
    for (uint32_t i = 0; i < s->conditions.n && !field_errors_full(fe); i++) {
        const PodCondition *c = &s->conditions.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (c->observed_generation < 0)
            field_check_not_negative(fe, PATH(p, "observedGeneration"), c->observed_generation);
        if (!str_in(c->type, of_system))
            field_check_name(fe, PATH(p, "Type"), c->type, name_qualified);
    }
}

struct containers {
    const Container *v;
    struct name_index names;
};

static struct containers containers_of(struct arena *a, const Container *v, uint32_t n) {
    return (struct containers){v, name_index_of(a, n ? &v->name : NULL, n, sizeof(*v))};
}

static const Container *named(const struct containers *c, str name) {
    int64_t at = name_index_first(&c->names, name);
    return at < 0 ? NULL : &c->v[at];
}

/* Ended containers that are not started again stay ended. */
static bool may_run_again(const ContainerStatus *was, const struct containers *of, str restart) {
    const Container *c = named(of, was->name);
    bool failed = was->state.terminated && was->state.terminated->exit_code != 0;
    if (str_eqc(restart, "Always") || !was->state.terminated ||
        (failed && str_eqc(restart, "OnFailure")))
        return true;
    return c && (c->restart_policy_rules.n || restarts_always(c) ||
                 (failed && str_eqc(c->restart_policy, "OnFailure")));
}

static void check_transitions(struct field_errors *fe, const struct field_path *list,
                              const ContainerStatus *v, uint32_t n, const ContainerStatus *old,
                              uint32_t n_old, const struct containers *of, str restart) {
    struct name_index now = name_index_of(fe->arena, n ? &v->name : NULL, n, sizeof(*v));
    for (uint32_t i = 0; i < n_old && !field_errors_full(fe); i++) {
        int64_t at = name_index_first(&now, old[i].name);
        if (at >= 0 && !v[at].state.terminated && !may_run_again(&old[i], of, restart))
            field_forbidden(fe, PATH(PATH_INDEX(list, i), "state"),
                            "may not be transitioned to non-terminated state");
    }
}

static void check_all_transitions(struct field_errors *fe, const struct field_path *p,
                                  const PodStatus *s, const Pod *old) {
    const PodStatus *was = &old->status;
    const PodSpec *spec = &old->spec;
    const struct containers none = {0},
                            apps = containers_of(fe->arena, spec->containers.v, spec->containers.n),
                            inits = containers_of(fe->arena, spec->init_containers.v,
                                                  spec->init_containers.n);
    check_transitions(fe, PATH(p, "containerStatuses"), s->container_statuses.v,
                      s->container_statuses.n, was->container_statuses.v, was->container_statuses.n,
                      &apps, spec->restart_policy);
    check_transitions(fe, PATH(p, "initContainerStatuses"), s->init_container_statuses.v,
                      s->init_container_statuses.n, was->init_container_statuses.v,
                      was->init_container_statuses.n, &inits, spec->restart_policy);
    check_transitions(fe, PATH(p, "ephemeralContainerStatuses"), s->ephemeral_container_statuses.v,
                      s->ephemeral_container_statuses.n, was->ephemeral_container_statuses.v,
                      was->ephemeral_container_statuses.n, &none, STR("Never"));
}

static void check_claim_statuses(struct field_errors *fe, const struct field_path *list,
                                 const Pod *pod) {
    const PodResourceClaimStatus *v = pod->status.resource_claim_statuses.v;
    uint32_t n = pod->status.resource_claim_statuses.n, n_claims = pod->spec.resource_claims.n;
    struct name_index names = name_index_of(fe->arena, n ? &v->name : NULL, n, sizeof(*v));
    struct name_index claims =
        name_index_of(fe->arena, n_claims ? &pod->spec.resource_claims.v[0].name : NULL, n_claims,
                      sizeof(PodResourceClaim));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        const struct field_path *p = PATH_INDEX(list, i);
        if (name_index_first(&claims, v[i].name) < 0)
            field_invalid(fe, PATH(p, "name"), v[i].name,
                          "must match the name of an entry in `spec.resourceClaims`");
        if (name_index_first(&names, v[i].name) < i)
            field_duplicate(fe, PATH(p, "name"), v[i].name);
        if (v[i].resource_claim_name.p)
            field_check_name(fe, PATH(p, "resourceClaimName"), v[i].resource_claim_name,
                             name_dns1123_subdomain);
    }
}

/* Requests that an extended resource of a container stands for. */
static void check_mapping(struct field_errors *fe, const struct field_path *p,
                          const ContainerExtendedResourceRequest *r, const struct containers *inits,
                          const struct containers *apps) {
    const Container *c = named(inits, r->container_name);
    if (!c)
        c = named(apps, r->container_name);
    if (c && !label_has(&c->resources.requests, r->resource_name))
        field_invalid(fe, PATH(p, "resourceName"), r->resource_name,
                      "must match the resource name in `spec.containers.resources`");
    if (!c)
        field_invalid(fe, PATH(p, "containerName"), r->container_name,
                      "must match the name of an entry in `spec.initContainers.name` or "
                      "`spec.containers.name`");
}

static void check_mappings(struct field_errors *fe, const struct field_path *list,
                           const PodExtendedResourceClaimStatus *s, const PodSpec *spec) {
    const struct containers inits = containers_of(fe->arena, spec->init_containers.v,
                                                  spec->init_containers.n),
                            apps = containers_of(fe->arena, spec->containers.v, spec->containers.n);
    uint32_t n = s->request_mappings.n;
    str *keys = arena_array(fe->arena, n, sizeof(*keys));
    for (uint32_t i = 0; i < n; i++) {
        const ContainerExtendedResourceRequest *r = &s->request_mappings.v[i];
        keys[i] = pair_key(fe->arena, r->container_name,
                           pair_key(fe->arena, r->resource_name, r->request_name));
    }
    struct name_index x = name_index_of(fe->arena, keys, n, sizeof(*keys));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        const ContainerExtendedResourceRequest *r = &s->request_mappings.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_mapping(fe, p, r, &inits, &apps);
        if (name_index_first(&x, keys[i]) == i)
            continue;
        field_duplicate(fe, PATH(p, "containerName"), r->container_name);
        field_duplicate(fe, PATH(p, "resourceName"), r->resource_name);
        field_duplicate(fe, PATH(p, "requestName"), r->request_name);
    }
}

static void check_extended_claim(struct field_errors *fe, const struct field_path *p,
                                 const PodExtendedResourceClaimStatus *s, const PodSpec *spec) {
    const struct field_path *list = PATH(p, "requestMappings");
    if (!s)
        return;
    if (!s->request_mappings.n)
        field_required(fe, list, NULL);
    check_mappings(fe, list, s, spec);
    check_name_required(fe, PATH(p, "resourceClaimName"), s->resource_claim_name,
                        name_dns1123_subdomain);
}

/* ---- addresses ---- */

/* At most one of each family. */
static void check_families(struct field_errors *fe, const struct field_path *p,
                           const str_list *ips) {
    unsigned v4 = 0, v6 = 0;
    for (uint32_t i = 0; i < ips->n; i++) {
        struct ip ip;
        if (ip_parse(ips->v[i], &ip))
            *(ip_is_v4(&ip) ? &v4 : &v6) += 1;
    }
    if (v4 <= 1 && v6 <= 1 && ips->n <= 2)
        return;
    str_list shown = {0};
    for (uint32_t i = 0; i < ips->n; i++)
        *list_push(fe->arena, &shown) =
            str_printf(fe->arena, "{\"IP\":\"" STR_FMT "\"}", STR_ARG(ips->v[i]));
    field_invalid_printed(fe, p,
                          str_printf(fe->arena, "[" STR_FMT "]",
                                     STR_ARG(str_join(fe->arena, shown.v, shown.n, STR(",")))),
                          "may specify no more than one IP for each IP family");
}

static void check_ips(struct field_errors *fe, const struct field_path *p, const str_list *ips) {
    for (uint32_t i = 0; i < ips->n && !field_errors_full(fe); i++)
        field_check_ip(fe, PATH_INDEX(p, i), ips->v[i], NULL);
}

static void check_repeated(struct field_errors *fe, const struct field_path *p,
                           const str_list *ips) {
    struct name_index x = name_index_of(fe->arena, ips->v, ips->n, sizeof(str));
    for (uint32_t i = 0; i < ips->n && !field_errors_full(fe); i++)
        if (name_index_first(&x, ips->v[i]) < i)
            field_duplicate_printed(
                fe, PATH_INDEX(p, i),
                str_printf(fe->arena, "{\"IP\":\"" STR_FMT "\"}", STR_ARG(ips->v[i])));
}

static void check_addresses(struct field_errors *fe, const struct field_path *p,
                            const PodStatus *s) {
    str_list pod = {0}, host = {0};
    const struct field_path *pods = PATH(p, "podIPs"), *hosts = PATH(p, "hostIPs");
    for (uint32_t i = 0; i < s->pod_ips.n; i++)
        *list_push(fe->arena, &pod) = s->pod_ips.v[i].ip;
    for (uint32_t i = 0; i < s->host_ips.n; i++)
        *list_push(fe->arena, &host) = s->host_ips.v[i].ip;
    check_ips(fe, pods, &pod);
    if (pod.n > 1) {
        check_families(fe, pods, &pod);
        check_repeated(fe, pods, &pod);
    }
    if (host.n && !str_eq(host.v[0], s->host_ip))
        field_invalid(fe, PATH(PATH_INDEX(hosts, 0), "ip"), host.v[0], "must be equal to `hostIP`");
    check_ips(fe, hosts, &host);
    if (host.n > 1) {
        check_repeated(fe, hosts, &host);
        check_families(fe, hosts, &host);
    }
}

/* ---- statuses of containers ---- */

static void check_user(struct field_errors *fe, const struct field_path *p, const ContainerUser *u,
                       const PodOS *os) {
    if (!u || !u->linux_)
        return;
    if (os && str_eqc(os->name, "windows")) {
        field_forbidden(fe, p, "cannot be set for a windows pod");
        return;
    }
    check_id(fe, PATH(p, "uid"), (struct opt_i64){true, u->linux_->uid});
    check_id(fe, PATH(p, "gid"), (struct opt_i64){true, u->linux_->gid});
    for (uint32_t i = 0; i < u->linux_->supplemental_groups.n && !field_errors_full(fe); i++)
        check_id(fe, PATH_INDEX(PATH(p, "supplementalGroups"), i),
                 (struct opt_i64){true, u->linux_->supplemental_groups.v[i]});
}

static bool is_claimed(struct arena *a, const ResourceRequirements *r, str name) {
    for (uint32_t i = 0; i < r->claims.n; i++) {
        const ResourceClaim *c = &r->claims.v[i];
        if (str_eq(name, str_printf(a, "claim:" STR_FMT "%s" STR_FMT, STR_ARG(c->name),
                                    c->request.n ? "/" : "", STR_ARG(c->request))))
            return true;
    }
    return false;
}

static void check_allocated(struct field_errors *fe, const struct field_path *p,
                            const ResourceStatus *s, const Container *c) {
    if (!c)
        return;
    bool claim = str_starts(s->name, STR("claim:"));
    if (claim ? is_claimed(fe->arena, &c->resources, s->name)
              : label_has(&c->resources.requests, s->name))
        return;
    field_invalid(fe, PATH(p, "name"), s->name, "%s",
                  claim ? "must match one of the container's resource claims in a format "
                          "'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty"
                        : "must match one of the container's resource requests");
}

static void check_health(struct field_errors *fe, const struct field_path *list,
                         const ResourceStatus *s) {
    static const char *const states[] = {"Healthy", "Unhealthy", "Unknown", NULL};
    uint32_t n = s->resources.n;
    struct name_index ids = name_index_of(fe->arena, n ? &s->resources.v[0].resource_id : NULL, n,
                                          sizeof(ResourceHealth));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        const ResourceHealth *h = &s->resources.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_one_of(fe, PATH(p, "health"), h->health, states);
        if (h->message.p && !h->message.n)
            field_required(fe, PATH(p, "message"), "must not be empty if specified");
        if (h->message.n > HEALTH_MESSAGE_MAX)
            field_too_long(fe, PATH(p, "message"), HEALTH_MESSAGE_MAX);
        if (name_index_first(&ids, h->resource_id) < i)
            field_duplicate(fe, PATH(p, "resourceID"), h->resource_id);
    }
}

/* of NULL: of containers that are given no resources. */
static void check_container_statuses(struct field_errors *fe, const struct field_path *list,
                                     const ContainerStatus *v, uint32_t n,
                                     const struct containers *of, const PodOS *os) {
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        const struct field_path *p = PATH_INDEX(list, i);
        check_user(fe, PATH(PATH(p, "user"), "linux"), v[i].user, os);
        const struct field_path *allocated = PATH(p, "allocatedResourcesStatus");
        if (!of && v[i].allocated_resources_status.n)
            field_forbidden(fe, allocated, "must not be specified in container status");
        for (uint32_t k = 0; of && k < v[i].allocated_resources_status.n; k++) {
            const ResourceStatus *s = &v[i].allocated_resources_status.v[k];
            check_allocated(fe, PATH_INDEX(allocated, k), s, named(of, v[i].name));
            check_health(fe, PATH(PATH_INDEX(allocated, k), "resources"), s);
        }
    }
}

static void check_nominated(struct field_errors *fe, const struct field_path *p, const Pod *pod,
                            const Pod *old) {
    str name = pod->status.nominated_node_name;
    if (!name.n || str_eq(name, old->status.nominated_node_name))
        return;
    field_check_name(fe, p, name, name_dns1123_subdomain);
    if (old->spec.node_name.n)
        field_forbidden(fe, p, "may not be set when spec.nodeName is set");
}

void check_pod_status(struct field_errors *fe, const Pod *pod, const Pod *old) {
    const struct field_path *p = PATH(NULL, "status");
    const PodStatus *s = &pod->status;
    const PodSpec *spec = &pod->spec;
    const struct containers apps = containers_of(fe->arena, spec->containers.v, spec->containers.n),
                            inits = containers_of(fe->arena, spec->init_containers.v,
                                                  spec->init_containers.n);
    check_pod_conditions(fe, PATH(PATH(NULL, "metadata"), "conditions"), s);
    if (!str_eq(pod->spec.node_name, old->spec.node_name))
        field_forbidden(fe, PATH(p, "nodeName"), "may not be changed directly");
    check_nominated(fe, PATH(p, "nominatedNodeName"), pod, old);
    if (s->observed_generation < 0)
        field_check_not_negative(fe, PATH(p, "observedGeneration"), s->observed_generation);
    check_same(fe, PATH(p, "qosClass"), s->qos_class,
               old->status.qos_class.n ? old->status.qos_class : s->qos_class);
    check_all_transitions(fe, p, s, old);
    check_claim_statuses(fe, PATH(p, "resourceClaimStatuses"), pod);
    check_extended_claim(fe, PATH(p, "extendedResourceClaimStatus"),
                         s->extended_resource_claim_status, &pod->spec);
    check_addresses(fe, p, s);
    check_container_statuses(fe, PATH(p, "containerStatuses"), s->container_statuses.v,
                             s->container_statuses.n, &apps, spec->os);
    check_container_statuses(fe, PATH(p, "initContainerStatuses"), s->init_container_statuses.v,
                             s->init_container_statuses.n, &inits, spec->os);
    check_container_statuses(fe, PATH(p, "ephemeralContainerStatuses"),
                             s->ephemeral_container_statuses.v, s->ephemeral_container_statuses.n,
                             NULL, spec->os);
}
