// SPDX-License-Identifier: Apache-2.0
/* OpenAPI documents: version 3 whole against upstream's (test/data/openapi, descriptions removed),
 * version 2 consistent in itself and the same in both encodings. */
#include <zlib.h>

#include "api/openapi.h"
#include "base/map.h"
#include "schema/proto_wire.h"
#include "schema/value.h"
#include "tap.h"

#define DOCUMENT_MAX (8u << 20)

static str read_gz(struct arena *a, const char *name) {
    str path = str_printf(a, "test/data/openapi/%s", name);
    char *p = arena_alloc(a, DOCUMENT_MAX);
    gzFile f = gzopen(path.p, "rb");
    REQUIRE(f);
    int n = gzread(f, p, DOCUMENT_MAX);
    gzclose(f);
    REQUIRE(n > 0 && n < (int)DOCUMENT_MAX);
    return str_n(p, (size_t)n);
}

static void drop_descriptions(struct value *v) {
    if (v->tag == VALUE_LIST)
        for (uint32_t i = 0; i < v->list.n; i++)
            drop_descriptions(&v->list.v[i]);
    if (v->tag != VALUE_OBJECT)
        return;
    const struct value *d = value_getc(v, "description");
    if (d && d->tag == VALUE_STR)
        value_remove(v, STR("description"));
    for (uint32_t i = 0; i < v->object.n; i++)
        drop_descriptions(&v->object.v[i].value);
}

/* Names the first difference on each path instead of printing two documents. */
static void compare(const char *where, const struct value *got, const struct value *want) {
    char path[512];
    if (want->tag != VALUE_OBJECT || got->tag != VALUE_OBJECT) {
        if (!value_equal(got, want))
            tap_fail(__FILE__, __LINE__, "%s differs", where);
        return;
    }
    for (uint32_t i = 0; i < want->object.n; i++) {
        str key = want->object.v[i].key;
        const struct value *x = value_get(got, key);
        snprintf(path, sizeof(path), "%s|" STR_FMT, where, STR_ARG(key));
        if (!x)
            tap_fail(__FILE__, __LINE__, "%s is missing", path);
        else
            compare(path, x, &want->object.v[i].value);
    }
    for (uint32_t i = 0; i < got->object.n; i++)
        if (!value_get(want, got->object.v[i].key))
            tap_fail(__FILE__, __LINE__, "%s|" STR_FMT " is too much", where,
                     STR_ARG(got->object.v[i].key));
}

TEST(openapi_v3_as_upstream) {
    struct served served = served_default();
    static const char *const documents[][2] = {
        {"api/v1", "openapi-v3-core-v1.json.gz"},
        {"apis/apps/v1", "openapi-v3-apps-v1.json.gz"},
        {"apis/batch/v1", "openapi-v3-batch-v1.json.gz"},
        {"api", "openapi-v3-api.json.gz"},
        {"apis", "openapi-v3-apis.json.gz"},
        {"version", "openapi-v3-version.json.gz"},
    };
    for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
        struct arena a;
        struct value got, want;
        struct buf b;
        arena_init(&a, 0);
        buf_init(&b, 0);
        str text = read_gz(&a, documents[i][1]);
        CHECK_INT(value_parse(&a, text, &want, NULL, NULL), 0);
        CHECK_INT(openapi_v3_write(&b, &served, str_of(documents[i][0])), 0);
        REQUIRE(value_parse(&a, buf_str(&b), &got, NULL, NULL) == 0);
        drop_descriptions(&got);
        compare(documents[i][0], &got, &want);
        buf_clear(&b); /* members stand in upstream's order as well */
        value_write(&b, &got);
        CHECK(str_eq(buf_str(&b), str_slice(text, 0, b.n)));
        buf_done(&b);
        arena_done(&a);
    }
}

/* Every $ref names a schema of the document, and every schema is named. */
static void check_refs(const struct value *v, const struct value *schemas, str prefix,
                       struct map *used) {
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++)
        check_refs(&v->list.v[i], schemas, prefix, used);
    for (uint32_t i = 0; v->tag == VALUE_OBJECT && i < v->object.n; i++) {
        const struct member *x = &v->object.v[i];
        if (!str_eqc(x->key, "$ref") || x->value.tag != VALUE_STR) {
            check_refs(&x->value, schemas, prefix, used);
            continue;
        }
        CHECK(str_starts(x->value.s, prefix));
        str name = str_slice(x->value.s, prefix.n, x->value.s.n);
        if (!value_get(schemas, name))
            tap_fail(__FILE__, __LINE__, "no schema " STR_FMT, STR_ARG(name));
        map_put(used, name, used);
    }
}

