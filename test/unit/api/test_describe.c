// SPDX-License-Identifier: Apache-2.0
/* kubectl explain teaches: every type says what it is, and so does every field of the kinds people
 * write by hand, with all that these contain. */
#include "api/describe.h"
#include "api/openapi.h"
#include "api/types.h"
#include "base/map.h"
#include "schema/value.h"
#include "tap.h"

#define TEXT_MIN 12
#define TEXT_MAX 400

static const char *const explained[] = {
    "core.v1.Pod",
    "apps.v1.Deployment",
    "apps.v1.StatefulSet",
    "apps.v1.DaemonSet",
    "batch.v1.Job",
    "batch.v1.CronJob",
    "core.v1.Service",
    "networking.v1.Ingress",
    "core.v1.ConfigMap",
    "core.v1.Secret",
    "core.v1.Node",
    "core.v1.PersistentVolumeClaim",
    "core.v1.PersistentVolume",
};

struct fixture {
    struct arena arena;
    struct value document;
    const struct value *definitions;
};

static void begin(struct fixture *f) {
    struct buf b;
    arena_init(&f->arena, 0);
    buf_init(&b, 0);
    struct served served = served_default();
    openapi_v2_write(&b, &served);
    str text = str_dup(&f->arena, buf_str(&b));
    buf_done(&b);
    REQUIRE(value_parse(&f->arena, text, &f->document, NULL, NULL) == 0);
    f->definitions = value_getc(&f->document, "definitions");
    REQUIRE(f->definitions && f->definitions->object.n > 500);
}

static bool has_text(const struct value *v) {
    return value_str(value_getc(v, "description")).n >= TEXT_MIN;
}

TEST(every_type_says_what_it_is) {
    struct fixture f;
    begin(&f);
    for (uint32_t i = 0; i < f.definitions->object.n; i++)
        if (!has_text(&f.definitions->object.v[i].value))
            tap_fail(__FILE__, __LINE__, STR_FMT, STR_ARG(f.definitions->object.v[i].key));
    arena_done(&f.arena);
}

static str ref_of(const struct value *property) {
    const char *const inner[] = {"items", "additionalProperties"};
    str ref = value_str(value_getc(property, "$ref"));
    for (size_t i = 0; !ref.n && i < ARRAY_LEN(inner); i++) {
        const struct value *v = value_getc(property, inner[i]);
        if (v)
            ref = ref_of(v);
    }
    return ref;
}

static void check_fields(struct fixture *f, struct map *seen, str type) {
    if (map_get(seen, type))
        return;
    map_put(seen, type, f);
    const struct value *d = value_get(f->definitions, type);
    REQUIRE(d);
    const struct value *p = value_getc(d, "properties");
    for (uint32_t i = 0; p && i < p->object.n; i++) {
        const struct member *m = &p->object.v[i];
        if (!has_text(&m->value))
            tap_fail(__FILE__, __LINE__, STR_FMT "." STR_FMT, STR_ARG(type), STR_ARG(m->key));
        str ref = ref_of(&m->value), prefix = STR("#/definitions/");
        if (str_starts(ref, prefix))
            check_fields(f, seen, str_slice(ref, prefix.n, ref.n));
    }
}

TEST(every_field_of_the_kinds_people_write_says_what_it_does) {
    struct fixture f;
    struct map seen;
    begin(&f);
    map_init(&seen, NULL);
    for (size_t i = 0; i < ARRAY_LEN(explained); i++)
        check_fields(&f, &seen, str_printf(&f.arena, "io.k8s.api.%s", explained[i]));
    CHECK(seen.n > 200);
    map_done(&seen);
    arena_done(&f.arena);
}

/* Types that stand only within others have rows, but no place in the document. */
static const struct api_type *type_named(str openapi) {
    for (unsigned i = 0; i < n_api_types; i++)
        if (str_eq(str_of(api_types[i]->info->openapi), openapi))
            return api_types[i];
    return NULL;
}

static void check_text(void *ctx, str type, const char *field, const char *text) {
    struct fixture *f = ctx;
    const char *of = field ? field : "";
    size_t n = strlen(text);
    if (n < TEXT_MIN || n > TEXT_MAX || strpbrk(text, "\"\\\n") || text[n - 1] != '.')
        tap_fail(__FILE__, __LINE__, STR_FMT " %s: not a text: %s", STR_ARG(type), of, text);
    if (str_eqc(type, "*"))
        return;
    const struct value *d = value_get(f->definitions, type);
    const struct api_type *t = type_named(type);
    if (!d && !t)
        tap_fail(__FILE__, __LINE__, STR_FMT ": no such type", STR_ARG(type));
    else if (field && (!t || !type_field(t, str_of(field), NULL, NULL)))
        tap_fail(__FILE__, __LINE__, STR_FMT " has no field %s", STR_ARG(type), of);
}

TEST(texts_are_sentences_about_what_there_is) {
    struct fixture f;
    struct descriptions d;
    begin(&f);
    descriptions_init(&d, &f.arena);
    descriptions_each(&d, check_text, &f);
    arena_done(&f.arena);
}
