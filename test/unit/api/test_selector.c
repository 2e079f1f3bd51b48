// SPDX-License-Identifier: Apache-2.0
#include "api/selector.h"
#include "tap.h"

static const struct {
    const char *in, *out; /* out: printed again; NULL with an error */
    const char *error;
} labels[] = {
    {"", "", NULL},
    {"a", "a", NULL},
    {"!a", "!a", NULL},
    {"a=b", "a=b", NULL},
    {"a==b", "a==b", NULL},
    {" a = b ", "a=b", NULL},
    {"a!=b", "a!=b", NULL},
    {"a=", "a=", NULL},
    {"a=,b", "a=,b", NULL},
    {"a in (x)", "a in (x)", NULL},
    {"a in (y,x,y)", "a in (x,y)", NULL},
    {"a notin (x,y)", "a notin (x,y)", NULL},
    {"a in ()", "a in ()", NULL},
    {"a in (,)", "a in ()", NULL},
    {"a in (x,,y)", "a in (,x,y)", NULL},
    {"z,a in (x)", "a in (x),z", NULL},
    {"a>5,b<6", "a>5,b<6", NULL},
    {"in in (in,notin)", "in in (in,notin)", NULL},
    {"example.com/a=b", "example.com/a=b", NULL},
    {"a in b", NULL, "unable to parse requirement: found 'b' expected: '('"},
    {"!!", NULL, "unable to parse requirement: found '!', expected: identifier"},
    {"a,", NULL, "found '', expected: identifier after ','"},
    {"a b", NULL, "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"},
    {"!a=b", NULL, "found '=', expected: ',' or 'end of string'"},
    {"=b", NULL, "found '=', expected: !, identifier, or 'end of string'"},
    {"a=b=c", NULL, "found '=', expected: ',' or 'end of string'"},
    {"a in (x", NULL, "unable to parse requirement: found '', expected: ',' or ')'"},
    {"a in (x y)", NULL, "unable to parse requirement: found 'y', expected: ',' or ')'"},
    {"a in (=)", NULL, "unable to parse requirement: found '=', expected: ',', ')' or identifier"},
    {"a=(", NULL, "unable to parse requirement: found '(', expected: identifier"},
    {"a>b", NULL,
     "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the "
     "value must be an integer"},
    {"a=-b", NULL,
     "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an "
     "empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
     "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
     "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"},
    {"a/b/c=d", NULL,
     "unable to parse requirement: <nil>: Invalid value: \"a/b/c\": a valid label key must "
     "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
     "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
     "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain "
     "prefix and '/' (e.g. 'example.com/MyName')"},
};

TEST(label_selectors_parse_as_upstream) {
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        struct selector s;
        struct err e = {0};
        int r = selector_parse(a, str_of(labels[i].in), &s, &e);
        if ((r == 0) != (labels[i].out != NULL))
            tap_fail(__FILE__, __LINE__, "'%s': %d %s", labels[i].in, r, e.text);
        else if (r == 0)
            CHECK_STRC(selector_str(a, &s), labels[i].out);
        else
            CHECK_STRC(str_of(e.text), labels[i].error);
    }
    arena_free(a);
}

static struct str_pair pairs[] = {
    {STR("a"), STR("1")},
    {STR("app"), STR("web")},
    {STR("empty"), STR("")},
    {STR("n"), STR("10")},
};
static const str_map map = {pairs, ARRAY_LEN(pairs)};

static bool matches(const char *text) {
    struct arena *a = arena_new(0);
    struct selector s;
    REQUIRE(selector_parse(a, str_of(text), &s, NULL) == 0);
    bool m = selector_matches(&s, &map);
    arena_free(a);
    return m;
}

