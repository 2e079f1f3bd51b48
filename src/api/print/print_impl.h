// SPDX-License-Identifier: Apache-2.0
/* What the printers of kinds share. A printer is columns and a function that writes as many cells;
 * each group of kinds is a file, print.c names them all. */
#pragma once

#include "api/intstr.h"
#include "api/print.h"
#include "api/quantity.h"
#include "api/selector.h"

struct row {
    struct buf *b;
    struct arena *arena; /* for texts that are put together */
    int64_t now;         /* wall clock, ns */
    bool begun;
};

struct printer {
    const struct print_column *columns;
    size_t n;
    void (*print)(struct row *r, const void *obj);
};

extern const struct printer printer_scale;

#define COLUMN_NAME                                                                                \
    { "Name", "string", "name", "", 0 }
#define COLUMN_AGE COLUMN("Age")
#define COLUMN(name_)                                                                              \
    { name_, "string", "", "", 0 }
#define COLUMN_WIDE(n_)                                                                            \
    { n_, "string", "", "", 1 }
#define COLUMN_INT(n_)                                                                             \
    { n_, "integer", "", "", 0 }
#define COLUMN_BOOL(n_)                                                                            \
    { n_, "boolean", "", "", 0 }
#define PRINTER(id_, print_, ...)                                                                  \
    static const struct print_column columns_##id_[] = {__VA_ARGS__};                              \
    const struct printer printer_##id_ = {columns_##id_, ARRAY_LEN(columns_##id_), print_}

/* One cell each. */
void cell_text(struct row *r, str s);
void cell_textc(struct row *r, const char *s);
void cell_or(struct row *r, str s, const char *otherwise); /* when s is empty */
void cell_int(struct row *r, int64_t v);
void cell_bool(struct row *r, bool v);
void cell_age(struct row *r, Time since); /* "<unknown>" when not set */
void cell_fmt(struct row *r, const char *fmt, ...) PRINTF(2, 3);
void cell_map(struct row *r, const str_map *labels);              /* "a=b,c=d" or <none> */
void cell_selector(struct row *r, const LabelSelector *selector); /* "a=b,c in (d)" or <none> */
void cell_joined(struct row *r, const str_list *l, const char *sep);
/* Names, then images, of the app containers. */
void cells_containers(struct row *r, const PodSpec *s);

str age_text(struct row *r, Time since);
str join(struct arena *a, str_list l, const char *sep);
str labels_text(struct arena *a, const str_map *m);
/* l with " + N more..." for what stands behind max. */
str join_some(struct arena *a, str_list l, uint32_t max, const char *sep);
void list_add(struct arena *a, str_list *l, str s);
void list_sort_unique(str_list *l);

#define KIND(id_) extern const struct printer printer_##id_;
#include "api/print/print.def"
#undef KIND
