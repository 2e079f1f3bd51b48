// SPDX-License-Identifier: Apache-2.0
#include "scheduler/framework.h"

static void filter(struct cycle *c);
extern const struct plugin node_name_plugin;
const struct plugin node_name_plugin = {.name = "NodeName", .filter = filter};

static void filter(struct cycle *c) {
    str name = pod_of(c->pod)->spec.node_name;
    if (!name.n)
        return;
    struct bits others = bits_new(c->arena, c->feasible.n);
    bits_or(&others, &c->feasible);
    int64_t row = nodes_row(c->nodes, name);
    if (row >= 0)
        bits_clear(&others, (uint32_t)row);
    cycle_refuse_all(c, &others, STR("node(s) didn't match the requested node name"));
}
