// SPDX-License-Identifier: Apache-2.0
/* The form of a signer's answer. */
#pragma once

#include "base/buf.h"
#include "server/identity.h"

#define IDENTITY_MAX    (64 * 1024)
#define IDENTITY_FIELDS 13
#define IDENTITY_OK     'i'
#define IDENTITY_ERROR  'e' /* followed by the text */
#define IDENTITY_SIGN   's' /* question: "s SIGNER SECONDS PEM"; the answer is 'i' and PEM */

void identity_encode(struct buf *b, struct identity *id);
int identity_decode(struct arena *a, str message, struct err *e, struct identity *ret);
