// SPDX-License-Identifier: Apache-2.0
/* The plan runner, with a controller that makes as many Secrets as each ConfigMap asks for and
 * counts them in an annotation. Whatever happens between two writes, no Secret too many is ever
 * made. */
#include "client/controller.h"
#include "double.h"

#define MAPS    "/api/v1/configmaps"
#define SECRETS "/api/v1/secrets"

/* ---- the controller ---- */

struct toy {
    struct informer *maps, *secrets;
    struct index *by_owner;
    struct world *w;
};

struct world {
    struct api_double d;
    struct informers *informers;
    struct controllers *controllers;
    unsigned reconciles, commits, aborts;
    int wanted;      /* Secrets of map "m" */
    bool need_first; /* asks for the live map before it does anything */
    bool reject;
    bool fresh_names; /* each try draws others: only the caches keep it from repeating itself */
    unsigned last_error_seen, named;
};

static const struct api_resource *maps_r(void) {
    return RESOURCE_OF(core_v1_configmaps);
}

static void toy_start(struct controller_run *run, void *state) {
    struct toy *t = state;
    t->w = (struct world *)(uintptr_t)run_config(run);
    t->maps = run_informer(run, maps_r());
    t->secrets = run_informer(run, RESOURCE_OF(core_v1_secrets));
    t->by_owner = informer_index(t->secrets, index_by_controller_uid);
}

static void secret_keys(struct controller_run *run, const void *old, const void *new_) {
    queue_key(run, STR("default/m"));
}

static void on_commit(void *ctx) {
    ((struct world *)ctx)->commits++;
}
static void on_abort(void *ctx) {
    ((struct world *)ctx)->aborts++;
}

static void make_secret(struct toy *t, struct plan *p, const ObjectMeta *owner) {
    OwnerReference ref = {.uid = owner->uid, .name = owner->name, .controller = {true, true}};
    Secret s = {.metadata = {.namespace_ = owner->namespace_, .owner_references = {&ref, 1}}};
    if (t->w->fresh_names)
        s.metadata.name = str_printf(p->arena, "s-%u", ++t->w->named);
    else
        do {
            s.metadata.name = str_concat(p->arena, STR("s-"), plan_random_suffix(p, 5));
        } while (informer_get(t->secrets, str_concat(p->arena, STR("default/"), s.metadata.name)));
    plan_create(p, RESOURCE_OF(core_v1_secrets), owner->namespace_, &s);
}

static int toy_reconcile(void *state, str key, struct plan *p) {
    struct toy *t = state;
    struct world *w = t->w;
    const ConfigMap *m = informer_typed(t->maps, key);
    struct cached *c;
    int64_t want = 0, have = 0;
    w->reconciles++;
    if (!m)
        return 0;
    if (w->reject)
        return plan_reject(p, -EINVAL, "hopeless");
    w->last_error_seen += p->last_error != NULL;
    if (w->need_first) {
        const struct rest_result *res =
            plan_need(p, "live",
                      &(struct rest_request){.verb = REST_GET,
                                             .resource = maps_r(),
                                             .ns = m->metadata.namespace_,
                                             .name = m->metadata.name});
        if (!res)
            return 0;
        CHECK_INT(res->code, 200);
        CHECK(res->object &&
              str_eq(((const ConfigMap *)res->object)->metadata.uid, m->metadata.uid));
    }
    str_to_i64(m->data.n ? m->data.v[0].value : STR("0"), &want);
    for (struct index_cursor at = index_find(t->by_owner, m->metadata.uid); (c = index_next(&at));)
        if (++have > want)
            plan_delete(p, RESOURCE_OF(core_v1_secrets), cached_meta(c), -1, NULL);
    for (int64_t i = have; i < want; i++)
        make_secret(t, p, &m->metadata);
    plan_hook(p, on_commit, on_abort, w);
    if (have == want)
        return 0;
    plan_next_group(p);
    str patch =
        str_printf(p->arena, "{\"metadata\":{\"annotations\":{\"made\":\"%d\"}}}", (int)want);
    plan_patch(p, maps_r(), NULL, &m->metadata, patch, false);
    return 0;
}

