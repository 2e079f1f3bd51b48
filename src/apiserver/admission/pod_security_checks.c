// SPDX-License-Identifier: Apache-2.0
/* One function a check; the table at the end says where each belongs. Reasons, details and their
 * order are upstream's. */
#include "apiserver/admission/pod_security.h"
#include "base/buf.h"
#include "base/vec.h"
#include "schema/ops.h"

struct pod {
    struct arena *arena;
    const ObjectMeta *meta;
    const PodSpec *spec;
    Container *c; /* init, plain and ephemeral ones: what is looked at here */
    uint32_t n;
    unsigned minor;
};

struct finding {
    str reason, detail;
};

/* ---- words ---- */

static str quoted(struct arena *a, const str_list *l) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < l->n; i++) {
        if (i)
            buf_adds(&b, ", ");
        go_quote(&b, l->v[i]);
    }
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}

/* A sorted set. */
static void put(struct arena *a, str_list *l, str s) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return;
    *list_push(a, l) = s;
    for (uint32_t i = l->n - 1; i > 0 && str_cmp(l->v[i], l->v[i - 1]) < 0; i--) {
        str t = l->v[i];
        l->v[i] = l->v[i - 1];
        l->v[i - 1] = t;
    }
}

static const char *plural(const str_list *l, const char *one, const char *many) {
    return l->n == 1 ? one : many;
}

/* container "a", or containers "a", "b" */
static str containers(struct arena *a, const str_list *l) {
    return str_printf(a, "%s " STR_FMT, plural(l, "container", "containers"),
                      STR_ARG(quoted(a, l)));
}

/* pod and container "a" */
static str setters(struct arena *a, bool pod, const str_list *l) {
    if (!l->n)
        return pod ? STR("pod") : STR_NONE;
    return str_concat(a, pod ? STR("pod and ") : STR_NONE, containers(a, l));
}

#define DETAIL(p_, ...) str_printf((p_)->arena, __VA_ARGS__)

/* ---- baseline ---- */

static bool app_armor_ok(const AppArmorProfile *p) {
    return !p || str_eqc(p->type, "RuntimeDefault") || str_eqc(p->type, "Localhost");
}

static bool app_armor_annotation_ok(str v) {
    return !v.n || str_eqc(v, "runtime/default") || str_starts(v, STR("localhost/"));
}

static bool app_armor(const struct pod *p, struct finding *f) {
    str_list who = {0}, values = {0}, notes = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    bool pod = sc && !app_armor_ok(sc->app_armor_profile);
    if (pod)
        put(p->arena, &values, sc->app_armor_profile->type);
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (!s || app_armor_ok(s->app_armor_profile))
            continue;
        *list_push(p->arena, &who) = p->c[i].name;
        put(p->arena, &values, s->app_armor_profile->type);
    }
    for (uint32_t i = 0; p->meta && i < p->meta->annotations.n; i++) {
        struct str_pair kv = p->meta->annotations.v[i];
        if (!str_starts(kv.key, STR("container.apparmor.security.beta.kubernetes.io/")) ||
            app_armor_annotation_ok(kv.value))
            continue;
        put(p->arena, &notes, kv.key);
        put(p->arena, &values, kv.value);
    }
    str text = setters(p->arena, pod, &who);
    if (notes.n)
        text =
            DETAIL(p, STR_FMT "%s%s " STR_FMT, STR_ARG(text), text.n ? " and " : "",
                   plural(&notes, "annotation", "annotations"), STR_ARG(quoted(p->arena, &notes)));
    f->reason =
        values.n == 1 ? STR("forbidden AppArmor profile") : STR("forbidden AppArmor profiles");
    f->detail = DETAIL(p, STR_FMT " must not set AppArmor profile type to " STR_FMT, STR_ARG(text),
                       STR_ARG(quoted(p->arena, &values)));
    return values.n == 0;
}

static const char *const default_capabilities[] = {
    "AUDIT_WRITE",      "CHOWN",   "DAC_OVERRIDE", "FOWNER",  "FSETID", "KILL",       "MKNOD",
    "NET_BIND_SERVICE", "SETFCAP", "SETGID",       "SETPCAP", "SETUID", "SYS_CHROOT", NULL};
static const char *const net_bind[] = {"NET_BIND_SERVICE", NULL};

