// SPDX-License-Identifier: Apache-2.0
/* HTTP client for one server: connections that are kept, a bounded number of them, requests waiting
 * in order when all are busy. HTTP/2 where TLS offers "h2" and the server chooses it: then all
 * calls share one connection (a second one when it is full, or after GOAWAY), which is pinged when
 * it is silent. Else HTTP/1.1, a connection a running call. */
#pragma once

#include "net/http.h"
#include "net/tls.h"

#define HTTP_CLIENT_CONNECTIONS_MAX 64
#define HTTP_CLIENT_QUEUE_MAX       10000
#define HTTP_CLIENT_HEAD_MAX        (64 * 1024)
#define HTTP_CLIENT_BODY_DEFAULT    (64 * 1024 * 1024) /* max_body 0 */
#define HTTP_CLIENT_OUT_HIGH        (64 * 1024) /* unsent bytes at which http_call_write() says no */

struct http_client;
struct http_client_options {
    const char *address;    /* transport address: "tcp:127.0.0.1:6443", "sim:apiserver" */
    const char *host;       /* Host header and TLS name */
    struct tls_config *tls; /* NULL: plain */
    unsigned connections;   /* 0: HTTP_CLIENT_CONNECTIONS_MAX */
    bool http2;             /* without TLS: the server is known to speak HTTP/2 */
};
int http_client_new(struct loop *l, const struct http_client_options *o, struct http_client **ret);
/* Running calls end with -ECANCELED before it returns. */
struct http_client *http_client_free(struct http_client *c);
/* For new connections; those there are end with the calls they carry now. */
void http_client_set_tls(struct http_client *c, struct tls_config *tls);

struct http_call;
struct http_call_options {
    const char *method;
    str target; /* path and query, encoded */
    const struct http_header *headers;
    size_t n_headers;
    str body; /* copied */
    /* Instead, the body follows by http_call_write(): body_length bytes, which must be true, or as
     * much as there will be when that is -1. on_drained is called when a write said no and what was
     * written has gone out. HTTP/1.1 only, as on_upgrade; such a call is never sent again. */
    bool stream_body;
    int64_t body_length;
    void (*on_drained)(void *ctx);
    size_t max_body;         /* of the answer when on_data is NULL; -E2BIG past it */
    int64_t timeout_ns;      /* for the whole call; 0: none (watches) */
    int64_t idle_timeout_ns; /* without a byte; 0: none */
    /* When set, the body comes in pieces as it arrives; return false to pause reading until
     * http_call_resume. Otherwise it is collected and given to on_done. */
    void (*on_head)(void *ctx, int status, const struct http_headers *);
    bool (*on_data)(void *ctx, str data);
    /* When set, the headers ask for another protocol, and 101 gives the stream away, with what was
     * read behind the head (gone afterwards); on_done is not called then. Any other answer is an
     * answer. HTTP/1.1 only: -EINVAL from a client that offers HTTP/2. */
    void (*on_upgrade)(void *ctx, const struct http_headers *, struct stream *, str early);
    /* Exactly once, unless cancelled. r: 0 (then status is the server's), -ETIMEDOUT,
     * -ECONNREFUSED, -ECONNRESET, -EPROTO, -E2BIG, ... A request whose connection broke before any
     * byte of the answer is sent again once when it was GET or the server said it was not read.
     * `maybe_sent`: the server may have carried it out. */
    void (*on_done)(void *ctx, int r, int status, const struct http_headers *, str body,
                    bool maybe_sent);
    void *ctx;
};
/* Never NULL; a request that cannot be sent at all ends as any other does, later, with -EINVAL or
 * (too many waiting) -ENOBUFS. */
struct http_call *http_client_call(struct http_client *c, const struct http_call_options *o);
/* Of a call with stream_body, until its end: copies. False: wait for on_drained. What a server does
 * not want any more, because it has answered or is about to, is dropped. */
bool http_call_write(struct http_call *call, str data);
void http_call_write_end(struct http_call *call);
void http_call_cancel(struct http_call *call); /* no callback afterwards */
void http_call_resume(struct http_call *call);
