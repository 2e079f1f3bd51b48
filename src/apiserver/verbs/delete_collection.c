// SPDX-License-Identifier: Apache-2.0
/* DELETE of a collection: the list as it is now, one deletion after the other. What has gone by
 * then is not missed. The answer is the list. */
#include <stdlib.h>

#include "apiserver/encoding/list_write.h"
#include "apiserver/verbs/delete.h"
#include "apiserver/verbs/selection.h"

struct collection {
    struct list_options options;
    struct selection selection;
    DeleteOptions delete_options;
    struct store_snapshot *snapshot;
    VEC(const struct object *) items;
    uint32_t next;
    struct write *write;
    bool looping, finished; /* a deletion may end before write_start() returns */
};

static void cleanup(struct request *r) {
    struct collection *c = r->data;
    if (c->write)
        write_free(c->write);
    store_snapshot_free(c->snapshot);
    vec_done(&c->items);
}

static void answer(struct request *r, struct collection *c) {
    struct list_writer l;
    if (list_writer_init(&l, r) < 0) {
        respond_status(r, table_options_invalid(r));
        return;
    }
    struct buf b;
    buf_init(&b, 0);
    ListMeta meta = {
        .resource_version =
            str_printf(r->arena, "%llu", (unsigned long long)store_snapshot_revision(c->snapshot))};
    for (uint32_t i = 0; i < c->items.n; i++)
        list_writer_measure(&l, c->items.v[i]);
    list_writer_head(&l, &b, &meta);
    for (uint32_t i = 0; i < c->items.n; i++)
        list_writer_item(&l, &b, c->items.v[i]);
    list_writer_tail(&l, &b);
    list_writer_done(&l);
    respond_bytes(r, 200, media_content_type(r->accept.format), buf_str(&b));
    buf_done(&b);
}

static void next(struct request *r, struct collection *c);

static void deleted(struct write *w) {
    struct request *r = w->r;
    struct collection *c = r->data;
    c->finished = true;
    if (w->status && w->status->code != 404) {
        respond_status(r, w->status);
        return;
    }
    c->next++;
    if (!c->looping)
        next(r, c);
}

static void delete_one(struct request *r, struct collection *c) {
    const struct object *o = c->items.v[c->next];
    if (c->write)
        write_free(c->write);
    r->info.ns = o->ns;
    struct write *w = c->write = write_new(r, WRITE_DELETE, o->name);
    w->build = build_delete;
    w->data = &c->delete_options;
    w->done = deleted;
    write_start(w);
}

static void next(struct request *r, struct collection *c) {
    c->looping = c->finished = true;
    while (c->finished && r->x && c->next < c->items.n) {
        c->finished = false;
        delete_one(r, c);
    }
    c->looping = false;
    if (c->finished && r->x)
        answer(r, c);
}

enum phase_result verb_deletecollection(struct request *r) {
    struct collection *c = arena_make(r->arena, struct collection);
    enum phase_result result = read_list_options(r, &c->options);
    if (result == PHASE_NEXT)
        result = read_delete_options(r, &c->delete_options);
    if (result != PHASE_NEXT)
        return result;
    struct err e = {0};
    if (selection_init(r->arena, r->res, &c->options, &c->selection, &e) < 0)
        return respond_status(r, status_bad_request(r->arena, "%s", e.text));
    const struct api_resource *st = r->res->storage;
    if (store_snapshot(r->server->store, st, 0, &c->snapshot) < 0)
        return respond_status(r, status_new(r->arena, 500, "InternalError", "no snapshot"));
    r->data = c;
    r->cleanup = cleanup;
    str prefix = object_key_prefix(r->arena, st, r->info.ns);
    const struct object *o = store_snapshot_seek(c->snapshot, prefix, prefix, false);
    for (; o; o = store_snapshot_next(c->snapshot))
        if (selection_matches(&c->selection, o))
            *vec_push(&c->items) = o;
    next(r, c);
    return r->x ? PHASE_WAIT : PHASE_DONE;
}
