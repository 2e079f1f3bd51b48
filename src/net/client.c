// SPDX-License-Identifier: Apache-2.0
/* HTTP client: the queue of calls and the pool of connections.
 *
 * A call waits in the queue until a connection can take it. With HTTP/1.1 one is made for each
 * waiting call as long as there are fewer than allowed; it belongs to no call in particular while
 * it is being made, so a call is not delayed by a slow attempt when another connection becomes
 * free. A failed attempt ends the call that has waited longest. Where a connection carries many
 * calls (HTTP/2), or may, only one is made at a time, for all that wait; more than one exists while
 * one is full or takes no new calls. When none is left, a failed attempt ends every call that
 * waits.
 *
 * Callbacks come from the loop only, never from inside http_client_call() and its like, and a call
 * is off every list when its on_done runs: it may start new calls and free the client. */
#include <stdlib.h>

#include "net/client_impl.h"

/* ---- connections ---- */

static struct client_conn *conn_of(struct list *node) {
    return container_of(node, struct client_conn, node);
}

void client_conn_join(struct client_conn *conn, struct http_client *c,
                      const struct client_conn_ops *ops) {
    conn->client = c;
    conn->ops = ops;
    list_init(&conn->node);
    list_init(&conn->calls);
    c->n_conns++;
    client_conn_ready(conn, true);
}

void client_conn_leave(struct client_conn *conn) {
    list_remove(&conn->node);
    conn->client->n_conns--;
    http_client_pump_soon(conn->client);
}

void client_conn_ready(struct client_conn *conn, bool is_ready) {
    struct http_client *c = conn->client;
    list_remove(&conn->node);
    list_prepend(is_ready ? &c->ready : &c->busy, &conn->node);
    if (is_ready)
        http_client_pump_soon(c);
}

/* ---- ends of calls ---- */

/* Off every list and timer. */
static void detach(struct http_call *call) {
    struct http_client *c = call->client;
    struct client_conn *conn = TAKE(call->conn);
    timer_stop(c->loop, &call->timer);
    timer_stop(c->loop, &call->idle);
    list_remove(&call->node);
    c->n_queued -= call->queued;
    call->queued = false;
    if (conn)
        conn->ops->drop(conn, call);
}

static void free_call(struct http_call *call) {
    buf_done(&call->request);
    buf_done(&call->body);
    buf_done(&call->held);
    arena_free(call->arena);
    free(call);
}

void http_call_end(struct http_call *call, int r) {
    detach(call);
    bool has = call->has_head;
    call->on_done(call->ctx, r, has ? call->answer.status : 0, has ? &call->answer.headers : NULL,
                  r < 0 ? STR_NONE : buf_str(&call->body), r < 0 && call->maybe_sent);
    free_call(call);
}

void http_call_end_soon(struct http_call *call, int r) {
    detach(call);
    call->result = r;
    list_append(&call->client->ended, &call->node);
    http_client_pump_soon(call->client);
}

void http_call_upgraded(struct http_call *call, struct stream *s, str early) {
    detach(call);
    call->on_upgrade(call->ctx, &call->answer.headers, s, early);
    free_call(call);
}

static void enqueue(struct http_call *call, bool in_front) {
    struct http_client *c = call->client;
    if (in_front)
        list_prepend(&c->queue, &call->node);
    else
        list_append(&c->queue, &call->node);
    call->queued = true;
    c->n_queued++;
    http_client_pump_soon(c);
}

void http_call_again(struct http_call *call) {
    struct client_conn *conn = TAKE(call->conn);
    list_remove(&call->node);
    conn->ops->drop(conn, call);
    timer_stop(call->client->loop, &call->idle);
    call->sent = 0;
    call->interim = 0;
    call->maybe_sent = false;
    enqueue(call, true);
}

void http_call_broken(struct http_call *call, int r) {
    bool may_retry = r != -EPROTO && r != -ECANCELED && !call->retried && !call->has_bytes &&
                     (call->is_get || !call->maybe_sent);
    if (!may_retry) {
        http_call_end_soon(call, r);
        return;
    }
    call->retried = true;
    http_call_again(call);
}

/* ---- answers ---- */

void http_call_heard(struct http_call *call) {
    if (call->idle_timeout_ns && !call->paused)
        timer_start(call->client->loop, &call->idle, call->idle_timeout_ns);
    else
        timer_stop(call->client->loop, &call->idle);
}

