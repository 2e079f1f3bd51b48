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

/* Behind an opening bracket: the container is empty, or it goes on on a line of its own. */
static void open_line(struct json_indenter *in, struct buf *b, char next) {
    in->opened = false;
    if (next != '}' && next != ']')
        newline(b, ++in->depth * in->spaces);
}

static const char *skip_string(const char *p, const char *end) {
    while (p < end && *p != '"')
        p += *p == '\\' ? 2 : 1;
    return p < end ? p + 1 : end;
}

void json_indent_piece(struct json_indenter *in, struct buf *b, str json) {
    for (const char *p = json.p, *end = json.p + json.n; p < end && !b->over;) {
        const char *from = p;
        char c = *p++;
        bool empty = in->opened;
        if (in->opened)
            open_line(in, b, c);
        switch (c) {
        case '"':
            p = skip_string(p, end);
            buf_add(b, (str){from, (size_t)(p - from)});
            break;
        case '{':
        case '[':
            buf_addc(b, c);
            in->opened = true;
            break;
        case '}':
        case ']':
            if (!empty) {
                in->depth -= in->depth > 0;
                newline(b, in->depth * in->spaces);
            }
            buf_addc(b, c);
            break;
        case ',':
            buf_addc(b, c);
            newline(b, in->depth * in->spaces);
            break;
        case ':':
            buf_adds(b, ": ");
            break;
        default:
            buf_addc(b, c);
        }
    }
}

void json_indent(struct buf *b, str json, unsigned spaces) {
    struct json_indenter in = {.spaces = spaces};
    json_indent_piece(&in, b, json);
}
