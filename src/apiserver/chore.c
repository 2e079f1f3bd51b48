// SPDX-License-Identifier: Apache-2.0
#include "apiserver/chore.h"

#include <stdlib.h>

struct chore {
    struct list node; /* apiserver.seeds: the server outlives it */
    struct apiserver *server;
    struct store_write sw;
    struct object *object;
    char key[];
};

static void done(struct store_write *sw, int e, uint64_t revision, struct object *current) {
    struct chore *c = container_of(sw, struct chore, sw);
    struct apiserver *s = c->server;
    if (e < 0)
        log_debug(s->env, "not written, left to repair: " STR_FMT ": %s", STR_ARG(sw->key),
                  strerror(-e));
    object_unref(c->object);
    list_remove(&c->node);
    free(c);
    apiserver_drop(s);
}

void chore_start(struct apiserver *s, const struct api_resource *res, str key, struct object *o,
                 uint64_t expected) {
    if (s->freed) /* the store is about to close */
        return;
    struct chore *c = xcalloc(1, sizeof(*c) + key.n);
    memcpy(c->key, key.p, key.n);
    c->server = s;
    c->object = o ? object_ref(o) : NULL;
    c->sw = (struct store_write){.resource = res,
                                 .key = str_n(c->key, key.n),
                                 .expected = expected,
                                 .object = c->object,
                                 .done = done};
    list_append(&s->seeds, &c->node);
    store_propose(s->store, &c->sw);
}
