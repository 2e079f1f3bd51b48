// SPDX-License-Identifier: Apache-2.0
/* Requests that are passed on to another server: a pod's, a service's or a node's own (proxy), or
 * the kubelet for a stream (exec, attach, port-forward). A request for another protocol joins the
 * two connections when the other side agrees; what joins them is the server's own and outlives the
 * request.
 *
 * Headers, redirects and errors are those of upstream's proxy handler. */
#pragma once

#include "apiserver/connect/channels.h"
#include "apiserver/request.h"
#include "net/tls.h"

#define PROXY_REFUSAL_MAX (64 * 1024) /* of an answer that refuses an upgrade */
#define TUNNELS_MAX       2000        /* of a server; 429 past it */

/* How the client is joined with the other side. */
enum proxy_join {
    PROXY_JOIN_BYTES,    /* as it is: both speak the same */
    PROXY_JOIN_MESSAGES, /* SPDY: in the messages of the client's WebSocket, bare on the other side
                          */
    PROXY_JOIN_CHANNELS, /* a WebSocket's channels are SPDY's streams (channels.h) */
};
#define PORT_FORWARD_PROTOCOL "portforward.k8s.io"

struct proxy_target {
    str ip;
    int port;
    struct tls_config *tls; /* NULL: plain. Borrowed */
    str path;               /* decoded; begins with '/', or empty */
    str query;              /* encoded */
    bool stream;            /* only as an upgrade; else a web server's */
    enum proxy_join join;
    struct channels_options channels;
};

/* As a phase of r. */
enum phase_result proxy_start(struct request *r, const struct proxy_target *t);
/* The same for a request that wants an upgrade (upgrade.c). */
enum phase_result proxy_upgrade(struct request *r, const struct proxy_target *t);
/* Closes every tunnel: the server ends. */
void proxy_cut_tunnels(struct apiserver *s);

/* ---- pure (proxy_text.c) ---- */

/* "10.0.0.7:80" or "[fd00::7]:80". */
str proxy_host(struct arena *a, const struct proxy_target *t);
/* Path and query as they stand in a request line. */
str proxy_request_target(struct arena *a, const struct proxy_target *t);
/* Why a call ended with e, in Go's words. sent: the connection stood. */
str proxy_go_error(struct arena *a, str host, int e, bool sent);
/* Connection: names Upgrade. */
bool proxy_wants_upgrade(const struct http_headers *h);
/* What of the client's headers goes on: not what was meant for this server, nor, but in an upgrade,
 * what was meant for this connection. remote: "ip:port". uri: X-Forwarded-Uri, or empty. */
struct http_headers proxy_request_headers(struct arena *a, const struct http_headers *h,
                                          bool upgrade, str remote, str uri);
/* Whether a header is a part of how the client asks for a WebSocket. */
bool proxy_is_of_upgrade(str name);
/* What of the answer's goes back. host: of the backend; asked: the request's Host; prefix: where
 * the backend's root is seen by the client. */
struct http_headers proxy_answer_headers(struct arena *a, const struct http_headers *h, str host,
                                         str asked, str prefix);
/* A redirect to the backend's own host, or to one of its paths, leads through the proxy. */
str proxy_rewrite_location(struct arena *a, str location, str host, str asked, str prefix);
/* "a//b/../c" -> "/a/c"; a slash at the end stays. */
str proxy_clean_path(struct arena *a, str path);
/* A decoded path as it stands in a request line. */
str proxy_encode_path(struct arena *a, str path);
/* "http:name:80" in its parts; false when it is none of "name", "name:port", "scheme:name:port"
 * with scheme http, https or nothing. */
bool proxy_split_id(str id, str *ret_scheme, str *ret_name, str *ret_port);
