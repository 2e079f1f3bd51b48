// SPDX-License-Identifier: Apache-2.0
/* Forms of names, each with the texts upstream gives when one is wrong. */
#pragma once

#include "schema/ops.h"

#define DNS_LABEL_MAX     63
#define DNS_SUBDOMAIN_MAX 253

/* What is wrong with a name: constant texts, none when it is right. */
#define NAME_ERRORS_MAX 8
struct name_errors {
    const char *v[NAME_ERRORS_MAX];
    unsigned n;
};

/* A check adds to what is there already. */
typedef void name_check(str name, struct name_errors *ret);
name_check name_dns1123_label, name_dns1123_subdomain, name_dns1123_subdomain_underscore,
    name_dns1035_label, name_wildcard_subdomain,
    name_qualified, /* label key, annotation key, resource name */
    name_label_value, name_c_identifier, name_port, name_percent, name_http_header,
    name_env_var,        /* as 1.36 takes it: printable ASCII without = */
    name_env_var_strict, /* the older form */
    name_config_key, name_path_segment, name_path_segment_prefix;

static inline bool name_ok(name_check *check, str name) {
    struct name_errors e = {{0}, 0};
    check(name, &e);
    return e.n == 0;
}
/* The texts in one, joined by sep ("; " in selectors, "," elsewhere). */
str name_errors_join(struct arena *a, const struct name_errors *e, const char *sep);
/* One Invalid for each text. */
void field_check_name(struct field_errors *fe, const struct field_path *p, str name,
                      name_check *check);
/* The same for a generateName: what stands before the random suffix may end in '-'. */
void field_check_name_prefix(struct field_errors *fe, const struct field_path *p, str prefix,
                             name_check *check);
/* Adds "must be between 1 and 65535, inclusive" and the like. */
void field_check_range(struct field_errors *fe, const struct field_path *p, int64_t v, int64_t min,
                       int64_t max);
void field_check_port(struct field_errors *fe, const struct field_path *p, int64_t port);
void field_check_not_negative(struct field_errors *fe, const struct field_path *p, int64_t v);
