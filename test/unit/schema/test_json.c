// SPDX-License-Identifier: Apache-2.0
#include "tap.h"

#include "schema/json.h"
#include "schema/json_lex.h"
#include "unit/schema/sample.h"

static str tree(struct arena *a, str text) {
    struct value v;
    struct err e = {0};
    struct buf b = {0};
    if (value_parse(a, text, &v, NULL, &e) < 0)
        return str_dup(a, str_of(e.text));
    value_write(&b, &v);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

/* Text -> Sample -> text; the error's text when it is refused. */
static str typed(struct arena *a, str text, struct decode_report *report) {
    Sample obj;
    struct err e = {0};
    struct buf b = {0};
    struct json_read_opts opts = {.report = report};
    if (json_read(a, &Sample_type, text, &obj, &opts, &e) < 0)
        return str_dup(a, str_of(e.text));
    json_write(&b, &Sample_type, &obj, JSON_NO_TYPE_META, NULL);
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

struct sample {
    const char *in, *out;
};

static void check_tree(const struct sample *c, size_t n) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < n; i++)
        CHECK_STRC(tree(&a, str_of(c[i].in)), c[i].out);
    arena_done(&a);
}

TEST(json_texts_that_are_accepted) {
    static const struct sample cases[] = {
        {" null ", "null"},
        {"[]", "[]"},
        {"{}", "{}"},
        {"[true,false,null]", "[true,false,null]"},
        {" [ 1 ,\t-2\r\n, 0 ] ", "[1,-2,0]"},
        {"[1.0,1.5,-0.0,1e3,1E+2,12e-1]", "[1,1.5,-0,1000,100,1.2]"},
        {"[1e20,1e21,1e-6,1e-7,123456789012345678901234567890]",
         "[100000000000000000000,1e+21,0.000001,1e-7,1.2345678901234568e+29]"},
        {"[0.1,5e-324,1.7976931348623157e308]", "[0.1,5e-324,1.7976931348623157e+308]"},
        {"[123456789012345678901,-12.5,0.00001234,2e5,1234.5678]",
         "[123456789012345680000,-12.5,0.00001234,200000,1234.5678]"},
        {"[9223372036854775807,-9223372036854775808,-0]",
         "[9223372036854775807,-9223372036854775808,0]"},
        {"\"a\\u0041\\n\\/\\\"\\\\\\b\\f\\t\\r\"", "\"aA\\n/\\\"\\\\\\b\\f\\t\\r\""},
        {"\"\\ud83d\\udea3 \\u20ac\"", "\"\xf0\x9f\x9a\xa3 \xe2\x82\xac\""},
        {"\"\\ud83d \\udea3 \\ud83d\\u0041\"", "\"\xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd"
                                               "A\""},
        {"\"\\u0000\\u001f\x7f\"", "\"\\u0000\\u001f\x7f\""},
        {"\"<&>\\u2028\\u2029\"", "\"\\u003c\\u0026\\u003e\\u2028\\u2029\""},
        {"\"\xff\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80\"",
         "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
         "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\"gr\xc3\xbc\xc3\x9f"
         "e, a text that is longer than sixteen bytes \xe2\x80\xa8 <\"",
         "\"gr\xc3\xbc\xc3\x9f"
         "e, a text that is longer than sixteen bytes \\u2028 \\u003c\""},
        {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}"},
        {"{\"\":0}", "{\"\":0}"},
    };
    check_tree(cases, ARRAY_LEN(cases));
}

