// SPDX-License-Identifier: Apache-2.0
/* NamespaceLifecycle: nothing is created in a namespace that does not exist or is going, and the
 * namespaces the cluster lives on are not deleted. */
#include "apiserver/admission/admission.h"

static bool is_immortal(str name) {
    static const char *const names[] = {"default", "kube-system", "kube-public", NULL};
    return str_in(name, names);
}

static enum step_result terminating(struct write *w) {
    struct arena *a = w->r->arena;
    admission_forbid(w, str_printf(a,
                                   "unable to create new content in namespace " STR_FMT
                                   " because it is being terminated",
                                   STR_ARG(w->ns)));
    status_add_cause(a, w->status, "NamespaceTerminating",
                     str_printf(a, "namespace " STR_FMT " is being terminated", STR_ARG(w->ns)),
                     STR("metadata.namespace"));
    return STEP_STOP;
}

static enum step_result mutate(struct write *w) {
    const struct api_resource *namespaces = RESOURCE_OF(core_v1_namespaces);
    if (write_is(w, namespaces, WRITE_DELETE) && is_immortal(w->name))
        return admission_forbid(w, STR("this namespace may not be deleted"));
    bool creates = w->op == WRITE_CREATE || (w->op == WRITE_UPDATE && !w->current);
    if (!creates || !w->ns.n)
        return STEP_NEXT;
    struct arena *a = w->r->arena;
    struct object *o =
        store_get(w->r->server->store, namespaces, object_key(a, namespaces, STR_NONE, w->ns));
    if (!o)
        return write_fail(w, status_not_found(a, namespaces, w->ns));
    return o->deleting ? terminating(w) : STEP_NEXT;
}

const struct admission_plugin admission_namespace_lifecycle = {"NamespaceLifecycle", mutate, NULL};
