// SPDX-License-Identifier: Apache-2.0
#include "controllers/deployment.h"
#include "fixture.h"

#define KEY "default/web"

struct want {
    int replicas;
    const char *strategy; /* inside the spec */
    const char *more;     /* behind the spec: annotations go into meta */
    const char *meta;
    const char *image;
};

static void put_deployment(struct fixture *f, const struct want *w) {
    char text[2048];
    snprintf(text, sizeof(text),
             "{'metadata':{'name':'web','namespace':'default','uid':'d','generation':1%s},'spec':{"
             "'replicas':%d,'selector':{'matchLabels':{'app':'web'}},'template':{'metadata':{"
             "'labels':{'app':'web'}},'spec':{'containers':[{'name':'c','image':'%s'}]}},"
             "'revisionHistoryLimit':2,'progressDeadlineSeconds':600%s}%s}",
             w->meta ? w->meta : "", w->replicas, w->image ? w->image : "new",
             w->strategy ? w->strategy : "", w->more ? w->more : "");
    put(f, DEPLOYMENTS, text);
}

/* A set of the deployment; created `age` seconds after the first. */
static void put_set(struct fixture *f, const char *name, const char *image, int age, int replicas,
                    int actual, int available, const char *annotations) {
    char text[2048];
    snprintf(text, sizeof(text),
             "{'metadata':{'name':'%s','namespace':'default','creationTimestamp':"
             "'2023-11-14T22:00:%02dZ','labels':{'app':'web','pod-template-hash':'%s'},"
             "'annotations':{%s},'ownerReferences':[{'apiVersion':'apps/v1','kind':'Deployment',"
             "'name':'web','uid':'d','controller':true}]},'spec':{'replicas':%d,'selector':{"
             "'matchLabels':{'app':'web','pod-template-hash':'%s'}},'template':{'metadata':{"
             "'labels':{'app':'web','pod-template-hash':'%s'}},'spec':{'containers':[{'name':'c',"
             "'image':'%s'}]}}},'status':{'replicas':%d,'readyReplicas':%d,'availableReplicas':%d,"
             "'terminatingReplicas':0}}",
             name, age, name, annotations, replicas, name, name, image, actual, available,
             available);
    put(f, SETS, text);
}

static int32_t scaled(struct plan *p, const char *name) {
    for (uint32_t i = 0; i < p->internal->writes.n; i++) {
        const struct plan_write *w = &p->internal->writes.v[i];
        if (w->rq.resource != SETS || w->rq.verb != REST_UPDATE || !str_eqc(w->rq.name, name))
            continue;
        struct arena a;
        struct err e;
        ReplicaSet rs;
        arena_init(&a, 0);
        REQUIRE(json_read(&a, &ReplicaSet_type, str_dup(&a, w->rq.raw), &rs, NULL, &e) == 0);
        int32_t n = opt_or(rs.spec.replicas, 1);
        arena_done(&a);
        return n;
    }
    return -1;
}

TEST(a_first_set_is_made_whole) {
    struct fixture f;
    setup(&f);
    put_deployment(&f, &(struct want){
                           .replicas = 3,
                           .meta = ",'annotations':{'note':'x','kubectl.kubernetes.io/"
                                   "last-applied-configuration':'{}'}",
                       });
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_INT(count(text, "create replicasets default "), 1);
    CHECK_HAS(text, "\"annotations\":{\"deployment.kubernetes.io/desired-replicas\":\"3\","
                    "\"deployment.kubernetes.io/max-replicas\":\"3\","
                    "\"deployment.kubernetes.io/revision\":\"1\",\"note\":\"x\"}");
    CHECK_HAS(text, "\"replicas\":3,\"selector\":{\"matchLabels\":{\"app\":\"web\","
                    "\"pod-template-hash\":\"");
    CHECK_HAS(text, "-- next group\nupdate deployments/status default/web");
    CHECK_HAS(text, "\"reason\":\"NewReplicaSetCreated\",\"message\":\"Created new replica set "
                    "\\\"web-");
    CHECK_HAS(text, "\"reason\":\"MinimumReplicasUnavailable\"");
    CHECK_HAS(text, "event Normal ScalingReplicaSet Deployment/web: Scaled up replica set web-");
    CHECK_HAS(text, " from 0 to 3\n");
    teardown(&f);
}

