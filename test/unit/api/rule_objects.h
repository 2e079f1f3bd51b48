// SPDX-License-Identifier: Apache-2.0
/* The base objects of test/rules, and what the API server makes of one around the hooks of its
 * kind.
 */
#pragma once

#include "recorded.h"

#include "api/hooks.h"
#include "schema/json.h"

#define OBJECTS "test/rules/objects"

/* An object under test: the resource, what was sent, and what the server made of it. */
struct subject {
    struct arena *arena;
    const struct api_resource *resource;
    const struct hooks *hooks;
    struct value sent;
};

UNUSED static bool exists(const char *path) {
    FILE *f = fopen(path, "re");
    if (f)
        fclose(f);
    return f != NULL;
}

UNUSED static void draw(void *ctx, void *p, size_t n) {
    memset(p, 7, n);
}

UNUSED static struct hook_ctx context(struct arena *a) {
    return (struct hook_ctx){.arena = a, .now = 1767225600000000000, .random = draw};
}

UNUSED static void *decode(struct subject *s, const struct value *v, bool defaults) {
    struct err e = {0};
    struct decode_report report = {0};
    struct hook_ctx c = context(s->arena);
    void *obj = arena_zalloc(s->arena, s->resource->type->size);
    if (json_read_value(s->arena, s->resource->type, v, obj,
                        &(struct json_read_opts){.report = &report}, &e) < 0) {
        tap_diag("does not decode: %s", e.text);
        return NULL;
    }
    if (report.all.n) {
        tap_diag(STR_FMT, STR_ARG(report.all.v[0]));
        return NULL;
    }
    if (defaults)
        api_defaults(s->arena, s->resource->type, obj);
    if (defaults && s->hooks->defaults)
        s->hooks->defaults(&c, obj);
    return obj;
}

/* The member `status`, or NULL where the kind has none of its own. */
UNUSED static void *status_of(const struct subject *s, void *obj, size_t *ret_n) {
    for (uint16_t i = 0; i < s->resource->type->n_fields; i++) {
        const struct api_field *f = &s->resource->type->fields[i];
        if (strcmp(f->json, "status") == 0 && f->shape == API_ONE && !s->hooks->no_status) {
            *ret_n = field_element_size(f);
            return (char *)obj + f->offset;
        }
    }
    return NULL;
}

/* A review is answered and forgotten: it has no name. */
UNUSED static bool is_stored(const struct subject *s) {
    return s->resource->prefix != NULL;
}

UNUSED static void created(struct subject *s, void *obj, bool keep_status) {
    struct hook_ctx c = context(s->arena);
    ObjectMeta *m = obj;
    size_t n = 0;
    void *status = status_of(s, obj, &n), *kept = status ? arena_dup(s->arena, status, n) : NULL;
    if (!is_stored(s))
        return;
    m->uid = STR("6c7b3f7e-0000-4000-8000-000000000001");
    m->creation_timestamp = (Time){.sec = c.now / 1000000000, .set = true};
    if (s->hooks->counts_generation)
        m->generation = 1;
    if (status)
        memset(status, 0, n);
    if (s->hooks->prepare_create)
        s->hooks->prepare_create(&c, obj);
    if (status && keep_status)
        memcpy(status, kept, n);
}

UNUSED static bool subject_of(struct arena *a, str name, struct subject *ret) {
    struct err e;
    const char *path = str_printf(a, OBJECTS "/" STR_FMT ".json", STR_ARG(name)).p;
    if (!exists(path)) {
        tap_diag("no %s", path);
        return false;
    }
    *ret = (struct subject){.arena = a};
    if (value_parse(a, file_read(a, path), &ret->sent, NULL, &e) < 0) {
        tap_diag("%s: %s", path, e.text);
        return false;
    }
    str version = value_str(value_getc(&ret->sent, "apiVersion")), group = STR("");
    if (str_chr(version, '/') >= 0)
        group = str_cut(&version, '/');
    ret->resource = resource_of_kind(group, version, value_str(value_getc(&ret->sent, "kind")));
    if (!ret->resource || !ret->resource->type || ret->resource->convert) {
        tap_diag("%s: no kind that is stored", path);
        return false;
    }
    ret->hooks = hooks_of(ret->resource);
    return true;
}
