// SPDX-License-Identifier: Apache-2.0
/* Clients go away in the midst of their requests, connections break, and servers crash: no address,
 * port or share of a quota is held by two at any time, and none by nobody in the end. */
#include "api/service.h"
#include "apiserver/alloc/alloc.h"
#include "schema/quantity.h"
#include "server_test.h"
#include "store/disk_memory.h"

#define CLIENTS  24
#define TICK     (2 * NSEC_PER_MSEC)
#define NS       "/api/v1/namespaces/default"
#define SERVICES NS "/services"
#define JSON     "application/json"
#define MERGE    "application/merge-patch+json"

struct run;
struct client {
    struct run *run;
    struct http_call *call;
};

struct run {
    struct world w;
    struct world_options options;
    struct store_disk_memory *disk;
    struct client clients[CLIENTS];
    void (*send)(struct client *c); /* the next request */
    struct timer tick;
    struct store_watch *watch; /* of services */
    struct map holders;        /* "10.0.0.7", "30001" -> struct holder */
    unsigned left;             /* requests */
    unsigned answers, losses, claims;
};

struct holder {
    str name; /* of the service; empty: nobody */
};

static unsigned below(struct run *r, unsigned n) {
    return (unsigned)env_random_below(r->w.env, n);
}

/* ---- clients ---- */

static void on_told(void *ctx, int e, int code, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct client *c = ctx;
    c->call = NULL;
    c->run->losses += e < 0;
    c->run->answers += e == 0;
    bool refused = code == 400 || code == 403 || code == 404 || code == 409 || code == 422;
    bool full = code == 500 && (str_find(body, STR("range is full")) >= 0 ||
                                str_find(body, STR("failed to allocate")) >= 0);
    if (e == 0 && code >= 300 && !refused && !full)
        tap_fail(__FILE__, __LINE__, "%d " STR_FMT, code, STR_ARG(body));
}

static void send_as(struct client *c, const char *method, str target, const char *type, str body) {
    struct http_header h[] = {{STR("Content-Type"), str_of(type)}};
    c->call = http_client_call(c->run->w.client, &(struct http_call_options){.method = method,
                                                                             .target = target,
                                                                             .headers = h,
                                                                             .n_headers = 1,
                                                                             .body = body,
                                                                             .on_done = on_told,
                                                                             .ctx = c});
}

static void on_tick(struct timer *t) {
    struct run *r = container_of(t, struct run, tick);
    for (unsigned i = 0; i < CLIENTS && r->left; i++) {
        struct client *c = &r->clients[i];
        if (!c->call && below(r, 2)) {
            r->left--;
            r->send(c);
        } else if (c->call && below(r, 60) == 0) {
            http_call_cancel(TAKE(c->call));
            r->losses++;
        }
    }
    if (below(r, 60) == 0)
        loop_sim_cut(&r->w.sim, "sim:apiserver");
    timer_start(r->w.l, t, TICK);
}

static bool all_over(void *ctx) {
    const struct run *r = ctx;
    for (unsigned i = 0; i < CLIENTS; i++)
        if (r->clients[i].call)
            return false;
    return !r->left;
}

/* ---- services: who holds what ---- */

static void hold(struct run *r, str what, str name, bool take) {
    struct holder *h = map_get(&r->holders, what);
    if (!h) {
        h = arena_make(r->w.arena, struct holder);
        map_put(&r->holders, what, h);
    }
    if (take && h->name.n && !str_eq(h->name, name))
        tap_fail(__FILE__, __LINE__, STR_FMT " is given to " STR_FMT " and " STR_FMT, STR_ARG(what),
                 STR_ARG(h->name), STR_ARG(name));
    r->claims += take;
    h->name = take ? str_dup(r->w.arena, name) : STR("");
}

/* Of an ExternalName the number says nothing, as upstream has it. */
static bool has_ports(const Service *s) {
    return str_eqc(s->spec.type, "NodePort") || str_eqc(s->spec.type, "LoadBalancer");
}