/* Who adds what is not allowed; the detail, or nothing. */
static str added(const struct pod *p, const char *const *allowed) {
    str_list who = {0}, what = {0};
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        bool bad = false;
        for (uint32_t j = 0; s && s->capabilities && j < s->capabilities->add.n; j++) {
            str cap = s->capabilities->add.v[j];
            if (str_in(cap, allowed))
                continue;
            put(p->arena, &what, cap);
            bad = true;
        }
        if (bad)
            *list_push(p->arena, &who) = p->c[i].name;
    }
    if (!who.n)
        return STR_NONE;
    return DETAIL(p, STR_FMT " must not include " STR_FMT " in securityContext.capabilities.add",
                  STR_ARG(containers(p->arena, &who)), STR_ARG(quoted(p->arena, &what)));
}

static bool capabilities(const struct pod *p, struct finding *f) {
    *f = (struct finding){STR("non-default capabilities"), added(p, default_capabilities)};
    return !f->detail.n;
}

static bool host_namespaces(const struct pod *p, struct finding *f) {
    str_list l = {0};
    if (p->spec->host_network)
        *list_push(p->arena, &l) = STR("hostNetwork=true");
    if (p->spec->host_pid)
        *list_push(p->arena, &l) = STR("hostPID=true");
    if (p->spec->host_ipc)
        *list_push(p->arena, &l) = STR("hostIPC=true");
    *f = (struct finding){STR("host namespaces"), str_join(p->arena, l.v, l.n, STR(", "))};
    return !l.n;
}

static bool host_path(const struct pod *p, struct finding *f) {
    str_list l = {0};
    for (uint32_t i = 0; i < p->spec->volumes.n; i++)
        if (p->spec->volumes.v[i].volume_source.host_path)
            *list_push(p->arena, &l) = p->spec->volumes.v[i].name;
    *f = (struct finding){
        STR("hostPath volumes"),
        DETAIL(p, "%s " STR_FMT, plural(&l, "volume", "volumes"), STR_ARG(quoted(p->arena, &l)))};
    return !l.n;
}

static bool host_ports(const struct pod *p, struct finding *f) {
    str_list who = {0}, ports = {0};
    for (uint32_t i = 0; i < p->n; i++) {
        bool bad = false;
        for (uint32_t j = 0; j < p->c[i].ports.n; j++)
            if (p->c[i].ports.v[j].host_port) {
                put(p->arena, &ports, DETAIL(p, "%d", p->c[i].ports.v[j].host_port));
                bad = true;
            }
        if (bad)
            *list_push(p->arena, &who) = p->c[i].name;
    }
    *f = (struct finding){STR("hostPort"),
                          DETAIL(p, STR_FMT " %s %s " STR_FMT, STR_ARG(containers(p->arena, &who)),
                                 plural(&who, "uses", "use"),
                                 plural(&ports, "hostPort", "hostPorts"),
                                 STR_ARG(str_join(p->arena, ports.v, ports.n, STR(", "))))};
    return !who.n;
}

static bool put_host(const struct pod *p, str_list *hosts, const HTTPGetAction *http,
                     const TCPSocketAction *tcp) {
    if (http && http->host.n)
        put(p->arena, hosts, http->host);
    if (tcp && tcp->host.n)
        put(p->arena, hosts, tcp->host);
    return (http && http->host.n) || (tcp && tcp->host.n);
}

static bool put_hosts(const struct pod *p, str_list *hosts, const Container *c) {
    const Probe *probes[] = {c->liveness_probe, c->readiness_probe, c->startup_probe};
    bool bad = false;
    for (size_t i = 0; i < ARRAY_LEN(probes); i++)
        if (probes[i])
            bad |= put_host(p, hosts, probes[i]->probe_handler.http_get,
                            probes[i]->probe_handler.tcp_socket);
    const Lifecycle *l = c->lifecycle;
    const LifecycleHandler *handlers[] = {l ? l->post_start : NULL, l ? l->pre_stop : NULL};
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
        if (handlers[i])
            bad |= put_host(p, hosts, handlers[i]->http_get, handlers[i]->tcp_socket);
    return bad;
}

