// SPDX-License-Identifier: Apache-2.0
/* Quantities: "100m", "1.5Gi", "2e3". Fixed-point decimals with the format they were written in,
 * exact to a nano, of at most QUANTITY_DIGITS_MAX significant digits (more are an error where they
 * matter). */
#pragma once

#include "base/err.h"
#include "schema/type.h"

#define QUANTITY_DIGITS_MAX 38
#define QUANTITY_TEXT_MAX   4096 /* bytes of a quantity that is read */

enum quantity_format {
    QUANTITY_DECIMAL,  /* n u m "" k M G T P E */
    QUANTITY_BINARY,   /* Ki Mi Gi Ti Pi Ei */
    QUANTITY_EXPONENT, /* e3 */
    QUANTITY_FORMAT_MAX,
};

/* v * 10^scale. */
struct quantity {
    __int128 v;
    int32_t scale;
    uint8_t format;
    str text; /* what it was read from, where that is what is printed as well */
};

/* -EINVAL with upstream's text; spaces around are the caller's to trim. */
int quantity_parse(str text, struct quantity *ret, struct err *e);
/* A quantity of an object: those were canonicalised when they were read, so there is no error
 * (anything else counts as 0). Absent is 0. */
struct quantity quantity_of(Quantity q);
struct quantity quantity_i64(int64_t v, enum quantity_format format);

/* Canonical text; may point to q->text. */
str quantity_str(struct arena *a, const struct quantity *q);
/* Text to canonical text: what reading a quantity field does. *ret may point into text. */
int quantity_canonical(struct arena *a, str text, Quantity *ret, struct err *e);

int quantity_cmp(const struct quantity *a, const struct quantity *b); /* -1, 0, 1 */
int quantity_sign(const struct quantity *q);
/* q += y, q -= y; a zero q takes y's format. -ERANGE (q unchanged) past the digits there are. */
int quantity_add(struct quantity *q, const struct quantity *y);
int quantity_sub(struct quantity *q, const struct quantity *y);
int quantity_mul(struct quantity *q, int64_t y);

/* In units of 10^scale, rounded away from zero; what does not fit is INT64_MAX or INT64_MIN. */
int64_t quantity_scaled(const struct quantity *q, int scale);
static inline int64_t quantity_value(const struct quantity *q) {
    return quantity_scaled(q, 0);
}
static inline int64_t quantity_milli(const struct quantity *q) {
    return quantity_scaled(q, -3);
}
/* Whether the value is a whole number. */
bool quantity_is_whole(const struct quantity *q);
