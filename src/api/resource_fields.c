// SPDX-License-Identifier: Apache-2.0
/* What field selectors may name, kind by kind, and how the value is found. */
#include "api/resource_fields.h"

#define FIELD_OF(fn_, type_, expr_)                                                                \
    static str fn_(struct arena *a, const void *obj) {                                             \
        const type_ *o = obj;                                                                      \
        return expr_;                                                                              \
    }

static str flag(bool b) {
    return b ? STR("true") : STR("false");
}

/* Metadata stands first in every object. */
FIELD_OF(metadata_name, ObjectMeta, o->name)
FIELD_OF(metadata_namespace, ObjectMeta, o->namespace_)

FIELD_OF(pod_node_name, Pod, o->spec.node_name)
FIELD_OF(pod_restart_policy, Pod, o->spec.restart_policy)
FIELD_OF(pod_scheduler_name, Pod, o->spec.scheduler_name)
FIELD_OF(pod_service_account, Pod, o->spec.service_account_name)
FIELD_OF(pod_host_network, Pod, flag(o->spec.host_network))
FIELD_OF(pod_phase, Pod, o->status.phase)
FIELD_OF(pod_ip, Pod, o->status.pod_ips.n ? o->status.pod_ips.v[0].ip : STR(""))
FIELD_OF(pod_ips, Pod, str_slice(o->status.pod_ip, 0, 0)) /* accepted, never stored */
FIELD_OF(pod_nominated, Pod, o->status.nominated_node_name)
const struct api_selectable selectable_pod[] = {
    {"spec.nodeName", pod_node_name},
    {"spec.restartPolicy", pod_restart_policy},
    {"spec.schedulerName", pod_scheduler_name},
    {"spec.serviceAccountName", pod_service_account},
    {"spec.hostNetwork", pod_host_network},
    {"status.phase", pod_phase},
    {"status.podIP", pod_ip},
    {"status.podIPs", pod_ips},
    {"status.nominatedNodeName", pod_nominated},
    {NULL, NULL},
};

FIELD_OF(node_unschedulable, Node, flag(o->spec.unschedulable))
const struct api_selectable selectable_node[] = {
    {"spec.unschedulable", node_unschedulable},
    {NULL, NULL},
};

FIELD_OF(namespace_phase, Namespace, o->status.phase)
const struct api_selectable selectable_namespace[] = {
    {"status.phase", namespace_phase},
    {NULL, NULL},
};

FIELD_OF(rc_replicas, ReplicationController, str_printf(a, "%d", o->status.replicas))
const struct api_selectable selectable_replication_controller[] = {
    {"status.replicas", rc_replicas},
    {NULL, NULL},
};

FIELD_OF(secret_type, Secret, o->type)
const struct api_selectable selectable_secret[] = {{"type", secret_type}, {NULL, NULL}};

FIELD_OF(service_cluster_ip, Service, o->spec.cluster_ip)
FIELD_OF(service_type, Service, o->spec.type)
const struct api_selectable selectable_service[] = {
    {"spec.clusterIP", service_cluster_ip},
    {"spec.type", service_type},
    {NULL, NULL},
};

FIELD_OF(event_kind, Event, o->involved_object.kind)
FIELD_OF(event_namespace, Event, o->involved_object.namespace_)
FIELD_OF(event_name, Event, o->involved_object.name)
FIELD_OF(event_uid, Event, o->involved_object.uid)
FIELD_OF(event_api_version, Event, o->involved_object.api_version)
FIELD_OF(event_resource_version, Event, o->involved_object.resource_version)
FIELD_OF(event_field_path, Event, o->involved_object.field_path)
FIELD_OF(event_reason, Event, o->reason)
FIELD_OF(event_controller, Event, o->reporting_controller)
FIELD_OF(event_source, Event,
         str_empty(o->source.component) ? o->reporting_controller : o->source.component)
FIELD_OF(event_type, Event, o->type)
const struct api_selectable selectable_event[] = {
    {"involvedObject.kind", event_kind},
    {"involvedObject.namespace", event_namespace},
    {"involvedObject.name", event_name},
    {"involvedObject.uid", event_uid},
    {"involvedObject.apiVersion", event_api_version},
    {"involvedObject.resourceVersion", event_resource_version},
    {"involvedObject.fieldPath", event_field_path},
    {"reason", event_reason},
    {"reportingComponent", event_controller},
    {"source", event_source},
    {"type", event_type},
    {NULL, NULL},
};
const struct api_selectable selectable_events_v1_event[] = {
    {"regarding.kind", event_kind},
    {"regarding.namespace", event_namespace},
    {"regarding.name", event_name},
    {"regarding.uid", event_uid},
    {"regarding.apiVersion", event_api_version},
    {"regarding.resourceVersion", event_resource_version},
    {"regarding.fieldPath", event_field_path},
    {"reason", event_reason},
    {"reportingController", event_controller},
    {"type", event_type},
    {NULL, NULL},
};

FIELD_OF(job_successful, Job, str_printf(a, "%d", o->status.succeeded))
const struct api_selectable selectable_job[] = {
    {"status.successful", job_successful},
    {NULL, NULL},
};

FIELD_OF(csr_signer, CertificateSigningRequest, o->spec.signer_name)
const struct api_selectable selectable_csr[] = {{"spec.signerName", csr_signer}, {NULL, NULL}};

FIELD_OF(slice_node, ResourceSlice, o->spec.node_name)
FIELD_OF(slice_driver, ResourceSlice, o->spec.driver)
const struct api_selectable selectable_resource_slice[] = {
    {"spec.nodeName", slice_node},
    {"spec.driver", slice_driver},
    {NULL, NULL},
};

int resource_selectable(const struct api_resource *r, str label, struct api_selectable *ret,
                        struct err *e) {
    if (r->storage->type == &Pod_type && str_eqc(label, "spec.host"))
        label = STR("spec.nodeName");
    if (str_eqc(label, "metadata.name")) {
        *ret = (struct api_selectable){"metadata.name", metadata_name};
        return 0;
    }
    if (str_eqc(label, "metadata.namespace") && !r->cluster_selector) {
        *ret = (struct api_selectable){"metadata.namespace", metadata_namespace};
        return 0;
    }
    for (const struct api_selectable *s = r->selectable; s && s->label; s++)
        if (str_eqc(label, s->label)) {
            *ret = *s;
            return 0;
        }
    if (r->selector_text)
        return err_http(e, -EINVAL, 400, "BadRequest", "field label not supported: " STR_FMT,
                        STR_ARG(label));
    return err_http(e, -EINVAL, 400, "BadRequest",
                    "\"" STR_FMT "\" is not a known field selector: only \"metadata.name\", "
                    "\"metadata.namespace\"",
                    STR_ARG(label));
}
