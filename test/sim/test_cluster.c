// SPDX-License-Identifier: Apache-2.0
/* The control plane in one virtual process: API server, store, controllers, scheduler and hollow
 * nodes, on a network that loses connections. */
#include "controllers/controllers.h"
#include "hollow.h"
#include "scheduler/scheduler.h"
#include "schema/json.h"
#include "unit/apiserver/server_test.h"

#define PODS "/api/v1/namespaces/default/pods"
#define SETS "/apis/apps/v1/namespaces/default/replicasets"

struct cluster {
    struct world w;
    struct controller_manager *manager;
    struct rest_client *scheduler_client, *node_client;
    struct scheduler *scheduler;
    struct informers *node_informers;
    struct controllers *nodes;
    struct hollow_config hollow;
};

static struct rest_options rest(const char *agent) {
    return (struct rest_options){
        .server = "sim:apiserver", .user_agent = agent, .qps = 5000, .burst = 5000};
}

static void start_manager(struct cluster *c) {
    struct err e = {0};
    struct controller_manager_options o = {.env = c->w.env,
                                           .rest = rest("manager"),
                                           .config = {.root_ca_pem = STR("PEM")},
                                           .leader_elect = true};
    REQUIRE(controller_manager_new(c->w.l, &o, NULL, NULL, &e, &c->manager) == 0);
}

static void start_scheduler(struct cluster *c) {
    struct err e = {0};
    struct rest_options o = rest("scheduler");
    REQUIRE(rest_client_new(c->w.l, &o, &e, &c->scheduler_client) == 0);
    c->scheduler = scheduler_new(&(struct scheduler_options){.client = c->scheduler_client});
}

static void start_nodes(struct cluster *c) {
    static const struct controller *const list[] = {&hollow_kubelets, NULL};
    struct err e = {0};
    struct rest_options o = rest("kubelet");
    REQUIRE(rest_client_new(c->w.l, &o, &e, &c->node_client) == 0);
    c->node_informers = informers_new(c->node_client);
    c->nodes = controllers_new(&(struct controllers_options){.client = c->node_client,
                                                             .informers = c->node_informers,
                                                             .list = list,
                                                             .config = &c->hollow});
    controllers_start(c->nodes);
}

static void stop_scheduler(struct cluster *c) {
    scheduler_free(c->scheduler);
    rest_client_free(c->scheduler_client);
}

static void setup(struct cluster *c, uint64_t seed) {
    *c = (struct cluster){.hollow = {.n_nodes = 3}};
    world_init_with(&c->w, &(struct world_options){.seed = seed});
    start_manager(c);
    start_scheduler(c);
    start_nodes(c);
}

static void teardown(struct cluster *c) {
    informers_free(c->node_informers);
    controllers_free(c->nodes);
    rest_client_free(c->node_client);
    stop_scheduler(c);
    controller_manager_free(c->manager);
    world_done(&c->w);
}

static bool never(void *ctx) {
    return false;
}
static void let_pass(struct cluster *c, int64_t ns) {
    loop_run_until(c->w.l, never, NULL, ns);
}

/* ---- looking ---- */

static const void *read_typed(struct cluster *c, const struct api_type *t, const char *path) {
    struct answer a = get(&c->w, path, NULL);
    void *obj = arena_zalloc(c->w.arena, t->size);
    struct err e = {0};
    if (a.code != 200 || json_read(c->w.arena, t, a.body, obj, NULL, &e) < 0)
        return NULL;
    return obj;
}

static unsigned n_of(struct cluster *c, const char *path) {
    const PartialObjectMetadataList *l = read_typed(c, &PartialObjectMetadataList_type, path);
    return l ? l->items.n : 0;
}

static const Deployment *deployment(struct cluster *c) {
    return read_typed(c, &Deployment_type, "/apis/apps/v1/namespaces/default/deployments/web");
}

