// SPDX-License-Identifier: Apache-2.0
#include "client/rest.h"
#include "schema/json.h"
#include "schema/yaml.h"

#define KUBECONFIG_MAX (1024 * 1024)

static int read_file(struct env *env, struct arena *a, const char *path, struct err *e, str *ret) {
    struct buf b;
    buf_init(&b, KUBECONFIG_MAX);
    int r = env->ops->disk.read(env, path, KUBECONFIG_MAX, &b);
    if (r < 0)
        err_set(e, r, "%s: %s", path, strerror(-r));
    else
        *ret = str_dup(a, buf_str(&b));
    buf_done(&b);
    return r;
}

/* Inline data wins over a path; paths are relative to the kubeconfig's folder. */
static int data_or_file(struct env *env, struct arena *a, const char *config, Bytes data, str path,
                        struct err *e, str *ret) {
    if (data.n) {
        *ret = data;
        return 0;
    }
    if (!path.n)
        return 0;
    const char *slash = strrchr(config, '/');
    str full = path.p[0] == '/' || !slash
                   ? path
                   : str_printf(a, "%.*s/" STR_FMT, (int)(slash - config), config, STR_ARG(path));
    return read_file(env, a, str_cdup(a, full), e, ret);
}

static const clientcmd_v1_Context *find_context(const clientcmd_v1_Config *c) {
    for (uint32_t i = 0; i < c->contexts.n; i++)
        if (str_eq(c->contexts.v[i].name, c->current_context))
            return &c->contexts.v[i].context;
    return NULL;
}

static int fill(struct env *env, struct arena *a, const char *path, const clientcmd_v1_Config *c,
                struct err *e, struct rest_options *o) {
    const clientcmd_v1_Context *context = find_context(c);
    if (!context)
        return err_set(e, -ENOENT, "%s: no context \"" STR_FMT "\"", path,
                       STR_ARG(c->current_context));
    int r = 0;
    for (uint32_t i = 0; i < c->clusters.n; i++) {
        const clientcmd_v1_Cluster *cl = &c->clusters.v[i].cluster;
        if (!str_eq(c->clusters.v[i].name, context->cluster))
            continue;
        o->server = str_cdup(a, cl->server);
        o->insecure = cl->insecure_skip_tls_verify;
        r = data_or_file(env, a, path, cl->certificate_authority_data, cl->certificate_authority, e,
                         &o->ca_pem);
    }
    for (uint32_t i = 0; r == 0 && i < c->auth_infos.n; i++) {
        const clientcmd_v1_AuthInfo *u = &c->auth_infos.v[i].auth_info;
        if (!str_eq(c->auth_infos.v[i].name, context->auth_info))
            continue;
        r = data_or_file(env, a, path, u->client_certificate_data, u->client_certificate, e,
                         &o->cert_pem);
        if (r == 0)
            r = data_or_file(env, a, path, u->client_key_data, u->client_key, e, &o->key_pem);
        o->token = u->token;
        o->token_file = u->token_file.n ? str_cdup(a, u->token_file) : NULL;
    }
    if (r == 0 && !o->server)
        r = err_set(e, -ENOENT, "%s: no cluster \"" STR_FMT "\"", path, STR_ARG(context->cluster));
    return r;
}

int rest_options_from_kubeconfig(struct env *env, struct arena *a, const char *path, struct err *e,
                                 struct rest_options *ret) {
    str text = STR_NONE;
    struct value v;
    clientcmd_v1_Config config;
    struct rest_options o = {0};
    int r = read_file(env, a, path, e, &text);
    if (r == 0)
        r = yaml_parse(a, text, &v, e);
    if (r == 0)
        r = json_read_value(a, &clientcmd_v1_Config_type, &v, &config, NULL, e);
    if (r == 0)
        r = fill(env, a, path, &config, e, &o);
    if (r == 0)
        *ret = o;
    return r;
}
