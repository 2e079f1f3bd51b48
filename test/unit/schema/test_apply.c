// SPDX-License-Identifier: Apache-2.0
/* Who owns what after a series of writes. The cases are those by which structured-merge-diff and
 * the field manager above it are described. */
#include "schema/apply.h"

#include "owned.h"

#define GVK "'apiVersion':'test.k8s.io/v1','kind':'Owned'"

enum op { UPDATE, APPLY, FORCE, SILENT }; /* SILENT: the object becomes so, and nobody did it */

struct write {
    enum op op;
    const char *manager, *object, *conflict; /* conflict: the whole message */
};

struct scenario {
    const char *name;
    struct write writes[5];
    const char *object;    /* what is left, without kind and apiVersion */
    const char *owners[3]; /* "a {'f:text':{}}", in the order in memory; update writers "a=" */
};

static struct apply_request request(struct arena *a, const char *manager) {
    return (struct apply_request){.a = a,
                                  .api_version = STR("test.k8s.io/v1"),
                                  .kind = STR("Owned"),
                                  .version.schema = SCHEMA,
                                  .manager = str_of(manager),
                                  .now = 100};
}

static struct value typed(struct arena *a, const char *object) {
    struct value v = tree(a, object), head = tree(a, "{" GVK "}"), out = {.tag = VALUE_OBJECT};
    out.object.v = arena_array(a, v.object.n + 2, sizeof(struct member));
    out.object.n = v.object.n + 2;
    memcpy(out.object.v, head.object.v, 2 * sizeof(struct member));
    if (v.object.n)
        memcpy(out.object.v + 2, v.object.v, v.object.n * sizeof(struct member));
    return out;
}

static void run_write(struct arena *a, const char *name, const struct write *w, struct value *live,
                      struct managed *m) {
    struct apply_request q = request(a, w->manager);
    struct value now = typed(a, w->object), merged;
    struct err e = {0};
    bool changed;
    int r;
    q.force = w->op == FORCE;
    if (w->op == SILENT) {
        *live = now;
        return;
    }
    if (w->op == UPDATE) {
        r = managed_update(&q, live, &now, m, &e);
        *live = now;
    } else {
        r = managed_apply(&q, live, &now, m, &merged, &changed, NULL, &e);
        if (r == 0)
            *live = merged;
    }
    if ((r < 0) != (w->conflict != NULL))
        tap_fail(__FILE__, __LINE__, "%s: %d %s", name, r, e.text);
    else if (w->conflict)
        CHECK_STRC(str_of(e.text), w->conflict);
}

static void check_owners(struct arena *a, const struct scenario *s, const struct managed *m) {
    uint32_t n = 0;
    while (n < ARRAY_LEN(s->owners) && s->owners[n])
        n++;
    if (n != m->n)
        tap_fail(__FILE__, __LINE__, "%s: %u owners", s->name, m->n);
    for (uint32_t i = 0; i < m->n && i < n; i++) {
        str got = str_printf(a, STR_FMT "%s " STR_FMT, STR_ARG(m->v[i].manager),
                             m->v[i].applied ? "" : "=", STR_ARG(set_text(a, &m->v[i].fields)));
        if (!str_eqc(got, s->owners[i]))
            tap_fail(__FILE__, __LINE__, "%s: got " STR_FMT ", want %s", s->name, STR_ARG(got),
                     s->owners[i]);
    }
}

static void run_scenario(const struct scenario *s) {
    struct arena a;
    arena_init(&a, 0);
    struct value live = typed(&a, "{}"), want = typed(&a, s->object);
    struct managed m = {0};
    for (unsigned i = 0; i < ARRAY_LEN(s->writes) && s->writes[i].manager; i++)
        run_write(&a, s->name, &s->writes[i], &live, &m);
    if (!value_equal(&live, &want))
        tap_fail(__FILE__, __LINE__, "%s: left " STR_FMT, s->name, STR_ARG(printed(&a, &live)));
    check_owners(&a, s, &m);
    arena_done(&a);
}

