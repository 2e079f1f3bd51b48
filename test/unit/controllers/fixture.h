// SPDX-License-Identifier: Apache-2.0
/* Caches filled by hand, one reconcile, the plan as text. Objects are written as JSON with ' for ".
 *
 * Each controller is there twice: in a set of all of them over whole objects, and alone over what
 * it says it reads. Both must queue the same keys and make the same plans: that finds a field that
 * is read and was not declared. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "client/controller_internal.h"
#include "client/informer_internal.h"
#include "client/plan_internal.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "loop/stream.h"
#include "schema/json.h"
#include "tap.h"

#define NOW (1700000000 * NSEC_PER_SEC)

#define CONTROLLERS_MAX 64

struct alone {
    const struct controller *list[2];
    struct informers *informers;
    struct controllers *controllers;
};

struct fixture {
    struct env_sim sim;
    struct loop *l;
    struct rest_client *client;
    struct informers *informers;
    struct controllers *controllers;
    struct alone alone[CONTROLLERS_MAX]; /* as all_controllers */
    unsigned n_alone;
    struct controllers_config config;
    struct arena a;
    unsigned versions;
    Status error; /* when code is set: how the last try failed */
    const struct api_resource *error_resource;
    enum rest_verb error_verb;
    struct plan_answer *answers;
    int64_t now;
};

static inline void see_all(struct informers *s, const struct controller *c) {
    for (const struct controller_watch *w = c->watches; w && w->resource; w++)
        informers_get(s, &(struct informer_options){.resource = w->resource,
                                                    .ns = str_of(w->ns),
                                                    .selectors = w->selectors});
}

static inline struct controllers *set_of(struct fixture *f, struct informers *s,
                                         const struct controller *const *list) {
    return controllers_new(&(struct controllers_options){
        .client = f->client, .informers = s, .list = list, .config = &f->config});
}

static inline void setup(struct fixture *f) {
    struct err e = {0};
    *f = (struct fixture){.config = {.root_ca_pem = STR("PEM")}, .now = NOW};
    arena_init(&f->a, 0);
    env_sim_init(&f->sim, tap_seed());
    loop_env_sim(&f->sim);
    REQUIRE(loop_new_sim(&f->sim, &f->l) == 0);
    REQUIRE(rest_client_new(f->l, &(struct rest_options){.server = "sim:nobody"}, &e, &f->client) ==
            0);
    f->informers = informers_new(f->client);
    for (unsigned i = 0; all_controllers[i]; i++) {
        REQUIRE(i < CONTROLLERS_MAX);
        struct alone *one = &f->alone[f->n_alone++];
        see_all(f->informers, all_controllers[i]);
        one->list[0] = all_controllers[i];
        one->informers = informers_new(f->client);
        one->controllers = set_of(f, one->informers, one->list);
    }
    f->controllers = set_of(f, f->informers, all_controllers);
}

static inline void teardown(struct fixture *f) {
    for (unsigned i = 0; i < f->n_alone; i++) {
        informers_free(f->alone[i].informers);
        controllers_free(f->alone[i].controllers);
    }
    informers_free(f->informers);
    controllers_free(f->controllers);
    rest_client_free(f->client);
    loop_free(f->l);
    loop_env_done(&f->sim.env);
    env_sim_done(&f->sim);
    arena_done(&f->a);
}

static inline str quoted(struct fixture *f, const char *text) {
    char *out = arena_dup(&f->a, text, strlen(text) + 1);
    for (char *p = out; *p; p++)
        if (*p == '\'')
            *p = '"';
    return str_of(out);
}

