// SPDX-License-Identifier: Apache-2.0
/* Recorded requests with bytes changed, cut and repeated: whatever comes, there is an answer, and
 * the server is there for the next one. */
#include "recorded.h"
#include "server_test.h"

#define ROUNDS 1500

static str printed(struct world *w, const struct value *v) {
    struct buf b;
    buf_init(&b, 0);
    value_write(&b, v);
    str out = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    return out;
}

/* Up to three small changes. */
static str mutate(struct world *w, str s, bool path) {
    static const char liked[] = "/?&=%{}[]\",:0129-_.~\\aZ";
    if (!s.n)
        return s;
    char *p = arena_alloc(w->arena, s.n * 2 + 8);
    memcpy(p, s.p, s.n);
    size_t n = s.n;
    for (uint64_t i = env_random_below(w->env, 4); i > 0; i--) {
        size_t at = env_random_below(w->env, n), len = env_random_below(w->env, n - at) + 1;
        switch (env_random_below(w->env, 4)) {
        case 0:
            p[at] = liked[env_random_below(w->env, sizeof(liked) - 1)];
            break;
        case 1: /* cut out */
            memmove(p + at, p + at + len, n - at - len);
            n = n - len ? n - len : 1;
            break;
        case 2: /* repeat a little */
            len = MIN(len, (size_t)8);
            if (n + len > s.n * 2)
                break;
            memmove(p + at + len, p + at, n - at);
            n += len;
            break;
        default:
            if (!path)
                p[at] = (char)env_random_below(w->env, 256);
        }
    }
    if (path)
        p[0] = '/';
    return str_n(p, n);
}

struct recorded {
    str method, path, type, body;
};

static unsigned load(struct world *w, struct recorded *v, unsigned max) {
    str text = file_read(w->arena, "test/data/recorded/status-errors.jsonl");
    struct value c;
    unsigned n = 0;
    while (n < max && recorded_next(w->arena, &text, &c)) {
        const struct value *q = value_getc(&c, "request"), *b = value_getc(q, "body");
        str path = value_str(value_getc(q, "path"));
        if (str_find(path, STR("watch")) >= 0 || str_find(path, STR("999999999")) >= 0)
            continue;
        v[n++] = (struct recorded){value_str(value_getc(q, "method")), path,
                                   value_str(value_getc(q, "contentType")),
                                   !b                    ? STR_NONE
                                   : b->tag == VALUE_STR ? b->s
                                                         : printed(w, b)};
    }
    return n;
}

TEST(mutated_requests_are_answered) {
    struct world w;
    world_init(&w);
    static struct recorded v[400];
    unsigned n = load(&w, v, ARRAY_LEN(v));
    REQUIRE(n > 200);
    CHECK_INT(
        call(&w, "POST", "/api/v1/namespaces", NULL, "{\"metadata\":{\"name\":\"err\"}}").code,
        201);
    unsigned failed = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        const struct recorded *q = &v[env_random_below(w.env, n)];
        struct http_header h[] = {{STR("Content-Type"), q->type}};
        str path = env_random_below(w.env, 3) ? q->path : mutate(&w, q->path, true);
        if (str_find(path, STR("watch")) >= 0)
            continue;
        struct answer a = call_with(&w, str_cdup(w.arena, q->method), path, h, q->type.n ? 1 : 0,
                                    mutate(&w, q->body, false));
        failed += a.r == 0 && a.code == 0;
    }
    CHECK_INT(failed, 0);
    CHECK_INT(get(&w, "/readyz", NULL).code, 200);
    world_done(&w);
}
