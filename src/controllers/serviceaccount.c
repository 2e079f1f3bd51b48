// SPDX-License-Identifier: Apache-2.0
/* The ServiceAccount "default" in every active namespace. Keys are names of namespaces. */
#include "controllers/common.h"
#include "controllers/controllers.h"

#define ACCOUNTS RESOURCE_OF(core_v1_serviceaccounts)

struct serviceaccounts {
    struct informer *namespaces, *accounts;
};

static void start(struct controller_run *run, void *state) {
    struct serviceaccounts *s = state;
    s->namespaces = run_informer(run, RESOURCE_OF(core_v1_namespaces));
    s->accounts = run_informer(run, ACCOUNTS);
}

static void account_keys(struct controller_run *run, const void *old, const void *new_) {
    if (!new_)
        queue_key(run, ((const ObjectMeta *)old)->namespace_);
}

static int reconcile(void *state, str key, struct plan *p) {
    struct serviceaccounts *s = state;
    const ObjectMeta *ns = informer_typed(s->namespaces, key);
    if (!ns || ns->deletion_timestamp.set)
        return 0;
    if (informer_get(s->accounts, str_concat(p->arena, key, STR("/default"))))
        return 0;
    ServiceAccount sa = {.metadata = {.name = STR("default"), .namespace_ = key}};
    plan_create(p, ACCOUNTS, key, &sa);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = RESOURCE_OF(core_v1_namespaces), .keys = keys_self, .metadata_only = true},
    {.resource = RESOURCE_OF(core_v1_serviceaccounts), .keys = account_keys, .metadata_only = true},
    {.resource = NULL},
};

const struct controller serviceaccount_controller = {
    .name = "serviceaccount-controller",
    .queue = "serviceaccount",
    .watches = watches,
    .state_size = sizeof(struct serviceaccounts),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