static const struct controller_watch toy_watches[] = {
    {.resource = RESOURCE_OF(core_v1_configmaps), .keys = keys_self},
    {.resource = RESOURCE_OF(core_v1_secrets), .keys = secret_keys},
    {.resource = NULL},
};
static const struct controller toy = {
    .name = "toy",
    .watches = toy_watches,
    .state_size = sizeof(struct toy),
    .start = toy_start,
    .reconcile = toy_reconcile,
};

/* ---- the world ---- */

static void start_controllers(struct world *w) {
    static const struct controller *const list[] = {&toy, NULL};
    w->informers = informers_new(w->d.client);
    w->controllers = controllers_new(&(struct controllers_options){
        .client = w->d.client, .informers = w->informers, .list = list, .config = w});
    controllers_start(w->controllers);
}

static void stop_controllers(struct world *w) {
    w->informers = informers_free(w->informers);
    w->controllers = controllers_free(w->controllers);
}

static void setup(struct world *w, uint64_t seed) {
    *w = (struct world){0};
    double_start(&w->d, seed);
    start_controllers(w);
}

static void teardown(struct world *w) {
    stop_controllers(w);
    double_stop(&w->d);
}

/* A crash: no answer reaches anybody. */
static void restart(struct world *w) {
    stop_controllers(w);
    rest_client_free(w->d.client);
    run_for(&w->d, 10 * NSEC_PER_MSEC); /* what was on the line arrives or is lost */
    struct err e = {0};
    REQUIRE(rest_client_new(
                w->d.l, &(struct rest_options){.server = "sim:double", .qps = 1000, .burst = 1000},
                &e, &w->d.client) == 0);
    start_controllers(w);
}

static void ask_for(struct world *w, int n) {
    char json[64];
    snprintf(json, sizeof(json), "{\"data\":{\"n\":\"%d\"}}", n);
    w->wanted = n;
    put_thing(&w->d, MAPS, "default", "m", json);
}

static int n_secrets(struct api_double *d) {
    int n = 0;
    VEC_FOREACH (t, &d->things)
        n += strcmp(t->collection, SECRETS) == 0;
    return n;
}

static bool is_quiet(void *ctx) {
    struct world *w = ctx;
    return n_secrets(&w->d) == w->wanted && controllers_idle(w->controllers);
}

static bool settles(struct world *w, int64_t ns) {
    return loop_run_until(w->d.l, is_quiet, w, ns);
}

TEST(a_plan_is_carried_out_once) {
    struct world w;
    setup(&w, tap_seed());
    ask_for(&w, 20);
    CHECK(settles(&w, 10 * NSEC_PER_SEC));
    run_for(&w.d, 60 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 20);
    CHECK_INT(w.d.writes, 21);
    CHECK(strstr(w.d.things.v[0].json, "\"made\":\"20\""));
    ask_for(&w, 5);
    CHECK(settles(&w, 10 * NSEC_PER_SEC));
    CHECK_INT(w.d.creates, 20);
    CHECK_INT(w.d.writes, 21 + 15 + 1);
    CHECK_INT(w.aborts, 0);
    teardown(&w);
}

TEST(a_question_is_answered_before_the_plan_goes_on) {
    struct world w;
    setup(&w, tap_seed());
    w.need_first = true;
    ask_for(&w, 3);
    CHECK(settles(&w, 10 * NSEC_PER_SEC));
    CHECK_INT(w.d.creates, 3);
    teardown(&w);
}

