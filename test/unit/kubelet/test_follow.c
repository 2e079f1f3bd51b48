// SPDX-License-Identifier: Apache-2.0
/* A log that grows, is put aside, begins anew, and goes with its folder: its reader misses
 * nothing. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kubelet/host/host.h"
#include "loop/stream.h"
#include "tap.h"

struct fixture {
    struct env env;
    struct loop *loop;
    struct host_follower *follower;
    char folder[64], path[128];
    unsigned grown;
};

struct reader {
    struct host_followed file;
    struct fixture *f;
};

static void on_grown(struct host_followed *t) {
    container_of(t, struct reader, file)->f->grown++;
}

static void append(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    REQUIRE(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void begin(struct fixture *f) {
    *f = (struct fixture){.folder = "/tmp/test-follow-XXXXXX"};
    env_real_init(&f->env, "test");
    loop_env_real(&f->env);
    REQUIRE(loop_new(&f->env, &f->loop) == 0);
    REQUIRE(host_follower_new(f->loop, &f->follower) == 0);
    REQUIRE(mkdtemp(f->folder));
    snprintf(f->path, sizeof(f->path), "%s/0.log", f->folder);
    append(f->path, "one ");
}

static void finish(struct fixture *f) {
    host_follower_free(f->follower);
    loop_free(f->loop);
    loop_env_done(&f->env);
    host_remove_tree(f->folder);
}

/* All that is there to read. */
static const char *text_of(struct reader *r, char *all, size_t max) {
    size_t n = 0;
    ssize_t got;
    while ((got = host_followed_read(&r->file, all + n, max - n - 1)) > 0)
        n += (size_t)got;
    CHECK_INT(got, 0);
    all[n] = '\0';
    return all;
}

static bool has_grown(void *ctx) {
    return ((struct fixture *)ctx)->grown > 0;
}

TEST(nothing_is_missed) {
    struct fixture f;
    char all[256], aside[160];
    begin(&f);
    struct reader r = {.file = {.on_grown = on_grown}, .f = &f};
    REQUIRE(host_follow(f.follower, &r.file, f.path, 0) == 0);
    CHECK_STRC(str_of(text_of(&r, all, sizeof(all))), "one ");
    CHECK_STRC(str_of(text_of(&r, all, sizeof(all))), "");
    append(f.path, "two ");
    CHECK(loop_run_until(f.loop, has_grown, &f, 10 * NSEC_PER_SEC));
    CHECK_STRC(str_of(text_of(&r, all, sizeof(all))), "two ");
    /* Put aside; its writer has not noticed yet. */
    snprintf(aside, sizeof(aside), "%s.1", f.path);
    CHECK_INT(rename(f.path, aside), 0);
    append(aside, "three ");
    CHECK_STRC(str_of(text_of(&r, all, sizeof(all))), "three ");
    append(aside, "four ");
    append(f.path, "five ");
    CHECK_STRC(str_of(text_of(&r, all, sizeof(all))), "four five ");
    append(f.path, "six ");
    host_remove_tree(f.folder);
    CHECK_STRC(str_of(text_of(&r, all, sizeof(all))), "six ");
    host_unfollow(&r.file);
    finish(&f);
}

TEST(followers_of_one_folder) {
    struct fixture f;
    char all[64];
    begin(&f);
    struct reader a = {.file = {.on_grown = on_grown}, .f = &f}, b = a;
    REQUIRE(host_follow(f.follower, &a.file, f.path, 0) == 0);
    REQUIRE(host_follow(f.follower, &b.file, f.path, 2) == 0);
    CHECK_STRC(str_of(text_of(&b, all, sizeof(all))), "e ");
    host_unfollow(&a.file);
    append(f.path, "two ");
    CHECK(loop_run_until(f.loop, has_grown, &f, 10 * NSEC_PER_SEC));
    CHECK_STRC(str_of(text_of(&b, all, sizeof(all))), "two ");
    CHECK_INT(truncate(f.path, 0), 0);
    append(f.path, "x");
    CHECK_STRC(str_of(text_of(&b, all, sizeof(all))), "x");
    host_unfollow(&b.file);
    CHECK_INT(host_follow(f.follower, &b.file, "/tmp/no-such-folder/0.log", 0), -ENOENT);
    finish(&f);
}
