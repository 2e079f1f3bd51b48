// SPDX-License-Identifier: Apache-2.0
/* What clients may send many of: twice as many take twice the memory from body to verdict, not four
 * times. One object must not be able to end a server. */
#include "api/hooks.h"
#include "base/buf.h"
#include "schema/json.h"
#include "tap.h"

#define ITEMS 600

static const struct {
    const char *name;
    enum resource_id id;
    const char *before, *item, *after; /* item: # is its number */
} cases[] = {
    {"owners that all control", RESOURCE_ID(core_v1_configmaps), "\"ownerReferences\":[",
     "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"name\":\"p#\",\"uid\":\"u\",\"controller\":true}",
     "]}"},
    {"finalizers that are none", RESOURCE_ID(core_v1_configmaps), "\"finalizers\":[", "\"!#\"",
     "]}"},
    {"limits without requests", RESOURCE_ID(core_v1_pods),
     "\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\",\"resources\":{"
     "\"limits\":{",
     "\"x.y/r#\":\"1\"", "}}}]}"},
    {"limits of the pod", RESOURCE_ID(core_v1_pods),
     "\"name\":\"p\"},\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],\"resources\":{"
     "\"limits\":{",
     "\"hugepages-#Mi\":\"1\"", "}}}"},
    {"a resource each of containers that stay", RESOURCE_ID(core_v1_pods),
     "\"name\":\"p\"},\"spec\":{\"resources\":{\"limits\":{\"cpu\":\"1\"}},\"initContainers\":[",
     "{\"name\":\"a\",\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{\"x.y/r#\":\"1\"}}"
     "}",
     "]}"},
    {"strings of a secret", RESOURCE_ID(core_v1_secrets), "\"name\":\"s\"},\"stringData\":{",
     "\"k#\":\"v\"", "}"},
    {"maxima", RESOURCE_ID(core_v1_limitranges),
     "\"name\":\"l\"},\"spec\":{\"limits\":[{\"type\":\"Container\",\"max\":{", "\"x.y/r#\":\"1\"",
     "}}]}"},
};

static void add_item(struct buf *b, const char *item, unsigned i) {
    for (; *item; item++) {
        if (*item == '#')
            buf_printf(b, "%u", 100000 + i);
        else
            buf_addc(b, *item);
    }
}

static size_t taken(size_t which, unsigned n) {
    const struct api_resource *r = &api_resources[cases[which].id];
    const struct hooks *h = hooks_of(r);
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    buf_printf(&b, "{\"metadata\":{%s", cases[which].before);
    for (unsigned i = 0; i < n; i++) {
        if (i)
            buf_addc(&b, ',');
        add_item(&b, cases[which].item, i);
    }
    buf_printf(&b, "%s}", cases[which].after);
    struct hook_ctx c = {.arena = &a};
    struct field_errors fe = {.arena = &a};
    struct err e = {0};
    void *obj = arena_alloc(&a, r->type->size);
    if (json_read(&a, r->type, buf_str(&b), obj, NULL, &e) < 0)
        tap_fail(__FILE__, __LINE__, "%s: %s", cases[which].name, e.text);
    api_defaults(&a, r->type, obj);
    if (h->defaults)
        h->defaults(&c, obj);
    validate_object_meta(&fe, obj, true, h, PATH(NULL, "metadata"));
    hooks_validate(&fe, r, r, obj, NULL);
    buf_done(&b);
    size_t bytes = a.taken;
    arena_done(&a);
    return bytes;
}

TEST(memory_grows_as_the_body_does) {
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        size_t one = taken(i, ITEMS), two = taken(i, 2 * ITEMS);
        if (2 * two > 5 * one)
            tap_fail(__FILE__, __LINE__, "%s: %zu bytes, twice as many: %zu", cases[i].name, one,
                     two);
    }
}
