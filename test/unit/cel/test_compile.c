// SPDX-License-Identifier: Apache-2.0
/* Expressions and what compiling them gives: the type of the result, or what is said. The texts are
 * those of google/cel-go (its parser's and checker's tests, and runs of Kubernetes). */
#include "base/buf.h"
#include "cel/cel.h"
#include "tap.h"

#define START                                                                                      \
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, "       \
    "STRING, BYTES, IDENTIFIER}"
#define START_OR(brace)                                                                            \
    "{'[', '{', " brace "'(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, "       \
    "NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"

static const struct cel_type map_ss = {CEL_MAP, 2,     3,
                                       0,       "map", {&cel_type_string, &cel_type_string}};
static const struct cel_type pet = {.kind = CEL_OBJECT, .nodes = 1, .name = "test.Pet"};
static const struct cel_variable pet_fields[] = {{"name", &cel_type_string},
                                                 {"age", &cel_type_int},
                                                 {"born", &cel_type_timestamp},
                                                 {"labels", &map_ss},
                                                 {"mother", &pet}};
static const struct cel_object pet_object = {"test.Pet", pet_fields, ARRAY_LEN(pet_fields), false};
static const struct cel_object *const objects[] = {&pet_object};
static const struct cel_variable vars[] = {
    {"object", &cel_type_dyn},
    {"n", &cel_type_int},
    {"s", &cel_type_string},
    {"list", &cel_type_list_string},
    {"labels", &map_ss},
    {"pet", &pet},
    {"authorizer", &cel_type_authorizer},
    {"authorizer.requestResource", &cel_type_resource_check}};
static const struct cel_env env = {
    .libraries = CEL_LIB_KUBERNETES | CEL_LIB_BINDINGS,
    .vars = vars,
    .n_vars = ARRAY_LEN(vars),
    .objects = objects,
    .n_objects = 1,
};

/* The type as text, or the errors. */
static str compiled(struct arena *a, const struct cel_env *e, const char *source) {
    const struct cel_program *p = NULL;
    str errors = STR_NONE;
    if (cel_compile(a, e, str_of(source), &p, &errors) < 0)
        return errors;
    return cel_type_text(a, p->type);
}

struct compile_case {
    const char *source, *expected;
};

static void run(const struct cel_env *e, const struct compile_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct arena a;
        str got;
        arena_init(&a, 0);
        got = compiled(&a, e, cases[i].source);
        if (!str_eqc(got, cases[i].expected))
            tap_diag("in: %s", cases[i].source);
        CHECK_STRC(got, cases[i].expected);
        arena_done(&a);
    }
}

#define AT(place, text, line, caret)     "ERROR: <input>:" place ": " text "\n | " line "\n | " caret
#define SYNTAX(place, text, line, caret) AT(place, "Syntax error: " text, line, caret)
#define MISSING(place, found, line, caret)                                                         \
    SYNTAX(place, "mismatched input '" found "' expecting " START, line, caret)

