// SPDX-License-Identifier: Apache-2.0
#include "api/reset_fields.h"

/* "group resource[/subresource]": what its strategy resets. */
static const char *const reset[][2] = {
    {" namespaces", "status"},
    {" namespaces/finalize", "status"},
    {" namespaces/status", "spec"},
    {" nodes", "status"},
    {" nodes/status", "spec"},
    {" persistentvolumeclaims", "status"},
    {" persistentvolumeclaims/status", "spec"},
    {" persistentvolumes", "status"},
    {" persistentvolumes/status", "spec"},
    {" pods", "status"},
    {" pods/status", "spec,metadata.deletionTimestamp,metadata.ownerReferences"},
    {" replicationcontrollers", "status"},
    {" replicationcontrollers/status", "spec"},
    {" resourcequotas", "status"},
    {" resourcequotas/status", "spec"},
    {" services", "status"},
    {" services/status", "spec"},
    {"admissionregistration.k8s.io validatingadmissionpolicies", "status"},
    {"admissionregistration.k8s.io validatingadmissionpolicies/status", "metadata,spec"},
    {"apiextensions.k8s.io customresourcedefinitions", "status"},
    {"apiextensions.k8s.io customresourcedefinitions/status", "spec"},
    {"apiregistration.k8s.io apiservices", "status"},
    {"apiregistration.k8s.io apiservices/status", "metadata,spec"},
    {"apps daemonsets", "status"},
    {"apps daemonsets/status", "spec"},
    {"apps deployments", "status"},
    {"apps deployments/status", "spec,metadata.labels"},
    {"apps replicasets", "status"},
    {"apps replicasets/status", "spec"},
    {"apps statefulsets", "status"},
    {"apps statefulsets/status", "spec"},
    {"autoscaling horizontalpodautoscalers", "status"},
    {"autoscaling horizontalpodautoscalers/status", "spec"},
    {"batch cronjobs", "status"},
    {"batch cronjobs/status", "spec"},
    {"batch jobs", "status"},
    {"batch jobs/status", "spec"},
    {"certificates.k8s.io certificatesigningrequests", "spec,status"},
    {"certificates.k8s.io certificatesigningrequests/approval", "spec,status.certificate"},
    {"certificates.k8s.io certificatesigningrequests/status", "spec,status.conditions"},
    {"certificates.k8s.io podcertificaterequests/status", "spec"},
    {"flowcontrol.apiserver.k8s.io flowschemas", "status"},
    {"flowcontrol.apiserver.k8s.io flowschemas/status", "metadata,spec"},
    {"flowcontrol.apiserver.k8s.io prioritylevelconfigurations", "status"},
    {"flowcontrol.apiserver.k8s.io prioritylevelconfigurations/status", "metadata,spec"},
    {"internal.apiserver.k8s.io storageversions", "status"},
    {"internal.apiserver.k8s.io storageversions/status", "metadata,spec"},
    {"networking.k8s.io ingresses", "status"},
    {"networking.k8s.io ingresses/status", "spec"},
    {"networking.k8s.io servicecidrs", "status"},
    {"networking.k8s.io servicecidrs/status", "metadata,spec"},
    {"policy poddisruptionbudgets", "status"},
    {"policy poddisruptionbudgets/status", "spec"},
    {"resource.k8s.io devicetaintrules", "status"},
    {"resource.k8s.io devicetaintrules/status", "metadata,spec"},
    {"resource.k8s.io resourceclaims", "status"},
    {"resource.k8s.io resourceclaims/status", "metadata,spec"},
    {"resource.k8s.io resourcepoolstatusrequests", "status"},
    {"resource.k8s.io resourcepoolstatusrequests/status", "metadata,spec"},
    {"scheduling.k8s.io podgroups/status", "metadata,spec"},
    {"storage.k8s.io volumeattachments", "status"},
    {"storage.k8s.io volumeattachments/status", "metadata,spec"},
    {"storagemigration.k8s.io storageversionmigrations", "status"},
    {"storagemigration.k8s.io storageversionmigrations/status", "metadata,spec"},
};

static const char *const owned[][2] = {
    {" pods/ephemeralcontainers", "spec.ephemeralContainers"},
    {" pods/resize", "spec.containers.*.resources,spec.containers.*.resizePolicy,"
                     "spec.initContainers.*.resources,spec.initContainers.*.resizePolicy"},
};

/* What follows the word in a row, or NULL. */
static const char *behind(const char *row, const char *word) {
    while (*word && *row == *word) {
        row++;
        word++;
    }
    return *word ? NULL : row;
}

static bool is_row(const char *row, const struct api_resource *r, str sub) {
    row = behind(row, r->group);
    row = row && *row == ' ' ? behind(row + 1, r->plural) : NULL;
    if (!row || *row == 0)
        return row && !sub.n;
    return *row == '/' && str_eqc(sub, row + 1);
}

static str find(const char *const (*rows)[2], size_t n, const struct api_resource *r, str sub) {
    for (size_t i = 0; i < n; i++)
        if (is_row(rows[i][0], r, sub))
            return str_of(rows[i][1]);
    return STR_NONE;
}

str reset_fields(const struct api_resource *r, str sub) {
    return find(reset, ARRAY_LEN(reset), r, sub);
}

str owned_fields(const struct api_resource *r, str sub) {
    return sub.n ? find(owned, ARRAY_LEN(owned), r, sub) : STR_NONE;
}
