// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "schema/apply_impl.h"
#include "schema/ops.h"

#define CONFLICTS_MAX 1000 /* named one by one; more are only counted */

static str who_text(struct arena *a, const struct managed_entry *x) {
    struct buf b;
    buf_init(&b, 0);
    go_quote(&b, x->manager);
    if (x->subresource.n) {
        buf_adds(&b, " with subresource ");
        go_quote(&b, x->subresource);
    }
    if (!x->applied) {
        buf_adds(&b, " using ");
        buf_add(&b, x->api_version);
    }
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

struct lister {
    struct arena *a;
    struct apply_conflicts *out;
    uint32_t room;
    str who;
};

static void add_path(void *ctx, const struct path_element *path, unsigned n) {
    struct lister *l = ctx;
    struct buf b;
    if (l->out->n == l->room)
        return;
    buf_init(&b, 0);
    for (unsigned i = 0; i < n; i++)
        element_print(&b, &path[i]);
    l->out->v[l->out->n++] = (struct apply_conflict){l->who, str_dup(l->a, buf_str(&b))};
    buf_done(&b);
}

static int by_writer(const void *p, const void *q) {
    const struct conflict *x = p, *y = q;
    return str_cmp(x->id, y->id);
}

static str message(struct arena *a, const struct apply_conflicts *c, size_t total) {
    struct buf b;
    buf_init(&b, 0);
    if (total == 1)
        buf_printf(&b, "Apply failed with 1 conflict: conflict with " STR_FMT ": " STR_FMT,
                   STR_ARG(c->v[0].who), STR_ARG(c->v[0].path));
    else
        buf_printf(&b, "Apply failed with %zu conflicts: ", total);
    for (uint32_t i = 0; i < c->n && total > 1; i++) {
        if (i == 0 || !str_eq(c->v[i].who, c->v[i - 1].who))
            buf_printf(&b, "%sconflicts with " STR_FMT ":", i ? "\n" : "", STR_ARG(c->v[i].who));
        buf_printf(&b, "\n- " STR_FMT, STR_ARG(c->v[i].path));
    }
    str text = str_dup(a, buf_str(&b));
    buf_done(&b);
    return text;
}

int conflicts_error(struct arena *a, struct conflict_list *c, struct apply_conflicts *ret,
                    struct err *e) {
    struct apply_conflicts out = {0};
    size_t total = 0;
    for (uint32_t i = 0; i < c->n; i++)
        c->v[i].id = managed_id(a, &c->v[i].with);
    if (c->n)
        qsort(c->v, c->n, sizeof(*c->v), by_writer);
    for (uint32_t i = 0; i < c->n; i++)
        total += fieldset_size(&c->v[i].fields);
    struct lister l = {a, &out, (uint32_t)MIN(total, CONFLICTS_MAX), STR_NONE};
    out.v = arena_array(a, l.room, sizeof(*out.v));
    for (uint32_t i = 0; i < c->n; i++) {
        l.who = who_text(a, &c->v[i].with);
        fieldset_each(&c->v[i].fields, &(struct field_path_walk){add_path, &l});
    }
    out.message = message(a, &out, total);
    if (ret)
        *ret = out;
    return err_http(e, -EEXIST, 409, "Conflict", STR_FMT, STR_ARG(out.message));
}
