// SPDX-License-Identifier: Apache-2.0
/* Requests for certificates. What is requested, and by whom, never changes; approval and denial
 * come through one subresource, the certificate and other conditions through another. */
#include "api/kinds/kinds.h"
#include "base/base64.h"
#include "net/x509.h"

#define LEGACY_UNKNOWN "kubernetes.io/legacy-unknown"
#define SECONDS_MIN    600
#define REQUEST_LABEL  "CERTIFICATE REQUEST"

/* ---- what the server sets ---- */

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

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    CertificateSigningRequest *c = obj;
    const CertificateSigningRequest *was = old;
    (void)h;
    c->spec = was->spec;
    c->status = was->status;
}

static uint32_t count(const CertificateSigningRequest *c, const char *type) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->status.conditions.n; i++)
        n += str_eqc(c->status.conditions.v[i].type, type);
    return n;
}

/* Conditions of the type are as they were; added or removed ones are left, to be refused. */
static void keep_conditions(CertificateSigningRequest *c, const CertificateSigningRequest *was,
                            const char *type) {
    uint32_t from = 0;
    if (count(c, type) != count(was, type))
        return;
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        if (!str_eqc(c->status.conditions.v[i].type, type))
            continue;
        while (!str_eqc(was->status.conditions.v[from].type, type))
            from++;
        c->status.conditions.v[i] = was->status.conditions.v[from++];
    }
}

/* A condition that is as it was has changed when it had. */
static void fill_times(struct hook_ctx *h, CertificateSigningRequest *c,
                       const CertificateSigningRequest *was) {
    struct arena *a = h->arena;
    Time now = hook_now(h);
    str *keys = arena_array(a, was->status.conditions.n, sizeof(*keys));
    for (uint32_t i = 0; i < was->status.conditions.n; i++) {
        const CertificateSigningRequestCondition *o = &was->status.conditions.v[i];
        if (o->last_transition_time.set)
            keys[i] = pair_key(a, o->type, o->status);
    }
    struct name_index x = name_index_of(a, keys, was->status.conditions.n, sizeof(*keys));
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        CertificateSigningRequestCondition *n = &c->status.conditions.v[i];
        int64_t at = name_index_first(&x, pair_key(a, n->type, n->status));
        if (!n->last_update_time.set)
            n->last_update_time = now;
        if (!n->last_transition_time.set)
            n->last_transition_time =
                at < 0 ? now : was->status.conditions.v[at].last_transition_time;
    }
}

/* Of "status" and of "approval", which shows the status too. */
static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    CertificateSigningRequest *c = obj;
    const CertificateSigningRequest *was = old;
    uint32_t n = c->status.conditions.n;
    if (n)
        c->status.conditions.v =
            arena_dup(h->arena, c->status.conditions.v, n * sizeof(*c->status.conditions.v));
    c->spec = was->spec;
    if (str_eqc(h->sub, "approval")) {
        c->status.certificate = was->status.certificate;
    } else {
        keep_conditions(c, was, "Approved");
        keep_conditions(c, was, "Denied");
    }
    fill_times(h, c, was);
}

/* ---- spec ---- */

static void check_request(struct field_errors *fe, const struct field_path *p, str pem) {
    struct x509_request r;
    struct err e;
    str key, label = pem;
    ssize_t at = str_find(pem, STR("-----BEGIN "));
    const char *fault = "PEM block type must be " REQUEST_LABEL;
    if (at >= 0)
        label = str_slice(pem, (size_t)at + strlen("-----BEGIN "), pem.n);
    if (at >= 0 && str_starts(label, STR(REQUEST_LABEL "-----")))
        fault = x509_csr_read(fe->arena, pem, &e, &r, &key) < 0 ? e.text : NULL;
    if (fault)
        field_invalid(fe, p, base64_encode_in(fe->arena, pem, 0), "%s", fault);
}

static const char *const usages[] = {"any",
                                     "cert sign",
                                     "client auth",
                                     "code signing",
                                     "content commitment",
                                     "crl sign",
                                     "data encipherment",
                                     "decipher only",
                                     "digital signature",
                                     "email protection",
                                     "encipher only",
                                     "ipsec end system",
                                     "ipsec tunnel",
                                     "ipsec user",
                                     "key agreement",
                                     "key encipherment",
                                     "microsoft sgc",
                                     "netscape sgc",
                                     "ocsp signing",
                                     "s/mime",
                                     "server auth",
                                     "signing",
                                     "timestamping",
                                     NULL};

