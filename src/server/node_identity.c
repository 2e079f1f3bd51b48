// SPDX-License-Identifier: Apache-2.0
#include "server/node_identity.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/csr.h"
#include "api/version.h"
#include "server/csr_ask.h"
#include "server/pinned_ca.h"

#define PEM_MAX     (64 * 1024)
#define YEAR        (365LL * 24 * 3600)
#define LOOK        (6 * 3600 * NSEC_PER_SEC)
#define RETRY       (600 * NSEC_PER_SEC)
#define RETRY_FIRST (5 * NSEC_PER_SEC) /* the server is not there yet */
#define NAMES_MAX   16
#define SLACK       120 /* seconds: a kubelet asks when ours has been renewed for sure */

enum { CLIENT, SERVING, PAIRS };
static const char *const names[PAIRS] = {"client", "serving"};
static const char *const signers[PAIRS] = {SIGNER_KUBELET_CLIENT, SIGNER_KUBELET_SERVING};

/* A certificate with its CA behind it, and the key. */
struct pair {
    struct arena arena;
    str cert, key;    /* empty: none yet */
    int64_t renew_at; /* seconds since 1970 */
};

/* pin -> client -> serving -> complete; then, as each becomes due, client or serving again. One
 * question is on its way at a time. */
struct node_identity {
    struct node_identity_options o;
    struct loop *loop;
    struct arena arena;
    char *dir, *node, *server;
    str dns[NAMES_MAX], ips[NAMES_MAX];
    size_t n_dns, n_ips;
    str server_ca;
    struct join_token token;
    struct pair pairs[PAIRS];
    struct rest_client *client;
    bool client_is_token; /* the client above speaks with the token */
    struct pinned_ca *pin;
    struct csr_ask *ask;
    struct x509_key *ask_key;
    unsigned asking; /* of ask */
    struct timer next;
    bool was_complete, over;
};

static struct env *env_of(const struct node_identity *n) {
    return loop_env(n->loop);
}

static int64_t now_of(const struct node_identity *n) {
    return loop_wall(n->loop) / NSEC_PER_SEC;
}

/* ---- files ---- */

static str path_of(struct node_identity *n, struct arena *a, const char *name, const char *suffix) {
    return str_printf(a, "%s/%s%s", n->dir, name, suffix);
}

/* -ENOENT without a text. */
static int load(struct node_identity *n, struct arena *a, str path, struct err *e, str *ret) {
    struct buf b;
    buf_init(&b, PEM_MAX);
    int r = env_of(n)->ops->disk.read(env_of(n), path.p, PEM_MAX, &b);
    if (r == 0)
        *ret = str_dup(a, buf_str(&b));
    else if (r != -ENOENT)
        err_set(e, r, "%s: %s", path.p, strerror(-r));
    buf_done(&b);
    return r;
}

static int save(struct node_identity *n, str path, str text, struct err *e) {
    env_disk_tidy(env_of(n), path.p);
    int r = env_of(n)->ops->disk.write(env_of(n), path.p, text, 0600);
    return r < 0 ? err_set(e, r, "%s: %s", path.p, strerror(-r)) : 0;
}

/* When two thirds of a year's certificate have passed; of a shorter one, half of what is left. */
static int64_t renewal_of(int64_t not_after, int64_t now) {
    int64_t left = not_after - now;
    return left > YEAR / 3 ? not_after - YEAR / 3 : now + MAX(left, 0) / 2;
}

