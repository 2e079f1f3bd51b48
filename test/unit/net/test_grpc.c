// SPDX-License-Identifier: Apache-2.0
#include "grpc_double.h"
#include "net/grpc.h"
#include "net/grpc_impl.h"

#define CALLS_MAX 300

struct answer {
    struct fixture *f;
    unsigned done, messages;
    enum grpc_status status;
    struct buf text, body;
    bool cancel_in_message, free_in_message, free_in_done;
    struct grpc_call *call;
};

struct fixture {
    struct world w;
    struct grpc_double d;
    struct grpc_client *c;
    struct answer a[CALLS_MAX];
};

static void start(struct fixture *f) {
    memset(f, 0, sizeof(*f));
    world_init(&f->w);
    double_start(&f->d, f->w.l, "unix:/run/cri.sock");
    REQUIRE(grpc_client_new(f->w.l, "unix:/run/cri.sock", &f->c) == 0);
}

static void stop(struct fixture *f) {
    grpc_client_free(f->c);
    pass(&f->w, NSEC_PER_SEC);
    double_stop(&f->d);
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        buf_done(&f->a[i].text);
        buf_done(&f->a[i].body);
    }
    world_done(&f->w);
}

static void on_done(void *ctx, enum grpc_status status, str message, str response) {
    struct answer *a = ctx;
    a->done++;
    a->status = status;
    a->call = NULL;
    buf_add(&a->text, message);
    buf_add(&a->body, response);
    if (a->free_in_done)
        a->f->c = grpc_client_free(a->f->c);
}

static void on_message(void *ctx, str message) {
    struct answer *a = ctx;
    a->messages++;
    if (a->cancel_in_message)
        grpc_call_cancel(TAKE(a->call));
    if (a->free_in_message)
        a->f->c = grpc_client_free(a->f->c);
    buf_add(&a->body, message); /* still ours to read */
}

static void call(struct fixture *f, unsigned i, const char *path, str request, bool streams,
                 int64_t timeout) {
    struct answer *a = &f->a[i];
    a->f = f;
    struct grpc_call_options o = {
        .path = path,
        .request = request,
        .timeout_ns = timeout,
        .on_message = streams ? on_message : NULL,
        .on_done = on_done,
        .ctx = a,
    };
    a->call = grpc_call(f->c, &o);
}

TEST(unary_calls) {
    static struct fixture f;
    start(&f);
    for (unsigned i = 0; i < 150; i++) { /* more than the server takes at once */
        char text[16];
        snprintf(text, sizeof(text), "call %u", i);
        call(&f, i, "/t/Echo", str_of(text), false, 0);
    }
    CHECK_INT(f.a[0].done, 0);
    pass(&f.w, 5 * NSEC_PER_SEC);
    for (unsigned i = 0; i < 150; i++) {
        char text[16];
        snprintf(text, sizeof(text), "call %u", i);
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].status, GRPC_OK);
        CHECK_STRC(buf_str(&f.a[i].body), text);
    }
    call(&f, 150, "/t/Echo", STR(""), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[150].status, GRPC_OK);
    CHECK_INT(f.a[150].body.n, 0);
    CHECK_INT(f.d.n_conns, 1);
    stop(&f);
}

TEST(what_the_server_sees) {
    static struct fixture f;
    start(&f);
    call(&f, 0, "/t/Meta", STR(""), false, 90 * NSEC_PER_SEC);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_STRC(buf_str(&f.a[0].body), ":authority=localhost;te=trailers;"
                                      "content-type=application/grpc;grpc-timeout=90000000u;");
    stop(&f);
}

TEST(big_messages_both_ways) {
    static struct fixture f;
    static char big[12 << 20];
    start(&f);
    memset(big, 'x', sizeof(big));
    call(&f, 0, "/t/Echo", str_n(big, sizeof(big)), false, 0);
    call(&f, 1, "/t/Big", STR(""), false, 0);
    call(&f, 2, "/t/Echo", str_n(big, GRPC_MESSAGE_MAX + 1u), false, 0);
    pass(&f.w, 60 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].status, GRPC_OK);
    CHECK_INT(f.a[0].body.n, sizeof(big));
    CHECK_INT(f.a[1].body.n, 8 << 20);
    CHECK_INT(f.a[2].status, GRPC_RESOURCE_EXHAUSTED);
    stop(&f);
}

