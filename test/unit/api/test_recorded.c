// SPDX-License-Identifier: Apache-2.0
/* Bytes that upstream's API server sent: read and written again they must be the same, in JSON and
 * in protobuf, and both must give one object. */
#include "recorded.h"

#include "api/resource.h"
#include "api/types.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "schema/proto.h"

static const struct api_type *type_of(str api_version, str kind) {
    str version = api_version, group = STR_NONE;
    if (str_chr(api_version, '/') >= 0)
        group = str_cut(&version, '/');
    return type_of_kind(group, version, kind);
}

/* Shows where two texts part. */
static void check_same(const char *what, str got, str want) {
    size_t i = 0;
    while (i < got.n && i < want.n && got.p[i] == want.p[i])
        i++;
    if (got.n == want.n && i == got.n)
        return;
    size_t from = i > 60 ? i - 60 : 0;
    tap_fail(__FILE__, __LINE__, "%s: got ..." STR_FMT ", want ..." STR_FMT, what,
             STR_ARG(str_slice(got, from, i + 60)), STR_ARG(str_slice(want, from, i + 60)));
}

static void check_same_bytes(const char *what, str got, str want) {
    struct buf x = {0}, y = {0};
    for (size_t i = 0; i < got.n; i++)
        buf_printf(&x, "%02x", (unsigned char)got.p[i]);
    for (size_t i = 0; i < want.n; i++)
        buf_printf(&y, "%02x", (unsigned char)want.p[i]);
    check_same(what, buf_str(&x), buf_str(&y));
    buf_done(&x);
    buf_done(&y);
}

static void *check_json(struct arena *a, const struct api_type *t, const char *what, str json) {
    struct decode_report report = {0};
    struct err e = {0};
    str kind = STR_NONE, api_version = STR_NONE;
    struct json_read_opts opts = {&report, &kind, &api_version};
    void *obj = arena_alloc(a, t->size);
    if (json_read(a, t, json, obj, &opts, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", what, e.text);
    CHECK_STRC(kind, t->info->kind);
    CHECK_INT(report.all.n, 0);
    for (uint32_t i = 0; i < report.all.n; i++)
        tap_diag("%s: " STR_FMT, what, STR_ARG(report.all.v[i]));
    struct buf b = {0};
    json_write(&b, t, obj, 0, NULL);
    check_same(what, buf_str(&b), json);
    buf_done(&b);
    return obj;
}

static void *check_proto(struct arena *a, const struct api_type *t, const char *what, str bytes) {
    struct proto_envelope env = {0};
    struct err e = {0};
    void *obj = arena_alloc(a, t->size);
    CHECK_INT(proto_envelope_read(bytes, &env, &e), 0);
    CHECK_STRC(env.kind, t->info->kind);
    if (proto_read(a, t, env.raw, obj, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", what, e.text);
    struct buf b = {0};
    proto_envelope_write(&b, t, obj);
    check_same_bytes(what, buf_str(&b), bytes);
    CHECK_INT(proto_size(t, obj), env.raw.n);
    buf_done(&b);
    return obj;
}

/* What a client sent is accepted, says nothing that strict decoding minds, and survives a tree. */
static void check_sent(struct arena *a, const struct api_type *t, const char *what,
                       const struct value *sent) {
    struct decode_report report = {0};
    struct err e = {0};
    void *direct = arena_alloc(a, t->size), *again = arena_alloc(a, t->size);
    if (json_read_value(a, t, sent, direct, &(struct json_read_opts){.report = &report}, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s (sent): %s", what, e.text);
    CHECK_INT(report.all.n, 0);
    struct value tree;
    CHECK_INT(json_write_value(a, t, direct, &tree), 0);
    CHECK_INT(json_read_value(a, t, &tree, again, NULL, &e), 0);
    CHECK(api_equal(t, direct, again));
}

static void check_object(struct arena *a, const struct value *o) {
    str api_version = value_str(value_getc(o, "apiVersion")),
        kind = value_str(value_getc(o, "kind"));
    const char *what = str_cdup(a, value_str(value_getc(o, "path")));
    const struct api_type *t = type_of(api_version, kind);
    if (!t) {
        /* Custom resources are trees. */
        CHECK(str_chr(api_version, '.') >= 0 &&
              str_ends(str_cut(&api_version, '/'), STR(".example")));
        return;
    }
    void *from_json = check_json(a, t, what, value_str(value_getc(o, "json")));
    void *from_proto = check_proto(a, t, what, recorded_bytes(a, o, "protobuf"));
    /* Its answer was made anew for each request, in no particular order. */
    if (t == &SelfSubjectRulesReview_type)
        return;
    if (!api_equal(t, from_json, from_proto))
        tap_fail(__FILE__, __LINE__, "%s: JSON and protobuf differ", what);
    if (value_getc(o, "sent"))
        check_sent(a, t, what, value_getc(o, "sent"));
}

TEST(recorded_objects_come_back_byte_for_byte) {
    struct arena a, line;
    struct value o;
    unsigned n = 0;
    arena_init(&a, 0);
    arena_init(&line, 0);
    for (str text = file_read(&a, "test/data/recorded/objects.jsonl");
         recorded_next(&line, &text, &o); n++) {
        check_object(&line, &o);
        arena_reset(&line);
    }
    CHECK_INT(n, 70);
    arena_done(&line);
    arena_done(&a);
}

static void check_list(struct arena *a, const struct value *o) {
    const char *what = str_cdup(a, value_str(value_getc(o, "name")));
    str body = value_str(value_getc(o, "body")), proto = recorded_bytes(a, o, "base64");
    struct err e = {0};
    if (proto.n) {
        struct proto_envelope env = {0};
        CHECK_INT(proto_envelope_read(proto, &env, &e), 0);
        const struct api_type *t = type_of(env.api_version, env.kind);
        REQUIRE(t);
        check_proto(a, t, what, proto);
        return;
    }
    struct value v;
    if (body.n == 0 || body.p[0] != '{')
        return;
    REQUIRE(value_parse(a, body, &v, NULL, &e) == 0);
    const struct api_type *t =
        type_of(value_str(value_getc(&v, "apiVersion")), value_str(value_getc(&v, "kind")));
    struct buf compact = {0}, indented = {0};
    value_write(&compact, &v);
    if (body.p[1] == '\n') {
        json_indent(&indented, buf_str(&compact), 2);
        check_same(what, buf_str(&indented), body);
    } else {
        check_same(what, buf_str(&compact), body);
        if (t)
            check_json(a, t, what, body);
    }
    buf_done(&compact);
    buf_done(&indented);
}

TEST(recorded_lists_come_back_byte_for_byte) {
    struct arena a, line;
    struct value o;
    unsigned n = 0;
    arena_init(&a, 0);
    arena_init(&line, 0);
    for (str text = file_read(&a, "test/data/recorded/lists.jsonl");
         recorded_next(&line, &text, &o); n++) {
        check_list(&line, &o);
        arena_reset(&line);
    }
    CHECK_INT(n, 18);
    arena_done(&line);
    arena_done(&a);
}
