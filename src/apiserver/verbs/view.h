// SPDX-License-Identifier: Apache-2.0
/* How a subresource looks at its object: which part it shows, which part it changes. */
#pragma once

#include "apiserver/verbs/write.h"

struct view {
    const char *resource, *subresource; /* resource NULL: any */
    /* Body's type when it is not the object itself (Scale). */
    const struct api_type *type;
    const char *group, *kind; /* of that body, for errors; NULL: the object's */
    void *(*get)(struct write *w, const void *obj);
    /* obj := old with the view's part taken from body (of the object's type, or of `type`). */
    void *(*put)(struct write *w, const void *body);
    void (*validate)(struct field_errors *fe, const void *body);
    bool is_status; /* hooks' prepare_status and validate_status apply */
};

const struct view *view_of(const struct api_resource *res, const struct api_subresource *sub);
/* The member `name` of an object of type t; NULL when there is none. */
void *object_member(const struct api_type *t, const void *obj, const char *name, size_t *ret_size);
