// SPDX-License-Identifier: Apache-2.0
/* Strings. Places count characters. */
#include "base/buf.h"
#include "cel/functions.h"
#include "cel/lex.h"
#include "cel/run.h"

static bool all_strings(const struct cel_value *args, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (args[i].tag != CEL_V_STRING)
            return false;
    return true;
}

struct cel_value fn_contains(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return all_strings(args, n) ? cel_bool(!args[1].s.n || str_find(args[0].s, args[1].s) >= 0)
                                : cel_no_overload();
}
struct cel_value fn_starts_with(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return all_strings(args, n) ? cel_bool(str_starts(args[0].s, args[1].s)) : cel_no_overload();
}
struct cel_value fn_ends_with(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return all_strings(args, n) ? cel_bool(str_ends(args[0].s, args[1].s)) : cel_no_overload();
}

/* ---- places ---- */

/* The byte at which character number i begins; false: there are fewer. */
static bool byte_of(str s, int64_t i, size_t *ret) {
    size_t at = 0;
    for (; i > 0 && at < s.n; i--)
        at += cel_char_len(str_slice(s, at, s.n));
    *ret = at;
    return i == 0;
}

static struct cel_value out_of_range(struct cel_run *r, int64_t i) {
    return cel_fail(r, "index out of range: %lld", (long long)i);
}

struct cel_value fn_char_at(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    size_t at;
    str s = args[0].s;
    if (args[0].tag != CEL_V_STRING || args[1].tag != CEL_V_INT)
        return cel_no_overload();
    if (args[1].i < 0 || !byte_of(s, args[1].i, &at))
        return out_of_range(r, args[1].i);
    s = str_slice(s, at, s.n);
    return cel_string(s.n ? str_slice(s, 0, cel_char_len(s)) : STR(""));
}

struct cel_value fn_substring(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    size_t from, to;
    str s = args[0].s;
    if (args[0].tag != CEL_V_STRING || args[1].tag != CEL_V_INT ||
        (n > 2 && args[2].tag != CEL_V_INT))
        return cel_no_overload();
    if (args[1].i < 0 || !byte_of(s, args[1].i, &from))
        return out_of_range(r, args[1].i);
    to = s.n;
    if (n > 2) {
        if (args[2].i < 0 || !byte_of(s, args[2].i, &to))
            return out_of_range(r, args[2].i);
        if (args[1].i > args[2].i)
            return cel_fail(r, "invalid substring range. start: %lld, end: %lld",
                            (long long)args[1].i, (long long)args[2].i);
    }
    return cel_string(str_slice(s, from, to));
}

static struct cel_value list_index(struct cel_run *r, const struct cel_value *args, bool last) {
    const struct cel_list *l = args[0].list;
    for (uint32_t k = 0; k < l->n; k++) {
        uint32_t i = last ? l->n - 1 - k : k;
        if (cel_equal(r->arena, cel_list_get(r->arena, l, i), args[1]))
            return cel_int(i);
    }
    return cel_int(-1);
}

struct cel_value fn_index_of(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    size_t from = 0;
    ssize_t at;
    str s = args[0].s;
    if (args[0].tag == CEL_V_LIST && n == 2)
        return list_index(r, args, false);
    if (!all_strings(args, 2) || (n > 2 && args[2].tag != CEL_V_INT))
        return cel_no_overload();
    if (n > 2 && !args[1].s.n)
        return args[2];
    if (n > 2 && args[2].i < 0)
        return out_of_range(r, args[2].i);
    if (n > 2 && !byte_of(s, args[2].i, &from))
        return cel_int(-1);
    if (!args[1].s.n)
        return cel_int(0);
    at = str_find(str_slice(s, from, s.n), args[1].s);
    return cel_int(at < 0 ? -1 : (int64_t)cel_count_chars(str_slice(s, 0, from + (size_t)at)));
}

struct cel_value fn_last_index_of(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    str s = args[0].s, sub = args[1].s;
    size_t at = 0;
    if (args[0].tag == CEL_V_LIST && n == 2)
        return list_index(r, args, true);
    if (!all_strings(args, 2) || (n > 2 && args[2].tag != CEL_V_INT))
        return cel_no_overload();
    if (n > 2 && args[2].i < 0)
        return out_of_range(r, args[2].i);
    if (!sub.n)
        return n > 2 ? args[2] : cel_int(cel_count_chars(s));
    if (sub.n > s.n)
        return cel_int(-1);
    at = s.n - sub.n;
    if (n > 2) {
        size_t from;
        if (byte_of(s, args[2].i, &from))
            at = MIN(at, from);
    }
    for (at++; at-- > 0;)
        if (memcmp(s.p + at, sub.p, sub.n) == 0)
            return cel_int(cel_count_chars(str_slice(s, 0, at)));
    return cel_int(-1);
}

/* ---- texts made of texts ---- */

static struct cel_value ascii(struct cel_run *r, str s, char lo, char hi) {
    char *p = arena_alloc(r->arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] >= lo && s.p[i] <= hi ? (char)(s.p[i] ^ 32) : s.p[i];
    return cel_string(str_n(p, s.n));
}
struct cel_value fn_lower_ascii(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return all_strings(args, 1) ? ascii(r, args[0].s, 'A', 'Z') : cel_no_overload();
}
struct cel_value fn_upper_ascii(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    return all_strings(args, 1) ? ascii(r, args[0].s, 'a', 'z') : cel_no_overload();
}

