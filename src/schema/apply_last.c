// SPDX-License-Identifier: Apache-2.0
/* From client-side to server-side apply. kubectl kept what it applied in an annotation; when it
 * starts to apply on the server, fields that are as it left them do not conflict. */
#include "schema/apply_impl.h"

#define LAST_APPLIED    "kubectl.kubernetes.io/last-applied-configuration"
#define ANNOTATIONS_MAX (256 * 1024) /* bytes of all keys and values of an object */

static const struct value *annotations(const struct value *object) {
    return value_getc(value_getc(object, "metadata"), "annotations");
}

bool last_applied_fields(const struct apply_request *q, const struct value *live,
                         struct fieldset *ret) {
    str text = value_str(value_getc(annotations(live), LAST_APPLIED));
    struct value last;
    struct field_schema s = q->version.schema;
    if (!text.n || value_parse(q->a, text, &last, NULL, NULL) < 0 ||
        !str_eq(value_str(value_getc(&last, "apiVersion")), q->api_version) ||
        field_validate(q->a, s, &last, false, NULL) < 0 ||
        field_validate(q->a, s, live, false, NULL) < 0)
        return false;
    struct field_changes c = field_compare(q->a, s, &last, live);
    struct fieldset fields = field_paths(q->a, s, &last);
    fields = fieldset_difference(q->a, &fields, &c.modified);
    fields = fieldset_difference(q->a, &fields, &c.added);
    *ret = fieldset_difference(q->a, &fields, &c.removed);
    return true;
}

/* What was applied, without the annotation itself. */
static str configuration(struct arena *a, const struct value *config) {
    struct value copy;
    struct buf b;
    value_copy(a, config, &copy);
    struct value *meta = value_getc(&copy, "metadata"), *notes = value_getc(meta, "annotations");
    if (notes && notes->tag == VALUE_OBJECT)
        value_remove(notes, STR(LAST_APPLIED));
    value_sort(&copy);
    buf_init(&b, 0);
    value_write(&b, &copy);
    buf_addc(&b, '\n');
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

static size_t size_of(const struct value *notes) {
    size_t n = 0;
    for (uint32_t i = 0; i < notes->object.n; i++)
        n += notes->object.v[i].key.n + value_str(&notes->object.v[i].value).n;
    return n;
}

void last_applied_update(struct arena *a, const struct value *config, struct value *object) {
    const struct value *old = value_getc(annotations(object), LAST_APPLIED);
    if (!value_str(old).n)
        return;
    /* Parts of the tree are shared with others: the way down is copied. */
    struct value meta = *value_getc(object, "metadata"), notes = *annotations(object);
    struct value top = *object;
    top.object.v = arena_dup(a, top.object.v, top.object.n * sizeof(struct member));
    meta.object.v = arena_dup(a, meta.object.v, meta.object.n * sizeof(struct member));
    notes.object.v = arena_dup(a, notes.object.v, notes.object.n * sizeof(struct member));
    *value_getc(&notes, LAST_APPLIED) =
        (struct value){.tag = VALUE_STR, .s = configuration(a, config)};
    if (size_of(&notes) > ANNOTATIONS_MAX)
        value_remove(&notes, STR(LAST_APPLIED));
    *value_getc(&meta, "annotations") = notes;
    *value_getc(&top, "metadata") = meta;
    *object = top;
}
