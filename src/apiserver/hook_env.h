// SPDX-License-Identifier: Apache-2.0
/* What the kinds' hooks may know of the world, out of the server's environment. */
#pragma once

#include "api/hooks.h"
#include "base/env.h"

struct hook_ctx hook_ctx_of(struct env *env, struct arena *a);
str new_uid(struct env *env, struct arena *a); /* random (version 4) */
#define NAME_SUFFIX_LEN 5
/* Five characters of names.SimpleNameGenerator. */
str name_suffix(struct env *env, struct arena *a);
Time time_of_ns(int64_t ns); /* whole seconds */
