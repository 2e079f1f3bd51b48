// SPDX-License-Identifier: Apache-2.0
/* `coxswain token create|list|delete`: join tokens, as Secrets over the API, by whoever has a
 * kubeconfig with the rights. A new token is shown once; what is kept is its hash. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/bootstrap_token.h"
#include "base/time.h"
#include "client/rest.h"
#include "loop/stream.h"
#include "net/crypto.h"
#include "server/commands.h"
#include "server/join_token.h"

#define SECRETS    RESOURCE_OF(core_v1_secrets)
#define LIST_QUERY "fieldSelector=type%3Dbootstrap.kubernetes.io%2Ftoken"

struct token_options {
    const char *kubeconfig, *ttl, *description;
};

struct token_command {
    struct token_options o;
    struct env env;
    struct loop *loop;
    struct rest_client *client;
    struct rest_options rest;
    struct arena arena;
    struct join_token made;
    int status;
};

#define AT(m) offsetof(struct token_options, m)
#define FLAG_KUBECONFIG                                                                            \
    {                                                                                              \
        "kubeconfig", FLAG_STR, AT(kubeconfig), "/etc/coxswain/kubeconfig.yaml",                   \
            "the administrator's kubeconfig"                                                       \
    }
static const struct flag create_flags[] = {
    FLAG_KUBECONFIG,
    {"ttl", FLAG_STR, AT(ttl), "24h", "how long it is good for (90m, 24h); 0: until it is deleted"},
    {"description", FLAG_STR, AT(description), "", "what it is for"},
    {0},
};
static const struct flag plain_flags[] = {FLAG_KUBECONFIG, {0}};

static void end(struct token_command *t, int status) {
    t->status = status;
    loop_stop(t->loop);
}

/* True when the answer is no error. */
static bool answered(struct token_command *t, const struct rest_result *r) {
    if (r->code >= 200 && r->code < 300)
        return true;
    str why = r->code ? r->status->message : str_of(strerror(-r->r));
    fprintf(stderr, "coxswain token: " STR_FMT "\n", STR_ARG(why));
    end(t, 1);
    return false;
}

/* ---- create ---- */

static void on_created(void *ctx, const struct rest_result *r) {
    struct token_command *t = ctx;
    if (!answered(t, r))
        return;
    str text = join_token_text(&t->arena, &t->made);
    printf(STR_FMT "\n", STR_ARG(text));
    if (isatty(STDOUT_FILENO))
        fprintf(stderr,
                "\nOn the machine that joins, as root:\n"
                "    coxswain agent --server %s --token TOKEN\n",
                t->rest.server);
    end(t, 0);
}

static int create(struct token_command *t, str arg, struct err *e) {
    int64_t ttl = 0;
    char end_text[TIME_TEXT_MAX];
    if (duration_parse(str_of(t->o.ttl), &ttl) < 0 || ttl < 0)
        return err_set(e, -EINVAL, "--ttl: want a duration such as 24h");
    int r = join_token_new(&t->env, t->rest.ca_pem, e, &t->made);
    if (r < 0)
        return r;
    struct str_pair data[] = {
        {STR("auth-extra-groups"), STR(JOIN_GROUP)},
        {STR("description"), str_of(t->o.description)},
        {STR("token-id"), str_of(t->made.id)},
        {STR(BOOTSTRAP_TOKEN_HASH), sha256_hex(&t->arena, str_of(t->made.secret))},
        {STR("usage-bootstrap-authentication"), STR("true")},
        {STR("expiration"), time_format_ns(end_text, env_wall(&t->env) + ttl, 0)},
    };
    Secret s = {.metadata = {.name = str_printf(&t->arena, BOOTSTRAP_TOKEN_PREFIX "%s", t->made.id),
                             .namespace_ = STR(BOOTSTRAP_TOKEN_NS)},
                .type = STR(BOOTSTRAP_TOKEN_TYPE),
                .string_data = {data, ARRAY_LEN(data) - (ttl == 0)}};
    rest_send(t->client, &(struct rest_request){.verb = REST_CREATE,
                                                .resource = SECRETS,
                                                .ns = STR(BOOTSTRAP_TOKEN_NS),
                                                .body_type = SECRETS->type,
                                                .body = &s,
                                                .done = on_created,
                                                .ctx = t});
    return 0;
}

/* ---- list ---- */

