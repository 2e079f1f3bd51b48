// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/transport_sim.h"
#include "tap.h"

/* A client that sends `total` bytes of a known pattern and reads them back from an echo server,
 * which stops reading while it has too much to send. Runs alike on every transport. */
#define ECHO_HOLD 10000

struct echo_end {
    struct echo *e;
    struct stream *s;
    struct buf pending;
    size_t sent, received;
    bool finished;
};

struct echo {
    struct loop *l;
    struct listener *listener;
    struct echo_end client, server;
    struct connect *connecting;
    size_t total;
    int error;
    size_t most_pending;
};

static unsigned char pattern(size_t i) {
    return (unsigned char)(i * 31 + (i >> 8));
}

static void end_finish(struct echo_end *x, int error) {
    if (error)
        x->e->error = error;
    x->finished = true;
    stream_close(x->s);
    x->s = NULL;
}

static void server_ready(struct stream *s, unsigned events) {
    struct echo_end *x = s->ctx;
    char bytes[3000];
    if (events & IO_READ) {
        ssize_t n = stream_read(s, bytes, sizeof(bytes));
        if (n > 0)
            buf_add(&x->pending, str_n(bytes, (size_t)n));
        if (n == 0 || (n < 0 && n != -EAGAIN)) {
            end_finish(x, (int)n);
            return;
        }
    }
    if (x->pending.n) {
        struct iovec iov[2] = {{x->pending.p, x->pending.n / 2},
                               {x->pending.p + x->pending.n / 2, x->pending.n - x->pending.n / 2}};
        ssize_t n = stream_writev(s, iov, 2);
        if (n > 0)
            buf_consume(&x->pending, (size_t)n);
        if (n < 0 && n != -EAGAIN) {
            end_finish(x, (int)n);
            return;
        }
    }
    x->e->most_pending = MAX(x->e->most_pending, x->pending.n);
    stream_want(s, (x->pending.n < ECHO_HOLD ? IO_READ : 0u) | (x->pending.n ? IO_WRITE : 0u));
}

static void client_ready(struct stream *s, unsigned events) {
    struct echo_end *x = s->ctx;
    unsigned char bytes[5000];
    if ((events & IO_WRITE) && x->sent < x->e->total) {
        size_t n = MIN(sizeof(bytes), x->e->total - x->sent);
        for (size_t i = 0; i < n; i++)
            bytes[i] = pattern(x->sent + i);
        struct iovec iov = {bytes, n};
        ssize_t put = stream_writev(s, &iov, 1);
        if (put < 0 && put != -EAGAIN) {
            end_finish(x, (int)put);
            return;
        }
        x->sent += put > 0 ? (size_t)put : 0;
    }
    if (events & (IO_READ | IO_HUP)) {
        ssize_t n = stream_read(s, bytes, sizeof(bytes));
        for (ssize_t i = 0; i < n; i++)
            REQUIRE(bytes[i] == pattern(x->received++));
        if (x->received == x->e->total || n == 0 || (n < 0 && n != -EAGAIN)) {
            end_finish(x, n == 0 ? -EPIPE : n < 0 ? (int)n : 0);
            return;
        }
    }
    stream_want(s, IO_READ | (x->sent < x->e->total ? IO_WRITE : 0u));
}

static void echo_accepted(struct listener *l, struct stream *s) {
    struct echo *e = l->ctx;
    e->server.s = s;
    s->ctx = &e->server;
    s->ready = server_ready;
    stream_want(s, IO_READ);
}

static void echo_connected(void *ctx, int r, struct stream *s) {
    struct echo *e = ctx;
    e->connecting = NULL;
    if (r < 0) {
        e->error = r;
        e->client.finished = e->server.finished = true;
        return;
    }
    e->client.s = s;
    s->ctx = &e->client;
    s->ready = client_ready;
    stream_want(s, IO_READ | IO_WRITE);
}

static bool echo_over(void *ctx) {
    struct echo *e = ctx;
    return e->client.finished && e->server.finished;
}

