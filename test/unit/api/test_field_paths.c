// SPDX-License-Identifier: Apache-2.0
/* Ownership of fields on random objects of every type: struct and tree agree, sets keep the laws of
 * sets, and apply keeps its promises. */
#include "api/resource.h"
#include "fill.h"
#include "schema/apply.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "tap.h"

static void show(const char *what, const struct api_type *t, const struct fieldset *x,
                 const struct fieldset *y) {
    struct buf b = {0}, c = {0};
    fieldset_write(&b, x);
    fieldset_write(&c, y);
    size_t i = 0;
    while (i < b.n && i < c.n && b.p[i] == c.p[i])
        i++;
    size_t from = i > 80 ? i - 80 : 0;
    tap_fail(__FILE__, __LINE__, "%s: %s: ..." STR_FMT " against ..." STR_FMT, t->name, what,
             STR_ARG(str_slice(buf_str(&b), from, i + 80)),
             STR_ARG(str_slice(buf_str(&c), from, i + 80)));
    buf_done(&b);
    buf_done(&c);
}

static void *filled(struct arena *a, const struct api_type *t, uint64_t seed, unsigned chance) {
    struct fill f = {.arena = a, .seed = seed, .chance = chance, .depth = 6};
    return fill_new(&f, t);
}

static void check_type(const struct api_type *t, uint64_t seed, unsigned chance) {
    struct arena a;
    struct value tree;
    arena_init(&a, 0);
    void *obj = chance ? filled(&a, t, seed, chance) : arena_zalloc(&a, t->size);
    struct fieldset of_struct = field_paths_struct(&a, t, obj), again;
    json_write_value(&a, t, obj, &tree);
    struct fieldset of_tree = field_paths(&a, schema_root(t), &tree);
    if (!fieldset_equal(&of_struct, &of_tree))
        show("struct and tree", t, &of_struct, &of_tree);
    struct buf b = {0};
    struct err e = {0};
    fieldset_write(&b, &of_tree);
    if (fieldset_parse(&a, str_dup(&a, buf_str(&b)), &again, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", t->name, e.text);
    if (!fieldset_equal(&of_tree, &again))
        show("written and read", t, &of_tree, &again);
    struct value v;
    fieldset_to_value(&a, &of_tree, &v);
    CHECK_INT(fieldset_read(&a, &v, &again, &e), 0);
    CHECK(fieldset_equal(&of_tree, &again));
    buf_done(&b);
    arena_done(&a);
}

TEST(struct_and_tree_own_the_same) {
    for (unsigned i = 0; i < n_api_types; i++) {
        const struct api_type *t = api_types[i];
        if (t->info->form != FORM_OBJECT)
            continue;
        static const unsigned chances[] = {0, 20, 60, 100};
        for (unsigned k = 0; k < ARRAY_LEN(chances); k++)
            check_type(t, tap_seed() + i * 16 + k, chances[k]);
    }
}

/* The short way for new objects: the same as comparing with a zero one. */
static bool check_added(const struct api_type *t, uint64_t seed, unsigned chance) {
    struct arena a;
    struct value tree, zero;
    struct fieldset added;
    arena_init(&a, 0);
    void *obj = chance ? filled(&a, t, seed, chance) : arena_zalloc(&a, t->size);
    json_write_value(&a, t, obj, &tree);
    json_write_value(&a, t, arena_zalloc(&a, t->size), &zero);
    struct field_changes c = field_compare(&a, schema_root(t), &zero, &tree);
    struct fieldset want = fieldset_union(&a, &c.modified, &c.added);
    bool told = field_paths_added(&a, t, obj, &added);
    if (told && !fieldset_equal(&added, &want))
        show("added", t, &added, &want);
    arena_done(&a);
    return told;
}

TEST(what_is_new_is_found_in_structs) {
    unsigned told = 0, all = 0;
    for (unsigned i = 0; i < n_api_types; i++) {
        const struct api_type *t = api_types[i];
        if (t->info->form != FORM_OBJECT)
            continue;
        static const unsigned chances[] = {0, 10, 20, 60, 100};
        for (unsigned k = 0; k < ARRAY_LEN(chances); k++, all++)
            told += check_added(t, tap_seed() + i * 16 + k, chances[k]);
    }
    tap_diag("%u of %u", told, all);
    CHECK(told > all * 9 / 10);
}

/* Keys and items of sets are of kinds that the walk over structs knows. */
TEST(keys_are_simple) {
    unsigned keyed = 0;
    for (unsigned i = 0; i < n_api_types; i++) {
        for (unsigned k = 0; k < api_types[i]->n_fields; k++) {
            const struct api_field *f = &api_types[i]->fields[k];
            if (f->flags & LIST_SET)
                CHECK(f->kind == API_STR || f->kind == API_I32);
            if (!(f->flags & LIST_MAP))
                continue;
            keyed++;
            REQUIRE(f->kind == API_MSG && f->attr && f->attr->keys);
            for (str left = str_of(f->attr->keys); left.n;) {
                const struct api_field *key = type_field(f->sub, str_cut(&left, ','), NULL, NULL);
                REQUIRE(key);
                CHECK(key->kind == API_STR || key->kind == API_I32 || key->kind == API_I64 ||
                      key->kind == API_BOOL);
            }
        }
    }
    CHECK(keyed > 50);
}

/* ---- laws ---- */

static struct fieldset random_set(struct arena *a, const struct api_type *t, uint64_t seed) {
    struct fieldset all = field_paths_struct(a, t, filled(a, t, seed, 50));
    return all;
}

static void check_laws(struct arena *a, const struct fieldset *x, const struct fieldset *y) {
    struct fieldset both = fieldset_union(a, x, y), other = fieldset_union(a, y, x);
    struct fieldset common = fieldset_intersection(a, x, y);
    struct fieldset only_x = fieldset_difference(a, x, y), only_y = fieldset_difference(a, y, x);
    struct fieldset parts = fieldset_union(a, &only_x, &only_y);
    parts = fieldset_union(a, &parts, &common);
    CHECK(fieldset_equal(&both, &other));
    CHECK(fieldset_equal(&both, &parts));
    CHECK_INT(fieldset_size(&both) + fieldset_size(&common), fieldset_size(x) + fieldset_size(y));
    struct fieldset self = fieldset_difference(a, x, x), same = fieldset_union(a, x, x);
    CHECK(fieldset_empty(&self));
    CHECK(fieldset_equal(&same, x));
    struct fieldset none = fieldset_intersection(a, &only_x, y);
    CHECK(fieldset_empty(&none));
    struct fieldset without = fieldset_without(a, x, y), twice = fieldset_without(a, &without, y);
    CHECK(fieldset_equal(&without, &twice));
    CHECK(fieldset_size(&without) <= fieldset_size(&only_x));
    struct fieldset leaves = fieldset_leaves(a, x), again = fieldset_leaves(a, &leaves);
    CHECK(fieldset_equal(&leaves, &again));
    struct fieldset in = fieldset_intersection(a, &leaves, x);
    CHECK(fieldset_equal(&in, &leaves));
}

TEST(sets_keep_the_laws_of_sets) {
    static const struct api_type *const types[] = {&Pod_type, &Deployment_type, &Service_type,
                                                   &Node_type, &ClusterRole_type};
    for (unsigned i = 0; i < 200; i++) {
        struct arena a;
        arena_init(&a, 0);
        const struct api_type *t = types[i % ARRAY_LEN(types)];
        struct fieldset x = random_set(&a, t, tap_seed() + 2 * i),
                        y = random_set(&a, t, tap_seed() + 2 * i + 1);
        check_laws(&a, &x, &y);
        arena_done(&a);
    }
}

/* ---- promises of apply ---- */

struct play {
    struct arena a;
    const struct api_type *t;
    struct apply_request q;
    struct value empty, live;
};

static void play_init(struct play *p, const struct api_resource *r) {
    arena_init(&p->a, 0);
    p->t = r->type;
    json_write_value(&p->a, p->t, arena_zalloc(&p->a, p->t->size), &p->empty);
    p->live = p->empty;
    p->q = (struct apply_request){
        .a = &p->a,
        .api_version = value_str(value_getc(&p->empty, "apiVersion")),
        .kind = str_of(r->kind),
        .version.schema = schema_root(p->t),
        .empty = &p->empty,
        .now = 1000,
    };
}

/* A configuration: what an object says, without what is the server's. False: two items of it are
 * one, which apply refuses. */
static bool configuration(struct play *p, uint64_t seed, struct value *ret) {
    struct value v;
    json_write_value(&p->a, p->t, filled(&p->a, p->t, seed, 40), &v);
    *ret = v;
    struct value meta = {.tag = VALUE_OBJECT};
    *value_set(&p->a, &meta, STR("name")) = (struct value){.tag = VALUE_STR, .s = STR("x")};
    *value_set(&p->a, ret, STR("metadata")) = meta;
    return field_validate(&p->a, p->q.version.schema, ret, false, NULL) == 0;
}

/* Applies, and stores what a struct keeps of it. */
static int apply(struct play *p, const char *manager, const struct value *config, bool *ret_changed,
                 struct err *e) {
    struct value merged;
    p->q.manager = str_of(manager);
    p->q.now++;
    int r = apply_object(&p->q, &p->live, config, &merged, ret_changed, NULL, e);
    if (r < 0)
        return r;
    void *obj = arena_zalloc(&p->a, p->t->size);
    r = json_read_value(&p->a, p->t, &merged, obj, NULL, e);
    if (r == 0)
        json_write_value(&p->a, p->t, obj, &p->live);
    return r;
}

static void check_promises(const struct api_resource *r, uint64_t seed, unsigned *ret_played) {
    struct play p;
    struct value x, y;
    struct value nothing;
    struct err e = {0};
    bool changed;
    play_init(&p, r);
    if (configuration(&p, seed, &x) && configuration(&p, seed + 1, &y)) {
        (*ret_played)++;
        if (apply(&p, "a", &x, &changed, &e) < 0)
            tap_fail(__FILE__, __LINE__, "%s: %s", r->kind, e.text);
        struct value once = p.live;
        if (apply(&p, "a", &x, &changed, &e) < 0)
            tap_fail(__FILE__, __LINE__, "%s: %s", r->kind, e.text);
        /* Again is nothing new, but for what is told apart only in the configuration. */
        if (!managed_same_but_times(&once, &p.live))
            tap_fail(__FILE__, __LINE__, "%s, seed %llu: twice is not once", r->kind,
                     (unsigned long long)seed);
        p.q.force = true;
        if (apply(&p, "b", &y, &changed, &e) < 0)
            tap_fail(__FILE__, __LINE__, "%s: %s", r->kind, e.text);
        /* Both let go: nothing is left that is not the server's. */
        nothing = (struct value){.tag = VALUE_OBJECT};
        *value_set(&p.a, &nothing, STR("apiVersion")) = *value_getc(&x, "apiVersion");
        *value_set(&p.a, &nothing, STR("kind")) = *value_getc(&x, "kind");
        *value_set(&p.a, &nothing, STR("metadata")) = *value_getc(&x, "metadata");
        CHECK_INT(apply(&p, "a", &nothing, &changed, &e), 0);
        CHECK_INT(apply(&p, "b", &nothing, &changed, &e), 0);
        CHECK(!value_getc(value_getc(&p.live, "metadata"), "managedFields"));
        value_remove(value_getc(&p.live, "metadata"), STR("name"));
        if (!value_equal(&p.live, &p.empty)) {
            struct buf b = {0};
            value_write(&b, &p.live);
            tap_fail(__FILE__, __LINE__, "%s, seed %llu: left: " STR_FMT, r->kind,
                     (unsigned long long)seed, STR_ARG(buf_str(&b)));
            buf_done(&b);
        }
    }
    arena_done(&p.a);
}

TEST(apply_keeps_its_promises) {
    unsigned played = 0;
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (!r->type || r->storage != r || !(r->verbs & VERB_BIT(VERB_PATCH)))
            continue;
        for (unsigned k = 0; k < 8; k++)
            check_promises(r, tap_seed() + i * 32 + 2 * k, &played);
    }
    CHECK(played > 100);
}

/* ---- tracking of structs ---- */

static void check_tracked(struct arena *a, const struct api_resource *r, uint64_t seed) {
    const struct api_type *t = r->type;
    void *live = filled(a, t, seed, 50), *now = filled(a, t, seed + 1, 50), *got, *want;
    ObjectMeta *meta = live, *next = now;
    struct value from, to, tracked;
    struct apply_request q = {.a = a,
                              .kind = str_of(r->kind),
                              .version.schema = schema_root(t),
                              .manager = STR("x"),
                              .now = 77};
    struct err e = {0};
    meta->managed_fields.n = next->managed_fields.n = 0;
    if (seed % 3 == 0)
        memcpy((char *)now + sizeof(ObjectMeta), (char *)live + sizeof(ObjectMeta),
               t->size - sizeof(ObjectMeta)); /* only metadata differs */
    json_write_value(a, t, live, &from);
    q.api_version = value_str(value_getc(&from, "apiVersion"));
    /* first owned by whoever made it */
    meta->uid = STR_NONE;
    void *owned = arena_zalloc(a, t->size), *nothing = arena_zalloc(a, t->size);
    CHECK_INT(apply_track_struct(&q, t, nothing, live, false, owned, &e), 0);
    ((ObjectMeta *)owned)->uid = STR("u");
    q.manager = STR("y");
    got = arena_zalloc(a, t->size);
    want = arena_zalloc(a, t->size);
    CHECK_INT(apply_track_struct(&q, t, owned, now, false, got, &e), 0);
    json_write_value(a, t, owned, &from);
    json_write_value(a, t, now, &to);
    CHECK_INT(apply_track(&q, &from, &to, false, &tracked, &e), 0);
    CHECK_INT(json_read_value(a, t, &tracked, want, NULL, &e), 0);
    CHECK(((ObjectMeta *)want)->managed_fields.n >= 1);
    if (!api_equal(t, got, want))
        tap_fail(__FILE__, __LINE__, "%s, seed %llu: structs are tracked in another way", r->kind,
                 (unsigned long long)seed);
}

TEST(structs_are_tracked_as_trees_are) {
    unsigned n = 0;
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (!r->type || r->storage != r || !(r->verbs & VERB_BIT(VERB_PATCH)))
            continue;
        for (unsigned k = 0; k < 4; k++, n++) {
            struct arena a;
            arena_init(&a, 0);
            check_tracked(&a, r, tap_seed() + i * 64 + 2 * k);
            arena_done(&a);
        }
    }
    CHECK(n > 150);
}

