// SPDX-License-Identifier: Apache-2.0
/* A PodSpec as a whole: the parts in upstream's order, and what is too small for a file. */
#include "api/kinds/pod_validate.h"
#include "api/ip.h"

#define NAMESERVERS_MAX  3
#define SEARCHES_MAX     32
#define SEARCH_CHARS_MAX 2048

/* A template may leave the port out: it is given to the pod. */
static void check_host_network(struct field_errors *fe, const struct field_path *list,
                               const PodSpec *s, bool is_pod) {
    for (uint32_t i = 0; s->host_network && i < s->containers.n; i++)
        for (uint32_t k = 0; k < s->containers.v[i].ports.n; k++) {
            const ContainerPort *port = &s->containers.v[i].ports.v[k];
            if ((is_pod || port->host_port) && port->host_port != port->container_port)
                field_invalid_i64(
                    fe, PATH(PATH_INDEX(PATH(PATH_INDEX(list, i), "ports"), k), "hostPort"),
                    port->host_port, "must match `containerPort` when `hostNetwork` is true");
        }
}

static void check_searches(struct field_errors *fe, const struct field_path *p, const str_list *l) {
    size_t chars = 0;
    for (uint32_t i = 0; i < l->n; i++)
        chars += l->v[i].n + (i > 0);
    if (l->n > SEARCHES_MAX)
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "must not have more than %d search paths", SEARCHES_MAX);
    if (chars > SEARCH_CHARS_MAX)
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "must not have more than %d characters (including spaces) in the "
                              "search list",
                              SEARCH_CHARS_MAX);
    for (uint32_t i = 0; i < l->n && !field_errors_full(fe); i++) {
        str d = l->v[i];
        if (str_eqc(d, "."))
            continue;
        if (str_ends(d, STR(".")))
            d.n--;
        field_check_name(fe, PATH_INDEX(p, i), d, name_dns1123_subdomain_underscore);
    }
}

static void check_dns(struct field_errors *fe, const struct field_path *p, const PodSpec *s) {
    const PodDNSConfig *c = s->dns_config;
    if (str_eqc(s->dns_policy, "None") && !c) {
        field_required(fe, p, "must provide `dnsConfig` when `dnsPolicy` is None");
        return;
    }
    if (str_eqc(s->dns_policy, "None") && !c->nameservers.n) {
        field_required(fe, PATH(p, "nameservers"),
                       "must provide at least one DNS nameserver when `dnsPolicy` is None");
        return;
    }
    if (!c)
        return;
    if (c->nameservers.n > NAMESERVERS_MAX)
        field_invalid_printed(fe, PATH(p, "nameservers"), strings_json(fe->arena, &c->nameservers),
                              "must not have more than %d nameservers", NAMESERVERS_MAX);
    for (uint32_t i = 0; i < c->nameservers.n && !field_errors_full(fe); i++)
        field_check_ip(fe, PATH_INDEX(PATH(p, "nameservers"), i), c->nameservers.v[i], NULL);
    check_searches(fe, PATH(p, "searches"), &c->searches);
    for (uint32_t i = 0; i < c->options.n; i++)
        if (!c->options.v[i].name.n)
            field_required(fe, PATH_INDEX(PATH(p, "options"), i), "must not be empty");
}

static void check_gates(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
    for (uint32_t i = 0; i < s->readiness_gates.n; i++)
        field_check_name(fe, PATH(PATH_INDEX(PATH(spec, "readinessGates"), i), "conditionType"),
                         s->readiness_gates.v[i].condition_type, name_qualified);
    struct name_index names = NAME_INDEX(fe->arena, s->scheduling_gates, name);
    for (uint32_t i = 0; i < s->scheduling_gates.n && !field_errors_full(fe); i++) {
        const struct field_path *p = PATH_INDEX(PATH(spec, "schedulingGates"), i);
        str name = s->scheduling_gates.v[i].name;
        field_check_name(fe, p, name, name_qualified);
        if (name_index_first(&names, name) < i)
            field_duplicate(fe, p, name);
    }
}

static void check_names(struct field_errors *fe, const struct field_path *p, const PodSpec *s) {
    check_rows(fe, p, PodSpec, s,
               "serviceAccountName nodeName activeDeadlineSeconds hostname subdomain");
    check_tolerations(fe, PATH(p, "tolerations"), s->tolerations.v, s->tolerations.n);
    for (uint32_t i = 0; i < s->host_aliases.n; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "hostAliases"), i);
        field_check_ip(fe, PATH(at, "ip"), s->host_aliases.v[i].ip, NULL);
        for (uint32_t k = 0; k < s->host_aliases.v[i].hostnames.n; k++)
            field_check_name(fe, PATH_INDEX(PATH(at, "hostnames"), k),
                             s->host_aliases.v[i].hostnames.v[k], name_dns1123_subdomain);
    }
    check_rows(fe, p, PodSpec, s, "priorityClassName runtimeClassName");
}

/* Volumes of devices and the host's namespaces know nothing of the pod's user ids. */
static void check_host_users(struct field_errors *fe, const struct field_path *spec,
                             const PodSpec *s) {
#define WITHOUT_HOST_USERS "when `pod.Spec.HostUsers` is false"
    struct container_list lists[CONTAINERS_MAX];
    if (opt_or(s->host_users, true))
        return;
    if (s->host_network)
        field_forbidden(fe, PATH(spec, "hostNetwork"), WITHOUT_HOST_USERS);
    if (s->host_pid)
        field_forbidden(fe, PATH(spec, "HostPID"), WITHOUT_HOST_USERS);
    if (s->host_ipc)
        field_forbidden(fe, PATH(spec, "HostIPC"), WITHOUT_HOST_USERS);
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX && !(fe->kept & KEPT_DEVICE_USERS); l++)
        for (uint32_t i = 0; i < lists[l].n; i++)
            if (container_at(&lists[l], i)->volume_devices.n)
                field_forbidden(fe, PATH(PATH_INDEX(PATH(spec, lists[l].name), i), "volumeDevices"),
                                WITHOUT_HOST_USERS);
}