TEST(hashes) {
    struct fixture f;
    setup(&f);
    const PodTemplateSpec *t =
        parse(&f, &PodTemplateSpec_type, "{'spec':{'containers':[{'name':'c'}]}}");
    str h = template_hash(&f.a, t, (struct opt_i32){0});
    CHECK(h.n > 0 && h.n <= 10);
    for (size_t i = 0; i < h.n; i++)
        CHECK(strchr("456789bcdf", h.p[i]) != NULL); /* what ten digits become */
    CHECK_STR(template_hash(&f.a, t, (struct opt_i32){0}), h);
    CHECK(!str_eq(template_hash(&f.a, t, (struct opt_i32){true, 1}), h));
    CHECK(!str_eq(template_hash(&f.a, t, (struct opt_i32){true, 2}),
                  template_hash(&f.a, t, (struct opt_i32){true, 1})));
    teardown(&f);
}

/* One step of a rolling update: -1 = that set is not touched. */
TEST(rolling_steps) {
    static const struct {
        int replicas;
        const char *surge, *unavailable;
        int old, old_available, new_, new_available;
        int old_then, new_then;
    } cases[] = {
        {10, "0", "1", 10, 10, 0, 0, 9, -1},
        {10, "'25%'", "'25%'", 10, 10, 0, 0, -1, 3},
        {10, "'25%'", "'25%'", 10, 10, 3, 0, 8, -1},
        {10, "'25%'", "'25%'", 8, 8, 3, 0, -1, 5},
        {10, "'25%'", "'25%'", 8, 8, 5, 0, -1, -1},
        {10, "'25%'", "'25%'", 8, 8, 5, 5, 3, -1},
        {10, "2", "0", 10, 10, 0, 0, -1, 2},
        {10, "2", "0", 10, 10, 2, 0, -1, -1},
        {10, "2", "0", 10, 10, 2, 2, 8, -1},
        {10, "0", "0", 10, 10, 0, 0, 9, -1},
        {10, "'25%'", "'25%'", 10, 4, 3, 0, 8, -1}, /* the sick of the old set first */
        {10, "0", "2", 10, 8, 0, 0, 8, -1},
        {1, "1", "0", 1, 1, 0, 0, -1, 1},
        {1, "1", "0", 1, 1, 1, 0, -1, -1},
        {1, "1", "0", 1, 1, 1, 1, 0, -1},
        {5, "1", "1", 0, 0, 7, 7, -1, 5},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char strategy[256], annotations[256];
        setup(&f);
        snprintf(strategy, sizeof(strategy),
                 ",'strategy':{'type':'RollingUpdate','rollingUpdate':{'maxSurge':%s,"
                 "'maxUnavailable':%s}}",
                 cases[i].surge, cases[i].unavailable);
        put_deployment(&f, &(struct want){.replicas = cases[i].replicas, .strategy = strategy});
        snprintf(annotations, sizeof(annotations),
                 "'deployment.kubernetes.io/desired-replicas':'%d',"
                 "'deployment.kubernetes.io/revision':'1'",
                 cases[i].replicas);
        put_set(&f, "old", "old", 1, cases[i].old, cases[i].old, cases[i].old_available,
                annotations);
        snprintf(annotations, sizeof(annotations),
                 "'deployment.kubernetes.io/desired-replicas':'%d',"
                 "'deployment.kubernetes.io/revision':'2'",
                 cases[i].replicas);
        put_set(&f, "new", "new", 2, cases[i].new_, cases[i].new_, cases[i].new_available,
                annotations);
        struct plan *p = try_plan(&f, &deployment_controller, KEY);
        if (scaled(p, "old") != cases[i].old_then || scaled(p, "new") != cases[i].new_then)
            tap_fail(__FILE__, __LINE__, "case %u: old %d, want %d; new %d, want %d", i,
                     scaled(p, "old"), cases[i].old_then, scaled(p, "new"), cases[i].new_then);
        teardown(&f);
    }
}

