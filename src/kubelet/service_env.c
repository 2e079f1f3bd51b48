// SPDX-License-Identifier: Apache-2.0
#include "base/vec.h"
#include "kubelet/pod_env.h"

static str upper(struct arena *a, str s) {
    char *p = arena_alloc(a, s.n + 1);
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        p[i] = c == '-' ? '_' : c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    }
    p[s.n] = '\0';
    return str_n(p, s.n);
}

static void add(struct arena *a, struct env_list *l, str value, const char *fmt, str x, int port,
                str y) {
    str name = port < 0 ? str_printf(a, fmt, STR_ARG(x), STR_ARG(y))
                        : str_printf(a, fmt, STR_ARG(x), port, STR_ARG(y));
    *list_push(a, l) = (struct env_var){name, value};
}

static void link_env(struct arena *a, str name, str ip, const struct ServicePort *p, bool first,
                     struct env_list *ret) {
    str proto = str_empty(p->protocol) ? STR("TCP") : upper(a, p->protocol);
    str low = str_lower(a, proto);
    str url = str_printf(a, STR_FMT "://" STR_FMT ":%d", STR_ARG(low), STR_ARG(ip), p->port);
    str port = str_printf(a, "%d", p->port);
    if (first)
        add(a, ret, url, STR_FMT "_PORT" STR_FMT, name, -1, STR(""));
    add(a, ret, url, STR_FMT "_PORT_%d_" STR_FMT, name, p->port, proto);
    add(a, ret, low, STR_FMT "_PORT_%d_" STR_FMT "_PROTO", name, p->port, proto);
    add(a, ret, port, STR_FMT "_PORT_%d_" STR_FMT "_PORT", name, p->port, proto);
    add(a, ret, ip, STR_FMT "_PORT_%d_" STR_FMT "_ADDR", name, p->port, proto);
}

void service_env(struct arena *a, const Service *s, struct env_list *ret) {
    str ip = s->spec.cluster_ip;
    if (str_empty(ip) || str_eq(ip, STR("None")) || s->spec.ports.n == 0)
        return;
    str name = upper(a, s->metadata.name);
    add(a, ret, ip, STR_FMT "_SERVICE_HOST" STR_FMT, name, -1, STR(""));
    add(a, ret, str_printf(a, "%d", s->spec.ports.v[0].port), STR_FMT "_SERVICE_PORT" STR_FMT, name,
        -1, STR(""));
    for (uint32_t i = 0; i < s->spec.ports.n; i++) {
        const struct ServicePort *p = &s->spec.ports.v[i];
        if (!str_empty(p->name))
            add(a, ret, str_printf(a, "%d", p->port), STR_FMT "_SERVICE_PORT_" STR_FMT, name, -1,
                upper(a, p->name));
    }
    for (uint32_t i = 0; i < s->spec.ports.n; i++)
        link_env(a, name, ip, &s->spec.ports.v[i], i == 0, ret);
}
