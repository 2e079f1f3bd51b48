// SPDX-License-Identifier: Apache-2.0
/* gRPC client: calls and the decision when to connect.
 *
 * There is no connection before the first call. Calls wait while one is being made; when that fails
 * they end with UNAVAILABLE, and so does every call made before the back-off has passed: a runtime
 * that is down is the caller's news, and only the caller knows whether to try again. A connection
 * that has worked and breaks is made anew with the next call, at once. A peer that says GOAWAY
 * keeps its connection until the calls on it are done; new calls go to a new one.
 *
 * Ends of calls are told from a task, one at a time, with the call off every list: on_done may
 * start calls, cancel others and free the client. */
#include <stdlib.h>

#include "net/grpc_impl.h"

static struct grpc_call *call_of(struct list *node) {
    return container_of(node, struct grpc_call, node);
}

static void free_call(struct grpc_call *call) {
    buf_done(&call->request);
    buf_done(&call->in);
    buf_done(&call->text);
    free(call->path);
    free(call);
}

/* Off every list. */
static void unlink_call(struct grpc_call *call) {
    timer_stop(call->client->loop, &call->timer);
    list_remove(&call->node);
    if (call->conn)
        grpc_conn_drop(TAKE(call->conn), call);
}

void grpc_call_end_soon(struct grpc_call *call, enum grpc_status status, const char *text) {
    if (call->ended)
        return;
    unlink_call(call);
    call->ended = true;
    call->result = status;
    if (text) {
        buf_clear(&call->text);
        buf_add(&call->text, str_of(text));
    }
    list_append(&call->client->ended, &call->node);
    loop_defer(call->client->loop, &call->client->task);
}

static void tell_end(struct grpc_call *call) {
    call->client->n_calls--;
    str response = STR_NONE;
    if (call->result == GRPC_OK && !call->on_message)
        response = str_slice(buf_str(&call->in), GRPC_PREFIX, call->in.n);
    call->on_done(call->ctx, call->result, buf_str(&call->text), response);
    free_call(call);
}

static void run_client(struct task *t) {
    struct grpc_client *c = container_of(t, struct grpc_client, task);
    if (list_empty(&c->ended))
        return;
    struct grpc_call *call = call_of(c->ended.next);
    list_remove(&call->node);
    if (!list_empty(&c->ended))
        loop_defer(c->loop, &c->task);
    tell_end(call);
}

static void end_backoff(struct timer *t) {}

int grpc_client_new(struct loop *l, const char *address, struct grpc_client **ret) {
    struct grpc_client *c = xcalloc(1, sizeof(*c));
    c->loop = l;
    c->address = xstrndup(address, strlen(address));
    bool is_tcp = str_starts(str_of(address), STR("tcp:"));
    c->authority = is_tcp ? c->address + strlen("tcp:") : "localhost";
    list_init(&c->conns);
    list_init(&c->waiting);
    list_init(&c->ended);
    list_init(&c->task.node);
    c->task.run = run_client;
    c->backoff.fire = end_backoff;
    *ret = c;
    return 0;
}

static void cancel_all(struct list *calls) {
    while (!list_empty(calls)) {
        struct grpc_call *call = call_of(calls->next);
        unlink_call(call);
        call->result = GRPC_CANCELLED;
        buf_clear(&call->text);
        tell_end(call);
    }
}

struct grpc_client *grpc_client_free(struct grpc_client *c) {
    if (!c)
        return NULL;
    LIST_FOREACH (node, &c->conns) {
        struct grpc_conn *conn = container_of(node, struct grpc_conn, node);
        while (!list_empty(&conn->calls)) /* all of them, before any is told */
            grpc_call_end_soon(call_of(conn->calls.next), GRPC_CANCELLED, NULL);
    }
    cancel_all(&c->waiting);
    cancel_all(&c->ended);
    while (!list_empty(&c->conns))
        grpc_conn_close(container_of(c->conns.next, struct grpc_conn, node));
    timer_stop(c->loop, &c->backoff);
    loop_cancel(c->loop, &c->task);
    free(c->address);
    free(c);
    return NULL;
}

void grpc_conn_lost(struct grpc_client *c, bool was_good, const char *why) {
    if (was_good) {
        c->backoff_ns = 0;
    } else {
        c->backoff_ns = MIN(MAX(c->backoff_ns * 2, GRPC_BACKOFF_MIN), GRPC_BACKOFF_MAX);
        timer_start(c->loop, &c->backoff, c->backoff_ns);
    }
    while (!list_empty(&c->waiting))
        grpc_call_end_soon(call_of(c->waiting.next), GRPC_UNAVAILABLE, why);
}

void grpc_conn_ready(struct grpc_conn *conn) {
    struct list *waiting = &conn->client->waiting;
    while (!list_empty(waiting)) {
        struct grpc_call *call = call_of(waiting->next);
        list_remove(&call->node);
        grpc_conn_submit(conn, call);
    }
}

static void on_timeout(struct timer *t) {
    struct grpc_call *call = container_of(t, struct grpc_call, timer);
    grpc_call_end_soon(call, GRPC_DEADLINE_EXCEEDED, "deadline exceeded");
}

static void put_message(struct buf *b, str message) {
    uint32_t n = (uint32_t)message.n;
    char prefix[GRPC_PREFIX] = {0, (char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    buf_add(b, str_n(prefix, sizeof(prefix)));
    buf_add(b, message);
}

static void route(struct grpc_client *c, struct grpc_call *call) {
    if (grpc_conn_is_up(c->conn)) {
        grpc_conn_submit(c->conn, call);
        return;
    }
    if (!c->conn && timer_on(&c->backoff)) {
        grpc_call_end_soon(call, GRPC_UNAVAILABLE, "no connection; the last attempt failed");
        return;
    }
    list_append(&c->waiting, &call->node);
    if (!c->conn)
        grpc_conn_new(c);
}

struct grpc_call *grpc_call(struct grpc_client *c, const struct grpc_call_options *o) {
    struct grpc_call *call = xcalloc(1, sizeof(*call));
    list_init(&call->node);
    call->client = c;
    call->timer.fire = on_timeout;
    call->path = xstrndup(o->path, strlen(o->path));
    call->timeout_ns = o->timeout_ns;
    call->on_message = o->on_message;
    call->on_done = o->on_done;
    call->ctx = o->ctx;
    call->http_status = call->grpc_status = -1;
    buf_init(&call->text, GRPC_TEXT_MAX);
    c->n_calls++;
    if (o->request.n > GRPC_MESSAGE_MAX) {
        grpc_call_end_soon(call, GRPC_RESOURCE_EXHAUSTED, "request is too long");
    } else if (c->n_calls > GRPC_CALLS_MAX) {
        grpc_call_end_soon(call, GRPC_RESOURCE_EXHAUSTED, "too many calls");
    } else {
        put_message(&call->request, o->request);
        if (o->timeout_ns)
            timer_start(c->loop, &call->timer, o->timeout_ns);
        route(c, call);
    }
    return call;
}

void grpc_call_cancel(struct grpc_call *call) {
    if (!call)
        return;
    unlink_call(call);
    call->client->n_calls--;
    free_call(call);
}
