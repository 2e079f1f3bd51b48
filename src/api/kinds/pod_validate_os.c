// SPDX-License-Identifier: Apache-2.0
/* What belongs to one operating system: Windows' options, and what a pod of a stated system may
 * not ask for. */
#include "api/kinds/pod_validate.h"

#define GMSA_SPEC_MAX      (64 * 1024)
#define USER_DOMAIN_MAX    255
#define USER_NAME_MAX      104
#define NETBIOS_DOMAIN_MAX 15
#define DOMAIN_LABEL_MAX   63

static bool has_control(str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return true;
    return false;
}

static bool has_any(str s, const char *set) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] && strchr(set, s.p[i]))
            return true;
    return false;
}

static size_t characters(str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static bool is_netbios_domain(str s) {
    return s.n && s.p[0] != '.' && characters(s) <= NETBIOS_DOMAIN_MAX &&
           !has_any(s, "\\/:*?\"<>|");
}

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_dns_domain(str s) {
    while (s.p) {
        str label = str_cut(&s, '.');
        if (!label.n || label.n > DOMAIN_LABEL_MAX || !is_alnum(label.p[0]) ||
            !is_alnum(label.p[label.n - 1]))
            return false;
        for (size_t i = 0; i < label.n; i++)
            if (!is_alnum(label.p[i]) && label.p[i] != '-')
                return false;
    }
    return true;
}

static bool only_dots_and_spaces(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '.' && s.p[i] != ' ')
            return false;
    return s.n > 0;
}

/* "DOMAIN\\user" or "user". */
static void check_user_parts(struct field_errors *fe, const struct field_path *p, str name) {
    str user = name, domain = {0};
    if (str_chr(name, '\\') >= 0)
        domain = str_cut(&user, '\\');
    if (domain.n > USER_DOMAIN_MAX)
        field_invalid(fe, p, name, "runAsUserName's Domain length must be under 256 characters");
    if (domain.p && !is_netbios_domain(domain) && !is_dns_domain(domain))
        field_invalid(fe, p, name,
                      "runAsUserName's Domain doesn't match the NetBios nor the DNS format");
    if (!user.n)
        field_invalid(fe, p, name, "runAsUserName's User cannot be empty");
    else if (user.n > USER_NAME_MAX)
        field_invalid(fe, p, name,
                      "runAsUserName's User length must not be longer than 104 characters");
    if (only_dots_and_spaces(user))
        field_invalid(fe, p, name, "runAsUserName's User cannot contain only periods or spaces");
    if (has_any(user, "\"/\\:;|=,+*?<>@[]"))
        field_invalid(fe, p, name,
                      "runAsUserName's User cannot contain the following characters: "
                      "\"/\\:;|=,+*?<>@[]");
}

static void check_user_name(struct field_errors *fe, const struct field_path *p, str name) {
    str rest = name;
    str_cut(&rest, '\\');
    if (!name.n)
        field_invalid(fe, p, name, "runAsUserName cannot be an empty string");
    else if (has_control(name))
        field_invalid(fe, p, name, "runAsUserName cannot contain control characters");
    else if (rest.p && str_chr(rest, '\\') >= 0)
        field_invalid(fe, p, name, "runAsUserName cannot contain more than one backslash");
    else
        check_user_parts(fe, p, name);
}

void check_windows_options(struct field_errors *fe, const struct field_path *p,
                           const WindowsSecurityContextOptions *o) {
    if (!o)
        return;
    if (o->gmsa_credential_spec_name.p)
        field_check_name(fe, PATH(p, "gmsaCredentialSpecName"), o->gmsa_credential_spec_name,
                         name_dns1123_subdomain);
    str spec = o->gmsa_credential_spec;
    if (spec.p && !spec.n)
        field_invalid(fe, PATH(p, "gmsaCredentialSpec"), spec,
                      "gmsaCredentialSpec cannot be an empty string");
    else if (spec.n > GMSA_SPEC_MAX)
        field_invalid(fe, PATH(p, "gmsaCredentialSpec"), spec,
                      "gmsaCredentialSpec size must be under 64 KiB");
    if (o->run_as_user_name.p)
        check_user_name(fe, PATH(p, "runAsUserName"), o->run_as_user_name);
}

static struct opt_bool host_process(const WindowsSecurityContextOptions *o) {
    return o ? o->host_process : (struct opt_bool){0};
}

