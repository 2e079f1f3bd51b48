// SPDX-License-Identifier: Apache-2.0
/* Tokens of CEL (the grammar of the CEL specification, as the Go implementation reads it). Places
 * are byte offsets into the source. Bytes above 0x7f stand in strings and comments only. */
#pragma once

#include "cel/error.h"

/* In the order in which messages list them. */
enum cel_token_type {
    T_EOF,
    T_EQ,
    T_NE,
    T_IN,
    T_LT,
    T_LE,
    T_GE,
    T_GT,
    T_AND,
    T_OR,
    T_LBRACKET,
    T_RBRACKET,
    T_LBRACE,
    T_RBRACE,
    T_LPAREN,
    T_RPAREN,
    T_DOT,
    T_COMMA,
    T_MINUS,
    T_NOT,
    T_QUESTION,
    T_COLON,
    T_PLUS,
    T_STAR,
    T_SLASH,
    T_PERCENT,
    T_TRUE,
    T_FALSE,
    T_NULL,
    T_FLOAT,
    T_INT,
    T_UINT,
    T_STRING,
    T_BYTES,
    T_IDENT,
    T_ESC_IDENT,
    T_MAX
};

/* How messages name a token type: "'['", "IDENTIFIER". */
extern const char *const cel_token_names[T_MAX];

struct cel_token {
    uint8_t type;
    uint32_t at, n; /* bytes */
};
struct cel_tokens {
    struct cel_token *v; /* the last is T_EOF */
    uint32_t n;
};

/* Every token of the source; what is none is reported to errors and skipped. */
void cel_lex(struct arena *a, str source, struct cel_tokens *ret, struct cel_errors *errors);

/* The text of a string or bytes token without quotes and with its escapes resolved; NULL or what
 * is wrong with it. */
const char *cel_unquote(struct arena *a, str token, bool bytes, str *ret);
/* Bytes of the character at s (1 where there is no UTF-8). */
size_t cel_char_len(str s);
