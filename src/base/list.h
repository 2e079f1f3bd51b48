// SPDX-License-Identifier: Apache-2.0
/* Intrusive doubly linked list. A node outside any list points to itself. */
#pragma once

#include "base/base.h"

struct list {
    struct list *prev, *next;
};

static inline void list_init(struct list *l) {
    l->prev = l->next = l;
}
static inline bool list_empty(const struct list *l) {
    return l->next == l;
}
static inline void list_insert_before(struct list *at, struct list *n) {
    n->prev = at->prev;
    n->next = at;
    at->prev->next = n;
    at->prev = n;
}
static inline void list_append(struct list *head, struct list *n) {
    list_insert_before(head, n);
}
static inline void list_prepend(struct list *head, struct list *n) {
    list_insert_before(head->next, n);
}
/* Harmless on a node that is in no list (but was initialised). */
static inline void list_remove(struct list *n) {
    n->prev->next = n->next;
    n->next->prev = n->prev;
    list_init(n);
}
/* Safe against removing the current node. */
#define LIST_FOREACH(node, head)                                                                   \
    for (struct list *node = (head)->next, *next_##node = node->next; node != (head);              \
         node = next_##node, next_##node = node->next)