#define A_NAME  "k:{\\'name\\':\\'a\\'}"
#define B_NAME  "k:{\\'name\\':\\'b\\'}"
#define C_NAME  "k:{\\'name\\':\\'c\\'}"
#define D_NAME  "k:{\\'name\\':\\'d\\'}"
#define OF_NAME "{'.':{},'f:name':{}}"

TEST(several_appliers) {
    static const struct scenario cases[] = {
        {"remove one",
         {{APPLY, "one", "{'list':[{'name':'a'},{'name':'b'}]}"},
          {APPLY, "two", "{'list':[{'name':'c'}]}"},
          {APPLY, "one", "{'list':[{'name':'a'}]}"}},
         "{'list':[{'name':'a'},{'name':'c'}]}",
         {"one {'f:list':{'" A_NAME "':" OF_NAME "}}",
          "two {'f:list':{'" C_NAME "':" OF_NAME "}}"}},
        {"one value, no conflict",
         {{APPLY, "one", "{'numeric':1}"}, {APPLY, "two", "{'numeric':1}"}},
         "{'numeric':1}",
         {"one {'f:numeric':{}}", "two {'f:numeric':{}}"}},
        {"another value, conflict",
         {{APPLY, "one", "{'list':[{'name':'a','value':0}]}"},
          {APPLY, "two", "{'list':[{'name':'a','value':1}]}",
           "Apply failed with 1 conflict: conflict with \"one\": .list[name=\"a\"].value"}},
         "{'list':[{'name':'a','value':0}]}",
         {"one {'f:list':{'" A_NAME "':{'.':{},'f:name':{},'f:value':{}}}}"}},
        {"remove one, keep one",
         {{APPLY, "one", "{'list':[{'name':'a'},{'name':'b'},{'name':'c'}]}"},
          {APPLY, "two", "{'list':[{'name':'c'},{'name':'d'}]}"},
          {APPLY, "one", "{'list':[{'name':'a'}]}"}},
         "{'list':[{'name':'a'},{'name':'c'},{'name':'d'}]}",
         {"one {'f:list':{'" A_NAME "':" OF_NAME "}}",
          "two {'f:list':{'" C_NAME "':" OF_NAME ",'" D_NAME "':" OF_NAME "}}"}},
        {"force takes",
         {{APPLY, "one", "{'numeric':1,'text':'x'}"}, {FORCE, "two", "{'numeric':2}"}},
         "{'numeric':2,'text':'x'}",
         {"one {'f:text':{}}", "two {'f:numeric':{}}"}},
        {"several conflicts",
         {{APPLY, "one", "{'numeric':1,'text':'x'}"},
          {UPDATE, "two", "{'numeric':1,'text':'x','flag':true}"},
          {APPLY, "three", "{'numeric':2,'text':'y','flag':false}",
           "Apply failed with 3 conflicts: conflicts with \"one\":\n- .numeric\n- .text\nconflicts "
           "with \"two\" using test.k8s.io/v1:\n- .flag"}},
         "{'numeric':1,'text':'x','flag':true}",
         {"one {'f:numeric':{},'f:text':{}}", "two= {'f:flag':{}}"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_scenario(&cases[i]);
}

TEST(parts_that_are_let_go) {
    static const struct scenario cases[] = {
        {"what an update wrote stays",
         {{APPLY, "one", "{'map':{'a':'1'}}"},
          {UPDATE, "two", "{'map':{'a':'1','b':'2'}}"},
          {APPLY, "one", "{}"}},
         "{'map':{'b':'2'}}",
         {"two= {'f:map':{'f:b':{}}}"}},
        {"an atomic part is one thing",
         {{APPLY, "one", "{'wholeMap':{'a':'1'}}"},
          {APPLY, "two", "{'wholeMap':{'b':'2'}}",
           "Apply failed with 1 conflict: conflict with \"one\": .wholeMap"},
          {FORCE, "two", "{'wholeMap':{'b':'2'}}"}},
         "{'wholeMap':{'b':'2'}}",
         {"two {'f:wholeMap':{}}"}},
        {"what nobody owns goes with what its owner lets go of",
         {{APPLY, "one", "{'part':{'name':'x'},'text':'a'}"},
          {SILENT, "-", "{'part':{'name':'x','value':1},'text':'a'}"},
          {APPLY, "one", "{'text':'a'}"}},
         "{'text':'a'}",
         {"one {'f:text':{}}"}},
        {"what nobody owns stays with what another one owns",
         {{APPLY, "one", "{'list':[{'name':'a','more':2}]}"},
          {APPLY, "two", "{'list':[{'name':'a'}]}"},
          {SILENT, "-", "{'list':[{'name':'a','more':2,'value':1}]}"},
          {APPLY, "one", "{}"}},
         "{'list':[{'name':'a','value':1}]}",
         {"two {'f:list':{'" A_NAME "':" OF_NAME "}}"}},
        {"what an update wrote into a struct stays",
         {{APPLY, "one", "{'part':{'name':'a'}}"},
          {UPDATE, "two", "{'part':{'name':'b','value':1}}"},
          {APPLY, "one", "{'part':{}}"}},
         "{'part':{'name':'b','value':1}}",
         {"two= {'f:part':{'f:name':{},'f:value':{}}}", "one {'f:part':{}}"}},
        {"an item goes with what nobody owns in it",
         {{APPLY, "one", "{'list':[{'name':'a'},{'name':'b'}]}"},
          {SILENT, "-", "{'list':[{'name':'a','value':1},{'name':'b'}]}"},
          {APPLY, "one", "{'list':[{'name':'b'}]}"}},
         "{'list':[{'name':'b'}]}",
         {"one {'f:list':{'" B_NAME "':" OF_NAME "}}"}},
        {"an item goes with its last owner",
         {{APPLY, "one", "{'list':[{'name':'a','value':1}]}"},
          {APPLY, "two", "{'list':[{'name':'a','more':2}]}"},
          {APPLY, "one", "{}"},
          {APPLY, "two", "{}"}},
         "{}",
         {NULL}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_scenario(&cases[i]);
}

TEST(updates) {
    static const struct scenario cases[] = {
        {"duplicates are owned once",
         {{UPDATE, "one", "{'setNumeric':[1,1,3,4]}"}},
         "{'setNumeric':[1,1,3,4]}",
         {"one= {'f:setNumeric':{'.':{},'v:1':{},'v:3':{},'v:4':{}}}"}},
        {"a duplicate is added",
         {{UPDATE, "one", "{'setNumeric':[1,3,4]}"}, {UPDATE, "two", "{'setNumeric':[1,1,3,4]}"}},
         "{'setNumeric':[1,1,3,4]}",
         {"one= {'f:setNumeric':{'.':{},'v:3':{},'v:4':{}}}", "two= {'f:setNumeric':{'v:1':{}}}"}},
        {"a duplicate is removed",
         {{UPDATE, "one", "{'setNumeric':[1,1,3,4]}"}, {UPDATE, "two", "{'setNumeric':[1,3,4]}"}},
         "{'setNumeric':[1,3,4]}",
         {"one= {'f:setNumeric':{'.':{},'v:3':{},'v:4':{}}}", "two= {'f:setNumeric':{'v:1':{}}}"}},
        {"apply over a duplicate",
         {{UPDATE, "one", "{'setNumeric':[1,1,3,4]}"},
          {APPLY, "two", "{'setNumeric':[1]}",
           "Apply failed with 1 conflict: conflict with \"one\" using test.k8s.io/v1: "
           ".setNumeric[=1]"},
          {FORCE, "two", "{'setNumeric':[1]}"}},
         "{'setNumeric':[1,3,4]}",
         {"one= {'f:setNumeric':{'.':{},'v:3':{},'v:4':{}}}", "two {'f:setNumeric':{'v:1':{}}}"}},
        {"apply beside a duplicate",
         {{UPDATE, "one", "{'setNumeric':[1,1,3,4]}"}, {APPLY, "two", "{'setNumeric':[5]}"}},
         "{'setNumeric':[1,1,3,4,5]}",
         {"one= {'f:setNumeric':{'.':{},'v:1':{},'v:3':{},'v:4':{}}}",
          "two {'f:setNumeric':{'v:5':{}}}"}},
        {"an item that is there twice",
         {{UPDATE, "one", "{'list':[{'name':'a','value':1},{'name':'a','value':2},{'name':'b'}]}"}},
         "{'list':[{'name':'a','value':1},{'name':'a','value':2},{'name':'b'}]}",
         {"one= {'f:list':{'.':{},'" A_NAME "':{},'" B_NAME "':" OF_NAME "}}"}},
        {"what is removed is nobody's",
         {{UPDATE, "one", "{'text':'a','numeric':1}"}, {UPDATE, "two", "{'numeric':1}"}},
         "{'numeric':1}",
         {"one= {'f:numeric':{}}"}},
        {"a duplicate goes",
         {{UPDATE, "one", "{'setNumeric':[1,1,3]}"}, {UPDATE, "two", "{'setNumeric':[3]}"}},
         "{'setNumeric':[3]}",
         {"one= {'f:setNumeric':{'.':{},'v:3':{}}}"}},
        {"the same writer keeps one entry",
         {{UPDATE, "one", "{'text':'a'}"},
          {UPDATE, "one", "{'text':'b','numeric':1}"},
          {UPDATE, "one", "{'text':'b','numeric':1}"}},
         "{'text':'b','numeric':1}",
         {"one= {'f:numeric':{},'f:text':{}}"}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run_scenario(&cases[i]);
}

/* ---- entries ---- */

static uint32_t updaters(const struct managed *m) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++)
        n += !m->v[i].applied;
    return n;
}

TEST(old_updates_are_joined) {
    struct arena a;
    struct value live = {.tag = VALUE_OBJECT};
    struct managed m = {0};
    struct err e = {0};
    arena_init(&a, 0);
    live = typed(&a, "{'map':{}}");
    for (int i = 0; i < 15; i++) {
        struct apply_request q = request(&a, str_printf(&a, "w%02d", i).p);
        struct value now;
        q.now = 1000 + i;
        value_copy(&a, &live, &now);
        *value_set(&a, value_getc(&now, "map"), str_printf(&a, "k%02d", i)) =
            (struct value){.tag = VALUE_STR, .s = STR("x")};
        CHECK_INT(managed_update(&q, &live, &now, &m, &e), 0);
        live = now;
    }
    CHECK_INT(updaters(&m), MANAGED_UPDATERS_MAX);
    const struct managed_entry who = {.manager = STR("ancient-changes"),
                                      .api_version = STR("test.k8s.io/v1")};
    const struct managed_entry *bucket = managed_find(&m, &who);
    REQUIRE(bucket);
    CHECK_INT(fieldset_size(&bucket->fields), 6);
    CHECK_INT(bucket->time.sec, 1005); /* of the youngest in it */
    CHECK(!managed_find(
        &m, &(struct managed_entry){.manager = STR("w05"), .api_version = STR("test.k8s.io/v1")}));
    CHECK(managed_find(
        &m, &(struct managed_entry){.manager = STR("w06"), .api_version = STR("test.k8s.io/v1")}));
    arena_done(&a);
}

TEST(entries_are_sorted) {
    struct arena a;
    struct value list, again;
    struct managed m;
    struct err e = {0};
    arena_init(&a, 0);
    list = tree(
        &a, "[{'manager':'z','operation':'Update','apiVersion':'v1','time':'2020-01-01T00:00:00Z"
            "','fieldsType':'FieldsV1','fieldsV1':{'f:a':{}}},"
            "{'manager':'y','operation':'Update','apiVersion':'v2','fieldsType':'FieldsV1',"
            "'fieldsV1':{'f:b':{}}},"
            "{'manager':'y','operation':'Update','apiVersion':'v1','fieldsType':'FieldsV1',"
            "'fieldsV1':{'f:b':{}},'subresource':'status'},"
            "{'manager':'y','operation':'Update','apiVersion':'v1','fieldsType':'FieldsV1',"
            "'fieldsV1':{'f:b':{}}},"
            "{'manager':'z','operation':'Apply','apiVersion':'v1','time':'2030-01-01T00:00:00Z"
            "','fieldsType':'FieldsV1','fieldsV1':{'f:a':{}}}]");
    CHECK_INT(managed_read(&a, &list, &m, &e), 0);
    managed_write(&a, &m, &again);
    REQUIRE(again.list.n == 5);
    static const uint32_t order[] = {4, 3, 2, 1, 0};
    for (uint32_t i = 0; i < 5; i++)
        CHECK(value_equal(&again.list.v[i], &list.list.v[order[i]]));
    arena_done(&a);
}

TEST(entries_that_are_none) {
    static const char *const cases[][2] = {
        {"[{}]", "operation must be `Apply` or `Update`"},
        {"[{'operation':'Apply'}]", "apiVersion must not be empty"},
        {"[{'operation':'Apply','apiVersion':'v1'}]",
         "missing fieldsType in managed fields entry 0"},
        {"[{'operation':'Apply','apiVersion':'v1','fieldsType':'V2'}]",
         "invalid fieldsType \"V2\" in managed fields entry 0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct managed m;
        struct err e = {0};
        arena_init(&a, 0);
        struct value list = tree(&a, cases[i][0]);
        CHECK_INT(managed_read(&a, &list, &m, &e), -EINVAL);
        CHECK_STRC(str_of(e.text), cases[i][1]);
        arena_done(&a);
    }
}

TEST(requests_to_forget) {
    static const struct {
        const char *list;
        bool reset;
    } cases[] = {{"[]", true},
                 {"[{}]", true},
                 {"[{'manager':''}]", true},
                 {"[{'manager':'a'}]", false},
                 {"[{},{}]", false},
                 {"null", false},
                 {"{}", false}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct value list = tree(&a, cases[i].list);
        CHECK(managed_is_reset(&list) == cases[i].reset);
        arena_done(&a);
    }
    CHECK(!managed_is_reset(NULL));
}

TEST(only_times_differ) {
    struct arena a;
    arena_init(&a, 0);
    struct value x = tree(&a, "{'metadata':{'name':'a','managedFields':[{'manager':'m','time':'1',"
                              "'x':1}]},'data':{'a':'1'}}"),
                 y = tree(&a, "{'metadata':{'name':'a','managedFields':[{'manager':'m','x':1}]},"
                              "'data':{'a':'1'}}"),
                 z = tree(&a, "{'metadata':{'name':'a','managedFields':[{'manager':'n','x':1}]},"
                              "'data':{'a':'1'}}"),
                 w = tree(&a, "{'metadata':{'name':'b','managedFields':[{'manager':'m','x':1}]},"
                              "'data':{'a':'1'}}");
    CHECK(managed_same_but_times(&x, &y));
    CHECK(!managed_same_but_times(&y, &z));
    CHECK(!managed_same_but_times(&y, &w));
    arena_done(&a);
}

/* ---- versions ---- */

/* v2 calls `text` by another name, `flag`'s place; there is no v3. */
static int convert(void *ctx, struct arena *a, const struct value *object, str api_version,
                   struct value *ret, struct apply_version *ret_version, struct err *e) {
    bool to_v2 = str_eqc(api_version, "test.k8s.io/v2");
    if (!to_v2 && !str_eqc(api_version, "test.k8s.io/v1"))
        return -ENOENT;
    const char *from_name = to_v2 ? "text" : "renamed", *to_name = to_v2 ? "renamed" : "text";
    value_copy(a, object, ret);
    for (uint32_t i = 0; i < ret->object.n; i++) {
        if (str_eqc(ret->object.v[i].key, from_name))
            ret->object.v[i].key = str_of(to_name);
        if (str_eqc(ret->object.v[i].key, "apiVersion"))
            ret->object.v[i].value.s = str_dup(a, api_version);
    }
    *ret_version = (struct apply_version){.schema = to_v2 ? schema_root(NULL) : SCHEMA};
    return 0;
}

TEST(owners_in_other_versions) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    struct value live = typed(&a, "{'text':'a','numeric':1}"),
                 now = typed(&a, "{'text':'b','numeric':1}");
    struct value list =
        tree(&a, "[{'manager':'old','operation':'Apply','apiVersion':'test.k8s.io/v2','fieldsType':"
                 "'FieldsV1','fieldsV1':{'f:numeric':{},'f:renamed':{}}},"
                 "{'manager':'gone','operation':'Apply','apiVersion':'test.k8s.io/v3','fieldsType':"
                 "'FieldsV1','fieldsV1':{'f:numeric':{}}}]");
    struct managed m, kept;
    struct apply_request q = request(&a, "new");
    CHECK_INT(managed_read(&a, &list, &m, &e), 0);
    kept = managed_copy(&a, &m);
    /* without a converter they stay */
    CHECK_INT(managed_update(&q, &live, &now, &kept, &e), 0);
    CHECK_INT(kept.n, 3);
    q.convert = convert;
    CHECK_INT(managed_update(&q, &live, &now, &m, &e), 0);
    REQUIRE(m.n == 2);
    CHECK_STRC(m.v[0].manager, "old");
    CHECK_STRC(set_text(&a, &m.v[0].fields), "{'f:numeric':{}}");
    CHECK_STRC(set_text(&a, &m.v[1].fields), "{'f:text':{}}");
    arena_done(&a);
}

/* A writer that moves to another version gives up what it owned in the old one. */
TEST(applier_changes_version) {
    struct arena a;
    struct err e = {0};
    struct value merged;
    bool changed;
    arena_init(&a, 0);
    struct value live = typed(&a, "{'text':'a','numeric':1}"), config = typed(&a, "{'numeric':1}");
    struct value list =
        tree(&a, "[{'manager':'m','operation':'Apply','apiVersion':'test.k8s.io/v2','fieldsType':"
                 "'FieldsV1','fieldsV1':{'f:numeric':{},'f:renamed':{}}}]");
    struct managed m;
    struct apply_request q = request(&a, "m");
    q.convert = convert;
    CHECK_INT(managed_read(&a, &list, &m, &e), 0);
    CHECK_INT(managed_apply(&q, &live, &config, &m, &merged, &changed, NULL, &e), 0);
    CHECK(changed);
    CHECK(!value_getc(&merged, "text"));
    CHECK_INT(m.n, 1);
    CHECK_STRC(m.v[0].api_version, "test.k8s.io/v1");
    CHECK_STRC(set_text(&a, &m.v[0].fields), "{'f:numeric':{}}");
    arena_done(&a);
}

/* What is owned in another version only is kept. */
TEST(other_versions_keep_fields) {
    struct arena a;
    struct err e = {0};
    struct value merged;
    bool changed;
    arena_init(&a, 0);
    struct value live = typed(&a, "{'text':'a','numeric':1}"), config = typed(&a, "{}");
    struct value list =
        tree(&a, "[{'manager':'m','operation':'Apply','apiVersion':'test.k8s.io/v1','fieldsType':"
                 "'FieldsV1','fieldsV1':{'f:numeric':{},'f:text':{}}},"
                 "{'manager':'old','operation':'Apply','apiVersion':'test.k8s.io/v2','fieldsType':"
                 "'FieldsV1','fieldsV1':{'f:renamed':{}}}]");
    struct managed m;
    struct apply_request q = request(&a, "m");
    q.convert = convert;
    CHECK_INT(managed_read(&a, &list, &m, &e), 0);
    CHECK_INT(managed_apply(&q, &live, &config, &m, &merged, &changed, NULL, &e), 0);
    CHECK_STRC(value_str(value_getc(&merged, "text")), "a");
    CHECK(!value_getc(&merged, "numeric"));
    CHECK_INT(m.n, 1);
    arena_done(&a);
}

/* ---- around the object ---- */

TEST(reset_fields_have_no_owner) {
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    struct value live = typed(&a, "{}"), now = typed(&a, "{'text':'a','part':{'name':'x'}}"),
                 merged;
    struct fieldset reset = fieldset_of_names(&a, STR("part"));
    struct managed m = {0};
    struct apply_request q = request(&a, "m");
    bool changed;
    q.version.reset = &reset;
    CHECK_INT(managed_update(&q, &live, &now, &m, &e), 0);
    REQUIRE(m.n == 1);
    CHECK_STRC(set_text(&a, &m.v[0].fields), "{'f:text':{}}");
    CHECK_INT(managed_apply(&q, &live, &now, &m, &merged, &changed, NULL, &e), -EEXIST);
    q.force = true;
    CHECK_INT(managed_apply(&q, &live, &now, &m, &merged, &changed, NULL, &e), 0);
    REQUIRE(m.n == 1);
    CHECK_STRC(set_text(&a, &m.v[0].fields), "{'f:text':{}}");
    arena_done(&a);
}

static struct value whole(struct arena *a, const char *text) {
    return tree(a, text);
}

TEST(refused_configurations) {
    static const char *const cases[][2] = {
        {"{'kind':'Owned'}", "invalid object type: /, Kind=Owned"},
        {"{'apiVersion':'v1','kind':'Owned'}", "invalid object type: /v1, Kind=Owned"},
        {"{" GVK ",'metadata':{'managedFields':[]}}", "metadata.managedFields must be nil"},
        {"{" GVK ",'metadata':{'name':'n'},'foo':1}",
         "failed to create typed patch object (/n; test.k8s.io/v1, Kind=Owned): .foo: field not "
         "declared in schema"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        struct value ret;
        bool changed;
        arena_init(&a, 0);
        struct apply_request q = request(&a, "m");
        struct value live = typed(&a, "{}"), config = whole(&a, cases[i][0]);
        CHECK_INT(apply_object(&q, &live, &config, &ret, &changed, NULL, &e), -EINVAL);
        CHECK_STRC(str_of(e.text), cases[i][1]);
        CHECK_INT(e.code, i < 3 ? 400 : 500);
        arena_done(&a);
    }
}

#define LAST "kubectl.kubernetes.io/last-applied-configuration"
#define LIVE                                                                                       \
    "{" GVK ",'metadata':{'annotations':{'" LAST "':'{\\\"apiVersion\\\":\\\"test.k8s.io/v1\\\","  \
    "\\\"kind\\\":\\\"Owned\\\",\\\"text\\\":\\\"a\\\",\\\"numeric\\\":1}'},"                      \
    "'managedFields':[{'manager':'kubectl-client-side-apply','operation':'Update','apiVersion':"   \
    "'test.k8s.io/v1','fieldsType':'FieldsV1','fieldsV1':{'f:text':{},'f:numeric':{}}}]},"         \
    "'text':'a','numeric':2}"

TEST(from_client_side_apply) {
    struct arena a;
    struct err e = {0};
    struct value ret;
    bool changed;
    arena_init(&a, 0);
    struct value live = whole(&a, LIVE), same = typed(&a, "{'text':'b'}"),
                 other = typed(&a, "{'text':'b','numeric':3}");
    struct apply_request q = request(&a, "kubectl");
    /* numeric is not what kubectl left: still a conflict, and the only one */
    CHECK_INT(apply_object(&q, &live, &other, &ret, &changed, NULL, &e), -EEXIST);
    CHECK_STRC(str_of(e.text), "Apply failed with 1 conflict: conflict with "
                               "\"kubectl-client-side-apply\" using test.k8s.io/v1: .numeric");
    CHECK_INT(apply_object(&q, &live, &same, &ret, &changed, NULL, &e), 0);
    CHECK(changed);
    const struct value *meta = value_getc(&ret, "metadata");
    CHECK_STRC(value_str(value_getc(value_getc(meta, "annotations"), LAST)),
               "{\"apiVersion\":\"test.k8s.io/v1\",\"kind\":\"Owned\",\"text\":\"b\"}\n");
    CHECK_INT(value_getc(meta, "managedFields")->list.n, 2);
    /* nobody else is forgiven */
    q.manager = STR("other");
    CHECK_INT(apply_object(&q, &live, &same, &ret, &changed, NULL, &e), -EEXIST);
    arena_done(&a);
}

/* A write whose managedFields mean nothing keeps those that are stored. */
TEST(entries_of_requests) {
    struct arena a;
    struct err e = {0};
    struct value ret;
    arena_init(&a, 0);
    struct value live = whole(&a, LIVE);
    *value_set(&a, value_getc(&live, "metadata"), STR("uid")) =
        (struct value){.tag = VALUE_STR, .s = STR("u")};
    static const struct {
        const char *entries, *subresource;
        uint32_t want;
    } cases[] = {
        {"null", "", 1}, {"[{'manager':'x'}]", "", 1}, {"[{}]", "", 0}, {"[{}]", "status", 1},
        {"[]", "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct value now;
        value_copy(&a, &live, &now);
        *value_set(&a, value_getc(&now, "metadata"), STR("managedFields")) =
            tree(&a, cases[i].entries);
        struct apply_request q = request(&a, "w");
        q.subresource = str_of(cases[i].subresource);
        CHECK_INT(apply_track(&q, &live, &now, false, &ret, &e), 0);
        const struct value *list = value_getc(value_getc(&ret, "metadata"), "managedFields");
        CHECK_INT(list ? list->list.n : 0, cases[i].want);
    }
    arena_done(&a);
}

/* An object that nobody tracked is not tracked because somebody updates it; the first apply makes
 * all it has somebody's. */
TEST(untracked_objects) {
    struct arena a;
    struct err e = {0};
    struct value ret;
    bool changed;
    arena_init(&a, 0);
    struct value live = whole(&a, "{" GVK ",'metadata':{'uid':'u'},'text':'a'}"),
                 now = whole(&a, "{" GVK ",'metadata':{'uid':'u'},'text':'b'}"),
                 config = typed(&a, "{'numeric':1}");
    struct apply_request q = request(&a, "w");
    CHECK_INT(apply_track(&q, &live, &now, false, &ret, &e), 0);
    CHECK(value_equal(&ret, &now));
    CHECK_INT(apply_object(&q, &live, &config, &ret, &changed, NULL, &e), 0);
    const struct value *list = value_getc(value_getc(&ret, "metadata"), "managedFields");
    REQUIRE(list && list->list.n == 2);
    CHECK_STRC(value_str(value_getc(&list->list.v[1], "manager")), "before-first-apply");
    arena_done(&a);
}

/* Owners of parts of what is now one thing own the thing, so it conflicts. */
TEST(owners_of_what_became_atomic) {
    struct arena a;
    struct err e = {0};
    struct value merged;
    bool changed;
    arena_init(&a, 0);
    struct value live = typed(&a, "{'exact':{'x':'1'}}"),
                 config = typed(&a, "{'exact':{'x':'1','y':'2'}}");
    struct value list =
        tree(&a, "[{'manager':'m','operation':'Apply','apiVersion':'test.k8s.io/v1','fieldsType':"
                 "'FieldsV1','fieldsV1':{'f:exact':{'f:x':{}}}}]");
    struct managed m;
    struct apply_request q = request(&a, "w");
    CHECK_INT(managed_read(&a, &list, &m, &e), 0);
    CHECK_INT(managed_apply(&q, &live, &config, &m, &merged, &changed, NULL, &e), -EEXIST);
    CHECK_STRC(str_of(e.text), "Apply failed with 1 conflict: conflict with \"m\": .exact");
    arena_done(&a);
}
