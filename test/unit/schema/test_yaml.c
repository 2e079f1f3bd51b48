// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include "schema/yaml.h"

static str to_json(struct arena *a, str yaml, struct err *e) {
    struct value v;
    struct buf b = {0};
    if (yaml_parse(a, yaml, &v, e) < 0)
        return str_of(e->text);
    value_write(&b, &v);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

struct sample {
    const char *yaml, *json;
};

static void check_samples(const struct sample *c, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct arena a;
        struct err e = {0};
        arena_init(&a, 0);
        CHECK_STRC(to_json(&a, str_of(c[i].yaml), &e), c[i].json);
        arena_done(&a);
    }
}

TEST(yaml_scalars_are_those_of_1_1) {
    static const struct sample cases[] = {
        {"", "null"},
        {"# nothing\n", "null"},
        {"a: ", "{\"a\":null}"},
        {"[~, null, NULL, 'null']", "[null,null,null,\"null\"]"},
        {"[yes, No, on, OFF, true, y, \"yes\"]", "[true,false,true,false,true,true,\"yes\"]"},
        {"[0644, 0o17, 0x1F, 0b101, 1_000, -0, +5]", "[420,15,31,5,1000,0,5]"},
        {"[08, 1.50, .5, 1e3, 1.e2, 6.02E-5]", "[8,1.5,0.5,1000,100,0.0000602]"},
        {"[1.2.3, 10.0.0.1, 1h, '1', 0x, -, 2001-01-01]",
         "[\"1.2.3\",\"10.0.0.1\",\"1h\",\"1\",\"0x\",\"-\",\"2001-01-01\"]"},
        {"[9223372036854775807, 9223372036854775808]", "[9223372036854775807,9223372036854776000]"},
        {"[!!str 5, !!int '7', !!binary aGk=]", "[\"5\",7,\"hi\"]"},
        {"a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
        {"a: >-\n  x\n  y\n", "{\"a\":\"x y\"}"},
        {"1: a\ntrue: b\n1.5: c\n", "{\"1\":\"a\",\"true\":\"b\",\"1.5\":\"c\"}"},
        {"a: 1\nb: 2\na: 3\n", "{\"a\":3,\"b\":2}"},
        {"a: .inf", "error converting YAML to JSON: json: unsupported value: +Inf"},
    };
    check_samples(cases, ARRAY_LEN(cases));
}

TEST(yaml_aliases_and_merges) {
    static const struct sample cases[] = {
        {"a: &x [1]\nb: *x\n", "{\"a\":[1],\"b\":[1]}"},
        {"d: &d {a: 1, b: 2}\ne:\n  <<: *d\n  b: 3\n",
         "{\"d\":{\"a\":1,\"b\":2},\"e\":{\"a\":1,\"b\":3}}"},
        {"e: {<<: [{a: 1}, {a: 2, b: 2}]}", "{\"e\":{\"a\":1,\"b\":2}}"},
        {"e: {a: 1, <<: {a: 2, b: 2}, b: 3}", "{\"e\":{\"a\":2,\"b\":3}}"},
        {"a: *nope", "yaml: unknown anchor 'nope' referenced"},
        {"&a [*a]", "yaml: anchor 'a' value contains itself"},
        {"<<: 5", "yaml: map merge requires map or sequence of maps as the value"},
    };
    check_samples(cases, ARRAY_LEN(cases));
}

TEST(yaml_keys_given_twice_are_told_with_lines) {
    static const struct {
        const char *yaml, *told;
    } cases[] = {
        {"a: 1\nb: {c: 1}\nd: [{e: 1}, {e: 1}]\n", ""},
        {"a: 1\nb: 2\na: 3\na: 4\n", "line 3: key \"a\" already set in map\n"
                                     "line 4: key \"a\" already set in map\n"},
        /* what is inside comes first; the line is the value's */
        {"a: 1\na:\n  b: 1\n  b: 2\n", "line 4: key \"b\" already set in map\n"
                                       "line 3: key \"a\" already set in map\n"},
        {"1: a\n'1': b\n1: c\ntrue: d\nyes: e\n", "line 3: key 1 already set in map\n"
                                                  "line 5: key true already set in map\n"},
        {"d: &d {a: 1}\ne:\n  <<: *d\n  a: 2\n", "line 4: key \"a\" already set in map\n"},
        {"d: &d {a: 1}\ne:\n  a: 2\n  <<: *d\n", "line 4: key \"a\" already set in map\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        struct value v;
        str_list found = {0};
        str all = STR("");
        arena_init(&a, 0);
        CHECK_INT(yaml_parse_strict(&a, str_of(cases[i].yaml), &v, &found, &e), 0);
        for (uint32_t k = 0; k < found.n; k++)
            all = str_printf(&a, STR_FMT STR_FMT "\n", STR_ARG(all), STR_ARG(found.v[k]));
        CHECK_STRC(all, cases[i].told);
        arena_done(&a);
    }
}

TEST(yaml_errors_are_goyamls) {
    static const struct sample cases[] = {
        {"a: [b", "yaml: line 1: did not find expected ',' or ']'"},
        {"a: b\n  c: d", "yaml: line 2: mapping values are not allowed in this context"},
        {"a:\n\t- b", "yaml: line 2: found character that cannot start any token"},
        {"? [1]\n: 2", "error converting YAML to JSON: unsupported map key"},
        {"\"\\q\"", "yaml: found unknown escape character"},
    };
    check_samples(cases, ARRAY_LEN(cases));
}

TEST(yaml_budgets_hold) {
    struct arena a;
    struct err e = {0};
    struct buf b = {0};
    struct value v;
    arena_init(&a, 0);
    buf_adds(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++)
        buf_printf(&b, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1,
                   i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    CHECK(yaml_parse(&a, buf_str(&b), &v, &e) == -EINVAL);
    CHECK_STRC(str_of(e.text), "yaml: document contains excessive aliasing");
    buf_clear(&b);
    for (int i = 0; i < 600; i++)
        buf_adds(&b, "[");
    CHECK(yaml_parse(&a, buf_str(&b), &v, &e) == -EINVAL);
    /* Aliases must not nest deeper than text may. */
    buf_clear(&b);
    for (int k = 0; k < 4; k++) {
        buf_printf(&b, "a%d: &a%d ", k, k);
        for (int i = 0; i < 200; i++)
            buf_adds(&b, "[");
        if (k)
            buf_printf(&b, "*a%d", k - 1);
        for (int i = 0; i < 200; i++)
            buf_adds(&b, "]");
        buf_adds(&b, "\n");
    }
    CHECK(yaml_parse(&a, buf_str(&b), &v, &e) == -EINVAL);
    CHECK_STRC(str_of(e.text), "yaml: exceeded max depth of 512");
    buf_done(&b);
    arena_done(&a);
    arena_init(&a, 20000);
    struct buf big = {0};
    for (int i = 0; i < 5000; i++)
        buf_adds(&big, "- {}\n");
    CHECK_INT(yaml_parse(&a, buf_str(&big), &v, &e), -E2BIG);
    buf_done(&big);
    arena_done(&a);
}

TEST(yaml_streams) {
    str rest = STR("---\na: 1\n---\nb: 2\n--- # three\nc: 3\n---\n"), doc;
    CHECK_INT(yaml_document(&rest, &doc), 0);
    CHECK_STRC(doc, "---\na: 1\n");
    CHECK_INT(yaml_document(&rest, &doc), 0);
    CHECK_STRC(doc, "b: 2\n");
    CHECK_INT(yaml_document(&rest, &doc), 0);
    CHECK_STRC(doc, "c: 3\n");
    CHECK_INT(yaml_document(&rest, &doc), -ENOENT);
}
