// SPDX-License-Identifier: Apache-2.0
/* What the patch files share. Patches and documents are both an outsider's: what is linear in one
 * and repeated by the other is counted against a budget. */
#pragma once

#include "schema/patch.h"

/* Members and elements looked at in one patch, about 0.1 s of work: the 10,000 operations that a
 * JSON patch may have, on an object of 5,000 members. */
#define PATCH_STEPS_MAX (50u * 1000 * 1000)

struct merge {
    struct arena *a;
    struct err *e;
    uint64_t steps;
};

/* -E2BIG once the budget or the arena's limit is passed. */
static inline int merge_spend(struct merge *m, uint64_t steps) {
    m->steps += steps;
    if (m->steps <= PATCH_STEPS_MAX && !arena_over(m->a))
        return 0;
    return err_http(m->e, -E2BIG, 413, "RequestEntityTooLarge",
                    "the patch takes too much time or memory to apply");
}

/* "[]interface {}" and the like: what Go calls the type of a decoded JSON value. */
const char *value_go_type(const struct value *v);

/* What a row says about merging the elements of a list. */
struct list_rule {
    const struct api_type *t; /* of the elements, NULL when they are no messages */
    const char *merge_key;    /* NULL: scalars */
    bool merge;               /* strategy merge; otherwise the patch replaces */
};

/* patch_strategic.c: merges patch (used up) into doc. */
int merge_objects(struct merge *m, struct value *doc, struct value *patch, const struct api_type *t,
                  const char *go_kind);

/* patch_lists.c */
/* Merges patch (used up) into doc, both lists. deletes: patch lists scalars to take out. */
int merge_lists(struct merge *m, struct value *doc, struct value *patch,
                const struct list_rule *rule, bool deletes);
/* $setElementOrder: checks that the patch's elements stand in the order given. */
int check_element_order(struct merge *m, const struct value *patch, const struct value *order,
                        const char *merge_key);
/* Orders `merged` by `order`, and what is not in there by the live list `live`. */
int order_elements(struct merge *m, struct value *merged, const struct value *order,
                   const struct value *live, const char *merge_key);
/* The one type of all elements of both lists. */
int list_element_tag(struct merge *m, const struct value *x, const struct value *y,
                     enum value_tag *ret);
