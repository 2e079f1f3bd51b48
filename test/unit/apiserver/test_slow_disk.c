// SPDX-License-Identifier: Apache-2.0
/* Many clients at once over a disk that takes its time: between what is decided and what is
 * published lies room for every other request. Nothing is lost, sold twice or counted wrong. */
#include "schema/quantity.h"
#include "server_test.h"

#define CLIENTS  64
#define NS       "/api/v1/namespaces/default"
#define SERVICES NS "/services"
#define NODE     "/api/v1/nodes/n"
#define JSON     "application/json"
#define MERGE    "application/merge-patch+json"

/* Clients that each send the next request when the last is answered, until next() has no more. */
struct crowd;
struct client {
    unsigned id, step, marks;
    bool reading;
    str name; /* of what it has made last */
    struct answer answer;
    struct crowd *crowd;
    bool over;
};
struct crowd {
    struct world w;
    struct client clients[CLIENTS];
    /* Looks at the answer (step 0: there is none) and sends; false: the client is done. */
    bool (*next)(struct client *c);
    unsigned wins, refusals;
};

static void crowd_init(struct crowd *c, const char *cidrs) {
    memset(c, 0, sizeof(*c));
    world_init_with(
        &c->w, &(struct world_options){.service_cidrs = cidrs, .slow_disk_ns = 20 * NSEC_PER_MSEC});
    http_client_free(c->w.client);
    REQUIRE(http_client_new(c->w.l,
                            &(struct http_client_options){.address = "sim:apiserver", .host = "h"},
                            &c->w.client) == 0);
    *loop_sim_net(&c->w.sim) = (struct sim_net){.latency_max = 5 * NSEC_PER_MSEC};
}

static bool crowd_step(void *ctx) {
    struct crowd *c = ctx;
    bool over = true;
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct client *one = &c->clients[i];
        if (!one->over && one->answer.done) {
            one->answer.done = false;
            one->over = !c->next(one);
            one->step++;
        }
        over &= one->over;
    }
    return over;
}

static void crowd_run(struct crowd *c, bool (*next)(struct client *)) {
    c->next = next;
    c->wins = c->refusals = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        c->clients[i] = (struct client){.id = i, .crowd = c, .answer.done = true};
    CHECK(loop_run_until(c->w.l, crowd_step, c, 3600 * NSEC_PER_SEC));
}

static void send_as(struct client *c, const char *method, const char *target, const char *type,
                    str body) {
    struct http_header h[] = {{STR("Content-Type"), str_of(type)}};
    send_call(&c->crowd->w, &c->answer, method, str_of(target), h, body.n ? 1 : 0, body);
}

static struct arena *arena_of(struct client *c) {
    return c->crowd->w.arena;
}

/* ---- one object ---- */

#define MARKS 2 /* each client leaves so many */

/* By its id a client writes in one of these ways; each mark is a label of its own, or a condition
 * of the status. */
enum way { WAY_PUT, WAY_MERGE, WAY_STRATEGIC, WAY_JSON_PATCH, WAY_APPLY, WAY_STATUS, WAY_MAX };

static str mark_of(struct client *c, unsigned n) {
    return str_printf(arena_of(c), "c%u-%u", c->id, n);
}

static void apply_marks(struct client *c, unsigned n) {
    struct arena *a = arena_of(c);
    str labels = STR("");
    for (unsigned i = 0; i <= n; i++)
        labels = str_printf(a, STR_FMT "%s\"" STR_FMT "\":\"v\"", STR_ARG(labels), i ? "," : "",
                            STR_ARG(mark_of(c, i)));
    str target = str_printf(a, NODE "?fieldManager=m%u", c->id);
    str body = str_printf(a,
                          "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\","
                          "\"labels\":{" STR_FMT "}}}",
                          STR_ARG(labels));
    send_as(c, "PATCH", target.p, "application/apply-patch+yaml", body);
}

static void patch_mark(struct client *c, enum way way, unsigned n) {
    struct arena *a = arena_of(c);
    str m = mark_of(c, n);
    if (way == WAY_JSON_PATCH)
        send_as(c, "PATCH", NODE, "application/json-patch+json",
                str_printf(a,
                           "[{\"op\":\"add\",\"path\":\"/metadata/labels/" STR_FMT
                           "\",\"value\":\"v\"}]",
                           STR_ARG(m)));
    else if (way == WAY_STATUS)
        send_as(c, "PATCH", NODE "/status", "application/strategic-merge-patch+json",
                str_printf(a,
                           "{\"status\":{\"conditions\":[{\"type\":\"" STR_FMT
                           "\",\"status\":\"True\"}]}}",
                           STR_ARG(m)));
    else
        send_as(c, "PATCH", NODE,
                way == WAY_MERGE ? MERGE : "application/strategic-merge-patch+json",
                str_printf(a, "{\"metadata\":{\"labels\":{\"" STR_FMT "\":\"v\"}}}", STR_ARG(m)));
}

