// SPDX-License-Identifier: Apache-2.0
/* Semantic versions (semver.org, 2.0.0). */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct cel_semver {
    uint64_t v[3];
    str pre; /* "rc.1", without build metadata */
    str text;
};

int cel_semver_parse(str s, struct cel_semver *ret); /* -EINVAL; points into s */
/* Without "v", with the missing of three numbers, without zeros before them. */
str cel_semver_normal(struct arena *a, str s);
int cel_semver_cmp(const struct cel_semver *x, const struct cel_semver *y); /* -1, 0, 1 */
