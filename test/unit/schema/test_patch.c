// SPDX-License-Identifier: Apache-2.0
/* JSON patch and JSON merge patch: the cases of the RFCs' appendices, and where upstream's library
 * departs from them. */
#include "schema/patch.h"
#include "tap.h"

static struct value parse_str(struct arena *a, str text) {
    struct value v;
    struct err e = {0};
    if (value_parse(a, text, &v, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, STR_FMT ": %s", STR_ARG(text), e.text);
        tap_bail();
    }
    return v;
}

static struct value parse(struct arena *a, const char *text) {
    return parse_str(a, str_of(text));
}

static str print(struct arena *a, struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    value_sort(v);
    value_write(&b, v);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

struct json_case {
    const char *doc, *patch, *want; /* want NULL: refused with result */
    int result;
};

static void check_json(const struct json_case *c) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    struct value doc = parse(&a, c->doc), ops = parse(&a, c->patch);
    int r = patch_json(&a, &doc, &ops, &e);
    if (r != c->result)
        tap_fail(__FILE__, __LINE__, "%s: %d (%s), want %d", c->patch, r, e.text, c->result);
    else if (c->want)
        CHECK_STRC(print(&a, &doc), c->want);
    arena_done(&a);
}

TEST(patch_json_rfc6902_appendix) {
    static const struct json_case cases[] = {
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
         "{\"baz\":\"qux\",\"foo\":\"bar\"}", 0},
        {"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
         "{\"foo\":[\"bar\",\"qux\",\"baz\"]}", 0},
        {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
         "{\"foo\":\"bar\"}", 0},
        {"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
         "{\"foo\":[\"bar\",\"baz\"]}", 0},
        {"{\"baz\":\"qux\",\"foo\":\"bar\"}",
         "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
         "{\"baz\":\"boo\",\"foo\":\"bar\"}", 0},
        {"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
         "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
         "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}", 0},
        {"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
         "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
         "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}", 0},
        {"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
         "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/"
         "1\","
         "\"value\":2}]",
         "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}", 0},
        {"{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", NULL,
         -EPERM},
        {"{\"foo\":\"bar\"}",
         "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
         "{\"child\":{\"grandchild\":{}},\"foo\":\"bar\"}", 0},
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
         "{\"baz\":\"qux\",\"foo\":\"bar\"}", 0},
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", NULL,
         -ENOENT},
        {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]",
         "{\"/\":9,\"~1\":10}", 0},
        {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", NULL,
         -EPERM},
        {"{\"foo\":[\"bar\"]}",
         "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
         "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_json(&cases[i]);
}

TEST(patch_json_as_upstream) {
    static const struct json_case cases[] = {
        {"{}", "[]", "{}", 0},
        {"{\"a\":1}", "null", "{\"a\":1}", 0},
        {"{\"a\":{}}", "[{\"op\":\"replace\",\"path\":\"/a/b\",\"value\":1}]", "{\"a\":{\"b\":1}}",
         0}, /* replace adds */
        {"{\"a\":{}}", "[{\"op\":\"copy\",\"from\":\"/a/x\",\"path\":\"/b\"}]",
         "{\"a\":{},\"b\":null}", 0},
        {"{\"a\":[1,2,3]}", "[{\"op\":\"remove\",\"path\":\"/a/-1\"}]", "{\"a\":[1,2]}", 0},
        {"{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/-1\",\"value\":3}]", "{\"a\":[1,2,3]}",
         0},
        {"{\"a\":[1,2]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":3}]", "{\"a\":[1,2,3]}", 0},
        {"{\"a\":[]}", "[{\"op\":\"add\",\"path\":\"/a/0\",\"value\":3}]", "{\"a\":[3]}", 0},
        {"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/3\",\"value\":3}]", NULL, -ENOENT},
        {"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/1\"}]", NULL, -ENOENT},
        {"{\"a\":[1]}", "[{\"op\":\"replace\",\"path\":\"/a/x\",\"value\":3}]", NULL, -ENOENT},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":{}}]", NULL, -ENOENT},
        {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}", 0},
        {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":3}]", NULL, -EINVAL},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"/b\"}]", "{\"a\":1,\"b\":null}", 0},
        {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/b\"}]", "{\"a\":1}", 0},
        {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/b\",\"value\":null}]", "{\"a\":1}", 0},
        {"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", NULL, -EPERM},
        {"{\"a\":1}", "[{\"op\":\"frob\",\"path\":\"/a\"}]", NULL, -EINVAL},
        {"{\"a\":1}", "[{\"op\":\"add\",\"value\":1}]", NULL, -EINVAL},
        {"{\"a\":1}", "[null]", NULL, -EINVAL},
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", NULL, -ENOENT},
        {"{\"a\":null}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", NULL, -ENOENT},
        {"{\"a\":{\"x/y\":1}}", "[{\"op\":\"remove\",\"path\":\"/a/x~1y\"}]", "{\"a\":{}}", 0},
        {"{\"a\":[{\"n\":1}]}",
         "[{\"op\":\"copy\",\"from\":\"/a/0\",\"path\":\"/a/-\"},"
         "{\"op\":\"replace\",\"path\":\"/a/1/n\",\"value\":2}]",
         "{\"a\":[{\"n\":1},{\"n\":2}]}", 0}, /* a copy, not the same */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_json(&cases[i]);
}

