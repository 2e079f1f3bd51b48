// SPDX-License-Identifier: Apache-2.0
/* Was a history of operations, made by many clients at once, one that could have happened one
 * operation at a time, each between its begin and its end, in the order of revisions?
 *
 * Linearisability is hard to decide in general. Here every write names its revision, so the order
 * of writes is given, and each other operation is put at the earliest point of that order at which
 * its answer is right and that is not before what had ended when it began. If there is any order,
 * this is one. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

enum linear_kind { LINEAR_CREATE, LINEAR_UPDATE, LINEAR_DELETE, LINEAR_GET, LINEAR_LIST };
enum linear_outcome {
    LINEAR_OK,
    LINEAR_ABSENT,  /* there was no such key */
    LINEAR_PRESENT, /* create: there was */
    LINEAR_STALE,   /* update: the key had another revision than `expected` */
    LINEAR_UNKNOWN, /* no answer; a write may have happened at any time after its begin */
};
struct linear_op {
    enum linear_kind kind;
    enum linear_outcome outcome;
    unsigned key;
    int64_t begin, end;   /* any clock; of an unknown outcome the end does not count */
    uint64_t expected;    /* update: what it was to replace; 0: anything */
    uint64_t revision;    /* OK: of the write, of what was got, of the list */
    const uint64_t *list; /* LIST: revision by key; 0: absent */
};

/* What really became of the keys, in order of revisions. */
struct linear_event {
    uint64_t revision;
    unsigned key;
    bool deleted;
    int op; /* which wrote it; -1: not known (deletions) */
};

struct linear_history {
    const struct linear_op *ops;
    unsigned n_ops;
    const struct linear_event *events;
    unsigned n_events;
    unsigned n_keys;
};

/* NULL: yes. Otherwise what is wrong, in the arena. */
const char *linear_check(struct arena *a, const struct linear_history *h);