static void hold_all(struct run *r, const struct object *o, bool take) {
    struct arena *a = r->w.arena;
    const Service *s = o ? object_decode(a, o) : NULL;
    for (uint32_t i = 0; s && i < s->spec.cluster_ips.n; i++)
        if (!str_eqc(s->spec.cluster_ips.v[i], "None"))
            hold(r, s->spec.cluster_ips.v[i], s->metadata.name, take);
    for (uint32_t i = 0; s && has_ports(s) && i < s->spec.ports.n; i++)
        if (s->spec.ports.v[i].node_port)
            hold(r, str_printf(a, "%d", s->spec.ports.v[i].node_port), s->metadata.name, take);
    if (s && s->spec.health_check_node_port)
        hold(r, str_printf(a, "%d", s->spec.health_check_node_port), s->metadata.name, take);
}

static void on_services(void *ctx) {
    struct run *r = ctx;
    const struct store_event *e;
    int more;
    while ((more = store_watch_next(r->watch, &e)) == 1) {
        bool gone = e->type == STORE_DELETED;
        hold_all(r, gone ? e->object : e->previous, false);
        if (!gone)
            hold_all(r, e->object, true);
    }
    CHECK_INT(more, 0);
}

static void watch_services(struct run *r) {
    struct store_watch_options o = {.resource = RESOURCE_OF(core_v1_services),
                                    .after = store_revision(r->w.store),
                                    .ready = on_services,
                                    .ctx = r};
    REQUIRE(store_watch_new(r->w.store, &o, &r->watch) == 0);
}

static void make_service(struct client *c, str name) {
    struct run *r = c->run;
    struct arena *a = r->w.arena;
    str port = STR(""), ip = STR("");
    if (below(r, 3) == 0)
        port = str_printf(a, ",\"nodePort\":%u", 30000 + below(r, 20));
    if (below(r, 4) == 0)
        ip = str_printf(a, ",\"clusterIP\":\"10.0.0.%u\"", 2 + below(r, 20));
    const char *policy = below(r, 3) ? "SingleStack" : "PreferDualStack";
    send_as(c, "POST", STR(SERVICES), JSON,
            str_printf(a,
                       "{\"metadata\":{\"name\":\"" STR_FMT
                       "\"},\"spec\":{\"type\":\"NodePort\",\"ipFamilyPolicy\":\"%s\",\"ports\":"
                       "[{\"port\":80" STR_FMT "}]" STR_FMT "}}",
                       STR_ARG(name), policy, STR_ARG(port), STR_ARG(ip)));
}

static void change_service(struct client *c, str item) {
    static const char *const specs[] = {
        "{\"spec\":{\"type\":\"ClusterIP\"}}",
        "{\"spec\":{\"type\":\"NodePort\"}}",
        "{\"spec\":{\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\"}}",
        "{\"spec\":{\"type\":\"ExternalName\",\"externalName\":\"a.b\",\"clusterIP\":null,"
        "\"clusterIPs\":null}}",
        "{\"spec\":{\"ipFamilyPolicy\":\"PreferDualStack\"}}",
        "{\"spec\":{\"ipFamilyPolicy\":\"SingleStack\"}}",
    };
    struct run *r = c->run;
    str body = str_of(specs[below(r, ARRAY_LEN(specs))]);
    if (below(r, 3) == 0)
        body = str_printf(r->w.arena, "{\"spec\":{\"ports\":[{\"port\":80,\"nodePort\":%u}]}}",
                          30000 + below(r, 20));
    send_as(c, "PATCH", item, MERGE, body);
}

static void send_service(struct client *c) {
    struct run *r = c->run;
    struct arena *a = r->w.arena;
    str name = str_printf(a, "s%u", below(r, 16));
    str item = str_concat(a, STR(SERVICES "/"), name);
    unsigned dice = below(r, 100);
    if (dice < 40)
        make_service(c, name);
    else if (dice < 70)
        change_service(c, item);
    else
        send_as(c, "DELETE", item, JSON, STR_NONE);
}

/* The address has its object, and that is this service's. */
static void check_address(struct run *r, str ip, str name) {
    struct arena *a = r->w.arena;
    struct object *o =
        store_get(r->w.store, RESOURCE_OF(networking_v1_ipaddresses), alloc_key(a, ip));
    const IPAddress *obj = o ? object_decode(a, o) : NULL;
    if (!obj || !obj->spec.parent_ref || !str_eq(obj->spec.parent_ref->name, name))
        tap_fail(__FILE__, __LINE__, "address " STR_FMT " of service " STR_FMT " is not held by it",
                 STR_ARG(ip), STR_ARG(name));
}

