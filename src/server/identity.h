// SPDX-License-Identifier: Apache-2.0
/* Identities of components. The signer process alone holds the CA keys. Each component has a
 * channel to it (a socket pair made before the fork) that stands for one role and one name: over it
 * nothing can be asked but "my identity, please", so a component that was taken over gets no other.
 * The controller manager alone can also have requests signed (api/csr.h, sign_client.h), which
 * were approved. Keys travel over the channel and never lie in files.
 *
 * Certificates are good for a year from issue and valid from 1970, so that a machine without a
 * clock that runs can start; components ask again when two thirds of the time have passed. */
#pragma once

#include "base/env.h"

enum role { ROLE_APISERVER, ROLE_CONTROLLERS, ROLE_SCHEDULER, ROLE_KUBELET, ROLE_MAX };
extern const char *const role_names[ROLE_MAX];

/* What a component gets. Fields that its role does not need are empty. */
struct identity {
    str client_cert, client_key;   /* speaks to the API server (kubelet: as its node) */
    str serving_cert, serving_key; /* what it serves with; the API server: with its CA behind */
    str client_ca;                 /* signs those who speak to it */
    str server_ca;                 /* signs the API server */
    /* The API server only: */
    str kubelet_cert, kubelet_key; /* speaking to kubelets */
    str kubelet_ca;                /* signs what kubelets serve with */
    str proxy_cert, proxy_key;     /* speaking for a user to a server behind it */
    str proxy_ca;                  /* signs who may do that */
    str token_key;                 /* signs service account tokens; others whose tokens
                                    * are believed behind it */
    int64_t renew_at;              /* seconds since 1970 */
};

/* For the child, once at start (blocks) and again at renew_at. */
int identity_ask(int channel, struct arena *a, struct err *e, struct identity *ret);
/* Of a request for a certificate with all around it (sign_client.h). */
#define IDENTITY_CSR_MAX (32 * 1024)

struct signer_channel {
    int fd;
    enum role role;
    const char *node; /* kubelet: its node's name */
    const char
        *addresses; /* serving certificates: names and IPs beyond the role's own, ',' between */
};
#define SIGNER_CHANNELS_MAX 16

struct signer_options {
    const char *pki_dir;    /* NULL: nothing is kept */
    const char *kubeconfig; /* the administrator's */
    const struct signer_channel *channels;
    size_t n_channels;
    int64_t
        csr_seconds; /* a certificate that is asked for is good for so long at most; 0: a year */
    int control;     /* from the supervisor: "kubeconfig URL"; answered "ok" or "error TEXT" */
};
/* The signer's process: returns when every channel is closed. */
int signer_run(const struct signer_options *o);
