// SPDX-License-Identifier: Apache-2.0
/* --runtime-config: what is switched on and off, and what it says to mistakes. */
#include "api/discovery.h"
#include "api/openapi.h"
#include "tap.h"

#define ON(id)    served_has(&s, RESOURCE_OF(id))
#define SET(text) CHECK_INT(served_configure(&s, STR(text), &e), 0)

TEST(by_default_what_is_stable) {
    struct served s = served_default();
    CHECK(ON(apps_v1_deployments) && ON(core_v1_pods) &&
          ON(autoscaling_v1_horizontalpodautoscalers));
    CHECK(!ON(networking_v1beta1_ipaddresses));
    CHECK(served_version(&s, "networking.k8s.io", "v1"));
    CHECK(!served_version(&s, "networking.k8s.io", "v1beta1"));
    CHECK(!served_group(&s, group_find(STR("internal.apiserver.k8s.io"))));
}

TEST(versions_and_resources_are_switched) {
    struct served s = served_default();
    struct err e = {0};
    SET("");
    SET("apps/v1=false");
    CHECK(!ON(apps_v1_deployments) && ON(batch_v1_jobs));
    SET("apps/v1/deployments"); /* alone means true */
    CHECK(ON(apps_v1_deployments) && !ON(apps_v1_daemonsets));
    SET("autoscaling/v1=false, batch/v1/jobs=false");
    CHECK(!ON(autoscaling_v1_horizontalpodautoscalers));
    CHECK(ON(autoscaling_v2_horizontalpodautoscalers));
    CHECK(!ON(batch_v1_jobs) && ON(batch_v1_cronjobs));
}

TEST(lots_come_first_whatever_the_order) {
    struct served s = served_default();
    struct err e = {0};
    SET("batch/v1/cronjobs=false,api/v1=true,batch/v1=true,api/all=false");
    CHECK(ON(core_v1_pods) && ON(batch_v1_jobs) && !ON(batch_v1_cronjobs));
    CHECK(!ON(apps_v1_deployments));
    s = served_default();
    SET("api/beta=true,api/alpha=true,api/ga=true");
    CHECK(ON(apps_v1_deployments) && !ON(networking_v1beta1_ipaddresses));
    SET("networking.k8s.io/v1beta1=false");
}

TEST(mistakes_are_told) {
    static const struct {
        const char *config, *text;
    } bad[] = {
        {"api/all=false", "invalid key with only api/all=false"},
        {"apps/v1=perhaps", "runtime-config invalid value detected: apps/v1=perhaps"},
        {"apps", "runtime-config invalid key apps"},
        {"unheard.of/v1", "unknown api groups unheard.of"},
        {"apps/v7=true", "group version apps/v7 that has not been registered"},
        {"networking.k8s.io/v1beta1=true",
         "runtime-config: networking.k8s.io/v1beta1 is known but not served here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct served s = served_default();
        struct err e = {0};
        CHECK_INT(served_configure(&s, str_of(bad[i].config), &e), -EINVAL);
        CHECK_STR(str_of(e.text), str_of(bad[i].text));
    }
}

TEST(documents_show_what_is_served) {
    struct served s = served_default();
    struct err e = {0};
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, 0);
    SET("autoscaling/v2=false,apps/v1=false,batch/v1/jobs=false");
    CHECK_INT(discovery_group(&b, &s, STR("apps")), -ENOENT);
    CHECK_INT(openapi_v3_write(&b, &s, STR("apis/apps/v1")), -ENOENT);
    CHECK_INT(openapi_v3_write(&b, &s, STR("apis/apps")), -ENOENT);
    discovery_group_list(&b, &s);
    CHECK(str_find(buf_str(&b), STR("\"apps\"")) < 0);
    CHECK(str_find(buf_str(&b), STR("\"preferredVersion\":{\"groupVersion\":\"autoscaling/v1\"")) >
          0);
    buf_clear(&b);
    CHECK_INT(discovery_resource_list(&b, &s, STR("batch"), STR("v1")), 0);
    CHECK(str_find(buf_str(&b), STR("cronjobs")) > 0 && str_find(buf_str(&b), STR("\"jobs\"")) < 0);
    buf_clear(&b);
    openapi_v2_write(&b, &s);
    CHECK(str_find(buf_str(&b), STR("/apis/batch/v1/namespaces/{namespace}/cronjobs")) > 0);
    CHECK(str_find(buf_str(&b), STR("/apis/batch/v1/namespaces/{namespace}/jobs")) < 0);
    CHECK(str_find(buf_str(&b), STR("/apis/apps")) < 0);
    buf_done(&b);
    arena_done(&a);
}
