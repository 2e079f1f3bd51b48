// SPDX-License-Identifier: Apache-2.0
/* Typed vectors. A vector is any struct { T *v; uint32_t n; } (the shape of API lists) grown in an
 * arena, or a VEC(T) { T *v; uint32_t n, cap; } grown on the heap. */
#pragma once

#include <stdlib.h>

#include "base/arena.h"

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *v;                                                                                      \
        uint32_t n, cap;                                                                           \
    }

void vec_grow_(void **v, uint32_t *cap, uint32_t n, size_t size);
#define vec_push(vec)                                                                              \
    ((vec)->n == (vec)->cap                                                                        \
         ? vec_grow_((void **)&(vec)->v, &(vec)->cap, (vec)->n + 1, sizeof(*(vec)->v))             \
         : (void)0,                                                                                \
     memset(&(vec)->v[(vec)->n], 0, sizeof(*(vec)->v)), &(vec)->v[(vec)->n++])
#define vec_remove_at(vec, i)                                                                      \
    (memmove(&(vec)->v[i], &(vec)->v[(i) + 1], ((vec)->n - (i)-1) * sizeof(*(vec)->v)), (vec)->n--)
#define vec_done(vec) (free((vec)->v), (vec)->v = NULL, (vec)->n = (vec)->cap = 0)

/* Appends one cleared element to an arena list and gives its address. Capacity is implied: a list
 * is grown when n reaches 0, 4, 8, 16, ... so only lists built from empty by this may use it. */
void *list_push_(struct arena *a, void **v, uint32_t *n, size_t size);
#define list_push(a, list)                                                                         \
    ((__typeof__((list)->v))list_push_((a), (void **)&(list)->v, &(list)->n, sizeof(*(list)->v)))

#define VEC_FOREACH(it, vec)                                                                       \
    for (__typeof__((vec)->v) it = (vec)->v; it && it < (vec)->v + (vec)->n; it++)