static bool probe_hosts(const struct pod *p, struct finding *f) {
    str_list who = {0}, hosts = {0};
    for (uint32_t i = 0; i < p->n; i++)
        if (put_hosts(p, &hosts, &p->c[i]))
            put(p->arena, &who, p->c[i].name);
    *f = (struct finding){
        STR("probe or lifecycle host"),
        DETAIL(p, STR_FMT " %s %s " STR_FMT, STR_ARG(containers(p->arena, &who)),
               plural(&who, "uses", "use"),
               plural(&hosts, "probe or lifecycle host", "probe or lifecycle hosts"),
               STR_ARG(quoted(p->arena, &hosts)))};
    return !who.n;
}

static bool privileged(const struct pod *p, struct finding *f) {
    str_list who = {0};
    for (uint32_t i = 0; i < p->n; i++)
        if (p->c[i].security_context && opt_or(p->c[i].security_context->privileged, false))
            *list_push(p->arena, &who) = p->c[i].name;
    *f = (struct finding){STR("privileged"),
                          DETAIL(p, STR_FMT " must not set securityContext.privileged=true",
                                 STR_ARG(containers(p->arena, &who)))};
    return !who.n;
}

/* A user namespace of its own: being root in it is being nobody outside. */
static bool own_users(const struct pod *p) {
    return p->minor >= 34 && p->spec->host_users.set && !p->spec->host_users.v;
}

static bool proc_mount(const struct pod *p, struct finding *f) {
    str_list who = {0}, what = {0};
    for (uint32_t i = 0; i < p->n && !own_users(p); i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (!s || !s->proc_mount.p || str_eqc(s->proc_mount, "Default"))
            continue;
        *list_push(p->arena, &who) = p->c[i].name;
        put(p->arena, &what, s->proc_mount);
    }
    *f = (struct finding){STR("procMount"),
                          DETAIL(p, STR_FMT " must not set securityContext.procMount to " STR_FMT,
                                 STR_ARG(containers(p->arena, &who)),
                                 STR_ARG(quoted(p->arena, &what)))};
    return !who.n;
}

struct se_linux {
    str_list types;
    bool user, role;
};

static bool se_linux_bad(const struct pod *p, struct se_linux *found, const SELinuxOptions *o) {
    static const char *const allowed[] = {"", "container_t", "container_init_t", "container_kvm_t",
                                          NULL};
    if (!o)
        return false;
    bool type = str_in(o->type, allowed) || !o->type.n ||
                (p->minor >= 31 && str_eqc(o->type, "container_engine_t"));
    if (!type)
        put(p->arena, &found->types, o->type);
    found->user |= o->user.n > 0;
    found->role |= o->role.n > 0;
    return !type || o->user.n || o->role.n;
}

static bool se_linux(const struct pod *p, struct finding *f) {
    struct se_linux found = {0};
    str_list who = {0}, what = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    bool pod = sc && se_linux_bad(p, &found, sc->se_linux_options);
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (s && se_linux_bad(p, &found, s->se_linux_options))
            *list_push(p->arena, &who) = p->c[i].name;
    }
    if (found.types.n)
        *list_push(p->arena, &what) =
            DETAIL(p, "%s " STR_FMT, plural(&found.types, "type", "types"),
                   STR_ARG(quoted(p->arena, &found.types)));
    if (found.user)
        *list_push(p->arena, &what) = STR("user may not be set");
    if (found.role)
        *list_push(p->arena, &what) = STR("role may not be set");
    *f = (struct finding){STR("seLinuxOptions"),
                          DETAIL(p,
                                 STR_FMT " set forbidden securityContext.seLinuxOptions: " STR_FMT,
                                 STR_ARG(setters(p->arena, pod, &who)),
                                 STR_ARG(str_join(p->arena, what.v, what.n, STR("; "))))};
    return !pod && !who.n;
}

static bool seccomp_bad(const struct pod *p, str_list *values, const SeccompProfile *s) {
    if (!s || str_eqc(s->type, "RuntimeDefault") || str_eqc(s->type, "Localhost"))
        return false;
    put(p->arena, values, s->type);
    return true;
}

