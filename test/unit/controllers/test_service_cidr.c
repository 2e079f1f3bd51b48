// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#define CIDRS     RESOURCE_OF(networking_v1_servicecidrs)
#define ADDRESSES RESOURCE_OF(networking_v1_ipaddresses)
#define C         &service_cidr_controller
#define FINALIZER "'finalizers':['networking.k8s.io/service-cidr-finalizer']"
#define READY                                                                                      \
    "'status':{'conditions':[{'type':'Ready','status':'True','lastTransitionTime':null,"           \
    "'reason':'','message':'m'}]}"
/* deleted ten seconds before NOW */
#define ENDING(name, blocks)                                                                       \
    "{'metadata':{'name':'" name                                                                   \
    "','uid':'u','deletionTimestamp':'2023-11-14T22:13:10Z'," FINALIZER                            \
    "},'spec':{'cidrs':[" blocks "]}," READY "}"
#define LIVING(name, blocks)                                                                       \
    "{'metadata':{'name':'" name "'," FINALIZER "},'spec':{'cidrs':[" blocks "]}," READY "}"
#define ADDRESS(ip)                                                                                \
    "{'metadata':{'name':'" ip "','labels':{'ipaddress.kubernetes.io/managed-by':"                 \
    "'ipallocator.k8s.io'}}}"
#define GONE                                                                                       \
    "patch servicecidrs a {'metadata':{'finalizers':null,'uid':'u','resourceVersion':'1'}}\n"

TEST(a_new_one_is_protected_then_ready) {
    struct fixture f;
    setup(&f);
    put(&f, CIDRS, "{'metadata':{'name':'a','uid':'u'},'spec':{'cidrs':['10.0.0.0/24']}}");
    CHECK_PLAN(&f, C, "a",
               "patch servicecidrs a {'metadata':{" FINALIZER ",'uid':'u','resourceVersion':'1'}}\n"
               "-- next group\n"
               "patch servicecidrs/status a {'status':{'conditions':[{'type':'Ready','status':"
               "'True','lastTransitionTime':'2023-11-14T22:13:20Z','reason':'','message':"
               "'Kubernetes Service CIDR is ready'}]},'metadata':{'uid':'u'}}\n");
    put(&f, CIDRS, LIVING("a", "'10.0.0.0/24'"));
    CHECK_PLAN(&f, C, "a", "");
    CHECK_PLAN(&f, C, "none", "");
    teardown(&f);
}

TEST(when_it_may_go) {
    static const struct {
        const char *blocks, *other, *address;
        bool goes;
    } cases[] = {
        {"'10.0.0.0/24'", NULL, NULL, true},
        {"'10.0.0.0/24'", NULL, ADDRESS("10.0.0.5"), false},
        {"'10.0.0.0/24'", NULL, ADDRESS("10.0.1.5"), true},
        {"'10.0.0.0/24'", NULL, "{'metadata':{'name':'10.0.0.5'}}", true}, /* somebody's own */
        {"'10.0.0.0/24'", LIVING("b", "'10.0.0.0/16'"), ADDRESS("10.0.0.5"), true},
        {"'10.0.0.0/24'", LIVING("b", "'10.0.0.0/24'"), ADDRESS("10.0.0.5"), true},
        {"'10.0.0.0/24'", ENDING("b", "'10.0.0.0/24'"), ADDRESS("10.0.0.5"), false},
        {"'10.0.0.0/24'", LIVING("b", "'10.0.0.0/28'"), ADDRESS("10.0.0.5"), true},
        {"'10.0.0.0/24'", LIVING("b", "'10.0.0.0/28'"), ADDRESS("10.0.0.77"), false},
        {"'10.0.0.0/24','fd00::/112'", LIVING("b", "'10.0.0.0/24'"), ADDRESS("fd00::5"), false},
        {"'fd00::/112'", LIVING("b", "'fd00::/64'"), ADDRESS("fd00::5"), true},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char text[512];
        setup(&f);
        snprintf(text, sizeof(text),
                 "{'metadata':{'name':'a','uid':'u','deletionTimestamp':'2023-11-14T22:13:10Z'"
                 "," FINALIZER "},'spec':{'cidrs':[%s]}," READY "}",
                 cases[i].blocks);
        put(&f, CIDRS, text);
        if (cases[i].other)
            put(&f, CIDRS, cases[i].other);
        if (cases[i].address)
            put(&f, ADDRESSES, cases[i].address);
        str plan = try_text(&f, C, "a");
        if (cases[i].goes != str_eq(plan, quoted(&f, GONE)))
            tap_fail(__FILE__, __LINE__, "case %u: " STR_FMT, i, STR_ARG(plan));
        if (!cases[i].goes)
            CHECK_HAS(plan, "\"status\":\"False\",\"lastTransitionTime\":\"2023-11-14T22:13:20Z\","
                            "\"reason\":\"Terminating\"");
        teardown(&f);
    }
}

TEST(allocators_are_given_time) {
    struct fixture f;
    setup(&f);
    put(&f, CIDRS, ENDING("a", "'10.0.0.0/24'"));
    f.now -= 4 * NSEC_PER_SEC;
    CHECK_PLAN(&f, C, "a", "requeue after 4000 ms\n");
    teardown(&f);
}

TEST(those_that_end_are_looked_at_when_something_changes) {
    struct fixture f;
    setup(&f);
    put(&f, CIDRS, ENDING("a", "'10.0.0.0/24'"));
    CHECK_STR(next_key(&f, C), STR("a"));
    put(&f, CIDRS, LIVING("b", "'10.0.0.0/24'"));
    CHECK_STR(next_key(&f, C), STR("b"));
    CHECK_STR(next_key(&f, C), STR("a"));
    put(&f, ADDRESSES, ADDRESS("10.0.0.5"));
    CHECK_STR(next_key(&f, C), STR("a"));
    drop(&f, ADDRESSES, "10.0.0.5");
    CHECK_STR(next_key(&f, C), STR("a"));
    CHECK(!next_key(&f, C).p);
    teardown(&f);
}
