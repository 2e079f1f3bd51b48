// SPDX-License-Identifier: Apache-2.0
/* Field selectors: terms joined by commas, = == or != between field and value, where a backslash
 * takes the meaning off itself, a comma or an equals sign. */
#include <stdlib.h>

#include "api/selector.h"
#include "base/buf.h"
#include "base/vec.h"

/* The term up to the next comma that is not escaped. */
static str next_term(str *rest) {
    size_t i = 0;
    while (i < rest->n && rest->p[i] != ',')
        i += rest->p[i] == '\\' ? 2 : 1;
    i = MIN(i, rest->n);
    str term = str_slice(*rest, 0, i);
    *rest = i < rest->n ? str_slice(*rest, i + 1, rest->n) : STR_NONE;
    return term;
}

static int unescape(struct arena *a, str s, str *ret, struct err *e) {
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == ',' || c == '=')
            return err_set(e, -EINVAL, "invalid field selector: unescaped character in value: %d",
                           c);
        if (c == '\\') {
            if (++i == s.n)
                return err_set(e, -EINVAL, "invalid field selector: invalid escape sequence: \\");
            c = s.p[i];
            if (c != '\\' && c != ',' && c != '=')
                return err_set(e, -EINVAL, "invalid field selector: invalid escape sequence: \\%c",
                               c);
        }
        out[n++] = c;
    }
    out[n] = 0;
    *ret = str_n(out, n);
    return 0;
}

/* Splits at the first operator. */
static bool split(str term, str *label, str *value, bool * not ) {
    for (size_t i = 0; i < term.n; i++) {
        bool bang = str_starts(str_slice(term, i, term.n), STR("!="));
        if (!bang && term.p[i] != '=')
            continue;
        bool two = bang || str_starts(str_slice(term, i, term.n), STR("=="));
        *label = str_slice(term, 0, i);
        *value = str_slice(term, i + (two ? 2 : 1), term.n);
        *not = bang;
        return true;
    }
    return false;
}

static int add_term(struct arena *a, const struct api_resource *r, str label, str value, bool not,
                    struct field_selector *s, struct err *e) {
    struct field_term t = {.not = not };
    int rc = unescape(a, value, &t.value, e);
    if (rc < 0)
        return rc;
    if (!label.n && !t.value.n)
        return 0; /* as upstream: "=" says nothing */
    rc = resource_selectable(r, label, &t.field, e);
    if (rc < 0)
        return rc;
    *list_push(a, &s->list) = t;
    return 0;
}

static int compare(const void *a, const void *b) {
    return str_cmp(*(const str *)a, *(const str *)b);
}

int field_selector_parse(struct arena *a, const struct api_resource *r, str text,
                         struct field_selector *ret, struct err *e) {
    struct field_selector s = {0};
    str_list terms = {0};
    str rest = text, label, value;
    bool not ;
    if (text.n > SELECTOR_TEXT_MAX)
        return err_set(e, -E2BIG, "selector is too long");
    while (rest.p && terms.n < SELECTOR_TERMS_MAX)
        *list_push(a, &terms) = next_term(&rest);
    if (rest.p)
        return err_set(e, -E2BIG, "selector is too long");
    if (terms.n > 1)
        qsort(terms.v, terms.n, sizeof(str), compare);
    for (uint32_t i = 0; i < terms.n; i++) {
        if (!terms.v[i].n)
            continue;
        if (!split(terms.v[i], &label, &value, &not ))
            return err_set(e, -EINVAL,
                           "invalid selector: '" STR_FMT "'; can't understand '" STR_FMT "'",
                           STR_ARG(text), STR_ARG(terms.v[i]));
        int rc = add_term(a, r, label, value, not, &s, e);
        if (rc < 0)
            return rc;
    }
    *ret = s;
    return 0;
}

bool field_selector_matches(struct arena *a, const struct field_selector *s, const void *obj) {
    for (uint32_t i = 0; i < s->list.n; i++) {
        const struct field_term *t = &s->list.v[i];
        if (str_eq(t->field.get(a, obj), t->value) == t->not )
            return false;
    }
    return true;
}

str field_selector_exact(const struct field_selector *s, const char *label) {
    for (uint32_t i = 0; i < s->list.n; i++)
        if (!s->list.v[i].not &&strcmp(s->list.v[i].field.label, label) == 0)
            return s->list.v[i].value;
    return STR_NONE;
}

static void escape(struct buf *b, str s) {
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' || s.p[i] == ',' || s.p[i] == '=')
            buf_addc(b, '\\');
        buf_addc(b, s.p[i]);
    }
}

str field_selector_str(struct arena *a, const struct field_selector *s) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < s->list.n; i++) {
        const struct field_term *t = &s->list.v[i];
        buf_printf(&b, "%s%s%s", i ? "," : "", t->field.label, t->not ? "!=" : "=");
        escape(&b, t->value);
    }
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}
