// SPDX-License-Identifier: Apache-2.0
/* "%s %d".format([x, y]). */
#include "cel/format_string.h"

#include <stdlib.h>

#include "cel/functions.h"
#include "cel/run.h"

/* ---- clauses ---- */

static const struct {
    char verb;
    const char *complaint;
    uint32_t kinds;
} verbs[] = {
#define KIND(k) (1u << (k))
    {'s',
     "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
     "durations, and timestamps",
     KIND(CEL_LIST) | KIND(CEL_MAP) | KIND(CEL_INT) | KIND(CEL_UINT) | KIND(CEL_DOUBLE) |
         KIND(CEL_BOOL) | KIND(CEL_STRING) | KIND(CEL_TIMESTAMP) | KIND(CEL_BYTES) |
         KIND(CEL_DURATION) | KIND(CEL_TYPE) | KIND(CEL_NULL)},
    {'d', "decimal clause can only be used on integers", KIND(CEL_INT) | KIND(CEL_UINT)},
    {'f', "fixed-point clause can only be used on doubles", KIND(CEL_DOUBLE) | KIND(CEL_STRING)},
    {'e', "scientific clause can only be used on doubles", KIND(CEL_DOUBLE) | KIND(CEL_STRING)},
    {'b', "only integers and bools can be formatted as binary",
     KIND(CEL_INT) | KIND(CEL_UINT) | KIND(CEL_BOOL)},
    {'o', "octal clause can only be used on integers", KIND(CEL_INT) | KIND(CEL_UINT)},
    {'x', "only integers, byte buffers, and strings can be formatted as hex",
     KIND(CEL_INT) | KIND(CEL_UINT) | KIND(CEL_STRING) | KIND(CEL_BYTES)},
    {'X', "only integers, byte buffers, and strings can be formatted as hex",
     KIND(CEL_INT) | KIND(CEL_UINT) | KIND(CEL_STRING) | KIND(CEL_BYTES)},
};

static size_t verb_number(char verb) {
    size_t i = 0;
    while (i < ARRAY_LEN(verbs) && verbs[i].verb != verb)
        i++;
    return i;
}

bool cel_clause_takes(char verb, enum cel_type_kind kind) {
    return kind == CEL_DYN || (verbs[verb_number(verb)].kinds & KIND(kind));
}

str cel_clause_complaint(struct arena *a, char verb, const char *type) {
    return str_printf(a, "error during formatting: %s, was given %s",
                      verbs[verb_number(verb)].complaint, type);
}

str cel_clause_read(struct arena *a, str s, struct cel_clause *ret) {
    struct cel_clause c = {.precision = 6, .n = 1};
    if (c.n < s.n && s.p[c.n] == '.') {
        c.precision = 0;
        for (c.n++; c.n < s.n && s.p[c.n] >= '0' && s.p[c.n] <= '9'; c.n++)
            c.precision = MIN(c.precision * 10 + (s.p[c.n] - '0'), CEL_PRECISION_MAX);
        if (c.n >= s.n)
            return STR("could not parse formatting clause: error while parsing precision: could "
                       "not find end of precision specifier");
    }
    c.verb = c.n < s.n ? s.p[c.n] : 0;
    c.n++;
    if (!c.verb || verb_number(c.verb) == ARRAY_LEN(verbs))
        return str_printf(
            a, "could not parse formatting clause: unrecognized formatting clause \"%c\"", c.verb);
    *ret = c;
    return STR_NONE;
}

/* ---- values ---- */

static const char *add_any(struct cel_run *r, struct buf *b, struct cel_value v, bool inside);

static const char *add_list(struct cel_run *r, struct buf *b, const struct cel_list *l) {
    const char *error = NULL;
    buf_addc(b, '[');
    for (uint32_t i = 0; i < l->n && !error && !b->over; i++) {
        if (i)
            buf_adds(b, ", ");
        error = add_any(r, b, cel_list_get(r->arena, l, i), true);
    }
    buf_addc(b, ']');
    return error;
}

static int by_key(const void *x, const void *y, void *ctx) {
    struct cel_run *r = ctx;
    str a = STR_NONE, b = STR_NONE;
    cel_text_of(r, ((const struct cel_pair *)x)->key, &a);
    cel_text_of(r, ((const struct cel_pair *)y)->key, &b);
    return str_cmp(a, b);
}

static const char *add_map(struct cel_run *r, struct buf *b, const struct cel_map *m) {
    struct cel_pair *v = arena_array(r->arena, m->n + 1, sizeof(*v));
    const char *error = NULL;
    for (uint32_t i = 0; i < m->n; i++)
        v[i] = cel_map_at(r->arena, m, i);
    qsort_r(v, m->n, sizeof(*v), by_key, r);
    buf_addc(b, '{');
    for (uint32_t i = 0; i < m->n && !error && !b->over; i++) {
        if (i)
            buf_adds(b, ", ");
        error = add_any(r, b, v[i].key, true);
        buf_adds(b, ":");
        error = error ? error : add_any(r, b, v[i].value, true);
    }
    buf_addc(b, '}');
    return error;
}

/* As "%s" prints a value; inside lists and maps strings are quoted. NULL, or the type that cannot
 * be printed. */