static void on_listed(void *ctx, const struct rest_result *r) {
    struct token_command *t = ctx;
    if (!answered(t, r))
        return;
    const SecretList *list = r->object;
    printf("%-8s %-12s %-22s %s\n", "ID", "TTL", "EXPIRES", "DESCRIPTION");
    for (uint32_t i = 0; i < list->items.n; i++) {
        const Secret *s = &list->items.v[i];
        int64_t left = bootstrap_token_left(s, env_wall(&t->env));
        char text[DURATION_TEXT_MAX];
        str ttl = left < 0    ? STR("forever")
                  : left == 0 ? STR("over")
                              : duration_format(text, left / NSEC_PER_SEC * NSEC_PER_SEC);
        str id = bootstrap_token_data(s, "token-id"), ends = bootstrap_token_data(s, "expiration"),
            about = bootstrap_token_data(s, "description");
        printf("%-8.*s %-12.*s %-22.*s " STR_FMT "\n", STR_ARG(id), STR_ARG(ttl), STR_ARG(ends),
               STR_ARG(about));
    }
    end(t, 0);
}

static int list(struct token_command *t, str arg, struct err *e) {
    rest_send(t->client, &(struct rest_request){.verb = REST_LIST,
                                                .resource = SECRETS,
                                                .ns = STR(BOOTSTRAP_TOKEN_NS),
                                                .query = LIST_QUERY,
                                                .done = on_listed,
                                                .ctx = t});
    return 0;
}

/* ---- delete ---- */

static void on_deleted(void *ctx, const struct rest_result *r) {
    if (answered(ctx, r))
        end(ctx, 0);
}

static int delete (struct token_command *t, str arg, struct err *e) {
    str id = str_cut(&arg, '.');
    if (!bootstrap_is_word(id, BOOTSTRAP_ID_LEN))
        return err_set(e, -EINVAL, "want the token's ID, the first 6 letters of it");
    rest_send(t->client,
              &(struct rest_request){.verb = REST_DELETE,
                                     .resource = SECRETS,
                                     .ns = STR(BOOTSTRAP_TOKEN_NS),
                                     .name = str_concat(&t->arena, STR(BOOTSTRAP_TOKEN_PREFIX), id),
                                     .result_type = &Status_type,
                                     .done = on_deleted,
                                     .ctx = t});
    return 0;
}

static const struct token_verb {
    const char *name;
    int (*run)(struct token_command *t, str arg, struct err *e);
    const struct flag *flags;
    bool wants_arg;
    const char *summary;
} verbs[] = {
    {"create", create, create_flags, false, "makes a token and prints it, once"},
    {"list", list, plain_flags, false, "shows those that there are"},
    {"delete", delete, plain_flags, true, "takes one back: token delete ID"},
};

static int usage(FILE *out) {
    fprintf(out, "usage: coxswain token VERB [flags]\n\n");
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        fprintf(out, "  %-8s %s\n", verbs[i].name, verbs[i].summary);
    return out == stdout ? 0 : 2;
}

static int run(struct token_command *t, const struct token_verb *v, str arg, struct err *e) {
    int r = rest_options_from_kubeconfig(&t->env, &t->arena, t->o.kubeconfig, e, &t->rest);
    if (r == 0)
        r = loop_new(&t->env, &t->loop);
    if (r == 0)
        r = rest_client_new(t->loop, &t->rest, e, &t->client);
    if (r == 0)
        r = v->run(t, arg, e);
    if (r == 0)
        r = loop_run(t->loop);
    rest_client_free(t->client);
    if (t->loop)
        loop_free(t->loop);
    return r;
}

static int verb_main(const struct token_verb *v, int argc, char **argv) {
    struct token_command t = {.status = 1};
    struct err e = {0};
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            struct buf b;
            buf_init(&b, 0);
            flags_help(&b, v->flags);
            printf("usage: coxswain token %s [flags]\n\n" STR_FMT, v->name, STR_ARG(buf_str(&b)));
            buf_done(&b);
            return 0;
        }
    env_real_init(&t.env, "token");
    loop_env_real(&t.env);
    arena_init(&t.arena, 0);
    /* The word may stand in front of the flags or behind them. */
    bool first = v->wants_arg && argc > 1 && argv[1][0] != '-';
    int r = flags_parse(v->flags, &t.o, argc, argv, first ? 2 : 1, &e);
    str arg = first ? str_of(argv[1]) : r >= 0 && r < argc ? str_of(argv[r]) : STR_NONE;
    if (r >= 0 && argc - r + first != (v->wants_arg ? 1 : 0))
        r = err_set(&e, -EINVAL, v->wants_arg ? "want one ID" : "unexpected argument");
    bool parsed = r >= 0;
    if (parsed)
        r = run(&t, v, arg, &e);
    if (r < 0)
        fprintf(stderr, "coxswain token: %s\n", e.text[0] ? e.text : strerror(-r));
    arena_done(&t.arena);
    loop_env_done(&t.env);
    return !parsed ? 2 : r < 0 ? 1 : t.status;
}

int cmd_token(int argc, char **argv) {
    if (argc < 2)
        return usage(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return usage(stdout);
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verb_main(&verbs[i], argc - 1, argv + 1);
    fprintf(stderr, "coxswain token: unknown verb \"%s\"\n", argv[1]);
    return usage(stderr);
}
