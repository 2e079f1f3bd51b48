// SPDX-License-Identifier: Apache-2.0
/* Deletes bootstrap tokens that have expired. Keys are their Secrets. */
#include "controllers/bootstrap_tokens.h"
#include "controllers/controllers.h"

struct token_cleaner {
    struct informer *tokens;
};

static void start(struct controller_run *run, void *state) {
    ((struct token_cleaner *)state)->tokens = run_informer(run, RESOURCE_OF(core_v1_secrets));
}

static int reconcile(void *state, str key, struct plan *p) {
    struct token_cleaner *s = state;
    const Secret *token = informer_typed(s->tokens, key);
    int64_t left = token ? bootstrap_token_left(token, p->now) : -1;
    if (left > 0)
        plan_requeue_after(p, left);
    else if (left == 0)
        plan_delete(p, RESOURCE_OF(core_v1_secrets), &token->metadata, -1, NULL);
    return 0;
}

static const struct controller_watch watches[] = {
    {BOOTSTRAP_TOKENS, .keys = keys_self},
    {.resource = NULL},
};

const struct controller token_cleaner_controller = {
    .name = "token-cleaner-controller",
    .queue = "token_cleaner",
    .watches = watches,
    .state_size = sizeof(struct token_cleaner),
    .start = start,
    .reconcile = reconcile,
    .workers = 1,
};
