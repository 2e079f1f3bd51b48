// SPDX-License-Identifier: Apache-2.0
/* An exchange that goes on as a WebSocket: what its owner writes becomes messages; what the peer
 * says is read, so that its pings are answered and its end is heard, and dropped. */
#include "net/http1_conn.h"

int http1_websocket_start(struct http1_exchange *x, enum websocket_opcode opcode, str protocol) {
    struct http1_conn *c = x->conn;
    struct arena *a = x->impl.x.arena;
    str key;
    if (!c)
        return -ECONNRESET;
    if (x->http10 || !http1_body_done(&c->body) || websocket_key(&x->impl.x.headers, &key) < 0)
        return -EINVAL;
    struct buf *b = &c->io.out.b;
    buf_adds(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
    buf_add(b, websocket_accept(a, key));
    if (protocol.n)
        buf_printf(b, "\r\nSec-WebSocket-Protocol: " STR_FMT, STR_ARG(protocol));
    buf_adds(b, "\r\n\r\n");
    x->ws = arena_make(a, struct websocket_reader);
    x->ws_opcode = opcode;
    websocket_reader_init(x->ws, true);
    c->keep_alive = false;
    conn_io_wake(&c->io);
    return 0;
}

/* Says why, and is gone for its owner. */
static void end(struct http1_conn *c, unsigned code) {
    websocket_put_close(&c->io.out.b, code);
    buf_done(&c->in);
    http1_set_state(c, HTTP1_LAST);
    http1_exchange_abort(TAKE(c->x));
}

bool http1_websocket_feed(struct http1_conn *c) {
    size_t at = 0;
    while (at < c->in.n && outq_pending(&c->io.out) < HTTP_OUT_HIGH) {
        struct websocket_piece piece;
        bool has;
        ssize_t n = websocket_read(c->x->ws, c->in.p + at, c->in.n - at, &piece, &has);
        if (n < 0 || (has && piece.opcode == WEBSOCKET_CLOSE)) {
            end(c, n == -E2BIG ? WEBSOCKET_TOO_BIG : n < 0 ? WEBSOCKET_PROTOCOL : WEBSOCKET_NORMAL);
            return true;
        }
        at += (size_t)n;
        if (has && piece.opcode == WEBSOCKET_PING)
            websocket_put(&c->io.out.b, WEBSOCKET_PONG, piece.data, NULL);
    }
    if (at == c->in.n)
        buf_done(&c->in);
    else
        buf_consume(&c->in, at);
    return false;
}
