// SPDX-License-Identifier: Apache-2.0
/* The cache of an informer. Each object is one block of memory: its estimate (api_weight plus
 * room for alignment) is allocated at once and the copy goes into it, so that a cache of a hundred
 * thousand pods is a hundred thousand allocations and no more. */
#include "client/informer_internal.h"

#include <stdlib.h>

#include "schema/ops.h"

struct informers *informers_new(struct rest_client *c) {
    struct informers *f = xcalloc(1, sizeof(*f));
    f->client = c;
    return f;
}

/* ---- cached objects ---- */

struct cached *cached_ref(struct cached *c) {
    c->refs++;
    return c;
}

struct cached *cached_unref(struct cached *c) {
    if (!c || --c->refs > 0)
        return NULL;
    struct cached_block *b = container_of(c, struct cached_block, pub);
    ASSERT(!b->index_nodes);
    arena_done(&b->spill);
    free(b);
    return NULL;
}

static struct cached_block *block_new(const struct api_type *t, const void *typed) {
    const ObjectMeta *m = typed;
    size_t key_n = m->namespace_.n ? m->namespace_.n + 1 + m->name.n : m->name.n;
    size_t weight = api_weight(t, typed);
    size_t room = key_n + 8 + weight + weight / 4 + 64;
    struct cached_block *b = xmalloc(sizeof(*b) + room);
    *b = (struct cached_block){.pub = {.refs = 1}};
    arena_init(&b->spill, 0);
    b->spill.at = b->data;
    b->spill.end = b->data + (room & ~(size_t)7);
    b->pub.key = meta_key(&b->spill, m);
    b->pub.typed = api_clone(&b->spill, t, typed);
    str_to_u64(m->resource_version, &b->pub.revision);
    return b;
}

/* ---- changes ---- */

static void tell(struct informer *i, struct cached *old, struct cached *new_) {
    for (uint32_t h = 0; h < i->handlers.n; h++)
        i->handlers.v[h].fn(i->handlers.v[h].ctx, i, old, new_);
}

void informer_put(struct informer *i, void *typed) {
    ObjectMeta *m = typed;
    m->managed_fields.v = NULL;
    m->managed_fields.n = 0;
    if (i->n_fields)
        api_project(i->type, typed, i->fields);
    struct cached_block *b = block_new(i->type, typed);
    struct cached *old = map_get(&i->objects, b->pub.key);
    struct cached_block *old_block = old ? container_of(old, struct cached_block, pub) : NULL;
    b->generation = i->generation;
    if (old && old->revision == b->pub.revision) { /* a relist of what is known */
        old_block->generation = i->generation;
        cached_unref(&b->pub);
        return;
    }
    if (old_block)
        index_remove_all(old_block);
    map_put(&i->objects, b->pub.key, &b->pub);
    for (struct index *ix = i->indexes; ix; ix = ix->next)
        index_add(ix, b);
    tell(i, old, &b->pub);
    cached_unref(old);
}

void informer_drop(struct informer *i, str key) {
    struct cached *old = map_get(&i->objects, key);
    if (!old)
        return;
    index_remove_all(container_of(old, struct cached_block, pub));
    map_del(&i->objects, key);
    tell(i, old, NULL);
    cached_unref(old);
}

static void call_waiters(struct informers *f) {
    if (!informers_synced(f))
        return;
    while (f->synced.n) {
        struct fresh_waiter w = f->synced.v[0];
        vec_remove_at(&f->synced, 0);
        w.fn(w.ctx);
    }
}

void informer_list_done(struct informer *i) {
    for (uint32_t at = 0; at < i->objects.n_entries; at++) {
        struct map_entry *e = &i->objects.entries[at];
        if (!e->key.p)
            continue;
        struct cached *c = e->value;
        if (container_of(c, struct cached_block, pub)->generation != i->generation)
            informer_drop(i, c->key);
    }
    if (!i->synced) {
        i->synced = true;
        call_waiters(i->set);
    }
}

/* ---- the set ---- */

