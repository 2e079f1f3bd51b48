// SPDX-License-Identifier: Apache-2.0
/* The syntax of label selectors. Upstream's parser is a lexer of eleven tokens and one token of
 * look-ahead; the texts of its errors depend on where it looks, so the shape here is the same. */
#include "api/names.h"
#include "api/selector.h"
#include "api/selector_make.h"
#include "base/vec.h"

enum token {
    T_ERROR,
    T_END,
    T_CLOSE,
    T_COMMA,
    T_NOT,
    T_DOUBLE_EQUALS,
    T_EQUALS,
    T_GREATER,
    T_WORD,
    T_IN,
    T_LESS,
    T_NOT_EQUALS,
    T_NOT_IN,
    T_OPEN,
};

struct parser {
    struct arena *arena;
    str rest;
    enum token token; /* the one ahead */
    str text;         /* of it */
    struct err *e;
};

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
static bool is_symbol(char c) {
    return c && strchr("=!(),><", c);
}

static enum token symbol_of(str s) {
    static const struct {
        const char *text;
        enum token token;
    } table[] = {{")", T_CLOSE},  {",", T_COMMA},   {"!", T_NOT},       {"==", T_DOUBLE_EQUALS},
                 {"=", T_EQUALS}, {">", T_GREATER}, {"<", T_LESS},      {"!=", T_NOT_EQUALS},
                 {"(", T_OPEN},   {"in", T_IN},     {"notin", T_NOT_IN}};
    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_eqc(s, table[i].text))
            return table[i].token;
    return T_ERROR;
}

/* Reads the token ahead. A zero byte ends the text, as it does upstream. */
static void advance(struct parser *p) {
    size_t n = 0;
    while (p->rest.n && is_space(p->rest.p[0]))
        p->rest = str_slice(p->rest, 1, p->rest.n);
    if (!p->rest.n || !p->rest.p[0]) {
        p->token = T_END;
        p->text = STR("");
        p->rest.n = 0;
        return;
    }
    if (is_symbol(p->rest.p[0])) {
        n = 1;
        if (p->rest.n > 1 && symbol_of(str_slice(p->rest, 0, 2)) != T_ERROR &&
            is_symbol(p->rest.p[1]))
            n = 2;
        p->text = str_slice(p->rest, 0, n);
        p->token = symbol_of(p->text);
    } else {
        while (n < p->rest.n && p->rest.p[n] && !is_symbol(p->rest.p[n]) && !is_space(p->rest.p[n]))
            n++;
        p->text = str_slice(p->rest, 0, n);
        p->token = symbol_of(p->text);
        if (p->token == T_ERROR)
            p->token = T_WORD;
    }
    p->rest = str_slice(p->rest, n, p->rest.n);
}

/* "in" and "notin" are words wherever a key or value stands. */
static enum token as_value(enum token t) {
    return t == T_IN || t == T_NOT_IN ? T_WORD : t;
}

static int found(struct parser *p, str text, const char *expected) {
    return err_set(p->e, -EINVAL, "found '" STR_FMT "'%s", STR_ARG(text), expected);
}

static int parse_operator(struct parser *p, struct requirement *r) {
    switch (p->token) {
    case T_IN:
        r->op = SELECT_IN;
        break;
    case T_NOT_IN:
        r->op = SELECT_NOT_IN;
        break;
    case T_DOUBLE_EQUALS:
        r->double_equals = true;
        r->op = SELECT_EQUALS;
        break;
    case T_EQUALS:
        r->op = SELECT_EQUALS;
        break;
    case T_GREATER:
        r->op = SELECT_GREATER;
        break;
    case T_LESS:
        r->op = SELECT_LESS;
        break;
    case T_NOT_EQUALS:
        r->op = SELECT_NOT_EQUALS;
        break;
    case T_ERROR:
    case T_END:
    case T_CLOSE:
    case T_COMMA:
    case T_NOT:
    case T_WORD:
    case T_OPEN:
        return found(p, p->text, ", expected: in, notin, =, ==, !=, gt, lt");
    }
    advance(p);
    return 0;
}

static void insert(struct parser *p, struct requirement *r, str value) {
    *list_push(p->arena, &r->values) = value;
}