TEST(json_texts_that_are_refused) {
    static const struct sample cases[] = {
        {"", "unexpected end of JSON input"},
        {"  ", "unexpected end of JSON input"},
        {"[1", "unexpected end of JSON input"},
        {"\"abc", "unexpected end of JSON input"},
        {"\"abc\\", "unexpected end of JSON input"},
        {"-", "unexpected end of JSON input"},
        {"tru", "unexpected end of JSON input"},
        {"hello", "invalid character 'h' looking for beginning of value"},
        {"[1,]", "invalid character ']' looking for beginning of value"},
        {"{,}", "invalid character ',' looking for beginning of object key string"},
        {"{\"a\":1,}", "invalid character '}' looking for beginning of object key string"},
        {"{\"a\" 1}", "invalid character '1' after object key"},
        {"{\"a\":1 2}", "invalid character '2' after object key:value pair"},
        {"[1 2]", "invalid character '2' after array element"},
        {"{} x", "invalid character 'x' after top-level value"},
        {"01", "invalid character '1' after top-level value"},
        {"+1", "invalid character '+' looking for beginning of value"},
        {"-x", "invalid character 'x' in numeric literal"},
        {"1.x", "invalid character 'x' after decimal point in numeric literal"},
        {"1ex", "invalid character 'x' in exponent of numeric literal"},
        {"trux", "invalid character 'x' in literal true (expecting 'e')"},
        {"nul ", "invalid character ' ' in literal null (expecting 'l')"},
        {"\"\\x\"", "invalid character 'x' in string escape code"},
        {"\"\\u12g4\"", "invalid character 'g' in \\u hexadecimal character escape"},
        {"\"a\nb\"", "invalid character '\\n' in string literal"},
        {"\"a\x01\"", "invalid character '\\x01' in string literal"},
        {"\xc3\x8f", "invalid character '\xc3\x83' looking for beginning of value"},
        {"\xef\xbb\xbf{}", "invalid character '\xc3\xaf' looking for beginning of value"},
        {"'", "invalid character '\\'' looking for beginning of value"},
        {"\x80", "invalid character '\\u0080' looking for beginning of value"},
        {"1e999", "json: cannot unmarshal number into Go value of type float64"},
    };
    check_tree(cases, ARRAY_LEN(cases));
}

TEST(json_a_nul_byte_is_not_the_end) {
    struct arena a;
    struct value v;
    struct err e = {0};
    arena_init(&a, 0);
    CHECK_INT(value_parse(&a, STR("{}\0x"), &v, NULL, &e), -EINVAL);
    CHECK_INT(value_parse(&a, STR("{}\0"), &v, NULL, &e), -EINVAL);
    Sample obj;
    CHECK_INT(json_read(&a, &Sample_type, STR("{}\0x"), &obj, NULL, &e), -EINVAL);
    arena_done(&a);
}

TEST(json_depth_is_bounded) {
    struct arena a;
    char text[2 * JSON_DEPTH_MAX + 2];
    arena_init(&a, 0);
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    CHECK_STRC(tree(&a, str_n(text, sizeof(text))), "exceeded max depth");
    CHECK_INT(tree(&a, str_n(text + 1, sizeof(text) - 2)).n, 2 * JSON_DEPTH_MAX);
    arena_done(&a);
}

TEST(json_memory_is_bounded) {
    struct arena a;
    struct buf b = {0};
    struct value v;
    struct err e;
    Sample obj;
    buf_adds(&b, "{\"list\":[{}");
    for (int i = 0; i < 20000; i++)
        buf_adds(&b, ",{}");
    buf_adds(&b, "]}");
    arena_init(&a, 100000);
    CHECK_INT(value_parse(&a, buf_str(&b), &v, NULL, &e), -E2BIG);
    arena_reset(&a);
    CHECK_INT(json_read(&a, &Sample_type, buf_str(&b), &obj, NULL, &e), -E2BIG);
    arena_done(&a);
    buf_done(&b);
}

TEST(json_duplicates_have_a_path) {
    struct arena a;
    struct value v;
    str dup = STR_NONE;
    arena_init(&a, 0);
    CHECK_INT(value_parse(&a, STR("{\"a\":[{\"b\":1},{\"c\":2,\"d\":{\"e\":1,\"e\":2}}]}"), &v,
                          &dup, NULL),
              0);
    CHECK_STRC(dup, "a[1].d.e");
    struct buf b = {0};
    buf_addc(&b, '{');
    for (int i = 0; i < 100; i++)
        buf_printf(&b, "%s\"k%d\":%d", i ? "," : "", i % 60, i);
    buf_addc(&b, '}');
    CHECK_INT(value_parse(&a, buf_str(&b), &v, &dup, NULL), 0);
    CHECK_INT(v.object.n, 60);
    CHECK_STRC(v.object.v[0].key, "k0");
    CHECK_INT(value_getc(&v, "k0")->i, 60);
    CHECK_INT(value_getc(&v, "k59")->i, 59);
    buf_done(&b);
    arena_done(&a);
}

