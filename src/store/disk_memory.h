// SPDX-License-Identifier: Apache-2.0
/* The memory back end beyond store.h: what tests of crashes need. By itself it keeps nothing, since
 * the store has all objects in memory already; once kept, it is a disk that outlives its stores. */
#pragma once

#include "base/fault.h"
#include "base/map.h"
#include "store/store.h"

struct store_disk_memory {
    struct env *env;
    uint32_t refs;
    bool is_kept;
    struct map records; /* key -> struct memory_record */
    uint64_t highest, limit;
    bool clean;
    /* A commit that fails before anything is written, one that fails though all is written, and a
     * limit that is not raised. */
    struct fault before, after, limit_fault;
    uint64_t commits, limits;
};

/* Gives the caller a share in a disk that no store has yet, or whose store is open. */
struct store_disk_memory *store_disk_memory_keep(void *disk);
struct store_disk_memory *store_disk_memory_free(struct store_disk_memory *d);
