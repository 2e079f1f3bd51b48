// SPDX-License-Identifier: Apache-2.0
/* Objects that a test gives as JSON. */
#pragma once

#include "schema/json.h"
#include "tap.h"

UNUSED static void *read_object(struct arena *a, const struct api_type *t, const char *json) {
    struct err e = {0};
    void *obj = arena_alloc(a, t->size);
    if (json_read(a, t, str_of(json), obj, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "%s: %s", json, e.text);
        tap_bail();
    }
    return obj;
}
