// SPDX-License-Identifier: Apache-2.0
/* The syntax of regexp/syntax with its flags Perl; what it refuses is told in its words, with the
 * part of the pattern that it shows. */
#include "base/regexp_impl.h"
#include "base/vec.h"

enum flags {
    FLAG_FOLD = 1,     /* (?i) */
    FLAG_LINES = 2,    /* (?m): ^ and $ stand for lines */
    FLAG_DOT_ALL = 4,  /* (?s): . matches a line feed */
    FLAG_UNGREEDY = 8, /* (?U) */
};

struct parser {
    struct arena *arena;
    str whole, rest;
    unsigned flags, depth;
    struct err *e;
};

static int fail(struct parser *p, const char *text, str part) {
    return err_set(p->e, -EINVAL, "error parsing regexp: %s: `" STR_FMT "`", text, STR_ARG(part));
}

/* What was read since `from`. */
static str since(const struct parser *p, str from) {
    return str_slice(from, 0, from.n - p->rest.n);
}

static bool at(const struct parser *p, char c) {
    return p->rest.n && p->rest.p[0] == c;
}

static bool starts(const struct parser *p, const char *s) {
    return str_starts(p->rest, str_of(s));
}

static void skip(struct parser *p, size_t n) {
    p->rest = str_slice(p->rest, n, p->rest.n);
}

static uint32_t next_rune(struct parser *p) {
    size_t n;
    if (!p->rest.n)
        return 0xfffd;
    uint32_t rune = rune_at(p->rest, &n);
    skip(p, n);
    return rune;
}

/* ---- nodes ---- */

static struct node *node_new(struct parser *p, enum node_kind kind) {
    struct node *n = arena_make(p->arena, struct node);
    n->kind = (uint8_t)kind;
    return n;
}

static struct node *class_node(struct parser *p, struct rune_class *c) {
    struct node *n = node_new(p, NODE_CLASS);
    class_done(c);
    n->class = arena_dup(p->arena, c, sizeof(*c));
    return n;
}

static struct node *literal(struct parser *p, uint32_t rune) {
    struct rune_class c = {0};
    class_add(p->arena, &c, rune, rune);
    if (p->flags & FLAG_FOLD)
        class_add_cases(p->arena, &c);
    return class_node(p, &c);
}

static struct node *assertion(struct parser *p, enum assertion what) {
    struct node *n = node_new(p, NODE_ASSERT);
    n->assertion = (uint8_t)what;
    return n;
}

static struct node *dot(struct parser *p) {
    struct rune_class c = {0};
    if (!(p->flags & FLAG_DOT_ALL))
        class_add(p->arena, &c, '\n', '\n');
    class_negate(p->arena, &c);
    return class_node(p, &c);
}

/* ---- escapes ---- */

static int digit_of(uint32_t c) {
    return c < 128 ? hex_digit((char)c) : -1;
}

static bool hex_escape(struct parser *p, uint32_t *ret) {
    uint32_t rune = 0, c = p->rest.n ? next_rune(p) : 0;
    if (c != '{') {
        int high = digit_of(c), low = c && p->rest.n ? digit_of(next_rune(p)) : -1;
        *ret = (uint32_t)(high * 16 + low);
        return high >= 0 && low >= 0;
    }
    for (unsigned n = 0;; n++) {
        if (!p->rest.n)
            return false;
        c = next_rune(p);
        if (c == '}') {
            *ret = rune;
            return n > 0;
        }
        if (digit_of(c) < 0)
            return false;
        rune = rune * 16 + (uint32_t)digit_of(c);
        if (rune > RUNE_MAX)
            return false;
    }
}

/* Behind "\0", or "\1" with another octal digit behind it. */
static uint32_t octal_escape(struct parser *p, uint32_t first) {
    uint32_t rune = first - '0';
    for (int i = 1; i < 3 && p->rest.n && p->rest.p[0] >= '0' && p->rest.p[0] <= '7'; i++)
        rune = rune * 8 + (next_rune(p) - '0');
    return rune;
}

/* \n, \x41, \.: one character. */
static int escape(struct parser *p, uint32_t *ret) {
    static const char names[] = "afnrtv", values[] = "\a\f\n\r\t\v";
    str from = p->rest;
    skip(p, 1);
    if (!p->rest.n)
        return err_set(p->e, -EINVAL,
                       "error parsing regexp: trailing backslash at end of expression: ``");
    uint32_t c = next_rune(p);
    const char *name = c && c < 128 ? strchr(names, (int)c) : NULL;
    bool digit = c >= '0' && c <= '9', letter = (c | 32) >= 'a' && (c | 32) <= 'z';
    bool octal_behind = p->rest.n && p->rest.p[0] >= '0' && p->rest.p[0] <= '7';
    if (c < 128 && !digit && !letter)
        *ret = c;
    else if (c == '0' || (c >= '1' && c <= '7' && octal_behind))
        *ret = octal_escape(p, c);
    else if (name)
        *ret = (unsigned char)values[name - names];
    else if (c != 'x' || !hex_escape(p, ret))
        return fail(p, "invalid escape sequence", since(p, from));
    return 0;
}

