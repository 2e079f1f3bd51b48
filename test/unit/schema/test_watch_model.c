// SPDX-License-Identifier: Apache-2.0
/* The judge of watches is judged: by streams of a short history, right and wrong ones. */
#include "tap.h"
#include "watch_model.h"

#define SEEN 6

/* Of a and b in one namespace; both have the label x=1 at times. */
static const struct {
    uint64_t revision;
    const char *key, *object;
} history[] = {
    {5, "n/b", "{\"metadata\":{\"name\":\"b\",\"namespace\":\"n\",\"labels\":{\"x\":\"1\"}}}"},
    {6, "n/a", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\"}}"},
    {8, "n/a", "{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"labels\":{\"x\":\"1\"}}}"},
    {9, "n/b", "{\"metadata\":{\"name\":\"b\",\"namespace\":\"n\",\"labels\":{\"x\":\"2\"}}}"},
    {11, "n/a", NULL},
};

static const struct model_selection all, labelled = {.label = {"x", "1"}};

struct stream_case {
    const char *why; /* part of what it says; NULL: it is right */
    const struct model_selection *selection;
    uint64_t after, until; /* until: the state comes first */
    uint64_t whole;
    bool initial_end;
    struct {
        enum model_type type;
        uint64_t revision;
        const char *key;
    } seen[SEEN]; /* up to one without a key; bookmarks have "" */
};

#define ADD(r, k)                                                                                  \
    { MODEL_ADDED, r, "n/" k }
#define MOD(r, k)                                                                                  \
    { MODEL_MODIFIED, r, "n/" k }
#define DEL(r, k)                                                                                  \
    { MODEL_DELETED, r, "n/" k }
#define MARK(r)                                                                                    \
    { MODEL_BOOKMARK, r, "" }
#define STATE_END(r)                                                                               \
    { MODEL_INITIAL_END, r, "" }

static const struct stream_case cases[] = {
    {NULL, &all, 5, 0, 11, 0, {ADD(6, "a"), MOD(8, "a"), MOD(9, "b"), DEL(11, "a")}},
    {NULL, &all, 5, 0, 0, 0, {ADD(6, "a"), MOD(8, "a")}},
    {NULL, &all, 11, 0, 11, 0, {{0}}},
    {"saw nothing", &all, 5, 0, 11, 0, {ADD(6, "a"), MOD(8, "a"), MOD(9, "b")}},
    {"expected MODIFIED n/a@8, saw MODIFIED n/b@9", &all, 5, 0, 0, 0, {ADD(6, "a"), MOD(9, "b")}},
    {"expected MODIFIED n/a@8, saw ADDED n/a@6", &all, 5, 0, 0, 0, {ADD(6, "a"), ADD(6, "a")}},
    {"expected nothing, saw", &all, 9, 0, 0, 0, {DEL(11, "a"), DEL(11, "a")}},
    {"expected MODIFIED n/a@8, saw ADDED", &all, 6, 0, 0, 0, {ADD(8, "a")}},
    /* Into the selection and out of it. */
    {NULL, &labelled, 5, 0, 11, 0, {ADD(8, "a"), DEL(9, "b"), DEL(11, "a")}},
    {"expected ADDED n/a@8", &labelled, 5, 0, 0, 0, {MOD(8, "a")}},
    {"expected ADDED n/a@8", &labelled, 5, 0, 0, 0, {ADD(6, "a")}},
    /* Bookmarks. */
    {NULL, &all, 8, 0, 11, 0, {MOD(9, "b"), MARK(10), MARK(10), DEL(11, "a"), MARK(40)}},
    {"a bookmark of 9", &all, 8, 0, 0, 0, {MARK(9), MOD(9, "b")}},
    {"a bookmark of 8", &all, 8, 0, 0, 0, {MOD(9, "b"), MARK(8)}},
    {"a bookmark of 12", &all, 8, 0, 0, 0, {MOD(9, "b"), MARK(12), DEL(11, "a")}},
    /* The state first, at any of some revisions. */
    {NULL, &all, 6, 9, 11, 0, {ADD(6, "a"), ADD(5, "b"), MOD(8, "a"), MOD(9, "b"), DEL(11, "a")}},
    {NULL, &all, 6, 9, 11, 0, {ADD(8, "a"), ADD(5, "b"), MOD(9, "b"), DEL(11, "a")}},
    {NULL, &all, 6, 9, 0, 1, {ADD(8, "a"), ADD(9, "b"), STATE_END(10), DEL(11, "a")}},
    {NULL, &labelled, 4, 9, 0, 1, {ADD(8, "a"), ADD(5, "b"), STATE_END(8), DEL(9, "b")}},
    {"expected", &all, 6, 9, 0, 0, {ADD(5, "b"), ADD(6, "a")}},
    {"expected", &all, 8, 9, 0, 0, {ADD(6, "a"), ADD(5, "b"), MOD(8, "a")}},
    {"expected", &all, 6, 9, 0, 0, {ADD(8, "a"), ADD(5, "b"), DEL(11, "a")}},
    {"expected", &all, 6, 9, 0, 1, {ADD(8, "a"), ADD(9, "b"), DEL(11, "a")}},
    {"expected", &all, 6, 9, 0, 1, {ADD(8, "a"), ADD(9, "b"), STATE_END(12), DEL(11, "a")}},
};

