// SPDX-License-Identifier: Apache-2.0
/* GET /containerLogs: the file is read in pieces as the reader takes them. A follower is woken when
 * the file grows and when its container is seen to have ended. */
#include <stdio.h>
#include <stdlib.h>

#include "kubelet/logs.h"
#include "kubelet/server.h"

#define LOG_PIECE       (64 * 1024)
#define LOG_LINGER      (250 * NSEC_PER_MSEC)
#define LOG_STREAMS_MAX 1000

struct log_stream {
    struct list node;
    struct kubelet_server *s;
    struct exchange *x;
    struct log_reader reader;
    struct host_followed file;
    struct timer timer;
    str uid, id; /* of pod and container, in the exchange's arena */
    bool last;   /* the container had ended before the last read began */
};

static void pump(struct log_stream *t);

static void stream_free(struct log_stream *t) {
    list_remove(&t->node);
    timer_stop(t->s->k->loop, &t->timer);
    log_reader_done(&t->reader);
    host_unfollow(&t->file);
    free(t);
}

static void on_abort(struct exchange *x) {
    stream_free(x->ctx);
}
static void on_writable(struct exchange *x) {
    pump(x->ctx);
}
static void on_lingered(struct timer *timer) {
    pump(container_of(timer, struct log_stream, timer));
}
static void on_grown(struct host_followed *file) {
    pump(container_of(file, struct log_stream, file));
}

static void end(struct log_stream *t) {
    struct exchange *x = t->x;
    x->on_abort = NULL;
    stream_free(t);
    exchange_end(x);
}

void log_streams_end(struct kubelet_server *s) {
    LIST_FOREACH (n, &s->streams)
        end(container_of(n, struct log_stream, node));
}

static bool still_runs(const struct log_stream *t) {
    const struct worker *w = kubelet_worker(t->s->k, t->uid);
    const struct rt_container *c = w ? rt_by_id(w->view, t->id) : NULL;
    return c && rt_alive(c);
}

void log_streams_look(struct kubelet_server *s, str uid) {
    if (!s)
        return;
    LIST_FOREACH (n, &s->streams) {
        struct log_stream *t = container_of(n, struct log_stream, node);
        if (str_eq(t->uid, uid) && !still_runs(t))
            pump(t);
    }
}

static void pump(struct log_stream *t) {
    char piece[LOG_PIECE];
    struct buf out;
    timer_stop(t->s->k->loop, &t->timer);
    while (exchange_writable(t->x)) {
        bool runs = t->reader.o.follow && still_runs(t);
        ssize_t n = host_followed_read(&t->file, piece, sizeof(piece));
        if (n == 0 && runs)
            return; /* on_grown or log_streams_look */
        if (n == 0 && t->reader.o.follow && !t->last) {
            t->last = true; /* what it wrote last may come after we saw it end: one more look */
            timer_start(t->s->k->loop, &t->timer, LOG_LINGER);
            return;
        }
        if (n <= 0) {
            end(t);
            return;
        }
        buf_init(&out, 0);
        bool more = log_reader_feed(&t->reader, str_n(piece, (size_t)n), &out);
        if (out.n)
            exchange_write(t->x, buf_str(&out));
        buf_done(&out);
        if (!more) {
            end(t);
            return;
        }
    }
}

static ssize_t read_file(void *ctx, int64_t offset, void *p, size_t max) {
    return host_read_at(ctx, offset, p, max);
}

