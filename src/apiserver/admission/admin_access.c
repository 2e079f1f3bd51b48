// SPDX-License-Identifier: Apache-2.0
/* Claims that ask for devices as an administrator, beside those who have them: only in namespaces
 * that are labelled for it, whoever asks. What a claim was given is not asked again. */
#include "api/selector.h"
#include "apiserver/admission/admission.h"

#define ADMIN_LABEL "resource.kubernetes.io/admin-access"

static int64_t first_request(const DeviceClaim *c) {
    for (uint32_t i = 0; i < c->requests.n; i++)
        if (c->requests.v[i].exactly && opt_or(c->requests.v[i].exactly->admin_access, false))
            return i;
    return -1;
}

static int64_t first_result(const resource_v1_ResourceClaim *c) {
    const AllocationResult *a = c->status.allocation;
    for (uint32_t i = 0; a && i < a->devices.results.n; i++)
        if (opt_or(a->devices.results.v[i].admin_access, false))
            return i;
    return -1;
}

static void check(struct write *w, struct field_errors *fe, const struct field_path *list,
                  int64_t at) {
    if (at < 0)
        return;
    const Namespace *ns = admission_find(w, RESOURCE_OF(core_v1_namespaces), STR_NONE, w->ns);
    if (ns && str_eqc(label_get(&ns->metadata.labels, STR(ADMIN_LABEL)), "true"))
        return;
    field_forbidden(fe, PATH(PATH_INDEX(list, (uint32_t)at), "adminAccess"),
                    "admin access to devices requires the `" ADMIN_LABEL
                    ": true` label on the containing namespace");
}

void check_admin_access(struct write *w, struct field_errors *fe) {
    const struct field_path *requests = PATH(PATH(PATH(NULL, "spec"), "devices"), "requests");
    const struct field_path *results =
        PATH(PATH(PATH(PATH(NULL, "status"), "allocation"), "devices"), "results");
    if (w->st == RESOURCE_OF(resource_v1_resourceclaimtemplates) && !w->current)
        check(w, fe, requests,
              first_request(&((const ResourceClaimTemplate *)w->obj)->spec.spec.devices));
    if (w->st != RESOURCE_OF(resource_v1_resourceclaims))
        return;
    const resource_v1_ResourceClaim *c = w->obj;
    if (!w->current)
        check(w, fe, requests, first_request(&c->spec.devices));
    else if (w->view && first_result(w->old) < 0)
        check(w, fe, results, first_result(c));
}
