// SPDX-License-Identifier: Apache-2.0
/* One function a rule of the grammar. A rule that gives up returns a broken node, and the rules
 * around it go on; so every function takes what may follow it. */
#include "cel/parse.h"

#include <math.h>
#include <stdlib.h>

#include "base/vec.h"

#define PRIMARY                                                                                    \
    (SET(T_LBRACKET) | SET(T_LBRACE) | SET(T_LPAREN) | SET(T_DOT) | SET(T_MINUS) | SET(T_TRUE) |   \
     SET(T_FALSE) | SET(T_NULL) | SET(T_FLOAT) | SET(T_INT) | SET(T_UINT) | SET(T_STRING) |        \
     SET(T_BYTES) | SET(T_IDENT))
#define EXPR (PRIMARY | SET(T_NOT))
#define RELATIONS                                                                                  \
    (SET(T_EQ) | SET(T_NE) | SET(T_LT) | SET(T_LE) | SET(T_GE) | SET(T_GT) | SET(T_IN))
#define PRODUCTS (SET(T_STAR) | SET(T_SLASH) | SET(T_PERCENT))
#define SUMS     (SET(T_PLUS) | SET(T_MINUS))
#define IDENTS   (SET(T_IDENT) | SET(T_ESC_IDENT))

/* Places where a rule may give up. */
enum state {
    AT_START,
    AT_COLON,
    AT_UNARY,
    AT_SIGN,
    AT_MEMBER,
    AT_PRIMARY,
    AT_NESTED,
    AT_GLOBAL,
    AT_LIST,
    AT_LIST_END,
    AT_MAP_COLON,
    AT_FIELD_COLON,
    AT_IDENT,
    AT_LITERAL,
    AT_OPTIONAL,
};

struct exprs {
    struct cel_expr **v;
    uint32_t n;
};
struct entries {
    struct cel_entry *v;
    uint32_t n;
};

static struct cel_expr *parse_expr(struct parser *p, struct follow f);
static struct cel_expr *parse_unary(struct parser *p, struct follow f);

/* Behind a part of a rule; `end`: the rule may end there. */
static struct follow behind(struct follow f, uint64_t set, bool end) {
    return (struct follow){set | (end ? f.next : 0), set | f.recover};
}

static uint32_t here(const struct parser *p) {
    return p->tokens.v[p->at].at;
}
static str text(const struct parser *p, uint32_t token) {
    return str_n(p->source.p + p->tokens.v[token].at, p->tokens.v[token].n);
}
static bool looks(const struct parser *p, uint64_t set) {
    return (set & SET(parser_look(p, 0))) != 0;
}
static struct cel_expr *broken(struct parser *p) {
    return cel_expr_new(p->arena, CEL_BROKEN, here(p));
}

/* One operator more around e. */
static struct cel_expr *deeper(struct parser *p, struct cel_expr *e) {
    if (e->depth++ >= CEL_DEPTH_MAX) {
        parser_abort(p, "max recursion depth exceeded");
        e->depth = CEL_DEPTH_MAX;
    }
    return e;
}

static struct cel_expr *call_or_macro(struct parser *p, uint32_t at, str name,
                                      struct cel_expr *target, struct exprs args) {
    struct cel_expr *e = cel_macro_expand(p, at, name, target, args.v, args.n);
    return e ? e : cel_expr_call(p->arena, at, name, target, args.v, args.n);
}

static struct cel_expr *operator(struct parser *p, uint32_t at, const char *name,
                                 struct cel_expr *x, struct cel_expr *y) {
    struct cel_expr *args[2] = {x, y};
    return cel_expr_call(p->arena, at, str_of(name), NULL, args, y ? 2 : 1);
}

/* ---- literals ---- */

static struct cel_expr *literal(struct parser *p, uint32_t at, struct cel_value v) {
    struct cel_expr *e = cel_expr_new(p->arena, CEL_LITERAL, at);
    e->literal = v;
    return e;
}

static struct cel_expr *wrong(struct parser *p, uint32_t at, const char *why) {
    cel_error(&p->meaning, at, "%s", why);
    return cel_expr_new(p->arena, CEL_BROKEN, at);
}

