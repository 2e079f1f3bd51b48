// SPDX-License-Identifier: Apache-2.0
/* Generic operations over rows. Each is its own file. */
#pragma once

#include "schema/json.h"
#include "schema/type.h"

/* copy.c: deep copy into an arena, strings too. */
void api_copy(struct arena *a, const struct api_type *t, const void *from, void *to);
void *api_clone(struct arena *a, const struct api_type *t, const void *from);
/* equal.c: semantic equality (apiequality.Semantic): absent equals empty for lists and maps,
 * quantities by value. */
bool api_equal(const struct api_type *t, const void *a, const void *b);
/* The same of one member, by its JSON name. */
bool api_equal_row(const struct api_type *t, const char *name, const void *a, const void *b);
/* defaults.c: applies attr.def wherever a field is absent and its parent present. */
void api_defaults(struct arena *a, const struct api_type *t, void *obj);
/* Unset, empty or (of a plain value) zero: what a default replaces. `at` points to the member. */
bool api_field_absent(const struct api_field *f, const void *at);
/* weight.c: bytes an object holds (limits, accounting). */
size_t api_weight(const struct api_type *t, const void *obj);

/* project.c: clears every field that no path names. paths ends in NULL; "spec.containers.resources"
 * goes into every item of a list or map, and a path that ends at a message keeps all of it. */
#define PROJECT_PATHS_MAX 96
void api_project(const struct api_type *t, void *obj, const char *const *paths);

/* Errors of fields, as clients see them; field_error.c. */
enum field_error_type {
    FIELD_REQUIRED,
    FIELD_INVALID,
    FIELD_NOT_SUPPORTED,
    FIELD_FORBIDDEN,
    FIELD_DUPLICATE,
    FIELD_TOO_LONG,
    FIELD_TOO_MANY,
    FIELD_NOT_FOUND,
    FIELD_TYPE_INVALID,
    FIELD_INTERNAL,
    FIELD_ERROR_TYPE_MAX,
};
struct field_error {
    enum field_error_type type;
    str field; /* "spec.containers[0].name" */
    str value; /* bad value as upstream prints it (JSON-ish), STR_NONE = none */
    str detail;
};
struct field_errors {
    struct arena *arena;
    struct {
        struct field_error *v;
        uint32_t n;
    } list;
    size_t bytes; /* of their texts */
    /* Rules that the object may go on to break: bits whose meaning is the checks' own, set around
     * what they are for (api/kinds/kinds.h). */
    unsigned kept;
};
/* What comes after so many errors, or so much text, is not told: a value that an error shows may be
 * the whole object, and one is shown as often as it has faults. */
#define FIELD_ERRORS_MAX       1000
#define FIELD_ERRORS_BYTES_MAX (8 * 1024 * 1024)
static inline bool field_errors_full(const struct field_errors *fe) {
    return fe->list.n >= FIELD_ERRORS_MAX || fe->bytes >= FIELD_ERRORS_BYTES_MAX;
}
/* A path under construction: a chain of stack frames, printed only when an error is made. */
struct field_path {
    const struct field_path *parent;
    const char *name; /* or NULL: */
    int64_t index;    /* [index] */
    str key;          /* or [key] when key.p */
};
#define PATH(parent_, name_)    (&(struct field_path){.parent = (parent_), .name = (name_)})
#define PATH_INDEX(parent_, i_) (&(struct field_path){.parent = (parent_), .index = (i_)})
#define PATH_KEY(parent_, key_) (&(struct field_path){.parent = (parent_), .key = (key_)})
str field_path_str(struct arena *a, const struct field_path *p);

/* Values given as plain strings are shown quoted. The _printed forms take what is to be shown as it
 * is (null, 5, {"a":"b"}; STR_NONE: no value); numbers have a form of their own. All texts are
 * copied. */
void field_required(struct field_errors *fe, const struct field_path *p, const char *detail);
void field_invalid(struct field_errors *fe, const struct field_path *p, str value, const char *fmt,
                   ...) PRINTF(4, 5);
void field_invalid_printed(struct field_errors *fe, const struct field_path *p, str value,
                           const char *fmt, ...) PRINTF(4, 5);
void field_invalid_i64(struct field_errors *fe, const struct field_path *p, int64_t value,
                       const char *detail);
void field_not_supported(struct field_errors *fe, const struct field_path *p, str value,
                         const char *const *supported); /* NULL-terminated */
void field_not_supported_printed(struct field_errors *fe, const struct field_path *p, str value,
                                 const char *const *supported);
void field_forbidden(struct field_errors *fe, const struct field_path *p, const char *fmt, ...)
    PRINTF(3, 4);
void field_duplicate(struct field_errors *fe, const struct field_path *p, str value);
void field_duplicate_printed(struct field_errors *fe, const struct field_path *p, str value);
void field_too_long(struct field_errors *fe, const struct field_path *p, size_t max);
void field_too_many(struct field_errors *fe, const struct field_path *p, size_t got, size_t max);
/* An error that is there already; its texts are not copied. */
void field_error_add(struct field_errors *fe, const struct field_error *e);
void field_internal(struct field_errors *fe, const struct field_path *p, const char *detail);
void field_not_found(struct field_errors *fe, const struct field_path *p, str value);
void field_not_found_detail(struct field_errors *fe, const struct field_path *p, str value,
                            str detail);
/* "spec.replicas: Invalid value: -1: must be greater than or equal to 0", as field.Error.Error().
 */
str field_error_str(struct arena *a, const struct field_error *e);
/* The same without the field, as the message of a Status cause. */
str field_error_body(struct arena *a, const struct field_error *e);
/* Appends s as Go's %q prints it. */
void go_quote(struct buf *b, str s);
str go_quoted(struct arena *a, str s);
/* The "FieldValueInvalid" of a Status cause. */
const char *field_error_reason(enum field_error_type t);

/* validate.c: the rules of the rows (attr.rule, attr.needed), each failure reported with its path.
 * The whole of a type, row by row, with everything below it. Where upstream checks in another
 * order, or other checks stand between, api_validate_rows says which rows are next: their JSON
 * names, with blanks between. A name without a row is a mistake of the caller and aborts. */
void api_validate(struct field_errors *fe, const struct api_type *t, const void *obj,
                  const struct field_path *p);
void api_validate_rows(struct field_errors *fe, const struct api_type *t, const void *obj,
                       const struct field_path *p, const char *names);
/* The same rules, for what no row can say: it depends on more than the field. */
/* One Invalid for each text. */
void field_check_name(struct field_errors *fe, const struct field_path *p, str name,
                      name_check *check);
/* "must be between 1 and 65535, inclusive" and the like. */
void field_check_range(struct field_errors *fe, const struct field_path *p, int64_t v, int64_t min,
                       int64_t max);
void field_check_port(struct field_errors *fe, const struct field_path *p, int64_t port);
void field_check_min(struct field_errors *fe, const struct field_path *p, int64_t v, int64_t min);
void field_check_not_negative(struct field_errors *fe, const struct field_path *p, int64_t v);