TEST(syntax_errors_read_as_upstream) {
    static const struct compile_case cases[] = {
        {"object.", SYNTAX("1:8", "no viable alternative at input '.'", "object.", ".......^")},
        {"1 + +",
         MISSING("1:5", "+", "1 + +", "....^") "\n" MISSING("1:6", "<EOF>", "1 + +", ".....^")},
        {"{\"a\": 1}.\"a\"", SYNTAX("1:10", "no viable alternative at input '.\"a\"'",
                                    "{\"a\": 1}.\"a\"", ".........^")},
        {"*@a | b",
         SYNTAX("1:1", "extraneous input '*' expecting " START, "*@a | b", "^") "\n" SYNTAX(
             "1:2", "token recognition error at: '@'", "*@a | b",
             ".^") "\n" SYNTAX("1:5", "token recognition error at: '| '", "*@a | b",
                               "....^") "\n" SYNTAX("1:7", "extraneous input 'b' expecting <EOF>",
                                                    "*@a | b", "......^")},
        {"a | b", SYNTAX("1:3", "token recognition error at: '| '", "a | b", "..^") "\n" SYNTAX(
                      "1:5", "extraneous input 'b' expecting <EOF>", "a | b", "....^")},
        {"1 + $", SYNTAX("1:5", "token recognition error at: '$'", "1 + $",
                         "....^") "\n" MISSING("1:6", "<EOF>", "1 + $", ".....^")},
        {"\"\\xFh\"",
         SYNTAX("1:1", "token recognition error at: '\"\\xFh'", "\"\\xFh\"",
                "^") "\n" SYNTAX("1:6", "token recognition error at: '\"'", "\"\\xFh\"",
                                 ".....^") "\n" MISSING("1:7", "<EOF>", "\"\\xFh\"", "......^")},
        {"func{{a}}",
         SYNTAX(
             "1:6", "extraneous input '{' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}",
             "func{{a}}",
             ".....^") "\n" SYNTAX("1:8", "mismatched input '}' expecting ':'", "func{{a}}",
                                   ".......^") "\n" SYNTAX("1:9",
                                                           "extraneous input '}' expecting <EOF>",
                                                           "func{{a}}", "........^")},
        {"msg{:a}",
         SYNTAX("1:5", "extraneous input ':' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}",
                "msg{:a}", "....^") "\n" SYNTAX("1:7", "mismatched input '}' expecting ':'",
                                                "msg{:a}", "......^")},
        {"{a}", SYNTAX("1:3", "mismatched input '}' expecting ':'", "{a}", "..^")},
        {"{", SYNTAX("1:2", "mismatched input '<EOF>' expecting " START_OR("'}', "), "{", ".^")},
        {"{:a}",
         SYNTAX("1:2", "extraneous input ':' expecting " START_OR("'}', "), "{:a}",
                ".^") "\n" SYNTAX("1:4", "mismatched input '}' expecting ':'", "{:a}", "...^")},
        {"ind[a{b}]", SYNTAX("1:8", "mismatched input '}' expecting ':'", "ind[a{b}]", ".......^")},
        {"--", SYNTAX("1:3", "no viable alternative at input '-'", "--",
                      "..^") "\n" MISSING("1:3", "<EOF>", "--", "..^")},
        {"?", MISSING("1:1", "?", "?", "^") "\n" MISSING("1:2", "<EOF>", "?", ".^")},
        {"self.true == 1",
         SYNTAX("1:6", "mismatched input 'true' expecting IDENTIFIER", "self.true == 1", ".....^")},
        {"x{.",
         SYNTAX("1:3", "mismatched input '.' expecting {'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}",
                "x{.", "..^")},
        {"a.`b`", AT("1:3", "unsupported syntax: '`'", "a.`b`", "..^")},
        {"a b", SYNTAX("1:3", "extraneous input 'b' expecting <EOF>", "a b", "..^")},
        {"a(b c)", SYNTAX("1:5", "extraneous input 'c' expecting ')'", "a(b c)", "....^")},
        {"size(s", SYNTAX("1:7", "missing ')' at '<EOF>'", "size(s", "......^")},
        {"[1 2]", SYNTAX("1:4", "extraneous input '2' expecting {']', ','}", "[1 2]", "...^")},
        {"", "ERROR: <input>:1:1: Syntax error: mismatched input '<EOF>' expecting " START},
        {"99999999999999999999", AT("1:1", "invalid int literal", "99999999999999999999", "^")},
        {"1.99e90000009", AT("1:1", "invalid double literal", "1.99e90000009", "^")},
        {"while", AT("1:1", "reserved identifier: while", "while", "^")},
        {"[1].all(2, true)",
         AT("1:9", "argument must be a simple name", "[1].all(2, true)", "........^")},
        {"[1].map(2, true)",
         AT("1:9", "argument is not an identifier", "[1].map(2, true)", "........^")},
        {"has(n)", AT("1:5", "invalid argument to has() macro", "has(n)", "....^")},
    };
    run(&env, cases, ARRAY_LEN(cases));
}

