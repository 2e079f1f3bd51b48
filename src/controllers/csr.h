// SPDX-License-Identifier: Apache-2.0
/* What has been decided about a CertificateSigningRequest. */
#pragma once

#include "controllers/common.h"

#define CSRS RESOURCE_OF(certificates_v1_certificatesigningrequests)

/* type: "Approved", "Denied", "Failed"; NULL: it has no such condition. */
static inline const CertificateSigningRequestCondition *
csr_condition(const CertificateSigningRequest *csr, const char *type) {
    for (uint32_t i = 0; i < csr->status.conditions.n; i++)
        if (str_eqc(csr->status.conditions.v[i].type, type))
            return &csr->status.conditions.v[i];
    return NULL;
}
