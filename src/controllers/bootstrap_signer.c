// SPDX-License-Identifier: Apache-2.0
/* Signs ConfigMap kube-public/cluster-info, so that who holds a bootstrap token can tell that the
 * kubeconfig in it is this cluster's: one detached JWS a token (RFC 7515, appendix F; HS256 with
 * the token's secret), in data jws-kubeconfig-ID. There is one key, the map's. */
#include "base/base64.h"
#include "base/map.h"
#include "base/vec.h"
#include "controllers/bootstrap_tokens.h"
#include "controllers/controllers.h"
#include "net/crypto.h"

#define MAPS     RESOURCE_OF(core_v1_configmaps)
#define INFO_NS  "kube-public"
#define INFO     "cluster-info"
#define KEY      INFO_NS "/" INFO
#define CONTENT  "kubeconfig"
#define SIGN_KEY "jws-kubeconfig-"

struct bootstrap_signer {
    struct informer *maps, *tokens;
};

static void start(struct controller_run *run, void *state) {
    struct bootstrap_signer *s = state;
    s->maps = run_informer(run, MAPS);
    s->tokens = run_informer(run, RESOURCE_OF(core_v1_secrets));
}

static void keys(struct controller_run *run, const void *old, const void *new_) {
    queue_key(run, STR(KEY));
}

/* header..signature */
static str signature(struct arena *a, str id, str secret, str content) {
    uint8_t sum[32];
    str header = str_printf(a, "{\"alg\":\"HS256\",\"kid\":\"" STR_FMT "\"}", STR_ARG(id));
    header = base64_encode_in(a, header, BASE64_URL | BASE64_RAW);
    str payload = base64_encode_in(a, content, BASE64_URL | BASE64_RAW);
    hmac_sha256(secret, str_printf(a, STR_FMT "." STR_FMT, STR_ARG(header), STR_ARG(payload)), sum);
    str mac = base64_encode_in(a, str_n((const char *)sum, sizeof(sum)), BASE64_URL | BASE64_RAW);
    return str_printf(a, STR_FMT ".." STR_FMT, STR_ARG(header), STR_ARG(mac));
}

/* The id of a token that may sign, or STR_NONE. */
static str signing_id(const Secret *s, int64_t now) {
    str name = s->metadata.name, id = bootstrap_token_data(s, "token-id");
    bool named = str_starts(name, STR(BOOTSTRAP_TOKEN_PREFIX)) &&
                 str_eq(str_slice(name, sizeof(BOOTSTRAP_TOKEN_PREFIX) - 1, name.n), id);
    bool good = named && bootstrap_is_word(id, BOOTSTRAP_ID_LEN) &&
                !s->metadata.deletion_timestamp.set && bootstrap_token_data(s, "token-secret").n &&
                bootstrap_token_left(s, now) != 0 &&
                bootstrap_token_is_for(s, "usage-bootstrap-signing");
    return good ? id : STR_NONE;
}

/* The data as it should be: no signatures but those of the tokens that are there. */
static str_map signed_data(struct bootstrap_signer *s, struct plan *p, const ConfigMap *info,
                           str content) {
    str_map data = {0};
    struct cached *c;
    for (uint32_t i = 0; i < info->data.n; i++)
        if (!str_starts(info->data.v[i].key, STR(SIGN_KEY)))
            map_set(p->arena, &data, info->data.v[i].key, info->data.v[i].value);
    for (uint32_t at = 0; (c = informer_next(s->tokens, &at));) {
        str id = signing_id(c->typed, p->now);
        if (id.n)
            map_set(
                p->arena, &data, str_concat(p->arena, STR(SIGN_KEY), id),
                signature(p->arena, id, bootstrap_token_data(c->typed, "token-secret"), content));
    }
    return data;
}

static int reconcile(void *state, str key, struct plan *p) {
    struct bootstrap_signer *s = state;
    const ConfigMap *info = informer_typed(s->maps, STR(KEY));
    str content = info ? label_get(&info->data, STR(CONTENT)) : STR_NONE;
    if (!content.p)
        return 0;
    ConfigMap now = *info;
    now.data = signed_data(s, p, info, content);
    if (!same_labels(&now.data, &info->data))
        plan_update(p, MAPS, NULL, &now);
    return 0;
}

static const struct controller_watch watches[] = {
    {.resource = MAPS,
     .ns = INFO_NS,
     .selectors = "fieldSelector=metadata.name%3D" INFO,
     .keys = keys},
    {BOOTSTRAP_TOKENS, .keys = keys},
    {.resource = NULL},
};

const struct controller bootstrap_signer_controller = {
    .name = "bootstrap-signer-controller",
    .queue = "bootstrap_signer_queue",
    .watches = watches,
    .state_size = sizeof(struct bootstrap_signer),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