TEST(a_hopeless_key_is_not_tried_again) {
    struct world w;
    setup(&w, tap_seed());
    w.reject = true;
    put_thing(&w.d, MAPS, "default", "m", "{}");
    run_for(&w.d, 60 * NSEC_PER_SEC);
    CHECK_INT(w.reconciles, 1);
    w.reject = false;
    ask_for(&w, 1);
    CHECK(settles(&w, 10 * NSEC_PER_SEC));
    teardown(&w);
}

/* ---- failures ---- */

static struct verdict refuse_creates(struct api_double *d, struct exchange *x, str body) {
    if (!str_eqc(x->method, "POST") || d->countdown-- <= 0)
        return (struct verdict){0};
    return (struct verdict){.kind = REFUSE, .code = 503};
}

TEST(refusals_back_off_and_are_told) {
    struct world w;
    setup(&w, tap_seed());
    w.d.verdict = refuse_creates;
    w.d.countdown = 6;
    ask_for(&w, 4);
    CHECK(settles(&w, 60 * NSEC_PER_SEC));
    CHECK_INT(w.d.creates, 4);
    CHECK_INT(w.last_error_seen, 6); /* slow start: the first of each try is refused */
    CHECK_INT(w.aborts, 6);
    CHECK(w.commits >= 1);
    CHECK(strstr(w.d.things.v[0].json, "\"made\":\"4\""));
    teardown(&w);
}

static struct verdict refuse_after_first(struct api_double *d, struct exchange *x, str body) {
    if (!str_eqc(x->method, "POST") || d->countdown++ == 0)
        return (struct verdict){0};
    return (struct verdict){.kind = REFUSE, .code = 503};
}

static bool is_aborted(void *ctx) {
    return ((struct world *)ctx)->aborts > 0;
}

/* Batches double: when the second write and the third are refused, the other 97 were never sent. */
TEST(slow_start_spares_the_server) {
    struct world w;
    setup(&w, tap_seed());
    w.d.verdict = refuse_after_first;
    ask_for(&w, 100);
    CHECK(loop_run_until(w.d.l, is_aborted, &w, 10 * NSEC_PER_SEC));
    CHECK_INT(w.d.countdown, 3);
    w.d.verdict = NULL;
    CHECK(settles(&w, 60 * NSEC_PER_SEC));
    CHECK_INT(w.d.creates, 100);
    teardown(&w);
}

static struct verdict retry_later(struct api_double *d, struct exchange *x, str body) {
    if (!str_eqc(x->method, "POST") || d->countdown-- <= 0)
        return (struct verdict){0};
    return (struct verdict){.kind = REFUSE, .code = 429, .retry_after = "7"};
}

TEST(retry_after_is_obeyed) {
    struct world w;
    setup(&w, tap_seed());
    w.d.verdict = retry_later;
    w.d.countdown = 1;
    ask_for(&w, 1);
    run_for(&w.d, 6 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 0);
    run_for(&w.d, 3 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 1);
    teardown(&w);
}

static struct verdict conflict_once(struct api_double *d, struct exchange *x, str body) {
    if (!str_eqc(x->method, "PATCH") || d->countdown-- <= 0)
        return (struct verdict){0};
    return (struct verdict){.kind = REFUSE, .code = 409};
}

/* The creates of the plan whose patch conflicted are not made again. */
TEST(a_conflict_repeats_nothing_that_was_done) {
    struct world w;
    setup(&w, tap_seed());
    w.d.verdict = conflict_once;
    w.d.countdown = 1;
    ask_for(&w, 6);
    CHECK(settles(&w, 60 * NSEC_PER_SEC));
    run_for(&w.d, 60 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 6);
    CHECK_INT(n_secrets(&w.d), 6);
    teardown(&w);
}

static struct verdict lose_nth(struct api_double *d, struct exchange *x, str body) {
    bool write = !str_eqc(x->method, "GET");
    if (!write || d->countdown-- != 0)
        return (struct verdict){0};
    return (struct verdict){.kind = LOSE_ANSWER};
}

