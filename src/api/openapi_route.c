// SPDX-License-Identifier: Apache-2.0
/* From the resource table to routes. What upstream's installer derives from storage interfaces is
 * derived here from verbs: which operations a path has, their parameters, bodies and answers. */
#include "api/openapi_route.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

const struct openapi_param_info openapi_params[PARAM_MAX] = {
#define X(id_, name_, in_path_, type_) [PARAM_##id_] = {name_, in_path_, type_},
    OPENAPI_PARAMS(X)
#undef X
};
#define P(id_) ((uint64_t)1 << PARAM_##id_)
#define P_LIST                                                                                     \
    (P(ALLOW_BOOKMARKS) | P(CONTINUE) | P(FIELD_SELECTOR) | P(LABEL_SELECTOR) | P(LIMIT) |         \
     P(PRETTY) | P(VERSION) | P(VERSION_MATCH) | P(INITIAL_EVENTS) | P(SHARD_SELECTOR) |           \
     P(TIMEOUT) | P(WATCH))
#define P_WRITE (P(DRY_RUN) | P(FIELD_MANAGER) | P(FIELD_VALIDATION) | P(PRETTY))
#define P_DELETE                                                                                   \
    (P(DRY_RUN) | P(GRACE_PERIOD) | P(IGNORE_READ_ERROR) | P(ORPHAN) | P(PROPAGATION) | P(PRETTY))
#define P_SELECT                                                                                   \
    (P(CONTINUE) | P(FIELD_SELECTOR) | P(LABEL_SELECTOR) | P(LIMIT) | P(VERSION) |                 \
     P(VERSION_MATCH) | P(INITIAL_EVENTS) | P(SHARD_SELECTOR) | P(TIMEOUT))

const char *const openapi_methods[METHOD_MAX] = {"get",     "put",  "post", "delete",
                                                 "options", "head", "patch"};
const char *const openapi_patch_types[] = {
    "application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
    "application/strategic-merge-patch+json", NULL};
const char *const openapi_codes[3] = {"200", "201", "202"};
const char *const openapi_code_texts[3] = {"OK", "Created", "Accepted"};

const char *const *openapi_content_types(enum openapi_content c) {
#define JSON_  "application/json"
#define PROTO_ "application/vnd.kubernetes.protobuf"
#define YAML_  "application/yaml"
#define WATCH_ ";stream=watch"
    static const char *const
        object[] = {JSON_, PROTO_, YAML_, NULL},
        *const stream[] = {JSON_, JSON_ WATCH_, PROTO_, PROTO_ WATCH_, YAML_, NULL},
        *const log[] = {JSON_, PROTO_, YAML_, "text/plain", NULL}, *const any[] = {"*/*", NULL},
        *const json[] = {JSON_, NULL}, *const jwks[] = {"application/jwk-set+json", NULL};
    switch (c) {
    case CONTENT_OBJECT:
        return object;
    case CONTENT_STREAM:
        return stream;
    case CONTENT_LOG:
        return log;
    case CONTENT_ANY:
        return any;
    case CONTENT_JSON:
        return json;
    case CONTENT_JWKS:
        return jwks;
    }
    return object;
}

/* "rbac.authorization.k8s.io" is rbacAuthorization in tags, RbacAuthorization in ids. */
static void group_word(const char *group, bool upper, char *to, size_t size) {
    str g = str_of(*group ? group : "core");
    if (str_ends(g, STR(".k8s.io")))
        g = str_slice(g, 0, g.n - strlen(".k8s.io"));
    size_t n = 0;
    bool up = upper;
    for (size_t i = 0; i < g.n && n + 1 < size; i++) {
        if (g.p[i] == '.' || g.p[i] == '-') {
            up = true;
            continue;
        }
        to[n++] = (char)(up ? toupper(g.p[i]) : g.p[i]);
        up = false;
    }
    to[n] = 0;
}

static void title(const char *s, char *to, size_t size) {
    snprintf(to, size, "%s", s);
    to[0] = (char)toupper(to[0]);
}

