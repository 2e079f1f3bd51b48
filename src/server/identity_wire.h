// SPDX-License-Identifier: Apache-2.0
/* The form of questions to the signer and of its answers. */
#pragma once

#include "base/buf.h"
#include "server/identity.h"

#define IDENTITY_MAX    (64 * 1024)
#define IDENTITY_FIELDS 13
#define IDENTITY_OK     'i'
#define IDENTITY_ERROR  'e' /* followed by the text */
/* Question: "s ID SIGNER SECONDS USAGES PEM", the last three of a struct csr_order; the answer:
 * "SID PEM" or "EID TEXT". */
#define IDENTITY_SIGN    's'
#define IDENTITY_SIGNED  'S'
#define IDENTITY_REFUSED 'E'

void identity_encode(struct buf *b, struct identity *id);
int identity_decode(struct arena *a, str message, struct err *e, struct identity *ret);
