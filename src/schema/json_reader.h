// SPDX-License-Identifier: Apache-2.0
/* Parts of the typed JSON reader, shared by its files only. */
#pragma once

#include "schema/json.h"
#include "schema/json_lex.h"
#include "schema/scratch.h"

/* The way down to the value being read, as stack frames: printed only for an error or a report. */
struct json_frame {
    const struct json_frame *up;
    const struct api_type *type; /* the object, when key is a field of it; else NULL */
    str key;                     /* field or map key; p == NULL: */
    uint32_t index;              /* element of a list */
};

struct json_reader {
    struct json_in in;
    struct arena *a;
    struct scratch scratch;
    const struct json_read_opts *opts;
    struct decode_report
        *report; /* NULL: not asked for, or inside a value that is not looked into */
    struct err *e;
    int error; /* the first value that does not fit; reading goes on, as syntax errors come first */
};

/* All readers return false when the text is malformed or memory has run out (error = -E2BIG). */
/* One value of f's kind at p, which is under API_ONE's layout. */
bool json_read_scalar(struct json_reader *r, const struct api_field *f, char *p,
                      const struct json_frame *at);
/* A JSON array, which must be ahead: `element` reads each one into `size` cleared bytes. */
typedef bool (*json_element)(struct json_reader *r, const struct api_field *f, char *p,
                             const struct json_frame *at);
bool json_read_seq(struct json_reader *r, const struct api_field *f, size_t size,
                   json_element element, struct api_seq *ret, const struct json_frame *up);

/* The value ahead is of the wrong type: says so (once) and skips it. `go_type` is what Go's reader
 * wanted, NULL: the type of f (the element when `element`). */
bool json_mismatch(struct json_reader *r, const struct json_frame *at, const struct api_field *f,
                   bool element, const char *go_type);
bool json_mismatch_type(struct json_reader *r, const struct json_frame *at,
                        const struct api_type *t);
void json_report_unknown(struct json_reader *r, const struct json_frame *at);
void json_report_duplicate(struct json_reader *r, const struct json_frame *at);
