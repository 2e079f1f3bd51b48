// SPDX-License-Identifier: Apache-2.0
#include "net/jwt_header.h"

#define JWT_HEADER_FIELDS_MAX 16

static void skip_space(str *s) {
    while (s->n && strchr(" \t\r\n", s->p[0]) && s->p[0])
        *s = str_slice(*s, 1, s->n);
}

static bool take_char(str *s, char c) {
    skip_space(s);
    if (!s->n || s->p[0] != c)
        return false;
    *s = str_slice(*s, 1, s->n);
    skip_space(s);
    return true;
}

static int take_string(str *s, str *ret) {
    if (!s->n || s->p[0] != '"')
        return -EINVAL;
    for (size_t i = 1; i < s->n; i++) {
        if (s->p[i] == '\\' || (uint8_t)s->p[i] < 0x20)
            return -EINVAL;
        if (s->p[i] == '"') {
            *ret = str_slice(*s, 1, i);
            *s = str_slice(*s, i + 1, s->n);
            return 0;
        }
    }
    return -EINVAL;
}

int jwt_header_alg(str json, str *ret) {
    str names[JWT_HEADER_FIELDS_MAX], alg = STR_NONE;
    size_t n = 0;
    if (!take_char(&json, '{'))
        return -EINVAL;
    do {
        str value;
        if (n == JWT_HEADER_FIELDS_MAX || take_string(&json, &names[n]) < 0 ||
            !take_char(&json, ':') || take_string(&json, &value) < 0)
            return -EINVAL;
        for (size_t i = 0; i < n; i++)
            if (str_eq(names[i], names[n]))
                return -EINVAL;
        if (str_eq(names[n], STR("crit")))
            return -EINVAL;
        if (str_eq(names[n], STR("alg")))
            alg = value;
        n++;
    } while (take_char(&json, ','));
    if (!take_char(&json, '}') || json.n || !alg.p)
        return -EINVAL;
    *ret = alg;
    return 0;
}
