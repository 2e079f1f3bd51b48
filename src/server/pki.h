// SPDX-License-Identifier: Apache-2.0
/* The cluster's certificate authorities and keys, kept in a folder (0700) or in memory:
 *     client-ca.{crt,key}       who may be whom (clients of the API server)
 *     server-ca.{crt,key}       whom clients may trust: API servers
 *     kubelet-ca.{crt,key}      whom API servers may trust as a node; one of its own, as nodes name
 *                               the addresses in their certificates themselves
 *     front-proxy-ca.{crt,key}  who may speak for others to servers behind the API server
 *     sa.key                    signs service account tokens
 * They are made once; the signer is the only process that opens them. */
#pragma once

#include "server/identity.h"

struct pki;
int pki_open(struct env *env, const char *dir, struct err *e, struct pki **ret);
struct pki *pki_free(struct pki *p);
/* The CAs' certificates in it live as long as p, the rest in a. */
int pki_identity(struct pki *p, struct arena *a, const struct signer_channel *who, struct err *e,
                 struct identity *ret);
/* Signs a node's request (api/node_csr.h) for so many seconds at most, 0: a year. PEM in a: the
 * certificate, then its CA. -EINVAL: it is none that may be signed. */
int pki_sign(struct pki *p, struct arena *a, str signer, str csr_pem, int64_t seconds,
             struct err *e, str *ret_pem);
#define PKI_PROXY_CN "front-proxy-client"
/* A kubeconfig for system:masters, for server (a URL). The file is left alone while it is fit;
 * its folder is made. */
int pki_admin_kubeconfig(struct pki *p, const char *path, str server, struct err *e);
