// SPDX-License-Identifier: Apache-2.0
/* Expressions and what they are worth: the text that '%s'.format gives of it, or the error. Facts
 * of the CEL specification's conformance tests and of Kubernetes' libraries. */
#include <math.h>

#include "cel/eval.h"
#include "tap.h"

#define COST_MAX 10000000

static const char document[] =
    "{\"name\":\"web\",\"replicas\":3,\"ratio\":0.5,\"labels\":{\"app\":\"x\",\"tier\":\"db\"},"
    "\"ports\":[{\"name\":\"a\",\"port\":80},{\"name\":\"b\",\"port\":443}],\"none\":null,"
    "\"big\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,"
    "\"k\":11,\"l\":12,\"m\":13,\"n\":14}}";

static const struct cel_variable vars[] = {{"o", &cel_type_dyn},
                                           {"authorizer", &cel_type_authorizer},
                                           {"authorizer.requestResource", &cel_type_resource_check},
                                           {"unset", &cel_type_int}};

static void check_name(struct arena *a, str kind, str s, str_list *errors) {
    static str texts[1] = {{"not a label", 11}};
    if (!str_eqc(s, "good"))
        *errors = (str_list){texts, 1};
}
static const struct cel_env env = {.libraries =
                                       CEL_LIB_KUBERNETES | CEL_LIB_BINDINGS | CEL_LIB_JSON_PATCH,
                                   .vars = vars,
                                   .n_vars = ARRAY_LEN(vars),
                                   .patch_types = true,
                                   .check_name = check_name};

/* Allows "get" of pods in "default", and of the path "/healthz". */
static struct cel_decision decide(void *ctx, struct arena *a, const struct cel_access *x) {
    struct cel_decision d = {false, STR("no rule"), STR_NONE};
    bool pods = x->is_resource && str_eqc(x->resource, "pods") && str_eqc(x->namespace, "default");
    d.allowed = str_eqc(x->verb, "get") && (pods || str_eqc(x->path, "/healthz"));
    if (x->service_account.n)
        d.error = STR("unknown account");
    return d;
}

struct fixture {
    struct arena a;
    struct value tree;
    struct cel_authorizer authorizer;
    struct cel_access access;
    struct cel_binding bindings[3];
    struct cel_activation act;
};

static void fixture_init(struct fixture *f) {
    struct err e = {0};
    arena_init(&f->a, 0);
    REQUIRE(value_parse(&f->a, str_of(document), &f->tree, NULL, &e) == 0);
    f->authorizer = (struct cel_authorizer){decide, NULL};
    f->access = (struct cel_access){
        .is_resource = true, .resource = STR("pods"), .namespace = STR("default")};
    f->bindings[0] = (struct cel_binding){"o", cel_of_json(&f->a, &f->tree)};
    f->bindings[1] =
        (struct cel_binding){"authorizer", cel_authorizer_value(&f->a, &f->authorizer)};
    f->bindings[2] = (struct cel_binding){
        "authorizer.requestResource", cel_resource_check_value(&f->a, &f->authorizer, &f->access)};
    f->act = (struct cel_activation){f->bindings, 3};
}
static void fixture_done(struct fixture *f) {
    arena_done(&f->a);
}

static int evaluate(struct fixture *f, str source, uint64_t limit, struct cel_value *ret,
                    uint64_t *cost) {
    const struct cel_program *p = NULL;
    str errors = STR_NONE;
    if (cel_compile(&f->a, &env, source, &p, &errors) < 0) {
        *ret = cel_error_value(errors);
        return -EINVAL;
    }
    return cel_eval(p, &f->a, &f->act, limit, ret, cost);
}

static str worth(struct fixture *f, const char *source) {
    str wrapped = str_printf(&f->a, "'%%s'.format([%s])", source);
    struct cel_value v;
    evaluate(f, wrapped, COST_MAX, &v, NULL);
    return v.s;
}

struct eval_case {
    const char *source, *expected;
};

static void run(const struct eval_case *cases, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct fixture f;
        str got;
        fixture_init(&f);
        got = worth(&f, cases[i].source);
        if (!str_eqc(got, cases[i].expected))
            tap_diag("in: %s", cases[i].source);
        CHECK_STRC(got, cases[i].expected);
        fixture_done(&f);
    }
}
#define RUN(cases) run(cases, ARRAY_LEN(cases))

