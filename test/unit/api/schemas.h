// SPDX-License-Identifier: Apache-2.0
/* Schemas of custom resources out of short texts. */
#pragma once

#include "api/structural/structural.h"
#include "schema/json.h"
#include "tap.h"

/* Single quotes for double ones. */
static str quoted(struct arena *a, const char *s) {
    char *p = arena_dup(a, s, strlen(s) + 1);
    for (char *c = p; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return str_of(p);
}

static const struct structural *schema_of(struct arena *a, const char *json) {
    JSONSchemaProps *s = arena_make(a, JSONSchemaProps);
    struct err e;
    REQUIRE(json_read(a, &JSONSchemaProps_type, quoted(a, json), s, NULL, &e) == 0);
    return structural_of(a, s);
}
