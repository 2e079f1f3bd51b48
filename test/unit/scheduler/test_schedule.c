// SPDX-License-Identifier: Apache-2.0
/* snapshot + pod -> node or reasons: tables of nodes and pods, upstream's texts. */
#include "table.h"

TEST(filters) {
    static const struct {
        const char *what, *spec, *requests, *node, *message;
    } cases[] = {
        {"room on one node only", "", "\"cpu\":\"3\"", "big", NULL},
        {"too much for each", "", "\"cpu\":\"9\"", NULL,
         "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were "
         "unschedulable, 2 Insufficient cpu. preemption: 0/4 nodes are available: 4 Preemption is "
         "not helpful for scheduling."},
        {"cpu and memory", "", "\"cpu\":\"9\",\"memory\":\"9Gi\"", NULL,
         "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were "
         "unschedulable, 2 Insufficient cpu, 2 Insufficient memory. preemption: 0/4 nodes are "
         "available: 4 Preemption is not helpful for scheduling."},
        {"an extended resource nobody has", "", "\"example.com/fpga\":\"1\"", NULL,
         "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were "
         "unschedulable, 2 Insufficient example.com/fpga. preemption: 0/4 nodes are available: 4 "
         "Preemption is not helpful for scheduling."},
        {"node selector", "\"nodeSelector\":{\"disk\":\"ssd\"}", "", "small", NULL},
        {"selector of nobody", "\"nodeSelector\":{\"disk\":\"tape\"}", "", NULL,
         "0/4 nodes are available: 1 node(s) had untolerated taint(s), 1 node(s) were "
         "unschedulable, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 "
         "nodes are available: 4 Preemption is not helpful for scheduling."},
        {"tolerates the taint and wants that node",
         "\"nodeSelector\":{\"gpu\":\"yes\"},\"tolerations\":[{\"key\":\"gpu\",\"operator\":"
         "\"Exists\"}]",
         "", "tainted", NULL},
        {"affinity In and Gt",
         "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
         "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"disk\",\"operator\":\"In\","
         "\"values\":[\"ssd\",\"hdd\"]},{\"key\":\"gen\",\"operator\":\"Gt\",\"values\":[\"3\"]}]}]"
         "}}}",
         "", "big", NULL},
        {"affinity by field",
         "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
         "\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\","
         "\"values\":[\"small\"]}]}]}}}",
         "", "small", NULL},
        {"DoesNotExist and NotIn",
         "\"affinity\":{\"nodeAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
         "\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"gpu\",\"operator\":"
         "\"DoesNotExist\"},{\"key\":\"disk\",\"operator\":\"NotIn\",\"values\":[\"ssd\"]}]}]}}}",
         "", "big", NULL},
    };
    begin();
    node("small", "\"disk\":\"ssd\",\"gen\":\"3\"", "", "2");
    node("big", "\"disk\":\"hdd\",\"gen\":\"10\"", "", "8");
    node("tainted", "\"gpu\":\"yes\"",
         "\"taints\":[{\"key\":\"gpu\",\"value\":\"a\",\"effect\":\"NoSchedule\"}]", "8");
    node("cordoned", "", "\"unschedulable\":true", "8");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pod_info *p = pod("p", cases[i].spec, cases[i].requests);
        str message;
        const char *got = where(p, &message);
        if ((got == NULL) != (cases[i].node == NULL) || (got && strcmp(got, cases[i].node) != 0))
            tap_fail(__FILE__, __LINE__, "%s: got %s", cases[i].what, got ? got : message.p);
        if (!got && cases[i].message)
            CHECK_STRC(message, cases[i].message);
        pod_info_free(p);
    }
    end();
}

