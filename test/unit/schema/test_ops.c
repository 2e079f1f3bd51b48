// SPDX-License-Identifier: Apache-2.0
/* The words of field errors, and generic operations on a type of the test's own. */
#include "schema/ops.h"
#include "tap.h"

static void check_error(const struct field_errors *fe, uint32_t i, const char *want) {
    REQUIRE(i < fe->list.n);
    CHECK_STRC(field_error_str(fe->arena, &fe->list.v[i]), want);
}

TEST(field_error_texts) {
    struct arena a;
    arena_init(&a, 0);
    struct field_errors fe = {.arena = &a};
    static const char *const policies[] = {"Always", "Never", NULL};
    const struct field_path *spec = PATH(NULL, "spec"),
                            *c = PATH_INDEX(PATH(spec, "containers"), 2);
    field_required(&fe, PATH(c, "name"), NULL);
    field_required(&fe, PATH(c, "name"), "name or generateName is required");
    field_invalid(&fe, PATH(c, "image"), STR("a\"b\n"), "must be %d", 5);
    field_invalid_i64(&fe, PATH(spec, "replicas"), -1, "must be greater than or equal to 0");
    field_invalid_printed(&fe, spec, STR("null"), "either `a` or `b`");
    field_not_supported(&fe, PATH(spec, "restartPolicy"), STR("Foo"), policies);
    field_not_supported_printed(&fe, PATH(NULL, "dryRun"), STR("[\"Yes\"]"), policies + 1);
    field_forbidden(&fe, PATH(NULL, "data"), "field is immutable when `%s` is set", "immutable");
    field_duplicate(&fe, PATH(c, "name"), STR("x"));
    field_too_long(&fe, PATH_KEY(PATH(NULL, "data"), STR("a b")), 128);
    field_too_many(&fe, PATH(spec, "l"), 2, 1);
    field_too_many(&fe, PATH(spec, "l"), 9, 3);
    field_not_found(&fe, PATH(c, "volume"), STR("v"));
    field_required(&fe, NULL, NULL);
    static const char *const want[] = {
        "spec.containers[2].name: Required value",
        "spec.containers[2].name: Required value: name or generateName is required",
        "spec.containers[2].image: Invalid value: \"a\\\"b\\n\": must be 5",
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
        "spec: Invalid value: null: either `a` or `b`",
        "spec.restartPolicy: Unsupported value: \"Foo\": supported values: \"Always\", \"Never\"",
        "dryRun: Unsupported value: [\"Yes\"]: supported values: \"Never\"",
        "data: Forbidden: field is immutable when `immutable` is set",
        "spec.containers[2].name: Duplicate value: \"x\"",
        "data[a b]: Too long: may not be more than 128 bytes",
        "spec.l: Too many: 2: must have at most 1 item",
        "spec.l: Too many: 9: must have at most 3 items",
        "spec.containers[2].volume: Not found: \"v\"",
        "<nil>: Required value",
    };
    for (uint32_t i = 0; i < ARRAY_LEN(want); i++)
        check_error(&fe, i, want[i]);
    CHECK_INT(fe.list.n, ARRAY_LEN(want));
    CHECK_STRC(str_of(field_error_reason(FIELD_TOO_MANY)), "FieldValueTooMany");
    arena_done(&a);
}

TEST(field_errors_end_somewhere) {
    struct arena a;
    arena_init(&a, 0);
    struct field_errors fe = {.arena = &a};
    for (int i = 0; i < FIELD_ERRORS_MAX + 10; i++)
        field_required(&fe, PATH(NULL, "x"), NULL);
    CHECK_INT(fe.list.n, FIELD_ERRORS_MAX);
    arena_done(&a);
}

/* An object that is shown whole with each of its faults fills no memory. */
TEST(field_errors_show_so_much) {
    struct arena a;
    arena_init(&a, 0);
    struct field_errors fe = {.arena = &a};
    str whole = str_n(arena_zalloc(&a, FIELD_ERRORS_BYTES_MAX / 4), FIELD_ERRORS_BYTES_MAX / 4);
    for (int i = 0; i < 3; i++)
        field_invalid_printed(&fe, PATH(NULL, "x"), whole, "must not be");
    CHECK_INT(fe.list.n, 3);
    CHECK(!field_errors_full(&fe));
    for (int i = 0; i < 3; i++)
        field_invalid(&fe, PATH(NULL, "x"), whole, "must not be");
    CHECK_INT(fe.list.n, 4);
    CHECK(field_errors_full(&fe));
    arena_done(&a);
}

