// SPDX-License-Identifier: Apache-2.0
/* A signature is checked once: that it is good for these bytes cannot change while the key stays.
 * So claims that have been verified are kept by the token's digest; everything that can change
 * (times, objects) is looked at on each request by the caller. */
#include "apiserver/authn/signer.h"

#include <stdlib.h>

#include "base/base64.h"
#include "net/crypto.h"

struct slot {
    uint8_t digest[32];
    char *json; /* NULL: free */
    size_t n;
};

struct token_signer {
    struct arena arena;
    struct x509_key *key;
    struct jwt_keys keys; /* public; that of `key` is the first */
    str kid, issuer;
    str_list audiences;
    struct slot slots[TOKEN_CACHE_SLOTS];
};

int token_signer_new(const struct token_signer_options *o, struct err *e,
                     struct token_signer **ret) {
    CLEANUP(x509_key_freep) struct x509_key *key = NULL;
    int r = x509_key_read(o->key_pem, e, &key);
    if (r < 0)
        return r;
    CLEANUP(token_signer_freep) struct token_signer *s = xcalloc(1, sizeof(*s));
    arena_init(&s->arena, 0);
    s->key = TAKE(key);
    str pems = str_concat(&s->arena, x509_key_public_pem(&s->arena, s->key), o->key_pem);
    r = jwt_keys_read(&s->arena, pems, e, &s->keys);
    if (r < 0)
        return r;
    s->kid = jwt_kid(&s->arena, s->keys.v[0]);
    s->issuer = str_dup(&s->arena, o->issuer);
    uint32_t n = o->audiences.n ? o->audiences.n : 1;
    s->audiences = (str_list){arena_array(&s->arena, n, sizeof(str)), n};
    s->audiences.v[0] = s->issuer;
    for (uint32_t i = 0; i < o->audiences.n; i++)
        s->audiences.v[i] = str_dup(&s->arena, o->audiences.v[i]);
    *ret = TAKE(s);
    return 0;
}

struct token_signer *token_signer_free(struct token_signer *s) {
    if (!s)
        return NULL;
    for (size_t i = 0; i < TOKEN_CACHE_SLOTS; i++)
        free(s->slots[i].json);
    x509_key_free(s->key);
    arena_done(&s->arena);
    free(s);
    return NULL;
}

str token_signer_issuer(const struct token_signer *s) {
    return s->issuer;
}

const str_list *token_signer_audiences(const struct token_signer *s) {
    return &s->audiences;
}

int token_sign(struct token_signer *s, struct arena *a, const struct claims *c, str *ret) {
    struct claims mine = *c;
    mine.iss = s->issuer;
    return jwt_sign(a, s->key, s->kid, claims_json(a, &mine), ret);
}

/* What the token says of its issuer, signed or not. */
static bool claims_to_be_ours(struct token_signer *s, struct arena *a, str token) {
    str rest = token, json;
    struct claims c;
    (void)str_cut(&rest, '.');
    str middle = str_cut(&rest, '.');
    return middle.n && base64_decode_in(a, middle, BASE64_URL | BASE64_RAW, &json) == 0 &&
           claims_read(a, json, &c, NULL) == 0 && str_eq(c.iss, s->issuer);
}

static void keep(struct slot *slot, const uint8_t digest[32], str json) {
    if (json.n > TOKEN_CACHE_BYTES)
        return;
    free(slot->json);
    slot->json = xcalloc(1, json.n + 1);
    memcpy(slot->json, json.p, json.n);
    slot->n = json.n;
    memcpy(slot->digest, digest, sizeof(slot->digest));
}

int token_verify(struct token_signer *s, struct arena *a, str token, struct claims *ret,
                 struct err *e) {
    if (token.n > TOKEN_MAX)
        return err_set(e, -ENOENT, "token is too long");
    uint8_t digest[32];
    sha256(token, digest);
    struct slot *slot = &s->slots[digest[0] % TOKEN_CACHE_SLOTS];
    if (slot->json && memcmp(slot->digest, digest, sizeof(digest)) == 0)
        return claims_read(a, str_dup(a, str_n(slot->json, slot->n)), ret, e);
    if (!claims_to_be_ours(s, a, token))
        return err_set(e, -ENOENT, "token is not of this issuer");
    str json;
    if (jwt_verify(a, token, s->keys.v, s->keys.n, e, &json) < 0)
        return -EACCES;
    int r = claims_read(a, json, ret, e);
    if (r == 0)
        keep(slot, digest, json);
    return r;
}

str token_jwks(struct token_signer *s, struct arena *a) {
    return jwks_json(a, s->keys.v, s->keys.n);
}

str_list token_algorithms(struct token_signer *s, struct arena *a) {
    str_list l = {arena_array(a, s->keys.n, sizeof(str)), 0};
    for (size_t i = 0; i < s->keys.n; i++) {
        str name = str_of(jwt_alg_name(s->keys.v[i]));
        uint32_t k = 0;
        while (k < l.n && !str_eq(l.v[k], name))
            k++;
        if (k == l.n)
            l.v[l.n++] = name;
    }
    return l;
}
