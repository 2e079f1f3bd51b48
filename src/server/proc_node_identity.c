// SPDX-License-Identifier: Apache-2.0
/* The process of an agent that is what the signer is to a server: it has the node's keys, renews
 * its certificates, and answers the kubelet's channel. */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/child.h"
#include "loop/stream.h"
#include "server/identity_wire.h"
#include "server/node_identity.h"
#include "server/proc.h"

struct keeper {
    struct env env;
    struct loop *loop;
    struct node_identity *identity;
    struct io channel;
    int ready_fd;
    bool told, asked; /* asked: the kubelet waits for an answer */
    int status;
};

static void answer(struct keeper *k) {
    struct buf b;
    struct identity id = node_identity_get(k->identity);
    k->asked = false;
    buf_init(&b, IDENTITY_MAX);
    identity_encode(&b, &id);
    if (send(k->channel.fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)b.n)
        log_warn(&k->env, "the kubelet did not take its identity");
    explicit_bzero(b.p, b.n);
    buf_done(&b);
}

static void on_channel(struct io *io, unsigned events) {
    struct keeper *k = container_of(io, struct keeper, channel);
    char question;
    ssize_t n = recv(io->fd, &question, 1, MSG_DONTWAIT);
    if ((n == 0 && events & IO_HUP) || (n < 0 && errno != EAGAIN)) {
        loop_stop(k->loop);
        return;
    }
    k->asked |= n > 0;
    if (k->asked && node_identity_complete(k->identity))
        answer(k);
}

static void on_changed(void *ctx) {
    struct keeper *k = ctx;
    if (!k->told)
        component_ready(k->ready_fd, NULL);
    k->told = true;
    if (k->asked)
        answer(k);
}

static void on_failed(void *ctx, int r, const struct err *e) {
    struct keeper *k = ctx;
    log_error(&k->env, "%s", e->text[0] ? e->text : strerror(-r));
    k->status = 1;
    loop_stop(k->loop);
}

static void on_signal(void *ctx, int sig) {
    loop_stop(((struct keeper *)ctx)->loop);
}

static int open_keeper(struct keeper *k, const struct server_config *c, int channel,
                       struct err *e) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    k->channel = (struct io){.fd = channel, .want = IO_READ, .ready = on_channel};
    const struct node_identity_options o = {
        .dir = str_printf(a, "%s/" NODE_IDENTITY_DIR, c->data_dir).p,
        .server = c->api_url,
        .node = c->node_name,
        .addresses = str_printf(a, "%s,%s", c->hostname, c->node_ip).p,
        .changed = on_changed,
        .failed = on_failed,
        .ctx = k,
    };
    int r = node_identity_new(k->loop, &o, e, &k->identity);
    return r == 0 ? io_add(k->loop, &k->channel) : r;
}

int proc_node_identity(const void *ctx, int ready_fd) {
    static const int stops[] = {SIGTERM, SIGINT};
    const struct component_start *s = ctx;
    struct signals *signals = NULL;
    struct keeper k = {.ready_fd = ready_fd};
    struct err e = {0};
    env_real_init(&k.env, "node-identity");
    loop_env_real(&k.env);
    int r = loop_new(&k.env, &k.loop);
    if (r == 0)
        r = signals_watch(k.loop, stops, ARRAY_LEN(stops), on_signal, &k, &signals);
    if (r == 0)
        r = open_keeper(&k, s->config, s->channel, &e);
    if (r == 0)
        r = loop_run(k.loop);
    if (r < 0)
        log_error(&k.env, "%s", e.text[0] ? e.text : strerror(-r));
    if (k.loop) {
        node_identity_free(k.identity);
        signals_free(signals);
        loop_free(k.loop);
    }
    loop_env_done(&k.env);
    return r < 0 ? 1 : k.status;
}