static bool read_digits(str s, bool hex, uint64_t *ret) {
    uint64_t v = 0, base = hex ? 16 : 10;
    for (size_t i = 0; i < s.n; i++) {
        uint64_t d = (uint64_t)hex_digit(s.p[i]);
        if (v > (UINT64_MAX - d) / base)
            return false;
        v = v * base + d;
    }
    *ret = v;
    return true;
}

static bool cut_hex(str *s) {
    bool hex = str_starts(*s, STR("0x"));
    if (hex)
        *s = str_slice(*s, 2, s->n);
    return hex;
}

static struct cel_expr *int_literal(struct parser *p, uint32_t at, str s, bool minus) {
    bool hex = cut_hex(&s);
    uint64_t v;
    if (!read_digits(s, hex, &v) || v > (uint64_t)INT64_MAX + minus)
        return wrong(p, at, "invalid int literal");
    return literal(p, at, cel_int(minus ? (int64_t)(0 - v) : (int64_t)v));
}

static struct cel_expr *uint_literal(struct parser *p, uint32_t at, str s) {
    bool hex = cut_hex(&s);
    uint64_t v;
    if (!read_digits(str_slice(s, 0, s.n - 1), hex, &v))
        return wrong(p, at, "invalid uint literal");
    return literal(p, at, (struct cel_value){.tag = CEL_V_UINT, .u = v});
}

static struct cel_expr *double_literal(struct parser *p, uint32_t at, str s, bool minus) {
    double d = strtod(str_cdup(p->arena, s), NULL);
    if (isinf(d))
        return wrong(p, at, "invalid double literal");
    return literal(p, at, (struct cel_value){.tag = CEL_V_DOUBLE, .d = minus ? -d : d});
}

static struct cel_expr *string_literal(struct parser *p, uint32_t at, str s, bool bytes) {
    str out;
    const char *why = cel_unquote(p->arena, s, bytes, &out);
    if (why)
        return wrong(p, at, why);
    return literal(p, at, (struct cel_value){.tag = bytes ? CEL_V_BYTES : CEL_V_STRING, .s = out});
}

static struct cel_expr *parse_literal(struct parser *p, struct follow f) {
    bool minus = parser_look(p, 0) == T_MINUS;
    uint8_t type = parser_look(p, minus);
    uint32_t at = here(p);
    str s;
    if (minus && type != T_INT && type != T_FLOAT) {
        parser_no_way(p, 1);
        parser_recover(p, AT_LITERAL, f);
        return broken(p);
    }
    if (minus)
        parser_take(p);
    s = text(p, p->at);
    parser_take(p);
    if (type == T_INT)
        return int_literal(p, at, s, minus);
    if (type == T_UINT)
        return uint_literal(p, at, s);
    if (type == T_FLOAT)
        return double_literal(p, at, s, minus);
    if (type == T_STRING || type == T_BYTES)
        return string_literal(p, at, s, type == T_BYTES);
    if (type == T_NULL)
        return literal(p, at, (struct cel_value){.tag = CEL_V_NULL});
    return literal(p, at, cel_bool(type == T_TRUE));
}

/* ---- lists in brackets ---- */

static struct exprs parse_args(struct parser *p, struct follow f) {
    struct exprs args = {NULL, 0};
    for (;;) {
        *(struct cel_expr **)list_push(p->arena, &args) =
            parse_expr(p, behind(f, SET(T_COMMA), true));
        if (parser_look(p, 0) != T_COMMA)
            return args;
        parser_take(p);
    }
}

/* "(" was taken. */
static struct exprs parse_call(struct parser *p, struct follow f, bool *ok) {
    struct exprs args = {NULL, 0};
    *ok = parser_sync(p, EXPR | SET(T_RPAREN));
    if (*ok && looks(p, EXPR))
        args = parse_args(p, behind(f, SET(T_RPAREN), false));
    *ok = *ok && parser_match(p, T_RPAREN, f.next);
    return args;
}

static struct cel_expr *parse_optional_expr(struct parser *p, struct follow f, bool *optional) {
    if (!parser_sync(p, EXPR | SET(T_QUESTION))) {
        parser_recover(p, AT_OPTIONAL, f);
        *optional = false;
        return broken(p);
    }
    *optional = parser_look(p, 0) == T_QUESTION;
    if (*optional)
        parser_take(p);
    return parse_expr(p, f);
}

