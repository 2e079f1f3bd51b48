// SPDX-License-Identifier: Apache-2.0
/* Containers of the three kinds. */
#include "api/kinds/pod_validate.h"

static void check_port(struct field_errors *fe, const struct field_path *p, const Container *c,
                       const struct name_index *names, uint32_t i) {
    static const char *const protocols[] = {"SCTP", "TCP", "UDP", NULL};
    const ContainerPort *port = &c->ports.v[i];
    if (port->name.n && !name_ok(name_port, port->name)) {
        field_check_name(fe, PATH(p, "name"), port->name, name_port);
    } else if (port->name.n && name_index_first(names, port->name) < i) {
        field_duplicate(fe, PATH(p, "name"), port->name);
    }
    if (!port->container_port)
        field_required(fe, PATH(p, "containerPort"), NULL);
    else
        field_check_port(fe, PATH(p, "containerPort"), port->container_port);
    if (port->host_port)
        field_check_port(fe, PATH(p, "hostPort"), port->host_port);
    check_one_of_required(fe, PATH(p, "protocol"), port->protocol, protocols);
}

static const Volume *find_volume(const struct pod_scope *scope, str name) {
    int64_t first = name_index_first(&scope->volumes, name);
    for (uint32_t i = (uint32_t)MAX(first, 0); first >= 0 && i < scope->spec->volumes.n; i++)
        if (scope->volume_ok[i] && str_eq(scope->spec->volumes.v[i].name, name))
            return &scope->spec->volumes.v[i];
    return NULL;
}

static void check_propagation(struct field_errors *fe, const struct field_path *p,
                              const Container *c, const VolumeMount *m) {
    static const char *const modes[] = {"Bidirectional", "HostToContainer", "None", NULL};
    bool privileged = c->security_context && opt_or(c->security_context->privileged, false);
    if (!m->mount_propagation.p)
        return;
    check_one_of(fe, p, m->mount_propagation, modes);
    if (!privileged && str_eqc(m->mount_propagation, "Bidirectional"))
        field_forbidden(
            fe, p, "Bidirectional mount propagation is available only to privileged containers");
}

static void check_recursive(struct field_errors *fe, const struct field_path *p,
                            const VolumeMount *m) {
    static const char *const modes[] = {"Disabled", "Enabled", "IfPossible", NULL};
    if (!m->recursive_read_only.p || str_eqc(m->recursive_read_only, "Disabled"))
        return;
    if (!str_in(m->recursive_read_only, modes)) {
        field_not_supported(fe, p, m->recursive_read_only, modes);
        return;
    }
    if (!m->read_only)
        field_forbidden(fe, p, "may only be specified when readOnly is true");
    if (m->mount_propagation.n && !str_eqc(m->mount_propagation, "None"))
        field_forbidden(fe, p,
                        "may only be specified when mountPropagation is None or not specified");
}

static void check_mount_devices(struct field_errors *fe, const struct field_path *p,
                                const Container *c, const VolumeMount *m) {
    for (uint32_t i = 0; i < MIN(c->volume_devices.n, LIST_COMPARED_MAX); i++) {
        if (str_eq(c->volume_devices.v[i].name, m->name))
            field_invalid(fe, PATH(p, "name"), m->name, "must not already exist in volumeDevices");
        if (str_eq(c->volume_devices.v[i].device_path, m->mount_path))
            field_invalid(fe, PATH(p, "mountPath"), m->mount_path,
                          "must not already exist as a path in volumeDevices");
    }
}

static void check_mount(struct field_errors *fe, const struct field_path *p,
                        const struct pod_scope *scope, const Container *c,
                        const struct name_index *paths, uint32_t i) {
    const VolumeMount *m = &c->volume_mounts.v[i];
    if (!m->name.n)
        field_required(fe, PATH(p, "name"), NULL);
    if (!find_volume(scope, m->name))
        field_not_found(fe, PATH(p, "name"), m->name);
    if (!m->mount_path.n)
        field_required(fe, PATH(p, "mountPath"), NULL);
    if (name_index_first(paths, m->mount_path) < i)
        field_invalid(fe, PATH(p, "mountPath"), m->mount_path, "must be unique");
    check_mount_devices(fe, p, c, m);
    if (m->sub_path.n)
        check_local_path(fe, PATH(p, "subPath"), m->sub_path, false);
    if (m->sub_path_expr.n && m->sub_path.n)
        field_invalid(fe, PATH(p, "subPathExpr"), m->sub_path_expr,
                      "subPathExpr and subPath are mutually exclusive");
    if (m->sub_path_expr.n)
        check_local_path(fe, PATH(p, "subPathExpr"), m->sub_path_expr, false);
    check_propagation(fe, PATH(p, "mountPropagation"), c, m);
    check_recursive(fe, PATH(p, "recursiveReadOnly"), m);
}

