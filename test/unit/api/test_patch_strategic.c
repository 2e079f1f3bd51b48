// SPDX-License-Identifier: Apache-2.0
/* Strategic merge patch over real types: the cases upstream documents, its directives, its order of
 * lists and its errors. */
#include "api/types.h"
#include "fill.h"
#include "schema/json.h"
#include "schema/patch.h"
#include "tap.h"

static struct value parse(struct arena *a, const char *text) {
    struct value v;
    struct err e = {0};
    if (value_parse(a, str_of(text), &v, NULL, &e) < 0) {
        tap_fail(__FILE__, __LINE__, "%s: %s", text, e.text);
        tap_bail();
    }
    return v;
}

struct merge_case {
    const char *what, *doc, *patch, *want; /* want: the result, or the text of the error */
    int code;                              /* of the error */
};

/* The text is JSON with ' for ", which keeps a table legible. */
static const char *unquote(struct arena *a, const char *text) {
    str s = str_dup(a, str_of(text));
    char *p = arena_dup(a, s.p, s.n + 1);
    for (char *c = p; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return p;
}

static void check(const struct api_type *t, const struct merge_case *c) {
    struct arena a;
    struct buf b;
    struct err e = {0};
    arena_init(&a, 0);
    buf_init(&b, 0);
    struct value doc = parse(&a, unquote(&a, c->doc)), patch = parse(&a, unquote(&a, c->patch)),
                 before;
    value_copy(&a, &patch, &before);
    int r = patch_strategic(&a, t, &doc, &patch, &e);
    if (r < 0 && !c->code)
        tap_fail(__FILE__, __LINE__, "%s: %s", c->what, e.text);
    if (r == 0 && c->code)
        tap_fail(__FILE__, __LINE__, "%s: no error", c->what);
    if (r < 0) {
        CHECK_STRC(str_of(e.text), c->want);
        CHECK_INT(e.code, c->code);
    } else if (!c->code) {
        value_sort(&doc);
        value_write(&b, &doc);
        if (!str_eqc(buf_str(&b), unquote(&a, c->want)))
            tap_fail(__FILE__, __LINE__, "%s:\n#   got  " STR_FMT "\n#   want %s", c->what,
                     STR_ARG(buf_str(&b)), c->want);
    }
    CHECK(value_equal(&patch, &before)); /* the patch stays as it was */
    buf_done(&b);
    arena_done(&a);
}

#define RUN(type_, cases_)                                                                         \
    for (size_t i_ = 0; i_ < ARRAY_LEN(cases_); i_++)                                              \
    check(&type_, &(cases_)[i_])

TEST(strategic_objects) {
    static const struct merge_case cases[] = {
        {"scalars and nulls", "{'metadata':{'name':'a','labels':{'x':'1','y':'2'}}}",
         "{'metadata':{'labels':{'x':null,'z':'3'}}}",
         "{'metadata':{'labels':{'y':'2','z':'3'},'name':'a'}}", 0},
        {"null of what is absent", "{'metadata':{'name':'a'}}",
         "{'metadata':{'labels':null,'annotations':{'a':null,'b':'1'}}}",
         "{'metadata':{'annotations':{'b':'1'},'name':'a'}}", 0},
        {"unknown fields are kept", "{'metadata':{'name':'a'}}", "{'foo':{'bar':[1,null]}}",
         "{'foo':{'bar':[1,null]},'metadata':{'name':'a'}}", 0},
        {"$patch replace", "{'metadata':{'labels':{'x':'1'}}}",
         "{'metadata':{'labels':{'$patch':'replace','z':'3'}}}",
         "{'metadata':{'labels':{'z':'3'}}}", 0},
        {"$patch delete", "{'metadata':{'labels':{'x':'1'}}}",
         "{'metadata':{'labels':{'$patch':'delete','z':'3'}}}", "{'metadata':{'labels':{}}}", 0},
        {"$patch in what is new goes with what holds it", "{'metadata':{'name':'a'}}",
         "{'metadata':{'labels':{'$patch':'replace','z':'3'}}}", "{'metadata':{'name':'a'}}", 0},
        {"$patch unknown", "{'metadata':{'labels':{'x':'1'}}}",
         "{'metadata':{'labels':{'$patch':'frob'}}}",
         "unknown patch type: frob in map: map[$patch:frob]", 500},
        {"kinds of values differ", "{'spec':{'nodeName':'a'}}",
         "{'spec':{'nodeName':{'x':null,'y':1}}}", "{'spec':{'nodeName':{'y':1}}}", 0},
        {"object for a list", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':{'name':'a'}}}", "{'spec':{'containers':{'name':'a'}}}", 0},
    };
    RUN(Pod_type, cases);
}

TEST(strategic_retain_keys) {
    static const struct merge_case cases[] = {
        {"other members go", "{'spec':{'strategy':{'type':'RollingUpdate','rollingUpdate':{}}}}",
         "{'spec':{'strategy':{'$retainKeys':['type'],'type':'Recreate'}}}",
         "{'spec':{'strategy':{'type':'Recreate'}}}", 0},
        {"all go", "{'spec':{'strategy':{'type':'RollingUpdate','rollingUpdate':{}}}}",
         "{'spec':{'strategy':{'$retainKeys':[]}}}", "{'spec':{'strategy':{}}}", 0},
        {"a patched key is not in the list", "{'spec':{'strategy':{'type':'RollingUpdate'}}}",
         "{'spec':{'strategy':{'$retainKeys':['rollingUpdate'],'type':'Recreate'}}}",
         "invalid patch format of retainKeys", 400},
        {"no list", "{'spec':{'strategy':{}}}", "{'spec':{'strategy':{'$retainKeys':'x'}}}",
         "invalid patch format of retainKeys", 400},
        {"a null needs no place", "{'spec':{'strategy':{'type':'a','rollingUpdate':{}}}}",
         "{'spec':{'strategy':{'$retainKeys':['type'],'rollingUpdate':null}}}",
         "{'spec':{'strategy':{'type':'a'}}}", 0},
    };
    RUN(Deployment_type, cases);
    static const struct merge_case volumes[] = {
        {"the source of a volume changes",
         "{'spec':{'volumes':[{'name':'v','emptyDir':{}},{'name':'w'}]}}",
         "{'spec':{'volumes':[{'$retainKeys':['name','hostPath'],'name':'v','hostPath':{'path':"
         "'/x'}}]}}",
         "{'spec':{'volumes':[{'hostPath':{'path':'/x'},'name':'v'},{'name':'w'}]}}", 0},
    };
    RUN(Pod_type, volumes);
}

TEST(strategic_lists_of_objects) {
    static const struct merge_case cases[] = {
        {"merge by key; patched ones first in their order",
         "{'spec':{'containers':[{'name':'a','image':'1'},{'name':'b','image':'2'}]}}",
         "{'spec':{'containers':[{'name':'b','image':'3'}]}}",
         "{'spec':{'containers':[{'image':'1','name':'a'},{'image':'3','name':'b'}]}}", 0},
        {"a new one comes first", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
         "{'spec':{'containers':[{'name':'c'}]}}",
         "{'spec':{'containers':[{'name':'c'},{'name':'a'},{'name':'b'}]}}", 0},
        {"order of the patch wins",
         "{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'}]}}",
         "{'spec':{'containers':[{'name':'c'},{'name':'a'}]}}",
         "{'spec':{'containers':[{'name':'b'},{'name':'c'},{'name':'a'}]}}", 0},
        {"delete", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
         "{'spec':{'containers':[{'$patch':'delete','name':'a'}]}}",
         "{'spec':{'containers':[{'name':'b'}]}}", 0},
        {"delete what is not there", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':[{'$patch':'delete','name':'z'}]}}",
         "{'spec':{'containers':[{'name':'a'}]}}", 0},
        {"delete the last", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':[{'$patch':'delete','name':'a'}]}}", "{'spec':{'containers':[]}}",
         0},
        {"replace", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
         "{'spec':{'containers':[{'$patch':'replace'},{'name':'z'}]}}",
         "{'spec':{'containers':[{'name':'z'}]}}", 0},
        {"replace one element", "{'spec':{'containers':[{'name':'a'},{'name':'b','image':'1'}]}}",
         "{'spec':{'containers':[{'$patch':'replace','name':'b'}]}}", "{'spec':{'containers':[]}}",
         0},
        {"nested lists",
         "{'spec':{'containers':[{'name':'a','env':[{'name':'x','value':'1'},{'name':'y'}],'ports':"
         "[{'containerPort':80,'protocol':'TCP'}]}]}}",
         "{'spec':{'containers':[{'name':'a','env':[{'name':'x','value':null}],'ports':[{"
         "'containerPort':81}]}]}}",
         "{'spec':{'containers':[{'env':[{'name':'x'},{'name':'y'}],'name':'a','ports':[{"
         "'containerPort':81},{'containerPort':80,'protocol':'TCP'}]}]}}",
         0},
        {"atomic lists are replaced", "{'spec':{'containers':[{'name':'a','args':['1','2']}]}}",
         "{'spec':{'containers':[{'name':'a','args':['3']}]}}",
         "{'spec':{'containers':[{'args':['3'],'name':'a'}]}}", 0},
        {"tolerations are atomic", "{'spec':{'tolerations':[{'key':'a'},{'key':'b'}]}}",
         "{'spec':{'tolerations':[{'key':'c'}]}}", "{'spec':{'tolerations':[{'key':'c'}]}}", 0},
        {"a new list loses its directives and nulls", "{'spec':{}}",
         "{'spec':{'containers':[{'$patch':'delete','name':'a'},{'name':'b','image':null}]}}",
         "{'spec':{'containers':[{'name':'b'}]}}", 0},
        {"key twice in the live list", "{'spec':{'containers':[{'name':'a'},{'name':'a'}]}}",
         "{'spec':{'containers':[{'$patch':'delete','name':'a'}]}}", "{'spec':{'containers':[]}}",
         0},
        {"no key", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':[{'image':'z'}]}}",
         "map: map[image:z] does not contain declared merge key: name", 500},
        {"delete without key", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':[{'$patch':'delete','image':'z'}]}}",
         "map: map[$patch:delete image:z] does not contain declared merge key: name", 500},
        {"merge directive", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':[{'$patch':'merge','name':'a'}]}}",
         "merging lists cannot yet be specified in the patch", 500},
        {"mixed elements", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'containers':['x']}}",
         "list element types are not identical: [[map[name:a]] [x]]", 500},
        {"a list of lists", "{'spec':{'containers':[]}}", "{'spec':{'containers':[[]]}}",
         "the server rejected our request due to an error in our request", 422},
    };
    RUN(Pod_type, cases);
}

