// SPDX-License-Identifier: Apache-2.0
/* Sets of fields as text, their operations on small cases, and input that is no set. */
#include "schema/fieldset.h"

#include "owned.h"

TEST(sets_are_written_in_order) {
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"{}", "{}"},
        {"null", "{}"},
        {"{'f:b':{},'f:a':{}}", "{'f:a':{},'f:b':{}}"},
        {"{'f:a':{'.':{}}}", "{'f:a':{}}"},
        {"{'f:a':{'f:b':{},'.':{}}}", "{'f:a':{'.':{},'f:b':{}}}"},
        {"{'f:a':{'f:b':{}},'f:a':{'.':{}}}", "{'f:a':{}}"},
        {"{'i:2':{},'i:10':{},'v:true':{},'v:\\\"a\\\"':{},'v:10':{},'v:9':{},'f:z':{}}",
         "{'f:z':{},'v:9':{},'v:10':{},'v:\\'a\\'':{},'v:true':{},'i:2':{},'i:10':{}}"},
        {"{'k:{\\\"b\\\":1,\\\"a\\\":2}':{}}", "{'k:{\\'a\\':2,\\'b\\':1}':{}}"},
        {"{'k:{\\\"a\\\":\\\"x\\\"}':{},'k:{\\\"a\\\":10}':{},'k:{\\\"a\\\":9}':{}}",
         "{'k:{\\'a\\':9}':{},'k:{\\'a\\':10}':{},'k:{\\'a\\':\\'x\\'}':{}}"},
        {"{'x:unknown':{'f:b':{}},'f:a':{}}", "{'f:a':{}}"},
        {"{'f:a':{'x:unknown':{}}}", "{'f:a':{}}"},
        {"{'v:1':{},'v:1.0':{}}", "{'v:1':{}}"},
        {"{'f:':{}}", "{'f:':{}}"},
        {"{'f:a:b':{}}", "{'f:a:b':{}}"},
        {"{'i:-1':{}}", "{'i:-1':{}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct fieldset s = set_of(&a, cases[i].in), of_text;
        struct value v = tree(&a, cases[i].in);
        struct buf b = {0};
        CHECK_STRC(set_text(&a, &s), cases[i].out);
        value_write(&b, &v);
        CHECK_INT(fieldset_parse(&a, str_dup(&a, buf_str(&b)), &of_text, NULL), 0);
        CHECK(fieldset_equal(&s, &of_text));
        buf_done(&b);
        arena_done(&a);
    }
}

TEST(what_is_no_set) {
    static const char *const cases[] = {
        "5",
        "[]",
        "{'f:a':5}",
        "{'a':{}}",
        "{'':{}}",
        "{'fa':{}}",
        "{'k:[1]':{}}",
        "{'k:{':{}}",
        "{'v:':{}}",
        "{'v:1 2':{}}",
        "{'i:x':{}}",
        "{'i:99999999999999999999':{}}",
        "{'f:a':{'f:b':{'q':{}}}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        struct err e = {0};
        struct fieldset s;
        arena_init(&a, 0);
        struct value v = tree(&a, cases[i]);
        if (fieldset_read(&a, &v, &s, &e) != -EINVAL)
            tap_fail(__FILE__, __LINE__, "%s was read", cases[i]);
        CHECK(e.text[0]);
        arena_done(&a);
    }
}

