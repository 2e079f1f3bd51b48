// SPDX-License-Identifier: Apache-2.0
/* OpenAPI version 3: a document per group version, written path by path. */
#include <stdlib.h>

#include "api/describe.h"
#include "api/openapi_route.h"
#include "base/map.h"

static void write_schema(struct buf *b, const struct api_type *t) {
    openapi_key(b, "schema");
    buf_addc(b, '{');
    if (t)
        openapi_ref(b, OPENAPI_V3, t->info->openapi);
    else
        openapi_pair(b, "type", "string");
    buf_addc(b, '}');
}

static void write_params(struct buf *b, uint64_t params) {
    if (!params)
        return;
    openapi_key(b, "parameters");
    buf_addc(b, '[');
    for (int i = 0, n = 0; i < PARAM_MAX; i++) {
        if (!(params >> i & 1))
            continue;
        const struct openapi_param_info *p = &openapi_params[i];
        buf_printf(b,
                   "%s{\"name\":\"%s\",\"in\":\"%s\"%s,\"schema\":{\"type\":\"%s\","
                   "\"uniqueItems\":true}}",
                   n++ ? "," : "", p->name, p->in_path ? "path" : "query",
                   p->in_path ? ",\"required\":true" : "", p->type);
    }
    buf_addc(b, ']');
}

static void write_body(struct buf *b, const struct openapi_op *op) {
    if (op->body == BODY_NONE)
        return;
    openapi_key(b, "requestBody");
    buf_addc(b, '{');
    openapi_key(b, "content");
    buf_addc(b, '{');
    if (op->body == BODY_PATCH) {
        for (const char *const *type = openapi_patch_types; *type; type++) {
            openapi_key(b, *type);
            buf_adds(b, "{\"schema\":{");
            openapi_ref(b, OPENAPI_V3, OPENAPI_PATCH);
            buf_adds(b, "}}");
        }
    } else {
        openapi_key(b, "*/*");
        buf_addc(b, '{');
        write_schema(b, op->object);
        buf_addc(b, '}');
    }
    buf_addc(b, '}');
    if (op->body != BODY_DELETE) {
        openapi_key(b, "required");
        buf_adds(b, "true");
    }
    buf_addc(b, '}');
}

static void write_responses(struct buf *b, const struct openapi_op *op) {
    openapi_key(b, "responses");
    buf_addc(b, '{');
    for (size_t i = 0; i < ARRAY_LEN(openapi_codes); i++) {
        if (!(op->codes >> i & 1))
            continue;
        openapi_key(b, openapi_codes[i]);
        buf_addc(b, '{');
        openapi_pair(b, "description", openapi_code_texts[i]);
        openapi_key(b, "content");
        buf_addc(b, '{');
        const char *const *type = openapi_content_types((enum openapi_content)op->content);
        for (; *type; type++) {
            openapi_key(b, *type);
            buf_addc(b, '{');
            write_schema(b, op->answer);
            buf_addc(b, '}');
        }
        buf_adds(b, "}}");
    }
    openapi_key(b, "401");
    buf_adds(b, "{\"description\":\"Unauthorized\"}}");
}

static void write_op(struct buf *b, const struct openapi_route *r, const struct openapi_op *op) {
    buf_addc(b, '{');
    openapi_key(b, "tags");
    buf_printf(b, "[\"%s\"]", r->tag);
    openapi_pair(b, "operationId", op->id);
    write_params(b, op->params);
    write_body(b, op);
    write_responses(b, op);
    if (*op->action)
        openapi_pair(b, "x-kubernetes-action", op->action);
    if (r->kind) {
        openapi_key(b, "x-kubernetes-group-version-kind");
        buf_printf(b, "{\"group\":\"%s\",\"version\":\"%s\",\"kind\":\"%s\"}", r->group, r->version,
                   r->kind);
    }
    buf_addc(b, '}');
}

static void write_paths(struct buf *b, const struct openapi_places *ps, struct openapi_set *set) {
    openapi_key(b, "paths");
    buf_addc(b, '{');
    for (uint32_t i = 0; i < ps->n; i++) {
        struct openapi_route r;
        openapi_route_of(&ps->v[i], &r);
        openapi_route_types(&r, set);
        buf_printf(b, "%s\"" STR_FMT "\":{", i ? "," : "", STR_ARG(r.path));
        for (int m = 0; m < METHOD_MAX; m++) {
            if (!r.ops[m].action)
                continue;
            openapi_key(b, openapi_methods[m]);
            write_op(b, &r, &r.ops[m]);
        }
        write_params(b, r.params);
        buf_addc(b, '}');
    }
    buf_addc(b, '}');
}

static void write_components(struct buf *b, struct openapi_set *set) {
    openapi_key(b, "components");
    buf_addc(b, '{');
    if (set->entries.n) {
        openapi_key(b, "schemas");
        buf_addc(b, '{');
        openapi_set_finish(set);
        for (uint32_t i = 0; i < set->entries.n; i++) {
            openapi_key(b, openapi_set_name(set, i).p);
            openapi_set_write(set, i, b);
        }
        buf_addc(b, '}');
    }
    openapi_key(b, "securitySchemes");
    buf_adds(b, "{\"BearerToken\":{\"type\":\"apiKey\",\"name\":\"authorization\",\"in\":"
                "\"header\"}}}");
}