/* The object that was read, with the mark put in. */
static void put_mark(struct client *c, str read, unsigned n) {
    struct arena *a = arena_of(c);
    str head = STR("\"labels\":{");
    ssize_t at_labels = str_find(read, head);
    REQUIRE(at_labels > 0);
    size_t cut = (size_t)at_labels + head.n;
    str m = mark_of(c, n), before = str_slice(read, 0, cut), rest = str_slice(read, cut, read.n);
    send_as(c, "PUT", NODE, JSON,
            str_printf(a, STR_FMT "\"" STR_FMT "\":\"v\"," STR_FMT, STR_ARG(before), STR_ARG(m),
                       STR_ARG(rest)));
}

/* GET and PUT by turns until a PUT has been accepted; 409 means to read again. */
static bool next_put(struct client *c) {
    if (c->reading) {
        CHECK_INT(c->answer.code, 200);
        c->reading = false;
        put_mark(c, c->answer.body, c->marks);
        return true;
    }
    if (c->step) {
        CHECK(c->answer.code == 200 || c->answer.code == 409);
        c->marks += c->answer.code == 200;
        c->crowd->refusals += c->answer.code == 409;
    }
    c->reading = true;
    if (c->marks < MARKS)
        send_as(c, "GET", NODE, JSON, STR_NONE);
    return c->marks < MARKS;
}

static bool next_mark(struct client *c) {
    enum way way = c->id % WAY_MAX;
    if (way == WAY_PUT)
        return next_put(c);
    if (c->step)
        CHECK_INT(c->answer.code, 200);
    if (c->step == MARKS)
        return false;
    c->marks++;
    if (way == WAY_APPLY)
        apply_marks(c, c->step);
    else
        patch_mark(c, way, c->step);
    return true;
}

TEST(six_ways_of_writing_lose_nothing) {
    static struct crowd c;
    crowd_init(&c, NULL);
    struct world *w = &c.w;
    REQUIRE(call(w, "POST", "/api/v1/nodes", NULL,
                 "{\"metadata\":{\"name\":\"n\",\"labels\":{\"first\":\"1\"}}}")
                .code == 201);
    crowd_run(&c, next_mark);
    CHECK(c.refusals > 0); /* or nobody was in anybody's way */
    struct answer a = get(w, NODE, NULL);
    struct value *labels = at(w, a.body, "metadata.labels");
    struct value *conditions = at(w, a.body, "status.conditions");
    unsigned expected[2] = {0}, found[2] = {0};
    for (unsigned i = 0; i < CLIENTS; i++)
        for (unsigned n = 0; n < MARKS; n++) {
            str m = mark_of(&c.clients[i], n);
            bool status = i % WAY_MAX == WAY_STATUS;
            expected[status]++;
            found[0] += !status && value_get(labels, m) != NULL;
            for (unsigned k = 0; status && conditions && k < conditions->list.n; k++)
                found[1] += str_eq(value_str(value_getc(&conditions->list.v[k], "type")), m);
        }
    CHECK_INT(found[0], expected[0]);
    CHECK_INT(found[1], expected[1]);
    world_done(w);
}

/* ---- quotas ---- */

static void make_quota(struct world *w, const char *name, const char *hard, const char *used) {
    str body = str_printf(w->arena, "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"hard\":{%s}}}",
                          name, hard);
    REQUIRE(call(w, "POST", NS "/resourcequotas", NULL, body.p).code == 201);
    /* As its controller leaves it. */
    str target = str_printf(w->arena, NS "/resourcequotas/%s/status", name);
    str status = str_printf(w->arena, "{\"status\":{\"hard\":{%s},\"used\":{%s}}}", hard, used);
    REQUIRE(call(w, "PATCH", target.p, MERGE, status.p).code == 200);
}

static str quota_used(struct world *w, const char *name, const char *what) {
    struct answer a = get(w, str_printf(w->arena, NS "/resourcequotas/%s", name).p, NULL);
    return value_str(value_get(at(w, a.body, "status.used"), str_of(what)));
}

#define CPU_LIMIT 20000 /* thousandths */

/* Pods of 100 to 999 thousandths, some of a name that is taken already: those cost nothing. */
static bool next_pod(struct client *c) {
    struct world *w = &c->crowd->w;
    if (c->step) {
        int64_t cpu = (int64_t)c->marks;
        CHECK(c->answer.code == 201 || c->answer.code == 403 || c->answer.code == 409);
        c->crowd->wins += c->answer.code == 201 ? (unsigned)cpu : 0;
        c->crowd->refusals += c->answer.code == 403;
    }
    if (c->step == 4)
        return false;
    c->marks = 100 + (unsigned)env_random_below(w->env, 900);
    send_as(c, "POST", NS "/pods", JSON,
            str_printf(w->arena,
                       "{\"metadata\":{\"name\":\"p%u-%u\"},\"spec\":{\"containers\":[{\"name\":"
                       "\"a\",\"image\":\"i\",\"resources\":{\"requests\":{\"cpu\":\"%um\"}}}]}}",
                       c->id % 48, c->step, c->marks));
    return true;
}

