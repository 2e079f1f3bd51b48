// SPDX-License-Identifier: Apache-2.0
/* Tables against those that upstream answered. Ages of a recording move with its clock, so "now" is
 * searched: some second near the creation must give every cell. */
#include "recorded.h"

#include "api/print.h"
#include "api/types.h"
#include "base/env.h"
#include "schema/json.h"

static const struct api_resource *resource_of(str api_version, str kind) {
    str version = api_version, group = STR_NONE;
    if (str_chr(api_version, '/') >= 0)
        group = str_cut(&version, '/');
    return resource_of_kind(group, version, kind);
}

static str member_text(struct arena *a, const struct value *o, const char *name) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, value_getc(o, name));
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static void check_columns(struct arena *a, const struct api_resource *r,
                          const struct value *table) {
    const struct value *want = value_getc(table, "columnDefinitions");
    size_t n;
    const struct print_column *c = print_columns(r, &n);
    CHECK_INT(n, want->list.n);
    for (uint32_t i = 0; i < want->list.n && i < n; i++) {
        const struct value *w = &want->list.v[i];
        CHECK_STR(str_of(c[i].name), value_str(value_getc(w, "name")));
        CHECK_STR(str_of(c[i].type), value_str(value_getc(w, "type")));
        CHECK_STR(str_of(c[i].format), value_str(value_getc(w, "format")));
        CHECK_INT(c[i].priority, value_getc(w, "priority")->i);
    }
}

static void check_row(struct arena *a, const struct api_resource *r, const void *obj,
                      const struct value *table, const char *what) {
    const ObjectMeta *m = obj;
    str want = member_text(a, &value_getc(table, "rows")->list.v[0], "cells"), got = STR_NONE;
    for (int64_t s = 0; s < 20; s++) {
        struct buf b = {0};
        print_cells(&b, r, obj, (m->creation_timestamp.sec + s) * NSEC_PER_SEC);
        got = str_dup(a, buf_str(&b));
        buf_done(&b);
        if (str_eq(got, want))
            return;
    }
    tap_fail(__FILE__, __LINE__, "%s: got " STR_FMT ", want " STR_FMT, what, STR_ARG(got),
             STR_ARG(want));
}

/* Printers know the stored version. */
static void *stored(struct arena *a, const struct api_resource *r, void *obj) {
    struct err e = {0};
    if (!r->convert)
        return obj;
    void *to = arena_alloc(a, r->storage->type->size);
    REQUIRE(r->convert->to_storage(a, obj, to, &e) == 0);
    return to;
}

TEST(recorded_tables) {
    struct arena a, line;
    struct value o;
    unsigned n = 0;
    arena_init(&a, 0);
    arena_init(&line, 0);
    for (str text = file_read(&a, "test/data/recorded/objects.jsonl");
         recorded_next(&line, &text, &o);) {
        const struct value *table = value_getc(&o, "table");
        const struct api_resource *r =
            resource_of(value_str(value_getc(&o, "apiVersion")), value_str(value_getc(&o, "kind")));
        const char *what = str_cdup(&line, value_str(value_getc(&o, "path")));
        if (r && table && value_getc(table, "rows") &&
            value_getc(table, "rows")->tag == VALUE_LIST) {
            struct err e = {0};
            void *obj = arena_alloc(&line, r->type->size);
            REQUIRE(json_read(&line, r->type, value_str(value_getc(&o, "json")), obj, NULL, &e) ==
                    0);
            check_columns(&line, r->storage, table);
            check_row(&line, r->storage, stored(&line, r, obj), table, what);
            n++;
        }
        arena_reset(&line);
    }
    CHECK_INT(n, 60);
    arena_done(&line);
    arena_done(&a);
}

