// SPDX-License-Identifier: Apache-2.0
/* Sets of the fields of objects, and of their differences. */
#pragma once

#include "schema/field_schema.h"

/* Every leaf of the object, and every item of a granular list or map. The set points into the tree.
 * Items that cannot be told apart (no key, or a key twice) are owned as one. */
struct fieldset field_paths(struct arena *a, struct field_schema s, const struct value *v);
/* The same of a struct, as if it had been written as JSON. The set points into the struct. */
struct fieldset field_paths_struct(struct arena *a, const struct api_type *t, const void *obj);

/* What changed from one object to another; no path is in two of the sets. */
struct field_changes {
    struct fieldset removed, modified, added;
};
struct field_changes field_compare(struct arena *a, struct field_schema s, const struct value *from,
                                   const struct value *to);

/* What field_compare says was added or modified from a zero struct to this one, as one set; most
 * objects that are tracked are new. False: only trees tell, for there is raw JSON in it whose parts
 * have owners. */
bool field_paths_added(struct arena *a, const struct api_type *t, const void *obj,
                       struct fieldset *ret);

/* Trees of what differs between two structs, as JSON shows them: field_compare says of them what it
 * says of the whole trees. Most writes change little, and trees are the dear part. */
void field_changed_parts(struct arena *a, const struct api_type *t, const void *from,
                         const void *to, struct value *ret_from, struct value *ret_to);

/* With every named field on the way to a member as a member. */
struct fieldset field_paths_named(struct arena *a, struct field_schema s,
                                  const struct fieldset *set);
/* What a set says once the schema has changed: parts of what is atomic now become the whole.
 * Returns false, and leaves *ret alone, when nothing changes. */
bool field_paths_reconcile(struct arena *a, struct field_schema s, const struct fieldset *set,
                           struct fieldset *ret);

/* Members and items of two containers, found by key. */
struct member_index {
    const struct value *object;
    const struct member **sorted; /* NULL: few enough to look at each */
};
struct member_index member_index(struct arena *a, const struct value *object); /* may be NULL */
/* `hint` is where it would be if both containers had one order. */
const struct value *member_find(const struct member_index *x, str key, uint32_t hint);

struct item {
    struct path_element at;
    uint32_t place; /* in the list */
};
/* The items of a granular list that have an element, sorted by it and then by place. */
struct item_index {
    struct item *v;
    uint32_t n;
};
struct item_index item_index(struct arena *a, struct field_schema list, const struct value *items);
/* The first item with this element and how many there are; -1: none. */
int64_t item_find(const struct item_index *x, const struct path_element *at, uint32_t *ret_n);
