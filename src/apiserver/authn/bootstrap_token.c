// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/bootstrap_token.h"

#include "api/bootstrap_token.h"
#include "base/vec.h"
#include "net/crypto.h"

#define USER_PREFIX    "system:bootstrap:"
#define GROUP          "system:bootstrappers"
#define GROUP_PREFIX   GROUP ":"
#define GROUP_REST_MAX 256

/* "system:bootstrappers:" and up to 256 of a-z 0-9 ':' '-', the last a letter or digit. */
static bool is_group(str s) {
    if (!str_starts(s, STR(GROUP_PREFIX)))
        return false;
    str rest = str_slice(s, sizeof(GROUP_PREFIX) - 1, s.n);
    if (!rest.n || rest.n > GROUP_REST_MAX ||
        !bootstrap_is_word(str_slice(rest, rest.n - 1, rest.n), 1))
        return false;
    for (size_t i = 0; i < rest.n; i++)
        if (!strchr(":-", rest.p[i]) && !bootstrap_is_word(str_slice(rest, i, i + 1), 1))
            return false;
    return true;
}

/* -EINVAL when one of them is not allowed. */
static int add_groups(struct arena *a, struct user *u, str text) {
    *list_push(a, &u->groups) = STR(GROUP);
    while (text.n) {
        str g = str_trim(str_cut(&text, ','));
        if (!is_group(g))
            return -EINVAL;
        *list_push(a, &u->groups) = g;
    }
    return 0;
}

static bool is_secret_of(struct arena *a, const Secret *kept, str secret) {
    str plain = bootstrap_token_data(kept, "token-secret"),
        hash = bootstrap_token_data(kept, BOOTSTRAP_TOKEN_HASH);
    return plain.n ? str_eq_constant_time(plain, secret)
                   : str_eq_constant_time(hash, sha256_hex(a, secret));
}

int bootstrap_token_authenticate(struct arena *a, struct store *s, str token, int64_t now,
                                 struct user *ret) {
    const struct api_resource *res = RESOURCE_OF(core_v1_secrets);
    str secret = token, id = str_cut(&secret, '.');
    if (!bootstrap_is_word(id, BOOTSTRAP_ID_LEN) ||
        !bootstrap_is_word(secret, BOOTSTRAP_SECRET_LEN))
        return -ENOENT;
    str name = str_concat(a, STR(BOOTSTRAP_TOKEN_PREFIX), id);
    struct object *o = store_get(s, res, object_key(a, res, STR(BOOTSTRAP_TOKEN_NS), name));
    const Secret *kept = o && !o->deleting ? object_decode(a, o) : NULL;
    if (!kept || !str_eqc(kept->type, BOOTSTRAP_TOKEN_TYPE) || !is_secret_of(a, kept, secret) ||
        !str_eq(bootstrap_token_data(kept, "token-id"), id) ||
        bootstrap_token_left(kept, now) == 0 ||
        !bootstrap_token_is_for(kept, "usage-bootstrap-authentication"))
        return -ENOENT;
    struct user u = {.name = str_concat(a, STR(USER_PREFIX), id)};
    if (add_groups(a, &u, bootstrap_token_data(kept, "auth-extra-groups")) < 0)
        return -ENOENT;
    *ret = u;
    return 0;
}
