// SPDX-License-Identifier: Apache-2.0
/* What extends the API: definitions of custom resources and services of other API servers. */
#include "api/kinds/kinds.h"

/* The storage version is stored from now on; others stay listed until somebody migrates. */
static void add_stored_version(struct arena *a, CustomResourceDefinition *crd) {
    str_list *stored = &crd->status.stored_versions, all = {0};
    for (uint32_t i = 0; i < stored->n; i++)
        *list_push(a, &all) = stored->v[i];
    for (uint32_t i = 0; i < crd->spec.versions.n; i++) {
        const CustomResourceDefinitionVersion *v = &crd->spec.versions.v[i];
        if (v->storage && !strings_have(&all, v->name))
            *list_push(a, &all) = v->name;
    }
    *stored = all;
}

static void crd_defaults(struct hook_ctx *h, void *obj) {
    CustomResourceDefinition *crd = obj;
    CustomResourceDefinitionNames *n = &crd->spec.names;
    if (!n->singular.n)
        n->singular = str_lower(h->arena, n->kind);
    if (!n->list_kind.n && n->kind.n)
        n->list_kind = str_concat(h->arena, n->kind, STR("List"));
    if (!crd->status.stored_versions.n)
        add_stored_version(h->arena, crd);
}

static void crd_create(struct hook_ctx *h, void *obj) {
    CustomResourceDefinition *crd = obj;
    crd->status = (CustomResourceDefinitionStatus){0};
    add_stored_version(h->arena, crd);
}

static void crd_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)old;
    add_stored_version(h->arena, obj);
}

const struct hooks hooks_apiextensions_v1_customresourcedefinitions = {
    .group = "apiextensions.k8s.io",
    .resource = "customresourcedefinitions",
    .defaults = crd_defaults,
    .prepare_create = crd_create,
    .prepare_update = crd_update,
    .counts_generation = true,
};

/* Groups of this server need no look to be available. */
static void service_create(struct hook_ctx *h, void *obj) {
    APIService *s = obj;
    s->status = (APIServiceStatus){0};
    if (s->spec.service)
        return;
    *list_push(h->arena, &s->status.conditions) = (APIServiceCondition){
        .type = STR("Available"),
        .status = STR("True"),
        .last_transition_time = {.sec = h->now / 1000000000, .set = true},
        .reason = STR("Local"),
        .message = STR("Local APIServices are always available"),
    };
}

const struct hooks hooks_apiregistration_v1_apiservices = {
    .group = "apiregistration.k8s.io",
    .resource = "apiservices",
    .prepare_create = service_create,
    .validate_name = name_is_path_segment,
};
