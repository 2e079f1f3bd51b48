// SPDX-License-Identifier: Apache-2.0
/* Protobuf <-> struct over the same rows. proto2 types (Kubernetes): value fields are always
 * written, even zero; pointers when set; lists one tag an element; maps sorted by key. proto3 types
 * (CRI, etcd: TYPE_PROTO3): zero scalars are left out, repeated scalars packed. Reading accepts
 * fields in any order, packed or not, and skips unknown ones; groups are refused. Strings of what
 * was read point into the input. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "schema/type.h"

#define PROTO_DEPTH_MAX 100

int proto_read(struct arena *a, const struct api_type *t, str bytes, void *ret, struct err *e);
void proto_write(struct buf *b, const struct api_type *t, const void *obj);
size_t proto_size(const struct api_type *t, const void *obj);

/* The envelope of application/vnd.kubernetes.protobuf: "k8s\0" and runtime.Unknown. */
struct proto_envelope {
    str api_version, kind, raw, content_encoding, content_type;
};
int proto_envelope_read(str bytes, struct proto_envelope *ret, struct err *e);
/* Envelope and object of a root type. */
void proto_envelope_write(struct buf *b, const struct api_type *t, const void *obj);
