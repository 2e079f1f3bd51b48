// SPDX-License-Identifier: Apache-2.0
/* The regular expressions upstream names in its texts are matched by hand here: all of them are
 * runs of a character class whose ends are stricter than their middle. */
#include "api/names.h"

enum {
    C_LOWER = 1 << 0,
    C_UPPER = 1 << 1,
    C_DIGIT = 1 << 2,
    C_DASH = 1 << 3,
    C_UNDERSCORE = 1 << 4,
    C_DOT = 1 << 5,
};
#define C_LOW_ALNUM (C_LOWER | C_DIGIT)
#define C_ALNUM     (C_LOWER | C_UPPER | C_DIGIT)

static unsigned class_of(char c) {
    if (c >= 'a' && c <= 'z')
        return C_LOWER;
    if (c >= 'A' && c <= 'Z')
        return C_UPPER;
    if (c >= '0' && c <= '9')
        return C_DIGIT;
    if (c == '-')
        return C_DASH;
    if (c == '_')
        return C_UNDERSCORE;
    return c == '.' ? C_DOT : 0;
}

/* first (middle* last)?; false for the empty string. */
static bool matches(str s, unsigned first, unsigned middle, unsigned last) {
    if (!s.n || !(class_of(s.p[0]) & first) || (s.n > 1 && !(class_of(s.p[s.n - 1]) & last)))
        return false;
    for (size_t i = 1; i + 1 < s.n; i++)
        if (!(class_of(s.p[i]) & middle))
            return false;
    return true;
}

static bool is_label(str s) {
    return matches(s, C_LOW_ALNUM, C_LOW_ALNUM | C_DASH, C_LOW_ALNUM);
}

static bool is_subdomain(str s) {
    if (!s.n || s.p[s.n - 1] == '.')
        return false;
    while (s.n)
        if (!is_label(str_cut(&s, '.')))
            return false;
    return true;
}

static bool is_key_name(str s) {
    return matches(s, C_ALNUM, C_ALNUM | C_DASH | C_UNDERSCORE | C_DOT, C_ALNUM);
}

static void add(struct name_errors *e, const char *text) {
    if (e->n < NAME_ERRORS_MAX)
        e->v[e->n++] = text;
}

#define LABEL_FORM      "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SUBDOMAIN_FORM  LABEL_FORM "(\\." LABEL_FORM ")*"
#define UNDERSCORE_FORM "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
#define KEY_FORM        "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define FORM(form_)     "regex used for validation is '" form_ "')"

#define MAX_63  "must be no more than 63 characters"
#define MAX_253 "must be no more than 253 characters"

#define SUBDOMAIN_TEXT                                                                             \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "   \
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', " FORM(       \
        SUBDOMAIN_FORM)
#define KEY_TEXT                                                                                   \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "    \
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " FORM(KEY_FORM)

void name_dns1123_label(str s, struct name_errors *e) {
    if (s.n > DNS_LABEL_MAX)
        add(e, MAX_63);
    if (is_label(s))
        return;
    if (is_subdomain(s))
        add(e, "must not contain dots");
    else
        add(e, "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
               "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
               "'123-abc', " FORM(LABEL_FORM));
}

void name_dns1123_subdomain(str s, struct name_errors *e) {
    if (s.n > DNS_SUBDOMAIN_MAX)
        add(e, MAX_253);
    if (!is_subdomain(s))
        add(e, SUBDOMAIN_TEXT);
}

/* One underscore in front of each label, more inside. */
void name_dns1123_subdomain_underscore(str s, struct name_errors *e) {
    if (s.n > DNS_SUBDOMAIN_MAX)
        add(e, MAX_253);
    bool ok = s.n && s.p[s.n - 1] != '.';
    while (ok && s.n) {
        str label = str_cut(&s, '.');
        if (str_starts(label, STR("_")))
            label = str_slice(label, 1, label.n);
        ok = matches(label, C_LOW_ALNUM, C_LOW_ALNUM | C_DASH | C_UNDERSCORE, C_LOW_ALNUM);
    }
    if (!ok)
        add(e, "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
               "characters, '_', '-' or '.', and must start and end with an alphanumeric "
               "character (e.g. 'example.com', " FORM(UNDERSCORE_FORM "(\\." UNDERSCORE_FORM ")*"));
}

