// SPDX-License-Identifier: Apache-2.0
#include "server/csr_ask.h"

#include <stdlib.h>

#include "api/csr.h"
#include "net/crypto.h"
#include "schema/json.h"

#define CSRS      RESOURCE_OF(certificates_v1_certificatesigningrequests)
#define RETRY_MIN NSEC_PER_SEC
#define RETRY_MAX (30 * NSEC_PER_SEC)

/* CREATE -> (conflict: GET) -> WATCH; what may pass, and the end of a watch, lead back to CREATE
 * after a pause. */
struct csr_ask {
    struct csr_ask_options o;
    struct loop *loop;
    struct arena arena;
    CertificateSigningRequest request;
    struct rest_call *call;
    struct rest_watch *watch;
    struct timer retry;
    int64_t delay;
    bool told; /* that it waits */
};

static void create(struct csr_ask *q);

static struct env *env_of(struct csr_ask *q) {
    return loop_env(q->loop);
}

static void finish(struct csr_ask *q, int r, const struct err *e, str pem) {
    rest_watch_stop(TAKE(q->watch));
    q->o.done(q->o.ctx, r, e, pem);
}

static void refuse(struct csr_ask *q, int r, const char *what, str why) {
    struct err e = {0};
    err_set(&e, r, "%s: " STR_FMT, what, STR_ARG(why));
    finish(q, r, &e, STR_NONE);
}

static void later(struct csr_ask *q, str why) {
    q->delay = q->delay ? MIN(q->delay * 2, RETRY_MAX) : RETRY_MIN;
    log_warn(env_of(q), "certificate request: " STR_FMT "; again in %lld s", STR_ARG(why),
             (long long)(q->delay / NSEC_PER_SEC));
    timer_start(q->loop, &q->retry, q->delay);
}

static void on_retry(struct timer *t) {
    create(container_of(t, struct csr_ask, retry));
}

/* True when that was its end. */
static bool settled(struct csr_ask *q, const CertificateSigningRequest *c) {
    const CertificateSigningRequestCondition *denied = csr_condition(c, "Denied"),
                                             *failed = csr_condition(c, "Failed");
    if (denied)
        refuse(q, -EEXIST, "the request was denied", denied->message);
    else if (failed)
        refuse(q, -EINVAL, "the request was not signed", failed->message);
    else if (c->status.certificate.n)
        finish(q, 0, NULL, c->status.certificate);
    else
        return false;
    return true;
}

/* ---- watching ---- */

static void on_event(void *ctx, str type, str json) {
    struct csr_ask *q = ctx;
    struct arena a;
    CertificateSigningRequest c = {0};
    struct err e = {0};
    if (!str_eqc(type, "MODIFIED") && !str_eqc(type, "ADDED"))
        return;
    arena_init(&a, 0);
    if (json_read(&a, &CertificateSigningRequest_type, json, &c, NULL, &e) == 0)
        settled(q, &c);
    arena_done(&a);
}

static void on_ended(void *ctx, int r, int code, const Status *status) {
    struct csr_ask *q = ctx;
    q->watch = NULL;
    later(q, STR("the watch has ended"));
}

static void wait(struct csr_ask *q, uint64_t revision) {
    if (!q->told)
        log_info(env_of(q), "certificate request " STR_FMT " waits for approval",
                 STR_ARG(q->request.metadata.name));
    q->told = true;
    q->watch = rest_watch_start(
        q->o.client,
        &(struct rest_watch_options){
            .resource = CSRS,
            .selectors = str_printf(&q->arena, "fieldSelector=metadata.name%%3D" STR_FMT,
                                    STR_ARG(q->request.metadata.name))
                             .p,
            .after = revision,
            .event = on_event,
            .ended = on_ended,
            .ctx = q});
}

/* ---- asking ---- */

static void on_answer(void *ctx, const struct rest_result *res);

static void send(struct csr_ask *q, enum rest_verb verb) {
    bool is_create = verb == REST_CREATE;
    q->call = rest_send(
        q->o.client,
        &(struct rest_request){.verb = verb,
                               .resource = CSRS,
                               .name = is_create ? STR_NONE : q->request.metadata.name,
                               .body_type = is_create ? &CertificateSigningRequest_type : NULL,
                               .body = is_create ? &q->request : NULL,
                               .done = on_answer,
                               .ctx = q});
}

static void create(struct csr_ask *q) {
    send(q, REST_CREATE);
}

static void on_answer(void *ctx, const struct rest_result *res) {
    struct csr_ask *q = ctx;
    q->call = NULL;
    if (res->r == 0 && res->code < 300) {
        q->delay = 0;
        if (!settled(q, res->object))
            wait(q, res->revision);
    } else if (res->code == 409) {
        send(q, REST_GET);
    } else if (res->code == 401) {
        refuse(q, -EACCES, "the server does not accept the credentials", res->status->message);
    } else if (res->code == 403) {
        refuse(q, -EPERM, "the server does not allow it", res->status->message);
    } else if (res->code >= 400 && res->code < 500 && res->code != 404 && res->code != 429) {
        refuse(q, -EINVAL, "the server does not take the request", res->status->message);
    } else {
        later(q, res->code ? res->status->message : str_of(strerror(-res->r)));
    }
}

static void fill(struct csr_ask *q, str pem, str public_pem) {
    bool serving = strcmp(q->o.signer, SIGNER_KUBELET_SERVING) == 0;
    str *usages = arena_array(&q->arena, 2, sizeof(str));
    usages[0] = STR("digital signature");
    usages[1] = serving ? STR("server auth") : STR("client auth");
    q->request = (CertificateSigningRequest){
        .metadata.name = str_printf(&q->arena, "%s-csr-" STR_FMT, serving ? "serving" : "node",
                                    STR_ARG(sha256_hex(&q->arena, public_pem))),
        .spec = {.request = pem,
                 .signer_name = str_of(q->o.signer),
                 .usages = {usages, 2},
                 .expiration_seconds = {q->o.seconds > 0, q->o.seconds}}};
}

int csr_ask_start(const struct csr_ask_options *o, struct err *e, struct csr_ask **ret) {
    struct csr_ask *q = xcalloc(1, sizeof(*q));
    str pem;
    q->o = *o;
    q->loop = rest_client_loop(o->client);
    q->retry.fire = on_retry;
    arena_init(&q->arena, 0);
    int r = x509_csr_new(&q->arena, &o->names, o->key, &pem);
    if (r < 0) {
        csr_ask_free(q);
        return err_set(e, r, "a certificate request cannot be made");
    }
    fill(q, pem, x509_key_public_pem(&q->arena, o->key));
    create(q);
    *ret = q;
    return 0;
}

struct csr_ask *csr_ask_free(struct csr_ask *q) {
    if (!q)
        return NULL;
    timer_stop(q->loop, &q->retry);
    rest_cancel(q->call);
    rest_watch_stop(q->watch);
    arena_done(&q->arena);
    free(q);
    return NULL;
}