/* -ENOENT when there is none that is good for us. */
static int pair_load(struct node_identity *n, unsigned i, struct err *e) {
    struct pair *p = &n->pairs[i];
    struct arena fresh;
    str text;
    int64_t from, to;
    arena_init(&fresh, 0);
    int r = load(n, &fresh, path_of(n, &fresh, names[i], ".pem"), e, &text);
    ssize_t key = r == 0 ? str_find(text, STR("-----BEGIN PRIVATE KEY-----")) : -1;
    str org = STR(NODE_GROUP), cert = key > 0 ? str_slice(text, 0, (size_t)key) : STR_NONE;
    struct x509_request want = {
        .cn = str_printf(&fresh, NODE_USER_PREFIX "%s", n->node), .orgs = &org, .n_orgs = 1};
    if (i == SERVING) {
        want.dns = n->dns;
        want.n_dns = n->n_dns;
        want.ips = n->ips;
        want.n_ips = n->n_ips;
    }
    if (r == 0 &&
        (!cert.n || x509_cert_times(cert, &from, &to) < 0 || !x509_cert_covers(cert, cert, &want)))
        r = -ENOENT; /* another name, or other addresses: asked for anew */
    if (r < 0) {
        arena_done(&fresh);
        return r;
    }
    arena_done(&p->arena);
    *p = (struct pair){.arena = fresh,
                       .cert = cert,
                       .key = str_slice(text, (size_t)key, text.n),
                       .renew_at = renewal_of(to, now_of(n))};
    return 0;
}

/* The key of a request that was cut off, or a new one, which is kept before it is used: a token is
 * good for one certificate a name, and the answer may be lost. */
static int pending_key(struct node_identity *n, unsigned i, struct err *e, struct x509_key **ret) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    CLEANUP(x509_key_freep) struct x509_key *k = NULL;
    str path = path_of(n, a, names[i], ".key"), pem;
    int r = load(n, a, path, e, &pem);
    if (r == 0 && x509_key_read(pem, NULL, ret) == 0)
        return 0;
    r = x509_key_new(&k);
    if (r < 0)
        return err_set(e, r, "a new key: %s", strerror(-r));
    r = save(n, path, x509_key_pem(a, k), e);
    if (r == 0)
        *ret = TAKE(k);
    return r;
}

static void drop_pending(struct node_identity *n, unsigned i) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    env_of(n)->ops->disk.unlink(env_of(n), path_of(n, a, names[i], ".key").p);
}

/* ---- steps ---- */

static void step(struct node_identity *n);

static void again(struct node_identity *n, int64_t ns) {
    timer_start(n->loop, &n->next, ns);
}

/* What may pass is tried again; a node that works goes on whatever happens. */
static void fail(struct node_identity *n, int r, const struct err *e) {
    bool passes = r == -ECONNREFUSED || r == -ECONNRESET || r == -ETIMEDOUT || r == -EHOSTUNREACH ||
                  r == -ENETUNREACH;
    if (passes || n->was_complete) {
        log_warn(env_of(n), "%s: %s", n->was_complete ? "not renewed" : n->server,
                 e->text[0] ? e->text : strerror(-r));
        again(n, n->was_complete ? RETRY : RETRY_FIRST);
        return;
    }
    n->over = true;
    n->o.failed(n->o.ctx, r, e);
}

static void on_pinned(void *ctx, int r, const struct err *e, str ca_pem) {
    struct node_identity *n = ctx;
    struct err why = {0};
    if (r == 0) {
        CLEANUP(arena_freep) struct arena *a = arena_new(0);
        n->server_ca = str_dup(&n->arena, ca_pem);
        r = save(n, path_of(n, a, "server-ca", ".crt"), ca_pem, &why);
    } else if (e) {
        why = *e;
    }
    n->pin = pinned_ca_free(n->pin);
    if (r == 0)
        step(n);
    else
        fail(n, r, &why);
}

static int connect_client(struct node_identity *n, bool with_token, struct err *e) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    if (n->client && n->client_is_token == with_token)
        return with_token ? 0
                          : rest_client_set_identity(n->client, n->server_ca, n->pairs[CLIENT].cert,
                                                     n->pairs[CLIENT].key, e);
    n->client = rest_client_free(n->client);
    struct rest_options o = {.server = n->server,
                             .ca_pem = n->server_ca,
                             .user_agent = "coxswain-agent/" API_GIT_VERSION};
    if (with_token) {
        o.token = join_token_bearer(a, &n->token);
    } else {
        o.cert_pem = n->pairs[CLIENT].cert;
        o.key_pem = n->pairs[CLIENT].key;
    }
    n->client_is_token = with_token;
    return rest_client_new(n->loop, &o, e, &n->client);
}