TEST(operators) {
    static const struct eval_case cases[] = {
        {"1 + 2 * 3 - 4", "3"},
        {"-7 / 2", "-3"},
        {"-7 % 2", "-1"},
        {"7u / 2u", "3"},
        {"1 / 0", "division by zero"},
        {"1 % 0", "modulus by zero"},
        {"9223372036854775807 + 1", "integer overflow"},
        {"-9223372036854775807 - 2", "integer overflow"},
        {"9223372036854775807 * 2", "integer overflow"},
        {"-(-9223372036854775807 - 1)", "integer overflow"},
        {"1u - 2u", "unsigned integer overflow"},
        {"1.5 + 0.25", "1.75"},
        {"'a' + 'b'", "ab"},
        {"[1] + [2, 3]", "[1, 2, 3]"},
        {"dyn(1) == 1.0", "true"},
        {"dyn(1) == dyn(1u)", "true"},
        {"dyn('1') == dyn(1)", "false"},
        {"1 < 1.5 && 2u > 1", "true"},
        {"9007199254740993 > 9007199254740992.0", "true"},
        {"double('NaN') == double('NaN')", "false"},
        {"'a' < 'b' && b'a' < b'b' && false < true", "true"},
        {"[1, 2] == [1, 2] && {'a': 1} == {'a': 1} && {'a': 1} != {'a': 2}", "true"},
        {"2 in [1, 2] && 'a' in {'a': 1} && !(3 in [1, 2])", "true"},
        {"[1, 2, 3][1]", "2"},
        {"[1][2]", "index out of bounds: 2"},
        {"{'a': 1}['b']", "no such key: b"},
        {"{1: 'x'}[1]", "x"},
        {"true || 1 / 0 == 1", "true"},
        {"1 / 0 == 1 || true", "true"},
        {"1 / 0 == 1 && false", "false"},
        {"1 / 0 == 1 && true", "division by zero"},
        {"true ? 'a' : 'b'", "a"},
        {"{'a': 1, 'a': 2}", "Failed with repeated key a"},
        {"unset + 1", "no such attribute(s): unset"},
        {"!!true", "true"},
        {"r'\\n'.size() + '\\n'.size()", "3"},
        {"'\\u00e9'.size() + size(bytes('\\u00e9'))", "3"},
    };
    RUN(cases);
}

TEST(objects) {
    static const struct eval_case cases[] = {
        {"o.replicas + 1", "4"},
        {"o.ratio", "0.5"},
        {"o.labels.app + o.labels['tier']", "xdb"},
        {"o.nope", "no such key: nope"},
        {"has(o.name) && !has(o.nope) && has(o.none)", "true"},
        {"o.none == null", "true"},
        {"o.ports.map(p, p.port)", "[80, 443]"},
        {"o.ports.filter(p, p.port > 100).map(p, p.name)", "[\"b\"]"},
        {"o.ports.all(p, p.port > 0) && o.ports.exists(p, p.name == 'b')", "true"},
        {"o.ports.exists_one(p, p.port == 80)", "true"},
        {"o.ports.all(p, p.nope)", "no such key: nope"},
        {"o.ports.exists(p, p.nope == 1 || true)", "true"},
        {"o.?labels.?app.orValue('none') + o.?nope.?app.orValue('none')", "xnone"},
        {"o.?nope.hasValue()", "false"},
        {"o.?replicas.optMap(r, r * 2).value()", "6"},
        {"optional.none().or(optional.of(3)).value()", "3"},
        {"optional.none().value()", "optional.none() dereference"},
        {"dyn([?o.?nope, ?o.?name])", "[\"web\"]"},
        {"dyn({?'a': o.?nope, ?'b': o.?name})", "{\"b\":\"web\"}"},
        {"o.labels.map(k, k)", "[\"app\", \"tier\"]"},
        {"o.labels.transformMap(k, v, k + v)", "{\"app\":\"appx\", \"tier\":\"tierdb\"}"},
        {"o.labels.transformMapEntry(k, v, {v: k})", "{\"db\":\"tier\", \"x\":\"app\"}"},
        {"[1, 1].transformMapEntry(i, v, {v: i})", "insert failed: key 1 already exists"},
        {"o.big.n + o.big.a", "15"},
        {"o.big.all(k, v, o.big[k] == v)", "true"},
        {"cel.bind(x, o.replicas, x * x)", "9"},
        {"[1, 2, 3].transformList(i, v, i * v)", "[0, 2, 6]"},
        {"[[1, 2], [3]].map(l, l.map(x, x + 1))", "[[2, 3], [4]]"},
        {"JSONPatch{op: 'add', path: '/a/' + jsonpatch.escapeKey('b/c~d')}.path", "/a/b~1c~0d"},
        {"Object{spec: Object.spec{replicas: 3}}.spec.replicas", "3"},
        {"type(o.ports) == list && type(1) == int && type(type(1)) == type", "true"},
        {"[1, 2].first().value() + [1, 2].last().value()", "3"},
    };
    RUN(cases);
}