/* Upstream's proportions: sizes of three sets before and after, the new one first. */
TEST(proportional_scaling) {
    static const struct {
        int from, to;
        int before[3], after[3];
    } cases[] = {
        {10, 12, {10, 0, 0}, {12, -1, -1}}, {10, 5, {10, 0, 0}, {5, -1, -1}},
        {10, 12, {5, 5, 0}, {6, 6, -1}},    {10, 5, {5, 5, 0}, {3, 2, -1}},
        {10, 6, {5, 3, 2}, {3, 2, 1}},      {10, 0, {5, 3, 2}, {0, 0, 0}},
        {12, 10, {4, 4, 4}, {4, 3, 3}},
    };
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        char annotations[256];
        static const char *const names[] = {"n", "o2", "o1"}, *const images[] = {"new", "o2", "o1"};
        setup(&f);
        char status[64];
        snprintf(status, sizeof(status), ",'status':{'replicas':%d}", cases[i].from);
        put_deployment(&f, &(struct want){
                               .replicas = cases[i].to,
                               .strategy = ",'strategy':{'rollingUpdate':{'maxSurge':0,"
                                           "'maxUnavailable':1}}",
                               .more = status,
                           });
        for (int s = 0; s < 3; s++) {
            snprintf(annotations, sizeof(annotations),
                     "'deployment.kubernetes.io/desired-replicas':'%d',"
                     "'deployment.kubernetes.io/max-replicas':'%d',"
                     "'deployment.kubernetes.io/revision':'%d'",
                     cases[i].from, cases[i].from, 3 - s);
            put_set(&f, names[s], images[s], 10 - s, cases[i].before[s], cases[i].before[s], 0,
                    annotations);
        }
        struct plan *p = try_plan(&f, &deployment_controller, KEY);
        for (int s = 0; s < 3; s++) {
            int got = scaled(p, names[s]);
            if (got != cases[i].after[s])
                tap_fail(__FILE__, __LINE__, "case %u: set %s: %d, want %d", i, names[s], got,
                         cases[i].after[s]);
        }
        teardown(&f);
    }
}

TEST(recreate_waits_for_the_last_old_pod) {
    struct fixture f;
    struct want w = {.replicas = 2, .strategy = ",'strategy':{'type':'Recreate'}"};
    const char *rev = "'deployment.kubernetes.io/desired-replicas':'2',"
                      "'deployment.kubernetes.io/revision':'1'";
    setup(&f);
    put_deployment(&f, &w);
    put_set(&f, "old", "old", 1, 2, 2, 2, rev);
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_HAS(text, "Scaled down replica set old from 2 to 0");
    CHECK_INT(count(text, "create replicasets"), 0);
    put_set(&f, "old", "old", 1, 0, 1, 0, rev);
    CHECK_INT(count(try_text(&f, &deployment_controller, KEY), "create replicasets"), 0);
    put_set(&f, "old", "old", 1, 0, 0, 0, rev);
    put(&f, RESOURCE_OF(core_v1_pods),
        "{'metadata':{'name':'p','namespace':'default','deletionTimestamp':'2023-01-01T00:00:00Z',"
        "'ownerReferences':[{'apiVersion':'apps/v1','kind':'ReplicaSet','name':'old','uid':"
        "'uid-old','controller':true}]}}");
    CHECK_INT(count(try_text(&f, &deployment_controller, KEY), "create replicasets"), 0);
    put(&f, RESOURCE_OF(core_v1_pods),
        "{'metadata':{'name':'p','namespace':'default','ownerReferences':[{'apiVersion':'apps/v1',"
        "'kind':'ReplicaSet','name':'old','uid':'uid-old','controller':true}]},"
        "'status':{'phase':'Failed'}}");
    text = try_text(&f, &deployment_controller, KEY);
    CHECK_INT(count(text, "create replicasets"), 1);
    CHECK_HAS(text, "from 0 to 2");
    teardown(&f);
}

