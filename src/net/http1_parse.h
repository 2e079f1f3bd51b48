// SPDX-License-Identifier: Apache-2.0
/* The pure part of HTTP/1.1 (RFC 9112): bytes to heads and bodies. No I/O, no state but what is
 * handed in; strict, because what two parsers read differently is how requests are smuggled: bare
 * CR or LF, folded lines, a space before the colon, Content-Length beside Transfer-Encoding or
 * twice are errors and not repaired. */
#pragma once

#include "net/http.h"

/* Bytes of chunk extensions and of trailers a body may carry; they are read and dropped. */
#define HTTP1_CHUNK_LINE_MAX       256
#define HTTP1_CHUNK_EXTENSIONS_MAX (16 * 1024)
#define HTTP1_TRAILERS_MAX         (8 * 1024)

/* Looks for the end of a head in bytes that arrive piecemeal; each byte is looked at once. */
struct http1_scan {
    size_t at;   /* looked at so far */
    size_t line; /* where the current line starts */
    bool cr;     /* the byte before `at` was a CR */
};
/* p, n: all bytes of the head so far. Length of the head including its empty line, 0 when it is not
 * complete; -EBADMSG (NUL, bare CR or LF), -ENAMETOOLONG (first line), -E2BIG (too long). */
ssize_t http1_head_scan(struct http1_scan *s, const char *p, size_t n, size_t max);

#define HTTP1_BODY_CHUNKED     (-1)
#define HTTP1_BODY_UNTIL_CLOSE (-2)

struct http1_request {
    str method, target, path, query;
    struct http_headers headers;
    int64_t body_length; /* or HTTP1_BODY_CHUNKED */
    bool http10, keep_alive, expect_continue;
};
/* head: as found by the scan, must live as long as the result (views into it). -EBADMSG (400),
 * -ENAMETOOLONG (414), -E2BIG (431), -EOPNOTSUPP (501), -EPROTONOSUPPORT (505),
 * -ENOTRECOVERABLE (417: an expectation nobody knows). */
int http1_request_parse(struct arena *a, str head, struct http1_request *ret);
/* Path and query of a request's target; the errors as above. */
int http_target_parse(str method, str target, str *ret_path, str *ret_query);
/* The HTTP status for an error of the above. */
int http1_error_status(int r);

struct http1_response {
    int status;
    struct http_headers headers;
    int64_t body_length; /* or HTTP1_BODY_CHUNKED, HTTP1_BODY_UNTIL_CLOSE */
    bool keep_alive;
};
/* to_head: the request was HEAD, so there is no body whatever the headers say. */
int http1_response_parse(struct arena *a, str head, bool to_head, struct http1_response *ret);

/* Takes a body out of its framing. */
enum http1_body_state {
    HTTP1_BODY_IDENTITY,
    HTTP1_BODY_SIZE,
    HTTP1_BODY_EXTENSION,
    HTTP1_BODY_SIZE_LF,
    HTTP1_BODY_DATA,
    HTTP1_BODY_DATA_CR,
    HTTP1_BODY_DATA_LF,
    HTTP1_BODY_TRAILER,
    HTTP1_BODY_DONE,
    HTTP1_BODY_STATE_MAX,
};
struct http1_body {
    enum http1_body_state state;
    bool until_close;
    bool trailer_empty, trailer_cr;
    uint8_t digits;
    uint64_t left; /* of the chunk or the body */
    uint32_t line, extensions, trailers;
};
void http1_body_init(struct http1_body *b, int64_t length);
static inline bool http1_body_done(const struct http1_body *b) {
    return b->state == HTTP1_BODY_DONE;
}
/* Consumes at least one byte of p (n > 0, not done) and at most up to the end of the body; bytes of
 * content among them are *ret_data. Bytes consumed, or -EBADMSG. */
ssize_t http1_body_feed(struct http1_body *b, const char *p, size_t n, str *ret_data);

bool http1_token_valid(str s);       /* a method or header name */
bool http1_field_value_valid(str s); /* no control characters but TAB */
