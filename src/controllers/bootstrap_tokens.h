// SPDX-License-Identifier: Apache-2.0
/* Which Secrets are bootstrap tokens, for those who watch them. */
#pragma once

#include "api/bootstrap_token.h"
#include "controllers/common.h"

#define BOOTSTRAP_TOKENS                                                                           \
    .resource = RESOURCE_OF(core_v1_secrets), .ns = BOOTSTRAP_TOKEN_NS,                            \
    .selectors = "fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken"
