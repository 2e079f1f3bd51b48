// SPDX-License-Identifier: Apache-2.0
/* The signer's process, run by a thread here, over real socket pairs: whatever is said on a
 * channel, its answer is the identity that the channel stands for. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kubelet/host/host.h"
#include "loop/stream.h"
#include "net/x509.h"
#include "server/identity_wire.h"
#include "server/sign_client.h"
#include "tap.h"

struct world {
    char dir[64], kubeconfig[128];
    int fds[ROLE_MAX], control;
    struct signer_channel channels[ROLE_MAX];
    struct signer_options o;
    pthread_t thread;
    int result;
    struct arena a;
    struct err e;
};

static void *run(void *ctx) {
    struct world *w = ctx;
    w->result = signer_run(&w->o);
    return NULL;
}

static void world_init(struct world *w) {
    int pair[2];
    *w = (struct world){.dir = "/tmp/test-signer-XXXXXX", .result = 1};
    arena_init(&w->a, 0);
    REQUIRE(mkdtemp(w->dir) != NULL);
    snprintf(w->kubeconfig, sizeof(w->kubeconfig), "%s/etc/kubeconfig.yaml", w->dir);
    for (int role = 0; role < ROLE_MAX; role++) {
        REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
        w->fds[role] = pair[0];
        w->channels[role] = (struct signer_channel){
            .fd = pair[1], .role = (enum role)role, .node = role == ROLE_KUBELET ? "n1" : NULL};
    }
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    w->control = pair[0];
    w->o = (struct signer_options){.kubeconfig = w->kubeconfig,
                                   .channels = w->channels,
                                   .n_channels = ROLE_MAX,
                                   .control = pair[1]};
    REQUIRE(pthread_create(&w->thread, NULL, run, w) == 0);
}

/* Ends by itself when all channels are closed. */
static void world_done(struct world *w) {
    for (int role = 0; role < ROLE_MAX; role++)
        close(w->fds[role]);
    close(w->control);
    pthread_join(w->thread, NULL);
    CHECK_INT(w->result, 0);
    host_remove_tree(w->dir);
    arena_done(&w->a);
}

static bool is_cert_of(str cert, str ca, const char *cn, const char *org) {
    str orgs = str_of(org);
    return x509_cert_covers(
        cert, ca, &(struct x509_request){.cn = str_of(cn), .orgs = &orgs, .n_orgs = org ? 1 : 0});
}

static struct identity ask(struct world *w, enum role role) {
    struct identity id = {0};
    CHECK_INT(identity_ask(w->fds[role], &w->a, &w->e, &id), 0);
    return id;
}

static void check_role(struct world *w, enum role role, const struct identity *id, str client_ca) {
    switch (role) {
    case ROLE_APISERVER:
        CHECK(is_cert_of(id->serving_cert, id->server_ca, "kube-apiserver", NULL));
        CHECK(id->token_key.n > 0 && !id->client_cert.n);
        break;
    case ROLE_CONTROLLERS:
        CHECK(is_cert_of(id->client_cert, client_ca, "system:kube-controller-manager", NULL));
        break;
    case ROLE_SCHEDULER:
        CHECK(is_cert_of(id->client_cert, client_ca, "system:kube-scheduler", NULL));
        break;
    case ROLE_KUBELET:
        CHECK(is_cert_of(id->client_cert, client_ca, "system:node:n1", "system:nodes"));
        break;
    case ROLE_MAX:
        break;
    }
    CHECK_INT(id->token_key.n > 0, role == ROLE_APISERVER);
    CHECK_INT(id->kubelet_key.n > 0, role == ROLE_APISERVER);
}

TEST(signer_one_channel_is_one_identity) {
    struct world w;
    world_init(&w);
    str ca = ask(&w, ROLE_APISERVER).client_ca;
    for (enum role role = 0; role < ROLE_MAX; role++) {
        struct identity first = ask(&w, role), second = ask(&w, role);
        check_role(&w, role, &first, ca);
        check_role(&w, role, &second, ca);
        bool same = role == ROLE_APISERVER ? str_eq(first.serving_key, second.serving_key)
                                           : str_eq(first.client_key, second.client_key);
        CHECK(!same);
    }
    world_done(&w);
}

