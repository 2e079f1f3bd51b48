// SPDX-License-Identifier: Apache-2.0
/* The longest match wins; what can go no further without ever having matched is an error that
 * shows what was read up to and with the character that did not fit, and reading goes on behind
 * it. So an unfinished string costs its quote when the quote pair alone is a string. */
#include "cel/lex.h"

#include "base/vec.h"

const char *const cel_token_names[T_MAX] = {
    [T_EOF] = "<EOF>",     [T_EQ] = "'=='",          [T_NE] = "'!='",
    [T_IN] = "'in'",       [T_LT] = "'<'",           [T_LE] = "'<='",
    [T_GE] = "'>='",       [T_GT] = "'>'",           [T_AND] = "'&&'",
    [T_OR] = "'||'",       [T_LBRACKET] = "'['",     [T_RBRACKET] = "']'",
    [T_LBRACE] = "'{'",    [T_RBRACE] = "'}'",       [T_LPAREN] = "'('",
    [T_RPAREN] = "')'",    [T_DOT] = "'.'",          [T_COMMA] = "','",
    [T_MINUS] = "'-'",     [T_NOT] = "'!'",          [T_QUESTION] = "'?'",
    [T_COLON] = "':'",     [T_PLUS] = "'+'",         [T_STAR] = "'*'",
    [T_SLASH] = "'/'",     [T_PERCENT] = "'%'",      [T_TRUE] = "'true'",
    [T_FALSE] = "'false'", [T_NULL] = "'null'",      [T_FLOAT] = "NUM_FLOAT",
    [T_INT] = "NUM_INT",   [T_UINT] = "NUM_UINT",    [T_STRING] = "STRING",
    [T_BYTES] = "BYTES",   [T_IDENT] = "IDENTIFIER", [T_ESC_IDENT] = "ESC_IDENTIFIER",
};

size_t cel_char_len(str s) {
    unsigned char c = s.n ? (unsigned char)s.p[0] : 0;
    size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
    return n <= s.n && utf8_valid(str_n(s.p, n)) ? n : 1;
}

/* The source behind what was read. */
struct reader {
    str s;
    size_t at;   /* of the token */
    size_t stop; /* the first byte that no token can go on with */
};

static int peek(const struct reader *r, size_t i) {
    return i < r->s.n ? (unsigned char)r->s.p[i] : -1;
}
static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}
static bool is_hex(int c) {
    return c >= 0 && c < 128 && hex_digit((char)c) >= 0;
}
static bool is_letter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static size_t digits(const struct reader *r, size_t i) {
    while (is_digit(peek(r, i)))
        i++;
    return i;
}

/* Behind an exponent at i, or i. */
static size_t exponent(const struct reader *r, size_t i) {
    size_t k = i + 1;
    if (peek(r, i) != 'e' && peek(r, i) != 'E')
        return i;
    if (peek(r, k) == '+' || peek(r, k) == '-')
        k++;
    return is_digit(peek(r, k)) ? digits(r, k) : i;
}

static uint8_t lex_number(struct reader *r, size_t *end) {
    size_t i = r->at, k;
    if (peek(r, i) == '0' && peek(r, i + 1) == 'x' && is_hex(peek(r, i + 2))) {
        for (i += 2; is_hex(peek(r, i));)
            i++;
    } else {
        i = digits(r, i);
        if (peek(r, i) == '.' && is_digit(peek(r, i + 1))) {
            *end = exponent(r, digits(r, i + 1));
            return T_FLOAT;
        }
        k = exponent(r, i);
        if (k > i) {
            *end = k;
            return T_FLOAT;
        }
    }
    *end = i;
    if (peek(r, i) == 'u' || peek(r, i) == 'U') {
        *end = i + 1;
        return T_UINT;
    }
    return T_INT;
}

/* Behind the escape whose backslash is at i, or 0 with r->stop at what does not fit. */
static size_t escape(struct reader *r, size_t i) {
    int c = peek(r, i + 1);
    size_t n = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    r->stop = i + 1;
    if (c > 0 && strchr("abfnrtv\"'\\?`", c))
        return i + 2;
    if (c >= '0' && c <= '3') {
        for (size_t k = i + 2; k < i + 4; k++)
            if (peek(r, k) < '0' || peek(r, k) > '7') {
                r->stop = k;
                return 0;
            }
        return i + 4;
    }
    for (size_t k = i + 2; n && k < i + 2 + n; k++)
        if (!is_hex(peek(r, k))) {
            r->stop = k;
            return 0;
        }
    return n ? i + 2 + n : 0;
}