static void check_typed(const struct sample *c, size_t n) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < n; i++)
        CHECK_STRC(typed(&a, str_of(c[i].in), NULL), c[i].out);
    arena_done(&a);
}

#define REST ",\"required\":{\"name\":\"\"}}"

TEST(json_fields_as_go_prints_them) {
    static const struct sample cases[] = {
        {"{}", "{\"metadata\":{},\"i64\":0" REST},
        {"null", "{\"metadata\":{},\"i64\":0" REST},
        {"{\"kind\":\"X\",\"apiVersion\":null,\"i64\":5}", "{\"metadata\":{},\"i64\":5" REST},
        {"{\"flag\":false,\"i32\":-7,\"text\":\"\",\"f64\":0}",
         "{\"metadata\":{},\"i32\":-7,\"i64\":0,\"f64\":0" REST},
        {"{\"bytes\":\"AAEC/w==\",\"quantity\":1.5}",
         "{\"metadata\":{},\"i64\":0,\"bytes\":\"AAEC/w==\",\"quantity\":\"1500m\"" REST},
        {"{\"quantity\":\" 0.1Gi \",\"time\":\"2026-11-21T20:30:07.9+01:00\"}",
         "{\"metadata\":{},\"i64\":0,\"quantity\":\"107374182400m\",\"time\":\"2026-11-21T19:30:"
         "07Z\"" REST},
        {"{\"microTime\":\"2026-11-21T19:30:07.000100Z\",\"duration\":\"1h1.5s\",\"port\":"
         "\"http\"}",
         "{\"metadata\":{},\"i64\":0,\"microTime\":\"2026-11-21T19:30:07.000100Z\",\"duration\":"
         "\"1h0m1.5s\",\"port\":\"http\"" REST},
        {"{\"port\":0,\"time\":\"0001-01-01T00:00:00Z\",\"raw\": { \"a\" : [ \"<\" , 1.50 ] } }",
         "{\"metadata\":{},\"i64\":0,\"port\":0,\"raw\":{\"a\":[\"\\u003c\",1.50]}" REST},
        {"{\"strings\":[\"a\",null],\"numbers\":[],\"labels\":{},\"inner\":null}",
         "{\"metadata\":{},\"i64\":0,\"strings\":[\"a\",\"\"]" REST},
        {"{\"labels\":{\"b\":\"2\",\"a\":\"1\",\"b\":\"3\"},\"data\":{\"x\":null},\"limits\":{"
         "\"cpu\":null}}",
         "{\"metadata\":{},\"i64\":0,\"labels\":{\"a\":\"1\",\"b\":\"3\"},\"data\":{\"x\":\"\"},"
         "\"limits\":{\"cpu\":\"0\"}" REST},
        {"{\"byName\":{\"x\":null,\"a\":{\"name\":\"n\",\"next\":{}}},\"extra\":{\"k\":[\"v\"],"
         "\"e\":[]}}",
         "{\"metadata\":{},\"i64\":0,\"byName\":{\"a\":{\"name\":\"n\",\"next\":{\"name\":\"\"}},"
         "\"x\":{\"name\":\"\"}},\"extra\":{\"e\":null,\"k\":[\"v\"]}" REST},
        {"{\"inlinedFlag\":false,\"inlinedText\":\"t\",\"inner\":{\"count\":0}}",
         "{\"metadata\":{},\"i64\":0,\"inlinedText\":\"t\",\"inlinedFlag\":false,\"inner\":{"
         "\"name\":\"\",\"count\":0}" REST},
        {"{\"required\":{\"count\":1},\"required\":{\"name\":\"last\"}}",
         "{\"metadata\":{},\"i64\":0,\"required\":{\"name\":\"last\"}}"},
        {"{\"Text\":\"x\",\"TEXT\":\"y\"}", "{\"metadata\":{},\"i64\":0" REST},
    };
    check_typed(cases, ARRAY_LEN(cases));
}

