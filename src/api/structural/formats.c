// SPDX-License-Identifier: Apache-2.0
/* Formats of texts in schemas: a pattern, a function, or both. */
#include "api/ip.h"
#include "api/structural/structural.h"
#include "base/base64.h"
#include "base/regexp.h"
#include "base/time.h"

/* ---- numbers with check digits ---- */

/* Digits, and X, without what people write between them. */
static str stripped(struct arena *a, str s, const char *keep) {
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] && strchr(keep, s.p[i]))
            out[n++] = s.p[i];
    return str_n(out, n);
}

static bool only(str s, const char *chars) {
    for (size_t i = 0; i < s.n; i++)
        if (!s.p[i] || !strchr(chars, s.p[i]))
            return false;
    return true;
}

static bool is_isbn10(struct arena *a, str text) {
    str s = only(text, "0123456789X- \t\n\f\r") ? stripped(a, text, "0123456789X") : STR("");
    unsigned sum = 0;
    if (s.n != 10 || str_chr(str_slice(s, 0, 9), 'X') >= 0)
        return false;
    for (unsigned i = 0; i < 10; i++)
        sum += (i + 1) * (s.p[i] == 'X' ? 10 : (unsigned)(s.p[i] - '0'));
    return sum % 11 == 0;
}

static bool is_isbn13(struct arena *a, str text) {
    str s = only(text, "0123456789- \t\n\f\r") ? stripped(a, text, "0123456789") : STR("");
    unsigned sum = 0;
    if (s.n != 13)
        return false;
    for (unsigned i = 0; i < 12; i++)
        sum += (i % 2 ? 3 : 1) * (unsigned)(s.p[i] - '0');
    return (unsigned)(s.p[12] - '0') == (10 - sum % 10) % 10;
}

static bool is_isbn(struct arena *a, str s) {
    return is_isbn10(a, s) || is_isbn13(a, s);
}

static bool matches(struct arena *a, const char *pattern, str s) {
    const struct regexp *re;
    return regexp_compile(a, str_of(pattern), NULL, &re) == 0 && regexp_match(re, s);
}

static bool is_credit_card(struct arena *a, str text) {
    static const char form[] =
        "^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|"
        "3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\\d{3})\\d{11})$";
    str s = stripped(a, text, "0123456789");
    unsigned sum = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned d = (unsigned)(s.p[s.n - 1 - i] - '0') * (i % 2 ? 2 : 1);
        sum += d % 10 + d / 10;
    }
    return matches(a, form, s) && sum % 10 == 0;
}

/* ---- times ---- */

static bool is_date(struct arena *a, str s) {
    int64_t sec;
    int32_t nsec;
    return s.n == 10 && time_parse(str_concat(a, s, STR("T00:00:00Z")), &sec, &nsec) == 0;
}

static bool is_datetime(struct arena *a, str text) {
    static const char time[] = "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?"
                               "(z|([+-][0-9]{2}:[0-9]{2}))$";
    str rest = str_lower(a, text), date = str_cut(&rest, 't');
    /* A second "t" ends what is looked at. */
    return rest.p && is_date(a, date) && matches(a, time, str_cut(&rest, 't'));
}

static bool is_duration(struct arena *a, str s) {
    static const char words[] = "(?i)\\d+\\s*(?:ns|nano|us|\xc2\xb5s|micro|ms|milli|s$|s[^a-z]|sec|"
                                "m$|m[^a-z]|min|h$|h[^a-z]|"
                                "hr|hour|d$|d[^a-z]|day|w$|w[^a-z]|wk|week)";
    int64_t ns;
    return duration_parse(s, &ns) == 0 || matches(a, words, s);
}

/* ---- addresses ---- */

static bool is_ipv4(struct arena *a, str s) {
    struct ip ip;
    (void)a;
    return ip_parse(s, &ip) && str_chr(s, '.') >= 0;
}

static bool is_ipv6(struct arena *a, str s) {
    struct ip ip;
    (void)a;
    return ip_parse(s, &ip) && str_chr(s, ':') >= 0;
}

static bool is_cidr(struct arena *a, str s) {
    struct cidr c;
    (void)a;
    return cidr_parse(s, &c, NULL);
}

static bool is_hostname(struct arena *a, str s) {
    static const char form[] =
        "^([a-zA-Z0-9\\p{S}\\p{L}]((-?[a-zA-Z0-9\\p{S}\\p{L}]{0,62})?)|([a-zA-Z0-9\\p{S}\\p{L}]"
        "(([a-zA-Z0-9-\\p{S}\\p{L}]{0,61}[a-zA-Z0-9\\p{S}\\p{L}])?)(\\.)){1,}([a-zA-Z\\p{L}]){2,63}"
        ")"
        "$";
    if (s.n > 255)
        return false;
    for (str rest = s; rest.p;)
        if (str_cut(&rest, '.').n > 63)
            return false;
    return matches(a, form, s);
}

