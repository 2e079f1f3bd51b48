// SPDX-License-Identifier: Apache-2.0
#include "api/hooks.h"

#include "base/env.h"

Time hook_now(const struct hook_ctx *h) {
    return (Time){.sec = h->now / NSEC_PER_SEC, .set = true};
}

str hook_uid(struct hook_ctx *h) {
    uint8_t b[16];
    char text[36], *p = text;
    h->random(h->random_ctx, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *p++ = '-';
        *p++ = "0123456789abcdef"[b[i] >> 4];
        *p++ = "0123456789abcdef"[b[i] & 15];
    }
    return str_dup(h->arena, str_n(text, sizeof(text)));
}
