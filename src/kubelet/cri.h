// SPDX-License-Identifier: Apache-2.0
/* The container runtime behind its socket: typed calls of CRI v1, each a row of method, request and
 * answer. One loop. */
#pragma once

#include "api/cri.h"
#include "base/err.h"
#include "loop/loop.h"

enum cri_method {
    CRI_VERSION,
    CRI_STATUS,
    CRI_RUN_POD_SANDBOX,
    CRI_STOP_POD_SANDBOX,
    CRI_REMOVE_POD_SANDBOX,
    CRI_POD_SANDBOX_STATUS,
    CRI_LIST_POD_SANDBOX,
    CRI_CREATE_CONTAINER,
    CRI_START_CONTAINER,
    CRI_STOP_CONTAINER,
    CRI_REMOVE_CONTAINER,
    CRI_LIST_CONTAINERS,
    CRI_CONTAINER_STATUS,
    CRI_REOPEN_CONTAINER_LOG,
    CRI_EXEC_SYNC,
    CRI_LIST_IMAGES,
    CRI_IMAGE_STATUS,
    CRI_PULL_IMAGE,
    CRI_METHOD_MAX,
};

struct cri;
struct cri_call;
int cri_new(struct loop *l, const char *address, struct cri **ret);
struct cri *cri_free(struct cri *c);

/* response is of the method's type and lives during the call, NULL on failure. r: -ENOENT,
 * -EEXIST, -ETIMEDOUT, -ECANCELED, -ECONNREFUSED (no runtime there), -ENOSYS, -EPROTO, else -EIO;
 * e's text as Go's gRPC prints it: "rpc error: code = NotFound desc = ...". */
typedef void (*cri_done)(void *ctx, int r, const struct err *e, const void *response);
/* request is encoded at once. timeout_ns 0: none. done never runs inside. */
struct cri_call *cri_send(struct cri *c, enum cri_method m, const void *request, int64_t timeout_ns,
                          cri_done done, void *ctx);
void cri_cancel(struct cri_call *call); /* no done afterwards */
/* The text without the words of gRPC around it. */
str cri_message(const struct err *e);
