// SPDX-License-Identifier: Apache-2.0
/* A walk over the text that looks for the end of each part, as upstream's parser does: what is in
 * brackets is cut out first, up to the first that closes, and judged by itself. */
#include "api/jsonpath.h"

#include "base/buf.h"

struct path {
    struct arena *arena;
    struct err *e;
    str in;
    size_t at;
    bool recursive; /* the part before was ".." */
    unsigned depth;
};

#define END (-1)

static int refuse(struct path *p, const char *why) {
    return err_set(p->e, -EINVAL, "%s", why);
}

static int refuse_text(struct path *p, const char *before, str text, const char *after) {
    return err_set(p->e, -EINVAL, "%s" STR_FMT "%s", before, STR_ARG(text), after);
}

static int peek(const struct path *p) {
    return p->at < p->in.n ? (unsigned char)p->in.p[p->at] : END;
}

static int next(struct path *p) {
    int c = peek(p);
    p->at += c != END;
    return c;
}

static bool is_digit(int c) {
    return c >= '0' && c <= '9';
}

static bool is_word(int c) {
    return is_digit(c) || c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_terminator(int c) {
    return c == END || c == 0 ? c == END : strchr(" \t\r\n.,[]$@{}", c) != NULL;
}

static int check(struct arena *a, str text, unsigned depth, struct err *e);

/* before and text as an action of their own. */
static int check_part(struct path *p, const char *before, str text) {
    if (p->depth + 1 >= JSONPATH_DEPTH_MAX)
        return refuse(p, "too many levels");
    return check(p->arena, str_printf(p->arena, "{%s" STR_FMT "}", before, STR_ARG(text)),
                 p->depth + 1, p->e);
}

/* ---- [...] ---- */

/* One of start:end:step, which is no number when it is "-" or too large. */
static int check_index(struct path *p, str s) {
    int64_t v;
    if (s.n && str_to_i64(s, &v) < 0)
        return refuse_text(p, "array index ", s, " is not a number");
    return 0;
}

static bool is_index(str s) {
    size_t i = s.n && s.p[0] == '-';
    while (i < s.n && is_digit((unsigned char)s.p[i]))
        i++;
    return i == s.n;
}

static int check_slice(struct path *p, str text) {
    str rest = text, parts[3];
    unsigned n = 0;
    for (; rest.p; n++) {
        str part = str_cut(&rest, ':');
        if (n == ARRAY_LEN(parts) || !is_index(part))
            return refuse_text(p, "invalid array index ", text, "");
        parts[n] = part;
    }
    for (unsigned i = 0; i < n; i++) {
        int r = check_index(p, parts[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_key(str s) {
    return s.n >= 2 && s.p[0] == '\'' && str_chr(str_slice(s, 1, s.n), '\'') == (ssize_t)s.n - 2;
}

static int check_array(struct path *p) {
    ssize_t end = str_chr(str_slice(p->in, p->at, p->in.n), ']');
    str text = str_slice(p->in, p->at, end < 0 ? p->in.n : p->at + (size_t)end);
    if (end < 0 || str_chr(text, '\n') >= 0)
        return refuse(p, "unterminated array");
    p->at += text.n + 1;
    if (str_chr(text, ',') >= 0) {
        for (str rest = text; rest.p;) {
            str part = str_cut(&rest, ',');
            while (part.n && part.p[0] == ' ')
                part = str_slice(part, 1, part.n);
            while (part.n && part.p[part.n - 1] == ' ')
                part.n--;
            int r = check_part(p, "[", str_printf(p->arena, STR_FMT "]", STR_ARG(part)));
            if (r < 0)
                return r;
        }
        return 0;
    }
    if (is_key(text))
        return check_part(p, ".", str_slice(text, 1, text.n - 1));
    return str_eqc(text, "*") || !text.n ? 0 : check_slice(p, text);
}

/* ---- [?(...)] ---- */

/* The ')' that ends it: one outside of quotes, of which only the first pair is looked for. */
static ssize_t filter_end(const struct path *p) {
    bool open = false, closed = false;
    char pair = 0;
    for (size_t i = p->at; i < p->in.n && p->in.p[i] != '\n'; i++) {
        char c = p->in.p[i];
        if ((c == '"' || c == '\'') && !open) {
            open = true;
            pair = c;
        } else if ((c == '"' || c == '\'') && c == pair && p->in.p[i - 1] != '\\') {
            closed = true;
        } else if (c == ')' && open == closed) {
            return (ssize_t)i;
        }
    }
    return -1;
}

static bool is_operator(char c) {
    return c == '!' || c == '<' || c == '>' || c == '=' || c == '~';
}

/* The longest left side, then the longest operator, that leave something for the right one. */
static bool split(str s, str *ret_left, str *ret_right) {
    size_t left = 0;
    while (left < s.n && (!is_operator(s.p[left]) || s.p[left] == '~'))
        left++;
    for (; left > 0; left--) {
        size_t end = left;
        while (end < s.n && is_operator(s.p[end]))
            end++;
        end = MIN(end, s.n - 1);
        if (end <= left)
            continue;
        *ret_left = str_slice(s, 0, left);
        *ret_right = str_slice(s, end, s.n);
        return true;
    }
    return false;
}

static int check_filter(struct path *p) {
    str left, right;
    ssize_t end = filter_end(p);
    if (end < 0)
        return refuse(p, "unterminated filter");
    str text = str_slice(p->in, p->at, (size_t)end);
    p->at = (size_t)end + 1;
    if (next(p) != ']')
        return refuse(p, "unclosed array expect ]");
    if (!split(text, &left, &right))
        return check_part(p, "", text);
    int r = check_part(p, "", left);
    return r < 0 ? r : check_part(p, "", right);
}

/* ---- other parts ---- */

/* Bytes of the escape after a backslash, as Go's strconv.UnquoteChar takes it; 0: none. */
static size_t escape_size(str s, char quote) {
    static const struct {
        char c;
        unsigned digits;
    } coded[] = {{'x', 2}, {'u', 4}, {'U', 8}};
    if (!s.n)
        return 0;
    if ((s.p[0] && strchr("abfnrtv\\", s.p[0])) || s.p[0] == quote)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(coded); i++) {
        uint64_t v = 0;
        if (s.p[0] != coded[i].c)
            continue;
        if (s.n <= coded[i].digits)
            return 0;
        for (unsigned k = 1; k <= coded[i].digits; k++) {
            int digit = hex_digit(s.p[k]);
            if (digit < 0)
                return 0;
            v = v * 16 + (uint64_t)digit;
        }
        bool ok = coded[i].c == 'x' || (v <= 0x10ffff && (v < 0xd800 || v > 0xdfff));
        return ok ? coded[i].digits + 1 : 0;
    }
    bool octal = s.n >= 3 && s.p[0] >= '0' && s.p[0] <= '3';
    for (unsigned k = 1; octal && k < 3; k++)
        octal = s.p[k] >= '0' && s.p[k] <= '7';
    return octal ? 3 : 0;
}

static bool unquotes(str s, char quote) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == quote)
            return false;
        if (s.p[i] != '\\')
            continue;
        size_t n = escape_size(str_slice(s, i + 1, s.n), quote);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

static int check_quote(struct path *p, int quote) {
    size_t from = p->at;
    for (int c; (c = next(p)) != quote || p->in.p[p->at - 2] == '\\';)
        if (c == END || c == '\n')
            return refuse(p, "unterminated quoted string");
    if (unquotes(str_slice(p->in, from, p->at - 1), (char)quote))
        return 0;
    return refuse_text(p, "unquote string ", str_slice(p->in, from - 1, p->at),
                       " error invalid syntax");
}

static void skip_field(struct path *p) {
    while (!is_terminator(peek(p)))
        if (next(p) == '\\')
            next(p);
}

static int check_number(struct path *p) {
    size_t from = p->at, digits = 0, dots = 0;
    if (peek(p) == '+' || peek(p) == '-')
        p->at++;
    for (; is_digit(peek(p)) || peek(p) == '.'; p->at++) {
        digits += peek(p) != '.';
        dots += peek(p) == '.';
    }
    if (digits && dots <= 1)
        return 0;
    return refuse_text(p, "cannot parse number ", str_slice(p->in, from, p->at), "");
}

static int check_recursive(struct path *p) {
    if (p->recursive)
        return refuse(p, "invalid multiple recursive descent");
    p->at += 2;
    p->recursive = !is_word(peek(p));
    if (!p->recursive)
        skip_field(p);
    return 0;
}

/* What starts with c, which is behind us. */
static int check_other(struct path *p, int c) {
    if (c == END || c == '\r' || c == '\n')
        return refuse(p, "unclosed action");
    if (c == ' ' || c == '@' || c == '$') /* the current object */
        return 0;
    p->recursive = false;
    if (c == '[')
        return check_array(p);
    if (c == '"' || c == '\'')
        return check_quote(p, c);
    if (c == '+' || c == '-' || is_digit(c)) {
        p->at--;
        return check_number(p);
    }
    if (c == '.' || is_word(c)) {
        skip_field(p);
        return 0;
    }
    const char *shown = c > ' ' && c < 0x7f ? str_printf(p->arena, " '%c'", c).p : "";
    return err_set(p->e, -EINVAL, "unrecognized character in action: U+%04X%s", (unsigned)c, shown);
}

static int check(struct arena *a, str text, unsigned depth, struct err *e) {
    struct path p = {.arena = a, .e = e, .in = text, .depth = depth};
    bool inside = false;
    while (inside || p.at < text.n) {
        str rest = str_slice(text, p.at, text.n);
        int r = 0;
        if (!inside) {
            inside = next(&p) == '{';
            p.recursive = false;
        } else if (str_starts(rest, STR("}"))) {
            inside = false;
            p.at++;
        } else if (str_starts(rest, STR("[?("))) {
            p.at += 3;
            p.recursive = false;
            r = check_filter(&p);
        } else if (str_starts(rest, STR(".."))) {
            r = check_recursive(&p);
        } else {
            r = check_other(&p, next(&p));
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int jsonpath_check(struct arena *a, str text, struct err *e) {
    return check(a, text, 0, e);
}
