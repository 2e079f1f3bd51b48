// SPDX-License-Identifier: Apache-2.0
#include "cel/semver.h"

static bool is_number(str s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* Identifiers with dots between; a numeric one has no leading zero unless it may. */
static bool identifiers_ok(str s, bool zeros) {
    while (s.p) {
        str id = str_cut(&s, '.');
        if (!id.n || (!zeros && is_number(id) && id.n > 1 && id.p[0] == '0'))
            return false;
        for (size_t i = 0; i < id.n; i++) {
            char c = id.p[i];
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '-'))
                return false;
        }
    }
    return true;
}

/* Takes apart "core-pre+build"; parts that are absent have p == NULL. */
static str cut_core(str s, str *pre, str *build) {
    *build = s;
    s = str_cut(build, '+');
    *pre = s;
    return str_cut(pre, '-');
}

int cel_semver_parse(str s, struct cel_semver *ret) {
    struct cel_semver v = {.text = s};
    str build, core = cut_core(s, &v.pre, &build);
    for (int i = 0; i < 3; i++) {
        str part = str_cut(&core, '.');
        if (!is_number(part) || (part.n > 1 && part.p[0] == '0') || str_to_u64(part, &v.v[i]) < 0 ||
            (i < 2) != (core.p != NULL))
            return -EINVAL;
    }
    if (!identifiers_ok(v.pre, false) || !identifiers_ok(build, true))
        return -EINVAL;
    *ret = v;
    return 0;
}

str cel_semver_normal(struct arena *a, str s) {
    str pre, build, core, out = STR_NONE;
    if (str_starts(s, STR("v")))
        s = str_slice(s, 1, s.n);
    core = cut_core(s, &pre, &build);
    for (int i = 0; i < 3; i++) {
        str part = core.p ? str_cut(&core, '.') : STR("0");
        while (part.n > 1 && part.p[0] == '0')
            part = str_slice(part, 1, part.n);
        out = i ? str_printf(a, STR_FMT "." STR_FMT, STR_ARG(out), STR_ARG(part)) : part;
    }
    if (core.p)
        return s; /* a fourth number: no version */
    if (pre.p)
        out = str_printf(a, STR_FMT "-" STR_FMT, STR_ARG(out), STR_ARG(pre));
    if (build.p)
        out = str_printf(a, STR_FMT "+" STR_FMT, STR_ARG(out), STR_ARG(build));
    return out;
}

static int cmp_identifiers(str x, str y) {
    bool xn = is_number(x), yn = is_number(y);
    int c;
    if (xn != yn)
        return xn ? -1 : 1;
    if (xn && x.n != y.n) /* no leading zeros */
        return x.n < y.n ? -1 : 1;
    c = str_cmp(x, y);
    return (c > 0) - (c < 0);
}

int cel_semver_cmp(const struct cel_semver *x, const struct cel_semver *y) {
    str a = x->pre, b = y->pre;
    int c = 0;
    for (int i = 0; i < 3; i++)
        if (x->v[i] != y->v[i])
            return x->v[i] < y->v[i] ? -1 : 1;
    if (!a.p || !b.p)
        return (a.p == NULL) - (b.p == NULL);
    while (!c && a.p && b.p)
        c = cmp_identifiers(str_cut(&a, '.'), str_cut(&b, '.'));
    return c ? c : (a.p != NULL) - (b.p != NULL);
}
