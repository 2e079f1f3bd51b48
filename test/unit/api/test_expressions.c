// SPDX-License-Identifier: Apache-2.0
/* What the expressions of policies, webhooks and device selectors may say. */
#include "api/kinds/expressions.h"
#include "tap.h"

struct fixture {
    struct arena a;
    struct field_errors fe;
    struct map variables;
};

static void fixture_init(struct fixture *f) {
    arena_init(&f->a, 0);
    f->fe = (struct field_errors){.arena = &f->a};
    map_init(&f->variables, NULL);
}
static void fixture_done(struct fixture *f) {
    map_done(&f->variables);
    arena_done(&f->a);
}

static str only_error(struct fixture *f) {
    str s = f->fe.list.n ? f->fe.list.v[0].detail : STR("none");
    f->fe.list.n = 0;
    return s;
}

#define NOWHERE(text, line, caret)                                                                 \
    "compilation failed: ERROR: <input>:" text "\n | " line "\n | " caret

TEST(policies_say_what_they_need) {
    static const struct {
        struct expression_scope scope;
        enum expression_result wanted;
        const char *source, *detail;
    } cases[] = {
        {{.has_params = true}, EXPRESSION_BOOL, "object.spec.n < params.max", "none"},
        {{0},
         EXPRESSION_BOOL,
         "params.max > 1",
         NOWHERE("1:1: undeclared reference to 'params' (in container '')", "params.max > 1", "^")},
        {{0},
         EXPRESSION_BOOL,
         "authorizer.path('/x').check('get').allowed()",
         NOWHERE("1:1: undeclared reference to 'authorizer' (in container '')",
                 "authorizer.path('/x').check('get').allowed()", "^")},
        {{.has_authorizer = true},
         EXPRESSION_BOOL,
         "authorizer.requestResource.check('get').allowed() && request.userInfo.groups.exists(g, g "
         "== 'x') && namespaceObject.metadata.labels['a'] == request.kind.kind",
         "none"},
        {{0},
         EXPRESSION_BOOL,
         "request.nope == 1",
         NOWHERE("1:8: undefined field 'nope'", "request.nope == 1", ".......^")},
        {{0}, EXPRESSION_STRING, "'x' + object.metadata.name", "none"},
        {{0}, EXPRESSION_STRING, "1", "must evaluate to string but got int"},
        {{0}, EXPRESSION_STRING_OR_NULL, "null", "none"},
        {{0},
         EXPRESSION_STRING_OR_NULL,
         "[1]",
         "must evaluate to one of [string null_type] but got list(int)"},
        {{0}, EXPRESSION_OBJECT, "Object{spec: Object.spec{replicas: 3}}", "none"},
        {{0}, EXPRESSION_OBJECT, "{'spec': 1}", "must evaluate to Object but got map(string, int)"},
        {{0},
         EXPRESSION_JSON_PATCH,
         "[JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b'), value: 1}]",
         "none"},
        {{0},
         EXPRESSION_JSON_PATCH,
         "[JSONPatch{op: 1}]",
         NOWHERE("1:14: expected type of field 'op' is 'string' but provided type is 'int'",
                 "[JSONPatch{op: 1}]", ".............^")},
        {{0},
         EXPRESSION_BOOL,
         "has(Object.x)",
         NOWHERE("1:5: undeclared reference to 'Object' (in container '')", "has(Object.x)",
                 "....^")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        str source = str_of(cases[i].source);
        fixture_init(&f);
        check_expression(&f.fe, NULL, source, source, &cases[i].scope, cases[i].wanted);
        CHECK_STRC(only_error(&f), cases[i].detail);
        fixture_done(&f);
    }
}

TEST(variables_are_known_to_what_follows) {
    struct fixture f;
    struct expression_scope s = {.has_variables = true};
    str use = STR("variables.n > 2 && variables.l[0] == 'a' && variables.o.x == 1");
    fixture_init(&f);
    s.variables = &f.variables;
    check_expression(&f.fe, NULL, use, use, &s, EXPRESSION_BOOL);
    CHECK_STRC(
        only_error(&f),
        NOWHERE("1:10: undefined field 'n'",
                "variables.n > 2 && variables.l[0] == 'a' && variables.o.x == 1",
                ".........^") "\nERROR: <input>:1:29: undefined field 'l'\n | variables.n > "
                              "2 && variables.l[0] == 'a' && variables.o.x == 1\n | "
                              "............................^\nERROR: <input>:1:54: undefined "
                              "field 'o'\n | variables.n > 2 && variables.l[0] == 'a' && "
                              "variables.o.x == 1\n | "
                              ".....................................................^");
    check_variable_expression(&f.fe, NULL, STR("n"), STR("size('abc')"), &s);
    check_variable_expression(&f.fe, NULL, STR("l"), STR("['a']"), &s);
    check_variable_expression(&f.fe, NULL, STR("o"), STR("object.spec"), &s);
    CHECK_INT(f.fe.list.n, 0);
    check_expression(&f.fe, NULL, use, use, &s, EXPRESSION_BOOL);
    CHECK_STRC(only_error(&f), "none");
    check_variable_expression(&f.fe, NULL, STR("wrong"), STR("nope"), &s);
    CHECK_STRC(only_error(&f),
               NOWHERE("1:1: undeclared reference to 'nope' (in container '')", "nope", "^"));
    use = STR("variables.wrong");
    check_expression(&f.fe, NULL, use, use, &s, EXPRESSION_STRING);
    CHECK_STRC(only_error(&f), "must evaluate to string but got dyn");
    fixture_done(&f);
}

TEST(devices_are_chosen_by_attributes) {
    static const struct {
        const char *source, *detail;
    } cases[] = {
        {"device.driver == 'd' && device.attributes['d'].model == 'x'", "none"},
        {"device.attributes['d'].ok", "none"},
        {"device.capacity['d'].memory.isGreaterThan(quantity('1Gi'))", "none"},
        {"cel.bind(d, device.attributes['d'], d.a || d.b)", "none"},
        {"device.allowMultipleAllocations", "none"},
        {"device.attributes['d'].version.isGreaterThan(semver('1.0.0'))", "none"},
        {"device.attributes.all(a, device.attributes.all(b, a == b))", "none"},
        {"device.attributes.all(a, device.attributes.all(b, device.attributes.all(c, "
         "device.attributes.all(d, a == b && c == d))))",
         "too complex, exceeds cost limit"},
        {"[device.driver].exists(x, 'aaaa'.matches(x))", "none"},
        {"device.driver", "must evaluate to bool or the unknown type, not string"},
        {"device.nope", NOWHERE("1:7: undefined field 'nope'", "device.nope", "......^")},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        fixture_init(&f);
        check_device_expression(&f.fe, NULL, str_of(cases[i].source));
        CHECK_STRC(only_error(&f), cases[i].detail);
        fixture_done(&f);
    }
}
