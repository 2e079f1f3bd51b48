// SPDX-License-Identifier: Apache-2.0
/* Bodies of HTTP/1.1 messages: by length, chunked, or until the connection closes. */
#include "net/http1_parse.h"

void http1_body_init(struct http1_body *b, int64_t length) {
    *b = (struct http1_body){.state = HTTP1_BODY_IDENTITY};
    if (length == HTTP1_BODY_CHUNKED) {
        b->state = HTTP1_BODY_SIZE;
    } else if (length == HTTP1_BODY_UNTIL_CLOSE) {
        b->until_close = true;
    } else {
        b->left = (uint64_t)length;
        if (!length)
            b->state = HTTP1_BODY_DONE;
    }
}

static int take_size(struct http1_body *b, char c) {
    int d = hex_digit(c);
    if (d >= 0) {
        if (++b->digits > 15)
            return -EBADMSG;
        b->left = b->left << 4 | (unsigned)d;
        return 0;
    }
    if (!b->digits)
        return -EBADMSG;
    if (c == '\r')
        b->state = HTTP1_BODY_SIZE_LF;
    else if (c == ';')
        b->state = HTTP1_BODY_EXTENSION;
    else
        return -EBADMSG;
    b->line = 0;
    return 0;
}

static int take_extension(struct http1_body *b, char c) {
    if (c == '\r') {
        b->state = HTTP1_BODY_SIZE_LF;
        return 0;
    }
    if (((uint8_t)c < 0x20 && c != '\t') || c == 0x7f)
        return -EBADMSG;
    if (++b->line > HTTP1_CHUNK_LINE_MAX || ++b->extensions > HTTP1_CHUNK_EXTENSIONS_MAX)
        return -EBADMSG;
    return 0;
}

static int take_size_lf(struct http1_body *b, char c) {
    if (c != '\n')
        return -EBADMSG;
    b->digits = 0;
    b->trailer_empty = true;
    b->state = b->left ? HTTP1_BODY_DATA : HTTP1_BODY_TRAILER;
    return 0;
}

static int take_trailer(struct http1_body *b, char c) {
    if (++b->trailers > HTTP1_TRAILERS_MAX)
        return -EBADMSG;
    if (b->trailer_cr) {
        if (c != '\n')
            return -EBADMSG;
        b->trailer_cr = false;
        if (b->trailer_empty)
            b->state = HTTP1_BODY_DONE;
        b->trailer_empty = true;
        return 0;
    }
    if (c == '\r') {
        b->trailer_cr = true;
        return 0;
    }
    if (((uint8_t)c < 0x20 && c != '\t') || c == 0x7f)
        return -EBADMSG;
    b->trailer_empty = false;
    return 0;
}

/* One byte of framing. */
static int take(struct http1_body *b, char c) {
    switch (b->state) {
    case HTTP1_BODY_SIZE:
        return take_size(b, c);
    case HTTP1_BODY_EXTENSION:
        return take_extension(b, c);
    case HTTP1_BODY_SIZE_LF:
        return take_size_lf(b, c);
    case HTTP1_BODY_DATA_CR:
        b->state = HTTP1_BODY_DATA_LF;
        return c == '\r' ? 0 : -EBADMSG;
    case HTTP1_BODY_DATA_LF:
        b->state = HTTP1_BODY_SIZE;
        return c == '\n' ? 0 : -EBADMSG;
    case HTTP1_BODY_TRAILER:
        return take_trailer(b, c);
    case HTTP1_BODY_IDENTITY:
    case HTTP1_BODY_DATA:
    case HTTP1_BODY_DONE:
    case HTTP1_BODY_STATE_MAX:
        break;
    }
    ASSERT(!"a state without framing");
    return -EBADMSG;
}

ssize_t http1_body_feed(struct http1_body *b, const char *p, size_t n, str *ret_data) {
    ASSERT(n && !http1_body_done(b));
    size_t at = 0;
    *ret_data = STR_NONE;
    while (at < n && b->state != HTTP1_BODY_DONE) {
        if (b->state != HTTP1_BODY_IDENTITY && b->state != HTTP1_BODY_DATA) {
            int r = take(b, p[at++]);
            if (r < 0)
                return r;
            continue;
        }
        size_t len = b->until_close ? n - at : (size_t)MIN((uint64_t)(n - at), b->left);
        *ret_data = str_n(p + at, len);
        if (b->until_close)
            return (ssize_t)(at + len);
        b->left -= len;
        if (!b->left)
            b->state = b->state == HTTP1_BODY_DATA ? HTTP1_BODY_DATA_CR : HTTP1_BODY_DONE;
        return (ssize_t)(at + len);
    }
    return (ssize_t)at;
}
