// SPDX-License-Identifier: Apache-2.0
#include "net/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#define LEVEL       1
#define GZIP_WINDOW (15 + 16) /* 32 kB, and gzip's head instead of zlib's */
#define MEMORY      8
#define ROOM        (16 * 1024)

struct gzip {
    z_stream z;
};

struct gzip *gzip_new(void) {
    struct gzip *g = xcalloc(1, sizeof(*g));
    int r = deflateInit2(&g->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY);
    ASSERT(r == Z_OK); /* only for want of memory */
    return g;
}

void gzip_add(struct gzip *g, str in, bool last, struct buf *out) {
    int r = Z_OK;
    ASSERT(in.n <= UINT32_MAX);
    g->z.next_in = (Bytef *)(uintptr_t)in.p;
    g->z.avail_in = (uInt)in.n;
    do {
        char *room = buf_reserve(out, ROOM);
        ASSERT(room);
        g->z.next_out = (Bytef *)room;
        g->z.avail_out = ROOM;
        r = deflate(&g->z, last ? Z_FINISH : Z_NO_FLUSH);
        out->n += ROOM - g->z.avail_out;
    } while (g->z.avail_in || (last && r != Z_STREAM_END) || !g->z.avail_out);
}

struct gzip *gzip_free(struct gzip *g) {
    if (!g)
        return NULL;
    deflateEnd(&g->z);
    free(g);
    return NULL;
}

void gzip_whole(str in, struct buf *out) {
    struct gzip *g = gzip_new();
    gzip_add(g, in, true, out);
    gzip_free(g);
}

bool gzip_accepted(str accept_encoding) {
    while (accept_encoding.n)
        if (str_eqc(str_trim(str_cut(&accept_encoding, ',')), "gzip"))
            return true;
    return false;
}

struct gunzip {
    z_stream z;
    bool ended, full;
};

struct gunzip *gunzip_new(bool bare) {
    struct gunzip *g = xcalloc(1, sizeof(*g));
    int r = inflateInit2(&g->z, bare ? -15 : GZIP_WINDOW);
    ASSERT(r == Z_OK); /* only for want of memory */
    return g;
}

int gunzip_step(struct gunzip *g, str *in, struct buf *out) {
    if (!g->ended) {
        char *room = buf_reserve(out, GUNZIP_STEP);
        ASSERT(room && in->n <= UINT32_MAX);
        g->z.next_in = (Bytef *)(uintptr_t)in->p;
        g->z.avail_in = (uInt)in->n;
        g->z.next_out = (Bytef *)room;
        g->z.avail_out = GUNZIP_STEP;
        int r = inflate(&g->z, Z_NO_FLUSH);
        out->n += GUNZIP_STEP - g->z.avail_out;
        *in = str_slice(*in, in->n - g->z.avail_in, in->n);
        g->full = !g->z.avail_out;
        g->ended = r == Z_STREAM_END;
        if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
            return -EBADMSG;
    }
    if (g->ended)
        *in = STR_NONE;
    return g->ended;
}

bool gunzip_holds(const struct gunzip *g) {
    return g->full && !g->ended;
}

struct gunzip *gunzip_free(struct gunzip *g) {
    if (!g)
        return NULL;
    inflateEnd(&g->z);
    free(g);
    return NULL;
}