/* Whatever is said on a channel, the answer is its own identity. */
TEST(signer_garbage_gives_nothing_else) {
    static char big[60000];
    struct world w;
    struct stat st;
    world_init(&w);
    str ca = ask(&w, ROLE_APISERVER).client_ca;
    memset(big, 'A', sizeof(big));
    char wish[160];
    snprintf(wish, sizeof(wish), "kubeconfig https://127.0.0.1:1");
    const str messages[] = {STR("kube-apiserver"), STR("\0\0\0\0\0\0\0\0"),
                            STR("CN=x,O=system:masters"), str_of(wish), str_n(big, sizeof(big))};
    for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
        char *answer = xmalloc(IDENTITY_MAX);
        struct identity id = {0};
        int fd = w.fds[ROLE_SCHEDULER];
        REQUIRE(send(fd, messages[i].p, messages[i].n, 0) == (ssize_t)messages[i].n);
        ssize_t n = recv(fd, answer, IDENTITY_MAX, 0);
        REQUIRE(n > 0);
        CHECK_INT(identity_decode(&w.a, str_n(answer, (size_t)n), &w.e, &id), 0);
        check_role(&w, ROLE_SCHEDULER, &id, ca);
        free(answer);
    }
    CHECK(stat(w.kubeconfig, &st) < 0);
    world_done(&w);
}

/* A message of no bytes is not the end of a channel: the signer would be deaf to who is started
 * again with the same one. */
TEST(signer_an_empty_message_closes_nothing) {
    struct world w;
    world_init(&w);
    str ca = ask(&w, ROLE_APISERVER).client_ca;
    REQUIRE(send(w.fds[ROLE_SCHEDULER], "", 0, 0) == 0);
    struct identity id = ask(&w, ROLE_SCHEDULER);
    check_role(&w, ROLE_SCHEDULER, &id, ca);
    REQUIRE(send(w.control, "", 0, 0) == 0);
    char reply[64];
    ssize_t n = recv(w.control, reply, sizeof(reply), 0);
    CHECK_STRC(str_n(reply, n > 0 ? (size_t)n : 0), "error unknown request");
    world_done(&w);
}

TEST(signer_goes_on_without_a_component) {
    struct world w;
    world_init(&w);
    close(w.fds[ROLE_SCHEDULER]);
    w.fds[ROLE_SCHEDULER] = -1;
    struct identity api = ask(&w, ROLE_APISERVER), id = ask(&w, ROLE_KUBELET);
    check_role(&w, ROLE_KUBELET, &id, api.client_ca);
    world_done(&w);
}

/* Who asks and does not read is not waited for. */
TEST(signer_is_not_held_up_by_who_does_not_read) {
    struct world w;
    int asked = 0;
    world_init(&w);
    while (asked < 200 && send(w.fds[ROLE_SCHEDULER], "?", 1, MSG_DONTWAIT) == 1)
        asked++;
    struct identity api = ask(&w, ROLE_APISERVER), id = ask(&w, ROLE_CONTROLLERS);
    check_role(&w, ROLE_CONTROLLERS, &id, api.client_ca);
    world_done(&w);
}

static str control(struct world *w, const char *text) {
    static char reply[1024];
    REQUIRE(send(w->control, text, strlen(text), 0) == (ssize_t)strlen(text));
    ssize_t n = recv(w->control, reply, sizeof(reply), 0);
    return str_n(reply, n > 0 ? (size_t)n : 0);
}

TEST(signer_writes_the_kubeconfig_for_the_supervisor_only) {
    struct world w;
    struct stat st;
    world_init(&w);
    CHECK_STRC(control(&w, "kubeconfig https://127.0.0.1:7443"), "ok");
    REQUIRE(stat(w.kubeconfig, &st) == 0);
    CHECK_INT(st.st_mode & 07777, 0600);
    CHECK_STRC(control(&w, "kubeconfig"), "error unknown request");
    CHECK_STRC(control(&w, "?"), "error unknown request");
    CHECK_STRC(control(&w, "sign me"), "error unknown request");
    REQUIRE(unlink(w.kubeconfig) == 0);
    REQUIRE(mkdir(w.kubeconfig, 0700) == 0);
    str reply = control(&w, "kubeconfig https://127.0.0.1:7443");
    CHECK(str_starts(reply, STR("error ")) && str_find(reply, str_of(w.kubeconfig)) > 0);
    world_done(&w);
}

struct signed_pem {
    struct arena *a;
    int answers, r;
    str pem;
};

static void on_signed(void *ctx, int r, const struct err *e, str pem) {
    struct signed_pem *s = ctx;
    s->answers++;
    s->r = r;
    s->pem = str_dup(s->a, pem);
}

static bool is_answered(void *ctx) {
    return ((struct signed_pem *)ctx)->answers > 0;
}

struct client {
    struct env env;
    struct loop *l;
    struct sign_client *c;
};

static void client_init(struct client *k, int fd) {
    env_real_init(&k->env, "test");
    loop_env_real(&k->env);
    REQUIRE(loop_new(&k->env, &k->l) == 0);
    REQUIRE(sign_client_new(k->l, fd, &k->c) == 0);
}

