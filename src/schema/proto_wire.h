// SPDX-License-Identifier: Apache-2.0
/* The wire format of protobuf, below types: varints, tags, lengths. */
#pragma once

#include "base/str.h"

enum proto_wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

#define PROTO_VARINT_MAX 10
#define PROTO_NUMBER_MAX ((1u << 29) - 1)

struct proto_in {
    const uint8_t *p, *end;
};

static inline struct proto_in proto_in_of(str s) {
    const uint8_t *p = (const uint8_t *)(s.p ? s.p : "");
    return (struct proto_in){p, p + s.n};
}

/* All takes: 0, -EBADMSG (the input ends too soon) or -EINVAL (no such number or tag). */
int proto_take_varint_slow(struct proto_in *in, uint64_t *ret);
static inline int proto_take_varint(struct proto_in *in, uint64_t *ret) {
    if (in->p < in->end && *in->p < 0x80) {
        *ret = *in->p++;
        return 0;
    }
    return proto_take_varint_slow(in, ret);
}
/* Tags of groups and of number 0 are -EINVAL. */
int proto_take_tag(struct proto_in *in, uint32_t *ret_number, unsigned *ret_wire);
int proto_take_bytes(struct proto_in *in, str *ret);
int proto_take_fixed64(struct proto_in *in, uint64_t *ret);
int proto_skip(struct proto_in *in, unsigned wire);

static inline size_t proto_varint_size(uint64_t v) {
    return (size_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}
static inline size_t proto_tag_size(uint32_t number) {
    return proto_varint_size((uint64_t)number << 3);
}
static inline size_t proto_bytes_size(size_t n) {
    return proto_varint_size(n) + n;
}

/* Messages are written from their end to their start, so that a length is known when it is due.
 * The room is exact: running past it is a broken promise. */
struct proto_out {
    char *low, *at;
};

static inline char *proto_room(struct proto_out *o, size_t n) {
    ASSERT((size_t)(o->at - o->low) >= n);
    return o->at -= n;
}
void proto_put_varint_slow(struct proto_out *o, uint64_t v);
static inline void proto_put_varint(struct proto_out *o, uint64_t v) {
    if (v < 0x80)
        *proto_room(o, 1) = (char)v;
    else
        proto_put_varint_slow(o, v);
}
static inline void proto_put_tag(struct proto_out *o, uint32_t number, enum proto_wire wire) {
    proto_put_varint(o, (uint64_t)number << 3 | wire);
}
static inline void proto_put(struct proto_out *o, str s) {
    char *p = proto_room(o, s.n);
    if (s.n)
        memcpy(p, s.p, s.n);
}
/* Bytes with their length and tag. */
void proto_put_bytes(struct proto_out *o, uint32_t number, str s);
