// SPDX-License-Identifier: Apache-2.0
/* OpenAPI schemas (definitions) from rows. Documents around them: api/openapi.h. Everything is
 * appended to a buf as compact JSON; a document is never held as a tree. */
#pragma once

#include "base/buf.h"
#include "schema/type.h"

enum openapi_version { OPENAPI_V2, OPENAPI_V3, OPENAPI_VERSION_MAX };

/* Where descriptions come from: of a type (by its OpenAPI name) with field NULL, or of a field (by
 * its JSON name); STR_NONE: nothing is said. Type "*": fields that mean the same everywhere. */
struct openapi_words {
    str (*of)(const struct openapi_words *w, str type, const char *field);
};

struct openapi_gv {
    const char *group, *version;
};

/* Types to describe, closed under reference. */
struct openapi_set {
    enum openapi_version form;
    /* Where types that are registered in every group version (DeleteOptions) say they are. */
    const struct openapi_gv *gvs;
    uint32_t n_gvs;
    const struct openapi_words *words; /* NULL: documents without descriptions */
    struct {
        struct openapi_entry *v;
        uint32_t n, cap;
    } entries;
};

void openapi_set_init(struct openapi_set *s, enum openapi_version form,
                      const struct openapi_gv *gvs, uint32_t n_gvs,
                      const struct openapi_words *words);
void openapi_set_done(struct openapi_set *s);
/* Adds t and all it refers to. */
void openapi_set_add(struct openapi_set *s, const struct api_type *t);
/* Patch, the one schema without a type. */
void openapi_set_add_patch(struct openapi_set *s);
/* Sorts by name; call before the two below. */
void openapi_set_finish(struct openapi_set *s);
str openapi_set_name(const struct openapi_set *s, uint32_t i);
/* Appends the schema of entry i. */
void openapi_set_write(const struct openapi_set *s, uint32_t i, struct buf *b);

#define OPENAPI_META  "io.k8s.apimachinery.pkg.apis.meta.v1."
#define OPENAPI_PATCH OPENAPI_META "Patch"

/* Appends "key": with a comma in front where one belongs; key and values need no escapes. */
void openapi_key(struct buf *b, const char *key);
void openapi_pair(struct buf *b, const char *key, const char *value); /* "key":"value" */
/* Appends "$ref":"#/definitions/NAME" or as v3 has it. */
void openapi_ref(struct buf *b, enum openapi_version form, const char *name);
