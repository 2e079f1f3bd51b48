// SPDX-License-Identifier: Apache-2.0
#include "apiserver/run.h"

#include <stdlib.h>

#include "base/metrics.h"

/* The store can no longer keep its promises: whoever goes on would lie. */
static void fatal(void *ctx, const struct err *e) {
    log_error(loop_env(ctx), "store: %s", e->text);
    abort();
}

static int make_tls(str cert, str key, str ca, struct err *e, struct tls_config **ret) {
    static const char *const alpn[] = {"h2", "http/1.1", NULL};
    struct tls_options o = {.cert_pem = cert, .key_pem = key, .ca_pem = ca, .alpn = alpn};
    return tls_config_new(&o, true, e, ret);
}

static int open_store(struct apiserver_run *run, const struct apiserver_run_options *o,
                      struct err *e) {
    struct env *env = loop_env(run->loop);
    struct store_options so = {.ops = &store_memory_ops, .fatal = fatal, .ctx = run->loop};
    if (o->store_path) {
        so.ops = &store_sqlite_ops;
        int r = store_disk_sqlite(env, o->store_path, e, &so.disk);
        if (r < 0)
            return r;
        if (o->workers)
            so.workers = run->workers;
    } else {
        so.disk = store_disk_memory(env);
    }
    return store_open(run->loop, &so, e, &run->store);
}

static int start(struct apiserver_run *run, const struct apiserver_run_options *o, struct err *e) {
    int r = o->workers ? work_pool_new(loop_env(run->loop), o->workers, &run->workers) : 0;
    if (r < 0)
        return r;
    r = make_tls(o->cert_pem, o->key_pem, o->client_ca_pem, e, &run->tls);
    if (r < 0)
        return r;
    r = open_store(run, o, e);
    if (r < 0)
        return r;
    if (!loop_env(run->loop)->metrics)
        loop_env(run->loop)->metrics = run->metrics = metrics_new();
    struct apiserver_options ao = {.addresses = o->addresses,
                                   .tls = run->tls,
                                   .store = run->store,
                                   .authn = o->authn,
                                   .authn_ctx = o->authn_ctx,
                                   .authz = o->authz,
                                   .authz_ctx = o->authz_ctx};
    return apiserver_new(run->loop, &ao, e, &run->server);
}

int apiserver_run_start(struct loop *l, const struct apiserver_run_options *o, struct err *e,
                        struct apiserver_run *ret) {
    struct apiserver_run run = {.loop = l};
    int r = start(&run, o, e);
    if (r < 0)
        apiserver_run_stop(&run);
    else
        *ret = run;
    return r;
}

void apiserver_run_stop(struct apiserver_run *run) {
    run->server = apiserver_free(run->server);
    if (run->store)
        run->store = store_close(run->store);
    if (run->workers)
        run->workers = work_pool_free(run->workers);
    run->tls = tls_config_unref(run->tls);
    if (run->metrics) {
        loop_env(run->loop)->metrics = NULL;
        run->metrics = metrics_free(run->metrics);
    }
}

int apiserver_run_renew(struct apiserver_run *run, str cert_pem, str key_pem, str client_ca_pem,
                        struct err *e) {
    struct tls_config *tls;
    int r = make_tls(cert_pem, key_pem, client_ca_pem, e, &tls);
    if (r < 0)
        return r;
    http_server_set_tls(run->server->http, tls);
    tls_config_unref(run->tls);
    run->tls = tls;
    return 0;
}
