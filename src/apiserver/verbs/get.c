// SPDX-License-Identifier: Apache-2.0
#include "apiserver/verbs/options.h"
#include "apiserver/verbs/view.h"

enum phase_result verb_get(struct request *r) {
    str rv = query_get(&r->query, "resourceVersion"), error;
    uint64_t revision = 0;
    if (rv.n && go_parse_uint(r->arena, rv, &revision, &error) < 0)
        return respond_status(r, status_new(r->arena, 500, NULL,
                                            "resourceVersion: Invalid value: \"" STR_FMT
                                            "\": " STR_FMT,
                                            STR_ARG(rv), STR_ARG(error)));
    enum phase_result wait = request_wait_revision(r, revision);
    if (wait != PHASE_NEXT)
        return wait;
    const struct api_resource *st = r->res->storage;
    str ns = resource_is(st, RESOURCE_NAMESPACED) ? r->info.ns : STR_NONE;
    struct object *o = store_get(r->server->store, st, object_key(r->arena, st, ns, r->info.name));
    if (!o)
        return respond_status(r, status_not_found(r->arena, r->res, r->info.name));
    const struct view *v = view_of(r->res, r->sub);
    if (!v || !v->get)
        return respond_object(r, 200, o);
    struct write *w = write_new(r, WRITE_UPDATE, r->info.name);
    return respond_typed(r, 200, v->type, v->get(w, object_decode(r->arena, o)));
}