/* ---- classes ---- */

static void add_negated(struct parser *p, struct rune_class *to, struct rune_class *c,
                        bool negate) {
    if (p->flags & FLAG_FOLD)
        class_add_cases(p->arena, c);
    if (negate)
        class_negate(p->arena, c);
    class_add_class(p->arena, to, c);
}

/* \d and the like, \pL, \p{Greek}; 0: there is none here. */
static int escaped_class(struct parser *p, struct rune_class *to) {
    struct rune_class c = {0};
    str from = p->rest, name;
    if (p->rest.n < 2 || !at(p, '\\'))
        return 0;
    char kind = p->rest.p[1];
    bool negate = kind >= 'A' && kind <= 'Z';
    if (class_add_perl(p->arena, &c, (char)(kind | 32))) {
        skip(p, 2);
        add_negated(p, to, &c, negate);
        return 1;
    }
    if (kind != 'p' && kind != 'P')
        return 0;
    skip(p, 2);
    if (at(p, '{')) {
        ssize_t end = str_chr(p->rest, '}');
        if (end < 0)
            return fail(p, "invalid character class range", from);
        name = str_slice(p->rest, 1, (size_t)end);
        skip(p, (size_t)end + 1);
    } else {
        next_rune(p);
        name = str_slice(since(p, from), 2, from.n);
    }
    if (name.n && name.p[0] == '^') {
        negate = !negate;
        name = str_slice(name, 1, name.n);
    }
    if (!class_add_unicode(p->arena, &c, name))
        return fail(p, "invalid character class range", since(p, from));
    add_negated(p, to, &c, negate);
    return 1;
}

/* [:alpha:] inside of a class; 0: there is none here. */
static int named_class(struct parser *p, struct rune_class *to) {
    struct rune_class c = {0};
    ssize_t end = starts(p, "[:") ? str_find(str_slice(p->rest, 2, p->rest.n), STR(":]")) : -1;
    if (end < 0)
        return 0;
    str whole = str_slice(p->rest, 0, (size_t)end + 4), name = str_slice(whole, 2, whole.n - 2);
    bool negate = name.n && name.p[0] == '^';
    if (!class_add_posix(p->arena, &c, str_slice(name, negate, name.n)))
        return fail(p, "invalid character class range", whole);
    skip(p, whole.n);
    add_negated(p, to, &c, negate);
    return 1;
}

static int class_char(struct parser *p, str whole, uint32_t *ret) {
    if (!p->rest.n)
        return fail(p, "missing closing ]", whole);
    if (at(p, '\\'))
        return escape(p, ret);
    *ret = next_rune(p);
    return 0;
}

static int class_range(struct parser *p, str whole, struct rune_class *to) {
    struct rune_class c = {0};
    uint32_t low, high;
    str from = p->rest;
    int r = class_char(p, whole, &low);
    high = low;
    if (r == 0 && p->rest.n >= 2 && at(p, '-') && p->rest.p[1] != ']') {
        skip(p, 1);
        r = class_char(p, whole, &high);
        if (r == 0 && high < low)
            return fail(p, "invalid character class range", since(p, from));
    }
    if (r < 0)
        return r;
    class_add(p->arena, &c, low, high);
    add_negated(p, to, &c, false);
    return 0;
}

static int bracket_class(struct parser *p, struct node **ret) {
    struct rune_class c = {0};
    str whole = p->rest;
    skip(p, 1);
    bool negate = at(p, '^');
    skip(p, negate);
    for (bool first = true; first || !at(p, ']'); first = false) {
        int r = named_class(p, &c);
        if (r == 0)
            r = escaped_class(p, &c);
        if (r == 0)
            r = class_range(p, whole, &c);
        if (r < 0)
            return r;
    }
    skip(p, 1);
    if (negate)
        class_negate(p->arena, &c);
    *ret = class_node(p, &c);
    return 0;
}

/* ---- repetitions ---- */

#define TOO_LARGE (-2)

static bool number(struct parser *p, int32_t *ret) {
    str from = p->rest;
    int32_t n = 0;
    while (p->rest.n && p->rest.p[0] >= '0' && p->rest.p[0] <= '9') {
        n = n == TOO_LARGE || n > REGEXP_REPEAT_MAX ? TOO_LARGE : n * 10 + (p->rest.p[0] - '0');
        skip(p, 1);
    }
    *ret = n;
    return since(p, from).n && !(since(p, from).n > 1 && from.p[0] == '0');
}