TEST(type_errors_read_as_upstream) {
    static const struct compile_case cases[] = {
        {"nope", AT("1:1", "undeclared reference to 'nope' (in container '')", "nope", "^")},
        {"nope(1)",
         AT("1:5", "undeclared reference to 'nope' (in container '')", "nope(1)", "....^")},
        {"n + 'a'", AT("1:3", "found no matching overload for '_+_' applied to '(int, string)'",
                       "n + 'a'", "..^")},
        {"s.startsWith(1)",
         AT("1:13", "found no matching overload for 'startsWith' applied to 'string.(int)'",
            "s.startsWith(1)", "............^")},
        {"s.foo", AT("1:2", "type 'string' does not support field selection", "s.foo", ".^")},
        {"pet.tail", AT("1:4", "undefined field 'tail'", "pet.tail", "...^")},
        {"1 && true", AT("1:1", "expected type 'bool' but found 'int'", "1 && true", "^")},
        {"[1, 'a']", AT("1:5", "expected type 'int' but found 'string'", "[1, 'a']", "....^")},
        {"n.all(x, x > 0)",
         AT("1:1",
            "expression of type 'int' cannot be range of a comprehension (must be list, map, or "
            "dynamic)",
            "n.all(x, x > 0)", "^")},
        {"list.all(x, x)",
         AT("1:13", "expected type 'bool' but found 'string'", "list.all(x, x)", "............^")},
        {"test.Pet{age: 'x'}",
         AT("1:13", "expected type of field 'age' is 'int' but provided type is 'string'",
            "test.Pet{age: 'x'}", "............^")},
        {"n == 'a'", AT("1:3", "found no matching overload for '_==_' applied to '(int, string)'",
                        "n == 'a'", "..^")},
        {"n ==\n 'a' + 1",
         AT("2:6", "found no matching overload for '_+_' applied to '(string, int)'", " 'a' + 1",
            ".....^")},
        {"'\xc3\xa9' + n",
         AT("1:5", "found no matching overload for '_+_' applied to '(string, int)'",
            "'\xc3\xa9' + n", ".\xef\xbc\x8e..^")},
    };
    run(&env, cases, ARRAY_LEN(cases));
}

TEST(results_have_types) {
    static const struct compile_case cases[] = {
        {"1", "int"},
        {"-1", "int"},
        {"1u + 2u", "uint"},
        {"1.5", "double"},
        {"b'abc'", "bytes"},
        {"null", "null"},
        {"[]", "list(dyn)"},
        {"{}", "map(dyn, dyn)"},
        {"[1, 2]", "list(int)"},
        {"{'a': 1}", "map(string, int)"},
        {"object.spec.replicas", "dyn"},
        {"object.spec.replicas <= 5", "bool"},
        {"object.metadata.name + 'x'", "string"},
        {"n < 2.5", "bool"},
        {"pet.name", "string"},
        {"pet.?name", "optional_type(string)"},
        {"pet.mother.mother.labels['a']", "string"},
        {"has(pet.mother) && pet.mother.age > 3", "bool"},
        {"test.Pet{name: 'x', age: 3}", "test.Pet"},
        {"labels[?'a'].orValue('none')", "string"},
        {"list.map(x, x.size())", "list(int)"},
        {"list.filter(x, x != '')", "list(string)"},
        {"list.exists_one(x, x == s)", "bool"},
        {"labels.all(k, v, k != v)", "bool"},
        {"labels.transformMap(k, v, v.size())", "map(string, int)"},
        {"list.transformList(i, v, i)", "list(int)"},
        {"cel.bind(x, 3, x + x)", "int"},
        {"optional.of(1).optMap(x, string(x))", "optional_type(string)"},
        {"type(1)", "type(int)"},
        {"type(1) == int", "bool"},
        {"timestamp('2020-01-01T00:00:00Z') + duration('1h')", "timestamp"},
        {"timestamp('2020-01-01T00:00:00Z').getFullYear()", "int"},
        {"'a,b'.split(',')", "list(string)"},
        {"'%s'.format([s])", "string"},
        {"quantity('1Gi').isGreaterThan(quantity('1Mi'))", "bool"},
        {"ip('10.0.0.1').family()", "int"},
        {"ip.isCanonical('::1')", "bool"},
        {"cidr('10.0.0.0/8').containsIP('10.0.0.1')", "bool"},
        {"url('https://x/').getQuery()", "map(string, list(string))"},
        {"format.dns1123Label().validate('x')", "optional_type(list(string))"},
        {"semver('1.2.3').major()", "int"},
        {"sets.contains([1], [1])", "bool"},
        {"[1, 3].sum()", "int"},
        {"authorizer.group('').resource('pods').namespace('x').check('get').allowed()", "bool"},
        {"authorizer.requestResource.check('get').allowed()", "bool"},
        {"true ? 1 : 2", "int"},
        {"[[1], []]", "list(list(int))"},
        {"dyn(1)", "dyn"},
    };
    run(&env, cases, ARRAY_LEN(cases));
}

