// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void class_validate(struct field_errors *fe, const void *obj) {
    static const char *const policies[] = {"Delete", "Retain", NULL};
    static const char *const modes[] = {"Immediate", "WaitForFirstConsumer", NULL};
    const StorageClass *c = obj;
    if (!c->provisioner.n)
        field_required(fe, PATH(NULL, "provisioner"), NULL);
    else
        field_check_name(fe, PATH(NULL, "provisioner"), str_lower(fe->arena, c->provisioner),
                         name_qualified);
    if (c->reclaim_policy.p)
        check_one_of(fe, PATH(NULL, "reclaimPolicy"), c->reclaim_policy, policies);
    check_one_of_required(fe, PATH(NULL, "volumeBindingMode"), c->volume_binding_mode, modes);
}

static bool same_map(const str_map *x, const str_map *y) {
    bool same = x->n == y->n;
    for (uint32_t i = 0; same && i < x->n; i++)
        same = str_eq(x->v[i].key, y->v[i].key) && str_eq(x->v[i].value, y->v[i].value);
    return same;
}

static void class_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const StorageClass *c = obj, *was = old;
    if (!same_map(&c->parameters, &was->parameters))
        field_forbidden(fe, PATH(NULL, "parameters"), "updates to parameters are forbidden.");
    if (!str_eq(c->provisioner, was->provisioner))
        field_forbidden(fe, PATH(NULL, "provisioner"), "updates to provisioner are forbidden.");
    if (!str_eq(c->reclaim_policy, was->reclaim_policy))
        field_forbidden(fe, PATH(NULL, "reclaimPolicy"), "updates to reclaimPolicy are forbidden.");
    check_same(fe, PATH(NULL, "volumeBindingMode"), c->volume_binding_mode,
               was->volume_binding_mode);
}

const struct hooks hooks_storage_v1_storageclasses = {
    .group = "storage.k8s.io",
    .resource = "storageclasses",
    .validate = class_validate,
    .validate_update = class_validate_update,
};

/* No generation at first, and yet changes count. */
static void driver_update(struct hook_ctx *h, void *obj, const void *old) {
    CSIDriver *d = obj;
    const CSIDriver *before = old;
    (void)h;
    if (!api_equal(&CSIDriverSpec_type, &d->spec, &before->spec))
        d->metadata.generation = before->metadata.generation + 1;
}

const struct hooks hooks_storage_v1_csidrivers = {
    .group = "storage.k8s.io",
    .resource = "csidrivers",
    .prepare_update = driver_update,
};