TEST(strategic_lists_of_scalars) {
    static const struct merge_case cases[] = {
        {"union", "{'metadata':{'finalizers':['a','b']}}", "{'metadata':{'finalizers':['c','b']}}",
         "{'metadata':{'finalizers':['c','a','b']}}", 0},
        {"deleted by a parallel list", "{'metadata':{'finalizers':['a','b','c']}}",
         "{'metadata':{'$deleteFromPrimitiveList/finalizers':['b','x']}}",
         "{'metadata':{'finalizers':['a','c']}}", 0},
        {"delete and add", "{'metadata':{'finalizers':['a','b']}}",
         "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a'],'finalizers':['d']}}",
         "{'metadata':{'finalizers':['d','b']}}", 0},
        {"nothing to delete from", "{'metadata':{}}",
         "{'metadata':{'$deleteFromPrimitiveList/finalizers':['a']}}", "{'metadata':{}}", 0},
        {"malformed", "{'metadata':{}}",
         "{'metadata':{'$deleteFromPrimitiveListfinalizers':['a']}}",
         "invalid patch format of primitive list", 400},
    };
    RUN(Pod_type, cases);
}

TEST(strategic_element_order) {
    static const struct merge_case cases[] = {
        {"order only", "{'spec':{'containers':[{'name':'a'},{'name':'b'},{'name':'c'}]}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'c'},{'name':'a'},{'name':'b'}]}}",
         "{'spec':{'containers':[{'name':'c'},{'name':'a'},{'name':'b'}]}}", 0},
        {"kubectl apply's usual form",
         "{'spec':{'containers':[{'name':'a','image':'1'},{'name':'b'}]}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'a'}],'containers':[{'name':'a','image':"
         "'2'}]}}",
         "{'spec':{'containers':[{'image':'2','name':'a'},{'name':'b'}]}}", 0},
        {"added in the middle", "{'spec':{'containers':[{'name':'a'},{'name':'c'}]}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'b'},{'name':'c'}],"
         "'containers':[{'name':'b','image':'x'}]}}",
         "{'spec':{'containers':[{'name':'a'},{'image':'x','name':'b'},{'name':'c'}]}}", 0},
        {"what the server added keeps its place",
         "{'spec':{'containers':[{'name':'a'},{'name':'sidecar'},{'name':'b'}]}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'b'}]}}",
         "{'spec':{'containers':[{'name':'a'},{'name':'sidecar'},{'name':'b'}]}}", 0},
        {"with a deletion", "{'spec':{'containers':[{'name':'a'},{'name':'b'}]}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'b'}],'containers':[{'$patch':'delete',"
         "'name':'a'}]}}",
         "{'spec':{'containers':[{'name':'b'}]}}", 0},
        {"a list that is new", "{'spec':{}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'b'},{'name':'a'}],'containers':[{'name':"
         "'b'},{'name':'a'}]}}",
         "{'spec':{'containers':[{'name':'b'},{'name':'a'}]}}", 0},
        {"no list at all", "{'spec':{}}", "{'spec':{'$setElementOrder/containers':[{'name':'b'}]}}",
         "{'spec':{}}", 0},
        {"scalars", "{'metadata':{'finalizers':['a','b']}}",
         "{'metadata':{'$setElementOrder/finalizers':['b','c','a'],'finalizers':['c']}}",
         "{'metadata':{'finalizers':['b','c','a']}}", 0},
        {"the patch is in another order", "{'spec':{'containers':[{'name':'a'}]}}",
         "{'spec':{'$setElementOrder/containers':[{'name':'a'},{'name':'b'}],'containers':[{'name':"
         "'b'},{'name':'a'}]}}",
         "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match $setElementOrder "
         "list:\n[map[name:a] map[name:b]]\n",
         500},
        {"no list", "{'spec':{'containers':[]}}",
         "{'spec':{'$setElementOrder/containers':{'a':1}}}",
         "expected a []interface {}, but received a map[string]interface {}", 500},
        {"malformed", "{'spec':{'containers':[]}}", "{'spec':{'$setElementOrdercontainers':[]}}",
         "invalid patch format of setElementOrder list", 400},
        {"no such field", "{'spec':{}}", "{'spec':{'$setElementOrder/foo':['a']}}",
         "unable to find api field in struct PodSpec for the json field \"foo\"", 500},
    };
    RUN(Pod_type, cases);
}