/* White space as Go's strings.TrimSpace has it: bytes of the character at i, or 0. */
static size_t space_at(str s) {
    static const char *const wide[] = {
        "\xc2\x85",     "\xc2\xa0",     "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x81",
        "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84", "\xe2\x80\x85", "\xe2\x80\x86",
        "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89", "\xe2\x80\x8a", "\xe2\x80\xa8",
        "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
    };
    if (s.n && s.p[0] && strchr(" \t\n\v\f\r", s.p[0]))
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(wide); i++)
        if (str_starts(s, str_of(wide[i])))
            return strlen(wide[i]);
    return 0;
}

struct cel_value fn_trim(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    str s = args[0].s;
    size_t w, end = 0;
    if (!all_strings(args, 1))
        return cel_no_overload();
    while ((w = space_at(s)))
        s = str_slice(s, w, s.n);
    for (size_t i = 0; i < s.n; i += w ? w : 1) {
        w = space_at(str_slice(s, i, s.n));
        if (!w)
            end = i + 1;
    }
    return cel_string(str_slice(s, 0, end));
}

size_t cel_room(const struct cel_run *r) {
    size_t taken = r->arena->taken - r->taken;
    return taken < CEL_EVAL_BYTES_MAX ? CEL_EVAL_BYTES_MAX - taken : 1;
}

struct cel_value cel_finished(struct cel_run *r, struct buf *b) {
    struct cel_value v = b->over ? cel_error_value(STR(CEL_STOPPED))
                                 : cel_string(str_dup(r->arena, b->n ? buf_str(b) : STR("")));
    buf_done(b);
    return v;
}

struct cel_value fn_replace(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    str s = args[0].s, old = args[1].s;
    int64_t left = n > 3 ? args[3].i : -1;
    struct buf b;
    if (!all_strings(args, 3) || (n > 3 && args[3].tag != CEL_V_INT))
        return cel_no_overload();
    buf_init(&b, cel_room(r));
    for (size_t at = 0; at <= s.n && !b.over;) {
        size_t len = at < s.n ? cel_char_len(str_slice(s, at, s.n)) : 1;
        bool here = left != 0 && str_starts(str_slice(s, at, s.n), old);
        if (here) {
            buf_add(&b, args[2].s);
            left -= left > 0;
        }
        if (here && old.n) {
            at += old.n;
            continue;
        }
        buf_add(&b, str_slice(s, at, at + len));
        at += len;
    }
    return cel_finished(r, &b);
}

struct cel_value fn_split(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_list *l = cel_list_new(r->arena);
    str rest = args[0].s, sep = args[1].s;
    int64_t max = n > 2 ? args[2].i : -1;
    if (!all_strings(args, 2) || (n > 2 && args[2].tag != CEL_V_INT))
        return cel_no_overload();
    while (max != 0 && cel_spend(r, 0)) {
        ssize_t at = sep.n                         ? str_find(rest, sep)
                     : rest.n > cel_char_len(rest) ? (ssize_t)cel_char_len(rest)
                                                   : -1;
        if (at < 0 || (max > 0 && l->n + 1 >= (uint64_t)max)) {
            if (rest.n || sep.n)
                l = cel_list_append(r->arena, l, cel_string(rest));
            break;
        }
        l = cel_list_append(r->arena, l, cel_string(str_slice(rest, 0, (size_t)at)));
        rest = str_slice(rest, (size_t)at + sep.n, rest.n);
    }
    return cel_of_list(l);
}

struct cel_value fn_join(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct buf b;
    if (args[0].tag != CEL_V_LIST || (n > 1 && args[1].tag != CEL_V_STRING))
        return cel_no_overload();
    buf_init(&b, cel_room(r));
    for (uint32_t i = 0; i < args[0].list->n && !b.over; i++) {
        struct cel_value v = cel_list_get(r->arena, args[0].list, i);
        if (v.tag != CEL_V_STRING) {
            buf_done(&b);
            return cel_no_overload();
        }
        if (i && n > 1)
            buf_add(&b, args[1].s);
        buf_add(&b, v.s);
    }
    return cel_finished(r, &b);
}

void cel_quote(struct buf *b, str s) {
    static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
    buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        const char *p = s.p[i] ? strchr(from, s.p[i]) : NULL;
        if (p) {
            buf_addc(b, '\\');
            buf_addc(b, to[p - from]);
        } else {
            buf_addc(b, s.p[i]);
        }
    }
    buf_addc(b, '"');
}

struct cel_value fn_quote(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct buf b;
    if (!all_strings(args, 1))
        return cel_no_overload();
    buf_init(&b, cel_room(r));
    cel_quote(&b, args[0].s);
    return cel_finished(r, &b);
}

struct cel_value fn_escape_key(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct buf b;
    if (!all_strings(args, 1))
        return cel_no_overload();
    buf_init(&b, cel_room(r));
    for (size_t i = 0; i < args[0].s.n; i++)
        if (args[0].s.p[i] == '~')
            buf_adds(&b, "~0");
        else if (args[0].s.p[i] == '/')
            buf_adds(&b, "~1");
        else
            buf_addc(&b, args[0].s.p[i]);
    return cel_finished(r, &b);
}
