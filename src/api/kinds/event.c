// SPDX-License-Identifier: Apache-2.0
/* Events. One that has an eventTime comes from a newer client, of which more is asked; of one that
 * is written through events.k8s.io everything, and it changes in its series only. */
#include "api/kinds/kinds.h"
#include "base/time.h"

#define TEXT_MAX 128
#define NOTE_MAX 1024

static void check_text(struct field_errors *fe, const char *name, str s) {
    if (!s.n)
        field_required(fe, PATH(NULL, name), NULL);
    if (s.n > TEXT_MAX)
        field_invalid(fe, PATH(NULL, name), STR_NONE, "can have at most %d characters", TEXT_MAX);
}

static void check_newer(struct field_errors *fe, const Event *e, const char *controller) {
    if (!e->reporting_controller.n)
        field_required(fe, PATH(NULL, controller), NULL);
    field_check_name(fe, PATH(NULL, controller), e->reporting_controller, name_qualified);
    check_text(fe, "reportingInstance", e->reporting_instance);
    check_text(fe, "action", e->action);
    check_text(fe, "reason", e->reason);
    if (e->message.n > NOTE_MAX)
        field_invalid(fe, PATH(NULL, "message"), STR_NONE, "can have at most %d characters",
                      NOTE_MAX);
}

/* controller: what the version calls that field. */
static void check_any(struct field_errors *fe, const Event *e, const char *controller) {
    str ns = e->metadata.namespace_, of = e->involved_object.namespace_;
    bool newer = e->event_time.set, agree = str_eq(ns, of);
    if (!of.n)
        agree = !ns.n || str_eqc(ns, "default") || (newer && str_eqc(ns, "kube-system"));
    if (!agree && (!newer || !of.n))
        field_invalid(fe, PATH(PATH(NULL, "involvedObject"), "namespace"), of,
                      "does not match event.namespace");
    if (newer)
        check_newer(fe, e, controller);
    field_check_name(fe, PATH(NULL, "namespace"), ns, name_dns1123_subdomain);
}

static void validate_core(struct field_errors *fe, const void *obj, const void *old) {
    (void)old;
    check_any(fe, obj, "reportingComponent");
}

const struct hooks hooks_core_v1_events = {
    .group = "",
    .resource = "events",
    .validate_write = validate_core,
};

/* ---- events.k8s.io ---- */

static void check_series(struct field_errors *fe, const EventSeries *s) {
    if (!s)
        return;
    if (s->count < 2)
        field_invalid(fe, PATH(NULL, "series.count"), STR_NONE, "should be at least 2");
    if (!s->last_observed_time.set)
        field_required(fe, PATH(NULL, "series.lastObservedTime"), NULL);
}

static void must_be_unset(struct field_errors *fe, const char *name, bool set) {
    if (set)
        field_invalid(fe, PATH(NULL, name), STR_NONE, "needs to be unset");
}

static void check_created(struct field_errors *fe, const Event *e) {
    check_series(fe, e->series);
    if (!e->event_time.set)
        field_required(fe, PATH(NULL, "eventTime"), NULL);
    if (!str_eqc(e->type, "Normal") && !str_eqc(e->type, "Warning"))
        field_invalid(fe, PATH(NULL, "type"), STR_NONE, "has invalid value: " STR_FMT,
                      STR_ARG(e->type));
    must_be_unset(fe, "firstTimestamp", e->first_timestamp.set);
    must_be_unset(fe, "lastTimestamp", e->last_timestamp.set);
    must_be_unset(fe, "count", e->count != 0);
    must_be_unset(fe, "source", e->source.component.n || e->source.host.n);
}

static void check_time_kept(struct field_errors *fe, const char *name, Time t, Time was) {
    char text[TIME_TEXT_MAX];
    if (t.set == was.set && (!t.set || (t.sec == was.sec && t.nsec == was.nsec)))
        return;
    str s = t.set ? opt_text(fe->arena, time_format(text, t.sec, 0, 0)) : STR("null");
    field_invalid_printed(fe, PATH(NULL, name), s, FIELD_IMMUTABLE);
}

static void check_updated(struct field_errors *fe, const Event *e, const Event *was) {
    bool same = e->series && was->series ? api_equal(&EventSeries_type, e->series, was->series)
                                         : e->series == was->series;
    if (!same)
        check_series(fe, e->series);
    check_same_message(fe, PATH(NULL, "involvedObject"), &ObjectReference_type, &e->involved_object,
                       &was->involved_object);
    check_same(fe, PATH(NULL, "reason"), e->reason, was->reason);
    check_same(fe, PATH(NULL, "message"), e->message, was->message);
    check_same_message(fe, PATH(NULL, "source"), &EventSource_type, &e->source, &was->source);
    check_time_kept(fe, "firstTimestamp", e->first_timestamp, was->first_timestamp);
    check_time_kept(fe, "lastTimestamp", e->last_timestamp, was->last_timestamp);
    if (e->count != was->count)
        field_invalid_i64(fe, PATH(NULL, "count"), e->count, FIELD_IMMUTABLE);
    check_same(fe, PATH(NULL, "reason"), e->reason, was->reason);
    check_same(fe, PATH(NULL, "type"), e->type, was->type);
    check_time_kept(fe, "eventTime", e->event_time, was->event_time);
    check_same(fe, PATH(NULL, "action"), e->action, was->action);
    check_same_message(fe, PATH(NULL, "related"), &ObjectReference_type, e->related, was->related);
    check_same(fe, PATH(NULL, "reportingController"), e->reporting_controller,
               was->reporting_controller);
    check_same(fe, PATH(NULL, "reportingInstance"), e->reporting_instance, was->reporting_instance);
}

static void validate_strict(struct field_errors *fe, const void *obj, const void *old) {
    check_any(fe, obj, "reportingController");
    if (old)
        check_updated(fe, obj, old);
    else
        check_created(fe, obj);
}

const struct hooks hooks_events_v1_events = {
    .group = "events.k8s.io",
    .resource = "events",
    .validate_write = validate_strict,
};
