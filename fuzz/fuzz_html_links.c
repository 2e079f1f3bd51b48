// SPDX-License-Identifier: Apache-2.0
/* Pages from outside: in one piece or in small ones they become the same, and with links that stay
 * as they are nothing changes. */
#include <stdlib.h>

#include "apiserver/connect/html_links.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str same(void *ctx, struct arena *a, str url) {
    return url;
}

static str marked(void *ctx, struct arena *a, str url) {
    return str_printf(a, "[" STR_FMT "]", STR_ARG(url));
}

static struct buf pass_through(str in, size_t step,
                               str (*rewrite)(void *ctx, struct arena *, str)) {
    struct html_links h;
    struct buf out = {0};
    html_links_init(&h, rewrite, NULL);
    for (size_t at = 0; at < in.n; at += step)
        html_links_feed(&h, str_slice(in, at, MIN(at + step, in.n)), &out);
    html_links_end(&h, &out);
    html_links_done(&h);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t steps[] = {1, 2, 7, 64};
    str in = str_n((const char *)data, size);
    if (!size)
        return 0;
    struct buf whole = pass_through(in, in.n, marked), plain = pass_through(in, in.n, same);
    ASSERT(str_eq(buf_str(&plain), in));
    ASSERT(whole.n <= 2 * in.n + 2);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct buf b = pass_through(in, steps[i], marked);
        ASSERT(str_eq(buf_str(&b), buf_str(&whole)));
        buf_done(&b);
    }
    buf_done(&plain);
    buf_done(&whole);
    return 0;
}
