// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/webhook_client.h"

#define FORM "; desired format: https://host[/path]"

static bool is_scheme(str s) {
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && (!i || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.')))
            return false;
    }
    return s.n > 0;
}

void check_webhook_url(struct field_errors *fe, const struct field_path *p, str url) {
    str rest = url, fragment = STR_NONE, query = STR_NONE, scheme = STR_NONE, host = STR_NONE;
    ssize_t at = str_chr(rest, '#');
    if (at >= 0) {
        fragment = str_slice(rest, (size_t)at + 1, rest.n);
        rest = str_slice(rest, 0, (size_t)at);
    }
    at = str_chr(rest, ':');
    if (at >= 0 && is_scheme(str_slice(rest, 0, (size_t)at))) {
        scheme = str_lower(fe->arena, str_slice(rest, 0, (size_t)at));
        rest = str_slice(rest, (size_t)at + 1, rest.n);
    }
    at = str_chr(rest, '?');
    if (at >= 0) {
        query = str_slice(rest, (size_t)at + 1, rest.n);
        rest = str_slice(rest, 0, (size_t)at);
    }
    if (str_starts(rest, STR("//"))) {
        rest = str_slice(rest, 2, rest.n);
        host = str_cut(&rest, '/');
    }
    ssize_t user = str_chr(host, '@');
    if (!str_eqc(scheme, "https"))
        field_invalid(fe, p, scheme, "'https' is the only allowed URL scheme" FORM);
    if (!(user < 0 ? host.n : host.n - (size_t)user - 1))
        field_invalid(fe, p, STR_NONE, "host must be specified" FORM);
    if (user >= 0)
        field_invalid(fe, p, str_slice(host, 0, (size_t)user),
                      "user information is not permitted in the URL");
    if (fragment.n)
        field_invalid(fe, p, fragment, "fragments are not permitted in the URL");
    if (query.n)
        field_invalid(fe, p, query, "query parameters are not permitted in the URL");
}

static void check_url_path(struct field_errors *fe, const struct field_path *p, str path) {
    str rest = str_slice(path, 1, path.n);
    if (!path.n || str_eqc(path, "/"))
        return;
    if (str_eqc(path, "//")) {
        field_invalid(fe, p, path, "segment[0] may not be empty");
        return;
    }
    if (path.p[0] != '/')
        field_invalid(fe, p, path, "must start with a '/'");
    if (str_ends(rest, STR("/")))
        rest = str_slice(rest, 0, rest.n - 1);
    for (unsigned i = 0; rest.p; i++) {
        str step = str_cut(&rest, '/');
        struct name_errors e = {{0}, 0};
        if (!step.n) {
            field_invalid(fe, p, path, "segment[%u] may not be empty", i);
            continue;
        }
        name_dns1123_subdomain(step, &e);
        for (unsigned k = 0; k < e.n; k++)
            field_invalid(fe, p, path, "segment[%u]: %s", i, e.v[k]);
    }
}

void check_webhook_service(struct field_errors *fe, const struct field_path *p, str name,
                           str namespace_, str path, int32_t port) {
    if (!name.n)
        field_required(fe, PATH(p, "name"), "service name is required");
    if (!namespace_.n)
        field_required(fe, PATH(p, "namespace"), "service namespace is required");
    if (port < 1 || port > 65535)
        field_invalid_i64(fe, PATH(p, "port"), port,
                          "port is not valid: must be between 1 and 65535, inclusive");
    if (path.p)
        check_url_path(fe, PATH(p, "path"), path);
}

static bool is_review(str version) {
    return str_eqc(version, "v1") || str_eqc(version, "v1beta1");
}

bool knows_review_version(const str_list *versions) {
    return strings_have(versions, STR("v1")) || strings_have(versions, STR("v1beta1"));
}

void check_review_versions(struct field_errors *fe, const struct field_path *p, const str_list *l,
                           bool any) {
    struct name_index x = name_index_of(fe->arena, l->v, l->n, sizeof(str));
    bool known = false;
    for (uint32_t i = 0; i < l->n; i++) {
        known |= is_review(l->v[i]);
        if (name_index_first(&x, l->v[i]) != i)
            field_invalid(fe, PATH_INDEX(p, i), l->v[i], "duplicate version");
        else
            field_check_name(fe, PATH_INDEX(p, i), l->v[i], name_dns1035_label);
    }
    if (!known && !any)
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "must include at least one of v1, v1beta1");
}
