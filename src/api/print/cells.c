// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/print/print_impl.h"
#include "base/env.h"
#include "base/vec.h"
#include "schema/value.h"

/* ---- durations ---- */

enum { MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR, YEAR = 365 * DAY };

static void two_units(struct buf *b, int64_t big, char big_unit, int64_t small, char small_unit) {
    buf_printf(b, "%lld%c", (long long)big, big_unit);
    if (small)
        buf_printf(b, "%lld%c", (long long)small, small_unit);
}

void print_duration(struct buf *b, int64_t s) {
    if (s < -1)
        buf_adds(b, "<invalid>");
    else if (s < 0)
        buf_adds(b, "0s");
    else if (s < 2 * MINUTE)
        two_units(b, s, 's', 0, 0);
    else if (s < 10 * MINUTE)
        two_units(b, s / MINUTE, 'm', s % MINUTE, 's');
    else if (s < 3 * HOUR)
        two_units(b, s / MINUTE, 'm', 0, 0);
    else if (s < 8 * HOUR)
        two_units(b, s / HOUR, 'h', s % HOUR / MINUTE, 'm');
    else if (s < 2 * DAY)
        two_units(b, s / HOUR, 'h', 0, 0);
    else if (s < 8 * DAY)
        two_units(b, s / DAY, 'd', s % DAY / HOUR, 'h');
    else if (s < 2 * YEAR)
        two_units(b, s / DAY, 'd', 0, 0);
    else if (s < 8 * YEAR)
        two_units(b, s / YEAR, 'y', s % YEAR / DAY, 'd');
    else
        two_units(b, s / YEAR, 'y', 0, 0);
}

str age_text(struct row *r, Time since) {
    if (!since.set)
        return STR("<unknown>");
    struct buf b;
    buf_init(&b, 0);
    int64_t seconds = r->now / NSEC_PER_SEC - since.sec, nsec = r->now % NSEC_PER_SEC - since.nsec;
    /* Cut towards zero. */
    if (seconds > 0 && nsec < 0)
        seconds--;
    else if (seconds < 0 && nsec > 0)
        seconds++;
    print_duration(&b, seconds);
    str s = str_dup(r->arena, buf_str(&b));
    buf_done(&b);
    return s;
}

/* ---- lists ---- */

str join(struct arena *a, str_list l, const char *sep) {
    return str_join(a, l.v, l.n, str_of(sep));
}

str join_some(struct arena *a, str_list l, uint32_t max, const char *sep) {
    if (l.n <= max)
        return join(a, l, sep);
    str head = str_join(a, l.v, max, str_of(sep));
    return str_printf(a, STR_FMT " + %u more...", STR_ARG(head), l.n - max);
}

void list_add(struct arena *a, str_list *l, str s) {
    *list_push(a, l) = s;
}

static int by_text(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

void list_sort_unique(str_list *l) {
    if (l->n)
        qsort(l->v, l->n, sizeof(str), by_text);
    uint32_t n = 0;
    for (uint32_t i = 0; i < l->n; i++)
        if (!n || !str_eq(l->v[n - 1], l->v[i]))
            l->v[n++] = l->v[i];
    l->n = n;
}

str labels_text(struct arena *a, const str_map *m) {
    str_list l = {0};
    for (uint32_t i = 0; i < m->n; i++)
        list_add(a, &l,
                 str_printf(a, STR_FMT "=" STR_FMT, STR_ARG(m->v[i].key), STR_ARG(m->v[i].value)));
    return m->n ? join(a, l, ",") : STR("<none>");
}

/* ---- cells ---- */

static void next(struct row *r) {
    if (r->begun)
        buf_addc(r->b, ',');
    r->begun = true;
}

void cell_text(struct row *r, str s) {
    next(r);
    json_quote(r->b, s);
}

void cell_textc(struct row *r, const char *s) {
    cell_text(r, str_of(s));
}

void cell_or(struct row *r, str s, const char *otherwise) {
    cell_text(r, s.n ? s : str_of(otherwise));
}

void cell_int(struct row *r, int64_t v) {
    next(r);
    buf_add_i64(r->b, v);
}

void cell_bool(struct row *r, bool v) {
    next(r);
    buf_add(r->b, v ? STR("true") : STR("false"));
}

void cell_age(struct row *r, Time since) {
    cell_text(r, age_text(r, since));
}

#define CELL_FMT_MAX 1024

void cell_fmt(struct row *r, const char *fmt, ...) {
    char text[CELL_FMT_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    cell_text(r, str_n(text, MIN((size_t)MAX(n, 0), sizeof(text) - 1)));
}

void cell_map(struct row *r, const str_map *labels) {
    cell_text(r, labels_text(r->arena, labels));
}

void cell_selector(struct row *r, const LabelSelector *selector) {
    struct selector s;
    struct err e;
    if (!selector) {
        cell_textc(r, "<none>");
    } else if (selector_of(r->arena, selector, &s, &e) < 0) {
        cell_textc(r, "<error>");
    } else {
        cell_or(r, selector_str(r->arena, &s), "<none>");
    }
}

void cell_joined(struct row *r, const str_list *l, const char *sep) {
    cell_text(r, join(r->arena, *l, sep));
}

void cells_containers(struct row *r, const PodSpec *s) {
    str_list names = {0}, images = {0};
    for (uint32_t i = 0; i < s->containers.n; i++) {
        list_add(r->arena, &names, s->containers.v[i].name);
        list_add(r->arena, &images, s->containers.v[i].image);
    }
    cell_joined(r, &names, ",");
    cell_joined(r, &images, ",");
}
