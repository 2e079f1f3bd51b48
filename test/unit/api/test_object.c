// SPDX-License-Identifier: Apache-2.0
#include "api/object.h"

#include "schema/json.h"
#include "schema/proto.h"
#include "tap.h"

#define PODS RESOURCE_OF(core_v1_pods)

static const char pod_json[] =
    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"web-0\","
    "\"namespace\":\"default\",\"uid\":\"0d1e\",\"resourceVersion\":\"%s\","
    "\"labels\":{\"app\":\"web\",\"tier\":\"front\"}},"
    "\"spec\":{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"resources\":{}}],"
    "\"nodeName\":\"node-a\"},\"status\":{\"phase\":\"Running\"}}";

static str text_of(struct arena *a, const char *version) {
    return str_printf(a, pod_json, version);
}

static struct object *load(struct arena *a, const char *version, uint64_t revision) {
    struct err e = {0};
    struct object *o = NULL;
    int r = object_load(PODS, STR("/registry/pods/default/web-0"), text_of(a, version), revision,
                        &e, &o);
    if (r < 0)
        tap_fail(__FILE__, __LINE__, "%s", e.text);
    REQUIRE(r == 0);
    return o;
}

TEST(object_has_its_header) {
    struct arena a;
    arena_init(&a, 0);
    struct object *o CLEANUP(object_unrefp) = load(&a, "", 42);
    CHECK(o->resource == PODS);
    CHECK_INT(o->revision, 42);
    CHECK_STRC(o->key, "/registry/pods/default/web-0");
    CHECK_STRC(o->ns, "default");
    CHECK_STRC(o->name, "web-0");
    CHECK_STRC(o->uid, "0d1e");
    CHECK_INT(o->n_labels, 2);
    CHECK_STRC(o->labels[0].key, "app");
    CHECK_STRC(o->labels[0].value, "web");
    CHECK_STRC(o->labels[1].key, "tier");
    CHECK_STRC(o->labels[1].value, "front");
    CHECK_STRC(object_field(o, "spec.nodeName"), "node-a");
    CHECK_STRC(object_field(o, "status.phase"), "Running");
    CHECK_STRC(object_field(o, "status.nominatedNodeName"), "");
    CHECK(object_field(o, "spec.unknown").p == NULL);
    CHECK(!o->deleting);
    arena_done(&a);
}

/* Whatever digits were stored, those that are asked for come out, in the right place. */
TEST(object_writes_json) {
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    struct object *o CLEANUP(object_unrefp) = load(&a, "", 7);
    struct object *same CLEANUP(object_unrefp) = load(&a, "123456", 7);
    CHECK_STR(same->json, o->json);
    object_write_json(&b, o, 987654321, false);
    CHECK_STR(buf_str(&b), text_of(&a, "987654321"));
    buf_clear(&b);
    object_write_json(&b, o, 7, true);
    str whole = text_of(&a, "7");
    str item = str_slice(whole, sizeof("{\"kind\":\"Pod\",\"apiVersion\":\"v1\",") - 1, whole.n);
    CHECK_STR(buf_str(&b), str_concat(&a, STR("{"), item));
    buf_done(&b);
    arena_done(&a);
}

TEST(object_decodes) {
    struct arena a;
    arena_init(&a, 0);
    struct object *o = load(&a, "5", 42);
    const Pod *p = object_decode(&a, o);
    o = object_unref(o); /* the arena has all that it needs */
    CHECK_STRC(p->metadata.name, "web-0");
    CHECK_STRC(p->metadata.resource_version, "42");
    CHECK_STRC(p->spec.node_name, "node-a");
    struct object *again CLEANUP(object_unrefp) = object_new(PODS, p);
    CHECK_STRC(again->key, "/registry/pods/default/web-0");
    CHECK_INT(again->revision, 0);
    arena_done(&a);
}

/* The second time comes from the cache; another revision does not. */
TEST(object_writes_proto) {
    struct arena a;
    struct buf first, second, other;
    struct err e = {0};
    arena_init(&a, 0);
    buf_init(&first, 0);
    buf_init(&second, 0);
    buf_init(&other, 0);
    struct object *o CLEANUP(object_unrefp) = load(&a, "", 42);
    object_write_proto(&first, o, 42);
    CHECK(o->proto != NULL);
    object_write_proto(&second, o, 42);
    CHECK_STR(buf_str(&second), buf_str(&first));
    object_write_proto(&other, o, 4242);
    Pod *p = arena_make(&a, Pod);
    CHECK_INT(proto_read(&a, &Pod_type, buf_str(&other), p, &e), 0);
    CHECK_STRC(p->metadata.resource_version, "4242");
    CHECK_STRC(p->status.phase, "Running");
    buf_done(&first);
    buf_done(&second);
    buf_done(&other);
    arena_done(&a);
}

/* Strings that JSON escapes are not found in it and get room of their own. */
TEST(object_keeps_escaped_strings) {
    struct arena a;
    arena_init(&a, 0);
    Pod p = {0};
    p.metadata.name = STR("x");
    p.metadata.namespace_ = STR("y");
    p.metadata.uid = STR("a\"b");
    p.metadata.labels.v = &(struct str_pair){STR("k"), STR("<>")};
    p.metadata.labels.n = 1;
    p.metadata.deletion_timestamp = (Time){.set = true, .sec = 1};
    p.spec.node_name = STR("back\\slash");
    struct object *o CLEANUP(object_unrefp) = object_new(PODS, &p);
    CHECK_STRC(o->uid, "a\"b");
    CHECK_STRC(o->labels[0].value, "<>");
    CHECK_STRC(object_field(o, "spec.nodeName"), "back\\slash");
    CHECK(o->deleting);
    CHECK(object_weight(o) >= sizeof(*o) + o->json.n);
    arena_done(&a);
}

TEST(object_of_a_cluster_has_no_namespace) {
    struct arena a;
    arena_init(&a, 0);
    Node n = {0};
    n.metadata.name = STR("node-a");
    struct object *o CLEANUP(object_unrefp) = object_new(RESOURCE_OF(core_v1_nodes), &n);
    CHECK_STRC(o->key, "/registry/minions/node-a");
    CHECK_INT(o->ns.n, 0);
    CHECK_STRC(o->name, "node-a");
    CHECK(object_key_resource(o->key) == RESOURCE_OF(core_v1_nodes));
    CHECK(object_key_resource(STR("/registry/nothing/x")) == NULL);
    CHECK_STRC(object_key_prefix(&a, PODS, STR("ns")), "/registry/pods/ns/");
    CHECK_STRC(object_key_prefix(&a, PODS, STR_NONE), "/registry/pods/");
    arena_done(&a);
}

TEST(object_load_refuses) {
    static const struct {
        const char *key, *json, *text;
    } cases[] = {
        {"/registry/pods/default/web-0", "{", "unexpected"},
        {"/registry/pods/default/web-0", "{\"kind\":\"Node\"}", "kind is \"Node\", not Pod"},
        {"/registry/pods/default/web-0", "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"web-0\"}}",
         "holds the object of /registry/pods/web-0"},
        {"/registry/pods/default/web-0", "", "unexpected end"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct err e = {0};
        struct object *o = NULL;
        CHECK_INT(object_load(PODS, str_of(cases[i].key), str_of(cases[i].json), 1, &e, &o),
                  -EINVAL);
        CHECK(o == NULL);
        if (!strstr(e.text, cases[i].text) || strncmp(e.text, cases[i].key, 20) != 0)
            tap_fail(__FILE__, __LINE__, "case %u: %s", i, e.text);
    }
}
