// SPDX-License-Identifier: Apache-2.0
#include "apiserver/hook_env.h"

static void draw(void *ctx, void *p, size_t n) {
    env_random(ctx, p, n);
}

struct hook_ctx hook_ctx_of(struct env *env, struct arena *a) {
    return (struct hook_ctx){.arena = a, .now = env_wall(env), .random = draw, .random_ctx = env};
}

str new_uid(struct env *env, struct arena *a) {
    struct hook_ctx h = hook_ctx_of(env, a);
    return hook_uid(&h);
}

str name_suffix(struct env *env, struct arena *a) {
    /* No vowels and nothing that looks like another: no words by chance. */
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    char text[NAME_SUFFIX_LEN];
    for (int i = 0; i < NAME_SUFFIX_LEN; i++)
        text[i] = alphabet[env_random_below(env, sizeof(alphabet) - 1)];
    return str_dup(a, str_n(text, sizeof(text)));
}

Time time_of_ns(int64_t ns) {
    return (Time){.sec = ns / NSEC_PER_SEC, .set = true};
}