#define DONE                                                                                       \
    ",'status':{'observedGeneration':1,'replicas':1,'updatedReplicas':1,'readyReplicas':1,"        \
    "'availableReplicas':1,'terminatingReplicas':0,'conditions':[{'type':'Available','status':"    \
    "'True','lastUpdateTime':null,'lastTransitionTime':null,'reason':"                             \
    "'MinimumReplicasAvailable','message':'Deployment has minimum availability.'},{'type':"        \
    "'Progressing','status':'True','lastUpdateTime':'2023-11-14T22:13:20Z',"                       \
    "'lastTransitionTime':null,'reason':'%s','message':'m'}]}"
#define AT_REST                                                                                    \
    "'deployment.kubernetes.io/desired-replicas':'1','deployment.kubernetes.io/max-replicas':"     \
    "'1','deployment.kubernetes.io/revision':'%d'"

static void put_at_rest(struct fixture *f, const char *reason) {
    char status[1024];
    snprintf(status, sizeof(status), DONE, reason);
    put_deployment(f, &(struct want){
                          .replicas = 1,
                          .meta = ",'annotations':{'deployment.kubernetes.io/revision':'5'}",
                          .more = status,
                      });
}

TEST(at_rest_nothing_is_written) {
    struct fixture f;
    char annotations[256];
    setup(&f);
    put_at_rest(&f, "NewReplicaSetAvailable");
    snprintf(annotations, sizeof(annotations), AT_REST, 5);
    put_set(&f, "new", "new", 9, 1, 1, 1, annotations);
    CHECK_PLAN(&f, &deployment_controller, KEY, "");
    teardown(&f);
}

TEST(old_sets_beyond_the_limit_are_removed) {
    struct fixture f;
    char annotations[256], name[8];
    setup(&f);
    put_at_rest(&f, "NewReplicaSetAvailable");
    for (int i = 1; i <= 5; i++) {
        snprintf(annotations, sizeof(annotations), AT_REST, i);
        snprintf(name, sizeof(name), "r%d", i);
        put_set(&f, name, i == 5 ? "new" : name, i, i == 5, i == 5, i == 5, annotations);
    }
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_INT(count(text, "delete replicasets"), 2);
    CHECK_INT(count(text, "delete replicasets default/r1 "), 1);
    CHECK_INT(count(text, "delete replicasets default/r2 "), 1);
    teardown(&f);
}

TEST(going_back_raises_the_revision_and_remembers) {
    struct fixture f;
    char annotations[256];
    setup(&f);
    put_deployment(&f, &(struct want){.replicas = 1, .image = "one"});
    snprintf(annotations, sizeof(annotations), AT_REST, 1);
    put_set(&f, "one", "one", 1, 0, 0, 0, annotations);
    snprintf(annotations, sizeof(annotations), AT_REST, 2);
    put_set(&f, "two", "two", 2, 1, 1, 1, annotations);
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_HAS(text, "\"deployment.kubernetes.io/revision\":\"3\","
                    "\"deployment.kubernetes.io/revision-history\":\"1\"");
    CHECK_INT(count(text, "create replicasets"), 0);
    teardown(&f);
}

TEST(a_rollout_that_stands_still_times_out) {
    struct fixture f;
    char annotations[256], status[1024];
    setup(&f);
    snprintf(status, sizeof(status),
             ",'status':{'observedGeneration':1,'replicas':1,'updatedReplicas':1,"
             "'unavailableReplicas':1,'terminatingReplicas':0,'conditions':[{'type':'Available',"
             "'status':'False','reason':'MinimumReplicasUnavailable'},{'type':'Progressing',"
             "'status':'True','lastUpdateTime':'2023-11-14T22:13:20Z','reason':'ReplicaSetUpdated',"
             "'message':'m'}]}");
    put_deployment(&f, &(struct want){
                           .replicas = 1,
                           .strategy = ",'strategy':{'rollingUpdate':{'maxSurge':1,"
                                       "'maxUnavailable':0}}",
                           .meta = ",'annotations':{'deployment.kubernetes.io/revision':'1'}",
                           .more = status,
                       });
    snprintf(annotations, sizeof(annotations), AT_REST, 1);
    put_set(&f, "new", "new", 1, 1, 1, 0, annotations);
    CHECK_PLAN(&f, &deployment_controller, KEY, "requeue after 601000 ms\n");
    f.now += 601 * NSEC_PER_SEC;
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_HAS(text, "\"type\":\"Progressing\",\"status\":\"False\"");
    CHECK_HAS(text, "\"reason\":\"ProgressDeadlineExceeded\",\"message\":\"ReplicaSet \\\"new\\\" "
                    "has timed out progressing.\"");
    teardown(&f);
}

