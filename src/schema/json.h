// SPDX-License-Identifier: Apache-2.0
/* JSON <-> struct, in one pass over the rows. */
#pragma once

#include "schema/type.h"
#include "schema/value.h"

/* What strict decoding would object to, each said once, at most DECODE_REPORT_MAX together. */
struct decode_report {
    str_list unknown, duplicate; /* paths: "spec.template.spec.containers[0].foo", "data.a" */
    str_list all; /* unknown field "metadata.bogus": the texts, in order of the input */
};
#define DECODE_REPORT_MAX 100
/* Reports what is wrong with a JSON text that goes into maps and lists: keys given twice. `known`
 * (NULL-terminated; NULL: all) are the members that the objects of an outermost list may have. A
 * text that is no JSON is reported as far as it is. */
void json_strict(struct arena *a, str json, const char *const *known, struct decode_report *report);

struct json_read_opts {
    struct decode_report *report; /* NULL: unknown fields are dropped silently */
    /* Root types: kind and apiVersion as found; absent ones are left empty. Never an error here:
     * the caller knows what it expects. */
    str *ret_kind, *ret_api_version;
};

/* Decodes one object of type t into *ret (cleared first; t->size bytes). Field names are matched
 * case-sensitively. Strings are copied into the arena unless they can point into `json`, so
 * `json` must live as long as the object: pass text that is in the arena. null leaves a field
 * unset; empty lists and maps too. Of a field given twice the last value stands. A value of the
 * wrong type is told only when the rest of the text is well-formed, as Go does. -EINVAL with
 * upstream's text ("json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas
 * of type int32"), -E2BIG past the arena's limit. */
int json_read(struct arena *a, const struct api_type *t, str json, void *ret,
              const struct json_read_opts *opts, struct err *e);
/* The same from a tree. */
int json_read_value(struct arena *a, const struct api_type *t, const struct value *v, void *ret,
                    const struct json_read_opts *opts, struct err *e);

enum json_write_flags {
    JSON_NO_TYPE_META = 1 << 0, /* a root type as list item: without kind and apiVersion */
};
/* Appends the object as Go would print it. *ret_hole (may be NULL) is the offset in b at which
 * metadata.resourceVersion's digits belong: when asked for, the object is written with
 * "resourceVersion":"" and the value in the struct is ignored; SIZE_MAX for a type without one.
 * A list or map that is empty but not NULL is written [] or {} where it is not omitted. */
void json_write(struct buf *b, const struct api_type *t, const void *obj, unsigned flags,
                size_t *ret_hole);
/* One member of a struct of type t, which JSON does not leave out. */
void json_write_member(struct buf *b, const struct api_type *t, const struct api_field *f,
                       const void *member);
int json_write_value(struct arena *a, const struct api_type *t, const void *obj,
                     struct value *ret); /* struct -> tree */
/* Re-indents compact JSON for ?pretty=true. */
void json_indent(struct buf *b, str json, unsigned spaces);
/* The same of a text that comes in pieces, each of which ends outside of strings. */
struct json_indenter {
    unsigned spaces;
    size_t depth;
    bool opened; /* the last piece ended behind an opening bracket */
};
void json_indent_piece(struct json_indenter *in, struct buf *b, str json);