/* Every write of a plan in turn loses its answer. */
TEST(a_lost_answer_is_looked_up) {
    for (int nth = 0; nth < 9; nth++) {
        struct world w;
        setup(&w, tap_seed() + (unsigned)nth);
        w.d.verdict = lose_nth;
        w.d.countdown = nth;
        w.fresh_names = true;
        ask_for(&w, 8);
        CHECK(settles(&w, 60 * NSEC_PER_SEC));
        run_for(&w.d, 60 * NSEC_PER_SEC);
        CHECK_INT(w.d.creates, 8);
        CHECK_INT(n_secrets(&w.d), 8);
        teardown(&w);
    }
}

/* The same while no event comes: a list has to tell. */
TEST(a_lost_answer_is_looked_up_in_a_list) {
    struct world w;
    setup(&w, tap_seed());
    run_for(&w.d, NSEC_PER_SEC);
    w.d.verdict = lose_nth;
    w.d.countdown = 0;
    w.d.held = SECRETS;
    w.fresh_names = true;
    ask_for(&w, 1);
    run_for(&w.d, 5 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 1);
    CHECK(w.d.lists >= 3);
    teardown(&w);
}

static struct verdict lose_patch(struct api_double *d, struct exchange *x, str body) {
    bool lose = str_eqc(x->method, "PATCH") && d->countdown-- > 0;
    return (struct verdict){.kind = lose ? LOSE_ANSWER : CARRY_OUT};
}

/* The list that tells of one write says nothing about writes to another resource. */
TEST(each_resource_is_waited_for) {
    struct world w;
    setup(&w, tap_seed());
    run_for(&w.d, NSEC_PER_SEC);
    w.d.verdict = lose_patch;
    w.d.countdown = 1;
    w.d.held = SECRETS;
    w.fresh_names = true;
    ask_for(&w, 3);
    run_for(&w.d, 20 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 3);
    release_events(&w.d);
    CHECK(settles(&w, 10 * NSEC_PER_SEC));
    CHECK_INT(w.d.creates, 3);
    teardown(&w);
}

/* A plain success too: without its events the key waits, until a list tells. */
TEST(a_key_waits_for_its_own_writes) {
    struct world w;
    setup(&w, tap_seed());
    run_for(&w.d, NSEC_PER_SEC);
    w.d.held = SECRETS;
    w.fresh_names = true;
    ask_for(&w, 3);
    run_for(&w.d, 20 * NSEC_PER_SEC);
    ask_for(&w, 3); /* its map changes meanwhile */
    run_for(&w.d, 5 * NSEC_PER_SEC);
    CHECK_INT(w.d.creates, 3);
    CHECK(settles(&w, 60 * NSEC_PER_SEC));
    CHECK_INT(w.d.creates, 3);
    teardown(&w);
}

/* Deletions as well: what was deleted is still in the cache, and is not deleted again. */
TEST(a_key_waits_for_its_own_deletions) {
    struct world w;
    setup(&w, tap_seed());
    ask_for(&w, 5);
    CHECK(settles(&w, 10 * NSEC_PER_SEC));
    unsigned before = w.d.writes;
    w.d.held = SECRETS;
    ask_for(&w, 2);
    run_for(&w.d, 5 * NSEC_PER_SEC);
    CHECK_INT(w.d.writes - before, 3 + 1); /* and the patch of the map */
    ask_for(&w, 2);                        /* its map changes meanwhile */
    run_for(&w.d, 5 * NSEC_PER_SEC);
    CHECK_INT(w.d.writes - before, 3 + 1);
    w.d.held = NULL;
    CHECK(settles(&w, 60 * NSEC_PER_SEC));
    teardown(&w);
}

static struct verdict late_nth(struct api_double *d, struct exchange *x, str body) {
    if (!str_eqc(x->method, "POST") || d->countdown-- != 0)
        return (struct verdict){0};
    return (struct verdict){.kind = CARRY_OUT_LATE, .after = 3 * NSEC_PER_SEC};
}

