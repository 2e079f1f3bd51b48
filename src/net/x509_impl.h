// SPDX-License-Identifier: Apache-2.0
/* Private to the X.509 and JWT files. */
#pragma once

#include "net/ossl.h"
#include "net/x509.h"

struct x509_key {
    EVP_PKEY *pkey;
};

#define X509_NAMES_MAX 256 /* subject alternative names of a CSR */
