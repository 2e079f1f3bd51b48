// SPDX-License-Identifier: Apache-2.0
/* How a generated LL parser finds and forgives errors (ANTLR's default strategy): a token too much
 * is skipped when the next one fits, one too few is assumed when the present one fits behind it;
 * else the rule gives up, and tokens are skipped until one may follow any rule around it. From an
 * error until a token fits, nothing more is told. */
#include "base/buf.h"
#include "cel/parse.h"

uint8_t parser_look(const struct parser *p, uint32_t ahead) {
    uint32_t i = MIN(p->at + ahead, p->tokens.n - 1);
    return p->aborted ? (uint8_t)T_EOF : p->tokens.v[i].type;
}

static const struct cel_token *token_at(const struct parser *p, uint32_t ahead) {
    return &p->tokens.v[MIN(p->at + ahead, p->tokens.n - 1)];
}

static void skip(struct parser *p) {
    if (p->at + 1 < p->tokens.n)
        p->at++;
}

static void fits(struct parser *p) {
    p->recovering = false;
    p->error_at = UINT32_MAX;
    p->error_states = 0;
}

void parser_take(struct parser *p) {
    fits(p);
    skip(p);
}

void parser_abort(struct parser *p, const char *why) {
    if (!p->aborted && why)
        cel_error(p->errors, CEL_NOWHERE, "%s", why);
    p->aborted = p->recovering = true;
}

static str escaped(struct arena *a, str s) {
    struct buf b;
    str r;
    buf_init(&b, 0);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\n')
            buf_adds(&b, "\\n");
        else if (s.p[i] == '\t')
            buf_adds(&b, "\\t");
        else if (s.p[i] == '\r')
            buf_adds(&b, "\\r");
        else
            buf_addc(&b, s.p[i]);
    r = str_dup(a, buf_str(&b));
    buf_done(&b);
    return r;
}

/* 'x', as messages show a token. */
static str shown(const struct parser *p, const struct cel_token *t) {
    str s = t->type == T_EOF ? STR("<EOF>") : str_n(p->source.p + t->at, t->n);
    return str_printf(p->arena, "'" STR_FMT "'", STR_ARG(escaped(p->arena, s)));
}

static str shown_set(struct arena *a, uint64_t set) {
    struct buf b;
    bool several = (set & (set - 1)) != 0, first = true;
    str s;
    buf_init(&b, 0);
    if (several)
        buf_addc(&b, '{');
    for (unsigned i = 0; i < T_MAX; i++)
        if (set & SET(i)) {
            if (!first)
                buf_adds(&b, ", ");
            buf_add(&b, str_of(cel_token_names[i]));
            first = false;
        }
    if (several)
        buf_addc(&b, '}');
    s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

/* Tells of the token `ahead`, unless something was told and nothing fitted since. */
static void tell(struct parser *p, uint32_t ahead, str text) {
    if (p->recovering)
        return;
    p->recovering = true;
    if (p->errors->total >= CEL_ERRORS_MAX) {
        cel_error(p->errors, token_at(p, ahead)->at, "Syntax error: More than %d syntax errors",
                  CEL_ERRORS_MAX);
        parser_abort(p, NULL);
        return;
    }
    cel_error(p->errors, token_at(p, ahead)->at, "Syntax error: " STR_FMT, STR_ARG(text));
}

static void tell_expected(struct parser *p, const char *what, uint64_t set) {
    tell(p, 0,
         str_printf(p->arena, "%s input " STR_FMT " expecting " STR_FMT, what,
                    STR_ARG(shown(p, token_at(p, 0))), STR_ARG(shown_set(p->arena, set))));
}

/* False: there were too many. */
static bool count_recovery(struct parser *p) {
    if (p->aborted)
        return false;
    if (p->recoveries++ < CEL_RECOVERIES_MAX)
        return true;
    cel_error(p->errors, token_at(p, 0)->at,
              "Syntax error: error recovery attempt limit exceeded: %d", CEL_RECOVERIES_MAX);
    parser_abort(p, NULL);
    return false;
}

/* The next token is too much: told and skipped. */
static bool skip_extraneous(struct parser *p, uint64_t set) {
    if (!(set & SET(parser_look(p, 1))))
        return false;
    tell_expected(p, "extraneous", set);
    skip(p);
    fits(p);
    return true;
}

bool parser_match(struct parser *p, uint8_t type, uint64_t after) {
    if (p->aborted)
        return false;
    if (parser_look(p, 0) == type) {
        parser_take(p);
        return true;
    }
    if (!count_recovery(p))
        return false;
    if (skip_extraneous(p, SET(type))) {
        skip(p);
        return true;
    }
    if (after & SET(parser_look(p, 0))) {
        tell(p, 0,
             str_printf(p->arena, "missing %s at " STR_FMT, cel_token_names[type],
                        STR_ARG(shown(p, token_at(p, 0)))));
        return true;
    }
    tell_expected(p, "mismatched", SET(type));
    return false;
}

bool parser_sync(struct parser *p, uint64_t set) {
    if (p->aborted)
        return false;
    if (p->recovering || (set & SET(parser_look(p, 0))) || skip_extraneous(p, set))
        return true;
    tell_expected(p, "mismatched", set);
    return false;
}

/* False: the parser gave up. */
static bool skip_until(struct parser *p, uint64_t set, uint32_t max) {
    for (uint32_t n = 0; parser_look(p, 0) != T_EOF && !(set & SET(parser_look(p, 0))); n++) {
        if (n >= max)
            return false;
        skip(p);
    }
    return true;
}

void parser_sync_signs(struct parser *p, uint64_t set, struct follow f) {
    if (p->aborted || p->recovering || (set & SET(parser_look(p, 0))))
        return;
    tell_expected(p, "extraneous", set);
    skip_until(p, set | f.recover, UINT32_MAX);
}

/* The Go implementation tells of words that are no names by their own text. */
static str word_instead(struct parser *p, str text) {
    static const char *const words[] = {"true", "false", "null", NULL};
    size_t n = cel_char_len(text);
    str word = str_slice(text, n, text.n);
    if (!text.n || !str_in(word, words))
        return STR_NONE;
    return str_printf(p->arena, "mismatched input '" STR_FMT "' expecting IDENTIFIER",
                      STR_ARG(word));
}

bool parser_no_way(struct parser *p, uint32_t ahead) {
    const struct cel_token *from = token_at(p, 0), *to = token_at(p, ahead);
    uint32_t end = to->type == T_EOF ? (uint32_t)p->source.n : to->at + to->n;
    str text = escaped(p->arena, str_slice(p->source, from->at, end)), word;
    if (p->aborted)
        return false;
    if (from->type == T_EOF)
        text = STR("<EOF>");
    word = word_instead(p, text);
    tell(p, ahead,
         word.n
             ? word
             : str_printf(p->arena, "no viable alternative at input '" STR_FMT "'", STR_ARG(text)));
    return false;
}

void parser_recover(struct parser *p, uint8_t state, struct follow f) {
    uint32_t max = CEL_SKIPPED_MAX;
    if (!count_recovery(p))
        return;
    if (p->error_at == p->at && (p->error_states & SET(state))) {
        skip(p);
        max--;
    }
    p->error_at = p->at;
    p->error_states |= SET(state);
    if (!skip_until(p, f.recover, max))
        parser_abort(p, "error recovery token lookahead limit exceeded: 256");
}

bool parser_enter(struct parser *p, enum cel_nest rule) {
    if (++p->depth[rule] <= CEL_DEPTH_MAX)
        return !p->aborted;
    parser_abort(p, "expression recursion limit exceeded: 250");
    return false;
}
