// SPDX-License-Identifier: Apache-2.0
#include "server/pki.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "api/csr.h"
#include "base/base64.h"
#include "net/crypto.h"
#include "net/x509.h"

#define PEM_MAX  (64 * 1024)
#define YEAR     (365LL * 24 * 3600)
#define CA_YEARS 10
#define SAN_MAX  32
#define ADMIN    "coxswain:admin"
#define MASTERS  "system:masters"

struct authority {
    str cert; /* PEM */
    struct x509_key *key;
};

struct pki {
    struct env *env;
    struct arena arena;
    char *dir;
    struct authority client, server, kubelet, proxy;
    struct x509_key *token_key;
    str old_token_keys; /* PEM; empty: none */
};

/* ---- what is kept ---- */

static str path_of(struct pki *p, struct arena *a, const char *name) {
    return str_printf(a, "%s/%s", p->dir, name);
}

static int load(struct pki *p, const char *name, str *ret) {
    struct buf b;
    if (!p->dir)
        return -ENOENT;
    buf_init(&b, PEM_MAX);
    int r = p->env->ops->disk.read(p->env, path_of(p, &p->arena, name).p, PEM_MAX, &b);
    if (r == 0)
        *ret = str_dup(&p->arena, buf_str(&b));
    buf_done(&b);
    return r;
}

static int save(struct pki *p, const char *name, str pem, struct err *e) {
    if (!p->dir)
        return 0;
    str path = path_of(p, &p->arena, name);
    env_disk_tidy(p->env, path.p);
    int r = p->env->ops->disk.write(p->env, path.p, pem, 0600);
    return r < 0 ? err_set(e, r, "%s: %s", path.p, strerror(-r)) : 0;
}

static int key_make(struct pki *p, const char *name, struct err *e, struct x509_key **ret) {
    CLEANUP(x509_key_freep) struct x509_key *k = NULL;
    int r = x509_key_new(&k);
    if (r < 0)
        return err_set(e, r, "a new key: %s", strerror(-r));
    r = save(p, name, x509_key_pem(&p->arena, k), e);
    if (r == 0)
        *ret = TAKE(k);
    return r;
}

/* -ENOENT, without a text, when there is none. */
static int key_load(struct pki *p, const char *name, struct err *e, struct x509_key **ret) {
    str pem;
    int r = load(p, name, &pem);
    if (r == -ENOENT)
        return r;
    if (r < 0)
        return err_set(e, r, "%s/%s: %s", p->dir, name, strerror(-r));
    r = x509_key_read(pem, e, ret);
    if (r < 0)
        err_prefix(e, "%s/%s", p->dir, name);
    return r;
}

/* What was loaded must be able to sign: a certificate of another key would show much later, at
 * whoever is given something that nobody trusts. */
static int authority_try(struct pki *p, const char *cert_name, const struct authority *ca,
                         struct err *e) {
    struct arena a;
    str pem;
    arena_init(&a, 0);
    int r = x509_issue(&a, &(struct x509_request){.cn = STR("trial"), .not_after = 1}, ca->key,
                       ca->cert, ca->key, e, &pem);
    arena_done(&a);
    if (r < 0)
        err_prefix(e, "%s/%s", p->dir, cert_name);
    return r;
}

/* The key is written before the certificate: a first start that was cut off between the two leaves
 * a key alone, never a certificate alone. */
static int authority_open(struct pki *p, const char *name, const char *cn, struct err *e,
                          struct authority *ret) {
    str key_name = str_printf(&p->arena, "%s.key", name);
    str cert_name = str_printf(&p->arena, "%s.crt", name);
    int have_cert = load(p, cert_name.p, &ret->cert);
    if (have_cert < 0 && have_cert != -ENOENT)
        return err_set(e, have_cert, "%s/%s: %s", p->dir, cert_name.p, strerror(-have_cert));
    int r = key_load(p, key_name.p, e, &ret->key);
    if (r == -ENOENT && have_cert == 0)
        return err_set(e, -ENOKEY, "%s/%s is missing, but not %s", p->dir, key_name.p, cert_name.p);
    if (r == -ENOENT)
        r = key_make(p, key_name.p, e, &ret->key);
    if (r < 0)
        return r;
    if (have_cert == 0)
        return authority_try(p, cert_name.p, ret, e);
    int64_t now = env_wall(p->env) / NSEC_PER_SEC;
    r = x509_issue(
        &p->arena,
        &(struct x509_request){
            .cn = str_of(cn), .ca = true, .not_before = 0, .not_after = now + CA_YEARS * YEAR},
        ret->key, STR_NONE, NULL, e, &ret->cert);
    return r < 0 ? r : save(p, cert_name.p, ret->cert, e);
}

