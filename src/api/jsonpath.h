// SPDX-License-Identifier: Apache-2.0
/* JSON paths as kubectl reads them: text with actions in braces, "{.items[*].metadata.name}"
 * (k8s.io/client-go/util/jsonpath). Here is said whether one can be parsed; nothing evaluates. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* Actions inside filters and keys, each of them parsed by itself. */
#define JSONPATH_DEPTH_MAX 16

/* text with its braces. -EINVAL, with upstream's text, when it is no path. Letters and digits are
 * those of ASCII; every other character counts as a letter. */
int jsonpath_check(struct arena *a, str text, struct err *e);
