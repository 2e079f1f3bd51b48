// SPDX-License-Identifier: Apache-2.0
#include "apiserver/encoding/packed.h"

bool accepts_gzip(const struct request *r) {
    str rest = r->x ? http_header_get(&r->x->headers, "Accept-Encoding") : STR_NONE;
    while (rest.n) {
        str one = str_cut(&rest, ',');
        if (str_eqc(str_trim(str_cut(&one, ';')), "gzip"))
            return true;
    }
    return false;
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
