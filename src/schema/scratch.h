// SPDX-License-Identifier: Apache-2.0
/* Elements of a list whose length is not known yet. Readers stack them here, where nothing moves,
 * and copy them to the arena once, in an array of the right size: no list wastes arena memory and
 * the common short one costs no malloc (the first kilobytes live in the reader itself). */
#pragma once

#include "base/base.h"

#define SCRATCH_FIRST 4096
#define SCRATCH_BLOCK (64 * 1024)

struct scratch_block {
    struct scratch_block *next; /* a newer block */
    struct scratch_block *prev;
    size_t cap;
    char *data;
};

struct scratch {
    struct scratch_block *block;
    size_t used;  /* of the newest block in use */
    size_t taken; /* bytes of all blocks: readers hold it against their arena's limit */
    struct scratch_block first;
    char room[SCRATCH_FIRST] __attribute__((aligned(8)));
};

/* A stack of elements of one size. */
struct scratch_list {
    struct scratch_block *block; /* where its first element may be */
    size_t used;
    size_t size; /* of an element, a multiple of 8 or less than 8 */
    uint32_t n;
};

void scratch_init(struct scratch *s);
void scratch_done(struct scratch *s);
void scratch_begin(struct scratch *s, struct scratch_list *l, size_t size);
/* The next element, cleared. Lists nest: an inner one must end before the outer one goes on. */
void *scratch_push(struct scratch *s, struct scratch_list *l);
/* Copies the elements in order to `to` (n * size bytes) and gives the memory back. */
void scratch_end(struct scratch *s, struct scratch_list *l, void *to);
