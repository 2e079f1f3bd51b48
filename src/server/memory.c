// SPDX-License-Identifier: Apache-2.0
#include "server/memory.h"

#include <malloc.h>

#ifdef __GLIBC__
/* What was given back still counts as free. */
static size_t free_bytes(void) {
    return mallinfo2().fordblks;
}
#else /* whose malloc keeps little */
static size_t free_bytes(void) {
    return 0;
}
#define malloc_trim(pad) ((void)(pad))
#endif

bool memory_look(struct memory_keeper *k) {
    size_t now = free_bytes();
    bool spare = now > MEMORY_SPARE && now != k->left;
    if (spare)
        malloc_trim(0);
    k->left = spare ? free_bytes() : now;
    return spare;
}

static void on_time(struct timer *t) {
    struct memory_keeper *k = container_of(t, struct memory_keeper, timer);
    memory_look(k);
    timer_start(k->loop, t, MEMORY_LOOK);
}

void memory_keep(struct memory_keeper *k, struct loop *l) {
    *k = (struct memory_keeper){.loop = l, .timer.fire = on_time};
    timer_start(l, &k->timer, MEMORY_LOOK);
}

void memory_keep_stop(struct memory_keeper *k) {
    if (k->loop)
        timer_stop(k->loop, &k->timer);
}
