// SPDX-License-Identifier: Apache-2.0
/* Applied configurations and managedFields from outside. Three lines: the stored Pod, the
 * configuration, what another writer stores afterwards. Entries that come out are canonical, sets
 * survive their text, and errors have one. */
#include <stdlib.h>

#include "api/types.h"
#include "schema/apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_entries(struct arena *a, const struct value *object) {
    const struct value *list = value_getc(value_getc(object, "metadata"), "managedFields");
    struct managed m;
    struct value again;
    if (!list)
        return;
    ASSERT(managed_read(a, list, &m, NULL) == 0);
    managed_write(a, &m, &again);
    ASSERT(value_equal(list, &again));
}

static void check_sets(struct arena *a, const struct value *v) {
    struct fieldset s = field_paths(a, schema_root(&Pod_type), v), again;
    struct buf b;
    buf_init(&b, 0);
    fieldset_write(&b, &s);
    if (fieldset_parse(a, buf_str(&b), &again, NULL) == 0)
        ASSERT(fieldset_equal(&s, &again));
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena a;
    struct value live, config, now, merged, tracked;
    struct err e = {0};
    bool changed;
    str rest = str_n((const char *)data, size), first = str_cut(&rest, '\n'),
        second = str_cut(&rest, '\n');
    struct apply_request q = {.a = &a,
                              .api_version = STR("v1"),
                              .kind = STR("Pod"),
                              .version.schema = schema_root(&Pod_type),
                              .manager = STR("kubectl"),
                              .force = size & 1,
                              .now = 1};
    arena_init(&a, 64u << 20);
    if (value_parse(&a, first, &live, NULL, NULL) == 0 &&
        value_parse(&a, second, &config, NULL, NULL) == 0 && live.tag == VALUE_OBJECT) {
        struct apply_conflicts c = {0};
        check_sets(&a, &live);
        int r = apply_object(&q, &live, &config, &merged, &changed, &c, &e);
        ASSERT(r == 0 || e.text[0]);
        ASSERT(r != -EEXIST || c.n);
        if (r == 0)
            check_entries(&a, &merged);
        if (r == 0 && rest.p && value_parse(&a, rest, &now, NULL, NULL) == 0 &&
            apply_track(&q, &merged, &now, false, &tracked, &e) == 0 && now.tag == VALUE_OBJECT)
            check_entries(&a, &tracked);
    }
    arena_done(&a);
    return 0;
}
