// SPDX-License-Identifier: Apache-2.0
/* Looks at the runtime: one pod by its UID, or which pods there are at all. */
#pragma once

#include "kubelet/cri.h"
#include "kubelet/runtime_view.h"

struct observation;
/* A new view in an arena that becomes the callee's; r < 0: the runtime did not answer (view NULL).
 * before (may be NULL) is the last view: what cannot have changed is taken from it, so it must live
 * until the end. */
typedef void (*observed)(void *ctx, int r, struct arena *arena, struct rt_pod *view);
struct observation *observe_pod(struct cri *c, str uid, const struct rt_pod *before, observed done,
                                void *ctx);
void observation_cancel(struct observation *o);

/* Every pod of which there is a sandbox or container: seen() for each (more than once perhaps),
 * then done(). */
struct survey;
struct survey *survey_start(struct cri *c, void (*seen)(void *ctx, str uid, str ns, str name),
                            void (*done)(void *ctx, int r, const struct err *e), void *ctx);
void survey_cancel(struct survey *s);
