// SPDX-License-Identifier: Apache-2.0
/* The words of validation errors: how a path, a bad value and a detail become the text that clients
 * see (k8s.io/apimachinery field.Error). Values are printed when the error is made, since what they
 * point to may be gone when it is read. */
#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/vec.h"
#include "schema/ops.h"

#define FIELD_DETAIL_MAX 2048 /* a message, not a document */

static void path_print(struct buf *b, const struct field_path *p) {
    if (p->parent)
        path_print(b, p->parent);
    if (p->name) {
        if (b->n)
            buf_addc(b, '.');
        buf_add(b, str_of(p->name));
    } else if (p->key.p) {
        buf_printf(b, "[" STR_FMT "]", STR_ARG(p->key));
    } else {
        buf_printf(b, "[%lld]", (long long)p->index);
    }
}

static str take_buf(struct arena *a, struct buf *b) {
    str s = str_dup(a, buf_str(b));
    buf_done(b);
    return s;
}

str field_path_str(struct arena *a, const struct field_path *p) {
    if (!p)
        return STR("<nil>");
    struct buf b;
    buf_init(&b, 0);
    path_print(&b, p);
    return take_buf(a, &b);
}

/* Unicode that Go's %q shows as \u: controls, odd spaces, format characters, private use. */
static bool quoted_as_u(uint32_t c) {
    return (c >= 0x80 && c <= 0xa0) || c == 0xad || (c >= 0x2000 && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) || c == 0x3000 ||
           (c >= 0xe000 && c <= 0xf8ff) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb) ||
           c == 0xfffe || c == 0xffff;
}

static size_t utf8_length(const char *p, size_t n, uint32_t *ret) {
    unsigned char c = (unsigned char)p[0];
    size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    if (c < 0xc2 || len > n || !utf8_valid(str_n(p, len)))
        return 0;
    uint32_t u = c & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        u = u << 6 | ((unsigned char)p[i] & 0x3f);
    *ret = u;
    return len;
}

void go_quote(struct buf *b, str s) {
    static const char escapes[] = "\a\b\f\n\r\t\v\"\\", names[] = "abfnrtv\"\\";
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n;) {
        unsigned char c = (unsigned char)s.p[i];
        const char *e = c ? strchr(escapes, c) : NULL;
        uint32_t u = 0;
        size_t len = c >= 0x80 ? utf8_length(s.p + i, s.n - i, &u) : 1;
        if (e)
            buf_printf(b, "\\%c", names[e - escapes]);
        else if (len == 0 || c < 0x20 || c == 0x7f)
            buf_printf(b, "\\x%02x", c);
        else if (quoted_as_u(u))
            buf_printf(b, "\\u%04x", u);
        else
            buf_add(b, str_n(s.p + i, len));
        i += MAX(len, 1u);
    }
    buf_addc(b, '"');
}

str go_quoted(struct arena *a, str s) {
    struct buf b;
    buf_init(&b, 0);
    go_quote(&b, s);
    return take_buf(a, &b);
}

/* A value as it is told: one that stands in the arena, or is quoted into it. */
struct shown {
    str s;
    bool quote;
};
#define QUOTED(s_)  ((struct shown){s_, true})
#define PRINTED(s_) ((struct shown){s_, false})
#define NO_VALUE    PRINTED(STR_NONE)

void field_error_add(struct field_errors *fe, const struct field_error *e) {
    if (field_errors_full(fe))
        return;
    fe->bytes += e->field.n + e->value.n + e->detail.n;
    *list_push(fe->arena, &fe->list) = *e;
}

/* All strings are copied: they may stand on the caller's stack. */
static void add(struct field_errors *fe, enum field_error_type type, const struct field_path *p,
                struct shown value, str detail) {
    struct arena *a = fe->arena;
    if (field_errors_full(fe))
        return;
    struct field_error e = {
        .type = type, .field = field_path_str(a, p), .detail = str_dup(a, detail)};
    if (value.quote)
        e.value = go_quoted(a, value.s);
    else if (value.s.p)
        e.value = str_dup(a, value.s);
    field_error_add(fe, &e);
}

static void add_v(struct field_errors *fe, enum field_error_type type, const struct field_path *p,
                  struct shown value, const char *fmt, va_list ap) {
    char text[FIELD_DETAIL_MAX];
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    add(fe, type, p, value, str_n(text, MIN((size_t)MAX(n, 0), sizeof(text) - 1)));
}

void field_required(struct field_errors *fe, const struct field_path *p, const char *detail) {
    add(fe, FIELD_REQUIRED, p, NO_VALUE, str_of(detail));
}

void field_invalid(struct field_errors *fe, const struct field_path *p, str value, const char *fmt,
                   ...) {
    va_list ap;
    va_start(ap, fmt);
    add_v(fe, FIELD_INVALID, p, QUOTED(value), fmt, ap);
    va_end(ap);
}

