// SPDX-License-Identifier: Apache-2.0
/* Named formats: format.NAME().validate(text) gives what is wrong, or none. */
#include "base/time.h"
#include "base/vec.h"
#include "cel/cel.h"
#include "cel/functions.h"
#include "cel/run.h"
#include "cel/url.h"

static void wrong(struct arena *a, str_list *errors, const char *what) {
    *list_push(a, errors) = str_of(what);
}

static void check_uri(struct arena *a, str kind, str s, str_list *errors) {
    struct cel_url u;
    if (cel_url_parse(a, s, &u) < 0)
        wrong(a, errors,
              str_printf(a, "parse \"" STR_FMT "\": invalid URI for request", STR_ARG(s)).p);
}

static void check_uuid(struct arena *a, str kind, str s, str_list *errors) {
    size_t digits = 0;
    bool ok = s.n == 36 || s.n == 32;
    for (size_t i = 0; i < s.n; i++)
        if (hex_digit(s.p[i]) >= 0)
            digits++;
        else if (s.p[i] != '-' || s.n != 36 || (i != 8 && i != 13 && i != 18 && i != 23))
            ok = false;
    if (!ok || digits != 32)
        wrong(a, errors, "does not match the UUID format");
}

static void check_byte(struct arena *a, str kind, str s, str_list *errors) {
    size_t pad = 0;
    bool ok = s.n % 4 == 0 && s.n > 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '=')
            pad++;
        else if (pad || !((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || c == '+' || c == '/'))
            ok = false;
    }
    if (!ok || pad > 2)
        wrong(a, errors, "invalid base64");
}

static void check_datetime(struct arena *a, str kind, str s, str_list *errors) {
    int64_t sec;
    int32_t ns;
    if (time_parse(s, &sec, &ns) < 0)
        wrong(a, errors, "invalid datetime");
}

static void check_date(struct arena *a, str kind, str s, str_list *errors) {
    int64_t sec;
    int32_t ns;
    str time = str_printf(a, STR_FMT "T00:00:00Z", STR_ARG(s));
    if (s.n != 10 || time_parse(time, &sec, &ns) < 0)
        wrong(a, errors, "invalid date");
}

typedef void check_fn(struct arena *a, str kind, str s, str_list *errors);

struct format {
    const char *name;
    check_fn *check; /* NULL: the environment's */
};

static const struct format formats[] = {
    {"dns1123Label", NULL},       {"dns1123Subdomain", NULL},   {"dns1035Label", NULL},
    {"qualifiedName", NULL},      {"dns1123LabelPrefix", NULL}, {"dns1123SubdomainPrefix", NULL},
    {"dns1035LabelPrefix", NULL}, {"labelValue", NULL},         {"uri", check_uri},
    {"uuid", check_uuid},         {"byte", check_byte},         {"date", check_date},
    {"datetime", check_datetime},
};

static struct cel_value named(struct cel_run *r, str name) {
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (str_eqc(name, formats[i].name))
            return cel_of_opaque(r, &cel_type_format, &formats[i]);
    return cel_none();
}

#define FORMAT(fn, name)                                                                           \
    struct cel_value fn_format_##fn(struct cel_run *r, const struct cel_value *args, uint32_t n) { \
        return named(r, STR(name));                                                                \
    }
FORMAT(dns1123_label, "dns1123Label")
FORMAT(dns1123_subdomain, "dns1123Subdomain")
FORMAT(dns1035_label, "dns1035Label")
FORMAT(qualified_name, "qualifiedName")
FORMAT(dns1123_label_prefix, "dns1123LabelPrefix")
FORMAT(dns1123_subdomain_prefix, "dns1123SubdomainPrefix")
FORMAT(dns1035_label_prefix, "dns1035LabelPrefix")
FORMAT(label_value, "labelValue")
FORMAT(uri, "uri")
FORMAT(uuid, "uuid")
FORMAT(byte, "byte")
FORMAT(date, "date")
FORMAT(datetime, "datetime")

struct cel_value fn_format_named(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    struct cel_value f;
    if (args[0].tag != CEL_V_STRING)
        return cel_no_overload();
    f = named(r, args[0].s);
    return f.tag == CEL_V_OPTIONAL ? f : cel_some(r, f);
}

struct cel_value fn_format_validate(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct format *f = cel_data(args[0], &cel_type_format);
    const struct cel_list *l = cel_list_new(r->arena);
    const struct cel_env *env = r->env;
    str_list errors = {NULL, 0};
    check_fn *check;
    if (!f || args[1].tag != CEL_V_STRING)
        return cel_no_overload();
    while (env->outer && !env->check_name)
        env = env->outer;
    check = f->check ? f->check : env->check_name;
    if (!check)
        return cel_fail(r, "format %s cannot be validated here", f->name);
    check(r->arena, str_of(f->name), args[1].s, &errors);
    for (uint32_t i = 0; i < errors.n; i++)
        l = cel_list_append(r->arena, l, cel_string(errors.v[i]));
    return errors.n ? cel_some(r, cel_of_list(l)) : cel_none();
}
