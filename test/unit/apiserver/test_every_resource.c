// SPDX-License-Identifier: Apache-2.0
/* Every resource of the table that is on by default, every verb of it and of its subresources.
 * Those that are stored begin with what a real server was asked to keep (or with a body of
 * `others`), and go through all their verbs: created, read and listed in every form, watched,
 * changed by each kind of patch, put, refused (404, 409), deleted by themselves and by the lot.
 * What was asked is kept, and compared with the table at the end. */
#include "recorded.h"
#include "server_test.h"

#define SUBRESOURCES_MAX 16

/* Verbs that were answered as they should be. */
struct asked {
    uint16_t of[RESOURCE_ID_MAX];
    uint16_t of_sub[RESOURCE_ID_MAX][SUBRESOURCES_MAX];
};

struct place {
    str collection, item, name;
    const struct api_resource *res;
    struct asked *asked;
};

/* Stored kinds that nothing was recorded of, in the same form. */
static const char others[] =
    "{\"path\":\"/api/v1/namespaces/one\",\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
    "\"sent\":{\"metadata\":{\"name\":\"one\"}}}\n"
    "{\"path\":\"/api/v1/namespaces/rec/serviceaccounts/sa\",\"apiVersion\":\"v1\","
    "\"kind\":\"ServiceAccount\",\"sent\":{\"metadata\":{\"name\":\"sa\"}}}\n"
    "{\"path\":\"/apis/networking.k8s.io/v1/ipaddresses/10.96.3.4\","
    "\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"IPAddress\",\"sent\":{"
    "\"metadata\":{\"name\":\"10.96.3.4\"},\"spec\":{\"parentRef\":{\"resource\":\"services\","
    "\"namespace\":\"rec\",\"name\":\"s\"}}}}\n"
    "{\"path\":\"/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/b\","
    "\"apiVersion\":\"admissionregistration.k8s.io/v1\","
    "\"kind\":\"MutatingAdmissionPolicyBinding\",\"sent\":{\"metadata\":{\"name\":\"b\"},"
    "\"spec\":{\"policyName\":\"p\"}}}\n";

static void mark(const struct place *p, enum verb v) {
    p->asked->of[p->res - api_resources] |= VERB_BIT(v);
}

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
    mark(p, VERB_GET);
    const char *list = str_cdup(w->arena, p->collection);
    a = get(w, list, NULL);
    EXPECT(a, 200, "LIST");
    CHECK_STRC(text_at(w, a.body, "kind"), p->res->list_kind);
    mark(p, VERB_LIST);
    a = get(w, list, "application/json;as=Table;v=v1;g=meta.k8s.io");
    EXPECT(a, 200, "LIST as table");
    struct value *columns = at(w, a.body, "columnDefinitions");
    struct value *cells = at(w, a.body, "rows.0.cells");
    bool one_more = p->res == RESOURCE_OF(networking_v1_ipaddresses); /* as upstream's */
    if (!columns || !cells || columns->list.n + one_more != cells->list.n)
        tap_fail(__FILE__, __LINE__, "cells without columns: " STR_FMT, STR_ARG(a.body));
    a = get(w, list, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
    EXPECT(a, 200, "LIST of metadata");
    a = get(w, list, "application/vnd.kubernetes.protobuf");
    EXPECT(a, 200, "LIST in protobuf");
    CHECK(str_starts(a.body, STR("k8s\0")));
    a = get(w, str_cdup(w->arena, p->item), "application/vnd.kubernetes.protobuf");
    EXPECT(a, 200, "GET in protobuf");
    CHECK(str_starts(a.body, STR("k8s\0")));
    a = get(w, str_cdup(w->arena, p->item), "application/yaml");
    EXPECT(a, 200, "GET in YAML");
    CHECK(str_find(a.body, STR("\nkind: ")) > 0);
}

