// SPDX-License-Identifier: Apache-2.0
/* The cluster's CA bundle as ConfigMap kube-root-ca.crt in every namespace, where pods find it
 * beside their token. Keys are names of namespaces. */
#include "controllers/common.h"
#include "controllers/controllers.h"

#define MAPS        RESOURCE_OF(core_v1_configmaps)
#define NAME        "kube-root-ca.crt"
#define DESCRIPTION "kubernetes.io/description"
#define TEXT                                                                                       \
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "      \
    "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "      \
    "guaranteed across distributions of Kubernetes clusters."

struct root_ca {
    struct informer *namespaces, *maps;
    str pem;
};

static void start(struct controller_run *run, void *state) {
    struct root_ca *s = state;
    const struct controllers_config *config = run_config(run);
    s->namespaces = run_informer(run, RESOURCE_OF(core_v1_namespaces));
    s->maps = run_informer(run, MAPS);
    s->pem = config ? config->root_ca_pem : STR_NONE;
}

static void map_keys(struct controller_run *run, const void *old, const void *new_) {
    queue_key(run, ((const ObjectMeta *)(new_ ? new_ : old))->namespace_);
}

static void fill(struct root_ca *s, struct plan *p, ConfigMap *m) {
    m->data.v = NULL;
    m->data.n = 0;
    map_set(p->arena, &m->data, STR("ca.crt"), s->pem);
    map_set(p->arena, &m->metadata.annotations, STR(DESCRIPTION), STR(TEXT));
}

static bool is_right(const struct root_ca *s, const ConfigMap *m) {
    return m->data.n == 1 && str_eq(label_get(&m->data, STR("ca.crt")), s->pem) &&
           str_eq(label_get(&m->metadata.annotations, STR(DESCRIPTION)), STR(TEXT));
}

static int reconcile(void *state, str key, struct plan *p) {
    struct root_ca *s = state;
    const ObjectMeta *ns = informer_typed(s->namespaces, key);
    if (!s->pem.n || !ns || ns->deletion_timestamp.set)
        return 0;
    const ConfigMap *old = informer_typed(s->maps, str_concat(p->arena, key, STR("/" NAME)));
    ConfigMap m = {.metadata = {.name = STR(NAME), .namespace_ = key}};
    if (old && is_right(s, old))
        return 0;
    if (old)
        m = *old;
    fill(s, p, &m);
    if (old)
        plan_update(p, MAPS, NULL, &m);
    else
        plan_create(p, MAPS, key, &m);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(core_v1_namespaces), .keys = keys_self, .metadata_only = true},
    {.resource = RESOURCE_OF(core_v1_configmaps),
     .selectors = "fieldSelector=metadata.name%3D" NAME,
     .keys = map_keys},
    {.resource = NULL},
};

const struct controller root_ca_publisher_controller = {
    .name = "root-ca-certificate-publisher-controller",
    .queue = "root_ca_cert_publisher",
    .watches = watches,
    .state_size = sizeof(struct root_ca),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
