// SPDX-License-Identifier: Apache-2.0
/* gRPC client over HTTP/2 on a unix socket or TCP address (nghttp2): unary calls and server
 * streams. One connection a client, re-made with back-off when it breaks; calls fail with
 * UNAVAILABLE meanwhile. */
#pragma once

#include "loop/stream.h"

#define GRPC_MESSAGE_MAX (16 * 1024 * 1024) /* as upstream's CRI client */
#define GRPC_CALLS_MAX   1024

enum grpc_status {
    GRPC_OK,
    GRPC_CANCELLED,
    GRPC_UNKNOWN,
    GRPC_INVALID_ARGUMENT,
    GRPC_DEADLINE_EXCEEDED,
    GRPC_NOT_FOUND,
    GRPC_ALREADY_EXISTS,
    GRPC_PERMISSION_DENIED,
    GRPC_RESOURCE_EXHAUSTED,
    GRPC_FAILED_PRECONDITION,
    GRPC_ABORTED,
    GRPC_OUT_OF_RANGE,
    GRPC_UNIMPLEMENTED,
    GRPC_INTERNAL,
    GRPC_UNAVAILABLE,
    GRPC_DATA_LOSS,
    GRPC_UNAUTHENTICATED,
    GRPC_STATUS_MAX,
};

struct grpc_client;
struct grpc_call;
int grpc_client_new(struct loop *l, const char *address, struct grpc_client **ret);
struct grpc_client *grpc_client_free(struct grpc_client *c); /* calls end with CANCELLED first */

struct grpc_call_options {
    const char *path;   /* "/runtime.v1.RuntimeService/RunPodSandbox" */
    str request;        /* copied */
    int64_t timeout_ns; /* 0: none */
    /* Server streams: each message. Unary calls leave it NULL. */
    void (*on_message)(void *ctx, str message);
    /* Exactly once unless cancelled. response: unary answer (valid during the call). */
    void (*on_done)(void *ctx, enum grpc_status status, str message, str response);
    void *ctx;
};
struct grpc_call *grpc_call(struct grpc_client *c, const struct grpc_call_options *o);
void grpc_call_cancel(struct grpc_call *call);