/* What all ids of a route share. */
struct words {
    char gv[64];   /* CoreV1 */
    char noun[96]; /* NamespacedPodStatus */
    bool everywhere;
};

static void words_of(const struct openapi_place *p, struct words *w) {
    char group[48], version[16], sub[32] = "";
    group_word(p->resource->group, true, group, sizeof(group));
    title(p->resource->version, version, sizeof(version));
    if (p->sub)
        title(p->sub->name, sub, sizeof(sub));
    w->everywhere = p->form == ROUTE_EVERYWHERE || p->form == ROUTE_WATCH_EVERYWHERE;
    bool namespaced = resource_is(p->resource, RESOURCE_NAMESPACED) && !w->everywhere;
    snprintf(w->gv, sizeof(w->gv), "%s%s", group, version);
    snprintf(w->noun, sizeof(w->noun), "%s%s%s", namespaced ? "Namespaced" : "", p->resource->kind,
             sub);
}

static void set_id(struct openapi_op *op, const char *verb, const struct words *w,
                   const char *middle, const char *suffix) {
    snprintf(op->id, sizeof(op->id), "%s%s%s%s%s%s", verb, w->gv, middle, w->noun, suffix,
             w->everywhere ? "ForAllNamespaces" : "");
}

static void op_get(struct openapi_op *op, const struct words *w, const struct api_type *t) {
    *op =
        (struct openapi_op){.action = "get", .params = P(PRETTY), .answer = t, .codes = ANSWER_200};
    set_id(op, "read", w, "", "");
}

static void op_log(struct openapi_op *op, const struct words *w) {
    op_get(op, w, NULL);
    op->content = CONTENT_LOG;
    op->params |= P(CONTAINER) | P(FOLLOW) | P(INSECURE_BACKEND) | P(LIMIT_BYTES) | P(PREVIOUS) |
                  P(SINCE_SECONDS) | P(STREAM) | P(TAIL_LINES) | P(TIMESTAMPS);
}

static void op_list(struct openapi_op *op, const struct words *w, const struct api_type *t) {
    *op = (struct openapi_op){.action = "list",
                              .params = P_LIST,
                              .answer = t,
                              .content = CONTENT_STREAM,
                              .codes = ANSWER_200};
    set_id(op, "list", w, "", "");
}

static void op_watch(struct openapi_op *op, const struct words *w, bool list) {
    *op = (struct openapi_op){.action = list ? "watchlist" : "watch",
                              .params = P_LIST,
                              .answer = &WatchEvent_type,
                              .content = CONTENT_STREAM,
                              .codes = ANSWER_200};
    set_id(op, "watch", w, "", list ? "List" : "");
}

static void op_write(struct openapi_op *op, const struct words *w, const char *action,
                     const struct api_type *t) {
    bool post = strcmp(action, "post") == 0, patch = strcmp(action, "patch") == 0;
    *op = (struct openapi_op){.action = action,
                              .params = P_WRITE | (patch ? P(FORCE) : 0),
                              .body = patch ? BODY_PATCH : BODY_OBJECT,
                              .object = patch ? NULL : t,
                              .answer = t,
                              .codes = post ? ANSWER_200 | ANSWER_201 | ANSWER_202
                                            : ANSWER_200 | ANSWER_201};
    set_id(op, post ? "create" : patch ? "patch" : "replace", w, "", "");
}

static void op_delete(struct openapi_op *op, const struct words *w, const struct api_resource *r,
                      bool collection) {
    *op = (struct openapi_op){
        .action = collection ? "deletecollection" : "delete",
        .params = P_DELETE | (collection ? P_SELECT : 0),
        .body = BODY_DELETE,
        .object = &DeleteOptions_type,
        .answer = !collection && resource_is(r, RESOURCE_DELETE_OBJECT) ? r->type : &Status_type,
        .codes = collection ? ANSWER_200 : ANSWER_200 | ANSWER_202};
    set_id(op, "delete", w, collection ? "Collection" : "", "");
}

