// SPDX-License-Identifier: Apache-2.0
/* Requests a second of a running server, beside a peer's where one is given: create, get, update,
 * three kinds of patch and apply of ConfigMaps, and lists of 5,000 pods. TLS with the kubeconfig's
 * certificate over kept connections. Rows of a markdown table: what, clients, requests a second,
 * median and 99th percentile in ms, CPU ms a request and RSS of the server (0 where its processes
 * are not named), and the peer's requests a second with the ratio. Everything it made is deleted.
 *
 *     build/bench/load KUBECONFIG[=PID+PID...] [PEER[=PID+PID...]] [--requests N] */
#include "base/vec.h"
#include "target.h"

#define CLIENTS_MAX 64
#define OBJECTS     1000 /* that requests go around */
#define PODS        5000
#define NAMESPACE   "bench-load"
#define CONFIGMAPS  "/api/v1/namespaces/" NAMESPACE "/configmaps"
#define POD_LIST    "/api/v1/namespaces/" NAMESPACE "/pods"
#define JSON        "application/json"
#define BODY_MAX    4096

struct work {
    const char *name, *method, *type, *accept;
    bool pods;      /* on the collection of pods, else on a ConfigMap */
    bool every;     /* creates: each request makes another object */
    unsigned share; /* of the requests, one in so many */
    unsigned clients[4];
};

static const struct work works[] = {
    {"create ConfigMap", "POST", JSON, JSON, false, true, 1, {1, 16, CLIENTS_MAX}},
    {"get ConfigMap", "GET", NULL, JSON, false, false, 1, {1, 16, CLIENTS_MAX}},
    {"update ConfigMap", "PUT", JSON, JSON, false, false, 1, {1, 16, CLIENTS_MAX}},
    {"merge patch", "PATCH", "application/merge-patch+json", JSON, false, false, 1, {1, 16}},
    {"strategic patch",
     "PATCH",
     "application/strategic-merge-patch+json",
     JSON,
     false,
     false,
     1,
     {1, 16}},
    {"apply", "PATCH", "application/apply-patch+yaml", JSON, false, false, 1, {1, 16}},
    {"create Pod", "POST", JSON, JSON, true, true, PODS, {16}},
    {"list 5,000 pods, JSON", "GET", NULL, JSON, true, false, 200, {1, 4}},
    {"list 5,000 pods, protobuf",
     "GET",
     NULL,
     "application/vnd.kubernetes.protobuf",
     true,
     false,
     200,
     {1, 4}},
};

struct bench {
    struct env env;
    struct loop *loop;
    const struct target *target;
    struct http_client *client;
    const struct work *work;
    unsigned round, sent, done, goal, failed;
    int64_t *took;
};

struct one {
    struct bench *b;
    int64_t since;
    unsigned client;
};

struct figures {
    double rate, p50, p99, cpu, rss;
};

static void send_one(struct one *o);

static void on_done(void *ctx, int r, int status, const struct http_headers *h, str body,
                    bool maybe_sent) {
    struct one *o = ctx;
    struct bench *b = o->b;
    if ((r < 0 || status >= 300) && b->failed++ == 0)
        fprintf(stderr, "%s: %d %.*s\n", b->work->name, status, (int)MIN(body.n, 300), body.p);
    b->took[b->done++] = env_mono(&b->env) - o->since;
    if (b->sent < b->goal)
        send_one(o);
    else if (b->done == b->goal)
        loop_stop(b->loop);
}

static bool on_data(void *ctx, str data) {
    return true;
}

/* What a small web server looks like; nobody schedules it. */
static void pod_body(char *body, unsigned i) {
    snprintf(body, BODY_MAX,
             "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p%u\",\"labels\":{"
             "\"app\":\"web\",\"pod-template-hash\":\"7d9c8b5f4\",\"tier\":\"front\"}},\"spec\":{"
             "\"schedulerName\":\"nobody\",\"automountServiceAccountToken\":false,\"containers\":[{"
             "\"name\":\"web\",\"image\":\"registry.example.org/web:1.2.3\",\"args\":[\"--port\","
             "\"8080\"],\"ports\":[{\"containerPort\":8080}],\"env\":[{\"name\":\"POD\","
             "\"valueFrom\":{\"fieldRef\":{\"fieldPath\":\"metadata.name\"}}}],\"resources\":{"
             "\"requests\":{\"cpu\":\"100m\",\"memory\":\"64Mi\"}},\"readinessProbe\":{\"httpGet\":"
             "{\"path\":\"/healthz\",\"port\":8080}},\"volumeMounts\":[{\"name\":\"data\","
             "\"mountPath\":\"/data\"}]}],\"volumes\":[{\"name\":\"data\",\"emptyDir\":{}}]}}",
             i);
}

