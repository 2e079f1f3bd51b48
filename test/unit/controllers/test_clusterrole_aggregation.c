// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#define ROLES   RESOURCE_OF(rbac_v1_clusterroles)
#define RULE(r) "{'verbs':['get'],'apiGroups':[''],'resources':['" r "']}"

TEST(an_aggregated_role_gathers) {
    struct fixture f;
    setup(&f);
    const struct controller *c = &clusterrole_aggregation_controller;
    put(&f, ROLES,
        "{'metadata':{'name':'all'},'rules':[" RULE(
            "x") "],'aggregationRule':{"
                 "'clusterRoleSelectors':[{'matchLabels':{'to':'all'}}]}}");
    put(&f, ROLES,
        "{'metadata':{'name':'b','labels':{'to':'all'}},'rules':[" RULE("b") "," RULE("a") "]}");
    put(&f, ROLES, "{'metadata':{'name':'a','labels':{'to':'all'}},'rules':[" RULE("a") "]}");
    put(&f, ROLES, "{'metadata':{'name':'c','labels':{'to':'other'}},'rules':[" RULE("c") "]}");
    str text = try_text(&f, c, "all");
    CHECK_HAS(text, "update clusterroles all ");
    str want = quoted(&f, "'rules':[" RULE("a") "," RULE("b") "],'aggregationRule'");
    CHECK(str_find(text, want) >= 0);
    CHECK_PLAN(&f, c, "a", "");
    CHECK_PLAN(&f, c, "gone", "");
    put(&f, ROLES,
        "{'metadata':{'name':'all'},'rules':[" RULE("a") "," RULE(
            "b") "],'aggregationRule':{"
                 "'clusterRoleSelectors':[{'matchLabels':{'to':'all'}}]}}");
    CHECK_PLAN(&f, c, "all", "");
    teardown(&f);
}