/* Whether the list goes on behind the comma that is next. */
static bool goes_on(struct parser *p, uint64_t first) {
    return parser_look(p, 0) == T_COMMA && (first & SET(parser_look(p, 1)));
}

static struct entries parse_elements(struct parser *p, struct follow f) {
    struct entries list = {NULL, 0};
    for (;;) {
        struct cel_entry e = {.at = here(p)};
        e.value = parse_optional_expr(p, behind(f, SET(T_COMMA), true), &e.optional);
        *list_push(p->arena, &list) = e;
        if (!goes_on(p, EXPR | SET(T_QUESTION)))
            return list;
        parser_take(p);
    }
}

static struct entries parse_pairs(struct parser *p, struct follow f) {
    struct entries list = {NULL, 0};
    for (;;) {
        struct cel_entry e = {.at = 0};
        e.key = parse_optional_expr(p, behind(f, SET(T_COLON), false), &e.optional);
        e.at = here(p);
        if (!parser_match(p, T_COLON, EXPR)) {
            parser_recover(p, AT_MAP_COLON, f);
            return list;
        }
        e.value = parse_expr(p, behind(f, SET(T_COMMA), true));
        *list_push(p->arena, &list) = e;
        if (!goes_on(p, EXPR | SET(T_QUESTION)))
            return list;
        parser_take(p);
    }
}

/* A name, or a quoted one, which Kubernetes does not turn on. */
static str parse_name(struct parser *p, struct follow f, bool *ok) {
    uint8_t type;
    str s = STR_NONE;
    *ok = parser_sync(p, IDENTS);
    type = parser_look(p, 0);
    if (*ok && type != T_IDENT && type != T_ESC_IDENT)
        *ok = parser_no_way(p, 0);
    if (!*ok) {
        parser_recover(p, AT_IDENT, f);
        return s;
    }
    if (type == T_IDENT)
        s = text(p, p->at);
    else
        cel_error(&p->meaning, here(p), "unsupported syntax: '`'");
    parser_take(p);
    return s;
}

/* {?name: value}; false: the list ends, a rule inside gave up. */
static bool parse_field(struct parser *p, struct follow f, struct entries *list) {
    struct cel_entry e = {.at = 0};
    bool ok = parser_sync(p, IDENTS | SET(T_QUESTION));
    if (!ok) {
        parser_recover(p, AT_OPTIONAL, behind(f, SET(T_COLON), false));
    } else {
        e.optional = parser_look(p, 0) == T_QUESTION;
        if (e.optional)
            parser_take(p);
        e.name = parse_name(p, behind(f, SET(T_COLON), false), &ok);
    }
    e.at = here(p);
    if (!parser_match(p, T_COLON, EXPR)) {
        parser_recover(p, AT_FIELD_COLON, f);
        return false;
    }
    e.value = parse_expr(p, behind(f, SET(T_COMMA), true));
    *list_push(p->arena, list) = e;
    return true;
}

static struct entries parse_fields(struct parser *p, struct follow f) {
    struct entries list = {NULL, 0};
    while (parse_field(p, f, &list) && goes_on(p, IDENTS | SET(T_QUESTION)))
        parser_take(p);
    return list;
}

/* "[", "{" or "Name{" was taken. */
static struct cel_expr *parse_aggregate(struct parser *p, struct follow f, enum cel_kind kind,
                                        uint32_t at) {
    uint8_t end = kind == CEL_NEW_LIST ? T_RBRACKET : T_RBRACE;
    uint64_t first = (kind == CEL_NEW_OBJECT ? IDENTS : EXPR) | SET(T_QUESTION);
    struct follow inner = behind(f, SET(T_COMMA) | SET(end), false);
    struct cel_expr *e = cel_expr_new(p->arena, kind, at);
    struct entries list = {NULL, 0};
    bool ok = parser_sync(p, first | SET(T_COMMA) | SET(end));
    if (ok && looks(p, first))
        list = kind == CEL_NEW_LIST  ? parse_elements(p, inner)
               : kind == CEL_NEW_MAP ? parse_pairs(p, inner)
                                     : parse_fields(p, inner);
    ok = ok && parser_sync(p, SET(T_COMMA) | SET(end));
    if (ok && parser_look(p, 0) == T_COMMA)
        parser_take(p);
    if (!ok || !parser_match(p, end, f.next))
        parser_recover(p, ok ? AT_LIST_END : AT_LIST, f);
    e->entries.v = list.v;
    e->entries.n = list.n;
    for (uint32_t i = 0; i < list.n; i++) {
        e->depth = MAX(e->depth, list.v[i].value->depth);
        if (list.v[i].key)
            e->depth = MAX(e->depth, list.v[i].key->depth);
    }
    return e;
}

