// SPDX-License-Identifier: Apache-2.0
#include "kubelet/objects.h"

#include <stdlib.h>

#include "base/map.h"
#include "schema/ops.h"

struct object_entry {
    struct objects *o;
    const struct api_resource *resource;
    struct arena *arena; /* of the object */
    const void *typed;   /* NULL: there is none */
    bool known;
    int64_t asked, fetched, used; /* mono; asked: when the request under way was sent */
    struct rest_call *call;
    struct list waiting;
    str ns, name; /* heap */
};

struct objects {
    struct rest_client *rest;
    struct map entries;
};

struct objects *objects_new(struct rest_client *rest) {
    struct objects *o = xcalloc(1, sizeof(*o));
    uint64_t seed[2];
    env_random(loop_env(rest_client_loop(rest)), seed, sizeof(seed));
    o->rest = rest;
    map_init(&o->entries, seed);
    return o;
}

static void entry_free(struct object_entry *en) {
    if (en->call)
        rest_cancel(en->call);
    LIST_FOREACH (n, &en->waiting)
        object_fetch_cancel(container_of(n, struct object_fetch, node));
    arena_free(en->arena);
    free((void *)(uintptr_t)en->ns.p);
    free((void *)(uintptr_t)en->name.p);
    free(en);
}

struct objects *objects_free(struct objects *o) {
    if (!o)
        return NULL;
    MAP_FOREACH (it, &o->entries)
        entry_free(it->value);
    map_done(&o->entries);
    free(o);
    return NULL;
}

static str entry_key(struct buf *b, const struct api_resource *r, str ns, str name) {
    buf_init(b, 0);
    buf_printf(b, "%s/" STR_FMT "/" STR_FMT, r->plural, STR_ARG(ns), STR_ARG(name));
    return buf_str(b);
}

static struct object_entry *find(const struct objects *o, const struct api_resource *r, str ns,
                                 str name) {
    struct buf b;
    struct object_entry *en = map_get(&o->entries, entry_key(&b, r, ns, name));
    buf_done(&b);
    return en;
}

const void *objects_get(const struct objects *o, const struct api_resource *r, str ns, str name) {
    struct object_entry *en = find(o, r, ns, name);
    return en ? en->typed : NULL;
}

static void tell(struct object_entry *en, int r, const Status *status) {
    struct list waiting = en->waiting;
    if (list_empty(&en->waiting))
        return;
    waiting.next->prev = waiting.prev->next = &waiting;
    list_init(&en->waiting);
    while (!list_empty(&waiting)) {
        struct object_fetch *f = container_of(waiting.next, struct object_fetch, node);
        list_remove(&f->node);
        f->entry = NULL;
        f->done(f, r, status);
    }
}

static void on_answer(void *ctx, const struct rest_result *res) {
    struct object_entry *en = ctx;
    en->call = NULL;
    bool found = res->r == 0 && res->code < 300 && res->object;
    bool absent = res->r == 0 && res->code == 404;
    if (found || absent) {
        arena_free(en->arena);
        en->arena = found ? arena_new(0) : NULL;
        en->typed = found ? api_clone(en->arena, en->resource->type, res->object) : NULL;
        en->known = true;
        en->fetched = en->asked;
    }
    tell(en, found || absent ? 0 : res->r < 0 ? res->r : -EIO, res->status);
}

static struct object_entry *make(struct objects *o, const struct api_resource *r, str ns,
                                 str name) {
    struct object_entry *en = find(o, r, ns, name);
    if (en)
        return en;
    en = xcalloc(1, sizeof(*en));
    *en = (struct object_entry){.o = o,
                                .resource = r,
                                .ns = {xstrndup(ns.p, ns.n), ns.n},
                                .name = {xstrndup(name.p, name.n), name.n}};
    list_init(&en->waiting);
    struct buf b;
    map_put(&o->entries, entry_key(&b, r, ns, name), en);
    buf_done(&b);
    return en;
}

bool objects_fetch(struct objects *o, const struct api_resource *r, str ns, str name, int64_t since,
                   struct object_fetch *f) {
    struct object_entry *en = make(o, r, ns, name);
    int64_t now = loop_now(rest_client_loop(o->rest));
    en->used = now;
    if (en->known && en->fetched >= since)
        return true;
    list_append(&en->waiting, &f->node);
    f->entry = en;
    /* An answer under way to a question asked before `since` may be older than wanted: put the
     * question again. */
    if (en->call && en->asked < since) {
        rest_cancel(en->call);
        en->call = NULL;
    }
    if (!en->call) {
        en->asked = now;
        en->call = rest_send(o->rest, &(struct rest_request){.verb = REST_GET,
                                                             .resource = r,
                                                             .ns = en->ns,
                                                             .name = en->name,
                                                             .done = on_answer,
                                                             .ctx = en});
    }
    return false;
}

void object_fetch_cancel(struct object_fetch *f) {
    if (f->entry) {
        list_remove(&f->node);
        f->entry = NULL;
    }
}

void objects_expire(struct objects *o, int64_t unused_since) {
    MAP_FOREACH (it, &o->entries) {
        struct object_entry *en = it->value;
        if (en->used >= unused_since || en->call || !list_empty(&en->waiting))
            continue;
        map_del(&o->entries, it->key);
        entry_free(en);
    }
}