TEST(strategic_through_inlined_and_raw) {
    static const struct merge_case revision[] = {
        {"raw data has no fields", "{'data':{'spec':{'a':1}}}", "{'data':{'spec':{'b':1}}}",
         "unable to find api field in struct RawExtension for the json field \"spec\"", 500},
        {"scalars of raw data", "{'data':{'a':1}}", "{'data':{'b':1}}", "{'data':{'a':1,'b':1}}",
         0},
    };
    RUN(ControllerRevision_type, revision);
    static const struct merge_case probe[] = {
        {"members of an inlined message",
         "{'spec':{'containers':[{'name':'a','livenessProbe':{'httpGet':{'path':'/','port':1}}}]}}",
         "{'spec':{'containers':[{'name':'a','livenessProbe':{'httpGet':{'port':'x'}}}]}}",
         "{'spec':{'containers':[{'livenessProbe':{'httpGet':{'path':'/','port':'x'}},'name':'a'}]}"
         "}",
         0},
    };
    RUN(Pod_type, probe);
}

TEST(strategic_patch_must_be_an_object) {
    static const struct merge_case cases[] = {
        {"array", "{}", "[]",
         "json: cannot unmarshal array into Go value of type map[string]interface {}", 400},
    };
    RUN(Pod_type, cases);
}