void name_dns1035_label(str s, struct name_errors *e) {
    if (s.n > DNS_LABEL_MAX)
        add(e, MAX_63);
    if (!matches(s, C_LOWER, C_LOW_ALNUM | C_DASH, C_LOW_ALNUM))
        add(e, "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
               "with an alphabetic character, and end with an alphanumeric character (e.g. "
               "'my-name',  or 'abc-123', " FORM("[a-z]([-a-z0-9]*[a-z0-9])?"));
}

void name_wildcard_subdomain(str s, struct name_errors *e) {
    if (s.n > DNS_SUBDOMAIN_MAX)
        add(e, MAX_253);
    if (!str_starts(s, STR("*.")) || !is_subdomain(str_slice(s, 2, s.n)))
        add(e,
            "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS "
            "subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and "
            "end with an alphanumeric character (e.g. '*.example.com', " FORM(
                "\\*\\." SUBDOMAIN_FORM));
}

static void check_prefix(str prefix, struct name_errors *e) {
    if (!prefix.n) {
        add(e, "prefix part must be non-empty");
        return;
    }
    if (prefix.n > DNS_SUBDOMAIN_MAX)
        add(e, "prefix part must be no more than 253 bytes");
    if (!is_subdomain(prefix))
        add(e, "prefix part " SUBDOMAIN_TEXT);
}

