// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/request_header.h"

#include "apiserver/authn/bearer.h"
#include "tap.h"

static str usual_names[] = {STR("front-proxy-client")},
           usual_users[] = {STR("X-Remote-User"), STR("X-Other-User")},
           usual_uids[] = {STR("X-Remote-Uid")}, usual_groups[] = {STR("X-Remote-Group")},
           usual_extras[] = {STR("X-Remote-Extra-"), STR("X-More-")};

static const struct request_header usual = {
    .names = {usual_names, 1},
    .user_headers = {usual_users, 2},
    .uid_headers = {usual_uids, 1},
    .group_headers = {usual_groups, 1},
    .extra_prefixes = {usual_extras, 2},
};

static const struct tls_peer proxy = {.verified_other = true, .cn = STR("front-proxy-client")},
                             misnamed = {.verified_other = true, .cn = STR("mallory")},
                             client = {.verified = true, .cn = STR("alice")};

/* "Name: value" lines. */
static struct exchange asking(struct arena *a, const struct tls_peer *peer, const char *text) {
    struct exchange x = {.arena = a, .peer = peer};
    for (str rest = str_of(text); rest.n;) {
        str line = str_cut(&rest, '\n'), name = str_cut(&line, ':');
        http_header_add(a, &x.headers, name, str_trim(line));
    }
    return x;
}

/* "name|uid|group,group|key=value,value;", or the error */
static str told(struct arena *a, int r, const struct user *u) {
    if (r < 0)
        return r == -ENOENT ? STR("nobody") : STR("refused");
    str groups = str_join(a, u->groups.v, u->groups.n, STR(","));
    str out = str_printf(a, STR_FMT "|" STR_FMT "|" STR_FMT "|", STR_ARG(u->name), STR_ARG(u->uid),
                         STR_ARG(groups));
    for (uint32_t i = 0; i < u->extra.n; i++) {
        str values = str_join(a, u->extra.v[i].value.v, u->extra.v[i].value.n, STR(","));
        out = str_printf(a, STR_FMT STR_FMT "=" STR_FMT ";", STR_ARG(out),
                         STR_ARG(u->extra.v[i].key), STR_ARG(values));
    }
    return out;
}

static const struct told_case {
    const struct tls_peer *peer;
    const char *headers, *want;
} cases[] = {
    {&proxy, "X-Remote-User: bob", "bob|||"},
    {&proxy,
     "x-remote-user: bob\nX-Remote-Uid: 7\nX-Remote-Group: a\nx-remote-group: b\nX-Remote-Group:",
     "bob|7|a,b|"},
    {&proxy, "X-Other-User: carl\nX-Remote-User:", "carl|||"},
    {&proxy, "X-Other-User: carl\nX-Remote-User: bob\nX-Remote-User: dan", "bob|||"},
    {&proxy,
     "X-Remote-User: bob\nX-Remote-Extra-Example.com%2Fdogs: rex\nx-more-Scope: all\n"
     "X-Remote-Extra-example.com%2fdogs: max\nX-Remote-Extra-bad%zz: 1",
     "bob|||example.com/dogs=rex,max;bad%zz=1;scope=all;"},
    /* The proxy itself is nobody. */
    {&proxy, "X-Remote-Group: system:masters", "refused"},
    {&proxy, "Accept: */*", "refused"},
    {&misnamed, "X-Remote-User: bob", "refused"},
    /* Whoever else sends the headers is who he is. */
    {&client, "X-Remote-User: bob\nX-Remote-Group: system:masters", "alice|||"},
    {NULL, "X-Remote-User: bob", "nobody"},
};

TEST(a_proxy_speaks_for_a_user) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    struct authenticator au = {.proxies = usual};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct exchange x = asking(a, cases[i].peer, cases[i].headers);
        struct user u = {0};
        int r = authenticator_ops.authenticate(&au, a, &x, &u);
        str got = told(a, r, &u);
        if (!str_eqc(got, cases[i].want))
            tap_fail(__FILE__, __LINE__, "case %zu: " STR_FMT, i, STR_ARG(got));
    }
}

TEST(without_names_every_proxy_of_the_ca_may) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    struct request_header any = usual, mute = {0};
    any.names.n = 0;
    struct exchange x = asking(a, &misnamed, "X-Remote-User: bob");
    struct user u = {0};
    CHECK_INT(request_header_authenticate(&any, a, &x, &u), 0);
    CHECK_STRC(u.name, "bob");
    CHECK_INT(request_header_authenticate(&mute, a, &x, &u), -ENOENT); /* no header names a user */
}

TEST(nobody_behind_us_sees_the_headers) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    static const struct tls_peer *const peers[] = {&proxy, &client, NULL};
    for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
        struct authenticator au = {.proxies = {.user_headers = {usual_users, 2}}};
        struct exchange x =
            asking(a, peers[i],
                   "Accept: x\nX-Remote-User: bob\nx-remote-group: g\nX-Remote-Uid: 7\n"
                   "X-Remote-Extra-a: b\nX-Other-User: c\nX-Remote-Address: kept");
        struct user u = {0};
        (void)authenticator_ops.authenticate(&au, a, &x, &u);
        REQUIRE(x.headers.n == 2);
        CHECK_STRC(x.headers.v[0].name, "Accept");
        CHECK_STRC(x.headers.v[1].name, "X-Remote-Address");
    }
}
