// SPDX-License-Identifier: Apache-2.0
/* What a schema of custom resources is told, whole and in order: the rules of structural schemas
 * have no lines in the index that test/rules plays. */
#include "rule_objects.h"

#define ROOT "spec.validation.openAPIV3Schema"

static const struct {
    const char *schema;
    const char *errors[6];
} cases[] = {
    {"{'type':'object'}", {NULL}},
    {"{}", {ROOT ".type: Required value: must not be empty at the root"}},
    {"{'type':'array','items':{'type':'string'}}",
     {ROOT ".type: Invalid value: \"array\": must be object at the root"}},
    {"{'type':'object','additionalProperties':true}",
     {ROOT ".additionalProperties: Forbidden: must not be used at the root"}},
    {"{'type':'object','properties':{'a':{}}}",
     {ROOT ".properties[a].type: Required value: must not be empty for specified object fields"}},
    {"{'type':'object','properties':{'a':{'type':'array'}}}",
     {ROOT ".properties[a].items: Required value: must be specified"}},
    {"{'type':'object','properties':{'a':{'type':'array','items':{}}}}",
     {ROOT ".properties[a].items.type: Required value: must not be empty for specified array "
           "items"}},
    /* in the order of the texts, not of the places */
    {"{'type':'object','properties':{'b':{},'a':{'type':'array'},'c':{'anyOf':[{'type':'string'}],"
     "'type':'string'}}}",
     {ROOT ".properties[a].items: Required value: must be specified",
      ROOT ".properties[b].type: Required value: must not be empty for specified object fields",
      ROOT ".properties[c].anyOf[0].type: Forbidden: must be empty to be structural"}},
    {"{'type':'object','properties':{'a':{'x-kubernetes-int-or-string':true,'anyOf':[{'type':"
     "'integer'},{'type':'string'}]}}}",
     {NULL}},
    {"{'type':'object','properties':{'a':{'x-kubernetes-int-or-string':true,'allOf':[{'anyOf':[{"
     "'type':'integer'},{'type':'string'}]},{'pattern':'x'}]}}}",
     {NULL}},
    {"{'type':'object','properties':{'a':{'x-kubernetes-int-or-string':true,'anyOf':[{'type':"
     "'string'},{'type':'integer'}]}}}",
     {ROOT ".properties[a].anyOf[0].type: Forbidden: must be empty to be structural",
      ROOT ".properties[a].anyOf[1].type: Forbidden: must be empty to be structural"}},
    {"{'type':'object','properties':{'a':{'x-kubernetes-int-or-string':true,"
     "'x-kubernetes-preserve-unknown-fields':true}}}",
     {ROOT ".properties[a].x-kubernetes-preserve-unknown-fields: Invalid value: true: must be "
           "false if x-kubernetes-int-or-string is true"}},
    {"{'type':'object','properties':{'a':{'type':'string','x-kubernetes-embedded-resource':true,"
     "'x-kubernetes-preserve-unknown-fields':true}}}",
     {ROOT ".properties[a].type: Invalid value: \"string\": must be object if "
           "x-kubernetes-embedded-resource is true"}},
    {"{'type':'object','properties':{'a':{'type':'object','x-kubernetes-embedded-resource':true}}}",
     {ROOT ".properties[a].properties: Required value: must not be empty if "
           "x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"}},
    {"{'type':'object','properties':{'metadata':{'type':'object','properties':{'name':{'type':"
     "'string','maxLength':5}}}}}",
     {NULL}},
    {"{'type':'object','properties':{'metadata':{'type':'object','properties':{'labels':{'type':"
     "'object'}}}}}",
     {ROOT ".properties[metadata]: Forbidden: must not specify anything other than name and "
           "generateName, but metadata is implicitly specified"}},
    {"{'type':'object','properties':{'kind':{'type':'integer'}}}",
     {ROOT ".properties[kind].type: Invalid value: \"integer\": must be string"}},
    {"{'type':'object','properties':{'a':{'type':'string','pattern':'[a'}}}",
     {ROOT ".properties[a].pattern: Invalid value: \"[a\": must be a valid regular expression, but "
           "isn't: error parsing regexp: missing closing ]: `[a`"}},
    {"{'type':'object','properties':{'a':{'type':'string','default':5}}}",
     {ROOT ".properties[a].default: Invalid value: \"integer\":  in body must be of type string: "
           "\"integer\""}},
    {"{'type':'object','properties':{'a':{'type':'object','default':{'b':'x','c':1},'properties':{"
     "'b':{'type':'string','maxLength':0}}}}}",
     {ROOT ".properties[a].default: Invalid value: {\"b\":\"x\",\"c\":1}: must not have unknown "
           "fields",
      ROOT ".properties[a].default.b: Too long: may not be more than 0 bytes"}},
    {"{'type':'object','properties':{'r':{'type':'object','x-kubernetes-embedded-resource':true,"
     "'x-kubernetes-preserve-unknown-fields':true,'default':{'apiVersion':'a/b/c','kind':'K',"
     "'metadata':{'name':'a/b'}}}}}",
     {ROOT ".properties[r].default.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion "
           "string: a/b/c",
      ROOT ".properties[r].default.metadata.name: Invalid value: \"a/b\": may not contain '/'"}},
    {"{'type':'object','properties':{'r':{'type':'object','x-kubernetes-embedded-resource':true,"
     "'properties':{'kind':{'type':'string','default':'-'},'metadata':{'type':'object',"
     "'properties':{'name':{'type':'string','default':'ok'},'labels':{'type':'object','default':5}}"
     "}}}}}",
     {ROOT
      ".properties[r].properties[kind].default: Invalid value: \"-\": must result in valid "
      "metadata: kind: Invalid value: \"-\": may have mixed case, but should otherwise match: a "
      "DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
      "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
      "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ROOT
      ".properties[r].properties[metadata].properties[labels].default: Invalid value: 5: must "
      "result in valid metadata: metadata: Invalid value: {\"labels\":5}: json: cannot unmarshal "
      "number into Go struct field ObjectMeta.labels of type map[string]string"}},
    /* rules: self is what the schema says, behind the errors of schemas */
    {"{'type':'object','x-kubernetes-validations':[{'rule':'self.a > 1'}]}",
     {ROOT ".x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"self.a \\u003e "
           "1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\","
           "\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:5: undefined field "
           "'a'\n | self.a > 1\n | ....^"}},
    {"{'type':'object','properties':{'b-c':{'type':'array','items':{'type':'string'}},'__x':{"
     "'x-kubernetes-int-or-string':true},'when':{'type':'string','format':'date-time'},'m':{'type':"
     "'object','additionalProperties':{'type':'number'}},'in':{'type':'boolean'}},"
     "'x-kubernetes-validations':[{'rule':'self.b__dash__c.all(s, s.size() > 2)'},{'rule':"
     "'type(self.__underscores__x) == int'},{'rule':'self.when < timestamp(\\'2024-01-01T00:00:00Z"
     "\\') && self.m[\\'x\\'] > 1.5'},{'rule':'self.__in__'},{'rule':"
     "'self.metadata.name != self.kind'}]}",
     {NULL}},
    {"{'type':'object','properties':{'l':{'type':'array','items':{'type':'integer',"
     "'x-kubernetes-validations':[{'rule':'self > oldSelf'}]}},'o':{'type':'integer',"
     "'x-kubernetes-validations':[{'rule':'self > oldSelf'},{'rule':'oldSelf.hasValue()',"
     "'optionalOldSelf':true}]}}}",
     {ROOT
      ".properties[l].items.x-kubernetes-validations[0].rule: Invalid value: \"self > oldSelf\": "
      "oldSelf cannot be used on the uncorrelatable portion of the schema within " ROOT
      ".properties[l]"}},
    {"{'type':'object','allOf':[{'properties':{'a':{'minLength':1}}}]}",
     {ROOT ".properties[a]: Required value: because it is defined in " ROOT
           ".allOf[0].properties[a]"}},
    {"{'type':'object','not':{'properties':{'metadata':{'nullable':true,'default':{},'title':'t'}}}"
     ",'properties':{'metadata':{'type':'object'}}}",
     {ROOT ".not.properties[metadata].default: Forbidden: must be undefined to be structural",
      ROOT ".not.properties[metadata].nullable: Forbidden: must be false to be structural",
      ROOT ".not.properties[metadata].title: Forbidden: must be empty to be structural",
      ROOT ".not.properties[metadata]: Forbidden: must not be specified in a nested context"}},
};

