// SPDX-License-Identifier: Apache-2.0
/* A fuzzer as a test: linked with this instead of libFuzzer it runs over its corpus, and over some
 * thousand mutants of it that follow from the seed. The program has the name of its corpus. */
#include <dirent.h>
#include <errno.h>

#include "base/arena.h"
#include "recorded.h"

#define FILES_MAX 64
#define MUTANTS   3000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t draw(uint64_t *seed) {
    uint64_t z = (*seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return z ^ (z >> 27);
}

/* The input lies at the end of an allocation of its own, for the sanitizer to see a step too far.
 */
static void feed(str s) {
    uint8_t *p = malloc(s.n ? s.n : 1);
    memcpy(p, s.p, s.n);
    LLVMFuzzerTestOneInput(p, s.n);
    free(p);
}

static str mutate(struct arena *a, const str *files, unsigned n, uint64_t *seed) {
    static const char bits[] = "{}[]\",:;\\u-+.eE019 \r\n\t?%<&\x80\xff\x00\x01\x08\x12";
    str from = files[draw(seed) % n], other = files[draw(seed) % n];
    size_t room = from.n + other.n + 16, len = from.n;
    char *p = arena_alloc(a, room);
    memcpy(p, from.p, from.n);
    for (uint64_t k = 1 + draw(seed) % 4; k && len; k--) {
        size_t at = draw(seed) % len, span = 1 + draw(seed) % 8;
        switch (draw(seed) % 6) {
        case 0:
            p[at] = bits[draw(seed) % (sizeof(bits) - 1)];
            break;
        case 1:
            p[at] = (char)(p[at] ^ (1 << draw(seed) % 8));
            break;
        case 2:
            p[at] = (char)draw(seed);
            break;
        case 3: /* leave something out */
            span = MIN(span, len - at);
            memmove(p + at, p + at + span, len - at - span);
            len -= span;
            break;
        case 4:
            len = at;
            break;
        default: /* put in a piece of another */
            span = MIN(MIN(span * 8, other.n), room - len);
            memmove(p + at + span, p + at, len - at);
            memcpy(p + at, other.p + draw(seed) % (other.n - span + 1), span);
            len += span;
        }
    }
    return (str){p, len};
}

static int visible(const struct dirent *e) {
    return e->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static unsigned read_corpus(struct arena *a, str *files) {
    struct dirent **names;
    const char *dir = str_printf(a, "fuzz/corpus/%s", program_invocation_short_name).p;
    int n = scandir(dir, &names, visible, by_name);
    REQUIRE(n > 0 && n <= FILES_MAX);
    for (int i = 0; i < n; i++) {
        files[i] = file_read(a, str_printf(a, "%s/%s", dir, names[i]->d_name).p);
        free(names[i]);
    }
    free(names);
    return (unsigned)n;
}

TEST(corpus_and_mutants) {
    struct arena a, one;
    str files[FILES_MAX];
    uint64_t seed = tap_seed();
    arena_init(&a, 0);
    arena_init(&one, 0);
    unsigned n = read_corpus(&a, files);
    for (unsigned i = 0; i < n; i++)
        feed(files[i]);
    for (int i = 0; i < MUTANTS; i++) {
        feed(mutate(&one, files, n, &seed));
        arena_reset(&one);
    }
    arena_done(&one);
    arena_done(&a);
}