/* A node is full when nothing is left, not one unit earlier; pods are counted too. */
TEST(what_just_fits_fits) {
    str message;
    struct pod_info *there[10];
    begin();
    node("a", "", "", "2");
    struct pod_info *all = pod("all", "", "\"cpu\":\"2\",\"memory\":\"4Gi\"");
    struct pod_info *more = pod("more", "", "\"cpu\":\"2001m\"");
    struct pod_info *rest = pod("rest", "", "\"cpu\":\"1500m\"");
    struct pod_info *over = pod("over", "", "\"cpu\":\"1501m\"");
    CHECK(where(all, &message) != NULL);
    CHECK(where(more, &message) == NULL);
    for (int i = 0; i < 10; i++)
        there[i] = pod("there", "", i ? "" : "\"cpu\":\"500m\"");
    nodes_add_pod(&table, 0, there[0]);
    CHECK(where(rest, &message) != NULL);
    CHECK(where(over, &message) == NULL);
    for (int i = 1; i < 9; i++)
        nodes_add_pod(&table, 0, there[i]);
    CHECK(where(rest, &message) != NULL);
    nodes_add_pod(&table, 0, there[9]);
    CHECK(where(rest, &message) == NULL);
    CHECK(str_find(message, STR("1 Too many pods")) >= 0);
    for (int i = 0; i < 10; i++) {
        nodes_remove_pod(&table, 0, there[i]);
        pod_info_free(there[i]);
    }
    pod_info_free(all);
    pod_info_free(more);
    pod_info_free(rest);
    pod_info_free(over);
    end();
}

#define TOLERATES(...) "\"tolerations\":[" __VA_ARGS__ "]"
TEST(tolerations) {
    static const struct {
        const char *spec;
        bool fits;
    } cases[] = {
        {"", false},
        {TOLERATES("{\"key\":\"k\",\"value\":\"v\"}"), true}, /* no operator: Equal */
        {TOLERATES("{\"key\":\"k\",\"operator\":\"Equal\",\"value\":\"v\"}"), true},
        {TOLERATES("{\"key\":\"k\",\"operator\":\"Equal\",\"value\":\"w\"}"), false},
        {TOLERATES("{\"key\":\"k\",\"operator\":\"Equal\"}"), false},
        {TOLERATES("{\"key\":\"k\",\"operator\":\"Exists\"}"), true},
        {TOLERATES("{\"key\":\"l\",\"operator\":\"Exists\"}"), false},
        {TOLERATES("{\"operator\":\"Exists\"}"), true},
        {TOLERATES("{\"operator\":\"Exists\",\"effect\":\"NoSchedule\"}"), true},
        {TOLERATES("{\"operator\":\"Exists\",\"effect\":\"NoExecute\"}"), false},
        {TOLERATES("{\"key\":\"k\",\"operator\":\"Exists\",\"effect\":\"PreferNoSchedule\"}"),
         false},
        {TOLERATES("{\"key\":\"l\",\"operator\":\"Exists\"},{\"key\":\"k\",\"value\":\"v\"}"),
         true},
    };
    begin();
    node("a", "", "\"taints\":[{\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoSchedule\"}]", "2");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pod_info *p = pod("p", cases[i].spec, "");
        str message;
        if ((where(p, &message) != NULL) != cases[i].fits)
            tap_fail(__FILE__, __LINE__, "%s: %s", cases[i].spec,
                     cases[i].fits ? message.p : "fits");
        pod_info_free(p);
    }
    end();
}

TEST(no_nodes) {
    str message;
    begin();
    struct pod_info *p = pod("p", "", "");
    CHECK(where(p, &message) == NULL);
    CHECK_STRC(message, "no nodes available to schedule pods");
    pod_info_free(p);
    end();
}

TEST(what_preemption_could_free_is_said) {
    str message;
    begin();
    node("a", "", "", "2");
    struct pod_info *first = pod("first", "", "\"cpu\":\"1500m\"");
    struct pod_info *second = pod("second", "", "\"cpu\":\"1\"");
    struct pod_info *never = pod("never", "\"preemptionPolicy\":\"Never\"", "\"cpu\":\"1\"");
    nodes_add_pod(&table, 0, first);
    CHECK(where(second, &message) == NULL);
    CHECK_STRC(message,
               "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: "
               "1 No preemption victims found for incoming pod.");
    CHECK(where(never, &message) == NULL);
    CHECK_STRC(message, "0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due "
                        "to preemptionPolicy=Never.");
    nodes_remove_pod(&table, 0, first);
    CHECK(where(second, &message) != NULL);
    pod_info_free(first);
    pod_info_free(second);
    pod_info_free(never);
    end();
}