/* Words and commas up to the closing parenthesis; two commas, or one at an end, mean "". */
static int parse_list(struct parser *p, struct requirement *r) {
    for (;;) {
        enum token t = as_value(p->token);
        str text = p->text;
        advance(p);
        if (t == T_WORD) {
            insert(p, r, text);
            if (p->token == T_CLOSE)
                return 0;
            if (p->token != T_COMMA)
                return found(p, p->text, ", expected: ',' or ')'");
        } else if (t == T_COMMA) {
            if (!r->values.n)
                insert(p, r, STR(""));
            if (p->token == T_CLOSE || p->token == T_COMMA)
                insert(p, r, STR(""));
            if (p->token == T_CLOSE)
                return 0;
            if (p->token == T_COMMA)
                advance(p);
        } else {
            return found(p, text, ", expected: ',', or identifier");
        }
    }
}

static int parse_values(struct parser *p, struct requirement *r) {
    if (p->token != T_OPEN)
        return found(p, p->text, " expected: '('");
    advance(p);
    if (p->token == T_CLOSE)
        insert(p, r, STR(""));
    else if (as_value(p->token) != T_WORD && p->token != T_COMMA)
        return found(p, p->text, ", expected: ',', ')' or identifier");
    else if (parse_list(p, r) < 0)
        return -EINVAL;
    advance(p); /* the parenthesis */
    return 0;
}

static int parse_value(struct parser *p, struct requirement *r) {
    if (p->token == T_END || p->token == T_COMMA) {
        insert(p, r, STR(""));
        return 0;
    }
    if (as_value(p->token) != T_WORD)
        return found(p, p->text, ", expected: identifier");
    insert(p, r, p->text);
    advance(p);
    return 0;
}

static int parse_requirement(struct parser *p, struct requirement *r) {
    int rc;
    bool not = p->token == T_NOT;
    if (not )
        advance(p);
    if (as_value(p->token) != T_WORD)
        return found(p, p->text, ", expected: identifier");
    r->key = p->text;
    struct name_errors bad = {{0}, 0};
    name_qualified(r->key, &bad);
    if (bad.n)
        return err_set(p->e, -EINVAL, "<nil>: Invalid value: %s: %s", go_quoted(p->arena, r->key).p,
                       name_errors_join(p->arena, &bad, "; ").p);
    advance(p);
    if (not || p->token == T_END || p->token == T_COMMA) {
        r->op = not ? SELECT_NOT_EXISTS : SELECT_EXISTS;
        return 0;
    }
    rc = parse_operator(p, r);
    if (rc < 0)
        return rc;
    rc = r->op == SELECT_IN || r->op == SELECT_NOT_IN ? parse_values(p, r) : parse_value(p, r);
    return rc < 0 ? rc : requirement_settle(p->arena, r, p->e);
}

static int parse(struct parser *p, struct selector *s) {
    for (advance(p); p->token != T_END;) {
        if (as_value(p->token) != T_WORD && p->token != T_NOT)
            return found(p, p->text, ", expected: !, identifier, or 'end of string'");
        if (s->list.n == SELECTOR_TERMS_MAX || arena_over(p->arena))
            return err_set(p->e, -E2BIG, "selector is too long");
        if (parse_requirement(p, list_push(p->arena, &s->list)) < 0) {
            err_prefix(p->e, "unable to parse requirement");
            return -EINVAL;
        }
        if (p->token == T_END)
            break;
        if (p->token != T_COMMA)
            return found(p, p->text, ", expected: ',' or 'end of string'");
        advance(p);
        if (as_value(p->token) != T_WORD && p->token != T_NOT)
            return found(p, p->text, ", expected: identifier after ','");
    }
    return 0;
}

int selector_parse(struct arena *a, str text, struct selector *ret, struct err *e) {
    struct parser p = {.arena = a, .rest = text, .e = e};
    struct selector s = {0};
    if (text.n > SELECTOR_TEXT_MAX)
        return err_set(e, -E2BIG, "selector is too long");
    int r = parse(&p, &s);
    if (r < 0)
        return r;
    selector_sort(&s);
    *ret = s;
    return 0;
}
