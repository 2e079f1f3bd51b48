// SPDX-License-Identifier: Apache-2.0
/* LIST: which objects is decided on a pinned snapshot in one go (pointers only), then they are
 * encoded piece by piece, in every form, as the client takes them. The snapshot holds them
 * meanwhile, so that a slow reader costs no copy.
 *
 * A continue token is upstream's: base64 of {"v":"meta.k8s.io/v1","rv":N,"start":"/key\0"}, where
 * start is behind the last key, relative to what is listed. rv -1 goes on in the newest state
 * after the exact one has expired. */
#include <stdlib.h>

#include "apiserver/encoding/list_write.h"
#include "apiserver/encoding/packed.h"
#include "apiserver/nonresource/metrics.h"
#include "apiserver/verbs/continue.h"
#include "apiserver/verbs/selection.h"

#define LIST_PIECE (64 * 1024)         /* encoded between two looks at the client */
#define LIST_BYTES (256 * 1024)        /* measured or written in one turn of the loop */
#define LIST_TURN  4096                /* objects looked at in one turn of the loop */
#define LIST_STALL (60 * NSEC_PER_SEC) /* without the client taking anything: it is cut off */

struct list_stream {
    struct request *r;
    struct list_options options;
    struct selection selection;
    struct list_writer writer;
    struct store_snapshot *snapshot;
    str prefix, start; /* what is listed; where to begin, relative to it */
    bool seeked, more; /* the walk has begun; it ended at the limit */
    uint64_t looked_at;
    bool collected;
    VEC(const struct object *) items;
    uint32_t measured, next; /* so many items are measured, written */
    struct buf out;
    size_t at;     /* of it has been written */
    bool complete; /* what is to come is all in `out` */
    struct gzip *gzip;
};

static void cleanup(struct request *r) {
    struct list_stream *l = r->data;
    list_writer_done(&l->writer);
    store_snapshot_free(l->snapshot);
    vec_done(&l->items);
    buf_done(&l->out);
    gzip_free(l->gzip);
}

static enum phase_result expired(struct request *r, struct list_stream *l) {
    if (!l->options.continue_.n)
        return respond_status(
            r, status_gone(r->arena, "The resourceVersion for the provided list is too old."));
    Status *s = status_gone(
        r->arena,
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter, or use the continue token in this "
        "response to retrieve the remainder of the results. Continuing with the provided token "
        "results in an inconsistent list - objects that were created, modified, or deleted "
        "between the time the first chunk was returned and now may show up in the list.");
    s->metadata.continue_ = continue_encode_expired(r->arena, l->start);
    return respond_status(r, s);
}

/* The revision to show, 0 for the newest, and where the token says to start. */
static enum phase_result choose_revision(struct request *r, struct list_stream *l,
                                         uint64_t *ret_revision) {
    const struct list_options *o = &l->options;
    *ret_revision = 0;
    if (o->continue_.n) {
        int64_t rv;
        str why;
        if (continue_decode(r->arena, o->continue_, &rv, &l->start, &why) < 0)
            return respond_status(
                r, status_bad_request(r->arena, "invalid continue token: " STR_FMT, STR_ARG(why)));
        if (o->resource_version.n && o->revision)
            return respond_status(
                r, status_bad_request(
                       r->arena, "specifying resource version is not allowed when using continue"));
        *ret_revision = rv > 0 ? (uint64_t)rv : 0;
        return PHASE_NEXT;
    }
    if (o->match == MATCH_EXACT || (o->match == MATCH_NONE && o->limit > 0))
        *ret_revision = o->revision;
    return request_wait_revision(r, o->revision);
}

/* Objects that match, up to the limit. False: it takes another turn. */
static bool collect(struct request *r, struct list_stream *l) {
    const struct object *o;
    if (l->seeked)
        o = store_snapshot_next(l->snapshot);
    else
        o = store_snapshot_seek(l->snapshot, l->prefix, str_concat(r->arena, l->prefix, l->start),
                                false);
    l->seeked = true;
    for (unsigned turn = 0; o; o = store_snapshot_next(l->snapshot)) {
        l->looked_at++;
        if (selection_matches(&l->selection, o)) {
            l->more = l->options.limit > 0 && l->items.n == (uint64_t)l->options.limit;
            if (l->more)
                return true;
            *vec_push(&l->items) = o;
        }
        if (++turn == LIST_TURN)
            return false;
    }
    return true;
}

/* False: it takes another turn. */
static bool measure(struct list_stream *l) {
    for (size_t n = 0; l->measured < l->items.n && n < LIST_BYTES; l->measured++)
        n += list_writer_measure(&l->writer, l->items.v[l->measured]);
    return l->measured == l->items.n;
}

static ListMeta list_meta(struct request *r, struct list_stream *l) {
    str prefix = l->prefix;
    uint64_t revision = store_snapshot_revision(l->snapshot);
    ListMeta m = {.resource_version = str_printf(r->arena, "%llu", (unsigned long long)revision)};
    if (!l->more)
        return m;
    str last = l->items.v[l->items.n - 1]->key;
    m.continue_ = continue_encode(r->arena, (int64_t)revision, str_slice(last, prefix.n, last.n));
    if (selection_empty(&l->selection))
        m.remaining_item_count =
            (struct opt_i64){true, (int64_t)store_snapshot_count(l->snapshot, prefix, last)};
    return m;
}

/* A reader that has stopped must not hold a snapshot for ever. */
static void on_stall(struct timer *t) {
    request_cut(container_of(t, struct request, timer));
}