static void echo_run(struct echo *e, struct loop *l, const char *address, size_t total) {
    struct err err = {0};
    *e = (struct echo){.l = l, .total = total};
    e->client.e = e->server.e = e;
    if (transport_listen(l, address, &err, &e->listener) < 0) {
        tap_fail(__FILE__, __LINE__, "%s", err.text);
        return;
    }
    e->listener->accepted = echo_accepted;
    e->listener->ctx = e;
    CHECK_INT(transport_connect(l, e->listener->address, echo_connected, e, &e->connecting), 0);
    CHECK(loop_run_until(l, echo_over, e, 60 * NSEC_PER_SEC));
}

static void echo_done(struct echo *e) {
    listener_close(e->listener);
    stream_close(e->client.s);
    stream_close(e->server.s);
    connect_cancel(e->connecting);
    buf_done(&e->server.pending);
}

static void real_echo(const char *address, const char *bound) {
    struct env env;
    struct loop *l;
    struct echo e;
    env_real_init(&env, "test");
    loop_env_real(&env);
    REQUIRE(loop_new(&env, &l) == 0);
    echo_run(&e, l, address, 3000000);
    CHECK_INT(e.error, 0);
    CHECK_INT(e.client.received, 3000000);
    CHECK(e.most_pending <= ECHO_HOLD + 3000);
    CHECK(str_starts(str_of(e.listener->address), str_of(bound)));
    CHECK(!str_ends(str_of(e.listener->address), STR(":0")));
    echo_done(&e);
    loop_free(l);
    loop_env_done(&env);
}

TEST(tcp4) {
    real_echo("tcp:127.0.0.1:0", "tcp:127.0.0.1:");
}
TEST(tcp_by_name) {
    real_echo("tcp:localhost:0", "tcp:");
}

TEST(tcp6) {
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0)
        return tap_diag("no IPv6 here");
    close(fd);
    real_echo("tcp:[::1]:0", "tcp:[::1]:");
}

TEST(unix_socket) {
    char dir[] = "/tmp/test_stream.XXXXXX", address[64];
    REQUIRE(mkdtemp(dir));
    snprintf(address, sizeof(address), "unix:%s/s", dir);
    real_echo(address, address);
    CHECK_INT(rmdir(dir), 0); /* the socket file went with the listener */
}

TEST(unix_socket_stale_file) {
    char dir[] = "/tmp/test_stream.XXXXXX", address[64];
    struct env env;
    struct loop *l;
    struct listener *first, *second;
    struct err e = {0};
    REQUIRE(mkdtemp(dir));
    snprintf(address, sizeof(address), "unix:%s/s", dir);
    env_real_init(&env, "test");
    loop_env_real(&env);
    REQUIRE(loop_new(&env, &l) == 0);
    REQUIRE(transport_listen(l, address, &e, &first) == 0);
    CHECK_INT(transport_listen(l, address, &e, &second), -EADDRINUSE);
    char moved[64];
    snprintf(moved, sizeof(moved), "%s/moved", dir);
    CHECK_INT(link(address + 5, moved), 0); /* a file that stays when the listener goes */
    listener_close(first);
    CHECK_INT(rename(moved, address + 5), 0);
    CHECK_INT(transport_listen(l, address, &e, &second), 0);
    listener_close(second);
    CHECK_INT(rmdir(dir), 0);
    loop_free(l);
    loop_env_done(&env);
}

TEST(bad_addresses) {
    static const struct {
        const char *address;
        int r;
    } cases[] = {
        {"", -EINVAL},
        {"tcp:", -EINVAL},
        {"tcp:127.0.0.1", -EINVAL},
        {"tcp::80", -EINVAL},
        {"tcp:1.2.3.4:", -EINVAL},
        {"tcp:1.2.3.4:65536", -EINVAL},
        {"tcp:::1:80", -EINVAL},
        {"unix:", -EINVAL},
        {"http://x", -EINVAL},
        {"tcp:no.such.host.invalid:1", -EADDRNOTAVAIL},
    };
    struct env env;
    struct loop *l;
    env_real_init(&env, "test");
    loop_env_real(&env);
    REQUIRE(loop_new(&env, &l) == 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct listener *listener;
        struct err e = {0};
        CHECK_INT(transport_listen(l, cases[i].address, &e, &listener), cases[i].r);
        CHECK(e.text[0] != 0);
    }
    loop_free(l);
    loop_env_done(&env);
}

