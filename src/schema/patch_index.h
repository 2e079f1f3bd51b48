// SPDX-License-Identifier: Apache-2.0
/* Finding members and elements while a patch changes them. Small objects and lists are scanned,
 * large ones hashed, so that patching many things in something large is no product of the two. */
#pragma once

#include "base/buf.h"
#include "base/map.h"
#include "schema/value.h"

#define PATCH_HASHED_FROM 32 /* members or elements from which a hash pays */

/* The members of an object being changed. Pointers hold until the end; removed members are marked
 * and squeezed out there. */
struct members {
    struct value *object;
    struct map map; /* key -> index + 1 */
    bool hashed;
};
/* `more`: how many members will be added and how often something is looked for, at most. */
void members_begin(struct members *ms, struct arena *a, struct value *object, uint32_t more);
struct member *members_get(struct members *ms, str key); /* NULL when absent */
struct member *members_add(struct members *ms, str key); /* null; not there yet */
void members_remove(struct member *x);
void members_end(struct members *ms);

/* The elements of a list by merge key, or by value where there is none. The list may grow at its
 * end between look-ups. */
struct elements {
    const struct value *list;
    const char *merge_key;
    struct map map; /* identity -> index + 1 of the first */
    uint32_t indexed;
    bool hashed;
    struct buf key;
};
void elements_begin(struct elements *es, const struct value *list, const char *merge_key);
/* Index of the first element with this identity, or -1. Elements without one never match. */
int64_t elements_find(struct elements *es, const struct value *id);
void elements_end(struct elements *es);
