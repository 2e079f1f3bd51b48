// SPDX-License-Identifier: Apache-2.0
/* Strings are quoted whenever a YAML 1.1 reader could take them for something else; block scalars
 * are not used for short texts, "|" is for texts of several lines. */
#include "apiserver/encoding/yaml_write.h"

static bool looks_like_number(str s) {
    bool digit = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c >= '0' && c <= '9')
            digit = true;
        else if (!strchr("+-.eE_xXoObBabcdefABCDEF:", c))
            return false;
    }
    return digit && !strchr("abcdefABCDEFeE_:", s.p[0]);
}

static bool is_word(str s) {
    static const char *const words[] = {
        "y",     "Y",     "yes",   "Yes",  "YES",  "on",  "On",   "ON",   "n",    "N",
        "no",    "No",    "NO",    "off",  "Off",  "OFF", "true", "True", "TRUE", "false",
        "False", "FALSE", "null",  "Null", "NULL", "~",   ".nan", ".NaN", ".NAN", ".inf",
        ".Inf",  "-.inf", "+.inf", "<<",   "=",    "-",   NULL};
    return str_in(s, words);
}

static bool needs_quotes(str s) {
    if (s.n == 0 || is_word(s) || looks_like_number(s))
        return true;
    if (strchr("!&*?|>%@`'\"#{}[],:", s.p[0]) || s.p[0] == ' ' || s.p[s.n - 1] == ' ')
        return true;
    if (s.p[0] == '-' && s.n > 1 && s.p[1] == ' ')
        return true;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f)
            return true;
        if (c == ':' && (i + 1 == s.n || s.p[i + 1] == ' '))
            return true;
        if (c == '#' && i && s.p[i - 1] == ' ')
            return true;
    }
    return false;
}

static void indent(struct buf *b, unsigned n) {
    for (unsigned i = 0; i < n; i++)
        buf_addc(b, ' ');
}

static bool is_block(str s) {
    if (str_chr(s, '\n') < 0 || s.p[0] == ' ' || s.p[0] == '\n')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n') || s.p[i] == 0x7f)
            return false;
    return true;
}

static void write_block(struct buf *b, str s, unsigned depth) {
    buf_adds(b, "|");
    if (s.p[s.n - 1] != '\n')
        buf_addc(b, '-');
    else if (s.n > 1 && s.p[s.n - 2] == '\n')
        buf_addc(b, '+');
    buf_addc(b, '\n');
    while (s.p && s.n) {
        str line = str_cut(&s, '\n');
        if (line.n)
            indent(b, depth);
        buf_add(b, line);
        buf_addc(b, '\n');
    }
}

static void write_string(struct buf *b, str s, unsigned depth) {
    if (is_block(s)) {
        write_block(b, s, depth);
        return;
    }
    if (needs_quotes(s))
        json_quote(b, s); /* double quotes: JSON's escapes are YAML's */
    else
        buf_add(b, s);
    buf_addc(b, '\n');
}

static void write_node(struct buf *b, const struct value *v, unsigned depth);

static void write_member(struct buf *b, const struct member *m, unsigned depth) {
    if (needs_quotes(m->key))
        json_quote(b, m->key);
    else
        buf_add(b, m->key);
    buf_addc(b, ':');
    const struct value *v = &m->value;
    bool list = v->tag == VALUE_LIST && v->list.n, object = v->tag == VALUE_OBJECT && v->object.n;
    if (list || object) {
        buf_addc(b, '\n');
        indent(b, list ? depth : depth + 2);
        write_node(b, v, list ? depth : depth + 2);
    } else {
        buf_addc(b, ' ');
        write_node(b, v, depth + 2);
    }
}

/* The cursor stands at the node's column already. */
static void write_node(struct buf *b, const struct value *v, unsigned depth) {
    if (v->tag == VALUE_STR) {
        write_string(b, v->s, depth);
    } else if (v->tag == VALUE_LIST && v->list.n) {
        for (uint32_t i = 0; i < v->list.n; i++) {
            if (i)
                indent(b, depth);
            buf_adds(b, "- ");
            write_node(b, &v->list.v[i], depth + 2);
        }
    } else if (v->tag == VALUE_OBJECT && v->object.n) {
        for (uint32_t i = 0; i < v->object.n; i++) {
            if (i)
                indent(b, depth);
            write_member(b, &v->object.v[i], depth);
        }
    } else {
        value_write(b, v);
        buf_addc(b, '\n');
    }
}

void yaml_write(struct buf *b, struct value *v) {
    value_sort(v);
    write_node(b, v, 0);
}