TEST(labels_match) {
    static const char *const yes[] = {"",       "a",       "a=1",   "a in (1,2)",
                                      "app!=x", "nope!=x", "!nope", "nope notin (x)",
                                      "empty=", "n>9",     "n<11",  "a=1,app=web,!x"};
    static const char *const no[] = {"nope",      "a=2",   "a!=1",  "a notin (1,2)",
                                     "!a",        "n>10",  "app>1", "nope in (x)",
                                     "a=1,app=x", "nope=", "nope>1"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        if (!matches(yes[i]))
            tap_fail(__FILE__, __LINE__, "'%s' should match", yes[i]);
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        if (matches(no[i]))
            tap_fail(__FILE__, __LINE__, "'%s' should not match", no[i]);
}

TEST(selectors_of_objects) {
    struct arena *a = arena_new(0);
    struct selector s;
    struct err e = {0};
    REQUIRE(selector_of(a, NULL, &s, NULL) == 0);
    CHECK(!selector_matches(&s, &map) && !selector_empty(&s));
    LabelSelector all = {0};
    REQUIRE(selector_of(a, &all, &s, NULL) == 0);
    CHECK(selector_matches(&s, &map) && selector_empty(&s));

    str values[] = {STR("web"), STR("db")};
    LabelSelectorRequirement r[] = {
        {.key = STR("app"), .operator_ = STR("In"), .values = {values, 2}},
        {.key = STR("gone"), .operator_ = STR("DoesNotExist")},
    };
    LabelSelector some = {.match_labels = {pairs, 1}, .match_expressions = {r, 2}};
    REQUIRE(selector_of(a, &some, &s, NULL) == 0);
    CHECK(selector_matches(&s, &map));
    CHECK_STRC(selector_str(a, &s), "a=1,app in (db,web),!gone");
    CHECK_STRC(values[0], "web"); /* the object is left as it was */
    CHECK_STRC(selector_exact(&s, STR("a")), "1");
    CHECK(!selector_exact(&s, STR("app")).p);

    r[1].operator_ = STR("Foo");
    CHECK_INT(selector_of(a, &some, &s, &e), -EINVAL);
    CHECK_STRC(str_of(e.text), "\"Foo\" is not a valid label selector operator");
    selector_of_map(a, &map, &s);
    CHECK(selector_matches(&s, &map));
    arena_free(a);
}

TEST(field_selectors_match) {
    struct arena *a = arena_new(0);
    struct field_selector s;
    Pod pod = {.metadata = {.name = STR("p"), .namespace_ = STR("ns")},
               .spec = {.node_name = STR("n1"), .host_network = true},
               .status = {.phase = STR("Running")}};
    static const struct {
        const char *text;
        bool match;
    } list[] = {
        {"", true},
        {"metadata.name=p", true},
        {"metadata.name==p,metadata.namespace=ns", true},
        {"metadata.name!=p", false},
        {"spec.nodeName=n1,status.phase!=Failed", true},
        {"spec.host=n1", true},
        {"spec.hostNetwork=true", true},
        {"status.podIPs=", true},
        {"status.podIP=1.2.3.4", false},
        {"metadata.name=p,", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        REQUIRE(field_selector_parse(a, RESOURCE_OF(core_v1_pods), str_of(list[i].text), &s,
                                     NULL) == 0);
        if (field_selector_matches(a, &s, &pod) != list[i].match)
            tap_fail(__FILE__, __LINE__, "'%s'", list[i].text);
    }
    REQUIRE(field_selector_parse(a, RESOURCE_OF(core_v1_pods),
                                 STR("spec.host=a\\,b\\\\,metadata.name!=x"), &s, NULL) == 0);
    CHECK_STRC(field_selector_exact(&s, "spec.nodeName"), "a,b\\");
    CHECK(!field_selector_exact(&s, "metadata.name").p);
    CHECK_STRC(field_selector_str(a, &s), "metadata.name!=x,spec.nodeName=a\\,b\\\\");
    arena_free(a);
}

TEST(field_selectors_say_what_is_wrong) {
    static const struct {
        enum resource_id id;
        const char *text, *error;
    } list[] = {
        {RESOURCE_ID(core_v1_configmaps), "spec.nodeName=x",
         "\"spec.nodeName\" is not a known field selector: only \"metadata.name\", "
         "\"metadata.namespace\""},
        {RESOURCE_ID(core_v1_pods), "spec.foo=x", "field label not supported: spec.foo"},
        {RESOURCE_ID(core_v1_nodes), "metadata.namespace=x",
         "field label not supported: metadata.namespace"},
        {RESOURCE_ID(core_v1_configmaps), "abc", "invalid selector: 'abc'; can't understand 'abc'"},
        {RESOURCE_ID(core_v1_pods), "metadata.name=a\\x",
         "invalid field selector: invalid escape sequence: \\x"},
        {RESOURCE_ID(core_v1_pods), "metadata.name=a\\",
         "invalid field selector: invalid escape sequence: \\"},
        {RESOURCE_ID(core_v1_pods), "metadata.name=a=b",
         "invalid field selector: unescaped character in value: 61"},
    };
    struct arena *a = arena_new(0);
    for (size_t i = 0; i < ARRAY_LEN(list); i++) {
        struct field_selector s;
        struct err e = {0};
        CHECK_INT(field_selector_parse(a, &api_resources[list[i].id], str_of(list[i].text), &s, &e),
                  -EINVAL);
        CHECK_STRC(str_of(e.text), list[i].error);
    }
    arena_free(a);
}

TEST(events_are_selected_by_the_names_of_either_version) {
    struct arena *a = arena_new(0);
    struct field_selector s;
    Event e = {.involved_object = {.name = STR("p"), .kind = STR("Pod")},
               .reporting_controller = STR("kubelet")};
    REQUIRE(field_selector_parse(a, RESOURCE_OF(core_v1_events),
                                 STR("involvedObject.name=p,source=kubelet"), &s, NULL) == 0);
    CHECK(field_selector_matches(a, &s, &e));
    REQUIRE(field_selector_parse(a, RESOURCE_OF(events_v1_events),
                                 STR("regarding.kind=Pod,reportingController=kubelet"), &s,
                                 NULL) == 0);
    CHECK(field_selector_matches(a, &s, &e));
    CHECK_INT(field_selector_parse(a, RESOURCE_OF(events_v1_events), STR("source=x"), &s, NULL),
              -EINVAL);
    arena_free(a);
}

/* Whatever comes, a selector that is read prints as one that reads the same. */
TEST(any_selector_is_survived) {
    static const char *const parts[] = {"a", "b.c/d", "in", "notin", "(",   ")", ",",
                                        "!", "=",     "==", "!=",    ">",   "<", "5",
                                        " ", "x",     "-",  "\\",    "\xff"};
    struct arena *a = arena_new(0);
    uint64_t seed = tap_seed();
    unsigned good = 0;
    for (int i = 0; i < 100000; i++) {
        str text = STR("");
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        for (uint64_t r = seed, n = 1 + (seed >> 33) % 9; n; n--) {
            r = r * 6364136223846793005u + 1442695040888963407u;
            text = str_concat(a, text, str_of(parts[(r >> 33) % ARRAY_LEN(parts)]));
        }
        struct selector s, t;
        struct field_selector f;
        field_selector_parse(a, RESOURCE_OF(core_v1_pods), text, &f, NULL);
        if (selector_parse(a, text, &s, NULL) == 0) {
            str printed = selector_str(a, &s);
            if (selector_parse(a, printed, &t, NULL) < 0 || !str_eq(selector_str(a, &t), printed))
                tap_fail(__FILE__, __LINE__, STR_FMT " -> " STR_FMT, STR_ARG(text),
                         STR_ARG(printed));
            selector_matches(&s, &map);
            good++;
        }
        if (i % 100 == 0)
            arena_reset(a);
    }
    CHECK(good > 1000);
    arena_free(a);
}
