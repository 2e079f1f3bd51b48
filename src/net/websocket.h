// SPDX-License-Identifier: Apache-2.0
/* The pure part of WebSocket (RFC 6455, version 13, no extensions): handshakes, and frames out of
 * bytes and back. Payload passes through piece by piece, so that no frame, however large it says it
 * is, costs memory. */
#pragma once

#include "base/buf.h"
#include "net/http.h"

#define WEBSOCKET_MESSAGE_MAX (32 * 1024 * 1024) /* all frames of one; as Go's server has it */
#define WEBSOCKET_CONTROL_MAX 125                /* payload of ping, pong and close */

enum websocket_opcode {
    WEBSOCKET_CONTINUATION = 0,
    WEBSOCKET_TEXT = 1,
    WEBSOCKET_BINARY = 2,
    WEBSOCKET_CLOSE = 8,
    WEBSOCKET_PING = 9,
    WEBSOCKET_PONG = 10,
};

/* Codes of a close. */
#define WEBSOCKET_NORMAL   1000
#define WEBSOCKET_PROTOCOL 1002
#define WEBSOCKET_TOO_BIG  1009

struct websocket_reader {
    uint8_t head[14]; /* of the frame, as far as it is there */
    uint8_t head_n, head_size;
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t opcode;  /* of the frame */
    uint8_t message; /* opcode of the message it belongs to; 0: none has begun */
    bool server;     /* frames must be masked, else must not be */
    bool fin, in_payload, first;
    uint64_t left;  /* of the payload */
    uint64_t total; /* of the message */
    uint8_t control[WEBSOCKET_CONTROL_MAX];
    uint8_t control_n;
};
void websocket_reader_init(struct websocket_reader *r, bool server);

/* Text or binary: a piece of a message, data valid until the next call or the end of p; the last
 * one may be empty. Control: a whole frame. */
struct websocket_piece {
    enum websocket_opcode opcode;
    str data;
    bool first, last; /* of its message */
};
/* Takes from p (n > 0; payload is unmasked in place) up to the next piece. Bytes taken; *ret_has:
 * there is one. -EBADMSG: not WebSocket (close with 1002); -E2BIG: a message past the limit
 * (1009). */
ssize_t websocket_read(struct websocket_reader *r, char *p, size_t n, struct websocket_piece *ret,
                       bool *ret_has);
/* One whole frame. mask: 4 bytes from a client, NULL from a server. */
void websocket_put(struct buf *b, enum websocket_opcode opcode, str data, const uint8_t *mask);
void websocket_put_close(struct buf *b, unsigned code);

/* Upgrade: websocket. */
bool websocket_wanted(const struct http_headers *h);
/* The handshake's key, checked with version and form; -EINVAL. */
int websocket_key(const struct http_headers *h, str *ret);
/* Sec-WebSocket-Accept for a key. */
str websocket_accept(struct arena *a, str key);
/* The first offered subprotocol that is among `known` (ends in NULL); *ret is empty when none is
 * offered, -EINVAL when some are and none is known. */
int websocket_choose(const struct http_headers *h, const char *const *known, str *ret);
