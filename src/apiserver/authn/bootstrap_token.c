// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/bootstrap_token.h"

#include "base/time.h"
#include "base/vec.h"
#include "net/crypto.h"

#define SECRET_TYPE    "bootstrap.kubernetes.io/token"
#define NAME_PREFIX    "bootstrap-token-"
#define USER_PREFIX    "system:bootstrap:"
#define GROUP          "system:bootstrappers"
#define GROUP_PREFIX   GROUP ":"
#define GROUP_REST_MAX 256

static bool is_word(str s, size_t n) {
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9')))
            return false;
    return s.n == n;
}

/* "system:bootstrappers:" and up to 256 of a-z 0-9 ':' '-', the last a letter or digit. */
static bool is_group(str s) {
    if (!str_starts(s, STR(GROUP_PREFIX)))
        return false;
    str rest = str_slice(s, sizeof(GROUP_PREFIX) - 1, s.n);
    if (!rest.n || rest.n > GROUP_REST_MAX || !is_word(str_slice(rest, rest.n - 1, rest.n), 1))
        return false;
    for (size_t i = 0; i < rest.n; i++)
        if (!strchr(":-", rest.p[i]) && !is_word(str_slice(rest, i, i + 1), 1))
            return false;
    return true;
}

static str data_of(const Secret *s, const char *key) {
    for (uint32_t i = 0; i < s->data.n; i++)
        if (str_eqc(s->data.v[i].key, key))
            return s->data.v[i].value;
    return STR_NONE;
}

static bool has_expired(const Secret *s, int64_t now) {
    str text = data_of(s, "expiration");
    int64_t sec;
    int32_t nsec;
    if (!text.n)
        return false;
    return time_parse(text, &sec, &nsec) < 0 || sec <= now / NSEC_PER_SEC;
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

int bootstrap_token_authenticate(struct arena *a, struct store *s, str token, int64_t now,
                                 struct user *ret) {
    const struct api_resource *res = RESOURCE_OF(core_v1_secrets);
    str secret = token, id = str_cut(&secret, '.');
    if (!is_word(id, BOOTSTRAP_ID_LEN) || !is_word(secret, BOOTSTRAP_SECRET_LEN))
        return -ENOENT;
    str name = str_concat(a, STR(NAME_PREFIX), id);
    struct object *o = store_get(s, res, object_key(a, res, STR("kube-system"), name));
    const Secret *kept = o && !o->deleting ? object_decode(a, o) : NULL;
    if (!kept || !str_eqc(kept->type, SECRET_TYPE) ||
        !str_eq_constant_time(data_of(kept, "token-secret"), secret) ||
        !str_eq(data_of(kept, "token-id"), id) || has_expired(kept, now) ||
        !str_eqc(data_of(kept, "usage-bootstrap-authentication"), "true"))
        return -ENOENT;
    struct user u = {.name = str_concat(a, STR(USER_PREFIX), id)};
    if (add_groups(a, &u, data_of(kept, "auth-extra-groups")) < 0)
        return -ENOENT;
    *ret = u;
    return 0;
}
