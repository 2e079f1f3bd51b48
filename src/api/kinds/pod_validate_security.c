// SPDX-License-Identifier: Apache-2.0
/* The security contexts of pods and containers. */
#include "api/kinds/pod_validate.h"

void check_id(struct field_errors *fe, const struct field_path *p, struct opt_i64 id) {
    if (id.set)
        field_check_range(fe, p, id.v, 0, INT32_MAX);
}

static const char *const profile_types[] = {"Localhost", "RuntimeDefault", "Unconfined", NULL};

static void check_seccomp(struct field_errors *fe, const struct field_path *p,
                          const SeccompProfile *s) {
    const struct field_path *local = PATH(p, "localhostProfile");
    if (!s)
        return;
    if (!s->type.n)
        field_required(fe, PATH(p, "type"), "type is required when seccompProfile is set");
    else
        check_one_of(fe, PATH(p, "type"), s->type, profile_types);
    bool is_local = str_eqc(s->type, "Localhost");
    if (is_local && !s->localhost_profile.p)
        field_required(fe, local, "must be set when seccomp type is Localhost");
    else if (is_local)
        check_local_path(fe, local, s->localhost_profile, false);
    else if (s->localhost_profile.p)
        field_invalid_printed(fe, local, go_json(fe->arena, &SeccompProfile_type, s),
                              "can only be set when seccomp type is Localhost");
}

#define APPARMOR_PROFILE_MAX 4095 /* PATH_MAX - 1 */

static void check_apparmor_local(struct field_errors *fe, const struct field_path *p, str profile) {
    str trimmed = str_trim(profile);
    if (!profile.p || (!trimmed.n && !profile.n))
        field_required(fe, p, "must be set when AppArmor type is Localhost");
    else if (trimmed.n != profile.n)
        field_invalid(fe, p, profile, "must not be padded with whitespace");
    if (profile.n > APPARMOR_PROFILE_MAX)
        field_too_long(fe, p, APPARMOR_PROFILE_MAX);
}

void check_apparmor(struct field_errors *fe, const struct field_path *p, const AppArmorProfile *s) {
    if (!s)
        return;
    if (str_eqc(s->type, "Localhost"))
        check_apparmor_local(fe, PATH(p, "localhostProfile"), s->localhost_profile);
    else if (!s->type.n)
        field_required(fe, PATH(p, "type"), "type is required when appArmorProfile is set");
    else if (!str_in(s->type, profile_types))
        field_not_supported(fe, PATH(p, "type"), s->type, profile_types);
    else if (s->localhost_profile.p)
        field_invalid(fe, PATH(p, "localhostProfile"), s->localhost_profile,
                      "can only be set when AppArmor type is Localhost");
}

static void check_escalation(struct field_errors *fe, const struct field_path *p,
                             const SecurityContext *s) {
    if (opt_or(s->allow_privilege_escalation, true))
        return;
    if (opt_or(s->privileged, false))
        field_invalid_printed(fe, p, go_json(fe->arena, &SecurityContext_type, s),
                              "cannot set `allowPrivilegeEscalation` to false and `privileged` to "
                              "true");
    if (s->capabilities && strings_have(&s->capabilities->add, STR("CAP_SYS_ADMIN")))
        field_invalid_printed(fe, p, go_json(fe->arena, &SecurityContext_type, s),
                              "cannot set `allowPrivilegeEscalation` to false and "
                              "`capabilities.Add` CAP_SYS_ADMIN");
}

