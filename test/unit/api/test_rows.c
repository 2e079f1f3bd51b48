// SPDX-License-Identifier: Apache-2.0
#include "api/cri.h"
#include "api/types.h"
#include "base/buf.h"
#include "base/map.h"
#include "fill.h"
#include "schema/json.h"
#include "schema/ops.h"
#include "tap.h"

/* ctx is the type; every test below runs over every type there is. */
static void each_type(void (*check)(const struct api_type *)) {
    for (unsigned i = 0; i < n_api_types; i++)
        check(api_types[i]);
    for (unsigned i = 0; i < n_cri_types; i++)
        check(cri_types[i]);
}

static void complain(const struct api_type *t, const char *what, const char *name) {
    tap_fail(__FILE__, __LINE__, "%s: %s %s", t->name, what, name);
}

/* JSON names of t and what is inlined in it. */
static void json_names(const struct api_type *outer, const struct api_type *t, struct map *seen) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (f->flags & INLINED) {
            if (f->kind != API_MSG || f->shape != API_ONE || f->json_len)
                complain(t, "odd inline", f->sub->name);
            json_names(outer, f->sub, seen);
        } else if (map_put(seen, str_of(f->json), seen)) {
            complain(outer, "two fields called", f->json);
        }
    }
}

static void names_are_unique(const struct api_type *t) {
    struct map seen;
    map_init(&seen, NULL);
    json_names(t, t, &seen);
    map_done(&seen);
}
TEST(json_names_are_unique) {
    each_type(names_are_unique);
}

static void numbers_are_unique(const struct api_type *t) {
    uint16_t last = 0;
    bool ordered = true;
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if ((f->number == 0) != !!(f->flags & NO_PROTO))
            complain(t, "number and NO_PROTO disagree:", f->json);
        if (!f->number)
            continue;
        ordered &= f->number > last;
        last = f->number;
        for (unsigned k = 0; k < i; k++)
            if (t->fields[k].number == f->number)
                complain(t, "a number twice:", f->json);
    }
    if (ordered == type_is(t, TYPE_UNORDERED))
        complain(t, "TYPE_UNORDERED is wrong", "");
}
TEST(protobuf_numbers_are_unique) {
    each_type(numbers_are_unique);
}

static bool has_field(const struct api_type *t, str name) {
    return t && type_field(t, name, NULL, NULL);
}

static void keys_exist(const struct api_type *t) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (!!(f->flags & LIST_MAP) != !!(f->attr && f->attr->keys))
            complain(t, "LIST_MAP and keys disagree:", f->json);
        if (!f->attr)
            continue;
        for (str keys = str_of(f->attr->keys); keys.p;)
            if (!has_field(f->sub, str_cut(&keys, ',')))
                complain(t, "no such key:", f->attr->keys);
        if (f->attr->merge_key && !has_field(f->sub, str_of(f->attr->merge_key)))
            complain(t, "no such merge key:", f->attr->merge_key);
        if (f->attr->merge_key && !(f->flags & MERGE))
            complain(t, "a merge key without MERGE:", f->json);
    }
}
TEST(list_and_merge_keys_exist) {
    each_type(keys_exist);
}

/* A default must be what the field can hold. */
static void check_default(struct arena *a, const struct api_type *t, const struct api_field *f,
                          const char *def) {
    struct err e = {0};
    str text = str_printf(a, "{\"%s\":%s}", f->json, def);
    if (def && json_read(a, t, text, arena_zalloc(a, t->size), NULL, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s.%s: %s", t->name, f->json, e.text);
}

static void defaults_parse(const struct api_type *t) {
    struct arena *a = arena_new(0);
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (!f->attr)
            continue;
        check_default(a, t, f, f->attr->def);
        check_default(a, t, f, f->attr->openapi_def);
        if (!!(f->flags & ENUM) != !!f->attr->enums)
            complain(t, "ENUM and values disagree:", f->json);
    }
    arena_free(a);
}
TEST(defaults_are_values_of_their_fields) {
    each_type(defaults_parse);
}

static void sizes_fit(const struct api_type *t) {
    size_t end = 0;
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (f->offset < end)
            complain(t, "overlaps:", f->json);
        end = f->offset + 1;
        if (f->shape == API_ONE)
            end = f->offset + field_element_size(f);
        if (f->json_len != strlen(f->json))
            complain(t, "length of name:", f->json);
    }
    if (end > t->size)
        complain(t, "is larger than its size", "");
}
TEST(fields_lie_inside_their_struct) {
    each_type(sizes_fit);
}

