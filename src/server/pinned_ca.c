// SPDX-License-Identifier: Apache-2.0
#include "server/pinned_ca.h"

#include <stdlib.h>

#include "client/rest.h"
#include "net/tls.h"

struct pinned_ca {
    struct tls_config *tls;
    struct connect *connect;
    struct tls_handshake *shake;
    struct arena arena;
    const char *host;
    void (*done)(void *ctx, int r, const struct err *e, str ca_pem);
    void *ctx;
};

static void on_shaken(void *ctx, int r, struct stream *s, const struct err *e) {
    struct pinned_ca *p = ctx;
    p->shake = NULL;
    str pem = r == 0 ? str_dup(&p->arena, tls_peer(s)->ca_pem) : STR_NONE;
    stream_close(s);
    p->done(p->ctx, r, e, pem);
}

static void on_connected(void *ctx, int r, struct stream *s) {
    struct pinned_ca *p = ctx;
    struct err e = {0};
    p->connect = NULL;
    if (r == 0) {
        p->shake = tls_start(p->tls, s, p->host, on_shaken, p);
        return;
    }
    err_set(&e, r, "%s", strerror(-r));
    p->done(p->ctx, r, &e, STR_NONE);
}

int pinned_ca_ask(struct loop *l, const char *server, const uint8_t pin[32],
                  void (*done)(void *ctx, int r, const struct err *e, str ca_pem), void *ctx,
                  struct err *e, struct pinned_ca **ret) {
    struct pinned_ca *p = xcalloc(1, sizeof(*p));
    const char *address;
    str host;
    bool use_tls;
    p->done = done;
    p->ctx = ctx;
    arena_init(&p->arena, 0);
    int r = rest_parse_server(&p->arena, server, &use_tls, &host, &address);
    if (r < 0 || !use_tls)
        r = err_set(e, -EINVAL, "server %s: want https://HOST:PORT", server);
    if (r == 0) {
        p->host = str_cdup(&p->arena, host);
        r = tls_config_new(&(struct tls_options){.ca_pin = pin}, false, e, &p->tls);
    }
    if (r == 0) {
        r = transport_connect(l, address, on_connected, p, &p->connect);
        if (r < 0)
            err_set(e, r, "%s: %s", server, strerror(-r));
    }
    if (r < 0)
        pinned_ca_free(p);
    else
        *ret = p;
    return r;
}

struct pinned_ca *pinned_ca_free(struct pinned_ca *p) {
    if (!p)
        return NULL;
    if (p->connect)
        connect_cancel(p->connect);
    if (p->shake)
        tls_cancel(p->shake);
    tls_config_unref(p->tls);
    arena_done(&p->arena);
    free(p);
    return NULL;
}