static void model_fill(struct model *m) {
    for (size_t i = 0; i < ARRAY_LEN(history); i++) {
        struct value *v = history[i].object ? arena_make(m->arena, struct value) : NULL;
        if (v)
            REQUIRE(value_parse(m->arena, str_of(history[i].object), v, NULL, NULL) == 0);
        model_add(m, history[i].revision, str_of(history[i].key), v);
    }
}

TEST(right_and_wrong_streams) {
    struct model m = {.arena = arena_new(0)};
    model_fill(&m);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct stream_case *c = &cases[i];
        struct model_seen seen[SEEN] = {{0}};
        struct model_watch w = {c->selection,   c->after, c->until, c->until > 0,
                                c->initial_end, seen,     0,        c->whole};
        for (; w.n_seen < SEEN && c->seen[w.n_seen].key; w.n_seen++)
            seen[w.n_seen] = (struct model_seen){.type = c->seen[w.n_seen].type,
                                                 .revision = c->seen[w.n_seen].revision,
                                                 .key = str_of(c->seen[w.n_seen].key)};
        const char *why = model_check_watch(&m, &w);
        if (!why != !c->why || (why && !strstr(why, c->why)))
            tap_fail(__FILE__, __LINE__, "case %zu: %s", i, why ? why : "nothing is wrong");
    }
    arena_free(m.arena);
}

TEST(lists_show_one_revision) {
    struct model m = {.arena = arena_new(0)};
    model_fill(&m);
    struct model_seen items[] = {{MODEL_ADDED, 8, STR("n/a")}, {MODEL_ADDED, 5, STR("n/b")}};
    CHECK(!model_check_list(&m, &all, 8, items, 2));
    CHECK(!model_check_list(&m, &labelled, 8, items, 2));
    CHECK(model_check_list(&m, &all, 8, items, 1));
    CHECK(model_check_list(&m, &all, 9, items, 2));
    CHECK(model_check_list(&m, &labelled, 9, items, 2));
    CHECK(!model_check_list(&m, &labelled, 9, items, 1));
    CHECK(!model_check_list(&m, &all, 4, items, 0));
    arena_free(m.arena);
}

TEST(objects_are_compared) {
    struct model m = {.arena = arena_new(0)};
    struct value v;
    model_fill(&m);
    REQUIRE(value_parse(m.arena, str_of(history[1].object), &v, NULL, NULL) == 0);
    struct model_seen seen = {MODEL_ADDED, 6, STR("n/a"), &v, false};
    struct model_watch w = {.selection = &all, .after = 5, .seen = &seen, .n_seen = 1};
    CHECK(!model_check_watch(&m, &w));
    *value_set(m.arena, &v, STR("spec")) = (struct value){.tag = VALUE_INT, .i = 1};
    CHECK(model_check_watch(&m, &w) != NULL);
    seen.only_metadata = true;
    CHECK(!model_check_watch(&m, &w));
    value_set(m.arena, value_get(&v, STR("metadata")), STR("uid"));
    CHECK(model_check_watch(&m, &w) != NULL);
    arena_free(m.arena);
}
