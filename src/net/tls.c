// SPDX-License-Identifier: Apache-2.0
/* TLS over any stream, as a stream.
 *
 * OpenSSL reads and writes the stream below through a BIO of ours. Reading is what it seems;
 * writing never fails for want of room: what the stream below does not take is kept (one record at
 * most, as writev takes nothing new while something is kept). So SSL_write is never retried, and
 * its rule that a retry must bring the same bytes binds nobody.
 *
 * Readiness is level-triggered here too, though bytes may wait inside of OpenSSL where epoll does
 * not see them: a timer of zero then reports IO_READ in the next turn, behind the other
 * connections. An idle session holds no buffers (SSL_MODE_RELEASE_BUFFERS). */
#include <limits.h>
#include <stdlib.h>

#include "net/ossl.h"
#include "net/tls_impl.h"

#define TLS_RECORD       (16 * 1024)
#define TLS_WRITE_BUDGET (256 * 1024)

static int bio_write(BIO *b, const char *p, int n) {
    struct tls_session *s = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (s->error)
        return -1;
    ssize_t r = outq_write2(&s->out, s->under, str_n(p, (size_t)n), STR_NONE);
    if (r < 0) {
        s->error = (int)r;
        return -1;
    }
    return n;
}

static int bio_read(BIO *b, char *p, int n) {
    struct tls_session *s = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    ssize_t r = stream_read(s->under, p, (size_t)n);
    if (r == -EAGAIN)
        BIO_set_retry_read(b);
    else if (r < 0)
        s->error = (int)r;
    else if (r == 0)
        s->eof = true;
    return r < 0 ? -1 : (int)r;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr) {
    const struct tls_session *s = BIO_get_data(b);
    switch (cmd) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    case BIO_CTRL_EOF:
        return s && s->eof;
    default:
        return 0;
    }
}

static int bio_create(BIO *b) {
    BIO_set_init(b, 1);
    return 1;
}

BIO_METHOD *tls_bio_new(void) {
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK | 127, "stream");
    if (!m)
        return NULL;
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_ctrl(m, bio_ctrl);
    BIO_meth_set_create(m, bio_create);
    return m;
}

static struct tls_session *of(struct stream *s) {
    return container_of(s, struct tls_session, s);
}

static void update_under(struct tls_session *s) {
    unsigned want = s->want & (IO_READ | IO_WRITE);
    if (outq_pending(&s->out))
        want |= IO_WRITE;
    stream_want(s->under, want);
}

int tls_session_flush(struct tls_session *s) {
    if (outq_pending(&s->out) && !s->error) {
        ssize_t n = outq_flush(&s->out, s->under);
        if (n < 0)
            s->error = (int)n;
    }
    return s->error;
}

/* Bytes that can be read without the stream below becoming readable. */
static bool has_pending(const struct tls_session *s) {
    return !s->starved && SSL_has_pending(s->ssl);
}

static ssize_t tls_read(struct stream *stream, void *p, size_t n) {
    struct tls_session *s = of(stream);
    ERR_clear_error();
    int r = SSL_read(s->ssl, p, (int)MIN(n, (size_t)INT_MAX));
    if (r > 0) {
        s->starved = false;
        if ((s->want & IO_READ) && !timer_on(&s->again) && has_pending(s))
            timer_start(s->s.loop, &s->again, 0);
        return r;
    }
    int why = SSL_get_error(s->ssl, r);
    ERR_clear_error();
    timer_stop(s->s.loop, &s->again);
    s->starved = true;
    if (outq_pending(&s->out))
        update_under(s); /* an answer of the protocol's own */
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return -EAGAIN;
    if (why == SSL_ERROR_ZERO_RETURN)
        return 0;
    if (!s->error) /* an end without close_notify may be an attacker's */
        s->error = s->eof ? -ECONNRESET : -EPROTO;
    return s->error;
}

/* Gathers up to one record's bytes behind offset `at`; directly where they stand in one piece. */
static str next_record(const struct iovec *iov, int n, size_t at, char *scratch) {
    size_t len = 0;
    for (int i = 0; i < n && len < TLS_RECORD; i++) {
        if (at >= iov[i].iov_len) {
            at -= iov[i].iov_len;
            continue;
        }
        size_t part = MIN(iov[i].iov_len - at, (size_t)TLS_RECORD - len);
        if (!len && (part == TLS_RECORD || i == n - 1))
            return str_n((const char *)iov[i].iov_base + at, part);
        memcpy(scratch + len, (const char *)iov[i].iov_base + at, part);
        len += part;
        at = 0;
    }
    return str_n(scratch, len);
}

