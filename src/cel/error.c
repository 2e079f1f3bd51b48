// SPDX-License-Identifier: Apache-2.0
#include "cel/error.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "cel/lex.h"

void cel_error(struct cel_errors *e, uint32_t at, const char *fmt, ...) {
    va_list ap;
    struct cel_error *error;
    if (++e->total > CEL_ERRORS_MAX)
        return;
    error = list_push(e->arena, &e->list);
    error->at = at;
    va_start(ap, fmt);
    error->text = str_vprintf(e->arena, fmt, ap);
    va_end(ap);
}

static void add_snippet(struct buf *b, str line, size_t before) {
    buf_adds(b, "\n | ");
    for (size_t i = 0; i < line.n; i++)
        buf_addc(b, line.p[i] == '\t' ? ' ' : line.p[i]);
    buf_adds(b, "\n | ");
    for (size_t i = 0; i < before;) {
        size_t n = cel_char_len(str_slice(line, i, line.n));
        buf_add(b, n > 1 ? STR("\uff0e") : STR("."));
        i += n;
    }
    if (before < line.n && cel_char_len(str_slice(line, before, line.n)) > 1)
        buf_adds(b, "\uff3e");
    else
        buf_addc(b, '^');
}

static void add_error(struct buf *b, str source, const struct cel_error *error) {
    size_t start = 0, end, column = 0;
    int line = 1;
    if (error->at == CEL_NOWHERE) {
        buf_printf(b, "ERROR: <input>:-1:0: " STR_FMT, STR_ARG(error->text));
        return;
    }
    for (size_t i = 0; i < error->at && i < source.n; i++)
        if (source.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    for (size_t i = start; i < error->at && i < source.n; column++)
        i += cel_char_len(str_slice(source, i, source.n));
    for (end = start; end < source.n && source.p[end] != '\n';)
        end++;
    buf_printf(b, "ERROR: <input>:%d:%zu: ", line, column + 1);
    buf_add(b, error->text);
    if (source.n && end - start <= CEL_SNIPPET_MAX)
        add_snippet(b, str_slice(source, start, end), error->at - start);
}

/* A merge of two sorted halves is stable; qsort is not. CEL_NOWHERE stands first. */
static void sort_errors(struct cel_error *v, uint32_t n) {
    for (uint32_t i = 1; i < n; i++) {
        struct cel_error x = v[i];
        uint32_t k = i;
        for (; k > 0 && v[k - 1].at + 1 > x.at + 1; k--)
            v[k] = v[k - 1];
        v[k] = x;
    }
}

str cel_errors_text(struct cel_errors *e) {
    struct buf b;
    str text;
    buf_init(&b, 0);
    sort_errors(e->list.v, e->list.n);
    for (uint32_t i = 0; i < e->list.n; i++) {
        if (i)
            buf_addc(&b, '\n');
        add_error(&b, e->source, &e->list.v[i]);
    }
    if (e->total > e->list.n)
        buf_printf(&b, "\n%u more errors were truncated", e->total - e->list.n);
    text = str_dup(e->arena, buf_str(&b));
    buf_done(&b);
    return text;
}
