// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/pod_config.h"

static const char *const masked[] = {
    "/proc/asound",      "/proc/acpi",          "/proc/interrupts", "/proc/kcore",
    "/proc/keys",        "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi",          "/sys/firmware",    "/sys/devices/virtual/powercap",
};
static const char *const readonly[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                       "/proc/sysrq-trigger"};

static cri_Int64Value *int64_value(struct arena *a, struct opt_i64 first, struct opt_i64 second) {
    if (!first.set && !second.set)
        return NULL;
    cri_Int64Value *v = arena_make(a, cri_Int64Value);
    v->value = first.set ? first.v : second.v;
    return v;
}

static cri_NamespaceOption *namespaces(struct arena *a, const Pod *p, bool container) {
    cri_NamespaceOption *o = arena_make(a, cri_NamespaceOption);
    o->network = p->spec.host_network ? CRI_NAMESPACE_MODE_NODE : CRI_NAMESPACE_MODE_POD;
    o->ipc = p->spec.host_ipc ? CRI_NAMESPACE_MODE_NODE : CRI_NAMESPACE_MODE_POD;
    o->pid = p->spec.host_pid                                 ? CRI_NAMESPACE_MODE_NODE
             : opt_or(p->spec.share_process_namespace, false) ? CRI_NAMESPACE_MODE_POD
                                                              : CRI_NAMESPACE_MODE_CONTAINER;
    return o;
}

static cri_SecurityProfile *seccomp(struct arena *a, const SeccompProfile *s) {
    cri_SecurityProfile *o = arena_make(a, cri_SecurityProfile);
    o->profile_type = CRI_PROFILE_TYPE_UNCONFINED;
    if (s && str_eqc(s->type, "RuntimeDefault"))
        o->profile_type = CRI_PROFILE_TYPE_RUNTIME_DEFAULT;
    if (s && str_eqc(s->type, "Localhost")) {
        o->profile_type = CRI_PROFILE_TYPE_LOCALHOST;
        o->localhost_ref =
            str_printf(a, "/var/lib/kubelet/seccomp/" STR_FMT, STR_ARG(s->localhost_profile));
    }
    return o;
}

static bool any_privileged(const Pod *p) {
    const Container *c;
    bool init;
    for (uint32_t i = 0; (c = pod_container(p, i, &init)); i++)
        if (c->security_context && opt_or(c->security_context->privileged, false))
            return true;
    return false;
}

static void groups(struct arena *a, const PodSecurityContext *s, i64_list *ret) {
    for (uint32_t i = 0; s && i < s->supplemental_groups.n; i++)
        *list_push(a, ret) = s->supplemental_groups.v[i];
    if (s && s->fs_group.set)
        *list_push(a, ret) = s->fs_group.v;
}

void sandbox_security(struct arena *a, const Pod *p, cri_LinuxSandboxSecurityContext *ret) {
    const PodSecurityContext *s = p->spec.security_context;
    *ret = (cri_LinuxSandboxSecurityContext){
        .privileged = any_privileged(p),
        .namespace_options = namespaces(a, p, false),
    };
    /* The sandbox's own process runs under the runtime's profile whatever its pod does. */
    ret->seccomp = arena_make(a, cri_SecurityProfile);
    if (!s)
        return;
    ret->run_as_user = int64_value(a, s->run_as_user, (struct opt_i64){0});
    if (s->run_as_user.set)
        ret->run_as_group = int64_value(a, s->run_as_group, (struct opt_i64){0});
    groups(a, s, &ret->supplemental_groups);
}

static void capabilities(struct arena *a, const Capabilities *c,
                         cri_LinuxContainerSecurityContext *ret) {
    ret->capabilities = arena_make(a, cri_Capability);
    for (uint32_t i = 0; c && i < c->add.n; i++)
        *list_push(a, &ret->capabilities->add_capabilities) = c->add.v[i];
    for (uint32_t i = 0; c && i < c->drop.n; i++)
        *list_push(a, &ret->capabilities->drop_capabilities) = c->drop.v[i];
}