static int connect_result;
static void got_result(void *ctx, int r, struct stream *s) {
    connect_result = r;
    stream_close(s);
}
static bool has_result(void *ctx) {
    return connect_result != 1;
}

TEST(refused_is_told_later) {
    struct env env;
    struct loop *l;
    struct connect *c;
    env_real_init(&env, "test");
    loop_env_real(&env);
    REQUIRE(loop_new(&env, &l) == 0);
    static const char *const addresses[] = {"tcp:127.0.0.1:1", "unix:/nonexistent/socket"};
    static const int results[] = {-ECONNREFUSED, -ENOENT};
    for (size_t i = 0; i < 2; i++) {
        connect_result = 1;
        CHECK_INT(transport_connect(l, addresses[i], got_result, NULL, &c), 0);
        CHECK_INT(connect_result, 1);
        CHECK(loop_run_until(l, has_result, NULL, 10 * NSEC_PER_SEC));
        CHECK_INT(connect_result, results[i]);
        connect_result = 1;
        CHECK_INT(transport_connect(l, addresses[i], got_result, NULL, &c), 0);
        connect_cancel(c);
        loop_run_until(l, has_result, NULL, 10 * NSEC_PER_MSEC);
        CHECK_INT(connect_result, 1);
    }
    loop_free(l);
    loop_env_done(&env);
}

static int n_accepted;
static void count_accepted(struct listener *l, struct stream *s) {
    n_accepted++;
    stream_close(s);
}
static bool two_accepted(void *ctx) {
    return n_accepted >= 2;
}
static bool never(void *ctx) {
    return false;
}

static struct rusage usage(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u;
}

/* Out of descriptors: connections wait, the loop does not spin, and goes on once there are some. */
TEST(out_of_descriptors) {
    struct env env;
    struct loop *l;
    struct listener *listener;
    struct err e = {0};
    struct rlimit before, low;
    env_real_init(&env, "test");
    loop_env_real(&env);
    n_accepted = 0;
    REQUIRE(loop_new(&env, &l) == 0);
    char path[] = "/tmp/test_stream.XXXXXX", address[64];
    REQUIRE(mkdtemp(path));
    snprintf(address, sizeof(address), "unix:%s/s", path);
    REQUIRE(transport_listen(l, address, &e, &listener) == 0);
    listener->accepted = count_accepted;
    for (int i = 0; i < 2; i++) {
        struct connect *c;
        connect_result = 0;
        REQUIRE(transport_connect(l, address, got_result, NULL, &c) == 0);
    }
    getrlimit(RLIMIT_NOFILE, &before);
    low = before;
    low.rlim_cur = 3; /* no new ones */
    setrlimit(RLIMIT_NOFILE, &low);
    int64_t cpu = usage().ru_utime.tv_usec + usage().ru_stime.tv_usec;
    loop_run_until(l, never, NULL, 250 * NSEC_PER_MSEC);
    cpu = usage().ru_utime.tv_usec + usage().ru_stime.tv_usec - cpu;
    CHECK(cpu < 100000);
    CHECK_INT(n_accepted, 0);
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK(loop_run_until(l, two_accepted, NULL, 10 * NSEC_PER_SEC));
    listener_close(listener);
    rmdir(path);
    loop_free(l);
    loop_env_done(&env);
}

static void close_listener(struct listener *l, struct stream *s) {
    stream_close(s);
    n_accepted++;
    listener_close(l);
}

static bool one_accepted(void *ctx) {
    return n_accepted > 0;
}

TEST(listener_closed_while_accepting) {
    struct env env;
    struct loop *l;
    struct listener *listener;
    struct connect *c;
    env_real_init(&env, "test");
    loop_env_real(&env);
    n_accepted = 0;
    REQUIRE(loop_new(&env, &l) == 0);
    REQUIRE(transport_listen(l, "tcp:127.0.0.1:0", NULL, &listener) == 0);
    listener->accepted = close_listener;
    for (int i = 0; i < 3; i++)
        CHECK_INT(transport_connect(l, listener->address, got_result, NULL, &c), 0);
    CHECK(loop_run_until(l, one_accepted, NULL, 10 * NSEC_PER_SEC));
    loop_run_until(l, never, NULL, 20 * NSEC_PER_MSEC);
    CHECK_INT(n_accepted, 1);
    loop_free(l);
    loop_env_done(&env);
}

