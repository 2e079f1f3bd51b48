// SPDX-License-Identifier: Apache-2.0
#include "net/outq.h"

/* Written bytes are cut off the front when they are this many and the larger half, so that a queue
 * that never runs empty neither grows nor moves its bytes over and over. */
#define OUTQ_COMPACT_MIN (16 * 1024)

void outq_done(struct outq *q) {
    buf_done(&q->b);
    q->at = 0;
}

static void compact(struct outq *q) {
    if (q->at == q->b.n) {
        outq_done(q);
    } else if (q->at >= OUTQ_COMPACT_MIN && q->at > q->b.n / 2) {
        buf_consume(&q->b, q->at);
        q->at = 0;
    }
}

ssize_t outq_flush(struct outq *q, struct stream *s) {
    ssize_t total = 0;
    while (outq_pending(q)) {
        struct iovec v = {q->b.p + q->at, outq_pending(q)};
        ssize_t n = stream_writev(s, &v, 1);
        if (n == -EAGAIN || n == 0)
            break;
        if (n < 0)
            return n;
        q->at += (size_t)n;
        total += n;
    }
    compact(q);
    return total;
}

ssize_t outq_write2(struct outq *q, struct stream *s, str head, str body) {
    ssize_t n = 0;
    if (!outq_pending(q)) {
        struct iovec v[2] = {
            {(char *)(uintptr_t)head.p, head.n},
            {(char *)(uintptr_t)body.p, body.n},
        };
        n = stream_writev(s, v, body.n ? 2 : 1);
        if (n == -EAGAIN)
            n = 0;
        if (n < 0)
            return n;
    }
    size_t done = (size_t)n;
    buf_add(&q->b, str_slice(head, MIN(done, head.n), head.n));
    done -= MIN(done, head.n);
    buf_add(&q->b, str_slice(body, done, body.n));
    return n;
}
