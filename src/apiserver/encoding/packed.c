// SPDX-License-Identifier: Apache-2.0
#include "apiserver/encoding/packed.h"

bool accepts_gzip(const struct request *r) {
    return r->x && gzip_accepted(http_header_get(&r->x->headers, "Accept-Encoding"));
}

void gzip_headers(struct request *r, struct http_headers *h) {
    http_header_add(r->arena, h, STR("Content-Encoding"), STR("gzip"));
    http_header_add(r->arena, h, STR("Vary"), STR("Accept-Encoding"));
}

void write_packed(struct request *r, struct gzip *g, str piece, bool last) {
    CLEANUP(buf_done) struct buf packed = {0};
    if (g) {
        gzip_add(g, piece, last, &packed);
        piece = buf_str(&packed);
    }
    r->sent += piece.n;
    exchange_write(r->x, piece);
}
