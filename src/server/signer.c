// SPDX-License-Identifier: Apache-2.0
/* The signer's process. It holds the CA keys, listens to nothing but its channels, and ends with
 * the supervisor. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/csr.h"
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

static void reply(struct signer *s, const struct signer_channel *who, int fd, struct buf *b) {
    if (send(fd, b->p, b->n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)b->n)
        log_warn(&s->env, "%s did not take its answer", role_names[who->role]);
    if (b->p)
        explicit_bzero(b->p, b->n);
    buf_done(b);
}

/* The node beside us gets its identity over a channel; that name is nobody else's. */
static bool is_ours(const struct signer *s, str name) {
    str node = str_slice(name, sizeof(NODE_USER_PREFIX) - 1, name.n);
    for (size_t i = 0; str_starts(name, STR(NODE_USER_PREFIX)) && i < s->o->n_channels; i++)
        if (s->o->channels[i].node && str_eqc(node, s->o->channels[i].node))
            return true;
    return false;
}

static int sign(struct signer *s, struct arena *a, const struct csr_order *o, struct err *e,
                str *ret_pem) {
    struct x509_request names;
    int r = csr_check(a, o, e, &names);
    if (r == 0 && is_ours(s, names.cn))
        r = err_set(e, -EINVAL, "the name is that of this machine's node");
    return r < 0 ? r : pki_sign(s->pki, a, o, s->o->csr_seconds, e, ret_pem);
}

/* rest: "ID SIGNER SECONDS USAGES PEM" */
static void answer_sign(struct signer *s, const struct signer_channel *who, int fd, str rest) {
    struct arena a;
    struct buf b;
    struct err e = {0};
    str id = str_cut(&rest, ' '), pem;
    struct csr_order o = {.signer = str_cut(&rest, ' ')};
    str seconds = str_cut(&rest, ' '), usages = str_cut(&rest, ' ');
    int64_t bits = 0;
    arena_init(&a, 0);
    buf_init(&b, IDENTITY_MAX);
    o.pem = rest;
    int r = str_to_i64(seconds, &o.seconds);
    if (r == 0)
        r = str_to_i64(usages, &bits);
    o.usages = (unsigned)bits;
    r = r < 0 ? err_set(&e, r, "bad request") : sign(s, &a, &o, &e, &pem);
    buf_addc(&b, r == 0 ? IDENTITY_SIGNED : IDENTITY_REFUSED);
    buf_add(&b, id);
    buf_addc(&b, ' ');
    buf_add(&b, r == 0 ? pem : str_of(e.text));
    reply(s, who, fd, &b);
    arena_done(&a);
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
    reply(s, who, fd, &b);
    arena_done(&a);
}

/* Of a channel: an empty message is none, and the channel must serve who is started next. */
static bool is_end(ssize_t n, unsigned events) {
    return n == 0 ? events & IO_HUP : n < 0 && errno != EAGAIN;
}

static void on_channel(struct io *io, unsigned events) {
    struct signer_peer *p = container_of(io, struct signer_peer, io);
    char *question = xmalloc(IDENTITY_CSR_MAX);
    ssize_t n = recv(io->fd, question, IDENTITY_CSR_MAX, MSG_DONTWAIT);
    str text = str_n(question, n > 0 ? (size_t)n : 0);
    if (p->who->role == ROLE_CONTROLLERS && n > 2 && text.p[0] == IDENTITY_SIGN)
        answer_sign(p->signer, p->who, io->fd, str_slice(text, 2, text.n));
    else if (n > 0)
        answer(p->signer, p->who, io->fd);
    else if (is_end(n, events))
        closed(p->signer, io);
    free(question);
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