/* Owners that cannot be read are forgotten, once it matters what they own. */
TEST(a_stored_set_that_is_none) {
    static const struct {
        const char *fields;
        uint32_t left;
    } cases[] = {{"{\"f:data\":{\"q\":{}}}", 0}, {"{\"f:data\":", 0}, {"{\"f:metadata\":{}}", 2}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        arena_init(&a, 0);
        struct apply_request q = {.a = &a,
                                  .api_version = STR("v1"),
                                  .kind = STR("ConfigMap"),
                                  .version.schema = schema_root(&ConfigMap_type),
                                  .manager = STR("x"),
                                  .now = 77};
        ManagedFieldsEntry entry = {.manager = STR("w"),
                                    .operation = STR("Update"),
                                    .api_version = STR("v1"),
                                    .fields_type = STR("FieldsV1"),
                                    .fields_v1 = str_of(cases[i].fields)};
        struct str_pair pair = {STR("k"), STR("v")};
        ConfigMap live = {.metadata = {.name = STR("a"), .uid = STR("u")}}, now = live, got;
        live.metadata.managed_fields.v = &entry;
        live.metadata.managed_fields.n = 1;
        now.data.v = &pair;
        now.data.n = 1;
        CHECK_INT(apply_track_struct(&q, &ConfigMap_type, &live, &now, false, &got, &e), 0);
        CHECK_INT(got.metadata.managed_fields.n, cases[i].left);
        arena_done(&a);
    }
}