static void roots_are_told(const struct api_type *t) {
    const struct api_info *info = t->info;
    if (!info->openapi || !strchr(info->openapi, '.'))
        complain(t, "has no OpenAPI name", "");
    if (!type_is(t, TYPE_ROOT))
        return;
    if (!info->kind || !info->version || !info->group)
        complain(t, "root without kind or version", "");
    uint32_t offset;
    if (type_field(t, STR("metadata"), &offset, NULL) && offset != 0)
        complain(t, "metadata does not stand first", "");
    const struct api_field *items = type_field(t, STR("items"), NULL, NULL);
    if (type_is(t, TYPE_LIST) && (!items || items->shape != API_LIST))
        complain(t, "a list without items", "");
}
TEST(roots_know_kind_and_version) {
    each_type(roots_are_told);
}

TEST(names_of_types_are_unique) {
    struct map seen;
    map_init(&seen, NULL);
    for (unsigned i = 0; i < n_api_types; i++)
        if (map_put(&seen, str_of(api_types[i]->name), &seen))
            complain(api_types[i], "twice", "");
    map_done(&seen);
    CHECK(n_api_types > 600);
    CHECK(n_cri_types > 100);
}

/* Nothing that the filler should have filled is left zero. */
static void every_field_is_filled(const struct api_type *t) {
    static const char zero[512];
    struct arena *a = arena_new(0);
    struct fill f = {.arena = a, .seed = tap_seed(), .chance = 100, .depth = 3, .length = 1};
    const char *obj = fill_new(&f, t);
    for (unsigned i = 0; i < t->n_fields && t->info->form == FORM_OBJECT; i++) {
        const struct api_field *row = &t->fields[i];
        size_t n = row->shape == API_ONE ? field_element_size(row) : sizeof(void *);
        if (row->kind == API_MSG && row->shape == API_ONE)
            continue; /* its own turn comes */
        if (row->shape == API_OPT && row->kind != API_MSG)
            n = field_element_size(row);
        if (memcmp(obj + row->offset, zero, MIN(n, sizeof(zero))) == 0)
            complain(t, "not filled:", row->json);
    }
    arena_free(a);
}
TEST(the_filler_fills_every_field) {
    each_type(every_field_is_filled);
}

static void same_seed(const struct api_type *t) {
    struct arena *a = arena_new(0);
    struct fill f = {.arena = a, .seed = 7, .chance = 60}, g = f;
    const void *x = fill_new(&f, t), *y = fill_new(&g, t);
    if (!api_equal(t, x, y))
        complain(t, "differs from itself", "");
    arena_free(a);
}
TEST(one_seed_is_one_object) {
    each_type(same_seed);
}

TEST(fields_are_found_through_inlined_messages) {
    uint32_t offset;
    unsigned hint = 0;
    const struct api_field *f = type_field(&Volume_type, STR("configMap"), &offset, &hint);
    REQUIRE(f);
    CHECK_INT(offset, offsetof(Volume, volume_source) + offsetof(VolumeSource, config_map));
    CHECK(type_field(&Volume_type, STR("name"), &offset, &hint) && offset == 0);
    CHECK(!type_field(&Volume_type, STR("volumeSource"), &offset, &hint));
    CHECK(!type_field(&Volume_type, STR(""), &offset, &hint));
    CHECK(!type_field(&Pod_type, STR("Spec"), &offset, NULL));
    f = type_field(&Pod_type, STR("spec"), &offset, NULL);
    REQUIRE(f);
    CHECK_INT(offset, offsetof(Pod, spec));
    CHECK(f->sub == &PodSpec_type);
}

static void count(const struct api_type *t, void *ctx) {
    ++*(unsigned *)ctx;
}

TEST(walking_meets_each_type_once) {
    unsigned n = 0;
    type_walk(&JSONSchemaProps_type, count, &n); /* holds itself */
    CHECK_INT(n, 6);
    n = 0;
    type_walk(&Namespace_type, count, &n);
    CHECK_INT(n, 7);
}