static inline void *parse(struct fixture *f, const struct api_type *t, const char *text) {
    struct err e = {0};
    void *obj = arena_zalloc(&f->a, t->size);
    if (json_read(&f->a, t, quoted(f, text), obj, NULL, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", e.text, text);
    return obj;
}

/* What the two of each controller have queued. */
static inline void same_queues(struct fixture *f) {
    for (unsigned i = 0; i < f->n_alone; i++) {
        uint32_t all = workqueue_length(f->controllers->runs[i].queue);
        uint32_t one = workqueue_length(f->alone[i].controllers->runs[0].queue);
        if (all != one)
            tap_fail(__FILE__, __LINE__, "%s reads what it does not declare: %u keys, not %u",
                     all_controllers[i]->name, one, all);
    }
}

static inline str take_key(struct fixture *f, struct workqueue *q) {
    str key = workqueue_get(q);
    if (!key.p)
        return STR_NONE;
    str copy = str_dup(&f->a, key);
    workqueue_done(q, key);
    return copy;
}

/* The key that a controller would look at next; STR_NONE: none. */
static inline str next_key(struct fixture *f, const struct controller *c) {
    str key = STR_NONE;
    for (unsigned i = 0; i < f->n_alone; i++)
        if (all_controllers[i] == c) {
            key = take_key(f, f->controllers->runs[i].queue);
            CHECK_STR(take_key(f, f->alone[i].controllers->runs[0].queue), key);
        }
    return key;
}

static inline bool put_into(struct fixture *f, struct informers *s, const struct api_resource *r,
                            const char *text) {
    bool found = false;
    for (struct informer *i = s->first; i; i = i->next) {
        if (i->resource != r)
            continue;
        ObjectMeta *m = parse(f, i->type, text);
        m->resource_version = str_printf(&f->a, "%u", f->versions);
        if (!m->uid.n)
            m->uid = str_concat(&f->a, STR("uid-"), m->name);
        informer_put(i, m);
        found = true;
    }
    return found;
}

/* Into every cache of the resource; with a new version each time. */
static inline void put(struct fixture *f, const struct api_resource *r, const char *text) {
    f->versions++;
    REQUIRE(put_into(f, f->informers, r, text));
    for (unsigned i = 0; i < f->n_alone; i++)
        put_into(f, f->alone[i].informers, r, text);
    same_queues(f);
}

static inline void drop_from(struct informers *s, const struct api_resource *r, str key) {
    for (struct informer *i = s->first; i; i = i->next)
        if (i->resource == r)
            informer_drop(i, key);
}

static inline void drop(struct fixture *f, const struct api_resource *r, const char *key) {
    drop_from(f->informers, r, str_of(key));
    for (unsigned i = 0; i < f->n_alone; i++)
        drop_from(f->alone[i].informers, r, str_of(key));
    same_queues(f);
}

/* The answer to a question of the next try. */
static inline void answer(struct fixture *f, const char *name, int code, const struct api_type *t,
                          const char *object) {
    struct plan_answer *an = arena_make(&f->a, struct plan_answer);
    an->name = str_of(name);
    an->result.code = code;
    an->result.object = object ? parse(f, t, object) : NULL;
    if (code >= 400)
        an->result.status = arena_make(&f->a, Status);
    an->next = f->answers;
    f->answers = an;
}

static inline struct plan *try_in(struct fixture *f, struct controllers *set,
                                  const struct controller *c, const char *key) {
    struct plan *p = plan_new_test(&f->a, f->now);
    p->mono = loop_now(f->l) + (f->now - NOW);
    p->internal->answers = f->answers;
    if (f->error.code) {
        p->last_error = &f->error;
        p->last_resource = f->error_resource;
        p->last_verb = f->error_verb;
    }
    CHECK_INT(controllers_try(set, c, str_of(key), p), 0);
    return p;
}

static inline struct plan *try_plan(struct fixture *f, const struct controller *c,
                                    const char *key) {
    struct plan *p = try_in(f, f->controllers, c, key);
    for (unsigned i = 0; i < f->n_alone; i++)
        if (f->alone[i].list[0] == c)
            CHECK_STR(plan_describe(&f->a, try_in(f, f->alone[i].controllers, c, key)),
                      plan_describe(&f->a, p));
    f->answers = NULL;
    return p;
}

static inline str try_text(struct fixture *f, const struct controller *c, const char *key) {
    return plan_describe(&f->a, try_plan(f, c, key));
}

#define CHECK_PLAN(f, c, key, want) CHECK_STR(try_text(f, c, key), quoted(f, want))
/* What has no business in the text: a part of it. */
#define CHECK_HAS(text, part)                                                                      \
    (str_find(text, str_of(part)) >= 0                                                             \
         ? (void)0                                                                                 \
         : tap_fail(__FILE__, __LINE__, "no %s in: " STR_FMT, part, STR_ARG(text)))

static inline unsigned count(str text, const char *part) {
    unsigned n = 0;
    ssize_t at;
    while ((at = str_find(text, str_of(part))) >= 0) {
        n++;
        text = str_slice(text, (size_t)at + 1, text.n);
    }
    return n;
}
