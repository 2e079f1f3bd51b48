// SPDX-License-Identifier: Apache-2.0
/* The fuzzer's corpus, and mutations of it, on every run. */
#include <dirent.h>

#include "../../../fuzz/fuzz_http1.c"
#include "tap.h"

#define CORPUS    "fuzz/corpus/http1"
#define MUTATIONS 400
#define INPUT_MAX 65536

static uint64_t next(uint64_t *x) {
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static size_t mutate(uint64_t *rng, uint8_t *p, size_t n) {
    static const char odd[] = "\r\n\0 \t:;,?%0f";
    size_t at = 1 + next(rng) % n, len = next(rng) % 20;
    if (at >= n)
        return n;
    switch (next(rng) % 5) {
    case 0:
        p[at] = (uint8_t)next(rng);
        return n;
    case 1:
        p[at] = (uint8_t)odd[next(rng) % (sizeof(odd) - 1)];
        return n;
    case 2: /* leave something out */
        len = MIN(len, n - at);
        memmove(p + at, p + at + len, n - at - len);
        return n - len;
    case 3: /* say something twice */
        len = MIN(len, n - at);
        memmove(p + at + len, p + at, n - at);
        return n + len;
    default:
        return at;
    }
}

static void run_file(const char *path, uint64_t *rng, unsigned *ret_files) {
    static uint8_t text[INPUT_MAX], copy[INPUT_MAX * 2];
    FILE *f = fopen(path, "r");
    REQUIRE(f != NULL);
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    LLVMFuzzerTestOneInput(text, n);
    for (int i = 0; n > 1 && i < MUTATIONS; i++) {
        size_t m = n;
        memcpy(copy, text, n);
        for (uint64_t times = 1 + next(rng) % 4; times && m > 1; times--)
            m = mutate(rng, copy, m);
        LLVMFuzzerTestOneInput(copy, m);
    }
    ++*ret_files;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

TEST(corpus_and_mutations) {
    struct dirent **names;
    uint64_t rng = tap_seed() | 1;
    unsigned files = 0;
    int n = scandir(CORPUS, &names, NULL, by_name);
    REQUIRE(n > 0);
    for (int i = 0; i < n; i++) {
        char path[512];
        snprintf(path, sizeof(path), CORPUS "/%s", names[i]->d_name);
        if (names[i]->d_name[0] != '.')
            run_file(path, &rng, &files);
        free(names[i]);
    }
    free(names);
    CHECK(files >= 10);
}
