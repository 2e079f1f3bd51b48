// SPDX-License-Identifier: Apache-2.0
/* The pure part of SPDY/3.1 (draft 3 with changes of 3.1, chromium.org), as far as a client of
 * kubelets and container runtimes needs it: streams are opened, fed and ended; there is no flow
 * control but the connection's, since their library (spdystream) has none.
 *
 * Nothing is compressed and nothing is inflated. A block of headers is a piece of a zlib stream,
 * and zlib may store what it carries (RFC 1951, 3.2.4), which needs no dictionary either; headers
 * that are received say nothing a client of this kind could use, and are skipped. Payload passes
 * through piece by piece. */
#pragma once

#include "base/buf.h"
#include "net/http.h"

#define SPDY_CONTROL_MAX (64 * 1024) /* payload of a control frame from the peer */
#define SPDY_DATA_MAX    0xffffff    /* payload of a data frame: all the format can say */

enum spdy_kind {
    SPDY_DATA,
    SPDY_OPEN, /* the peer has opened a stream */
    SPDY_REPLY,
    SPDY_RESET,
    SPDY_PING,
    SPDY_GOAWAY,
    SPDY_KIND_MAX,
};

/* Why a stream is reset. */
#define SPDY_REFUSED_STREAM 3

struct spdy_reader {
    uint8_t head[12]; /* of the frame, with what is looked at of a control frame's payload */
    uint8_t head_n, head_size;
    uint8_t kind; /* enum spdy_kind, or SPDY_KIND_MAX: of no interest */
    bool in_payload, end;
    uint32_t left; /* of the payload */
};
void spdy_reader_init(struct spdy_reader *r);

/* A control frame, or a piece of a data frame; data is valid as long as p. */
struct spdy_piece {
    enum spdy_kind kind;
    uint32_t id; /* of the stream, or the ping; 0 for GOAWAY */
    str data;
    bool end; /* the peer sends no more on this stream */
};
/* Takes from p (n > 0) up to the next piece. Bytes taken; *ret_has: there is one. -EBADMSG: not
 * SPDY/3; -E2BIG: a control frame past the limit. */
ssize_t spdy_read(struct spdy_reader *r, const char *p, size_t n, struct spdy_piece *ret,
                  bool *ret_has);

/* Opens a stream with an odd id higher than those before; names in lower case. first: it is the
 * connection's. */
void spdy_put_open(struct buf *b, uint32_t id, bool first, const struct http_header *headers,
                   uint32_t n);
void spdy_put_data(struct buf *b, uint32_t id, str data, bool end);
void spdy_put_reset(struct buf *b, uint32_t id, uint32_t why);
/* A ping of our own has an odd id; the peer's are sent back as they came. */
void spdy_put_ping(struct buf *b, uint32_t id);
