// SPDX-License-Identifier: Apache-2.0
/* What is wrong with a text, in the words of Go's encoding/json scanner. Clients and their tests
 * look at these texts. Runs only when a reader has already refused the text. */
#include "schema/json_lex.h"

#include <stdio.h>

#include "schema/value.h"

struct scan {
    const char *p, *end;
    unsigned depth;
    struct err *e;
};

/* A byte as Go prints the rune of that number: quoted, escaped unless printable. */
static void quote_char(char out[16], unsigned char c) {
    static const char named[] = "\a\b\f\n\r\t\v";
    const char *at;
    if (c == '\'' || c == '\\')
        snprintf(out, 16, "'\\%c'", c);
    else if (c && (at = strchr(named, c)))
        snprintf(out, 16, "'\\%c'", "abfnrtv"[at - named]);
    else if (c < 0x20 || c == 0x7f)
        snprintf(out, 16, "'\\x%02x'", c);
    else if (c < 0x7f)
        snprintf(out, 16, "'%c'", c);
    else if (c <= 0xa0 || c == 0xad)
        snprintf(out, 16, "'\\u%04x'", c);
    else
        snprintf(out, 16, "'%c%c'", 0xc0 | c >> 6, 0x80 | (c & 0x3f));
}

static int unexpected(struct scan *s, const char *context) {
    if (s->p >= s->end)
        return err_set(s->e, -EINVAL, "unexpected end of JSON input");
    char c[16];
    quote_char(c, (unsigned char)*s->p);
    return err_set(s->e, -EINVAL, "invalid character %s %s", c, context);
}

static void space(struct scan *s) {
    while (s->p < s->end && memchr(" \t\r\n", *s->p, 4))
        s->p++;
}

static bool digit(const struct scan *s) {
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static int scan_string(struct scan *s) {
    for (s->p++; s->p < s->end && *s->p != '"'; s->p++) {
        if ((unsigned char)*s->p < 0x20)
            return unexpected(s, "in string literal");
        if (*s->p != '\\')
            continue;
        s->p++;
        if (s->p >= s->end || !memchr("\"\\/bfnrtu", *s->p, 9))
            return unexpected(s, "in string escape code");
        for (int i = 0, n = *s->p == 'u' ? 4 : 0; i < n; i++) {
            s->p++;
            if (s->p >= s->end || hex_digit(*s->p) < 0)
                return unexpected(s, "in \\u hexadecimal character escape");
        }
    }
    if (s->p >= s->end)
        return unexpected(s, "");
    s->p++;
    return 0;
}

static int scan_digits(struct scan *s, const char *context) {
    if (!digit(s))
        return unexpected(s, context);
    while (digit(s))
        s->p++;
    return 0;
}

static int scan_number(struct scan *s) {
    int r;
    s->p += *s->p == '-';
    if (s->p < s->end && *s->p == '0')
        s->p++;
    else if ((r = scan_digits(s, "in numeric literal")) < 0)
        return r;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if ((r = scan_digits(s, "after decimal point in numeric literal")) < 0)
            return r;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        return scan_digits(s, "in exponent of numeric literal");
    }
    return 0;
}

static int scan_word(struct scan *s, const char *word) {
    for (size_t i = 0; word[i]; i++, s->p++) {
        if (s->p < s->end && *s->p == word[i])
            continue;
        char context[64];
        snprintf(context, sizeof(context), "in literal %s (expecting '%c')", word, word[i]);
        return unexpected(s, context);
    }
    return 0;
}

static int scan_value(struct scan *s);

static int scan_object(struct scan *s) {
    int r;
    s->p++;
    space(s);
    if (s->p < s->end && *s->p == '}') {
        s->p++;
        return 0;
    }
    for (;;) {
        space(s);
        if (s->p >= s->end || *s->p != '"')
            return unexpected(s, "looking for beginning of object key string");
        if ((r = scan_string(s)) < 0)
            return r;
        space(s);
        if (s->p >= s->end || *s->p != ':')
            return unexpected(s, "after object key");
        s->p++;
        if ((r = scan_value(s)) < 0)
            return r;
        space(s);
        if (s->p >= s->end || (*s->p != ',' && *s->p != '}'))
            return unexpected(s, "after object key:value pair");
        if (*s->p++ == '}')
            return 0;
    }
}

static int scan_array(struct scan *s) {
    int r;
    s->p++;
    space(s);
    if (s->p < s->end && *s->p == ']') {
        s->p++;
        return 0;
    }
    for (;;) {
        if ((r = scan_value(s)) < 0)
            return r;
        space(s);
        if (s->p >= s->end || (*s->p != ',' && *s->p != ']'))
            return unexpected(s, "after array element");
        if (*s->p++ == ']')
            return 0;
    }
}

static int scan_value(struct scan *s) {
    int r;
    space(s);
    switch (s->p < s->end ? *s->p : 0) {
    case '{':
    case '[':
        if (++s->depth > JSON_DEPTH_MAX)
            return err_set(s->e, -EINVAL, "exceeded max depth");
        r = *s->p == '{' ? scan_object(s) : scan_array(s);
        s->depth--;
        return r;
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case '-':
    case '0' ... '9':
        return scan_number(s);
    }
    return unexpected(s, "looking for beginning of value");
}

int json_syntax(str json, struct err *e) {
    json.p = json.p ? json.p : "";
    struct scan s = {.p = json.p, .end = json.p + json.n, .e = e};
    int r = scan_value(&s);
    if (r < 0)
        return r;
    space(&s);
    return s.p < s.end ? unexpected(&s, "after top-level value") : 0;
}