static bool is_rolled_out(const Deployment *d) {
    int32_t n = opt_or(d->spec.replicas, 1);
    return d->status.observed_generation >= d->metadata.generation && d->status.replicas == n &&
           d->status.updated_replicas == n && d->status.available_replicas == n;
}

/* For whoever reads a failed test. */
static void show(struct cluster *c) {
    static const char *const paths[] = {"/apis/apps/v1/namespaces/default/deployments", SETS, PODS,
                                        NULL};
    for (unsigned i = 0; paths[i]; i++) {
        struct answer a = get(&c->w, paths[i], NULL);
        tap_diag("%s: " STR_FMT, paths[i], STR_ARG(a.body));
    }
}

static bool rolls_out(struct cluster *c, int seconds) {
    for (int i = 0; i < seconds * 4; i++) {
        const Deployment *d = deployment(c);
        if (d && is_rolled_out(d))
            return true;
        let_pass(c, NSEC_PER_SEC / 4);
    }
    show(c);
    return false;
}

static bool becomes(struct cluster *c, const char *path, unsigned n, int seconds) {
    for (int i = 0; i < seconds * 4; i++) {
        if (n_of(c, path) == n)
            return true;
        let_pass(c, NSEC_PER_SEC / 4);
    }
    return false;
}

static void create_deployment(struct cluster *c, const char *ns, int replicas, const char *image) {
    char body[1024], path[128];
    snprintf(body, sizeof(body),
             "{\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\",\"metadata\":{\"name\":\"web\"},"
             "\"spec\":{\"replicas\":%d,\"selector\":{\"matchLabels\":{\"app\":\"web\"}},"
             "\"template\":{\"metadata\":{\"labels\":{\"app\":\"web\"}},\"spec\":{\"containers\":["
             "{\"name\":\"c\",\"image\":\"%s\"}]}}}}",
             replicas, image);
    snprintf(path, sizeof(path), "/apis/apps/v1/namespaces/%s/deployments", ns);
    struct answer a = call(&c->w, "POST", path, NULL, body);
    CHECK_INT(a.code, 201);
}

static void patch_deployment(struct cluster *c, const char *patch) {
    struct answer a = call(&c->w, "PATCH", "/apis/apps/v1/namespaces/default/deployments/web",
                           "application/strategic-merge-patch+json", patch);
    CHECK_INT(a.code, 200);
}

static bool has_event(struct cluster *c, const char *reason, const char *message) {
    const EventList *l = read_typed(c, &EventList_type, "/api/v1/events?limit=500");
    for (uint32_t i = 0; l && i < l->items.n; i++)
        if (str_eqc(l->items.v[i].reason, reason) &&
            str_find(l->items.v[i].message, str_of(message)) >= 0)
            return true;
    return false;
}

/* ---- tests ---- */

TEST(a_deployment_lives) {
    struct cluster c;
    setup(&c, tap_seed());
    create_deployment(&c, "default", 3, "a:1");
    REQUIRE(rolls_out(&c, 30));
    CHECK_INT(n_of(&c, PODS), 3);
    CHECK_INT(n_of(&c, SETS), 1);
    CHECK(has_event(&c, "ScalingReplicaSet", "from 0 to 3"));
    CHECK(has_event(&c, "SuccessfulCreate", "Created pod: web-"));
    CHECK(has_event(&c, "Scheduled", "Successfully assigned default/web-"));
    const Deployment *d = deployment(&c);
    CHECK_STRC(label_get(&d->metadata.annotations, STR("deployment.kubernetes.io/revision")), "1");
    CHECK_INT(d->status.conditions.n, 2);

    patch_deployment(&c, "{\"spec\":{\"replicas\":5}}");
    CHECK(rolls_out(&c, 30));
    CHECK_INT(n_of(&c, PODS), 5);

    patch_deployment(&c, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\","
                         "\"image\":\"a:2\"}]}}}}");
    CHECK(rolls_out(&c, 60));
    CHECK(becomes(&c, PODS, 5, 30));
    CHECK_INT(n_of(&c, SETS), 2);
    d = deployment(&c);
    CHECK_STRC(label_get(&d->metadata.annotations, STR("deployment.kubernetes.io/revision")), "2");

    struct answer a =
        call(&c.w, "DELETE", "/apis/apps/v1/namespaces/default/deployments/web", NULL, NULL);
    CHECK_INT(a.code, 200);
    CHECK(becomes(&c, SETS, 0, 30));
    CHECK(becomes(&c, PODS, 0, 60));
    teardown(&c);
}

