// SPDX-License-Identifier: Apache-2.0
/* Requests, limits and the security contexts. */
#include "api/kinds/pod_validate.h"

static void check_name(struct field_errors *fe, const struct field_path *p, str name) {
    check_resource_name(fe, p, name);
    if (str_chr(name, '/') < 0 && !resource_is_container(name))
        field_invalid(fe, p, name, "must be a standard resource for containers");
}

/* Only cpu, memory and local disk may be promised twice. */
static bool overcommit(str name) {
    ssize_t slash = str_chr(name, '/');
    return slash < 0 && !is_hugepages(name);
}

static void check_request(struct field_errors *fe, const struct field_path *p,
                          const ResourceRequirements *r, str name, str request) {
    str limit = label_get(&r->limits, name);
    struct quantity want = quantity_of(request), most = quantity_of(limit);
    if (!limit.p) {
        if (!overcommit(name))
            field_required(fe, PATH(p, "limits"),
                           "Limit must be set for non overcommitable resources");
        return;
    }
    int order = quantity_cmp(&want, &most);
    if (order && !overcommit(name))
        field_invalid(fe, PATH(p, "requests"), request,
                      "must be equal to " STR_FMT " limit of " STR_FMT, STR_ARG(name),
                      STR_ARG(limit));
    else if (order > 0)
        field_invalid(fe, PATH(p, "requests"), request,
                      "must be less than or equal to " STR_FMT " limit of " STR_FMT, STR_ARG(name),
                      STR_ARG(limit));
}

static bool has_hugepages(const str_map *m) {
    for (uint32_t i = 0; i < m->n; i++)
        if (is_hugepages(m->v[i].key))
            return true;
    return false;
}

static bool has_compute(const str_map *m) {
    return label_has(m, STR("cpu")) || label_has(m, STR("memory"));
}

void check_container_resources(struct field_errors *fe, const struct field_path *p,
                               const ResourceRequirements *r) {
    for (uint32_t i = 0; i < r->limits.n; i++) {
        const struct field_path *at = PATH_KEY(PATH(p, "limits"), r->limits.v[i].key);
        check_name(fe, at, r->limits.v[i].key);
        check_resource_quantity(fe, at, r->limits.v[i].key, r->limits.v[i].value);
    }
    for (uint32_t i = 0; i < r->requests.n; i++) {
        const struct field_path *at = PATH_KEY(PATH(p, "requests"), r->requests.v[i].key);
        check_name(fe, at, r->requests.v[i].key);
        check_resource_quantity(fe, at, r->requests.v[i].key, r->requests.v[i].value);
        check_request(fe, p, r, r->requests.v[i].key, r->requests.v[i].value);
    }
    if ((has_hugepages(&r->limits) || has_hugepages(&r->requests)) && !has_compute(&r->limits) &&
        !has_compute(&r->requests))
        field_forbidden(fe, p, "HugePages require cpu or memory");
}

/* ---- security ---- */

static void check_id(struct field_errors *fe, const struct field_path *p, struct opt_i64 id) {
    if (id.set && (id.v < 0 || id.v > INT32_MAX))
        field_invalid_i64(fe, p, id.v, "must be between 0 and 2147483647, inclusive");
}

static void check_profile(struct field_errors *fe, const struct field_path *p, str type, str local,
                          bool apparmor) {
    static const char *const types[] = {"Localhost", "RuntimeDefault", "Unconfined", NULL};
    const struct field_path *at = PATH(p, "localhostProfile");
    if (str_eqc(type, "Localhost")) {
        if (!local.n)
            field_required(fe, at,
                           apparmor ? "must be set when AppArmor type is Localhost"
                                    : "must be set when seccomp type is Localhost");
        else if (!apparmor)
            check_local_path(fe, at, local, false);
    } else if (local.p) {
        field_invalid(fe, at, local,
                      apparmor ? "can only be set when AppArmor type is Localhost"
                               : "can only be set when seccomp type is Localhost");
    }
    if (!type.n && apparmor)
        field_required(fe, PATH(p, "type"), "type is required when appArmorProfile is set");
    else if (!type.n)
        field_required(fe, PATH(p, "type"), "type is required when seccompProfile is set");
    else
        check_one_of(fe, PATH(p, "type"), type, types);
}

