// SPDX-License-Identifier: Apache-2.0
/* What upstream's printer writes for a text, as kubectl 1.32 was seen to print it. */
#include "schema/yaml_write.h"
#include "tap.h"

static void writes(const char *json, const char *want) {
    struct arena a;
    struct value v;
    struct buf b = {0};
    arena_init(&a, 0);
    REQUIRE(value_parse(&a, str_of(json), &v, NULL, NULL) == 0);
    yaml_write(&b, &v);
    CHECK_STRC(buf_str(&b), want);
    buf_done(&b);
    arena_done(&a);
}

TEST(texts_that_would_be_read_as_something_else_are_quoted) {
    static const char *const quoted[] = {
        "",
        "~",
        "null",
        "yes",
        "y",
        "No",
        "1",
        "1.5",
        "0x1f",
        "0o7",
        "017",
        "1e3",
        "1e+3",
        "1_000",
        "2026-11-22",
        "2026-11-22T03:09:28Z",
        "+.inf",
        "off",
        "1:30",
        "12:30:45",
        "2026-1-2 3:4:5",
        "2026-11-22T03:09:28+01:00",
    };
    static const char *const plain[] = {"12e4567", "1:61", "<<",   "=",           "-a", "a:b", ":a",
                                        "a#b",     "x]",   "tRUE", "1234abcd-00", "..", "a,b"};
    for (unsigned i = 0; i < ARRAY_LEN(quoted) + ARRAY_LEN(plain); i++) {
        bool quote = i < ARRAY_LEN(quoted);
        const char *s = quote ? quoted[i] : plain[i - ARRAY_LEN(quoted)];
        char json[64], want[64];
        snprintf(json, sizeof(json), "{\"k\":\"%s\"}", s);
        snprintf(want, sizeof(want), quote ? "k: \"%s\"\n" : "k: %s\n", s);
        writes(json, want);
    }
}

TEST(texts_with_signs_of_yaml) {
    static const struct {
        const char *json, *yaml;
    } cases[] = {
        {"\"a: b\"", "'a: b'\n"},
        {"\"a #b\"", "'a #b'\n"},
        {"\"- a\"", "'- a'\n"},
        {"\"'q'\"", "'''q'''\n"},
        {"\"it's\"", "it's\n"},
        {"\"trailing \"", "'trailing '\n"},
        {"\"tab\\there\"", "\"tab\\there\"\n"},
        {"\"two\\nlines\"", "|-\n  two\n  lines\n"},
        {"\"two\\nlines\\n\"", "|\n  two\n  lines\n"},
        {"\"a\\n\\n\"", "|+\n  a\n\n"},
        {"\" a\\nb\"", "|2-\n   a\n  b\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        writes(cases[i].json, cases[i].yaml);
}

TEST(long_texts_are_folded) {
    writes(
        "{\"message\":\"Back-off restarting failed container=main pod=crash_default(8d1f) and so "
        "on, over the edge of a page\"}",
        "message: Back-off restarting failed container=main pod=crash_default(8d1f) and so\n"
        "  on, over the edge of a page\n");
}

TEST(keys_are_in_the_order_of_people) {
    writes("{\"b\":1,\"a10\":1,\"a2\":1,\"a02\":1,\"B\":1,\"10\":1,\"2\":1,\"a-b\":1,\"a.b\":1}",
           "\"2\": 1\n\"10\": 1\nB: 1\na-b: 1\na.b: 1\na2: 1\na02: 1\na10: 1\nb: 1\n");
}

TEST(lists_and_what_is_empty) {
    writes("{\"a\":[{\"b\":[1,[2,3]],\"c\":{}},[],null,true,-1.5]}",
           "a:\n- b:\n  - 1\n  - - 2\n    - 3\n  c: {}\n- []\n- null\n- true\n- -1.5\n");
}