int container_security(struct arena *a, const Pod *p, const Container *c,
                       cri_LinuxContainerSecurityContext *ret, struct err *e) {
    static const PodSecurityContext no_pod;
    static const SecurityContext no_container;
    const PodSecurityContext *ps = p->spec.security_context ? p->spec.security_context : &no_pod;
    const SecurityContext *s = c->security_context ? c->security_context : &no_container;
    *ret = (cri_LinuxContainerSecurityContext){
        .privileged = opt_or(s->privileged, false),
        .namespace_options = namespaces(a, p, true),
        .run_as_user = int64_value(a, s->run_as_user, ps->run_as_user),
        .run_as_group = int64_value(a, s->run_as_group, ps->run_as_group),
        .readonly_rootfs = opt_or(s->read_only_root_filesystem, false),
        .no_new_privs = s->allow_privilege_escalation.set && !s->allow_privilege_escalation.v,
        .seccomp = seccomp(a, s->seccomp_profile ? s->seccomp_profile : ps->seccomp_profile),
    };
    if (ret->run_as_group && !ret->run_as_user)
        ret->run_as_user = arena_make(a, cri_Int64Value); /* a group alone means root's */
    if (p->spec.host_users.set && !p->spec.host_users.v)
        return err_set(e, -ENOTSUP, "user namespaces are not supported by the container runtime");
    groups(a, ps, &ret->supplemental_groups);
    capabilities(a, s->capabilities, ret);
    if (ret->privileged || str_eqc(s->proc_mount, "Unmasked"))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(masked); i++)
        *list_push(a, &ret->masked_paths) = str_of(masked[i]);
    for (size_t i = 0; i < ARRAY_LEN(readonly); i++)
        *list_push(a, &ret->readonly_paths) = str_of(readonly[i]);
    return 0;
}

int check_non_root(const Pod *p, const Container *c, int64_t image_uid, str image_user,
                   struct err *e) {
    const PodSecurityContext *ps = p->spec.security_context;
    const SecurityContext *s = c->security_context;
    struct opt_bool wanted = s && s->run_as_non_root.set ? s->run_as_non_root
                             : ps                        ? ps->run_as_non_root
                                                         : (struct opt_bool){0};
    struct opt_i64 user = s && s->run_as_user.set ? s->run_as_user
                          : ps                    ? ps->run_as_user
                                                  : (struct opt_i64){0};
    if (!opt_or(wanted, false))
        return 0;
    if (user.set)
        return user.v != 0 ? 0
                           : err_set(e, -EPERM,
                                     "container's runAsUser breaks non-root policy (pod: \"" STR_FMT
                                     "_" STR_FMT "(" STR_FMT ")\", container: " STR_FMT ")",
                                     STR_ARG(p->metadata.name), STR_ARG(p->metadata.namespace_),
                                     STR_ARG(p->metadata.uid), STR_ARG(c->name));
    if (image_uid == 0)
        return err_set(e, -EPERM,
                       "container has runAsNonRoot and image will run as root (pod: \"" STR_FMT
                       "_" STR_FMT "(" STR_FMT ")\", container: " STR_FMT ")",
                       STR_ARG(p->metadata.name), STR_ARG(p->metadata.namespace_),
                       STR_ARG(p->metadata.uid), STR_ARG(c->name));
    if (image_uid < 0 && !str_empty(image_user))
        return err_set(e, -EPERM,
                       "container has runAsNonRoot and image has non-numeric user (" STR_FMT
                       "), cannot verify user is non-root (pod: \"" STR_FMT "_" STR_FMT "(" STR_FMT
                       ")\", container: " STR_FMT ")",
                       STR_ARG(image_user), STR_ARG(p->metadata.name),
                       STR_ARG(p->metadata.namespace_), STR_ARG(p->metadata.uid), STR_ARG(c->name));
    return 0;
}
