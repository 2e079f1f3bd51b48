// SPDX-License-Identifier: Apache-2.0
/* Every built-in resource whose objects can be listed, watched and deleted, but events: what the
 * garbage collector and quotas look at. X(row) is given rows of api/rows/resources.def. A test
 * holds these lists against that table. */
#pragma once

/* Those that quotas measure by more than their number. */
#define MEASURED_RESOURCES(X)                                                                      \
    X(core_v1_pods)                                                                                \
    X(core_v1_services)                                                                            \
    X(core_v1_persistentvolumeclaims)                                                              \
    X(resource_v1_resourceclaims)

#define COUNTED_RESOURCES(X)                                                                       \
    X(core_v1_configmaps)                                                                          \
    X(core_v1_endpoints)                                                                           \
    X(core_v1_limitranges)                                                                         \
    X(core_v1_podtemplates)                                                                        \
    X(core_v1_replicationcontrollers)                                                              \
    X(core_v1_resourcequotas)                                                                      \
    X(core_v1_secrets)                                                                             \
    X(core_v1_serviceaccounts)                                                                     \
    X(apps_v1_controllerrevisions)                                                                 \
    X(apps_v1_daemonsets)                                                                          \
    X(apps_v1_deployments)                                                                         \
    X(apps_v1_replicasets)                                                                         \
    X(apps_v1_statefulsets)                                                                        \
    X(autoscaling_v2_horizontalpodautoscalers)                                                     \
    X(batch_v1_cronjobs)                                                                           \
    X(batch_v1_jobs)                                                                               \
    X(coordination_v1_leases)                                                                      \
    X(discovery_v1_endpointslices)                                                                 \
    X(networking_v1_ingresses)                                                                     \
    X(networking_v1_networkpolicies)                                                               \
    X(policy_v1_poddisruptionbudgets)                                                              \
    X(rbac_v1_rolebindings)                                                                        \
    X(rbac_v1_roles)                                                                               \
    X(resource_v1_resourceclaimtemplates)                                                          \
    X(storage_v1_csistoragecapacities)

#define CLUSTER_RESOURCES(X)                                                                       \
    X(core_v1_namespaces)                                                                          \
    X(core_v1_nodes)                                                                               \
    X(core_v1_persistentvolumes)                                                                   \
    X(admissionregistration_v1_mutatingadmissionpolicies)                                          \
    X(admissionregistration_v1_mutatingadmissionpolicybindings)                                    \
    X(admissionregistration_v1_mutatingwebhookconfigurations)                                      \
    X(admissionregistration_v1_validatingadmissionpolicies)                                        \
    X(admissionregistration_v1_validatingadmissionpolicybindings)                                  \
    X(admissionregistration_v1_validatingwebhookconfigurations)                                    \
    X(apiextensions_v1_customresourcedefinitions)                                                  \
    X(apiregistration_v1_apiservices)                                                              \
    X(certificates_v1_certificatesigningrequests)                                                  \
    X(flowcontrol_v1_flowschemas)                                                                  \
    X(flowcontrol_v1_prioritylevelconfigurations)                                                  \
    X(networking_v1_ingressclasses)                                                                \
    X(networking_v1_ipaddresses)                                                                   \
    X(networking_v1_servicecidrs)                                                                  \
    X(node_v1_runtimeclasses)                                                                      \
    X(rbac_v1_clusterrolebindings)                                                                 \
    X(rbac_v1_clusterroles)                                                                        \
    X(resource_v1_deviceclasses)                                                                   \
    X(resource_v1_resourceslices)                                                                  \
    X(scheduling_v1_priorityclasses)                                                               \
    X(storage_v1_csidrivers)                                                                       \
    X(storage_v1_csinodes)                                                                         \
    X(storage_v1_storageclasses)                                                                   \
    X(storage_v1_volumeattachments)                                                                \
    X(storage_v1_volumeattributesclasses)
