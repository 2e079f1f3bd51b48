// SPDX-License-Identifier: Apache-2.0
/* Merging, comparing, removing and checking by schema. Orders of merged lists are those that
 * structured-merge-diff promises. */
#include "schema/field_merge.h"

#include "owned.h"

struct merge_case {
    const char *live, *config, *want;
};

static void check_merge(const struct merge_case *c) {
    struct arena a;
    struct err e = {0};
    struct value out;
    arena_init(&a, 0);
    struct value live = tree(&a, c->live), config = tree(&a, c->config), want = tree(&a, c->want);
    if (field_merge(&a, SCHEMA, &live, &config, &out, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s + %s: %s", c->live, c->config, e.text);
    else if (!value_equal(&out, &want))
        tap_fail(__FILE__, __LINE__, "%s + %s: got " STR_FMT, c->live, c->config,
                 STR_ARG(printed(&a, &out)));
    arena_done(&a);
}

TEST(merge_by_parts) {
    static const struct merge_case cases[] = {
        {"{}", "{'numeric':1}", "{'numeric':1}"},
        {"{'numeric':1}", "{'numeric':2}", "{'numeric':2}"},
        {"{'text':'a'}", "{'flag':true}", "{'text':'a','flag':true}"},
        {"{'text':'a'}", "{'text':null}", "{'text':null}"},
        {"{'map':{}}", "{'map':null}", "{'map':null}"},
        {"{'map':{'a':'1'}}", "{'map':null}", "{'map':{'a':'1'}}"},
        {"{'map':{'a':'1'}}", "{'map':{}}", "{'map':{'a':'1'}}"},
        {"{'map':{'a':'1','b':'2'}}", "{'map':{'b':'3','c':'4'}}",
         "{'map':{'a':'1','b':'3','c':'4'}}"},
        {"{'wholeMap':{'a':'1'}}", "{'wholeMap':{'b':'2'}}", "{'wholeMap':{'b':'2'}}"},
        {"{'wholeList':['a']}", "{'wholeList':['b']}", "{'wholeList':['b']}"},
        {"{'exact':{'x':'1'}}", "{'exact':{'y':'2'}}", "{'exact':{'y':'2'}}"},
        {"{'part':{'name':'a','value':1}}", "{'part':{'name':'b'}}",
         "{'part':{'name':'b','value':1}}"},
        {"{'raw':{'a':1}}", "{'raw':{'b':2}}", "{'raw':{'b':2}}"},
        {"{'any':{'a':{'x':1},'l':[1]}}", "{'any':{'a':{'y':2},'l':[2]}}",
         "{'any':{'a':{'x':1,'y':2},'l':[2]}}"},
        {"{'any':{'a':1}}", "{'any':{'a':{'b':1}}}", "{'any':{'a':{'b':1}}}"},
        {"{'any':{'a':{'b':1}}}", "{'any':{'a':1}}", "{'any':{'a':1}}"},
        {"{'any':{'a':{'b':1}}}", "{'any':{'a':null}}", "{'any':{'a':{'b':1}}}"},
        {"{'any':{'a':[1]}}", "{'any':{'a':null}}", "{'any':{'a':null}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_merge(&cases[i]);
}

struct order_case {
    const char *live, *config, *want; /* a word is a list of its letters */
};

static void check_order(const struct order_case *c) {
    struct arena a;
    struct err e = {0};
    struct value v[3];
    struct value out;
    const char *const words[] = {c->live, c->config, c->want};
    arena_init(&a, 0);
    for (int k = 0; k < 3; k++) {
        v[k] = tree(&a, "{'setStr':[]}");
        struct value *list = value_getc(&v[k], "setStr");
        list->list.n = (uint32_t)strlen(words[k]);
        list->list.v = arena_array(&a, list->list.n, sizeof(struct value));
        for (uint32_t i = 0; i < list->list.n; i++)
            list->list.v[i] = (struct value){.tag = VALUE_STR, .s = {words[k] + i, 1}};
    }
    CHECK_INT(field_merge(&a, SCHEMA, &v[0], &v[1], &out, &e), 0);
    if (!value_equal(&out, &v[2]))
        tap_fail(__FILE__, __LINE__, "%s + %s: got " STR_FMT ", want %s", c->live, c->config,
                 STR_ARG(printed(&a, &out)), c->want);
    arena_done(&a);
}

TEST(merged_sets_keep_an_order) {
    static const struct order_case cases[] = {
        {"abc", "ab", "abc"},
        {"ab", "abc", "abc"},
        {"abc", "", "abc"},
        {"", "abc", "abc"},
        {"ab", "ba", "ba"},
        {"abc", "def", "abcdef"},
        {"abc", "cdef", "abcdef"},
        {"abcgf", "cdef", "abcgdef"},
        {"abc", "defxyz", "abcdefxyz"},
        {"cdef", "ace", "acdef"},
        {"abcxyz", "def", "abcxyzdef"},
        {"abcxyz", "defxyz", "abcdefxyz"},
        {"cagf", "cfag", "cfag"},
        {"abcd", "defa", "bcdefa"},
        {"cdefghij", "2h3e4kl", "cdfg2hij3e4kl"},
        {"abcdefghij", "1b2h3e4kl", "a1bcdfg2hij3e4kl"},
        /* items twice in the stored list */
        {"abb", "c", "abbc"},
        {"abb", "b", "ab"},
        {"abb", "a", "abb"},
        {"abcdec", "1b2ed", "a1bc2ecd"},
        {"abcdec", "1b2ced", "a1b2ced"},
        {"aabb", "bcd", "aabcd"},
        {"aabb", "", "aabb"},
        {"cagfca", "cfag", "cfag"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_order(&cases[i]);
    static const struct merge_case others[] = {
        {"{'setBool':[true]}", "{'setBool':[false]}", "{'setBool':[true,false]}"},
        {"{'setBool':[true,false,true]}", "{'setBool':[true]}", "{'setBool':[true,false]}"},
        {"{'setNumeric':[1,2,3,1,2]}", "{'setNumeric':[1,2,4]}", "{'setNumeric':[1,2,3,4]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_merge(&others[i]);
}

TEST(merged_items_by_key) {
    static const struct merge_case cases[] = {
        {"{'list':[{'name':'a','value':1},{'name':'b'}]}",
         "{'list':[{'name':'b','value':2},{'name':'c'}]}",
         "{'list':[{'name':'a','value':1},{'name':'b','value':2},{'name':'c'}]}"},
        {"{'list':[{'name':'a','value':1,'more':2}]}", "{'list':[{'name':'a','value':3}]}",
         "{'list':[{'name':'a','value':3,'more':2}]}"},
        /* a key that is left out has its default */
        {"{'doors':[{'port':1,'protocol':'TCP','name':'x'}]}", "{'doors':[{'port':1}]}",
         "{'doors':[{'port':1,'protocol':'TCP','name':'x'}]}"},
        {"{'doors':[{'port':1,'protocol':'TCP'}]}", "{'doors':[{'port':1,'protocol':'UDP'}]}",
         "{'doors':[{'port':1,'protocol':'TCP'},{'port':1,'protocol':'UDP'}]}"},
        {"{'groups':[{'name':'g','parts':[{'name':'a','value':1}]}]}",
         "{'groups':[{'name':'g','parts':[{'name':'b','value':2}]}]}",
         "{'groups':[{'name':'g','parts':[{'name':'a','value':1},{'name':'b','value':2}]}]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_merge(&cases[i]);
}

/* ---- sets of objects ---- */

TEST(paths_of_objects) {
    static const struct {
        const char *object, *want;
    } cases[] = {
        {"{}", "{}"},
        {"{'text':'a','numeric':null}", "{'f:numeric':{},'f:text':{}}"},
        {"{'map':{'b':'1','a':'2'}}", "{'f:map':{'f:a':{},'f:b':{}}}"},
        {"{'map':{}}", "{'f:map':{}}"},
        {"{'map':null}", "{'f:map':{}}"},
        {"{'wholeMap':{'a':'1'}}", "{'f:wholeMap':{}}"},
        {"{'list':[]}", "{}"},
        {"{'list':null}", "{'f:list':{}}"},
        {"{'list':[{'name':'a','value':1}]}",
         "{'f:list':{'k:{\\'name\\':\\'a\\'}':{'.':{},'f:name':{},'f:value':{}}}}"},
        {"{'doors':[{'port':80}]}",
         "{'f:doors':{'k:{\\'port\\':80,\\'protocol\\':\\'TCP\\'}':{'.':{},'f:port':{}}}}"},
        {"{'setStr':['b','a']}", "{'f:setStr':{'v:\\'a\\'':{},'v:\\'b\\'':{}}}"},
        {"{'setNumeric':[1,1,3]}", "{'f:setNumeric':{'v:1':{},'v:3':{}}}"},
        {"{'list':[{'name':'a','value':1},{'name':'a'},{'name':'b'}]}",
         "{'f:list':{'k:{\\'name\\':\\'a\\'}':{},'k:{\\'name\\':\\'b\\'}':{'.':{},'f:name':{}}}}"},
        {"{'parts':{'p':{'name':'x'},'q':{}}}",
         "{'f:parts':{'f:p':{'.':{},'f:name':{}},'f:q':{}}}"},
        {"{'part':{}}", "{'f:part':{}}"},
        {"{'part':{'name':'x'}}", "{'f:part':{'f:name':{}}}"},
        {"{'exact':{'x':'1'}}", "{'f:exact':{}}"},
        {"{'raw':{'a':{'b':1}}}", "{'f:raw':{}}"},
        {"{'any':{'a':{'b':1},'c':[1]}}", "{'f:any':{'f:a':{'.':{},'f:b':{}},'f:c':{}}}"},
        {"{'any':5}", "{'f:any':{}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct value v = tree(&a, cases[i].object);
        struct fieldset got = field_paths(&a, SCHEMA, &v);
        /* the inner quotes of keys are escaped in the text */
        CHECK_STRC(set_text(&a, &got), cases[i].want);
        arena_done(&a);
    }
}

TEST(changes_between_objects) {
    static const struct {
        const char *from, *to, *removed, *modified, *added;
    } cases[] = {
        {"{'text':'a'}", "{'text':'a'}", "{}", "{}", "{}"},
        {"{'text':'a'}", "{'text':'b','numeric':1}", "{}", "{'f:text':{}}", "{'f:numeric':{}}"},
        {"{'text':'a'}", "{}", "{'f:text':{}}", "{}", "{}"},
        {"{}", "{'map':{'a':'1'}}", "{}", "{}", "{'f:map':{'.':{},'f:a':{}}}"},
        {"{'map':{'a':'1'}}", "{'map':{'b':'1'}}", "{'f:map':{'f:a':{}}}", "{}",
         "{'f:map':{'f:b':{}}}"},
        {"{'map':{}}", "{'map':null}", "{}", "{'f:map':{}}", "{}"},
        {"{'wholeList':['a']}", "{'wholeList':['b']}", "{}", "{'f:wholeList':{}}", "{}"},
        {"{'setNumeric':[1,3]}", "{'setNumeric':[1,1,3]}", "{'f:setNumeric':{'v:1':{}}}", "{}",
         "{'f:setNumeric':{'v:1':{}}}"},
        {"{'any':{'a':{'b':1}}}", "{'any':{'a':1}}", "{'f:any':{'f:a':{'f:b':{}}}}",
         "{'f:any':{'f:a':{}}}", "{}"},
        {"{'list':[{'name':'a','value':1},{'name':'b'}]}",
         "{'list':[{'name':'b'},{'name':'a','value':2}]}", "{}",
         "{'f:list':{'k:{\\'name\\':\\'a\\'}':{'f:value':{}}}}", "{}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct value from = tree(&a, cases[i].from), to = tree(&a, cases[i].to);
        struct field_changes c = field_compare(&a, SCHEMA, &from, &to);
        CHECK_STRC(set_text(&a, &c.removed), cases[i].removed);
        CHECK_STRC(set_text(&a, &c.modified), cases[i].modified);
        CHECK_STRC(set_text(&a, &c.added), cases[i].added);
        arena_done(&a);
    }
}

TEST(removal) {
    static const struct {
        const char *object, *set, *want;
    } cases[] = {
        {"{'text':'a','numeric':1}", "{'f:text':{}}", "{'numeric':1}"},
        {"{'text':'a'}", "{'f:text':{}}", "null"},
        {"{'text':'a','map':{'a':'1'}}", "{'f:map':{'f:a':{}}}", "{'text':'a','map':null}"},
        {"{'setStr':['a','b']}", "{'f:setStr':{'v:\\\"a\\\"':{}}}", "{'setStr':['b']}"},
        {"{'list':[{'name':'a','value':1},{'name':'b'}]}",
         "{'f:list':{'k:{\\\"name\\\":\\\"a\\\"}':{'f:value':{}}}}",
         "{'list':[{'name':'a'},{'name':'b'}]}"},
        {"{'list':[{'name':'a','value':1},{'name':'b'}]}",
         "{'f:list':{'k:{\\\"name\\\":\\\"a\\\"}':{}}}", "{'list':[{'name':'b'}]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct value v = tree(&a, cases[i].object);
        struct fieldset s = set_of(&a, cases[i].set);
        struct value out = field_remove(&a, SCHEMA, &v, &s);
        CHECK_STRC(printed(&a, &out), cases[i].want);
        arena_done(&a);
    }
}

TEST(objects_that_do_not_fit) {
    static const struct {
        const char *object, *want;
    } cases[] = {
        {"{'foo':1}", ".foo: field not declared in schema"},
        {"{'text':{'x':1,'a':'b'}}",
         ".text: expected string, got &value.valueUnstructured{Value:map[string]interface "
         "{}{\"x\":1, \"a\":\"b\"}}"},
        {"{'numeric':'5'}", ".numeric: expected numeric (int or float), got string"},
        {"{'flag':5}", ".flag: expected boolean, got &{5}"},
        {"{'quantity':[]}", ".quantity: expected any scalar, got &{[]}"},
        {"{'map':5}", ".map: expected map, got &{5}"},
        {"{'list':{}}", ".list: expected list, got &{map[]}"},
        {"{'list':[{'name':'q'},{'name':'q'}]}", ".list: duplicate entries for key [name=\"q\"]"},
        {"{'setStr':['a','a']}", ".setStr: duplicate entries for key [=\"a\"]"},
        {"{'list':[5]}",
         ".list: element 0: associative list with keys may not have non-map elements"},
        {"{'loose':[{}]}",
         ".loose: element 0: associative list with keys has an element that omits all key fields "
         "[\"a\" \"b\"] (and doesn't have default values for any key fields)"},
        {"{'wholeList':[1]}",
         ".wholeList[0]: expected string, got &value.valueUnstructured{Value:1}"},
        {"{'text':1,'flag':'x'}",
         "errors:\n  .text: expected string, got &value.valueUnstructured{Value:1}\n  .flag: "
         "expected boolean, got &{x}"},
        {"{'list':[{'name':'a','foo':1}]}", ".list[name=\"a\"].foo: field not declared in schema"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        arena_init(&a, 0);
        struct value v = tree(&a, cases[i].object);
        CHECK_INT(field_validate(&a, SCHEMA, &v, false, &e), -EINVAL);
        CHECK_STRC(str_of(e.text), cases[i].want);
        arena_done(&a);
    }
}

TEST(schema_that_became_atomic) {
    struct arena a;
    struct fieldset r;
    arena_init(&a, 0);
    struct fieldset s = set_of(&a, "{'f:exact':{'f:x':{}},'f:text':{},'f:foo':{'f:bar':{}}}");
    CHECK(field_paths_reconcile(&a, SCHEMA, &s, &r));
    CHECK_STRC(set_text(&a, &r), "{'f:exact':{},'f:foo':{'f:bar':{}},'f:text':{}}");
    CHECK(!field_paths_reconcile(&a, SCHEMA, &r, &s));
    arena_done(&a);
}

/* ---- sizes that outsiders choose ---- */

#define MANY 50000

/* Items or members in an order that agrees with nothing; quadratic work would take minutes. */
static struct value many(struct arena *a, bool items, uint32_t step) {
    struct buf b = {0};
    struct value v;
    buf_printf(&b, "%s", items ? "{\"list\":[" : "{\"map\":{");
    for (uint32_t i = 0; i < MANY; i++) {
        uint32_t k = (uint32_t)((uint64_t)i * step % MANY);
        buf_printf(&b, items ? "%s{\"name\":\"%u\",\"value\":%u}" : "%s\"%u\":\"%u\"", i ? "," : "",
                   k, step);
    }
    buf_printf(&b, "%s", items ? "]}" : "}}");
    CHECK_INT(value_parse(a, str_dup(a, buf_str(&b)), &v, NULL, NULL), 0);
    buf_done(&b);
    return v;
}

TEST(large_lists_and_maps) {
    for (int items = 0; items < 2; items++) {
        struct arena a;
        struct err e = {0};
        struct value out;
        arena_init(&a, 0);
        struct value live = many(&a, items, 7919), config = many(&a, items, 104729);
        CHECK_INT(field_validate(&a, SCHEMA, &config, false, &e), 0);
        CHECK_INT(field_merge(&a, SCHEMA, &live, &config, &out, &e), 0);
        struct fieldset all = field_paths(&a, SCHEMA, &out);
        CHECK_INT(fieldset_size(&all), items ? 3 * MANY : MANY);
        struct field_changes c = field_compare(&a, SCHEMA, &live, &out);
        CHECK_INT(fieldset_size(&c.modified), MANY);
        CHECK(fieldset_empty(&c.added) && fieldset_empty(&c.removed));
        struct value left = field_remove(&a, SCHEMA, &out, &all);
        CHECK_INT(value_getc(&left, items ? "list" : "map")->tag, VALUE_NULL);
        arena_done(&a);
    }
}
