// SPDX-License-Identifier: Apache-2.0
#include "kubelet/pod_config.h"

#include "base/vec.h"
#include "kubelet/logs.h"
#include "kubelet/resources.h"
#include "kubelet/volumes/volume.h"

str pod_dir(struct arena *a, const struct node_config *n, str uid) {
    return str_printf(a, "%s/pods/" STR_FMT, n->root_dir, STR_ARG(uid));
}

static void label(struct arena *a, str_map *m, const char *key, str value) {
    *list_push(a, m) = (struct str_pair){str_of(key), value};
}

static void identify(struct arena *a, const Pod *p, str_map *labels) {
    label(a, labels, LABEL_POD_NAME, p->metadata.name);
    label(a, labels, LABEL_POD_NAMESPACE, p->metadata.namespace_);
    label(a, labels, LABEL_POD_UID, p->metadata.uid);
}

static int32_t protocol(str s) {
    return str_eqc(s, "UDP")    ? CRI_PROTOCOL_UDP
           : str_eqc(s, "SCTP") ? CRI_PROTOCOL_SCTP
                                : CRI_PROTOCOL_TCP;
}

static void port_mappings(struct arena *a, const Pod *p, cri_PodSandboxConfig *ret) {
    const Container *c;
    bool init;
    for (uint32_t i = 0; !p->spec.host_network && (c = pod_container(p, i, &init)); i++)
        for (uint32_t j = 0; j < c->ports.n; j++) {
            const struct ContainerPort *port = &c->ports.v[j];
            if (port->host_port)
                *list_push(a, &ret->port_mappings) = (struct cri_PortMapping){
                    .protocol = protocol(port->protocol),
                    .container_port = port->container_port,
                    .host_port = port->host_port,
                    .host_ip = port->host_ip,
                };
        }
}

static cri_LinuxPodSandboxConfig *sandbox_linux(struct arena *a, const struct node_config *n,
                                                const Pod *p) {
    cri_LinuxPodSandboxConfig *l = arena_make(a, cri_LinuxPodSandboxConfig);
    l->cgroup_parent = pod_cgroup(a, n->cgroup_root, p);
    l->security_context = arena_make(a, cri_LinuxSandboxSecurityContext);
    sandbox_security(a, p, l->security_context);
    const PodSecurityContext *s = p->spec.security_context;
    for (uint32_t i = 0; s && i < s->sysctls.n; i++)
        *list_push(a, &l->sysctls) = (struct str_pair){s->sysctls.v[i].name, s->sysctls.v[i].value};
    return l;
}

void sandbox_config(struct arena *a, const struct node_config *n, const Pod *p, uint32_t attempt,
                    cri_PodSandboxConfig *ret) {
    *ret = (cri_PodSandboxConfig){0};
    ret->metadata = arena_make(a, cri_PodSandboxMetadata);
    *ret->metadata = (cri_PodSandboxMetadata){.name = p->metadata.name,
                                              .uid = p->metadata.uid,
                                              .namespace_ = p->metadata.namespace_,
                                              .attempt = attempt};
    if (!p->spec.host_network) /* the machine's name cannot be set from a pod */
        ret->hostname = pod_hostname(a, p);
    ret->log_directory =
        pod_log_dir(a, n->log_dir, p->metadata.namespace_, p->metadata.name, p->metadata.uid);
    ret->dns_config = arena_make(a, cri_DNSConfig);
    pod_dns(a, n, p, ret->dns_config);
    port_mappings(a, p, ret);
    for (uint32_t i = 0; i < p->metadata.labels.n; i++)
        *list_push(a, &ret->labels) = p->metadata.labels.v[i];
    identify(a, p, &ret->labels);
    for (uint32_t i = 0; i < p->metadata.annotations.n; i++)
        *list_push(a, &ret->annotations) = p->metadata.annotations.v[i];
    label(a, &ret->annotations, ANNO_CONFIG_SOURCE, STR("api"));
    ret->linux_ = sandbox_linux(a, n, p);
}

str container_subpath(struct arena *a, const struct node_config *n, const Pod *p,
                      const Container *c, uint32_t i) {
    str dir = pod_dir(a, n, p->metadata.uid);
    return str_printf(a, STR_FMT "/volume-subpaths/" STR_FMT "/" STR_FMT "/%u", STR_ARG(dir),
                      STR_ARG(c->volume_mounts.v[i].name), STR_ARG(c->name), i);
}

str mount_subpath(struct arena *a, const struct VolumeMount *m, const struct env_list *env) {
    return str_empty(m->sub_path_expr) ? m->sub_path : env_expand(a, m->sub_path_expr, env);
}

static const struct Volume *volume_named(const Pod *p, str name) {
    for (uint32_t i = 0; i < p->spec.volumes.n; i++)
        if (str_eq(p->spec.volumes.v[i].name, name))
            return &p->spec.volumes.v[i];
    return NULL;
}