TEST(go_quote_as_go) {
    static const char *const cases[][2] = {
        {"plain", "\"plain\""},
        {"a\\b\"c", "\"a\\\\b\\\"c\""},
        {"\a\b\f\n\r\t\v", "\"\\a\\b\\f\\n\\r\\t\\v\""},
        {"\x01\x7f", "\"\\x01\\x7f\""},
        {"grüße €", "\"grüße €\""},
        {"\xff\xc3", "\"\\xff\\xc3\""},
        {"\xc2\xa0\xe2\x80\x8b\xe2\x80\xa8\xef\xbb\xbf", "\"\\u00a0\\u200b\\u2028\\ufeff\""},
        {"\xf0\x9f\x9a\xa3", "\"\xf0\x9f\x9a\xa3\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b;
        buf_init(&b, 0);
        go_quote(&b, str_of(cases[i][0]));
        CHECK_STRC(buf_str(&b), cases[i][1]);
        buf_done(&b);
    }
}

/* A form of names. */
static void lower(str s, struct name_errors *e) {
    if (str_starts(s, STR("-")))
        e->v[e->n++] = "must not begin with '-'";
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 'A' && s.p[i] <= 'Z') {
            e->v[e->n++] = "must be lower case";
            return;
        }
}

TEST(one_error_for_each_fault_of_a_name) {
    struct arena a;
    arena_init(&a, 0);
    struct field_errors fe = {.arena = &a};
    field_check_name(&fe, PATH(NULL, "n"), STR("ok"), lower);
    CHECK_INT(fe.list.n, 0);
    field_check_name(&fe, PATH(NULL, "n"), STR("NO"), lower);
    field_check_name(&fe, PATH(NULL, "n"), STR("-A"), lower);
    CHECK_INT(fe.list.n, 3);
    check_error(&fe, 0, "n: Invalid value: \"NO\": must be lower case");
    check_error(&fe, 2, "n: Invalid value: \"-A\": must be lower case");
    arena_done(&a);
}

/* ---- a type with every rule and default ---- */

