// SPDX-License-Identifier: Apache-2.0
#include "net/spdy.h"

#define CONTROL  0x80
#define VERSION  3
#define FLAG_FIN 1
#define HEAD     8

enum { SYN_STREAM = 1, SYN_REPLY = 2, RST_STREAM = 3, PING = 6, GOAWAY = 7 };

/* What is looked at: the id in front of the payload, and how long that is at least. */
static const struct {
    uint8_t kind;
    uint8_t least;
} controls[] = {
    [SYN_STREAM] = {SPDY_OPEN, 10}, [SYN_REPLY] = {SPDY_REPLY, 4}, [RST_STREAM] = {SPDY_RESET, 8},
    [PING] = {SPDY_PING, 4},        [GOAWAY] = {SPDY_GOAWAY, 8},
};

static uint32_t get32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(struct buf *b, uint32_t v) {
    const char bytes[] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    buf_add(b, str_n(bytes, sizeof(bytes)));
}

void spdy_reader_init(struct spdy_reader *r) {
    *r = (struct spdy_reader){.head_size = HEAD};
}

/* The first eight bytes are there. */
static int read_start(struct spdy_reader *r) {
    uint32_t length = get32(r->head + 4) & 0xffffff;
    unsigned type = (unsigned)r->head[2] << 8 | r->head[3], flags = r->head[4];
    r->left = length;
    r->end = flags & FLAG_FIN;
    r->kind = SPDY_DATA;
    if (!(r->head[0] & CONTROL))
        return 0;
    if (((unsigned)(r->head[0] & 0x7f) << 8 | r->head[1]) != VERSION)
        return -EBADMSG;
    if (length > SPDY_CONTROL_MAX)
        return -E2BIG;
    r->kind = SPDY_KIND_MAX;
    if (type >= ARRAY_LEN(controls) || !controls[type].least)
        return 0;
    if (length < controls[type].least)
        return -EBADMSG;
    r->kind = controls[type].kind;
    r->head_size = HEAD + 4;
    r->left -= 4;
    return 0;
}

/* 1 when the head is complete. */
static int take_head(struct spdy_reader *r, uint8_t byte) {
    r->head[r->head_n++] = byte;
    int e = r->head_n == HEAD ? read_start(r) : 0;
    return e < 0 ? e : r->head_n == r->head_size;
}

static void frame_done(struct spdy_reader *r) {
    r->in_payload = false;
    r->head_n = 0;
    r->head_size = HEAD;
}

/* A control frame is told of as soon as its head is there; the rest is skipped. */
static bool control_piece(const struct spdy_reader *r, struct spdy_piece *ret) {
    if (r->kind == SPDY_KIND_MAX)
        return false;
    enum spdy_kind kind = (enum spdy_kind)r->kind;
    *ret = (struct spdy_piece){.kind = kind, .id = get32(r->head + HEAD)};
    if (kind != SPDY_PING)
        ret->id &= 0x7fffffff;
    if (kind == SPDY_GOAWAY)
        ret->id = 0;
    ret->end = kind == SPDY_RESET || (kind == SPDY_REPLY && r->end);
    return true;
}

static bool data_piece(struct spdy_reader *r, str data, struct spdy_piece *ret) {
    bool end = r->end && !r->left;
    *ret = (struct spdy_piece){
        .kind = SPDY_DATA, .id = get32(r->head) & 0x7fffffff, .data = data, .end = end};
    return data.n || end;
}

ssize_t spdy_read(struct spdy_reader *r, const char *p, size_t n, struct spdy_piece *ret,
                  bool *ret_has) {
    size_t at = 0;
    *ret_has = false;
    while (!r->in_payload && at < n) {
        int e = take_head(r, (uint8_t)p[at++]);
        if (e < 0)
            return e;
        r->in_payload = e;
        if (e && r->kind != SPDY_DATA)
            *ret_has = control_piece(r, ret);
    }
    if (!r->in_payload)
        return (ssize_t)at;
    size_t len = MIN(n - at, (size_t)r->left);
    r->left -= (uint32_t)len;
    if (r->kind == SPDY_DATA)
        *ret_has = data_piece(r, str_n(p + at, len), ret);
    if (!r->left)
        frame_done(r);
    return (ssize_t)(at + len);
}

static void put_control(struct buf *b, unsigned type, uint32_t length) {
    put32(b, (uint32_t)(CONTROL << 8 | VERSION) << 16 | type);
    put32(b, length);
}

static void put_string(struct buf *b, str s) {
    put32(b, (uint32_t)s.n);
    buf_add(b, s);
}

/* A block of deflate that is stored: its length twice, the second time inverted. */
static void put_stored(struct buf *b, str data) {
    ASSERT(data.n <= UINT16_MAX);
    unsigned n = (unsigned)data.n, inverted = ~n;
    const char head[] = {0, (char)n, (char)(n >> 8), (char)inverted, (char)(inverted >> 8)};
    buf_add(b, str_n(head, sizeof(head)));
    buf_add(b, data);
}

void spdy_put_open(struct buf *b, uint32_t id, bool first, const struct http_header *headers,
                   uint32_t n) {
    CLEANUP(buf_done) struct buf text = {0}, block = {0};
    put32(&text, n);
    for (uint32_t i = 0; i < n; i++) {
        put_string(&text, headers[i].name);
        put_string(&text, headers[i].value);
    }
    if (first)
        buf_adds(&block, "\x78\x01"); /* RFC 1950: deflate, a window of 32 kB, no dictionary */
    put_stored(&block, buf_str(&text));
    put_stored(&block, STR_NONE); /* the empty block is what makes a reader give out the others */
    put_control(b, SYN_STREAM, (uint32_t)(10 + block.n));
    put32(b, id);
    put32(b, 0);
    buf_add(b, str_n("\0\0", 2)); /* priority, slot */
    buf_add(b, buf_str(&block));
}

void spdy_put_data(struct buf *b, uint32_t id, str data, bool end) {
    ASSERT(data.n <= SPDY_DATA_MAX);
    put32(b, id);
    put32(b, (uint32_t)data.n | (end ? (uint32_t)FLAG_FIN << 24 : 0));
    buf_add(b, data);
}

void spdy_put_reset(struct buf *b, uint32_t id, uint32_t why) {
    put_control(b, RST_STREAM, 8);
    put32(b, id);
    put32(b, why);
}

void spdy_put_ping(struct buf *b, uint32_t id) {
    put_control(b, PING, 4);
    put32(b, id);
}
