// SPDX-License-Identifier: Apache-2.0
#include "client/key_memory.h"

#include <stdlib.h>

#include "base/env.h"
#include "client/plan_internal.h"
#include "schema/ops.h"

void plan_answers_free(struct plan_answer *an) {
    for (struct plan_answer *next; an; an = next) {
        next = an->next;
        arena_done(&an->arena);
        free(an);
    }
}

static void key_memory_free(struct key_memory *k) {
    plan_answers_free(k->answers);
    arena_done(&k->arena);
    free(k);
}

void key_memories_init(struct key_memories *m, struct env *env) {
    m->env = env;
    map_init(&m->map, NULL);
}

void key_memories_done(struct key_memories *m) {
    MAP_FOREACH (it, &m->map)
        key_memory_free(it->value);
    map_done(&m->map);
}

struct key_memory *key_memory_find(const struct key_memories *m, str key) {
    return map_get(&m->map, key);
}

struct key_memory *key_memory_get(struct key_memories *m, str key) {
    struct key_memory *k = map_get(&m->map, key);
    if (k)
        return k;
    k = xcalloc(1, sizeof(*k));
    arena_init(&k->arena, 0);
    k->seed = env_random_u64(m->env);
    map_put(&m->map, key, k);
    return k;
}

void key_memory_forget(struct key_memories *m, str key) {
    struct key_memory *k = map_del(&m->map, key);
    if (k)
        key_memory_free(k);
}

void key_memory_set(struct key_memory *k, const Status *error, const struct api_resource *resource,
                    enum rest_verb verb, struct plan_answer *answers) {
    plan_answers_free(k->answers);
    k->answers = answers;
    k->last_error = NULL;
    arena_reset(&k->arena);
    if (error)
        k->last_error = api_clone(&k->arena, &Status_type, error);
    k->last_resource = resource;
    k->last_verb = verb;
}