static const struct {
    const char *path;
    bool streams;
    enum grpc_status status;
    const char *text;
} ends[] = {
    {"/t/Fail", false, GRPC_NOT_FOUND, "no such pod \"a%\" %zz\xc3\xa9"},
    {"/t/Http503", false, GRPC_UNAVAILABLE, "unexpected HTTP status 503"},
    {"/t/Reset", false, GRPC_UNAVAILABLE, "REFUSED_STREAM"},
    {"/t/NoStatus", false, GRPC_INTERNAL, "stream ended without a status"},
    {"/t/Two", false, GRPC_INTERNAL, "more than one message"},
    {"/t/TooBig", false, GRPC_RESOURCE_EXHAUSTED, "message is too long"},
    {"/t/TooBig", true, GRPC_RESOURCE_EXHAUSTED, "message is too long"},
    {"/t/Compressed", false, GRPC_RESOURCE_EXHAUSTED, "message is compressed"},
    {"/t/Count", true, GRPC_OK, ""},
};

TEST(ends_of_calls) {
    static struct fixture f;
    start(&f);
    for (unsigned i = 0; i < ARRAY_LEN(ends); i++)
        call(&f, i, ends[i].path, STR("r"), ends[i].streams, 0);
    pass(&f.w, 5 * NSEC_PER_SEC);
    for (unsigned i = 0; i < ARRAY_LEN(ends); i++) {
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].status, ends[i].status);
        CHECK_STRC(buf_str(&f.a[i].text), ends[i].text);
    }
    CHECK_INT(f.a[8].messages, 10);
    CHECK_STRC(buf_str(&f.a[8].body), "0123456789");
    CHECK_INT(f.d.n_conns, 1);
    stop(&f);
}

TEST(deadlines_and_cancellation_reach_the_server) {
    static struct fixture f;
    start(&f);
    call(&f, 0, "/t/Hang", STR(""), false, 2 * NSEC_PER_SEC);
    call(&f, 1, "/t/Forever", STR(""), true, 3 * NSEC_PER_SEC);
    call(&f, 2, "/t/Hang", STR(""), false, 0);
    f.a[3].cancel_in_message = true;
    call(&f, 3, "/t/Forever", STR(""), true, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 0);
    CHECK_INT(f.a[3].messages, 1);
    CHECK_STRC(buf_str(&f.a[3].body), "tick");
    CHECK_INT(f.d.n_cancelled, 1);
    grpc_call_cancel(f.a[2].call);
    pass(&f.w, NSEC_PER_SEC / 2);
    CHECK_INT(f.d.n_cancelled, 2);
    pass(&f.w, 3 * NSEC_PER_SEC);
    CHECK_INT(f.a[0].status, GRPC_DEADLINE_EXCEEDED);
    CHECK_INT(f.a[1].status, GRPC_DEADLINE_EXCEEDED);
    CHECK(f.a[1].messages > 100);
    CHECK_INT(f.a[2].done, 0);
    CHECK_INT(f.a[3].done, 0);
    CHECK_INT(f.d.n_cancelled, 4);
    stop(&f);
}

TEST(connections_are_made_anew) {
    static struct fixture f;
    start(&f);
    call(&f, 0, "/t/Forever", STR(""), true, 0);
    call(&f, 1, "/t/Hang", STR(""), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    double_cut(&f.d);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].status, GRPC_UNAVAILABLE);
    CHECK_INT(f.a[1].status, GRPC_UNAVAILABLE);
    CHECK(has_text(buf_str(&f.a[1].text), "unix:/run/cri.sock"));
    call(&f, 2, "/t/Echo", STR("again"), false, 0);
    pass(&f.w, NSEC_PER_SEC / 10);
    CHECK_INT(f.a[2].status, GRPC_OK);
    CHECK_INT(f.d.n_conns, 2);
    stop(&f);
}

TEST(a_server_that_is_down_is_left_alone_for_a_while) {
    static struct fixture f;
    start(&f);
    loop_sim_net(&f.w.sim)->refuse = true;
    call(&f, 0, "/t/Echo", STR(""), false, 0);
    call(&f, 1, "/t/Echo", STR(""), false, 0);
    pass(&f.w, 10 * NSEC_PER_MSEC);
    CHECK_INT(f.a[0].status, GRPC_UNAVAILABLE);
    CHECK_INT(f.a[1].status, GRPC_UNAVAILABLE);
    loop_sim_net(&f.w.sim)->refuse = false;
    call(&f, 2, "/t/Echo", STR(""), false, 0);
    pass(&f.w, 10 * NSEC_PER_MSEC);
    CHECK_INT(f.a[2].status, GRPC_UNAVAILABLE);
    pass(&f.w, GRPC_BACKOFF_MIN);
    call(&f, 3, "/t/Echo", STR(""), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[3].status, GRPC_OK);
    stop(&f);
}