/* Single quotes for double ones. */
static str quoted(struct arena *a, const char *s) {
    size_t n = strlen(s);
    char *p = arena_dup(a, s, n);
    for (size_t i = 0; i < n; i++)
        p[i] = p[i] == '\'' ? '"' : p[i];
    return str_n(p, n);
}

/* A definition with that schema, as it is stored. */
static void *definition(struct subject *s, const char *schema) {
    struct value v;
    struct err e;
    REQUIRE(subject_of(s->arena, STR("CustomResourceDefinition"), s));
    REQUIRE(value_parse(s->arena, quoted(s->arena, schema), &v, NULL, &e) == 0);
    struct value *versions = value_getc(value_getc(&s->sent, "spec"), "versions");
    *value_getc(value_getc(&versions->list.v[0], "schema"), "openAPIV3Schema") = v;
    void *obj = decode(s, &s->sent, true);
    REQUIRE(obj);
    created(s, obj, false);
    return obj;
}

static struct field_errors errors_of(struct arena *a, const char *schema, const char *old) {
    struct subject s = {.arena = a};
    struct field_errors fe = {.arena = a};
    void *was = old ? definition(&s, old) : NULL, *obj = definition(&s, schema);
    hooks_validate(&fe, s.resource, s.resource, obj, was);
    return fe;
}

