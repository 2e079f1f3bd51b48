// SPDX-License-Identifier: Apache-2.0
/* Generic operations on filled objects of every type: what they do to structs is what plain JSON
 * shows of it. A tree of values knows no types, so it is the judge. */
#include "api/types.h"
#include "base/vec.h"
#include "fill.h"
#include "schema/entry.h"
#include "schema/ops.h"
#include "tap.h"

#define ROUNDS 3

static void tree_of(struct arena *a, const struct api_type *t, const void *obj, struct value *ret) {
    if (json_write_value(a, t, obj, ret) < 0) {
        tap_fail(__FILE__, __LINE__, "%s: no tree", t->name);
        tap_bail();
    }
}

/* The copy lives on alone: its original is freed and overwritten before it is looked at. */
TEST(copies_share_nothing) {
    for (unsigned i = 0; i < n_api_types; i++) {
        const struct api_type *t = api_types[i];
        struct arena from, to;
        struct value before, after;
        arena_init(&from, 0);
        arena_init(&to, 0);
        struct fill f = {.arena = &from, .seed = tap_seed() + i, .chance = 100, .depth = 3};
        void *obj = fill_new(&f, t);
        struct value original;
        tree_of(&from, t, obj, &original);
        value_copy(&to, &original, &before);
        void *copy = api_clone(&to, t, obj);
        CHECK(api_equal(t, obj, copy));
        size_t weight = api_weight(t, obj);
        CHECK_INT(api_weight(t, copy), weight);
        CHECK(weight >= t->size);
        arena_done(&from);
        f.seed++;
        fill_new(&f, t); /* takes the memory that was given back */
        tree_of(&to, t, copy, &after);
        if (!value_equal(&before, &after))
            tap_fail(__FILE__, __LINE__, "%s: the copy differs", t->name);
        arena_done(&from);
        arena_done(&to);
    }
}

/* Messages of an object, in the order they are met. */
struct spot {
    const struct api_type *type;
    void *obj;
};
struct spots {
    struct spot *v;
    uint32_t n;
};

static void find_spots(struct arena *a, struct spots *s, const struct api_type *t, void *obj) {
    *list_push(a, s) = (struct spot){t, obj};
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        char *at = (char *)obj + f->offset;
        if (f->kind != API_MSG)
            continue;
        if (f->shape == API_ONE)
            find_spots(a, s, f->sub, at);
        else if (f->shape == API_OPT && *(void **)(void *)at)
            find_spots(a, s, f->sub, *(void **)(void *)at);
        struct api_seq *seq = (void *)at;
        for (uint32_t k = 0; f->shape >= API_LIST && k < seq->n; k++)
            find_spots(a, s, f->sub,
                       (char *)seq->v + k * seq_stride(f) +
                           (f->shape == API_MAP ? MAP_VALUE_OFFSET : 0));
    }
}

/* Bytes of a member whose all-zero form is absence. */
static size_t member_bytes(const struct api_type *t, uint16_t i) {
    uint32_t end = t->size;
    for (uint16_t k = 0; k < t->n_fields; k++)
        if (t->fields[k].offset > t->fields[i].offset && t->fields[k].offset < end)
            end = t->fields[k].offset;
    return end - t->fields[i].offset;
}

/* Takes one member out of the copy; false when nothing was in it. */
static bool blank_one(struct fill *f, const struct api_type *t, void *obj) {
    struct spots spots = {0};
    find_spots(f->arena, &spots, t, obj);
    const struct spot *s = &spots.v[fill_random(f) % spots.n];
    if (s->type->n_fields == 0)
        return false;
    uint16_t i = (uint16_t)(fill_random(f) % s->type->n_fields);
    char *at = (char *)s->obj + s->type->fields[i].offset;
    size_t n = member_bytes(s->type, i);
    bool any = false;
    for (size_t k = 0; k < n; k++)
        any = any || at[k];
    memset(at, 0, n);
    return any;
}

/* Equal as structs exactly when equal as trees. */
TEST(equality_of_structs_is_that_of_trees) {
    int differing = 0;
    for (unsigned i = 0; i < n_api_types; i++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            const struct api_type *t = api_types[i];
            struct arena a;
            struct value x, y;
            arena_init(&a, 0);
            struct fill f = {
                .arena = &a, .seed = tap_seed() + i * ROUNDS + round, .chance = 60, .depth = 5};
            void *obj = fill_new(&f, t), *copy = api_clone(&a, t, obj);
            blank_one(&f, t, copy);
            tree_of(&a, t, obj, &x);
            tree_of(&a, t, copy, &y);
            bool same = value_equal(&x, &y);
            differing += !same;
            if (api_equal(t, obj, copy) != same || api_equal(t, copy, obj) != same)
                tap_fail(__FILE__, __LINE__, "%s, round %u: trees are %s", t->name, round,
                         same ? "equal" : "not equal");
            arena_done(&a);
        }
    }
    CHECK(differing > (int)n_api_types);
}

