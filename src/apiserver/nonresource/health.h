// SPDX-License-Identifier: Apache-2.0
/* /healthz, /livez and /readyz of the API server, and what they said (/metrics/slis). The checks
 * are apiserver.health; the texts are net/health's. */
#pragma once

#include "apiserver/request.h"

enum phase_result serve_health(struct request *r, str rest);
enum phase_result serve_slis(struct request *r, str rest);

/* The checks every server has. */
void health_checks(struct apiserver *s);
