// SPDX-License-Identifier: Apache-2.0
/* One evaluation, as the functions see it. */
#pragma once

#include "base/buf.h"
#include "cel/eval.h"
#include "cel/value.h"

#define CEL_EVAL_BYTES_MAX (64u << 20) /* that one evaluation may take */

struct cel_run {
    struct arena *arena;
    const struct cel_env *env;
    const struct cel_activation *vars;
    uint64_t cost, limit;
    size_t taken; /* of the arena, at the start */
    bool stopped; /* the limit was passed: everything is this error from then on */
};

#define CEL_STOPPED "operation cancelled: actual cost limit exceeded"

/* Counts; false: stopped. */
bool cel_spend(struct cel_run *r, uint64_t cost);

struct cel_value cel_fail(struct cel_run *r, const char *fmt, ...) PRINTF(2, 3);
struct cel_value cel_no_overload(void);
struct cel_value cel_of_list(const struct cel_list *l);
struct cel_value cel_of_map(const struct cel_map *m);
struct cel_value cel_of_opaque(struct cel_run *r, const struct cel_type *t, const void *data);
struct cel_value cel_some(struct cel_run *r, struct cel_value v);
struct cel_value cel_none(void);
/* The data of a value of a library's type, else NULL. */
const void *cel_data(struct cel_value v, const struct cel_type *t);

/* Texts as string(...) gives them; false: there is none. */
/* Of a value of a library. */
bool cel_opaque_text(struct arena *a, const struct cel_opaque *o, str *ret);
bool cel_text_of(struct cel_run *r, struct cel_value v, str *ret);

/* What an evaluation may still take: the limit of a buffer that it fills. */
size_t cel_room(const struct cel_run *r);
/* The text of such a buffer, which is done then. */
struct cel_value cel_finished(struct cel_run *r, struct buf *b);
/* In quotes, with escapes. */
void cel_quote(struct buf *b, str s);