/* ---- primary ---- */

/* Which of "x", "x(" and "x.y.z{" stands here: T_IDENT, T_LPAREN, T_LBRACE; 0: none of them. */
static uint8_t predict_name(const struct parser *p) {
    uint32_t i = parser_look(p, 0) == T_DOT;
    if (parser_look(p, i) != T_IDENT)
        return 0;
    if (parser_look(p, i + 1) == T_LPAREN)
        return T_LPAREN;
    for (i++; parser_look(p, i) == T_DOT && parser_look(p, i + 1) == T_IDENT;)
        i += 2;
    return parser_look(p, i) == T_LBRACE ? T_LBRACE : T_IDENT;
}

static bool is_reserved(str s) {
    static const char *const words[] = {
        "as",     "break",  "const", "continue", "else",  "false",   "for",       "function",
        "if",     "import", "in",    "let",      "loop",  "package", "namespace", "null",
        "return", "true",   "var",   "void",     "while", NULL};
    return str_in(s, words);
}

static str dotted(struct parser *p, bool dot, str name) {
    return dot ? str_printf(p->arena, "." STR_FMT, STR_ARG(name)) : name;
}

static struct cel_expr *parse_object(struct parser *p, struct follow f, bool dot) {
    str name = text(p, p->at);
    uint32_t at;
    parser_take(p);
    while (parser_look(p, 0) == T_DOT) {
        parser_take(p);
        name = str_printf(p->arena, STR_FMT "." STR_FMT, STR_ARG(name), STR_ARG(text(p, p->at)));
        parser_take(p);
    }
    at = here(p);
    parser_take(p);
    struct cel_expr *e = parse_aggregate(p, f, CEL_NEW_OBJECT, at);
    e->name = dotted(p, dot, name);
    return e;
}

static struct cel_expr *parse_named(struct parser *p, struct follow f) {
    uint32_t start = here(p), at;
    uint8_t way = predict_name(p);
    bool dot = parser_look(p, 0) == T_DOT, ok;
    struct exprs args;
    str name;
    if (!way) {
        parser_no_way(p, 1);
        parser_recover(p, AT_PRIMARY, f);
        return broken(p);
    }
    if (dot)
        parser_take(p);
    if (way == T_LBRACE)
        return parse_object(p, f, dot);
    at = here(p);
    name = text(p, p->at);
    parser_take(p);
    if (is_reserved(name)) {
        str why = str_printf(p->arena, "reserved identifier: " STR_FMT, STR_ARG(name));
        wrong(p, start, why.p);
    }
    if (way == T_IDENT)
        return is_reserved(name) ? cel_expr_new(p->arena, CEL_BROKEN, at)
                                 : cel_expr_ident(p->arena, at, dotted(p, dot, name));
    at = here(p);
    parser_take(p);
    args = parse_call(p, f, &ok);
    if (!ok)
        parser_recover(p, AT_GLOBAL, f);
    if (is_reserved(name))
        return cel_expr_new(p->arena, CEL_BROKEN, at);
    return call_or_macro(p, at, dotted(p, dot, name), NULL, args);
}

static struct cel_expr *parse_nested(struct parser *p, struct follow f) {
    struct cel_expr *e;
    parser_take(p);
    e = parse_expr(p, behind(f, SET(T_RPAREN), false));
    if (!parser_match(p, T_RPAREN, f.next))
        parser_recover(p, AT_NESTED, f);
    return e;
}

