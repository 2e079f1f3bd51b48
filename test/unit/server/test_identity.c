// SPDX-License-Identifier: Apache-2.0
/* The form of a signer's answer. */
#include "server/identity_wire.h"

#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"

static struct identity sample(void) {
    return (struct identity){.client_cert = STR("client cert"),
                             .client_key = STR("client key"),
                             .serving_cert = STR("serving cert"),
                             .serving_key = STR("serving key"),
                             .client_ca = STR("client ca"),
                             .server_ca = STR("server ca"),
                             .kubelet_cert = STR("kubelet cert"),
                             .kubelet_key = STR("kubelet key"),
                             .token_key = STR("token key"),
                             .renew_at = 1234567890123};
}

TEST(identity_goes_over_the_wire) {
    struct identity id = sample(), got = {0};
    struct err e = {0};
    struct arena a;
    struct buf b;
    arena_init(&a, 0);
    buf_init(&b, IDENTITY_MAX);
    identity_encode(&b, &id);
    REQUIRE(identity_decode(&a, buf_str(&b), &e, &got) == 0);
    memset(b.p, 'x', b.n); /* what was decoded is a copy */
    CHECK_STRC(got.client_cert, "client cert");
    CHECK_STRC(got.client_key, "client key");
    CHECK_STRC(got.serving_cert, "serving cert");
    CHECK_STRC(got.serving_key, "serving key");
    CHECK_STRC(got.client_ca, "client ca");
    CHECK_STRC(got.server_ca, "server ca");
    CHECK_STRC(got.kubelet_cert, "kubelet cert");
    CHECK_STRC(got.kubelet_key, "kubelet key");
    CHECK_STRC(got.token_key, "token key");
    CHECK_INT(got.renew_at, 1234567890123);
    buf_done(&b);
    arena_done(&a);
}

/* A heap copy of its exact length, so that AddressSanitizer sees a read past the end. */
static int decode_copy(str message, struct err *e, struct identity *ret) {
    struct arena a;
    char *copy = malloc(message.n ? message.n : 1);
    arena_init(&a, 0);
    if (message.n)
        memcpy(copy, message.p, message.n);
    int r = identity_decode(&a, str_n(copy, message.n), e, ret);
    free(copy);
    arena_done(&a);
    return r;
}

TEST(identity_every_shorter_answer_is_refused) {
    struct identity id = sample();
    struct buf b;
    buf_init(&b, 0);
    identity_encode(&b, &id);
    for (size_t n = 0; n < b.n; n++) {
        struct identity got = {.renew_at = -1};
        struct err e = {0};
        CHECK_INT(decode_copy(str_n(b.p, n), &e, &got), n ? -EPROTO : -EACCES);
        CHECK_INT(got.renew_at, -1); /* untouched */
        CHECK(e.text[0] != '\0');
    }
    buf_done(&b);
}

TEST(identity_hostile_lengths) {
    static const uint32_t lengths[] = {~0u, 0x80000000u, 0x7fffffffu, 65536, 12};
    struct identity id = sample();
    struct buf b;
    buf_init(&b, 0);
    identity_encode(&b, &id);
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct identity got = {0};
        struct err e = {0};
        memcpy(b.p + 9, &lengths[i], sizeof(lengths[i])); /* of the first field */
        CHECK_INT(decode_copy(buf_str(&b), &e, &got), -EPROTO);
        CHECK(got.client_cert.p == NULL);
    }

    buf_done(&b);
}

TEST(identity_more_than_an_answer_is_refused) {
    struct identity id = sample(), got = {0};
    struct err e = {0};
    struct buf b;
    buf_init(&b, 0);
    identity_encode(&b, &id);
    buf_addc(&b, '\0');
    CHECK_INT(decode_copy(buf_str(&b), &e, &got), -EPROTO);
    CHECK_STRC(str_of(e.text), "the signer's answer is too long");
    buf_done(&b);
}

TEST(identity_refusals_carry_the_text) {
    struct identity got = {0};
    struct err e = {0};
    CHECK_INT(decode_copy(STR("eno such role"), &e, &got), -EACCES);
    CHECK_STRC(str_of(e.text), "the signer refused: no such role");
    CHECK_INT(decode_copy(STR("?"), &e, &got), -EACCES);
}

TEST(identity_ask_without_a_signer) {
    int fds[2];
    struct arena a;
    struct err e = {0};
    struct identity got = {.renew_at = -1};
    arena_init(&a, 0);
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0);
    close(fds[0]);
    CHECK_INT(identity_ask(fds[1], &a, &e, &got), -EPIPE);
    CHECK_STRC(str_of(e.text), "the signer does not answer");
    CHECK_INT(got.renew_at, -1);
    close(fds[1]);
    arena_done(&a);
}

/* Who died before it read its answer leaves it behind for the next, who must not take it for its
 * own. */
TEST(identity_ask_passes_over_old_answers) {
    int fds[2];
    struct arena a;
    struct err e = {0};
    struct identity got = {0};
    arena_init(&a, 0);
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0);
    CHECK(send(fds[0], "eold", 4, 0) == 4);
    CHECK(send(fds[0], "eolder", 6, 0) == 6);
    shutdown(fds[0], SHUT_WR);
    CHECK_INT(identity_ask(fds[1], &a, &e, &got), -EPIPE);
    CHECK_STRC(str_of(e.text), "the signer does not answer");
    close(fds[0]);
    close(fds[1]);
    arena_done(&a);
}
