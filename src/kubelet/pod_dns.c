// SPDX-License-Identifier: Apache-2.0
/* Names: the pod's own, the servers it asks, and its hosts file. */
#include "base/vec.h"
#include "kubelet/pod_config.h"

str pod_hostname(struct arena *a, const Pod *p) {
    str name = str_empty(p->spec.hostname) ? p->metadata.name : p->spec.hostname;
    name = str_slice(name, 0, HOSTNAME_MAX);
    while (name.n && (name.p[name.n - 1] == '-' || name.p[name.n - 1] == '.'))
        name.n--;
    return str_dup(a, name);
}

static void add(struct arena *a, str_list *l, str s, uint32_t max) {
    for (uint32_t i = 0; i < l->n; i++)
        if (str_eq(l->v[i], s))
            return;
    if (l->n < max && !str_empty(s))
        *list_push(a, l) = str_dup(a, s);
}

static void words(struct arena *a, str rest, str_list *ret, uint32_t max) {
    while (rest.p) {
        str w = str_trim(str_cut(&rest, ' '));
        add(a, ret, w, max);
    }
}

/* The machine's resolv.conf. */
static void host_dns(struct arena *a, str text, bool servers, bool options, cri_DNSConfig *ret) {
    while (text.p) {
        str line = str_trim(str_cut(&text, '\n'));
        for (size_t i = 0; i < line.n; i++)
            if (line.p[i] == '\t') { /* the rest may be separated by tabs */
                char *copy = (char *)arena_dup(a, line.p, line.n);
                for (size_t j = 0; j < line.n; j++)
                    copy[j] = copy[j] == '\t' ? ' ' : copy[j];
                line.p = copy;
                break;
            }
        str rest = line, word = str_cut(&rest, ' ');
        if (!rest.p)
            continue;
        if (str_eqc(word, "nameserver") && servers)
            add(a, &ret->servers, str_trim(rest), DNS_SERVERS_MAX);
        else if (str_eqc(word, "search"))
            words(a, rest, &ret->searches, DNS_SEARCHES_MAX);
        else if (str_eqc(word, "options") && options)
            words(a, rest, &ret->options, 32);
    }
}

bool pod_uses_cluster_dns(const struct node_config *n, const Pod *p) {
    str policy = p->spec.dns_policy;
    return str_eqc(policy, "ClusterFirstWithHostNet") ||
           ((str_eqc(policy, "ClusterFirst") || str_empty(policy)) && !p->spec.host_network);
}

static void own_dns(struct arena *a, const PodDNSConfig *c, cri_DNSConfig *ret) {
    for (uint32_t i = 0; i < c->nameservers.n; i++)
        add(a, &ret->servers, c->nameservers.v[i], DNS_SERVERS_MAX);
    for (uint32_t i = 0; i < c->searches.n; i++)
        add(a, &ret->searches, c->searches.v[i], DNS_SEARCHES_MAX);
    for (uint32_t i = 0; i < c->options.n; i++) {
        const struct PodDNSConfigOption *o = &c->options.v[i];
        str text = o->value.p
                       ? str_printf(a, STR_FMT ":" STR_FMT, STR_ARG(o->name), STR_ARG(o->value))
                       : o->name;
        bool replaced = false;
        for (uint32_t j = 0; j < ret->options.n; j++) {
            str rest = ret->options.v[j];
            if (str_eq(str_cut(&rest, ':'), o->name)) {
                ret->options.v[j] = text;
                replaced = true;
            }
        }
        if (!replaced)
            add(a, &ret->options, text, 32);
    }
}

void pod_dns(struct arena *a, const struct node_config *n, const Pod *p, cri_DNSConfig *ret) {
    memset(ret, 0, sizeof(*ret));
    /* Without a cluster DNS the machine's own is better than none. */
    bool cluster = pod_uses_cluster_dns(n, p) && !str_empty(n->cluster_dns);
    if (cluster) {
        add(a, &ret->servers, n->cluster_dns, DNS_SERVERS_MAX);
        str ns = p->metadata.namespace_;
        add(a, &ret->searches, str_printf(a, STR_FMT ".svc.%s", STR_ARG(ns), n->cluster_domain),
            DNS_SEARCHES_MAX);
        add(a, &ret->searches, str_printf(a, "svc.%s", n->cluster_domain), DNS_SEARCHES_MAX);
        add(a, &ret->searches, str_of(n->cluster_domain), DNS_SEARCHES_MAX);
        host_dns(a, n->resolv_conf, false, false, ret);
        add(a, &ret->options, STR("ndots:5"), 32);
    } else if (!str_eqc(p->spec.dns_policy, "None")) {
        host_dns(a, n->resolv_conf, true, true, ret);
    }
    if (p->spec.dns_config)
        own_dns(a, p->spec.dns_config, ret);
}

str hosts_file_text(struct arena *a, const struct node_config *n, const Pod *p, const str *ips,
                    size_t n_ips, str machines) {
    struct buf b;
    buf_init(&b, 1024 * 1024);
    if (p->spec.host_network) {
        buf_adds(&b, "# Kubernetes-managed hosts file (host network).\n");
        buf_add(&b, machines);
    } else {
        str host = pod_hostname(a, p);
        buf_adds(&b, "# Kubernetes-managed hosts file.\n"
                     "127.0.0.1\tlocalhost\n"
                     "::1\tlocalhost ip6-localhost ip6-loopback\n"
                     "fe00::0\tip6-localnet\n"
                     "fe00::0\tip6-mcastprefix\n"
                     "fe00::1\tip6-allnodes\n"
                     "fe00::2\tip6-allrouters\n");
        for (size_t i = 0; i < n_ips; i++) {
            buf_printf(&b, STR_FMT "\t", STR_ARG(ips[i]));
            if (!str_empty(p->spec.subdomain))
                buf_printf(&b, STR_FMT "." STR_FMT "." STR_FMT ".svc.%s\t", STR_ARG(host),
                           STR_ARG(p->spec.subdomain), STR_ARG(p->metadata.namespace_),
                           n->cluster_domain);
            buf_printf(&b, STR_FMT "\n", STR_ARG(host));
        }
    }
    if (p->spec.host_aliases.n)
        buf_adds(&b, "\n# Entries added by HostAliases.\n");
    for (uint32_t i = 0; i < p->spec.host_aliases.n; i++) {
        const struct HostAlias *h = &p->spec.host_aliases.v[i];
        str names = str_join(a, h->hostnames.v, h->hostnames.n, STR("\t"));
        buf_printf(&b, STR_FMT "\t" STR_FMT "\n", STR_ARG(h->ip), STR_ARG(names));
    }
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}
