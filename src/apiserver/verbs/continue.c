// SPDX-License-Identifier: Apache-2.0
#include "apiserver/verbs/continue.h"

#include <ctype.h>

#include "base/base64.h"
#include "schema/value.h"

static str encode(struct arena *a, int64_t revision, str start) {
    struct buf b;
    buf_init(&b, 0);
    buf_printf(&b, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%lld,\"start\":", (long long)revision);
    json_quote(&b, start);
    buf_addc(&b, '}');
    str out = base64_encode_in(a, buf_str(&b), BASE64_URL | BASE64_RAW);
    buf_done(&b);
    return out;
}

str continue_encode(struct arena *a, int64_t revision, str last) {
    return encode(a, revision, str_concat(a, str_concat(a, STR("/"), last), STR("\0")));
}

str continue_encode_expired(struct arena *a, str start) {
    return encode(a, -1, start); /* upstream leaves the slash out here */
}

static int invalid(struct arena *a, str *ret_why, const char *text) {
    *ret_why = str_printf(a, "continue key is not valid: %s", text);
    return -EINVAL;
}

/* Where Go's decoder stops: at the first letter that is none, or at the one that is left over. */
static size_t corrupt_at(str token) {
    for (size_t i = 0; i < token.n; i++)
        if (!isalnum((unsigned char)token.p[i]) && !memchr("-_\r\n", token.p[i], 4))
            return i;
    return token.n - 1;
}

int continue_decode(struct arena *a, str token, int64_t *ret_revision, str *ret_start,
                    str *ret_why) {
    str json;
    struct value v;
    struct err e = {0};
    if (base64_decode_in(a, token, BASE64_URL | BASE64_RAW | BASE64_LAX, &json) < 0)
        return invalid(a, ret_why,
                       str_printf(a, "illegal base64 data at input byte %zu", corrupt_at(token)).p);
    if (value_parse(a, json, &v, NULL, &e) < 0)
        return invalid(a, ret_why, e.text);
    const struct value *rv = value_getc(&v, "rv");
    str start = value_str(value_getc(&v, "start"));
    if (!str_eqc(value_str(value_getc(&v, "v")), "meta.k8s.io/v1"))
        return invalid(a, ret_why, "server does not recognize this encoded version");
    if (!rv || rv->tag != VALUE_INT || rv->i == 0)
        return invalid(a, ret_why,
                       "incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
    if (!start.n)
        return invalid(a, ret_why, "encoded start key empty (version meta.k8s.io/v1)");
    if (start.p[0] != '/')
        start = str_concat(a, STR("/"), start);
    start = str_slice(start, 1, start.n);
    if (str_find(start, STR("../")) >= 0)
        return invalid(a, ret_why, "start key contains ..");
    *ret_revision = rv->i;
    *ret_start = start;
    return 0;
}
