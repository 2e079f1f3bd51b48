// SPDX-License-Identifier: Apache-2.0
/* Label and field selectors. What is parsed lives in the arena and may point into the text. */
#pragma once

#include "api/resource.h"

enum select_op {
    SELECT_EQUALS, /* = and == */
    SELECT_NOT_EQUALS,
    SELECT_IN,
    SELECT_NOT_IN,
    SELECT_EXISTS,
    SELECT_NOT_EXISTS,
    SELECT_GREATER,
    SELECT_LESS,
    SELECT_OP_MAX,
};

struct requirement {
    str key;
    str_list values; /* sorted, each once */
    uint8_t op;
    bool double_equals; /* was written == */
};

/* All requirements hold; none: everything is selected. */
struct selector {
    struct {
        struct requirement *v;
        uint32_t n;
    } list;       /* sorted by key */
    bool nothing; /* selects nothing (an absent LabelSelector) */
};

#define SELECTOR_TEXT_MAX  (64 * 1024)
#define SELECTOR_TERMS_MAX 4096

/* "a in (b,c),!d,e=f,g>5". -EINVAL with upstream's text. */
int selector_parse(struct arena *a, str text, struct selector *ret, struct err *e);
/* A LabelSelector of an object; NULL selects nothing, an empty one everything. */
int selector_of(struct arena *a, const LabelSelector *s, struct selector *ret, struct err *e);
/* spec.selector of Services and ReplicationControllers; sorted as all maps are. */
void selector_of_map(struct arena *a, const str_map *m, struct selector *ret);
bool selector_matches(const struct selector *s, const str_map *labels);
bool requirement_matches(const struct requirement *r, const str_map *labels);
static inline bool selector_empty(const struct selector *s) {
    return !s->nothing && !s->list.n;
}
str selector_str(struct arena *a, const struct selector *s);
/* The value a label must have, when the selector says so; STR_NONE otherwise. */
str selector_exact(const struct selector *s, str key);

/* Value of a label; STR_NONE when absent. Maps of objects are sorted by key. */
str label_get(const str_map *labels, str key);
static inline bool label_has(const str_map *labels, str key) {
    return label_get(labels, key).p != NULL;
}

/* ---- fields ---- */

struct field_term {
    struct api_selectable field;
    str value;
    bool not ;
};
struct field_selector {
    struct {
        struct field_term *v;
        uint32_t n;
    } list;
};

/* "metadata.name=x,spec.nodeName!=y" for a resource; -EINVAL with upstream's text. */
int field_selector_parse(struct arena *a, const struct api_resource *r, str text,
                         struct field_selector *ret, struct err *e);
/* obj is of the storage type. */
bool field_selector_matches(struct arena *a, const struct field_selector *s, const void *obj);
static inline bool field_selector_empty(const struct field_selector *s) {
    return !s->list.n;
}
/* The value a field must have ("metadata.name"), or STR_NONE. */
str field_selector_exact(const struct field_selector *s, const char *label);
str field_selector_str(struct arena *a, const struct field_selector *s);
