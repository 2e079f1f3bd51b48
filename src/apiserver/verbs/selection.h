// SPDX-License-Identifier: Apache-2.0
/* Label and field selectors of a request against the index headers of stored objects: nothing is
 * decoded for a field that objects carry. */
#pragma once

#include "api/selector.h"
#include "apiserver/verbs/options.h"

struct selection {
    struct selector labels;
    struct field_selector fields;
    /* Where fields.list.v[i] is found: FIELD_NAME, FIELD_NS, FIELD_DECODE, or an index into
     * object.fields. */
    int *where;
};
#define FIELD_NAME   (-1)
#define FIELD_NS     (-2)
#define FIELD_DECODE (-3)

/* -EINVAL with upstream's text. */
int selection_init(struct arena *a, const struct api_resource *res, const struct list_options *o,
                   struct selection *ret, struct err *e);
static inline bool selection_empty(const struct selection *s) {
    return selector_empty(&s->labels) && field_selector_empty(&s->fields);
}
bool selection_matches(const struct selection *s, const struct object *o);
