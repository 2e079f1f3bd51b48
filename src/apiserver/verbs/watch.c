// SPDX-License-Identifier: Apache-2.0
/* WATCH: a position in the store's log, read as fast as the client takes events. When the client
 * is slow nothing is read and nothing queued; when the log has passed the position, the watch ends
 * with 410 and the client lists again.
 *
 * An object that begins to match the selectors is ADDED, one that stops is DELETED (shown as it
 * was, at the revision of the change), whatever happened to it in the store.
 *
 * Without a resourceVersion, or with "0", or when asked for, the state comes first as ADDED events
 * out of a snapshot, and the log is read from its revision on. */
#include "apiserver/encoding/encode.h"
#include "apiserver/nonresource/metrics.h"
#include "apiserver/verbs/selection.h"

#define WATCH_PIECE         (64 * 1024) /* encoded between two looks at the client */
#define WATCH_TURN_EVENTS   256         /* looked at in one turn of the loop */
#define WATCH_FRAME_HEAD    4           /* length in front of a protobuf event in a stream */
#define WATCH_BOOKMARK_NS   (60 * NSEC_PER_SEC)
#define WATCH_TIMEOUT_MIN   1800 /* seconds; when the client names none, up to twice that */
#define WATCH_LAST_BOOKMARK (2 * NSEC_PER_SEC) /* before the end */

struct watch {
    struct request *r;
    struct list_options options;
    struct selection selection;
    struct encoder encoder;
    struct store_snapshot *snapshot; /* while initial events are sent */
    str prefix;
    bool seeked;
    struct store_watch *log;
    struct buf out;
    bool socket;   /* a WebSocket: one event a message */
    uint64_t told; /* highest revision the client has heard of */
    int64_t deadline;
    struct timer bookmark;
    struct watch_series count;
};

static void cleanup(struct request *r) {
    struct watch *w = r->data;
    timer_stop(r->server->loop, &w->bookmark);
    encoder_done(&w->encoder);
    store_snapshot_free(w->snapshot);
    store_watch_free(w->log);
    buf_done(&w->out);
}

static void flush(struct watch *w) {
    str out = buf_str(&w->out);
    if (w->socket && w->encoder.media.format == MEDIA_PROTOBUF) /* messages have lengths already */
        out = str_slice(out, WATCH_FRAME_HEAD, out.n);
    if (out.n && w->r->x)
        exchange_write(w->r->x, out);
    buf_clear(&w->out);
}

/* After each event. */
static void maybe_flush(struct watch *w) {
    if (w->socket || w->out.n >= WATCH_PIECE)
        flush(w);
}

static void end(struct watch *w) {
    struct request *r = w->r;
    flush(w);
    struct exchange *x = TAKE(r->x);
    if (x)
        exchange_end(x);
    if (!r->running)
        request_end(r);
}

static void end_expired(struct watch *w, uint64_t asked) {
    struct request *r = w->r;
    uint64_t floor = store_floor(r->server->store, r->res->storage);
    Status *s = status_gone(r->arena, "too old resource version: %llu (%llu)",
                            (unsigned long long)asked, (unsigned long long)floor);
    encode_event_typed(&w->encoder, &w->out, "ERROR", &Status_type, s);
    end(w);
}

static void send_bookmark(struct watch *w, uint64_t revision, bool initial_end) {
    const struct api_type *t = w->r->res->type;
    struct arena a;
    arena_init(&a, 0);
    ObjectMeta *m = arena_zalloc(&a, t->size);
    m->resource_version = str_printf(&a, "%llu", (unsigned long long)revision);
    struct str_pair note = {STR("k8s.io/initial-events-end"), STR("true")};
    if (initial_end)
        m->annotations = (str_map){&note, 1};
    encode_event_typed(&w->encoder, &w->out, "BOOKMARK", t, m);
    arena_done(&a);
    w->told = revision;
}

/* Tells a client that takes bookmarks how far the watch has come. */
static void tell_progress(struct watch *w) {
    uint64_t at = w->log ? store_watch_progress(w->log) : 0;
    if (w->options.bookmarks && !w->snapshot && at > w->told && exchange_writable(w->r->x)) {
        send_bookmark(w, at, false);
        flush(w);
    }
}

/* The server ends. What is not told yet will be to whoever asks from where this ends. */
static void finish(struct request *r) {
    struct watch *w = r->data;
    if (!r->x)
        return;
    tell_progress(w);
    end(w);
}

static void on_bookmark(struct timer *t) {
    struct watch *w = container_of(t, struct watch, bookmark);
    int64_t left = w->deadline - loop_now(w->r->server->loop);
    tell_progress(w);
    if (left <= 0) {
        end(w);
        return;
    }
    int64_t next = left > WATCH_LAST_BOOKMARK ? left - WATCH_LAST_BOOKMARK : left;
    if (w->options.bookmarks)
        next = MIN(next, WATCH_BOOKMARK_NS);
    timer_start(w->r->server->loop, t, next);
}

