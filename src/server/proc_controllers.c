// SPDX-License-Identifier: Apache-2.0
#include "api/version.h"
#include "controllers/controllers.h"
#include "server/proc.h"

/* Upstream's defaults are 20 and 30 a controller client; ours share one. */
#define QPS   1000
#define BURST 2000

static void on_lost(void *ctx) {
    struct component *c = ctx;
    log_error(&c->env, "leadership lost");
    loop_stop(c->loop);
}

static int sign(void *ctx, struct arena *a, str signer, str csr_pem, int64_t seconds, struct err *e,
                str *ret_pem) {
    const struct component *c = ctx;
    return identity_sign(c->channel, a, signer, csr_pem, seconds, e, ret_pem);
}

int proc_controllers(const void *ctx, int ready_fd) {
    struct component c;
    struct err e = {0};
    struct controller_manager *m = NULL;
    if (component_open(&c, "kube-controller-manager", ctx, true) < 0)
        return 1;
    struct controller_manager_options o = {
        .env = &c.env,
        .rest = {.server = c.config->api_url,
                 .ca_pem = c.identity.server_ca,
                 .cert_pem = c.identity.client_cert,
                 .key_pem = c.identity.client_key,
                 .user_agent = "kube-controller-manager/" API_GIT_VERSION,
                 .qps = QPS,
                 .burst = BURST},
        .config = {.root_ca_pem = c.identity.server_ca,
                   .sign = c.channel >= 0 ? sign : NULL, /* by itself it knows no signer */
                   .sign_ctx = &c},
        .leader_elect = c.config->leader_elect,
    };
    int r = controller_manager_new(c.loop, &o, on_lost, &c, &e, &m);
    if (r < 0) {
        log_error(&c.env, "%s", e.text);
    } else {
        component_ready(ready_fd, NULL);
        loop_run(c.loop);
        controller_manager_free(m);
    }
    component_close(&c);
    return r < 0 ? 1 : 0;
}
