// SPDX-License-Identifier: Apache-2.0
/* Reflector and cache against the double: pages, watches, broken and forgotten streams. */
#include "double.h"

#define MAPS "/api/v1/configmaps"

struct fixture {
    struct api_double d;
    struct informers *set;
    struct informer *maps;
    unsigned added, changed, removed, synced, fresh;
};

static void on_event(void *ctx, struct informer *i, struct cached *old, struct cached *new_) {
    struct fixture *f = ctx;
    if (!old)
        f->added++;
    else if (!new_)
        f->removed++;
    else
        f->changed++;
}
static void on_synced(void *ctx) {
    ((struct fixture *)ctx)->synced++;
}
static void on_fresh(void *ctx) {
    ((struct fixture *)ctx)->fresh++;
}

static void setup_seed(struct fixture *f, uint64_t seed) {
    *f = (struct fixture){0};
    double_start(&f->d, seed);
    f->set = informers_new(f->d.client);
    f->maps = informers_get(
        f->set, &(struct informer_options){.resource = RESOURCE_OF(core_v1_configmaps)});
    informer_handle(f->maps, on_event, f);
    informers_on_synced(f->set, on_synced, f);
}
static void setup(struct fixture *f) {
    setup_seed(f, tap_seed());
}
static void teardown(struct fixture *f) {
    informers_free(f->set);
    double_stop(&f->d);
}

static struct thing *put(struct fixture *f, const char *name, int value) {
    char json[128];
    snprintf(json, sizeof(json), "{\"data\":{\"v\":\"%d\"}}", value);
    return put_thing(&f->d, MAPS, "default", name, json);
}

/* The cache holds exactly what the double does. */
static bool agrees(struct fixture *f) {
    uint32_t n = 0;
    VEC_FOREACH (t, &f->d.things) {
        char key[128];
        if (strcmp(t->collection, MAPS) != 0)
            continue;
        snprintf(key, sizeof(key), "%s/%s", t->ns, t->name);
        const struct cached *c = informer_get(f->maps, str_of(key));
        if (!c || c->revision != t->revision)
            return false;
        n++;
    }
    return n == informer_count(f->maps);
}

TEST(pages_then_watch) {
    struct fixture f;
    setup(&f);
    f.d.page_max = 3;
    char name[16];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        put(&f, name, i);
    }
    CHECK(!informer_synced(f.maps));
    informers_start(f.set);
    run_for(&f.d, NSEC_PER_SEC);
    CHECK_INT(f.synced, 1);
    CHECK_INT(f.d.lists, 4);
    CHECK_INT(f.d.watches, 1);
    CHECK_INT(f.added, 10);
    CHECK(agrees(&f));
    put(&f, "m3", 30);
    put(&f, "new", 1);
    end_thing(&f.d, &f.d.things.v[0]);
    run_for(&f.d, NSEC_PER_SEC);
    CHECK(agrees(&f));
    CHECK_INT(f.added, 11);
    CHECK_INT(f.changed, 1);
    CHECK_INT(f.removed, 1);
    CHECK_INT(informer_revision(f.maps), f.d.revision);
    const ConfigMap *m = informer_typed(f.maps, STR("default/m3"));
    REQUIRE(m);
    CHECK_STR(m->data.v[0].value, STR("30"));
    teardown(&f);
}

static struct verdict expire_token(struct api_double *d, struct exchange *x, str body) {
    bool expired = str_find(x->query, STR("continue")) >= 0 && d->countdown-- > 0;
    return (struct verdict){.kind = expired ? REFUSE : CARRY_OUT, .code = 410};
}

TEST(an_expired_token_means_from_the_start_at_once) {
    struct fixture f;
    setup(&f);
    f.d.page_max = 1;
    f.d.verdict = expire_token;
    f.d.countdown = 1;
    put(&f, "a", 1);
    put(&f, "b", 1);
    informers_start(f.set);
    run_for(&f.d, 50 * NSEC_PER_MSEC);
    CHECK(informer_synced(f.maps));
    CHECK(agrees(&f));
    teardown(&f);
}

TEST(a_page_alone_says_nothing_about_the_revision) {
    struct fixture f;
    setup(&f);
    ConfigMap m = {.metadata = {.name = STR("x"), .resource_version = STR("900")}};
    informer_put(f.maps, &m);
    CHECK_INT(informer_revision(f.maps), 0);
    CHECK_INT(informer_count(f.maps), 1);
    teardown(&f);
}

