// SPDX-License-Identifier: Apache-2.0
/* What every component's process begins with: its environment and loop, its identity (asked for
 * again in time), its end on SIGTERM, the rights it gives up and the memory it gives back. */
#pragma once

#include "client/diagnostics.h"
#include "loop/child.h"
#include "server/config.h"
#include "server/identity.h"
#include "server/memory.h"

struct component {
    struct server_config *config;
    struct env env;
    struct loop *loop;
    struct arena arena; /* of the identity */
    struct identity identity;
    int channel; /* -1: none */
    struct signals *signals;
    struct timer renewal;
    struct memory_keeper memory;
    /* The identity was renewed; may be NULL. */
    void (*renewed)(struct component *c);
    /* Asked to end; NULL: the loop is stopped. */
    void (*stop)(struct component *c);
    struct rest_client *client; /* of component_client */
};

struct component_start {
    struct server_config *config;
    int channel; /* to the signer; -1: the identity is in files that the configuration names */
};

/* Blocks for the identity. unprivileged: becomes config->uid for good. */
int component_open(struct component *c, const char *name, const struct component_start *s,
                   bool unprivileged);
void component_close(struct component *c);
/* A client with the component's own certificate, kept renewed. */
int component_client(struct component *c, const char *user_agent, double qps, unsigned burst,
                     struct rest_client **ret);
/* The identity of a component by itself: the kubeconfig and the PEM files of its flags. Sets
 * config->api_url. */
int identity_files(struct env *env, struct server_config *config, struct arena *a, struct err *e,
                   struct identity *ret);
/* Serves health and metrics (client/diagnostics.h) on a port of the loopback, or where flags say:
 * NULL in *ret where none is wanted. A cluster's own component goes on without when the port is
 * taken, and says so; one by itself fails. */
int component_diagnostics(struct component *c, struct rest_client *client, uint16_t port,
                          struct diagnostics **ret);
/* Tells the supervisor: "ready TEXT". */
void component_ready(int ready_fd, const char *text);

/* privileges.c */
int privileges_drop(uint32_t uid, uint32_t gid, struct err *e);
