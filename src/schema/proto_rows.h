// SPDX-License-Identifier: Apache-2.0
/* What protobuf reading and writing must agree upon. */
#pragma once

#include "schema/entry.h"
#include "schema/proto_wire.h"

/* Wire type of one value of a kind. */
static inline enum proto_wire kind_wire(unsigned kind) {
    switch (kind) {
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
        return WIRE_VARINT;
    case API_F64:
        return WIRE_FIXED64;
    }
    return WIRE_BYTES;
}

static inline bool in_proto(const struct api_field *f) {
    return f->number && !(f->flags & NO_PROTO);
}

/* Go's zero time in seconds, which is "not set". */
#define TIME_ZERO_SEC INT64_C(-62135596800)