static void client_done(struct client *k) {
    sign_client_free(k->c);
    loop_free(k->l);
    loop_env_done(&k->env);
}

static struct signed_pem sign(struct client *k, struct world *w, str csr) {
    struct signed_pem s = {.a = &w->a};
    struct csr_order o = {
        .signer = STR(SIGNER_KUBELET_CLIENT), .pem = csr, .usages = CSR_SIGNATURE | CSR_CLIENT};
    sign_client_ask(k->c, &o, on_signed, &s);
    CHECK(loop_run_until(k->l, is_answered, &s, 60 * NSEC_PER_SEC));
    return s;
}

static str request_of(struct world *w, const char *node) {
    struct x509_key *k;
    str org = STR("system:nodes"), csr;
    struct x509_request names = {
        .cn = str_printf(&w->a, "system:node:%s", node), .orgs = &org, .n_orgs = 1};
    REQUIRE(x509_key_new(&k) == 0);
    REQUIRE(x509_csr_new(&w->a, &names, k, &csr) == 0);
    x509_key_free(k);
    return csr;
}

/* For the controller manager, but not in the name of the node beside it. */
TEST(signer_signs_for_the_controller_manager) {
    struct world w;
    struct client k;
    world_init(&w);
    str ca = ask(&w, ROLE_APISERVER).client_ca;
    client_init(&k, w.fds[ROLE_CONTROLLERS]);
    struct signed_pem s = sign(&k, &w, request_of(&w, "n2"));
    CHECK_INT(s.r, 0);
    CHECK(is_cert_of(s.pem, ca, "system:node:n2", "system:nodes"));
    CHECK_INT(sign(&k, &w, request_of(&w, "n1")).r, -EINVAL);
    CHECK_INT(sign(&k, &w, STR("junk")).r, -EINVAL);
    CHECK_INT(sign(&k, &w, str_n(arena_zalloc(&w.a, IDENTITY_CSR_MAX), IDENTITY_CSR_MAX)).r,
              -EINVAL);
    client_done(&k);
    struct identity id = ask(&w, ROLE_CONTROLLERS);
    check_role(&w, ROLE_CONTROLLERS, &id, ca);
    world_done(&w);
}

/* Others get what they always get: themselves. */
TEST(signer_signs_for_nobody_else) {
    struct world w;
    char answer[IDENTITY_MAX];
    struct identity id = {0};
    world_init(&w);
    str ca = ask(&w, ROLE_APISERVER).client_ca,
        question = str_printf(&w.a, "s 1 " SIGNER_KUBELET_CLIENT " 0 5 " STR_FMT,
                              STR_ARG(request_of(&w, "n2")));
    int fd = w.fds[ROLE_SCHEDULER];
    REQUIRE(send(fd, question.p, question.n, 0) == (ssize_t)question.n);
    ssize_t n = recv(fd, answer, sizeof(answer), 0);
    REQUIRE(n > 0);
    CHECK_INT(identity_decode(&w.a, str_n(answer, (size_t)n), &w.e, &id), 0);
    check_role(&w, ROLE_SCHEDULER, &id, ca);
    world_done(&w);
}

/* A signer that is started anew leaves orders unanswered, or answers those that were given up. */
TEST(orders_are_told_apart) {
    struct world w;
    struct client k;
    int pair[2];
    struct signed_pem first = {0}, second = {0};
    world_init(&w);
    first.a = second.a = &w.a;
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
    client_init(&k, pair[0]);
    struct csr_order o = {.signer = STR("s"), .pem = STR("p")};
    sign_client_ask(k.c, &o, on_signed, &first);
    sign_client_forget(k.c, &first);
    sign_client_ask(k.c, &o, on_signed, &second);
    static const char *const answers[] = {"S1 one", "", "junk", "S", "S x", "E9 no"};
    for (size_t i = 0; i < ARRAY_LEN(answers); i++)
        REQUIRE(send(pair[1], answers[i], strlen(answers[i]), 0) == (ssize_t)strlen(answers[i]));
    REQUIRE(send(pair[1], "S2 two", 6, 0) == 6);
    CHECK(loop_run_until(k.l, is_answered, &second, 60 * NSEC_PER_SEC));
    CHECK_INT(first.answers, 0);
    CHECK_STRC(second.pem, "two");
    client_done(&k);
    close(pair[0]);
    close(pair[1]);
    world_done(&w);
}

TEST(signer_without_its_folder_does_not_start) {
    struct world w;
    world_init(&w);
    world_done(&w);
    w.o.pki_dir = "/proc/no/such/folder";
    CHECK(signer_run(&w.o) < 0);
}
