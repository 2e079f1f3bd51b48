// SPDX-License-Identifier: Apache-2.0
/* The kubelet's API on port 10250. Everybody shows who they are: a client certificate signed by the
 * cluster's client CA, or a token that the API server reviews. Whether they may is asked of the API
 * server as well (nodes/proxy and its finer parts, as upstream maps paths). Nothing is anonymous.
 */
#include "kubelet/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/component_metrics.h"
#include "net/metrics_answer.h"
#include "schema/ops.h"

#define LOGS_PATH "/containerLogs/"

static const struct {
    const char *prefix;
    const char *subresource; /* asked first; then "proxy" */
} subresources[] = {
    {"/healthz", "healthz"},
    {"/pods", "pods"},
    {"/metrics", "metrics"},
    {"/stats/", "stats"},
};

void answer_text(struct exchange *x, int status, const char *fmt, ...) {
    static const struct http_header type = {{"Content-Type", 12},
                                            {"text/plain; charset=utf-8", 25}};
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    exchange_respond(x, status, &type, 1, str_of(text));
}

/* ---- routes ---- */

static void serve_pods(struct kubelet_server *s, struct exchange *x) {
    static const struct http_header type = {{"Content-Type", 12}, {"application/json", 16}};
    struct buf b;
    bool first = true;
    buf_init(&b, 64 * 1024 * 1024);
    buf_adds(&b, "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[");
    MAP_FOREACH (it, &s->k->workers) {
        const struct worker *w = it->value;
        if (!w->pod)
            continue;
        if (!first)
            buf_addc(&b, ',');
        first = false;
        json_write(&b, &Pod_type, w->pod->typed, JSON_NO_TYPE_META, NULL);
    }
    buf_adds(&b, "]}\n");
    exchange_respond(x, b.over ? 507 : 200, &type, 1, b.over ? STR("") : buf_str(&b));
    buf_done(&b);
}

static void print_gauge(struct buf *b, const char *name, const char *help, const char *label,
                        str value, double v) {
    const char *const labels[] = {label, NULL};
    metrics_text_head(b, name, help, "gauge");
    metrics_text_sample(b, name, labels, &value, v);
}

static void serve_metrics(struct kubelet_server *s, struct exchange *x) {
    struct buf b;
    unsigned pods = 0, containers = 0;
    MAP_FOREACH (it, &s->k->workers) {
        const struct worker *w = it->value;
        pods += rt_ready_sandbox(w->view) != NULL;
        for (uint32_t i = 0; w->view && i < w->view->containers.n; i++)
            containers += w->view->containers.v[i].state == RT_RUNNING;
    }
    buf_init(&b, 0);
    print_gauge(&b, "kubelet_running_pods", "[ALPHA] Pods that have a running sandbox.", NULL,
                STR_NONE, pods);
    print_gauge(&b, "kubelet_running_containers", "[ALPHA] Containers, by state.",
                "container_state", STR("running"), containers);
    print_gauge(&b, "kubelet_node_name", "[ALPHA] 1, with the node's name.", "node",
                str_of(s->k->o->node_name), 1);
    metrics_process(s->k->env);
    metrics_print(s->k->env->metrics, &b);
    component_metrics("kubelet", &b);
    metrics_answer(x, buf_str(&b));
    buf_done(&b);
}

static void serve(struct kubelet_server *s, struct exchange *x) {
    if (!str_eqc(x->method, "GET"))
        answer_text(x, 405, "method not allowed\n");
    else if (str_eqc(x->path, "/healthz") || str_eqc(x->path, "/healthz/"))
        answer_text(x, 200, "ok");
    else if (str_eqc(x->path, "/pods") || str_eqc(x->path, "/pods/"))
        serve_pods(s, x);
    else if (str_eqc(x->path, "/metrics"))
        serve_metrics(s, x);
    else if (str_starts(x->path, STR(LOGS_PATH)))
        serve_logs(s, x, str_slice(x->path, sizeof(LOGS_PATH) - 1, x->path.n));
    else
        answer_text(x, 404, "404 page not found\n");
}

/* ---- who, and may they ---- */

