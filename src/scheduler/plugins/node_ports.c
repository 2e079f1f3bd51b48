// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"

static void filter(struct cycle *c);
extern const struct plugin node_ports_plugin;
const struct plugin node_ports_plugin = {
    .name = "NodePorts", .filter = filter, .events = EVENT_POD_GONE};

static bool all_addresses(str ip) {
    return !ip.n || str_eqc(ip, "0.0.0.0") || str_eqc(ip, "::");
}

static bool conflict(const struct host_port *a, const struct host_port *b) {
    return a->port == b->port && a->protocol == b->protocol &&
           (all_addresses(a->ip) || all_addresses(b->ip) || str_eq(a->ip, b->ip));
}

static bool taken(const struct node_row *r, const struct pod_info *p) {
    for (uint32_t i = 0; i < r->n_pods; i++)
        for (unsigned j = 0; j < r->pods[i]->n_ports; j++)
            for (unsigned k = 0; k < p->n_ports; k++)
                if (conflict(&r->pods[i]->ports[j], &p->ports[k]))
                    return true;
    return false;
}

static void filter(struct cycle *c) {
    if (c->pod->n_ports == 0)
        return;
    BITS_FOREACH (row, &c->feasible)
        if (taken(&c->nodes->rows[row], c->pod))
            cycle_refuse(c, row, STR("node(s) didn't have free ports for the requested pod ports"),
                         true);
}
