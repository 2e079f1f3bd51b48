// SPDX-License-Identifier: Apache-2.0
/* What is passed on: proxies of pods, services and nodes to a web server that says what it was
 * asked, and streams to a kubelet that echoes. Both are played on the simulated network. */
#include "access_test.h"
#include "apiserver/connect/kubelet_proxy.h"
#include "apiserver/connect/proxy.h"
#include "net/gzip.h"

#define WEB     "10.0.0.7:8080"
#define KUBELET "192.0.2.1:10250"

struct fixture {
    struct access_world aw;
    struct world *w;
    struct http_server *web, *kubelet;
    struct buf asked; /* of the web server or the kubelet, last */
    /* The kubelet's side of a stream, which echoes; the client's. */
    struct stream *kubelet_end, *client_end;
    struct buf echo, heard;
    str upgraded_to, accepted, protocol;
    int refused;
    struct answer last;
    struct kubelet_ops ops;
};

/* ---- the servers that are played ---- */

static void say_request(struct fixture *f, struct exchange *x, str body) {
    buf_clear(&f->asked);
    buf_printf(&f->asked, STR_FMT " " STR_FMT "\n", STR_ARG(x->method), STR_ARG(x->target));
    for (uint32_t i = 0; i < x->headers.n; i++)
        buf_printf(&f->asked, STR_FMT ": " STR_FMT "\n", STR_ARG(x->headers.v[i].name),
                   STR_ARG(x->headers.v[i].value));
    buf_printf(&f->asked, "\n" STR_FMT, STR_ARG(body));
}

#define PAGE      "<a href=\"/there\">there</a>"
#define PAGE_MANY 60000

/* "/page", "/page/gzip", "/page/many" (links, packed), "/page/br" (that we cannot read). */
static void answer_page(struct exchange *x) {
    struct buf packed = {0};
    struct gzip *g = gzip_new();
    bool many = str_ends(x->path, STR("many"));
    for (unsigned i = 0; i < (many ? PAGE_MANY : 1); i++)
        gzip_add(g, STR(PAGE), i + 1 == (many ? PAGE_MANY : 1), &packed);
    gzip_free(g);
    bool plain = str_eq(x->path, STR("/page")), br = str_ends(x->path, STR("br"));
    struct http_header h[] = {{STR("Content-Type"), STR("text/html; charset=utf-8")},
                              {STR("Content-Encoding"), br ? STR("br") : STR("gzip")}};
    exchange_respond(x, 200, h, plain ? 1 : 2, plain || br ? STR(PAGE) : buf_str(&packed));
    buf_done(&packed);
}

static void web_body(struct exchange *x, int r, str body) {
    struct fixture *f = x->ctx;
    say_request(f, x, body);
    static const struct http_header moved[] = {{STR("Location"), STR("http://" WEB "/new/?q")}};
    static const struct http_header ok[] = {{STR("Content-Type"), STR("text/plain")},
                                            {STR("Access-Control-Allow-Origin"), STR("*")},
                                            {STR("X-Mine"), STR("yes")}};
    if (str_eq(x->path, STR("/old")))
        exchange_respond(x, 302, moved, 1, STR_NONE);
    else if (str_starts(x->path, STR("/page")))
        answer_page(x);
    else if (str_eq(x->path, STR("/teapot")))
        exchange_respond(x, 418, ok, 3, STR("short and stout"));
    else
        exchange_respond(x, 200, ok, 3, STR("the web"));
}

static void echo_ready(struct stream *s, unsigned events) {
    struct fixture *f = s->ctx;
    char bytes[4096];
    ssize_t n = stream_read(s, bytes, sizeof(bytes));
    if (n == 0 || (n < 0 && n != -EAGAIN)) {
        stream_close(TAKE(f->kubelet_end));
        return;
    }
    if (n > 0)
        buf_add(&f->echo, str_n(bytes, (size_t)n));
    struct iovec v = {f->echo.p, f->echo.n};
    ssize_t k = f->echo.n ? stream_writev(s, &v, 1) : 0;
    if (k < 0 && k != -EAGAIN) { /* its end may be on its way still */
        stream_close(TAKE(f->kubelet_end));
        return;
    }
    buf_consume(&f->echo, k > 0 ? (size_t)k : 0);
    stream_want(s, IO_READ | (f->echo.n ? IO_WRITE : 0));
}

static void kubelet_taken(void *ctx, struct stream *s, str early) {
    struct fixture *f = ctx;
    REQUIRE(s != NULL);
    stream_close(f->kubelet_end); /* the one before may not have heard that its client has gone */
    buf_clear(&f->echo);
    f->kubelet_end = s;
    s->ctx = f;
    s->ready = echo_ready;
    stream_want(s, IO_READ);
    CHECK_INT(early.n, 0);
}