TEST(patch_json_texts) {
    static const struct {
        const char *patch, *text;
        int code;
    } cases[] = {
        {"{\"data\":{}}",
         "error decoding patch: json: cannot unmarshal object into Go value of type "
         "[]handlers.jsonPatchOp",
         400},
        {"[1]",
         "error decoding patch: json: cannot unmarshal number into Go value of type "
         "handlers.jsonPatchOp",
         400},
        {"[{\"op\":\"test\",\"path\":\"/a\",\"value\":7}]",
         "the server rejected our request due to an error in our request", 422},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        arena_init(&a, 0);
        struct value doc = parse(&a, "{\"a\":1}"), ops = parse(&a, cases[i].patch);
        CHECK(patch_json(&a, &doc, &ops, &e) < 0);
        CHECK_STRC(str_of(e.text), cases[i].text);
        CHECK_INT(e.code, cases[i].code);
        arena_done(&a);
    }
}

TEST(patch_json_limits) {
    struct arena a;
    struct err e = {0};
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    buf_addc(&b, '[');
    for (int i = 0; i <= JSON_PATCH_OPS_MAX; i++)
        buf_printf(&b, "%s{\"op\":\"test\",\"path\":\"/b\"}", i ? "," : "");
    buf_addc(&b, ']');
    struct value doc = parse(&a, "{\"a\":1}"), ops = parse_str(&a, buf_str(&b));
    CHECK_INT(patch_json(&a, &doc, &ops, &e), -E2BIG);
    CHECK_INT(e.code, 413);
    ops.list.n--;
    CHECK_INT(patch_json(&a, &doc, &ops, &e), 0);
    buf_done(&b);
    arena_done(&a);

    /* each copy doubles */
    arena_init(&a, 64 << 20);
    doc = parse(&a, "{\"a\":[\"0123456789\"]}");
    ops = parse(&a, "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/a/-\"}]");
    int r = 0;
    struct value many = {.tag = VALUE_LIST};
    many.list.n = 64;
    many.list.v = arena_array(&a, 64, sizeof(struct value));
    for (int i = 0; i < 64; i++)
        many.list.v[i] = ops.list.v[0];
    r = patch_json(&a, &doc, &many, &e);
    CHECK_INT(r, -E2BIG);
    arena_done(&a);
}

TEST(patch_merge_rfc7386_appendix) {
    static const char *const cases[][3] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"a\":1,\"e\":null}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
        {"{\"a\":1}", "{\"a\":null,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct value doc = parse(&a, cases[i][0]), patch = parse(&a, cases[i][1]);
        CHECK_INT(patch_merge(&a, &doc, &patch), 0);
        CHECK_STRC(print(&a, &doc), cases[i][2]);
        arena_done(&a);
    }
}

/* Large objects take another way through the code than small ones. */
TEST(patch_merge_many_members) {
    struct arena a;
    struct buf doc_text, patch_text, want;
    arena_init(&a, 0);
    buf_init(&doc_text, 0);
    buf_init(&patch_text, 0);
    buf_init(&want, 0);
    for (int i = 0; i < 20000; i++) {
        buf_printf(&doc_text, "%c\"k%05d\":%d", i ? ',' : '{', i, i);
        if (i % 2)
            buf_printf(&patch_text, "%c\"k%05d\":%s", i > 1 ? ',' : '{', i,
                       i % 4 == 1 ? "null" : "true");
        else if (i)
            buf_printf(&patch_text, ",\"n%05d\":1", i);
        if (i % 4 != 1)
            buf_printf(&want, i % 2 ? "%c\"k%05d\":true" : "%c\"k%05d\":%d", want.n ? ',' : '{', i,
                       i);
    }
    for (int i = 2; i < 20000; i += 2)
        buf_printf(&want, ",\"n%05d\":1", i);
    buf_addc(&doc_text, '}');
    buf_addc(&patch_text, '}');
    buf_adds(&want, "}");
    struct value doc = parse_str(&a, buf_str(&doc_text)),
                 patch = parse_str(&a, buf_str(&patch_text));
    CHECK_INT(patch_merge(&a, &doc, &patch), 0);
    CHECK_STR(print(&a, &doc), buf_str(&want));
    buf_done(&doc_text);
    buf_done(&patch_text);
    buf_done(&want);
    arena_done(&a);
}

TEST(patch_merge_respects_the_arena) {
    struct arena a, b;
    arena_init(&a, 0);
    arena_init(&b, 4096);
    struct value doc = parse(&a, "{}"), list = {.tag = VALUE_LIST};
    list.list.n = 10000;
    list.list.v = arena_array(&a, list.list.n, sizeof(struct value));
    struct value patch = parse(&a, "{\"a\":{\"b\":1}}");
    *value_getc(value_getc(&patch, "a"), "b") = list;
    CHECK_INT(patch_merge(&b, &doc, &patch), -E2BIG);
    arena_done(&a);
    arena_done(&b);
}

TEST(value_write_go_sorts) {
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    struct value v = parse(&a, "{\"b\":[1,\"x\",null,true],\"a\":{\"y\":1.5,\"x\":{}}}");
    value_write_go(&b, &v);
    CHECK_STRC(buf_str(&b), "map[a:map[x:map[] y:1.5] b:[1 x <nil> true]]");
    buf_done(&b);
    arena_done(&a);
}
