// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#define CLAIMS  RESOURCE_OF(core_v1_persistentvolumeclaims)
#define VOLUMES RESOURCE_OF(core_v1_persistentvolumes)
#define PODS    RESOURCE_OF(core_v1_pods)
#define CLASSES RESOURCE_OF(storage_v1_volumeattributesclasses)
#define GOING   "'deletionTimestamp':'2023-01-01T00:00:00Z',"
#define CLAIM(more)                                                                                \
    "{'metadata':{'name':'c','namespace':'d','uid':'c'," more                                      \
    "'finalizers':['kubernetes.io/pvc-protection']}}"
#define USER(meta, spec)                                                                           \
    "{'metadata':{'name':'p','namespace':'d','uid':'p'" meta                                       \
    "},'spec':{'containers':[{'name':'c'}],'volumes':[{'name':'v','persistentVolumeClaim':{"       \
    "'claimName':'c'}}]" spec "}}"

TEST(a_used_claim_stays) {
    static const struct {
        const char *pod;
        bool holds;
    } cases[] = {
        {USER("", ",'nodeName':'n'"), true},
        {USER("", ""), false},
        {"{'metadata':{'name':'p','namespace':'d'},'spec':{'nodeName':'n','volumes':[{'name':'v',"
         "'persistentVolumeClaim':{'claimName':'other'}}]}}",
         false},
        {"{'metadata':{'name':'p','namespace':'d'},'spec':{'nodeName':'n','volumes':[{'name':'c',"
         "'ephemeral':{'volumeClaimTemplate':{'spec':{'resources':{}}}}}]}}",
         false}, /* its claim is p-c */
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char list[1024];
        setup(&f);
        put(&f, CLAIMS, CLAIM(GOING));
        put(&f, PODS, cases[i].pod);
        str text = try_text(&f, &claim_protection_controller, "d/c");
        CHECK_STR(text, cases[i].holds ? STR("") : STR("need pods\n"));
        drop(&f, PODS, "d/p");
        snprintf(list, sizeof(list), "{'items':[%s]}", cases[i].pod);
        answer(&f, "pods", 200, &PodList_type, list);
        text = try_text(&f, &claim_protection_controller, "d/c");
        CHECK_STR(text, cases[i].holds ? STR("")
                                       : quoted(&f, "patch persistentvolumeclaims d/c {'metadata':{"
                                                    "'finalizers':null,'uid':'c',"
                                                    "'resourceVersion':'1'}}\n"));
        teardown(&f);
    }
}

/* The claim of an ephemeral volume is held while its own pod is not shut down. */
TEST(ephemeral_claims) {
#define OWNED(by)                                                                                  \
    "{'metadata':{'name':'p-v','namespace':'d','uid':'c'," GOING                                   \
    "'finalizers':['kubernetes.io/pvc-protection'],'ownerReferences':[{'apiVersion':'v1','kind':"  \
    "'Pod','name':'p','uid':'" by "','controller':true}]}}"
#define POD(meta)                                                                                  \
    "{'metadata':{'name':'p','namespace':'d','uid':'p'" meta "},'spec':{'nodeName':'n','volumes':" \
    "[{'name':'v','ephemeral':{'volumeClaimTemplate':{'spec':{'resources':{}}}}}]}}"
    struct fixture f;
    setup(&f);
    put(&f, CLAIMS, OWNED("p"));
    put(&f, PODS, POD(""));
    CHECK_PLAN(&f, &claim_protection_controller, "d/p-v", "");
    put(&f, PODS,
        POD(",'deletionTimestamp':'2023-01-01T00:00:00Z','deletionGracePeriodSeconds':5"));
    CHECK_PLAN(&f, &claim_protection_controller, "d/p-v", "");
    put(&f, PODS,
        POD(",'deletionTimestamp':'2023-01-01T00:00:00Z','deletionGracePeriodSeconds':0"));
    CHECK_PLAN(&f, &claim_protection_controller, "d/p-v", "need pods\n");
    put(&f, PODS, POD(""));
    put(&f, CLAIMS, OWNED("another"));
    CHECK_PLAN(&f, &claim_protection_controller, "d/p-v", "need pods\n");
    teardown(&f);
}