static bool same_text(const char *a, const char *b) {
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static char *text_dup(const char *s) {
    return s && s[0] ? xstrndup(s, strlen(s)) : NULL;
}

/* One more subscriber reads these fields. Once objects are cached, a projection cannot grow: -EBUSY
 * when it would have to. */
static int widen(struct informer *i, const char *const *fields) {
    bool started = i->started;
    if (i->n_fields == 0)
        return 0;
    if (!fields && started)
        return -EBUSY;
    for (; fields && *fields; fields++) {
        unsigned k = 0;
        while (k < i->n_fields && strcmp(i->fields[k], *fields) != 0)
            k++;
        if (k < i->n_fields)
            continue;
        if (started)
            return -EBUSY;
        if (i->n_fields + 1 == PROJECT_PATHS_MAX) {
            fields = NULL; /* too many to tell apart: everything */
            break;
        }
        i->fields[i->n_fields++] = *fields;
    }
    if (!fields)
        i->n_fields = 0;
    i->fields[i->n_fields] = NULL;
    return 0;
}

static void narrow(struct informer *i, const char *const *fields) {
    if (!fields)
        return;
    i->fields[i->n_fields++] = "metadata";
    i->fields[i->n_fields] = NULL;
    widen(i, fields);
}

struct informer *informers_get(struct informers *f, const struct informer_options *o) {
    struct informer **at = &f->first;
    const char *selectors = o->selectors && o->selectors[0] ? o->selectors : NULL;
    for (; *at; at = &(*at)->next)
        if ((*at)->resource == o->resource && str_eqc(o->ns, (*at)->ns) &&
            same_text((*at)->selectors, selectors) &&
            (o->metadata_only || (!(*at)->metadata_only && widen(*at, o->fields) == 0)))
            return *at;
    struct informer *i = xcalloc(1, sizeof(*i));
    i->set = f;
    i->resource = o->resource;
    i->metadata_only = o->metadata_only;
    i->type = o->metadata_only ? &PartialObjectMetadata_type : o->resource->type;
    i->list_type = o->metadata_only ? &PartialObjectMetadataList_type : o->resource->list_type;
    i->ns = o->ns.n ? xstrndup(o->ns.p, o->ns.n) : NULL;
    i->selectors = text_dup(selectors);
    if (!o->metadata_only)
        narrow(i, o->fields);
    map_init(&i->objects, NULL);
    arena_init(&i->scratch, 0);
    *at = i;
    if (f->started)
        reflector_start(i);
    return i;
}

void informers_start(struct informers *f) {
    f->started = true;
    for (struct informer *i = f->first; i; i = i->next)
        reflector_start(i);
}

bool informers_synced(const struct informers *f) {
    for (const struct informer *i = f->first; i; i = i->next)
        if (!i->synced)
            return false;
    return true;
}

void informers_on_synced(struct informers *f, void (*fn)(void *ctx), void *ctx) {
    *vec_push(&f->synced) = (struct fresh_waiter){fn, ctx};
    if (f->started)
        call_waiters(f);
}

static void informer_free(struct informer *i) {
    reflector_stop(i);
    MAP_FOREACH (it, &i->objects) {
        struct cached *c = it->value;
        index_remove_all(container_of(c, struct cached_block, pub));
        cached_unref(c);
    }
    map_done(&i->objects);
    for (struct index *ix = i->indexes, *next; ix; ix = next) {
        next = ix->next;
        index_free(ix);
    }
    vec_done(&i->handlers);
    vec_done(&i->fresh);
    vec_done(&i->fresh_next);
    arena_done(&i->scratch);
    free(i->ns);
    free(i->selectors);
    free(i->continue_token);
    free(i);
}

struct informers *informers_free(struct informers *f) {
    if (!f)
        return NULL;
    for (struct informer *i = f->first, *next; i; i = next) {
        next = i->next;
        informer_free(i);
    }
    vec_done(&f->synced);
    free(f);
    return NULL;
}

/* ---- reading ---- */

const struct api_resource *informer_resource(const struct informer *i) {
    return i->resource;
}
bool informer_synced(const struct informer *i) {
    return i->synced;
}
uint64_t informer_revision(const struct informer *i) {
    return i->revision;
}
uint32_t informer_count(const struct informer *i) {
    return i->objects.n;
}
struct cached *informer_get(const struct informer *i, str key) {
    return map_get(&i->objects, key);
}

const void *informer_typed(const struct informer *i, str key) {
    const struct cached *c = map_get(&i->objects, key);
    return c ? c->typed : NULL;
}

struct cached *informer_next(const struct informer *i, uint32_t *pos) {
    while (*pos < i->objects.n_entries) {
        const struct map_entry *e = &i->objects.entries[(*pos)++];
        if (e->key.p)
            return e->value;
    }
    return NULL;
}

struct index *informer_index(struct informer *i, index_fn fn) {
    struct index **at = &i->indexes;
    for (; *at; at = &(*at)->next)
        if ((*at)->fn == fn)
            return *at;
    *at = index_new(fn);
    MAP_FOREACH (it, &i->objects)
        index_add(*at, container_of((struct cached *)it->value, struct cached_block, pub));
    return *at;
}

void informer_handle(struct informer *i, informer_handler fn, void *ctx) {
    *vec_push(&i->handlers) = (struct handler){fn, ctx};
    MAP_FOREACH (it, &i->objects)
        fn(ctx, i, NULL, it->value);
}
