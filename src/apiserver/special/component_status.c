// SPDX-License-Identifier: Apache-2.0
/* componentstatuses, deprecated but still asked for by `kubectl get cs`: whether the controller
 * manager and the scheduler answer on their ports of this machine, and the store, whose failure
 * would have ended this process. Nothing is stored; each request looks anew. */
#include "apiserver/encoding/encode.h"
#include "apiserver/special/special.h"
#include "apiserver/verbs/selection.h"
#include "net/client.h"

#define PROBE_TIME (3 * NSEC_PER_SEC)
#define PROBE_MAX  (10 * 1024) /* of an answer */

static const struct component {
    const char *name, *address; /* address NULL: in this process */
} components[] = {
    {"controller-manager", "127.0.0.1:10257"},
    {"scheduler", "127.0.0.1:10259"},
    {"etcd-0", NULL},
};

struct probe {
    struct components *all;
    const struct component *of;
    struct http_client *client;
    bool healthy;
    str message;
};

struct components {
    struct request *r;
    struct selection selection; /* of a list */
    struct probe probes[ARRAY_LEN(components)];
    unsigned waiting;
    bool over; /* nobody hears the calls' ends any more */
};

static void cleanup(struct request *r) {
    struct components *all = r->data;
    all->over = true;
    for (size_t i = 0; i < ARRAY_LEN(components); i++)
        all->probes[i].client = http_client_free(all->probes[i].client);
}

static ComponentStatus *status_of(struct arena *a, const struct probe *p) {
    ComponentStatus *s = arena_make(a, ComponentStatus);
    ComponentCondition *c = arena_make(a, ComponentCondition);
    s->metadata.name = str_of(p->of->name);
    *c = (ComponentCondition){.type = STR("Healthy"),
                              .status = p->healthy ? STR("True") : STR("False"),
                              .message = p->message};
    s->conditions.v = c;
    s->conditions.n = 1;
    return s;
}

static enum phase_result answer_one(struct components *all) {
    struct request *r = all->r;
    for (size_t i = 0; i < ARRAY_LEN(components); i++)
        if (str_eqc(r->info.name, components[i].name))
            return respond_typed(r, 200, &ComponentStatus_type,
                                 status_of(r->arena, &all->probes[i]));
    return respond_status(
        r, status_new(r->arena, 500, NULL, "Component not found: " STR_FMT, STR_ARG(r->info.name)));
}

static enum phase_result answer_all(struct components *all) {
    struct request *r = all->r;
    const void *objs[ARRAY_LEN(components)];
    ComponentStatusList list = {0};
    list.items.v = arena_array(r->arena, ARRAY_LEN(components), sizeof(ComponentStatus));
    for (size_t i = 0; i < ARRAY_LEN(components); i++) {
        const ComponentStatus *s = status_of(r->arena, &all->probes[i]);
        if (!selector_matches(&all->selection.labels, &s->metadata.labels) ||
            !field_selector_matches(r->arena, &all->selection.fields, s))
            continue;
        objs[list.items.n] = &list.items.v[list.items.n];
        list.items.v[list.items.n++] = *s;
    }
    struct encoder e;
    if (r->accept.as != AS_TABLE || encoder_init(&e, r) < 0)
        return respond_typed(r, 200, &ComponentStatusList_type, &list);
    struct buf b;
    buf_init(&b, 0);
    encode_unstored_table(&e, &b, objs, list.items.n);
    encoder_done(&e);
    return respond_buf(r, 200, &b);
}

static enum phase_result answer(struct components *all) {
    return all->r->verb == VERB_GET ? answer_one(all) : answer_all(all);
}

static void on_probed(void *ctx, int e, int status, const struct http_headers *h, str body,
                      bool maybe_sent) {
    struct probe *p = ctx;
    struct components *all = p->all;
    struct request *r = all->r;
    if (all->over)
        return;
    p->healthy = e == 0 && status == 200;
    if (e == -ECONNREFUSED)
        p->message = str_printf(
            r->arena, "Get \"https://%s/healthz\": dial tcp %s: connect: connection refused",
            p->of->address, p->of->address);
    else if (e < 0)
        p->message = str_printf(r->arena, "Get \"https://%s/healthz\": %s", p->of->address,
                                e == -ETIMEDOUT ? "context deadline exceeded" : strerror(-e));
    else if (status != 200)
        p->message = str_printf(r->arena, "HTTP probe failed with statuscode: %d", status);
    else
        p->message = str_dup(r->arena, body);
    if (--all->waiting == 0) {
        answer(all);
        request_end(r);
    }
}

static int probe(struct probe *p, struct tls_config *tls) {
    struct request *r = p->all->r;
    if (!p->of->address) {
        p->healthy = true;
        p->message = STR("ok");
        return 0;
    }
    str address = str_printf(r->arena, "tcp:%s", p->of->address);
    int e = http_client_new(
        r->server->loop,
        &(struct http_client_options){
            .address = address.p, .host = p->of->address, .tls = tls, .connections = 1},
        &p->client);
    if (e < 0)
        return e;
    p->all->waiting++;
    http_client_call(p->client, &(struct http_call_options){.method = "GET",
                                                            .target = STR("/healthz"),
                                                            .max_body = PROBE_MAX,
                                                            .timeout_ns = PROBE_TIME,
                                                            .on_done = on_probed,
                                                            .ctx = p});
    return 0;
}

/* PHASE_DONE: answered. */
static enum phase_result read_selection(struct request *r, struct selection *ret) {
    struct list_options o;
    struct err e;
    if (r->verb != VERB_LIST)
        return PHASE_NEXT;
    enum phase_result result = read_list_options(r, &o);
    if (result == PHASE_NEXT && selection_init(r->arena, r->res, &o, ret, &e) < 0)
        return respond_status(r, status_bad_request(r->arena, "%s", e.text));
    return result;
}

enum phase_result special_components(struct request *r) {
    static const char *const alpn[] = {"http/1.1", NULL};
    CLEANUP(tls_config_unrefp) struct tls_config *tls = NULL;
    struct err err = {0};
    struct components *all = arena_make(r->arena, struct components);
    enum phase_result selected = read_selection(r, &all->selection);
    if (selected != PHASE_NEXT)
        return selected;
    int e =
        tls_config_new(&(struct tls_options){.insecure = true, .alpn = alpn}, false, &err, &tls);
    all->r = r;
    r->data = all;
    r->cleanup = cleanup;
    for (size_t i = 0; e == 0 && i < ARRAY_LEN(components); i++) {
        all->probes[i] = (struct probe){.all = all, .of = &components[i]};
        e = probe(&all->probes[i], tls);
    }
    if (e < 0)
        return respond_status(r, status_new(r->arena, 500, NULL, "%s", strerror(-e)));
    request_state(r, REQUEST_STREAM);
    return PHASE_WAIT;
}
