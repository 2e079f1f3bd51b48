// SPDX-License-Identifier: Apache-2.0
/* What a service account token says, in upstream's words: the registered claims of RFC 7519 and the
 * private claim kubernetes.io. Pure. */
#pragma once

#include "base/err.h"
#include "schema/type.h"

#define CLAIMS_LEEWAY 60 /* seconds that two clocks may differ */

struct claims_ref {
    str name, uid;
};

/* Times are seconds since 1970. A ref without a name is not there. */
struct claims {
    str iss, sub, jti;
    str_list aud;
    int64_t exp, iat, nbf, warn_after; /* warn_after 0: none */
    str ns;
    struct claims_ref service_account, pod, secret, node;
};

str claims_json(struct arena *a, const struct claims *c);
/* -EINVAL: no JSON object, or a claim of a wrong type. Absent claims are empty or zero. */
int claims_read(struct arena *a, str json, struct claims *ret, struct err *e);
/* Times only; -EACCES with upstream's text. A token without exp is never good. */
int claims_check_times(const struct claims *c, int64_t now, struct err *e);
/* "x" stands in both lists: which ones, in the order of a. */
str_list claims_intersect(struct arena *a, const str_list *x, const str_list *y);
