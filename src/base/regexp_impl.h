// SPDX-License-Identifier: Apache-2.0
/* Between the parser and the machine. */
#pragma once

#include "base/regexp.h"

#define RUNE_MAX 0x10ffff

/* ---- sets of characters: regexp_class.c ---- */

struct rune_range {
    uint32_t low, high;
};
struct rune_class {
    struct rune_range *v; /* ascending, apart, once it is done */
    uint32_t n;
    uint64_t ascii[2]; /* the same, for the common case */
};

void class_add(struct arena *a, struct rune_class *c, uint32_t low, uint32_t high);
/* Adds what differs from its characters by case only. */
void class_add_cases(struct arena *a, struct rune_class *c);
void class_add_class(struct arena *a, struct rune_class *c, const struct rune_class *from);
void class_negate(struct arena *a, struct rune_class *c);
void class_done(struct rune_class *c); /* sorts and joins */
bool class_has(const struct rune_class *c, uint32_t rune);
/* "alpha" of [[:alpha:]], 'd' of \d, "Lu" of \p{Lu}: false when there is none of that name. */
bool class_add_posix(struct arena *a, struct rune_class *c, str name);
bool class_add_perl(struct arena *a, struct rune_class *c, char name);
bool class_add_unicode(struct arena *a, struct rune_class *c, str name);

/* The character at s, which is not empty; *ret_n its bytes. Not UTF-8: U+FFFD and 1. */
uint32_t rune_at(str s, size_t *ret_n);

/* ---- the tree: regexp_parse.c ---- */

enum node_kind {
    NODE_EMPTY,
    NODE_CLASS,
    NODE_ASSERT,
    NODE_CONCAT, /* of its kids */
    NODE_ALTERNATE,
    NODE_REPEAT, /* of its only kid */
    NODE_KIND_MAX
};
enum assertion {
    ASSERT_LINE_START,
    ASSERT_LINE_END,
    ASSERT_TEXT_START,
    ASSERT_TEXT_END,
    ASSERT_WORD,
    ASSERT_NO_WORD,
    ASSERT_MAX
};

struct node {
    uint8_t kind, assertion;
    bool lazy;
    int32_t min, max; /* max -1: no limit */
    const struct rune_class *class;
    struct {
        struct node **v;
        uint32_t n;
    } kids;
};

int regexp_parse(struct arena *a, str pattern, struct err *e, struct node **ret);