static ssize_t tls_writev(struct stream *stream, const struct iovec *iov, int n) {
    struct tls_session *s = of(stream);
    char scratch[TLS_RECORD];
    size_t done = 0;
    if (s->shut)
        return -EPIPE;
    while (tls_session_flush(s) == 0 && !outq_pending(&s->out) && done < TLS_WRITE_BUDGET) {
        str rec = next_record(iov, n, done, scratch);
        if (!rec.n)
            break;
        ERR_clear_error();
        int r = SSL_write(s->ssl, rec.p, (int)rec.n);
        if (r <= 0) {
            ERR_clear_error();
            s->error = s->error ? s->error : -EPROTO;
            break;
        }
        done += (size_t)r;
    }
    update_under(s);
    if (done)
        return (ssize_t)done;
    return s->error ? s->error : -EAGAIN;
}

static void tls_want(struct stream *stream, unsigned events) {
    struct tls_session *s = of(stream);
    s->want = events;
    update_under(s);
    if (!(events & IO_READ))
        timer_stop(s->s.loop, &s->again);
    else if (!timer_on(&s->again) && has_pending(s))
        timer_start(s->s.loop, &s->again, 0);
}

static void pass_shutdown(struct tls_session *s) {
    if (s->shut && !outq_pending(&s->out))
        s->under->ops->shutdown(s->under);
}

static void tls_shutdown(struct stream *stream) {
    struct tls_session *s = of(stream);
    if (s->shut || s->error)
        return;
    ERR_clear_error();
    SSL_shutdown(s->ssl);
    ERR_clear_error();
    s->shut = true;
    update_under(s);
    pass_shutdown(s);
}

static void tls_close(struct stream *stream) {
    struct tls_session *s = of(stream);
    if (!s->shut && !s->error && !s->shake) {
        SSL_shutdown(s->ssl);
        ERR_clear_error();
    }
    tls_session_free(s);
}

static const struct stream_ops tls_ops = {
    .read = tls_read,
    .writev = tls_writev,
    .want = tls_want,
    .shutdown = tls_shutdown,
    .close = tls_close,
};

static void read_again(struct timer *t) {
    struct tls_session *s = container_of(t, struct tls_session, again);
    if (s->s.ready && (s->want & IO_READ))
        s->s.ready(&s->s, IO_READ);
}

static void under_ready(struct stream *under, unsigned events) {
    struct tls_session *s = under->ctx;
    bool was_pending = outq_pending(&s->out);
    if (events & IO_WRITE)
        tls_session_flush(s);
    if (was_pending && !outq_pending(&s->out))
        pass_shutdown(s);
    unsigned tell = events & IO_HUP;
    if (events & (IO_READ | IO_HUP) || s->error)
        tell |= s->want & IO_READ;
    if ((events & IO_WRITE && !outq_pending(&s->out)) || s->error)
        tell |= s->want & IO_WRITE;
    s->starved = false;
    update_under(s);
    if (tell && s->s.ready)
        s->s.ready(&s->s, tell);
}

struct tls_session *tls_session_new(struct tls_config *c, struct stream *under) {
    struct tls_session *s = xcalloc(1, sizeof(*s));
    s->s.ops = &tls_ops;
    s->s.loop = under->loop;
    s->s.tls = s;
    memcpy(s->s.peer, under->peer, sizeof(s->s.peer));
    s->config = tls_config_ref(c);
    s->under = under;
    s->again.fire = read_again;
    s->ssl = SSL_new(c->ctx);
    BIO *b = BIO_new(c->bio);
    ASSERT(s->ssl && b); /* only for want of memory */
    BIO_set_data(b, s);
    SSL_set_bio(s->ssl, b, b);
    return s;
}

void tls_session_free(struct tls_session *s) {
    timer_stop(s->s.loop, &s->again);
    SSL_free(s->ssl);
    stream_close(s->under);
    outq_done(&s->out);
    arena_free(s->arena);
    tls_config_unref(s->config);
    free(s);
}

void tls_session_open(struct tls_session *s) {
    s->under->ctx = s;
    s->under->ready = under_ready;
    update_under(s);
}

const struct tls_peer *tls_peer(const struct stream *s) {
    return s->tls ? s->tls->peer : NULL;
}

str tls_alpn(const struct stream *s) {
    const unsigned char *p = NULL;
    unsigned n = 0;
    if (s->tls)
        SSL_get0_alpn_selected(s->tls->ssl, &p, &n);
    return str_n((const char *)p, n);
}