static void watches(struct world *w, const struct place *p) {
    const char *path = str_printf(w->arena,
                                  STR_FMT "?watch=true&timeoutSeconds=1&fieldSelector=metadata."
                                          "name=" STR_FMT,
                                  STR_ARG(p->collection), STR_ARG(p->name))
                           .p;
    struct answer a = get(w, path, NULL);
    EXPECT(a, 200, "WATCH");
    CHECK(str_starts(a.body, STR("{\"type\":\"ADDED\",\"object\":{")));
    CHECK(str_find(a.body, str_printf(w->arena, "\"kind\":\"%s\"", p->res->kind)) > 0);
    mark(p, VERB_WATCH);
}

static void patch(struct world *w, const struct place *p, const char *type, const char *body,
                  const char *label) {
    struct answer a = send(w, "PATCH", p->item, type, str_of(body));
    EXPECT(a, 200, type);
    CHECK(text_at(w, a.body, label).n == 1);
}

static void changes(struct world *w, const struct place *p) {
    patch(w, p, "application/merge-patch+json", "{\"metadata\":{\"labels\":{\"m\":\"1\"}}}",
          "metadata.labels.m");
    patch(w, p, "application/strategic-merge-patch+json",
          "{\"metadata\":{\"labels\":{\"s\":\"2\"}}}", "metadata.labels.s");
    patch(w, p, "application/json-patch+json",
          "[{\"op\":\"add\",\"path\":\"/metadata/labels/j\",\"value\":\"3\"}]",
          "metadata.labels.j");
    struct answer a = send(
        w, "PATCH", str_printf(w->arena, STR_FMT "?fieldManager=t", STR_ARG(p->item)),
        "application/apply-patch+yaml",
        str_printf(w->arena,
                   "{\"apiVersion\":\"%s%s%s\",\"kind\":\"%s\",\"metadata\":{\"name\":\"" STR_FMT
                   "\",\"labels\":{\"a\":\"4\"}}}",
                   p->res->group, p->res->group[0] ? "/" : "", p->res->version, p->res->kind,
                   STR_ARG(p->name)));
    EXPECT(a, 200, "apply");
    CHECK_STRC(text_at(w, a.body, "metadata.labels.a"), "4");
    mark(p, VERB_PATCH);
    str revision = text_at(w, a.body, "metadata.resourceVersion");
    struct answer b = send(w, "PUT", p->item, "application/json", a.body);
    EXPECT(b, 200, "PUT");
    if (!str_eq(text_at(w, b.body, "metadata.resourceVersion"), revision))
        tap_fail(__FILE__, __LINE__, "PUT of what is there changed it: " STR_FMT "\n# " STR_FMT,
                 STR_ARG(a.body), STR_ARG(b.body));
    mark(p, VERB_UPDATE);
}

/* 404 of what is not there, 409 of what is, and of what has changed. */
static void refusals(struct world *w, const struct place *p, str sent, str created) {
    str nobody = str_printf(w->arena, STR_FMT "/nobody", STR_ARG(p->collection));
    EXPECT(call_with(w, "GET", nobody, NULL, 0, STR_NONE), 404, "GET of nobody");
    EXPECT(call_with(w, "DELETE", nobody, NULL, 0, STR_NONE), 404, "DELETE of nobody");
    EXPECT(send(w, "PATCH", nobody, "application/merge-patch+json", STR("{}")), 404,
           "patch of nobody");
    struct answer a = send(w, "POST", p->collection, "application/json", sent);
    bool taken = a.code == 422 && str_find(a.body, STR("already allocated")) > 0;
    if (!taken) /* the address of a service is looked at first */
        EXPECT(a, 409, "POST again");
    EXPECT(send(w, "PATCH", p->item, "application/merge-patch+json",
                STR("{\"metadata\":{\"resourceVersion\":\"1\",\"labels\":{\"n\":\"1\"}}}")),
           409, "patch of an old revision");
    EXPECT(send(w, "PUT", p->item, "application/json", created), 409, "PUT of an old revision");
}

/* ---- subresources ---- */

static const char *const methods[VERB_MAX] = {
    [VERB_GET] = "GET",       [VERB_LIST] = "GET",
    [VERB_WATCH] = "GET",     [VERB_CREATE] = "POST",
    [VERB_UPDATE] = "PUT",    [VERB_PATCH] = "PATCH",
    [VERB_DELETE] = "DELETE", [VERB_DELETECOLLECTION] = "DELETE",
};

