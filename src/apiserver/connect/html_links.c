// SPDX-License-Identifier: Apache-2.0
/* One byte at a time through the states of HTML's tokenizer that matter here; bytes go out as they
 * come in, but for a value that may be rewritten, which is held until its end is seen. */
#include "apiserver/connect/html_links.h"

enum state {
    TEXT,
    OPEN,        /* "<" */
    OPEN_END,    /* "</" */
    OPEN_MARKUP, /* "<!", and at most one dash */
    COMMENT,
    BOGUS, /* up to ">" */
    NAME,
    BEFORE_KEY,
    KEY,
    AFTER_KEY,
    BEFORE_VALUE,
    VALUE, /* without quotes */
    VALUE_SINGLE,
    VALUE_DOUBLE,
    RAW, /* a script's text or the like, up to its end tag */
    PLAIN,
};

/* Attributes with URLs, by tag. */
static const struct {
    const char *tag;
    const char *keys[4];
} urls[] = {
    {"a", {"href"}},
    {"applet", {"codebase"}},
    {"area", {"href"}},
    {"audio", {"src"}},
    {"base", {"href"}},
    {"blockquote", {"cite"}},
    {"body", {"background"}},
    {"button", {"formaction"}},
    {"command", {"icon"}},
    {"del", {"cite"}},
    {"embed", {"src"}},
    {"form", {"action"}},
    {"frame", {"longdesc", "src"}},
    {"head", {"profile"}},
    {"html", {"manifest"}},
    {"iframe", {"longdesc", "src"}},
    {"img", {"longdesc", "src", "usemap"}},
    {"input", {"src", "usemap", "formaction"}},
    {"ins", {"cite"}},
    {"link", {"href"}},
    {"object", {"classid", "codebase", "data", "usemap"}},
    {"q", {"cite"}},
    {"script", {"src"}},
    {"source", {"src"}},
    {"video", {"poster", "src"}},
};

