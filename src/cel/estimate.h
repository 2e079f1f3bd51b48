// SPDX-License-Identifier: Apache-2.0
/* What a program may cost at most, before it is run: the estimate of the Go implementation with
 * Kubernetes' libraries, by which the API refuses expressions. */
#pragma once

#include "cel/cel.h"

/* At least and at most; UINT64_MAX: no limit is known. */
struct cel_range {
    uint64_t min, max;
};

/* What is known of the sizes of what variables hold. A place is the caller's: that of a variable,
 * of a field of another place, of its "@items", "@keys", "@values" or "@indices". */
struct cel_sizes {
    /* NULL: of a variable when at is NULL. NULL as result: nothing is known. */
    const void *(*step)(void *ctx, const void *at, str name);
    /* Characters, bytes, elements or entries; false: not known. */
    bool (*max)(void *ctx, const void *at, uint64_t *ret);
    void *ctx;
};

/* sizes NULL: nothing is known of any variable. */
struct cel_range cel_estimate(const struct cel_program *p, const struct cel_sizes *sizes);
