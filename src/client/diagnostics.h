// SPDX-License-Identifier: Apache-2.0
/* The port on which a controller manager or scheduler tells of itself: /healthz, /livez and /readyz
 * to everybody; single checks (/livez/ping), /metrics and /metrics/slis to those whom the API
 * server allows to get the path. It tells its environment's component. TLS, with a certificate of
 * its own making that lives as long as the process. One loop, that of the client. */
#pragma once

#include "client/rest.h"
#include "net/health.h"

struct diagnostics;
struct diagnostics_options {
    const char *address;        /* as transport_listen: "tcp:127.0.0.1:10257" */
    const char *ip;             /* that the certificate names, beside localhost; NULL: none */
    str client_ca;              /* signs those who may show a certificate; empty: tokens only */
    bool plain;                 /* no TLS: the simulator */
    struct rest_client *client; /* asks who and whether they may; the caller's, outlives it */
};
int diagnostics_new(const struct diagnostics_options *o, struct err *e, struct diagnostics **ret);
struct diagnostics *diagnostics_free(struct diagnostics *d); /* NULL is allowed */
/* For checks of the owner's. */
struct health *diagnostics_health(struct diagnostics *d);