TEST(a_text_meets_a_set) {
    static const struct {
        const char *text, *set;
        bool meets;
    } cases[] = {
        {"{'f:a':{}}", "{'f:a':{}}", true},
        {"{'f:a':{}}", "{'f:b':{}}", false},
        {"{'f:a':{}}", "{}", false},
        {"{}", "{'f:a':{}}", false},
        {"{'f:a':{'f:b':{}},'f:c':{}}", "{'f:a':{'f:d':{}},'f:c':{}}", true},
        {"{'f:a':{'f:c':{}}}", "{'f:c':{}}", false},
        {"{'f:a':{'.':{},'f:b':{}}}", "{'f:a':{'.':{},'f:c':{}}}", true},
        {"{'f:a':{'f:b':{}}}", "{'f:a':{'.':{},'f:c':{}}}", false},
        {"{'f:a':{}}", "{'f:a':{'f:b':{}}}", false},
        {"{'f:l':{'k:{\\\"n\\\":\\\"x\\\"}':{'f:v':{}}}}",
         "{'f:l':{'k:{\\\"n\\\":\\\"x\\\"}':{'f:v':{}}}}", true},
        {"{'f:l':{'k:{\\\"n\\\":\\\"x\\\"}':{'f:v':{}}}}",
         "{'f:l':{'k:{\\\"n\\\":\\\"y\\\"}':{'f:v':{}}}}", false},
        {"{'f:l':{'k:{\\\"n\\\":1}':{}},'f:m':{}}", "{'f:l':{'f:o':{}},'f:m':{}}", true},
        {"{'f:l':{'v:1':{}}}", "{'f:l':{'v:1':{}}}", true},
        {"{'f:a\\\"b':{}}", "{'f:a\\\"b':{}}", true},
        /* in doubt */
        {"{'f:a':{'f:b':{}}}", "{'f:a':{}}", true},
        {"{'f:a':", "{'f:a':{}}", true},
        {"{'f:a':[]}", "{'f:a':{}}", true},
        {"{'f:a':{'q':{}}}", "{'f:a':{'f:b':{}}}", true},
        {"{'f:c':{}x", "{'f:a-':{}}", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct fieldset s = set_of(&a, cases[i].set);
        char *text = arena_dup(&a, cases[i].text, strlen(cases[i].text) + 1);
        for (char *c = text; *c; c++)
            *c = *c == '\'' ? '"' : *c;
        if (fieldset_text_meets(&a, str_of(text), &s) != cases[i].meets)
            tap_fail(__FILE__, __LINE__, "%s, %s", cases[i].text, cases[i].set);
        arena_done(&a);
    }
}

/* As deep as any text may be, wide and unsorted, and past the arena's limit. */
TEST(large_sets) {
    struct arena a;
    struct buf b = {0};
    struct fieldset s;
    struct err e = {0};
    arena_init(&a, 0);
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        buf_adds(&b, "{\"f:a\":");
    buf_adds(&b, "{}");
    for (int i = 0; i < JSON_DEPTH_MAX - 1; i++)
        buf_addc(&b, '}');
    CHECK_INT(fieldset_parse(&a, buf_str(&b), &s, &e), 0);
    CHECK_INT(fieldset_size(&s), 1);
    buf_clear(&b);
    for (int i = 0; i < 100000; i++)
        buf_printf(&b, "%c\"f:%d\":{}", i ? ',' : '{', (i * 7919) % 100000);
    buf_addc(&b, '}');
    CHECK_INT(fieldset_parse(&a, buf_str(&b), &s, &e), 0);
    CHECK_INT(s.n, 100000);
    struct arena small;
    arena_init(&small, 256 * 1024);
    CHECK_INT(fieldset_parse(&small, buf_str(&b), &s, &e), -E2BIG);
    arena_done(&small);
    buf_done(&b);
    arena_done(&a);
}

TEST(operations_on_small_sets) {
    static const struct {
        const char *x, *y, *both, *common, *only_x, *without;
    } cases[] = {
        {"{}", "{}", "{}", "{}", "{}", "{}"},
        {"{'f:a':{},'f:b':{}}", "{'f:b':{},'f:c':{}}", "{'f:a':{},'f:b':{},'f:c':{}}", "{'f:b':{}}",
         "{'f:a':{}}", "{'f:a':{}}"},
        /* parent - child = parent, child - parent = nothing only when all below goes too */
        {"{'f:a':{}}", "{'f:a':{'f:b':{}}}", "{'f:a':{'.':{},'f:b':{}}}", "{}", "{'f:a':{}}",
         "{'f:a':{}}"},
        {"{'f:a':{'f:b':{}}}", "{'f:a':{}}", "{'f:a':{'.':{},'f:b':{}}}", "{}",
         "{'f:a':{'f:b':{}}}", "{}"},
        {"{'f:a':{'.':{},'f:b':{},'f:c':{}}}", "{'f:a':{'f:b':{}}}",
         "{'f:a':{'.':{},'f:b':{},'f:c':{}}}", "{'f:a':{'f:b':{}}}", "{'f:a':{'.':{},'f:c':{}}}",
         "{'f:a':{'.':{},'f:c':{}}}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena a;
        arena_init(&a, 0);
        struct fieldset x = set_of(&a, cases[i].x), y = set_of(&a, cases[i].y), r;
        r = fieldset_union(&a, &x, &y);
        CHECK_STRC(set_text(&a, &r), cases[i].both);
        r = fieldset_intersection(&a, &x, &y);
        CHECK_STRC(set_text(&a, &r), cases[i].common);
        r = fieldset_difference(&a, &x, &y);
        CHECK_STRC(set_text(&a, &r), cases[i].only_x);
        r = fieldset_without(&a, &x, &y);
        CHECK_STRC(set_text(&a, &r), cases[i].without);
        arena_done(&a);
    }
}

static void add_line(void *ctx, const struct path_element *path, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        element_print(ctx, &path[i]);
    buf_addc(ctx, '\n');
}

TEST(paths_for_people) {
    struct arena a;
    struct buf b = {0};
    arena_init(&a, 0);
    struct fieldset s =
        set_of(&a, "{'f:z':{},'f:a':{'f:c':{},'k:{\\\"n\\\":\\\"x\\\",\\\"p\\\":80}':{'.':"
                   "{},'f:q':{}},'v:\\\"s\\\"':{},'v:1.5':{},'i:3':{}}}");
    fieldset_each(&s, &(struct field_path_walk){add_line, &b});
    CHECK_STRC(buf_str(&b), ".z\n.a.c\n.a[n=\"x\",p=80]\n.a[=1.5]\n.a[=\"s\"]\n.a[3]\n"
                            ".a[n=\"x\",p=80].q\n");
    buf_done(&b);
    arena_done(&a);
}

TEST(single_paths) {
    struct arena a;
    arena_init(&a, 0);
    struct fieldset s = fieldset_of_names(&a, STR("spec,metadata.labels,metadata.name"));
    CHECK_STRC(set_text(&a, &s), "{'f:metadata':{'f:labels':{},'f:name':{}},'f:spec':{}}");
    const struct path_element labels[] = {FIELD_ELEMENT(STR("metadata")),
                                          FIELD_ELEMENT(STR("labels"))};
    CHECK(fieldset_has(&s, labels, 2));
    CHECK(!fieldset_has(&s, labels, 1));
    CHECK(!fieldset_has(&s, labels, 0));
    struct fieldset below = fieldset_below(&s, &labels[0]);
    CHECK_STRC(set_text(&a, &below), "{'f:labels':{},'f:name':{}}");
    below = fieldset_below(&s, &labels[1]);
    CHECK(fieldset_empty(&below));
    struct fieldset x = set_of(&a, "{'f:a':{'.':{},'f:b':{}},'f:c':{}}");
    struct fieldset leaves = fieldset_leaves(&a, &x);
    CHECK_STRC(set_text(&a, &leaves), "{'f:a':{'f:b':{}},'f:c':{}}");
    arena_done(&a);
}

TEST(members_by_pattern) {
    static const char all[] = "{\"f:metadata\":{\"f:labels\":{}},\"f:spec\":{\"f:list\":{\".\":{},"
                              "\"k:{\\\"n\\\":1}\":{\".\":{},\"f:a\":{\"f:b\":{}},\"f:c\":{}},"
                              "\"k:{\\\"n\\\":2}\":{\"f:c\":{}}},\"f:other\":{}}}";
    static const struct {
        const char *patterns, *left;
    } cases[] = {
        {"metadata", "{\"f:metadata\":{\"f:labels\":{}}}"},
        {"spec.other,metadata", "{\"f:metadata\":{\"f:labels\":{}},\"f:spec\":{\"f:other\":{}}}"},
        {"spec.list.*.a",
         "{\"f:spec\":{\"f:list\":{\".\":{},\"k:{\\\"n\\\":1}\":{\".\":{},\"f:a\":{"
         "\"f:b\":{}}}}}}"},
        {"spec.none", "{}"},
    };
    struct arena a;
    struct fieldset s;
    struct err e;
    arena_init(&a, 0);
    REQUIRE(fieldset_parse(&a, str_of(all), &s, &e) == 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fieldset left = fieldset_matching(&a, &s, str_of(cases[i].patterns));
        struct buf b = {0};
        fieldset_write(&b, &left);
        CHECK_STR(buf_str(&b), str_of(cases[i].left));
        buf_done(&b);
    }
    arena_done(&a);
}