/* Subresources that are tunnels: their kind holds the query parameters. */
static uint64_t connect_params(const struct api_subresource *sub) {
    const uint64_t streams = P(CONTAINER) | P(STDERR) | P(STDIN) | P(STDOUT) | P(TTY);
    str name = str_of(sub->name);
    if (str_eqc(name, "attach"))
        return streams;
    if (str_eqc(name, "exec"))
        return streams | P(COMMAND);
    if (str_eqc(name, "portforward"))
        return P(PORTS);
    return str_eqc(name, "proxy") ? P(PATH_QUERY) : 0;
}

static void ops_connect(const struct openapi_place *p, struct openapi_route *r,
                        const struct words *w) {
    bool proxy = strcmp(p->sub->name, "proxy") == 0;
    for (int m = 0; m < METHOD_MAX; m++) {
        if (!proxy && m != METHOD_GET && m != METHOD_POST)
            continue;
        struct openapi_op *op = &r->ops[m];
        *op = (struct openapi_op){.action = "connect",
                                  .params = connect_params(p->sub),
                                  .content = CONTENT_ANY,
                                  .codes = ANSWER_200};
        char method[16];
        title(openapi_methods[m], method, sizeof(method));
        set_id(op, "connect", w, method, p->form == ROUTE_SUB_PATH ? "WithPath" : "");
    }
    if (p->form == ROUTE_SUB_PATH)
        r->params |= P(IN_PATH);
}

static void ops_object(struct openapi_route *r, const struct words *w, uint16_t verbs,
                       const struct api_type *t) {
    if (verbs & VERB_BIT(VERB_GET))
        op_get(&r->ops[METHOD_GET], w, t);
    if (verbs & VERB_BIT(VERB_UPDATE))
        op_write(&r->ops[METHOD_PUT], w, "put", t);
    if (verbs & VERB_BIT(VERB_PATCH))
        op_write(&r->ops[METHOD_PATCH], w, "patch", t);
}

static void ops_sub(const struct openapi_place *p, struct openapi_route *r, const struct words *w) {
    const struct api_subresource *sub = p->sub;
    r->group = sub->group;
    r->version = sub->version;
    r->kind = sub->kind;
    if (connect_params(sub)) {
        ops_connect(p, r, w);
    } else if (strcmp(sub->name, "log") == 0) {
        op_log(&r->ops[METHOD_GET], w);
    } else {
        ops_object(r, w, sub->verbs, sub->type);
        if (sub->verbs & VERB_BIT(VERB_CREATE))
            op_write(&r->ops[METHOD_POST], w, "post", sub->type);
    }
}

static void ops_resource(const struct openapi_place *p, struct openapi_route *r) {
    const struct api_resource *res = p->resource;
    struct words w;
    words_of(p, &w);
    switch ((enum openapi_route_form)p->form) {
    case ROUTE_EVERYWHERE:
        op_list(&r->ops[METHOD_GET], &w, res->list_type);
        break;
    case ROUTE_COLLECTION:
        if (resource_can(res, VERB_LIST))
            op_list(&r->ops[METHOD_GET], &w, res->list_type);
        if (resource_can(res, VERB_CREATE))
            op_write(&r->ops[METHOD_POST], &w, "post", res->type);
        if (resource_can(res, VERB_DELETECOLLECTION))
            op_delete(&r->ops[METHOD_DELETE], &w, res, true);
        break;
    case ROUTE_ITEM:
        ops_object(r, &w, res->verbs, res->type);
        if (resource_can(res, VERB_DELETE))
            op_delete(&r->ops[METHOD_DELETE], &w, res, false);
        break;
    case ROUTE_SUB:
    case ROUTE_SUB_PATH:
        ops_sub(p, r, &w);
        break;
    case ROUTE_WATCH_EVERYWHERE:
    case ROUTE_WATCH_COLLECTION:
        op_watch(&r->ops[METHOD_GET], &w, true);
        break;
    case ROUTE_WATCH_ITEM:
        op_watch(&r->ops[METHOD_GET], &w, false);
        break;
    case ROUTE_FIXED:
        break;
    }
}