TEST(strings) {
    static const struct eval_case cases[] = {
        {"'tacocat'.charAt(3)", "o"},
        {"'tacocat'.charAt(8)", "index out of range: 8"},
        {"'hello mellow'.indexOf('ello', 2)", "7"},
        {"'hello mellow'.lastIndexOf('ello')", "7"},
        {"'hello mellow'.lastIndexOf('ello', 6)", "1"},
        {"'abc'.indexOf('')", "0"},
        {"'\\u00e9\\u00e8a'.indexOf('a')", "2"},
        {"'hello hello'.replace('he', 'we', 1)", "wello hello"},
        {"'ab'.replace('', '-')", "-a-b-"},
        {"'hello hello hello'.split(' ', 2)", "[\"hello\", \"hello hello\"]"},
        {"'abc'.split('')", "[\"a\", \"b\", \"c\"]"},
        {"'a,b'.split(',', 0)", "[]"},
        {"'tacocat'.substring(4)", "cat"},
        {"'tacocat'.substring(0, 4)", "taco"},
        {"'tacocat'.substring(2, 1)", "invalid substring range. start: 2, end: 1"},
        {"'  \\ttrim\\n  '.trim()", "trim"},
        {"'TacoCat'.lowerAscii() + 'TacoCat'.upperAscii()", "tacocatTACOCAT"},
        {"['x', 'y'].join('-') + ['x', 'y'].join()", "x-yxy"},
        {"strings.quote('a\"b\\n')", "\"a\\\"b\\n\""},
        {"'%d %s %x %b %o %.2f %e'.format([dyn(1), 'a', 255, 5, 8, 1.234, 1234.5])",
         "1 a ff 101 10 1.23 1.234500e+03"},
        {"'%s %s'.format([dyn(duration('1h30m')), timestamp('2020-01-02T03:04:05.5Z')])",
         "5400s 2020-01-02T03:04:05.5Z"},
        {"'%d'.format([dyn('a')])",
         "error during formatting: decimal clause can only be used on integers, was given string"},
        {"'abc'.matches('^[a-c]+$') && !'abd'.matches('^[a-c]+$')", "true"},
        {"matches('foobar', 'oba')", "true"},
        {"'abc 123 def 456'.find('[0-9]+')", "123"},
        {"'abc 123 def 456'.findAll('[0-9]+')", "[\"123\", \"456\"]"},
        {"'abc 123 def 456'.findAll('[0-9]+', 1)", "[\"123\"]"},
        {"'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')", "true"},
        {"'x'.matches('(')", "ERROR: <input>:1:26: invalid matches argument\n | "
                             "'%s'.format(['x'.matches('(')])\n | .........................^"},
        {"o.name.matches('(' + o.name)", "error parsing regexp: missing closing ): `(web`"},
    };
    RUN(cases);
}

