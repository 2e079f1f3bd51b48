// SPDX-License-Identifier: Apache-2.0
/* Shared by rest.c and rest_watch.c. */
#pragma once

#include "client/metrics.h"
#include "client/rest.h"

#define REST_ANSWER_MAX      (512u << 20) /* a list of a very large cluster */
#define REST_EVENT_MAX       (16u << 20)  /* one watch event */
#define REST_HEADERS         4
#define REST_CONNECTIONS_MAX 256 /* HTTP/1.1: a watch holds one as long as it lasts */

#define REST_ACCEPT_METADATA                                                                       \
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"

struct rest_client {
    struct loop *loop;
    struct http_client *http;
    bool plain; /* no TLS: there is nobody to be */
    char *user_agent, *token_file;
    struct buf token;
    int64_t token_read;
    struct rest_metrics *metrics;
    double qps;
    unsigned burst;
    int64_t next_free;
    struct timer refill;
    struct list waiting, running;
};

str rest_target(struct arena *a, const struct api_resource *r, str ns, str name,
                const char *subresource, const char *query);
/* Fills ret, gives how many. */
unsigned rest_headers(struct rest_client *c, struct arena *a, const char *accept,
                      const char *content_type, struct http_header ret[REST_HEADERS]);
/* As what the answer of a request is read. */
const struct api_type *rest_result_type(const struct rest_request *rq);
/* The Status of an error answer; one is made up when the body is none. */
const Status *rest_status(struct arena *a, int code, str body);