static int keep(struct node_identity *n, unsigned i, str cert, struct err *e) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    str text = str_concat(a, cert, x509_key_pem(a, n->ask_key));
    int r = save(n, path_of(n, a, names[i], ".pem"), text, e);
    if (r == 0)
        r = pair_load(n, i, e);
    return r == -ENOENT ? err_set(e, -EPROTO, "the certificate is not what was asked for") : r;
}

static void on_asked(void *ctx, int r, const struct err *e, str pem) {
    struct node_identity *n = ctx;
    struct err why = {0};
    unsigned i = n->asking;
    if (r < 0)
        why = *e;
    bool refused = r < 0;
    if (r == 0)
        r = keep(n, i, pem, &why);
    if (r == 0 || refused)
        drop_pending(n, i);
    n->ask = csr_ask_free(n->ask);
    n->ask_key = x509_key_free(n->ask_key);
    if (r < 0) {
        fail(n, r, &why);
        return;
    }
    log_info(env_of(n), "got a %s certificate", names[i]);
    if (n->was_complete && n->o.changed)
        n->o.changed(n->o.ctx);
    again(n, 0); /* the next step may free the client that calls us */
}

static int ask(struct node_identity *n, unsigned i, struct err *e) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    str org = STR(NODE_GROUP);
    struct x509_request names_of = {
        .cn = str_printf(a, NODE_USER_PREFIX "%s", n->node), .orgs = &org, .n_orgs = 1};
    if (i == SERVING) {
        names_of.dns = n->dns;
        names_of.n_dns = n->n_dns;
        names_of.ips = n->ips;
        names_of.n_ips = n->n_ips;
    }
    int r = connect_client(n, i == CLIENT && !n->pairs[CLIENT].cert.n, e);
    if (r == 0)
        r = pending_key(n, i, e, &n->ask_key);
    n->asking = i;
    if (r == 0)
        r = csr_ask_start(&(struct csr_ask_options){.client = n->client,
                                                    .signer = signers[i],
                                                    .key = n->ask_key,
                                                    .names = names_of,
                                                    .seconds = YEAR,
                                                    .done = on_asked,
                                                    .ctx = n},
                          e, &n->ask);
    if (r < 0)
        n->ask_key = x509_key_free(n->ask_key);
    return r;
}

static bool is_due(const struct node_identity *n, unsigned i) {
    return !n->pairs[i].cert.n || n->pairs[i].renew_at <= now_of(n);
}

/* A certificate is asked for with the node's own, or for the first time with the token. */
static int begin(struct node_identity *n, struct err *e) {
    bool may_join = n->o.token != NULL;
    if (!n->pairs[CLIENT].cert.n && !may_join)
        return err_set(e, -EINVAL, "this machine has not joined: --token is needed");
    if (!n->server_ca.n)
        return pinned_ca_ask(n->loop, n->server, n->token.ca_hash, on_pinned, n, e, &n->pin);
    return ask(n, is_due(n, CLIENT) ? CLIENT : SERVING, e);
}

static void step(struct node_identity *n) {
    struct err e = {0};
    if (n->ask || n->pin || n->over)
        return;
    if (!n->was_complete && node_identity_complete(n)) {
        n->was_complete = true;
        if (n->o.changed)
            n->o.changed(n->o.ctx);
    }
    if (!is_due(n, CLIENT) && !is_due(n, SERVING)) {
        int64_t left = MIN(n->pairs[CLIENT].renew_at, n->pairs[SERVING].renew_at) - now_of(n);
        again(n, MIN(LOOK, left * NSEC_PER_SEC));
        return;
    }
    int r = begin(n, &e);
    if (r < 0)
        fail(n, r, &e);
}

static void on_next(struct timer *t) {
    step(container_of(t, struct node_identity, next));
}

/* ---- life ---- */

