// SPDX-License-Identifier: Apache-2.0
/* events.k8s.io/v1 renamed fields of the core Event and adds none. */
#include "api/convert.h"

static EventSeries *series_to_core(struct arena *a, const events_v1_EventSeries *from) {
    if (!from)
        return NULL;
    EventSeries *to = arena_make(a, EventSeries);
    to->count = from->count;
    to->last_observed_time = from->last_observed_time;
    return to;
}

static events_v1_EventSeries *series_from_core(struct arena *a, const EventSeries *from) {
    if (!from)
        return NULL;
    events_v1_EventSeries *to = arena_make(a, events_v1_EventSeries);
    to->count = from->count;
    to->last_observed_time = from->last_observed_time;
    return to;
}

static int to_core(struct arena *a, const void *from, void *ret, struct err *e) {
    const events_v1_Event *f = from;
    Event *t = ret;
    *t = (Event){
        .metadata = f->metadata,
        .involved_object = f->regarding,
        .reason = f->reason,
        .message = f->note,
        .source = f->deprecated_source,
        .first_timestamp = f->deprecated_first_timestamp,
        .last_timestamp = f->deprecated_last_timestamp,
        .count = f->deprecated_count,
        .type = f->type,
        .event_time = f->event_time,
        .series = series_to_core(a, f->series),
        .action = f->action,
        .related = f->related,
        .reporting_controller = f->reporting_controller,
        .reporting_instance = f->reporting_instance,
    };
    return 0;
}

static int from_core(struct arena *a, const void *from, void *ret, struct err *e) {
    const Event *f = from;
    events_v1_Event *t = ret;
    *t = (events_v1_Event){
        .metadata = f->metadata,
        .regarding = f->involved_object,
        .reason = f->reason,
        .note = f->message,
        .deprecated_source = f->source,
        .deprecated_first_timestamp = f->first_timestamp,
        .deprecated_last_timestamp = f->last_timestamp,
        .deprecated_count = f->count,
        .type = f->type,
        .event_time = f->event_time,
        .series = series_from_core(a, f->series),
        .action = f->action,
        .related = f->related,
        .reporting_controller = f->reporting_controller,
        .reporting_instance = f->reporting_instance,
    };
    return 0;
}

const struct api_conversion convert_event = {to_core, from_core};
