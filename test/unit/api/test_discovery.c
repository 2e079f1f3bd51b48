// SPDX-License-Identifier: Apache-2.0
/* Discovery, byte for byte as upstream answers it (test/data/recorded, without the groups of the
 * recorder's own custom resources and aggregated server). */
#include "api/discovery.h"
#include "recorded.h"
#include "tap.h"

static void write_by_name(struct buf *b, str name) {
    struct served served = served_default();
    str rest = name, path = str_cut(&rest, ' ');
    bool aggregated = rest.p, core = str_eqc(path, "/api");
    if (aggregated) {
        discovery_aggregated(b, &served, DISCOVERY_V2, core);
    } else if (core) {
        discovery_api_versions(b, &served, STR("192.0.2.10:16443"));
    } else if (str_eqc(path, "/apis")) {
        discovery_group_list(b, &served);
    } else if (str_eqc(path, "/api/v1")) {
        CHECK_INT(discovery_resource_list(b, &served, STR(""), STR("v1")), 0);
    } else {
        str version = str_slice(path, strlen("/apis/"), path.n), group = str_cut(&version, '/');
        CHECK_INT(version.p ? discovery_resource_list(b, &served, group, version)
                            : discovery_group(b, &served, group),
                  0);
    }
}

TEST(discovery_as_recorded) {
    struct arena a;
    struct value v;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    str text = file_read(&a, "test/data/recorded/discovery.jsonl");
    int n = 0;
    for (; recorded_next(&a, &text, &v); n++) {
        buf_clear(&b);
        write_by_name(&b, value_str(value_getc(&v, "name")));
        CHECK_STR(buf_str(&b), value_str(value_getc(&v, "body")));
    }
    CHECK_INT(n, 8);
    buf_done(&b);
    arena_done(&a);
}

TEST(discovery_of_what_is_not_there) {
    struct served served = served_default();
    struct buf b;
    buf_init(&b, 0);
    CHECK_INT(discovery_group(&b, &served, STR("nope")), -ENOENT);
    CHECK_INT(discovery_group(&b, &served, STR("")), -ENOENT);
    CHECK_INT(discovery_resource_list(&b, &served, STR("apps"), STR("v9")), -ENOENT);
    CHECK_INT(discovery_resource_list(&b, &served, STR("certificates.k8s.io"), STR("v1alpha1")),
              -ENOENT);
    CHECK_INT(b.n, 0);
    buf_done(&b);
}

TEST(discovery_v2beta1_differs_in_its_version_only) {
    struct served served = served_default();
    struct buf a, b;
    buf_init(&a, 0);
    buf_init(&b, 0);
    discovery_aggregated(&a, &served, DISCOVERY_V2, false);
    discovery_aggregated(&b, &served, DISCOVERY_V2BETA1, false);
    ssize_t x = str_find(buf_str(&a), STR("\"items\"")),
            y = str_find(buf_str(&b), STR("\"items\""));
    REQUIRE(x > 0 && y > 0);
    CHECK_STR(str_slice(buf_str(&a), (size_t)x, a.n), str_slice(buf_str(&b), (size_t)y, b.n));
    CHECK(str_find(buf_str(&b), STR("apidiscovery.k8s.io/v2beta1")) > 0);
    buf_done(&a);
    buf_done(&b);
}
