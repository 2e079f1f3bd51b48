// SPDX-License-Identifier: Apache-2.0
/* Proxies in front of the API server: one whose certificate is of a CA for such proxies says in
 * headers for whom it speaks. Rules of upstream's headerrequest: the first user header that is not
 * empty is the name, and without one the proxy speaks for nobody; what follows an extra prefix is
 * the key, in lower case and with percent escapes. The proxy's own CN is never a user. */
#pragma once

#include "apiserver/auth.h"

struct request_header {
    str_list names; /* CNs of proxies; none: whoever has a certificate of the CA */
    str_list user_headers, uid_headers, group_headers, extra_prefixes;
};

/* Fills *ret (memory of a): 0. -ENOENT: no such certificate, or it speaks for nobody. -EACCES: a
 * certificate of the CA whose CN is not among the names. */
int request_header_authenticate(const struct request_header *h, struct arena *a,
                                const struct exchange *x, struct user *ret);
/* Takes the headers out, and upstream's usual ones (X-Remote-*), whoever sent them: nobody behind
 * us may believe them. */
void request_header_strip(const struct request_header *h, struct exchange *x);