/* Behind the text of a string that n quotes end, or 0 with r->stop. */
static size_t string_body(struct reader *r, size_t i, int quote, int n, bool raw) {
    while (i < r->s.n) {
        int c = peek(r, i);
        if (c == quote && (n == 1 || (peek(r, i + 1) == quote && peek(r, i + 2) == quote)))
            return i + (size_t)n;
        if (n == 1 && (c == '\n' || c == '\r'))
            break;
        if (c == '\\' && !raw) {
            i = escape(r, i);
            if (!i)
                return 0;
        } else {
            i++;
        }
    }
    r->stop = i;
    return 0;
}

/* A string whose quote is at i: the end of the longest, or 0. */
static size_t lex_string(struct reader *r, size_t i, bool raw) {
    int quote = peek(r, i);
    size_t end;
    if (peek(r, i + 1) != quote)
        return string_body(r, i + 1, quote, 1, raw);
    if (peek(r, i + 2) == quote) {
        end = string_body(r, i + 3, quote, 3, raw);
        if (end)
            return end;
    }
    return i + 2;
}

static uint8_t lex_word(struct reader *r, size_t *end) {
    static const struct {
        const char *word;
        uint8_t type;
    } words[] = {{"in", T_IN}, {"true", T_TRUE}, {"false", T_FALSE}, {"null", T_NULL}};
    size_t i = r->at, quote = i;
    bool bytes = peek(r, i) == 'b' || peek(r, i) == 'B', raw;
    str word;
    quote += bytes;
    raw = peek(r, quote) == 'r' || peek(r, quote) == 'R';
    quote += raw;
    if (quote > i && (peek(r, quote) == '"' || peek(r, quote) == '\'')) {
        *end = lex_string(r, quote, raw);
        if (*end)
            return bytes ? T_BYTES : T_STRING;
    }
    while (is_letter(peek(r, i)) || is_digit(peek(r, i)))
        i++;
    *end = i;
    word = str_slice(r->s, r->at, i);
    for (size_t k = 0; k < ARRAY_LEN(words); k++)
        if (str_eqc(word, words[k].word))
            return words[k].type;
    return T_IDENT;
}

static uint8_t lex_sign(struct reader *r, size_t *end) {
    static const struct {
        char text[3];
        uint8_t type;
    } signs[] = {
        {"==", T_EQ},    {"!=", T_NE},    {"<=", T_LE},    {">=", T_GE},      {"&&", T_AND},
        {"||", T_OR},    {"<", T_LT},     {">", T_GT},     {"[", T_LBRACKET}, {"]", T_RBRACKET},
        {"{", T_LBRACE}, {"}", T_RBRACE}, {"(", T_LPAREN}, {")", T_RPAREN},   {".", T_DOT},
        {",", T_COMMA},  {"-", T_MINUS},  {"!", T_NOT},    {"?", T_QUESTION}, {":", T_COLON},
        {"+", T_PLUS},   {"*", T_STAR},   {"/", T_SLASH},  {"%", T_PERCENT},
    };
    int c = peek(r, r->at);
    for (size_t k = 0; k < ARRAY_LEN(signs); k++) {
        size_t n = strlen(signs[k].text);
        if (str_eq(str_slice(r->s, r->at, r->at + n), str_n(signs[k].text, n))) {
            *end = r->at + n;
            return signs[k].type;
        }
    }
    r->stop = r->at + (c == '=' || c == '&' || c == '|');
    return T_MAX;
}

static uint8_t lex_escaped_ident(struct reader *r, size_t *end) {
    size_t i = r->at + 1;
    int c = peek(r, i);
    while (is_letter(c) || is_digit(c) || (c > 0 && strchr(".-/ ", c)))
        c = peek(r, ++i);
    if (c == '`' && i > r->at + 1) {
        *end = i + 1;
        return T_ESC_IDENT;
    }
    r->stop = i;
    return T_MAX;
}

/* The type of the token at r->at and where it ends; T_MAX: none, and r->stop says why. */
static uint8_t lex_one(struct reader *r, size_t *end) {
    int c = peek(r, r->at);
    if (is_digit(c))
        return lex_number(r, end);
    if (c == '.' && is_digit(peek(r, r->at + 1))) {
        *end = exponent(r, digits(r, r->at + 1));
        return T_FLOAT;
    }
    if (is_letter(c))
        return lex_word(r, end);
    if (c == '"' || c == '\'') {
        *end = lex_string(r, r->at, false);
        return *end ? T_STRING : T_MAX;
    }
    return c == '`' ? lex_escaped_ident(r, end) : lex_sign(r, end);
}

static size_t skip_blank(const struct reader *r, size_t i) {
    for (;;) {
        int c = peek(r, i);
        if (c == '/' && peek(r, i + 1) == '/')
            while (i < r->s.n && peek(r, i) != '\n')
                i++;
        else if (c > 0 && strchr(" \t\r\n\f", c))
            i++;
        else
            return i;
    }
}