static void check_devices(struct field_errors *fe, const struct field_path *list,
                          const struct pod_scope *scope, const Container *c) {
    if (list_too_long(fe, list, c->volume_devices.n))
        return;
    for (uint32_t i = 0; i < c->volume_devices.n; i++) {
        const VolumeDevice *d = &c->volume_devices.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        const Volume *v = find_volume(scope, d->name);
        if (!d->name.n)
            field_required(fe, PATH(p, "name"), NULL);
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(c->volume_devices.v[k].name, d->name)) {
                field_invalid(fe, PATH(p, "name"), d->name, "must be unique");
                break;
            }
        if (!v)
            field_not_found(fe, PATH(p, "name"), d->name);
        else if (!v->volume_source.persistent_volume_claim && !v->volume_source.ephemeral)
            field_invalid(fe, PATH(p, "name"), d->name,
                          "can only use volume source type of PersistentVolumeClaim or Ephemeral "
                          "for block mode");
        if (!d->device_path.n)
            field_required(fe, PATH(p, "devicePath"), NULL);
        else
            check_no_backsteps(fe, PATH(p, "devicePath"), d->device_path);
    }
}

static str trim(str s) {
    while (s.n && strchr(" \t\r\n\v\f", s.p[s.n - 1]))
        s.n--;
    while (s.n && strchr(" \t\r\n\v\f", s.p[0]))
        s = str_slice(s, 1, s.n);
    return s;
}

static void check_common(struct field_errors *fe, const struct field_path *p,
                         const struct pod_scope *scope, const Container *c) {
    static const char *const policies[] = {"FallbackToLogsOnError", "File", NULL};
    static const char *const pull[] = {"Always", "IfNotPresent", "Never", NULL};
    if (!c->name.n)
        field_required(fe, PATH(p, "name"), NULL);
    else
        field_check_name(fe, PATH(p, "name"), c->name, name_dns1123_label);
    if (!c->image.n)
        field_required(fe, PATH(p, "image"), NULL);
    else if (trim(c->image).n != c->image.n)
        field_invalid(fe, PATH(p, "image"), c->image,
                      "must not have leading or trailing whitespace");
    check_one_of_required(fe, PATH(p, "terminationMessagePolicy"), c->termination_message_policy,
                          policies);
    struct name_index ports = name_index_of(fe->arena, c->ports.n ? &c->ports.v[0].name : NULL,
                                            c->ports.n, sizeof(ContainerPort));
    struct name_index paths =
        name_index_of(fe->arena, c->volume_mounts.n ? &c->volume_mounts.v[0].mount_path : NULL,
                      c->volume_mounts.n, sizeof(VolumeMount));
    for (uint32_t i = 0; i < c->ports.n && fe->list.n < FIELD_ERRORS_MAX; i++)
        check_port(fe, PATH_INDEX(PATH(p, "ports"), i), c, &ports, i);
    check_env(fe, p, c);
    for (uint32_t i = 0; i < c->volume_mounts.n && fe->list.n < FIELD_ERRORS_MAX; i++)
        check_mount(fe, PATH_INDEX(PATH(p, "volumeMounts"), i), scope, c, &paths, i);
    check_devices(fe, PATH(p, "volumeDevices"), scope, c);
    check_one_of_required(fe, PATH(p, "imagePullPolicy"), c->image_pull_policy, pull);
    check_container_resources(fe, PATH(p, "resources"), &c->resources);
    if (c->security_context)
        check_container_security(fe, PATH(p, "securityContext"), c->security_context);
}

_Static_assert(sizeof(Container) == sizeof(EphemeralContainerCommon), "same members");
_Static_assert(offsetof(Container, tty) == offsetof(EphemeralContainerCommon, tty), "same members");

/* Among the first n of them. */
static bool name_before(const struct name_index *x, uint32_t n, str name) {
    int64_t first = name_index_first(x, name);
    return first >= 0 && first < n;
}

