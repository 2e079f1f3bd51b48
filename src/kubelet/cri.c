// SPDX-License-Identifier: Apache-2.0
#include "kubelet/cri.h"

#include <stdlib.h>

#include "net/grpc.h"
#include "schema/proto.h"

#define RUNTIME "/runtime.v1.RuntimeService/"
#define IMAGES  "/runtime.v1.ImageService/"
#define METHOD(s_, n_)                                                                             \
    { s_ #n_, &cri_##n_##Request_type, &cri_##n_##Response_type }

static const struct method {
    const char *path;
    const struct api_type *request, *response;
} methods[CRI_METHOD_MAX] = {
    [CRI_VERSION] = METHOD(RUNTIME, Version),
    [CRI_STATUS] = METHOD(RUNTIME, Status),
    [CRI_RUN_POD_SANDBOX] = METHOD(RUNTIME, RunPodSandbox),
    [CRI_STOP_POD_SANDBOX] = METHOD(RUNTIME, StopPodSandbox),
    [CRI_REMOVE_POD_SANDBOX] = METHOD(RUNTIME, RemovePodSandbox),
    [CRI_POD_SANDBOX_STATUS] = METHOD(RUNTIME, PodSandboxStatus),
    [CRI_LIST_POD_SANDBOX] = METHOD(RUNTIME, ListPodSandbox),
    [CRI_CREATE_CONTAINER] = METHOD(RUNTIME, CreateContainer),
    [CRI_START_CONTAINER] = METHOD(RUNTIME, StartContainer),
    [CRI_STOP_CONTAINER] = METHOD(RUNTIME, StopContainer),
    [CRI_REMOVE_CONTAINER] = METHOD(RUNTIME, RemoveContainer),
    [CRI_LIST_CONTAINERS] = METHOD(RUNTIME, ListContainers),
    [CRI_CONTAINER_STATUS] = METHOD(RUNTIME, ContainerStatus),
    [CRI_REOPEN_CONTAINER_LOG] = METHOD(RUNTIME, ReopenContainerLog),
    [CRI_EXEC_SYNC] = METHOD(RUNTIME, ExecSync),
    [CRI_LIST_IMAGES] = METHOD(IMAGES, ListImages),
    [CRI_IMAGE_STATUS] = METHOD(IMAGES, ImageStatus),
    [CRI_PULL_IMAGE] = METHOD(IMAGES, PullImage),
};

static const struct {
    const char *name;
    int r;
} statuses[GRPC_STATUS_MAX] = {
    [GRPC_OK] = {"OK", 0},
    [GRPC_CANCELLED] = {"Canceled", -ECANCELED},
    [GRPC_UNKNOWN] = {"Unknown", -EIO},
    [GRPC_INVALID_ARGUMENT] = {"InvalidArgument", -EINVAL},
    [GRPC_DEADLINE_EXCEEDED] = {"DeadlineExceeded", -ETIMEDOUT},
    [GRPC_NOT_FOUND] = {"NotFound", -ENOENT},
    [GRPC_ALREADY_EXISTS] = {"AlreadyExists", -EEXIST},
    [GRPC_PERMISSION_DENIED] = {"PermissionDenied", -EPERM},
    [GRPC_RESOURCE_EXHAUSTED] = {"ResourceExhausted", -EIO},
    [GRPC_FAILED_PRECONDITION] = {"FailedPrecondition", -EIO},
    [GRPC_ABORTED] = {"Aborted", -EIO},
    [GRPC_OUT_OF_RANGE] = {"OutOfRange", -EIO},
    [GRPC_UNIMPLEMENTED] = {"Unimplemented", -ENOSYS},
    [GRPC_INTERNAL] = {"Internal", -EIO},
    [GRPC_UNAVAILABLE] = {"Unavailable", -ECONNREFUSED},
    [GRPC_DATA_LOSS] = {"DataLoss", -EIO},
    [GRPC_UNAUTHENTICATED] = {"Unauthenticated", -EPERM},
};

struct cri {
    struct loop *loop;
    struct grpc_client *grpc;
};

struct cri_call {
    const struct method *method;
    struct grpc_call *grpc;
    cri_done done;
    void *ctx;
};

int cri_new(struct loop *l, const char *address, struct cri **ret) {
    struct cri *c = xcalloc(1, sizeof(*c));
    c->loop = l;
    int r = grpc_client_new(l, address, &c->grpc);
    if (r < 0) {
        free(c);
        return r;
    }
    *ret = c;
    return 0;
}

struct cri *cri_free(struct cri *c) {
    if (c) {
        grpc_client_free(c->grpc);
        free(c);
    }
    return NULL;
}

static void on_done(void *ctx, enum grpc_status status, str message, str response) {
    struct cri_call *call = ctx;
    struct err e = {0};
    struct arena a;
    void *typed = NULL;
    int r = statuses[status].r;
    arena_init(&a, 0);
    if (status == GRPC_OK) {
        typed = arena_zalloc(&a, call->method->response->size);
        r = proto_read(&a, call->method->response, response, typed, &e);
        if (r < 0) {
            err_prefix(&e, "%s", call->method->path);
            typed = NULL;
            r = -EPROTO;
        }
    } else {
        err_set(&e, r, "rpc error: code = %s desc = " STR_FMT, statuses[status].name,
                STR_ARG(message));
    }
    call->done(call->ctx, r, &e, typed);
    arena_done(&a);
    free(call);
}

struct cri_call *cri_send(struct cri *c, enum cri_method m, const void *request, int64_t timeout_ns,
                          cri_done done, void *ctx) {
    struct cri_call *call = xcalloc(1, sizeof(*call));
    struct buf b;
    *call = (struct cri_call){.method = &methods[m], .done = done, .ctx = ctx};
    buf_init(&b, GRPC_MESSAGE_MAX);
    proto_write(&b, call->method->request, request);
    call->grpc = grpc_call(c->grpc, &(struct grpc_call_options){
                                        .path = call->method->path,
                                        .request = buf_str(&b),
                                        .timeout_ns = timeout_ns,
                                        .on_done = on_done,
                                        .ctx = call,
                                    });
    buf_done(&b);
    return call;
}

void cri_cancel(struct cri_call *call) {
    if (call) {
        grpc_call_cancel(call->grpc);
        free(call);
    }
}

str cri_message(const struct err *e) {
    static const char mark[] = " desc = ";
    str text = str_of(e->text);
    ssize_t at = str_find(text, STR(" desc = "));
    return at < 0 ? text : str_slice(text, (size_t)at + sizeof(mark) - 1, text.n);
}
