// SPDX-License-Identifier: Apache-2.0
/* The signer's process. It holds the CA keys, listens to nothing but its channels, and ends with
 * the supervisor. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/child.h"
#include "loop/stream.h"
#include "server/identity_wire.h"
#include "server/pki.h"

#define CONTROL_MAX 1024

struct signer {
    const struct signer_options *o;
    struct env env;
    struct loop *loop;
    struct pki *pki;
    struct io control;
    struct signer_peer {
        struct io io;
        struct signer *signer;
        const struct signer_channel *who;
    } peers[SIGNER_CHANNELS_MAX];
    size_t open;
};

static void closed(struct signer *s, struct io *io) {
    io_remove(io);
    close(io->fd);
    if (--s->open == 0)
        loop_stop(s->loop);
}

static void answer(struct signer *s, const struct signer_channel *who, int fd) {
    struct arena a;
    struct buf b;
    struct err e = {0};
    struct identity id;
    arena_init(&a, 0);
    buf_init(&b, IDENTITY_MAX);
    if (pki_identity(s->pki, &a, who, &e, &id) == 0) {
        identity_encode(&b, &id);
        log_info(&s->env, "issued the identity of %s%s%s", role_names[who->role],
                 who->node ? " " : "", who->node ? who->node : "");
    } else {
        buf_addc(&b, IDENTITY_ERROR);
        buf_add(&b, str_of(e.text));
        log_error(&s->env, "%s: %s", role_names[who->role], e.text);
    }
    if (send(fd, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)b.n)
        log_warn(&s->env, "%s did not take its identity", role_names[who->role]);
    if (b.p)
        explicit_bzero(b.p, b.n);
    buf_done(&b);
    arena_done(&a);
}

/* Of a channel: an empty message is none, and the channel must serve who is started next. */
static bool is_end(ssize_t n, unsigned events) {
    return n == 0 ? events & IO_HUP : n < 0 && errno != EAGAIN;
}

static void on_channel(struct io *io, unsigned events) {
    struct signer_peer *p = container_of(io, struct signer_peer, io);
    char question;
    ssize_t n = recv(io->fd, &question, 1, MSG_DONTWAIT);
    if (n == 1)
        answer(p->signer, p->who, io->fd);
    else if (is_end(n, events))
        closed(p->signer, io);
}

/* "kubeconfig https://127.0.0.1:6443" */
static void on_control(struct io *io, unsigned events) {
    struct signer *s = container_of(io, struct signer, control);
    char text[CONTROL_MAX];
    ssize_t n = recv(io->fd, text, sizeof(text), MSG_DONTWAIT);
    if (n < 0 || is_end(n, events)) {
        if (is_end(n, events))
            closed(s, io);
        return;
    }
    str rest = str_n(text, (size_t)n);
    str word = str_cut(&rest, ' ');
    struct err e = {0};
    char reply[CONTROL_MAX] = "ok";
    int r = str_eqc(word, "kubeconfig") && rest.n
                ? pki_admin_kubeconfig(s->pki, s->o->kubeconfig, rest, &e)
                : err_set(&e, -EINVAL, "unknown request");
    if (r < 0)
        snprintf(reply, sizeof(reply), "error %s", e.text);
    if (send(io->fd, reply, strlen(reply), MSG_NOSIGNAL) < 0)
        log_warn(&s->env, "the supervisor does not listen");
}

static int listen_all(struct signer *s) {
    ASSERT(s->o->n_channels <= SIGNER_CHANNELS_MAX);
    for (size_t i = 0; i < s->o->n_channels; i++) {
        struct signer_peer *p = &s->peers[i];
        *p = (struct signer_peer){.signer = s, .who = &s->o->channels[i]};
        p->io = (struct io){.fd = p->who->fd, .want = IO_READ, .ready = on_channel};
        int r = io_add(s->loop, &p->io);
        if (r < 0)
            return r;
        s->open++;
    }
    s->control = (struct io){.fd = s->o->control, .want = IO_READ, .ready = on_control};
    s->open++;
    return io_add(s->loop, &s->control);
}

static void on_signal(void *ctx, int sig) {
    loop_stop(((struct signer *)ctx)->loop);
}

int signer_run(const struct signer_options *o) {
    /* An end that is asked for waits for the loop: no file with a key is left half-written. */
    static const int stops[] = {SIGTERM, SIGINT};
    struct signals *signals = NULL;
    struct signer s = {.o = o};
    struct err e = {0};
    env_real_init(&s.env, "signer");
    loop_env_real(&s.env);
    int r = loop_new(&s.env, &s.loop);
    if (r == 0)
        r = signals_watch(s.loop, stops, ARRAY_LEN(stops), on_signal, &s, &signals);
    if (r == 0)
        r = pki_open(&s.env, o->pki_dir, &e, &s.pki);
    if (r < 0)
        log_error(&s.env, "%s", e.text[0] ? e.text : strerror(-r));
    if (r == 0)
        r = listen_all(&s);
    if (r == 0)
        r = loop_run(s.loop);
    pki_free(s.pki);
    signals_free(signals);
    if (s.loop)
        loop_free(s.loop);
    loop_env_done(&s.env);
    return r;
}
