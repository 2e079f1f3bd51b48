// SPDX-License-Identifier: Apache-2.0
/* The two ends of an identity channel (SOCK_SEQPACKET): a question of one byte, an answer of
 * numbered strings, each with its length. */
#include "server/identity_wire.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_TIMEOUT_MS 10000

const char *const role_names[ROLE_MAX] = {
    [ROLE_APISERVER] = "kube-apiserver",
    [ROLE_CONTROLLERS] = "kube-controller-manager",
    [ROLE_SCHEDULER] = "kube-scheduler",
    [ROLE_KUBELET] = "kubelet",
};

static void fields(struct identity *id, str *ret[IDENTITY_FIELDS]) {
    str *all[IDENTITY_FIELDS] = {
        &id->client_cert, &id->client_key,   &id->serving_cert, &id->serving_key, &id->client_ca,
        &id->server_ca,   &id->kubelet_cert, &id->kubelet_key,  &id->kubelet_ca,  &id->proxy_cert,
        &id->proxy_key,   &id->proxy_ca,     &id->token_key,
    };
    memcpy(ret, all, sizeof(all));
}

void identity_encode(struct buf *b, struct identity *id) {
    str *all[IDENTITY_FIELDS];
    fields(id, all);
    buf_addc(b, IDENTITY_OK);
    buf_add(b, str_n((const char *)&id->renew_at, sizeof(id->renew_at)));
    for (int i = 0; i < IDENTITY_FIELDS; i++) {
        uint32_t n = (uint32_t)all[i]->n;
        buf_add(b, str_n((const char *)&n, sizeof(n)));
        buf_add(b, *all[i]);
    }
}

static bool take(str *rest, void *p, size_t n) {
    if (rest->n < n)
        return false;
    memcpy(p, rest->p, n);
    *rest = str_slice(*rest, n, rest->n);
    return true;
}

int identity_decode(struct arena *a, str message, struct err *e, struct identity *ret) {
    struct identity id = {0};
    str *all[IDENTITY_FIELDS];
    char kind = 0;
    fields(&id, all);
    if (!take(&message, &kind, 1) || kind != IDENTITY_OK)
        return err_set(e, -EACCES, "the signer refused: " STR_FMT, STR_ARG(message));
    if (!take(&message, &id.renew_at, sizeof(id.renew_at)))
        return err_set(e, -EPROTO, "the signer's answer is cut short");
    for (int i = 0; i < IDENTITY_FIELDS; i++) {
        uint32_t n;
        if (!take(&message, &n, sizeof(n)) || message.n < n)
            return err_set(e, -EPROTO, "the signer's answer is cut short");
        *all[i] = str_dup(a, str_slice(message, 0, n));
        message = str_slice(message, n, message.n);
    }
    if (message.n)
        return err_set(e, -EPROTO, "the signer's answer is too long");
    *ret = id;
    return 0;
}

/* Of a certificate that was still to be signed: whoever waits for it asks again. */
static bool is_sign_answer(char kind) {
    return kind == IDENTITY_SIGNED || kind == IDENTITY_REFUSED;
}

/* One question, one answer. Bytes of the answer, in memory of IDENTITY_MAX. */
static ssize_t exchange(int channel, str question, char *answer) {
    struct pollfd p = {.fd = channel, .events = POLLIN};
    /* Answers that one who died did not read. */
    while (recv(channel, answer, IDENTITY_MAX, MSG_DONTWAIT) > 0)
        ;
    if (send(channel, question.p, question.n, MSG_NOSIGNAL) != (ssize_t)question.n)
        return -1;
    ssize_t n;
    do {
        n = poll(&p, 1, ASK_TIMEOUT_MS) == 1 ? recv(channel, answer, IDENTITY_MAX, 0) : -1;
    } while (n > 0 && is_sign_answer(answer[0]));
    return n;
}

int identity_ask(int channel, struct arena *a, struct err *e, struct identity *ret) {
    char *answer = xmalloc(IDENTITY_MAX);
    ssize_t n = exchange(channel, STR("?"), answer);
    int r = n > 0 ? identity_decode(a, str_n(answer, (size_t)n), e, ret)
                  : err_set(e, -EPIPE, "the signer does not answer");
    explicit_bzero(answer, IDENTITY_MAX);
    free(answer);
    return r;
}
