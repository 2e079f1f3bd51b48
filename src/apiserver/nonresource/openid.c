// SPDX-License-Identifier: Apache-2.0
#include "apiserver/nonresource/openid.h"

#include "apiserver/access.h"
#include "schema/value.h"

static enum phase_result respond_cached(struct request *r, const char *type, str body) {
    struct exchange *x = TAKE(r->x);
    struct http_headers h = request_headers_kept(r, "public, max-age=3600", type);
    r->code = 200;
    exchange_respond(x, 200, h.v, h.n, body);
    return PHASE_DONE;
}

static struct token_signer *signer_of(const struct request *r) {
    return r->server->access ? r->server->access->signer : NULL;
}

static enum phase_result none(struct request *r) {
    return respond_no_page(r);
}

static void write_strings(struct buf *b, str_list l) {
    buf_addc(b, '[');
    for (uint32_t i = 0; i < l.n; i++) {
        if (i)
            buf_addc(b, ',');
        json_quote(b, l.v[i]);
    }
    buf_addc(b, ']');
}

enum phase_result serve_openid_configuration(struct request *r, str rest) {
    struct token_signer *s = signer_of(r);
    if (!s)
        return none(r);
    CLEANUP(buf_done) struct buf b = {0};
    buf_adds(&b, "{\"issuer\":");
    json_quote(&b, token_signer_issuer(s));
    buf_adds(&b, ",\"jwks_uri\":");
    json_quote(&b, str_concat(r->arena, r->server->access->external_url, STR("/openid/v1/jwks")));
    buf_adds(&b, ",\"response_types_supported\":[\"id_token\"],\"subject_types_supported\":["
                 "\"public\"],\"id_token_signing_alg_values_supported\":");
    write_strings(&b, token_algorithms(s, r->arena));
    buf_addc(&b, '}');
    return respond_cached(r, "application/json", buf_str(&b));
}

enum phase_result serve_openid_keys(struct request *r, str rest) {
    struct token_signer *s = signer_of(r);
    return s ? respond_cached(r, "application/jwk-set+json", token_jwks(s, r->arena)) : none(r);
}