TEST(host_ports) {
    static const char *const port = "\"containers\":[{\"name\":\"d\",\"ports\":[{\"containerPort\":"
                                    "80,\"hostPort\":80%s}]}]";
    static const struct {
        const char *extra;
        bool fits;
    } cases[] = {
        {"", false}, {",\"protocol\":\"UDP\"", true}, {",\"hostIP\":\"127.0.0.1\"", false}};
    str message;
    begin();
    node("a", "", "", "2");
    str spec = str_printf(&arena, port, "");
    str one =
        str_printf(&arena, "{\"metadata\":{\"uid\":\"x\"},\"spec\":{" STR_FMT "}}", STR_ARG(spec));
    struct pod_info *first = pod_info_new(&table.names, cached_of(&Pod_type, one.p));
    nodes_add_pod(&table, 0, first);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        spec = str_printf(&arena, port, cases[i].extra);
        str json = str_printf(&arena, "{\"metadata\":{\"uid\":\"y\"},\"spec\":{" STR_FMT "}}",
                              STR_ARG(spec));
        struct pod_info *p = pod_info_new(&table.names, cached_of(&Pod_type, json.p));
        CHECK_INT(where(p, &message) != NULL, cases[i].fits);
        pod_info_free(p);
    }
    nodes_remove_pod(&table, 0, first);
    pod_info_free(first);
    end();
}

TEST(least_allocated_spreads) {
    str message;
    begin();
    node("a", "", "", "4");
    node("b", "", "", "4");
    struct pod_info *on_a = pod("on-a", "", "\"cpu\":\"1\",\"memory\":\"1Gi\"");
    nodes_add_pod(&table, (uint32_t)nodes_row(&table, STR("a")), on_a);
    struct pod_info *p = pod("p", "", "\"cpu\":\"1\",\"memory\":\"1Gi\"");
    const char *got = where(p, &message);
    CHECK(got && strcmp(got, "b") == 0);
    pod_info_free(p);
    nodes_remove_pod(&table, 0, on_a);
    pod_info_free(on_a);
    end();
}

/* Whoever breaks ties always the same way fills the first node first. Each of the equal nodes gets
 * its share, within seven standard deviations; the one that scores less gets nothing. */
TEST(equal_scores_are_spread) {
    enum { NODES = 4, PODS = 4000, SHARE = PODS / NODES };
    unsigned got[NODES + 1] = {0};
    uint64_t rng = tap_seed();
    begin();
    node("a", "", "", "4");
    node("worse", "", "\"taints\":[{\"key\":\"k\",\"effect\":\"PreferNoSchedule\"}]", "4");
    node("b", "", "", "4");
    node("c", "", "", "4");
    node("d", "", "", "4");
    struct pod_info *p = pod("p", "", "");
    struct arena one;
    arena_init(&one, 0);
    for (int i = 0; i < PODS; i++) {
        struct decision d;
        rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
        schedule(&one, &table, p, default_profile, rng, &d);
        got[d.row]++;
        arena_reset(&one);
    }
    int64_t worse = nodes_row(&table, STR("worse"));
    for (int i = 0; i <= NODES; i++) {
        if (i == worse)
            CHECK_INT(got[i], 0);
        else
            CHECK(got[i] > SHARE - 200 && got[i] < SHARE + 200);
    }
    arena_done(&one);
    pod_info_free(p);
    end();
}

