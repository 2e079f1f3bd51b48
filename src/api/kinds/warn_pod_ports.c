// SPDX-License-Identifier: Apache-2.0
/* Ports of a pod's containers that are the same, or get in each other's way: all of them share the
 * addresses of the pod. */
#include "api/kinds/pod_validate.h"
#include "api/kinds/warn.h"
#include "base/vec.h"

struct port_at {
    const ContainerPort *port;
    str path;
};
struct ports {
    struct port_at *v;
    uint32_t n;
};

static void warn_pair(struct warnings *w, const struct port_at *x, const struct port_at *other) {
    const ContainerPort *a = x->port, *b = other->port;
    const char *what = NULL;
    if (a->container_port != b->container_port || !str_eq(a->protocol, b->protocol))
        return;
    if (str_eq(a->host_ip, b->host_ip) && a->host_port == b->host_port)
        what = "duplicate";
    else if (!a->host_port || !b->host_port)
        what = "overlapping";
    else if (a->host_port == b->host_port && (!a->host_ip.n || !b->host_ip.n))
        what = "dangerously ambiguous";
    if (what)
        warn_text(w, STR_FMT ": %s port definition with " STR_FMT, STR_ARG(x->path), what,
                  STR_ARG(other->path));
}

static void warn_port(struct warnings *w, const struct ports *all, uint32_t at) {
    const struct port_at *x = &all->v[at];
    const ContainerPort *p = x->port;
    if (p->host_ip.n && !p->host_port)
        warn_text(w,
                  STR_FMT ": hostIP set without hostPort: {Name:" STR_FMT
                          " HostPort:%d ContainerPort:%d Protocol:" STR_FMT " HostIP:" STR_FMT "}",
                  STR_ARG(x->path), STR_ARG(p->name), p->host_port, p->container_port,
                  STR_ARG(p->protocol), STR_ARG(p->host_ip));
    for (uint32_t i = 0; i < at && !warnings_full(w); i++)
        warn_pair(w, x, &all->v[i]);
}

/* The first port of a name is what the name means. */
static void warn_port_name(struct warnings *w, const struct ports *all, uint32_t at) {
    const struct port_at *x = &all->v[at];
    for (uint32_t i = 0; x->port->name.n && i < at; i++)
        if (str_eq(all->v[i].port->name, x->port->name)) {
            str first = all->v[i].path;
            warn_text(w,
                      STR_FMT ": duplicate port name %s with " STR_FMT
                              ", services and probes that select ports by name will use " STR_FMT,
                      STR_ARG(x->path), warn_quoted(w, x->port->name).p, STR_ARG(first),
                      STR_ARG(first));
            return;
        }
}

static void add_ports(struct warnings *w, struct ports *all, const struct field_path *p,
                      const Container *c) {
    for (uint32_t i = 0; i < c->ports.n && all->n < WARN_COMPARED_MAX; i++)
        *list_push(w->arena, all) = (struct port_at){
            &c->ports.v[i],
            field_path_str(w->arena, PATH_INDEX(PATH(p, "ports"), i)),
        };
}

void warn_pod_ports(struct warnings *w, const struct field_path *p, const PodSpec *s) {
    struct ports all = {NULL, 0};
    struct container_list lists[CONTAINERS_MAX];
    container_lists(s, lists);
    for (unsigned k = 0; k < CONTAINERS_MAX; k++)
        for (uint32_t i = 0; i < lists[k].n; i++)
            add_ports(w, &all, PATH_INDEX(PATH(p, lists[k].name), i), container_at(&lists[k], i));
    for (uint32_t i = 0; i < all.n && !warnings_full(w); i++)
        warn_port(w, &all, i);
    for (uint32_t i = 0; i < all.n && !warnings_full(w); i++)
        warn_port_name(w, &all, i);
}
