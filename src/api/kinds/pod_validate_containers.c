// SPDX-License-Identifier: Apache-2.0
/* Containers of the three kinds. */
#include "api/kinds/pod_validate.h"

static void check_port(struct field_errors *fe, const struct field_path *p, const Container *c,
                       const struct name_index *names, uint32_t i) {
    const ContainerPort *port = &c->ports.v[i];
    if (port->name.n && !name_ok(name_port, port->name)) {
        field_check_name(fe, PATH(p, "name"), port->name, name_port);
    } else if (port->name.n && name_index_first(names, port->name) < i) {
        field_duplicate(fe, PATH(p, "name"), port->name);
    }
    check_rows(fe, p, ContainerPort, port, "containerPort");
    if (port->host_port)
        check_rows(fe, p, ContainerPort, port, "hostPort");
    check_rows(fe, p, ContainerPort, port, "protocol");
}

void check_pull_policy(struct field_errors *fe, const struct field_path *p, str policy) {
    static const char *const policies[] = {"Always", "IfNotPresent", "Never", NULL};
    check_one_of_required(fe, p, policy, policies);
}

static bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

void check_image_text(struct field_errors *fe, const struct field_path *p, str image) {
    if (image.n && (is_space(image.p[0]) || is_space(image.p[image.n - 1])))
        field_invalid(fe, PATH(p, "image"), image, "must not have leading or trailing whitespace");
}

/* Errors stand at the list, as upstream has them. */
static void check_resize_policy(struct field_errors *fe, const struct field_path *list,
                                const struct pod_scope *scope, const Container *c) {
    static const char *const resources[] = {"cpu", "memory", NULL};
    static const char *const policies[] = {"NotRequired", "RestartContainer", NULL};
    struct name_index names =
        name_index_of(fe->arena, c->resize_policy.n ? &c->resize_policy.v[0].resource_name : NULL,
                      c->resize_policy.n, sizeof(*c->resize_policy.v));
    for (uint32_t i = 0; i < c->resize_policy.n && !field_errors_full(fe); i++) {
        const ContainerResizePolicy *r = &c->resize_policy.v[i];
        if (name_index_first(&names, r->resource_name) < i)
            field_duplicate(fe, PATH_INDEX(list, i), r->resource_name);
        check_one_of_required(fe, list, r->resource_name, resources);
        check_one_of_required(fe, list, r->restart_policy, policies);
        if (str_eqc(scope->spec->restart_policy, "Never") &&
            !str_eqc(r->restart_policy, "NotRequired"))
            field_invalid(fe, list, r->restart_policy,
                          "must be 'NotRequired' when `restartPolicy` is 'Never'");
    }
}

#define RESTART_RULES_MAX 20
#define EXIT_CODES_MAX    255

static void check_restart_rule(struct field_errors *fe, const struct field_path *p,
                               const ContainerRestartRule *r) {
    const struct field_path *codes = PATH(p, "exitCodes");
    check_rows(fe, p, ContainerRestartRule, r, "action");
    if (!r->exit_codes) {
        field_required(fe, codes, "must be specified");
        return;
    }
    check_rows(fe, codes, ContainerRestartRuleOnExitCodes, r->exit_codes, "operator");
    if (r->exit_codes->values.n > EXIT_CODES_MAX)
        field_too_many(fe, PATH(codes, "values"), r->exit_codes->values.n, EXIT_CODES_MAX);
}

static void check_container_restart(struct field_errors *fe, const struct field_path *p,
                                    const Container *c) {
    const struct field_path *rules = PATH(p, "restartPolicyRules");
    check_rows(fe, p, Container, c, "restartPolicy");
    if (!c->restart_policy.p && c->restart_policy_rules.n)
        field_required(fe, PATH(p, "restartPolicy"),
                       "must specify restartPolicy when restart rules are used");
    if (c->restart_policy_rules.n > RESTART_RULES_MAX)
        field_too_many(fe, rules, c->restart_policy_rules.n, RESTART_RULES_MAX);
    for (uint32_t i = 0; i < c->restart_policy_rules.n && !field_errors_full(fe); i++)
        check_restart_rule(fe, PATH_INDEX(rules, i), &c->restart_policy_rules.v[i]);
}

