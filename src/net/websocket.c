// SPDX-License-Identifier: Apache-2.0
#include "net/websocket.h"

#include "base/base64.h"
#include "net/crypto.h"

#define FIN      0x80
#define RESERVED 0x70
#define MASKED   0x80

void websocket_reader_init(struct websocket_reader *r, bool server) {
    *r = (struct websocket_reader){.server = server, .head_size = 2};
}

static bool is_control(unsigned opcode) {
    return opcode & 8;
}

/* The first two bytes say how long the head is. */
static int read_start(struct websocket_reader *r) {
    unsigned opcode = r->head[0] & 15, length = r->head[1] & 127;
    bool masked = r->head[1] & MASKED;
    r->fin = r->head[0] & FIN;
    if ((r->head[0] & RESERVED) || masked != r->server)
        return -EBADMSG;
    if (is_control(opcode)) {
        if (opcode > WEBSOCKET_PONG || !r->fin || length > WEBSOCKET_CONTROL_MAX)
            return -EBADMSG;
    } else if (opcode > WEBSOCKET_BINARY || (opcode == WEBSOCKET_CONTINUATION) != !!r->message) {
        return -EBADMSG;
    }
    r->opcode = (uint8_t)opcode;
    r->head_size = (uint8_t)(2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (masked ? 4 : 0));
    return 0;
}

/* The head is complete. Lengths must be in their shortest form. */
static int read_length(struct websocket_reader *r) {
    unsigned short_length = r->head[1] & 127, n = 0;
    uint64_t length = short_length;
    if (short_length >= 126) {
        n = short_length == 126 ? 2 : 8;
        length = 0;
        for (unsigned i = 0; i < n; i++)
            length = length << 8 | r->head[2 + i];
        if (length < (n == 2 ? 126 : 65536) || length >> 63)
            return -EBADMSG;
    }
    if (r->server)
        memcpy(r->mask, r->head + 2 + n, 4);
    r->mask_at = 0;
    r->left = length;
    r->in_payload = true;
    r->first = false;
    if (is_control(r->opcode)) {
        r->control_n = 0;
        return 0;
    }
    if (r->opcode != WEBSOCKET_CONTINUATION) {
        r->message = r->opcode;
        r->total = 0;
        r->first = true;
    }
    if (length > WEBSOCKET_MESSAGE_MAX - r->total)
        return -E2BIG;
    r->total += length;
    return 0;
}

/* 1 when the head is complete. */
static int take_head(struct websocket_reader *r, uint8_t byte) {
    int e = 0;
    r->head[r->head_n++] = byte;
    if (r->head_n == 2)
        e = read_start(r);
    if (e < 0 || r->head_n < r->head_size)
        return e;
    e = read_length(r);
    return e < 0 ? e : 1;
}

static void unmask(struct websocket_reader *r, char *p, size_t n) {
    for (size_t i = 0; r->server && i < n; i++)
        p[i] = (char)(p[i] ^ r->mask[r->mask_at++ & 3]);
}

static void frame_done(struct websocket_reader *r) {
    r->in_payload = false;
    r->head_n = 0;
    r->head_size = 2;
}

static bool control_piece(struct websocket_reader *r, str data, struct websocket_piece *ret) {
    if (data.n)
        memcpy(r->control + r->control_n, data.p, data.n);
    r->control_n = (uint8_t)(r->control_n + data.n);
    if (r->left)
        return false;
    *ret = (struct websocket_piece){.opcode = (enum websocket_opcode)r->opcode,
                                    .data = str_n((const char *)r->control, r->control_n),
                                    .first = true,
                                    .last = true};
    return true;
}

static bool data_piece(struct websocket_reader *r, str data, struct websocket_piece *ret) {
    bool last = r->fin && !r->left;
    *ret = (struct websocket_piece){
        .opcode = (enum websocket_opcode)r->message, .data = data, .first = r->first, .last = last};
    bool has = data.n || last;
    if (has)
        r->first = false;
    if (last)
        r->message = 0;
    return has;
}

ssize_t websocket_read(struct websocket_reader *r, char *p, size_t n, struct websocket_piece *ret,
                       bool *ret_has) {
    size_t at = 0;
    *ret_has = false;
    while (!r->in_payload && at < n) {
        int e = take_head(r, (uint8_t)p[at++]);
        if (e < 0)
            return e;
    }
    if (!r->in_payload || (at == n && r->left))
        return (ssize_t)at;
    size_t len = (size_t)MIN((uint64_t)(n - at), r->left);
    unmask(r, p + at, len);
    r->left -= len;
    str data = str_n(p + at, len);
    *ret_has = is_control(r->opcode) ? control_piece(r, data, ret) : data_piece(r, data, ret);
    bool bad_close = *ret_has && ret->opcode == WEBSOCKET_CLOSE && ret->data.n == 1;
    if (!r->left)
        frame_done(r);
    return bad_close ? -EBADMSG : (ssize_t)(at + len);
}

void websocket_put(struct buf *b, enum websocket_opcode opcode, str data, const uint8_t *mask) {
    unsigned bit = mask ? MASKED : 0;
    buf_addc(b, (char)(FIN | opcode));
    if (data.n < 126) {
        buf_addc(b, (char)(bit | data.n));
    } else {
        bool large = data.n > UINT16_MAX;
        buf_addc(b, (char)(bit | (large ? 127 : 126)));
        for (int shift = large ? 56 : 8; shift >= 0; shift -= 8)
            buf_addc(b, (char)((uint64_t)data.n >> shift & 255));
    }
    if (mask)
        buf_add(b, str_n((const char *)mask, 4));
    size_t from = b->n;
    buf_add(b, data);
    for (size_t i = 0; mask && i < data.n; i++)
        b->p[from + i] = (char)(b->p[from + i] ^ mask[i & 3]);
}

void websocket_put_close(struct buf *b, unsigned code) {
    char text[2] = {(char)(code >> 8), (char)(code & 255)};
    websocket_put(b, WEBSOCKET_CLOSE, str_n(text, 2), NULL);
}

bool websocket_wanted(const struct http_headers *h) {
    return str_ieq(http_header_get(h, "Upgrade"), STR("websocket"));
}

int websocket_key(const struct http_headers *h, str *ret) {
    str key = http_header_get(h, "Sec-WebSocket-Key");
    char raw[32];
    if (!str_eqc(http_header_get(h, "Sec-WebSocket-Version"), "13") || key.n != 24 ||
        base64_decode(raw, key, 0) != 16)
        return -EINVAL;
    *ret = key;
    return 0;
}

str websocket_accept(struct arena *a, str key) {
    uint8_t sum[20];
    sha1(str_concat(a, key, STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")), sum);
    return base64_encode_in(a, str_n((const char *)sum, sizeof(sum)), 0);
}

int websocket_choose(const struct http_headers *h, const char *const *known, str *ret) {
    bool offered = false;
    for (uint32_t i = 0; i < h->n; i++) {
        str rest = h->v[i].value;
        while (str_ieq(h->v[i].name, STR("Sec-WebSocket-Protocol")) && rest.n) {
            str one = str_trim(str_cut(&rest, ','));
            offered |= one.n > 0;
            if (one.n && str_in(one, known)) {
                *ret = one;
                return 0;
            }
        }
    }
    *ret = STR_NONE;
    return offered ? -EINVAL : 0;
}
