// SPDX-License-Identifier: Apache-2.0
/* The simulated network: names inside one process. Any address is a name ("sim:etcd" as well as
 * "tcp:10.0.0.1:6443"), so components need not know. All chance comes from the env's seed; all
 * ends live on the env's one virtual loop. */
#pragma once

#include "loop/stream.h"

#define SIM_PIPE_BYTES 65536 /* in flight and unread, each way; a writer waits beyond it */

struct sim_net {
    int64_t latency_min, latency_max; /* ns, of each write and of connecting */
    unsigned partial_percent;         /* how many reads and writes are cut short */
    unsigned cut_per_million;         /* writes that break their connection */
    bool refuse;                      /* no new connections */
};

/* To be changed at will; begins with 0.1 to 1 ms, 20 % partial, no cuts. */
struct sim_net *loop_sim_net(struct env_sim *sim);
/* Breaks all connections made to that address (NULL: all there are): both ends see -ECONNRESET and
 * what was in flight is lost. */
void loop_sim_cut(struct env_sim *sim, const char *address);
