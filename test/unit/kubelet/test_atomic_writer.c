// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include "kubelet/host/host.h"
#include "tap.h"

static void text_at(const char *dir, const char *name, const char *want) {
    char path[512], have[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    ssize_t n = host_read_at(path, 0, have, sizeof(have));
    CHECK_STRC(str_n(have, n < 0 ? 0 : (size_t)n), want);
}

static bool is_there(const char *dir, const char *name) {
    char path[512];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return lstat(path, &st) == 0;
}

static bool write_all(const char *dir, const struct host_file *f, size_t n, const char *stamp) {
    bool changed = false;
    struct err e = {0};
    int r = host_write_atomically(dir, f, n, -1, str_of(stamp), &changed, &e);
    if (r < 0)
        tap_fail(__FILE__, __LINE__, "%s", e.text);
    return changed;
}

TEST(versions_replace_each_other) {
    char dir[] = "/tmp/atomic-XXXXXX";
    REQUIRE(mkdtemp(dir));
    struct host_file f[] = {
        {.path = STR("a"), .data = STR("1"), .mode = 0644, .uid = -1},
        {.path = STR("sub/b"), .data = STR("2"), .mode = 0600, .uid = -1},
    };
    CHECK(write_all(dir, f, 2, "v1"));
    text_at(dir, "a", "1");
    text_at(dir, "sub/b", "2");
    text_at(dir, "..data/a", "1");
    CHECK(is_there(dir, "..v1"));
    CHECK(!write_all(dir, f, 2, "v2")); /* the same: nothing happens */
    CHECK(!is_there(dir, "..v2"));
    f[0].data = STR("one");
    CHECK(write_all(dir, f, 2, "v3"));
    text_at(dir, "a", "one");
    CHECK(!is_there(dir, "..v1"));
    f[0].data = STR("two"); /* of the same length */
    CHECK(write_all(dir, f, 2, "v3b"));
    text_at(dir, "a", "two");
    f[0].data = STR("one");
    CHECK(write_all(dir, f, 2, "v3c"));
    f[0].mode = 0600;
    CHECK(write_all(dir, f, 2, "v4")); /* a mode is content too */
    CHECK(write_all(dir, f, 1, "v5")); /* a file has gone */
    CHECK(!is_there(dir, "sub"));
    text_at(dir, "a", "one");
    CHECK(write_all(dir, NULL, 0, "v6"));
    CHECK(!is_there(dir, "a"));
    CHECK_INT(host_remove_tree(dir), 0);
}

TEST(what_a_crash_left_is_cleared) {
    char dir[] = "/tmp/atomic-XXXXXX", path[512];
    REQUIRE(mkdtemp(dir));
    struct host_file f = {.path = STR("a"), .data = STR("1"), .mode = 0644, .uid = -1};
    snprintf(path, sizeof(path), "%s/..dead", dir);
    REQUIRE(host_mkdirs(path, 0755) == 0);
    snprintf(path, sizeof(path), "%s/..data.tmp", dir);
    REQUIRE(symlink("..dead", path) == 0);
    CHECK(write_all(dir, &f, 1, "v1"));
    text_at(dir, "a", "1");
    CHECK(!is_there(dir, "..dead"));
    CHECK(!is_there(dir, "..data.tmp"));
    CHECK_INT(host_remove_tree(dir), 0);
}

TEST(paths_stay_inside) {
    static const char *const bad[] = {"",         "/etc/x", "../x", "a/../../x",
                                      "..data/x", "a//b",   "a/.",  "."};
    char dir[] = "/tmp/atomic-XXXXXX";
    REQUIRE(mkdtemp(dir));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        bool changed;
        struct err e = {0};
        struct host_file f = {.path = str_of(bad[i]), .data = STR("x"), .mode = 0644, .uid = -1};
        CHECK_INT(host_write_atomically(dir, &f, 1, -1, STR("v"), &changed, &e), -EINVAL);
    }
    CHECK_INT(host_remove_tree(dir), 0);
}

TEST(trees_are_removed_without_following_links) {
    char dir[] = "/tmp/tree-XXXXXX", keep[] = "/tmp/keep-XXXXXX", path[512];
    REQUIRE(mkdtemp(dir) && mkdtemp(keep));
    snprintf(path, sizeof(path), "%s/file", keep);
    REQUIRE(host_touch(path, 0644) == 0);
    snprintf(path, sizeof(path), "%s/a/b/c", dir);
    REQUIRE(host_mkdirs(path, 0755) == 0);
    snprintf(path, sizeof(path), "%s/a/b/link", dir);
    REQUIRE(symlink(keep, path) == 0);
    CHECK_INT(host_remove_tree(dir), 0);
    CHECK(!is_there("/tmp", dir + 5));
    CHECK(is_there(keep, "file"));
    CHECK_INT(host_remove_tree(keep), 0);
    CHECK_INT(host_remove_tree("/tmp/never-there"), 0);
}