TEST(recreate_never_mixes) {
    struct cluster c;
    setup(&c, tap_seed());
    create_deployment(&c, "default", 3, "a:1");
    patch_deployment(&c,
                     "{\"spec\":{\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":null}}}");
    REQUIRE(rolls_out(&c, 30));
    patch_deployment(&c, "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"c\","
                         "\"image\":\"a:2\"}]}}}}");
    for (int i = 0; i < 200; i++) {
        const PodList *l = read_typed(&c, &PodList_type, PODS);
        unsigned old = 0, fresh = 0;
        for (uint32_t p = 0; l && p < l->items.n; p++) {
            bool is_new = str_eqc(l->items.v[p].spec.containers.v[0].image, "a:2");
            fresh += is_new;
            old += !is_new;
        }
        CHECK(!old || !fresh);
        let_pass(&c, NSEC_PER_SEC / 50);
    }
    CHECK(rolls_out(&c, 30));
    CHECK_INT(n_of(&c, PODS), 3);
    teardown(&c);
}

TEST(a_namespace_gets_its_things_and_is_emptied) {
    struct cluster c;
    setup(&c, tap_seed());
    struct answer a = call(&c.w, "POST", "/api/v1/namespaces", NULL,
                           "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":"
                           "\"team\"},\"spec\":{\"finalizers\":[\"kubernetes\"]}}");
    CHECK_INT(a.code, 201);
    CHECK(becomes(&c, "/api/v1/namespaces/team/serviceaccounts", 1, 20));
    CHECK(becomes(&c, "/api/v1/namespaces/team/configmaps", 1, 20));
    create_deployment(&c, "team", 4, "a:1");
    CHECK(becomes(&c, "/api/v1/namespaces/team/pods", 4, 30));
    a = call(&c.w, "DELETE", "/api/v1/namespaces/team", NULL, NULL);
    CHECK_INT(a.code, 200);
    int code = 200;
    for (int i = 0; i < 400 && code != 404; i++) {
        let_pass(&c, NSEC_PER_SEC / 4);
        code = get(&c.w, "/api/v1/namespaces/team", NULL).code;
    }
    CHECK_INT(code, 404);
    CHECK_INT(n_of(&c, "/api/v1/namespaces/team/pods"), 0);
    teardown(&c);
}

static const Node *node(struct cluster *c, const char *name) {
    char path[64];
    snprintf(path, sizeof(path), "/api/v1/nodes/%s", name);
    return read_typed(c, &Node_type, path);
}

TEST(silent_nodes_are_tainted_and_come_back) {
    struct cluster c;
    setup(&c, tap_seed());
    create_deployment(&c, "default", 2, "a:1");
    REQUIRE(rolls_out(&c, 30));
    c.hollow.silent = true;
    let_pass(&c, 90 * NSEC_PER_SEC);
    const Node *n = node(&c, "n0");
    REQUIRE(n && n->status.conditions.n);
    CHECK_STRC(n->status.conditions.v[0].status, "Unknown");
    REQUIRE(n->spec.taints.n == 1); /* all are silent: nobody is evicted */
    CHECK_STRC(n->spec.taints.v[0].key, "node.kubernetes.io/unreachable");
    CHECK_STRC(n->spec.taints.v[0].effect, "NoSchedule");
    CHECK(has_event(&c, "NodeNotReady", "Node n0 status is now: NodeNotReady"));
    CHECK_INT(deployment(&c)->status.ready_replicas, 0);
    c.hollow.silent = false;
    let_pass(&c, 60 * NSEC_PER_SEC);
    n = node(&c, "n0");
    CHECK_STRC(n->status.conditions.v[0].status, "True");
    CHECK_INT(n->spec.taints.n, 0);
    teardown(&c);
}

