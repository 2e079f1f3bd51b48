// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"

static void check_service(struct field_errors *fe, const struct field_path *backend,
                          const IngressServiceBackend *s) {
    const struct field_path *p = PATH(backend, "service");
    if (!s->name.n)
        field_required(fe, PATH(p, "name"), NULL);
    else
        field_check_name(fe, PATH(p, "name"), s->name, name_dns1123_label);
    if (s->port.name.n && s->port.number)
        field_invalid(fe, backend, STR_NONE, "cannot set both port name & port number");
    else if (s->port.name.n)
        field_check_name(fe, PATH(PATH(p, "port"), "name"), s->port.name, name_port);
    else if (s->port.number)
        field_check_port(fe, PATH(PATH(p, "port"), "number"), s->port.number);
    else
        field_required(fe, backend, "port name or number is required");
}

static void check_backend(struct field_errors *fe, const struct field_path *p,
                          const IngressBackend *b) {
    if (b->resource && b->service) {
        field_invalid(fe, p, STR_NONE, "cannot set both resource and service backends");
    } else if (b->resource) {
        if (!b->resource->kind.n)
            field_required(fe, PATH(PATH(p, "resource"), "kind"), NULL);
        if (!b->resource->name.n)
            field_required(fe, PATH(PATH(p, "resource"), "name"), NULL);
    } else if (b->service) {
        check_service(fe, p, b->service);
    } else {
        field_invalid(fe, p, STR_NONE, "resource or service backend is required");
    }
}

static const char *const bad_sequences[] = {"//", "/./", "/../", "%2f", "%2F", NULL};
static const char *const bad_ends[] = {"/..", "/.", NULL};

static void check_exact_path(struct field_errors *fe, const struct field_path *p, str path) {
    if (!str_starts(path, STR("/")))
        field_invalid(fe, p, path, "must be an absolute path");
    if (!path.n)
        return;
    for (int i = 0; bad_sequences[i]; i++)
        if (str_find(path, str_of(bad_sequences[i])) >= 0)
            field_invalid(fe, p, path, "must not contain '%s'", bad_sequences[i]);
    for (int i = 0; bad_ends[i]; i++)
        if (str_ends(path, str_of(bad_ends[i])))
            field_invalid(fe, p, path, "cannot end with '%s'", bad_ends[i]);
}

static void check_path(struct field_errors *fe, const struct field_path *p,
                       const HTTPIngressPath *h) {
    static const char *const types[] = {"Exact", "ImplementationSpecific", "Prefix", NULL};
    if (!h->path_type.p)
        field_required(fe, PATH(p, "pathType"), "pathType must be specified");
    else if (str_eqc(h->path_type, "Exact") || str_eqc(h->path_type, "Prefix"))
        check_exact_path(fe, PATH(p, "path"), h->path);
    else if (!str_eqc(h->path_type, "ImplementationSpecific"))
        field_not_supported(fe, PATH(p, "pathType"), h->path_type, types);
    else if (h->path.n && !str_starts(h->path, STR("/")))
        field_invalid(fe, PATH(p, "path"), h->path, "must be an absolute path");
    check_backend(fe, PATH(p, "backend"), &h->backend);
}

static void check_host(struct field_errors *fe, const struct field_path *p, str host) {
    struct ip ip;
    if (ip_parse(host, &ip))
        field_invalid(fe, p, host, "must be a DNS name, not an IP address");
    else if (str_chr(host, '*') >= 0)
        field_check_name(fe, p, host, name_wildcard_subdomain);
    else
        field_check_name(fe, p, host, name_dns1123_subdomain);
}

static void validate(struct field_errors *fe, const void *obj) {
    const IngressSpec *s = &((const Ingress *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (!s->rules.n && !s->default_backend)
        field_invalid_printed(fe, p, STR("null"),
                              "either `defaultBackend` or `rules` must be specified");
    if (s->default_backend)
        check_backend(fe, PATH(p, "defaultBackend"), s->default_backend);
    for (uint32_t i = 0; i < s->rules.n; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "rules"), i);
        const HTTPIngressRuleValue *http = s->rules.v[i].ingress_rule_value.http;
        if (s->rules.v[i].host.n)
            check_host(fe, PATH(at, "host"), s->rules.v[i].host);
        if (http && !http->paths.n)
            field_required(fe, PATH(PATH(at, "http"), "paths"), NULL);
        for (uint32_t k = 0; http && k < http->paths.n; k++)
            check_path(fe, PATH_INDEX(PATH(PATH(at, "http"), "paths"), k), &http->paths.v[k]);
    }
    for (uint32_t i = 0; i < s->tls.n; i++)
        for (uint32_t k = 0; k < s->tls.v[i].hosts.n; k++) {
            str host = s->tls.v[i].hosts.v[k];
            field_check_name(fe, PATH_INDEX(PATH(PATH_INDEX(PATH(p, "tls"), i), "hosts"), k), host,
                             str_chr(host, '*') >= 0 ? name_wildcard_subdomain
                                                     : name_dns1123_subdomain);
        }
    if (s->ingress_class_name.p)
        field_check_name(fe, PATH(p, "ingressClassName"), s->ingress_class_name,
                         name_dns1123_subdomain);
}

const struct hooks hooks_networking_v1_ingresses = {
    .group = "networking.k8s.io",
    .resource = "ingresses",
    .validate = validate,
    .counts_generation = true,
};
