// SPDX-License-Identifier: Apache-2.0
/* From source to tree. What is wrong is told in the words of the Go implementation, whose parser is
 * generated (ANTLR): the messages are its API, so its way of finding and recovering from errors is
 * followed (recover.c). */
#pragma once

#include "cel/ast.h"
#include "cel/lex.h"

#define CEL_SOURCE_CHARS_MAX 100000
#define CEL_DEPTH_MAX        250   /* of each grammar rule inside itself, and of operators */
#define CEL_COPY_NODES_MAX   10000 /* nodes that a macro may double */
#define CEL_RECOVERIES_MAX   30
#define CEL_SKIPPED_MAX      256 /* tokens in one recovery */

enum cel_macros {
    CEL_MACROS_STANDARD = 1, /* has all exists exists_one existsOne map filter; optMap optFlatMap */
    CEL_MACROS_TWO_VAR = 2,
    CEL_MACROS_BIND = 4, /* cel.bind */
};

/* NULL when there are errors. */
struct cel_expr *cel_parse(struct arena *a, str source, unsigned macros, struct cel_errors *errors);

/* ---- between the files of the parser ---- */

enum cel_nest {
    NEST_EXPR,
    NEST_OR,
    NEST_AND,
    NEST_RELATION,
    NEST_CALC,
    NEST_UNARY,
    NEST_MEMBER,
    NEST_PRIMARY,
    NEST_MAX
};

/* Token types that may stand behind a rule: in this context, and behind any rule around it. */
struct follow {
    uint64_t next, recover;
};

struct parser {
    struct arena *arena;
    str source;
    struct cel_tokens tokens;
    uint32_t at; /* the token that is looked at */
    unsigned macros;
    struct cel_errors *errors;
    struct cel_errors meaning; /* told when the syntax could be followed to its end */
    uint16_t depth[NEST_MAX];
    bool recovering; /* nothing is told until a token fits again */
    bool aborted;    /* nothing is read any more */
    uint32_t recoveries;
    uint32_t error_at;     /* token of the last error, UINT32_MAX: none */
    uint64_t error_states; /* where it was met */
};

#define SET(t) (UINT64_C(1) << (t))

uint8_t parser_look(const struct parser *p, uint32_t ahead); /* type of a token; 0: the next */
/* Takes the next token when it is of this type; `after` is what may stand behind it. A token too
 * much or too few is told and forgiven. False: told, and the rule is to give up. */
bool parser_match(struct parser *p, uint8_t type, uint64_t after);
void parser_take(struct parser *p);
/* Where a rule may go on in several ways: the next token is in the set. False as above. */
bool parser_sync(struct parser *p, uint64_t set);
/* Behind each sign of "!!x". */
void parser_sync_signs(struct parser *p, uint64_t set, struct follow f);
/* No way fits the tokens from the next up to that `ahead`; false. */
bool parser_no_way(struct parser *p, uint32_t ahead);
/* A rule gives up; `state` (below 64) is the place in the grammar, for where it gives up twice. */
void parser_recover(struct parser *p, uint8_t state, struct follow f);
void parser_abort(struct parser *p, const char *why);
/* False: too deep, aborted. */
bool parser_enter(struct parser *p, enum cel_nest rule);

/* What the call stands for when it is a macro; NULL when it is none. Errors go to p->meaning and
 * give a broken node. */
struct cel_expr *cel_macro_expand(struct parser *p, uint32_t at, str name, struct cel_expr *target,
                                  struct cel_expr **args, uint32_t n);
