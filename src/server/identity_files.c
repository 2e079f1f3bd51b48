// SPDX-License-Identifier: Apache-2.0
/* Components by themselves have their identity in files, which somebody else renews: they are read
 * again twice a day. */
#include <stdio.h>

#include "server/component.h"

#define PEM_MAX      (256 * 1024)
#define LOOK_SECONDS (12 * 3600)

static int read_pem(struct env *env, struct arena *a, const char *path, struct err *e, str *ret) {
    struct buf b;
    if (!path || !path[0])
        return 0;
    buf_init(&b, PEM_MAX);
    int r = env->ops->disk.read(env, path, PEM_MAX, &b);
    if (r < 0)
        err_set(e, r, "%s: %s", path, strerror(-r));
    else
        *ret = str_dup(a, buf_str(&b));
    buf_done(&b);
    return r;
}

static int from_kubeconfig(struct env *env, struct server_config *c, struct arena *a, struct err *e,
                           struct identity *id) {
    struct rest_options o;
    int r = rest_options_from_kubeconfig(env, a, c->api_kubeconfig, e, &o);
    if (r < 0)
        return r;
    id->client_cert = o.cert_pem;
    id->client_key = o.key_pem;
    id->server_ca = o.ca_pem;
    snprintf(c->api_url, sizeof(c->api_url), "%s", o.server);
    return 0;
}

int identity_files(struct env *env, struct server_config *c, struct arena *a, struct err *e,
                   struct identity *ret) {
    struct identity id = {.renew_at = env_wall(env) / NSEC_PER_SEC + LOOK_SECONDS};
    const struct {
        const char *path;
        str *to;
    } files[] = {
        {c->tls_cert_file, &id.serving_cert},   {c->tls_key_file, &id.serving_key},
        {c->client_ca_file, &id.client_ca},     {c->kubelet_cert_file, &id.kubelet_cert},
        {c->kubelet_key_file, &id.kubelet_key}, {c->kubelet_ca_file, &id.kubelet_ca},
        {c->proxy_ca_file, &id.proxy_ca},       {c->token_key_file, &id.token_key},
        {c->root_ca_file, &id.server_ca},
    };
    int r = 0;
    if (c->api_kubeconfig && c->api_kubeconfig[0])
        r = from_kubeconfig(env, c, a, e, &id);
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(files); i++)
        r = read_pem(env, a, files[i].path, e, files[i].to);
    for (unsigned i = 0; r == 0 && i < c->token_key_files.n; i++) {
        str more = STR_NONE;
        r = read_pem(env, a, c->token_key_files.v[i], e, &more);
        id.token_key = str_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(id.token_key), STR_ARG(more));
    }
    if (r == 0)
        *ret = id;
    return r;
}