TEST(goodbye_moves_new_calls_to_a_new_connection) {
    static struct fixture f;
    start(&f);
    call(&f, 0, "/t/Forever", STR(""), true, 0);
    pass(&f.w, NSEC_PER_SEC);
    call(&f, 1, "/t/Goodbye", STR("x"), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[1].status, GRPC_OK);
    CHECK_INT(f.a[0].done, 0);
    unsigned before = f.a[0].messages;
    call(&f, 2, "/t/Echo", STR("x"), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[2].status, GRPC_OK);
    CHECK_INT(f.d.n_conns, 2);
    CHECK(f.a[0].messages > before);
    grpc_call_cancel(f.a[0].call);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].done, 0);
    stop(&f);
}

TEST(the_client_can_go_at_any_time) {
    static struct fixture f;
    start(&f);
    call(&f, 0, "/t/Hang", STR(""), false, 0);
    call(&f, 1, "/t/Forever", STR(""), true, 0);
    pass(&f.w, NSEC_PER_SEC);
    call(&f, 2, "/t/Echo", STR(""), false, 0);
    f.c = grpc_client_free(f.c);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(f.a[i].done, 1);
        CHECK_INT(f.a[i].status, GRPC_CANCELLED);
    }
    stop(&f);
    start(&f);
    f.a[0].free_in_message = true;
    call(&f, 0, "/t/Count", STR(""), true, 0);
    call(&f, 1, "/t/Hang", STR(""), true, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[0].messages, 1);
    CHECK_INT(f.a[0].done, 1);
    CHECK_INT(f.a[1].done, 1);
    stop(&f);
    start(&f);
    f.a[0].free_in_done = true;
    for (unsigned i = 0; i < 5; i++)
        call(&f, i, "/t/Echo", STR(""), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    for (unsigned i = 0; i < 5; i++)
        CHECK_INT(f.a[i].done, 1);
    stop(&f);
}

TEST(calls_are_bounded) {
    static struct fixture f;
    start(&f);
    for (unsigned i = 0; i < GRPC_CALLS_MAX; i++)
        call(&f, 0, "/t/Hang", STR(""), false, 0);
    call(&f, 1, "/t/Echo", STR(""), false, 0);
    pass(&f.w, NSEC_PER_SEC);
    CHECK_INT(f.a[1].status, GRPC_RESOURCE_EXHAUSTED);
    stop(&f);
}

TEST(cuts_anywhere) {
    static struct fixture f;
    unsigned good = 0;
    start(&f);
    loop_sim_net(&f.w.sim)->cut_per_million = 20000;
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        call(&f, i, i % 3 ? "/t/Echo" : "/t/Count", STR("x"), i % 3 == 0, 10 * NSEC_PER_SEC);
        pass(&f.w, 20 * NSEC_PER_MSEC);
    }
    pass(&f.w, 30 * NSEC_PER_SEC);
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        CHECK_INT(f.a[i].done, 1);
        good += f.a[i].status == GRPC_OK;
        if (f.a[i].status == GRPC_OK)
            CHECK_STRC(buf_str(&f.a[i].body), i % 3 ? "x" : "0123456789");
        else
            CHECK_INT(f.a[i].status, GRPC_UNAVAILABLE);
    }
    CHECK(good > CALLS_MAX / 2);
    CHECK(f.d.n_conns > 3);
    stop(&f);
}

TEST(timeouts_as_text) {
    static const struct {
        int64_t ns;
        const char *text;
    } t[] = {
        {0, "1n"},
        {1, "1n"},
        {99999998, "99999998n"},
        {100000000, "100000u"},
        {2 * NSEC_PER_SEC, "2000000u"},
        {1000 * NSEC_PER_SEC, "1000000m"},
        {1000000 * NSEC_PER_SEC, "1000000S"},
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        char out[32];
        grpc_timeout_text(out, t[i].ns);
        CHECK_STRC(str_of(out), t[i].text);
    }
    char out[32];
    grpc_timeout_text(out, INT64_MAX);
    CHECK(strlen(out) <= 9);
}
