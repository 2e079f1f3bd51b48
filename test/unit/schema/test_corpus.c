// SPDX-License-Identifier: Apache-2.0
/* Runs the fuzzers without a fuzzer: over their corpus, and over some thousand mutations of it that
 * follow from the seed. */
#include <dirent.h>

#define LLVMFuzzerTestOneInput fuzz_json
#include "../../../fuzz/fuzz_json.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_proto
int fuzz_proto(const uint8_t *data, size_t n);
#define check check_message
#include "../../../fuzz/fuzz_proto.c"
#undef check
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_yaml
int fuzz_yaml(const uint8_t *data, size_t n);
#include "../../../fuzz/fuzz_yaml.c"
#undef LLVMFuzzerTestOneInput

#include "recorded.h"

#define FILES_MAX 64
#define MUTANTS   3000

typedef int fuzzer(const uint8_t *data, size_t n);

static uint64_t draw(uint64_t *seed) {
    uint64_t z = (*seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return z ^ (z >> 27);
}

/* The input lies at the end of an allocation of its own, for the sanitizer to see a step too far.
 */
static void feed(fuzzer *f, str s) {
    uint8_t *p = malloc(s.n ? s.n : 1);
    memcpy(p, s.p, s.n);
    f(p, s.n);
    free(p);
}

static str mutate(struct arena *a, const str *files, unsigned n, uint64_t *seed) {
    static const char bits[] = "{}[]\",:\\u-+.eE019 \n<&\x80\xff\x00\x01\x08\x0a\x12";
    str from = files[draw(seed) % n], other = files[draw(seed) % n];
    size_t room = from.n + other.n + 16, len = from.n;
    char *p = arena_alloc(a, room);
    memcpy(p, from.p, from.n);
    for (uint64_t k = 1 + draw(seed) % 4; k && len; k--) {
        size_t at = draw(seed) % len, span = 1 + draw(seed) % 8;
        switch (draw(seed) % 5) {
        case 0:
            p[at] = bits[draw(seed) % (sizeof(bits) - 1)];
            break;
        case 1:
            p[at] = (char)(p[at] ^ (1 << draw(seed) % 8));
            break;
        case 2:
            span = MIN(span, len - at);
            memmove(p + at, p + at + span, len - at - span);
            len -= span;
            break;
        case 3:
            len = at;
            break;
        default:
            span = MIN(MIN(span * 8, other.n), room - len);
            memmove(p + at + span, p + at, len - at);
            memcpy(p + at, other.p + draw(seed) % (other.n - span + 1), span);
            len += span;
        }
    }
    return (str){p, len};
}

static int by_name(const void *x, const void *y) {
    const char *const *a = x, *const *b = y;
    return strcmp(*a, *b);
}

static unsigned read_corpus(struct arena *a, const char *dir, str *files) {
    const char *names[FILES_MAX];
    unsigned n = 0;
    DIR *d = opendir(dir);
    REQUIRE(d);
    for (struct dirent *e; n < FILES_MAX && (e = readdir(d));)
        if (e->d_name[0] != '.')
            names[n++] = str_cdup(a, str_of(e->d_name));
    closedir(d);
    qsort(names, n, sizeof(*names), by_name);
    for (unsigned i = 0; i < n; i++)
        files[i] = file_read(a, str_printf(a, "%s/%s", dir, names[i]).p);
    return n;
}

static void run_corpus(const char *dir, fuzzer *f) {
    struct arena a, one;
    str files[FILES_MAX];
    uint64_t seed = tap_seed();
    arena_init(&a, 0);
    arena_init(&one, 0);
    unsigned n = read_corpus(&a, dir, files);
    CHECK(n > 0);
    for (unsigned i = 0; i < n; i++)
        feed(f, files[i]);
    for (int i = 0; i < MUTANTS; i++) {
        feed(f, mutate(&one, files, n, &seed));
        arena_reset(&one);
    }
    arena_done(&one);
    arena_done(&a);
}

TEST(json_corpus) {
    run_corpus("fuzz/corpus/json", fuzz_json);
}

TEST(proto_corpus) {
    run_corpus("fuzz/corpus/proto", fuzz_proto);
}

TEST(yaml_corpus) {
    run_corpus("fuzz/corpus/yaml", fuzz_yaml);
}
