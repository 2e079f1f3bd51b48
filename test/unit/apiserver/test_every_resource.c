// SPDX-License-Identifier: Apache-2.0
/* Every resource that a real server was asked to keep goes through all its verbs: created as it was
 * sent, read, listed in every form, changed by each kind of patch, put, deleted. */
#include "recorded.h"
#include "server_test.h"

struct place {
    str collection, item, name;
    const struct api_resource *res;
};

/* "/apis/apps/v1/namespaces/rec/deployments/dep" */
static bool place_of(struct world *w, const struct value *c, struct place *ret) {
    str path = value_str(value_getc(c, "path"));
    size_t cut = path.n;
    while (cut && path.p[cut - 1] != '/')
        cut--;
    ret->item = path;
    ret->collection = str_slice(path, 0, cut - 1);
    ret->name = str_slice(path, cut, path.n);
    str version = value_str(value_getc(c, "apiVersion")), group = STR("");
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    ret->res = resource_of_kind(group, version, value_str(value_getc(c, "kind")));
    size_t last = ret->collection.n;
    while (last && path.p[last - 1] != '/')
        last--;
    return ret->res && value_getc(c, "sent")->tag == VALUE_OBJECT && ret->res->storage->prefix &&
           str_eqc(str_slice(ret->collection, last, ret->collection.n), ret->res->plural) &&
           resource_can(ret->res, VERB_CREATE);
}

static str printed(struct world *w, const struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, v);
    str out = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

static struct answer send(struct world *w, const char *method, str path, const char *type,
                          str body) {
    struct http_header h[] = {{STR("Content-Type"), str_of(type)}};
    return call_with(w, method, path, h, 1, body);
}

#define EXPECT(a_, code_, what_)                                                                   \
    do {                                                                                           \
        if ((a_).code != (code_))                                                                  \
            tap_fail(__FILE__, __LINE__, "%s " STR_FMT ": %d " STR_FMT, what_, STR_ARG(p->item),   \
                     (a_).code, STR_ARG(str_slice((a_).body, 0, 400)));                            \
    } while (0)

static void reads(struct world *w, const struct place *p, str created) {
    struct answer a = get(w, str_cdup(w->arena, p->item), NULL);
    EXPECT(a, 200, "GET");
    CHECK_STR(a.body, created);
    const char *list = str_cdup(w->arena, p->collection);
    a = get(w, list, NULL);
    EXPECT(a, 200, "LIST");
    CHECK_STRC(text_at(w, a.body, "kind"), p->res->list_kind);
    a = get(w, list, "application/json;as=Table;v=v1;g=meta.k8s.io");
    EXPECT(a, 200, "LIST as table");
    struct value *columns = at(w, a.body, "columnDefinitions");
    struct value *cells = at(w, a.body, "rows.0.cells");
    CHECK(columns && cells && columns->list.n == cells->list.n);
    a = get(w, list, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    EXPECT(a, 200, "LIST of metadata");
    a = get(w, list, "application/vnd.kubernetes.protobuf");
    EXPECT(a, 200, "LIST in protobuf");
    CHECK(str_starts(a.body, STR("k8s\0")));
    a = get(w, str_cdup(w->arena, p->item), "application/yaml");
    EXPECT(a, 200, "GET in YAML");
    CHECK(str_find(a.body, STR("\nkind: ")) > 0);
}

static void changes(struct world *w, const struct place *p) {
    struct answer a = send(w, "PATCH", p->item, "application/merge-patch+json",
                           STR("{\"metadata\":{\"labels\":{\"m\":\"1\"}}}"));
    EXPECT(a, 200, "merge patch");
    CHECK_STRC(text_at(w, a.body, "metadata.labels.m"), "1");
    a = send(w, "PATCH", p->item, "application/strategic-merge-patch+json",
             STR("{\"metadata\":{\"labels\":{\"s\":\"2\"}}}"));
    EXPECT(a, 200, "strategic patch");
    CHECK_STRC(text_at(w, a.body, "metadata.labels.s"), "2");
    a = send(w, "PATCH", p->item, "application/json-patch+json",
             STR("[{\"op\":\"add\",\"path\":\"/metadata/labels/j\",\"value\":\"3\"}]"));
    EXPECT(a, 200, "JSON patch");
    CHECK_STRC(text_at(w, a.body, "metadata.labels.j"), "3");
    str revision = text_at(w, a.body, "metadata.resourceVersion");
    struct answer b = send(w, "PUT", p->item, "application/json", a.body);
    EXPECT(b, 200, "PUT");
    if (!str_eq(text_at(w, b.body, "metadata.resourceVersion"), revision))
        tap_fail(__FILE__, __LINE__, "PUT of what is there changed it: " STR_FMT "\n# " STR_FMT,
                 STR_ARG(a.body), STR_ARG(b.body));
    b = send(w, "PATCH", p->item, "application/merge-patch+json",
             STR("{\"metadata\":{\"resourceVersion\":\"1\",\"labels\":{\"n\":\"1\"}}}"));
    EXPECT(b, 409, "patch of an old revision");
}

static void run_case(struct world *w, const struct place *p, const struct value *c) {
    struct answer a =
        send(w, "POST", p->collection, "application/json", printed(w, value_getc(c, "sent")));
    EXPECT(a, 201, "POST");
    if (a.code != 201)
        return;
    CHECK_STR(text_at(w, a.body, "metadata.name"), p->name);
    reads(w, p, a.body);
    changes(w, p);
    struct answer d = call_with(w, "DELETE", p->item, NULL, 0, STR_NONE);
    EXPECT(d, 200, "DELETE");
    bool stays = at(w, d.body, "metadata.deletionTimestamp") != NULL;
    CHECK_INT(get(w, str_cdup(w->arena, p->item), NULL).code, stays ? 200 : 404);
}

TEST(every_recorded_resource_goes_through_all_verbs) {
    struct world w;
    world_init(&w);
    CHECK_INT(
        call(&w, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"rec\"}}").code,
        201);
    str text = file_read(w.arena, "test/data/recorded/objects.jsonl");
    struct value c;
    struct place p;
    unsigned n = 0;
    CHECK_INT(call(&w, "POST", "/api/v1/namespaces/rec/serviceaccounts", NULL,
                   "{\"metadata\":{\"name\":\"default\"}}")
                  .code,
              201);
    while (recorded_next(w.arena, &text, &c)) {
        if (!place_of(&w, &c, &p) || str_eqc(p.name, "default"))
            continue;
        run_case(&w, &p, &c);
        n++;
    }
    CHECK(n > 45);
    world_done(&w);
}
