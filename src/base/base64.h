// SPDX-License-Identifier: Apache-2.0
/* Base64 (RFC 4648). Strict means: right alphabet, full padding (or none with BASE64_RAW), zero
 * bits at the end, nothing else in between. BASE64_LAX reads as Go's encoding/base64 does, which
 * is how the API reads []byte fields: CR and LF are skipped, bits at the end ignored. */
#pragma once

#include "base/str.h"

#define BASE64_URL 1u /* '-' and '_' */
#define BASE64_RAW 2u /* no padding */
#define BASE64_LAX 4u

size_t base64_encoded_len(size_t n, unsigned flags);
/* Writes base64_encoded_len() bytes, no NUL. */
void base64_encode(char *out, str in, unsigned flags);
static inline size_t base64_decoded_max(size_t n) {
    return n / 4 * 3 + 3;
}
/* Bytes written (at most base64_decoded_max()) or -EINVAL. */
ssize_t base64_decode(void *out, str in, unsigned flags);

/* The same into an arena. */
str base64_encode_in(struct arena *a, str in, unsigned flags);
int base64_decode_in(struct arena *a, str in, unsigned flags, str *ret);
