// SPDX-License-Identifier: Apache-2.0
/* The fuzzer's corpus, and bytes by chance for every kind, on every run. */
#define FUZZ_IN_TEST
#include "../../../fuzz/fuzz_apiserver.c"

#define CORPUS "fuzz/corpus/apiserver"
#define INPUTS 300
#define BYTES  400

TEST(corpus) {
    struct arena *a = arena_new(0);
    DIR *d = opendir(CORPUS);
    unsigned n = 0;
    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.')
            continue;
        str text = file_read(a, str_printf(a, CORPUS "/%s", e->d_name).p);
        LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n);
        n++;
    }
    closedir(d);
    CHECK(n > 0);
    arena_free(a);
}

TEST(bytes_by_chance) {
    struct fill f = {.seed = tap_seed()};
    uint8_t bytes[BYTES];
    for (unsigned i = 0; i < INPUTS; i++) {
        for (unsigned k = 1; k < BYTES; k++)
            bytes[k] = (uint8_t)fill_random(&f);
        bytes[0] = (uint8_t)i;
        LLVMFuzzerTestOneInput(bytes, 2 + fill_below(&f, BYTES - 2));
    }
}
