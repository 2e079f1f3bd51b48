// SPDX-License-Identifier: Apache-2.0
/* What every component tells at /metrics behind its own: what it was built as, its feature gates,
 * how many metrics there are. Written when somebody asks; nothing is kept. */
#pragma once

#include "base/buf.h"

/* component: "kube-apiserver". What stands in `out` is counted. */
void component_metrics(const char *component, struct buf *out);
