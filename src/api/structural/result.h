// SPDX-License-Identifier: Apache-2.0
/* What was found wrong with a value on one way through its schema, before it is decided which of
 * several ways counts. */
#pragma once

#include "api/structural/structural.h"

#define PROBLEMS_MAX 200 /* of one value */

/* Where in the value: "spec.list[3]"; a chain of stack frames. The root has no name. */
struct spot {
    const struct spot *up;
    str name;
    int64_t index;
    bool element; /* [index] */
    bool dotted;  /* a dot even in front of the first name */
};
str spot_text(struct arena *a, const struct spot *at);

struct problem {
    enum field_error_type type;
    bool whole;       /* is told of the whole value, not of its part */
    str where, value; /* value: as it is shown */
    str text;         /* what tells it from others */
    str detail;       /* shown; mostly the text */
};

struct result {
    struct arena *arena;
    struct {
        struct problem *v;
        uint32_t n;
    } list;
    uint32_t matches; /* checks that were made: of several failing ways the most travelled counts */
};

/* Adds it unless there is one of the same text. */
void result_add(struct result *r, const struct problem *p);
void result_merge(struct result *r, const struct result *from);
/* An Invalid at `at`: "WHERE in body TEXT". value STR_NONE: shown as "". */
void result_invalid(struct result *r, const struct spot *at, str value, const char *fmt, ...)
    PRINTF(4, 5);
/* An Invalid of the whole value with these words alone. */
void result_whole(struct result *r, const char *fmt, ...) PRINTF(2, 3);
/* "WHERE in body must be of type WANT: "IS"". */
void result_type(struct result *r, const struct spot *at, const char *want, str is);
void result_tell(const struct result *r, const struct structural_check *c);

str value_shown(struct arena *a, const struct value *v); /* as JSON */

/* An integer, or so near to one that rounding can be the reason. */
bool number_is_whole(double f);
/* validate_number.c; v is an integer or a float. */
void validate_number(struct result *r, const struct spot *at, const struct structural *s,
                     const struct value *v);