int http_call_head(struct http_call *call) {
    call->has_head = true;
    buf_init(&call->body, call->max_body);
    if (!call->on_data && call->answer.body_length > 0 &&
        (uint64_t)call->answer.body_length > call->max_body)
        return -E2BIG;
    if (call->on_head)
        call->on_head(call->ctx, call->answer.status, &call->answer.headers);
    return 0;
}

int http_call_data(struct http_call *call, str data, bool *ret_pause) {
    *ret_pause = false;
    if (data.n && call->on_data) {
        *ret_pause = !call->on_data(call->ctx, data);
        return 0;
    }
    buf_add(&call->body, data);
    return call->body.over ? -E2BIG : 0;
}

/* ---- the client ---- */

void http_client_pump_soon(struct http_client *c) {
    loop_defer(c->loop, &c->task);
}

static struct http_call *call_of(struct list *node) {
    return container_of(node, struct http_call, node);
}

static void send_first(struct http_client *c) {
    struct http_call *call = call_of(c->queue.next);
    struct client_conn *conn = conn_of(c->ready.next);
    list_remove(&call->node);
    call->queued = false;
    c->n_queued--;
    call->conn = conn;
    list_append(&conn->calls, &call->node);
    conn->ops->send(conn, call);
}

/* One end a task: on_done may free the client. */
static void run_client(struct task *t) {
    struct http_client *c = container_of(t, struct http_client, task);
    while (!list_empty(&c->queue) && !list_empty(&c->ready))
        send_first(c);
    while (c->n_attempts < (c->shared ? MIN(c->n_queued, 1u) : c->n_queued) &&
           c->n_conns + c->n_attempts < c->max_conns)
        client_attempt_new(c);
    if (list_empty(&c->ended))
        return;
    struct http_call *call = call_of(c->ended.next);
    if (c->ended.next->next != &c->ended)
        http_client_pump_soon(c);
    http_call_end(call, call->result);
}

void http_client_not_connected(struct http_client *c, int r) {
    bool all = c->shared && !c->n_conns;
    while (!list_empty(&c->queue)) {
        http_call_end_soon(call_of(c->queue.next), r);
        if (!all)
            break;
    }
}

/* Until a server has chosen, what we offer counts. */
static void guess_protocol(struct http_client *c) {
    c->shared = c->tls ? tls_config_offers(c->tls, STR("h2")) : c->http2;
}

int http_client_new(struct loop *l, const struct http_client_options *o, struct http_client **ret) {
    struct http_client *c = xcalloc(1, sizeof(*c));
    c->loop = l;
    c->address = xstrndup(o->address, strlen(o->address));
    c->host = xstrndup(o->host, strlen(o->host));
    str name = str_of(o->host);
    if (name.n && name.p[0] == '[') { /* "[::1]:6443" */
        ssize_t end = str_chr(name, ']');
        name = str_slice(name, 1, end > 0 ? (size_t)end : name.n);
    } else {
        name = str_cut(&name, ':');
    }
    c->tls_name = xstrndup(name.p, name.n);
    c->max_conns = o->connections ? o->connections : HTTP_CLIENT_CONNECTIONS_MAX;
    c->tls = o->tls ? tls_config_ref(o->tls) : NULL;
    c->http2 = o->http2;
    guess_protocol(c);
    list_init(&c->queue);
    list_init(&c->ended);
    list_init(&c->attempts);
    list_init(&c->busy);
    list_init(&c->ready);
    list_init(&c->task.node);
    c->task.run = run_client;
    *ret = c;
    return 0;
}

static void cancel_list(struct list *calls) {
    while (!list_empty(calls))
        http_call_end(call_of(calls->next), -ECANCELED);
}

static void close_list(struct list *conns) {
    while (!list_empty(conns)) {
        struct client_conn *conn = conn_of(conns->next);
        conn->ops->close(conn, -ECANCELED);
    }
}

static void cancel_attempts(struct http_client *c) {
    while (!list_empty(&c->attempts))
        client_attempt_cancel(client_attempt_of(c->attempts.next));
}

struct http_client *http_client_free(struct http_client *c) {
    if (!c)
        return NULL;
    c->max_conns = 0;
    cancel_attempts(c);
    close_list(&c->ready);
    close_list(&c->busy);
    cancel_list(&c->ended);
    cancel_list(&c->queue);
    loop_cancel(c->loop, &c->task);
    tls_config_unref(c->tls);
    free(c->address);
    free(c->host);
    free(c->tls_name);
    free(c);
    return NULL;
}

static void retire_list(struct list *conns) {
    LIST_FOREACH (node, conns) {
        struct client_conn *conn = conn_of(node);
        if (conn->retired)
            continue;
        conn->retired = true;
        conn->ops->retire(conn);
    }
}

