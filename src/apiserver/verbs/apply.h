// SPDX-License-Identifier: Apache-2.0
/* PATCH with application/apply-patch+yaml: obj is what the stored object becomes when the body, a
 * YAML or JSON document of the fields that the writer wants to have a say in, is applied; there may
 * be none yet. Conflicts, owners and merge: schema/apply.h. */
#pragma once

#include "apiserver/verbs/write.h"

enum step_result build_apply(struct write *w);
