// SPDX-License-Identifier: Apache-2.0
/* The public calls of an exchange: order is checked here, the protocol does the rest. */
#include "net/exchange.h"

_Static_assert(offsetof(struct exchange_impl, x) == 0, "so that const needs no cast");

static struct exchange_impl *impl_of(struct exchange *x) {
    return container_of(x, struct exchange_impl, x);
}

void exchange_read_body(struct exchange *x, size_t max,
                        void (*done)(struct exchange *, int r, str body)) {
    struct exchange_impl *i = impl_of(x);
    ASSERT(!i->reading);
    i->reading = true;
    i->ops->read_body(x, max, done);
}

void exchange_stream_body(struct exchange *x, bool (*piece)(struct exchange *, str data),
                          void (*end)(struct exchange *, int r)) {
    struct exchange_impl *i = impl_of(x);
    ASSERT(!i->reading);
    i->reading = true;
    i->ops->stream_body(x, piece, end);
}

void exchange_resume_body(struct exchange *x) {
    impl_of(x)->ops->resume_body(x);
}

int64_t exchange_length(const struct http_header *headers, size_t n) {
    int64_t length;
    for (size_t i = 0; i < n; i++)
        if (str_ieq(headers[i].name, STR("Content-Length")) &&
            str_to_i64(headers[i].value, &length) == 0 && length >= 0)
            return length;
    return -1;
}

void exchange_respond(struct exchange *x, int status, const struct http_header *headers,
                      size_t n_headers, str body) {
    struct exchange_impl *i = impl_of(x);
    ASSERT(!i->started);
    i->started = true;
    i->ops->respond(x, status, headers, n_headers, body);
}

void exchange_start(struct exchange *x, int status, const struct http_header *headers,
                    size_t n_headers, void (*on_writable)(struct exchange *)) {
    struct exchange_impl *i = impl_of(x);
    ASSERT(!i->started);
    i->started = true;
    i->ops->start(x, status, headers, n_headers, on_writable);
}

int exchange_start_websocket(struct exchange *x, enum websocket_opcode opcode, str protocol,
                             void (*on_writable)(struct exchange *)) {
    struct exchange_impl *i = impl_of(x);
    ASSERT(!i->started && (opcode == WEBSOCKET_TEXT || opcode == WEBSOCKET_BINARY));
    int r = i->ops->start_websocket(x, opcode, protocol, on_writable);
    i->started = i->websocket = r == 0;
    return r;
}

bool exchange_writable(const struct exchange *x) {
    return !((const struct exchange_impl *)(const void *)x)->above;
}

void exchange_write(struct exchange *x, str data) {
    struct exchange_impl *i = impl_of(x);
    ASSERT(i->started);
    if (data.n || i->websocket) /* an empty chunk would end a body */
        i->ops->write(x, data);
}

void exchange_end(struct exchange *x) {
    ASSERT(impl_of(x)->started);
    impl_of(x)->ops->end(x);
}

void exchange_abort(struct exchange *x) {
    impl_of(x)->ops->abort(x);
}

int exchange_hijack(struct exchange *x, const struct http_header *headers, size_t n_headers,
                    void (*taken)(void *ctx, struct stream *, str already_read), void *ctx) {
    ASSERT(!impl_of(x)->started);
    return impl_of(x)->ops->hijack(x, headers, n_headers, taken, ctx);
}