static const char *add_any(struct cel_run *r, struct buf *b, struct cel_value v, bool inside) {
    str s;
    if (v.tag == CEL_V_LIST)
        return add_list(r, b, v.list);
    if (v.tag == CEL_V_MAP)
        return add_map(r, b, v.map);
    if (v.tag == CEL_V_NULL) {
        buf_adds(b, "null");
        return NULL;
    }
    if (!cel_text_of(r, v, &s))
        return "string clause can only be used on strings, bools, bytes, ints, doubles, maps, "
               "lists, "
               "types, durations, and timestamps";
    if (inside && v.tag == CEL_V_DOUBLE)
        buf_printf(b, "%.6f", v.d);
    else if (inside && (v.tag == CEL_V_STRING || v.tag == CEL_V_BYTES))
        cel_quote(b, s);
    else if (inside && (v.tag == CEL_V_TIMESTAMP || v.tag == CEL_V_DURATION))
        buf_printf(b, "%s(\"" STR_FMT "\")", v.tag == CEL_V_TIMESTAMP ? "timestamp" : "duration",
                   STR_ARG(s));
    else
        buf_add(b, s);
    return NULL;
}

static void add_bits(struct buf *b, uint64_t u) {
    char bits[64];
    size_t n = 0;
    do
        bits[n++] = (char)('0' + (u & 1));
    while (u >>= 1);
    while (n)
        buf_addc(b, bits[--n]);
}

static void add_hex_bytes(struct buf *b, str s, bool upper) {
    for (size_t i = 0; i < s.n; i++)
        buf_printf(b, upper ? "%02X" : "%02x", (unsigned char)s.p[i]);
}

/* "%b", "%o", "%x", "%X", "%d". */
static void add_integer(struct buf *b, struct cel_value v, char verb) {
    uint64_t u = v.tag == CEL_V_INT && v.i < 0 ? 0 - (uint64_t)v.i : v.u;
    if (v.tag == CEL_V_BOOL)
        u = v.b;
    if (v.tag == CEL_V_INT && v.i < 0)
        buf_addc(b, '-');
    if (v.tag == CEL_V_STRING || v.tag == CEL_V_BYTES)
        add_hex_bytes(b, v.s, verb == 'X');
    else if (verb == 'b')
        add_bits(b, u);
    else if (verb == 'd')
        buf_add_u64(b, u);
    else
        buf_printf(b, verb == 'o' ? "%llo" : verb == 'x' ? "%llx" : "%llX", (unsigned long long)u);
}

/* "%f", "%e": of doubles, and of the texts that stand for what is no number. False: neither. */
static bool add_double(struct buf *b, struct cel_value v, const struct cel_clause *c) {
    static const char *const names[] = {"NaN", "Infinity", "-Infinity", NULL};
    if (v.tag == CEL_V_STRING && str_in(v.s, names))
        buf_add(b, v.s);
    else if (v.tag == CEL_V_DOUBLE)
        buf_printf(b, c->verb == 'f' ? "%.*f" : "%.*e", c->precision, v.d);
    else
        return false;
    return true;
}

/* STR_NONE, or what is wrong. */
static str add_value(struct cel_run *r, struct buf *b, struct cel_value v,
                     const struct cel_clause *c) {
    const struct cel_type *t = cel_type_of(r->arena, v);
    const char *bad = NULL;
    if (c->verb == 's')
        bad = add_any(r, b, v, false);
    else if (c->verb == 'f' || c->verb == 'e')
        bad = add_double(b, v, c) ? NULL : t->name;
    else if (cel_clause_takes(c->verb, (enum cel_type_kind)t->kind))
        add_integer(b, v, c->verb);
    else
        bad = t->name;
    return bad ? cel_clause_complaint(r->arena, c->verb, bad) : STR_NONE;
}

/* The clause at s, whose value is number i. */
static str add_clause(struct cel_run *r, struct buf *b, str s, const struct cel_list *l, uint32_t i,
                      size_t *ret_n) {
    struct cel_clause c;
    str error = STR_NONE;
    if (s.n < 2)
        return STR("unexpected end of string");
    if (i >= l->n)
        return str_printf(r->arena, "index %u out of range", i);
    error = cel_clause_read(r->arena, s, &c);
    if (error.p)
        return error;
    *ret_n = c.n;
    return add_value(r, b, cel_list_get(r->arena, l, i), &c);
}

struct cel_value fn_format(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    uint32_t used = 0;
    str s = args[0].s, error = STR_NONE;
    struct buf b;
    if (args[0].tag != CEL_V_STRING || args[1].tag != CEL_V_LIST)
        return cel_no_overload();
    buf_init(&b, cel_room(r));
    for (size_t i = 0, len; i < s.n && !error.p && !b.over; i += len) {
        len = 1;
        if (s.p[i] != '%') {
            buf_addc(&b, s.p[i]);
        } else if (i + 1 < s.n && s.p[i + 1] == '%') {
            buf_addc(&b, '%');
            len = 2;
        } else {
            error = add_clause(r, &b, str_slice(s, i, s.n), args[1].list, used++, &len);
        }
    }
    if (!error.p)
        return cel_finished(r, &b);
    buf_done(&b);
    return cel_error_value(error);
}