/* ---- defaults ---- */

static bool tree_absent(const struct api_field *f, const struct value *v) {
    if (!v || v->tag == VALUE_NULL)
        return true;
    if (f->shape == API_LIST || f->shape == API_MAP)
        return v->tag == VALUE_LIST ? v->list.n == 0 : v->object.n == 0;
    if (f->shape == API_OPT || f->kind == API_MSG)
        return false;
    if (f->kind ==
        API_QUANTITY) /* no quantity is written as "0"; "0" that was said is not absent */
        return false;
    return (v->tag == VALUE_STR && v->s.n == 0) || (v->tag == VALUE_INT && v->i == 0) ||
           (v->tag == VALUE_BOOL && !v->b) || (v->tag == VALUE_FLOAT && v->f == 0);
}

static void tree_defaults(struct arena *a, const struct api_type *t, struct value *obj);

static void tree_default_field(struct arena *a, const struct api_field *f, struct value *obj) {
    struct value *v = value_getc(obj, f->json);
    if (f->attr && f->attr->def && tree_absent(f, v)) {
        v = value_set(a, obj, str_of(f->json));
        CHECK_INT(value_parse(a, str_of(f->attr->def), v, NULL, NULL), 0);
    }
    if (f->kind != API_MSG)
        return;
    if (!v && f->shape == API_ONE) {
        v = value_set(a, obj, str_of(f->json));
        *v = (struct value){.tag = VALUE_OBJECT};
    }
    if (!v)
        return;
    if (f->shape == API_LIST)
        for (uint32_t i = 0; i < v->list.n; i++)
            tree_defaults(a, f->sub, &v->list.v[i]);
    else if (f->shape == API_MAP)
        for (uint32_t i = 0; i < v->object.n; i++)
            tree_defaults(a, f->sub, &v->object.v[i].value);
    else
        tree_defaults(a, f->sub, v);
}

static void tree_defaults(struct arena *a, const struct api_type *t, struct value *obj) {
    if (t->info->form != FORM_OBJECT || obj->tag != VALUE_OBJECT)
        return;
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (f->flags & INLINED)
            tree_defaults(a, f->sub, obj);
        else if (!(f->flags & NO_JSON))
            tree_default_field(a, f, obj);
    }
}

TEST(defaults_of_structs_are_those_of_trees) {
    int changed = 0;
    for (unsigned i = 0; i < n_api_types; i++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            const struct api_type *t = api_types[i];
            struct arena a;
            struct value tree;
            struct err e = {0};
            arena_init(&a, 0);
            struct fill f = {
                .arena = &a, .seed = tap_seed() + i + round, .chance = 20 + 20 * round, .depth = 5};
            void *obj = fill_new(&f, t), *before = api_clone(&a, t, obj);
            void *want = arena_zalloc(&a, t->size);
            tree_of(&a, t, obj, &tree);
            tree_defaults(&a, t, &tree);
            if (json_read_value(&a, t, &tree, want, NULL, &e) < 0)
                tap_fail(__FILE__, __LINE__, "%s: %s", t->name, e.text);
            api_defaults(&a, t, obj);
            changed += !api_equal(t, obj, before);
            struct value x, y;
            tree_of(&a, t, obj, &x);
            tree_of(&a, t, want, &y);
            if (!api_equal(t, obj, want) || !value_equal(&x, &y))
                tap_fail(__FILE__, __LINE__, "%s, round %u: defaults differ", t->name, round);
            void *again = api_clone(&a, t, obj);
            api_defaults(&a, t, again);
            CHECK(api_equal(t, obj, again));
            arena_done(&a);
        }
    }
    CHECK(changed > 50);
}

/* Validation walks whatever a type holds, and names a field in every error. */
TEST(rules_bear_every_type) {
    for (unsigned i = 0; i < n_api_types; i++) {
        struct arena a;
        arena_init(&a, 0);
        struct fill f = {.arena = &a, .seed = tap_seed() + i, .chance = 70, .depth = 4};
        struct field_errors fe = {.arena = &a};
        void *obj = fill_new(&f, api_types[i]);
        api_validate(&fe, api_types[i], obj, NULL);
        for (uint32_t k = 0; k < fe.list.n; k++)
            CHECK(fe.list.v[k].field.n > 0);
        arena_done(&a);
    }
}