static struct cel_expr *parse_primary_inner(struct parser *p, struct follow f) {
    uint8_t type;
    uint32_t at;
    bool ok = parser_sync(p, PRIMARY);
    type = parser_look(p, 0);
    at = here(p);
    if (ok && !(PRIMARY & SET(type)))
        ok = parser_no_way(p, 0);
    if (!ok) {
        parser_recover(p, AT_PRIMARY, f);
        return broken(p);
    }
    if (type == T_LPAREN)
        return parse_nested(p, f);
    if (type == T_DOT || type == T_IDENT)
        return parse_named(p, f);
    if (type != T_LBRACKET && type != T_LBRACE)
        return parse_literal(p, f);
    parser_take(p);
    return parse_aggregate(p, f, type == T_LBRACKET ? CEL_NEW_LIST : CEL_NEW_MAP, at);
}

static struct cel_expr *parse_primary(struct parser *p, struct follow f) {
    struct cel_expr *e = parser_enter(p, NEST_PRIMARY) ? parse_primary_inner(p, f) : broken(p);
    p->depth[NEST_PRIMARY]--;
    return e;
}

/* ---- member ---- */

static struct cel_expr *parse_select(struct parser *p, struct follow f, struct cel_expr *operand) {
    uint32_t at = here(p), name_at;
    struct cel_expr *e;
    bool optional, ok;
    str name;
    parser_take(p);
    optional = parser_look(p, 0) == T_QUESTION;
    if (optional)
        parser_take(p);
    name_at = here(p);
    name = parse_name(p, f, &ok);
    if (!ok)
        return broken(p);
    if (optional) {
        struct cel_expr *field = literal(p, name_at, cel_string(name));
        return operator(p, at, OP_OPT_SELECT, operand, field);
    }
    e = cel_expr_new(p->arena, CEL_SELECT, at);
    e->operand = operand;
    e->name = name;
    e->depth = operand->depth;
    return deeper(p, e);
}

static struct cel_expr *parse_member_call(struct parser *p, struct follow f,
                                          struct cel_expr *target, bool *ok) {
    struct exprs args;
    uint32_t at;
    str name;
    parser_take(p);
    name = text(p, p->at);
    parser_take(p);
    at = here(p);
    parser_take(p);
    args = parse_call(p, f, ok);
    return deeper(p, call_or_macro(p, at, name, target, args));
}

static struct cel_expr *parse_index(struct parser *p, struct follow f, struct cel_expr *operand,
                                    bool *ok) {
    uint32_t at = here(p);
    struct cel_expr *index;
    bool optional;
    parser_take(p);
    *ok = parser_sync(p, EXPR | SET(T_QUESTION));
    if (!*ok)
        return broken(p);
    optional = parser_look(p, 0) == T_QUESTION;
    if (optional)
        parser_take(p);
    index = parse_expr(p, behind(f, SET(T_RBRACKET), false));
    *ok = parser_match(p, T_RBRACKET, f.next);
    return deeper(p, operator(p, at, optional ? OP_OPT_INDEX : OP_INDEX, operand, index));
}

/* One of ".x", ".x(...)", "[...]". */
static struct cel_expr *parse_suffix(struct parser *p, struct follow f, struct cel_expr *e,
                                     bool *ok) {
    uint8_t next = parser_look(p, 1);
    *ok = true;
    if (parser_look(p, 0) == T_LBRACKET)
        return parse_index(p, f, e, ok);
    if (next == T_IDENT && parser_look(p, 2) == T_LPAREN)
        return parse_member_call(p, f, e, ok);
    if (next == T_QUESTION || next == T_IDENT || next == T_ESC_IDENT)
        return parse_select(p, f, e);
    *ok = parser_no_way(p, 1);
    return broken(p);
}

static struct cel_expr *parse_member(struct parser *p, struct follow f) {
    struct follow loop = behind(f, SET(T_DOT) | SET(T_LBRACKET), true);
    struct cel_expr *e = broken(p);
    uint16_t entered = 1;
    bool ok = parser_enter(p, NEST_MEMBER);
    if (ok)
        e = parse_primary(p, loop);
    while (ok && looks(p, SET(T_DOT) | SET(T_LBRACKET))) {
        entered++;
        if (!parser_enter(p, NEST_MEMBER))
            break;
        e = parse_suffix(p, loop, e, &ok);
        if (!ok)
            parser_recover(p, AT_MEMBER, f);
    }
    p->depth[NEST_MEMBER] = (uint16_t)(p->depth[NEST_MEMBER] - entered);
    return e;
}

/* ---- operators ---- */

