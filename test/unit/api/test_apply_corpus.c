// SPDX-License-Identifier: Apache-2.0
/* Runs the fuzzer of apply without a fuzzer: over its corpus, and over trees that were taken apart
 * and put together wrongly, which is where a merge by schema would stumble. */
#include "recorded.h"

#define LLVMFuzzerTestOneInput fuzz_apply
int fuzz_apply(const uint8_t *data, size_t n);
#include "../../../fuzz/fuzz_apply.c"

#define MUTANTS 1500
#define NODES   4096

struct forest {
    struct arena a;
    uint64_t seed;
    struct value *nodes[NODES]; /* of all trees */
    unsigned n;
};

static uint64_t draw(struct forest *f) {
    uint64_t z = (f->seed += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    return z ^ (z >> 27);
}

static void collect(struct forest *f, struct value *v) {
    if (f->n < NODES)
        f->nodes[f->n++] = v;
    for (uint32_t i = 0; v->tag == VALUE_OBJECT && i < v->object.n; i++)
        collect(f, &v->object.v[i].value);
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++)
        collect(f, &v->list.v[i]);
}

/* Any other node, its parents too: copied before it is put into itself. */
static struct value any_node(struct forest *f) {
    struct value copy;
    value_copy(&f->a, f->nodes[draw(f) % f->n], &copy);
    return copy;
}

static void break_object(struct forest *f, struct value *v) {
    struct member *m = &v->object.v[draw(f) % v->object.n];
    switch (draw(f) % 3) {
    case 0:
        value_remove(v, m->key);
        return;
    case 1:
        m->key = STR("f:other");
        return;
    }
    struct value other = any_node(f);
    m->value = other;
}

static void break_list(struct forest *f, struct value *v) {
    uint32_t i = (uint32_t)(draw(f) % v->list.n), k = (uint32_t)(draw(f) % v->list.n);
    struct value other = any_node(f);
    if (draw(f) % 2)
        value_copy(&f->a, &v->list.v[k], &other);
    v->list.v[i] = other;
}

static void break_node(struct forest *f, struct value *v) {
    static const struct value others[] = {
        {.tag = VALUE_NULL},           {.tag = VALUE_LIST},
        {.tag = VALUE_OBJECT},         {.tag = VALUE_INT, .i = 80},
        {.tag = VALUE_FLOAT, .f = 80}, {.tag = VALUE_STR, .s = {"a", 1}},
    };
    bool parts = draw(f) % 4 != 0;
    if (parts && v->tag == VALUE_OBJECT && v->object.n)
        break_object(f, v);
    else if (parts && v->tag == VALUE_LIST && v->list.n)
        break_list(f, v);
    else
        *v = others[draw(f) % ARRAY_LEN(others)];
}

static void feed(const struct buf *b) {
    uint8_t *p = malloc(b->n ? b->n : 1);
    memcpy(p, b->p, b->n);
    fuzz_apply(p, b->n);
    free(p);
}

/* Three trees of a file, broken in a few places. */
static void run_mutant(struct forest *f, str file) {
    struct value v[3];
    struct buf b = {0};
    f->n = 0;
    for (int i = 0; i < 3; i++) {
        REQUIRE(value_parse(&f->a, str_cut(&file, '\n'), &v[i], NULL, NULL) == 0);
        collect(f, &v[i]);
    }
    for (uint64_t k = 1 + draw(f) % 4; k; k--)
        break_node(f, f->nodes[draw(f) % f->n]);
    for (int i = 0; i < 3; i++) {
        if (i)
            buf_addc(&b, '\n');
        value_write(&b, &v[i]);
    }
    feed(&b);
    buf_done(&b);
}

TEST(apply_corpus) {
    static const char *const names[] = {"fuzz/corpus/apply/pod", "fuzz/corpus/apply/small"};
    for (unsigned k = 0; k < ARRAY_LEN(names); k++) {
        struct arena files;
        struct forest f = {.seed = tap_seed() + k};
        arena_init(&files, 0);
        arena_init(&f.a, 0);
        str file = file_read(&files, names[k]);
        struct buf b = {.p = (char *)(uintptr_t)file.p, .n = file.n};
        feed(&b);
        for (int i = 0; i < MUTANTS; i++) {
            run_mutant(&f, file);
            arena_reset(&f.a);
        }
        arena_done(&f.a);
        arena_done(&files);
    }
}
