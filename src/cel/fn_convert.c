// SPDX-License-Identifier: Apache-2.0
/* Conversions between types. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "cel/functions.h"
#include "cel/run.h"

#define TIME_SEC_MIN INT64_C(-62135596800)
#define TIME_SEC_MAX INT64_C(253402300799)

/* What Go's %g with the shortest digits prints of a double. */
static str double_text(struct arena *a, double d) {
    char b[64];
    int digits = 1, exponent;
    if (isnan(d))
        return STR("NaN");
    if (isinf(d))
        return d > 0 ? STR("+Inf") : STR("-Inf");
    do
        snprintf(b, sizeof(b), "%.*e", digits - 1, d);
    while (strtod(b, NULL) != d && digits++ < 17);
    exponent = atoi(strchr(b, 'e') + 1);
    if (exponent < -4 || exponent >= 21)
        return str_dup(a, str_of(b));
    snprintf(b, sizeof(b), "%.*f", MAX(0, digits - 1 - exponent), d);
    return str_dup(a, str_of(b));
}

static str duration_text(struct arena *a, int64_t ns) {
    str s = double_text(a, (double)ns / 1e9);
    return str_concat(a, s, STR("s"));
}

static str timestamp_text(struct arena *a, struct cel_value v) {
    char b[TIME_TEXT_MAX];
    int digits = 9, ns = v.ns;
    while (digits && ns % 10 == 0) {
        ns /= 10;
        digits--;
    }
    return str_dup(a, time_format(b, v.i, v.ns, digits));
}

bool cel_text_of(struct cel_run *r, struct cel_value v, str *ret) {
    switch ((enum cel_tag)v.tag) {
    case CEL_V_STRING:
        *ret = v.s;
        return true;
    case CEL_V_BYTES:
        *ret = v.s;
        return utf8_valid(v.s);
    case CEL_V_BOOL:
        *ret = v.b ? STR("true") : STR("false");
        return true;
    case CEL_V_INT:
        *ret = str_printf(r->arena, "%lld", (long long)v.i);
        return true;
    case CEL_V_UINT:
        *ret = str_printf(r->arena, "%llu", (unsigned long long)v.u);
        return true;
    case CEL_V_DOUBLE:
        *ret = double_text(r->arena, v.d);
        return true;
    case CEL_V_DURATION:
        *ret = duration_text(r->arena, v.i);
        return true;
    case CEL_V_TIMESTAMP:
        *ret = timestamp_text(r->arena, v);
        return true;
    case CEL_V_TYPE:
        *ret = str_of(v.type->name);
        return true;
    case CEL_V_OPAQUE:
        return cel_opaque_text(r->arena, v.opaque, ret);
    case CEL_V_NULL:
    case CEL_V_LIST:
    case CEL_V_MAP:
    case CEL_V_OPTIONAL:
    case CEL_V_ERROR:
    case CEL_V_MAX:
        break;
    }
    return false;
}

struct cel_value fn_string(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    str s;
    if (cel_text_of(r, args[0], &s) && args[0].tag != CEL_V_TYPE)
        return cel_string(s);
    return args[0].tag == CEL_V_BYTES
               ? cel_error_value(STR("invalid UTF-8 in bytes, cannot convert to string"))
               : cel_no_overload();
}

struct cel_value fn_type(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return (struct cel_value){.tag = CEL_V_TYPE, .type = cel_type_of(r->arena, args[0])};
}

struct cel_value fn_dyn(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return args[0];
}

static struct cel_value conversion_error(struct cel_run *r, struct cel_value v, const char *to) {
    return cel_fail(r, "type conversion error from '%s' to '%s'", cel_type_of(r->arena, v)->name,
                    to);
}

struct cel_value fn_bool(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True", NULL};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False", NULL};
    if (args[0].tag == CEL_V_BOOL)
        return args[0];
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    if (str_in(args[0].s, yes) || str_in(args[0].s, no))
        return cel_bool(str_in(args[0].s, yes));
    return conversion_error(r, args[0], "bool");
}

