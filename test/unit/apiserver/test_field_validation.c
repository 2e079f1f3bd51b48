// SPDX-License-Identifier: Apache-2.0
/* What fieldValidation says of bodies with fields that nobody knows and keys that are given twice,
 * in each of the formats. */
#include "server_test.h"

#define CMS   "/api/v1/namespaces/default/configmaps"
#define YAML  "application/yaml"
#define JSON  "application/json"
#define OPS   "application/json-patch+json"
#define MERGE "application/merge-patch+json"
#define STRAT "application/strategic-merge-patch+json"
#define APPLY "application/apply-patch+yaml"

struct sample {
    const char *method, *target, *type, *body;
    const char *strict;   /* ends the message; NULL: there is nothing to say */
    const char *warnings; /* a line each, as the header quotes them */
};

static const struct sample samples[] = {
    {"POST", CMS, JSON, "{\"metadata\":{\"name\":\"n\"},\"data\":{\"x\":\"1\"}}", NULL, NULL},
    {"POST", CMS, JSON, "{\"metadata\":{\"name\":\"n\",\"b\":1,\"name\":\"n\"},\"a\\\"\":2}",
     ": strict decoding error: unknown field \"metadata.b\", duplicate field \"metadata.name\", "
     "unknown field \"a\\\"\"",
     "unknown field \\\"metadata.b\\\"\nduplicate field \\\"metadata.name\\\"\n"
     "unknown field \\\"a\\\\\\\"\\\""},
    /* YAML goes through a map: unknown fields come in their order. */
    {"POST", CMS, YAML,
     "metadata:\n  name: b\n  zz: 1\n  aa: 1\ndata:\n  x: '1'\n  z: '2'\n  x: '3'\ndata: {}\n",
     ": strict decoding error: yaml: unmarshal errors:\n  line 8: key \"x\" already set in map\n"
     "  line 9: key \"data\" already set in map, unknown field \"metadata.aa\", unknown field "
     "\"metadata.zz\"",
     "line 8: key \\\"x\\\" already set in map\nline 9: key \\\"data\\\" already set in map\n"
     "unknown field \\\"metadata.aa\\\"\nunknown field \\\"metadata.zz\\\""},
    {"PUT", CMS "/a", YAML, "metadata:\n  name: a\n  name: a\n",
     ": strict decoding error: yaml: unmarshal errors:\n  line 3: key \"name\" already set in map",
     "line 3: key \\\"name\\\" already set in map"},
    {"PATCH", CMS "/a?fieldManager=m", APPLY,
     "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: '1'\n  x: '2'\n",
     "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n"
     "  line 6: key \"x\" already set in map",
     "line 6: key \\\"x\\\" already set in map"},
    {"PATCH", CMS "/a?fieldManager=m", APPLY,
     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\n\"metadata\":{\"name\":\"a\",\n"
     "\"name\":\"a\"}}",
     "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n"
     "  line 3: key \"name\" already set in map",
     "line 3: key \\\"name\\\" already set in map"},
    {"PATCH", CMS "/a?fieldManager=m", APPLY,
     "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"a\"}}", NULL, NULL},
    {"PATCH", CMS "/a", OPS,
     "[{\"op\":\"add\",\"path\":\"/foo\",\"foo\":{\"a\":1,\"a\":1},\"value\":{\"b\":1,\"b\":2}},"
     "{\"op\":\"add\",\"op\":\"add\",\"path\":\"/data\",\"value\":{}}]",
     ": strict decoding error: json patch unknown field \"[0].foo\", json patch duplicate field "
     "\"[0].value.b\", json patch duplicate field \"[1].op\", unknown field \"foo\"",
     "json patch unknown field \\\"[0].foo\\\"\njson patch duplicate field \\\"[0].value.b\\\"\n"
     "json patch duplicate field \\\"[1].op\\\"\nunknown field \\\"foo\\\""},
    {"PATCH", CMS "/a", MERGE, "{\"data\":{\"x\":\"1\",\"x\":\"2\"},\"foo\":[{\"a\":1,\"a\":2}]}",
     ": strict decoding error: duplicate field \"data.x\", duplicate field \"foo[0].a\", unknown "
     "field \"foo\"",
     "duplicate field \\\"data.x\\\"\nduplicate field \\\"foo[0].a\\\"\nunknown field \\\"foo\\\""},
    {"PATCH", CMS "/a", STRAT, "{\"foo\":1,\"bar\":1,\"data\":{\"x\":\"1\",\"x\":\"2\"}}",
     "patch: Invalid value: \"map[bar:1 data:map[x:2] foo:1]\": strict decoding error: duplicate "
     "field \"data.x\", unknown field \"bar\", unknown field \"foo\"",
     "duplicate field \\\"data.x\\\"\nunknown field \\\"bar\\\"\nunknown field \\\"foo\\\""},
};