TEST(owners_and_dependents) {
    static const char owner[] = "/api/v1/namespaces/default/configmaps/owner";
    static const char *const policies[] = {"Foreground", "Background", "Orphan"};
    for (unsigned i = 0; i < ARRAY_LEN(policies); i++) {
        struct cluster c;
        char body[512];
        setup(&c, tap_seed());
        let_pass(&c, NSEC_PER_SEC);
        struct answer a = call(&c.w, "POST", "/api/v1/namespaces/default/configmaps", NULL,
                               "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{"
                               "\"name\":\"owner\"}}");
        REQUIRE(a.code == 201);
        const ConfigMap *m = read_typed(&c, &ConfigMap_type, owner);
        snprintf(body, sizeof(body),
                 "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"s\","
                 "\"ownerReferences\":[{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":"
                 "\"owner\",\"uid\":\"" STR_FMT "\",\"blockOwnerDeletion\":true}]}}",
                 STR_ARG(m->metadata.uid));
        a = call(&c.w, "POST", "/api/v1/namespaces/default/secrets", NULL, body);
        REQUIRE(a.code == 201);
        let_pass(&c, NSEC_PER_SEC);
        snprintf(body, sizeof(body),
                 "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"propagationPolicy\":\"%s\"}",
                 policies[i]);
        a = call(&c.w, "DELETE", owner, NULL, body);
        CHECK_INT(a.code, 200);
        let_pass(&c, 10 * NSEC_PER_SEC);
        CHECK_INT(get(&c.w, owner, NULL).code, 404);
        bool orphaned = strcmp(policies[i], "Orphan") == 0;
        const Secret *s = read_typed(&c, &Secret_type, "/api/v1/namespaces/default/secrets/s");
        CHECK_INT(s != NULL, orphaned);
        CHECK(!s || s->metadata.owner_references.n == 0);
        teardown(&c);
    }
}

TEST(pods_of_a_lost_node_move) {
    struct cluster c;
    setup(&c, tap_seed());
    create_deployment(&c, "default", 6, "a:1");
    REQUIRE(rolls_out(&c, 30));
    c.hollow.silent_node = "n1";
    let_pass(&c, 70 * NSEC_PER_SEC);
    const Node *n = node(&c, "n1");
    CHECK_INT(n->spec.taints.n, 2);
    CHECK(deployment(&c)->status.ready_replicas < 6);
    let_pass(&c, 310 * NSEC_PER_SEC); /* tolerationSeconds of every pod: 300 */
    CHECK(has_event(&c, "TaintManagerEviction", "Marking for deletion Pod default/web-"));
    CHECK_INT(deployment(&c)->status.ready_replicas, 6);
    CHECK_INT(call(&c.w, "DELETE", "/api/v1/nodes/n1", NULL, NULL).code, 200);
    let_pass(&c, 120 * NSEC_PER_SEC);
    CHECK_INT(n_of(&c, PODS), 6);
    teardown(&c);
}

