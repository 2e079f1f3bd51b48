// SPDX-License-Identifier: Apache-2.0
/* What ownership of fields needs to know of a type: whether a value is one leaf, a map whose keys
 * have owners of their own, or a list whose items are told apart by keys or by value. A cursor over
 * the rows. A value without a schema is owned whole in a built-in type (RawExtension); in a custom
 * resource (a GRANULAR row of raw JSON) it is taken for what it looks like: maps by key, lists
 * whole.
 *
 * Terms are those of structured-merge-diff: atomic is owned whole, granular by part. */
#pragma once

#include "schema/fieldset.h"
#include "schema/type.h"

enum schema_shape { SHAPE_ANY, SHAPE_SCALAR, SHAPE_LIST, SHAPE_MAP, SHAPE_MAX };
enum schema_scalar { SCALAR_UNTYPED, SCALAR_NUMERIC, SCALAR_STRING, SCALAR_BOOL, SCALAR_MAX };

struct field_schema {
    uint8_t shape, scalar;
    bool atomic;
    bool item;                 /* of f: one element, not the list or map itself */
    const struct api_type *t;  /* MAP: the fields of a struct; NULL: a map, by f */
    const struct api_field *f; /* LIST, or MAP without t; NULL: of anything */
};

/* The schema of a row's member. */
struct field_schema schema_of_row(const struct api_field *f);
/* The schema of an object; NULL: of an object about which nothing is known. */
struct field_schema schema_root(const struct api_type *t);
/* ANY becomes what the value is (NULL and null stay ANY); any other schema is itself. */
struct field_schema schema_of(struct field_schema s, const struct value *v);
static inline bool schema_same(struct field_schema x, struct field_schema y) {
    return x.shape == y.shape && x.t == y.t && x.f == y.f;
}
/* A named field of a MAP; false for a key that only a map's elements explain. */
bool schema_named(struct field_schema s, str name, struct field_schema *ret);
/* Elements of a LIST or of a MAP without t. */
struct field_schema schema_element(struct field_schema s);
/* The schema at a key of a MAP, named or not; *ret_named says which. -ENOENT: there is no such
 * field. */
int schema_key(struct field_schema s, str name, struct field_schema *ret, bool *ret_named);

/* What stands for an item of a granular list. -EINVAL with the reason, which is about the item.
 * The element may point into the item. */
int schema_item_element(struct arena *a, struct field_schema list, const struct value *item,
                        struct path_element *ret, struct err *e);
/* A key that an item leaves out has the default that the published schema shows: the one the row
 * names, or the zero value of a field that is never left out. False: it has none. */
bool schema_key_default(struct arena *a, const struct api_type *t, str name, struct value *ret);
/* An object with room for these keys, and one put among the others in order of their names. */
struct value *schema_new_keys(struct arena *a, const char *names);
void schema_add_key(struct value *keys, struct member key);
static inline bool schema_is_keyed(struct field_schema s) {
    return s.f && (s.f->flags & LIST_MAP);
}
