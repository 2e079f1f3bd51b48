// SPDX-License-Identifier: Apache-2.0
#include "server/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define PIECES 2048
#define PIECE  (16 * 1024)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define OTHER_MALLOC 1
#endif
#endif

#ifndef OTHER_MALLOC
static size_t resident(void) {
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    REQUIRE(f && fscanf(f, "%*s %ld", &pages) == 1);
    fclose(f);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Small pieces that stay, between them what is freed: the heap cannot shrink from its end. */
static size_t spread(char **stay) {
    char **go = xcalloc(PIECES, sizeof(*go));
    for (int i = 0; i < PIECES; i++) {
        go[i] = xmalloc(PIECE);
        memset(go[i], 1, PIECE);
        stay[i] = xmalloc(32);
    }
    size_t height = resident();
    for (int i = 0; i < PIECES; i++)
        free(go[i]);
    free(go);
    return height;
}

TEST(what_was_freed_is_given_back_once) {
    struct memory_keeper k = {.left = 0};
    char *stay[PIECES];
    size_t height = spread(stay);
    CHECK(resident() > height - PIECES * PIECE / 4);
    CHECK(memory_look(&k));
    CHECK(resident() < height - PIECES * PIECE / 2);
    CHECK(!memory_look(&k));
    for (int i = 0; i < PIECES; i++)
        free(stay[i]);
}
#endif

/* A malloc of a sanitizer says nothing of what it has. */
TEST(nothing_is_done_where_there_is_little) {
    struct memory_keeper k = {.left = 0};
    CHECK(!memory_look(&k) || !memory_look(&k));
}
