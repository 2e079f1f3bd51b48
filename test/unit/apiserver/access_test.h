// SPDX-License-Identifier: Apache-2.0
/* A server with real access control. Who asks is said in a header of the test's own:
 * "Authorization: User name group group"; anything else goes to the real authenticators. */
#pragma once

#include "apiserver/access.h"
#include "net/crypto.h"
#include "server_test.h"

struct access_world {
    struct world w;
};

UNUSED static int authenticate_test(void *ctx, struct arena *a, struct exchange *x,
                                    struct user *ret) {
    str h = http_header_get(&x->headers, "Authorization");
    if (!str_starts(h, STR("User ")))
        return access_authn_ops.authenticate(ctx, a, x, ret);
    (void)str_cut(&h, ' ');
    *ret = (struct user){.name = str_cut(&h, ' ')};
    ret->groups.v = arena_array(a, 16, sizeof(str));
    while (h.n)
        ret->groups.v[ret->groups.n++] = str_cut(&h, ' ');
    return 0;
}

UNUSED static const struct authn_ops test_authn_ops = {authenticate_test};

UNUSED static const struct world_options access_options_of_tests = {.authn = &test_authn_ops,
                                                                    .with_access = true};

UNUSED static void access_init(struct access_world *aw) {
    world_init_with(&aw->w, &access_options_of_tests);
}

/* The server and all it knows in memory ends and starts again over the same store. */
UNUSED static void access_restart(struct access_world *aw) {
    apiserver_free(aw->w.server);
    access_free(aw->w.access);
    world_serve(&aw->w, &access_options_of_tests);
}

UNUSED static void access_done(struct access_world *aw) {
    world_done(&aw->w);
}

UNUSED static bool never(void *ctx) {
    return false;
}

UNUSED static void pass_time(struct access_world *aw, int64_t seconds) {
    loop_run_until(aw->w.l, never, NULL, seconds * NSEC_PER_SEC);
}

/* who: "name group ..."; NULL: an administrator; "": nobody. */
UNUSED static struct answer as(struct access_world *aw, const char *who, const char *method,
                               const char *target, const char *body) {
    struct http_header h[2];
    size_t n = 0;
    if (body)
        h[n++] = (struct http_header){STR("Content-Type"), !strcmp(method, "PATCH")
                                                               ? STR("application/merge-patch+json")
                                                               : STR("application/json")};
    if (!who || *who)
        h[n++] = (struct http_header){
            STR("Authorization"),
            str_concat(aw->w.arena, STR("User "), str_of(who ? who : "admin system:masters"))};
    return call_with(&aw->w, method, str_of(target), h, n, str_of(body));
}

UNUSED static struct answer with_token(struct access_world *aw, str token, const char *method,
                                       const char *target) {
    struct http_header h = {STR("Authorization"), str_concat(aw->w.arena, STR("Bearer "), token)};
    return call_with(&aw->w, method, str_of(target), &h, 1, STR_NONE);
}