/* Names of containers without a profile go into ret_without (may be NULL). */
static bool seccomp_with(const struct pod *p, struct finding *f, str_list *ret_without) {
    str_list who = {0}, values = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    bool pod = sc && seccomp_bad(p, &values, sc->seccomp_profile);
    bool covered = sc && sc->seccomp_profile && !pod;
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (s && seccomp_bad(p, &values, s->seccomp_profile))
            *list_push(p->arena, &who) = p->c[i].name;
        if ((!s || !s->seccomp_profile) && !covered && ret_without)
            *list_push(p->arena, ret_without) = p->c[i].name;
    }
    *f = (struct finding){
        STR("seccompProfile"),
        DETAIL(p, STR_FMT " must not set securityContext.seccompProfile.type to " STR_FMT,
               STR_ARG(setters(p->arena, pod, &who)), STR_ARG(quoted(p->arena, &values)))};
    return !pod && !who.n;
}

static bool seccomp_annotation_ok(str v) {
    return str_eqc(v, "runtime/default") || str_eqc(v, "docker/default") ||
           str_starts(v, STR("localhost/"));
}

/* Before the fields there were annotations. */
static bool seccomp_annotations(const struct pod *p, struct finding *f) {
    str_list l = {0};
    for (uint32_t i = 0; p->meta && i < p->meta->annotations.n; i++) {
        struct str_pair kv = p->meta->annotations.v[i];
        bool one = str_eqc(kv.key, "seccomp.security.alpha.kubernetes.io/pod") ||
                   str_starts(kv.key, STR("container.seccomp.security.alpha.kubernetes.io/"));
        if (one && !seccomp_annotation_ok(kv.value))
            put(p->arena, &l,
                DETAIL(p, STR_FMT "=" STR_FMT, STR_ARG(kv.key),
                       STR_ARG(quoted(p->arena, &(str_list){&kv.value, 1}))));
    }
    *f =
        (struct finding){STR("seccompProfile"),
                         DETAIL(p, "forbidden %s " STR_FMT, plural(&l, "annotation", "annotations"),
                                STR_ARG(str_join(p->arena, l.v, l.n, STR(", "))))};
    return !l.n;
}

static bool seccomp_baseline(const struct pod *p, struct finding *f) {
    return p->minor < 19 ? seccomp_annotations(p, f) : seccomp_with(p, f, NULL);
}

static bool sysctl_ok(unsigned minor, str name) {
    static const struct {
        unsigned since;
        const char *name;
    } safe[] = {
        {0, "kernel.shm_rmid_forced"},
        {0, "net.ipv4.ip_local_port_range"},
        {0, "net.ipv4.tcp_syncookies"},
        {0, "net.ipv4.ping_group_range"},
        {0, "net.ipv4.ip_unprivileged_port_start"},
        {27, "net.ipv4.ip_local_reserved_ports"},
        {29, "net.ipv4.tcp_keepalive_time"},
        {29, "net.ipv4.tcp_fin_timeout"},
        {29, "net.ipv4.tcp_keepalive_intvl"},
        {29, "net.ipv4.tcp_keepalive_probes"},
        {32, "net.ipv4.tcp_rmem"},
        {32, "net.ipv4.tcp_wmem"},
    };
    for (size_t i = 0; i < ARRAY_LEN(safe); i++)
        if (minor >= safe[i].since && str_eqc(name, safe[i].name))
            return true;
    return false;
}

static bool sysctls(const struct pod *p, struct finding *f) {
    str_list l = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    for (uint32_t i = 0; sc && i < sc->sysctls.n; i++)
        if (!sysctl_ok(p->minor, sc->sysctls.v[i].name))
            *list_push(p->arena, &l) = sc->sysctls.v[i].name;
    *f = (struct finding){STR("forbidden sysctls"), str_join(p->arena, l.v, l.n, STR(", "))};
    return !l.n;
}

static bool host_process(const struct pod *p, struct finding *f) {
    str_list who = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    bool pod = sc && sc->windows_options && opt_or(sc->windows_options->host_process, false);
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (s && s->windows_options && opt_or(s->windows_options->host_process, false))
            *list_push(p->arena, &who) = p->c[i].name;
    }
    *f = (struct finding){
        STR("hostProcess"),
        DETAIL(p, STR_FMT " must not set securityContext.windowsOptions.hostProcess=true",
               STR_ARG(setters(p->arena, pod, &who)))};
    return !pod && !who.n;
}

/* ---- restricted ---- */

static bool windows(const struct pod *p) {
    return p->minor >= 25 && p->spec->os && str_eqc(p->spec->os->name, "windows");
}

