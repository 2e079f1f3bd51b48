// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>

#include "api/structural/result.h"
#include "base/vec.h"

static void spot_print(struct buf *b, const struct spot *at) {
    if (!at->up)
        return;
    spot_print(b, at->up);
    if (at->element) {
        buf_printf(b, "[%lld]", (long long)at->index);
        return;
    }
    if (b->n || at->dotted)
        buf_addc(b, '.');
    buf_add(b, at->name);
}

static str take(struct arena *a, struct buf *b) {
    str s = str_dup(a, buf_str(b));
    buf_done(b);
    return s;
}

str spot_text(struct arena *a, const struct spot *at) {
    struct buf b = {0};
    spot_print(&b, at);
    return take(a, &b);
}

str value_shown(struct arena *a, const struct value *v) {
    struct buf b = {0};
    value_write(&b, v);
    return take(a, &b);
}

void result_add(struct result *r, const struct problem *p) {
    for (uint32_t i = 0; i < r->list.n; i++)
        if (str_eq(r->list.v[i].text, p->text))
            return;
    if (r->list.n < PROBLEMS_MAX)
        *list_push(r->arena, &r->list) = *p;
}

void result_merge(struct result *r, const struct result *from) {
    for (uint32_t i = 0; i < from->list.n; i++)
        result_add(r, &from->list.v[i]);
    r->matches += from->matches;
}

void result_invalid(struct result *r, const struct spot *at, str value, const char *fmt, ...) {
    va_list ap;
    str where = spot_text(r->arena, at);
    va_start(ap, fmt);
    str text = str_vprintf(r->arena, fmt, ap);
    va_end(ap);
    text = str_printf(r->arena, STR_FMT " in body " STR_FMT, STR_ARG(where), STR_ARG(text));
    result_add(r, &(struct problem){.type = FIELD_INVALID,
                                    .where = where,
                                    .value = value.p ? value : STR("\"\""),
                                    .text = text,
                                    .detail = text});
}

void result_whole(struct result *r, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    str text = str_vprintf(r->arena, fmt, ap);
    va_end(ap);
    result_add(r, &(struct problem){.type = FIELD_INVALID,
                                    .whole = true,
                                    .value = STR("\"\""),
                                    .text = text,
                                    .detail = text});
}

void result_type(struct result *r, const struct spot *at, const char *want, str is) {
    struct buf b = {0};
    go_quote(&b, is);
    str where = spot_text(r->arena, at), shown = take(r->arena, &b);
    str text = str_printf(r->arena, STR_FMT " in body must be of type %s: " STR_FMT, STR_ARG(where),
                          want, STR_ARG(shown));
    result_add(r, &(struct problem){.type = FIELD_TYPE_INVALID,
                                    .where = where,
                                    .value = shown,
                                    .text = text,
                                    .detail = text});
}

void result_tell(const struct result *r, const struct structural_check *c) {
    struct field_errors *fe = c->fe;
    for (uint32_t i = 0; i < r->list.n; i++) {
        const struct problem *p = &r->list.v[i];
        str where = str_slice(p->where, p->where.n && p->where.p[0] == '.', p->where.n);
        const struct field_path *at =
            p->whole || !where.n ? c->at : PATH(c->at, str_cdup(fe->arena, where));
        field_error_add(fe, &(struct field_error){.type = p->type,
                                                  .field = field_path_str(fe->arena, at),
                                                  .value = p->value,
                                                  .detail = p->detail});
    }
}