/* ---- whatever a client may send ---- */

static struct value random_scalar(struct fill *f) {
    static const char *const texts[] = {"a", "delete", "replace", "merge", "name", ""};
    switch (fill_random(f) % 5) {
    case 0:
        return (struct value){.tag = VALUE_NULL};
    case 1:
        return (struct value){.tag = VALUE_BOOL, .b = true};
    case 2:
        return (struct value){.tag = VALUE_INT, .i = (int64_t)(fill_random(f) % 3)};
    case 3:
        return (struct value){.tag = VALUE_LIST};
    default:
        return (struct value){.tag = VALUE_STR, .s = str_of(texts[fill_random(f) % 6])};
    }
}

/* A copy of part of the document with directives strewn in and values replaced. */
static struct value random_patch(struct fill *f, const struct value *v) {
    static const char *const directives[] = {"$patch", "$retainKeys", "$setElementOrder/",
                                             "$deleteFromPrimitiveList/"};
    struct value p = {.tag = v->tag};
    if (fill_random(f) % 12 == 0)
        return random_scalar(f);
    if (v->tag == VALUE_LIST) {
        p.list.v = arena_array(f->arena, v->list.n + 1, sizeof(struct value));
        for (uint32_t i = 0; i < v->list.n; i++)
            if (fill_random(f) % 4)
                p.list.v[p.list.n++] = random_patch(f, &v->list.v[i]);
        if (p.list.n > 1 && fill_random(f) % 2) {
            struct value first = p.list.v[0];
            p.list.v[0] = p.list.v[p.list.n - 1];
            p.list.v[p.list.n - 1] = first;
        }
        return p;
    }
    if (v->tag != VALUE_OBJECT) {
        value_copy(f->arena, v, &p);
        return p;
    }
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *x = &v->object.v[i];
        if (fill_random(f) % 3)
            *value_set(f->arena, &p, x->key) = random_patch(f, &x->value);
        if (fill_random(f) % 8)
            continue;
        str key = str_concat(f->arena, str_of(directives[2 + fill_random(f) % 2]), x->key);
        *value_set(f->arena, &p, key) =
            fill_random(f) % 3 ? random_patch(f, &x->value) : random_scalar(f);
    }
    if (fill_random(f) % 8 == 0)
        *value_set(f->arena, &p, str_of(directives[fill_random(f) % 4])) = random_scalar(f);
    return p;
}