static void check_document(const struct value *d, const struct value *schemas, str prefix) {
    struct map used;
    map_init(&used, NULL);
    check_refs(d, schemas, prefix, &used);
    for (uint32_t i = 0; schemas && i < schemas->object.n; i++)
        if (!map_get(&used, schemas->object.v[i].key))
            tap_fail(__FILE__, __LINE__, STR_FMT " is not used", STR_ARG(schemas->object.v[i].key));
    map_done(&used);
}

TEST(openapi_v3_index_names_every_document) {
    struct served served = served_default();
    struct arena a;
    struct buf index, b;
    struct value v, doc;
    arena_init(&a, 0);
    buf_init(&index, 0);
    buf_init(&b, 0);
    openapi_v3_index(&index, &served);
    REQUIRE(value_parse(&a, buf_str(&index), &v, NULL, NULL) == 0);
    const struct value *paths = value_getc(&v, "paths");
    CHECK_INT(paths->object.n, 47);
    for (uint32_t i = 0; i < paths->object.n; i++) {
        str name = paths->object.v[i].key;
        buf_clear(&b);
        CHECK_STR(openapi_v3_path(&a, &served, i), name);
        CHECK_INT(openapi_v3_write(&b, &served, name), 0);
        str url = value_str(value_getc(&paths->object.v[i].value, "serverRelativeURL"));
        str hash = openapi_hash(&a, buf_str(&b));
        CHECK_STR(url, str_printf(&a, "/openapi/v3/" STR_FMT "?hash=" STR_FMT, STR_ARG(name),
                                  STR_ARG(hash)));
        REQUIRE(value_parse(&a, buf_str(&b), &doc, NULL, NULL) == 0);
        check_document(&doc, value_getc(value_getc(&doc, "components"), "schemas"),
                       STR("#/components/schemas/"));
    }
    CHECK_INT(openapi_v3_write(&b, &served, STR("apis/nope/v1")), -ENOENT);
    CHECK_INT(openapi_v3_write(&b, &served, STR("apis/apps/v7")), -ENOENT);
    CHECK_INT(openapi_v3_write(&b, &served, STR("apis/apps/v1/x")), -ENOENT);
    CHECK_INT(openapi_v3_write(&b, &served, STR("")), -ENOENT);
    CHECK(!openapi_v3_path(&a, &served, 1000).p);
    buf_done(&index);
    buf_done(&b);
    arena_done(&a);
}

TEST(openapi_v2_is_consistent) {
    struct served served = served_default();
    struct arena a;
    struct buf b;
    struct value v;
    struct map ids;
    arena_init(&a, 0);
    buf_init(&b, 0);
    map_init(&ids, NULL);
    openapi_v2_write(&b, &served);
    REQUIRE(value_parse(&a, buf_str(&b), &v, NULL, NULL) == 0);
    const struct value *paths = value_getc(&v, "paths");
    check_document(&v, value_getc(&v, "definitions"), STR("#/definitions/"));
    for (uint32_t i = 0; i < paths->object.n; i++) {
        const struct value *item = &paths->object.v[i].value;
        for (uint32_t k = 0; k < item->object.n; k++) {
            const struct value *op = &item->object.v[k].value;
            str id = value_str(value_getc(op, "operationId"));
            if (op->tag == VALUE_OBJECT && map_put(&ids, id, &ids))
                tap_fail(__FILE__, __LINE__, "operation " STR_FMT " twice", STR_ARG(id));
        }
    }
    CHECK(ids.n > 700);
    map_done(&ids);
    buf_done(&b);
    arena_done(&a);
}

/* Field `number` of a message that has it once, as bytes. */
static str sub_message(str message, uint32_t number) {
    struct proto_in in = proto_in_of(message);
    str found = STR_NONE, s;
    while (in.p < in.end) {
        uint32_t n;
        unsigned wire;
        REQUIRE(proto_take_tag(&in, &n, &wire) == 0);
        if (n == number && wire == WIRE_BYTES) {
            REQUIRE(proto_take_bytes(&in, &s) == 0);
            found = s;
        } else {
            REQUIRE(proto_skip(&in, wire) == 0);
        }
    }
    return found;
}

/* The nth {name = 1, value = 2} in field `number`. */
static str entry(str message, uint32_t number, uint32_t nth) {
    struct proto_in in = proto_in_of(message);
    while (in.p < in.end) {
        uint32_t n;
        unsigned wire;
        str s;
        REQUIRE(proto_take_tag(&in, &n, &wire) == 0);
        REQUIRE(wire == WIRE_BYTES && proto_take_bytes(&in, &s) == 0);
        if (n == number && nth-- == 0)
            return s;
    }
    return STR_NONE;
}

