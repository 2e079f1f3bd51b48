// SPDX-License-Identifier: Apache-2.0
/* SPDY frames: what is written, byte by byte and as zlib reads it, and what is read. */
#include <zlib.h>

#include "../../../fuzz/fuzz_spdy.c"
#include "tap.h"

#define CHECK_BYTES(b, lit) CHECK(str_eq(buf_str(b), str_n(lit, sizeof(lit) - 1)))

TEST(frames_as_the_draft_has_them) {
    struct buf b = {0};
    spdy_put_data(&b, 5, STR("hi"), false);
    CHECK_BYTES(&b, "\0\0\0\5\0\0\0\2hi");
    buf_clear(&b);
    spdy_put_data(&b, 7, STR_NONE, true);
    CHECK_BYTES(&b, "\0\0\0\7\1\0\0\0");
    buf_clear(&b);
    spdy_put_reset(&b, 2, SPDY_REFUSED_STREAM);
    CHECK_BYTES(&b, "\x80\3\0\3\0\0\0\10\0\0\0\2\0\0\0\3");
    buf_clear(&b);
    spdy_put_ping(&b, 9);
    CHECK_BYTES(&b, "\x80\3\0\6\0\0\0\4\0\0\0\11");
    buf_done(&b);
}

/* All of a connection's blocks are one zlib stream, each readable when it has come. */
TEST(blocks_of_headers_are_zlib) {
    static const struct http_header h[] = {{STR("streamtype"), STR("stdin")}, {STR("a"), STR("b")}};
    static const char want[] = "\0\0\0\2\0\0\0\12streamtype\0\0\0\5stdin\0\0\0\1a\0\0\0\1b";
    z_stream z = {0};
    REQUIRE(inflateInit(&z) == Z_OK);
    for (uint32_t id = 1; id < 9; id += 2) {
        struct buf b = {0};
        char text[256];
        spdy_put_open(&b, id, id == 1, h, 2);
        CHECK(memcmp(b.p, "\x80\3\0\1\0", 5) == 0);
        CHECK_INT((uint8_t)b.p[7], b.n - 8);
        CHECK_INT(b.p[11], id);
        z.next_in = (Bytef *)b.p + 18;
        z.avail_in = (uInt)b.n - 18;
        z.next_out = (Bytef *)text;
        z.avail_out = sizeof(text);
        CHECK_INT(inflate(&z, Z_SYNC_FLUSH), Z_OK);
        CHECK(str_eq(str_n(text, sizeof(text) - z.avail_out), str_n(want, sizeof(want) - 1)));
        buf_done(&b);
    }
    inflateEnd(&z);
}

TEST(what_is_read) {
    static const struct {
        str bytes;
        const char *told;
        int error;
    } cases[] = {
#define BYTES(lit) {lit, sizeof(lit) - 1}
        {BYTES("\0\0\0\5\0\0\0\2hi\0\0\0\5\1\0\0\0"), "\n0 5 hi end", 0},
        {BYTES("\0\0\0\5\1\0\0\2hi"), "\n0 5 hi end", 0},
        {BYTES("\0\0\0\5\0\0\0\0"), "", 0},
        {BYTES("\x80\3\0\2\0\0\0\6\0\0\0\3zz\x80\3\0\6\0\0\0\4\0\0\0\2"), "\n2 3 \n4 2 ", 0},
        {BYTES("\x80\3\0\2\1\0\0\4\0\0\0\3"), "\n2 3  end", 0},
        {BYTES("\x80\3\0\3\0\0\0\10\0\0\0\3\0\0\0\5"), "\n3 3  end", 0},
        {BYTES("\x80\3\0\7\0\0\0\10\0\0\0\3\0\0\0\0"), "\n5 0 ", 0},
        {BYTES("\x80\3\0\1\0\0\0\12\x80\0\0\2\0\0\0\0\0\0"), "\n1 2 ", 0},
        {BYTES("\x80\3\0\4\0\0\0\4\0\0\0\0\x80\3\1\4\0\0\0\0"), "", 0},
        {BYTES("\x80\2\0\6\0\0\0\4\0\0\0\2"), "", -EBADMSG},
        {BYTES("\x80\3\0\6\0\0\0\3\0\0\0"), "", -EBADMSG},
        {BYTES("\x80\3\0\4\0\1\0\1"), "", -E2BIG},
        {BYTES("HTTP/1.1 400 "), "\n0 1213486160  400 ", 0},
#undef BYTES
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct told t = read_all(cases[i].bytes, cases[i].bytes.n);
        CHECK_INT(t.error, cases[i].error);
        CHECK_STRC(buf_str(&t.text), cases[i].told);
        buf_done(&t.text);
    }
}