void check_container_security(struct field_errors *fe, const struct field_path *p,
                              const SecurityContext *s, bool host_users) {
    check_rows(fe, p, SecurityContext, s, "runAsUser runAsGroup procMount");
    if (host_users && str_eqc(s->proc_mount, "Unmasked"))
        field_invalid(fe, PATH(p, "procMount"), s->proc_mount,
                      "`hostUsers` must be false to use `Unmasked`");
    check_seccomp(fe, PATH(p, "seccompProfile"), s->seccomp_profile);
    check_escalation(fe, p, s);
    check_windows_options(fe, PATH(p, "windowsOptions"), s->windows_options);
    check_apparmor(fe, PATH(p, "appArmorProfile"), s->app_armor_profile);
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

/* With dots between its parts, as in the kernel's folders: whichever of / and . comes first
 * separates, and the other belongs to a name. */
static str sysctl_dotted(struct arena *a, str s) {
    size_t first = 0;
    while (first < s.n && s.p[first] != '.' && s.p[first] != '/')
        first++;
    if (first == s.n || s.p[first] == '.')
        return s;
    char *v = arena_dup(a, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        v[i] = s.p[i] == '/' ? '.' : s.p[i] == '.' ? '/' : s.p[i];
    return str_n(v, s.n);
}

/* Sysctls that have a value for each namespace cannot be set in that of the host. */
void check_host_sysctl(struct field_errors *fe, const struct field_path *p, str name,
                       const PodSpec *s) {
    static const char *const ipc_names[] = {"kernel.sem",
                                            "kernel.shmall",
                                            "kernel.shmmax",
                                            "kernel.shmmni",
                                            "kernel.shm_rmid_forced",
                                            "kernel.shm_next_id",
                                            "kernel.msgmax",
                                            "kernel.msgmnb",
                                            "kernel.msgmni",
                                            "kernel.msg_next_id",
                                            NULL};
    str dotted = sysctl_dotted(fe->arena, name);
    bool net = str_starts(dotted, STR("net."));
    bool ipc = str_in(dotted, ipc_names) || str_starts(dotted, STR("fs.mqueue."));
    if (s->host_network && net)
        field_invalid(fe, p, name, "may not be specified when 'hostNetwork' is true");
    else if (s->host_ipc && ipc)
        field_invalid(fe, p, name, "may not be specified when 'hostIPC' is true");
}

static void check_sysctls(struct field_errors *fe, const struct field_path *list,
                          const PodSpec *s) {
    const PodSecurityContext *c = s->security_context;
    struct name_index names = name_index_of(fe->arena, c->sysctls.n ? &c->sysctls.v[0].name : NULL,
                                            c->sysctls.n, sizeof(Sysctl));
    for (uint32_t i = 0; i < c->sysctls.n && !field_errors_full(fe); i++) {
        const struct field_path *p = PATH(PATH_INDEX(list, i), "name");
        str name = c->sysctls.v[i].name;
        if (!name.n)
            field_required(fe, p, NULL);
        else if (!is_sysctl(name))
            field_invalid(
                fe, p, name,
                "must have at most 253 characters and match regex "
                "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$");
        else if (name_index_first(&names, name) < i)
            field_duplicate(fe, p, name);
        if (!(fe->kept & KEPT_HOST_SYSCTLS))
            check_host_sysctl(fe, p, name, s);
    }
}

void check_pod_security(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
    const struct field_path *p = PATH(spec, "securityContext");
    const PodSecurityContext *c = s->security_context;
    if (!c)
        return;
    check_rows(fe, p, PodSecurityContext, c, "fsGroup runAsUser runAsGroup supplementalGroups");
    if (opt_or(s->share_process_namespace, false) && s->host_pid)
        field_invalid_printed(fe, PATH(p, "shareProcessNamespace"), STR("true"),
                              "ShareProcessNamespace and HostPID cannot both be enabled");
    check_sysctls(fe, PATH(p, "sysctls"), s);
    check_rows(fe, p, PodSecurityContext, c, "fsGroupChangePolicy");
    check_seccomp(fe, PATH(p, "seccompProfile"), c->seccomp_profile);
    check_windows_options(fe, PATH(p, "windowsOptions"), c->windows_options);
    check_apparmor(fe, PATH(p, "appArmorProfile"), c->app_armor_profile);
    check_rows(fe, p, PodSecurityContext, c, "supplementalGroupsPolicy seLinuxChangePolicy");
}
