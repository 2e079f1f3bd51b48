// SPDX-License-Identifier: Apache-2.0
/* What keeps an informer fresh: list in pages, then watch from the list's revision for as long as
 * that works, list again when it does not.
 *
 *     IDLE -> LISTING -> WATCHING -> (end of stream) WATCHING
 *                ^  \        \-> (410, error event) LISTING
 *                |   \-> BACKOFF -> LISTING                      */
#include "client/informer_internal.h"

#include <stdlib.h>

#include "schema/json.h"

#define PAGE        1000
#define BACKOFF_MIN (200 * NSEC_PER_MSEC)
#define BACKOFF_MAX (30 * NSEC_PER_SEC)
#define WATCH_SHORT NSEC_PER_SEC /* a watch that ends sooner is a failure */

static void list_page(struct informer *i);
static void watch_from_here(struct informer *i);

static struct loop *loop_of(struct informer *i) {
    return rest_client_loop(i->set->client);
}

static void back_off(struct informer *i) {
    struct env *env = loop_env(loop_of(i));
    i->delay = i->delay ? MIN(i->delay * 2, BACKOFF_MAX) : BACKOFF_MIN;
    i->state = REFLECTOR_BACKOFF;
    timer_start(loop_of(i), &i->backoff,
                i->delay / 2 + (int64_t)env_random_below(env, (uint64_t)i->delay));
}

/* ---- list ---- */

static void list_begin(struct informer *i) {
    i->state = REFLECTOR_LISTING;
    i->generation++;
    i->list_revision = 0;
    free(TAKE(i->continue_token));
    for (uint32_t w = 0; w < i->fresh_next.n; w++)
        *vec_push(&i->fresh) = i->fresh_next.v[w];
    i->fresh_next.n = 0;
    list_page(i);
}

static void call_fresh(struct informer *i) {
    while (i->fresh.n) {
        struct fresh_waiter w = i->fresh.v[0];
        vec_remove_at(&i->fresh, 0);
        w.fn(w.ctx);
    }
}

static void list_end(struct informer *i) {
    i->revision = MAX(i->revision, i->list_revision);
    i->delay = 0;
    informer_list_done(i);
    call_fresh(i);
    if (i->list_again || i->fresh_next.n) {
        i->list_again = false;
        list_begin(i);
        return;
    }
    watch_from_here(i);
}

/* Every list type has ListMeta first and `items` behind it. */
static void take_page(struct informer *i, const void *list) {
    uint32_t offset;
    const struct api_type *t = i->list_type, *item = i->type;
    const struct api_field *f = type_field(t, STR("items"), &offset, NULL);
    ASSERT(f);
    const struct api_seq *items = (const void *)((const char *)list + offset);
    for (uint32_t n = 0; n < items->n; n++)
        informer_put(i, (char *)items->v + n * item->size);
}

static void on_page(void *ctx, const struct rest_result *res) {
    struct informer *i = ctx;
    i->list = NULL;
    if (res->code == 410 && i->continue_token) { /* the token expired: from the start */
        list_begin(i);
        return;
    }
    if (res->r < 0 || res->code >= 400 || !res->object) {
        log_debug(loop_env(loop_of(i)), "list of %s: r %d code %d", i->resource->plural, res->r,
                  res->code);
        back_off(i);
        return;
    }
    const ListMeta *meta = res->object;
    i->list_revision = MAX(i->list_revision, res->revision);
    free(TAKE(i->continue_token));
    take_page(i, res->object);
    if (meta->continue_.n) {
        i->continue_token = xstrndup(meta->continue_.p, meta->continue_.n);
        list_page(i);
    } else {
        list_end(i);
    }
}

static void list_page(struct informer *i) {
    struct arena a;
    arena_init(&a, 0);
    str token = url_encode(&a, str_of(i->continue_token ? i->continue_token : ""));
    str query =
        str_printf(&a, "limit=%d%s" STR_FMT "%s%s", PAGE, token.n ? "&continue=" : "",
                   STR_ARG(token), i->selectors ? "&" : "", i->selectors ? i->selectors : "");
    i->list = rest_send(i->set->client, &(struct rest_request){.verb = REST_LIST,
                                                               .resource = i->resource,
                                                               .ns = str_of(i->ns),
                                                               .query = query.p,
                                                               .metadata_only = i->metadata_only,
                                                               .done = on_page,
                                                               .ctx = i});
    arena_done(&a);
}

/* ---- watch ---- */

static int decode(struct informer *i, const struct api_type *t, str json, void *ret) {
    struct err e = {0};
    int r = json_read(&i->scratch, t, str_dup(&i->scratch, json), ret, NULL, &e);
    if (r < 0)
        log_warn(loop_env(loop_of(i)), "watch of %s: %s", i->resource->plural, e.text);
    return r;
}

static void relist(struct informer *i) {
    rest_watch_stop(TAKE(i->watch));
    back_off(i);
}

static void on_event(void *ctx, str type, str object_json) {
    struct informer *i = ctx;
    uint64_t revision = 0;
    arena_reset(&i->scratch);
    if (str_eqc(type, "ERROR")) {
        relist(i);
        return;
    }
    void *obj = arena_zalloc(&i->scratch, i->type->size);
    if (decode(i, i->type, object_json, obj) < 0) {
        relist(i);
        return;
    }
    i->delay = 0;
    const ObjectMeta *m = obj;
    str_to_u64(m->resource_version, &revision);
    if (str_eqc(type, "DELETED"))
        informer_drop(i, meta_key(&i->scratch, m));
    else if (!str_eqc(type, "BOOKMARK"))
        informer_put(i, obj);
    i->revision = MAX(i->revision, revision);
}

static void on_end(void *ctx, int r, int code, const Status *s) {
    struct informer *i = ctx;
    i->watch = NULL;
    if (i->state != REFLECTOR_WATCHING)
        return;
    bool lasted = loop_now(loop_of(i)) - i->watch_began >= WATCH_SHORT;
    if (r == 0 && code == 200 && lasted)
        watch_from_here(i); /* its time was over */
    else
        back_off(i);
}

static void watch_from_here(struct informer *i) {
    i->state = REFLECTOR_WATCHING;
    i->watch_began = loop_now(loop_of(i));
    i->watch = rest_watch_start(i->set->client, &(struct rest_watch_options){
                                                    .resource = i->resource,
                                                    .ns = str_of(i->ns),
                                                    .selectors = i->selectors,
                                                    .after = i->revision,
                                                    .metadata_only = i->metadata_only,
                                                    .event = on_event,
                                                    .ended = on_end,
                                                    .ctx = i,
                                                });
}

/* ---- life ---- */

static void backoff_over(struct timer *t) {
    list_begin(container_of(t, struct informer, backoff));
}

void reflector_start(struct informer *i) {
    if (i->started)
        return;
    i->started = true;
    i->backoff.fire = backoff_over;
    list_begin(i);
}

void reflector_stop(struct informer *i) {
    i->state = REFLECTOR_IDLE;
    timer_stop(loop_of(i), &i->backoff);
    rest_cancel(TAKE(i->list));
    rest_watch_stop(TAKE(i->watch));
}

void informer_relist(struct informer *i, void (*fresh)(void *ctx), void *ctx) {
    *vec_push(&i->fresh_next) = (struct fresh_waiter){fresh, ctx};
    if (i->state == REFLECTOR_LISTING) {
        i->list_again = true; /* the one that runs may have begun before the write */
        return;
    }
    rest_watch_stop(TAKE(i->watch));
    timer_stop(loop_of(i), &i->backoff);
    list_begin(i);
}
