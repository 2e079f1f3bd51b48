// SPDX-License-Identifier: Apache-2.0
/* The allocator itself: its ranges, and the ports that the services of the store have. */
#include "apiserver/alloc/alloc.h"

#include <stdlib.h>

static int read_ranges(struct allocator *al, const char *cidrs, struct err *e) {
    str rest = str_of(cidrs && cidrs[0] ? cidrs : SERVICE_CIDR_DEFAULT);
    while (rest.n) {
        str text = str_trim(str_cut(&rest, ','));
        unsigned n = al->families.n;
        if (n == 2 || !cidr_parse(text, &al->ranges[n], NULL))
            return err_set(e, -EINVAL, "--service-cluster-ip-range: \"" STR_FMT "\": %s",
                           STR_ARG(text), n == 2 ? "at most two blocks" : "no block of addresses");
        al->families.v[n] = ip_is_v4(&al->ranges[n].ip) ? "IPv4" : "IPv6";
        if (n && strcmp(al->families.v[0], al->families.v[1]) == 0)
            return err_set(e, -EINVAL, "--service-cluster-ip-range: two blocks of one family");
        al->families.n++;
    }
    return 0;
}

static void each_service(struct apiserver *s, struct arena *a, void *obj, void *ctx) {
    struct node_ports its = service_node_ports(obj);
    node_ports_add(&s->alloc->ports, &its);
}

int allocator_new(struct apiserver *s, const char *cidrs, struct err *e) {
    struct allocator *al = xcalloc(1, sizeof(*al));
    int r = read_ranges(al, cidrs, e);
    if (r < 0) {
        free(al);
        return r;
    }
    s->alloc = al;
    alloc_visit(s, RESOURCE_OF(core_v1_services), each_service, NULL);
    alloc_repair_start(s);
    return 0;
}

void allocator_stop(struct apiserver *s) {
    if (s->alloc)
        alloc_repair_stop(s);
}

void allocator_free(struct apiserver *s) {
    free(s->alloc);
    s->alloc = NULL;
}
