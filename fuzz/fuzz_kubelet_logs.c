// SPDX-License-Identifier: Apache-2.0
/* A container writes whatever it likes into its log: what is shown must not depend on the pieces in
 * which the file is read, nor pass a byte limit. The first three bytes choose options and sizes. */
#include <stdlib.h>

#include "fuzz.h"
#include "kubelet/logs.h"

struct text {
    const char *p;
    size_t n;
};

static ssize_t read_text(void *ctx, int64_t offset, void *p, size_t max) {
    const struct text *t = ctx;
    ASSERT(offset >= 0 && (size_t)offset <= t->n);
    size_t n = MIN(max, t->n - (size_t)offset);
    memcpy(p, t->p + offset, n);
    return (ssize_t)n;
}

static void show(const struct log_options *o, str text, size_t piece, struct buf *out) {
    struct log_reader r;
    buf_init(out, 0);
    log_reader_init(&r, o);
    while (text.n) {
        str one = str_slice(text, 0, piece);
        text = str_slice(text, one.n, text.n);
        if (!log_reader_feed(&r, one, out))
            break;
    }
    log_reader_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    struct buf whole, pieces;
    if (n < 3)
        return 0;
    struct log_options o = {.tail_lines = -1,
                            .limit_bytes = data[0] & 1 ? data[1] : -1,
                            .timestamps = data[0] & 2,
                            .no_stdout = data[0] & 4,
                            .since_ns = data[0] & 8 ? 1767366245LL * 1000000000 : 0};
    str text = {(const char *)data + 3, n - 3};
    show(&o, text, SIZE_MAX / 2, &whole);
    show(&o, text, data[2] + 1u, &pieces);
    ASSERT(str_eq(buf_str(&whole), buf_str(&pieces)));
    ASSERT(o.limit_bytes < 0 || whole.n <= (size_t)o.limit_bytes);
    struct text t = {text.p, text.n};
    int64_t at = log_tail_offset((int64_t)text.n, data[1], read_text, &t);
    ASSERT(at >= 0 && (size_t)at <= text.n && (at == 0 || data[1] == 0 || text.p[at - 1] == '\n'));
    buf_done(&whole);
    buf_done(&pieces);
    return 0;
}
