// SPDX-License-Identifier: Apache-2.0
#include "api/structural/structural.h"
#include "schemas.h"

static struct value value_of(struct arena *a, const char *json) {
    struct value v;
    struct err e;
    REQUIRE(value_parse(a, quoted(a, json), &v, NULL, &e) == 0);
    return v;
}

#define DEEP                                                                                       \
    "{'type':'object','properties':{'a':{'type':'object','additionalProperties':{'type':'integer'" \
    "}}}}"

static const struct {
    const char *schema, *value;
    const char *errors[4];
} values[] = {
    {"{'type':'object'}", "{}", {NULL}},
    {"{}", "5", {NULL}},
    {"{'type':'string'}",
     "5",
     {"v: Invalid value: \"integer\":  in body must be of type string: \"integer\""}},
    {"{'type':'string'}",
     "null",
     {"v: Invalid value: \"null\":  in body must be of type string: \"null\""}},
    {"{'type':'string','nullable':true}", "null", {NULL}},
    {"{'type':'integer'}", "1.0", {NULL}},
    {"{'type':'integer'}",
     "1.5",
     {"v: Invalid value: \"number\":  in body must be of type integer: \"number\"",
      "v: Invalid value: \"\": Checked value must be of type integer (default format) in "}},
    {"{'type':'number'}", "3", {NULL}},
    {DEEP,
     "{'a':{'b':'x'}}",
     {"v.a.b: Invalid value: \"string\": a.b in body must be of type integer: \"string\""}},
    {"{'type':'array','items':{'type':'array','items':{'type':'boolean'}}}",
     "[[true],[1]]",
     {"v.[1][0]: Invalid value: \"integer\": [1][0] in body must be of type boolean: \"integer\""}},
    {"{'type':'object','required':['a','b'],'properties':{'a':{}}}",
     "{'a':1}",
     {"v.b: Required value"}},
    {"{'type':'object','properties':{'a':{'type':'object','required':['c']}}}",
     "{'a':{}}",
     {"v.a.c: Required value"}},
    {"{'enum':['a',1,null]}",
     "'b'",
     {"v: Unsupported value: \"b\": supported values: \"a\", \"1\", \"null\""}},
    {"{'enum':[1]}", "1.0", {NULL}},
    {"{'maxLength':2}",
     "'\xc3\xa4\xc3\xb6\xc3\xbc'",
     {"v: Too long: may not be more than 2 bytes"}},
    {"{'maxLength':2}", "'\xc3\xa4\xc3\xb6'", {NULL}},
    {"{'minLength':2}",
     "'a'",
     {"v: Invalid value: \"a\":  in body should be at least 2 chars long"}},
    {"{'pattern':'^a+$'}", "'b'", {"v: Invalid value: \"b\":  in body should match '^a+$'"}},
    {"{'maximum':5}", "6", {"v: Invalid value: 6:  in body should be less than or equal to 5"}},
    {"{'maximum':5,'exclusiveMaximum':true}",
     "5",
     {"v: Invalid value: 5:  in body should be less than 5"}},
    {"{'minimum':0.5}",
     "0.25",
     {"v: Invalid value: 0.25:  in body should be greater than or equal to 0.5"}},
    {"{'minimum':1,'exclusiveMinimum':true}",
     "1",
     {"v: Invalid value: 1:  in body should be greater than 1"}},
    {"{'multipleOf':3}", "7", {"v: Invalid value: 7:  in body should be a multiple of 3"}},
    {"{'multipleOf':0.1}",
     "0.35",
     {"v: Invalid value: 0.35:  in body should be a multiple of 0.1"}},
    {"{'multipleOf':0.01}", /* its quotient is a little less than 435, and is cut */
     "4.35",
     {"v: Invalid value: 4.35:  in body should be a multiple of 0.01"}},
    {"{'multipleOf':0.01}", "4.36", {NULL}},
    {"{'multipleOf':0.25}", "1.5", {NULL}},
    {"{'type':'integer','format':'int32'}",
     "2147483648",
     {"v: Invalid value: \"\": Checked value must be of type integer with format int32 in "}},
    {"{'maxItems':1}", "[1,2]", {"v: Too many: 2: must have at most 1 item"}},
    {"{'minItems':1}", "[]", {"v: Invalid value: 0:  in body should have at least 1 items"}},
    {"{'maxProperties':1}", "{'a':1,'b':2}", {"v: Too many: 2: must have at most 1 item"}},
    {"{'minProperties':1}",
     "{}",
     {"v: Invalid value: 0:  in body should have at least 1 properties"}},
    {"{'additionalProperties':false,'properties':{'a':{}}}",
     "{'a':1,'b':1}",
     {"v: Invalid value: \"b\": .b in body is a forbidden property"}},
    {"{'anyOf':[{'minimum':5},{'maximum':1}]}",
     "3",
     {"v: Invalid value: \"\": \"\" must validate at least one schema (anyOf)",
      "v: Invalid value: 3:  in body should be greater than or equal to 5"}},
    {"{'anyOf':[{'minimum':5},{'maximum':5}]}", "3", {NULL}},
    {"{'oneOf':[{'minimum':1},{'maximum':5}]}",
     "3",
     {"v: Invalid value: \"\": \"\" must validate one and only one schema (oneOf). Found 2 valid "
      "alternatives"}},
    {"{'allOf':[{'minimum':5},{'maximum':1}]}",
     "3",
     {"v: Invalid value: 3:  in body should be greater than or equal to 5",
      "v: Invalid value: 3:  in body should be less than or equal to 1",
      "v: Invalid value: \"\": \"\" must validate all the schemas (allOf). None validated"}},
    {"{'not':{'minimum':1}}",
     "3",
     {"v: Invalid value: \"\": \"\" must not validate the schema (not)"}},
    {"{'type':'string','format':'ipv4'}",
     "'x'",
     {"v: Invalid value: \"x\":  in body must be of type ipv4: \"x\""}},
    {"{'type':'string','format':'date-time'}", "'2024-02-29T12:00:00Z'", {NULL}},
    {"{'type':'string','format':'what'}", "'x'", {NULL}},
};

