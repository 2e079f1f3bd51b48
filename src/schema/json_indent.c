// SPDX-License-Identifier: Apache-2.0
/* Go's json.Indent: one member or element a line, empty containers in one piece. */
#include "schema/json.h"

#include "schema/json_lex.h"

static void newline(struct buf *b, size_t n) {
    char *out = buf_reserve(b, n + 1);
    if (!out)
        return;
    *out = '\n';
    memset(out + 1, ' ', n);
    b->n += n + 1;
}

void json_indent(struct buf *b, str json, unsigned spaces) {
    size_t depth = 0;
    for (const char *p = json.p, *end = json.p + json.n; p < end && !b->over;) {
        const char *from = p;
        char c = *p++;
        switch (c) {
        case '"':
            while (p < end && *p != '"')
                p += *p == '\\' ? 2 : 1;
            p = p < end ? p + 1 : end;
            buf_add(b, (str){from, (size_t)(p - from)});
            break;
        case '{':
        case '[':
            buf_addc(b, c);
            if (p < end && *p == (c == '{' ? '}' : ']'))
                buf_addc(b, *p++);
            else
                newline(b, ++depth * spaces);
            break;
        case '}':
        case ']':
            depth -= depth > 0;
            newline(b, depth * spaces);
            buf_addc(b, c);
            break;
        case ',':
            buf_addc(b, c);
            newline(b, depth * spaces);
            break;
        case ':':
            buf_adds(b, ": ");
            break;
        default:
            buf_addc(b, c);
        }
    }
}
