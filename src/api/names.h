// SPDX-License-Identifier: Apache-2.0
/* Forms of names, each with the texts upstream gives when one is wrong. */
#pragma once

#include "schema/ops.h"

#define DNS_LABEL_MAX     63
#define DNS_SUBDOMAIN_MAX 253

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
/* For a generateName: what stands before the random suffix may end in '-'. */
void name_check_prefix(struct arena *a, name_check *check, str prefix, struct name_errors *e);
/* field_check_name for one. */
void field_check_name_prefix(struct field_errors *fe, const struct field_path *p, str prefix,
                             name_check *check);