/* Encodes while there is less than `size` to be written. */
static void fill(struct list_stream *l, size_t size) {
    for (; l->next < l->items.n && l->out.n < size; l->next++)
        list_writer_item(&l->writer, &l->out, l->items.v[l->next]);
    l->complete = l->next == l->items.n;
    if (l->complete)
        list_writer_tail(&l->writer, &l->out);
}

static str next_piece(struct list_stream *l) {
    if (l->at == l->out.n && !l->complete) {
        buf_clear(&l->out);
        l->at = 0;
        fill(l, LIST_PIECE);
    }
    str piece = str_slice(buf_str(&l->out), l->at, MIN(l->at + LIST_PIECE, l->out.n));
    l->at += piece.n;
    return piece;
}

/* A client that does not read holds no room to encode in. */
static void let_go(struct list_stream *l) {
    buf_done(&l->out);
    l->at = 0;
}

static void pump(struct exchange *x) {
    struct request *r = x->ctx;
    struct list_stream *l = r->data;
    bool last = false;
    bool dear = l->gzip || r->accept.format == MEDIA_YAML || r->accept.pretty;
    size_t turn = dear ? LIST_PIECE : LIST_BYTES;
    timer_start(r->server->loop, &r->timer, LIST_STALL);
    for (size_t n = 0; n < turn && !last && exchange_writable(x);) {
        str piece = next_piece(l);
        last = l->complete && l->at == l->out.n;
        n += piece.n;
        write_packed(r, l->gzip, piece, last);
    }
    if (!last) {
        if (exchange_writable(x))
            loop_defer(r->server->loop, &r->task);
        else if (l->at == l->out.n)
            let_go(l);
        return;
    }
    r->x = NULL;
    exchange_end(x);
    if (!r->running)
        request_end(r);
}

static void run_pump(struct task *t) {
    struct request *r = container_of(t, struct request, task);
    if (r->x && exchange_writable(r->x))
        pump(r->x);
}

static enum phase_result start_stream(struct request *r, struct list_stream *l) {
    struct exchange *x = r->x;
    request_state(r, REQUEST_STREAM);
    r->code = 200;
    struct http_headers h = request_headers(r, media_content_type(r->accept.format));
    if (accepts_gzip(r)) {
        l->gzip = gzip_new();
        gzip_headers(r, &h);
    }
    r->timer.fire = on_stall;
    r->task.run = run_pump;
    exchange_start(x, 200, h.v, h.n, pump);
    pump(x);
    return r->x ? PHASE_WAIT : PHASE_DONE;
}

/* Encodes until it is all there, or too much for one answer: then the rest is streamed. */
static enum phase_result send(struct request *r, struct list_stream *l, const ListMeta *meta) {
    list_writer_head(&l->writer, &l->out, meta);
    fill(l, GZIP_MIN);
    if (!l->complete || (l->out.n > GZIP_MIN && accepts_gzip(r)))
        return start_stream(r, l);
    return respond_bytes(r, 200, media_content_type(r->accept.format), buf_str(&l->out));
}

static void next_turn(struct task *t) {
    request_again(container_of(t, struct request, task));
}

static enum phase_result walk(struct request *r, struct list_stream *l) {
    l->collected = l->collected || collect(r, l);
    if (!l->collected || !measure(l)) {
        request_state(r, REQUEST_TIMER);
        r->task.run = next_turn;
        loop_defer(r->server->loop, &r->task);
        return PHASE_WAIT;
    }
    metrics_list(r, l->looked_at, l->items.n);
    ListMeta meta = list_meta(r, l);
    return send(r, l, &meta);
}

static enum phase_result serve(struct request *r, struct list_stream *l) {
    const struct api_resource *st = r->res->storage;
    if (l->snapshot)
        return walk(r, l);
    l->prefix = object_key_prefix(r->arena, st, r->info.ns);
    uint64_t revision;
    enum phase_result result = choose_revision(r, l, &revision);
    if (result != PHASE_NEXT)
        return result;
    int e = store_snapshot(r->server->store, st, revision, &l->snapshot);
    if (e == -ESTALE)
        return expired(r, l);
    if (e == -ERANGE)
        return respond_status(
            r, status_too_large_revision(r->arena, revision, store_revision(r->server->store)));
    if (e < 0)
        return respond_status(r, status_new(r->arena, 500, NULL, "%s", strerror(-e)));
    return walk(r, l);
}

enum phase_result verb_list(struct request *r) {
    struct list_stream *l = r->data;
    if (l) /* waited for a revision, or walks on */
        return serve(r, l);
    l = arena_make(r->arena, struct list_stream);
    l->r = r;
    buf_init(&l->out, 0);
    enum phase_result result = read_list_options(r, &l->options);
    if (result != PHASE_NEXT)
        return result;
    struct err e = {0};
    if (selection_init(r->arena, r->res, &l->options, &l->selection, &e) < 0)
        return respond_status(r, status_bad_request(r->arena, "%s", e.text));
    if (r->accept.as == AS_PARTIAL)
        return respond_status(r, status_new(r->arena, 406, "NotAcceptable",
                                            "you requested PartialObjectMetadata, but the "
                                            "requested object is a list (%s)",
                                            r->res->list_kind));
    if (list_writer_init(&l->writer, r) < 0)
        return respond_status(r, table_options_invalid(r));
    r->data = l;
    r->cleanup = cleanup;
    return serve(r, l);
}
