// SPDX-License-Identifier: Apache-2.0
/* What custom resources are called, and who may call them so. */
#include "api/kinds/crd.h"

#define APPROVED "api-approved.kubernetes.io"

static void check_kind(struct field_errors *fe, const struct field_path *p, str kind) {
    struct name_errors e = {{0}, 0};
    name_dns1035_label(str_lower(fe->arena, kind), &e);
    if (kind.n && e.n)
        field_invalid(fe, p, kind, "may have mixed case, but should otherwise match: " STR_FMT,
                      STR_ARG(name_errors_join(fe->arena, &e, ",")));
}

static void check_list(struct field_errors *fe, const struct field_path *p, const str_list *l) {
    for (uint32_t i = 0; i < l->n; i++)
        check_name_whole(fe, PATH_INDEX(p, i), l->v[i], name_dns1035_label);
}

void crd_check_names(struct field_errors *fe, const struct field_path *p,
                     const CustomResourceDefinitionNames *n) {
    if (n->plural.n)
        check_name_whole(fe, PATH(p, "plural"), n->plural, name_dns1035_label);
    if (n->singular.n)
        check_name_whole(fe, PATH(p, "singular"), n->singular, name_dns1035_label);
    check_kind(fe, PATH(p, "kind"), n->kind);
    check_kind(fe, PATH(p, "listKind"), n->list_kind);
    check_list(fe, PATH(p, "shortNames"), &n->short_names);
    if (n->kind.n && str_eq(n->kind, n->list_kind))
        field_invalid(fe, PATH(p, "listKind"), n->list_kind,
                      "kind and listKind may not be the same");
    check_list(fe, PATH(p, "categories"), &n->categories);
}

/* ---- groups of the community ---- */

enum approval { APPROVAL_MISSING, APPROVAL_BYPASSED, APPROVAL_GIVEN, APPROVAL_INVALID };

static str approval_text(const CustomResourceDefinition *crd) {
    const str_map *m = &crd->metadata.annotations;
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eqc(m->v[i].key, APPROVED))
            return m->v[i].value;
    return STR("");
}

/* An absolute URL with a host, by what it begins with. */
static bool is_url(str s) {
    ssize_t at = str_find(s, STR("://"));
    str host = at > 0 ? str_slice(s, (size_t)at + 3, s.n) : STR_NONE;
    host = str_cut(&host, '/');
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
            return false;
    for (ssize_t i = 0; i < at; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", s.p[i]) &&
            (!i || !strchr("0123456789+-.", s.p[i])))
            return false;
    return host.n > 0;
}

static enum approval approval_of(const CustomResourceDefinition *crd) {
    str s = approval_text(crd);
    if (!s.n)
        return APPROVAL_MISSING;
    if (str_starts(s, STR("unapproved")))
        return APPROVAL_BYPASSED;
    return is_url(s) ? APPROVAL_GIVEN : APPROVAL_INVALID;
}

static bool is_protected(str group) {
    return str_eqc(group, "k8s.io") || str_ends(group, STR(".k8s.io")) ||
           str_eqc(group, "kubernetes.io") || str_ends(group, STR(".kubernetes.io"));
}

void crd_check_approval(struct field_errors *fe, const CustomResourceDefinition *crd,
                        const CustomResourceDefinition *old) {
    static const char see[] = "see https://github.com/kubernetes/enhancements/pull/1111";
    const struct field_path *p =
        PATH_KEY(PATH(PATH(NULL, "metadata"), "annotations"), STR(APPROVED));
    enum approval a = approval_of(crd);
    if (!is_protected(crd->spec.group) || (old && approval_of(old) == a))
        return;
    if (a == APPROVAL_MISSING)
        field_required(fe, p,
                       str_printf(fe->arena,
                                  "protected groups must have approval annotation \"%s\", %s",
                                  APPROVED, see)
                           .p);
    if (a == APPROVAL_INVALID)
        field_invalid(fe, p, approval_text(crd),
                      "protected groups must have approval annotation \"%s\" with either a URL or "
                      "a reason starting with \"unapproved\", %s",
                      APPROVED, see);
}