struct cel_value fn_bytes(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value v = args[0];
    if (v.tag != CEL_V_STRING && v.tag != CEL_V_BYTES)
        return cel_no_overload();
    v.tag = CEL_V_BYTES;
    return v;
}

/* The whole text is a Go floating-point number. */
static bool read_double(struct arena *a, str s, double *ret) {
    const char *p = str_cdup(a, s);
    char *end;
    if (!s.n || strpbrk(p, " \t\n\v\f\r(") || strlen(p) != s.n)
        return false;
    *ret = strtod(p, &end);
    return *end == 0;
}

struct cel_value fn_double(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value v = {.tag = CEL_V_DOUBLE};
    if (args[0].tag == CEL_V_DOUBLE)
        return args[0];
    if (args[0].tag == CEL_V_INT)
        v.d = (double)args[0].i;
    else if (args[0].tag == CEL_V_UINT)
        v.d = (double)args[0].u;
    else if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    else if (!read_double(r->arena, args[0].s, &v.d))
        return conversion_error(r, args[0], "double");
    return v;
}

struct cel_value fn_int(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    static const struct cel_value range = {
        .tag = CEL_V_ERROR, .s = {"integer overflow", sizeof("integer overflow") - 1}};
    struct cel_value v = args[0];
    int64_t i;
    str s;
    switch ((enum cel_tag)v.tag) {
    case CEL_V_INT:
    case CEL_V_DURATION:
    case CEL_V_TIMESTAMP:
        return cel_int(v.i);
    case CEL_V_UINT:
        return v.u > INT64_MAX ? range : cel_int(v.i);
    case CEL_V_DOUBLE:
        return v.d > -9223372036854775808.0 && v.d < 9223372036854775808.0 ? cel_int((int64_t)v.d)
                                                                           : range;
    case CEL_V_STRING:
        s = v.s.n > 1 && v.s.p[0] == '+' ? str_slice(v.s, 1, v.s.n) : v.s;
        return str_to_i64(s, &i) < 0 ? conversion_error(r, v, "int") : cel_int(i);
    case CEL_V_NULL:
    case CEL_V_BOOL:
    case CEL_V_BYTES:
    case CEL_V_LIST:
    case CEL_V_MAP:
    case CEL_V_TYPE:
    case CEL_V_OPTIONAL:
    case CEL_V_OPAQUE:
    case CEL_V_ERROR:
    case CEL_V_MAX:
        break;
    }
    return cel_no_overload();
}

struct cel_value fn_uint(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value v = {.tag = CEL_V_UINT}, x = args[0];
    if (x.tag == CEL_V_UINT)
        return x;
    if (x.tag == CEL_V_INT && x.i >= 0)
        v.u = x.u;
    else if (x.tag == CEL_V_DOUBLE && x.d >= 0 && x.d < 18446744073709551616.0)
        v.u = (uint64_t)x.d;
    else if (x.tag == CEL_V_INT || x.tag == CEL_V_DOUBLE)
        return cel_error_value(STR("unsigned integer overflow"));
    else if (x.tag != CEL_V_STRING)
        return cel_no_overload();
    else if (str_to_u64(x.s, &v.u) < 0)
        return conversion_error(r, x, "uint");
    return v;
}

struct cel_value fn_duration(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value v = {.tag = CEL_V_DURATION};
    if (args[0].tag == CEL_V_DURATION)
        return args[0];
    if (args[0].tag == CEL_V_INT)
        v.i = args[0].i;
    else if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    else if (duration_parse(args[0].s, &v.i) < 0)
        return conversion_error(r, args[0], "google.protobuf.Duration");
    return v;
}

struct cel_value fn_timestamp(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value v = {.tag = CEL_V_TIMESTAMP};
    if (args[0].tag == CEL_V_TIMESTAMP)
        return args[0];
    if (args[0].tag == CEL_V_INT)
        v.i = args[0].i;
    else if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    else if (time_parse(args[0].s, &v.i, &v.ns) < 0)
        return conversion_error(r, args[0], "google.protobuf.Timestamp");
    if (v.i < TIME_SEC_MIN || v.i > TIME_SEC_MAX)
        return cel_error_value(STR("timestamp overflow"));
    return v;
}