static void send_object(struct watch *w, const char *type, const struct object *o,
                        uint64_t revision) {
    size_t before = w->out.n;
    encode_event(&w->encoder, &w->out, type, o, revision);
    series_add(w->count.events, 1);
    series_observe(w->count.sizes, (double)(w->out.n - before));
}

static void send_event(struct watch *w, const struct store_event *ev) {
    const struct selection *s = &w->selection;
    const struct object *shown = ev->object;
    const char *type = NULL;
    if (ev->type == STORE_CREATED) {
        type = selection_matches(s, ev->object) ? "ADDED" : NULL;
    } else if (ev->type == STORE_DELETED) {
        type = selection_matches(s, ev->object) ? "DELETED" : NULL;
    } else {
        bool now = selection_matches(s, ev->object);
        bool before = selection_empty(s) || selection_matches(s, ev->previous);
        if (now)
            type = before ? "MODIFIED" : "ADDED";
        else if (before)
            type = "DELETED";
        if (!now)
            shown = ev->previous;
    }
    if (!type)
        return;
    send_object(w, type, shown, ev->revision);
    w->told = ev->revision;
}

/* Initial events. True when all are sent. */
static bool pump_initial(struct watch *w, struct exchange *x, unsigned *turn) {
    const struct object *o = w->seeked
                                 ? store_snapshot_next(w->snapshot)
                                 : store_snapshot_seek(w->snapshot, w->prefix, w->prefix, false);
    for (; o; o = store_snapshot_next(w->snapshot)) {
        w->seeked = true;
        if (selection_matches(&w->selection, o)) {
            send_object(w, "ADDED", o, o->revision);
            series_add(w->count.initial, 1);
        }
        maybe_flush(w);
        if (++*turn >= WATCH_TURN_EVENTS || !exchange_writable(x))
            return false;
    }
    uint64_t revision = store_snapshot_revision(w->snapshot);
    w->snapshot = store_snapshot_free(w->snapshot);
    w->told = revision;
    if (w->options.send_initial && w->options.bookmarks)
        send_bookmark(w, revision, true);
    if (w->options.send_initial)
        series_observe(w->count.listed,
                       (double)(env_mono(w->r->server->env) - w->r->began) / NSEC_PER_SEC);
    maybe_flush(w);
    return true;
}

static void pump(struct exchange *x) {
    struct request *r = x->ctx;
    struct watch *w = r->data;
    unsigned turn = 0;
    const struct store_event *ev;
    int e = 1;
    bool more = w->snapshot && !pump_initial(w, x, &turn);
    while (!more && exchange_writable(x) && (e = store_watch_next(w->log, &ev)) == 1) {
        send_event(w, ev);
        maybe_flush(w);
        more = ++turn >= WATCH_TURN_EVENTS;
    }
    if (e == -ESTALE) {
        series_add(w->count.cut, 1);
        end_expired(w, w->told);
        return;
    }
    flush(w);
    if (more && exchange_writable(x))
        loop_defer(r->server->loop, &r->task);
}

static void on_task(struct task *t) {
    struct request *r = container_of(t, struct request, task);
    if (r->x && exchange_writable(r->x))
        pump(r->x);
}

static void on_ready(void *ctx) {
    struct watch *w = ctx;
    if (w->r->state == REQUEST_STREAM)
        loop_defer(w->r->server->loop, &w->r->task);
}

/* The log's narrowest scope that holds all that the request may see. */
static struct store_watch_options scope(struct watch *w, uint64_t after) {
    struct request *r = w->r;
    const struct api_resource *st = r->res->storage;
    struct store_watch_options o = {.resource = st, .after = after, .ready = on_ready, .ctx = w};
    str name = field_selector_exact(&w->selection.fields, "metadata.name");
    if (resource_is(st, RESOURCE_NAMESPACED)) {
        o.ns = r->info.ns;
        if (!o.ns.n)
            o.ns = field_selector_exact(&w->selection.fields, "metadata.namespace");
        if (o.ns.n && name.n)
            o.name = name;
    } else {
        o.name = name;
    }
    if (st == RESOURCE_OF(core_v1_pods) && !o.ns.n)
        o.node = field_selector_exact(&w->selection.fields, "spec.nodeName");
    return o;
}

static const char *stream_type(const struct media *m) {
    return m->format == MEDIA_PROTOBUF ? "application/vnd.kubernetes.protobuf;stream=watch"
                                       : "application/json";
}

