// SPDX-License-Identifier: Apache-2.0
/* Regular expressions in Go's syntax (RE2's, with what Go's regexp.Compile turns on), matched in
 * time that grows with the text, whatever the expression: patterns come from outsiders, and so do
 * the texts.
 *
 * Groups are for grouping: what they match by themselves is not told. Of several matches at one
 * place the one that Perl would find counts. Classes like \pL are those of Unicode 14. Texts that
 * are no UTF-8 match as if each wrong byte were U+FFFD. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct regexp; /* immutable; lives in the arena it was compiled in */

#define REGEXP_NESTING_MAX 1000 /* of groups, as in Go */
#define REGEXP_REPEAT_MAX  1000 /* of nested repetitions together, as in Go */
#define REGEXP_LENGTH_MAX  65536
#define REGEXP_STATES_MAX  100000

/* -EINVAL with Go's text: "error parsing regexp: missing closing ]: `[a`". */
int regexp_compile(struct arena *a, str pattern, struct err *e, const struct regexp **ret);

/* Whether a part of the text matches. */
bool regexp_match(const struct regexp *r, str text);
/* The first part that matches at or behind `from`: its offsets. */
bool regexp_find(const struct regexp *r, str text, size_t from, size_t *ret_start, size_t *ret_end);
