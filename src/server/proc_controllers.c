// SPDX-License-Identifier: Apache-2.0
#include "api/version.h"
#include "controllers/controllers.h"
#include "server/proc.h"
#include "server/sign_client.h"

/* Upstream's defaults are 20 and 30 a controller client; ours share one. */
#define QPS   1000
#define BURST 2000
#define PORT  10257

struct controllers_process {
    struct component c;
    struct controller_manager *manager;
};

static void on_renewed(struct component *c) {
    struct controllers_process *p = container_of(c, struct controllers_process, c);
    const struct identity *id = &c->identity;
    struct err e = {0};
    if (p->manager && rest_client_set_identity(controller_manager_client(p->manager), id->server_ca,
                                               id->client_cert, id->client_key, &e) < 0)
        log_error(&c->env, "renewed certificate: %s", e.text);
}

static void on_lost(void *ctx) {
    struct component *c = ctx;
    log_error(&c->env, "leadership lost");
    loop_stop(c->loop);
}

static void sign(void *ctx, const struct csr_order *o,
                 void (*done)(void *ctx, int r, const struct err *e, str pem), void *done_ctx) {
    sign_client_ask(ctx, o, done, done_ctx);
}

static void forget(void *ctx, const void *done_ctx) {
    sign_client_forget(ctx, done_ctx);
}

int proc_controllers(const void *ctx, int ready_fd) {
    struct controllers_process p = {.manager = NULL};
    struct component *c = &p.c;
    struct diagnostics *diagnostics = NULL;
    struct sign_client *signer = NULL;
    struct err e = {0};
    if (component_open(c, "kube-controller-manager", ctx, true) < 0)
        return 1;
    c->renewed = on_renewed;
    /* By itself it knows no signer. */
    if (c->channel >= 0 && sign_client_new(c->loop, c->channel, &signer) < 0)
        log_error(&c->env, "no certificates are signed: the signer's channel is not to be used");
    struct controller_manager_options o = {
        .env = &c->env,
        .rest = {.server = c->config->api_url,
                 .ca_pem = c->identity.server_ca,
                 .cert_pem = c->identity.client_cert,
                 .key_pem = c->identity.client_key,
                 .user_agent = "kube-controller-manager/" API_GIT_VERSION,
                 .qps = QPS,
                 .burst = BURST},
        .config = {.root_ca_pem = c->identity.server_ca,
                   .sign = signer ? sign : NULL,
                   .forget = forget,
                   .sign_ctx = signer},
        .leader_elect = c->config->leader_elect,
    };
    int r = controller_manager_new(c->loop, &o, on_lost, c, &e, &p.manager);
    if (r < 0)
        log_error(&c->env, "%s", e.text);
    else
        r = component_diagnostics(c, controller_manager_client(p.manager), PORT, &diagnostics);
    if (r == 0) {
        component_ready(ready_fd, NULL);
        loop_run(c->loop);
    }
    diagnostics_free(diagnostics);
    controller_manager_free(p.manager);
    sign_client_free(signer);
    component_close(c);
    return r < 0 ? 1 : 0;
}
