// SPDX-License-Identifier: Apache-2.0
/* What expressions may cost. Worked out by the rules of google/cel-go's checker and Kubernetes'
 * library of costs. */
#include "cel/estimate.h"
#include "tap.h"

/* "short": a string of at most 10; "list": at most 5 strings of at most 10 each. */
struct place {
    const char *name;
    uint64_t max;
    const struct place *items;
};
static const struct place text = {"short", 10, NULL}, list = {"list", 5, &text};

static const void *step(void *ctx, const void *at, str name) {
    const struct place *p = at;
    if (p)
        return str_eqc(name, "@items") ? p->items : NULL;
    return str_eqc(name, "short") ? &text : str_eqc(name, "list") ? &list : NULL;
}
static bool max(void *ctx, const void *at, uint64_t *ret) {
    *ret = ((const struct place *)at)->max;
    return true;
}
static const struct cel_sizes sizes = {step, max, NULL};

static const struct cel_variable vars[] = {{"short", &cel_type_string},
                                           {"long", &cel_type_string},
                                           {"list", &cel_type_list_string},
                                           {"n", &cel_type_int},
                                           {"o", &cel_type_dyn},
                                           {"authorizer", &cel_type_authorizer},
                                           {"m", &cel_type_map_string_dyn}};
static const struct cel_env env = {
    .libraries = CEL_LIB_KUBERNETES | CEL_LIB_BINDINGS, .vars = vars, .n_vars = ARRAY_LEN(vars)};

TEST(costs_are_estimated) {
    static const struct {
        const char *source;
        uint64_t min, max;
    } cases[] = {
        {"1", 0, 0},
        {"n", 1, 1},
        {"n + 1", 2, 2},
        {"m.a", 2, 2},
        {"has(m.a)", 1, 1},
        {"o.a.b", 1, 1},
        {"dyn(n)", 2, 2},
        {"[1, 2]", 10, 10},
        {"{'a': n}", 31, 31},
        {"n > 1 && n < 5", 2, 4},
        {"n > 1 ? n : 2", 2, 3},
        {"short == 'abc'", 2, 2},
        {"short == long", 3, 3},
        {"long == long", 3, 1844674407370955266},
        {"short + short", 2, 4},
        {"(short + short + short).size()", 4, 9},
        {"short.contains('abcdefghijklmn')", 1, 3},
        {"short.matches('a{1,2}')", 3, 5},
        {"short.startsWith('abc')", 2, 2},
        {"list.all(x, x == 'a')", 2, 27},
        {"list.map(x, x.size()).sum()", 12, 87},
        {"'a' in list", 1, 6},
        {"list[0] == short", 4, 4},
        {"list.join(',')", 1, 7},
        {"cel.bind(x, short, x + x)", 13, 15},
        {"authorizer.path('/').check('get').allowed()", 350003, 350003},
        {"o.all(x, x == 1)", 2, UINT64_MAX},
        {"[1, 2].all(x, x > 0)", 17, 21},
        {"sets.contains([1, 2], [3])", 23, 23},
        {"list.isSorted()", 1, 1 + 5 * 2},
        {"isQuantity(short)", 1, 2},
        {"quantity(short) == quantity(short)", 3, 5},
        {"quantity(long) != quantity(long)", 3, 5534023222112865794},
        {"ip.isCanonical(short)", 1, 3},
        {"cidr(short).ip() == ip(short)", 4, 6},
        {"isSemver(short, true)", 1, 2},
        {"url(short) == url(short)", 3, 5},
        {"format.dns1123Label().validate(short).hasValue()", 3, 35},
        {"format.uri() == format.uuid()", 3, 9},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct cel_program *p = NULL;
        struct cel_range got;
        struct arena a;
        str errors = STR_NONE;
        arena_init(&a, 0);
        REQUIRE(cel_compile(&a, &env, str_of(cases[i].source), &p, &errors) == 0);
        got = cel_estimate(p, &sizes);
        if (got.min != cases[i].min || got.max != cases[i].max)
            tap_fail(__FILE__, __LINE__, "%s: %llu to %llu", cases[i].source,
                     (unsigned long long)got.min, (unsigned long long)got.max);
        arena_done(&a);
    }
}
