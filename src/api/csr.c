// SPDX-License-Identifier: Apache-2.0
#include "api/csr.h"

#include "api/names.h"

#define MASTERS "system:masters"

static int refuse(struct err *e, const char *why) {
    return err_set(e, -EINVAL, "%s", why);
}

static unsigned usage_bit(str usage) {
    static const struct {
        const char *name;
        unsigned bit;
    } known[] = {
        {"digital signature", CSR_SIGNATURE},
        {"key encipherment", CSR_ENCIPHER},
        {"client auth", CSR_CLIENT},
        {"server auth", CSR_SERVER},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (str_eqc(usage, known[i].name))
            return known[i].bit;
    return CSR_OTHER;
}

static int no_client_usage(struct err *e, str usage) {
    return err_set(e, -EINVAL, "invalid usage for client certificate: " STR_FMT, STR_ARG(usage));
}

int csr_order_of(const CertificateSigningRequest *c, struct err *e, struct csr_order *ret) {
    bool client = str_eqc(c->spec.signer_name, SIGNER_CLIENT);
    unsigned bits = 0;
    for (uint32_t i = 0; i < c->spec.usages.n; i++) {
        unsigned bit = usage_bit(c->spec.usages.v[i]);
        if (client && (bit & (CSR_SERVER | CSR_OTHER)))
            return no_client_usage(e, c->spec.usages.v[i]);
        bits |= bit;
    }
    *ret = (struct csr_order){.signer = c->spec.signer_name,
                              .pem = c->spec.request,
                              .usages = bits,
                              .seconds = opt_or(c->spec.expiration_seconds, 0)};
    return 0;
}

static int check_organization(const struct x509_request *q, struct err *e) {
    if (q->n_orgs != 1 || !str_eqc(q->orgs[0], NODE_GROUP))
        return refuse(e, "subject organization is not " NODE_GROUP);
    return 0;
}

static int check_common_name(const struct x509_request *q, struct err *e) {
    if (!str_starts(q->cn, STR(NODE_USER_PREFIX)))
        return refuse(e, "subject common name does not begin with " NODE_USER_PREFIX);
    if (!name_ok(name_dns1123_subdomain, str_slice(q->cn, sizeof(NODE_USER_PREFIX) - 1, q->cn.n)))
        return refuse(e, "subject common name does not end in the name of a node");
    return q->ca ? refuse(e, "a node is no certificate authority") : 0;
}

static int check_names(const struct x509_request *q, bool serving, struct err *e) {
    if (serving && !q->n_dns && !q->n_ips)
        return refuse(e, "DNS or IP subjectAltName is required");
    if (!serving && q->n_dns)
        return refuse(e, "DNS subjectAltNames are not allowed");
    if (q->emails)
        return refuse(e, "Email subjectAltNames are not allowed");
    if (!serving && q->n_ips)
        return refuse(e, "IP subjectAltNames are not allowed");
    if (q->uris)
        return refuse(e, "URI subjectAltNames are not allowed");
    if (q->other_names)
        return refuse(e, "subjectAltNames other than DNS names and IPs are not allowed");
    return 0;
}

static int check_node_usages(unsigned usages, bool serving, struct err *e) {
    if ((usages & ~CSR_ENCIPHER) == (CSR_SIGNATURE | (serving ? CSR_SERVER : CSR_CLIENT)))
        return 0;
    return err_set(e, -EINVAL, "usages did not match [%s]",
                   serving ? "digital signature key encipherment server auth"
                           : "client auth digital signature key encipherment");
}

/* In upstream's order, which is not the same for both signers. */
int node_csr_read(struct arena *a, const struct csr_order *o, struct err *e, struct node_csr *ret) {
    struct node_csr c = {.serving = str_eqc(o->signer, SIGNER_KUBELET_SERVING)};
    str public_pem;
    if (!is_node_signer(o->signer))
        return refuse(e, "no signer of nodes' certificates");
    if (x509_csr_read(a, o->pem, e, &c.names, &public_pem) < 0)
        return -EINVAL;
    int r = check_organization(&c.names, e);
    if (r == 0)
        r = check_names(&c.names, c.serving, e);
    if (r == 0 && c.serving)
        r = check_node_usages(o->usages, true, e);
    if (r == 0)
        r = check_common_name(&c.names, e);
    if (r == 0 && !c.serving)
        r = check_node_usages(o->usages, false, e);
    if (r < 0)
        return r;
    c.node = str_slice(c.names.cn, sizeof(NODE_USER_PREFIX) - 1, c.names.cn.n);
    c.names.server_auth = c.serving;
    c.names.client_auth = !c.serving;
    *ret = c;
    return 0;
}

static int client_csr_read(struct arena *a, const struct csr_order *o, struct err *e,
                           struct x509_request *ret) {
    struct x509_request q = {.cn = STR_NONE};
    str public_pem;
    if (x509_csr_read(a, o->pem, e, &q, &public_pem) < 0)
        return -EINVAL;
    if (o->usages & (CSR_SERVER | CSR_OTHER))
        return no_client_usage(e, STR("not one of clients"));
    if (!(o->usages & CSR_CLIENT))
        return refuse(e, "missing required usage for client certificate: client auth");
    for (size_t i = 0; i < q.n_orgs; i++)
        if (str_eqc(q.orgs[i], MASTERS))
            return refuse(e, "subject organization is " MASTERS);
    q.ca = false;
    q.as_asked = true;
    q.client_auth = true;
    q.sign_usage = o->usages & CSR_SIGNATURE;
    q.encipher_usage = o->usages & CSR_ENCIPHER;
    *ret = q;
    return 0;
}

int csr_check(struct arena *a, const struct csr_order *o, struct err *e,
              struct x509_request *ret_names) {
    struct node_csr q;
    if (str_eqc(o->signer, SIGNER_CLIENT))
        return client_csr_read(a, o, e, ret_names);
    int r = node_csr_read(a, o, e, &q);
    if (r == 0)
        *ret_names = q.names;
    return r;
}

int64_t csr_seconds(int64_t asked, int64_t most) {
    return !asked || asked > most ? most : MAX(asked, CSR_SECONDS_MIN);
}

const CertificateSigningRequestCondition *csr_condition(const CertificateSigningRequest *c,
                                                        const char *type) {
    for (uint32_t i = 0; i < c->status.conditions.n; i++)
        if (str_eqc(c->status.conditions.v[i].type, type))
            return &c->status.conditions.v[i];
    return NULL;
}