static int token_key_open(struct pki *p, struct err *e) {
    int r = key_load(p, "sa.key", e, &p->token_key);
    if (r == -ENOENT)
        r = key_make(p, "sa.key", e, &p->token_key);
    int old = r < 0 ? -ENOENT : load(p, "sa-old.pem", &p->old_token_keys);
    if (old < 0 && old != -ENOENT)
        return err_set(e, old, "%s/sa-old.pem: %s", p->dir, strerror(-old));
    struct jwt_keys keys;
    if (old == 0 && (r = jwt_keys_read(&p->arena, p->old_token_keys, e, &keys)) < 0)
        err_prefix(e, "%s/sa-old.pem", p->dir);
    return r;
}

int pki_open(struct env *env, const char *dir, struct err *e, struct pki **ret) {
    struct pki *p = xcalloc(1, sizeof(*p));
    p->env = env;
    p->dir = dir ? xstrndup(dir, strlen(dir)) : NULL;
    arena_init(&p->arena, 0);
    int r = dir ? env->ops->disk.mkdir(env, dir, 0700) : 0;
    if (r < 0)
        err_set(e, r, "%s: %s", dir, strerror(-r));
    if (r == 0)
        r = authority_open(p, "client-ca", "coxswain-client-ca", e, &p->client);
    if (r == 0)
        r = authority_open(p, "server-ca", "coxswain-server-ca", e, &p->server);
    if (r == 0)
        r = authority_open(p, "kubelet-ca", "coxswain-kubelet-ca", e, &p->kubelet);
    if (r == 0)
        r = authority_open(p, "front-proxy-ca", "coxswain-front-proxy-ca", e, &p->proxy);
    if (r == 0)
        r = token_key_open(p, e);
    if (r == 0)
        *ret = p;
    else
        pki_free(p);
    return r;
}

struct pki *pki_free(struct pki *p) {
    if (!p)
        return NULL;
    x509_key_free(p->client.key);
    x509_key_free(p->server.key);
    x509_key_free(p->kubelet.key);
    x509_key_free(p->proxy.key);
    x509_key_free(p->token_key);
    arena_done(&p->arena);
    free(p->dir);
    free(p);
    return NULL;
}

/* ---- certificates ---- */

struct names {
    str dns[SAN_MAX], ips[SAN_MAX];
    size_t n_dns, n_ips;
};

