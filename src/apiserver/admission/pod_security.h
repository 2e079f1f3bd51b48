// SPDX-License-Identifier: Apache-2.0
/* Pod security standards: which fields of a pod each level forbids, as of which version. */
#pragma once

#include "api/types.h"

enum security_level { LEVEL_PRIVILEGED, LEVEL_BASELINE, LEVEL_RESTRICTED };
#define SECURITY_LATEST 36 /* minor version that "latest" stands for, and newer ones */

struct security_result {
    str_list reasons, details; /* of the same length; none: allowed */
};

struct security_result pod_security_check(struct arena *a, enum security_level level,
                                          unsigned minor, const ObjectMeta *meta,
                                          const PodSpec *spec);
