// SPDX-License-Identifier: Apache-2.0
/* A list owns the stack from its mark to the top, so its elements are found again by walking the
 * blocks from there: element by element, each in the block where it fitted. */
#include "schema/scratch.h"

#include <stdlib.h>

void scratch_init(struct scratch *s) {
    s->first = (struct scratch_block){.cap = sizeof(s->room), .data = s->room};
    s->block = &s->first;
    s->used = 0;
    s->taken = 0;
}

void scratch_done(struct scratch *s) {
    for (struct scratch_block *b = s->first.next, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    scratch_init(s);
}

static size_t stride(size_t size) {
    return (size + 7) & ~(size_t)7;
}

void scratch_begin(struct scratch *s, struct scratch_list *l, size_t size) {
    *l = (struct scratch_list){.block = s->block, .used = s->used, .size = size};
}

/* A later block may be left over from an earlier list and too small: then it is replaced, which
 * is safe because nothing lives above the top. */
static struct scratch_block *next_block(struct scratch *s, size_t need) {
    struct scratch_block *b = s->block->next;
    if (b && b->cap >= need)
        return b;
    for (struct scratch_block *next; b; b = next) {
        next = b->next;
        s->taken -= b->cap;
        free(b);
    }
    size_t cap = MAX(need, (size_t)SCRATCH_BLOCK);
    b = xmalloc(sizeof(*b) + cap);
    *b = (struct scratch_block){.prev = s->block, .cap = cap, .data = (char *)(b + 1)};
    s->block->next = b;
    s->taken += cap;
    return b;
}

void *scratch_push(struct scratch *s, struct scratch_list *l) {
    size_t need = stride(l->size);
    if (s->block->cap - s->used < need) {
        s->block = next_block(s, need);
        s->used = 0;
    }
    void *p = s->block->data + s->used;
    s->used += need;
    l->n++;
    return memset(p, 0, l->size);
}

void scratch_end(struct scratch *s, struct scratch_list *l, void *to) {
    struct scratch_block *b = l->block;
    size_t used = l->used, step = stride(l->size);
    for (uint32_t i = 0; i < l->n; i++) {
        if (b->cap - used < step) {
            b = b->next;
            used = 0;
        }
        memcpy((char *)to + i * l->size, b->data + used, l->size);
        used += step;
    }
    s->block = l->block;
    s->used = l->used;
}
