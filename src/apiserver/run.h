// SPDX-License-Identifier: Apache-2.0
/* An API server with all it stands on: store, back end, TLS. What a process or `dev` starts. */
#pragma once

#include "apiserver/apiserver.h"

struct apiserver_run_options {
    const char *const *addresses; /* "tcp:0.0.0.0:6443"; ends in NULL */
    str cert_pem, key_pem;        /* what it serves with */
    str client_ca_pem;            /* who signs client certificates */
    const char *store_path;       /* sqlite file; NULL: in memory */
    unsigned workers;             /* threads for commits; 0: commits run on the loop */
    const struct authn_ops *authn;
    void *authn_ctx;
    const struct authz_ops *authz;
    void *authz_ctx;
};

struct apiserver_run {
    struct loop *loop;
    struct work_pool *workers;
    struct store *store;
    struct tls_config *tls;
    struct apiserver *server;
    struct metrics *metrics; /* NULL: the environment had some already */
};

/* On failure nothing is left open. */
int apiserver_run_start(struct loop *l, const struct apiserver_run_options *o, struct err *e,
                        struct apiserver_run *ret);
/* Answers what is in flight, then closes the store cleanly. */
void apiserver_run_stop(struct apiserver_run *run);
/* A renewed serving certificate. */
int apiserver_run_renew(struct apiserver_run *run, str cert_pem, str key_pem, str client_ca_pem,
                        struct err *e);