/* An answer of somebody whose path it is, if only a refusal. */
static bool is_served(const struct answer *a) {
    return a->code && a->code != 405 && str_find(a->body, STR("404 page not found")) < 0 &&
           str_find(a->body, STR("could not find the requested resource")) < 0;
}

/* Read, put as it is, patched with nothing: a part of the object, or a view of it. */
static bool part(struct world *w, const struct place *p, const struct api_subresource *sub,
                 str path, enum verb v) {
    bool reads = sub->verbs & VERB_BIT(VERB_GET);
    struct answer was = get(w, str_cdup(w->arena, reads ? path : p->item), NULL), a = was;
    if (v == VERB_UPDATE)
        a = send(w, "PUT", path, "application/json", was.body);
    else if (v == VERB_PATCH)
        a = send(w, "PATCH", path, "application/merge-patch+json", STR("{}"));
    EXPECT(a, 200, sub->name);
    return a.code == 200;
}

/* A way to somebody else (there is nobody here), or a wish with a body of its own. */
static bool way(struct world *w, str path, enum verb v) {
    bool reads = v == VERB_GET || v == VERB_DELETE;
    struct answer a = reads ? call_with(w, methods[v], path, NULL, 0, STR_NONE)
                            : send(w, methods[v], path, "application/json", STR("{}"));
    if (!is_served(&a))
        tap_fail(__FILE__, __LINE__, "%s " STR_FMT ": %d " STR_FMT, methods[v], STR_ARG(path),
                 a.code, STR_ARG(str_slice(a.body, 0, 200)));
    return is_served(&a);
}

static void subresources(struct world *w, const struct place *p) {
    static const char *const ways[] = {"attach", "binding", "eviction",    "exec",
                                       "log",    "proxy",   "portforward", "token"};
    size_t id = (size_t)(p->res - api_resources);
    REQUIRE(p->res->n_subresources <= SUBRESOURCES_MAX);
    for (unsigned i = 0; i < p->res->n_subresources; i++) {
        const struct api_subresource *sub = &p->res->subresources[i];
        bool leads_away = false;
        for (size_t k = 0; k < ARRAY_LEN(ways); k++)
            leads_away |= strcmp(sub->name, ways[k]) == 0;
        str path = str_printf(w->arena, STR_FMT "/%s", STR_ARG(p->item), sub->name);
        for (int v = 0; v < VERB_MAX; v++)
            if (sub->verbs & VERB_BIT(v) &&
                (leads_away ? way(w, path, (enum verb)v) : part(w, p, sub, path, (enum verb)v)))
                p->asked->of_sub[id][i] |= (uint16_t)VERB_BIT(v);
    }
}

/* ---- the end ---- */

static bool stays(struct world *w, str deleted) {
    return at(w, deleted, "metadata.deletionTimestamp") != NULL;
}

static void deletions(struct world *w, const struct place *p, str sent) {
    struct answer a = call_with(w, "DELETE", p->item, NULL, 0, STR_NONE);
    EXPECT(a, 200, "DELETE");
    bool there = stays(w, a.body);
    CHECK_INT(get(w, str_cdup(w->arena, p->item), NULL).code, there ? 200 : 404);
    mark(p, VERB_DELETE);
    if (!resource_can(p->res, VERB_DELETECOLLECTION))
        return;
    if (!there)
        EXPECT(send(w, "POST", p->collection, "application/json", sent), 201,
               "POST of the deleted");
    str select = STR("?fieldSelector=metadata.name%3D");
    a = call_with(
        w, "DELETE",
        str_printf(w->arena, STR_FMT STR_FMT "nobody", STR_ARG(p->collection), STR_ARG(select)),
        NULL, 0, STR_NONE);
    EXPECT(a, 200, "DELETE of none of the lot");
    CHECK_INT(get(w, str_cdup(w->arena, p->item), NULL).code, 200);
    a = call_with(w, "DELETE",
                  str_printf(w->arena, STR_FMT STR_FMT STR_FMT, STR_ARG(p->collection),
                             STR_ARG(select), STR_ARG(p->name)),
                  NULL, 0, STR_NONE);
    EXPECT(a, 200, "DELETE of the lot");
    a = get(w, str_cdup(w->arena, p->item), NULL);
    if (a.code != 404 && !stays(w, a.body))
        tap_fail(__FILE__, __LINE__, STR_FMT " is there after it was deleted with the lot",
                 STR_ARG(p->item));
    mark(p, VERB_DELETECOLLECTION);
}

