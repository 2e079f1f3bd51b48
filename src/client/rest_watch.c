// SPDX-License-Identifier: Apache-2.0
/* Watches: a stream of {"type":T,"object":O} lines. */
#include "client/rest_internal.h"

#include <stdlib.h>

#include "schema/json.h"

#define WATCH_MIN_SECONDS 300
#define WATCH_GRACE       (60 * NSEC_PER_SEC) /* after which a silent server is given up */

struct rest_watch {
    struct rest_client *client;
    struct rest_watch_options o;
    struct arena arena;
    struct http_call *http;
    struct buf line; /* received and not yet a whole line */
    int code;
    bool stopped, busy; /* stopped inside a callback of ours */
};

static void watch_free(struct rest_watch *w) {
    buf_done(&w->line);
    arena_done(&w->arena);
    free(w);
}

/* Upstream and we write the two members in this order; anything else takes the slow way. */
static bool split_fast(str line, str *ret_type, str *ret_object) {
    if (!str_starts(line, STR("{\"type\":\"")) || line.p[line.n - 1] != '}')
        return false;
    str rest = str_slice(line, 9, line.n);
    ssize_t quote = str_chr(str_slice(rest, 0, 16), '"');
    if (quote < 0)
        return false;
    *ret_type = str_slice(rest, 0, (size_t)quote);
    rest = str_slice(rest, (size_t)quote, rest.n);
    if (!str_starts(rest, STR("\",\"object\":")))
        return false;
    *ret_object = str_slice(rest, 11, rest.n - 1);
    return true;
}

static void on_line(struct rest_watch *w, str line) {
    str type, object;
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    if (line.n == 0)
        return;
    if (split_fast(line, &type, &object)) {
        w->o.event(w->o.ctx, type, object);
        return;
    }
    struct arena a;
    arena_init(&a, 0);
    WatchEvent ev;
    struct err e = {0};
    if (json_read(&a, &WatchEvent_type, str_dup(&a, line), &ev, NULL, &e) == 0)
        w->o.event(w->o.ctx, ev.type, ev.object);
    else
        log_warn(loop_env(w->client->loop), "watch of %s: unreadable event: %s",
                 w->o.resource->plural, e.text);
    arena_done(&a);
}

static void on_head(void *ctx, int status, const struct http_headers *headers) {
    struct rest_watch *w = ctx;
    w->code = status;
    rest_metrics_watch(w->client->metrics, status);
}

static bool on_data(void *ctx, str data) {
    struct rest_watch *w = ctx;
    buf_add(&w->line, data);
    if (w->code != 200)
        return true;
    size_t from = 0;
    w->busy = true;
    while (!w->stopped) {
        const char *nl = memchr(w->line.p + from, '\n', w->line.n - from);
        if (!nl)
            break;
        size_t end = (size_t)(nl - w->line.p);
        on_line(w, str_n(w->line.p + from, end - from));
        from = end + 1;
    }
    w->busy = false;
    if (w->stopped) {
        http_call_cancel(w->http);
        watch_free(w);
        return false;
    }
    buf_consume(&w->line, from);
    return true;
}

static void on_done(void *ctx, int r, int status, const struct http_headers *headers, str body,
                    bool maybe_sent) {
    struct rest_watch *w = ctx;
    const Status *s = NULL;
    w->http = NULL;
    if (r < 0 && !w->code)
        rest_metrics_watch(w->client->metrics, 0);
    if (w->line.over)
        r = -E2BIG;
    if (r == 0 && status >= 400)
        s = rest_status(&w->arena, status, buf_str(&w->line));
    w->busy = true;
    w->o.ended(w->o.ctx, r, r == 0 ? status : 0, s);
    watch_free(w);
}

struct rest_watch *rest_watch_start(struct rest_client *c, const struct rest_watch_options *o) {
    struct rest_watch *w = xcalloc(1, sizeof(*w));
    w->client = c;
    w->o = *o;
    arena_init(&w->arena, 0);
    buf_init(&w->line, REST_EVENT_MAX);
    uint64_t seconds = WATCH_MIN_SECONDS + env_random_below(loop_env(c->loop), WATCH_MIN_SECONDS);
    str query = str_printf(&w->arena,
                           "watch=true&allowWatchBookmarks=true&resourceVersion=%llu"
                           "&timeoutSeconds=%llu%s%s",
                           (unsigned long long)o->after, (unsigned long long)seconds,
                           o->selectors ? "&" : "", o->selectors ? o->selectors : "");
    struct http_header headers[REST_HEADERS];
    unsigned n = rest_headers(
        c, &w->arena, o->metadata_only ? REST_ACCEPT_METADATA : "application/json", NULL, headers);
    w->http = http_client_call(
        c->http, &(struct http_call_options){
                     .method = "GET",
                     .target = rest_target(&w->arena, o->resource, o->ns, STR_NONE, NULL, query.p),
                     .headers = headers,
                     .n_headers = n,
                     .timeout_ns = (int64_t)seconds * NSEC_PER_SEC + WATCH_GRACE,
                     .on_head = on_head,
                     .on_data = on_data,
                     .on_done = on_done,
                     .ctx = w,
                 });
    return w;
}

void rest_watch_stop(struct rest_watch *w) {
    if (!w || w->stopped)
        return;
    w->stopped = true;
    if (w->busy) /* inside event(): on_data cleans up; inside ended(): on_done does */
        return;
    http_call_cancel(w->http);
    watch_free(w);
}