TEST(values_against_schemas) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        struct field_errors fe = {.arena = &a};
        struct value v = value_of(&a, values[i].value);
        structural_validate(&(struct structural_check){.fe = &fe, .at = PATH(NULL, "v")},
                            schema_of(&a, values[i].schema), &v);
        uint32_t n = 0;
        for (; n < ARRAY_LEN(values[i].errors) && values[i].errors[n]; n++)
            CHECK_STRC(n < fe.list.n ? field_error_str(&a, &fe.list.v[n])
                                     : str_of(values[i].schema),
                       values[i].errors[n]);
        for (; n < fe.list.n; n++)
            tap_fail(__FILE__, __LINE__, "%s %s: more: " STR_FMT, values[i].schema, values[i].value,
                     STR_ARG(field_error_str(&a, &fe.list.v[n])));
        arena_reset(&a);
    }
    arena_done(&a);
}

TEST(resources_are_integers_or_strings) {
    struct arena a;
    arena_init(&a, 0);
    const struct structural *s = schema_of(&a, "{'x-kubernetes-int-or-string':true}");
    static const char *const texts[] = {"1", "'1'", "true"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct field_errors fe = {.arena = &a};
        struct value v = value_of(&a, texts[i]);
        structural_validate(&(struct structural_check){&fe, PATH(NULL, "v"), true}, s, &v);
        CHECK_INT(fe.list.n, i == 2);
        if (fe.list.n)
            CHECK_STRC(field_error_str(&a, &fe.list.v[0]),
                       "v: Invalid value: \"boolean\":  in body must be of type integer,string: "
                       "\"boolean\"");
    }
    arena_done(&a);
}

static const struct {
    const char *schema, *value, *want;
    bool resource;
} prunes[] = {
    {"{'properties':{'a':{}}}", "{'a':1,'b':2}", "{'a':1}", false},
    {"{'properties':{'a':{}}}", "{'a':1,'kind':2,'metadata':{'x':1},'b':3}",
     "{'a':1,'kind':2,'metadata':{'x':1}}", true},
    {"{'additionalProperties':{'properties':{'a':{}}}}", "{'x':{'a':1,'b':1}}", "{'x':{'a':1}}",
     false},
    {"{'additionalProperties':true}", "{'x':{'a':1}}", "{'x':{}}", false},
    {"{'x-kubernetes-preserve-unknown-fields':true,'properties':{'a':{'properties':{'b':{}}}}}",
     "{'x':{'y':1},'a':{'b':1,'c':1}}", "{'x':{'y':1},'a':{'b':1}}", false},
    {"{'items':{'properties':{'a':{}}}}", "[{'a':1,'b':1},5]", "[{'a':1},5]", false},
    {"{'properties':{'r':{'x-kubernetes-embedded-resource':true,'properties':{'a':{}}}}}",
     "{'r':{'apiVersion':'v1','kind':'K','a':1,'b':1}}",
     "{'r':{'apiVersion':'v1','kind':'K','a':1}}", false},
};

