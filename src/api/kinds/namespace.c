// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    ObjectMeta *m = obj;
    if (m->name.n)
        entry_put(h->arena, &m->labels, STR("kubernetes.io/metadata.name"), m->name);
}

static void prepare_create(struct hook_ctx *h, void *obj) {
    Namespace *ns = obj;
    ns->status = (NamespaceStatus){.phase = STR("Active")};
    if (strings_have(&ns->spec.finalizers, STR("kubernetes")))
        return;
    str_list all = {0};
    for (uint32_t i = 0; i < ns->spec.finalizers.n; i++)
        *list_push(h->arena, &all) = ns->spec.finalizers.v[i];
    *list_push(h->arena, &all) = STR("kubernetes");
    ns->spec.finalizers = all;
}

/* Finalizers of the spec change through the finalize subresource only. */
static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    ((Namespace *)obj)->spec = ((const Namespace *)old)->spec;
}

/* ---- validation ---- */

static void check_finalizer(struct field_errors *fe, const struct field_path *p, str name) {
    static const char *const standard[] = {"kubernetes", "orphan", "foregroundDeletion", NULL};
    field_check_name(fe, p, name, name_qualified);
    if (str_chr(name, '/') < 0 && !str_in(name, standard))
        field_invalid(fe, p, name,
                      "name is neither a standard finalizer name nor is it fully qualified");
}

/* What is stored was checked when it was given. */
static void validate_write(struct field_errors *fe, const void *obj, const void *old) {
    const str_list *l = &((const Namespace *)obj)->spec.finalizers;
    for (uint32_t i = 0; !old && i < l->n; i++)
        check_finalizer(fe, PATH(PATH(NULL, "spec"), "finalizers"), l->v[i]);
}

static void validate_sub(struct field_errors *fe, str sub, const void *obj, const void *old) {
    const str_list *l = &((const Namespace *)obj)->spec.finalizers;
    (void)old;
    for (uint32_t i = 0; str_eqc(sub, "finalize") && i < l->n; i++)
        check_finalizer(fe, PATH_INDEX(PATH(PATH(NULL, "spec"), "finalizers"), i), l->v[i]);
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const Namespace *ns = obj;
    const struct field_path *p = PATH(PATH(NULL, "status"), "Phase");
    (void)old;
    if (!ns->metadata.deletion_timestamp.set && !str_eqc(ns->status.phase, "Active"))
        field_invalid(fe, p, ns->status.phase,
                      "may only be 'Active' if `deletionTimestamp` is empty");
    if (ns->metadata.deletion_timestamp.set && !str_eqc(ns->status.phase, "Terminating"))
        field_invalid(fe, p, ns->status.phase,
                      "may only be 'Terminating' if `deletionTimestamp` is not empty");
}

const struct hooks hooks_core_v1_namespaces = {
    .group = "",
    .resource = "namespaces",
    .defaults = defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .validate_write = validate_write,
    .validate_sub = validate_sub,
    .validate_status = validate_status,
    .validate_name = name_is_dns_label,
};
