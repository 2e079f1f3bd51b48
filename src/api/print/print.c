// SPDX-License-Identifier: Apache-2.0
/* Tables for kubectl get. The server always answers every column; the client hides those of
 * priority 1 unless asked for wide output. Cells are made from the stored version of an object, so
 * that there is one printer a kind. */
#include "api/print/print_impl.h"
#include "base/time.h"

static const struct print_column name_and_time[] = {COLUMN_NAME, {"Created At", "date", "", "", 0}};

static void print_name_and_time(struct row *r, const void *obj) {
    const ObjectMeta *m = obj;
    char text[TIME_TEXT_MAX];
    cell_text(r, m->name);
    cell_text(r, m->creation_timestamp.set ? time_format(text, m->creation_timestamp.sec, 0, 0)
                                           : STR("<unknown>"));
}

static const struct printer plain = {name_and_time, ARRAY_LEN(name_and_time), print_name_and_time};

static const struct printer *const table[RESOURCE_ID_MAX] = {
#define KIND(id_) [RESOURCE_ID(id_)] = &printer_##id_,
#include "api/print/print.def"
#undef KIND
};

const struct api_resource print_scale_resource = {
    .group = "autoscaling",
    .version = "v1",
    .kind = "Scale",
    .type = &Scale_type,
    .storage = &print_scale_resource,
};

static const struct printer *printer_of(const struct api_resource *r) {
    if (r == &print_scale_resource)
        return &printer_scale;
    uintptr_t first = (uintptr_t)api_resources, at = (uintptr_t)r;
    if (at < first || at >= first + sizeof(api_resources))
        return &plain;
    const struct printer *p = table[r - api_resources];
    return p ? p : &plain;
}

const struct print_column *print_columns(const struct api_resource *r, size_t *ret_n) {
    const struct printer *p = printer_of(r);
    *ret_n = p->n;
    return p->columns;
}

void print_cells(struct buf *b, const struct api_resource *r, const void *obj, int64_t now) {
    struct arena a;
    arena_init(&a, 0);
    struct row row = {.b = b, .arena = &a, .now = now};
    buf_addc(b, '[');
    printer_of(r)->print(&row, obj);
    buf_addc(b, ']');
    arena_done(&a);
}