/* Expressions that are as large as one may send end in an error, soon. */
static void check_refused(str source, const char *says) {
    const struct cel_program *p = NULL;
    struct arena a;
    str errors = STR_NONE;
    arena_init(&a, 0);
    CHECK_INT(cel_compile(&a, &env, source, &p, &errors), -EINVAL);
    if (!str_starts(errors, str_of(says)))
        tap_fail(__FILE__, __LINE__, STR_FMT, STR_ARG(str_slice(errors, 0, 300)));
    arena_done(&a);
}

static str repeated(struct arena *a, const char *what, size_t n, const char *end) {
    struct buf b;
    str s;
    buf_init(&b, 0);
    for (size_t i = 0; i < n; i++)
        buf_add(&b, str_of(what));
    buf_add(&b, str_of(end));
    s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

TEST(what_is_too_large_is_refused) {
    static const char deep[] = "ERROR: <input>:-1:0: expression recursion limit exceeded: 250";
    struct arena a;
    arena_init(&a, 0);
    check_refused(repeated(&a, "(", 5000, "1"), deep);
    check_refused(repeated(&a, "[", 5000, "1"), deep);
    check_refused(repeated(&a, "1+", 5000, "1"), deep);
    check_refused(repeated(&a, "a.", 5000, "b"), deep);
    check_refused(repeated(&a, "a?b:", 5000, "1"), deep);
    check_refused(repeated(&a, "!", 50000, ""), "ERROR: ");
    check_refused(repeated(&a, "@", 90000, ""), "ERROR: ");
    check_refused(repeated(&a, "1", 100001, ""),
                  "ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100001, "
                  "limit 100000");
    check_refused(repeated(&a, "nope(a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a)+", 240, "1"),
                  "ERROR: ");
    /* Each doubles what stands before it. */
    check_refused(str_concat(&a, STR("optional.of(1)"), repeated(&a, ".optMap(x, x)", 200, "")),
                  "ERROR: ");
    arena_done(&a);
}

/* The largest expressions there may be compile, in memory that is bounded by their length. */
TEST(large_expressions_compile) {
    static const char *const parts[] = {"s.startsWith('a'),", "object.a.b.c.d.e.f.g.h.i.j.k==1,",
                                        "[[[[1]]]]==[[[[2]]]],", "list.all(x,x==s),",
                                        "labels.?a.orValue('b')=='c',"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        const struct cel_program *p = NULL;
        struct arena a, text;
        str errors = STR_NONE, source;
        arena_init(&a, 0);
        arena_init(&text, 0);
        source = repeated(&text, parts[i], 99000 / strlen(parts[i]), "true]");
        source = str_concat(&text, STR("["), source);
        CHECK_INT(cel_compile(&a, &env, source, &p, &errors), 0);
        CHECK(a.taken < source.n * 400);
        arena_done(&text);
        arena_done(&a);
    }
}