/* {2}, {2,} or {2,5}: false when it is none, and then it stands for itself. */
static bool braces(struct parser *p, int32_t *ret_min, int32_t *ret_max) {
    str from = p->rest;
    skip(p, 1);
    bool is = number(p, ret_min);
    *ret_max = *ret_min;
    if (is && at(p, ',')) {
        skip(p, 1);
        *ret_max = -1;
        is = at(p, '}') || number(p, ret_max);
    }
    is = is && at(p, '}');
    skip(p, 1);
    if (!is)
        p->rest = from;
    return is;
}

/* Whether repetitions inside of each other stay below n together. */
static bool repeats_below(const struct node *re, int32_t n) {
    if (re->kind == NODE_REPEAT && (re->min > 1 || re->max > 1)) {
        int32_t m = re->max >= 0 ? re->max : re->min;
        if (m > n)
            return false;
        if (m > 0)
            n /= m;
    }
    for (uint32_t i = 0; i < re->kids.n; i++)
        if (!repeats_below(re->kids.v[i], n))
            return false;
    return true;
}

struct list { /* what stands in a row, or the branches of an alternative */
    struct node **v;
    uint32_t n;
};

/* *, +, ? and braces apply to the last of the row. 0: braces that are none. *last_from: where the
 * operator in front of this one began, empty when there is none; then this one's. */
static int repetition(struct parser *p, struct list *row, str *last_from) {
    static const char size[] = "invalid repeat count";
    str from = p->rest, previous = *last_from;
    char op = p->rest.p[0];
    int32_t min = op == '+', max = op == '?' ? 1 : -1;
    bool counted = op == '{';
    if (!counted)
        skip(p, 1);
    else if (!braces(p, &min, &max))
        return 0;
    if (counted && (min < 0 || min > REGEXP_REPEAT_MAX || max == TOO_LARGE ||
                    max > REGEXP_REPEAT_MAX || (max >= 0 && min > max)))
        return fail(p, size, since(p, from));
    bool lazy = at(p, '?');
    skip(p, lazy);
    if (previous.n)
        return fail(p, "invalid nested repetition operator", since(p, previous));
    if (!row->n)
        return fail(p, "missing argument to repetition operator", since(p, from));
    struct node *n = node_new(p, NODE_REPEAT);
    n->lazy = lazy != !!(p->flags & FLAG_UNGREEDY);
    n->min = min;
    n->max = max;
    *list_push(p->arena, &n->kids) = row->v[row->n - 1];
    row->v[row->n - 1] = n;
    if (counted && !repeats_below(n, REGEXP_REPEAT_MAX))
        return fail(p, size, since(p, from));
    *last_from = from;
    return 1;
}

/* ---- groups ---- */

static int alternatives(struct parser *p, struct node **ret);

static bool is_group_name(str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool word = c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (!word)
            return false;
    }
    return s.n > 0;
}

/* (?P<name> and (?<name>: 1 when it was one. */
static int group_name(struct parser *p) {
    static const char bad[] = "invalid named capture";
    bool long_form = starts(p, "(?P<") && p->rest.n > 4;
    if (!long_form && !(starts(p, "(?<") && p->rest.n > 3))
        return 0;
    ssize_t end = str_chr(p->rest, '>');
    if (end < 0)
        return fail(p, bad, p->rest);
    str head = str_slice(p->rest, 0, (size_t)end + 1);
    if (!is_group_name(str_slice(head, long_form ? 4 : 3, head.n - 1)))
        return fail(p, bad, head);
    skip(p, head.n);
    return 1;
}

static unsigned flag_of(uint32_t c) {
    return c == 'i'   ? FLAG_FOLD
           : c == 'm' ? FLAG_LINES
           : c == 's' ? FLAG_DOT_ALL
           : c == 'U' ? FLAG_UNGREEDY
                      : 0;
}

/* Behind "(": what "?..." says. *ret_group: a group follows, not just flags. */
static int group_head(struct parser *p, bool *ret_group) {
    str from = p->rest;
    int r = group_name(p);
    *ret_group = true;
    if (r != 0)
        return r < 0 ? r : 0;
    skip(p, 1);
    if (!at(p, '?'))
        return 0;
    skip(p, 1);
    unsigned flags = p->flags;
    bool minus = false, saw = false;
    while (p->rest.n) {
        uint32_t c = next_rune(p);
        if (flag_of(c)) {
            flags = minus ? flags & ~flag_of(c) : flags | flag_of(c);
            saw = true;
        } else if (c == '-' && !minus) {
            minus = true;
            saw = false;
        } else if ((c == ':' || c == ')') && (saw || !minus)) {
            p->flags = flags;
            *ret_group = c == ':';
            return 0;
        } else {
            break;
        }
    }
    return fail(p, "invalid or unsupported Perl syntax", since(p, from));
}

