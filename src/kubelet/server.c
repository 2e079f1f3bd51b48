// SPDX-License-Identifier: Apache-2.0
/* The kubelet's API on port 10250. Everybody shows who they are: a client certificate signed by the
 * cluster's client CA, or a token that the API server reviews. Whether they may is asked of the API
 * server as well (nodes/proxy and its finer parts, as upstream maps paths). Nothing is anonymous.
 */
#include "kubelet/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "schema/ops.h"

#define LOGS_PATH "/containerLogs/"

struct review {
    struct list node;
    struct kubelet_server *s;
    struct exchange *x;
    struct rest_call *call;
    str user;
    str_list groups;
    bool fell_back; /* the finer subresource was refused; now it is `proxy` */
};

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

static void serve_metrics(struct kubelet_server *s, struct exchange *x) {
    static const struct http_header type = {{"Content-Type", 12},
                                            {"text/plain; version=0.0.4", 25}};
    struct buf b;
    unsigned pods = 0, containers = 0;
    MAP_FOREACH (it, &s->k->workers) {
        const struct worker *w = it->value;
        pods += rt_ready_sandbox(w->view) != NULL;
        for (uint32_t i = 0; w->view && i < w->view->containers.n; i++)
            containers += w->view->containers.v[i].state == RT_RUNNING;
    }
    buf_init(&b, 1024 * 1024);
    buf_printf(&b,
               "# TYPE kubelet_running_pods gauge\nkubelet_running_pods %u\n"
               "# TYPE kubelet_running_containers gauge\n"
               "kubelet_running_containers{container_state=\"running\"} %u\n"
               "# TYPE kubelet_node_name gauge\nkubelet_node_name{node=\"%s\"} 1\n",
               pods, containers, s->k->o->node_name);
    metrics_print(s->k->env->metrics, &b);
    exchange_respond(x, 200, &type, 1, buf_str(&b));
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

static void review_free(struct review *v) {
    list_remove(&v->node);
    if (v->call)
        rest_cancel(v->call);
    free(v);
}

static void on_abort(struct exchange *x) {
    review_free(x->ctx);
}

static const char *verb_of_method(str method) {
    return str_eqc(method, "POST")     ? "create"
           : str_eqc(method, "PUT")    ? "update"
           : str_eqc(method, "PATCH")  ? "patch"
           : str_eqc(method, "DELETE") ? "delete"
                                       : "get";
}

static const char *subresource_of(const struct review *v) {
    for (size_t i = 0; !v->fell_back && i < ARRAY_LEN(subresources); i++)
        if (str_starts(v->x->path, str_of(subresources[i].prefix)))
            return subresources[i].subresource;
    return "proxy";
}

static void ask_right(struct review *v);

static void on_right(void *ctx, const struct rest_result *res) {
    struct review *v = ctx;
    struct exchange *x = v->x;
    const SubjectAccessReview *a = res->r == 0 && res->code < 300 ? res->object : NULL;
    v->call = NULL;
    if (a && a->status.allowed) {
        struct kubelet_server *s = v->s;
        x->on_abort = NULL;
        review_free(v);
        serve(s, x);
        return;
    }
    if (a && !v->fell_back && strcmp(subresource_of(v), "proxy") != 0) {
        v->fell_back = true;
        ask_right(v);
        return;
    }
    x->on_abort = NULL;
    if (a)
        answer_text(x, 403,
                    "Forbidden (user=" STR_FMT ", verb=%s, resource=nodes, subresource(s)=[%s])",
                    STR_ARG(v->user), verb_of_method(x->method), subresource_of(v));
    else
        answer_text(x, 500, "Authorization error (user=" STR_FMT ")", STR_ARG(v->user));
    review_free(v);
}

static void ask_right(struct review *v) {
    ResourceAttributes at = {.verb = str_of(verb_of_method(v->x->method)),
                             .version = STR("v1"),
                             .resource = STR("nodes"),
                             .subresource = str_of(subresource_of(v)),
                             .name = str_of(v->s->k->o->node_name)};
    SubjectAccessReview q = {
        .spec = {.resource_attributes = &at, .user = v->user, .groups = v->groups}};
    v->call =
        rest_send(v->s->k->rest, &(struct rest_request){
                                     .verb = REST_CREATE,
                                     .resource = RESOURCE_OF(authorization_v1_subjectaccessreviews),
                                     .body_type = &SubjectAccessReview_type,
                                     .body = &q,
                                     .done = on_right,
                                     .ctx = v,
                                 });
}

static void add_group(struct arena *a, str_list *l, str group) {
    *list_push(a, l) = str_dup(a, group);
}

static void on_token(void *ctx, const struct rest_result *res) {
    struct review *v = ctx;
    const TokenReview *t = res->r == 0 && res->code < 300 ? res->object : NULL;
    v->call = NULL;
    if (!t || !t->status.authenticated) {
        v->x->on_abort = NULL;
        answer_text(v->x, 401, "Unauthorized");
        review_free(v);
        return;
    }
    v->user = str_dup(v->x->arena, t->status.user.username);
    for (uint32_t i = 0; i < t->status.user.groups.n; i++)
        add_group(v->x->arena, &v->groups, t->status.user.groups.v[i]);
    ask_right(v);
}

static void ask_token(struct review *v, str token) {
    TokenReview q = {.spec = {.token = token}};
    v->call = rest_send(v->s->k->rest, &(struct rest_request){
                                           .verb = REST_CREATE,
                                           .resource = RESOURCE_OF(authentication_v1_tokenreviews),
                                           .body_type = &TokenReview_type,
                                           .body = &q,
                                           .done = on_token,
                                           .ctx = v,
                                       });
}

static void handle(void *ctx, struct exchange *x) {
    struct kubelet_server *s = ctx;
    str auth = http_header_get(&x->headers, "Authorization");
    bool cert = x->peer && x->peer->verified && !str_empty(x->peer->cn);
    if (!cert && !str_starts(auth, STR("Bearer "))) {
        answer_text(x, 401, "Unauthorized");
        return;
    }
    struct review *v = xcalloc(1, sizeof(*v));
    *v = (struct review){.s = s, .x = x};
    list_append(&s->reviews, &v->node);
    x->ctx = v;
    x->on_abort = on_abort;
    if (!cert) {
        ask_token(v, str_trim(str_slice(auth, 7, auth.n)));
        return;
    }
    v->user = str_dup(x->arena, x->peer->cn);
    for (size_t i = 0; i < x->peer->n_orgs; i++)
        add_group(x->arena, &v->groups, x->peer->orgs[i]);
    add_group(x->arena, &v->groups, STR("system:authenticated"));
    ask_right(v);
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
    list_init(&s->reviews);
    list_init(&s->streams);
    int r = make_tls(o->serving_cert, o->serving_key, o->client_ca, e, &s->tls);
    struct http_server_options ho = {
        .addresses = addresses, .tls = s->tls, .handler = handle, .ctx = s};
    if (r == 0)
        r = http_server_new(k->loop, &ho, e, &s->http);
    if (r < 0) {
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
    LIST_FOREACH (n, &s->reviews)
        review_free(container_of(n, struct review, node));
    tls_config_unref(s->tls);
    free(s);
    return NULL;
}