void http_client_set_tls(struct http_client *c, struct tls_config *tls) {
    if (tls)
        tls_config_ref(tls);
    tls_config_unref(c->tls);
    c->tls = tls;
    guess_protocol(c);
    cancel_attempts(c); /* they all speak for the old certificate */
    retire_list(&c->ready);
    retire_list(&c->busy);
}

/* ---- calls ---- */

static void call_timeout(struct timer *t) {
    http_call_end(container_of(t, struct http_call, timer), -ETIMEDOUT);
}

static void call_idle(struct timer *t) {
    http_call_end(container_of(t, struct http_call, idle), -ETIMEDOUT);
}

/* What goes on the line comes from our own code, but parts of it from users' objects. */
static bool request_valid(const struct http_call_options *o) {
    if (!http1_token_valid(str_of(o->method)) || !o->target.n || o->target.p[0] != '/')
        return false;
    for (size_t i = 0; i < o->target.n; i++)
        if ((uint8_t)o->target.p[i] <= 0x20 || (uint8_t)o->target.p[i] >= 0x7f)
            return false;
    for (size_t i = 0; i < o->n_headers; i++)
        if (!http1_token_valid(o->headers[i].name) || !http1_field_value_valid(o->headers[i].value))
            return false;
    return true;
}

bool http_call_tells_length(const struct http_call *call) {
    static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};
    return !call->streams && (call->request.n || str_in(call->method, with_body));
}

static void take_request(struct http_call *call, const struct http_call_options *o) {
    struct arena *a = call->arena = arena_new(0);
    call->method = str_dup(a, str_of(o->method));
    call->target = str_dup(a, o->target);
    for (size_t i = 0; i < o->n_headers; i++)
        http_header_add(a, &call->headers, str_dup(a, o->headers[i].name),
                        str_dup(a, o->headers[i].value));
    buf_add(&call->request, o->body);
}

static int check_call(const struct http_client *c, const struct http_call_options *o) {
    if (c->n_queued >= HTTP_CLIENT_QUEUE_MAX)
        return -ENOBUFS;
    bool only_http1 = c->tls ? !tls_config_offers(c->tls, STR("h2")) : !c->http2;
    bool needs_it = o->on_upgrade || o->stream_body;
    return request_valid(o) && (only_http1 || !needs_it) ? 0 : -EINVAL;
}

struct http_call *http_client_call(struct http_client *c, const struct http_call_options *o) {
    struct http_call *call = xcalloc(1, sizeof(*call));
    list_init(&call->node);
    call->client = c;
    call->timer.fire = call_timeout;
    call->idle.fire = call_idle;
    call->max_body = o->max_body ? o->max_body : HTTP_CLIENT_BODY_DEFAULT;
    call->idle_timeout_ns = o->idle_timeout_ns;
    call->on_head = o->on_head;
    call->on_data = o->on_data;
    call->on_done = o->on_done;
    call->on_upgrade = o->on_upgrade;
    call->on_drained = o->on_drained;
    call->ctx = o->ctx;
    call->streams = call->retried = o->stream_body;
    call->length = o->body_length;
    call->is_get = str_eqc(STR("GET"), o->method);
    call->is_head = str_eqc(STR("HEAD"), o->method);
    int r = check_call(c, o);
    if (r < 0) {
        http_call_end_soon(call, r);
        return call;
    }
    take_request(call, o);
    enqueue(call, false);
    if (o->timeout_ns)
        timer_start(c->loop, &call->timer, o->timeout_ns);
    return call;
}

void http_call_cancel(struct http_call *call) {
    if (!call)
        return;
    detach(call);
    free_call(call);
}

void http_call_resume(struct http_call *call) {
    if (call->conn && call->paused)
        call->conn->ops->resume(call->conn, call);
}

bool http_call_write(struct http_call *call, str data) {
    ASSERT(call->streams && !call->streamed);
    if (!data.n)
        return true;
    if (call->length < 0)
        buf_printf(&call->request, "%zx\r\n", data.n);
    buf_add(&call->request, data);
    if (call->length < 0)
        buf_adds(&call->request, "\r\n");
    if (call->conn)
        call->conn->ops->written(call->conn, call);
    call->above = call->request.n >= HTTP_CLIENT_OUT_HIGH;
    return !call->above;
}

void http_call_write_end(struct http_call *call) {
    ASSERT(call->streams && !call->streamed);
    call->streamed = true;
    if (call->length < 0)
        buf_adds(&call->request, "0\r\n\r\n");
    if (call->conn)
        call->conn->ops->written(call->conn, call);
}