static void add_name(struct node_identity *n, str name) {
    char bytes[16], text[INET6_ADDRSTRLEN];
    if (!name.n)
        return;
    snprintf(text, sizeof(text), "%.*s", (int)MIN(name.n, sizeof(text) - 1), name.p);
    bool ip = name.n < sizeof(text) &&
              (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1);
    str *list = ip ? n->ips : n->dns;
    size_t *count = ip ? &n->n_ips : &n->n_dns;
    for (size_t i = 0; i < *count; i++)
        if (str_eq(list[i], name))
            return;
    if (*count < NAMES_MAX)
        list[(*count)++] = str_dup(&n->arena, name);
}

/* The CA is the one that this machine has known; with a token of another server it is another. */
static int load_all(struct node_identity *n, struct err *e) {
    str ca = STR_NONE;
    uint8_t hash[32];
    int r = load(n, &n->arena, path_of(n, &n->arena, "server-ca", ".crt"), e, &ca);
    if (r == 0)
        r = pair_load(n, CLIENT, e);
    bool joined = r == 0;
    if (r == -ENOENT && n->o.token && ca.n && x509_key_sha256(ca, hash) == 0 &&
        memcmp(hash, n->token.ca_hash, sizeof(hash)) != 0)
        ca = STR_NONE; /* never joined there */
    n->server_ca = ca;
    if (joined && n->o.token)
        log_info(env_of(n), "this machine has joined before; the token is not needed");
    if (joined)
        r = pair_load(n, SERVING, e);
    return r == -ENOENT ? 0 : r;
}

int node_identity_new(struct loop *l, const struct node_identity_options *o, struct err *e,
                      struct node_identity **ret) {
    struct node_identity *n = xcalloc(1, sizeof(*n));
    n->loop = l;
    n->o = *o;
    n->next.fire = on_next;
    arena_init(&n->arena, 0);
    n->dir = xstrndup(o->dir, strlen(o->dir));
    n->node = xstrndup(o->node, strlen(o->node));
    n->server = xstrndup(o->server, strlen(o->server));
    if (o->token)
        n->token = *o->token;
    add_name(n, str_of(o->node));
    str rest = str_of(o->addresses ? o->addresses : "");
    while (rest.n)
        add_name(n, str_cut(&rest, ','));
    int r = env_of(n)->ops->disk.mkdir(env_of(n), o->dir, 0700);
    if (r < 0)
        err_set(e, r, "%s: %s", o->dir, strerror(-r));
    if (r == 0)
        r = load_all(n, e);
    if (r < 0) {
        node_identity_free(n);
        return r;
    }
    again(n, 0);
    *ret = n;
    return 0;
}

struct node_identity *node_identity_free(struct node_identity *n) {
    if (!n)
        return NULL;
    timer_stop(n->loop, &n->next);
    csr_ask_free(n->ask);
    x509_key_free(n->ask_key);
    pinned_ca_free(n->pin);
    rest_client_free(n->client);
    for (unsigned i = 0; i < PAIRS; i++)
        arena_done(&n->pairs[i].arena);
    arena_done(&n->arena);
    free(n->dir);
    free(n->node);
    free(n->server);
    free(n);
    return NULL;
}

bool node_identity_complete(const struct node_identity *n) {
    return n->pairs[CLIENT].cert.n && n->pairs[SERVING].cert.n;
}

/* What stands behind the first certificate. */
static str ca_of(str chain) {
    str mark = STR("-----BEGIN CERTIFICATE-----");
    ssize_t at = chain.n > mark.n ? str_find(str_slice(chain, mark.n, chain.n), mark) : -1;
    return at < 0 ? STR_NONE : str_slice(chain, (size_t)at + mark.n, chain.n);
}

struct identity node_identity_get(const struct node_identity *n) {
    const struct pair *client = &n->pairs[CLIENT], *serving = &n->pairs[SERVING];
    return (struct identity){.client_cert = client->cert,
                             .client_key = client->key,
                             .serving_cert = serving->cert,
                             .serving_key = serving->key,
                             .client_ca = ca_of(client->cert),
                             .server_ca = n->server_ca,
                             .renew_at = MIN(client->renew_at, serving->renew_at) + SLACK};
}