/* Only creation can bring usages in: what an older server let in may stay. */
static void check_usages(struct field_errors *fe, const struct field_path *p, const str_list *l) {
    struct name_index x = name_index_of(fe->arena, l->v, l->n, sizeof(str));
    for (uint32_t i = 0; i < l->n; i++)
        check_one_of(fe, PATH_INDEX(p, i), l->v[i], usages);
    for (uint32_t i = 0; i < l->n; i++)
        if (name_index_first(&x, l->v[i]) != i)
            field_duplicate(fe, PATH_INDEX(p, i), l->v[i]);
}

/* Each part between dots; returns how many there are. */
static unsigned check_parts(struct field_errors *fe, const struct field_path *p, str s,
                            name_check *check) {
    unsigned n = 0;
    for (str rest = s; rest.p; n++) {
        struct name_errors e = {{0}, 0};
        str part = str_cut(&rest, '.');
        check(part, &e);
        for (unsigned i = 0; i < e.n; i++)
            field_invalid(fe, p, s, "validating label \"" STR_FMT "\": %s", STR_ARG(part), e.v[i]);
    }
    return n;
}

#define SIGNER_MAX (2 * DNS_SUBDOMAIN_MAX + DNS_LABEL_MAX + 2)

static void check_signer(struct field_errors *fe, const struct field_path *p, str s) {
    ssize_t slash = str_chr(s, '/');
    if (!s.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (slash < 0 || str_chr(str_slice(s, (size_t)slash + 1, s.n), '/') >= 0) {
        field_invalid(fe, p, s,
                      "must be a fully qualified domain and path of the form "
                      "'example.com/signer-name'");
        return;
    }
    str domain = str_slice(s, 0, (size_t)slash), path = str_slice(s, (size_t)slash + 1, s.n);
    if (domain.n > DNS_SUBDOMAIN_MAX)
        field_too_long(fe, p, DNS_SUBDOMAIN_MAX);
    if (check_parts(fe, p, domain, name_dns1123_label) < 2)
        field_invalid(fe, p, domain,
                      "should be a domain with at least two segments separated by dots");
    check_parts(fe, p, path, name_dns1123_subdomain);
    if (s.n > SIGNER_MAX)
        field_too_long(fe, p, SIGNER_MAX);
}

static void check_spec(struct field_errors *fe, const CertificateSigningRequestSpec *s,
                       const CertificateSigningRequest *old) {
    const struct field_path *p = PATH(NULL, "spec");
    bool legacy = str_eqc(s->signer_name, LEGACY_UNKNOWN);
    check_request(fe, PATH(p, "request"), s->request);
    if (!s->usages.n)
        field_required(fe, PATH(p, "usages"), NULL);
    if (!old)
        check_usages(fe, PATH(p, "usages"), &s->usages);
    if (legacy && !old)
        field_invalid(fe, PATH(p, "signerName"), s->signer_name,
                      "the legacy signerName is not allowed via this API version");
    else
        check_signer(fe, PATH(p, "signerName"), s->signer_name);
    if (s->expiration_seconds.set && s->expiration_seconds.v < SECONDS_MIN)
        field_invalid_i64(fe, PATH(p, "expirationSeconds"), s->expiration_seconds.v,
                          "may not specify a duration less than 600 seconds (10 minutes)");
}

/* ---- status ---- */

/* Faults of conditions that are there already are borne. */
struct tolerated {
    bool both, empty, twice;
};

static struct name_index types_of(struct arena *a, const CertificateSigningRequest *c) {
    const CertificateSigningRequestCondition *v = c->status.conditions.v;
    uint32_t n = c->status.conditions.n;
    return name_index_of(a, n ? &v->type : NULL, n, sizeof(*v));
}

static struct tolerated tolerated_of(struct arena *a, const CertificateSigningRequest *old) {
    struct tolerated t = {0};
    if (!old)
        return t;
    struct name_index x = types_of(a, old);
    t.both = count(old, "Approved") && count(old, "Denied");
    t.empty = count(old, "");
    for (uint32_t i = 0; i < x.n; i++)
        t.twice |= name_index_first(&x, old->status.conditions.v[i].type) != i;
    return t;
}

static void check_conditions_of(struct field_errors *fe, const CertificateSigningRequest *c,
                                const CertificateSigningRequest *old) {
    static const char *const any[] = {"False", "True", "Unknown", NULL};
    static const char *const only_true[] = {"True", NULL};
    static const char *const final[] = {"Approved", "Denied", "Failed", NULL};
    const struct field_path *p = PATH(PATH(NULL, "status"), "conditions");
    struct tolerated ok = tolerated_of(fe->arena, old);
    struct name_index x = types_of(fe->arena, c);
    bool approved = false, denied = false;
    for (uint32_t i = 0; i < c->status.conditions.n; i++) {
        str type = c->status.conditions.v[i].type;
        const struct field_path *at = PATH_INDEX(p, i);
        if (!type.n && !ok.empty)
            field_required(fe, PATH(at, "type"), NULL);
        check_one_of_required(fe, PATH(at, "status"), c->status.conditions.v[i].status,
                              str_in(type, final) ? only_true : any);
        approved |= str_eqc(type, "Approved");
        denied |= str_eqc(type, "Denied");
        if (approved && denied && !ok.both &&
            (str_eqc(type, "Approved") || str_eqc(type, "Denied")))
            field_invalid(fe, p, type, "Approved and Denied conditions are mutually exclusive");
        if (!ok.twice && name_index_first(&x, type) != i)
            field_duplicate(fe, PATH(at, "type"), type);
    }
}

static void check_certificate(struct field_errors *fe, const CertificateSigningRequest *c,
                              const CertificateSigningRequest *old) {
    struct err e;
    str pem = c->status.certificate;
    if (!pem.n ||
        (old && (str_eq(pem, old->status.certificate) ||
                 (old->status.certificate.n && x509_certs_check(old->status.certificate, &e) < 0))))
        return;
    if (x509_certs_check(pem, &e) < 0)
        field_invalid(fe, PATH(PATH(NULL, "status"), "certificate"), STR("<certificate data>"),
                      "%s", e.text);
}

static void check_all(struct field_errors *fe, const CertificateSigningRequest *c,
                      const CertificateSigningRequest *old) {
    check_spec(fe, &c->spec, old);
    check_conditions_of(fe, c, old);
    check_certificate(fe, c, old);
}

static void check_kept(struct field_errors *fe, const CertificateSigningRequest *c,
                       const CertificateSigningRequest *old, bool approval, bool certificate) {
    static const char *const types[] = {"Approved", "Denied", "Failed"};
    const struct field_path *p = PATH(NULL, "status");
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (count(c, types[i]) < count(old, types[i]))
            field_forbidden(fe, PATH(p, "conditions"),
                            "updates may not remove a condition of type \"%s\"", types[i]);
    for (size_t i = 0; i < 2 && !approval; i++)
        if (count(c, types[i]) > count(old, types[i]))
            field_forbidden(fe, PATH(p, "conditions"),
                            "updates may not add a condition of type \"%s\"", types[i]);
    if (str_eq(c->status.certificate, old->status.certificate))
        return;
    if (!certificate)
        field_forbidden(fe, PATH(p, "certificate"), "updates may not set certificate content");
    else if (old->status.certificate.n)
        field_forbidden(fe, PATH(p, "certificate"),
                        "updates may not modify existing certificate content");
}

static void validate(struct field_errors *fe, const void *obj, const void *old) {
    check_all(fe, obj, old);
    if (old)
        check_kept(fe, obj, old, false, false);
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    check_all(fe, obj, old);
    check_kept(fe, obj, old, false, true);
}

static void validate_sub(struct field_errors *fe, str sub, const void *obj, const void *old) {
    check_all(fe, obj, old);
    check_kept(fe, obj, old, str_eqc(sub, "approval"), false);
}

const struct hooks hooks_certificates_v1_certificatesigningrequests = {
    .group = "certificates.k8s.io",
    .resource = "certificatesigningrequests",
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status = prepare_status,
    .validate_write = validate,
    .validate_status = validate_status,
    .validate_sub = validate_sub,
    .validate_name = name_is_path_segment,
};