void field_invalid_printed(struct field_errors *fe, const struct field_path *p, str value,
                           const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    add_v(fe, FIELD_INVALID, p, PRINTED(value), fmt, ap);
    va_end(ap);
}

void field_invalid_i64(struct field_errors *fe, const struct field_path *p, int64_t value,
                       const char *detail) {
    add(fe, FIELD_INVALID, p, PRINTED(str_printf(fe->arena, "%lld", (long long)value)),
        str_of(detail));
}

static str supported_values(struct arena *a, const char *const *supported) {
    struct buf b;
    buf_init(&b, 0);
    for (const char *const *v = supported; *v; v++) {
        buf_add(&b, v == supported ? STR("supported values: ") : STR(", "));
        go_quote(&b, str_of(*v));
    }
    return take_buf(a, &b);
}

void field_not_supported(struct field_errors *fe, const struct field_path *p, str value,
                         const char *const *supported) {
    add(fe, FIELD_NOT_SUPPORTED, p, QUOTED(value), supported_values(fe->arena, supported));
}

void field_not_supported_printed(struct field_errors *fe, const struct field_path *p, str value,
                                 const char *const *supported) {
    add(fe, FIELD_NOT_SUPPORTED, p, PRINTED(value), supported_values(fe->arena, supported));
}

void field_forbidden(struct field_errors *fe, const struct field_path *p, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    add_v(fe, FIELD_FORBIDDEN, p, NO_VALUE, fmt, ap);
    va_end(ap);
}

void field_duplicate(struct field_errors *fe, const struct field_path *p, str value) {
    add(fe, FIELD_DUPLICATE, p, QUOTED(value), STR_NONE);
}

void field_duplicate_printed(struct field_errors *fe, const struct field_path *p, str value) {
    add(fe, FIELD_DUPLICATE, p, PRINTED(value), STR_NONE);
}

void field_too_long(struct field_errors *fe, const struct field_path *p, size_t max) {
    add(fe, FIELD_TOO_LONG, p, NO_VALUE,
        str_printf(fe->arena, "may not be more than %zu byte%s", max, max == 1 ? "" : "s"));
}

void field_too_many(struct field_errors *fe, const struct field_path *p, size_t got, size_t max) {
    add(fe, FIELD_TOO_MANY, p, PRINTED(str_printf(fe->arena, "%zu", got)),
        str_printf(fe->arena, "must have at most %zu item%s", max, max == 1 ? "" : "s"));
}

void field_internal(struct field_errors *fe, const struct field_path *p, const char *detail) {
    add(fe, FIELD_INTERNAL, p, NO_VALUE, str_of(detail));
}

void field_not_found(struct field_errors *fe, const struct field_path *p, str value) {
    field_not_found_detail(fe, p, value, STR_NONE);
}

void field_not_found_detail(struct field_errors *fe, const struct field_path *p, str value,
                            str detail) {
    add(fe, FIELD_NOT_FOUND, p, QUOTED(value), detail);
}

static const struct {
    const char *title, *reason;
} types[FIELD_ERROR_TYPE_MAX] = {
    [FIELD_REQUIRED] = {"Required value", "FieldValueRequired"},
    [FIELD_INVALID] = {"Invalid value", "FieldValueInvalid"},
    [FIELD_NOT_SUPPORTED] = {"Unsupported value", "FieldValueNotSupported"},
    [FIELD_FORBIDDEN] = {"Forbidden", "FieldValueForbidden"},
    [FIELD_DUPLICATE] = {"Duplicate value", "FieldValueDuplicate"},
    [FIELD_TOO_LONG] = {"Too long", "FieldValueTooLong"},
    [FIELD_TOO_MANY] = {"Too many", "FieldValueTooMany"},
    [FIELD_NOT_FOUND] = {"Not found", "FieldValueNotFound"},
    [FIELD_TYPE_INVALID] = {"Invalid value", "FieldValueTypeInvalid"},
    [FIELD_INTERNAL] = {"Internal error", "InternalError"},
};

str field_error_body(struct arena *a, const struct field_error *e) {
    str s = str_of(types[e->type].title);
    if (e->value.p)
        s = str_printf(a, STR_FMT ": " STR_FMT, STR_ARG(s), STR_ARG(e->value));
    if (e->detail.n)
        s = str_printf(a, STR_FMT ": " STR_FMT, STR_ARG(s), STR_ARG(e->detail));
    return s;
}

str field_error_str(struct arena *a, const struct field_error *e) {
    str body = field_error_body(a, e);
    return str_printf(a, STR_FMT ": " STR_FMT, STR_ARG(e->field), STR_ARG(body));
}

const char *field_error_reason(enum field_error_type t) {
    return types[t].reason;
}
