// SPDX-License-Identifier: Apache-2.0
/* outq: bytes waiting to be written to a stream. Memory goes back when it runs empty. */
#pragma once

#include "base/buf.h"
#include "loop/stream.h"

struct outq {
    struct buf b;
    size_t at; /* written so far */
};

static inline size_t outq_pending(const struct outq *q) {
    return q->b.n - q->at;
}
void outq_done(struct outq *q);
/* Writes what the stream takes. Bytes written (0 when it takes none now), or negative errno. */
ssize_t outq_flush(struct outq *q, struct stream *s);
/* Head and body at once: straight to the stream when nothing waits, the rest is kept (copied). */
ssize_t outq_write2(struct outq *q, struct stream *s, str head, str body);
