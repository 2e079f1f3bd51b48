// SPDX-License-Identifier: Apache-2.0
#include "api/bootstrap_token.h"

#include "base/env.h"
#include "base/time.h"

bool bootstrap_is_word(str s, size_t n) {
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9')))
            return false;
    return s.n == n;
}

str bootstrap_token_data(const Secret *s, const char *key) {
    for (uint32_t i = 0; i < s->data.n; i++)
        if (str_eqc(s->data.v[i].key, key))
            return s->data.v[i].value;
    return STR_NONE;
}

bool bootstrap_token_is_for(const Secret *s, const char *use) {
    return str_eqc(bootstrap_token_data(s, use), "true");
}

int64_t bootstrap_token_left(const Secret *s, int64_t now) {
    str text = bootstrap_token_data(s, "expiration");
    int64_t sec, limit = INT64_MAX / NSEC_PER_SEC / 4;
    int32_t nsec;
    if (!text.n)
        return -1;
    if (time_parse(text, &sec, &nsec) < 0 || sec <= now / NSEC_PER_SEC)
        return 0;
    return sec > limit ? -1 : sec * NSEC_PER_SEC + nsec - now;
}
