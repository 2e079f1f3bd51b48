// SPDX-License-Identifier: Apache-2.0
#include "schema/go_errors.h"

#include "base/buf.h"
#include "schema/ops.h"

#define RFC3339       "2006-01-02T15:04:05Z07:00"
#define RFC3339_MICRO "2006-01-02T15:04:05.000000Z07:00"

static bool is_digit(str s, size_t i) {
    return i < s.n && s.p[i] >= '0' && s.p[i] <= '9';
}

static bool is_newline(str s, size_t i) {
    return i < s.n && (s.p[i] == '\n' || s.p[i] == '\r');
}

static bool is_base64(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Where the decoder stops: it works in groups of four, skipping line ends. */
static size_t base64_fault(str s) {
    unsigned have = 0;
    size_t i = 0;
    for (; i < s.n; i++) {
        if (is_newline(s, i))
            continue;
        if (!is_base64(s.p[i]))
            break;
        have = (have + 1) % 4;
    }
    if (i == s.n)
        return i - have;
    if (s.p[i] != '=' || have < 2)
        return i;
    size_t pad = i++;
    if (have == 2) {
        while (is_newline(s, i))
            i++;
        if (i == s.n)
            return i;
        if (s.p[i] != '=')
            return pad;
        i++;
    }
    while (is_newline(s, i))
        i++;
    return i;
}

int go_base64_error(str text, struct err *e) {
    return err_set(e, -EINVAL, "illegal base64 data at input byte %zu", base64_fault(text));
}

struct time_error {
    str all, rest;
    const char *layout;
    struct err *e;
};

static int cannot_parse(const struct time_error *t, const char *element) {
    return err_set(t->e, -EINVAL,
                   "parsing time \"" STR_FMT "\" as \"%s\": cannot parse \"" STR_FMT "\" as \"%s\"",
                   STR_ARG(t->all), t->layout, STR_ARG(t->rest), element);
}

static int time_fault(const struct time_error *t, const char *what) {
    return err_set(t->e, -EINVAL, "parsing time \"" STR_FMT "\"%s", STR_ARG(t->all), what);
}

/* A number of the layout; 0 or -EINVAL with the error made. */
static int time_number(struct time_error *t, const char *element, int low, int high,
                       const char *name) {
    size_t n = strlen(element);
    int v = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(t->rest, i))
            return cannot_parse(t, element);
        v = v * 10 + (t->rest.p[i] - '0');
    }
    t->rest = str_slice(t->rest, n, t->rest.n);
    if (v >= low && v <= high)
        return 0;
    char what[48] = ": ";
    strcat(strcat(what, name), " out of range");
    return time_fault(t, what);
}

static int time_literal(struct time_error *t, const char *literal) {
    if (t->rest.n == 0 || t->rest.p[0] != literal[0])
        return cannot_parse(t, literal);
    t->rest = str_slice(t->rest, 1, t->rest.n);
    return 0;
}

static int time_fraction(struct time_error *t, bool micro) {
    bool point = t->rest.n && (t->rest.p[0] == '.' || t->rest.p[0] == ',') && is_digit(t->rest, 1);
    size_t n = 1;
    while (point && is_digit(t->rest, n) && !(micro && n > 6))
        n++;
    if (micro && (!point || n < 7))
        return cannot_parse(t, ".000000");
    if (point)
        t->rest = str_slice(t->rest, n, t->rest.n);
    return 0;
}

static int time_zone(struct time_error *t) {
    str s = t->rest;
    if (s.n && s.p[0] == 'Z') {
        t->rest = str_slice(s, 1, s.n);
        return 0;
    }
    if (s.n < 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' || !is_digit(s, 1) ||
        !is_digit(s, 2) || !is_digit(s, 4) || !is_digit(s, 5))
        return cannot_parse(t, "Z07:00");
    t->rest = str_slice(s, 6, s.n);
    return 0;
}

int go_time_error(str text, bool micro, struct err *e) {
    static const struct {
        const char *element, *literal, *name;
        int low, high;
    } parts[] = {
        {"2006", "-", "year", 0, 9999}, {"01", "-", "month", 1, 12},  {"02", "T", "day", 0, 99},
        {"15", ":", "hour", 0, 23},     {"04", ":", "minute", 0, 59}, {"05", NULL, "second", 0, 59},
    };
    struct time_error t = {text, text, micro ? RFC3339_MICRO : RFC3339, e};
    int r;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if ((r = time_number(&t, parts[i].element, parts[i].low, parts[i].high, parts[i].name)) < 0)
            return r;
        if (parts[i].literal && (r = time_literal(&t, parts[i].literal)) < 0)
            return r;
    }
    if ((r = time_fraction(&t, micro)) < 0 || (r = time_zone(&t)) < 0)
        return r;
    if (t.rest.n == 0)
        return time_fault(&t, ": day out of range");
    return err_set(e, -EINVAL, "parsing time \"" STR_FMT "\": extra text: \"" STR_FMT "\"",
                   STR_ARG(text), STR_ARG(t.rest));
}

/* The faulty part is the first whose unit is missing or unknown; all else is "invalid". */
int go_duration_error(str text, struct err *e) {
    static const char *const units[] = {"ns", "us", "\xc2\xb5s", "\xce\xbcs", "ms",
                                        "s",  "m",  "h",         NULL};
    size_t i = text.n && (text.p[0] == '-' || text.p[0] == '+');
    while (i < text.n) {
        size_t from = i;
        while (is_digit(text, i))
            i++;
        size_t whole = i - from;
        if (i < text.n && text.p[i] == '.')
            i++;
        size_t point = i;
        while (is_digit(text, i))
            i++;
        if (!whole && i == point)
            break;
        size_t unit = i;
        while (i < text.n && text.p[i] != '.' && !is_digit(text, i))
            i++;
        str name = str_slice(text, unit, i);
        if (name.n == 0)
            return err_set(e, -EINVAL, "time: missing unit in duration \"" STR_FMT "\"",
                           STR_ARG(text));
        if (!str_in(name, units))
            return err_set(e, -EINVAL,
                           "time: unknown unit \"" STR_FMT "\" in duration \"" STR_FMT "\"",
                           STR_ARG(name), STR_ARG(text));
    }
    return err_set(e, -EINVAL, "time: invalid duration \"" STR_FMT "\"", STR_ARG(text));
}

int go_atoi(str text, int64_t *ret, struct err *e) {
    bool plus = text.n && text.p[0] == '+' && is_digit(text, 1);
    int r = str_to_i64(str_slice(text, plus, text.n), ret);
    if (r == 0)
        return 0;
    struct buf b = {0};
    go_quote(&b, text);
    str shown = buf_str(&b);
    err_set(e, -EINVAL, "strconv.Atoi: parsing " STR_FMT ": %s", STR_ARG(shown),
            r == -ERANGE ? "value out of range" : "invalid syntax");
    buf_done(&b);
    return -EINVAL;
}
