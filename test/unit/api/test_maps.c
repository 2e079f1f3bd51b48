// SPDX-License-Identifier: Apache-2.0
/* Sorted maps and lists: entries, unions, indexes, and the amounts that pods ask for. */
#include "api/maps.h"
#include "api/name_index.h"
#include "api/resource_list.h"
#include "base/vec.h"
#include "schema/json.h"
#include "tap.h"

/* "a=1 b=2" */
static str_map map_of(struct arena *a, const char *text) {
    str_map m = {0};
    for (str rest = str_of(text); rest.n;) {
        str value = str_cut(&rest, ' '), key = str_cut(&value, '=');
        *list_push(a, &m) = (struct str_pair){key, value};
    }
    return m;
}

static void check_map(struct arena *a, const str_map *m, const char *want) {
    str_list l = {0};
    for (uint32_t i = 0; i < m->n; i++)
        *list_push(a, &l) =
            str_printf(a, STR_FMT "=" STR_FMT, STR_ARG(m->v[i].key), STR_ARG(m->v[i].value));
    CHECK_STRC(str_join(a, l.v, l.n, STR(" ")), want);
}

TEST(an_entry_is_put_in_its_place) {
    struct arena a;
    arena_init(&a, 0);
    const str_map had = map_of(&a, "b=1 d=2");
    static const char *const cases[][2] = {
        {"a", "a=x b=1 d=2"}, {"b", "b=x d=2"},     {"c", "b=1 c=x d=2"},
        {"d", "b=1 d=x"},     {"e", "b=1 d=2 e=x"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str_map m = had;
        entry_put(&a, &m, str_of(cases[i][0]), STR("x"));
        check_map(&a, &m, cases[i][1]);
        check_map(&a, &had, "b=1 d=2");
    }
    arena_done(&a);
}

TEST(unions_prefer_the_first) {
    struct arena a;
    arena_init(&a, 0);
    static const char *const cases[][3] = {
        {"", "", ""},
        {"a=1", "", "a=1"},
        {"", "a=1", "a=1"},
        {"a=1", "a=2", "a=1"},
        {"b=1", "a=2 c=3", "a=2 b=1 c=3"},
        {"a=1 c=2", "b=3 c=4", "a=1 b=3 c=2"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str_map x = map_of(&a, cases[i][0]), y = map_of(&a, cases[i][1]);
        str_map both = maps_union(&a, &x, &y);
        check_map(&a, &both, cases[i][2]);
    }
    arena_done(&a);
}

TEST(an_index_knows_the_first_and_how_many) {
    struct arena a;
    arena_init(&a, 0);
    const str names[] = {STR("b"), STR("a"), STR("b"), STR(""), STR("b")};
    struct name_index x = name_index_of(&a, names, ARRAY_LEN(names), sizeof(str));
    static const struct {
        const char *name;
        int first, last, count;
    } cases[] = {
        {"a", 1, 1, 1}, {"b", 0, 4, 3}, {"", 3, 3, 1}, {"aa", -1, -1, 0}, {"c", -1, -1, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        CHECK_INT(name_index_first(&x, str_of(cases[i].name)), cases[i].first);
        CHECK_INT(name_index_last(&x, str_of(cases[i].name)), cases[i].last);
        CHECK_INT(name_index_count(&x, str_of(cases[i].name)), cases[i].count);
    }
    struct name_index none = name_index_of(&a, NULL, 0, sizeof(str));
    CHECK_INT(name_index_first(&none, STR("a")), -1);
    arena_done(&a);
}

TEST(pairs_are_told_apart) {
    struct arena a;
    arena_init(&a, 0);
    CHECK(str_eq(pair_key(&a, STR("a"), STR("b c")), pair_key(&a, STR("a"), STR("b c"))));
    CHECK(!str_eq(pair_key(&a, STR("a"), STR("bc")), pair_key(&a, STR("ab"), STR("c"))));
    CHECK(!str_eq(pair_key(&a, STR("1 a"), STR("")), pair_key(&a, STR(""), STR("1 a"))));
    arena_done(&a);
}

TEST(amounts_add_up) {
    struct arena a;
    arena_init(&a, 0);
    str_map m = map_of(&a, "cpu=1 memory=1Gi"), more = map_of(&a, "cpu=500m gpu=2");
    str_map less = amounts_sub(&a, &m, &more);
    check_map(&a, &less, "cpu=500m memory=1Gi");
    amounts_add(&a, &m, &more);
    check_map(&a, &m, "cpu=1500m gpu=2 memory=1Gi");
    arena_done(&a);
}

#define REQUESTS(x_) "\"resources\":{\"requests\":{" x_ "}}"
#define ALWAYS       "\"restartPolicy\":\"Always\","

static const struct {
    const char *spec, *want;
} totals[] = {
    {"{}", ""},
    {"{\"containers\":[{" REQUESTS("\"cpu\":\"1\"") "},{" REQUESTS(
         "\"cpu\":\"250m\",\"memory\":\"1Ki\"") "}]}",
     "cpu=1250m memory=1Ki"},
    /* One after the other, before the others. */
    {"{\"containers\":[{" REQUESTS("\"cpu\":\"1\"") "}],\"initContainers\":[{" REQUESTS(
         "\"cpu\":\"2\"") "},{" REQUESTS("\"cpu\":\"3\",\"x/y\":\"1\"") "}]}",
     "cpu=3 x/y=1"},
    /* Beside those that started before it and stay. */
    {"{\"containers\":[{" REQUESTS("\"cpu\":\"1\"") "}],\"initContainers\":[{" REQUESTS(
         "\"cpu\":\"5\"") "},{" ALWAYS
         REQUESTS("\"cpu\":\"2\"") "},{" REQUESTS("\"cpu\":\"4\"") "}]}",
     "cpu=6"},
    {"{\"containers\":[{" REQUESTS("\"cpu\":\"1\"") "}],\"initContainers\":[{" ALWAYS REQUESTS(
         "\"cpu\":\"2\"") "}]}",
     "cpu=3"},
};

TEST(what_a_pod_asks_for) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(totals); i++) {
        PodSpec s = {0};
        REQUIRE(json_read(&a, &PodSpec_type, str_of(totals[i].spec), &s, NULL, &e) == 0);
        str_map sum = containers_total(&a, &s, false);
        check_map(&a, &sum, totals[i].want);
    }
    arena_done(&a);
}
