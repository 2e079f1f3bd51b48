// SPDX-License-Identifier: Apache-2.0
#include "server_test.h"

#define CMS "/api/v1/namespaces/default/configmaps"

TEST(create_get_list_delete) {
    struct world w;
    world_init(&w);
    struct answer a = call(&w, "POST", CMS, NULL,
                           "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":"
                           "\"a\",\"labels\":{\"x\":\"1\"}},\"data\":{\"k\":\"v\"}}");
    CHECK_INT(a.code, 201);
    CHECK_STRC(text_at(&w, a.body, "metadata.namespace"), "default");
    CHECK(text_at(&w, a.body, "metadata.uid").n == 36);
    struct answer g = get(&w, CMS "/a", NULL);
    CHECK_INT(g.code, 200);
    CHECK_STR(g.body, a.body);
    struct answer l = get(&w, CMS, NULL);
    CHECK_INT(l.code, 200);
    CHECK_STRC(text_at(&w, l.body, "kind"), "ConfigMapList");
    CHECK_STRC(text_at(&w, l.body, "items.0.metadata.name"), "a");
    l = get(&w, CMS "?labelSelector=x%3D2", NULL);
    CHECK(at(&w, l.body, "items.0") == NULL);
    a = call(&w, "PATCH", CMS "/a", "application/merge-patch+json", "{\"data\":{\"k\":\"w\"}}");
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "data.k"), "w");
    a = call(&w, "DELETE", CMS "/a", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK_STRC(text_at(&w, a.body, "status"), "Success");
    CHECK_INT(get(&w, CMS "/a", NULL).code, 404);
    world_done(&w);
}

TEST(an_update_that_changes_nothing_keeps_the_revision) {
    struct world w;
    world_init(&w);
    struct answer a =
        call(&w, "POST", CMS, NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
    struct answer b =
        call(&w, "PUT", CMS "/a", NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"v\"}}");
    CHECK_INT(b.code, 200);
    CHECK_STR(text_at(&w, a.body, "metadata.resourceVersion"),
              text_at(&w, b.body, "metadata.resourceVersion"));
    b = call(&w, "PUT", CMS "/a", NULL, "{\"metadata\":{\"name\":\"a\"},\"data\":{\"k\":\"w\"}}");
    CHECK(!str_eq(text_at(&w, a.body, "metadata.resourceVersion"),
                  text_at(&w, b.body, "metadata.resourceVersion")));
    world_done(&w);
}
