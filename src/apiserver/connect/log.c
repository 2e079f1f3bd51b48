// SPDX-License-Identifier: Apache-2.0
/* pods/log up to the point where the node is asked: which container, are the options sane. */
#include "apiserver/connect/kubelet_proxy.h"
#include "apiserver/special/special.h"
#include "apiserver/verbs/options.h"

static bool has_container(const Pod *p, str name) {
    for (uint32_t i = 0; i < p->spec.containers.n; i++)
        if (str_eq(p->spec.containers.v[i].name, name))
            return true;
    for (uint32_t i = 0; i < p->spec.init_containers.n; i++)
        if (str_eq(p->spec.init_containers.v[i].name, name))
            return true;
    for (uint32_t i = 0; i < p->spec.ephemeral_containers.n; i++)
        if (str_eq(p->spec.ephemeral_containers.v[i].ephemeral_container_common.name, name))
            return true;
    return false;
}

/* Of every container, in the order in which upstream visits them. */
static str names_of(struct arena *a, const PodSpec *spec) {
    str_list names = {0};
    for (uint32_t i = 0; i < spec->init_containers.n; i++)
        *list_push(a, &names) = spec->init_containers.v[i].name;
    for (uint32_t i = 0; i < spec->containers.n; i++)
        *list_push(a, &names) = spec->containers.v[i].name;
    for (uint32_t i = 0; i < spec->ephemeral_containers.n; i++)
        *list_push(a, &names) = spec->ephemeral_containers.v[i].ephemeral_container_common.name;
    return str_join(a, names.v, names.n, STR(" "));
}

const Pod *kubelet_pod(struct request *r) {
    const struct api_resource *res = RESOURCE_OF(core_v1_pods);
    struct object *o =
        store_get(r->server->store, res, object_key(r->arena, res, r->info.ns, r->info.name));
    if (o)
        return object_decode(r->arena, o);
    respond_status(r, status_not_found(r->arena, res, r->info.name));
    return NULL;
}

/* Upstream's words about a node that is not there name the resource that was asked for. */
static enum phase_result node_unknown(struct request *r, str node) {
    return respond_status(r, status_not_found(r->arena, r->res, node));
}

bool kubelet_locate(struct request *r, str node, struct kubelet_location *ret) {
    const struct apiserver *s = r->server;
    int e = s->kubelet && s->kubelet->locate
                ? s->kubelet->locate(s->kubelet_ctx, r->arena, node, ret)
                : -ENOENT;
    if (e == -EADDRNOTAVAIL)
        respond_status(r, status_new(r->arena, 500, NULL,
                                     "no preferred addresses found; known addresses: []"));
    else if (e < 0)
        node_unknown(r, node);
    return e == 0;
}

bool kubelet_container(struct request *r, const Pod *p, str container, str *ret) {
    struct arena *a = r->arena;
    if (!container.n && p->spec.containers.n == 1)
        container = p->spec.containers.v[0].name;
    if (!container.n) {
        respond_status(r, status_bad_request(a,
                                             "a container name must be specified for pod " STR_FMT
                                             ", choose one of: [" STR_FMT "]",
                                             STR_ARG(p->metadata.name),
                                             STR_ARG(names_of(a, &p->spec))));
        return false;
    }
    if (!has_container(p, container)) {
        respond_status(r,
                       status_bad_request(a, "container " STR_FMT " is not valid for pod " STR_FMT,
                                          STR_ARG(container), STR_ARG(p->metadata.name)));
        return false;
    }
    *ret = container;
    return true;
}

/* -EINVAL: no number, answered. */
static int read_number(struct request *r, const char *name, struct opt_i64 *ret) {
    str v = query_get(&r->query, name), error;
    *ret = (struct opt_i64){0};
    if (!v.n)
        return 0;
    if (go_parse_int(r->arena, v, &ret->v, &error) < 0) {
        respond_status(r, status_bad_request(r->arena, STR_FMT, STR_ARG(error)));
        return -EINVAL;
    }
    ret->set = true;
    return 0;
}

static void check(struct field_errors *fe, const struct opt_i64 *tail, const struct opt_i64 *limit,
                  const struct opt_i64 *since, bool since_time) {
    if (tail->set && tail->v < 0)
        field_invalid_i64(fe, PATH(NULL, "tailLines"), tail->v,
                          "must be greater than or equal to 0");
    if (limit->set && limit->v < 1)
        field_invalid_i64(fe, PATH(NULL, "limitBytes"), limit->v, "must be greater than 0");
    if (since->set && since_time)
        field_forbidden(fe, PATH(NULL, "[]"),
                        "at most one of `sinceTime` or `sinceSeconds` may be specified");
    else if (since->set && since->v < 1)
        field_invalid_i64(fe, PATH(NULL, "sinceSeconds"), since->v, "must be greater than 0");
}

/* Choosing one of stdout and stderr is a feature that is off. */
static void check_stream(struct field_errors *fe, const struct query *q) {
    if (query_has(q, "stream"))
        field_forbidden(fe, PATH(NULL, "stream"), "may not be specified");
}

enum phase_result special_log(struct request *r) {
    struct opt_i64 tail, limit, since;
    if (read_number(r, "tailLines", &tail) < 0 || read_number(r, "limitBytes", &limit) < 0 ||
        read_number(r, "sinceSeconds", &since) < 0)
        return PHASE_DONE;
    struct field_errors fe = {.arena = r->arena};
    check(&fe, &tail, &limit, &since, query_has(&r->query, "sinceTime"));
    check_stream(&fe, &r->query);
    if (fe.list.n)
        return respond_status(
            r, status_invalid(r->arena, STR_NONE, STR("PodLogOptions"), r->info.name, &fe));
    str container;
    const Pod *p = kubelet_pod(r);
    if (!p || !kubelet_container(r, p, query_get(&r->query, "container"), &container))
        return PHASE_DONE;
    if (!p->spec.node_name.n) /* nobody has it yet: an empty log */
        return respond_text(r, 200, STR(""));
    if (r->server->kubelet)
        return r->server->kubelet->log(r->server->kubelet_ctx, r, p, container);
    return node_unknown(r, p->spec.node_name);
}