#define FIELD(value, field, type)                                                                  \
    "json: cannot unmarshal " value " into Go struct field " field " of type " type

/* Embedded text is looked at sixteen bytes at a time: what is to be escaped may stand anywhere in
 * them, and what only looks like it (other characters that begin with e2, '=' and '?') stays. */
TEST(json_raw_escapes_wherever_it_stands) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"<", "\\u003c"},
        {">", "\\u003e"},
        {"&", "\\u0026"},
        {"\xe2\x80\xa8", "\\u2028"},
        {"\xe2\x80\xa9", "\\u2029"},
        {"\xe2\x82\xac", "\xe2\x82\xac"},
        {"=?:%'\\\"", "=?:%'\\\""},
        {"<>&", "\\u003c\\u003e\\u0026"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (int before = 0; before < 36; before++) {
            char in[96], want[96];
            int after = 35 - before, n;
            struct buf b = {0};
            n = snprintf(in, sizeof(in), "%0*d%s%0*d", before, 0, cases[i].in, after, 0);
            snprintf(want, sizeof(want), "%0*d%s%0*d", before, 0, cases[i].out, after, 0);
            char *exact =
                xstrndup(in, (size_t)n); /* so that a sanitizer sees a read past the end */
            json_raw(&b, str_n(exact, (size_t)n));
            CHECK_STRC(buf_str(&b), want);
            free(exact);
            buf_done(&b);
        }
}