TEST(schemas) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct field_errors fe = errors_of(&a, cases[i].schema, NULL);
        uint32_t n = 0;
        for (; n < ARRAY_LEN(cases[i].errors) && cases[i].errors[n]; n++)
            CHECK_STRC(n < fe.list.n ? field_error_str(&a, &fe.list.v[n]) : STR("no error"),
                       cases[i].errors[n]);
        for (uint32_t k = n; k < fe.list.n; k++)
            tap_fail(__FILE__, __LINE__, "%s: more: " STR_FMT, cases[i].schema,
                     STR_ARG(field_error_str(&a, &fe.list.v[k])));
        arena_reset(&a);
    }
    arena_done(&a);
}

static const struct {
    const char *schema, *error;
} waived[] = {
    {"{'type':'object','properties':{'a':{'type':'text'}}}",
     ".properties[a].type: Unsupported value"},
    {"{'type':'object','properties':{'a':{'type':'array','x-kubernetes-list-type':'set','items':{"
     "'type':'object'}}}}",
     ".properties[a].items.x-kubernetes-map-type: Invalid value: null"},
    {"{'type':'object','properties':{'a':{'type':'array','x-kubernetes-list-type':'map',"
     "'x-kubernetes-list-map-keys':['k'],'items':{'type':'object','properties':{'k':{'type':"
     "'string'}}}}}}",
     ".properties[a].items.properties[k].default: Required value"},
    {"{'type':'object','properties':{'a':{'type':'object','default':{'b':1}}}}",
     ".properties[a].default: Invalid value: {\"b\":1}: must not have unknown fields"},
};

/* What a stored definition breaks it may go on to break. */
TEST(waivers) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(waived); i++) {
        struct field_errors fe = errors_of(&a, waived[i].schema, "{'type':'object'}");
        str want = str_printf(&a, ROOT "%s", waived[i].error);
        if (fe.list.n != 1 || !str_starts(field_error_str(&a, &fe.list.v[0]), want))
            tap_fail(__FILE__, __LINE__, "%s: %u errors", waived[i].schema, fe.list.n);
        CHECK_INT(errors_of(&a, waived[i].schema, waived[i].schema).list.n, 0);
    }
    arena_done(&a);
}

/* As deep as JSON may be. */
TEST(deep_schemas) {
    static const struct {
        const char *open, *close;
        int n;
    } nests[] = {{"{'type':'object','properties':{'a':", "}}", 250},
                 {"{'type':'array','items':", "}", 480},
                 {"{'not':", "}", 480}};
    for (size_t i = 0; i < ARRAY_LEN(nests); i++) {
        struct arena a;
        struct buf b = {0};
        arena_init(&a, 0);
        buf_adds(&b, "{'type':'object','properties':{'a':");
        for (int k = 0; k < nests[i].n; k++)
            buf_add(&b, str_of(nests[i].open));
        buf_adds(&b, "{}");
        for (int k = 0; k < nests[i].n; k++)
            buf_add(&b, str_of(nests[i].close));
        buf_adds(&b, "}}");
        buf_addc(&b, 0);
        CHECK_INT(errors_of(&a, b.p, NULL).list.n, 1);
        buf_done(&b);
        arena_done(&a);
    }
}

/* A long default, and many alternatives for each of its elements. */
TEST(costly_defaults) {
    struct arena a;
    struct buf b = {0};
    arena_init(&a, 0);
    buf_adds(&b, "{'type':'object','properties':{'a':{'type':'array','default':[0");
    for (int i = 0; i < 3000; i++)
        buf_adds(&b, ",0");
    buf_adds(&b, "],'items':{'type':'integer','anyOf':[{}");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, ",{'maxLength':%d}", i);
    buf_adds(&b, "],'oneOf':[{'minimum':0}");
    for (int i = 0; i < 1000; i++)
        buf_adds(&b, ",{'minimum':1}");
    buf_adds(&b, "]}}}}");
    buf_addc(&b, 0);
    struct field_errors fe = errors_of(&a, b.p, NULL);
    CHECK_INT(fe.list.n, 1);
    if (fe.list.n)
        CHECK_STRC(field_error_str(&a, &fe.list.v[0]), ROOT
                   ".properties[a].default: Invalid value: \"\": takes more than 1000000 checks "
                   "against its schema");
    buf_done(&b);
    arena_done(&a);
}

