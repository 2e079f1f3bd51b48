// SPDX-License-Identifier: Apache-2.0
/* Caches filled by hand, one reconcile, the plan as text. Objects are written as JSON with ' for ".
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"
#include "client/informer_internal.h"
#include "client/plan_internal.h"
#include "controllers/common.h"
#include "controllers/controllers.h"
#include "loop/stream.h"
#include "schema/json.h"
#include "tap.h"

#define NOW (1700000000 * NSEC_PER_SEC)

struct fixture {
    struct env_sim sim;
    struct loop *l;
    struct rest_client *client;
    struct informers *informers;
    struct controllers *controllers;
    struct controllers_config config;
    struct arena a;
    unsigned versions;
    Status error; /* when code is set: how the last try failed */
    const struct api_resource *error_resource;
    enum rest_verb error_verb;
    struct plan_answer *answers;
    int64_t now;
};

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
    f->controllers = controllers_new(&(struct controllers_options){.client = f->client,
                                                                   .informers = f->informers,
                                                                   .list = all_controllers,
                                                                   .config = &f->config});
}

static inline void teardown(struct fixture *f) {
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

/* Into every cache of the resource; with a new version each time. */
static inline void put(struct fixture *f, const struct api_resource *r, const char *text) {
    char version[16];
    snprintf(version, sizeof(version), "%u", ++f->versions);
    bool found = false;
    for (struct informer *i = f->informers->first; i; i = i->next) {
        if (i->resource != r)
            continue;
        ObjectMeta *m = parse(f, i->type, text);
        m->resource_version = str_of(version);
        if (!m->uid.n)
            m->uid = str_concat(&f->a, STR("uid-"), m->name);
        informer_put(i, m);
        found = true;
    }
    REQUIRE(found);
}

static inline void drop(struct fixture *f, const struct api_resource *r, const char *key) {
    for (struct informer *i = f->informers->first; i; i = i->next)
        if (i->resource == r)
            informer_drop(i, str_of(key));
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

static inline struct plan *try_plan(struct fixture *f, const struct controller *c,
                                    const char *key) {
    struct plan *p = plan_new_test(&f->a, f->now);
    p->mono = loop_now(f->l) + (f->now - NOW);
    p->internal->answers = f->answers;
    f->answers = NULL;
    if (f->error.code) {
        p->last_error = &f->error;
        p->last_resource = f->error_resource;
        p->last_verb = f->error_verb;
    }
    CHECK_INT(controllers_try(f->controllers, c, str_of(key), p), 0);
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