TEST(json_errors_are_gos) {
    static const struct sample cases[] = {
        {"[]", "json: cannot unmarshal array into Go value of type v1.Sample"},
        {"{\"kind\":5}", FIELD("number", "Sample.kind", "string")},
        {"{\"metadata\":{\"name\":5}}", FIELD("number", "Meta.metadata.name", "string")},
        {"{\"metadata\":\"x\"}", FIELD("string", "Sample.metadata", "v1.Meta")},
        {"{\"i32\":\"three\"}", FIELD("string", "Sample.i32", "int32")},
        {"{\"i32\":1.5}", FIELD("number 1.5", "Sample.i32", "int32")},
        {"{\"i32\":2147483648}", FIELD("number 2147483648", "Sample.i32", "int32")},
        {"{\"flag\":1}", FIELD("number", "Sample.flag", "bool")},
        {"{\"text\":{\"a\":[1,{}]}}", FIELD("object", "Sample.text", "v1.Text")},
        {"{\"labels\":{\"a\":1}}", FIELD("number", "Sample.labels", "string")},
        {"{\"labels\":[]}", FIELD("array", "Sample.labels", "map[string]string")},
        {"{\"strings\":\"a\"}", FIELD("string", "Sample.strings", "[]string")},
        {"{\"list\":[{\"next\":{\"count\":true}}]}",
         FIELD("bool", "Inner.list.next.count", "int32")},
        {"{\"list\":[{},7]}", FIELD("number", "Sample.list", "v1.Inner")},
        {"{\"list\":{}}", FIELD("object", "Sample.list", "[]v1.Inner")},
        {"{\"inlinedFlag\":1}", FIELD("number", "Sample.inlinedFlag", "bool")},
        {"{\"port\":[]}", FIELD("array", "Sample.port", "int32")},
        {"{\"time\":5}", FIELD("number", "Sample.time", "string")},
        {"{\"bytes\":\"!!\"}", "illegal base64 data at input byte 0"},
        {"{\"bytes\":\"AAA\"}", "illegal base64 data at input byte 0"},
        {"{\"bytes\":\"AA=A\"}", "illegal base64 data at input byte 2"},
        {"{\"bytes\":\"AA==A\"}", "illegal base64 data at input byte 4"},
        {"{\"quantity\":\"1x\"}", "quantities must match the regular expression "
                                  "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
        {"{\"quantity\":\"1KiB\"}", "quantities must match the regular expression "
                                    "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
        {"{\"quantity\":\"1nn\"}", "unable to parse quantity's suffix"},
        {"{\"time\":\"yesterday\"}", "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": "
                                     "cannot parse \"yesterday\" as \"2006\""},
        {"{\"time\":\"2026-13-01T00:00:00Z\"}",
         "parsing time \"2026-13-01T00:00:00Z\": month out of range"},
        {"{\"time\":\"2026-02-30T00:00:00Z\"}",
         "parsing time \"2026-02-30T00:00:00Z\": day out of range"},
        {"{\"time\":\"2026-02-03 00:00:00Z\"}",
         "parsing time \"2026-02-03 00:00:00Z\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \" "
         "00:00:00Z\" as \"T\""},
        {"{\"time\":\"2026-02-03T00:00:00\"}",
         "parsing time \"2026-02-03T00:00:00\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" "
         "as \"Z07:00\""},
        {"{\"time\":\"2026-02-03T00:00:00Zx\"}",
         "parsing time \"2026-02-03T00:00:00Zx\": extra text: \"x\""},
        {"{\"microTime\":\"2026-02-03T00:00:00Z\"}",
         "parsing time \"2026-02-03T00:00:00Z\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot "
         "parse \"Z\" as \".000000\""},
        {"{\"duration\":\"5\"}", "time: missing unit in duration \"5\""},
        {"{\"duration\":\"5d\"}", "time: unknown unit \"d\" in duration \"5d\""},
        {"{\"duration\":\"\"}", "time: invalid duration \"\""},
        /* The first fault is told, but bad syntax comes first of all. */
        {"{\"i32\":\"a\",\"flag\":1}", FIELD("string", "Sample.i32", "int32")},
        {"{\"i32\":\"a\",", "unexpected end of JSON input"},
        {"{\"i32\":\"a\"}}", "invalid character '}' after top-level value"},
    };
    check_typed(cases, ARRAY_LEN(cases));
}

static void check_report(str text, const char *const *want) {
    struct arena a;
    struct decode_report report = {0};
    uint32_t n = 0;
    arena_init(&a, 0);
    typed(&a, text, &report);
    for (; want[n]; n++)
        CHECK_STRC(n < report.all.n ? report.all.v[n] : STR("nothing"), want[n]);
    CHECK_INT(report.all.n, n);
    CHECK_INT(report.unknown.n + report.duplicate.n, n);
    arena_done(&a);
}

TEST(json_strict_reports) {
    check_report(STR("{\"kind\":\"a\",\"metadata\":{\"name\":\"x\",\"bogus\":1},"
                     "\"labels\":{\"a\":\"1\",\"a\":\"2\"},\"nope\":true}"),
                 (const char *const[]){"unknown field \"metadata.bogus\"",
                                       "duplicate field \"labels.a\"", "unknown field \"nope\"",
                                       NULL});
    check_report(STR("{\"list\":[{},{\"next\":{\"foo\":{}}}],\"byName\":{\"k\":{\"bar\":1}},"
                     "\"text\":\"a\",\"text\":\"b\",\"text\":\"c\"}"),
                 (const char *const[]){"unknown field \"list[1].next.foo\"",
                                       "unknown field \"byName.k.bar\"", "duplicate field \"text\"",
                                       NULL});
    check_report(
        STR("{\"inlinedText\":\"a\",\"raw\":{\"x\":1,\"x\":2},\"inlinedText\":\"b\",\"Flag\":"
            "true}"),
        (const char *const[]){"duplicate field \"inlinedText\"", "unknown field \"Flag\"", NULL});
}

TEST(json_type_meta_and_the_hole) {
    struct arena a;
    struct buf b = {0};
    Sample obj;
    str kind = STR_NONE, version = STR_NONE;
    size_t hole = 0;
    arena_init(&a, 0);
    struct json_read_opts opts = {.ret_kind = &kind, .ret_api_version = &version};
    CHECK_INT(
        json_read(
            &a, &Sample_type,
            STR("{\"kind\":\"K\",\"apiVersion\":\"v\",\"metadata\":{\"resourceVersion\":\"12\"}}"),
            &obj, &opts, NULL),
        0);
    CHECK_STRC(kind, "K");
    CHECK_STRC(version, "v");
    json_write(&b, &Sample_type, &obj, 0, NULL);
    CHECK_STRC(buf_str(&b), "{\"kind\":\"Sample\",\"apiVersion\":\"test.k8s.io/"
                            "v1\",\"metadata\":{\"resourceVersion\":\"12\"},\"i64\":0" REST);
    buf_clear(&b);
    json_write(&b, &Sample_type, &obj, 0, &hole);
    CHECK_STRC(str_slice(buf_str(&b), 0, hole), "{\"kind\":\"Sample\",\"apiVersion\":\"test.k8s.io/"
                                                "v1\",\"metadata\":{\"resourceVersion\":\"");
    CHECK_STRC(str_slice(buf_str(&b), hole, b.n), "\"},\"i64\":0" REST);
    buf_clear(&b);
    json_write(&b, &Inner_type, &(Inner){0}, 0, &hole);
    CHECK(hole == SIZE_MAX);
    buf_clear(&b);
    json_indent(&b, STR("{\"a\":[1,{\"b\":\"x,{\\\"\"}],\"c\":{},\"d\":[]}"), 2);
    CHECK_STRC(buf_str(&b), "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x,{\\\"\"\n    }\n  ],\n "
                            " \"c\": {},\n  \"d\": []\n}");
    buf_clear(&b);
    static const char *const pieces[] = {"{\"a\":[", "]", ",\"b\":{", "\"c\":1", "}", "}"};
    struct json_indenter in = {.spaces = 1};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
        json_indent_piece(&in, &b, str_of(pieces[i]));
    CHECK_STRC(buf_str(&b), "{\n \"a\": [],\n \"b\": {\n  \"c\": 1\n }\n}");
    buf_done(&b);
    arena_done(&a);
}

TEST(json_writes_within_a_limit) {
    struct buf b;
    Sample obj = {.text = STR("a text that is rather long <<<<<<<<<<<<<<<")};
    for (size_t limit = 1; limit < 200; limit++) {
        buf_init(&b, limit);
        json_write(&b, &Sample_type, &obj, 0, NULL);
        CHECK(b.n <= limit);
        CHECK(b.over);
        buf_done(&b);
    }
}

TEST(value_operations) {
    struct arena a;
    struct value v, w;
    arena_init(&a, 0);
    CHECK_INT(
        value_parse(&a, STR("{\"b\":1,\"a\":{\"d\":2,\"c\":[{\"z\":1,\"y\":2}]}}"), &v, NULL, NULL),
        0);
    value_copy(&a, &v, &w);
    CHECK(value_equal(&v, &w));
    value_sort(&w);
    CHECK(value_equal(&v, &w));
    CHECK_STRC(w.object.v[0].key, "a");
    *value_set(&a, &w, STR("n")) = (struct value){.tag = VALUE_STR, .s = STR("x")};
    CHECK(!value_equal(&v, &w));
    CHECK_STRC(value_str(value_getc(&w, "n")), "x");
    CHECK(value_remove(&w, STR("n")));
    CHECK(!value_remove(&w, STR("n")));
    CHECK(value_equal(&v, &w));
    CHECK(value_getc(value_getc(&w, "b"), "x") == NULL);
    arena_done(&a);
}

/* However a string is cut into pieces, each byte is seen. */
TEST(what_must_be_escaped_is_at_any_place) {
    static const char special[] = "\"\\<>&\n\x7f\x80";
    static const char *const quoted[] = {"\\\"",    "\\\\", "\\u003c", "\\u003e",
                                         "\\u0026", "\\n",  "\x7f",    "\\ufffd"};
    struct buf got, want;
    buf_init(&got, 0);
    buf_init(&want, 0);
    for (size_t n = 1; n < 40; n++)
        for (size_t at = 0; at < n; at++)
            for (size_t k = 0; k < ARRAY_LEN(quoted); k++) {
                char *text = xmalloc(n); /* of its size, so that a byte too many is found */
                memset(text, 'a', n);
                text[at] = special[k];
                buf_clear(&got);
                buf_clear(&want);
                json_quote(&got, str_n(text, n));
                buf_printf(&want, "\"%.*s%s%.*s\"", (int)at,
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", quoted[k], (int)(n - at - 1),
                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
                CHECK_STR(buf_str(&got), buf_str(&want));
                free(text);
            }
    buf_done(&got);
    buf_done(&want);
}