/* Parameters that every operation has move to the path. */
static void hoist_params(struct openapi_route *r) {
    uint64_t common = ~(uint64_t)0;
    for (int m = 0; m < METHOD_MAX; m++)
        if (r->ops[m].action)
            common &= r->ops[m].params;
    for (int m = 0; m < METHOD_MAX; m++)
        r->ops[m].params &= ~common;
    r->params |= common;
}

struct openapi_fixed {
    const char *document, *path, *tag, *id;
    const struct api_type *answer;
    uint8_t content;
};
static const struct openapi_fixed fixed[] = {
    {".well-known/openid-configuration", "/.well-known/openid-configuration/", "WellKnown",
     "getServiceAccountIssuerOpenIDConfiguration", NULL, CONTENT_JSON},
    {"api", "/api/", "core", "getCoreAPIVersions", &APIVersions_type, CONTENT_OBJECT},
    {"apis", "/apis/", "apis", "getAPIVersions", &APIGroupList_type, CONTENT_OBJECT},
    {"openid/v1/jwks", "/openid/v1/jwks/", "openid", "getServiceAccountIssuerOpenIDKeyset", NULL,
     CONTENT_JWKS},
    {"version", "/version/", "version", "getCodeVersion", &VersionInfo_type, CONTENT_JSON},
};

/* /apis/apps/ and /apis/apps/v1/ */
static void route_root(const struct openapi_place *p, struct openapi_route *r) {
    char group[48], upper[48], version[16] = "";
    struct openapi_op *op = &r->ops[METHOD_GET];
    group_word(p->group, false, group, sizeof(group));
    group_word(p->group, true, upper, sizeof(upper));
    *op = (struct openapi_op){.action = "", .codes = ANSWER_200};
    if (p->version) {
        title(p->version, version, sizeof(version));
        snprintf(r->tag, sizeof(r->tag), "%s_%s", group, p->version);
        op->answer = &APIResourceList_type;
    } else {
        snprintf(r->tag, sizeof(r->tag), "%s", group);
        op->answer = &APIGroup_type;
    }
    snprintf(op->id, sizeof(op->id), "get%s%s%s", upper, version,
             p->version ? "APIResources" : "APIGroup");
}

void openapi_route_of(const struct openapi_place *p, struct openapi_route *ret) {
    struct openapi_route *r = ret;
    *r = (struct openapi_route){.path = p->path};
    if (p->fixed) {
        snprintf(r->tag, sizeof(r->tag), "%s", p->fixed->tag);
        struct openapi_op *op = &r->ops[METHOD_GET];
        *op = (struct openapi_op){.action = "",
                                  .answer = p->fixed->answer,
                                  .content = p->fixed->content,
                                  .codes = ANSWER_200};
        snprintf(op->id, sizeof(op->id), "%s", p->fixed->id);
        return;
    }
    if (!p->resource) {
        route_root(p, r);
        return;
    }
    char group[48];
    group_word(p->resource->group, false, group, sizeof(group));
    snprintf(r->tag, sizeof(r->tag), "%s_%s", group, p->resource->version);
    r->group = p->resource->group;
    r->version = p->resource->version;
    r->kind = p->resource->kind;
    ops_resource(p, r);
    hoist_params(r);
    if (str_find(p->path, STR("{name}")) >= 0)
        r->params |= P(NAME);
    if (str_find(p->path, STR("{namespace}")) >= 0)
        r->params |= P(NAMESPACE);
}

void openapi_route_types(const struct openapi_route *r, struct openapi_set *set) {
    for (int m = 0; m < METHOD_MAX; m++) {
        const struct openapi_op *op = &r->ops[m];
        if (!op->action)
            continue;
        openapi_set_add(set, op->object);
        openapi_set_add(set, op->answer);
        if (op->body == BODY_PATCH)
            openapi_set_add_patch(set);
    }
}

/* ---- places ---- */