static void serve(void *ctx, struct exchange *x) {
    struct fixture *f = ctx;
    x->ctx = f;
    str upgrade = http_header_get(&x->headers, "Upgrade");
    if (!upgrade.n) {
        exchange_read_body(x, 1 << 24, web_body);
        return;
    }
    say_request(f, x, STR_NONE);
    if (str_find(x->target, STR("refuse")) >= 0) {
        exchange_respond(x, 403, NULL, 0, STR("not you"));
    } else if (str_find(x->target, STR("odd")) >= 0) {
        exchange_respond(x, 200, NULL, 0, STR("what?"));
    } else {
        static const char *const names[] = {"Sec-WebSocket-Protocol", "X-Stream-Protocol-Version"};
        struct http_headers h = {0};
        http_header_add(x->arena, &h, STR("Upgrade"), upgrade);
        for (int i = 0; i < 2; i++)
            if (http_header_get(&x->headers, names[i]).n)
                http_header_add(x->arena, &h, str_of(names[i]),
                                http_header_get(&x->headers, names[i]));
        CHECK_INT(exchange_hijack(x, h.v, h.n, kubelet_taken, f), 0);
    }
}

static int locate(void *ctx, struct arena *a, str node, struct kubelet_location *ret) {
    if (str_eqc(node, "bare"))
        return -EADDRNOTAVAIL;
    if (!str_eqc(node, "n1") && !str_eqc(node, "old") && !str_eqc(node, "off"))
        return -ENOENT;
    *ret = (struct kubelet_location){
        .ip = str_eqc(node, "n1") || str_eqc(node, "old") ? STR("192.0.2.1") : STR("192.0.2.9"),
        .port = 10250,
        .websockets = !str_eqc(node, "old")};
    return 0;
}

/* ---- the client ---- */

static void client_ready(struct stream *s, unsigned events) {
    struct fixture *f = s->ctx;
    char bytes[4096];
    ssize_t n = stream_read(s, bytes, sizeof(bytes));
    if (n > 0)
        buf_add(&f->heard, str_n(bytes, (size_t)n));
    else if (n != -EAGAIN)
        stream_close(TAKE(f->client_end));
}

static void upgraded(void *ctx, const struct http_headers *h, struct stream *s, str early) {
    struct fixture *f = container_of(ctx, struct fixture, last);
    f->client_end = s;
    buf_add(&f->heard, early);
    struct arena *a = f->w->arena;
    f->upgraded_to = str_dup(a, http_header_get(h, "Upgrade"));
    f->accepted = str_dup(a, http_header_get(h, "Sec-WebSocket-Accept"));
    f->protocol = str_dup(a, http_header_get(h, "Sec-WebSocket-Protocol"));
    s->ctx = f;
    s->ready = client_ready;
    stream_want(s, IO_READ);
    f->last.code = 101;
    f->last.done = true;
}

static struct answer *upgrade_with(struct fixture *f, const char *method, const char *target,
                                   const struct http_header *h, size_t n) {
    f->last = (struct answer){.w = f->w};
    http_client_call(f->w->client, &(struct http_call_options){.method = method,
                                                               .target = str_of(target),
                                                               .headers = h,
                                                               .n_headers = n,
                                                               .on_done = on_answer,
                                                               .on_upgrade = upgraded,
                                                               .ctx = &f->last});
    CHECK(loop_run_until(f->w->l, is_answered, &f->last, 60 * NSEC_PER_SEC));
    return &f->last;
}

static struct answer *upgrade_as(struct fixture *f, const char *who, const char *method,
                                 const char *target, const char *to) {
    struct http_header h[] = {
        {STR("Authorization"), str_concat(f->w->arena, STR("User "), str_of(who))},
        {STR("Connection"), STR("keep-alive, Upgrade")},
        {STR("Upgrade"), str_of(to)},
        {STR("Sec-WebSocket-Protocol"), STR("v5.channel.k8s.io")},
    };
    return upgrade_with(f, method, target, h, ARRAY_LEN(h));
}

static struct answer *upgrade(struct fixture *f, const char *method, const char *target) {
    return upgrade_as(f, "admin system:masters", method, target, "websocket");
}

static void say(struct fixture *f, const char *text) {
    for (size_t at = 0, n = strlen(text); at < n;) {
        struct iovec v = {(char *)(uintptr_t)(text + at), n - at};
        ssize_t k = stream_writev(f->client_end, &v, 1);
        REQUIRE(k > 0);
        at += (size_t)k;
    }
}

static bool nothing_open(void *ctx) {
    struct fixture *f = ctx;
    return !f->kubelet_end && !f->client_end && !f->w->server->n_tunnels;
}