/* Any patch gives a document or an error with a text and a code, and never changes the patch. */
TEST(strategic_hostile_patches) {
    int applied = 0, refused = 0;
    for (unsigned i = 0; i < 3000; i++) {
        static const struct api_type *const types[] = {&Pod_type, &Service_type, &Deployment_type};
        const struct api_type *t = types[i % 3];
        struct arena a;
        struct err e = {0};
        struct value doc, before;
        arena_init(&a, 0);
        struct fill f = {.arena = &a, .seed = tap_seed() + i, .chance = 30, .depth = 4};
        REQUIRE(json_write_value(&a, t, fill_new(&f, t), &doc) == 0);
        struct value patch = random_patch(&f, &doc);
        value_copy(&a, &patch, &before);
        int r = patch_strategic(&a, t, &doc, &patch, &e);
        applied += r == 0;
        refused += r < 0;
        CHECK(value_equal(&patch, &before));
        if (r < 0)
            CHECK(e.text[0] && e.code >= 400);
        struct buf b;
        buf_init(&b, 0);
        value_write(&b, &doc);
        CHECK(value_parse(&a, buf_str(&b), &before, NULL, NULL) == 0);
        buf_done(&b);
        arena_done(&a);
    }
    CHECK(applied > 300 && refused > 300);
}

/* Long lists and many members on both sides cost their sum, not their product. */
TEST(strategic_of_much) {
    enum { MANY = 100000 };
    struct arena a;
    struct err e = {0};
    arena_init(&a, 0);
    struct value doc = parse(&a, "{\"metadata\":{\"finalizers\":[],\"annotations\":{}}}"), patch;
    struct value *meta = value_getc(&doc, "metadata"), *list = value_getc(meta, "finalizers"),
                 *map = value_getc(meta, "annotations");
    list->list.n = map->object.n = MANY;
    list->list.v = arena_array(&a, MANY, sizeof(struct value));
    map->object.v = arena_array(&a, MANY, sizeof(struct member));
    for (uint32_t i = 0; i < MANY; i++) {
        str s = str_printf(&a, "example.com/%u", i);
        list->list.v[i] = (struct value){.tag = VALUE_STR, .s = s};
        map->object.v[i] = (struct member){.key = s, .value = list->list.v[i]};
    }
    value_copy(&a, &doc, &patch);
    map = value_getc(value_getc(&patch, "metadata"), "annotations");
    for (uint32_t i = 0; i < MANY; i += 2)
        map->object.v[i].value.tag = VALUE_NULL;
    CHECK_INT(patch_strategic(&a, &Pod_type, &doc, &patch, &e), 0);
    meta = value_getc(&doc, "metadata");
    CHECK_INT(value_getc(meta, "finalizers")->list.n, MANY);
    CHECK_INT(value_getc(meta, "annotations")->object.n, MANY / 2);
    arena_done(&a);
}
