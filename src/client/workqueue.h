// SPDX-License-Identifier: Apache-2.0
/* The work queue of client-go: a key is queued at most once, never handed out twice at a time, and
 * queued again when it was added while being worked on. Delays from a heap; failures back off per
 * key, 5 ms doubling to 1000 s, and all together at 10 a second with a burst of 100. Keys are
 * copied; times are in ns. One loop. */
#pragma once

#include "base/map.h"
#include "loop/loop.h"

struct workqueue;
struct workqueue *workqueue_new(struct loop *l, void (*ready)(void *ctx), void *ctx);
/* Tells what happens in it from now on, under this name (client/metrics.h). */
void workqueue_measure(struct workqueue *q, const char *name);
struct workqueue *workqueue_free(struct workqueue *q);
void workqueue_add(struct workqueue *q, str key);
void workqueue_add_after(struct workqueue *q, str key, int64_t ns);
void workqueue_add_rate_limited(struct workqueue *q, str key);
void workqueue_forget(struct workqueue *q, str key);
unsigned workqueue_failures(const struct workqueue *q, str key);
/* The next key, borrowed until workqueue_done(key); STR_NONE when there is none. ready() is called
 * when one becomes available after that. */
str workqueue_get(struct workqueue *q);
void workqueue_done(struct workqueue *q, str key);
uint32_t workqueue_length(const struct workqueue *q);
bool workqueue_idle(const struct workqueue *q); /* nothing queued, delayed or in work */
