// SPDX-License-Identifier: Apache-2.0
/* SPDY frames from outside: the same bytes in one piece and in small ones say the same, and what is
 * written can be read. */
#include <stdlib.h>

#include "net/spdy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    ssize_t error;
    struct buf text;
    bool open; /* the last line is data that may go on */
    uint32_t id;
};

static void tell(struct told *t, const struct spdy_piece *piece) {
    if (!t->open || piece->kind != SPDY_DATA || piece->id != t->id)
        buf_printf(&t->text, "\n%d %u ", (int)piece->kind, piece->id);
    buf_add(&t->text, piece->data);
    t->open = piece->kind == SPDY_DATA && !piece->end;
    t->id = piece->id;
    if (piece->end)
        buf_adds(&t->text, " end");
}

static struct told read_all(str in, size_t step) {
    struct told t = {0};
    struct spdy_reader r;
    spdy_reader_init(&r);
    for (size_t at = 0; at < in.n;) {
        struct spdy_piece piece;
        bool has;
        size_t n = MIN(step, in.n - at);
        ssize_t k = spdy_read(&r, in.p + at, n, &piece, &has);
        if (k < 0) {
            t.error = k;
            break;
        }
        ASSERT(k > 0 && (size_t)k <= n);
        at += (size_t)k;
        if (!has)
            continue;
        ASSERT(piece.kind < SPDY_KIND_MAX && (piece.kind == SPDY_DATA || !piece.data.n));
        ASSERT(!piece.data.n || (piece.data.p >= in.p && piece.data.p < in.p + in.n));
        tell(&t, &piece);
    }
    return t;
}

static void write_and_read(str in) {
    struct buf b = {0};
    spdy_put_data(&b, 5, in, true);
    struct told t = read_all(buf_str(&b), 7);
    ASSERT(t.error == 0 && t.text.n == in.n + strlen("\n0 5  end"));
    ASSERT(!in.n || memcmp(t.text.p + 5, in.p, in.n) == 0);
    buf_done(&t.text);
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t steps[] = {1, 2, 7, 64};
    str in = str_n((const char *)data, size);
    struct told whole = read_all(in, in.n);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct told t = read_all(in, steps[i]);
        ASSERT(t.error == whole.error && str_eq(buf_str(&t.text), buf_str(&whole.text)));
        buf_done(&t.text);
    }
    buf_done(&whole.text);
    write_and_read(in);
    return 0;
}
