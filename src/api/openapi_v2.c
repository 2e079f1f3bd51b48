// SPDX-License-Identifier: Apache-2.0
/* OpenAPI version 2 (Swagger): everything in one document. */
#include "api/openapi_v2.h"

static void write_schema(struct buf *b, const char *ref) {
    openapi_key(b, "schema");
    buf_addc(b, '{');
    if (ref)
        openapi_ref(b, OPENAPI_V2, ref);
    else
        openapi_pair(b, "type", "string");
    buf_addc(b, '}');
}

static void write_params(struct buf *b, uint64_t params, const struct openapi_op *op) {
    if (!params && (!op || op->body == BODY_NONE))
        return;
    openapi_key(b, "parameters");
    buf_addc(b, '[');
    int n = 0;
    if (op && op->body != BODY_NONE) {
        n = 1;
        buf_adds(b, "{\"name\":\"body\",\"in\":\"body\"");
        if (op->body != BODY_DELETE)
            buf_adds(b, ",\"required\":true");
        write_schema(b, op->body == BODY_PATCH ? OPENAPI_PATCH : op->object->info->openapi);
        buf_addc(b, '}');
    }
    for (int i = 0; i < PARAM_MAX; i++) {
        if (!(params >> i & 1))
            continue;
        const struct openapi_param_info *p = &openapi_params[i];
        buf_printf(b, "%s{\"uniqueItems\":true,\"type\":\"%s\",\"name\":\"%s\",\"in\":\"%s\"%s}",
                   n++ ? "," : "", p->type, p->name, p->in_path ? "path" : "query",
                   p->in_path ? ",\"required\":true" : "");
    }
    buf_addc(b, ']');
}

static void write_strings(struct buf *b, const char *key, const char *const *v) {
    openapi_key(b, key);
    for (char c = '['; *v; v++, c = ',')
        buf_printf(b, "%c\"%s\"", c, *v);
    buf_addc(b, ']');
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
        write_schema(b, op->answer ? op->answer->info->openapi : NULL);
        buf_addc(b, '}');
    }
    openapi_key(b, "401");
    buf_adds(b, "{\"description\":\"Unauthorized\"}}");
}

static void write_op(struct buf *b, const struct openapi_route *r, const struct openapi_op *op) {
    static const char *const any[] = {"*/*", NULL}, *const https[] = {"https", NULL};
    buf_addc(b, '{');
    if (op->body != BODY_NONE || op->content == CONTENT_ANY)
        write_strings(b, "consumes", op->body == BODY_PATCH ? openapi_patch_types : any);
    write_strings(b, "produces", openapi_content_types((enum openapi_content)op->content));
    write_strings(b, "schemes", https);
    openapi_key(b, "tags");
    buf_printf(b, "[\"%s\"]", r->tag);
    openapi_pair(b, "operationId", op->id);
    write_params(b, op->params, op);
    write_responses(b, op);
    if (*op->action)
        openapi_pair(b, "x-kubernetes-action", op->action);
    if (r->kind) {
        openapi_key(b, "x-kubernetes-group-version-kind");
        buf_printf(b, "{\"group\":\"%s\",\"kind\":\"%s\",\"version\":\"%s\"}", r->group, r->kind,
                   r->version);
    }
    buf_addc(b, '}');
}

void openapi_v2_write_path(const struct openapi_v2 *d, uint32_t i, struct buf *b) {
    struct openapi_route r;
    openapi_route_of(&d->places.v[i], &r);
    buf_addc(b, '{');
    for (int m = 0; m < METHOD_MAX; m++) {
        if (!r.ops[m].action)
            continue;
        openapi_key(b, openapi_methods[m]);
        write_op(b, &r, &r.ops[m]);
    }
    write_params(b, r.params, NULL);
    buf_addc(b, '}');
}

void openapi_v2_init(struct openapi_v2 *d, const struct served *s) {
    *d = (struct openapi_v2){0};
    arena_init(&d->arena, 0);
    struct {
        struct openapi_gv *v;
        uint32_t n;
    } gvs = {0};
    for (uint32_t i = 0; openapi_fixed_name(i); i++)
        openapi_places_fixed(&d->arena, &d->places, str_of(openapi_fixed_name(i)));
    for (unsigned i = 0; i < n_api_groups; i++) {
        const struct api_group *g = &api_groups[i];
        uint32_t before = gvs.n;
        for (const char *const *v = g->versions; *v; v++) {
            if (!served_version(s, g->name, *v))
                continue;
            *list_push(&d->arena, &gvs) = (struct openapi_gv){g->name, *v};
            openapi_places_gv(&d->arena, &d->places, s, g->name, *v);
        }
        if (gvs.n > before && *g->name)
            openapi_places_group(&d->arena, &d->places, g->name);
    }
    openapi_places_sort(&d->places);
    descriptions_init(&d->descriptions, &d->arena);
    openapi_set_init(&d->set, OPENAPI_V2, gvs.v, gvs.n, &d->descriptions.words);
    for (uint32_t i = 0; i < d->places.n; i++) {
        struct openapi_route r;
        openapi_route_of(&d->places.v[i], &r);
        openapi_route_types(&r, &d->set);
    }
    openapi_set_finish(&d->set);
}

void openapi_v2_done(struct openapi_v2 *d) {
    vec_done(&d->places);
    openapi_set_done(&d->set);
    arena_done(&d->arena);
}

void openapi_v2_write(struct buf *b, const struct served *s) {
    struct openapi_v2 d;
    openapi_v2_init(&d, s);
    buf_adds(b, "{\"swagger\":\"2.0\",\"info\":{\"title\":\"Kubernetes\",\"version\":\"1.36\"},"
                "\"paths\":{");
    for (uint32_t i = 0; i < d.places.n; i++) {
        buf_printf(b, "%s\"" STR_FMT "\":", i ? "," : "", STR_ARG(d.places.v[i].path));
        openapi_v2_write_path(&d, i, b);
    }
    buf_adds(b, "},\"definitions\":{");
    for (uint32_t i = 0; i < d.set.entries.n; i++) {
        openapi_key(b, openapi_set_name(&d.set, i).p);
        openapi_set_write(&d.set, i, b);
    }
    buf_adds(b, "},\"securityDefinitions\":{\"BearerToken\":" OPENAPI_V2_SECURITY_JSON
                "},\"security\":[{\"BearerToken\":[]}]}");
    openapi_v2_done(&d);
}