static void fill(const struct bench *b, unsigned i, char *target, char *body) {
    const struct work *w = b->work;
    *body = '\0';
    if (w->pods) {
        snprintf(target, 256, POD_LIST);
        if (w->every)
            pod_body(body, i);
        return;
    }
    unsigned round = w->every ? b->round : 0, name = w->every ? i : i % OBJECTS;
    bool applies = w->type && strstr(w->type, "apply");
    if (w->every)
        snprintf(target, 256, CONFIGMAPS);
    else
        snprintf(target, 256, CONFIGMAPS "/c%u-%u%s", round, name,
                 applies ? "?fieldManager=bench&force=true" : "");
    if (w->type && strcmp(w->method, "PATCH") == 0 && !applies)
        snprintf(body, BODY_MAX, "{\"data\":{\"k\":\"%0256u\"}}",
                 (unsigned)(w - works) * 1000000 + i);
    else if (w->type)
        snprintf(body, BODY_MAX,
                 "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"c%u-%u\"},"
                 "\"data\":{\"k\":\"%0256u\"}}",
                 round, name, w->every ? i : i + 2 * OBJECTS);
}

static void send_one(struct one *o) {
    struct bench *b = o->b;
    char target[256], body[BODY_MAX];
    struct http_header h[2] = {{STR("Accept"), str_of(b->work->accept)},
                               {STR("Content-Type"), str_of(b->work->type)}};
    fill(b, b->sent++, target, body);
    struct http_call_options c = {.method = b->work->method,
                                  .target = str_of(target),
                                  .headers = h,
                                  .n_headers = b->work->type ? 2 : 1,
                                  .body = str_of(body),
                                  .on_data = b->work->type ? NULL : on_data,
                                  .on_done = on_done,
                                  .ctx = o};
    o->since = env_mono(&b->env);
    http_client_call(b->client, &c);
}

static struct figures run(struct bench *b, const struct target *t, const struct work *w,
                          unsigned clients, unsigned goal) {
    struct one ones[CLIENTS_MAX];
    b->target = t;
    b->work = w;
    b->sent = b->done = b->failed = 0;
    b->goal = goal;
    b->client = target_connect(t, b->loop, clients);
    double cpu = target_cpu(t);
    int64_t since = env_mono(&b->env);
    for (unsigned i = 0; i < clients; i++) {
        ones[i] = (struct one){.b = b, .client = i};
        send_one(&ones[i]);
    }
    loop_run(b->loop);
    double s = (double)(env_mono(&b->env) - since) / NSEC_PER_SEC;
    http_client_free(b->client);
    if (b->failed)
        die(w->name, "not all requests succeeded");
    qsort(b->took, goal, sizeof(b->took[0]), by_time);
    return (struct figures){.rate = goal / s,
                            .p50 = percentile_ms(b->took, goal, 50),
                            .p99 = percentile_ms(b->took, goal, 99),
                            .cpu = (target_cpu(t) - cpu) * 1000 / goal,
                            .rss = target_rss(t)};
}

static void measure(struct bench *b, const struct target *t, unsigned n_targets,
                    const struct work *w, unsigned clients, unsigned requests) {
    unsigned goal = w->every && w->pods ? PODS : MAX(requests / w->share, 8);
    if (!w->pods && clients == 1)
        goal = MAX(goal / 10, OBJECTS);
    struct figures f[2];
    for (unsigned i = 0; i < n_targets; i++)
        f[i] = run(b, &t[i], w, clients, goal);
    b->round += w->every && !w->pods;
    printf("| %s | %u | %.0f | %.2f | %.2f | %.3f | %.1f |", w->name, clients, f[0].rate, f[0].p50,
           f[0].p99, f[0].cpu, f[0].rss);
    if (n_targets > 1)
        printf(" %.0f | %.1f | %.3f | %.1f |", f[1].rate, f[0].rate / f[1].rate, f[1].cpu,
               f[1].rss);
    printf("\n");
    fflush(stdout);
}

static void prepare(struct bench *b, const struct target *t) {
    target_ask(t, b->loop, "POST", "/api/v1/namespaces",
               "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"" NAMESPACE
               "\"}}",
               409);
    target_ask(t, b->loop, "POST", "/api/v1/namespaces/" NAMESPACE "/serviceaccounts",
               "{\"metadata\":{\"name\":\"default\"}}", 409);
}

int main(int argc, char **argv) {
    static struct bench b;
    static struct target targets[2];
    unsigned n = 0, requests = 20000;
    env_real_init(&b.env, "bench");
    loop_env_real(&b.env);
    if (loop_new(&b.env, &b.loop) < 0)
        die("loop", "not made");
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--requests") == 0 && i + 1 < argc)
            requests = (unsigned)atoi(argv[++i]);
        else if (n < ARRAY_LEN(targets))
            target_open(&targets[n++], &b.env, argv[i]);
    if (n == 0 || requests < OBJECTS)
        die("usage", "load KUBECONFIG[=PID+PID] [PEER[=PID+PID]] [--requests N, 1000 or more]");
    b.took = xcalloc(MAX(requests, PODS), sizeof(b.took[0]));
    for (unsigned i = 0; i < n; i++)
        prepare(&b, &targets[i]);
    for (size_t i = 0; i < ARRAY_LEN(works); i++)
        for (size_t c = 0; works[i].clients[c]; c++)
            measure(&b, targets, n, &works[i], works[i].clients[c], requests);
    for (unsigned i = 0; i < n; i++) {
        target_ask(&targets[i], b.loop, "DELETE", "/api/v1/namespaces/" NAMESPACE, "{}", 0);
        target_close(&targets[i]);
    }
    loop_free(b.loop);
    free(b.took);
    return 0;
}
