// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

static void defaults(struct hook_ctx *h, void *obj) {
    NetworkPolicySpec *s = &((NetworkPolicy *)obj)->spec;
    if (s->policy_types.n)
        return;
    s->policy_types.v = NULL;
    *list_push(h->arena, &s->policy_types) = STR("Ingress");
    if (s->egress.n)
        *list_push(h->arena, &s->policy_types) = STR("Egress");
}

static void check_port(struct field_errors *fe, const struct field_path *p,
                       const NetworkPolicyPort *port) {
    check_rows(fe, p, NetworkPolicyPort, port, "protocol");
    if (!intstr_given(port->port)) {
        if (port->end_port.set)
            field_invalid_i64(fe, PATH(p, "endPort"), port->end_port.v,
                              "may not be specified when `port` is not specified");
        return;
    }
    check_port_or_name(fe, PATH(p, "port"), port->port);
    if (!port->end_port.set)
        return;
    if (port->port.kind == INTSTR_STRING)
        field_invalid_i64(fe, PATH(p, "endPort"), port->end_port.v,
                          "may not be specified when `port` is non-numeric");
    else if (port->end_port.v < port->port.i)
        field_invalid_i64(fe, PATH(p, "endPort"), port->end_port.v,
                          "must be greater than or equal to `port`");
    check_rows(fe, p, NetworkPolicyPort, port, "endPort");
}

/* old: blocks that are there already. */
static void check_block(struct field_errors *fe, const struct field_path *p, const IPBlock *b,
                        const str_list *old) {
    struct cidr all, part;
    if (!b->cidr.n) {
        field_required(fe, PATH(p, "cidr"), NULL);
        return;
    }
    field_check_cidr(fe, PATH(p, "cidr"), b->cidr, old);
    for (uint32_t i = 0; i < b->except.n; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "except"), i);
        field_check_cidr(fe, at, b->except.v[i], old);
        if (!cidr_parse(b->cidr, &all, NULL) || !cidr_parse(b->except.v[i], &part, NULL))
            continue;
        if (!cidr_contains(&all, &part.ip) || all.bits >= part.bits)
            field_invalid(fe, at, b->except.v[i], "must be a strict subset of `cidr`");
    }
}

static void check_peer(struct field_errors *fe, const struct field_path *p,
                       const NetworkPolicyPeer *peer, const str_list *old) {
    if (!peer->pod_selector && !peer->namespace_selector && !peer->ip_block) {
        field_required(fe, p, "must specify a peer");
        return;
    }
    check_label_selector(fe, PATH(p, "podSelector"), peer->pod_selector);
    check_label_selector(fe, PATH(p, "namespaceSelector"), peer->namespace_selector);
    if (!peer->ip_block)
        return;
    check_block(fe, PATH(p, "ipBlock"), peer->ip_block, old);
    if (peer->pod_selector || peer->namespace_selector)
        field_forbidden(fe, p, "may not specify both ipBlock and another peer");
}

static void add_blocks(struct arena *a, str_list *to, const NetworkPolicyPeer *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const IPBlock *b = v[i].ip_block;
        if (b)
            *list_push(a, to) = b->cidr;
        for (uint32_t k = 0; b && k < b->except.n; k++)
            *list_push(a, to) = b->except.v[k];
    }
}

static str_list blocks_of(struct arena *a, const NetworkPolicy *n) {
    str_list l = {NULL, 0};
    for (uint32_t i = 0; n && i < n->spec.ingress.n; i++)
        add_blocks(a, &l, n->spec.ingress.v[i].from.v, n->spec.ingress.v[i].from.n);
    for (uint32_t i = 0; n && i < n->spec.egress.n; i++)
        add_blocks(a, &l, n->spec.egress.v[i].to.v, n->spec.egress.v[i].to.n);
    return l;
}

static unsigned kept_of_peers(struct arena *a, const NetworkPolicyPeer *v, uint32_t n) {
    unsigned kept = 0;
    for (uint32_t i = 0; i < n; i++)
        kept |=
            kept_of_selector(a, v[i].pod_selector) | kept_of_selector(a, v[i].namespace_selector);
    return kept;
}

static unsigned kept_of(struct arena *a, const NetworkPolicy *n) {
    unsigned kept = n ? kept_of_selector(a, &n->spec.pod_selector) : 0;
    for (uint32_t i = 0; n && i < n->spec.ingress.n; i++)
        kept |= kept_of_peers(a, n->spec.ingress.v[i].from.v, n->spec.ingress.v[i].from.n);
    for (uint32_t i = 0; n && i < n->spec.egress.n; i++)
        kept |= kept_of_peers(a, n->spec.egress.v[i].to.v, n->spec.egress.v[i].to.n);
    return kept;
}

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const NetworkPolicySpec *s = &((const NetworkPolicy *)obj)->spec;
    const str_list blocks = blocks_of(fe->arena, old);
    const struct field_path *p = PATH(NULL, "spec");
    fe->kept = kept_of(fe->arena, old);
    check_label_selector(fe, PATH(p, "podSelector"), &s->pod_selector);
    for (uint32_t i = 0; i < s->ingress.n; i++) {
        const NetworkPolicyIngressRule *r = &s->ingress.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, "ingress"), i);
        for (uint32_t k = 0; k < r->ports.n; k++)
            check_port(fe, PATH_INDEX(PATH(at, "ports"), k), &r->ports.v[k]);
        for (uint32_t k = 0; k < r->from.n; k++)
            check_peer(fe, PATH_INDEX(PATH(at, "from"), k), &r->from.v[k], &blocks);
    }
    for (uint32_t i = 0; i < s->egress.n; i++) {
        const NetworkPolicyEgressRule *r = &s->egress.v[i];
        const struct field_path *at = PATH_INDEX(PATH(p, "egress"), i);
        for (uint32_t k = 0; k < r->ports.n; k++)
            check_port(fe, PATH_INDEX(PATH(at, "ports"), k), &r->ports.v[k]);
        for (uint32_t k = 0; k < r->to.n; k++)
            check_peer(fe, PATH_INDEX(PATH(at, "to"), k), &r->to.v[k], &blocks);
    }
    if (s->policy_types.n > 2)
        field_invalid_printed(fe, PATH(p, "policyTypes"), strings_json(fe->arena, &s->policy_types),
                              "may not specify more than two policyTypes");
    else
        check_rows(fe, p, NetworkPolicySpec, s, "policyTypes");
}

const struct hooks hooks_networking_v1_networkpolicies = {
    .group = "networking.k8s.io",
    .resource = "networkpolicies",
    .defaults = defaults,
    .validate_write = validate,
    .warn = warn_network_policy,
    .counts_generation = true,
};