TEST(a_stream_that_ends_is_taken_up_where_it_was) {
    struct fixture f;
    setup(&f);
    put(&f, "a", 1);
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    end_watches(&f.d);
    put(&f, "b", 1);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    CHECK_INT(f.d.lists, 1);
    CHECK_INT(f.d.watches, 2);
    CHECK(agrees(&f));
    teardown(&f);
}

TEST(after_410_it_lists_again) {
    struct fixture f;
    setup(&f);
    put(&f, "a", 1);
    put(&f, "b", 1);
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    f.d.sim.env.log_level = LOG_ERROR;
    struct sim_net *net = loop_sim_net(&f.d.sim);
    net->refuse = true;
    loop_sim_cut(&f.d.sim, "sim:double");
    run_for(&f.d, NSEC_PER_SEC);
    end_thing(&f.d, &f.d.things.v[0]);
    put(&f, "c", 1);
    forget_history(&f.d);
    net->refuse = false;
    run_for(&f.d, 120 * NSEC_PER_SEC);
    CHECK(agrees(&f));
    CHECK_INT(f.removed, 1); /* a deletion nobody saw is told all the same */
    CHECK_INT(f.added, 3);
    CHECK_INT(f.changed, 0); /* what was known is not told again */
    teardown(&f);
}

TEST(error_events_and_nonsense_lead_to_a_list) {
    struct fixture f;
    setup(&f);
    put(&f, "a", 1);
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    REQUIRE(f.d.onlookers.n == 1);
    exchange_write(f.d.onlookers.v[0]->x,
                   STR("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n"));
    run_for(&f.d, 30 * NSEC_PER_SEC);
    CHECK_INT(f.d.lists, 2);
    REQUIRE(f.d.onlookers.n == 1);
    exchange_write(f.d.onlookers.v[0]->x,
                   STR("{\"type\":\"ADDED\",\"object\":{\"metadata\":7}}\n"));
    run_for(&f.d, 30 * NSEC_PER_SEC);
    CHECK_INT(f.d.lists, 3);
    put(&f, "b", 1);
    run_for(&f.d, NSEC_PER_SEC);
    CHECK(agrees(&f));
    teardown(&f);
}

TEST(bookmarks_move_the_revision_only) {
    struct fixture f;
    setup(&f);
    put(&f, "a", 1);
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    REQUIRE(f.d.onlookers.n == 1);
    exchange_write(
        f.d.onlookers.v[0]->x,
        STR("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\","
            "\"metadata\":{\"resourceVersion\":\"77\",\"creationTimestamp\":null}}}\n"));
    run_for(&f.d, NSEC_PER_SEC);
    CHECK_INT(informer_revision(f.maps), 77);
    CHECK_INT(f.added + f.changed + f.removed, 1);
    teardown(&f);
}

TEST(a_relist_that_was_asked_for_is_newer_than_the_asking) {
    struct fixture f;
    setup(&f);
    put(&f, "a", 1);
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    informer_relist(f.maps, on_fresh, &f);
    informer_relist(f.maps, on_fresh, &f); /* while the first runs: a second one follows */
    put(&f, "b", 1);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    CHECK_INT(f.fresh, 2);
    CHECK_INT(f.d.lists, 3);
    CHECK(agrees(&f));
    put(&f, "c", 1);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    CHECK(agrees(&f));
    teardown(&f);
}

TEST(indexes_follow) {
    struct fixture f;
    setup(&f);
    struct index *ix = informer_index(f.maps, index_by_owner_uid);
    CHECK(informer_index(f.maps, index_by_owner_uid) == ix);
    put_thing(&f.d, MAPS, "default", "a",
              "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"x\"},{\"uid\":\"y\"}]}}");
    put_thing(&f.d, MAPS, "default", "b", "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"x\"}]}}");
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    unsigned n = 0;
    for (struct index_cursor c = index_find(ix, STR("x")); index_next(&c);)
        n++;
    CHECK_INT(n, 2);
    put_thing(&f.d, MAPS, "default", "a", "{\"metadata\":{\"ownerReferences\":[{\"uid\":\"z\"}]}}");
    run_for(&f.d, NSEC_PER_SEC);
    n = 0;
    for (struct index_cursor c = index_find(ix, STR("x")); index_next(&c);)
        n++;
    CHECK_INT(n, 1);
    struct index_cursor none = index_find(ix, STR("y"));
    CHECK(!index_next(&none));
    teardown(&f);
}

