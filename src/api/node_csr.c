// SPDX-License-Identifier: Apache-2.0
#include "api/node_csr.h"

#include "api/names.h"

static int refuse(struct err *e, const char *why) {
    return err_set(e, -EINVAL, "%s", why);
}

static int check_subject(const struct x509_request *q, struct err *e) {
    if (q->n_orgs != 1 || !str_eqc(q->orgs[0], NODE_GROUP))
        return refuse(e, "subject organization is not " NODE_GROUP);
    if (!str_starts(q->cn, STR(NODE_USER_PREFIX)))
        return refuse(e, "subject common name does not begin with " NODE_USER_PREFIX);
    if (!name_ok(name_dns1123_subdomain, str_slice(q->cn, sizeof(NODE_USER_PREFIX) - 1, q->cn.n)))
        return refuse(e, "subject common name does not end in the name of a node");
    return q->ca ? refuse(e, "a node is no certificate authority") : 0;
}

static int check_names(const struct x509_request *q, bool serving, struct err *e) {
    if (q->other_names)
        return refuse(e, "subjectAltNames other than DNS names and IPs are not allowed");
    if (serving && !q->n_dns && !q->n_ips)
        return refuse(e, "DNS or IP subjectAltName is required");
    if (!serving && q->n_dns)
        return refuse(e, "DNS subjectAltNames are not allowed");
    if (!serving && q->n_ips)
        return refuse(e, "IP subjectAltNames are not allowed");
    return 0;
}

int node_csr_read(struct arena *a, str signer, str pem, struct err *e, struct node_csr *ret) {
    struct node_csr c = {.serving = str_eqc(signer, SIGNER_KUBELET_SERVING)};
    str public_pem;
    if (!is_node_signer(signer))
        return refuse(e, "no signer of nodes' certificates");
    int r = x509_csr_read(a, pem, e, &c.names, &public_pem);
    if (r < 0)
        return -EINVAL;
    r = check_subject(&c.names, e);
    if (r == 0)
        r = check_names(&c.names, c.serving, e);
    if (r < 0)
        return r;
    c.node = str_slice(c.names.cn, sizeof(NODE_USER_PREFIX) - 1, c.names.cn.n);
    c.names.server_auth = c.serving;
    c.names.client_auth = !c.serving;
    *ret = c;
    return 0;
}

bool node_csr_usages_ok(bool serving, const str *usages, size_t n) {
    bool signs = false, right = false;
    for (size_t i = 0; i < n; i++) {
        if (str_eqc(usages[i], "digital signature"))
            signs = true;
        else if (str_eqc(usages[i], serving ? "server auth" : "client auth"))
            right = true;
        else if (!str_eqc(usages[i], "key encipherment"))
            return false;
    }
    return signs && right;
}

const CertificateSigningRequestCondition *csr_condition(const CertificateSigningRequest *c,
                                                        const char *type) {
    for (uint32_t i = 0; i < c->status.conditions.n; i++)
        if (str_eqc(c->status.conditions.v[i].type, type))
            return &c->status.conditions.v[i];
    return NULL;
}
