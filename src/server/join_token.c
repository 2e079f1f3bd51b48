// SPDX-License-Identifier: Apache-2.0
#include "server/join_token.h"

#include "net/x509.h"

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static void draw(struct env *env, char *out, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = letters[env_random_below(env, sizeof(letters) - 1)];
    out[n] = '\0';
}

int join_token_new(struct env *env, str ca_pem, struct err *e, struct join_token *ret) {
    struct join_token t;
    int r = x509_key_sha256(ca_pem, t.ca_hash);
    if (r < 0)
        return err_set(e, r, "the CA certificate cannot be read");
    draw(env, t.id, JOIN_ID_LEN);
    draw(env, t.secret, JOIN_SECRET_LEN);
    *ret = t;
    return 0;
}

static bool take_word(str s, size_t n, char *out) {
    if (s.n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!s.p[i] || !strchr(letters, s.p[i]))
            return false;
    memcpy(out, s.p, n);
    out[n] = '\0';
    return true;
}

static int nibble(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hash(str s, uint8_t out[32]) {
    if (s.n != 64)
        return false;
    for (size_t i = 0; i < 32; i++) {
        int high = nibble(s.p[2 * i]), low = nibble(s.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

int join_token_parse(str text, struct err *e, struct join_token *ret) {
    struct join_token t;
    str rest = text, id = str_cut(&rest, '.'), secret = str_cut(&rest, '.');
    if (!take_word(id, JOIN_ID_LEN, t.id) || !take_word(secret, JOIN_SECRET_LEN, t.secret) ||
        !take_hash(rest, t.ca_hash))
        return err_set(e, -EINVAL, "the token is not of the form ID.SECRET.HASH");
    *ret = t;
    return 0;
}

str join_token_bearer(struct arena *a, const struct join_token *t) {
    return str_printf(a, "%s.%s", t->id, t->secret);
}

str join_token_text(struct arena *a, const struct join_token *t) {
    char hex[65];
    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[t->ca_hash[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[t->ca_hash[i] & 15];
    }
    hex[64] = '\0';
    return str_printf(a, "%s.%s.%s", t->id, t->secret, hex);
}