static void hang_up(struct fixture *f) {
    stream_close(TAKE(f->client_end));
    CHECK(loop_run_until(f->w->l, nothing_open, f, 60 * NSEC_PER_SEC));
    buf_clear(&f->heard);
}

static bool asked(const struct fixture *f, const char *what) {
    return str_find(buf_str(&f->asked), str_of(what)) >= 0;
}

/* ---- the cluster ---- */

static struct answer admin(struct fixture *f, const char *method, const char *target,
                           const char *body) {
    return as(&f->aw, NULL, method, target, body);
}

static void make_pod(struct fixture *f, const char *name, const char *node, const char *ip) {
    struct arena *a = f->w->arena;
    str body = str_printf(a,
                          "{\"metadata\":{\"name\":\"%s\"},\"spec\":{%s%s%s\"containers\":["
                          "{\"name\":\"c\",\"image\":\"i\",\"ports\":[{\"containerPort\":8080}]},"
                          "{\"name\":\"side\",\"image\":\"i\"}]}}",
                          name, node ? "\"nodeName\":\"" : "", node ? node : "", node ? "\"," : "");
    CHECK_INT(admin(f, "POST", "/api/v1/namespaces/default/pods", body.p).code, 201);
    str status =
        str_printf(a, "{\"status\":{\"podIP\":\"%s\",\"podIPs\":[{\"ip\":\"%s\"}]}}", ip, ip);
    str target = str_printf(a, "/api/v1/namespaces/default/pods/%s/status", name);
    if (ip)
        CHECK_INT(admin(f, "PATCH", target.p, status.p).code, 200);
}

static void start(struct fixture *f) {
    *f = (struct fixture){.ops = {.locate = locate}};
    access_init(&f->aw);
    f->w = &f->aw.w;
    f->w->server->kubelet = &f->ops;
    struct err e;
    struct http_server_options web = {
        .addresses = (const char *const[]){"tcp:" WEB, NULL}, .handler = serve, .ctx = f};
    struct http_server_options kubelet = {
        .addresses = (const char *const[]){"tcp:" KUBELET, NULL}, .handler = serve, .ctx = f};
    REQUIRE(http_server_new(f->w->l, &web, &e, &f->web) == 0);
    REQUIRE(http_server_new(f->w->l, &kubelet, &e, &f->kubelet) == 0);
    admin(f, "POST", "/api/v1/namespaces/default/serviceaccounts",
          "{\"metadata\":{\"name\":\"default\"}}");
    make_pod(f, "web", "n1", "10.0.0.7");
}

static void stop(struct fixture *f) {
    stream_close(TAKE(f->client_end));
    http_server_free(f->web);
    http_server_free(f->kubelet);
    stream_close(TAKE(f->kubelet_end));
    buf_done(&f->asked);
    buf_done(&f->echo);
    buf_done(&f->heard);
    access_done(&f->aw);
}

#define NS        "/api/v1/namespaces/default"
#define POD(rest) NS "/pods/web/" rest

/* ---- proxies ---- */

