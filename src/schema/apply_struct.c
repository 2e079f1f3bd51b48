// SPDX-License-Identifier: Apache-2.0
/* Apply on structs: what clients would see of them decides, so both ways go through trees. */
#include "schema/apply.h"
#include "schema/json.h"

/* What an object of the type is before anything is said of it. */
static struct value empty_of(struct arena *a, const struct api_type *t) {
    struct value v = {.tag = VALUE_OBJECT};
    json_write_value(a, t, arena_zalloc(a, t->size), &v);
    return v;
}

int apply_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                 const struct value *config, void *ret, bool *ret_changed,
                 struct apply_conflicts *conflicts, struct err *e) {
    struct apply_request own = *q;
    struct value empty = empty_of(q->a, t), tree, merged;
    own.empty = &empty;
    int r = json_write_value(q->a, t, live, &tree);
    if (r == 0)
        r = apply_object(&own, &tree, config, &merged, ret_changed, conflicts, e);
    return r < 0 ? r : json_read_value(q->a, t, &merged, ret, NULL, e);
}

int apply_track_struct(const struct apply_request *q, const struct api_type *t, const void *live,
                       const void *now, bool reset, void *ret, struct err *e) {
    struct apply_request own = *q;
    struct value empty = empty_of(q->a, t), from, to, tracked;
    own.empty = &empty;
    int r = json_write_value(q->a, t, live, &from);
    if (r == 0)
        r = json_write_value(q->a, t, now, &to);
    if (r == 0)
        r = apply_track(&own, &from, &to, reset, &tracked, e);
    return r < 0 ? r : json_read_value(q->a, t, &tracked, ret, NULL, e);
}
