// SPDX-License-Identifier: Apache-2.0
/* Node ports in use: one bit a port. Rebuilt from the services at every start, kept by the only
 * process that writes them, so there is nothing to leak over a crash.
 *
 * The low band is left to those who ask for a port by number, as long as the rest has any. */
#pragma once

#include "base/str.h"

#define NODE_PORT_FIRST 30000
#define NODE_PORT_LAST  32767
#define NODE_PORTS      (NODE_PORT_LAST - NODE_PORT_FIRST + 1)
#define NODE_PORT_BAND  86 /* NODE_PORTS / 32, between 16 and 128 */

struct node_ports {
    uint64_t used[(NODE_PORTS + 63) / 64];
};

static inline bool node_port_valid(int64_t port) {
    return port >= NODE_PORT_FIRST && port <= NODE_PORT_LAST;
}
bool node_port_used(const struct node_ports *p, int64_t port);
/* False when it is taken already; the port is valid. */
bool node_port_take(struct node_ports *p, int64_t port);
void node_port_give(struct node_ports *p, int64_t port); /* any number; others are left alone */
void node_ports_add(struct node_ports *p, const struct node_ports *more);
/* Those of `had` that are not in `kept` are free. */
void node_ports_give(struct node_ports *p, const struct node_ports *had,
                     const struct node_ports *kept);
unsigned node_ports_taken(const struct node_ports *p);
/* A free one, taken; 0 when there is none. `seed` is any random number. */
int32_t node_port_next(struct node_ports *p, uint64_t seed);