static int group(struct parser *p, struct list *row) {
    unsigned outside = p->flags;
    bool is_group;
    struct node *inside;
    /* The flags of "(?i:...)" end with it, those of "(?i)" with the group it stands in. */
    int r = group_head(p, &is_group);
    if (r < 0 || !is_group)
        return r;
    if (++p->depth > REGEXP_NESTING_MAX)
        return fail(p, "expression nests too deeply", p->whole);
    r = alternatives(p, &inside);
    if (r < 0)
        return r;
    if (!at(p, ')'))
        return fail(p, "missing closing )", p->whole);
    skip(p, 1);
    p->depth--;
    p->flags = outside;
    *list_push(p->arena, row) = inside;
    return 0;
}

/* ---- rows ---- */

/* \A, \b, \B, \z, \Q...\E; 0: none of them. */
static int special_escape(struct parser *p, struct list *row) {
    static const struct {
        char name;
        enum assertion what;
    } places[] = {{'A', ASSERT_TEXT_START},
                  {'z', ASSERT_TEXT_END},
                  {'b', ASSERT_WORD},
                  {'B', ASSERT_NO_WORD}};
    char name = p->rest.n > 1 ? p->rest.p[1] : 0;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        if (name != places[i].name)
            continue;
        skip(p, 2);
        *list_push(p->arena, row) = assertion(p, places[i].what);
        return 1;
    }
    if (name == 'C')
        return fail(p, "invalid escape sequence", str_slice(p->rest, 0, 2));
    if (name != 'Q')
        return 0;
    skip(p, 2);
    while (p->rest.n && !starts(p, "\\E"))
        *list_push(p->arena, row) = literal(p, next_rune(p));
    skip(p, 2);
    return 1;
}

static int backslash(struct parser *p, struct list *row) {
    struct rune_class c = {0};
    uint32_t rune;
    int r = special_escape(p, row);
    if (r != 0)
        return r;
    r = escaped_class(p, &c);
    if (r > 0)
        *list_push(p->arena, row) = class_node(p, &c);
    if (r != 0)
        return r;
    r = escape(p, &rune);
    if (r == 0)
        *list_push(p->arena, row) = literal(p, rune);
    return r;
}

static int one(struct parser *p, struct list *row) {
    bool lines = p->flags & FLAG_LINES;
    char c = p->rest.p[0];
    struct node *n = NULL;
    int r = 0;
    if (c == '(')
        return group(p, row);
    if (c == '\\')
        return backslash(p, row);
    if (c == '[') {
        r = bracket_class(p, &n);
    } else {
        uint32_t rune = next_rune(p);
        n = rune == '^'   ? assertion(p, lines ? ASSERT_LINE_START : ASSERT_TEXT_START)
            : rune == '$' ? assertion(p, lines ? ASSERT_LINE_END : ASSERT_TEXT_END)
            : rune == '.' ? dot(p)
                          : literal(p, rune);
    }
    if (r == 0)
        *list_push(p->arena, row) = n;
    return r;
}

static int concatenation(struct parser *p, struct node **ret) {
    struct list row = {0};
    str last = STR_NONE;
    while (p->rest.n && !at(p, '|') && !at(p, ')')) {
        int r = strchr("*+?{", p->rest.p[0]) && p->rest.p[0] ? repetition(p, &row, &last) : 0;
        if (r == 0) {
            r = one(p, &row);
            last = STR_NONE;
        }
        if (r < 0)
            return r;
    }
    struct node *n = node_new(p, row.n ? NODE_CONCAT : NODE_EMPTY);
    n->kids.v = row.v;
    n->kids.n = row.n;
    *ret = row.n == 1 ? row.v[0] : n;
    return 0;
}

static int alternatives(struct parser *p, struct node **ret) {
    struct list branches = {0};
    for (;;) {
        struct node *n;
        int r = concatenation(p, &n);
        if (r < 0)
            return r;
        *list_push(p->arena, &branches) = n;
        if (!at(p, '|'))
            break;
        skip(p, 1);
    }
    struct node *n = node_new(p, NODE_ALTERNATE);
    n->kids.v = branches.v;
    n->kids.n = branches.n;
    *ret = branches.n == 1 ? branches.v[0] : n;
    return 0;
}

int regexp_parse(struct arena *a, str pattern, struct err *e, struct node **ret) {
    struct parser p = {.arena = a, .whole = pattern, .rest = pattern, .e = e};
    if (pattern.n > REGEXP_LENGTH_MAX)
        return fail(&p, "expression too large", pattern);
    if (!utf8_valid(pattern))
        return fail(&p, "invalid UTF-8", pattern);
    int r = alternatives(&p, ret);
    if (r == 0 && p.rest.n)
        return fail(&p, "unexpected )", pattern);
    return r;
}