static void check_common(struct field_errors *fe, const struct field_path *p,
                         const struct pod_scope *scope, const Container *c) {
    if (!c->name.n)
        field_required(fe, PATH(p, "name"), NULL);
    else
        field_check_name(fe, PATH(p, "name"), c->name, name_dns1123_label);
    check_rows(fe, p, Container, c, "image terminationMessagePolicy");
    struct name_index ports = name_index_of(fe->arena, c->ports.n ? &c->ports.v[0].name : NULL,
                                            c->ports.n, sizeof(ContainerPort));
    for (uint32_t i = 0; i < c->ports.n && !field_errors_full(fe); i++)
        check_port(fe, PATH_INDEX(PATH(p, "ports"), i), c, &ports, i);
    check_env(fe, p, c);
    check_mounts(fe, p, scope, c);
    check_devices(fe, p, scope, c);
    check_pull_policy(fe, PATH(p, "imagePullPolicy"), c->image_pull_policy);
    check_container_resources(fe, PATH(p, "resources"), &c->resources, &scope->claims);
    check_resize_policy(fe, PATH(p, "resizePolicy"), scope, c);
    if (c->security_context)
        check_container_security(fe, PATH(p, "securityContext"), c->security_context,
                                 scope->host_users);
}

_Static_assert(sizeof(Container) == sizeof(EphemeralContainerCommon), "same members");
_Static_assert(offsetof(Container, tty) == offsetof(EphemeralContainerCommon, tty), "same members");

