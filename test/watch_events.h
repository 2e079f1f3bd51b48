// SPDX-License-Identifier: Apache-2.0
/* The events of a watch out of the bytes of its stream, however they are cut: lines of JSON, or
 * protobuf behind lengths. */
#pragma once

#include "schema/type.h"
#include "schema/value.h"

struct watch_events {
    const struct api_type *type; /* of the objects; protobuf */
    bool proto;
    struct buf in; /* what has come of the next event */
};
/* type NULL: JSON. */
void watch_events_init(struct watch_events *w, const struct api_type *type);
void watch_events_done(struct watch_events *w);
void watch_events_clear(struct watch_events *w);
/* Bytes that came. */
void watch_events_add(struct watch_events *w, str bytes);
/* 1: the next event, in the arena; 0: it is not whole yet; -EINVAL: that is no event. */
int watch_events_next(struct watch_events *w, struct arena *a, str *ret_type,
                      struct value **ret_object);
