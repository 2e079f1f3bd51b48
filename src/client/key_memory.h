// SPDX-License-Identifier: Apache-2.0
/* What a controller remembers of a key between two runs: the error its last run ended with, the
 * answers it asked for, and the seed of its random names. Only keys that failed, asked or wrote
 * have a memory; a run that succeeds and asks nothing forgets it. One loop. */
#pragma once

#include "base/map.h"
#include "client/plan.h"

struct env;

struct key_memory {
    struct arena arena; /* of last_error */
    const Status *last_error;
    const struct api_resource *last_resource; /* of the write that failed, like last_verb */
    enum rest_verb last_verb;
    struct plan_answer *answers; /* owned */
    uint64_t seed;               /* the same as long as the key is remembered */
};

struct key_memories {
    struct env *env; /* where seeds come from */
    struct map map;
};
void key_memories_init(struct key_memories *m, struct env *env);
void key_memories_done(struct key_memories *m);

struct key_memory *key_memory_find(const struct key_memories *m, str key); /* or NULL */
struct key_memory *key_memory_get(struct key_memories *m, str key);        /* made when absent */
void key_memory_forget(struct key_memories *m, str key);
/* Replaces what the run before left; error (NULL: none) is copied, answers are taken. */
void key_memory_set(struct key_memory *k, const Status *error, const struct api_resource *resource,
                    enum rest_verb verb, struct plan_answer *answers);

void plan_answers_free(struct plan_answer *an); /* the whole chain */
