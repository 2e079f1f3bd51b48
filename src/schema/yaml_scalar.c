// SPDX-License-Identifier: Apache-2.0
/* Plain scalars by the rules of goyaml.v2, on which upstream's YAML rests: the words of YAML 1.1
 * ("no" is false), octal by a leading 0 (file modes!), underscores in numbers; times stay text. */
#include "schema/yaml_scalar.h"

#include "schema/json_lex.h"

#define NUMBER_MAX 400 /* longer plain scalars are text */

static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const trues[] = {"y",    "Y",    "yes", "Yes", "YES", "true",
                                    "True", "TRUE", "on",  "On",  "ON",  NULL};
static const char *const falses[] = {"n",     "N",     "no",  "No",  "NO",  "false",
                                     "False", "FALSE", "off", "Off", "OFF", NULL};
static const char *const unreal[] = {".inf",  ".Inf",  ".INF", "+.inf", "+.Inf", "+.INF", "-.inf",
                                     "-.Inf", "-.INF", ".nan", ".NaN",  ".NAN",  NULL};

static unsigned digit_value(char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 99;
}

/* Go's ParseInt with base 0. A number past int64 but within uint64 becomes a float, as JSON has no
 * other place for it here. */
static bool parse_integer(str s, struct value *ret) {
    bool negative = s.n && s.p[0] == '-';
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    unsigned base = 10;
    if (i + 1 < s.n && s.p[i] == '0') {
        char c = (char)(s.p[i + 1] | 0x20);
        base = c == 'x' ? 16 : c == 'b' ? 2 : 8;
        i += c == 'x' || c == 'b' || c == 'o' ? 2 : 1;
    }
    if (i == s.n)
        return false;
    uint64_t v = 0;
    for (; i < s.n; i++) {
        unsigned d = digit_value(s.p[i]);
        if (d >= base || v > (UINT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    if (v > (uint64_t)INT64_MAX + negative) {
        *ret = (struct value){.tag = VALUE_FLOAT, .f = (double)v};
        return !negative;
    }
    *ret = (struct value){.tag = VALUE_INT, .i = (int64_t)(negative ? 0 - v : v)};
    return true;
}

static size_t skip_digits(str s, size_t i) {
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i;
}

/* [-+]? (. digits | digits (. digits*)?) ([eE] [-+]? digits)? */
static bool looks_float(str s) {
    size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+');
    size_t whole = skip_digits(s, i), end = whole;
    if (end < s.n && s.p[end] == '.') {
        end = skip_digits(s, end + 1);
        if (whole == i && end == whole + 1)
            return false;
    }
    if (end == i)
        return false;
    if (end < s.n && (s.p[end] | 0x20) == 'e') {
        end++;
        end += end < s.n && (s.p[end] == '-' || s.p[end] == '+');
        if (skip_digits(s, end) == end)
            return false;
        end = skip_digits(s, end);
    }
    return end == s.n;
}

static bool parse_number(str text, struct value *ret) {
    char plain[NUMBER_MAX];
    size_t n = 0;
    char first = text.p[0];
    if (text.n >= sizeof(plain) ||
        !(first == '.' || first == '+' || first == '-' || (first >= '0' && first <= '9')))
        return false;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '_')
            plain[n++] = text.p[i];
    str s = {plain, n};
    if (parse_integer(s, ret))
        return true;
    if (!looks_float(s) || lex_f64(s, &ret->f) < 0)
        return false;
    ret->tag = VALUE_FLOAT;
    return true;
}

int yaml_plain(str text, struct value *ret, struct err *e) {
    if (str_in(text, nulls)) {
        *ret = (struct value){.tag = VALUE_NULL};
    } else if (str_in(text, trues) || str_in(text, falses)) {
        *ret = (struct value){.tag = VALUE_BOOL, .b = str_in(text, trues)};
    } else if (str_in(text, unreal)) {
        bool nan = (text.p[1] | 0x20) == 'n';
        return err_set(e, -EINVAL, "error converting YAML to JSON: json: unsupported value: %s",
                       nan                ? "NaN"
                       : text.p[0] == '-' ? "-Inf"
                                          : "+Inf");
    } else if (!parse_number(text, ret)) {
        *ret = (struct value){.tag = VALUE_STR, .s = text};
    }
    return 0;
}
