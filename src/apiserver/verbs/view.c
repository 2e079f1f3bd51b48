// SPDX-License-Identifier: Apache-2.0
#include "apiserver/verbs/view.h"

#include "api/kinds/kinds.h"
#include "api/selector.h"

void *object_member(const struct api_type *t, const void *obj, const char *name, size_t *ret_size) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (strcmp(f->json, name))
            continue;
        size_t end = i + 1 < t->n_fields ? t->fields[i + 1].offset : t->size;
        *ret_size = end - f->offset;
        union {
            const void *in;
            void *out;
        } u = {.in = (const char *)obj + f->offset};
        return u.out;
    }
    return NULL;
}

static void copy_member(const struct api_type *t, void *to, const void *from, const char *name) {
    size_t n;
    void *a = object_member(t, to, name, &n);
    if (a)
        memcpy(a, object_member(t, from, name, &n), n);
}

/* old, with the request's metadata. */
static void *base(struct write *w, const void *body, bool metadata) {
    void *obj = arena_dup(w->r->arena, w->old, w->st->type->size);
    if (metadata)
        *(ObjectMeta *)obj = *(const ObjectMeta *)body;
    return obj;
}

static void *put_status(struct write *w, const void *body) {
    void *obj = base(w, body, true);
    copy_member(w->st->type, obj, body, "status");
    return obj;
}

static void *put_finalize(struct write *w, const void *body) {
    Namespace *obj = base(w, body, true);
    obj->spec.finalizers = ((const Namespace *)body)->spec.finalizers;
    return obj;
}

static void *put_approval(struct write *w, const void *body) {
    CertificateSigningRequest *obj = base(w, body, true);
    obj->status.conditions = ((const CertificateSigningRequest *)body)->status.conditions;
    return obj;
}

static void *put_ephemeral(struct write *w, const void *body) {
    Pod *obj = base(w, body, false);
    obj->metadata.resource_version = ((const Pod *)body)->metadata.resource_version;
    obj->spec.ephemeral_containers = ((const Pod *)body)->spec.ephemeral_containers;
    return obj;
}

/* The containers as they are sent, with nothing new but their sizes; who adds, renames or reorders
 * some is told so by validation. */
static Container *resized(struct arena *a, const Container *v, uint32_t n, const Container *old,
                          uint32_t n_old) {
    Container *out = arena_array(a, n, sizeof(*out));
    struct name_index names = name_index_of(a, n_old ? &old->name : NULL, n_old, sizeof(*old));
    for (uint32_t i = 0; i < n; i++) {
        int64_t was =
            i < n_old && str_eq(old[i].name, v[i].name) ? i : name_index_first(&names, v[i].name);
        out[i] = was < 0 ? v[i] : old[was];
        out[i].resources = v[i].resources;
        out[i].resize_policy = v[i].resize_policy;
    }
    return out;
}

static void *put_resize(struct write *w, const void *body) {
    const Pod *b = body;
    Pod *obj = base(w, body, false);
    obj->metadata.resource_version = b->metadata.resource_version;
    struct arena *a = w->r->arena;
    obj->spec.resources = b->spec.resources;
    obj->spec.containers.v = resized(a, b->spec.containers.v, b->spec.containers.n,
                                     obj->spec.containers.v, obj->spec.containers.n);
    obj->spec.containers.n = b->spec.containers.n;
    obj->spec.init_containers.v = resized(a, b->spec.init_containers.v, b->spec.init_containers.n,
                                          obj->spec.init_containers.v, obj->spec.init_containers.n);
    obj->spec.init_containers.n = b->spec.init_containers.n;
    return obj;
}

/* ---- scale ---- */

static Scale *scale_of(struct write *w, const ObjectMeta *m, struct opt_i32 replicas,
                       int32_t observed) {
    Scale *s = arena_make(w->r->arena, Scale);
    s->metadata.name = m->name;
    s->metadata.namespace_ = m->namespace_;
    s->metadata.uid = m->uid;
    s->metadata.resource_version = m->resource_version;
    s->metadata.creation_timestamp = m->creation_timestamp;
    s->spec.replicas = opt_or(replicas, 0);
    s->status.replicas = observed;
    return s;
}

static str selector_text(struct write *w, const LabelSelector *ls) {
    struct selector s;
    struct err e;
    return selector_of(w->r->arena, ls, &s, &e) < 0 ? STR_NONE : selector_str(w->r->arena, &s);
}

#define SCALE_VIEW(id_, T_, selector_)                                                             \
    static void *get_##id_(struct write *w, const void *obj) {                                     \
        const T_ *o = obj;                                                                         \
        Scale *s = scale_of(w, &o->metadata, o->spec.replicas, o->status.replicas);                \
        s->status.selector = selector_;                                                            \
        return s;                                                                                  \
    }                                                                                              \
    static void *put_##id_(struct write *w, const void *body) {                                    \
        T_ *o = base(w, body, false);                                                              \
        const Scale *s = body;                                                                     \
        if (s->metadata.resource_version.n)                                                        \
            o->metadata.resource_version = s->metadata.resource_version;                           \
        o->spec.replicas = (struct opt_i32){true, s->spec.replicas};                               \
        return o;                                                                                  \
    }

static str map_selector_text(struct write *w, const str_map *m) {
    struct selector s;
    selector_of_map(w->r->arena, m, &s);
    return selector_str(w->r->arena, &s);
}

SCALE_VIEW(deployment, Deployment, selector_text(w, o->spec.selector))
SCALE_VIEW(replicaset, ReplicaSet, selector_text(w, o->spec.selector))
SCALE_VIEW(statefulset, StatefulSet, selector_text(w, o->spec.selector))
SCALE_VIEW(rc, ReplicationController, map_selector_text(w, &o->spec.selector))

static void validate_scale(struct field_errors *fe, const void *body) {
    const Scale *s = body;
    if (s->spec.replicas < 0)
        field_invalid_i64(fe, PATH(PATH(NULL, "spec"), "replicas"), s->spec.replicas,
                          "must be greater than or equal to 0");
}

#define SCALE_ROW(resource_, id_)                                                                  \
    {                                                                                              \
        .resource = resource_, .subresource = "scale", .type = &Scale_type,                        \
        .group = "autoscaling", .kind = "Scale", .get = get_##id_, .put = put_##id_,               \
        .validate = validate_scale                                                                 \
    }

static const struct view views[] = {
    {.subresource = "status", .put = put_status, .is_status = true},
    {.resource = "namespaces", .subresource = "finalize", .put = put_finalize},
    {.resource = "certificatesigningrequests",
     .subresource = "approval",
     .put = put_approval,
     .is_status = true},
    {.resource = "pods", .subresource = "ephemeralcontainers", .put = put_ephemeral},
    {.resource = "pods", .subresource = "resize", .put = put_resize},
    SCALE_ROW("deployments", deployment),
    SCALE_ROW("replicasets", replicaset),
    SCALE_ROW("statefulsets", statefulset),
    SCALE_ROW("replicationcontrollers", rc),
};

const struct view *view_of(const struct api_resource *res, const struct api_subresource *sub) {
    for (size_t i = 0; sub && i < ARRAY_LEN(views); i++)
        if (strcmp(views[i].subresource, sub->name) == 0 &&
            (!views[i].resource || strcmp(views[i].resource, res->plural) == 0))
            return &views[i];
    return NULL;
}
