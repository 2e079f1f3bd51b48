// SPDX-License-Identifier: Apache-2.0
/* What rules may cost for the sizes that schemas tell, and what names are to expressions. The costs
 * are those of the Go implementation. */
#include "api/structural/cel_env.h"
#include "api/structural/cel_sizes.h"
#include "cel/eval.h"
#include "schemas.h"

#define TEXT       "{'type':'string'}"
#define NUMBER     "{'type':'number'}"
#define LIST(x)    "{'type':'array','items':" x "}"
#define MAP(x)     "{'type':'object','additionalProperties':" x "}"
#define SHORT(n)   "{'type':'string','maxLength':" #n "}"
#define FORMAT(f)  "{'type':'string','format':'" f "'}"
#define INT_OR_STR "{'x-kubernetes-int-or-string':true}"
#define OBJECT                                                                                     \
    "{'type':'object','properties':{'required':" TEXT ",'optional':" TEXT "},'required':["         \
    "'required']}"

static const struct {
    const char *schema, *rule;
    uint64_t cost;
} cases[] = {
    {LIST(NUMBER), "self.all(x, true)", 4718591},
    {LIST(TEXT), "self.all(x, true)", 3145727},
    {LIST("{'type':'boolean'}"), "self.all(x, true)", 1887437},
    {"{'type':'array','maxItems':5,'items':{'type':'boolean'}}", "self.all(x, true)", 17},
    {"{'type':'array','maxItems':-5,'items':{'type':'boolean'}}", "self.all(x, true)", 2},
    {LIST(LIST(NUMBER)), "self.all(x, true)", 3145727},
    {LIST(OBJECT), "self.all(x, true)", 555128},
    {LIST(INT_OR_STR), "self.all(x, true)", 4718591},
    {LIST(FORMAT("duration")), "self.all(x, true)", 2359295},
    {LIST(FORMAT("date")), "self.all(x, true)", 725936},
    {LIST(FORMAT("date-time")), "self.all(x, true)", 428963},
    {LIST(MAP(NUMBER)), "self.all(x, x.y == 25.2)", 6291452},
    {LIST(TEXT), "self[1] == self[1]", 314577},
    {LIST(FORMAT("duration")), "self[0].getHours() == 2", 4},
    {LIST(INT_OR_STR), "self[0] == 5", 3},
    {"{'type':'array','maxItems':10,'items':" NUMBER "}", "self.all(x, self.all(y, true))", 352},
    {"{'type':'array','maxItems':6291456,'items':" NUMBER "}", "self.all(x, x == 0.0)", 25165826},
    {MAP(NUMBER), "self.all(x, true)", 1348169},
    {MAP(TEXT), "self.all(x, true)", 1179647},
    {MAP(OBJECT), "self.all(x, true)", 428963},
    {MAP(FORMAT("date")), "self.all(x, true)", 524288},
    {MAP(TEXT), "self.all(x, x.contains(self[x]))", 2752507},
    {"{'type':'object','maxProperties':10,'additionalProperties':" SHORT(10) "}",
     "self.all(x, x.contains(self[x]))", 72},
    {MAP(FORMAT("date-time")), "self['a'] == self['b']", 8},
    {MAP("{'type':'integer'}"), "oldSelf.size() == self.size()", 5},
    {TEXT, "self.contains('test')", 314574},
    {SHORT(10), "self.contains('test')", 5},
    {SHORT(4), "size(self + 'hello') > size('hello')", 7},
    {SHORT(0), "self == 'x'", 1},
    {TEXT, "self.find('[0-9]+') == ''", 629147},
    {FORMAT("byte"), "self == b'x'", 2},
    {"{'type':'string','format':'byte','maxLength':0}", "self == b'x'", 1},
    {"{'type':'string','enum':['A','B','LongValue']}", "self.contains('A')", 2},
    {"{'type':'string','maxLength':1000,'enum':['A']}", "self.contains('A')", 401},
    {"{'x-kubernetes-int-or-string':true,'maxLength':20}", "isQuantity(self)", 9},
    {INT_OR_STR, "isQuantity(self)", 314574},
    {LIST(TEXT), "self.join(' ') == 'aa bb'", 329853068905},
    {LIST(TEXT), "self.isSorted() == true", 329854432052},
    {"{'type':'object','properties':{'str':" TEXT ",'before':" SHORT(2) ",'after':" SHORT(4) "}}",
     "self.str.replace(self.before, self.after) == 'does not matter'", 629154},
    {"{'type':'object','properties':{'str':" SHORT(10) ",'separator':" SHORT(10) "}}",
     "self.str.split(self.separator) == []", 22},
};