TEST(pruning) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(prunes); i++) {
        struct value v = value_of(&a, prunes[i].value), want = value_of(&a, prunes[i].want);
        const struct structural *s = schema_of(&a, prunes[i].schema);
        if (!structural_prune(&v, s, prunes[i].resource) || !value_equal(&v, &want))
            tap_fail(__FILE__, __LINE__, "%s of %s", prunes[i].schema, prunes[i].value);
        CHECK(!structural_prune(&v, s, prunes[i].resource));
    }
    arena_done(&a);
}

static const struct {
    const char *format, *good[5], *bad[5];
} formats[] = {
    {"bsonobjectid", {"507f1f77bcf86cd799439011"}, {"507f1f77bcf86cd79943901", "x"}},
    {"uri", {"http://a.b/c?d#e", "/a/b", "x:/y"}, {"a/b", "", "http://a b/", "/%zz"}},
    {"email", {"a.b@c.d", "Ann <a@b.c>", "\"x y\" <a@b>"}, {"a", "@b", "a@", "a b@c"}},
    {"hostname", {"a.example", "h1"}, {"-a", "a..b", "a_b"}},
    {"ipv4", {"1.2.3.4", "01.2.3.4"}, {"::1", "1.2.3"}},
    {"ipv6", {"::1", "::ffff:1.2.3.4"}, {"1.2.3.4", "::g"}},
    {"cidr", {"10.0.0.1/8", "::/0"}, {"10.0.0.0", "10.0.0.0/33"}},
    {"mac", {"00:11:22:33:44:55", "0011.2233.4455"}, {"00:11:22:33:44", "00-11:22:33:44:55"}},
    {"uuid", {"6C7B3F7E-0000-4000-8000-000000000001"}, {"6c7b3f7e"}},
    {"uuid3", {"6c7b3f7e00003000800000000000000a"}, {"6c7b3f7e-0000-4000-8000-000000000001"}},
    {"uuid4", {"6c7b3f7e-0000-4000-8000-000000000001"}, {"6c7b3f7e-0000-3000-8000-000000000001"}},
    {"uuid5", {"6c7b3f7e-0000-5000-8000-000000000001"}, {"6c7b3f7e-0000-5000-c000-000000000001"}},
    {"isbn", {"0321751043", "978-0321751041"}, {"0321751044", "9780321751042", "x"}},
    {"isbn10", {"0-8044-2957-X"}, {"978-0321751041"}},
    {"isbn13", {"978 0321751041"}, {"0321751043"}},
    {"creditcard", {"4111-1111-1111-1111"}, {"4111-1111-1111-1112", "1"}},
    {"ssn", {"111-11-1111", "111 11 1111"}, {"111111111", "111-11-111"}},
    {"hexcolor", {"#FFFFFF", "abc"}, {"#FFFF"}},
    {"rgbcolor", {"rgb(255,0, 1)"}, {"rgb(256,0,1)", "rgb(1,2)"}},
    {"byte", {"YQ==", "YWFh"}, {"YQ", "", "Y-=="}},
    {"password", {"", "x"}, {NULL}},
    {"date", {"2024-02-29"}, {"2023-02-29", "2024-2-1", "2024-02-29x"}},
    {"duration", {"1h2m", "22 ns", "3 days", "1w", "5 Sec"}, {"1", "x", "5 parsecs"}},
    {"date-time",
     {"2014-12-15T19:30:20.000Z", "2014-12-15t19:30:20+01:00"},
     {"2014-12-15", "2014-12-15T24:00:00Z", "2014-12-15T19:30:60Z"}},
    {"k8s-short-name", {"a-1"}, {"A", "-a", ""}},
    {"k8s-long-name", {"a.b-c"}, {"a..b", "A"}},
};

TEST(formats_of_texts) {
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        str f = str_of(formats[i].format);
        CHECK(format_known(f));
        for (size_t k = 0; k < 5; k++) {
            const char *good = formats[i].good[k], *bad = formats[i].bad[k];
            if (good && !format_matches(f, str_of(good)))
                tap_fail(__FILE__, __LINE__, "%s: %s", formats[i].format, good);
            if (bad && format_matches(f, str_of(bad)))
                tap_fail(__FILE__, __LINE__, "%s is not %s", bad, formats[i].format);
        }
    }
    CHECK(!format_known(STR("what")));
    CHECK(!format_known(str_n("uri\0x", 5)));
    CHECK(format_matches(STR("what"), STR("x")));
}