static void start(struct kubelet_server *s, struct exchange *x, const struct worker *w,
                  const struct rt_container *c, const struct log_options *o) {
    static const struct http_header type = {{"Content-Type", 12}, {"text/plain", 10}};
    struct log_stream *t = xcalloc(1, sizeof(*t));
    int64_t size, mtime, offset = 0;
    *t = (struct log_stream){
        .s = s, .x = x, .timer = {.fire = on_lingered}, .file = {.on_grown = on_grown}};
    str path = c->log_path;
    if (str_empty(path)) {
        str dir = pod_log_dir(x->arena, s->k->o->log_dir, w->ns, w->name, w->uid);
        path = str_printf(x->arena, STR_FMT "/" STR_FMT, STR_ARG(dir),
                          STR_ARG(container_log_file(x->arena, c->name, c->attempt)));
    }
    const char *file = str_cdup(x->arena, path);
    if (o->tail_lines >= 0 && host_stat(file, &size, &mtime) == 0)
        offset = log_tail_offset(size, o->tail_lines, read_file, (void *)(uintptr_t)file);
    int r = host_follow(s->follower, &t->file, file, offset);
    if (r < 0) {
        free(t);
        answer_text(x, r == -ENOENT ? 404 : 500, "failed to open log file \"%s\": %s", file,
                    strerror(-r));
        return;
    }
    list_append(&s->streams, &t->node);
    t->uid = str_dup(x->arena, w->uid);
    t->id = str_dup(x->arena, c->id);
    log_reader_init(&t->reader, o);
    x->ctx = t;
    x->on_abort = on_abort;
    exchange_start(x, 200, &type, 1, on_writable);
    pump(t);
}

/* Which instance, or an answer that says why there is none. */
static const struct rt_container *find(struct exchange *x, const struct worker *w, str pod,
                                       str name, bool previous) {
    const struct rt_container *c = rt_newest(w->view, name);
    const struct container_memo *m = pod_memo(&w->state, name);
    if (previous) {
        const struct rt_container *p = w->view ? rt_previous(w->view, name) : NULL;
        if (!p && c && c->state == RT_EXITED)
            p = c;
        if (!p)
            answer_text(x, 400,
                        "previous terminated container \"" STR_FMT "\" in pod \"" STR_FMT
                        "\" not found",
                        STR_ARG(name), STR_ARG(pod));
        return p;
    }
    if (!c || c->state == RT_CREATED) {
        const Pod *p = worker_pod(w);
        str reason = m && !str_empty(m->waiting_reason) ? m->waiting_reason
                     : p && p->spec.init_containers.n   ? STR("PodInitializing")
                                                        : STR("ContainerCreating");
        answer_text(x, 400,
                    "container \"" STR_FMT "\" in pod \"" STR_FMT
                    "\" is waiting to start: " STR_FMT,
                    STR_ARG(name), STR_ARG(pod), STR_ARG(reason));
        return NULL;
    }
    return c;
}

void serve_logs(struct kubelet_server *s, struct exchange *x, str rest) {
    struct log_options o;
    struct query q;
    struct err e = {0};
    str parts[3];
    unsigned n = 0, streams = 0;
    bool init;
    for (; rest.p && n < 3; n++)
        if (url_decode(x->arena, str_cut(&rest, '/'), false, &parts[n]) < 0)
            break;
    if (n < 3 || rest.p || str_empty(parts[2])) {
        answer_text(x, 400, "{\"message\": \"missing namespace, pod or container!\"}");
        return;
    }
    if (query_parse(x->arena, x->query, &q) < 0 ||
        log_options_parse(&q, loop_wall(s->k->loop), &o, &e) < 0) {
        answer_text(x, 400, "%s", e.text);
        return;
    }
    const struct worker *w = kubelet_worker_named(s->k, parts[0], parts[1]);
    const Pod *p = w ? worker_pod(w) : NULL;
    if (!p) {
        answer_text(x, 404, "pod \"" STR_FMT "\" does not exist in namespace \"" STR_FMT "\"",
                    STR_ARG(parts[1]), STR_ARG(parts[0]));
        return;
    }
    if (!pod_container_named(p, parts[2], &init)) {
        answer_text(x, 404, "container \"" STR_FMT "\" not found in pod \"" STR_FMT "\"",
                    STR_ARG(parts[2]), STR_ARG(parts[1]));
        return;
    }
    LIST_FOREACH (node, &s->streams)
        streams++;
    if (streams >= LOG_STREAMS_MAX) {
        answer_text(x, 429, "too many log streams");
        return;
    }
    const struct rt_container *c = find(x, w, parts[1], parts[2], o.previous);
    if (c)
        start(s, x, w, c, &o);
}
