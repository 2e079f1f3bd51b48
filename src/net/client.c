// SPDX-License-Identifier: Apache-2.0
/* HTTP client: the queue of calls and the pool of connections.
 *
 * A call waits in the queue until a connection is free. A connection is made for each waiting call
 * as long as there are fewer than allowed; it belongs to no call in particular while it is being
 * made, so a call is not delayed by a slow connection attempt when another one becomes free. A
 * failed attempt ends the call that has waited longest.
 *
 * Callbacks come from the loop only, never from inside http_client_call() and its like, and a call
 * is off every list when its on_done runs: it may start new calls and free the client. */
#include <stdlib.h>

#include "net/client_impl.h"

static void free_call(struct http_call *call) {
    timer_stop(call->client->loop, &call->timer);
    list_remove(&call->node);
    buf_done(&call->request);
    buf_done(&call->body);
    arena_free(call->arena);
    free(call);
}

/* Off the queue; it is on another list or with a connection afterwards. */
static void leave_queue(struct http_call *call) {
    list_remove(&call->node);
    call->client->n_queued--;
}

void http_call_end(struct http_call *call, int r) {
    timer_stop(call->client->loop, &call->timer);
    list_remove(&call->node);
    bool has = call->has_head;
    bool maybe_sent = r < 0 && call->maybe_sent;
    call->on_done(call->ctx, r, has ? call->answer.status : 0, has ? &call->answer.headers : NULL,
                  r < 0 ? STR_NONE : buf_str(&call->body), maybe_sent);
    buf_done(&call->request);
    buf_done(&call->body);
    arena_free(call->arena);
    free(call);
}

void http_call_upgraded(struct http_call *call, struct stream *s, str early) {
    timer_stop(call->client->loop, &call->timer);
    list_remove(&call->node);
    call->on_upgrade(call->ctx, &call->answer.headers, s, early);
    buf_done(&call->request);
    buf_done(&call->body);
    arena_free(call->arena);
    free(call);
}

void http_call_end_soon(struct http_call *call, int r) {
    ASSERT(r < 0);
    call->result = r;
    timer_stop(call->client->loop, &call->timer);
    list_remove(&call->node);
    list_append(&call->client->ended, &call->node);
    http_client_pump_soon(call->client);
}

bool http_call_may_retry(const struct http_call *call) {
    return !call->retried && !call->has_bytes && (call->is_get || !call->maybe_sent);
}

void http_call_again(struct http_call *call) {
    call->retried = true;
    list_prepend(&call->client->queue, &call->node);
    call->client->n_queued++;
    http_client_pump_soon(call->client);
}

void http_client_pump_soon(struct http_client *c) {
    loop_defer(c->loop, &c->task);
}

static struct http_call *call_of(struct list *node) {
    return container_of(node, struct http_call, node);
}

/* One end a task: on_done may free the client. */
static void run_client(struct task *t) {
    struct http_client *c = container_of(t, struct http_client, task);
    while (!list_empty(&c->queue) && !list_empty(&c->idle)) {
        struct http_call *call = call_of(c->queue.next);
        leave_queue(call);
        client_conn_send(client_conn_of(c->idle.next), call);
    }
    while (c->n_connecting < c->n_queued && c->n_conns < c->max_conns)
        client_conn_new(c);
    if (list_empty(&c->ended))
        return;
    struct http_call *call = call_of(c->ended.next);
    if (c->ended.next->next != &c->ended)
        http_client_pump_soon(c);
    http_call_end(call, call->result);
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
    list_init(&c->queue);
    list_init(&c->ended);
    list_init(&c->conns);
    list_init(&c->idle);
    list_init(&c->task.node);
    c->task.run = run_client;
    *ret = c;
    return 0;
}

static void cancel_list(struct list *calls) {
    while (!list_empty(calls))
        http_call_end(call_of(calls->next), -ECANCELED);
}

struct http_client *http_client_free(struct http_client *c) {
    if (!c)
        return NULL;
    c->max_conns = 0;
    while (!list_empty(&c->idle))
        client_conn_close(client_conn_of(c->idle.next));
    while (!list_empty(&c->conns)) {
        struct http_call *call = client_conn_close(client_conn_of(c->conns.next));
        if (call)
            http_call_end(call, -ECANCELED);
    }
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

void http_client_set_tls(struct http_client *c, struct tls_config *tls) {
    if (tls)
        tls_config_ref(tls);
    tls_config_unref(c->tls);
    c->tls = tls;
    while (!list_empty(&c->idle)) /* they speak for the old certificate */
        client_conn_close(client_conn_of(c->idle.next));
}

static void call_timeout(struct timer *t) {
    struct http_call *call = container_of(t, struct http_call, timer);
    if (call->conn)
        client_conn_close(call->conn);
    else
        call->client->n_queued--;
    http_call_end(call, -ETIMEDOUT);
}

static void put_header(struct buf *b, str name, str value) {
    buf_add(b, name);
    buf_adds(b, ": ");
    buf_add(b, value);
    buf_adds(b, "\r\n");
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

static void put_request(struct http_call *call, const struct http_call_options *o) {
    struct buf *b = &call->request;
    str method = str_of(o->method);
    buf_add(b, method);
    buf_addc(b, ' ');
    buf_add(b, o->target);
    buf_adds(b, " HTTP/1.1\r\n");
    bool has_host = false;
    for (size_t i = 0; i < o->n_headers; i++)
        has_host |= str_ieq(o->headers[i].name, STR("Host"));
    if (!has_host)
        put_header(b, STR("Host"), str_of(call->client->host));
    for (size_t i = 0; i < o->n_headers; i++)
        put_header(b, o->headers[i].name, o->headers[i].value);
    if (o->body.n || str_in(method, (const char *const[]){"POST", "PUT", "PATCH", NULL}))
        buf_printf(b, "Content-Length: %zu\r\n", o->body.n);
    buf_adds(b, "\r\n");
    buf_add(b, o->body);
}

struct http_call *http_client_call(struct http_client *c, const struct http_call_options *o) {
    struct http_call *call = xcalloc(1, sizeof(*call));
    list_init(&call->node);
    call->client = c;
    call->timer.fire = call_timeout;
    call->max_body = o->max_body ? o->max_body : HTTP_CLIENT_BODY_DEFAULT;
    call->idle_timeout_ns = o->idle_timeout_ns;
    call->on_head = o->on_head;
    call->on_data = o->on_data;
    call->on_done = o->on_done;
    call->on_upgrade = o->on_upgrade;
    call->ctx = o->ctx;
    call->is_get = str_eqc(STR("GET"), o->method);
    call->is_head = str_eqc(STR("HEAD"), o->method);
    if (!request_valid(o) || c->n_queued >= HTTP_CLIENT_QUEUE_MAX) {
        http_call_end_soon(call, c->n_queued >= HTTP_CLIENT_QUEUE_MAX ? -ENOBUFS : -EINVAL);
        return call;
    }
    put_request(call, o);
    list_append(&c->queue, &call->node);
    c->n_queued++;
    if (o->timeout_ns)
        timer_start(c->loop, &call->timer, o->timeout_ns);
    http_client_pump_soon(c);
    return call;
}

void http_call_cancel(struct http_call *call) {
    if (!call)
        return;
    if (call->conn)
        client_conn_close(call->conn);
    else if (!call->result)
        call->client->n_queued--;
    free_call(call);
}

void http_call_resume(struct http_call *call) {
    if (call->conn)
        client_conn_resume(call->conn);
}
