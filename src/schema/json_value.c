// SPDX-License-Identifier: Apache-2.0
/* Between structs and trees by way of the text: the tree has no rules of its own then, and the
 * strings of the result end up side by side. */
#include "schema/json.h"

static str text_dup(struct arena *a, struct buf *b) {
    str text = str_dup(a, buf_str(b));
    buf_done(b);
    return text;
}

int json_read_value(struct arena *a, const struct api_type *t, const struct value *v, void *ret,
                    const struct json_read_opts *opts, struct err *e) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, v);
    return json_read(a, t, text_dup(a, &b), ret, opts, e);
}

int json_write_value(struct arena *a, const struct api_type *t, const void *obj,
                     struct value *ret) {
    struct buf b;
    buf_init(&b, 0);
    json_write(&b, t, obj, 0, NULL);
    return value_parse(a, text_dup(a, &b), ret, NULL, NULL);
}
