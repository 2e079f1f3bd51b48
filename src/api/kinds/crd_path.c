// SPDX-License-Identifier: Apache-2.0
/* Paths through a schema to a field or an entry of a map: those of fields to select by, and where a
 * rule's failure is shown. The forms are ".name" and "['name']"; there are none into lists. */
#include "api/kinds/crd.h"

#define SELECTABLE_MAX 8

static const char no_field[] = "does not refer to a valid field";

/* The next of the delimiters . [ ] or what stands before one; 'quoted' text as a whole. Empty at
 * the end. */
static str next_token(str *rest) {
    size_t n = 0;
    bool quoted = rest->n && rest->p[0] == '\'';
    while (n < rest->n) {
        char c = rest->p[n];
        if (quoted && n && c == '\'' && rest->p[n - 1] != '\\') {
            n++;
            break;
        }
        if (!quoted && (c == '.' || c == '[' || c == ']')) {
            n += n == 0;
            break;
        }
        n++;
    }
    str token = str_slice(*rest, 0, n);
    *rest = str_slice(*rest, n, rest->n);
    return token;
}

static bool is_token(str s, char c) {
    return s.n == 1 && s.p[0] == c;
}

static const char *unquote(struct arena *a, str s, str *ret) {
    static const char escapes[] = "abfnrtv'\\", values[] = "\a\b\f\n\r\t\v'\\";
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != '\\' || i + 1 == s.n) {
            out[n++] = s.p[i];
            continue;
        }
        char c = s.p[++i];
        const char *at = c ? strchr(escapes, c) : NULL;
        if (!at)
            return str_printf(a, "invalid string literal: invalid escape char \\%c", c).p;
        out[n++] = values[at - escapes];
    }
    *ret = str_n(out, n);
    return NULL;
}

/* One step into an object's property or a map's entry. */
static const char *step(struct arena *a, str name, struct crd_path_end *end) {
    const JSONSchemaProps *s = end->at;
    bool field = s && s->properties.n;
    if (!field && !(s && s->additional_properties))
        return no_field;
    end->at = field ? crd_property(s, name) : s->additional_properties->schema;
    if (field && !end->at)
        return no_field;
    if (!end->text.n)
        end->first = name;
    end->text = str_printf(a, field ? "%s%s%.*s" : "%s%s[%.*s]", end->text.n ? end->text.p : "",
                           field && end->text.n ? "." : "", STR_ARG(name));
    return NULL;
}

/* What stands behind "[". */
static const char *bracket(struct arena *a, str *rest, struct crd_path_end *end) {
    str name, token = next_token(rest);
    if (!token.n)
        return "unexpected end of JSON path";
    if (token.n < 2 || token.p[0] != '\'' || token.p[token.n - 1] != '\'')
        return str_printf(a, "expected single quoted string but got " STR_FMT, STR_ARG(token)).p;
    const char *bad = unquote(a, str_slice(token, 1, token.n - 1), &name);
    if (!bad)
        bad = step(a, name, end);
    if (bad)
        return bad;
    token = next_token(rest);
    if (!token.n)
        return "unexpected end of JSON path";
    if (!is_token(token, ']'))
        return str_printf(a, "expected ] but got " STR_FMT, STR_ARG(token)).p;
    return NULL;
}

const char *crd_path(struct arena *a, const JSONSchemaProps *s, str path, bool brackets,
                     struct crd_path_end *ret) {
    struct crd_path_end end = {.at = s, .text = STR(""), .first = STR("")};
    const char *bad = NULL;
    for (str rest = path; rest.n && !bad;) {
        str token = next_token(&rest);
        if (is_token(token, '[')) {
            bad = brackets ? bracket(a, &rest, &end) : "array notation is not allowed";
        } else if (is_token(token, '.')) {
            token = next_token(&rest);
            bad = token.n ? step(a, token, &end) : "unexpected end of JSON path";
        } else {
            bad = str_printf(a, "expected [ or . but got: " STR_FMT, STR_ARG(token)).p;
        }
    }
    if (!bad)
        *ret = end;
    return bad;
}

/* ---- fields to select by ---- */

/* Appends the path to those there are already; false: it is one of them, or it is none. */
static bool check_selectable(struct field_errors *fe, const struct field_path *p, str path,
                             const JSONSchemaProps *s, str_list *seen) {
    static const char *const types[] = {"string", "boolean", "integer", NULL};
    struct crd_path_end end;
    if (!path.n) {
        field_required(fe, p, NULL);
        return false;
    }
    const char *bad = crd_path(fe->arena, s, path, false, &end);
    if (bad) {
        field_invalid(fe, p, path, "is an invalid path: %s", bad);
        return false;
    }
    if (str_eqc(end.first, "metadata"))
        field_invalid(fe, p, path, "must not point to fields in metadata");
    if (!end.at || !str_in(end.at->type, types))
        field_invalid(
            fe, p, path,
            "must point to a field of type string, boolean or integer. Enum string fields "
            "and strings with formats are allowed.");
    if (strings_have(seen, end.text)) {
        field_duplicate(fe, p, path);
        return false;
    }
    *list_push(fe->arena, seen) = end.text;
    return true;
}

void crd_check_selectable(struct field_errors *fe, const struct field_path *p,
                          const CustomResourceDefinitionVersion *v, const JSONSchemaProps *s,
                          bool many) {
    str_list seen = {0};
    if (list_too_long(fe, p, v->selectable_fields.n))
        return;
    for (uint32_t i = 0; i < v->selectable_fields.n; i++)
        check_selectable(fe, PATH(PATH_INDEX(p, i), "jsonPath"),
                         v->selectable_fields.v[i].json_path, s, &seen);
    if (seen.n > SELECTABLE_MAX && !many)
        field_too_many(fe, p, seen.n, SELECTABLE_MAX);
}