static str with_validation(struct world *w, const struct sample *c, const char *directive) {
    bool query = str_chr(str_of(c->target), '?') >= 0;
    return str_printf(w->arena, "%s%sdryRun=All&fieldValidation=%s", c->target, query ? "&" : "?",
                      directive);
}

static struct answer send_sample(struct world *w, const struct sample *c, const char *directive) {
    str target = with_validation(w, c, directive);
    return call(w, c->method, str_cdup(w->arena, target), c->type, c->body);
}

/* The lines, each as a header has it. */
static str as_headers(struct arena *a, const char *lines) {
    str rest = str_of(lines), out = STR_NONE;
    while (rest.n) {
        str line = str_cut(&rest, '\n');
        out = str_printf(a, STR_FMT "%s299 - \"" STR_FMT "\"", STR_ARG(out), out.n ? "\n" : "",
                         STR_ARG(line));
    }
    return out;
}

TEST(bodies_are_validated_as_asked) {
    struct world w;
    world_init(&w);
    REQUIRE(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code == 201);
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const struct sample *c = &samples[i];
        struct answer a = send_sample(&w, c, "Ignore");
        CHECK(a.code == 200 || a.code == 201);
        CHECK_STR(a.warnings, STR_NONE);
        a = send_sample(&w, c, "Warn");
        CHECK(a.code == 200 || a.code == 201);
        CHECK_STR(a.warnings, c->warnings ? as_headers(w.arena, c->warnings) : STR_NONE);
        a = send_sample(&w, c, "Strict");
        CHECK_STR(a.warnings, STR_NONE);
        if (!c->strict) {
            CHECK(a.code == 200 || a.code == 201);
            continue;
        }
        bool patched = strcmp(c->method, "PATCH") == 0 && strcmp(c->type, APPLY) != 0;
        CHECK_INT(a.code, patched ? 422 : 400);
        str message = text_at(&w, a.body, "message");
        if (!str_ends(message, str_of(c->strict)))
            tap_fail(__FILE__, __LINE__, "%zu: " STR_FMT, i, STR_ARG(message));
    }
    world_done(&w);
}

/* A path as long as the text, and keys without number under it. */
TEST(long_paths_are_bounded) {
    struct world w;
    world_init(&w);
    REQUIRE(call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"}}").code == 201);
    struct buf b;
    buf_init(&b, 0);
    buf_adds(&b, "{\"");
    for (int i = 0; i < 1000000; i++)
        buf_addc(&b, 'k');
    buf_adds(&b, "\":{\"x\":1");
    for (int i = 0; i < 200000; i++)
        buf_printf(&b, ",\"%d\":1", i % 100000);
    buf_adds(&b, "}}");
    struct http_header h[] = {{STR("Content-Type"), STR(MERGE)}};
    struct answer a = call_with(&w, "PATCH", STR(CMS "/a"), h, 1, buf_str(&b));
    CHECK_INT(a.code, 413);
    buf_done(&b);
    world_done(&w);
}