static void start_timers(struct watch *w) {
    struct loop *l = w->r->server->loop;
    int64_t s = w->options.timeout_seconds;
    if (s <= 0)
        s = WATCH_TIMEOUT_MIN + (int64_t)env_random_below(w->r->server->env, WATCH_TIMEOUT_MIN);
    s = MIN(s, INT32_MAX);
    w->deadline = loop_now(l) + s * NSEC_PER_SEC;
    w->bookmark.fire = on_bookmark;
    int64_t first = s * NSEC_PER_SEC;
    if (w->options.bookmarks)
        first = MIN(first > WATCH_LAST_BOOKMARK ? first - WATCH_LAST_BOOKMARK : first,
                    WATCH_BOOKMARK_NS);
    timer_start(l, &w->bookmark, first);
}

static enum phase_result start_stream(struct request *r, struct watch *w) {
    if (!w->socket) {
        struct http_headers h = request_headers(r, stream_type(&r->accept));
        exchange_start(r->x, 200, h.v, h.n, pump);
        return PHASE_NEXT;
    }
    str protocol = http_header_get(&r->x->headers, "Sec-WebSocket-Protocol");
    bool binary = r->accept.format == MEDIA_PROTOBUF;
    if (str_chr(protocol, ',') < 0 &&
        exchange_start_websocket(r->x, binary ? WEBSOCKET_BINARY : WEBSOCKET_TEXT, protocol,
                                 pump) == 0)
        return PHASE_NEXT;
    return respond_text(r, 400, STR("bad WebSocket handshake\n"));
}

static enum phase_result serve(struct request *r, struct watch *w) {
    const struct list_options *o = &w->options;
    if (o->send_initial) {
        enum phase_result wait = request_wait_revision(r, o->revision);
        if (wait != PHASE_NEXT)
            return wait;
    }
    const struct api_resource *st = r->res->storage;
    bool initial = o->send_initial || (!o->revision && !o->send_initial_set);
    uint64_t after = o->revision;
    if (initial) {
        int e = store_snapshot(r->server->store, st, 0, &w->snapshot);
        if (e < 0)
            return respond_status(r, status_new(r->arena, 500, NULL, "%s", strerror(-e)));
        after = store_snapshot_revision(w->snapshot);
    } else if (!after) {
        after = store_revision(r->server->store);
    }
    w->told = after;
    w->prefix = object_key_prefix(r->arena, st, r->info.ns);
    struct store_watch_options so = scope(w, after);
    int e = store_watch_new(r->server->store, &so, &w->log);
    request_endless(r, finish);
    r->code = 200;
    w->socket = !r->x->http2 && websocket_wanted(&r->x->headers);
    enum phase_result started = start_stream(r, w);
    if (started != PHASE_NEXT)
        return started;
    if (e < 0) {
        end_expired(w, after);
        return PHASE_DONE;
    }
    r->task.run = on_task;
    start_timers(w);
    if (r->x)
        pump(r->x);
    return r->x ? PHASE_WAIT : PHASE_DONE;
}

/* The path names one object: the deprecated /watch/.../name. */
static int select_named(struct request *r, struct list_options *o) {
    if (r->info.parts < 2)
        return 0;
    str want = str_concat(r->arena, STR("metadata.name="), r->info.name);
    struct field_selector given;
    struct err ignored = {0};
    if (o->field_selector.n &&
        (field_selector_parse(r->arena, r->res, o->field_selector, &given, &ignored) < 0 ||
         !str_eq(field_selector_exact(&given, "metadata.name"), r->info.name)))
        return -EINVAL;
    if (!o->field_selector.n)
        o->field_selector = want;
    return 0;
}

enum phase_result verb_watch(struct request *r) {
    struct watch *w = r->data;
    if (w)
        return serve(r, w);
    w = arena_make(r->arena, struct watch);
    w->r = r;
    buf_init(&w->out, 0);
    enum phase_result result = read_list_options(r, &w->options);
    if (result != PHASE_NEXT)
        return result;
    if (select_named(r, &w->options) < 0)
        return respond_status(r, status_bad_request(r->arena, "fieldSelector metadata.name "
                                                              "doesn't match requested name"));
    struct err e = {0};
    if (selection_init(r->arena, r->res, &w->options, &w->selection, &e) < 0)
        return respond_status(r, status_bad_request(r->arena, "%s", e.text));
    if (r->accept.as == AS_PARTIAL_LIST)
        r->accept.as = AS_PARTIAL;
    r->accept.pretty = false;
    if (r->accept.format == MEDIA_YAML) /* has no end that a reader of a stream would see */
        return respond_status(r, status_new(r->arena, 406, "NotAcceptable",
                                            "only the following media types are "
                                            "accepted: " MEDIA_STREAM_TYPES_TEXT));
    if (encoder_init(&w->encoder, r) < 0)
        return respond_status(r, table_options_invalid(r));
    w->count = metrics_watch(r);
    r->data = w;
    r->cleanup = cleanup;
    return serve(r, w);
}
