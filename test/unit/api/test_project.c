// SPDX-License-Identifier: Apache-2.0
/* Projections keep what their paths name and nothing else. */
#include "api/types.h"
#include "fill.h"
#include "schema/ops.h"
#include "tap.h"

static const char pod[] =
    "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}},\"spec\":{\"volumes\":[{\"name\":"
    "\"v\","
    "\"emptyDir\":{}}],\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"env\":[{\"name\":\"E\"}],"
    "\"resources\":{\"requests\":{\"cpu\":\"1\"},\"limits\":{\"cpu\":\"2\"}}},{\"name\":\"d\","
    "\"image\":\"j\",\"resources\":{}}],\"nodeName\":\"n\",\"priority\":7,\"affinity\":{"
    "\"nodeAffinity\":{},\"podAffinity\":{}}},\"status\":{\"phase\":\"Running\",\"podIP\":\"p\"}}";

static void expect(const char *const *paths, const char *want) {
    struct arena a;
    struct err e = {0};
    struct buf b;
    Pod p;
    arena_init(&a, 0);
    buf_init(&b, 0);
    REQUIRE(json_read(&a, &Pod_type, str_of(pod), &p, NULL, &e) == 0);
    api_project(&Pod_type, &p, paths);
    json_write(&b, &Pod_type, &p, JSON_NO_TYPE_META, NULL);
    CHECK_STRC(buf_str(&b), want);
    buf_done(&b);
    arena_done(&a);
}

TEST(paths_reach_into_items_and_pointers) {
    static const char *const paths[] = {"metadata",
                                        "spec.containers.name",
                                        "spec.containers.resources.requests",
                                        "spec.affinity.nodeAffinity",
                                        "spec.priority",
                                        "status.phase",
                                        NULL};
    expect(paths,
           "{\"metadata\":{\"name\":\"a\",\"labels\":{\"x\":\"y\"}},\"spec\":{\"containers\":["
           "{\"name\":\"c\",\"resources\":{\"requests\":{\"cpu\":\"1\"}}},{\"name\":\"d\","
           "\"resources\":{}}],\"affinity\":{\"nodeAffinity\":{}},\"priority\":7},"
           "\"status\":{\"phase\":\"Running\"}}");
}

TEST(a_path_that_ends_at_a_message_keeps_it_whole) {
    static const char *const paths[] = {"spec.affinity", "status", NULL};
    expect(paths,
           "{\"metadata\":{},\"spec\":{\"containers\":null,\"affinity\":{\"nodeAffinity\":{},"
           "\"podAffinity\":{}}},\"status\":{\"phase\":\"Running\",\"podIP\":\"p\"}}");
}

TEST(inlined_fields_are_named_as_in_json) {
    static const char *const paths[] = {"spec.volumes.emptyDir", NULL};
    expect(paths, "{\"metadata\":{},\"spec\":{\"volumes\":[{\"name\":\"\",\"emptyDir\":{}}],"
                  "\"containers\":null},\"status\":{}}");
}

TEST(a_path_that_only_begins_alike_keeps_nothing) {
    static const char *const paths[] = {"spec.node", "spec.nodeNames", NULL};
    expect(paths, "{\"metadata\":{},\"spec\":{\"containers\":null},\"status\":{}}");
}

TEST(every_field_named_changes_nothing_and_none_leaves_nothing) {
    for (const struct api_type *const *t = api_types; t < api_types + n_api_types; t++) {
        struct arena a;
        const char *names[PROJECT_PATHS_MAX + 1];
        unsigned n = 0;
        arena_init(&a, 0);
        struct fill f = {.arena = &a, .seed = tap_seed(), .chance = 100};
        void *obj = fill_new(&f, *t);
        void *same = api_clone(&a, *t, obj);
        void *zero = arena_zalloc(&a, MAX((*t)->size, 1u));
        for (uint16_t i = 0; i < (*t)->n_fields; i++) {
            const struct api_field *row = &(*t)->fields[i];
            if (row->flags & INLINED)
                n = PROJECT_PATHS_MAX + 1;
            else if (n < PROJECT_PATHS_MAX)
                names[n++] = row->json;
        }
        if (n < PROJECT_PATHS_MAX) {
            names[n] = NULL;
            api_project(*t, same, names);
            if (!api_equal(*t, obj, same))
                tap_fail(__FILE__, __LINE__, "%s: not the same", (*t)->name);
        }
        names[0] = NULL;
        api_project(*t, same, names);
        if (!api_equal(*t, zero, same))
            tap_fail(__FILE__, __LINE__, "%s: something is left", (*t)->name);
        arena_done(&a);
    }
}
