// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

#define CLASS_ANNOTATION "kubernetes.io/ingress.class"
#define CONTROLLER_MAX   250

/* An object of some kind; group.p NULL: not told. */
static void check_reference(struct field_errors *fe, const struct field_path *p, str group,
                            str kind, str name) {
    if (group.p)
        field_check_name(fe, PATH(p, "apiGroup"), group, name_dns1123_subdomain);
    check_name_required(fe, PATH(p, "kind"), kind, name_path_segment);
    check_name_required(fe, PATH(p, "name"), name, name_path_segment);
}

static void check_service(struct field_errors *fe, const struct field_path *backend,
                          const IngressServiceBackend *s) {
    const struct field_path *p = PATH(backend, "service");
    check_rows(fe, p, IngressServiceBackend, s, "name");
    if (s->port.name.n && s->port.number)
        field_invalid(fe, backend, STR_NONE, "cannot set both port name & port number");
    else if (s->port.name.n)
        check_rows(fe, PATH(p, "port"), ServiceBackendPort, &s->port, "name");
    else if (s->port.number)
        check_rows(fe, PATH(p, "port"), ServiceBackendPort, &s->port, "number");
    else
        field_required(fe, backend, "port name or number is required");
}

static void check_backend(struct field_errors *fe, const struct field_path *p,
                          const IngressBackend *b) {
    if (b->resource && b->service) {
        field_invalid(fe, p, STR_NONE, "cannot set both resource and service backends");
    } else if (b->resource) {
        check_reference(fe, PATH(p, "resource"), b->resource->api_group, b->resource->kind,
                        b->resource->name);
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

static void check_rules(struct field_errors *fe, const struct field_path *p, const IngressSpec *s,
                        bool wildcards_free) {
    for (uint32_t i = 0; i < s->rules.n; i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        str host = s->rules.v[i].host;
        const HTTPIngressRuleValue *http = s->rules.v[i].ingress_rule_value.http;
        if (host.n)
            check_host(fe, PATH(at, "host"), host);
        if (!http || (wildcards_free && str_chr(host, '*') >= 0))
            continue;
        if (!http->paths.n)
            field_required(fe, PATH(PATH(at, "http"), "paths"), NULL);
        for (uint32_t k = 0; k < http->paths.n; k++)
            check_path(fe, PATH_INDEX(PATH(PATH(at, "http"), "paths"), k), &http->paths.v[k]);
    }
}

static void check_tls(struct field_errors *fe, const struct field_path *p, const IngressTLS *t,
                      bool secrets_free) {
    for (uint32_t k = 0; k < t->hosts.n; k++) {
        str host = t->hosts.v[k];
        field_check_name(fe, PATH_INDEX(PATH(p, "hosts"), k), host,
                         str_chr(host, '*') >= 0 ? name_wildcard_subdomain
                                                 : name_dns1123_subdomain);
    }
    if (!secrets_free)
        check_rows(fe, p, IngressTLS, t, "secretName");
}

/* What an older server let in may stay: all secret names when one was bad, and the paths behind
 * wildcards when those of one were. */
static bool has_bad_secret(const IngressSpec *s) {
    for (uint32_t i = 0; i < s->tls.n; i++)
        if (s->tls.v[i].secret_name.n && !name_ok(name_dns1123_subdomain, s->tls.v[i].secret_name))
            return true;
    return false;
}

static bool has_bad_wildcard(struct arena *a, const IngressSpec *s) {
    struct field_errors fe = {.arena = a};
    IngressSpec one = {0};
    for (uint32_t i = 0; i < s->rules.n; i++)
        if (str_chr(s->rules.v[i].host, '*') >= 0)
            *list_push(a, &one.rules) =
                (IngressRule){.ingress_rule_value = s->rules.v[i].ingress_rule_value};
    check_rules(&fe, PATH(NULL, "rules"), &one, false);
    return fe.list.n > 0;
}

static void check_spec(struct field_errors *fe, const IngressSpec *s, const IngressSpec *old) {
    const struct field_path *p = PATH(NULL, "spec");
    bool secrets_free = old && has_bad_secret(old);
    if (!s->rules.n && !s->default_backend)
        field_invalid_printed(fe, p, STR("null"),
                              "either `defaultBackend` or `rules` must be specified");
    if (s->default_backend)
        check_backend(fe, PATH(p, "defaultBackend"), s->default_backend);
    check_rules(fe, PATH(p, "rules"), s, old && has_bad_wildcard(fe->arena, old));
    for (uint32_t i = 0; i < s->tls.n; i++)
        check_tls(fe, PATH_INDEX(PATH(p, "tls"), i), &s->tls.v[i], secrets_free);
    check_rows(fe, p, IngressSpec, s, "ingressClassName");
}

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    const Ingress *i = obj, *was = old;
    str class = label_get(&i->metadata.annotations, STR(CLASS_ANNOTATION));
    check_spec(fe, &i->spec, was ? &was->spec : NULL);
    if (!was && class.p && i->spec.ingress_class_name.p &&
        !str_eq(class, i->spec.ingress_class_name))
        field_invalid(fe, PATH(PATH(NULL, "annotations"), CLASS_ANNOTATION), class,
                      "must match `ingressClassName` when both are specified");
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const IngressLoadBalancerStatus *s = &((const Ingress *)obj)->status.load_balancer;
    const IngressLoadBalancerStatus *was = &((const Ingress *)old)->status.load_balancer;
    const struct field_path *list = PATH(PATH(PATH(NULL, "status"), "loadBalancer"), "ingress");
    str_list kept = {0};
    struct ip ip;
    for (uint32_t i = 0; i < was->ingress.n; i++)
        if (was->ingress.v[i].ip.n)
            *list_push(fe->arena, &kept) = was->ingress.v[i].ip;
    for (uint32_t i = 0; i < s->ingress.n; i++) {
        const IngressLoadBalancerIngress *g = &s->ingress.v[i];
        const struct field_path *p = PATH_INDEX(list, i);
        if (g->ip.n)
            field_check_ip(fe, PATH(p, "ip"), g->ip, &kept);
        check_rows(fe, p, IngressLoadBalancerIngress, g, "hostname");
        if (g->hostname.n && ip_parse(g->hostname, &ip))
            field_invalid(fe, PATH(p, "hostname"), g->hostname,
                          "must be a DNS name, not an IP address");
    }
}

static void warn(struct warnings *w, const void *obj, const void *old) {
    const Ingress *i = obj;
    if (!old && !i->spec.ingress_class_name.p &&
        label_has(&i->metadata.annotations, STR(CLASS_ANNOTATION)))
        warn_text(w, "annotation \"" CLASS_ANNOTATION
                     "\" is deprecated, please use 'spec.ingressClassName' instead");
}

const struct hooks hooks_networking_v1_ingresses = {
    .group = "networking.k8s.io",
    .resource = "ingresses",
    .validate_write = validate,
    .validate_status = validate_status,
    .warn = warn,
    .counts_generation = true,
};

/* ---- IngressClass ---- */

static void check_parameters(struct field_errors *fe, const struct field_path *p,
                             const IngressClassParametersReference *r) {
    const struct field_path *ns = PATH(p, "namespace");
    check_reference(fe, p, r->api_group, r->kind, r->name);
    check_rows(fe, p, IngressClassParametersReference, r, "scope");
    if (str_eqc(r->scope, "Namespace") && !r->namespace_.p)
        field_required(fe, ns, "`parameters.scope` is set to 'Namespace'");
    else if (str_eqc(r->scope, "Namespace"))
        field_check_name(fe, ns, r->namespace_, name_dns1123_label);
    else if (str_eqc(r->scope, "Cluster") && r->namespace_.p)
        field_forbidden(fe, ns, "`parameters.scope` is set to 'Cluster'");
}

static void class_validate(struct field_errors *fe, const void *obj, const void *old) {
    const IngressClassSpec *s = &((const IngressClass *)obj)->spec;
    const IngressClass *was = old;
    const struct field_path *p = PATH(NULL, "spec");
    if (was)
        check_same(fe, PATH(p, "controller"), s->controller, was->spec.controller);
    if (s->controller.n > CONTROLLER_MAX)
        field_too_long(fe, PATH(p, "controller"), CONTROLLER_MAX);
    check_domain_prefixed_path(fe, PATH(p, "controller"), s->controller);
    if (s->parameters)
        check_parameters(fe, PATH(p, "parameters"), s->parameters);
}

const struct hooks hooks_networking_v1_ingressclasses = {
    .group = "networking.k8s.io",
    .resource = "ingressclasses",
    .validate_write = class_validate,
    .counts_generation = true,
};