static void check_app_containers(struct field_errors *fe, const struct field_path *list,
                                 const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    if (!s->containers.n)
        field_required(fe, list, NULL);
    for (uint32_t i = 0; i < s->containers.n && fe->list.n < FIELD_ERRORS_MAX; i++) {
        const Container *c = &s->containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_common(fe, p, scope, c);
        if (name_before(&scope->apps, i, c->name))
            field_duplicate(fe, PATH(p, "name"), c->name);
        if (c->lifecycle)
            check_lifecycle(fe, PATH(p, "lifecycle"), c->lifecycle,
                            opt_or(s->termination_grace_period_seconds, 30));
        check_probes(fe, p, c);
    }
}

static void forbid_in_init(struct field_errors *fe, const struct field_path *p, const void *given,
                           const char *name) {
    if (given)
        field_forbidden(fe, PATH(p, name),
                        "may not be set for init containers without restartPolicy=Always");
}

static void check_init_containers(struct field_errors *fe, const struct field_path *list,
                                  const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    for (uint32_t i = 0; i < s->init_containers.n; i++) {
        const Container *c = &s->init_containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_common(fe, p, scope, c);
        if (name_before(&scope->apps, s->containers.n, c->name) ||
            name_before(&scope->inits, i, c->name))
            field_duplicate(fe, PATH(p, "name"), c->name);
        if (str_eqc(c->restart_policy, "Always")) {
            if (c->lifecycle)
                check_lifecycle(fe, PATH(p, "lifecycle"), c->lifecycle,
                                opt_or(s->termination_grace_period_seconds, 30));
            check_probes(fe, p, c);
            continue;
        }
        forbid_in_init(fe, p, c->lifecycle, "lifecycle");
        forbid_in_init(fe, p, c->liveness_probe, "livenessProbe");
        forbid_in_init(fe, p, c->readiness_probe, "readinessProbe");
        forbid_in_init(fe, p, c->startup_probe, "startupProbe");
    }
}

static void check_ephemeral_containers(struct field_errors *fe, const struct field_path *list,
                                       const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    for (uint32_t i = 0; i < s->ephemeral_containers.n; i++) {
        const EphemeralContainer *e = &s->ephemeral_containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        /* Same members in the same order, by declaration of the API. */
        const Container *c = (const Container *)(const void *)&e->ephemeral_container_common;
        check_common(fe, p, scope, c);
        bool used = name_before(&scope->apps, s->containers.n, c->name) ||
                    name_before(&scope->inits, s->init_containers.n, c->name) ||
                    name_before(&scope->debuggers, i, c->name);
        if (used)
            field_duplicate(fe, PATH(p, "name"), c->name);
        str target = e->target_container_name;
        if (target.n && !name_before(&scope->apps, s->containers.n, target) &&
            !name_before(&scope->inits, s->init_containers.n, target))
            field_not_found(fe, PATH(p, "targetContainerName"), target);
    }
}

/* One (protocol, address, port) of the node for one container. */
static void check_host_ports(struct field_errors *fe, const struct field_path *list,
                             const Container *v, uint32_t n) {
    struct {
        struct at {
            str key;
            uint32_t container, port;
        } * v;
        uint32_t n;
    } used = {0};
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < v[i].ports.n; k++) {
            const ContainerPort *port = &v[i].ports.v[k];
            if (port->host_port)
                *list_push(fe->arena, &used) = (struct at){
                    str_printf(fe->arena, STR_FMT "/" STR_FMT "/%d", STR_ARG(port->protocol),
                               STR_ARG(port->host_ip), port->host_port),
                    i, k};
        }
    struct name_index x =
        name_index_of(fe->arena, used.n ? &used.v[0].key : NULL, used.n, sizeof(struct at));
    for (uint32_t i = 0; i < used.n; i++)
        if (name_index_first(&x, used.v[i].key) < i)
            field_duplicate(fe,
                            PATH(PATH_INDEX(PATH(PATH_INDEX(list, used.v[i].container), "ports"),
                                            used.v[i].port),
                                 "hostPort"),
                            used.v[i].key);
}

void check_containers(struct field_errors *fe, const struct field_path *spec,
                      const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    check_app_containers(fe, PATH(spec, "containers"), scope);
    check_host_ports(fe, PATH(spec, "containers"), s->containers.v, s->containers.n);
    check_init_containers(fe, PATH(spec, "initContainers"), scope);
    check_ephemeral_containers(fe, PATH(spec, "ephemeralContainers"), scope);
}
