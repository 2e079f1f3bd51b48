// SPDX-License-Identifier: Apache-2.0
/* What the transports share; private to src/loop. */
#pragma once

#include "loop/stream.h"

/* Every transport's struct connect begins with this. */
struct connect {
    struct loop *loop;
    void (*connected)(void *ctx, int r, struct stream *s);
    void *ctx;
};

struct transport *transport_real_new(struct env *env);
struct transport *transport_sim_new(struct env_sim *sim);
