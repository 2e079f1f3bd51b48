// SPDX-License-Identifier: Apache-2.0
/* WebSocket frames from outside. The first byte chooses who reads: 's' a server, 'c' a client. The
 * same bytes in one piece and in small ones are the same messages, and what is read can be written.
 */
#include <stdlib.h>

#include "net/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    ssize_t error;
    struct buf text; /* opcode and payload of each message or control frame */
};

static struct told read_all(str in, bool server, size_t step) {
    struct told t = {0};
    struct websocket_reader r;
    struct buf copy = {0};
    websocket_reader_init(&r, server);
    buf_add(&copy, in);
    for (size_t at = 0; at < copy.n;) {
        struct websocket_piece piece;
        bool has;
        size_t n = MIN(step, copy.n - at);
        ssize_t k = websocket_read(&r, copy.p + at, n, &piece, &has);
        if (k < 0) {
            t.error = k;
            break;
        }
        ASSERT(k > 0 && (size_t)k <= n);
        at += (size_t)k;
        if (!has)
            continue;
        ASSERT(piece.opcode < WEBSOCKET_CLOSE || piece.data.n <= WEBSOCKET_CONTROL_MAX);
        if (piece.first)
            buf_addc(&t.text, (char)('0' + piece.opcode));
        buf_add(&t.text, piece.data);
        if (piece.last)
            buf_addc(&t.text, '\n');
    }
    buf_done(&copy);
    return t;
}

static void write_and_read(str in, bool server) {
    static const uint8_t mask[4] = {1, 2, 3, 250};
    struct buf b = {0};
    websocket_put(&b, WEBSOCKET_BINARY, in, server ? mask : NULL);
    struct told t = read_all(buf_str(&b), server, 7);
    ASSERT(t.error == 0 && t.text.n == in.n + 2);
    ASSERT(!in.n || memcmp(t.text.p + 1, in.p, in.n) == 0);
    buf_done(&t.text);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t steps[] = {1, 2, 7, 64};
    if (size < 2)
        return 0;
    bool server = data[0] != 'c';
    str in = str_n((const char *)data + 1, size - 1);
    struct told whole = read_all(in, server, in.n);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct told t = read_all(in, server, steps[i]);
        ASSERT(t.error == whole.error && str_eq(buf_str(&t.text), buf_str(&whole.text)));
        buf_done(&t.text);
    }
    buf_done(&whole.text);
    write_and_read(in, server);
    return 0;
}