TEST(conversions_and_times) {
    static const struct eval_case cases[] = {
        {"int('42') + int(3.9) + int(2u)", "47"},
        {"int('x')", "type conversion error from 'string' to 'int'"},
        {"int(1e30)", "integer overflow"},
        {"uint(-1)", "unsigned integer overflow"},
        {"double('1.5') + double(1)", "2.5"},
        {"string(1.0) + string(true) + string(1u) + string(b'x')", "1true1x"},
        {"bool('true') && !bool('f')", "true"},
        {"timestamp('2009-02-13T23:31:30Z').getHours()", "23"},
        {"timestamp('2009-02-13T23:31:30Z').getHours('+02:00')", "1"},
        {"timestamp('2009-02-13T23:31:30Z').getMonth()", "1"},
        {"timestamp('2009-02-13T23:31:30Z').getDate()", "13"},
        {"timestamp('2009-02-13T23:31:30Z').getDayOfMonth()", "12"},
        {"timestamp('2009-02-13T23:31:30Z').getDayOfWeek()", "5"},
        {"timestamp('2009-02-13T23:31:30Z').getDayOfYear()", "43"},
        {"timestamp('2009-02-13T23:31:30Z') + duration('240s') == "
         "timestamp('2009-02-13T23:35:30Z')",
         "true"},
        {"timestamp('2009-02-13T23:31:30Z') - timestamp('2009-02-13T23:31:00Z')", "30s"},
        {"duration('1h30m').getMinutes()", "90"},
        {"duration('1.5s').getMilliseconds()", "1500"},
        {"timestamp(0)", "1970-01-01T00:00:00Z"},
        {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "timestamp overflow"},
        {"duration('xyz')", "ERROR: <input>:1:23: invalid duration argument\n | "
                            "'%s'.format([duration('xyz')])\n | ......................^"},
        {"timestamp('2020')", "ERROR: <input>:1:24: invalid timestamp argument\n | "
                              "'%s'.format([timestamp('2020')])\n | .......................^"},
    };
    RUN(cases);
}

TEST(libraries_of_kubernetes) {
    static const struct eval_case cases[] = {
        {"[1, 3, 2].isSorted()", "false"},
        {"[1, 3].sum() + [4, 2].min() + [4, 2].max()", "10"},
        {"[].min() == 1", "min called on empty list"},
        {"[1, 2, 2].indexOf(2) + [1, 2, 2].lastIndexOf(2)", "3"},
        {"sets.contains([1, 2], [2]) && sets.equivalent([1, 1], [1]) && !sets.intersects([1], [2])",
         "true"},
        {"quantity('1Gi').isGreaterThan(quantity('1G'))", "true"},
        {"quantity('50k').add(20).sub(quantity('19')) == quantity('50001')", "true"},
        {"quantity('1500m').isInteger() || quantity('2').asInteger() != 2", "false"},
        {"quantity('1500m').asApproximateFloat()", "1.5"},
        {"quantity('-1').sign() + quantity('1').compareTo(quantity('2'))", "-2"},
        {"isQuantity('1x')", "false"},
        {"string(ip('2001:db8:0::1'))", "2001:db8::1"},
        {"ip('127.0.0.1').isLoopback() && ip('::1').isLoopback() && ip('::').isUnspecified()",
         "true"},
        {"isIP('10.0.0.01') || isIP('::ffff:1.2.3.4') || isIP('fe80::1%eth0') || isIP('1::2::3')",
         "false"},
        {"ip.isCanonical('127.0.0.1') && !ip.isCanonical('2001:DB8::1')", "true"},
        {"cidr('192.168.0.0/24').containsIP('192.168.0.1')", "true"},
        {"cidr('192.168.0.0/24').containsCIDR('192.168.0.0/16')", "false"},
        {"string(cidr('192.168.1.5/20').masked()) + string(cidr('10.0.0.0/8').ip())",
         "192.168.0.0/2010.0.0.0"},
        {"cidr('::1/128').prefixLength()", "128"},
        {"url('https://user@example.com:80/a%20b?k=a&k=b&l=%41').getHost()", "example.com:80"},
        {"url('https://[::1]:80/').getHostname() + url('https://[::1]:80/').getPort()", "::180"},
        {"url('https://x/a%20b?k=a&k=b&l=%41').getQuery()",
         "{\"k\":[\"a\", \"b\"], \"l\":[\"A\"]}"},
        {"url('/a/b').getEscapedPath()", "/a/b"},
        {"isURL('../x') || isURL('https://a b/')", "false"},
        {"semver('1.2.3').isLessThan(semver('1.2.4')) && semver('1.0.0-rc.2') != semver('1.0.0')",
         "true"},
        {"semver('1.0.0-rc.2').compareTo(semver('1.0.0-rc.10'))", "-1"},
        {"isSemver('v1.2') || !isSemver('v1.2', true)", "false"},
        {"semver('v01.1', true).major() + semver('1.2.3').patch()", "4"},
        {"format.dns1123Label().validate('good').hasValue()", "false"},
        {"format.named('labelValue').value().validate('bad').value()", "[\"not a label\"]"},
        {"format.named('nope').hasValue()", "false"},
        {"format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()", "false"},
        {"format.date().validate('2021-13-01').value()", "[\"invalid date\"]"},
        {"image('nginx').registry() + image('nginx').repository() + image('nginx').tag()",
         "index.docker.iolibrary/nginxlatest"},
        {"image('r.io/a/b:1').identifier()", "1"},
        {"isImage('registry.k8s.io//x')", "false"},
        {"authorizer.path('/healthz').check('get').allowed()", "true"},
        {"authorizer.group('').resource('pods').namespace('default').check('list').allowed()",
         "false"},
        {"authorizer.requestResource.check('get').allowed()", "true"},
        {"authorizer.serviceAccount('a', 'b').path('/x').check('get').error()", "unknown account"},
    };
    RUN(cases);
}

