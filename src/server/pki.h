// SPDX-License-Identifier: Apache-2.0
/* The cluster's certificate authorities and keys, kept in a folder (0700) or in memory:
 *     client-ca.{crt,key}       who may be whom (clients of the API server)
 *     server-ca.{crt,key}       whom clients may trust: API servers
 *     kubelet-ca.{crt,key}      whom API servers may trust as a node; one of its own, as nodes name
 *                               the addresses in their certificates themselves
 *     front-proxy-ca.{crt,key}  who may speak for others to servers behind the API server
 *     sa.key                    signs service account tokens
 *     sa-old.pem                optional: keys whose tokens are believed still
 * They are made once; the signer is the only process that opens them. */
#pragma once

#include "server/identity.h"

struct pki;
int pki_open(struct env *env, const char *dir, struct err *e, struct pki **ret);
struct pki *pki_free(struct pki *p);
/* The CAs' certificates in it live as long as p, the rest in a. */
int pki_identity(struct pki *p, struct arena *a, const struct signer_channel *who, struct err *e,
                 struct identity *ret);
/* Signs what the rules of the request's signer (api/csr.h) let it. PEM in a: the certificate, then
 * its CA. most: how many seconds it is good for at most, 0: a year. -EINVAL: it is none that may be
 * signed. */
struct csr_order;
int pki_sign(struct pki *p, struct arena *a, const struct csr_order *o, int64_t most, struct err *e,
             str *ret_pem);
#define PKI_PROXY_CN "front-proxy-client"
/* A kubeconfig for system:masters, for server (a URL). The file is left alone while it is fit;
 * its folder is made. */
int pki_admin_kubeconfig(struct pki *p, const char *path, str server, struct err *e);