struct part {
    str name;
    int32_t weight;
};
struct whole {
    str mode;
    struct opt_i32 count;
    struct opt_bool on;
    Quantity size;
    struct part *part, own;
    struct {
        struct part *v;
        uint32_t n;
    } list;
    str_list names;
    i64_list ids;
};
static const struct api_info plain_info = {.openapi = "test"};
static const char *const modes[] = {"a", "b", NULL};
#define ROW(T_, m_, json_, kind_, shape_, sub_, ...)                                               \
    {                                                                                              \
        .json = json_, .json_len = sizeof(json_) - 1, .kind = kind_, .shape = shape_, .sub = sub_, \
        .offset = offsetof(T_, m_), .attr = &(const struct api_attr) {                             \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
static const struct api_field part_fields[] = {
    ROW(struct part, name, "name", API_STR, API_ONE, NULL, .rule = RULE_NAME, .name = lower),
    ROW(struct part, weight, "weight", API_I32, API_ONE, NULL, .def = "7", .rule = RULE_RANGE,
        .min = 1, .max = 10),
};
static const struct api_type part_type = {.name = "part",
                                          .info = &plain_info,
                                          .fields = part_fields,
                                          .n_fields = ARRAY_LEN(part_fields),
                                          .size = sizeof(struct part)};
static const struct api_field whole_fields[] = {
    ROW(struct whole, mode, "mode", API_STR, API_ONE, NULL, .def = "\"b\"", .rule = RULE_ONE_OF,
        .one_of = modes),
    ROW(struct whole, count, "count", API_I32, API_OPT, NULL, .def = "3", .rule = RULE_MIN),
    ROW(struct whole, on, "on", API_BOOL, API_OPT, NULL, .def = "true"),
    ROW(struct whole, size, "size", API_QUANTITY, API_OPT, NULL, .def = "\"1Gi\""),
    ROW(struct whole, part, "part", API_MSG, API_OPT, &part_type, .def = "{}"),
    ROW(struct whole, own, "own", API_MSG, API_ONE, &part_type, NULL),
    ROW(struct whole, list, "list", API_MSG, API_LIST, &part_type, .needed = true),
    ROW(struct whole, names, "names", API_STR, API_LIST, NULL, .def = "[\"x\",\"y\"]",
        .rule = RULE_NAME, .name = lower),
    ROW(struct whole, ids, "ids", API_I64, API_LIST, NULL, .rule = RULE_RANGE, .max = 9),
};
static const struct api_type whole_type = {.name = "whole",
                                           .info = &plain_info,
                                           .fields = whole_fields,
                                           .n_fields = ARRAY_LEN(whole_fields),
                                           .size = sizeof(struct whole)};

TEST(defaults_of_every_kind) {
    struct arena a;
    arena_init(&a, 0);
    struct whole w = {.count = {.set = true, .v = 0}};
    struct part parts[2] = {{.weight = 5}, {.weight = 0}};
    w.list.v = parts;
    w.list.n = 2;
    api_defaults(&a, &whole_type, &w);
    CHECK_STRC(w.mode, "b");
    CHECK(w.count.set && w.count.v == 0); /* zero was said */
    CHECK(w.on.set && w.on.v);
    CHECK_STRC(w.size, "1Gi");
    REQUIRE(w.part);
    CHECK_INT(w.part->weight, 7);
    CHECK_INT(w.own.weight, 7);
    CHECK_INT(parts[0].weight, 5);
    CHECK_INT(parts[1].weight, 7);
    REQUIRE(w.names.n == 2);
    CHECK_STRC(w.names.v[1], "y");
    arena_done(&a);
}

TEST(rules_of_every_kind) {
    struct arena a;
    arena_init(&a, 0);
    struct field_errors fe = {.arena = &a};
    struct part parts[2] = {{STR("A"), 11}, {STR("b"), 1}}, part = {.weight = 0};
    str names[] = {STR("ok.x"), STR("-")};
    int64_t ids[] = {9, -1};
    struct whole w = {.mode = STR("c"), .count = {true, -1}, .part = &part, .own = {.weight = 10}};
    w.names.v = names;
    w.names.n = 2;
    w.ids.v = ids;
    w.ids.n = 2;
    api_validate(&fe, &whole_type, &w, PATH(NULL, "spec"));
    check_error(&fe, 0, "spec.mode: Unsupported value: \"c\": supported values: \"a\", \"b\"");
    check_error(&fe, 1, "spec.count: Invalid value: -1: must be greater than or equal to 0");
    check_error(&fe, 2, "spec.part.weight: Invalid value: 0: must be between 1 and 10, inclusive");
    check_error(&fe, 3, "spec.list: Required value");
    CHECK_STRC(fe.list.v[4].field, "spec.names[1]");
    check_error(&fe, 5, "spec.ids[1]: Invalid value: -1: must be between 0 and 9, inclusive");
    CHECK_INT(fe.list.n, 6);
    w = (struct whole){.own = {.weight = 1}};
    w.list.v = parts;
    w.list.n = 2;
    fe.list.n = 0;
    api_validate(&fe, &whole_type, &w, NULL);
    CHECK_INT(fe.list.n, 3); /* a plain text is there, though empty */
    CHECK_STRC(fe.list.v[0].field, "mode");
    fe.list.v++, fe.list.n--;
    CHECK_STRC(fe.list.v[0].field, "list[0].name");
    CHECK_STRC(fe.list.v[1].field, "list[0].weight");
    fe.list.n = 0;
    w.count = (struct opt_i32){true, -1};
    api_validate_rows(&fe, &whole_type, &w, NULL, "list count mode");
    CHECK_INT(fe.list.n, 4);
    CHECK_STRC(fe.list.v[1].field, "list[0].weight");
    CHECK_STRC(fe.list.v[2].field, "count");
    CHECK_STRC(fe.list.v[3].field, "mode");
    arena_done(&a);
}

TEST(equality_is_semantic) {
    struct whole x = {.size = STR("1Gi")}, y = {.size = STR("1073741824")};
    CHECK(api_equal(&whole_type, &x, &y));
    y.size = STR("1G");
    CHECK(!api_equal(&whole_type, &x, &y));
    y.size = STR_NONE;
    CHECK(!api_equal(&whole_type, &x, &y));
    y = x;
    struct part none[1];
    y.list.v = none; /* empty, not absent */
    CHECK(api_equal(&whole_type, &x, &y));
    y.on = (struct opt_bool){true, false};
    CHECK(!api_equal(&whole_type, &x, &y)); /* false is not absent */
}
