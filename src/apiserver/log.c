// SPDX-License-Identifier: Apache-2.0
/* pods/log, and the streams, up to the point where the node is asked: which container, are the
 * options sane. */
#include "apiserver/kubelet_proxy.h"
#include "apiserver/options.h"
#include "apiserver/special.h"

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

static str names_of(struct arena *a, const Container *v, uint32_t n) {
    str *names = arena_array(a, n, sizeof(str));
    for (uint32_t i = 0; i < n; i++)
        names[i] = v[i].name;
    return str_join(a, names, n, STR(" "));
}

static const Pod *stored_pod(struct request *r) {
    const struct api_resource *res = RESOURCE_OF(core_v1_pods);
    struct object *o =
        store_get(r->server->store, res, object_key(r->arena, res, r->info.ns, r->info.name));
    if (o)
        return object_decode(r->arena, o);
    respond_status(r, status_not_found(r->arena, res, r->info.name));
    return NULL;
}

/* The node a pod is bound to is not there. Upstream's words name a pod. */
static enum phase_result node_unknown(struct request *r, const Pod *p) {
    return respond_status(r,
                          status_not_found(r->arena, RESOURCE_OF(core_v1_pods), p->spec.node_name));
}

const Pod *kubelet_pod(struct request *r, str container, str *ret_container) {
    struct arena *a = r->arena;
    const Pod *p = stored_pod(r);
    if (!p)
        return NULL;
    if (!container.n && p->spec.containers.n == 1)
        container = p->spec.containers.v[0].name;
    if (!container.n) {
        str init = p->spec.init_containers.n
                       ? str_printf(a, " or one of the init containers: [" STR_FMT "]",
                                    STR_ARG(names_of(a, p->spec.init_containers.v,
                                                     p->spec.init_containers.n)))
                       : STR_NONE;
        respond_status(
            r, status_bad_request(a,
                                  "a container name must be specified for pod " STR_FMT
                                  ", choose one of: [" STR_FMT "]" STR_FMT,
                                  STR_ARG(p->metadata.name),
                                  STR_ARG(names_of(a, p->spec.containers.v, p->spec.containers.n)),
                                  STR_ARG(init)));
        return NULL;
    }
    if (!has_container(p, container)) {
        respond_status(r,
                       status_bad_request(a, "container " STR_FMT " is not valid for pod " STR_FMT,
                                          STR_ARG(container), STR_ARG(p->metadata.name)));
        return NULL;
    }
    *ret_container = container;
    return p;
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

enum phase_result special_log(struct request *r) {
    struct opt_i64 tail, limit, since;
    if (read_number(r, "tailLines", &tail) < 0 || read_number(r, "limitBytes", &limit) < 0 ||
        read_number(r, "sinceSeconds", &since) < 0)
        return PHASE_DONE;
    struct field_errors fe = {.arena = r->arena};
    check(&fe, &tail, &limit, &since, query_has(&r->query, "sinceTime"));
    if (fe.list.n)
        return respond_status(
            r, status_invalid(r->arena, STR_NONE, STR("PodLogOptions"), r->info.name, &fe));
    str container;
    const Pod *p = kubelet_pod(r, query_get(&r->query, "container"), &container);
    if (!p)
        return PHASE_DONE;
    if (!p->spec.node_name.n) /* nobody has it yet: an empty log */
        return respond_text(r, 200, STR(""));
    if (r->server->kubelet)
        return r->server->kubelet->log(r->server->kubelet_ctx, r, p, container);
    return node_unknown(r, p);
}

enum phase_result special_stream(struct request *r) {
    str container = STR_NONE;
    const Pod *p;
    if (strcmp(r->sub->name, "portforward") == 0)
        p = stored_pod(r);
    else
        p = kubelet_pod(r, query_get(&r->query, "container"), &container);
    if (!p)
        return PHASE_DONE;
    if (!p->spec.node_name.n)
        return respond_status(r, status_bad_request(r->arena,
                                                    "pod " STR_FMT " does not have a host assigned",
                                                    STR_ARG(p->metadata.name)));
    if (r->server->kubelet && r->server->kubelet->stream)
        return r->server->kubelet->stream(r->server->kubelet_ctx, r, p, container);
    return node_unknown(r, p);
}