/* All containers of a pod are processes of the host, or none. */
void check_host_process(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
    struct container_list lists[CONTAINERS_MAX];
    struct opt_bool pod =
        host_process(s->security_context ? s->security_context->windows_options : NULL);
    uint32_t all = 0, of_host = 0;
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n; i++, all++) {
            const SecurityContext *c = container_at(&lists[l], i)->security_context;
            struct opt_bool own = host_process(c ? c->windows_options : NULL);
            of_host += own.set ? own.v : opt_or(pod, false);
            if (!pod.set || !own.set || pod.v == own.v)
                continue;
            const struct field_path *p = PATH_INDEX(PATH(spec, lists[l].name), i);
            field_invalid_printed(
                fe, PATH(PATH(PATH(p, "securityContext"), "windowsOptions"), "hostProcess"),
                own.v ? STR("true") : STR("false"),
                "pod hostProcess value must be identical if both are specified, was %s",
                pod.v ? "true" : "false");
        }
    if (of_host && of_host != all)
        field_invalid(fe, spec, STR(""),
                      "If pod contains any hostProcess containers then all containers must be "
                      "HostProcess containers");
    if (of_host && !s->host_network)
        field_invalid_printed(fe, PATH(spec, "hostNetwork"), STR("false"),
                              "hostNetwork must be true if pod contains any hostProcess "
                              "containers");
}

/* ---- a stated system ---- */

static void check_linux(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
#define NOT_LINUX "windows options cannot be set for a linux pod"
    struct container_list lists[CONTAINERS_MAX];
    if (s->security_context && s->security_context->windows_options)
        field_forbidden(fe, PATH(PATH(spec, "securityContext"), "windowsOptions"), NOT_LINUX);
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n; i++) {
            const SecurityContext *c = container_at(&lists[l], i)->security_context;
            const struct field_path *p = PATH_INDEX(PATH(spec, lists[l].name), i);
            if (c && c->windows_options)
                field_forbidden(fe, PATH(PATH(p, "securityContext"), "windowsOptions"), NOT_LINUX);
        }
}

/* Fields of the type that are given, of those named. */
static void forbid(struct field_errors *fe, const struct field_path *p, const struct api_type *t,
                   const void *obj, const char *const *names) {
    for (; *names; names++) {
        uint32_t at = 0;
        const struct api_field *f = type_field(t, str_of(*names), &at, NULL);
        if (!api_field_absent(f, (const char *)obj + at))
            field_forbidden(fe, PATH(p, *names), "cannot be set for a windows pod");
    }
}

/* In the order of upstream's errors: of the context, of the spec, and so on in turns. */
static void check_windows_pod(struct field_errors *fe, const struct field_path *spec,
                              const PodSpec *s) {
    static const PodSecurityContext none;
    static const char *const lists[][8] = {
        {"appArmorProfile", "seLinuxOptions", NULL},
        {"hostUsers", "hostPID", "hostIPC", NULL},
        {"seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", NULL},
        {"shareProcessNamespace", NULL},
        {"runAsUser", "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy",
         "seLinuxChangePolicy", NULL},
    };
    const PodSecurityContext *c = s->security_context ? s->security_context : &none;
    for (size_t i = 0; i < ARRAY_LEN(lists); i++)
        if (i % 2)
            forbid(fe, spec, &PodSpec_type, s, lists[i]);
        else
            forbid(fe, PATH(spec, "securityContext"), &PodSecurityContext_type, c, lists[i]);
}

static const char *const not_of_windows[] = {"appArmorProfile",
                                             "seLinuxOptions",
                                             "seccompProfile",
                                             "capabilities",
                                             "readOnlyRootFilesystem",
                                             "privileged",
                                             "allowPrivilegeEscalation",
                                             "procMount",
                                             "runAsUser",
                                             "runAsGroup",
                                             NULL};

static void check_windows(struct field_errors *fe, const struct field_path *spec,
                          const PodSpec *s) {
    struct container_list lists[CONTAINERS_MAX];
    check_windows_pod(fe, spec, s);
    container_lists(s, lists);
    for (int l = 0; l < CONTAINERS_MAX; l++)
        for (uint32_t i = 0; i < lists[l].n && !field_errors_full(fe); i++) {
            const SecurityContext *c = container_at(&lists[l], i)->security_context;
            const struct field_path *p = PATH_INDEX(PATH(spec, lists[l].name), i);
            if (c)
                forbid(fe, PATH(p, "securityContext"), &SecurityContext_type, c, not_of_windows);
        }
}

void check_os(struct field_errors *fe, const struct field_path *spec, const PodSpec *s) {
    static const char *const systems[] = {"linux", "windows", NULL};
    if (!s->os)
        return;
    if (!s->os->name.n)
        field_required(fe, PATH(PATH(spec, "os"), "name"), "cannot be empty");
    else if (!str_in(s->os->name, systems))
        field_not_supported(fe, PATH(spec, "os"), s->os->name, systems);
    else if (str_eqc(s->os->name, "linux"))
        check_linux(fe, spec, s);
    else
        check_windows(fe, spec, s);
}