/* Connections break all the time, the manager and the scheduler are started anew. */
TEST(it_settles_after_any_trouble) {
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct cluster c;
        setup(&c, seed);
        c.w.env->log_level = LOG_ERROR;
        struct sim_net *net = loop_sim_net(&c.w.sim);
        create_deployment(&c, "default", 3, "a:0");
        for (int step = 1; step < 8; step++) {
            char patch[256];
            int n = (int)env_random_below(c.w.env, 7);
            snprintf(patch, sizeof(patch),
                     "{\"spec\":{\"replicas\":%d,\"template\":{\"spec\":{\"containers\":[{\"name\":"
                     "\"c\",\"image\":\"a:%d\"}]}}}}",
                     n, (int)env_random_below(c.w.env, 3));
            net->cut_per_million = 0;
            patch_deployment(&c, patch);
            net->cut_per_million = 3000;
            let_pass(&c, (int64_t)env_random_below(c.w.env, 6000) * NSEC_PER_MSEC);
            switch (env_random_below(c.w.env, 4)) {
            case 0:
                c.manager = controller_manager_free(c.manager);
                start_manager(&c);
                break;
            case 1:
                stop_scheduler(&c);
                start_scheduler(&c);
                break;
            default:
                loop_sim_cut(&c.w.sim, "sim:apiserver");
            }
        }
        net->cut_per_million = 0;
        bool done = rolls_out(&c, 300);
        unsigned n = (unsigned)opt_or(deployment(&c)->spec.replicas, 1);
        done = done && becomes(&c, PODS, n, 120);
        if (!done)
            tap_fail(__FILE__, __LINE__, "seed %llu: %u pods of %u", (unsigned long long)seed,
                     n_of(&c, PODS), n);
        teardown(&c);
    }
}

static void create_quota(struct cluster *c, int pods) {
    char body[256];
    snprintf(body, sizeof(body),
             "{\"kind\":\"ResourceQuota\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"q\"},"
             "\"spec\":{\"hard\":{\"pods\":\"%d\"}}}",
             pods);
    struct answer a = call(&c->w, "POST", "/api/v1/namespaces/default/resourcequotas", NULL, body);
    CHECK_INT(a.code, 201);
}

static int64_t quota_used(struct cluster *c) {
    const ResourceQuota *q =
        read_typed(c, &ResourceQuota_type, "/api/v1/namespaces/default/resourcequotas/q");
    int64_t n = -1;
    return q && str_to_i64(label_get(&q->status.used, STR("pods")), &n) == 0 ? n : -1;
}

/* Whatever is counted while others charge: no more pods than allowed at any moment, and in the end
 * just as many as there are. */
TEST(a_quota_is_never_oversold) {
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct cluster c;
        setup(&c, seed);
        c.w.env->log_level = LOG_ERROR;
        struct sim_net *net = loop_sim_net(&c.w.sim);
        create_quota(&c, 4);
        for (int i = 0; i < 40 && quota_used(&c) < 0; i++)
            let_pass(&c, NSEC_PER_SEC / 4);
        create_deployment(&c, "default", 6, "a:1");
        unsigned most = 0;
        for (int step = 0; step < 12; step++) {
            char patch[64];
            snprintf(patch, sizeof(patch), "{\"spec\":{\"replicas\":%d}}",
                     (int)env_random_below(c.w.env, 9));
            net->cut_per_million = 0;
            patch_deployment(&c, patch);
            net->cut_per_million = 3000;
            for (int i = 0; i < 20; i++) {
                let_pass(&c, (int64_t)env_random_below(c.w.env, 200) * NSEC_PER_MSEC);
                most = MAX(most, n_of(&c, PODS));
            }
            if (env_random_below(c.w.env, 3) == 0) {
                c.manager = controller_manager_free(c.manager);
                start_manager(&c);
            }
        }
        net->cut_per_million = 0;
        patch_deployment(&c, "{\"spec\":{\"replicas\":3}}");
        bool settles = rolls_out(&c, 300) && becomes(&c, PODS, 3, 60);
        let_pass(&c, 400 * NSEC_PER_SEC);
        if (most > 4 || !settles || quota_used(&c) != 3)
            tap_fail(__FILE__, __LINE__, "seed %llu: %u pods at once, %lld used in the end",
                     (unsigned long long)seed, most, (long long)quota_used(&c));
        teardown(&c);
    }
}