static void write_document(struct buf *b, struct openapi_places *ps, const char *group,
                           const char *version, const struct openapi_words *words) {
    const struct openapi_gv gvs[] = {{"", "v1"}, {group, version}};
    struct openapi_set set;
    openapi_set_init(&set, OPENAPI_V3, gvs, group && *group ? 2 : 1, words);
    openapi_places_sort(ps);
    buf_adds(b, "{\"openapi\":\"3.0.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"1.36\"}");
    write_paths(b, ps, &set);
    write_components(b, &set);
    buf_addc(b, '}');
    openapi_set_done(&set);
}

/* "api/v1" and "apis/apps/v1" are group versions, "apis/apps" is a group. */
static int find_places(struct arena *a, struct openapi_places *ps, const struct served *s,
                       str document, const char **ret_group, const char **ret_version) {
    if (openapi_places_fixed(a, ps, document) == 0)
        return 0;
    str rest = document, head = str_cut(&rest, '/');
    bool core = str_eqc(head, "api");
    if (!rest.p || (!core && !str_eqc(head, "apis")))
        return -ENOENT;
    str name = core ? STR("") : str_cut(&rest, '/');
    const struct api_group *g = group_find(name);
    if (!g || str_empty(name) != core)
        return -ENOENT;
    bool any = false;
    for (const char *const *v = g->versions; *v; v++) {
        bool served = served_version(s, g->name, *v);
        any = any || served;
        if (!served || !rest.p || !str_eqc(rest, *v))
            continue;
        openapi_places_gv(a, ps, s, g->name, *v);
        *ret_group = g->name;
        *ret_version = *v;
        return 0;
    }
    if (rest.p || !any)
        return -ENOENT;
    openapi_places_group(a, ps, g->name);
    return 0;
}

static int write_named(struct buf *b, const struct served *s, str path,
                       const struct openapi_words *words) {
    struct arena a;
    struct openapi_places ps = {0};
    const char *group = NULL, *version = NULL;
    arena_init(&a, 0);
    int r = find_places(&a, &ps, s, path, &group, &version);
    if (r == 0)
        write_document(b, &ps, group, version, words);
    vec_done(&ps);
    arena_done(&a);
    return r;
}

int openapi_v3_write(struct buf *b, const struct served *s, str path) {
    struct arena a;
    struct descriptions d;
    arena_init(&a, 0);
    descriptions_init(&d, &a);
    int r = write_named(b, s, path, &d.words);
    arena_done(&a);
    return r;
}

static int by_text(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

/* Names of all documents, sorted: a few dozen. */
static str_list all_documents(struct arena *a, const struct served *s) {
    str_list l = {0};
    for (uint32_t i = 0; openapi_fixed_name(i); i++)
        *list_push(a, &l) = str_of(openapi_fixed_name(i));
    for (unsigned i = 0; i < n_api_groups; i++) {
        const struct api_group *g = &api_groups[i];
        bool any = false;
        for (const char *const *v = g->versions; *v; v++) {
            if (!served_version(s, g->name, *v))
                continue;
            any = true;
            *list_push(a, &l) =
                *g->name ? str_printf(a, "apis/%s/%s", g->name, *v) : str_printf(a, "api/%s", *v);
        }
        if (any && *g->name)
            *list_push(a, &l) = str_printf(a, "apis/%s", g->name);
    }
    qsort(l.v, l.n, sizeof(*l.v), by_text);
    return l;
}

str openapi_v3_path(struct arena *a, const struct served *s, uint32_t i) {
    str_list l = all_documents(a, s);
    return i < l.n ? l.v[i] : STR_NONE;
}

str openapi_hash(struct arena *a, str document) {
    return str_printf(a, "%016llX", (unsigned long long)hash64(document.p, document.n));
}

void openapi_v3_index(struct buf *b, const struct served *s) {
    struct arena a;
    struct buf document;
    arena_init(&a, 0);
    buf_init(&document, 0);
    struct descriptions d;
    descriptions_init(&d, &a);
    str_list l = all_documents(&a, s);
    buf_adds(b, "{\"paths\":{");
    for (uint32_t i = 0; i < l.n; i++) {
        buf_clear(&document);
        write_named(&document, s, l.v[i], &d.words);
        str hash = openapi_hash(&a, buf_str(&document));
        buf_printf(b,
                   "%s\"" STR_FMT "\":{\"serverRelativeURL\":\"/openapi/v3/" STR_FMT
                   "?hash=" STR_FMT "\"}",
                   i ? "," : "", STR_ARG(l.v[i]), STR_ARG(l.v[i]), STR_ARG(hash));
    }
    buf_adds(b, "}}");
    buf_done(&document);
    arena_done(&a);
}