TEST(a_pods_server_is_reached_with_method_path_query_and_body) {
    struct fixture f;
    start(&f);
    static const struct {
        const char *method, *target, *body, *asked;
    } cases[] = {
        {"GET", NS "/pods/web/proxy/a/b?x=1&y=%20", NULL, "GET /a/b?x=1&y=%20\n"},
        {"GET", NS "/pods/web:8080/proxy/a/", NULL, "GET /a/\n"},
        {"GET", NS "/pods/http:web:8080/proxy/", NULL, "GET /\n"},
        {"GET", NS "/pods/web/proxy/a%20b%3Fc/..//d", NULL, "GET /d\n"},
        {"GET", NS "/pods/web/proxy/a%20b%3Fc", NULL, "GET /a%20b%3Fc\n"},
        {"POST", NS "/pods/web/proxy/p?dryRun=x&fieldManager=", "hello", "\n\nhello"},
        {"PUT", NS "/pods/web/proxy/p", "put", "PUT /p\n"},
        {"PATCH", NS "/pods/web/proxy/p", "patch", "PATCH /p\n"},
        {"DELETE", NS "/pods/web/proxy/p", NULL, "DELETE /p\n"},
        {"OPTIONS", NS "/pods/web/proxy/p", NULL, "OPTIONS /p\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = admin(&f, cases[i].method, cases[i].target, cases[i].body);
        CHECK_INT(a.code, 200);
        CHECK_STRC(a.body, "the web");
        CHECK_STRC(a.content_type, "text/plain");
        if (!asked(&f, cases[i].asked))
            tap_fail(__FILE__, __LINE__, "%s %s: the backend was asked " STR_FMT, cases[i].method,
                     cases[i].target, STR_ARG(buf_str(&f.asked)));
    }
    CHECK_INT(admin(&f, "HEAD", NS "/pods/web/proxy/p", NULL).code, 200);
    CHECK(asked(&f, "HEAD /p\n"));
    CHECK_INT(admin(&f, "GET", NS "/pods/web/proxy/teapot", NULL).code, 418);
    stop(&f);
}

TEST(who_asks_stays_with_the_server) {
    struct fixture f;
    start(&f);
    admin(&f, "GET", POD("proxy/x"), NULL);
    CHECK(!asked(&f, "Authorization"));
    CHECK(asked(&f, "X-Forwarded-For: "));
    CHECK(asked(&f, "X-Forwarded-Uri: " NS "/pods/web/proxy/x\n"));
    CHECK(asked(&f, "Host: 192.0.2.10:16443\n"));
    stop(&f);
}

TEST(links_of_pages_lead_through_the_proxy) {
    struct fixture f;
    start(&f);
    static const char *const through = "<a href=\"" NS "/pods/web/proxy/there\">there</a>";
    CHECK_STRC(admin(&f, "GET", POD("proxy/page"), NULL).body, through);
    CHECK_STRC(admin(&f, "GET", POD("proxy/page/gzip"), NULL).body, through);
    CHECK_STRC(admin(&f, "GET", POD("proxy/page/br"), NULL).body, PAGE);
    CHECK_INT(admin(&f, "HEAD", POD("proxy/page"), NULL).code, 200);
    struct answer many = admin(&f, "GET", POD("proxy/page/many"), NULL);
    CHECK_INT(many.body.n, PAGE_MANY * strlen(through));
    CHECK(str_starts(many.body, str_of(through)) && str_ends(many.body, str_of(through)));
    stop(&f);
}

struct located {
    bool done;
    int code;
    char location[256];
};

static void on_located(void *ctx, int r, int status, const struct http_headers *h, str body,
                       bool maybe_sent) {
    struct located *l = ctx;
    l->code = status;
    snprintf(l->location, sizeof(l->location), STR_FMT,
             STR_ARG(h ? http_header_get(h, "Location") : STR_NONE));
    CHECK(!h || !http_header_get(h, "Access-Control-Allow-Origin").n);
    l->done = true;
}

static bool is_located(void *ctx) {
    return ((struct located *)ctx)->done;
}

TEST(redirects_lead_through_the_proxy) {
    struct fixture f;
    start(&f);
    static const struct {
        const char *target;
        int code;
        const char *location;
    } cases[] = {
        {POD("proxy?a=b"), 301, POD("proxy/?a=b")},
        {POD("proxy"), 301, POD("proxy/")},
        {POD("proxy/old"), 302, POD("proxy/new/?q")},
        {POD("proxy/x"), 200, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header h = {STR("Authorization"), STR("User admin system:masters")};
        struct located l = {0};
        http_client_call(f.w->client, &(struct http_call_options){.method = "GET",
                                                                  .target = str_of(cases[i].target),
                                                                  .headers = &h,
                                                                  .n_headers = 1,
                                                                  .on_done = on_located,
                                                                  .ctx = &l});
        CHECK(loop_run_until(f.w->l, is_located, &l, 60 * NSEC_PER_SEC));
        CHECK_INT(l.code, cases[i].code);
        CHECK_STRC(str_of(l.location), cases[i].location);
    }
    stop(&f);
}

TEST(what_cannot_be_reached) {
    struct fixture f;
    start(&f);
    make_pod(&f, "home", "n1", "127.0.0.1");
    make_pod(&f, "meta", "n1", "169.254.169.254");
    make_pod(&f, "early", NULL, NULL);
    make_pod(&f, "gone", "n1", "10.0.0.8");
    static const struct {
        const char *target;
        int code;
        const char *message;
    } cases[] = {
        {NS "/pods/home/proxy/", 400, "address not allowed"},
        {NS "/pods/meta:80/proxy/", 400, "address not allowed"},
        {NS "/pods/early/proxy/", 400, "address not allowed"},
        {NS "/pods/nobody/proxy/", 404, "pods \"nobody\" not found"},
        {NS "/pods/ftp:web:80/proxy/", 400, "invalid pod request \"ftp:web:80\""},
        {NS "/pods/a:b:c:d/proxy/", 400, "invalid pod request \"a:b:c:d\""},
        {NS "/pods/gone/proxy/", 503,
         "error trying to reach service: dial tcp 10.0.0.8:8080: connect: connection refused"},
        {NS "/services/web/proxy/", 404, "services \"web\" not found"},
        {NS "/services/web:80/proxy/", 404, "services \"web\" not found"},
        {"/api/v1/nodes/n9/proxy/", 404, "nodes \"n9\" not found"},
        {"/api/v1/nodes/off/proxy/", 503,
         "error trying to reach service: dial tcp 192.0.2.9:10250: connect: connection refused"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer a = admin(&f, "GET", cases[i].target, NULL);
        CHECK_INT(a.code, cases[i].code);
        CHECK_STRC(text_at(f.w, a.body, "message"), cases[i].message);
    }
    stop(&f);
}

static void make_service(struct fixture *f, const char *target_ns, const char *ip) {
    CHECK_INT(admin(f, "POST", NS "/services",
                    "{\"metadata\":{\"name\":\"web\"},\"spec\":{\"ports\":[{\"name\":\"main\","
                    "\"port\":80,\"targetPort\":8080}]}}")
                  .code,
              201);
    str e =
        str_printf(f->w->arena,
                   "{\"metadata\":{\"name\":\"web\"},\"subsets\":[{\"addresses\":[{\"ip\":\"%s\","
                   "\"targetRef\":{\"kind\":\"Pod\",\"namespace\":\"%s\",\"name\":\"web\"}}],"
                   "\"ports\":[{\"name\":\"main\",\"port\":8080}]}]}",
                   ip, target_ns);
    CHECK_INT(admin(f, "POST", NS "/endpoints", e.p).code, 201);
}

TEST(services_by_port_number_and_name) {
    struct fixture f;
    start(&f);
    make_service(&f, "default", "10.0.0.7");
    static const char *const good[] = {NS "/services/http:web:80/proxy/",
                                       NS "/services/web:80/proxy/", NS "/services/web:main/proxy/",
                                       NS "/services/http:web:main/proxy/x?y"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        CHECK_STRC(admin(&f, "GET", good[i], NULL).body, "the web");
    struct answer a = admin(&f, "GET", NS "/services/web:81/proxy/", NULL);
    CHECK_INT(a.code, 503);
    CHECK_STRC(text_at(f.w, a.body, "message"), "no service port 81 found for service \"web\"");
    a = admin(&f, "GET", NS "/services/web:other/proxy/", NULL);
    CHECK_INT(a.code, 503);
    CHECK_STRC(text_at(f.w, a.body, "message"), "no endpoints available for service \"web\"");
    stop(&f);
}

/* Endpoints are written by users: they cannot point at what is no pod of the namespace. */
TEST(endpoints_of_no_pod_are_not_reached) {
    static const char *const cases[][2] = {{"default", "10.0.0.8"}, {"kube-system", "10.0.0.7"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct fixture f;
        start(&f);
        make_service(&f, cases[i][0], cases[i][1]);
        CHECK_INT(admin(&f, "GET", NS "/services/web:80/proxy/", NULL).code, 503);
        stop(&f);
    }
}

TEST(a_nodes_kubelet_is_reached) {
    struct fixture f;
    start(&f);
    CHECK_STRC(admin(&f, "GET", "/api/v1/nodes/n1/proxy/metrics?x", NULL).body, "the web");
    CHECK(asked(&f, "GET /metrics?x\n"));
    CHECK_STRC(admin(&f, "GET", "/api/v1/nodes/http:n1:10250/proxy/", NULL).body, "the web");
    CHECK_INT(as(&f.aw, "reader", "GET", "/api/v1/nodes/n1/proxy/metrics", NULL).code, 403);
    stop(&f);
}

/* ---- streams ---- */

TEST(exec_is_a_tunnel_to_the_kubelet) {
    static const char *const kinds[][2] = {{"GET", "websocket"}, {"POST", "SPDY/3.1"}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct fixture f;
        start(&f);
        struct answer *a = upgrade_as(&f, "admin system:masters", kinds[i][0],
                                      POD("exec?command=sh&command=-c&command=a+b%26&container=c"
                                          "&stdin=true&stdout=1&stderr=false&tty=1"),
                                      kinds[i][1]);
        REQUIRE(a->code == 101);
        CHECK_STRC(f.upgraded_to, kinds[i][1]);
        str line = str_printf(f.w->arena,
                              "%s /exec/default/web/c?command=sh&command=-c&command=a%%20b%%26"
                              "&input=1&output=1&tty=1\n",
                              kinds[i][0]);
        CHECK(str_starts(buf_str(&f.asked), line));
        CHECK(asked(&f, "Sec-WebSocket-Protocol: v5.channel.k8s.io\n"));
        CHECK(!asked(&f, "Authorization"));
        CHECK_INT(f.w->server->n_tunnels, 1);
        CHECK(list_empty(&f.w->server->requests)); /* the request itself is over */
        say(&f, "to the kubelet and back");
        pass_time(&f.aw, 7200); /* silence is no reason to end it */
        CHECK_STRC(buf_str(&f.heard), "to the kubelet and back");
        hang_up(&f);
        stop(&f);
    }
}

TEST(the_kubelets_end_reaches_the_client) {
    struct fixture f;
    start(&f);
    REQUIRE(upgrade(&f, "GET", POD("attach?container=side&stdout=1"))->code == 101);
    CHECK(asked(&f, "GET /attach/default/web/side?output=1\n"));
    stream_close(TAKE(f.kubelet_end));
    CHECK(loop_run_until(f.w->l, nothing_open, &f, 60 * NSEC_PER_SEC));
    stop(&f);
}

TEST(ports_are_forwarded) {
    struct fixture f;
    start(&f);
    REQUIRE(upgrade(&f, "GET", POD("portforward?ports=80&ports=443"))->code == 101);
    CHECK(asked(&f, "GET /portForward/default/web?port=80%2C443\n"));
    hang_up(&f);
    REQUIRE(upgrade(&f, "POST", POD("portforward"))->code == 101);
    CHECK(asked(&f, "POST /portForward/default/web\n"));
    hang_up(&f);
    struct answer *a = upgrade(&f, "GET", POD("portforward?ports=http"));
    CHECK_INT(a->code, 400);
    CHECK_STRC(text_at(f.w, a->body, "message"),
               "strconv.ParseInt: parsing \"http\": invalid syntax");
    stop(&f);
}

TEST(streams_that_cannot_be) {
    struct fixture f;
    start(&f);
    make_pod(&f, "early", NULL, NULL);
    make_pod(&f, "lost", "n9", NULL);
    make_pod(&f, "bare", "bare", NULL);
    make_pod(&f, "off", "off", NULL);
    static const struct {
        const char *target;
        int code;
        const char *message;
    } cases[] = {
        {POD("exec?command=x"), 400,
         "a container name must be specified for pod web, choose one of: [c side]"},
        {POD("exec?container=zz"), 400, "container zz is not valid for pod web"},
        {NS "/pods/early/exec?container=c", 400, "pod early does not have a host assigned"},
        {NS "/pods/none/exec?container=c", 404, "pods \"none\" not found"},
        {NS "/pods/lost/exec?container=c", 404, "pods \"n9\" not found"},
        {NS "/pods/bare/exec?container=c", 500,
         "no preferred addresses found; known addresses: []"},
        {NS "/pods/off/exec?container=c", 500,
         "error dialing backend: dial tcp 192.0.2.9:10250: connect: connection refused"},
        {POD("exec?container=c&command=odd"), 500, "invalid upgrade response: status code 200"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct answer *a = upgrade(&f, "GET", cases[i].target);
        CHECK_INT(a->code, cases[i].code);
        CHECK_STRC(text_at(f.w, a->body, "message"), cases[i].message);
    }
    struct answer *a = upgrade(&f, "GET", POD("exec?container=c&command=refuse"));
    CHECK_INT(a->code, 403);
    CHECK_STRC(a->body, "not you");
    struct answer plain = admin(&f, "POST", POD("exec?container=c&command=x"), NULL);
    CHECK_INT(plain.code, 400);
    CHECK_STRC(text_at(f.w, plain.body, "message"), "Upgrade request required");
    static const char *const none[] = {"HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        CHECK_INT(admin(&f, none[i], POD("exec?container=c"), "{}").code, 405);
    struct http_header up[] = {{STR("Authorization"), STR("User admin system:masters")},
                               {STR("Connection"), STR("Upgrade")},
                               {STR("Upgrade"), STR("SPDY/3.1")}};
    struct answer body = call_with(f.w, "POST", STR(POD("exec?container=c")), up, 3, STR("x"));
    CHECK_INT(body.code, 400);
    CHECK_INT(f.w->server->n_tunnels, 0);
    stop(&f);
}

/* A kubelet that has not said it knows WebSocket is asked for SPDY, in our own words. */
#define ACCEPTED  "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define OLD(rest) NS "/pods/old/" rest

static struct answer *websocket(struct fixture *f, const char *target, const char *protocol,
                                const char *key) {
    struct http_header h[] = {
        {STR("Authorization"), STR("User admin system:masters")},
        {STR("Connection"), STR("Upgrade")},
        {STR("Upgrade"), STR("websocket")},
        {STR("Sec-WebSocket-Version"), STR("13")},
        {STR("Sec-WebSocket-Key"), str_of(key)},
        {STR("Sec-WebSocket-Protocol"), str_of(protocol)},
    };
    return upgrade_with(f, "GET", target, h, ARRAY_LEN(h));
}
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

TEST(an_old_kubelet_is_spoken_to_in_spdy) {
    struct fixture f;
    start(&f);
    make_pod(&f, "old", "old", NULL);
    REQUIRE(websocket(&f, OLD("exec?container=c&command=x&stdin=1&stdout=1"),
                      "v5.channel.k8s.io, v4.channel.k8s.io", KEY)
                ->code == 101);
    CHECK_STRC(f.upgraded_to, "websocket");
    CHECK_STRC(f.accepted, ACCEPTED);
    CHECK_STRC(f.protocol, "v5.channel.k8s.io");
    CHECK(asked(&f, "POST /exec/default/old/c?command=x&input=1&output=1\n"));
    CHECK(asked(&f, "Upgrade: SPDY/3.1\n"));
    CHECK(asked(&f, "X-Stream-Protocol-Version: v4.channel.k8s.io\n"));
    CHECK(!asked(&f, "WebSocket"));
    pass_time(&f.aw, 1);
    CHECK(str_starts(buf_str(&f.heard), STR("\x82\1\1"))); /* stdout stands */
    hang_up(&f);
    REQUIRE(websocket(&f, OLD("portforward?ports=80"), "SPDY/3.1+portforward.k8s.io", KEY)->code ==
            101);
    CHECK_STRC(f.protocol, "SPDY/3.1+portforward.k8s.io");
    CHECK(asked(&f, "POST /portForward/default/old?port=80\n"));
    CHECK(asked(&f, "X-Stream-Protocol-Version: portforward.k8s.io\n"));
    CHECK(!asked(&f, "WebSocket"));
    say(&f, "\x82\x81\x01\x01\x01\x01i");
    pass_time(&f.aw, 1);
    CHECK_STRC(buf_str(&f.heard), "\x82\x01h");
    hang_up(&f);
    /* Older protocols are the kubelet's own. */
    REQUIRE(websocket(&f, OLD("attach?container=c"), "v4.channel.k8s.io", KEY)->code == 101);
    CHECK(asked(&f, "GET /attach/default/old/c\n"));
    hang_up(&f);
    CHECK_INT(websocket(&f, OLD("exec?container=c"), "v5.channel.k8s.io", "short")->code, 400);
    stop(&f);
}

TEST(an_old_kubelet_that_cannot) {
    struct fixture f;
    start(&f);
    make_pod(&f, "old", "old", NULL);
    static const struct {
        const char *target, *said;
    } cases[] = {
        {OLD("exec?container=c&command=refuse"),
         "Internal error occurred: unable to upgrade connection: not you"},
        {OLD("exec?container=c&command=odd"),
         "Internal error occurred: unable to upgrade connection: what?"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        REQUIRE(websocket(&f, cases[i].target, "v5.channel.k8s.io", KEY)->code == 101);
        pass_time(&f.aw, 1);
        CHECK(str_find(buf_str(&f.heard), str_of(cases[i].said)) >= 0);
        hang_up(&f);
    }
    http_server_free(TAKE(f.kubelet));
    REQUIRE(websocket(&f, OLD("exec?container=c"), "v5.channel.k8s.io", KEY)->code == 101);
    pass_time(&f.aw, 1);
    CHECK(str_find(buf_str(&f.heard),
                   STR("error sending request: Post \\\"http://192.0.2.1:10250/exec/default/old/c"
                       "\\\": dial tcp 192.0.2.1:10250: connect: connection refused")) >= 0);
    hang_up(&f);
    CHECK_INT(websocket(&f, OLD("portforward"), "SPDY/3.1+portforward.k8s.io", KEY)->code, 500);
    stop(&f);
}

TEST(a_log_has_no_stream_of_its_own) {
    struct fixture f;
    start(&f);
    struct answer a = admin(&f, "GET", POD("log?container=c&stream=Stderr"), NULL);
    CHECK_INT(a.code, 422);
    CHECK_STRC(text_at(f.w, a.body, "message"),
               "PodLogOptions \"web\" is invalid: stream: Forbidden: may not be specified");
    stop(&f);
}

static void allow(struct fixture *f, const char *who, const char *verb) {
    struct arena *a = f->w->arena;
    str role = str_printf(a,
                          "{\"metadata\":{\"name\":\"%s\"},\"rules\":[{\"apiGroups\":[\"\"],"
                          "\"resources\":[\"pods/exec\",\"pods/attach\",\"pods/portforward\","
                          "\"pods/proxy\"],\"verbs\":[\"%s\"]}]}",
                          who, verb);
    str binding = str_printf(a,
                             "{\"metadata\":{\"name\":\"%s\"},\"subjects\":[{\"kind\":\"User\","
                             "\"apiGroup\":\"rbac.authorization.k8s.io\",\"name\":\"%s\"}],"
                             "\"roleRef\":{\"kind\":\"Role\",\"apiGroup\":"
                             "\"rbac.authorization.k8s.io\",\"name\":\"%s\"}}",
                             who, who, who);
    static const char *const path = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/";
    CHECK_INT(admin(f, "POST", str_printf(a, "%sroles", path).p, role.p).code, 201);
    CHECK_INT(admin(f, "POST", str_printf(a, "%srolebindings", path).p, binding.p).code, 201);
}

/* To read is not to act: a WebSocket's GET needs "create" as well. */
TEST(a_reader_may_not_exec) {
    static const char *const targets[] = {POD("exec?container=c&command=x"),
                                          POD("attach?container=c"), POD("portforward")};
    struct fixture f;
    start(&f);
    allow(&f, "jane", "get");
    allow(&f, "joe", "create");
    for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
        struct answer *a = upgrade_as(&f, "jane", "GET", targets[i], "websocket");
        CHECK_INT(a->code, 403);
        CHECK_STRC(text_at(f.w, a->body, "message"), "pods \"web\" is forbidden: ");
        CHECK_STRC(text_at(f.w, a->body, "reason"), "Forbidden");
        CHECK_INT(upgrade_as(&f, "jane", "POST", targets[i], "SPDY/3.1")->code, 403);
        CHECK_INT(upgrade_as(&f, "joe", "GET", targets[i], "websocket")->code, 403);
        REQUIRE(upgrade_as(&f, "joe", "POST", targets[i], "SPDY/3.1")->code == 101);
        hang_up(&f);
    }
    stop(&f);
}

TEST(each_method_of_a_proxy_is_a_verb) {
    static const struct {
        const char *verb, *methods[2];
    } cases[] = {{"get", {"GET", "HEAD"}}, {"create", {"POST"}},   {"update", {"PUT"}},
                 {"patch", {"PATCH"}},     {"delete", {"DELETE"}}, {"*", {"OPTIONS", "GET"}}};
    static const char *const methods[] = {"GET",   "HEAD",   "POST",   "PUT",
                                          "PATCH", "DELETE", "OPTIONS"};
    struct fixture f;
    start(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *who = str_eqc(str_of(cases[i].verb), "*") ? "all" : cases[i].verb;
        allow(&f, who, cases[i].verb);
        for (size_t m = 0; m < ARRAY_LEN(methods); m++) {
            bool may = str_eqc(str_of(who), "all");
            for (int k = 0; k < 2 && cases[i].methods[k]; k++)
                may |= str_eqc(str_of(methods[m]), cases[i].methods[k]);
            CHECK_INT(as(&f.aw, who, methods[m], POD("proxy/x"), NULL).code, may ? 200 : 403);
        }
    }
    stop(&f);
}

TEST(a_pods_websocket_through_the_proxy) {
    struct fixture f;
    start(&f);
    REQUIRE(upgrade(&f, "GET", POD("proxy/ws?a=b"))->code == 101);
    CHECK(asked(&f, "GET /ws?a=b\n"));
    say(&f, "hello");
    pass_time(&f.aw, 1);
    CHECK_STRC(buf_str(&f.heard), "hello");
    stop(&f); /* the server ends with the tunnel open */
}

TEST(paths_and_names) {
    struct arena a;
    arena_init(&a, 0);
    static const char *const paths[][2] = {
        {"", "/"},          {"a", "/a"}, {"a/", "/a/"},         {"../a", "/a"}, {"a//b", "/a/b"},
        {"a/./b/..", "/a"}, {"..", "/"}, {"a/b/../../..", "/"}, {"/x", "/x"}};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        CHECK_STRC(proxy_clean_path(&a, str_of(paths[i][0])), paths[i][1]);
    static const char *const places[][2] = {
        {"/x", "/p/x"},
        {"/x/?q=/y", "/p/x/?q=/y"},
        {"/p/x", "/p/x"},
        {"x", "x"},
        {"", ""},
        {"http://b:1/x", "/p/x"},
        {"http://ask/x", "http://ask/p/x"},
        {"https://elsewhere/x", "https://elsewhere/x"},
        {"//elsewhere/x", "//elsewhere/x"},
        {"http://b:1", "http://b:1"},
        {"mailto:me", "mailto:me"},
        {"/x://y", "/p/x:/y"},
    };
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        CHECK_STRC(
            proxy_rewrite_location(&a, str_of(places[i][0]), STR("b:1"), STR("ask"), STR("/p")),
            places[i][1]);
    arena_done(&a);
}