void check_container_security(struct field_errors *fe, const struct field_path *p,
                              const SecurityContext *s) {
    static const char *const mounts[] = {"Default", "Unmasked", NULL};
    check_id(fe, PATH(p, "runAsUser"), s->run_as_user);
    check_id(fe, PATH(p, "runAsGroup"), s->run_as_group);
    if (s->proc_mount.p)
        check_one_of(fe, PATH(p, "procMount"), s->proc_mount, mounts);
    if (s->seccomp_profile)
        check_profile(fe, PATH(p, "seccompProfile"), s->seccomp_profile->type,
                      s->seccomp_profile->localhost_profile, false);
    if (s->allow_privilege_escalation.set && !s->allow_privilege_escalation.v) {
        if (opt_or(s->privileged, false))
            field_invalid_printed(fe, p, STR("{}"),
                                  "cannot set `allowPrivilegeEscalation` to false and `privileged` "
                                  "to true");
        if (s->capabilities && strings_have(&s->capabilities->add, STR("CAP_SYS_ADMIN")))
            field_invalid_printed(fe, p, STR("{}"),
                                  "cannot set `allowPrivilegeEscalation` to false and "
                                  "`capabilities.Add` CAP_SYS_ADMIN");
    }
    if (s->app_armor_profile)
        check_profile(fe, PATH(p, "appArmorProfile"), s->app_armor_profile->type,
                      s->app_armor_profile->localhost_profile, true);
}

/* Labels of sysctls: lower case words in dots or slashes. */
static bool is_sysctl(str s) {
    char before = '.';
    if (!s.n || s.n > 253)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool inner = c == '-' || c == '_', separator = c == '.' || c == '/';
        if (!letter && !inner && !separator)
            return false;
        if (separator && (before == '.' || before == '/'))
            return false;
        before = c;
    }
    return before != '.' && before != '/' && before != '-';
}

static void check_sysctls(struct field_errors *fe, const struct field_path *list,
                          const PodSecurityContext *c) {
    if (list_too_long(fe, list, c->sysctls.n))
        return;
    for (uint32_t i = 0; i < c->sysctls.n; i++) {
        const struct field_path *p = PATH(PATH_INDEX(list, i), "name");
        str name = c->sysctls.v[i].name;
        if (!name.n)
            field_required(fe, p, NULL);
        else if (!is_sysctl(name))
            field_invalid(
                fe, p, name,
                "must have at most 253 characters and match regex "
                "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(c->sysctls.v[k].name, name)) {
                field_duplicate(fe, p, name);
                break;
            }
    }
}

void check_pod_security(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
    static const char *const change[] = {"Always", "OnRootMismatch", NULL};
    static const char *const groups[] = {"Merge", "Strict", NULL};
    const struct field_path *p = PATH(spec, "securityContext");
    const PodSecurityContext *c = s->security_context;
    if (!c)
        return;
    check_id(fe, PATH(p, "fsGroup"), c->fs_group);
    check_id(fe, PATH(p, "runAsUser"), c->run_as_user);
    check_id(fe, PATH(p, "runAsGroup"), c->run_as_group);
    for (uint32_t i = 0; i < c->supplemental_groups.n; i++)
        check_id(fe, PATH_INDEX(PATH(p, "supplementalGroups"), i),
                 (struct opt_i64){true, c->supplemental_groups.v[i]});
    if (opt_or(s->share_process_namespace, false) && s->host_pid)
        field_invalid_printed(fe, PATH(p, "shareProcessNamespace"), STR("true"),
                              "ShareProcessNamespace and HostPID cannot both be enabled");
    check_sysctls(fe, PATH(p, "sysctls"), c);
    if (c->fs_group_change_policy.p)
        check_one_of(fe, PATH(p, "fsGroupChangePolicy"), c->fs_group_change_policy, change);
    if (c->seccomp_profile)
        check_profile(fe, PATH(p, "seccompProfile"), c->seccomp_profile->type,
                      c->seccomp_profile->localhost_profile, false);
    if (c->app_armor_profile)
        check_profile(fe, PATH(p, "appArmorProfile"), c->app_armor_profile->type,
                      c->app_armor_profile->localhost_profile, true);
    if (c->supplemental_groups_policy.p)
        check_one_of(fe, PATH(p, "supplementalGroupsPolicy"), c->supplemental_groups_policy,
                     groups);
}
