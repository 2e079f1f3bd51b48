// SPDX-License-Identifier: Apache-2.0
/* Cluster IPs and node ports of services.
 *
 * An address in use is an IPAddress object of that name: it is made before the service that has it
 * and goes after it, so two writers never hold one address, whichever API server they use. Node
 * ports in use are a bitmap (ports.h). What a crash leaves between the two writes, or a hand, is
 * repaired (repair.c).
 *
 * In a write the ports are taken and the addresses chosen before validation, as upstream does (the
 * errors come in that order); the IPAddress objects are made last of all, right before the service.
 */
#pragma once

#include "apiserver/alloc/families.h"
#include "apiserver/alloc/ports.h"
#include "apiserver/alloc/ranges.h"
#include "apiserver/verbs/write.h"

#define SERVICE_CIDR_DEFAULT "10.96.0.0/16"
#define SERVICE_RANGES_MAX   32 /* blocks of ServiceCIDR objects that are drawn from */

struct alloc_repair {
    struct apiserver *server;
    struct store_watch *addresses; /* wakes the timer: no changes, no rounds */
    struct timer timer;
};

struct allocator {
    struct cidr ranges[2]; /* --service-cluster-ip-range */
    struct ip_families families;
    struct node_ports ports;
    struct alloc_repair repair;
};

/* cidrs: one block, or one of each family with a comma between; NULL: the default. Takes up what
 * the store holds and repairs it. -EINVAL with the flag's name. */
int allocator_new(struct apiserver *s, const char *cidrs, struct err *e);
void allocator_stop(struct apiserver *s); /* no round begins any more */
void allocator_free(struct apiserver *s);
/* kubernetes.c: the ServiceCIDR, and the API server's own service with its endpoint (advertise
 * NULL or one that nobody else reaches: none). */
void allocator_bootstrap(struct apiserver *s, const char *advertise);

/* service.c: steps of a write (write.c). */
enum step_result alloc_settle(struct write *w);  /* fields, ports, choice of addresses */
enum step_result alloc_reserve(struct write *w); /* the IPAddress objects */
/* The write is in the store: what it no longer has is given back. */
void alloc_commit(struct write *w);
/* It is not, and will not be. After alloc_commit() nothing. */
void alloc_revert(struct write *w);

/* addresses.c */
/* Ready blocks of a family. */
unsigned alloc_ranges(struct apiserver *s, struct arena *a, str family,
                      struct ip_range ret[SERVICE_RANGES_MAX]);
/* A free one of the family; false: none is left. */
bool alloc_draw(struct apiserver *s, struct arena *a, str family, struct ip *ret);
/* The blocks of both families, and how many of their addresses have an object. */
struct alloc_usage {
    str cidr;
    uint32_t size, taken;
};
#define SERVICE_USAGE_MAX (2 * SERVICE_RANGES_MAX)
unsigned alloc_usage(struct apiserver *s, struct arena *a,
                     struct alloc_usage ret[SERVICE_USAGE_MAX]);
/* Why it may not be had, as upstream tells it; NULL: it is free. */
const char *alloc_refusal(struct apiserver *s, struct arena *a, const struct ip *ip);
/* The object that stands for an address of a service, in the arena. */
IPAddress *alloc_object(struct apiserver *s, struct arena *a, str ip, str ns, str name);
str alloc_key(struct arena *a, str ip);
/* Proposes to give it back, if it is that service's. */
void alloc_give(struct apiserver *s, struct arena *a, str ip, str ns, str name);

/* repair.c: services and their addresses are compared, now and whenever addresses have changed. */
#define ALLOC_REPAIR_NS (180 * NSEC_PER_SEC) /* from a change to the round */
#define ALLOC_LEAK_NS   (60 * NSEC_PER_SEC)  /* longer than a service is ever under way */
void alloc_repair_start(struct apiserver *s);
void alloc_repair_stop(struct apiserver *s);
/* Every object of the resource, decoded in an arena of its own. */
void alloc_visit(struct apiserver *s, const struct api_resource *res,
                 void (*each)(struct apiserver *, struct arena *, void *obj, void *ctx), void *ctx);