/* Signs, where the first is no part of a number. */
static struct cel_expr *parse_signs(struct parser *p, struct follow f, uint8_t sign) {
    uint32_t at = here(p), n = 0;
    struct cel_expr *e;
    do {
        if (sign == T_MINUS && n && !(EXPR & SET(parser_look(p, 1)) & ~SET(T_NOT))) {
            parser_no_way(p, 1);
            parser_recover(p, AT_SIGN, f);
            return broken(p);
        }
        parser_take(p);
        n++;
        parser_sync_signs(p, PRIMARY | SET(sign), f);
    } while (parser_look(p, 0) == sign && !p->aborted);
    e = parse_member(p, f);
    return n % 2 ? operator(p, at, sign == T_NOT ? OP_NOT : OP_NEGATE, e, NULL) : e;
}

static struct cel_expr *parse_unary_inner(struct parser *p, struct follow f) {
    uint8_t type, next = parser_look(p, 1);
    bool ok = parser_sync(p, EXPR);
    type = parser_look(p, 0);
    next = parser_look(p, 1);
    if (ok && !(EXPR & SET(type)))
        ok = parser_no_way(p, 0);
    if (ok && type == T_MINUS && !(PRIMARY & SET(next)))
        ok = parser_no_way(p, 1);
    if (!ok) {
        parser_recover(p, AT_UNARY, f);
        return broken(p);
    }
    if (type == T_NOT || (type == T_MINUS && next != T_INT && next != T_FLOAT))
        return parse_signs(p, f, type);
    return parse_member(p, f);
}

static struct cel_expr *parse_unary(struct parser *p, struct follow f) {
    struct cel_expr *e = parser_enter(p, NEST_UNARY) ? parse_unary_inner(p, f) : broken(p);
    p->depth[NEST_UNARY]--;
    return e;
}

static const char *operator_name(uint8_t type) {
    static const char *const names[T_MAX] = {
        [T_EQ] = OP_EQUALS, [T_NE] = "_!=_",  [T_LT] = "_<_",    [T_LE] = "_<=_",
        [T_GE] = "_>=_",    [T_GT] = "_>_",   [T_IN] = "@in",    [T_PLUS] = OP_ADD,
        [T_MINUS] = "_-_",  [T_STAR] = "_*_", [T_SLASH] = "_/_", [T_PERCENT] = "_%_",
    };
    return names[type];
}

/* Products bind tighter than sums; `level` 0: both, 1: behind a sum, 2: behind a product. */
static struct cel_expr *parse_calc(struct parser *p, struct follow f, int level) {
    struct follow loop = behind(f, PRODUCTS | SUMS, true);
    uint64_t set = level == 0 ? PRODUCTS | SUMS : level == 1 ? PRODUCTS : 0;
    struct cel_expr *e = broken(p);
    uint16_t entered = 1;
    if (parser_enter(p, NEST_CALC))
        e = parse_unary(p, loop);
    while (looks(p, set)) {
        uint8_t type = parser_look(p, 0);
        uint32_t at = here(p);
        entered++;
        if (!parser_enter(p, NEST_CALC))
            break;
        parser_take(p);
        e = deeper(p, operator(p, at, operator_name(type), e,
                               parse_calc(p, loop, SET(type) & PRODUCTS ? 2 : 1)));
    }
    p->depth[NEST_CALC] = (uint16_t)(p->depth[NEST_CALC] - entered);
    return e;
}

static struct cel_expr *parse_relation(struct parser *p, struct follow f, bool right) {
    struct follow loop = behind(f, RELATIONS, true);
    struct cel_expr *e = broken(p);
    uint16_t entered = 1;
    if (parser_enter(p, NEST_RELATION))
        e = parse_calc(p, loop, 0);
    while (!right && looks(p, RELATIONS)) {
        uint8_t type = parser_look(p, 0);
        uint32_t at = here(p);
        entered++;
        if (!parser_enter(p, NEST_RELATION))
            break;
        parser_take(p);
        e = deeper(p, operator(p, at, operator_name(type), e, parse_relation(p, loop, true)));
    }
    p->depth[NEST_RELATION] = (uint16_t)(p->depth[NEST_RELATION] - entered);
    return e;
}

