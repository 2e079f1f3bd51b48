// SPDX-License-Identifier: Apache-2.0
/* Watch fan-out of a running server, beside a peer's where one is given: 100 and 1,000 watchers of
 * one ConfigMap that a single writer updates. Rows of a markdown table: watchers, events a second
 * that arrive at all watchers together, median and 99th percentile in ms from the request to the
 * event at a watcher, CPU us an event and RSS of the server, and the peer's rate with the ratio.
 *
 *     build/bench/watch KUBECONFIG[=PID+PID...] [PEER[=PID+PID...]] [--events N] */
#include <sys/resource.h>

#include "target.h"

#define NAMESPACE    "bench-watch"
#define CONFIGMAPS   "/api/v1/namespaces/" NAMESPACE "/configmaps"
#define WATCHERS_MAX 1000
#define PER_CLIENT   HTTP_CLIENT_CONNECTIONS_MAX
#define OPENING      16         /* handshakes at once */
#define MARK         "\"n\":\"" /* in front of an update's number */

struct bench;

struct watcher {
    struct bench *b;
    struct buf line; /* not whole yet */
};

struct bench {
    struct env env;
    struct loop *loop;
    struct http_client *writer;
    struct watcher watchers[WATCHERS_MAX];
    const struct target *target;
    struct http_client *clients[WATCHERS_MAX / PER_CLIENT + 1];
    unsigned n_clients, n_watchers, asked, opened, goal, sent;
    int64_t *since; /* by update */
    int64_t *took;  /* by event */
    size_t events;
};

static void write_one(struct bench *b);

static void arrived(struct bench *b, str line) {
    int64_t at = str_find(line, STR(MARK));
    if (at < 0)
        return;
    unsigned i = (unsigned)atoi(line.p + at + strlen(MARK));
    if (i == 0 || i > b->goal)
        return;
    b->took[b->events++] = env_mono(&b->env) - b->since[i - 1];
    if (b->events == (size_t)b->goal * b->n_watchers)
        loop_stop(b->loop);
}

static bool on_event(void *ctx, str data) {
    struct watcher *w = ctx;
    while (data.n) {
        ssize_t end = str_chr(data, '\n');
        if (end < 0) {
            buf_add(&w->line, data);
            break;
        }
        buf_add(&w->line, str_slice(data, 0, (size_t)end));
        buf_addc(&w->line, '\0');
        arrived(w->b, buf_str(&w->line));
        buf_clear(&w->line);
        data = str_slice(data, (size_t)end + 1, data.n);
    }
    return true;
}

static void open_one(struct bench *b);

static void on_open(void *ctx, int status, const struct http_headers *h) {
    struct watcher *w = ctx;
    if (status != 200)
        die("watch", "refused");
    if (++w->b->opened == w->b->n_watchers)
        loop_stop(w->b->loop);
    else
        open_one(w->b);
}

static void on_ended(void *ctx, int r, int status, const struct http_headers *h, str body,
                     bool maybe_sent) {
    if (r != -ECANCELED)
        die("watch ended", r < 0 ? strerror(-r) : "by the server");
}

static void open_one(struct bench *b) {
    if (b->asked == b->n_watchers)
        return;
    struct watcher *w = &b->watchers[b->asked];
    if (b->asked++ % PER_CLIENT == 0)
        b->clients[b->n_clients++] = target_connect(b->target, b->loop, PER_CLIENT);
    w->b = b;
    buf_init(&w->line, 1 << 20);
    struct http_call_options c = {.method = "GET",
                                  .target = STR(CONFIGMAPS "?watch=1&resourceVersion=0"),
                                  .on_head = on_open,
                                  .on_data = on_event,
                                  .on_done = on_ended,
                                  .ctx = w};
    http_client_call(b->clients[b->n_clients - 1], &c);
}

static void on_written(void *ctx, int r, int status, const struct http_headers *h, str body,
                       bool maybe_sent) {
    struct bench *b = ctx;
    char why[512];
    if (r == -ECANCELED) /* the last event was here before the answer */
        return;
    snprintf(why, sizeof(why), "%d %.*s", status, (int)MIN(body.n, sizeof(why) - 16), body.p);
    if (r < 0 || status >= 300)
        die("update", r < 0 ? strerror(-r) : why);
    if (b->sent < b->goal)
        write_one(b);
}