static int32_t propagation(str s) {
    return str_eqc(s, "Bidirectional")     ? CRI_MOUNT_PROPAGATION_PROPAGATION_BIDIRECTIONAL
           : str_eqc(s, "HostToContainer") ? CRI_MOUNT_PROPAGATION_PROPAGATION_HOST_TO_CONTAINER
                                           : CRI_MOUNT_PROPAGATION_PROPAGATION_PRIVATE;
}

static int mounts(struct arena *a, const struct container_args *args, cri_ContainerConfig *ret,
                  struct err *e) {
    const Container *c = args->container;
    bool own_hosts = false;
    str dir = pod_dir(a, args->node, args->pod->metadata.uid);
    for (uint32_t i = 0; i < c->volume_mounts.n; i++) {
        const struct VolumeMount *m = &c->volume_mounts.v[i];
        const struct Volume *v = volume_named(args->pod, m->name);
        str path = v ? volume_path(a, str_cdup(a, dir), v) : STR_NONE;
        if (!path.p)
            return err_set(e, -ENOENT, "volume \"" STR_FMT "\" is not available to this node",
                           STR_ARG(m->name));
        if (!str_empty(mount_subpath(a, m, args->env)))
            path = container_subpath(a, args->node, args->pod, c, i);
        *list_push(a, &ret->mounts) = (struct cri_Mount){
            .container_path = m->mount_path,
            .host_path = path,
            .readonly = m->read_only || volume_type_of(&v->volume_source)->refreshes,
            .propagation = propagation(m->mount_propagation),
        };
        own_hosts |= str_eqc(m->mount_path, "/etc/hosts");
    }
    if (!str_empty(args->hosts_file) && !own_hosts)
        *list_push(a, &ret->mounts) =
            (struct cri_Mount){.container_path = STR("/etc/hosts"), .host_path = args->hosts_file};
    if (!str_empty(args->termination_file))
        *list_push(a, &ret->mounts) = (struct cri_Mount){
            .container_path = c->termination_message_path, .host_path = args->termination_file};
    return 0;
}

static void annotations(struct arena *a, const struct container_args *args,
                        cri_ContainerConfig *ret) {
    const Container *c = args->container;
    const Pod *p = args->pod;
    str_map *m = &ret->annotations;
    label(a, m, ANNO_HASH, container_hash(a, c));
    label(a, m, ANNO_RESTART_COUNT, str_printf(a, "%u", args->attempt));
    label(a, m, ANNO_TERM_PATH, c->termination_message_path);
    label(a, m, ANNO_TERM_POLICY, c->termination_message_policy);
    label(a, m, ANNO_GRACE,
          str_printf(a, "%lld", (long long)opt_or(p->spec.termination_grace_period_seconds, 30)));
    if (p->metadata.deletion_grace_period_seconds.set)
        label(a, m, "io.kubernetes.pod.deletionGracePeriod",
              str_printf(a, "%lld", (long long)p->metadata.deletion_grace_period_seconds.v));
}

static void expand_list(struct arena *a, const str_list *from, const struct env_list *env,
                        str_list *ret) {
    for (uint32_t i = 0; i < from->n; i++)
        *list_push(a, ret) = env_expand(a, from->v[i], env);
}

int container_config(struct arena *a, const struct container_args *args, cri_ContainerConfig *ret,
                     struct err *e) {
    const Container *c = args->container;
    *ret = (cri_ContainerConfig){
        .working_dir = c->working_dir,
        .stdin_ = c->stdin_,
        .stdin_once = c->stdin_once,
        .tty = c->tty,
        .log_path = container_log_file(a, c->name, args->attempt),
    };
    ret->metadata = arena_make(a, cri_ContainerMetadata);
    *ret->metadata = (cri_ContainerMetadata){.name = c->name, .attempt = args->attempt};
    ret->image = arena_make(a, cri_ImageSpec);
    *ret->image = (cri_ImageSpec){.image = args->image_ref, .user_specified_image = c->image};
    expand_list(a, &c->command, args->env, &ret->command);
    expand_list(a, &c->args, args->env, &ret->args);
    for (uint32_t i = 0; i < args->env->n; i++)
        *list_push(a, &ret->envs) =
            (struct cri_KeyValue){.key = args->env->v[i].name, .value = args->env->v[i].value};
    identify(a, args->pod, &ret->labels);
    label(a, &ret->labels, LABEL_CONTAINER_NAME, c->name);
    annotations(a, args, ret);
    int r = mounts(a, args, ret, e);
    if (r < 0)
        return r;
    ret->linux_ = arena_make(a, cri_LinuxContainerConfig);
    ret->linux_->resources = arena_make(a, cri_LinuxContainerResources);
    container_linux_resources(a, args->pod, c, args->node->memory_capacity, ret->linux_->resources);
    ret->linux_->security_context = arena_make(a, cri_LinuxContainerSecurityContext);
    return container_security(a, args->pod, c, ret->linux_->security_context, e);
}