static bool is_space(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f';
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_letter(char c) {
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static void add_name(char *name, uint8_t *n, char c) {
    if (*n < HTML_NAME_MAX)
        name[*n] = lower(c);
    if (*n <= HTML_NAME_MAX)
        ++*n;
}

static str name_of(const struct html_links *h) {
    return h->name_n > HTML_NAME_MAX ? STR_NONE : str_n(h->name, h->name_n);
}

static bool is_url(const struct html_links *h) {
    str key = str_n(h->key, h->key_n), name = name_of(h);
    if (h->ends || h->key_n > HTML_NAME_MAX)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(urls); i++)
        if (str_eqc(name, urls[i].tag))
            for (size_t k = 0; k < ARRAY_LEN(urls[i].keys) && urls[i].keys[k]; k++)
                if (str_eqc(key, urls[i].keys[k]))
                    return true;
    return false;
}

/* The tag is complete: what follows is text, of one kind or another. */
static enum state after_tag(const struct html_links *h) {
    static const char *const raw[] = {"iframe", "noembed",  "noframes", "script", "style",
                                      "title",  "textarea", "xmp",      NULL};
    if (h->ends)
        return TEXT;
    return str_eqc(name_of(h), "plaintext") ? PLAIN : str_in(name_of(h), raw) ? RAW : TEXT;
}

static void give_up_value(struct html_links *h, struct buf *out) {
    h->holds = false;
    buf_add(out, buf_str(&h->value));
    buf_done(&h->value);
}

static void put_value(struct html_links *h, struct buf *out) {
    if (!h->holds)
        return;
    struct arena a;
    arena_init(&a, 0);
    h->holds = false;
    buf_add(out, h->rewrite(h->ctx, &a, buf_str(&h->value)));
    arena_done(&a);
    buf_done(&h->value);
}

static void value_byte(struct html_links *h, char c, struct buf *out) {
    if (!h->holds) {
        buf_addc(out, c);
        return;
    }
    buf_addc(&h->value, c);
    if (h->value.n > HTML_VALUE_MAX)
        give_up_value(h, out);
}

static enum state start_value(struct html_links *h, enum state state) {
    h->holds = is_url(h);
    return state;
}

static enum state start_tag(struct html_links *h, char c, bool ends) {
    h->ends = ends;
    h->name_n = 0;
    add_name(h->name, &h->name_n, c);
    return NAME;
}

static enum state start_key(struct html_links *h, char c) {
    h->key_n = 0;
    add_name(h->key, &h->key_n, c);
    return KEY;
}

static enum state in_comment(struct html_links *h, char c) {
    if (c == '-')
        h->matched = h->matched == 3 ? 1 : (uint8_t)MIN(h->matched + 1, 2);
    else if (c == '>' && h->matched >= 2)
        return TEXT;
    else if (c == '!' && h->matched == 2)
        h->matched = 3; /* "--!" ends with ">" only */
    else
        h->matched = 0;
    return COMMENT;
}

/* matched: of "</NAME"; then one byte that shows the name's end. */
static enum state in_raw(struct html_links *h, char c) {
    unsigned at = h->matched;
    if (at == 2u + h->name_n && (is_space(c) || c == '/' || c == '>')) {
        h->matched = 0;
        h->ends = true;
        return c == '>' ? TEXT : BEFORE_KEY;
    }
    char want = at == 0 ? '<' : at == 1 ? '/' : at < 2u + h->name_n ? h->name[at - 2] : 0;
    h->matched = (uint8_t)(want && lower(c) == want ? at + 1 : c == '<');
    return RAW;
}

static enum state in_markup(struct html_links *h, char c) {
    if (c == '-' && ++h->matched == 2)
        return COMMENT; /* whose two dashes may be its end's, too */
    if (c == '-')
        return OPEN_MARKUP;
    return c == '>' ? TEXT : BOGUS;
}

/* Behind "<", or outside of tags. */
static enum state in_text(struct html_links *h, char c) {
    switch ((enum state)h->state) {
    case OPEN:
        h->matched = 0;
        return is_letter(c) ? start_tag(h, c, false)
               : c == '/'   ? OPEN_END
               : c == '!'   ? OPEN_MARKUP
               : c == '?'   ? BOGUS
               : c == '<'   ? OPEN
                            : TEXT;
    case OPEN_END:
        return is_letter(c) ? start_tag(h, c, true) : c == '>' ? TEXT : BOGUS;
    case OPEN_MARKUP:
        return in_markup(h, c);
    case COMMENT:
        return in_comment(h, c);
    case BOGUS:
        return c == '>' ? TEXT : BOGUS;
    case RAW:
        return in_raw(h, c);
    case PLAIN:
        return PLAIN;
    case TEXT:
    case NAME:
    case BEFORE_KEY:
    case KEY:
    case AFTER_KEY:
    case BEFORE_VALUE:
    case VALUE:
    case VALUE_SINGLE:
    case VALUE_DOUBLE:
        break;
    }
    return c == '<' ? OPEN : TEXT;
}

/* In a tag, outside of values. */
static enum state in_tag(struct html_links *h, char c) {
    enum state state = (enum state)h->state;
    if (c == '>') {
        h->matched = 0;
        return after_tag(h);
    }
    switch (state) {
    case NAME:
        if (is_space(c) || c == '/')
            return BEFORE_KEY;
        add_name(h->name, &h->name_n, c);
        return NAME;
    case KEY:
        if (is_space(c))
            return AFTER_KEY;
        if (c == '=' || c == '/')
            return c == '=' ? BEFORE_VALUE : BEFORE_KEY;
        add_name(h->key, &h->key_n, c);
        return KEY;
    case BEFORE_VALUE:
        if (is_space(c))
            return BEFORE_VALUE;
        return start_value(h, c == '"' ? VALUE_DOUBLE : c == '\'' ? VALUE_SINGLE : VALUE);
    case AFTER_KEY:
        if (c == '=')
            return BEFORE_VALUE;
        break;
    case TEXT:
    case OPEN:
    case OPEN_END:
    case OPEN_MARKUP:
    case COMMENT:
    case BOGUS:
    case BEFORE_KEY:
    case VALUE:
    case VALUE_SINGLE:
    case VALUE_DOUBLE:
    case RAW:
    case PLAIN:
        break;
    }
    return is_space(c) ? state : c == '/' ? BEFORE_KEY : start_key(h, c);
}

static bool ends_value(const struct html_links *h, char c) {
    return h->state == VALUE_DOUBLE   ? c == '"'
           : h->state == VALUE_SINGLE ? c == '\''
                                      : is_space(c) || c == '>';
}

static void byte(struct html_links *h, char c, struct buf *out) {
    bool in_value = h->state >= VALUE && h->state <= VALUE_DOUBLE;
    if (in_value && !ends_value(h, c)) {
        value_byte(h, c, out);
        return;
    }
    if (in_value) {
        put_value(h, out);
        h->state = BEFORE_KEY;
        if (c == '>')
            h->state = (uint8_t)in_tag(h, c);
    } else if (h->state >= NAME && h->state <= BEFORE_VALUE) {
        h->state = (uint8_t)in_tag(h, c);
        if (h->state == VALUE) { /* its first byte */
            value_byte(h, c, out);
            return;
        }
    } else {
        h->state = (uint8_t)in_text(h, c);
    }
    buf_addc(out, c);
}

void html_links_init(struct html_links *h, str (*rewrite)(void *ctx, struct arena *, str url),
                     void *ctx) {
    *h = (struct html_links){.rewrite = rewrite, .ctx = ctx};
}

void html_links_done(struct html_links *h) {
    buf_done(&h->value);
}

void html_links_feed(struct html_links *h, str in, struct buf *out) {
    for (size_t i = 0; i < in.n; i++)
        byte(h, in.p[i], out);
}

void html_links_end(struct html_links *h, struct buf *out) {
    if (h->holds)
        give_up_value(h, out);
}
