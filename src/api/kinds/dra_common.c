// SPDX-License-Identifier: Apache-2.0
#include "api/kinds/dra.h"
#include "api/kinds/expressions.h"

#define EXPRESSION_MAX (10 * 1024)
#define SELECTORS_MAX  32
#define CONDITIONS_MAX 4
#define ID_MAX         32
#define UID_LEN        36

bool dra_too_many(struct field_errors *fe, const struct field_path *p, uint32_t n, uint32_t max) {
    if (n > max)
        field_too_many(fe, p, n, max);
    return n > max;
}

void dra_check_unique(struct field_errors *fe, const struct field_path *p, const str *first,
                      uint32_t n, size_t stride) {
    struct name_index x = name_index_of(fe->arena, first, n, stride);
    for (uint32_t i = 0; i < n; i++) {
        str name = *(const str *)(const void *)((const char *)first + i * stride);
        if (name_index_first(&x, name) != i)
            field_duplicate(fe, PATH_INDEX(p, i), name);
    }
}

/* ---- names ---- */

void dra_check_pool_name(struct field_errors *fe, const struct field_path *p, str name) {
    if (!name.n) {
        field_required(fe, p, NULL);
        return;
    }
    if (name.n > DNS_SUBDOMAIN_MAX)
        field_too_long(fe, p, DNS_SUBDOMAIN_MAX);
    for (str rest = name; rest.p;)
        field_check_name(fe, p, str_cut(&rest, '/'), name_dns1123_subdomain);
}

void dra_check_share(struct field_errors *fe, const struct field_path *p, str uid) {
    bool hex = true, lower = true;
    for (size_t i = 0; i < uid.n; i++) {
        char c = uid.p[i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool small = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        hex &= dash ? c == '-' : small || (c >= 'A' && c <= 'F');
        lower &= dash || small;
    }
    if (uid.n != UID_LEN)
        field_invalid(fe, p, uid, "error validating uid: invalid UUID length: %zu", uid.n);
    else if (!hex)
        field_invalid(fe, p, uid, "error validating uid: invalid UUID format");
    else if (!lower)
        field_invalid(fe, p, uid,
                      "uid must be in RFC 4122 normalized form, "
                      "`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal "
                      "characters");
}

static void check_id(struct field_errors *fe, const struct field_path *p, str id) {
    if (id.n > ID_MAX)
        field_too_long(fe, p, ID_MAX);
    field_check_name(fe, p, id, name_c_identifier);
}

void dra_check_name(struct field_errors *fe, const struct field_path *p, str name, bool fully) {
    str id = name, domain = str_cut(&id, '/');
    if (!id.p) {
        check_id(fe, p, name);
        if (fully)
            field_invalid(fe, p, name,
                          "a fully qualified name must be a domain and a name separated by a "
                          "slash");
        return;
    }
    if (str_chr(id, '/') >= 0)
        return;
    if (domain.n)
        check_csi_driver(fe, p, domain);
    else
        field_invalid(fe, p, STR_NONE, "the domain must not be empty");
    if (id.n)
        check_id(fe, p, id);
    else
        field_invalid(fe, p, STR_NONE, "the name must not be empty");
}

/* ---- selectors and configurations ---- */

void dra_check_selectors(struct field_errors *fe, const struct field_path *p,
                         const DeviceSelector *v, uint32_t n) {
    if (dra_too_many(fe, p, n, SELECTORS_MAX))
        return;
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        check_rows(fe, at, DeviceSelector, &v[i], "cel");
        if (v[i].cel && v[i].cel->expression.n <= EXPRESSION_MAX)
            check_device_expression(fe, PATH(PATH(at, "cel"), "expression"), v[i].cel->expression);
    }
}

void dra_check_raw(struct field_errors *fe, const struct field_path *p, Raw raw, size_t max) {
    if (!raw.n)
        field_required(fe, p, NULL);
    else if (max && raw.n > max)
        field_too_long(fe, p, max);
    else if (str_eqc(raw, "null"))
        field_required(fe, p, NULL);
    else if (raw.p[0] != '{')
        field_invalid(fe, p, STR("<value omitted>"), "must be a valid JSON object");
}

void dra_check_config(struct field_errors *fe, const struct field_path *p,
                      const DeviceConfiguration *c, bool stored) {
    const struct field_path *at = PATH(p, "opaque");
    if (!c->opaque) {
        field_required(fe, at, NULL);
        return;
    }
    check_csi_driver(fe, PATH(at, "driver"), c->opaque->driver);
    dra_check_raw(fe, PATH(at, "parameters"), c->opaque->parameters, stored ? 0 : DRA_OPAQUE_MAX);
}

/* ---- taints, tolerations, conditions ---- */

void dra_check_taint(struct field_errors *fe, const struct field_path *p, const DeviceTaint *t) {
    field_check_name(fe, PATH(p, "key"), t->key, name_qualified);
    check_rows(fe, p, DeviceTaint, t, "value effect");
}

void dra_check_tolerations(struct field_errors *fe, const struct field_path *list,
                           const DeviceToleration *v, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *p = PATH_INDEX(list, i);
        check_rows(fe, p, DeviceToleration, &v[i], "key");
        if (str_eqc(v[i].operator_, "Exists") && v[i].value.n)
            field_invalid(fe, PATH(p, "value"), v[i].value, "must be empty for operator `Exists`");
        else if (str_eqc(v[i].operator_, "Equal"))
            field_check_name(fe, PATH(p, "value"), v[i].value, name_label_value);
        check_rows(fe, p, DeviceToleration, &v[i], "operator");
        if (v[i].effect.n)
            check_rows(fe, p, DeviceToleration, &v[i], "effect");
    }
}

static void check_condition_names(struct field_errors *fe, const struct field_path *p,
                                  const str_list *l) {
    if (dra_too_many(fe, p, l->n, CONDITIONS_MAX))
        return;
    for (uint32_t i = 0; i < l->n; i++)
        field_check_name(fe, PATH_INDEX(p, i), l->v[i], name_qualified);
}

void dra_check_binding(struct field_errors *fe, const struct field_path *p, const str_list *good,
                       const str_list *bad) {
    const struct field_path *g = PATH(p, "bindingConditions"),
                            *b = PATH(p, "bindingFailureConditions");
    struct name_index x = name_index_of(fe->arena, good->v, good->n, sizeof(str));
    struct name_index y = name_index_of(fe->arena, bad->v, bad->n, sizeof(str));
    check_condition_names(fe, g, good);
    check_condition_names(fe, b, bad);
    dra_check_unique(fe, g, good->v, good->n, sizeof(str));
    for (uint32_t i = 0; i < bad->n; i++) {
        if (name_index_first(&y, bad->v[i]) != i)
            field_duplicate(fe, PATH_INDEX(b, i), bad->v[i]);
        if (name_index_first(&x, bad->v[i]) >= 0)
            field_invalid(fe, PATH_INDEX(b, i), bad->v[i],
                          "bindingFailureConditions must not overlap with bindingConditions");
    }
    if (!good->n && bad->n)
        field_invalid_printed(fe, g, STR("null"),
                              "bindingConditions are required to use bindingFailureConditions");
    if (!bad->n && good->n)
        field_invalid_printed(fe, b, STR("null"),
                              "bindingFailureConditions are required to use bindingConditions");
}
