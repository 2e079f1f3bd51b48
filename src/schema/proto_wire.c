// SPDX-License-Identifier: Apache-2.0
#include "schema/proto_wire.h"

int proto_take_varint_slow(struct proto_in *in, uint64_t *ret) {
    uint64_t v = 0;
    const uint8_t *p = in->p;
    for (unsigned shift = 0; shift < 7 * PROTO_VARINT_MAX; shift += 7) {
        if (p >= in->end)
            return -EBADMSG;
        uint8_t b = *p++;
        if (shift == 63 && b > 1)
            return -EINVAL;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            in->p = p;
            *ret = v;
            return 0;
        }
    }
    return -EINVAL;
}

int proto_take_tag(struct proto_in *in, uint32_t *ret_number, unsigned *ret_wire) {
    uint64_t tag;
    int r = proto_take_varint(in, &tag);
    if (r < 0)
        return r;
    unsigned wire = tag & 7;
    uint64_t number = tag >> 3;
    bool known =
        wire == WIRE_VARINT || wire == WIRE_FIXED64 || wire == WIRE_BYTES || wire == WIRE_FIXED32;
    if (number == 0 || number > PROTO_NUMBER_MAX || !known)
        return -EINVAL;
    *ret_number = (uint32_t)number;
    *ret_wire = wire;
    return 0;
}

int proto_take_bytes(struct proto_in *in, str *ret) {
    uint64_t n;
    int r = proto_take_varint(in, &n);
    if (r < 0)
        return r;
    if (n > (uint64_t)(in->end - in->p))
        return -EBADMSG;
    *ret = (str){(const char *)in->p, (size_t)n};
    in->p += n;
    return 0;
}

int proto_take_fixed64(struct proto_in *in, uint64_t *ret) {
    if (in->end - in->p < 8)
        return -EBADMSG;
    memcpy(ret, in->p, 8);
    in->p += 8;
    return 0;
}

int proto_skip(struct proto_in *in, unsigned wire) {
    uint64_t v;
    str s;
    switch (wire) {
    case WIRE_VARINT:
        return proto_take_varint(in, &v);
    case WIRE_FIXED64:
        return proto_take_fixed64(in, &v);
    case WIRE_BYTES:
        return proto_take_bytes(in, &s);
    case WIRE_FIXED32:
        if (in->end - in->p < 4)
            return -EBADMSG;
        in->p += 4;
        return 0;
    }
    return -EINVAL;
}

void proto_put_varint_slow(struct proto_out *o, uint64_t v) {
    size_t n = proto_varint_size(v);
    char *p = proto_room(o, n);
    for (size_t i = 0; i + 1 < n; i++, v >>= 7)
        p[i] = (char)(v | 0x80);
    p[n - 1] = (char)v;
}

void proto_put_bytes(struct proto_out *o, uint32_t number, str s) {
    proto_put(o, s);
    proto_put_varint(o, s.n);
    proto_put_tag(o, number, WIRE_BYTES);
}