/* A file of variables lies in a volume that the pod's own containers fill. */
static void check_env_files(struct field_errors *fe, const struct field_path *spec,
                            const struct pod_scope *scope) {
    struct container_list lists[CONTAINERS_MAX];
    container_lists(scope->spec, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n; i++) {
            const Container *c = container_at(&lists[l], i);
            const struct field_path *p = PATH(PATH_INDEX(PATH(spec, lists[l].name), i), "env");
            for (uint32_t k = 0; k < c->env.n && !field_errors_full(fe); k++) {
                const EnvVarSource *from = c->env.v[k].value_from;
                if (!from || !from->file_key_ref)
                    continue;
                const struct field_path *at =
                    PATH(PATH(PATH(PATH_INDEX(p, k), "valueFrom"), "fileKeyRef"), "volumeName");
                const Volume *v = find_volume(scope, from->file_key_ref->volume_name);
                if (!v)
                    field_not_found(fe, at, from->file_key_ref->volume_name);
                else if (!v->volume_source.empty_dir)
                    field_invalid(fe, at, v->name, "referenced volume must be of type emptyDir");
            }
        }
}

#define HOSTNAME_OVERRIDE_MAX 64 /* HOST_NAME_MAX of Linux */

static void check_hostname_override(struct field_errors *fe, const struct field_path *p,
                                    const PodSpec *s) {
    if (!s->hostname_override.p)
        return;
    if (opt_or(s->set_hostname_as_fqdn, false))
        field_forbidden(fe, p, "may not be specified when setHostnameAsFQDN is true");
    if (s->host_network)
        field_forbidden(fe, p, "may not be specified when hostNetwork is true");
    if (s->hostname_override.n > HOSTNAME_OVERRIDE_MAX)
        field_too_long(fe, p, HOSTNAME_OVERRIDE_MAX);
    field_check_name(fe, p, s->hostname_override, name_dns1123_subdomain);
}

static void check_tail(struct field_errors *fe, const struct field_path *p, const PodSpec *s) {
    static const char *const preemption[] = {"PreemptLowerPriority", "Never", NULL};
    ResourceRequirements overhead = {.limits = s->overhead};
    if (s->preemption_policy.p)
        check_one_of_required(fe, PATH(p, "preemptionPolicy"), s->preemption_policy, preemption);
    check_container_resources(fe, PATH(p, "overhead"), &overhead, NULL);
    check_os(fe, p, s);
}

void check_pod_spec(struct field_errors *fe, const struct field_path *p, const PodSpec *s,
                    const ObjectMeta *pod) {
    bool *ok = arena_zalloc(fe->arena, s->volumes.n + 1);
    struct pod_scope scope = {
        .spec = s,
        .pod = pod,
        .volume_ok = ok,
        .volumes = NAME_INDEX(fe->arena, s->volumes, name),
        .apps = NAME_INDEX(fe->arena, s->containers, name),
        .inits = NAME_INDEX(fe->arena, s->init_containers, name),
        .debuggers =
            NAME_INDEX(fe->arena, s->ephemeral_containers, ephemeral_container_common.name),
        .claims = NAME_INDEX(fe->arena, s->resource_claims, name),
        .host_users = opt_or(s->host_users, true),
    };
    check_rows(fe, p, PodSpec, s, "terminationGracePeriodSeconds");
    check_volumes(fe, PATH(p, "volumes"), s, pod, ok);
    check_claims(fe, PATH(p, "resourceClaims"), s);
    check_containers(fe, p, &scope);
    check_pod_resources(fe, p, s);
    check_host_network(fe, PATH(p, "containers"), s, pod != NULL);
    check_rows(fe, p, PodSpec, s, "restartPolicy dnsPolicy");
    check_labels(fe, PATH(p, "nodeSelector"), &s->node_selector);
    check_pod_security(fe, p, s);
    check_affinity(fe, PATH(p, "affinity"), s->affinity);
    check_dns(fe, PATH(p, "dnsConfig"), s);
    check_gates(fe, p, s);
    check_topology_spread(fe, PATH(p, "topologySpreadConstraints"), s, pod);
    check_host_process(fe, p, s);
    check_host_users(fe, p, s);
    check_env_files(fe, p, &scope);
    check_hostname_override(fe, PATH(p, "hostnameOverride"), s);
    check_names(fe, p, s);
    check_tail(fe, p, s);
}

/* Everything of a template but what its owner demands. */
void check_pod_template(struct field_errors *fe, const struct field_path *p,
                        const PodTemplateSpec *t) {
    check_labels(fe, PATH(p, "labels"), &t->metadata.labels);
    check_annotations(fe, PATH(p, "annotations"), &t->metadata.annotations);
    check_pod_annotations(fe, PATH(p, "annotations"), &t->metadata.annotations, &t->spec);
    check_pod_spec(fe, PATH(p, "spec"), &t->spec, NULL);
    check_seccomp_match(fe, PATH(p, "spec"), &t->metadata.annotations, &t->spec);
    if (t->spec.ephemeral_containers.n)
        field_forbidden(fe, PATH(PATH(p, "spec"), "ephemeralContainers"),
                        "ephemeral containers not allowed in pod template");
}
