// SPDX-License-Identifier: Apache-2.0
/* What answers mean that do not say it in gRPC's own words. */
#include <stdio.h>

#include "net/grpc_impl.h"

enum grpc_status grpc_status_of_http(int status) {
    switch (status) {
    case 400:
        return GRPC_INTERNAL;
    case 401:
        return GRPC_UNAUTHENTICATED;
    case 403:
        return GRPC_PERMISSION_DENIED;
    case 404:
        return GRPC_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return GRPC_UNAVAILABLE;
    default:
        return GRPC_UNKNOWN;
    }
}

enum grpc_status grpc_status_of_h2(uint32_t error_code) {
    switch (error_code) {
    case NGHTTP2_REFUSED_STREAM:
        return GRPC_UNAVAILABLE;
    case NGHTTP2_CANCEL:
        return GRPC_CANCELLED;
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return GRPC_RESOURCE_EXHAUSTED;
    case NGHTTP2_INADEQUATE_SECURITY:
        return GRPC_PERMISSION_DENIED;
    default:
        return GRPC_INTERNAL;
    }
}

void grpc_message_decode(struct buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++, n++) {
        int hi = -1, lo = -1;
        if (b->p[i] == '%' && b->n - i > 2) {
            hi = hex_digit(b->p[i + 1]);
            lo = hex_digit(b->p[i + 2]);
        }
        if (hi >= 0 && lo >= 0) {
            b->p[n] = (char)(hi << 4 | lo);
            i += 2;
        } else {
            b->p[n] = b->p[i];
        }
    }
    b->n = n;
}

void grpc_timeout_text(char out[32], int64_t ns) {
    static const struct {
        int64_t ns;
        char unit;
    } units[] = {
        {1, 'n'},
        {1000, 'u'},
        {NSEC_PER_MSEC, 'm'},
        {NSEC_PER_SEC, 'S'},
        {60 * NSEC_PER_SEC, 'M'},
        {3600 * NSEC_PER_SEC, 'H'},
    };
    size_t i = 0;
    int64_t v = MAX(ns, INT64_C(1));
    while (i + 1 < ARRAY_LEN(units) && v / units[i].ns + 1 > 99999999)
        i++;
    v = v / units[i].ns + (v % units[i].ns != 0);
    snprintf(out, 32, "%lld%c", (long long)MIN(v, INT64_C(99999999)), units[i].unit);
}