void name_qualified(str s, struct name_errors *e) {
    ssize_t slash = str_chr(s, '/');
    str name = s;
    if (slash >= 0) {
        name = str_slice(s, (size_t)slash + 1, s.n);
        if (str_chr(name, '/') >= 0) {
            add(e, "a valid label key " KEY_TEXT
                   " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
            return;
        }
        check_prefix(str_slice(s, 0, (size_t)slash), e);
    }
    if (!name.n)
        add(e, "name part must be non-empty");
    else if (name.n > DNS_LABEL_MAX)
        add(e, "name part must be no more than 63 bytes");
    if (!is_key_name(name))
        add(e, "name part " KEY_TEXT);
}

void name_label_value(str s, struct name_errors *e) {
    if (s.n > DNS_LABEL_MAX)
        add(e, "must be no more than 63 bytes");
    if (s.n && !is_key_name(s))
        add(e, "a valid label must be an empty string or consist of alphanumeric characters, '-', "
               "'_' or '.', and must start and end with an alphanumeric character (e.g. "
               "'MyValue',  or 'my_value',  or '12345', " FORM("(" KEY_FORM ")?"));
}

void name_c_identifier(str s, struct name_errors *e) {
    if (!matches(s, C_LOWER | C_UPPER | C_UNDERSCORE, C_ALNUM | C_UNDERSCORE,
                 C_ALNUM | C_UNDERSCORE))
        add(e, "a valid C identifier must start with alphabetic character or '_', followed by a "
               "string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or "
               "'MyName', " FORM("[A-Za-z_][A-Za-z0-9_]*"));
}

/* All of s in the class, and not empty. */
static bool all_of(str s, unsigned class) {
    return matches(s, class, class, class);
}

void name_port(str s, struct name_errors *e) {
    bool letter = false;
    for (size_t i = 0; i < s.n; i++)
        letter |= class_of(s.p[i]) == C_LOWER;
    if (s.n > 15)
        add(e, "must be no more than 15 characters");
    if (!all_of(s, C_LOW_ALNUM | C_DASH))
        add(e, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
    if (!letter)
        add(e, "must contain at least one letter (a-z)");
    if (str_find(s, STR("--")) >= 0)
        add(e, "must not contain consecutive hyphens");
    if (s.n && (s.p[0] == '-' || s.p[s.n - 1] == '-'))
        add(e, "must not begin or end with a hyphen");
}

void name_percent(str s, struct name_errors *e) {
    if (!str_ends(s, STR("%")) || !all_of(str_slice(s, 0, s.n - 1), C_DIGIT))
        add(e, "a valid percent string must be a numeric string followed by an ending '%' (e.g. "
               "'1%',  or '93%', " FORM("[0-9]+%"));
}

void name_http_header(str s, struct name_errors *e) {
    if (!all_of(s, C_ALNUM | C_DASH))
        add(e, "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. "
               "'X-Header-Name', " FORM("[-A-Za-z0-9]+"));
}

static void check_dots(str s, struct name_errors *e) {
    if (str_eq(s, STR(".")))
        add(e, "must not be '.'");
    else if (str_eq(s, STR("..")))
        add(e, "must not be '..'");
    else if (str_starts(s, STR("..")))
        add(e, "must not start with '..'");
}

void name_env_var(str s, struct name_errors *e) {
    if (!s.n)
        add(e, "environment variable name must be non-empty");
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '=') {
            add(e, "a valid environment variable name must consist only of printable ASCII "
                   "characters other than '='");
            return;
        }
}

void name_env_var_strict(str s, struct name_errors *e) {
    unsigned first = C_LOWER | C_UPPER | C_DASH | C_DOT | C_UNDERSCORE;
    if (!matches(s, first, first | C_DIGIT, first | C_DIGIT))
        add(e, "a valid environment variable name must consist of alphabetic characters, digits, "
               "'_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or "
               "'MY_ENV.NAME',  or 'MyEnvName1', " FORM("[-._a-zA-Z][-._a-zA-Z0-9]*"));
    check_dots(s, e);
}

void name_config_key(str s, struct name_errors *e) {
    if (s.n > DNS_SUBDOMAIN_MAX)
        add(e, MAX_253);
    if (!all_of(s, C_ALNUM | C_DASH | C_DOT | C_UNDERSCORE))
        add(e, "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
               "'key.name',  or 'KEY_NAME',  or 'key-name', " FORM("[-._a-zA-Z0-9]+"));
    check_dots(s, e);
}

void name_path_segment_prefix(str s, struct name_errors *e) {
    if (str_chr(s, '/') >= 0)
        add(e, "may not contain '/'");
    if (str_chr(s, '%') >= 0)
        add(e, "may not contain '%'");
}

void name_path_segment(str s, struct name_errors *e) {
    if (str_eq(s, STR(".")))
        add(e, "may not be '.'");
    else if (str_eq(s, STR("..")))
        add(e, "may not be '..'");
    else
        name_path_segment_prefix(s, e);
}

str name_errors_join(struct arena *a, const struct name_errors *e, const char *sep) {
    str v[NAME_ERRORS_MAX];
    for (unsigned i = 0; i < e->n; i++)
        v[i] = str_of(e->v[i]);
    return str_join(a, v, e->n, str_of(sep));
}

static void report(struct field_errors *fe, const struct field_path *p, str value,
                   const struct name_errors *e) {
    for (unsigned i = 0; i < e->n; i++)
        field_invalid(fe, p, value, "%s", e->v[i]);
}

/* The suffix that will follow cannot be wrong, so a trailing '-' is as good as a letter. Upstream
 * drops the character before it as well, which shows when that is the only wrong one. */
void name_check_prefix(struct arena *a, name_check *check, str prefix, struct name_errors *e) {
    if (!str_ends(prefix, STR("-")) || prefix.n < 2)
        check(prefix, e);
    else
        check(str_concat(a, str_slice(prefix, 0, prefix.n - 2), STR("a")), e);
}

void field_check_name_prefix(struct field_errors *fe, const struct field_path *p, str prefix,
                             name_check *check) {
    struct name_errors e = {{0}, 0};
    if (check == name_path_segment || check == name_path_segment_prefix)
        name_path_segment_prefix(prefix, &e);
    else
        name_check_prefix(fe->arena, check, prefix, &e);
    report(fe, p, prefix, &e);
}
