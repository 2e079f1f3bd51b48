// SPDX-License-Identifier: Apache-2.0
/* /healthz, /livez and /readyz: the checks behind them and how they are told. */
#pragma once

#include "apiserver/request.h"

/* rest: "/name" of one check, or empty for all; ?verbose and ?exclude=name. */
enum phase_result serve_healthz(struct request *r, str rest);
enum phase_result serve_livez(struct request *r, str rest);
enum phase_result serve_readyz(struct request *r, str rest);
