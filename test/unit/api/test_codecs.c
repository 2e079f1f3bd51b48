// SPDX-License-Identifier: Apache-2.0
/* Every row of every type: filled with something, written and read in JSON and in protobuf, and by
 * way of a value tree, an object must stay what it was. */
#include "fill.h"
#include "tap.h"

#include "api/cri.h"
#include "api/types.h"
#include "base/arena.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "schema/proto.h"

static str printed(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b = {0};
    json_write(&b, t, obj, 0, NULL);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static void check_json(struct arena *a, const struct api_type *t, const void *obj) {
    struct decode_report report = {0};
    struct err e = {0};
    str text = printed(a, t, obj), again;
    void *back = arena_alloc(a, t->size);
    if (json_read(a, t, text, back, &(struct json_read_opts){.report = &report}, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s: " STR_FMT, t->name, e.text, STR_ARG(text));
    if (report.all.n)
        tap_fail(__FILE__, __LINE__, "%s: " STR_FMT, t->name, STR_ARG(report.all.v[0]));
    again = printed(a, t, back);
    if (!str_eq(text, again))
        tap_fail(__FILE__, __LINE__, "%s: " STR_FMT " became " STR_FMT, t->name, STR_ARG(text),
                 STR_ARG(again));
    if (!api_equal(t, obj, back))
        tap_fail(__FILE__, __LINE__, "%s: not equal after JSON: " STR_FMT, t->name, STR_ARG(text));
}

/* The tree knows no types: what it prints for a text is what the typed reader and writer print. */
static void check_tree(struct arena *a, const struct api_type *t, const void *obj) {
    struct value v;
    struct buf b = {0};
    str text = printed(a, t, obj);
    CHECK_INT(json_write_value(a, t, obj, &v), 0);
    value_write(&b, &v);
    CHECK_STR(buf_str(&b), text);
    buf_done(&b);
    void *back = arena_alloc(a, t->size);
    CHECK_INT(json_read_value(a, t, &v, back, NULL, NULL), 0);
    CHECK(api_equal(t, obj, back));
}

static bool has_proto(const struct api_type *t) {
    for (unsigned i = 0; i < t->n_fields; i++)
        if (t->fields[i].number == 0 || (t->fields[i].flags & NO_PROTO))
            return false;
    return true;
}

static void check_proto(struct arena *a, const struct api_type *t, const void *obj) {
    struct buf b = {0}, c = {0};
    struct err e = {0};
    void *back = arena_alloc(a, t->size);
    proto_write(&b, t, obj);
    CHECK_INT(b.n, proto_size(t, obj));
    if (proto_read(a, t, buf_str(&b), back, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", t->name, e.text);
    proto_write(&c, t, back);
    if (!str_eq(buf_str(&b), buf_str(&c)))
        tap_fail(__FILE__, __LINE__, "%s: protobuf changed", t->name);
    if (!api_equal(t, obj, back))
        tap_fail(__FILE__, __LINE__, "%s: not equal after protobuf: " STR_FMT, t->name,
                 STR_ARG(printed(a, t, obj)));
    buf_done(&b);
    buf_done(&c);
}

static void no_proto_walk(const struct api_type *t, void *ctx) {
    bool *all = ctx;
    *all = *all && has_proto(t);
}

static void check_type(const struct api_type *t, unsigned chance, uint64_t seed) {
    struct arena a;
    bool proto = true;
    arena_init(&a, 0);
    struct fill f = {.arena = &a, .seed = seed, .chance = chance, .depth = chance == 100 ? 3 : 5};
    void *obj = fill_new(&f, t);
    type_walk(t, no_proto_walk, &proto);
    check_json(&a, t, obj);
    check_tree(&a, t, obj);
    if (proto)
        check_proto(&a, t, obj);
    arena_done(&a);
}

TEST(every_type_filled) {
    for (unsigned i = 0; i < n_api_types; i++)
        check_type(api_types[i], 100, tap_seed() + i);
}

TEST(every_type_partly_filled) {
    for (unsigned i = 0; i < n_api_types; i++)
        for (unsigned k = 1; k < 5; k++)
            check_type(api_types[i], 15 * k, tap_seed() + 1000 * k + i);
}

/* CRI is proto3: zero scalars and empty lists leave no bytes. */
TEST(every_cri_message) {
    for (unsigned i = 0; i < n_cri_types; i++)
        for (unsigned k = 0; k <= 10; k += 2) {
            struct arena a;
            arena_init(&a, 0);
            struct fill f = {
                .arena = &a, .seed = tap_seed() + 100 * i + k, .chance = 10 * k, .depth = 5};
            void *obj = fill_new(&f, cri_types[i]);
            check_proto(&a, cri_types[i], obj);
            memset(obj, 0, cri_types[i]->size);
            CHECK_INT(proto_size(cri_types[i], obj), 0);
            arena_done(&a);
        }
}

TEST(empty_objects) {
    for (unsigned i = 0; i < n_api_types; i++) {
        struct arena a;
        arena_init(&a, 0);
        void *obj = arena_zalloc(&a, api_types[i]->size);
        check_json(&a, api_types[i], obj);
        check_proto(&a, api_types[i], obj);
        arena_done(&a);
    }
}