TEST(claims_are_looked_at_when_pods_let_go) {
    const struct controller *c = &claim_protection_controller;
    struct fixture f;
    setup(&f);
    put(&f, CLAIMS, CLAIM(""));
    CHECK(!next_key(&f, c).p);
    put(&f, PODS, USER("", ",'nodeName':'n'"));
    CHECK(!next_key(&f, c).p);
    put(&f, CLAIMS, CLAIM(GOING));
    CHECK_STR(next_key(&f, c), STR("d/c"));
    put(&f, PODS, USER("", ",'nodeName':'n'},'status':{'phase':'Failed'"));
    CHECK_STR(next_key(&f, c), STR("d/c"));
    drop(&f, PODS, "d/p");
    CHECK_STR(next_key(&f, c), STR("d/c"));
    put(&f, PODS, POD(""));
    drop(&f, PODS, "d/p");
    CHECK_STR(next_key(&f, c), STR("d/p-v"));
    teardown(&f);
}

TEST(what_is_older_gets_the_finalizer) {
    struct fixture f;
    setup(&f);
    put(&f, CLAIMS, "{'metadata':{'name':'c','namespace':'d','uid':'c','finalizers':['x']}}");
    CHECK_PLAN(&f, &claim_protection_controller, "d/c",
               "patch persistentvolumeclaims d/c {'metadata':{'finalizers':['x',"
               "'kubernetes.io/pvc-protection'],'uid':'c','resourceVersion':'1'}}\n");
    CHECK_PLAN(&f, &claim_protection_controller, "d/none", "");
    put(&f, VOLUMES, "{'metadata':{'name':'v','uid':'v'}}");
    CHECK_HAS(try_text(&f, &volume_protection_controller, "v"), "kubernetes.io/pv-protection");
    put(&f, CLASSES, "{'metadata':{'name':'k','uid':'k'}}");
    CHECK_HAS(try_text(&f, &attributes_class_protection_controller, "k"),
              "kubernetes.io/vac-protection");
    teardown(&f);
}

TEST(a_bound_volume_stays) {
#define VOLUME(phase)                                                                              \
    "{'metadata':{'name':'v','uid':'v'," GOING "'finalizers':['kubernetes.io/pv-protection']},"    \
    "'status':{'phase':'" phase "'}}"
    struct fixture f;
    setup(&f);
    put(&f, VOLUMES, VOLUME("Bound"));
    CHECK_PLAN(&f, &volume_protection_controller, "v", "");
    put(&f, VOLUMES, VOLUME("Released"));
    CHECK_PLAN(&f, &volume_protection_controller, "v",
               "patch persistentvolumes v {'metadata':{'finalizers':null,'uid':'v',"
               "'resourceVersion':'2'}}\n");
    teardown(&f);
}

TEST(a_named_attributes_class_stays) {
    static const struct {
        bool volume;
        const char *text;
    } users[] = {
        {false, "'spec':{'volumeAttributesClassName':'k'}"},
        {false, "'status':{'currentVolumeAttributesClassName':'k'}"},
        {false, "'status':{'modifyVolumeStatus':{'status':'Pending',"
                "'targetVolumeAttributesClassName':'k'}}"},
        {true, "'spec':{'volumeAttributesClassName':'k'}"},
    };
    for (unsigned i = 0; i < ARRAY_LEN(users); i++) {
        const struct controller *c = &attributes_class_protection_controller;
        struct fixture f;
        char text[512];
        setup(&f);
        put(&f, CLASSES,
            "{'metadata':{'name':'k','uid':'k'," GOING
            "'finalizers':['kubernetes.io/vac-protection']}}");
        CHECK_STR(next_key(&f, c), STR("k"));
        snprintf(text, sizeof(text), "{'metadata':{'name':'u','namespace':'%s'},%s}",
                 users[i].volume ? "" : "d", users[i].text);
        put(&f, users[i].volume ? VOLUMES : CLAIMS, text);
        CHECK_PLAN(&f, c, "k", "");
        CHECK(!next_key(&f, c).p);
        drop(&f, users[i].volume ? VOLUMES : CLAIMS, users[i].volume ? "u" : "d/u");
        CHECK_STR(next_key(&f, c), STR("k"));
        CHECK_HAS(try_text(&f, c, "k"), "patch volumeattributesclasses k ");
        teardown(&f);
    }
}
