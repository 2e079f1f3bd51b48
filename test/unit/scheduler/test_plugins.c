// SPDX-License-Identifier: Apache-2.0
/* The rules of single plugins that a whole decision shows badly. */
#include "table.h"

#define REQUIRED(terms)                                                                            \
    "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"         \
    "\"nodeSelectorTerms\":[" terms "]}}}"
#define GEN(op, value)                                                                             \
    "{\"matchExpressions\":[{\"key\":\"gen\",\"operator\":\"" op "\",\"values\":[\"" value "\"]}]" \
    "}"
#define TOLERATE(key) "\"tolerations\":[{\"key\":\"" key "\",\"operator\":\"Exists\"}]"

TEST(who_may_go_where) {
    static const struct {
        const char *what, *spec, *node;
    } cases[] = {
        {"the node by name", "\"nodeName\":\"new\"", "new"},
        {"a name nobody has", "\"nodeName\":\"nobody\"", NULL},
        {"the name of a cordoned node", "\"nodeName\":\"cordoned\"", NULL},
        {"a cordon is a taint",
         "\"nodeName\":\"cordoned\"," TOLERATE("node.kubernetes.io/unschedulable"), "cordoned"},
        {"NoExecute refuses too", "\"nodeName\":\"hot\"", NULL},
        {"NoExecute tolerated", "\"nodeName\":\"hot\"," TOLERATE("hot"), "hot"},
        {"Gt", REQUIRED(GEN("Gt", "3")), "new"},
        {"Lt", REQUIRED(GEN("Lt", "10")), "old"},
        {"Lt is not Le", REQUIRED(GEN("Lt", "3")), NULL},
        {"no number", REQUIRED(GEN("Gt", "three")), NULL},
        {"either term, the first", REQUIRED(GEN("Gt", "3") "," GEN("Lt", "3")), "new"},
        {"either term, the second", REQUIRED(GEN("Lt", "3") "," GEN("Gt", "3")), "new"},
        {"an empty term is nobody", REQUIRED("{}"), NULL},
        {"field NotIn",
         REQUIRED("{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"NotIn\",\"values\":["
                  "\"old\"]}]}"),
         "new"},
    };
    begin();
    node("old", "\"gen\":\"3\"", "", "4");
    node("new", "\"gen\":\"10\"", "", "4");
    node("cordoned", "", "\"unschedulable\":true", "4");
    node("hot", "", "\"taints\":[{\"key\":\"hot\",\"effect\":\"NoExecute\"}]", "4");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pod_info *p = pod("p", cases[i].spec, "");
        str message;
        const char *got = where(p, &message);
        if ((got == NULL) != (cases[i].node == NULL) || (got && strcmp(got, cases[i].node) != 0))
            tap_fail(__FILE__, __LINE__, "%s: got %s", cases[i].what, got ? got : message.p);
        pod_info_free(p);
    }
    end();
}

/* A port is taken on its address only, and on all by a pod that wants all. */
TEST(ports_have_addresses) {
    static const struct {
        const char *ip, *protocol;
        bool fits;
    } cases[] = {
        {"127.0.0.1", "TCP", false}, {"127.0.0.2", "TCP", true}, {"127.0.0.1", "UDP", true},
        {"0.0.0.0", "TCP", false},   {"::", "TCP", false},       {"", "TCP", false},
    };
    static const char *const spec = "\"containers\":[{\"name\":\"c\",\"ports\":[{\"containerPort\":"
                                    "80,\"hostPort\":80,\"hostIP\":\"%s\",\"protocol\":\"%s\"}]}]";
    struct pod_info *first = NULL;
    begin();
    node("a", "", "", "4");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str message, text = str_printf(&arena, spec, cases[i].ip, cases[i].protocol);
        str json = str_printf(&arena, "{\"metadata\":{\"uid\":\"%zu\"},\"spec\":{" STR_FMT "}}", i,
                              STR_ARG(text));
        struct pod_info *p = pod_info_new(&table.names, cached_of(&Pod_type, json.p));
        if (i == 0)
            nodes_add_pod(&table, 0, first = pod_info_new(&table.names, p->pod));
        if ((where(p, &message) != NULL) != cases[i].fits)
            tap_fail(__FILE__, __LINE__, "%s %s", cases[i].ip, cases[i].protocol);
        pod_info_free(p);
    }
    nodes_remove_pod(&table, 0, first);
    pod_info_free(first);
    end();
}

static int64_t score_of(const char *plugin, struct pod_info *p, const char *name) {
    struct cycle c = {.arena = &arena, .pod = p, .nodes = &table};
    c.feasible = bits_new(&arena, nodes_words(&table));
    bits_or(&c.feasible, &table.live);
    int64_t *scores = arena_array(&arena, table.cap, sizeof(int64_t));
    for (unsigned i = 0; default_profile[i]; i++)
        if (strcmp(default_profile[i]->name, plugin) == 0)
            default_profile[i]->score(&c, scores);
    return scores[nodes_row(&table, str_of(name))];
}

/* 600 Mi of which a quarter of the nodes has a copy count as 150 Mi, between 23 Mi (0 points) and
 * 1000 Mi a container (100). */