static bool escalation(const struct pod *p, struct finding *f) {
    str_list who = {0};
    for (uint32_t i = 0; i < p->n && !windows(p); i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (!s || opt_or(s->allow_privilege_escalation, true))
            *list_push(p->arena, &who) = p->c[i].name;
    }
    *f = (struct finding){STR("allowPrivilegeEscalation != false"),
                          DETAIL(p,
                                 STR_FMT " must set securityContext.allowPrivilegeEscalation=false",
                                 STR_ARG(containers(p->arena, &who)))};
    return !who.n;
}

static bool drops_all(const SecurityContext *s) {
    for (uint32_t i = 0; s && s->capabilities && i < s->capabilities->drop.n; i++)
        if (str_eqc(s->capabilities->drop.v[i], "ALL"))
            return true;
    return false;
}

static bool few_capabilities(const struct pod *p, struct finding *f) {
    str_list who = {0}, texts = {0};
    if (windows(p))
        return true;
    for (uint32_t i = 0; i < p->n; i++)
        if (!drops_all(p->c[i].security_context))
            *list_push(p->arena, &who) = p->c[i].name;
    if (who.n)
        *list_push(p->arena, &texts) =
            DETAIL(p, STR_FMT " must set securityContext.capabilities.drop=[\"ALL\"]",
                   STR_ARG(containers(p->arena, &who)));
    str more = added(p, net_bind);
    if (more.n)
        *list_push(p->arena, &texts) = more;
    *f = (struct finding){STR("unrestricted capabilities"),
                          str_join(p->arena, texts.v, texts.n, STR("; "))};
    return !texts.n;
}

static const char *const free_volumes[] = {
    "configMap", "csi",    "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim",
    "projected", "secret", NULL};

/* JSON name of the source that a volume has. */
static str volume_kind(const VolumeSource *s) {
    for (uint32_t i = 0; i < VolumeSource_type.n_fields; i++) {
        const struct api_field *f = &VolumeSource_type.fields[i];
        if (!api_field_absent(f, (const char *)s + f->offset))
            return str_of(f->json);
    }
    return STR("unknown");
}

static bool volumes(const struct pod *p, struct finding *f) {
    str_list who = {0}, kinds = {0};
    for (uint32_t i = 0; i < p->spec->volumes.n; i++) {
        str kind = volume_kind(&p->spec->volumes.v[i].volume_source);
        if (str_in(kind, free_volumes))
            continue;
        *list_push(p->arena, &who) = p->spec->volumes.v[i].name;
        put(p->arena, &kinds, kind);
    }
    *f = (struct finding){
        STR("restricted volume types"),
        DETAIL(p, "%s " STR_FMT " %s %s " STR_FMT, plural(&who, "volume", "volumes"),
               STR_ARG(quoted(p->arena, &who)), plural(&who, "uses", "use"),
               plural(&kinds, "restricted volume type", "restricted volume types"),
               STR_ARG(quoted(p->arena, &kinds)))};
    return !who.n;
}

static bool non_root(const struct pod *p, struct finding *f) {
    str_list who = {0}, silent = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    struct opt_bool said = sc ? sc->run_as_non_root : (struct opt_bool){0};
    bool pod = said.set && !said.v;
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        struct opt_bool own = s ? s->run_as_non_root : (struct opt_bool){0};
        if (own.set && !own.v)
            *list_push(p->arena, &who) = p->c[i].name;
        if (!own.set && !opt_or(said, false))
            *list_push(p->arena, &silent) = p->c[i].name;
    }
    f->reason = STR("runAsNonRoot != true");
    if (pod || who.n)
        f->detail = DETAIL(p, STR_FMT " must not set securityContext.runAsNonRoot=false",
                           STR_ARG(setters(p->arena, pod, &who)));
    else
        f->detail = DETAIL(p, "pod or " STR_FMT " must set securityContext.runAsNonRoot=true",
                           STR_ARG(containers(p->arena, &silent)));
    return own_users(p) || (!pod && !who.n && !silent.n);
}

