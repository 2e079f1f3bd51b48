// SPDX-License-Identifier: Apache-2.0
/* No post may get lost, whatever the loop is doing when it comes: here the next one comes while
 * the one before is being handled. */
#include "loop/work.h"
#include "tap.h"

#define ROUNDS 5000

struct game {
    struct loop *loop;
    struct work_pool *pool;
    struct work work;
    unsigned done;
};

static void run(struct work *w) {}

static void on_done(struct work *w);

static void serve(struct game *g) {
    g->work = (struct work){.run = run, .done = on_done};
    work_submit(g->pool, g->loop, &g->work);
}

static void on_done(struct work *w) {
    struct game *g = container_of(w, struct game, work);
    if (++g->done >= ROUNDS)
        return;
    serve(g);
    int64_t until = env_mono(loop_env(g->loop)) + 20000;
    while (env_mono(loop_env(g->loop)) < until)
        ;
}

static bool is_over(void *ctx) {
    return ((struct game *)ctx)->done >= ROUNDS;
}

TEST(wake_is_never_lost) {
    struct env env;
    struct game g = {0};
    env_real_init(&env, "test");
    REQUIRE(loop_new(&env, &g.loop) == 0 && work_pool_new(&env, 1, &g.pool) == 0);
    serve(&g);
    CHECK(loop_run_until(g.loop, is_over, &g, 120 * NSEC_PER_SEC));
    CHECK_INT(g.done, ROUNDS);
    work_pool_free(g.pool);
    loop_free(g.loop);
}
