// SPDX-License-Identifier: Apache-2.0
/* The controller manager: every controller, over one client and one set of informers. */
#pragma once

#include "api/csr.h"
#include "client/controller.h"

#define CONTROLLER(name) extern const struct controller name##_controller;
#include "controllers/controllers.def"
#undef CONTROLLER
/* All of them; ends in NULL. */
extern const struct controller *const all_controllers[];

/* What controllers are told at start (run_config()). */
struct controllers_config {
    str root_ca_pem; /* of kube-root-ca.crt; empty: it is not published */
    /* Has an approved request signed by whoever has the CA's key. done() once, at once or later:
     * the PEM of the certificate and of its CA; -EINVAL: never; other errors: to be asked again.
     * forget(): orders with that context are not answered any more. NULL: nobody here signs. */
    void (*sign)(void *ctx, const struct csr_order *o,
                 void (*done)(void *ctx, int r, const struct err *e, str pem), void *done_ctx);
    void (*forget)(void *ctx, const void *done_ctx);
    void *sign_ctx;
};

struct controller_manager_options {
    struct env *env;          /* the loop's, where NULL */
    struct rest_options rest; /* who it is and where the API server */
    struct controllers_config config;
    bool leader_elect;
    const char *identity; /* of this instance in the lease; NULL: one is drawn */
};

/* Everything on a loop of the caller's. lost() when another became leader: the caller frees the
 * manager, later, and usually ends. */
struct controller_manager;
int controller_manager_new(struct loop *l, const struct controller_manager_options *o,
                           void (*lost)(void *ctx), void *ctx, struct err *e,
                           struct controller_manager **ret);
/* Ends all work and gives the lease back, for which the loop runs a moment: not to be called from
 * inside a callback. */
struct controller_manager *controller_manager_free(struct controller_manager *m);
/* What it speaks to the API server with; lives as long as m. */
struct rest_client *controller_manager_client(struct controller_manager *m);
/* For tests: leading, synced and nothing to do. */
bool controller_manager_idle(const struct controller_manager *m);
