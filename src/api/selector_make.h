// SPDX-License-Identifier: Apache-2.0
/* Between the parser and the rest of label selectors. */
#pragma once

#include "api/selector.h"

/* Checks a requirement and brings its values in order. -EINVAL with upstream's text. */
int requirement_settle(struct arena *a, struct requirement *r, struct err *e);
void selector_sort(struct selector *s);
