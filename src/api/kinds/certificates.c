// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/kinds.h"
#include "base/base64.h"

/* Who asks is what approvers go by: the request's word for it counts for nothing. */
static void prepare_create(struct hook_ctx *h, void *obj) {
    CertificateSigningRequest *c = obj;
    const struct hook_user nobody = {0}, *u = h->user ? h->user : &nobody;
    c->status = (CertificateSigningRequestStatus){0};
    c->spec.username = u->name;
    c->spec.uid = u->uid;
    c->spec.groups = u->groups;
    c->spec.extra = u->extra;
}

/* What was requested stays; approval and certificate come through subresources. */
static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    ((CertificateSigningRequest *)obj)->spec = ((const CertificateSigningRequest *)old)->spec;
}

static const CertificateSigningRequestCondition *condition(const CertificateSigningRequest *c,
                                                           str type) {
    for (uint32_t i = 0; i < c->status.conditions.n; i++)
        if (str_eq(c->status.conditions.v[i].type, type))
            return &c->status.conditions.v[i];
    return NULL;
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    CertificateSigningRequest *c = obj;
    Time now = {.sec = h->now / 1000000000, .set = true};
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        CertificateSigningRequestCondition *n = &c->status.conditions.v[i];
        const CertificateSigningRequestCondition *was = condition(old, n->type);
        if (!n->last_update_time.set)
            n->last_update_time = now;
        if (!n->last_transition_time.set)
            n->last_transition_time =
                was && str_eq(was->status, n->status) && was->last_transition_time.set
                    ? was->last_transition_time
                    : now;
    }
}

/* "domain/path", the domain of at least two labels. */
static bool is_signer_name(str s) {
    ssize_t slash = str_chr(s, '/');
    if (slash <= 0 || (size_t)slash + 1 == s.n)
        return false;
    str domain = str_slice(s, 0, (size_t)slash);
    return str_chr(domain, '.') >= 0 && name_ok(name_dns1123_subdomain, domain);
}

static void validate(struct field_errors *fe, const void *obj) {
    const CertificateSigningRequestSpec *s = &((const CertificateSigningRequest *)obj)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    if (str_find(s->request, STR("-----BEGIN CERTIFICATE REQUEST-----")) < 0) {
        field_invalid(fe, PATH(p, "request"), base64_encode_in(fe->arena, s->request, 0),
                      "PEM block type must be CERTIFICATE REQUEST");
    }
    if (!s->usages.n)
        field_required(fe, PATH(p, "usages"), NULL);
    if (list_too_long(fe, PATH(p, "usages"), s->usages.n))
        return;
    for (uint32_t i = 0; i < s->usages.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(s->usages.v[i], s->usages.v[k])) {
                field_duplicate(fe, PATH_INDEX(PATH(p, "usages"), i), s->usages.v[i]);
                break;
            }
    if (!s->signer_name.n)
        field_required(fe, PATH(p, "signerName"), NULL);
    else if (!is_signer_name(s->signer_name))
        field_invalid(fe, PATH(p, "signerName"), s->signer_name,
                      "must be a fully qualified domain and path of the form "
                      "'example.com/signer-name'");
    if (s->expiration_seconds.set && s->expiration_seconds.v < 600)
        field_invalid_i64(fe, PATH(p, "expirationSeconds"), s->expiration_seconds.v,
                          "may not specify a duration less than 600 seconds (10 minutes)");
}

const struct hooks hooks_certificates_v1_certificatesigningrequests = {
    .group = "certificates.k8s.io",
    .resource = "certificatesigningrequests",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status = prepare_status,
    .validate = validate,
    .validate_name = name_is_path_segment,
};