static void write_one(struct bench *b) {
    static const struct http_header type[] = {
        {STR("Content-Type"), STR("application/merge-patch+json")}};
    char body[512];
    unsigned i = ++b->sent;
    snprintf(body, sizeof(body), "{\"data\":{" MARK "%08u\",\"k\":\"%0200u\"}}", i, i);
    struct http_call_options c = {.method = "PATCH",
                                  .target = STR(CONFIGMAPS "/c"),
                                  .headers = type,
                                  .n_headers = 1,
                                  .body = str_of(body),
                                  .max_body = 1 << 20,
                                  .on_done = on_written,
                                  .ctx = b};
    b->since[i - 1] = env_mono(&b->env);
    http_client_call(b->writer, &c);
}

struct figures {
    double rate, p50, p99, cpu, rss;
};

static struct figures run(struct bench *b, const struct target *t, unsigned watchers) {
    target_ask(t, b->loop, "POST", "/api/v1/namespaces",
               "{\"metadata\":{\"name\":\"" NAMESPACE "\"}}", 409);
    target_ask(t, b->loop, "POST", CONFIGMAPS, "{\"metadata\":{\"name\":\"c\"}}", 409);
    b->target = t;
    b->n_watchers = watchers;
    b->n_clients = b->asked = b->opened = b->sent = 0;
    b->events = 0;
    for (unsigned i = 0; i < OPENING; i++)
        open_one(b);
    loop_run(b->loop);
    b->writer = target_connect(t, b->loop, 1);
    double cpu = target_cpu(t);
    int64_t since = env_mono(&b->env);
    write_one(b);
    loop_run(b->loop);
    double s = (double)(env_mono(&b->env) - since) / NSEC_PER_SEC;
    qsort(b->took, b->events, sizeof(b->took[0]), by_time);
    struct figures f = {.rate = (double)b->events / s,
                        .p50 = percentile_ms(b->took, b->events, 50),
                        .p99 = percentile_ms(b->took, b->events, 99),
                        .cpu = (target_cpu(t) - cpu) * 1e6 / (double)b->events,
                        .rss = target_rss(t)};
    http_client_free(b->writer);
    for (unsigned i = 0; i < b->n_clients; i++)
        http_client_free(b->clients[i]);
    for (unsigned i = 0; i < watchers; i++)
        buf_done(&b->watchers[i].line);
    return f;
}

int main(int argc, char **argv) {
    static const unsigned watchers[] = {100, WATCHERS_MAX};
    static struct bench b;
    static struct target targets[2];
    unsigned n = 0;
    struct rlimit files = {WATCHERS_MAX + 200, WATCHERS_MAX + 200};
    b.goal = 500;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        die("open files", strerror(errno));
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    if (loop_new(&b.env, &b.loop) < 0)
        die("loop", "not made");
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--events") == 0 && i + 1 < argc)
            b.goal = (unsigned)atoi(argv[++i]);
        else if (n < ARRAY_LEN(targets))
            target_open(&targets[n++], &b.env, argv[i]);
    if (n == 0 || b.goal == 0)
        die("usage", "watch KUBECONFIG[=PID+PID] [PEER[=PID+PID]] [--events N]");
    b.since = xcalloc(b.goal, sizeof(b.since[0]));
    b.took = xcalloc((size_t)b.goal * WATCHERS_MAX, sizeof(b.took[0]));
    for (size_t i = 0; i < ARRAY_LEN(watchers); i++) {
        struct figures f[2];
        for (unsigned k = 0; k < n; k++)
            f[k] = run(&b, &targets[k], watchers[i]);
        printf("| %u | %.0f | %.2f | %.2f | %.1f | %.1f |", watchers[i], f[0].rate, f[0].p50,
               f[0].p99, f[0].cpu, f[0].rss);
        if (n > 1)
            printf(" %.0f | %.1f | %.1f | %.1f |", f[1].rate, f[0].rate / f[1].rate, f[1].cpu,
                   f[1].rss);
        printf("\n");
        fflush(stdout);
    }
    for (unsigned i = 0; i < n; i++) {
        target_ask(&targets[i], b.loop, "DELETE", "/api/v1/namespaces/" NAMESPACE, "{}", 0);
        target_close(&targets[i]);
    }
    loop_free(b.loop);
    free(b.since);
    free(b.took);
    return 0;
}