TEST(preferred_taints_and_affinity_weigh) {
    str message;
    begin();
    node("plain", "", "", "4");
    node("avoid", "", "\"taints\":[{\"key\":\"k\",\"effect\":\"PreferNoSchedule\"}]", "4");
    node("liked", "\"zone\":\"z\"", "", "4");
    struct pod_info *p =
        pod("p",
            "\"affinity\":{\"nodeAffinity\":{\"preferredDuringSchedulingIgnoredDuringExecution\":[{"
            "\"weight\":10,\"preference\":{\"matchExpressions\":[{\"key\":\"zone\",\"operator\":"
            "\"Exists\"}]}}]}}",
            "");
    const char *got = where(p, &message);
    CHECK(got && strcmp(got, "liked") == 0);
    pod_info_free(p);
    struct pod_info *q = pod("q", "", "");
    for (int i = 0; i < 20; i++) {
        struct decision d;
        schedule(&arena, &table, q, default_profile, (uint64_t)i, &d);
        CHECK(!str_eqc(node_at(&table, d.row)->metadata.name, "avoid"));
    }
    pod_info_free(q);
    end();
}

TEST(requests_of_init_containers_and_sidecars) {
    struct request r;
    begin();
    struct cached *c = cached_of(
        &Pod_type,
        "{\"spec\":{\"overhead\":{\"cpu\":\"10m\"},\"initContainers\":["
        "{\"name\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"500m\",\"memory\":\"1Mi\"}}},"
        "{\"name\":\"s\",\"restartPolicy\":\"Always\",\"resources\":{\"requests\":{\"cpu\":"
        "\"100m\"}"
        "}},{\"name\":\"j\",\"resources\":{\"requests\":{\"cpu\":\"450m\"}}}],"
        "\"containers\":[{\"name\":\"a\",\"resources\":{\"requests\":{\"cpu\":\"200m\",\"memory\":"
        "\"3Mi\"}}},{\"name\":\"b\"}]}}");
    pod_request(&table.names, c->typed, &r);
    CHECK_INT(r.v[RES_CPU], 450 + 100 + 10); /* j with the sidecar before it, and the overhead */
    CHECK_INT(r.v[RES_MEMORY], 3 << 20);
    end();
}

/* Random puts, drops, adds and removes leave what a rebuild from scratch gives. */
TEST(increments_equal_a_rebuild) {
    enum { NODES = 90, PODS = 200, STEPS = 3000 };
    uint64_t rng = tap_seed();
    struct pod_info *pods[PODS] = {0};
    int at[PODS];
    begin();
    memset(at, -1, sizeof(at));
    for (int i = 0; i < PODS; i++)
        pods[i] =
            pod(str_printf(&arena, "p%d", i).p, "", str_printf(&arena, "\"cpu\":\"%dm\"", i + 1).p);
    for (int step = 0; step < STEPS; step++) {
        rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
        int what = (int)(rng >> 60), n = (int)(rng >> 40) % NODES, p = (int)(rng >> 20) % PODS;
        n = n < 0 ? -n : n;
        p = p < 0 ? -p : p;
        const char *name = str_printf(&arena, "n%d", n).p;
        int64_t row = nodes_row(&table, str_of(name));
        if (what < 5) {
            node(name, n % 2 ? "\"odd\":\"y\"" : "", n % 7 ? "" : "\"unschedulable\":true", "4");
        } else if (what < 6 && row >= 0) {
            for (int i = 0; i < PODS; i++)
                at[i] = at[i] == n ? -1 : at[i];
            nodes_drop(&table, str_of(name));
        } else if (what < 12 && row >= 0 && at[p] < 0) {
            nodes_add_pod(&table, (uint32_t)row, pods[p]);
            at[p] = n;
        } else if (at[p] >= 0) {
            name = str_printf(&arena, "n%d", at[p]).p;
            nodes_remove_pod(&table, (uint32_t)nodes_row(&table, str_of(name)), pods[p]);
            at[p] = -1;
        }
    }
    CHECK(nodes_ok(&table));
    const struct bits *odd = nodes_with_label(&table, STR("odd"), STR("y"));
    uint32_t want = 0;
    for (int n = 1; n < NODES; n += 2)
        want += nodes_row(&table, str_printf(&arena, "n%d", n)) >= 0;
    CHECK_INT(odd ? bits_count(odd) : 0, want);
    for (int i = 0; i < PODS; i++) {
        if (at[i] >= 0)
            nodes_remove_pod(&table, (uint32_t)nodes_row(&table, str_printf(&arena, "n%d", at[i])),
                             pods[i]);
        pod_info_free(pods[i]);
    }
    end();
}