/* A piece of source as messages show it. */
static str shown(struct arena *a, str s) {
    char *p = arena_alloc(a, 2 * s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' || c == '\t' || c == '\r') {
            p[n++] = '\\';
            c = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
        }
        p[n++] = c;
    }
    return str_n(p, n);
}

void cel_lex(struct arena *a, str source, struct cel_tokens *ret, struct cel_errors *errors) {
    struct reader r = {source, 0, 0};
    struct cel_token *t;
    size_t end = 0;
    *ret = (struct cel_tokens){NULL, 0};
    for (;;) {
        uint8_t type;
        r.at = skip_blank(&r, end);
        if (r.at >= source.n)
            break;
        type = lex_one(&r, &end);
        if (type == T_MAX) {
            end = MIN(r.stop, source.n);
            if (end < source.n)
                end += cel_char_len(str_slice(source, end, source.n));
            cel_error(errors, (uint32_t)r.at,
                      "Syntax error: token recognition error at: '" STR_FMT "'",
                      STR_ARG(shown(a, str_slice(source, r.at, end))));
            continue;
        }
        t = list_push(a, ret);
        *t = (struct cel_token){type, (uint32_t)r.at, (uint32_t)(end - r.at)};
    }
    t = list_push(a, ret);
    *t = (struct cel_token){T_EOF, (uint32_t)source.n, 0};
}

/* ---- texts of strings ---- */

static size_t put_utf8(char *p, uint32_t c) {
    if (c < 0x80) {
        p[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        p[0] = (char)(0xc0 | c >> 6);
        p[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        p[0] = (char)(0xe0 | c >> 12);
        p[1] = (char)(0x80 | (c >> 6 & 63));
        p[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    p[0] = (char)(0xf0 | c >> 18);
    p[1] = (char)(0x80 | (c >> 12 & 63));
    p[2] = (char)(0x80 | (c >> 6 & 63));
    p[3] = (char)(0x80 | (c & 63));
    return 4;
}

/* The escape at s (behind its backslash); bytes read, 0 with *error otherwise. The lexer has seen
 * that the digits are there. */
static size_t unescape(str s, bool bytes, char *out, size_t *out_n, const char **error) {
    static const char from[] = "abfnrtv\\'\"`?", to[] = "\a\b\f\n\r\t\v\\'\"`?";
    char c = s.p[0];
    const char *simple = strchr(from, c);
    size_t n = c == 'x' || c == 'X' ? 2 : c == 'u' ? 4 : 8;
    uint32_t v = 0;
    if (simple && c) {
        out[(*out_n)++] = to[simple - from];
        return 1;
    }
    if (c >= '0' && c <= '3') {
        v = (uint32_t)(c - '0') * 64 + (uint32_t)(s.p[1] - '0') * 8 + (uint32_t)(s.p[2] - '0');
        n = 2;
    } else {
        if (bytes && n > 2) {
            *error = "unable to unescape string";
            return 0;
        }
        for (size_t i = 1; i <= n; i++)
            v = v << 4 | (uint32_t)hex_digit(s.p[i]);
    }
    if (!bytes && (v > 0x10ffff || (v >= 0xd800 && v < 0xe000))) {
        *error = "invalid unicode code point";
        return 0;
    }
    if (bytes)
        out[(*out_n)++] = (char)v;
    else
        *out_n += put_utf8(out + *out_n, v);
    return 1 + n;
}

const char *cel_unquote(struct arena *a, str token, bool bytes, str *ret) {
    const char *error = NULL;
    bool raw = false;
    size_t quotes, n = 0;
    char *out = arena_alloc(a, token.n + 1);
    if (bytes)
        token = str_slice(token, 1, token.n);
    if (token.p[0] == 'r' || token.p[0] == 'R') {
        raw = true;
        token = str_slice(token, 1, token.n);
    }
    quotes = token.n >= 6 && token.p[1] == token.p[0] ? 3 : 1;
    token = str_slice(token, quotes, token.n - quotes);
    for (size_t i = 0; i < token.n;) {
        char c = token.p[i];
        if (c == '\r') { /* line ends are "\n" in every string */
            out[n++] = '\n';
            i += i + 1 < token.n && token.p[i + 1] == '\n' ? 2 : 1;
        } else if (c == '\\' && !raw) {
            size_t used = unescape(str_slice(token, i + 1, token.n), bytes, out, &n, &error);
            if (!used)
                return error;
            i += 1 + used;
        } else {
            out[n++] = c;
            i++;
        }
    }
    out[n] = 0;
    *ret = str_n(out, n);
    return NULL;
}
