// SPDX-License-Identifier: Apache-2.0
/* What types and fields mean, for people: `kubectl explain` shows it out of the OpenAPI documents.
 * The words are in api/descriptions, a file a package; the program reads them in place, so that
 * whoever never asks pays for no memory.
 *
 * A field's text is looked for with its type, then with the type this one is said to be like, then
 * with the type it is inlined from, then among the fields that mean the same in every type. */
#pragma once

#include "base/arena.h"
#include "schema/openapi.h"

struct descriptions {
    struct openapi_words words; /* for openapi_set_init */
    struct description *v;      /* sorted by type */
    uint32_t n;
};

/* The index lives in the arena, the texts in the program. */
void descriptions_init(struct descriptions *d, struct arena *a);
/* Of a type (its OpenAPI name, field NULL) or of a field (its JSON name); STR_NONE when nothing is
 * written. Texts need no escapes in JSON. */
str description_of(const struct descriptions *d, str type, const char *field);
/* For tests: calls `see` with each type and field that stands in the files, field NULL for the type
 * itself; a type "*" has the fields that mean the same everywhere. */
void descriptions_each(const struct descriptions *d,
                       void (*see)(void *ctx, str type, const char *field, const char *text),
                       void *ctx);