/* What the allocator takes for used is what services have: no more, no less. */
static void check_services(struct run *r) {
    struct arena *a = r->w.arena;
    struct store_snapshot *sn;
    struct node_ports ports = {0};
    uint64_t addresses = 0;
    str prefix = str_of(RESOURCE_OF(core_v1_services)->prefix);
    REQUIRE(store_snapshot(r->w.store, RESOURCE_OF(core_v1_services), 0, &sn) == 0);
    const struct object *o = store_snapshot_seek(sn, prefix, prefix, false);
    for (; o; o = store_snapshot_next(sn)) {
        const Service *s = object_decode(a, o);
        for (uint32_t i = 0; i < s->spec.cluster_ips.n; i++, addresses++)
            check_address(r, s->spec.cluster_ips.v[i], s->metadata.name);
        for (uint32_t i = 0; has_ports(s) && i < s->spec.ports.n; i++)
            if (s->spec.ports.v[i].node_port)
                CHECK(node_port_take(&ports, s->spec.ports.v[i].node_port));
        if (s->spec.health_check_node_port)
            CHECK(node_port_take(&ports, s->spec.health_check_node_port));
    }
    store_snapshot_free(sn);
    CHECK_INT(store_count(r->w.store, RESOURCE_OF(networking_v1_ipaddresses)), addresses);
    for (int32_t p = NODE_PORT_FIRST; p <= NODE_PORT_LAST; p++)
        if (node_port_used(&ports, p) != node_port_used(&r->w.server->alloc->ports, p))
            tap_fail(__FILE__, __LINE__, "port %d: %s", p,
                     node_port_used(&ports, p) ? "used, and free to be given" : "held by nobody");
}

/* ---- runs ---- */

static void run_start(struct run *r, void (*send)(struct client *)) {
    memset(r, 0, sizeof(*r));
    r->send = send;
    r->disk = store_disk_memory_keep(store_disk_memory(NULL));
    r->options = (struct world_options){.service_cidrs = "10.0.0.0/26,fd00::/120",
                                        .slow_disk_ns = 15 * NSEC_PER_MSEC,
                                        .disk_ops = &store_memory_ops,
                                        .disk = r->disk,
                                        .admission_off = "ServiceAccount"};
    world_init_with(&r->w, &r->options);
    map_init(&r->holders, NULL);
    for (unsigned i = 0; i < CLIENTS; i++)
        r->clients[i].run = r;
    r->tick.fire = on_tick;
    timer_start(r->w.l, &r->tick, TICK);
    loop_sim_net(&r->w.sim)->cut_per_million = 3000;
}

/* Sends so many requests, and waits for what nobody waits for. */
static void run_on(struct run *r, unsigned n) {
    r->left = n;
    CHECK(loop_run_until(r->w.l, all_over, r, 600 * NSEC_PER_SEC));
    loop_run_until(r->w.l, is_never, NULL, NSEC_PER_SEC);
}

static bool is_sent(void *ctx) {
    return !((struct run *)ctx)->left;
}

/* While requests are under way everything stops, but for what the disk is doing. */
static void run_crash(struct run *r) {
    struct world *w = &r->w;
    r->left = 100 + below(r, 100);
    CHECK(loop_run_until(w->l, is_sent, r, 600 * NSEC_PER_SEC));
    r->watch = store_watch_free(r->watch);
    apiserver_free(w->server);
    store_close(w->store);
    loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC);
    store_disk_memory_keep(r->disk);
    world_open(w, &r->options);
    world_serve(w, &r->options);
    loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC); /* repairs */
}

static void run_done(struct run *r) {
    timer_stop(r->w.l, &r->tick);
    store_watch_free(r->watch);
    map_done(&r->holders);
    world_done(&r->w);
    store_disk_memory_free(r->disk);
}

TEST(clients_that_go_away_leave_no_address_and_no_port_behind) {
    static struct run r;
    run_start(&r, send_service);
    watch_services(&r);
    for (unsigned i = 0; i < 4; i++) {
        run_on(&r, 1000);
        check_services(&r);
    }
    tap_diag("%u answers, %u lost, %u claims", r.answers, r.losses, r.claims);
    CHECK(r.losses > 100 && r.answers > 1000 && r.claims > 200);
    run_done(&r);
}

