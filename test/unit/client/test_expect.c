// SPDX-License-Identifier: Apache-2.0
/* What is awaited after the answer to a write. */
#include "client/expect.h"
#include "tap.h"

enum awaits { NOTHING, A_REVISION, AN_END, A_LIST };

TEST(what_an_answer_promises) {
    static const struct {
        const char *what;
        enum rest_verb verb;
        const char *subresource;
        bool uid, watched;
        struct rest_result res;
        enum awaits awaits;
    } cases[] = {
        {"created", REST_CREATE, NULL, false, true, {.code = 201, .revision = 7}, A_REVISION},
        {"nobody watches", REST_CREATE, NULL, false, false, {.code = 201, .revision = 7}, NOTHING},
        {"status", REST_UPDATE, "status", false, true, {.code = 200, .revision = 7}, A_REVISION},
        {"a binding", REST_CREATE, "binding", false, true, {.code = 201, .revision = 7}, NOTHING},
        {"no revision is told", REST_CREATE, NULL, false, true, {.code = 201}, NOTHING},
        {"refused", REST_UPDATE, NULL, false, true, {.code = 422}, NOTHING},
        {"a conflict", REST_UPDATE, NULL, false, true, {.code = 409}, NOTHING},
        {"the name is taken, maybe by us", REST_CREATE, NULL, false, true, {.code = 409}, A_LIST},
        {"deleted", REST_DELETE, NULL, true, true, {.code = 200, .revision = 7}, AN_END},
        {"gone already", REST_DELETE, NULL, true, true, {.code = 404}, AN_END},
        {"deleted, whoever it was", REST_DELETE, NULL, false, true, {.code = 200}, NOTHING},
        {"not sent", REST_CREATE, NULL, false, true, {.r = -ECONNREFUSED}, NOTHING},
        {"lost", REST_CREATE, NULL, false, true, {.r = -ECONNRESET, .maybe_done = true}, A_LIST},
        {"a lost deletion",
         REST_DELETE,
         NULL,
         true,
         true,
         {.r = -ECONNRESET, .maybe_done = true},
         A_LIST},
    };
    char informer; /* only its address counts */
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct expectations x = {0};
        struct plan_write w = {.rq = {.verb = cases[i].verb,
                                      .ns = STR("default"),
                                      .name = STR("web"),
                                      .subresource = cases[i].subresource},
                               .uid = cases[i].uid ? STR("u-1") : STR_NONE};
        struct informer *inf = cases[i].watched ? (struct informer *)(void *)&informer : NULL;
        expect_write(&x, &a, inf, &w, &cases[i].res);
        const struct expectation *e = x.v;
        enum awaits got = !x.n ? NOTHING : e->lost ? A_LIST : e->revision ? A_REVISION : AN_END;
        if (got != cases[i].awaits)
            tap_fail(__FILE__, __LINE__, "%s: %d", cases[i].what, got);
        CHECK_INT(expectations_lost(&x), cases[i].awaits == A_LIST);
        if (got == AN_END) {
            CHECK_STRC(e->key, "default/web");
            CHECK_STRC(e->uid, "u-1");
        }
        if (got == A_REVISION)
            CHECK_INT(e->revision, 7);
    }
    arena_done(&a);
}
