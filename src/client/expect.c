// SPDX-License-Identifier: Apache-2.0
/* A write is seen when the informer's revision has reached the one it was answered with. The end of
 * an object is awaited by its uid instead: the answer of a delete may carry an old revision, or
 * none. A create that found its name taken may be our own of an earlier, lost answer, which only a
 * list tells, as with any lost answer. */
#include "client/expect.h"

#include "client/controller.h"

void expect_write(struct expectations *x, struct arena *a, struct informer *inf,
                  const struct plan_write *w, const struct rest_result *res) {
    bool whole = !w->rq.subresource || strcmp(w->rq.subresource, "status") == 0;
    bool gone = w->rq.verb == REST_DELETE && res->code == 404;
    bool taken = w->rq.verb == REST_CREATE && res->code == 409;
    if (!inf || !whole || (res->code >= 400 && !gone && !taken) || (res->r < 0 && !res->maybe_done))
        return;
    struct expectation e = {.informer = inf, .lost = res->maybe_done || taken};
    if (!e.lost && w->uid.n) {
        e.uid = w->uid;
        e.key = w->rq.ns.n
                    ? str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(w->rq.ns), STR_ARG(w->rq.name))
                    : w->rq.name;
    } else if (!e.lost) {
        e.revision = res->revision;
        if (!e.revision || w->rq.verb == REST_DELETE)
            return;
    }
    *list_push(a, x) = e;
}

static bool seen(const struct expectation *e) {
    if (e->revision)
        return informer_revision(e->informer) >= e->revision;
    const struct cached *c = informer_get(e->informer, e->key);
    if (!c)
        return true;
    const ObjectMeta *m = cached_meta(c);
    return !str_eq(m->uid, e->uid) || m->deletion_timestamp.set;
}

bool expectations_seen(const struct expectations *x) {
    for (uint32_t i = 0; i < x->n; i++)
        if (!seen(&x->v[i]))
            return false;
    return true;
}

bool expectations_lost(const struct expectations *x) {
    for (uint32_t i = 0; i < x->n; i++)
        if (x->v[i].lost)
            return true;
    return false;
}

static void on_listed(void *ctx) {
    struct expectations *x = ctx;
    if (--x->relists > 0)
        return;
    uint32_t left = 0; /* what was listed is newer than every write */
    for (uint32_t i = 0; i < x->n; i++)
        if (!x->v[i].listing)
            x->v[left++] = x->v[i];
    x->n = left;
    x->listed(x->ctx);
}

void expectations_relist(struct expectations *x, bool lost_only, void (*listed)(void *ctx),
                         void *ctx) {
    struct informer *again[CONTROLLER_WATCHES_MAX];
    unsigned n = 0;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct expectation *e = &x->v[i];
        bool skip = lost_only && !e->lost;
        for (unsigned d = 0; d < n; d++)
            skip |= again[d] == e->informer;
        if (!skip)
            again[n++] = e->informer;
    }
    for (uint32_t i = 0; i < x->n; i++)
        for (unsigned d = 0; d < n; d++)
            x->v[i].listing |= again[d] == x->v[i].informer;
    x->relists = n;
    x->listed = listed;
    x->ctx = ctx;
    for (unsigned d = 0; d < n; d++)
        informer_relist(again[d], on_listed, x);
}
