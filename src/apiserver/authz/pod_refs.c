// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authz/pod_refs.h"

#include "api/selector.h"

#define MIRROR_ANNOTATION STR("kubernetes.io/config.mirror")

struct visitor {
    struct arena *arena;
    void (*visit)(void *ctx, enum pod_ref kind, str name);
    void *ctx;
};

static void name(struct visitor *v, enum pod_ref kind, str s) {
    if (s.n)
        v->visit(v->ctx, kind, s);
}

static void secret_ref(struct visitor *v, const LocalObjectReference *r) {
    if (r)
        name(v, POD_REF_SECRET, r->name);
}

static void projected(struct visitor *v, const ProjectedVolumeSource *p) {
    for (uint32_t i = 0; i < p->sources.n; i++) {
        const VolumeProjection *s = &p->sources.v[i];
        if (s->secret)
            name(v, POD_REF_SECRET, s->secret->local_object_reference.name);
        if (s->config_map)
            name(v, POD_REF_CONFIG_MAP, s->config_map->local_object_reference.name);
    }
}

/* Volumes of other vendors keep their passwords in secrets. */
static void vendor_secrets(struct visitor *v, const VolumeSource *s) {
    if (s->azure_file)
        name(v, POD_REF_SECRET, s->azure_file->secret_name);
    if (s->ceph_fs)
        secret_ref(v, s->ceph_fs->secret_ref);
    if (s->flex_volume)
        secret_ref(v, s->flex_volume->secret_ref);
    if (s->rbd)
        secret_ref(v, s->rbd->secret_ref);
    if (s->scale_io)
        secret_ref(v, s->scale_io->secret_ref);
    if (s->iscsi)
        secret_ref(v, s->iscsi->secret_ref);
    if (s->storage_os)
        secret_ref(v, s->storage_os->secret_ref);
    if (s->csi)
        secret_ref(v, s->csi->node_publish_secret_ref);
}

static void volume(struct visitor *v, const Pod *p, const Volume *vol) {
    const VolumeSource *s = &vol->volume_source;
    if (s->secret)
        name(v, POD_REF_SECRET, s->secret->secret_name);
    if (s->config_map)
        name(v, POD_REF_CONFIG_MAP, s->config_map->local_object_reference.name);
    if (s->projected)
        projected(v, s->projected);
    if (s->persistent_volume_claim)
        name(v, POD_REF_CLAIM, s->persistent_volume_claim->claim_name);
    if (s->ephemeral)
        name(v, POD_REF_CLAIM,
             str_printf(v->arena, STR_FMT "-" STR_FMT, STR_ARG(p->metadata.name),
                        STR_ARG(vol->name)));
    vendor_secrets(v, s);
}

static void environment(struct visitor *v, const EnvVar *env, uint32_t n_env,
                        const EnvFromSource *from, uint32_t n_from) {
    for (uint32_t i = 0; i < n_env; i++) {
        const EnvVarSource *s = env[i].value_from;
        if (s && s->secret_key_ref)
            name(v, POD_REF_SECRET, s->secret_key_ref->local_object_reference.name);
        if (s && s->config_map_key_ref)
            name(v, POD_REF_CONFIG_MAP, s->config_map_key_ref->local_object_reference.name);
    }
    for (uint32_t i = 0; i < n_from; i++) {
        if (from[i].secret_ref)
            name(v, POD_REF_SECRET, from[i].secret_ref->local_object_reference.name);
        if (from[i].config_map_ref)
            name(v, POD_REF_CONFIG_MAP, from[i].config_map_ref->local_object_reference.name);
    }
}

static void containers(struct visitor *v, const PodSpec *s) {
    for (uint32_t i = 0; i < s->init_containers.n; i++) {
        const Container *c = &s->init_containers.v[i];
        environment(v, c->env.v, c->env.n, c->env_from.v, c->env_from.n);
    }
    for (uint32_t i = 0; i < s->containers.n; i++) {
        const Container *c = &s->containers.v[i];
        environment(v, c->env.v, c->env.n, c->env_from.v, c->env_from.n);
    }
    for (uint32_t i = 0; i < s->ephemeral_containers.n; i++) {
        const EphemeralContainerCommon *c =
            &s->ephemeral_containers.v[i].ephemeral_container_common;
        environment(v, c->env.v, c->env.n, c->env_from.v, c->env_from.n);
    }
}

void pod_refs(struct arena *a, const Pod *p, void (*visit)(void *ctx, enum pod_ref kind, str name),
              void *ctx) {
    struct visitor v = {a, visit, ctx};
    name(&v, POD_REF_POD, p->metadata.name);
    if (label_has(&p->metadata.annotations, MIRROR_ANNOTATION))
        return;
    name(&v, POD_REF_SERVICE_ACCOUNT, p->spec.service_account_name);
    for (uint32_t i = 0; i < p->spec.image_pull_secrets.n; i++)
        name(&v, POD_REF_SECRET, p->spec.image_pull_secrets.v[i].name);
    for (uint32_t i = 0; i < p->spec.volumes.n; i++)
        volume(&v, p, &p->spec.volumes.v[i]);
    containers(&v, &p->spec);
    for (uint32_t i = 0; i < p->spec.resource_claims.n; i++)
        name(&v, POD_REF_RESOURCE_CLAIM, p->spec.resource_claims.v[i].resource_claim_name);
    for (uint32_t i = 0; i < p->status.resource_claim_statuses.n; i++)
        name(&v, POD_REF_RESOURCE_CLAIM,
             p->status.resource_claim_statuses.v[i].resource_claim_name);
}