TEST(images_count_by_size_and_spread) {
    static const struct {
        const char *what, *spec;
        int64_t score;
    } cases[] = {
        {"nobody has it", "\"containers\":[{\"image\":\"other\"}]", 0},
        {"latest is meant", "\"containers\":[{\"image\":\"app\"}]", 100 * (150 - 23) / (1000 - 23)},
        {"by tag", "\"containers\":[{\"image\":\"app:latest\"}]", 100 * (150 - 23) / (1000 - 23)},
        {"another tag", "\"containers\":[{\"image\":\"app:2\"}]", 0},
        {"the limit is of all containers",
         "\"containers\":[{\"image\":\"app\"},{\"image\":\"other\"}]",
         100 * (150 - 23) / (2000 - 23)},
        {"init containers count",
         "\"initContainers\":[{\"image\":\"app\"}],\"containers\":[{\"image\":\"app\"}]",
         100 * (300 - 23) / (2000 - 23)},
    };
    begin();
    nodes_put(&table, cached_of(&Node_type, "{\"metadata\":{\"name\":\"a\"},\"status\":{\"images\":"
                                            "[{\"names\":[\"app:latest\"],\"sizeBytes\":629145600}]"
                                            ",\"allocatable\":{\"pods\":\"10\"}}}"));
    node("b", "", "", "4");
    node("c", "", "", "4");
    node("d", "", "", "4");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        str json =
            str_printf(&arena, "{\"metadata\":{\"uid\":\"x\"},\"spec\":{%s}}", cases[i].spec);
        struct pod_info *p = pod_info_new(&table.names, cached_of(&Pod_type, json.p));
        int64_t got = score_of("ImageLocality", p, "a");
        if (got != cases[i].score)
            tap_fail(__FILE__, __LINE__, "%s: %lld", cases[i].what, (long long)got);
        CHECK_INT(score_of("ImageLocality", p, "b"), 0);
        pod_info_free(p);
    }
    end();
}

/* Of two nodes that are equally empty in all, the one whose cpu and memory fill alike. */
TEST(balance) {
    begin();
    node("lopsided", "", "", "4");
    node("even", "", "", "4");
    struct pod_info *cpu = pod("cpu", "", "\"cpu\":\"2\"");
    struct pod_info *both = pod("both", "", "\"cpu\":\"1\",\"memory\":\"1Gi\"");
    struct pod_info *p = pod("p", "", "\"cpu\":\"1\",\"memory\":\"1Gi\"");
    struct pod_info *nothing = pod("nothing", "", "");
    nodes_add_pod(&table, (uint32_t)nodes_row(&table, STR("lopsided")), cpu);
    nodes_add_pod(&table, (uint32_t)nodes_row(&table, STR("even")), both);
    /* Used fractions 3/4 and 1/4: half of their distance is missing. */
    CHECK_INT(score_of("NodeResourcesBalancedAllocation", p, "lopsided"), 75);
    CHECK_INT(score_of("NodeResourcesBalancedAllocation", p, "even"), 100);
    CHECK_INT(score_of("NodeResourcesBalancedAllocation", nothing, "even"), 0);
    nodes_remove_pod(&table, (uint32_t)nodes_row(&table, STR("lopsided")), cpu);
    nodes_remove_pod(&table, (uint32_t)nodes_row(&table, STR("even")), both);
    pod_info_free(cpu);
    pod_info_free(both);
    pod_info_free(p);
    pod_info_free(nothing);
    end();
}

/* TaintToleration weighs 3, NodeAffinity 2: bearing a taint is worse than missing a wish. */
TEST(weights) {
    begin();
    node("plain", "", "", "4");
    node("liked", "\"zone\":\"z\"", "\"taints\":[{\"key\":\"k\",\"effect\":\"PreferNoSchedule\"}]",
         "4");
    struct pod_info *p =
        pod("p",
            "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
            "\"weight\":10,\"preference\":{\"matchExpressions\":[{\"key\":\"zone\",\"operator\":"
            "\"Exists\"}]}}]}}",
            "");
    for (uint64_t i = 0; i < 20; i++) {
        struct decision d;
        schedule(&arena, &table, p, default_profile, i, &d);
        CHECK_STRC(node_at(&table, d.row)->metadata.name, "plain");
    }
    pod_info_free(p);
    end();
}

TEST(gates_keep_out_of_the_queue) {
    str why = STR_NONE;
    begin();
    struct pod_info *open = pod("p", "", "");
    struct pod_info *shut = pod("p", "\"schedulingGates\":[{\"name\":\"a\"},{\"name\":\"b\"}]", "");
    const struct plugin *gates = default_profile[0];
    CHECK(gates->pre_enqueue(&arena, pod_of(open), &why));
    CHECK(!gates->pre_enqueue(&arena, pod_of(shut), &why));
    CHECK_STRC(why, "waiting for scheduling gates: [a b]");
    pod_info_free(open);
    pod_info_free(shut);
    end();
}

/* A refused pod waits for what its refusers name, and for nothing else. */
TEST(events_that_may_help) {
    static const struct {
        const char *spec, *requests;
        unsigned events;
    } cases[] = {
        {"", "\"cpu\":\"9\"", EVENT_POD_GONE | EVENT_NODE_ALLOCATABLE},
        {"\"nodeSelector\":{\"no\":\"body\"}", "", EVENT_NODE_LABELS},
        {"\"nodeName\":\"nobody\"", "", 0},
    };
    begin();
    node("a", "", "", "4");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pod_info *p = pod("p", cases[i].spec, cases[i].requests);
        struct decision d;
        schedule(&arena, &table, p, default_profile, 0, &d);
        CHECK_INT(d.outcome, OUTCOME_UNSCHEDULABLE);
        CHECK_INT(d.events, cases[i].events | EVENT_SELF | EVENT_TIME | EVENT_NODE_ADDED);
        pod_info_free(p);
    }
    end();
}