/* Terms of a chain as a balanced tree, which is how the Go implementation evaluates them. */
static struct cel_expr *balance(struct parser *p, const char *name, struct exprs terms,
                                const uint32_t *ats, uint32_t lo, uint32_t hi) {
    uint32_t mid = (lo + hi + 1) / 2;
    struct cel_expr *left, *right;
    left = mid == lo ? terms.v[mid] : balance(p, name, terms, ats, lo, mid - 1);
    right = mid == hi ? terms.v[mid + 1] : balance(p, name, terms, ats, mid + 1, hi);
    return operator(p, ats[mid], name, left, right);
}

static struct cel_expr *parse_and(struct parser *p, struct follow f);

/* Both of "a || b" and, one rule below, "a && b". */
static struct cel_expr *parse_chain(struct parser *p, struct follow f, uint8_t type) {
    struct follow loop = behind(f, SET(type), true);
    struct exprs terms = {NULL, 0};
    struct {
        uint32_t *v, n;
    } ats = {NULL, 0};
    for (;;) {
        *(struct cel_expr **)list_push(p->arena, &terms) =
            type == T_OR ? parse_and(p, loop) : parse_relation(p, loop, false);
        if (parser_look(p, 0) != type)
            break;
        *(uint32_t *)list_push(p->arena, &ats) = here(p);
        parser_take(p);
    }
    return terms.n == 1 ? terms.v[0]
                        : balance(p, type == T_OR ? OP_OR : OP_AND, terms, ats.v, 0, ats.n - 1);
}

static struct cel_expr *parse_and(struct parser *p, struct follow f) {
    struct cel_expr *e = parser_enter(p, NEST_AND) ? parse_chain(p, f, T_AND) : broken(p);
    p->depth[NEST_AND]--;
    return e;
}

static struct cel_expr *parse_or(struct parser *p, struct follow f) {
    struct cel_expr *e = parser_enter(p, NEST_OR) ? parse_chain(p, f, T_OR) : broken(p);
    p->depth[NEST_OR]--;
    return e;
}

static struct cel_expr *parse_conditional(struct parser *p, struct follow f) {
    struct cel_expr *args[3];
    uint32_t at;
    args[0] = parse_or(p, behind(f, SET(T_QUESTION), true));
    at = here(p);
    if (parser_look(p, 0) != T_QUESTION)
        return args[0];
    parser_take(p);
    args[1] = parse_or(p, behind(f, SET(T_COLON), false));
    if (!parser_match(p, T_COLON, EXPR)) {
        parser_recover(p, AT_COLON, f);
        return broken(p);
    }
    args[2] = parse_expr(p, f);
    return deeper(p, cel_expr_call(p->arena, at, STR(OP_CONDITIONAL), NULL, args, 3));
}

static struct cel_expr *parse_expr(struct parser *p, struct follow f) {
    struct cel_expr *e = parser_enter(p, NEST_EXPR) ? parse_conditional(p, f) : broken(p);
    p->depth[NEST_EXPR]--;
    return e;
}

/* ---- the whole ---- */

static size_t count_chars(str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; n++)
        i += cel_char_len(str_slice(s, i, s.n));
    return n;
}

struct cel_expr *cel_parse(struct arena *a, str source, unsigned macros,
                           struct cel_errors *errors) {
    struct parser p = {.arena = a, .source = source, .macros = macros, .errors = errors};
    struct follow end = {SET(T_EOF), SET(T_EOF)};
    struct cel_expr *e;
    size_t chars = count_chars(source);
    p.error_at = UINT32_MAX;
    p.meaning = (struct cel_errors){.arena = a, .source = source};
    if (chars > CEL_SOURCE_CHARS_MAX) {
        cel_error(errors, CEL_NOWHERE,
                  "expression code point size exceeds limit: size: %zu, limit %d", chars,
                  CEL_SOURCE_CHARS_MAX);
        return NULL;
    }
    cel_lex(a, source, &p.tokens, errors);
    e = parse_expr(&p, end);
    if (!parser_match(&p, T_EOF, 0))
        parser_recover(&p, AT_START, (struct follow){0, 0});
    for (uint32_t i = 0; !p.aborted && i < p.meaning.list.n; i++)
        cel_error(errors, p.meaning.list.v[i].at, STR_FMT, STR_ARG(p.meaning.list.v[i].text));
    return errors->total ? NULL : e;
}