TEST(results_are_json) {
    struct fixture f;
    struct cel_value v;
    struct value json;
    struct buf b;
    fixture_init(&f);
    CHECK_INT(evaluate(&f,
                       STR("{'a': dyn([dyn(1), dyn(2.5), dyn('x'), dyn(null), dyn(true)]), 'o': "
                           "dyn(o.labels)}"),
                       COST_MAX, &v, NULL),
              0);
    CHECK_INT(cel_to_json(&f.a, &v, &json), 0);
    buf_init(&b, 0);
    value_write(&b, &json);
    CHECK_STRC(buf_str(&b),
               "{\"a\":[1,2.5,\"x\",null,true],\"o\":{\"app\":\"x\",\"tier\":\"db\"}}");
    buf_done(&b);
    CHECK_INT(evaluate(&f, STR("type(1)"), COST_MAX, &v, NULL), 0);
    CHECK_INT(cel_to_json(&f.a, &v, &json), -EINVAL);
    fixture_done(&f);
}

TEST(costs_are_counted) {
    static const struct {
        const char *source;
        uint64_t cost;
    } cases[] = {
        {"1 + 2", 1},
        {"o.name", 2},
        {"has(o.name)", 1},
        {"o.replicas > 2 && o.replicas < 5", 6},
        {"[1, 2].exists(x, x == 2)", 13},
        {"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.contains('bbbbbbbbbbbb')", 6},
        {"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('bbbbbbbb')", 6},
        {"authorizer.path('/x').check('get').allowed()", 350003},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        struct cel_value v;
        uint64_t cost = 0;
        fixture_init(&f);
        CHECK_INT(evaluate(&f, str_of(cases[i].source), COST_MAX, &v, &cost), 0);
        if (cost != cases[i].cost)
            tap_diag("in: %s", cases[i].source);
        CHECK_INT(cost, cases[i].cost);
        fixture_done(&f);
    }
}

/* What would take too long or too much ends with its limit. */
TEST(costs_are_limited) {
    static const char *const sources[] = {
        "[0,1,2,3,4,5,6,7,8,9].map(a, [0,1,2,3,4,5,6,7,8,9].map(b, [0,1,2,3,4,5,6,7,8,9].map(c, "
        "[0,1,2,3,4,5,6,7,8,9].map(d, [0,1,2,3,4,5,6,7,8,9].map(e, [0,1,2,3,4,5,6,7,8,9].map(f, "
        "[0,1,2,3,4,5,6,7,8,9].map(g, [0,1,2,3,4,5,6,7,8,9]))))))).size() > 0",
        "cel.bind(a, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', "
        "cel.bind(b, a+a+a+a+a+a+a+a+a+a, cel.bind(c, b+b+b+b+b+b+b+b+b+b, cel.bind(d, "
        "c+c+c+c+c+c+c+c+c+c, cel.bind(e, d+d+d+d+d+d+d+d+d+d, cel.bind(f, e+e+e+e+e+e+e+e+e+e, "
        "cel.bind(g, f+f+f+f+f+f+f+f+f+f, g+g+g+g+g+g+g+g+g+g))))))) == ''",
        "cel.bind(a, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', cel.bind(b, "
        "a.replace('', a), cel.bind(c, b.replace('', b), c.replace('', c)))) == ''",
        "cel.bind(a, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', cel.bind(b, a.replace('', a), "
        "cel.bind(c, b.replace('a', b), c.matches('(a{1,30}){1,30}b'))))",
    };
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        struct fixture f;
        struct cel_value v;
        int r;
        fixture_init(&f);
        r = evaluate(&f, str_of(sources[i]), COST_MAX, &v, NULL);
        CHECK(r < 0);
        CHECK_STRC(v.s, "operation cancelled: actual cost limit exceeded");
        fixture_done(&f);
    }
}