TEST(durations_read_as_people_say_them) {
    static const struct {
        int64_t s;
        const char *want;
    } cases[] = {
        {-5, "<invalid>"},  {-1, "0s"},       {0, "0s"},
        {119, "119s"},      {120, "2m"},      {200, "3m20s"},
        {600, "10m"},       {10799, "179m"},  {10800, "3h"},
        {11000, "3h3m"},    {28800, "8h"},    {172799, "47h"},
        {172800, "2d"},     {180000, "2d2h"}, {691200, "8d"},
        {63071999, "729d"}, {63072000, "2y"}, {63072000 + 86400 * 3, "2y3d"},
        {252288000, "8y"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = {0};
        print_duration(&b, cases[i].s);
        CHECK_STRC(buf_str(&b), cases[i].want);
        buf_done(&b);
    }
}

/* Pods as a user meets them: status JSON, then Ready, Status and Restarts. */
static const struct {
    const char *json, *cells;
} pods[] = {
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\"}]},"
     "\"status\":{\"phase\":\"Pending\"}}",
     "[\"p\",\"0/1\",\"Pending\",\"0\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\"}]},\"status\":{"
     "\"phase\":\"Pending\",\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"False\","
     "\"reason\":\"SchedulingGated\"}]}}",
     "[\"p\",\"0/1\",\"SchedulingGated\",\"0\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\"}]},\"status\":{"
     "\"phase\":\"Running\",\"containerStatuses\":[{\"name\":\"a\",\"restartCount\":3,\"state\":{"
     "\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}",
     "[\"p\",\"0/1\",\"CrashLoopBackOff\",\"3\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\"}]},\"status\":{"
     "\"phase\":\"Succeeded\",\"containerStatuses\":[{\"name\":\"a\",\"state\":{\"terminated\":{"
     "\"exitCode\":0,\"reason\":\"Completed\"}}}]}}",
     "[\"p\",\"0/1\",\"Completed\",\"0\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\"}]},\"status\":{"
     "\"phase\":\"Failed\",\"containerStatuses\":[{\"name\":\"a\",\"state\":{\"terminated\":{"
     "\"exitCode\":3}}}]}}",
     "[\"p\",\"0/1\",\"ExitCode:3\",\"0\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"initContainers\":[{\"name\":\"i\"},{\"name\":"
     "\"j\"}],\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":\"Pending\","
     "\"initContainerStatuses\":[{\"name\":\"i\",\"restartCount\":1,\"state\":{\"terminated\":{"
     "\"exitCode\":0}}},{\"name\":\"j\",\"state\":{\"running\":{}}}]}}",
     "[\"p\",\"0/1\",\"Init:1/2\",\"1\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"initContainers\":[{\"name\":\"i\"}],"
     "\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":\"Pending\","
     "\"initContainerStatuses\":[{\"name\":\"i\",\"restartCount\":2,\"state\":{\"waiting\":{"
     "\"reason\":\"ImagePullBackOff\"}}}]}}",
     "[\"p\",\"0/1\",\"Init:ImagePullBackOff\",\"2\","},
    {"{\"metadata\":{\"name\":\"p\"},\"spec\":{\"initContainers\":[{\"name\":\"s\","
     "\"restartPolicy\":\"Always\"}],\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":"
     "\"Running\",\"initContainerStatuses\":[{\"name\":\"s\",\"ready\":true,\"started\":true,"
     "\"restartCount\":1,\"state\":{\"running\":{}}}],\"containerStatuses\":[{\"name\":\"a\","
     "\"ready\":true,\"state\":{\"running\":{}}}]}}",
     "[\"p\",\"2/2\",\"Running\",\"1\","},
    {"{\"metadata\":{\"name\":\"p\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{"
     "\"containers\":[{\"name\":\"a\"}]},\"status\":{\"phase\":\"Running\",\"containerStatuses\":[{"
     "\"name\":\"a\",\"ready\":true,\"state\":{\"running\":{}}}]}}",
     "[\"p\",\"1/1\",\"Terminating\",\"0\","},
};

TEST(pods_show_what_holds_them) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(pods); i++) {
        struct err e = {0};
        Pod pod;
        struct buf b = {0};
        REQUIRE(json_read(&a, &Pod_type, str_of(pods[i].json), &pod, NULL, &e) == 0);
        print_cells(&b, RESOURCE_OF(core_v1_pods), &pod, 0);
        CHECK_STRC(str_slice(buf_str(&b), 0, strlen(pods[i].cells)), pods[i].cells);
        buf_done(&b);
    }
    arena_done(&a);
}