static bool not_user_0(const struct pod *p, struct finding *f) {
    str_list who = {0};
    const PodSecurityContext *sc = p->spec->security_context;
    bool pod = sc && opt_or(sc->run_as_user, 1) == 0;
    for (uint32_t i = 0; i < p->n; i++) {
        const SecurityContext *s = p->c[i].security_context;
        if (s && opt_or(s->run_as_user, 1) == 0)
            *list_push(p->arena, &who) = p->c[i].name;
    }
    *f = (struct finding){STR("runAsUser=0"), DETAIL(p, STR_FMT " must not set runAsUser=0",
                                                     STR_ARG(setters(p->arena, pod, &who)))};
    return own_users(p) || (!pod && !who.n);
}

static bool seccomp_restricted(const struct pod *p, struct finding *f) {
    str_list without = {0};
    if (windows(p))
        return true;
    if (!seccomp_with(p, f, &without))
        return false;
    f->detail = DETAIL(p,
                       "pod or " STR_FMT " must set securityContext.seccompProfile.type to "
                       "\"RuntimeDefault\" or \"Localhost\"",
                       STR_ARG(containers(p->arena, &without)));
    return !without.n;
}

static const struct check {
    enum security_level level;
    unsigned since;
    bool (*ok)(const struct pod *, struct finding *);
    unsigned overridden; /* restricted level does not ask it as of this version */
} checks[] = {
    {LEVEL_BASELINE, 0, app_armor, ~0u},       {LEVEL_BASELINE, 0, capabilities, 22},
    {LEVEL_BASELINE, 0, host_namespaces, ~0u}, {LEVEL_BASELINE, 0, host_path, 0},
    {LEVEL_BASELINE, 0, host_ports, ~0u},      {LEVEL_BASELINE, 34, probe_hosts, ~0u},
    {LEVEL_BASELINE, 0, privileged, ~0u},      {LEVEL_BASELINE, 0, proc_mount, ~0u},
    {LEVEL_BASELINE, 0, se_linux, ~0u},        {LEVEL_BASELINE, 0, seccomp_baseline, 19},
    {LEVEL_BASELINE, 0, sysctls, ~0u},         {LEVEL_BASELINE, 0, host_process, ~0u},
    {LEVEL_RESTRICTED, 8, escalation, ~0u},    {LEVEL_RESTRICTED, 22, few_capabilities, ~0u},
    {LEVEL_RESTRICTED, 0, volumes, ~0u},       {LEVEL_RESTRICTED, 0, non_root, ~0u},
    {LEVEL_RESTRICTED, 23, not_user_0, ~0u},   {LEVEL_RESTRICTED, 19, seccomp_restricted, ~0u},
};

static void gather(struct pod *p) {
    const PodSpec *s = p->spec;
    p->c = arena_array(
        p->arena, (size_t)s->init_containers.n + s->containers.n + s->ephemeral_containers.n + 1,
        sizeof(Container));
    for (uint32_t i = 0; i < s->init_containers.n; i++)
        p->c[p->n++] = s->init_containers.v[i];
    for (uint32_t i = 0; i < s->containers.n; i++)
        p->c[p->n++] = s->containers.v[i];
    for (uint32_t i = 0; i < s->ephemeral_containers.n; i++) {
        const EphemeralContainerCommon *e =
            &s->ephemeral_containers.v[i].ephemeral_container_common;
        Container *c = &p->c[p->n++];
        c->name = e->name;
        c->security_context = e->security_context;
        c->ports.v = e->ports.v;
        c->ports.n = e->ports.n;
        c->liveness_probe = e->liveness_probe;
        c->readiness_probe = e->readiness_probe;
        c->startup_probe = e->startup_probe;
        c->lifecycle = e->lifecycle;
    }
}

struct security_result pod_security_check(struct arena *a, enum security_level level,
                                          unsigned minor, const ObjectMeta *meta,
                                          const PodSpec *spec) {
    struct security_result r = {0};
    struct pod p = {.arena = a, .meta = meta, .spec = spec, .minor = minor};
    if (level == LEVEL_PRIVILEGED)
        return r;
    gather(&p);
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        const struct check *c = &checks[i];
        bool overridden = level == LEVEL_RESTRICTED && minor >= c->overridden;
        struct finding f = {0};
        if (c->level > level || minor < c->since || overridden || c->ok(&p, &f))
            continue;
        *list_push(a, &r.reasons) = f.reason;
        *list_push(a, &r.details) = f.detail;
    }
    return r;
}