static void run_case(struct world *w, const struct place *p, str sent) {
    struct answer a = send(w, "POST", p->collection, "application/json", sent);
    EXPECT(a, 201, "POST");
    if (a.code != 201)
        return;
    CHECK_STR(text_at(w, a.body, "metadata.name"), p->name);
    mark(p, VERB_CREATE);
    reads(w, p, a.body);
    watches(w, p);
    changes(w, p);
    refusals(w, p, sent, a.body);
    subresources(w, p);
    deletions(w, p, sent);
}

/* What is not stored: questions and wishes, which are only created, and components. */
static void unstored(struct world *w, struct asked *asked) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *res = &api_resources[i];
        if (!resource_is(res, RESOURCE_ON) || !res->type || res->storage->prefix)
            continue;
        str base = res->group[0] ? str_printf(w->arena, "/apis/%s/%s", res->group, res->version)
                                 : str_printf(w->arena, "/api/%s", res->version);
        bool ns = resource_is(res, RESOURCE_NAMESPACED);
        str path = str_printf(w->arena, STR_FMT "%s/%s", STR_ARG(base),
                              ns ? "/namespaces/default" : "", res->plural);
        str one = str_printf(w->arena, STR_FMT "/scheduler", STR_ARG(path));
        for (int v = 0; v < VERB_MAX; v++)
            if (resource_can(res, (enum verb)v) && way(w, v == VERB_GET ? one : path, (enum verb)v))
                asked->of[i] |= (uint16_t)VERB_BIT(v);
    }
}

static void compare(const struct asked *asked) {
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *res = &api_resources[i];
        if (!resource_is(res, RESOURCE_ON) || !res->type)
            continue;
        if (asked->of[i] != res->verbs)
            tap_fail(__FILE__, __LINE__, "%s/%s %s: verbs %#x were asked of %#x", res->group,
                     res->version, res->plural, asked->of[i], res->verbs);
        for (unsigned k = 0; k < res->n_subresources; k++)
            if (asked->of_sub[i][k] != res->subresources[k].verbs)
                tap_fail(__FILE__, __LINE__, "%s/%s %s/%s: verbs %#x were asked of %#x", res->group,
                         res->version, res->plural, res->subresources[k].name, asked->of_sub[i][k],
                         res->subresources[k].verbs);
    }
}

static int is_master(void *ctx, struct arena *a, struct exchange *x, struct user *ret) {
    *ret = (struct user){.name = STR("admin")};
    user_add_group(a, ret, GROUP_MASTERS);
    return 0;
}

static const struct authn_ops masters = {.authenticate = is_master};

TEST(every_resource_goes_through_all_verbs) {
    struct world w;
    struct asked asked = {.of = {0}};
    struct place p;
    struct value c;
    world_init_with(&w, &(struct world_options){.with_access = true, .authn = &masters});
    CHECK_INT(
        call(&w, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"rec\"}}").code,
        201);
    CHECK_INT(call(&w, "POST", "/api/v1/namespaces/rec/serviceaccounts", NULL,
                   "{\"metadata\":{\"name\":\"default\"}}")
                  .code,
              201);
    str texts[] = {file_read(w.arena, "test/data/recorded/objects.jsonl"), str_of(others)};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        while (recorded_next(w.arena, &texts[i], &c)) {
            if (!place_of(&w, &c, &p) || str_eqc(p.name, "default"))
                continue;
            p.asked = &asked;
            run_case(&w, &p, printed(&w, value_getc(&c, "sent")));
        }
    unstored(&w, &asked);
    compare(&asked);
    world_done(&w);
}