TEST(paused_scales_but_does_not_roll) {
    struct fixture f;
    setup(&f);
    put_deployment(&f, &(struct want){.replicas = 3, .strategy = ",'paused':true"});
    put_set(&f, "old", "old", 1, 2, 2, 2,
            "'deployment.kubernetes.io/desired-replicas':'2',"
            "'deployment.kubernetes.io/revision':'1'");
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_INT(count(text, "create replicasets"), 0);
    CHECK_HAS(text, "Scaled up replica set old from 2 to 3");
    CHECK_HAS(text, "\"reason\":\"DeploymentPaused\",\"message\":\"Deployment is paused\"");
    teardown(&f);
}

TEST(a_taken_name_counts_as_a_collision) {
    struct fixture f;
    setup(&f);
    put_deployment(&f, &(struct want){.replicas = 1});
    struct plan *p = try_plan(&f, &deployment_controller, KEY);
    const ReplicaSet *made =
        parse(&f, &ReplicaSet_type, str_cdup(&f.a, p->internal->writes.v[0].rq.raw));
    char text[256];
    snprintf(text, sizeof(text), "{'metadata':{'name':'" STR_FMT "','namespace':'default'}}",
             STR_ARG(made->metadata.name));
    put(&f, SETS, text);
    str plan = try_text(&f, &deployment_controller, KEY);
    CHECK_INT(count(plan, "create replicasets"), 0);
    CHECK_HAS(plan, "\"collisionCount\":1");
    teardown(&f);
}

TEST(a_set_that_cannot_be_made_is_told) {
    struct fixture f;
    setup(&f);
    put_deployment(&f, &(struct want){.replicas = 1});
    f.error = (Status){.code = 403, .message = STR("no")};
    f.error_resource = SETS;
    f.error_verb = REST_CREATE;
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK(str_starts(text, STR("update deployments/status")));
    CHECK_HAS(text, "\"reason\":\"ReplicaSetCreateError\",\"message\":\"Failed to create new "
                    "replica set \\\"web-");
    CHECK_HAS(text, "-- next group\ncreate replicasets");
    teardown(&f);
}

TEST(rollback_takes_an_old_template) {
    struct fixture f;
    char annotations[256];
    setup(&f);
    put_deployment(&f, &(struct want){
                           .replicas = 1,
                           .meta = ",'annotations':{'deprecated.deployment.rollback.revision':'1'}",
                       });
    snprintf(annotations, sizeof(annotations), AT_REST ",'note':'of one'", 1);
    put_set(&f, "one", "one", 1, 0, 0, 0, annotations);
    snprintf(annotations, sizeof(annotations), AT_REST, 2);
    put_set(&f, "new", "new", 2, 1, 1, 1, annotations);
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_INT(count(text, "update deployments default/web"), 1);
    CHECK_HAS(text, "\"image\":\"one\"");
    CHECK_HAS(text, "\"annotations\":{\"note\":\"of one\"}");
    CHECK_INT(count(text, "pod-template-hash"), 0);
    CHECK_HAS(text, "event Normal DeploymentRollback Deployment/web: Rolled back deployment "
                    "\"web\" to revision 1");
    teardown(&f);
}

TEST(selecting_everything_is_refused) {
    struct fixture f;
    setup(&f);
    put(&f, DEPLOYMENTS,
        "{'metadata':{'name':'web','namespace':'default','generation':1},'spec':{'selector':{}}}");
    str text = try_text(&f, &deployment_controller, KEY);
    CHECK_HAS(text, "event Warning SelectingAll Deployment/web: This deployment is selecting all "
                    "pods. A non-empty selector is required.");
    CHECK_INT(count(text, "create replicasets"), 0);
    teardown(&f);
}
