// SPDX-License-Identifier: Apache-2.0
/* runtime.Unknown behind four bytes of magic:
 * {1 typeMeta {1 apiVersion; 2 kind}; 2 raw; 3 contentEncoding; 4 contentType}. */
#include "schema/proto.h"
#include "schema/proto_wire.h"

static const char magic[4] = {'k', '8', 's', 0};

/* Reads the string fields 1..n of a message into ret[0..n-1], later ones win. */
static int read_strings(str bytes, str *const ret[], unsigned n) {
    struct proto_in in = proto_in_of(bytes);
    while (in.p < in.end) {
        uint32_t number;
        unsigned wire;
        str s;
        int r = proto_take_tag(&in, &number, &wire);
        if (r < 0)
            return r;
        if (number > n) {
            if ((r = proto_skip(&in, wire)) < 0)
                return r;
            continue;
        }
        if (wire != WIRE_BYTES)
            return -EINVAL;
        if ((r = proto_take_bytes(&in, &s)) < 0)
            return r;
        *ret[number - 1] = s;
    }
    return 0;
}

int proto_envelope_read(str bytes, struct proto_envelope *ret, struct err *e) {
    struct proto_envelope v = {0};
    str meta = STR_NONE;
    if (bytes.n == 0)
        return err_set(e, -EINVAL, "empty data");
    if (bytes.n < sizeof(magic) || memcmp(bytes.p, magic, sizeof(magic)) != 0)
        return err_set(e, -EINVAL,
                       "provided data does not appear to be a protobuf message, "
                       "expected prefix [107 56 115 0]");
    int r = read_strings(str_slice(bytes, sizeof(magic), bytes.n),
                         (str *const[]){&meta, &v.raw, &v.content_encoding, &v.content_type}, 4);
    if (r == 0)
        r = read_strings(meta, (str *const[]){&v.api_version, &v.kind}, 2);
    if (r < 0)
        return err_set(e, -EINVAL, r == -EBADMSG ? "unexpected EOF" : "proto: malformed Unknown");
    *ret = v;
    return 0;
}

static size_t string_size(size_t n) {
    return 1 + proto_bytes_size(n);
}

void proto_envelope_write(struct buf *b, const struct api_type *t, const void *obj) {
    const struct api_info *info = t->info;
    str group = str_of(info->group), version = str_of(info->version), kind = str_of(info->kind);
    size_t api_version = group.n ? group.n + 1 + version.n : version.n;
    size_t meta = string_size(api_version) + string_size(kind.n);
    size_t raw = proto_size(t, obj);
    size_t n = sizeof(magic) + string_size(meta) + string_size(raw) + 2 * string_size(0);
    char *start = buf_reserve(b, n);
    if (!start)
        return;
    /* The head in one buffer position, the object behind it, the two empty strings last. */
    size_t head = n - raw - 2 * string_size(0);
    struct proto_out o = {start, start + head};
    proto_put_varint(&o, raw);
    proto_put_tag(&o, 2, WIRE_BYTES);
    proto_put_bytes(&o, 2, kind);
    proto_put(&o, version);
    if (group.n) {
        proto_put(&o, STR("/"));
        proto_put(&o, group);
    }
    proto_put_varint(&o, api_version);
    proto_put_tag(&o, 1, WIRE_BYTES);
    proto_put_varint(&o, meta);
    proto_put_tag(&o, 1, WIRE_BYTES);
    proto_put(&o, (str){magic, sizeof(magic)});
    ASSERT(o.at == start);
    b->n += head;
    proto_write(b, t, obj);
    buf_add(b, (str){"\x1a\0\"\0", 4});
}