TEST(what_a_crash_leaves_is_repaired_at_the_next_start) {
    static struct run r;
    run_start(&r, send_service);
    for (unsigned i = 0; i < 12; i++) {
        run_crash(&r);
        check_services(&r);
    }
    run_done(&r);
}

/* ---- quotas ---- */

static void send_pod(struct client *c) {
    struct run *r = c->run;
    send_as(c, "POST", STR(NS "/pods"), JSON,
            str_printf(r->w.arena,
                       "{\"metadata\":{\"name\":\"p%u\"},\"spec\":{\"containers\":[{\"name\":\"a\","
                       "\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"%um\"}}}]}}",
                       below(r, 300), 1 + below(r, 200)));
}

static struct quantity used_of(struct run *r) {
    struct answer a = get(&r->w, NS "/resourcequotas/q", NULL);
    return quantity_of(text_at(&r->w, a.body, "status.used.cpu"));
}

/* Thousandths that pods have. */
static struct quantity cpu_of_pods(struct run *r) {
    struct arena *a = r->w.arena;
    struct answer l = get(&r->w, NS "/pods", NULL);
    const struct value *items = at(&r->w, l.body, "items");
    int64_t sum = 0;
    for (uint32_t i = 0; i < items->list.n; i++) {
        str cpu =
            value_str(value_at(&items->list.v[i], "spec.containers.0.resources.requests.cpu"));
        int64_t n;
        REQUIRE(str_to_i64(str_slice(cpu, 0, cpu.n - 1), &n) == 0);
        sum += n;
    }
    return quantity_of(str_printf(a, "%lldm", (long long)sum));
}

static void make_quota(struct run *r) {
    static const char status[] =
        "{\"status\":{\"hard\":{\"cpu\":\"20\"},\"used\":{\"cpu\":\"0\"}}}";
    REQUIRE(call(&r->w, "POST", NS "/resourcequotas", NULL,
                 "{\"metadata\":{\"name\":\"q\"},\"spec\":{\"hard\":{\"cpu\":\"20\"}}}")
                .code == 201);
    REQUIRE(call(&r->w, "PATCH", NS "/resourcequotas/q/status", MERGE, status).code == 200);
}

TEST(clients_that_go_away_leave_their_quota_as_it_is_used) {
    static struct run r;
    struct quantity hard = quantity_of(STR("20"));
    run_start(&r, send_pod);
    loop_sim_net(&r.w.sim)->cut_per_million = 0;
    timer_stop(r.w.l, &r.tick);
    make_quota(&r);
    for (unsigned i = 0; i < 4; i++) {
        loop_sim_net(&r.w.sim)->cut_per_million = 3000;
        timer_start(r.w.l, &r.tick, TICK);
        run_on(&r, 150);
        timer_stop(r.w.l, &r.tick);
        loop_sim_net(&r.w.sim)->cut_per_million = 0;
        struct quantity used = used_of(&r), pods = cpu_of_pods(&r);
        CHECK_INT(quantity_cmp(&used, &pods), 0);
        CHECK(quantity_cmp(&used, &hard) <= 0);
    }
    tap_diag("%u answers, %u lost", r.answers, r.losses);
    CHECK(r.losses > 20 && r.answers > 100);
    run_done(&r);
}

/* Who counts again is the controller; until then a quota may say too much, and never too little. */
TEST(a_crash_never_leaves_more_in_use_than_the_quota_says) {
    static struct run r;
    run_start(&r, send_pod);
    loop_sim_net(&r.w.sim)->cut_per_million = 0;
    timer_stop(r.w.l, &r.tick);
    make_quota(&r);
    for (unsigned i = 0; i < 3; i++) {
        timer_start(r.w.l, &r.tick, TICK);
        run_crash(&r);
        timer_stop(r.w.l, &r.tick);
        struct quantity used = used_of(&r), pods = cpu_of_pods(&r);
        CHECK(quantity_cmp(&used, &pods) >= 0);
    }
    run_done(&r);
}