/* What a request line may name: an absolute path or an absolute URL. */
static bool is_uri(struct arena *a, str s) {
    if (!matches(a, "^(?:/|[a-zA-Z][a-zA-Z0-9+.-]*:/)[^\\x00-\\x1f\\x7f]*$", s))
        return false;
    return !matches(a, "%(?:$|[^0-9a-fA-F]|[0-9a-fA-F](?:$|[^0-9a-fA-F]))", s) &&
           !matches(a, "^[a-zA-Z0-9+.-]*:?//[^/?]*[ <>\"]", s);
}

/* "Name <a@b.c>" or the address alone. */
static bool is_email(struct arena *a, str s) {
    static const char form[] =
        "^(?:[^<>@,;:\\\\\"\\[\\]()\\x00-\\x1f]*|\\s*\"(?:[^\"\\\\]|\\\\.)*\"\\s*)"
        "<(?:[^\\s<>@,;:\\\\\"\\[\\]().]+(?:\\.[^\\s<>@,;:\\\\\"\\[\\]().]+)*|\"(?:[^\"\\\\]|\\\\.)"
        "*\")"
        "@[^\\s<>@,;:\\\\\"\\[\\]().]+(?:\\.[^\\s<>@,;:\\\\\"\\[\\]().]+)*>\\s*$";
    str whole = str_find(s, STR("<")) >= 0 ? s : str_printf(a, "<" STR_FMT ">", STR_ARG(s));
    return matches(a, form, whole);
}

/* ---- the table ---- */

#define HEX4 "[0-9a-f]{4}-?"
#define BYTE "(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])"
#define NAME "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define HEX2 "[0-9a-fA-F]{2}"

static const struct format {
    const char *name, *pattern;
    size_t max; /* bytes; 0: any number */
    bool (*is)(struct arena *a, str s);
} formats[] = {
    {"bsonobjectid", "^[0-9a-fA-F]{24}$", 0, NULL},
    {"byte",
     "^(?:[A-Za-z0-9+\\/]{4})*(?:[A-Za-z0-9+\\/]{2}==|[A-Za-z0-9+\\/]{3}=|[A-Za-z0-9+\\/]{4})$", 0,
     NULL},
    {"cidr", NULL, 0, is_cidr},
    {"creditcard", NULL, 0, is_credit_card},
    {"date", NULL, 0, is_date},
    {"datetime", NULL, 0, is_datetime},
    {"duration", NULL, 0, is_duration},
    {"email", NULL, 0, is_email},
    {"hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$", 0, NULL},
    {"hostname", NULL, 0, is_hostname},
    {"ipv4", NULL, 0, is_ipv4},
    {"ipv6", NULL, 0, is_ipv6},
    {"isbn", NULL, 0, is_isbn},
    {"isbn10", NULL, 0, is_isbn10},
    {"isbn13", NULL, 0, is_isbn13},
    {"k8slongname", "^" NAME "(\\." NAME ")*$", 253, NULL},
    {"k8sshortname", "^" NAME "$", 63, NULL},
    {"mac",
     "^(?:" HEX2 "(?:(?::" HEX2 "){5}|(?::" HEX2 "){7}|(?::" HEX2 "){19}|(?:-" HEX2 "){5}|(?:-" HEX2
     "){7}|(?:-" HEX2 "){19})|[0-9a-fA-F]{4}(?:(?:\\.[0-9a-fA-F]{4}){2}|(?:\\.[0-9a-fA-F]{4}){3}|"
     "(?:\\.[0-9a-fA-F]{4}){9}))$",
     0, NULL},
    {"password", NULL, 0, NULL},
    {"rgbcolor", "^rgb\\(\\s*" BYTE "\\s*,\\s*" BYTE "\\s*,\\s*" BYTE "\\s*\\)$", 0, NULL},
    {"ssn", "^\\d{3}[- ]\\d{2}[- ]\\d{4}$", 11, NULL},
    {"uri", NULL, 0, is_uri},
    {"uuid", "(?i)^[0-9a-f]{8}-?" HEX4 HEX4 HEX4 "[0-9a-f]{12}$", 0, NULL},
    {"uuid3", "(?i)^[0-9a-f]{8}-?" HEX4 "3[0-9a-f]{3}-?" HEX4 "[0-9a-f]{12}$", 0, NULL},
    {"uuid4", "(?i)^[0-9a-f]{8}-?" HEX4 "4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$", 0, NULL},
    {"uuid5", "(?i)^[0-9a-f]{8}-?" HEX4 "5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$", 0, NULL},
};

static bool is_named(const char *name, str format) {
    for (size_t i = 0; i < format.n; i++)
        if (format.p[i] != '-' && (!*name || format.p[i] != *name++))
            return false;
    return !*name;
}

static const struct format *format_of(str name) {
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (is_named(formats[i].name, name))
            return &formats[i];
    return NULL;
}

bool format_known(str format) {
    return format_of(format) != NULL;
}

bool format_matches(str format, str text) {
    CLEANUP(arena_freep) struct arena *a = arena_new(0);
    const struct format *f = format_of(format);
    if (!f)
        return true;
    if (f->max && text.n > f->max)
        return false;
    return (!f->pattern || matches(a, f->pattern, text)) && (!f->is || f->is(a, text));
}