TEST(no_quota_is_oversold) {
    static struct crowd c;
    crowd_init(&c, NULL);
    struct world *w = &c.w;
    REQUIRE(call(w, "POST", NS "/serviceaccounts", NULL, "{\"metadata\":{\"name\":\"default\"}}")
                .code == 201);
    make_quota(w, "q", "\"cpu\":\"20\"", "\"cpu\":\"0\"");
    make_quota(w, "r", "\"pods\":\"30\"", "\"pods\":\"0\"");
    crowd_run(&c, next_pod);
    loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC); /* what was given back */
    struct answer a = get(w, NS "/pods", NULL);
    unsigned pods = at(w, a.body, "items")->list.n;
    CHECK(c.wins <= CPU_LIMIT);
    CHECK(pods <= 30);
    CHECK(pods == 30 || c.wins > CPU_LIMIT - 999); /* and sold out */
    CHECK(c.refusals > 0);
    struct quantity used = quantity_of(quota_used(w, "q", "cpu"));
    struct quantity sum = quantity_of(str_printf(w->arena, "%um", c.wins));
    CHECK_INT(quantity_cmp(&used, &sum), 0);
    CHECK_STR(quota_used(w, "r", "pods"), str_printf(w->arena, "%u", pods));
    world_done(w);
}

/* ---- addresses and ports ---- */

/* Every third service asks for a port, every fifth for an address that others want too; a third of
 * them goes again at once. */
static bool next_service(struct client *c) {
    struct world *w = &c->crowd->w;
    if (c->reading) {
        CHECK_INT(c->answer.code, 200);
        c->reading = false;
    } else if (c->step) {
        bool won = c->answer.code == 201;
        CHECK(won || c->answer.code == 422 || c->answer.code == 500);
        c->crowd->wins += won;
        c->crowd->refusals += !won;
        if (won && env_random_below(w->env, 3) == 0) {
            c->reading = true;
            c->crowd->wins--;
            send_as(c, "DELETE", str_printf(w->arena, SERVICES "/" STR_FMT, STR_ARG(c->name)).p,
                    JSON, STR_NONE);
            return true;
        }
    }
    if (c->marks++ == 4)
        return false;
    c->name = str_printf(w->arena, "s%u-%u", c->id, c->step);
    str port = STR(""), ip = STR("");
    if (env_random_below(w->env, 3) == 0)
        port = str_printf(w->arena, ",\"nodePort\":%u",
                          30000 + (unsigned)env_random_below(w->env, 40));
    if (env_random_below(w->env, 5) == 0)
        ip = str_printf(w->arena, ",\"clusterIP\":\"10.0.0.%u\"",
                        2 + (unsigned)env_random_below(w->env, 40));
    send_as(c, "POST", SERVICES, JSON,
            str_printf(w->arena,
                       "{\"metadata\":{\"name\":\"" STR_FMT
                       "\"},\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":80" STR_FMT
                       "}]" STR_FMT "}}",
                       STR_ARG(c->name), STR_ARG(port), STR_ARG(ip)));
    return true;
}

/* No two items have the same value at path; how many have one. */
static unsigned distinct(const struct value *items, const char *path) {
    unsigned n = 0;
    for (unsigned i = 0; i < items->list.n; i++) {
        struct value *mine = value_at(&items->list.v[i], path);
        for (unsigned j = 0; mine && j < i; j++) {
            struct value *its = value_at(&items->list.v[j], path);
            CHECK(!its || !value_equal(mine, its));
        }
        n += mine != NULL;
    }
    return n;
}

TEST(no_address_or_port_is_given_twice) {
    static struct crowd c;
    crowd_init(&c, "10.0.0.0/25");
    struct world *w = &c.w;
    crowd_run(&c, next_service);
    loop_run_until(w->l, is_never, NULL, NSEC_PER_SEC);
    CHECK(c.refusals > 0);
    struct answer a = get(w, SERVICES, NULL);
    struct value *services = at(w, a.body, "items");
    CHECK_INT(services->list.n, c.wins + 1); /* the server's own */
    CHECK_INT(distinct(services, "spec.clusterIP"), c.wins + 1);
    CHECK_INT(distinct(services, "spec.ports.0.nodePort"), c.wins);
    a = get(w, "/apis/networking.k8s.io/v1/ipaddresses", NULL);
    CHECK_INT(at(w, a.body, "items")->list.n, c.wins + 1);
    world_done(w);
}