static const char *finer_subresource(str path) {
    for (size_t i = 0; i < ARRAY_LEN(subresources); i++)
        if (str_starts(path, str_of(subresources[i].prefix)))
            return subresources[i].subresource;
    return NULL;
}

static bool right(void *ctx, struct exchange *x, unsigned attempt, SubjectAccessReviewSpec *ret) {
    const struct kubelet_server *s = ctx;
    const char *finer = finer_subresource(x->path);
    if (attempt > (finer ? 1 : 0))
        return false;
    ResourceAttributes *at = arena_make(x->arena, ResourceAttributes);
    *at = (ResourceAttributes){.verb = str_of(delegate_verb(x->method)),
                               .version = STR("v1"),
                               .resource = STR("nodes"),
                               .subresource = finer && !attempt ? str_of(finer) : STR("proxy"),
                               .name = str_of(s->k->o->node_name)};
    ret->resource_attributes = at;
    return true;
}

static void refuse(void *ctx, struct exchange *x, enum refusal why,
                   const struct delegate_user *who) {
    switch (why) {
    case REFUSED_UNKNOWN:
        answer_text(x, 401, "Unauthorized");
        return;
    case REFUSED_RIGHT:
        answer_text(x, 403,
                    "Forbidden (user=" STR_FMT ", verb=%s, resource=nodes, subresource(s)=[proxy])",
                    STR_ARG(who->name), delegate_verb(x->method));
        return;
    case REFUSED_FAILED:
        answer_text(x, 500, "Authorization error (user=" STR_FMT ")", STR_ARG(who->name));
        return;
    }
}

static void serve_allowed(void *ctx, struct exchange *x) {
    serve(ctx, x);
}

static const struct delegate_ops delegate_ops = {
    .right = right,
    .serve = serve_allowed,
    .refuse = refuse,
};

static void handle(void *ctx, struct exchange *x) {
    struct kubelet_server *s = ctx;
    delegate(&s->delegation, x);
}

static int make_tls(str cert, str key, str client_ca, struct err *e, struct tls_config **ret) {
    static const char *const alpn[] = {"http/1.1", NULL};
    struct tls_options o = {.cert_pem = cert, .key_pem = key, .ca_pem = client_ca, .alpn = alpn};
    return tls_config_new(&o, true, e, ret);
}

int kubelet_server_new(struct kubelet *k, struct err *e, struct kubelet_server **ret) {
    const struct kubelet_options *o = k->o;
    const char *addresses[] = {o->listen, NULL};
    struct kubelet_server *s = xcalloc(1, sizeof(*s));
    s->k = k;
    delegation_init(&s->delegation, k->rest, &delegate_ops, s);
    list_init(&s->streams);
    int r = make_tls(o->serving_cert, o->serving_key, o->client_ca, e, &s->tls);
    struct http_server_options ho = {
        .addresses = addresses, .tls = s->tls, .handler = handle, .ctx = s};
    if (r == 0 && (r = host_follower_new(k->loop, &s->follower)) < 0)
        err_set(e, r, "inotify: %s", strerror(-r));
    if (r == 0)
        r = http_server_new(k->loop, &ho, e, &s->http);
    if (r < 0) {
        host_follower_free(s->follower);
        tls_config_unref(s->tls);
        free(s);
        return r;
    }
    *ret = s;
    return 0;
}

int kubelet_server_renew(struct kubelet_server *s, str cert, str key, str client_ca,
                         struct err *e) {
    struct tls_config *tls;
    int r = make_tls(cert, key, client_ca, e, &tls);
    if (r < 0)
        return r;
    http_server_set_tls(s->http, tls);
    tls_config_unref(s->tls);
    s->tls = tls;
    return 0;
}

struct kubelet_server *kubelet_server_free(struct kubelet_server *s) {
    if (!s)
        return NULL;
    log_streams_end(s);
    http_server_free(s->http); /* aborts what is under way, reviews with it */
    delegation_done(&s->delegation);
    host_follower_free(s->follower);
    tls_config_unref(s->tls);
    free(s);
    return NULL;
}
