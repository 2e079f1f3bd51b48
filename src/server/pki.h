// SPDX-License-Identifier: Apache-2.0
/* The cluster's certificate authorities and keys, kept in a folder (0700) or in memory:
 *     client-ca.{crt,key}   who may be whom (clients of the API server)
 *     server-ca.{crt,key}   whom clients may trust
 *     sa.key                signs service account tokens
 * They are made once; the signer is the only process that opens them. */
#pragma once

#include "server/identity.h"

struct pki;
int pki_open(struct env *env, const char *dir, struct err *e, struct pki **ret);
struct pki *pki_free(struct pki *p);
/* The CAs' certificates in it live as long as p, the rest in a. */
int pki_identity(struct pki *p, struct arena *a, const struct signer_channel *who, struct err *e,
                 struct identity *ret);
/* A kubeconfig for system:masters, for server (a URL). The file is left alone while it is fit;
 * its folder is made. */
int pki_admin_kubeconfig(struct pki *p, const char *path, str server, struct err *e);