/* Hosts may be named like numbers ("42"). */
static bool is_ip(str s) {
    char text[INET6_ADDRSTRLEN], bytes[16];
    if (s.n >= sizeof(text))
        return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static void add_names(struct names *n, const char *list) {
    str rest = str_of(list ? list : "");
    while (rest.p && rest.n) {
        str one = str_cut(&rest, ',');
        if (!one.n)
            continue;
        bool ip = is_ip(one);
        if (ip && n->n_ips < SAN_MAX)
            n->ips[n->n_ips++] = one;
        else if (!ip && n->n_dns < SAN_MAX)
            n->dns[n->n_dns++] = one;
    }
}

struct leaf {
    const char *cn, *org; /* org NULL: none */
    const struct names *names;
    bool server;
};

static int issue(struct pki *p, struct arena *a, const struct authority *ca, const struct leaf *l,
                 struct err *e, str *ret_cert, str *ret_key) {
    CLEANUP(x509_key_freep) struct x509_key *k = NULL;
    int r = x509_key_new(&k);
    if (r < 0)
        return err_set(e, r, "a new key: %s", strerror(-r));
    str org = str_of(l->org);
    int64_t now = env_wall(p->env) / NSEC_PER_SEC;
    struct x509_request rq = {
        .cn = str_of(l->cn),
        .orgs = &org,
        .n_orgs = l->org ? 1 : 0,
        .dns = l->names ? l->names->dns : NULL,
        .n_dns = l->names ? l->names->n_dns : 0,
        .ips = l->names ? l->names->ips : NULL,
        .n_ips = l->names ? l->names->n_ips : 0,
        .server_auth = l->server,
        .client_auth = !l->server,
        .not_before = 0,
        .not_after = now + YEAR,
    };
    r = x509_issue(a, &rq, k, ca->cert, ca->key, e, ret_cert);
    if (r == 0)
        *ret_key = x509_key_pem(a, k);
    return r;
}

static int apiserver_identity(struct pki *p, struct arena *a, const struct signer_channel *who,
                              struct err *e, struct identity *id) {
    struct names n = {0};
    add_names(&n, "kubernetes,kubernetes.default,kubernetes.default.svc,"
                  "kubernetes.default.svc.cluster.local,localhost,127.0.0.1,::1");
    add_names(&n, who->addresses);
    int r =
        issue(p, a, &p->server, &(struct leaf){.cn = "kube-apiserver", .names = &n, .server = true},
              e, &id->serving_cert, &id->serving_key);
    if (r == 0)
        r = issue(p, a, &p->client,
                  &(struct leaf){.cn = "kube-apiserver-kubelet-client",
                                 .org = "coxswain:kubelet-clients"},
                  e, &id->kubelet_cert, &id->kubelet_key);
    if (r == 0)
        r = issue(p, a, &p->proxy, &(struct leaf){.cn = PKI_PROXY_CN}, e, &id->proxy_cert,
                  &id->proxy_key);
    if (r == 0) /* machines that join know the CA's hash alone */
        id->serving_cert = str_concat(a, id->serving_cert, p->server.cert);
    id->client_ca = p->client.cert;
    id->kubelet_ca = p->kubelet.cert;
    id->proxy_ca = p->proxy.cert;
    id->token_key = str_concat(a, x509_key_pem(a, p->token_key), p->old_token_keys);
    return r;
}

static int kubelet_identity(struct pki *p, struct arena *a, const struct signer_channel *who,
                            struct err *e, struct identity *id) {
    if (!who->node || !who->node[0])
        return err_set(e, -EINVAL, "a kubelet's identity needs the name of its node");
    str cn = str_printf(a, "system:node:%s", who->node);
    struct names n = {0};
    add_names(&n, who->node);
    add_names(&n, who->addresses);
    int r = issue(p, a, &p->client, &(struct leaf){.cn = cn.p, .org = "system:nodes"}, e,
                  &id->client_cert, &id->client_key);
    if (r == 0)
        r = issue(p, a, &p->kubelet,
                  &(struct leaf){.cn = cn.p, .org = "system:nodes", .names = &n, .server = true}, e,
                  &id->serving_cert, &id->serving_key);
    id->client_ca = p->client.cert;
    return r;
}

static int client_identity(struct pki *p, struct arena *a, const char *cn, struct err *e,
                           struct identity *id) {
    return issue(p, a, &p->client, &(struct leaf){.cn = cn}, e, &id->client_cert, &id->client_key);
}

int pki_identity(struct pki *p, struct arena *a, const struct signer_channel *who, struct err *e,
                 struct identity *ret) {
    struct identity id = {.server_ca = p->server.cert};
    int r = -EINVAL;
    switch (who->role) {
    case ROLE_APISERVER:
        r = apiserver_identity(p, a, who, e, &id);
        break;
    case ROLE_CONTROLLERS:
        id.client_ca = p->client.cert;
        r = client_identity(p, a, "system:kube-controller-manager", e, &id);
        break;
    case ROLE_SCHEDULER:
        id.client_ca = p->client.cert;
        r = client_identity(p, a, "system:kube-scheduler", e, &id);
        break;
    case ROLE_KUBELET:
        r = kubelet_identity(p, a, who, e, &id);
        break;
    case ROLE_MAX:
        break;
    }
    id.renew_at = env_wall(p->env) / NSEC_PER_SEC + YEAR / 3 * 2;
    if (r == 0)
        *ret = id;
    return r;
}

/* Nodes may start without a clock; others have one, and want to see how long it is good for. */
static void set_times(struct pki *p, const struct csr_order *o, int64_t most,
                      struct x509_request *q) {
    int64_t now = env_wall(p->env) / NSEC_PER_SEC,
            seconds = csr_seconds(o->seconds, most > 0 ? most : YEAR);
    if (is_node_signer(o->signer)) {
        q->not_after = now + seconds;
        return;
    }
    q->not_before = now - CSR_BACKDATE;
    q->not_after = seconds < CSR_SECONDS_SHORT ? now + seconds : q->not_before + seconds;
}

int pki_sign(struct pki *p, struct arena *a, const struct csr_order *o, int64_t most, struct err *e,
             str *ret_pem) {
    struct x509_request q;
    str pem;
    int r = csr_check(a, o, e, &q);
    if (r < 0)
        return r;
    const struct authority *ca =
        str_eqc(o->signer, SIGNER_KUBELET_SERVING) ? &p->kubelet : &p->client;
    set_times(p, o, most, &q);
    r = x509_sign_csr(a, o->pem, &q, ca->cert, ca->key, e, &pem);
    if (r == 0)
        *ret_pem = str_concat(a, pem, ca->cert);
    return r;
}

/* ---- the administrator ---- */

static str base64(struct arena *a, str s) {
    return base64_encode_in(a, s, 0);
}

/* Fit: for this server, of this CA, with more than a third of its time left. What is in the file is
 * ours, so a look for the pieces is enough. */
static bool kubeconfig_fit(struct pki *p, struct arena *a, const char *path, str server) {
    struct buf b;
    bool fit = false;
    buf_init(&b, PEM_MAX);
    if (p->env->ops->disk.read(p->env, path, PEM_MAX, &b) == 0) {
        str text = buf_str(&b), mark = STR("client-certificate-data: "), pem;
        ssize_t at = str_find(text, mark);
        int64_t from, to, now = env_wall(p->env) / NSEC_PER_SEC;
        str url = str_printf(a, "server: " STR_FMT "\n", STR_ARG(server));
        str line = at < 0 ? STR_NONE : str_slice(text, (size_t)at + mark.n, text.n);
        str data = line.p ? str_cut(&line, '\n') : STR_NONE;
        str masters = STR(MASTERS);
        fit = str_find(text, url) >= 0 && str_find(text, base64(a, p->server.cert)) >= 0 &&
              data.n && base64_decode_in(a, data, 0, &pem) == 0 &&
              x509_cert_covers(
                  pem, p->client.cert,
                  &(struct x509_request){
                      .cn = STR(ADMIN), .orgs = &masters, .n_orgs = 1, .client_auth = true}) &&
              x509_cert_times(pem, &from, &to) == 0 && to - now > YEAR / 3;
    }
    buf_done(&b);
    return fit;
}

static int write_with_folder(struct env *env, struct arena *a, const char *path, str text,
                             struct err *e) {
    const char *slash = strrchr(path, '/');
    str dir = slash ? str_dup(a, str_n(path, (size_t)(slash - path))) : STR_NONE;
    int r = dir.n ? env->ops->disk.mkdir(env, dir.p, 0755) : 0;
    if (r == 0)
        r = env->ops->disk.write(env, path, text, 0600);
    return r < 0 ? err_set(e, r, "%s: %s", path, strerror(-r)) : 0;
}

int pki_admin_kubeconfig(struct pki *p, const char *path, str server, struct err *e) {
    struct arena a;
    struct buf b;
    str cert, key;
    int r = 0;
    arena_init(&a, 0);
    buf_init(&b, 0);
    env_disk_tidy(p->env, path);
    if (!kubeconfig_fit(p, &a, path, server)) {
        r = issue(p, &a, &p->client, &(struct leaf){.cn = ADMIN, .org = MASTERS}, e, &cert, &key);
        if (r == 0) {
            buf_printf(&b,
                       "apiVersion: v1\nkind: Config\nclusters:\n- name: coxswain\n  cluster:\n"
                       "    server: " STR_FMT "\n    certificate-authority-data: " STR_FMT "\n",
                       STR_ARG(server), STR_ARG(base64(&a, p->server.cert)));
            buf_printf(&b,
                       "users:\n- name: admin\n  user:\n"
                       "    client-certificate-data: " STR_FMT "\n    client-key-data: " STR_FMT
                       "\n",
                       STR_ARG(base64(&a, cert)), STR_ARG(base64(&a, key)));
            buf_adds(&b, "contexts:\n- name: coxswain\n  context:\n    cluster: coxswain\n"
                         "    user: admin\ncurrent-context: coxswain\npreferences: {}\n");
            r = write_with_folder(p->env, &a, path, buf_str(&b), e);
        }
    }
    buf_done(&b);
    arena_done(&a);
    return r;
}
