// SPDX-License-Identifier: Apache-2.0
/* Where others learn how to check our service account tokens. */
#pragma once

#include "apiserver/request.h"

enum phase_result serve_openid_configuration(struct request *r, str rest);
enum phase_result serve_openid_keys(struct request *r, str rest);
