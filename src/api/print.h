// SPDX-License-Identifier: Apache-2.0
/* Table output: the columns of each kind and how a row's cells come from an object. */
#pragma once

#include "api/resource.h"
#include "base/buf.h"

struct print_column {
    const char *name, *type, *format, *description;
    int priority;
};
/* A Scale is no resource of its own, but printed as if it were. */
extern const struct api_resource print_scale_resource;
/* Never empty: kinds without columns of their own show Name and Created At. */
const struct print_column *print_columns(const struct api_resource *r, size_t *ret_n);
/* Appends the JSON array of cells, ["web-0","1/1",...]; now: wall clock ns, for ages. */
void print_cells(struct buf *b, const struct api_resource *r, const void *obj, int64_t now);
void print_duration(struct buf *b, int64_t seconds); /* HumanDuration: "5d", "3m20s" */