#define RULED(schema, rule) "{" schema ",'x-kubernetes-validations':[{'rule':'" rule "'}]}"
#define KEYWORD             RULED("'type':'string','maxLength':5000", "self.contains(\\\"k\\\")")
#define COSTLY                                                                                     \
    "{'type':'object','properties':{'list':{'type':'array','maxItems':100000,'items':" KEYWORD     \
    "},'map':{'type':'object','maxProperties':1000,'additionalProperties':" KEYWORD                \
    "},'field':" RULED("'type':'integer'", "self > 50 && self < 100") "}}"
#define REMEDY                                                                                     \
    " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, "  \
    "maps, and strings are declared)"
#define PART                                                                                       \
    "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
#define LIST_RULE ROOT ".properties[list].items.x-kubernetes-validations[0].rule: Forbidden: "
#define MAP_RULE                                                                                   \
    ROOT ".properties[map].additionalProperties.x-kubernetes-validations[0].rule: Forbidden: "

static const struct {
    const char *schema, *old;
    const char *errors[6];
} costs[] = {
    {COSTLY,
     NULL,
     {LIST_RULE "estimated rule cost exceeds budget by factor of 20.0x" REMEDY, LIST_RULE PART,
      MAP_RULE PART,
      ROOT ": Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 "
           "schema exceeds budget by factor of 2.0x" REMEDY}},
    /* A schema that is as it was is not refused for any single rule. */
    {COSTLY,
     COSTLY,
     {LIST_RULE PART, MAP_RULE PART,
      ROOT ": Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 "
           "schema exceeds budget by factor of 2.0x" REMEDY}},
    /* As many as fit in a request: 3 MiB / (2 + 1). */
    {"{'type':'object','properties':{'list':{'type':'array','items':" RULED(
         "'type':'string','maxLength':20", "self.contains(\\\"k\\\") && self != \\\"k\\\"") "}}}",
     NULL,
     {LIST_RULE "estimated rule cost exceeds budget by factor of 1.153434x" REMEDY}},
    {"{'type':'object','properties':{'list':{'type':'array','maxItems':0,'items':{'type':'array',"
     "'maxItems':10,'items':" RULED("'type':'string'", "self == self") "}}}}",
     NULL,
     {NULL}},
    {"{'type':'object','properties':{'list':{'type':'array','items':{'type':'array','maxItems':"
     "1000,'items':" RULED("'type':'string'", "self.contains(self)") "}}}}",
     NULL,
     {ROOT ".properties[list].items.items.x-kubernetes-validations[0].rule: Forbidden: estimated "
           "rule cost exceeds budget by factor of more than 100x" REMEDY,
      ROOT ".properties[list].items.items.x-kubernetes-validations[0].rule: Forbidden: " PART,
      ROOT ": Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 "
           "schema exceeds budget by factor of more than 100x" REMEDY}},
};

TEST(costs_of_rules) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(costs); i++) {
        struct field_errors fe = errors_of(&a, costs[i].schema, costs[i].old);
        uint32_t n = 0;
        for (; n < ARRAY_LEN(costs[i].errors) && costs[i].errors[n]; n++)
            CHECK_STRC(n < fe.list.n ? field_error_str(&a, &fe.list.v[n]) : STR("no error"),
                       costs[i].errors[n]);
        CHECK_INT(fe.list.n, n);
    }
    arena_done(&a);
}

/* The four most expensive are named, the most expensive first, whatever their order. */
TEST(costliest_rules) {
    static const int lengths[] = {6000, 10000, 2000, 18000, 14000, 4000};
    static const char *const named[] = {"[d]", "[e]", "[b]", "[a]"};
    struct arena a;
    struct buf b = {0};
    uint32_t at = 0;
    arena_init(&a, 0);
    buf_adds(&b, "{'type':'object','properties':{");
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++)
        buf_printf(&b, "%s'%c':" RULED("'type':'string','maxLength':%d", "self.contains(self)"),
                   i ? "," : "", (int)('a' + i), lengths[i]);
    buf_adds(&b, "}}");
    buf_addc(&b, 0);
    struct field_errors fe = errors_of(&a, b.p, NULL);
    for (uint32_t i = 0; i < fe.list.n; i++) {
        str s = field_error_str(&a, &fe.list.v[i]);
        if (str_find(s, STR("contributed")) < 0)
            continue;
        if (at >= ARRAY_LEN(named) || str_find(s, str_of(named[at])) < 0)
            tap_fail(__FILE__, __LINE__, "%u: " STR_FMT, at, STR_ARG(s));
        at++;
    }
    CHECK_INT(at, ARRAY_LEN(named));
    buf_done(&b);
    arena_done(&a);
}