TEST(metadata_only_keeps_metadata_only) {
    struct fixture f;
    setup(&f);
    struct informer *whole =
        informers_get(f.set, &(struct informer_options){.resource = RESOURCE_OF(core_v1_configmaps),
                                                        .metadata_only = true});
    CHECK(whole == f.maps); /* somebody has whole ones already */
    struct informer *lean =
        informers_get(f.set, &(struct informer_options){.resource = RESOURCE_OF(core_v1_secrets),
                                                        .metadata_only = true});
    put_thing(&f.d, "/api/v1/secrets", "default", "s", "{\"data\":{\"k\":\"dg==\"}}");
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    const struct cached *c = informer_get(lean, STR("default/s"));
    REQUIRE(c);
    CHECK_STRC(cached_meta(c)->name, "s");
    CHECK(informers_get(
              f.set, &(struct informer_options){.resource = RESOURCE_OF(core_v1_secrets)}) != lean);
    teardown(&f);
}

TEST(the_cache_keeps_the_union_of_projections) {
    static const char *const data[] = {"data", NULL}, *const immutable[] = {"immutable", NULL};
    const struct api_resource *maps = RESOURCE_OF(core_v1_configmaps);
    struct fixture f = {0};
    double_start(&f.d, tap_seed());
    f.set = informers_new(f.d.client);
    f.maps = informers_get(f.set, &(struct informer_options){.resource = maps, .fields = data});
    CHECK(informers_get(f.set, &(struct informer_options){.resource = maps, .fields = immutable}) ==
          f.maps);
    put_thing(&f.d, MAPS, "default", "m",
              "{\"data\":{\"v\":\"1\"},\"immutable\":true,\"binaryData\":{\"b\":\"AAAA\"}}");
    informers_start(f.set);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    const ConfigMap *m = informer_typed(f.maps, STR("default/m"));
    REQUIRE(m != NULL);
    CHECK_STRC(m->metadata.name, "m");
    CHECK_INT(m->data.n, 1);
    CHECK(m->immutable.set && m->immutable.v);
    CHECK_INT(m->binary_data.n, 0);
    /* What was not kept cannot be had afterwards: whoever wants it gets a cache of his own. */
    struct informer *all = informers_get(f.set, &(struct informer_options){.resource = maps});
    CHECK(all != f.maps);
    run_for(&f.d, 5 * NSEC_PER_SEC);
    m = informer_typed(all, STR("default/m"));
    REQUIRE(m != NULL);
    CHECK_INT(m->binary_data.n, 1);
    teardown(&f);
}

/* Whatever breaks, in the end the cache agrees. */
TEST(it_always_agrees_in_the_end) {
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct fixture f;
        setup_seed(&f, seed);
        f.d.sim.env.log_level = LOG_ERROR;
        f.d.page_max = 1 + env_random_below(&f.d.sim.env, 4);
        struct sim_net *net = loop_sim_net(&f.d.sim);
        net->cut_per_million = 30000;
        informers_start(f.set);
        for (int step = 0; step < 60; step++) {
            char name[16];
            uint64_t what = env_random_below(&f.d.sim.env, 10);
            snprintf(name, sizeof(name), "m%d", (int)env_random_below(&f.d.sim.env, 12));
            if (what < 6)
                put(&f, name, step);
            else if (what < 8 && f.d.things.n)
                end_thing(&f.d, &f.d.things.v[env_random_below(&f.d.sim.env, f.d.things.n)]);
            else if (what == 8)
                end_watches(&f.d);
            else
                forget_history(&f.d);
            run_for(&f.d, (int64_t)env_random_below(&f.d.sim.env, 800) * NSEC_PER_MSEC);
        }
        net->cut_per_million = 0;
        run_for(&f.d, 100 * NSEC_PER_SEC);
        if (!agrees(&f)) {
            tap_fail(__FILE__, __LINE__, "seed %llu: cache and server differ",
                     (unsigned long long)seed);
        }
        teardown(&f);
    }
}