/* Carried out after every list was made: the same name again is what saves it. */
TEST(a_late_write_changes_nothing) {
    for (int nth = 0; nth < 4; nth++) {
        struct world w;
        setup(&w, tap_seed() + (unsigned)nth);
        w.d.verdict = late_nth;
        w.d.countdown = nth;
        ask_for(&w, 4);
        CHECK(settles(&w, 60 * NSEC_PER_SEC));
        run_for(&w.d, 60 * NSEC_PER_SEC);
        CHECK_INT(w.d.creates, 4);
        teardown(&w);
    }
}

/* A restart after every write in turn, its answer lost with the process. */
TEST(a_restart_between_any_two_writes) {
    for (int nth = 0; nth < 9; nth++) {
        struct world w;
        setup(&w, tap_seed() + (unsigned)nth);
        w.d.verdict = lose_nth;
        w.d.countdown = nth;
        ask_for(&w, 8);
        for (int step = 0; step < 20000 && w.d.countdown >= 0; step++)
            run_for(&w.d, NSEC_PER_MSEC / 20);
        CHECK(w.d.countdown < 0);
        restart(&w);
        CHECK(settles(&w, 60 * NSEC_PER_SEC));
        run_for(&w.d, 60 * NSEC_PER_SEC);
        CHECK_INT(w.d.creates, 8);
        CHECK_INT(n_secrets(&w.d), 8);
        teardown(&w);
    }
}

/* All of it at once, from a seed. No verdict may find more Secrets than were ever asked for. */
static struct verdict trouble(struct api_double *d, struct exchange *x, str body) {
    static const int codes[] = {409, 429, 500, 503, 504};
    struct env *env = &d->sim.env;
    bool write = !str_eqc(x->method, "GET");
    uint64_t dice = env_random_below(env, 100);
    if (d->countdown <= 0)
        return (struct verdict){0};
    if (write && dice < 12)
        return (struct verdict){.kind = LOSE_ANSWER};
    if (dice < 20)
        return (struct verdict){.kind = LOSE_REQUEST};
    if (dice < 30 && (write || dice < 24))
        return (struct verdict){.kind = REFUSE,
                                .code = codes[env_random_below(env, ARRAY_LEN(codes))],
                                .retry_after = dice & 1 ? "1" : NULL};
    return (struct verdict){0};
}

TEST(nothing_is_made_twice_whatever_happens) {
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct world w;
        int most = 0;
        setup(&w, seed);
        w.fresh_names = seed & 1;
        struct env *env = &w.d.sim.env;
        struct sim_net *net = loop_sim_net(&w.d.sim);
        w.d.verdict = trouble;
        w.d.countdown = 1;
        w.d.page_max = 1 + env_random_below(env, 5);
        net->cut_per_million = 5000;
        for (int step = 0; step < 30; step++) {
            uint64_t what = env_random_below(env, 12);
            if (what < 3) {
                int n = most + (int)env_random_below(env, 6);
                most = n;
                ask_for(&w, n);
            } else if (what < 5) {
                restart(&w);
            } else if (what == 5) {
                end_watches(&w.d);
            } else if (what == 6) {
                forget_history(&w.d);
            }
            run_for(&w.d, (int64_t)env_random_below(env, 500) * NSEC_PER_MSEC);
            CHECK(n_secrets(&w.d) <= most);
        }
        w.d.countdown = 0;
        net->cut_per_million = 0;
        bool done = settles(&w, 600 * NSEC_PER_SEC);
        if (!done || (int)w.d.creates != w.wanted)
            tap_fail(__FILE__, __LINE__, "seed %llu: %u creates for %d, %d there, idle %d",
                     (unsigned long long)seed, w.d.creates, w.wanted, n_secrets(&w.d), done);
        teardown(&w);
    }
}
