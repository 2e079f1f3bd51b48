// SPDX-License-Identifier: Apache-2.0
/* Keeps container logs from filling the disk: a file past LOG_FILE_MAX is put aside under the time
 * and the runtime opens a new one; of those put aside the newest are kept. */
#pragma once

#include "kubelet/kubelet_internal.h"

#define LOG_FILE_MAX  (10 * 1024 * 1024)
#define LOG_FILES_MAX 5 /* with the one being written */

/* Looks at every running container; cheap when there is nothing to do. */
void log_rotate_all(struct kubelet *k);
/* Which of the files of a folder (names joined by '\n', in byte order) that belong to log "0.log"
 * are too many: the oldest, first. */
struct log_names {
    str *v;
    uint32_t n;
};
void log_rotated_excess(struct arena *a, str names, str log, struct log_names *ret);
