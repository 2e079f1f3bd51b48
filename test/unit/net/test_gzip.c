// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include "net/gzip.h"
#include "tap.h"

static void inflate_all(str packed, struct buf *out) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.p, .avail_in = (uInt)packed.n};
    REQUIRE(inflateInit2(&z, 15 + 16) == Z_OK);
    int r;
    do {
        z.next_out = (Bytef *)buf_reserve(out, 4096);
        z.avail_out = 4096;
        r = inflate(&z, Z_NO_FLUSH);
        out->n += 4096 - z.avail_out;
    } while (r == Z_OK);
    CHECK_INT(r, Z_STREAM_END);
    CHECK_INT(z.avail_in, 0);
    inflateEnd(&z);
}

TEST(pieces_of_any_size_come_back) {
    static const size_t pieces[] = {1, 7, 4096, 65536, 300000};
    struct buf text = {0};
    uint32_t x = 1;
    for (unsigned i = 0; i < 300000; i++) {
        x = x * 1664525 + 1013904223;
        buf_addc(&text, i % 3 ? (char)(x >> 24) : 'a'); /* does not compress well */
    }
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        struct buf packed = {0}, back = {0};
        struct gzip *g = gzip_new();
        for (size_t at = 0; at < text.n; at += pieces[i])
            gzip_add(g, str_slice(buf_str(&text), at, MIN(at + pieces[i], text.n)),
                     at + pieces[i] >= text.n, &packed);
        gzip_free(g);
        inflate_all(buf_str(&packed), &back);
        CHECK(str_eq(buf_str(&back), buf_str(&text)));
        buf_done(&packed);
        buf_done(&back);
    }
    buf_done(&text);
}

TEST(nothing_is_a_stream_too) {
    struct buf packed = {0}, back = {0};
    struct gzip *g = gzip_new();
    gzip_add(g, STR_NONE, false, &packed);
    gzip_add(g, STR_NONE, true, &packed);
    gzip_free(g);
    CHECK(packed.n > 10);
    inflate_all(buf_str(&packed), &back);
    CHECK_INT(back.n, 0);
    buf_done(&packed);
    buf_done(&back);
}

/* ---- and back ---- */

static int unpack(struct gunzip *g, str packed, size_t piece, struct buf *out) {
    int r = 0;
    for (size_t at = 0; at < packed.n && r >= 0; at += piece) {
        str in = str_slice(packed, at, MIN(at + piece, packed.n));
        do {
            size_t before = out->n;
            r = gunzip_step(g, &in, out);
            CHECK(out->n - before <= GUNZIP_STEP);
        } while (r == 0 && (in.n || gunzip_holds(g)));
    }
    return r;
}

static void pack(str text, bool bare, struct buf *out) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text.p, .avail_in = (uInt)text.n};
    REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, bare ? -15 : 15 + 16, 8, 0) == Z_OK);
    z.next_out = (Bytef *)buf_reserve(out, text.n + 1000);
    z.avail_out = (uInt)text.n + 1000;
    REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    out->n = z.total_out;
    deflateEnd(&z);
}

TEST(what_others_have_packed_is_unpacked_step_by_step) {
    static const size_t pieces[] = {1, 7, 4096, 1000000};
    struct buf text = {0};
    for (unsigned i = 0; i < 500000; i++)
        buf_addc(&text, i < 300000 ? 'a' : (char)(i * i >> 8));
    for (size_t i = 0; i < 2 * ARRAY_LEN(pieces); i++) {
        struct buf packed = {0}, back = {0};
        struct gunzip *g = gunzip_new(i & 1);
        pack(buf_str(&text), i & 1, &packed);
        CHECK_INT(unpack(g, buf_str(&packed), pieces[i / 2], &back), 1);
        CHECK(str_eq(buf_str(&back), buf_str(&text)));
        str more = STR("behind the end");
        CHECK_INT(gunzip_step(g, &more, &back), 1);
        CHECK_INT(more.n, 0);
        CHECK(!gunzip_holds(g));
        gunzip_free(g);
        buf_done(&packed);
        buf_done(&back);
    }
    buf_done(&text);
}

TEST(what_is_not_packed) {
    struct buf out = {0};
    struct gunzip *g = gunzip_new(false);
    CHECK_INT(unpack(g, STR("<html>this is no gzip</html>"), 100, &out), -EBADMSG);
    gunzip_free(g);
    buf_done(&out);
}