static void place(struct arena *a, struct openapi_places *ps, const struct api_resource *r,
                  const struct api_subresource *sub, enum openapi_route_form form,
                  const char *suffix) {
    bool core = !*r->group, namespaced = resource_is(r, RESOURCE_NAMESPACED);
    bool everywhere = form == ROUTE_EVERYWHERE || form == ROUTE_WATCH_EVERYWHERE;
    *vec_push(ps) = (struct openapi_place){
        .resource = r,
        .sub = sub,
        .form = form,
        .path = str_printf(a, "/%s%s%s/%s%s/%s%s%s%s", core ? "api" : "apis", core ? "" : "/",
                           r->group, r->version, form >= ROUTE_WATCH_EVERYWHERE ? "/watch" : "",
                           namespaced && !everywhere ? "namespaces/{namespace}/" : "", r->plural,
                           suffix, sub ? sub->name : ""),
    };
    struct openapi_place *p = &ps->v[ps->n - 1];
    if (form == ROUTE_SUB_PATH)
        p->path = str_concat(a, p->path, STR("/{path}"));
}

static void places_of(struct arena *a, struct openapi_places *ps, const struct api_resource *r) {
    bool namespaced = resource_is(r, RESOURCE_NAMESPACED);
    const uint16_t item =
        VERB_BIT(VERB_GET) | VERB_BIT(VERB_UPDATE) | VERB_BIT(VERB_PATCH) | VERB_BIT(VERB_DELETE);
    const uint16_t collection =
        VERB_BIT(VERB_LIST) | VERB_BIT(VERB_CREATE) | VERB_BIT(VERB_DELETECOLLECTION);
    if (namespaced && resource_can(r, VERB_LIST))
        place(a, ps, r, NULL, ROUTE_EVERYWHERE, "");
    if (r->verbs & collection)
        place(a, ps, r, NULL, ROUTE_COLLECTION, "");
    if (r->verbs & item)
        place(a, ps, r, NULL, ROUTE_ITEM, "/{name}");
    for (unsigned i = 0; i < r->n_subresources; i++) {
        const struct api_subresource *sub = &r->subresources[i];
        place(a, ps, r, sub, ROUTE_SUB, "/{name}/");
        if (strcmp(sub->name, "proxy") == 0)
            place(a, ps, r, sub, ROUTE_SUB_PATH, "/{name}/");
    }
    if (!resource_can(r, VERB_WATCH))
        return;
    if (namespaced)
        place(a, ps, r, NULL, ROUTE_WATCH_EVERYWHERE, "");
    place(a, ps, r, NULL, ROUTE_WATCH_COLLECTION, "");
    place(a, ps, r, NULL, ROUTE_WATCH_ITEM, "/{name}");
}

void openapi_places_gv(struct arena *a, struct openapi_places *ps, const struct served *s,
                       const char *group, const char *version) {
    *vec_push(ps) = (struct openapi_place){
        .group = group,
        .version = version,
        .path = *group ? str_printf(a, "/apis/%s/%s/", group, version)
                       : str_printf(a, "/api/%s/", version),
    };
    for (unsigned i = 0; i < RESOURCE_ID_MAX; i++) {
        const struct api_resource *r = &api_resources[i];
        if (served_has(s, r) && strcmp(r->group, group) == 0 && strcmp(r->version, version) == 0)
            places_of(a, ps, r);
    }
}

void openapi_places_group(struct arena *a, struct openapi_places *ps, const char *group) {
    *vec_push(ps) = (struct openapi_place){
        .group = group,
        .path = str_printf(a, "/apis/%s/", group),
    };
}

int openapi_places_fixed(struct arena *a, struct openapi_places *ps, str document) {
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
        if (!str_eqc(document, fixed[i].document))
            continue;
        *vec_push(ps) = (struct openapi_place){.fixed = &fixed[i], .path = str_of(fixed[i].path)};
        return 0;
    }
    return -ENOENT;
}

const char *openapi_fixed_name(uint32_t i) {
    return i < ARRAY_LEN(fixed) ? fixed[i].document : NULL;
}

static int by_path(const void *x, const void *y) {
    const struct openapi_place *a = x, *b = y;
    return str_cmp(a->path, b->path);
}

void openapi_places_sort(struct openapi_places *ps) {
    qsort(ps->v, ps->n, sizeof(*ps->v), by_path);
}
