// SPDX-License-Identifier: Apache-2.0
/* The answer to GET /metrics: text of metrics_print(), gzipped for those who take it. */
#pragma once

#include "base/metrics.h"
#include "net/server.h"

void metrics_answer(struct exchange *x, str text);