static struct echo sim_echo(struct env_sim *sim, uint64_t seed, unsigned cuts) {
    struct loop *l;
    struct echo e;
    env_sim_init(sim, seed);
    loop_env_sim(sim);
    loop_sim_net(sim)->cut_per_million = cuts;
    REQUIRE(loop_new_sim(sim, &l) == 0);
    echo_run(&e, l, "tcp:10.0.0.1:0", 500000);
    log_info(&sim->env, "echo: %zu sent, %zu received, error %d", e.client.sent, e.client.received,
             e.error);
    echo_done(&e);
    loop_free(l);
    loop_env_done(&sim->env);
    return e;
}

TEST(simulated_streams) {
    struct env_sim a, b, c;
    struct echo e = sim_echo(&a, tap_seed(), 0);
    CHECK_INT(e.error, 0);
    CHECK_INT(e.client.received, 500000);
    CHECK(e.most_pending <= ECHO_HOLD + 3000);
    CHECK(a.now_mono > NSEC_PER_MSEC + NSEC_PER_SEC);
    sim_echo(&b, tap_seed(), 0);
    CHECK_INT(a.now_mono, b.now_mono); /* same seed: same course */
    CHECK(memcmp(a.rng, b.rng, sizeof(a.rng)) == 0);
    sim_echo(&c, tap_seed() + 1, 0);
    CHECK(a.now_mono != c.now_mono);
    env_sim_done(&a);
    env_sim_done(&b);
    env_sim_done(&c);
}

TEST(simulated_cuts) {
    unsigned cut = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct env_sim sim;
        struct echo e = sim_echo(&sim, seed, 5000);
        CHECK(e.error == 0 || e.error == -ECONNRESET);
        CHECK((e.error == 0) == (e.client.received == 500000));
        cut += e.error != 0;
        env_sim_done(&sim);
    }
    CHECK(cut > 10 && cut < 50);
}

/* A reader that does not read: the writer gets as much in as the pipe holds, then -EAGAIN. */
TEST(simulated_back_pressure) {
    struct env_sim sim;
    struct loop *l;
    struct echo e = {0};
    env_sim_init(&sim, tap_seed());
    loop_env_sim(&sim);
    REQUIRE(loop_new_sim(&sim, &l) == 0);
    e.l = l;
    e.client.e = e.server.e = &e;
    REQUIRE(transport_listen(l, "sim:x", NULL, &e.listener) == 0);
    e.listener->accepted = echo_accepted;
    e.listener->ctx = &e;
    REQUIRE(transport_connect(l, "sim:x", echo_connected, &e, &e.connecting) == 0);
    loop_run_until(l, never, NULL, 2 * NSEC_PER_MSEC);
    REQUIRE(e.client.s && e.server.s);
    stream_want(e.server.s, 0);
    e.client.s->ready = NULL;
    static char bytes[10000];
    size_t total = 0;
    ssize_t n;
    while ((n = stream_writev(e.client.s, &(struct iovec){bytes, sizeof(bytes)}, 1)) > 0)
        total += (size_t)n;
    CHECK_INT(n, -EAGAIN);
    CHECK_INT(total, SIM_PIPE_BYTES);
    stream_want(e.client.s, 0);
    loop_run(l);
    loop_sim_cut(&sim, "sim:other");
    CHECK(stream_read(e.server.s, bytes, sizeof(bytes)) > 0);
    CHECK(stream_writev(e.client.s, &(struct iovec){bytes, 1}, 1) > 0);
    loop_sim_cut(&sim, "sim:x");
    CHECK_INT(stream_read(e.server.s, bytes, 1), -ECONNRESET);
    connect_result = 1;
    loop_sim_net(&sim)->refuse = true;
    CHECK_INT(transport_connect(l, "sim:x", got_result, NULL, &e.connecting), 0);
    CHECK(loop_run_until(l, has_result, NULL, NSEC_PER_SEC));
    CHECK_INT(connect_result, -ECONNREFUSED);
    e.connecting = NULL;
    echo_done(&e);
    loop_free(l);
    loop_env_done(&sim.env);
    env_sim_done(&sim);
}
