// SPDX-License-Identifier: Apache-2.0
/* Event recorder with client-go's correlator: equal events within ten minutes become a count, many
 * similar ones are aggregated, a source's flood about one object is dropped (burst 25, then one in
 * five minutes). Bounded in memory; losing an event is never an error. */
#pragma once

#include "client/rest.h"

struct recorder;
/* component and host name the source and are copied; the client outlives the recorder. One loop. */
struct recorder *recorder_new(struct rest_client *c, const char *component, const char *host);
/* What waits to be sent is dropped. */
struct recorder *recorder_free(struct recorder *r);
/* type: "Normal" or "Warning". Everything is copied. */
void recorder_event(struct recorder *r, const ObjectReference *about, const char *type,
                    const char *reason, str message);
