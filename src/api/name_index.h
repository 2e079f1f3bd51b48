// SPDX-License-Identifier: Apache-2.0
/* Names in a list, sorted: clients send lists as long as they like, so that comparing each with
 * each would let them keep the server busy. */
#pragma once

#include "base/str.h"

struct name_index {
    struct name_at {
        str name;
        uint32_t at; /* in the list */
    } * v;           /* by name, then by place */
    uint32_t n;
};

/* first: address of the name in the first of n elements of `stride` bytes. */
struct name_index name_index_of(struct arena *a, const str *first, uint32_t n, size_t stride);
/* Of a list {v, n}, by a member of its elements. */
#define NAME_INDEX(arena_, list_, member_)                                                         \
    name_index_of(arena_, (list_).n ? &(list_).v[0].member_ : NULL, (list_).n, sizeof((list_).v[0]))
int64_t name_index_first(const struct name_index *x, str name); /* lowest place, or -1 */
int64_t name_index_last(const struct name_index *x, str name);  /* highest place, or -1 */
uint32_t name_index_count(const struct name_index *x, str name);
/* Two texts as one name, that no other two make; in the arena. */
str pair_key(struct arena *a, str x, str y);
static inline bool name_index_has(const struct name_index *x, str name) {
    return name_index_first(x, name) >= 0;
}