static uint64_t cost_of(struct arena *a, const char *schema, bool resource, const char *rule) {
    const struct structural *s = schema_of(a, schema);
    const struct structural_part *self = structural_sizes_of(a, s, resource);
    const struct cel_program *program;
    struct structural_env env;
    str errors;
    REQUIRE(self && structural_env_init(a, s, resource, &env));
    REQUIRE(cel_compile(a, &env.plain, str_of(rule), &program, &errors) == 0);
    struct cel_sizes sizes = structural_sizes(self);
    uint64_t cost = cel_estimate(program, &sizes).max;
    structural_env_done(&env);
    return cost;
}

TEST(costs) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t cost = cost_of(&a, cases[i].schema, false, cases[i].rule);
        if (cost != cases[i].cost)
            tap_fail(__FILE__, __LINE__, "%s: %s: %llu, not %llu", cases[i].schema, cases[i].rule,
                     (unsigned long long)cost, (unsigned long long)cases[i].cost);
    }
    arena_done(&a);
}

static uint64_t fits(struct arena *a, const char *schema, bool resource) {
    return structural_part_fits(structural_sizes_of(a, schema_of(a, schema), resource));
}

/* What has to be sent of each leaves room for fewer. */
TEST(how_many_fit) {
    struct arena a;
    arena_init(&a, 0);
    CHECK_INT(fits(&a, NUMBER, false), 3 * 1024 * 1024 / 2);
    CHECK_INT(fits(&a, "{'type':'object'}", false), 3 * 1024 * 1024 / 3);
    CHECK_INT(fits(&a, OBJECT, false), 3 * 1024 * 1024 / 17);
    CHECK_INT(fits(&a,
                   "{'type':'object','required':['b','b','x'],'properties':{'b':" TEXT ",'c':" TEXT
                   "}}",
                   false),
              3 * 1024 * 1024 / 10);
    CHECK_INT(fits(&a,
                   "{'type':'object','required':['b'],'properties':{'b':{'type':'string',"
                   "'default':'x'}}}",
                   false),
              3 * 1024 * 1024 / 3);
    CHECK_INT(fits(&a, "{'type':'object','required':['kind','metadata']}", true),
              3 * 1024 * 1024 / 27);
    CHECK(!structural_sizes_of(&a, schema_of(&a, LIST("{}")), false));
    CHECK(!structural_sizes_of(&a, schema_of(&a, MAP("{}")), false));
    arena_done(&a);
}

/* Every resource has a name of any length, and parts that cannot be named have no size. */
TEST(names_of_parts) {
    struct arena a;
    arena_init(&a, 0);
    CHECK_INT(cost_of(&a, "{'type':'object'}", true, "self.metadata.name.contains('x')"), 314576);
    CHECK_INT(cost_of(&a, "{'type':'object','properties':{'a-b':" SHORT(10) "}}", false,
                      "self.a__dash__b.contains('test')"),
              6);
    arena_done(&a);
}

static bool says(const char *rule, const char *self) {
    struct structural_env env;
    struct arena a;
    arena_init(&a, 0);
    const struct cel_program *program;
    struct cel_binding binding = {"self", cel_string(str_of(self))};
    struct cel_activation vars = {&binding, 1};
    struct cel_value v;
    str errors;
    REQUIRE(structural_env_init(&a, schema_of(&a, TEXT), false, &env));
    REQUIRE(cel_compile(&a, &env.plain, str_of(rule), &program, &errors) == 0);
    bool ok = cel_eval(program, &a, &vars, 100000, &v, NULL) == 0 && v.tag == CEL_V_BOOL && v.b;
    structural_env_done(&env);
    arena_done(&a);
    return ok;
}

TEST(formats_of_names) {
    static const struct {
        const char *kind, *good, *bad;
    } formats[] = {
        {"dns1123Label", "a-1", "a.b"},
        {"dns1123Subdomain", "a.1", "A"},
        {"dns1035Label", "a-1", "1a"},
        {"qualifiedName", "a.b/C_d", "/a"},
        {"labelValue", "A.b", "-a"},
        {"dns1123LabelPrefix", "a-", "a.b-"},
        {"dns1123SubdomainPrefix", "a.b-", "-"},
        {"dns1035LabelPrefix", "ab-", "1b-"},
    };
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        char rule[128];
        snprintf(rule, sizeof(rule), "!format.%s().validate(self).hasValue()", formats[i].kind);
        if (!says(rule, formats[i].good))
            tap_fail(__FILE__, __LINE__, "%s: %s", formats[i].kind, formats[i].good);
        if (!says(rule + 1, formats[i].bad))
            tap_fail(__FILE__, __LINE__, "%s: %s", formats[i].kind, formats[i].bad);
    }
    CHECK(says(
        "format.dns1123Label().validate(self).value() == ['must be no more than 63 characters']",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}
