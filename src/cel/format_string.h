// SPDX-License-Identifier: Apache-2.0
/* Clauses of format strings: "%s", "%.3f". */
#pragma once

#include "cel/type.h"

#define CEL_PRECISION_MAX 100

struct cel_clause {
    char verb;
    int precision;
    size_t n; /* bytes, with the "%" */
};

/* The clause at the "%" that s begins with. STR_NONE, or what is wrong. */
str cel_clause_read(struct arena *a, str s, struct cel_clause *ret);
/* Whether values of the kind may stand for it. */
bool cel_clause_takes(char verb, enum cel_type_kind kind);
str cel_clause_complaint(struct arena *a, char verb, const char *type);
