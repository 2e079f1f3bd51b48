// SPDX-License-Identifier: Apache-2.0
/* The simulated disk: files in memory, each with what programs see and what would survive a crash.
 * A write is durable when it succeeds (that is its contract) and makes durable what else changed
 * in its folder; mkdir, unlink and rename alone are not. */
#pragma once

#include "base/env.h"
#include "base/fault.h"
#include "base/map.h"

#define SIM_FILES_MAX 100000

struct env_sim_disk {
    struct map files; /* normalised path -> struct sim_file */
    /* A failing write leaves, by the seed, either nothing or a file that is seen but not durable.
     */
    struct fault read_fault, write_fault, change_fault; /* change: mkdir, unlink, rename */
    uint64_t writes;                                    /* successful ones so far */
};

struct env_sim_disk *env_sim_disk_new(void);
struct env_sim_disk *env_sim_disk_free(struct env_sim_disk *d);
/* What a power cut leaves: every change that was not durable is gone. */
void env_sim_crash(struct env_sim *sim);

/* The members of struct env_disk_ops. */
int sim_disk_read(struct env *e, const char *path, size_t max, struct buf *ret);
int sim_disk_write(struct env *e, const char *path, str data, mode_t mode);
int sim_disk_mkdir(struct env *e, const char *path, mode_t mode);
int sim_disk_unlink(struct env *e, const char *path);
int sim_disk_rename(struct env *e, const char *from, const char *to);
int sim_disk_list(struct env *e, const char *path, struct buf *ret);
int sim_disk_exists(struct env *e, const char *path);
