// SPDX-License-Identifier: Apache-2.0
/* Sets of fields of an object: what metadata.managedFields keeps for each writer (FieldsV1).
 *
 * A path goes down from the object by elements: a field of a struct or key of a map ("f:spec"), an
 * item of a list by its keys (k:{"name":"a"}), an item of a list of scalars by its value (v:"x/y"),
 * or an index (i:3). A set is a tree of such elements; each may be a member, have something below
 * it, or both.
 *
 * Sets are values: no operation changes its operands, and results share parts with them, so all
 * live in the arena of a request. Every node is a member or has something below it, and each level
 * is in canonical order (fields, keys, values, indices; each by its own order), so two sets are
 * equal exactly when their trees are. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "schema/value.h"

enum element_kind { ELEMENT_FIELD, ELEMENT_KEYS, ELEMENT_VALUE, ELEMENT_INDEX, ELEMENT_KIND_MAX };

struct path_element {
    union {
        str name;                  /* FIELD */
        const struct value *value; /* KEYS: an object with its members by name; VALUE: a scalar */
        int64_t index;
    };
    uint8_t kind;
};
#define FIELD_ELEMENT(name_) ((struct path_element){.kind = ELEMENT_FIELD, .name = (name_)})

struct field_node;
struct fieldset {
    struct field_node *v;
    uint32_t n;
};
struct field_node {
    struct path_element at;
    uint8_t marks; /* not 0: a member. Sets in use have FIELD_MEMBER only; see fieldset_pick */
    struct fieldset below;
};
#define FIELD_MEMBER 1u

/* From the tree of FieldsV1. Elements of a kind that is not known are dropped with all below them.
 * -EINVAL on any other malformed element. The tree (bounded in depth and size by its parser) must
 * live as long as the set. */
int fieldset_read(struct arena *a, const struct value *v, struct fieldset *ret, struct err *e);
/* From the text of FieldsV1, which must live as long. */
int fieldset_parse(struct arena *a, str json, struct fieldset *ret, struct err *e);
/* One element from its name in FieldsV1, which must live as long. 1: its kind is not known. */
int fieldset_element(struct arena *a, str key, struct path_element *ret, struct err *e);
/* Whether a member of the set is one of the set that a canonical text says. True without being so
 * when only reading the text tells: it is malformed, or has parts of what is whole in the set. */
bool fieldset_text_meets(struct arena *a, str json, const struct fieldset *s);
/* Appends FieldsV1 in canonical order. */
void fieldset_write(struct buf *b, const struct fieldset *s);
/* The same as a tree. */
void fieldset_to_value(struct arena *a, const struct fieldset *s, struct value *ret);

static inline bool fieldset_empty(const struct fieldset *s) {
    return s->n == 0;
}
size_t fieldset_size(const struct fieldset *s); /* members */
bool fieldset_equal(const struct fieldset *x, const struct fieldset *y);
bool fieldset_has(const struct fieldset *s, const struct path_element *path, unsigned n);
/* The node of this element, or NULL. */
const struct field_node *fieldset_find(const struct fieldset *s, const struct path_element *at);
/* The paths that begin with this element, without it. */
struct fieldset fieldset_below(const struct fieldset *s, const struct path_element *at);

struct fieldset fieldset_union(struct arena *a, const struct fieldset *x, const struct fieldset *y);
struct fieldset fieldset_intersection(struct arena *a, const struct fieldset *x,
                                      const struct fieldset *y);
/* Members of x that are none of y; a member of y takes nothing below itself out. */
struct fieldset fieldset_difference(struct arena *a, const struct fieldset *x,
                                    const struct fieldset *y);
/* Here a member of y takes out all below itself too. */
struct fieldset fieldset_without(struct arena *a, const struct fieldset *x,
                                 const struct fieldset *y);
/* Members with nothing below them. */
struct fieldset fieldset_leaves(struct arena *a, const struct fieldset *s);
/* The set of one path. */
struct fieldset fieldset_of_path(struct arena *a, const struct path_element *path, unsigned n);
/* The set of paths "spec.replicas" of plain field names, separated by commas. Reset fields are
 * written so; the text must live as long as the set. */
struct fieldset fieldset_of_names(struct arena *a, str paths);
/* The members on the way to these paths and all below them: "spec.containers.*.resources", with *
 * for any element, separated by commas (FIELD_PATTERNS_MAX at most). */
struct fieldset fieldset_matching(struct arena *a, const struct fieldset *s, str patterns);
#define FIELD_PATTERNS_MAX 8
/* A tree with several marks a node is several sets in one: the set of those with any of `marks`. */
struct fieldset fieldset_pick(struct arena *a, const struct fieldset *s, unsigned marks);

/* Members, those of a level before those below it, in order. */
struct field_path_walk {
    void (*on_path)(void *ctx, const struct path_element *path, unsigned n);
    void *ctx;
};
void fieldset_each(const struct fieldset *s, const struct field_path_walk *w);

/* Order of elements: 0 when equal, numbers by value whatever their type. */
int element_cmp(const struct path_element *x, const struct path_element *y);
int value_cmp(const struct value *x, const struct value *y);
/* Appends ".spec", "[name=\"a\"]", "[=\"x\"]", "[3]": how messages name an element. */
void element_print(struct buf *b, const struct path_element *at);

/* Sorts a level and joins equal elements: their marks and what is below them. */
void fieldset_finish(struct arena *a, struct fieldset *s);
/* Sorts only; says whether two elements are equal. */
bool fieldset_sort(struct fieldset *s);