/* As many operations, properties and parameters as there are in the JSON, with the same names. */
static void check_path(const struct value *item, str pb) {
    static const char *const methods[] = {"get",     "put",  "post", "delete",
                                          "options", "head", "patch"};
    for (uint32_t m = 0; m < ARRAY_LEN(methods); m++) {
        const struct value *op = value_getc(item, methods[m]);
        str got = sub_message(pb, m + 2);
        CHECK_INT(!op, !got.p);
        if (op)
            CHECK_STR(sub_message(got, 5), value_str(value_getc(op, "operationId")));
        for (uint32_t i = 0; op && i < value_getc(op, "responses")->object.n; i++)
            CHECK_STR(sub_message(entry(sub_message(got, 9), 1, i), 1),
                      value_getc(op, "responses")->object.v[i].key);
    }
}

static void check_definition(const struct value *schema, str pb) {
    const struct value *properties = value_getc(schema, "properties"), *x;
    str type = sub_message(pb, 22);
    CHECK_STR(type.p ? sub_message(type, 1) : STR_NONE, value_str(value_getc(schema, "type")));
    for (uint32_t i = 0; properties && i < properties->object.n; i++) {
        str property = entry(sub_message(pb, 25), 1, i);
        CHECK_STR(sub_message(property, 1), properties->object.v[i].key);
        check_definition(&properties->object.v[i].value, sub_message(property, 2));
    }
    if ((x = value_getc(schema, "items")))
        check_definition(x, sub_message(sub_message(pb, 23), 1));
    if ((x = value_getc(schema, "additionalProperties")))
        check_definition(x, sub_message(sub_message(pb, 21), 1));
    if ((x = value_getc(schema, "$ref")))
        CHECK_STR(sub_message(pb, 1), x->s);
}

TEST(openapi_v2_in_protobuf_says_the_same) {
    struct served served = served_default();
    struct arena a;
    struct buf b, pb;
    struct value v;
    arena_init(&a, 0);
    buf_init(&b, 0);
    buf_init(&pb, 0);
    openapi_v2_write(&b, &served);
    openapi_v2_write_proto(&pb, &served);
    REQUIRE(value_parse(&a, buf_str(&b), &v, NULL, NULL) == 0);
    CHECK_STRC(sub_message(buf_str(&pb), 1), "2.0");
    CHECK_STRC(sub_message(sub_message(buf_str(&pb), 2), 1), "Kubernetes");
    const struct value *paths = value_getc(&v, "paths"),
                       *definitions = value_getc(&v, "definitions");
    struct proto_in in = proto_in_of(sub_message(buf_str(&pb), 8));
    for (uint32_t i = 0; i < paths->object.n; i++) {
        uint32_t n;
        unsigned wire;
        str s;
        REQUIRE(proto_take_tag(&in, &n, &wire) == 0 && n == 2 && proto_take_bytes(&in, &s) == 0);
        CHECK_STR(sub_message(s, 1), paths->object.v[i].key);
        check_path(&paths->object.v[i].value, sub_message(s, 2));
    }
    CHECK(in.p == in.end);
    in = proto_in_of(sub_message(buf_str(&pb), 9));
    for (uint32_t i = 0; i < definitions->object.n; i++) {
        uint32_t n;
        unsigned wire;
        str s;
        REQUIRE(proto_take_tag(&in, &n, &wire) == 0 && n == 1 && proto_take_bytes(&in, &s) == 0);
        CHECK_STR(sub_message(s, 1), definitions->object.v[i].key);
        check_definition(&definitions->object.v[i].value, sub_message(s, 2));
    }
    CHECK(in.p == in.end);
    buf_done(&b);
    buf_done(&pb);
    arena_done(&a);
}

/* What kubectl looks for: the kind of a schema, as YAML in an extension. */
TEST(openapi_v2_protobuf_extensions) {
    struct served served = served_default();
    struct buf pb;
    buf_init(&pb, 0);
    openapi_v2_write_proto(&pb, &served);
    str definitions = sub_message(buf_str(&pb), 9);
    for (uint32_t i = 0;; i++) {
        str named = entry(definitions, 1, i);
        REQUIRE(named.p);
        if (!str_eqc(sub_message(named, 1), "io.k8s.api.apps.v1.Deployment"))
            continue;
        str extension = entry(sub_message(named, 2), 31, 0);
        CHECK_STRC(sub_message(extension, 1), "x-kubernetes-group-version-kind");
        CHECK_STRC(sub_message(sub_message(extension, 2), 2),
                   "[{\"group\":\"apps\",\"kind\":\"Deployment\",\"version\":\"v1\"}]\n");
        break;
    }
    buf_done(&pb);
}
