// SPDX-License-Identifier: Apache-2.0
#include "apiserver/alloc/ports.h"

bool node_port_used(const struct node_ports *p, int64_t port) {
    uint64_t i = (uint64_t)(port - NODE_PORT_FIRST);
    return node_port_valid(port) && (p->used[i / 64] >> (i % 64) & 1);
}

bool node_port_take(struct node_ports *p, int64_t port) {
    ASSERT(node_port_valid(port));
    uint64_t i = (uint64_t)(port - NODE_PORT_FIRST);
    if (p->used[i / 64] >> (i % 64) & 1)
        return false;
    p->used[i / 64] |= 1ULL << (i % 64);
    return true;
}

void node_port_give(struct node_ports *p, int64_t port) {
    uint64_t i = (uint64_t)(port - NODE_PORT_FIRST);
    if (node_port_valid(port))
        p->used[i / 64] &= ~(1ULL << (i % 64));
}

void node_ports_add(struct node_ports *p, const struct node_ports *more) {
    for (size_t i = 0; i < ARRAY_LEN(p->used); i++)
        p->used[i] |= more->used[i];
}

void node_ports_give(struct node_ports *p, const struct node_ports *had,
                     const struct node_ports *kept) {
    for (size_t i = 0; i < ARRAY_LEN(p->used); i++)
        p->used[i] &= ~(had->used[i] & ~kept->used[i]);
}

static int32_t next_of(struct node_ports *p, uint32_t from, uint32_t n, uint64_t seed) {
    for (uint32_t i = 0; i < n; i++) {
        int32_t port = (int32_t)(NODE_PORT_FIRST + from + (seed + i) % n);
        if (node_port_take(p, port))
            return port;
    }
    return 0;
}

int32_t node_port_next(struct node_ports *p, uint64_t seed) {
    int32_t port = next_of(p, NODE_PORT_BAND, NODE_PORTS - NODE_PORT_BAND, seed);
    return port ? port : next_of(p, 0, NODE_PORT_BAND, seed);
}

unsigned node_ports_taken(const struct node_ports *p) {
    unsigned n = 0;
    for (size_t i = 0; i < ARRAY_LEN(p->used); i++)
        n += (unsigned)__builtin_popcountll(p->used[i]);
    return n;
}