/* Among the first n of them. */
static bool name_before(const struct name_index *x, uint32_t n, str name) {
    int64_t first = name_index_first(x, name);
    return first >= 0 && first < n;
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

static void check_app_containers(struct field_errors *fe, const struct field_path *list,
                                 const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    if (!s->containers.n) {
        field_required(fe, list, NULL);
        return;
    }
    for (uint32_t i = 0; i < s->containers.n && !field_errors_full(fe); i++) {
        const Container *c = &s->containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_common(fe, p, scope, c);
        if (name_before(&scope->apps, i, c->name))
            field_duplicate(fe, PATH(p, "name"), c->name);
        if (c->lifecycle)
            check_lifecycle(fe, PATH(p, "lifecycle"), c->lifecycle,
                            s->termination_grace_period_seconds);
        check_probes(fe, p, c);
        check_container_restart(fe, p, c);
    }
    check_host_ports(fe, list, s->containers.v, s->containers.n);
}

static void forbid_in_init(struct field_errors *fe, const struct field_path *p, const void *given,
                           const char *name) {
    if (given)
        field_forbidden(fe, PATH(p, name),
                        "may not be set for init containers without restartPolicy=Always");
}

static void check_init_restart(struct field_errors *fe, const struct field_path *p,
                               const Container *c) {
    if (restarts_always(c) && c->restart_policy_rules.n)
        field_forbidden(fe, PATH(p, "restartPolicyRules"),
                        "may not be set for init containers with restartPolicy=Always");
    check_container_restart(fe, p, c);
    /* What runs to its end before the pod does is never restarted for a new size. */
    bool resizes_by_rule = !restarts_always(c) && !(fe->kept & KEPT_INIT_RESIZES);
    for (uint32_t i = 0; resizes_by_rule && i < c->resize_policy.n; i++)
        if (str_eqc(c->resize_policy.v[i].restart_policy, "RestartContainer"))
            field_invalid(fe, PATH(PATH_INDEX(PATH(p, "resizePolicy"), i), "restartPolicy"),
                          c->resize_policy.v[i].restart_policy,
                          "must be 'NotRequired' for init containers without "
                          "restartPolicy=Always");
}

static void check_init_containers(struct field_errors *fe, const struct field_path *list,
                                  const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    for (uint32_t i = 0; i < s->init_containers.n && !field_errors_full(fe); i++) {
        const Container *c = &s->init_containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        check_common(fe, p, scope, c);
        check_init_restart(fe, p, c);
        if (name_before(&scope->apps, s->containers.n, c->name) ||
            (c->name.n && name_before(&scope->inits, i, c->name)))
            field_duplicate(fe, PATH(p, "name"), c->name);
        check_host_ports(fe, list, c, 1); /* one runs after the other */
        if (restarts_always(c)) {
            if (c->lifecycle)
                check_lifecycle(fe, PATH(p, "lifecycle"), c->lifecycle,
                                s->termination_grace_period_seconds);
            check_probes(fe, p, c);
            continue;
        }
        forbid_in_init(fe, p, c->lifecycle, "lifecycle");
        forbid_in_init(fe, p, c->liveness_probe, "livenessProbe");
        forbid_in_init(fe, p, c->readiness_probe, "readinessProbe");
        forbid_in_init(fe, p, c->startup_probe, "startupProbe");
    }
}

/* A debug container is no service of the pod. */
static void check_debugger_fields(struct field_errors *fe, const struct field_path *p,
                                  const EphemeralContainerCommon *c) {
#define NO_DEBUGGER "cannot be set for an Ephemeral Container"
    static const char *const allowed[] = {"name",
                                          "image",
                                          "command",
                                          "args",
                                          "workingDir",
                                          "envFrom",
                                          "env",
                                          "volumeMounts",
                                          "volumeDevices",
                                          "terminationMessagePath",
                                          "terminationMessagePolicy",
                                          "imagePullPolicy",
                                          "securityContext",
                                          "stdin",
                                          "stdinOnce",
                                          "tty",
                                          NULL};
    check_only_fields(fe, p, &EphemeralContainerCommon_type, c, allowed, NO_DEBUGGER);
    for (uint32_t i = 0; i < c->volume_mounts.n && !field_errors_full(fe); i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "volumeMounts"), i);
        if (c->volume_mounts.v[i].sub_path.n)
            field_forbidden(fe, PATH(at, "subPath"), NO_DEBUGGER);
        if (c->volume_mounts.v[i].sub_path_expr.n)
            field_forbidden(fe, PATH(at, "subPathExpr"), NO_DEBUGGER);
    }
}

static void check_ephemeral_containers(struct field_errors *fe, const struct field_path *list,
                                       const struct pod_scope *scope) {
    const PodSpec *s = scope->spec;
    for (uint32_t i = 0; i < s->ephemeral_containers.n && !field_errors_full(fe); i++) {
        const EphemeralContainer *e = &s->ephemeral_containers.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        /* Same members in the same order, by declaration of the API. */
        const Container *c = (const Container *)(const void *)&e->ephemeral_container_common;
        check_common(fe, p, scope, c);
        check_image_text(fe, p, c->image);
        bool used = name_before(&scope->apps, s->containers.n, c->name) ||
                    name_before(&scope->inits, s->init_containers.n, c->name) ||
                    name_before(&scope->debuggers, i, c->name);
        if (used)
            field_duplicate(fe, PATH(p, "name"), c->name);
        str target = e->target_container_name;
        if (target.n && !name_before(&scope->apps, s->containers.n, target) &&
            !name_before(&scope->inits, s->init_containers.n, target))
            field_not_found(fe, PATH(p, "targetContainerName"), target);
        check_debugger_fields(fe, p, &e->ephemeral_container_common);
    }
}

void check_containers(struct field_errors *fe, const struct field_path *spec,
                      const struct pod_scope *scope) {
    check_app_containers(fe, PATH(spec, "containers"), scope);
    check_init_containers(fe, PATH(spec, "initContainers"), scope);
    check_ephemeral_containers(fe, PATH(spec, "ephemeralContainers"), scope);
}
