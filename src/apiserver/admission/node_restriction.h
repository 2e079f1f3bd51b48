// SPDX-License-Identifier: Apache-2.0
/* The part of NodeRestriction that looks at tokens: they are no stored objects. */
#pragma once

#include "apiserver/request.h"

/* What a node's request for a token is refused with, or NULL. */
Status *node_restriction_token(struct request *r, const TokenRequest *t);
