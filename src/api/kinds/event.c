// SPDX-License-Identifier: Apache-2.0
/* Events. One that has an eventTime comes from a newer client, of which more is asked; what
 * events.k8s.io asks beyond that on creation depends on the version of the request. */
#include "api/kinds/kinds.h"

#define TEXT_MAX 128
#define NOTE_MAX 1024

static void check_text(struct field_errors *fe, const char *name, str s) {
    if (!s.n)
        field_required(fe, PATH(NULL, name), NULL);
    if (s.n > TEXT_MAX)
        field_invalid(fe, PATH(NULL, name), STR_NONE, "can have at most %d characters", TEXT_MAX);
}

static void validate(struct field_errors *fe, const void *obj) {
    const Event *e = obj;
    str ns = e->metadata.namespace_, of = e->involved_object.namespace_;
    bool newer = e->event_time.set, agree = str_eq(ns, of);
    if (!of.n)
        agree = !ns.n || str_eqc(ns, "default") || (newer && str_eqc(ns, "kube-system"));
    if (!agree && (!newer || !of.n))
        field_invalid(fe, PATH(PATH(NULL, "involvedObject"), "namespace"), of,
                      "does not match event.namespace");
    if (!newer)
        return;
    if (!e->reporting_controller.n)
        field_required(fe, PATH(NULL, "reportingController"), NULL);
    field_check_name(fe, PATH(NULL, "reportingController"), e->reporting_controller,
                     name_qualified);
    check_text(fe, "reportingInstance", e->reporting_instance);
    check_text(fe, "action", e->action);
    check_text(fe, "reason", e->reason);
    if (e->message.n > NOTE_MAX)
        field_invalid(fe, PATH(NULL, "message"), STR_NONE, "can have at most %d characters",
                      NOTE_MAX);
}

const struct hooks hooks_core_v1_events = {
    .group = "",
    .resource = "events",
    .validate = validate,
};
