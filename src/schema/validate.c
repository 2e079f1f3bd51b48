// SPDX-License-Identifier: Apache-2.0
/* The rules that a row can state alone. Everything that needs two fields to judge is a hook of the
 * kind (api layer). */
#include <stdio.h>

#include "schema/entry.h"
#include "schema/ops.h"

#define DNS_LABEL_MAX     63
#define DNS_SUBDOMAIN_MAX 253
#define DNS_LABEL_RE      "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

static bool alnum_lower(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_label(str s) {
    if (s.n == 0 || !alnum_lower(s.p[0]) || !alnum_lower(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!alnum_lower(s.p[i]) && s.p[i] != '-')
            return false;
    return true;
}

static bool is_subdomain(str s) {
    while (s.p) {
        str label = str_cut(&s, '.');
        if (!is_label(label))
            return false;
    }
    return true;
}

static void check_length(struct field_errors *fe, const struct field_path *p, str s, size_t max) {
    if (s.n > max)
        field_invalid(fe, p, s, "must be no more than %zu characters", max);
}

void field_check_dns_label(struct field_errors *fe, const struct field_path *p, str s) {
    check_length(fe, p, s, DNS_LABEL_MAX);
    if (!is_label(s))
        field_invalid(
            fe, p, s,
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters "
            "or '-', and must start and end with an alphanumeric character (e.g. "
            "'my-name',  or '123-abc', regex used for validation is '" DNS_LABEL_RE "')");
}

void field_check_dns_subdomain(struct field_errors *fe, const struct field_path *p, str s) {
    check_length(fe, p, s, DNS_SUBDOMAIN_MAX);
    if (s.n == 0 || !is_subdomain(s))
        field_invalid(
            fe, p, s,
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
            "characters, '-' or '.', and must start and end with an alphanumeric character "
            "(e.g. 'example.com', regex used for validation is '" DNS_LABEL_RE "(\\." DNS_LABEL_RE
            ")*')");
}

static int64_t number_at(const struct api_field *f, const void *at) {
    bool wide = f->kind == API_I64 || f->kind == API_U64 || f->kind == API_DURATION;
    if (f->shape == API_OPT)
        return wide ? ((const struct opt_i64 *)at)->v : ((const struct opt_i32 *)at)->v;
    return wide ? *(const int64_t *)at : *(const int32_t *)at;
}

static void check_number(struct field_errors *fe, const struct api_field *f, const void *at,
                         const struct field_path *p) {
    int64_t v = number_at(f, at);
    const struct api_attr *attr = f->attr;
    char text[96];
    if (attr->rule == RULE_MIN && v < attr->min) {
        snprintf(text, sizeof(text), "must be greater than or equal to %lld", (long long)attr->min);
        field_invalid_i64(fe, p, v, text);
    }
    if (attr->rule == RULE_RANGE && (v < attr->min || v > attr->max)) {
        snprintf(text, sizeof(text), "must be between %lld and %lld, inclusive",
                 (long long)attr->min, (long long)attr->max);
        field_invalid_i64(fe, p, v, text);
    }
}

static void check_string(struct field_errors *fe, const struct api_field *f, str s,
                         const struct field_path *p) {
    if (str_empty(s)) /* whether it may be is RULE_NOT_EMPTY's question */
        return;
    if (f->attr->rule == RULE_DNS1123_LABEL)
        field_check_dns_label(fe, p, s);
    else if (f->attr->rule == RULE_DNS1123_SUBDOMAIN)
        field_check_dns_subdomain(fe, p, s);
    else if (f->attr->rule == RULE_ENUM && f->attr->enums && !str_in(s, f->attr->enums))
        field_not_supported(fe, p, s, f->attr->enums);
}

static void check_rule(struct field_errors *fe, const struct api_field *f, const void *at,
                       const struct field_path *p) {
    if (f->attr->rule == RULE_NOT_EMPTY) {
        if (api_field_absent(f, at))
            field_required(fe, p, NULL);
        return;
    }
    bool text = f->kind == API_STR;
    if (f->attr->rule == RULE_MIN || f->attr->rule == RULE_RANGE) {
        if (f->shape == API_ONE || !api_field_absent(f, at))
            check_number(fe, f, at, p);
    } else if (text && f->shape <= API_OPT) {
        check_string(fe, f, *(const str *)at, p);
    } else if (text && f->shape == API_LIST) {
        const str_list *l = at;
        for (uint32_t i = 0; i < l->n; i++)
            check_string(fe, f, l->v[i], PATH_INDEX(p, i));
    }
}

static void check_message(struct field_errors *fe, const struct api_field *f, const void *at,
                          const struct field_path *p) {
    if (f->shape == API_ONE) {
        api_validate(fe, f->sub, at, p);
    } else if (f->shape == API_OPT) {
        const void *sub = *(void *const *)at;
        if (sub)
            api_validate(fe, f->sub, sub, p);
    } else {
        const struct api_seq *s = at;
        for (uint32_t i = 0; i < s->n; i++)
            api_validate(fe, f->sub, seq_value(f, s, i),
                         f->shape == API_MAP ? PATH_KEY(p, seq_key(f, s, i)) : PATH_INDEX(p, i));
    }
}

void api_validate(struct field_errors *fe, const struct api_type *t, const void *obj,
                  const struct field_path *p) {
    for (uint16_t i = 0; i < t->n_fields && fe->list.n < FIELD_ERRORS_MAX; i++) {
        const struct api_field *f = &t->fields[i];
        const void *at = (const char *)obj + f->offset;
        const struct field_path *here = f->flags & INLINED ? p : PATH(p, f->json);
        if (f->attr && f->attr->rule != RULE_NONE)
            check_rule(fe, f, at, here);
        if (f->kind == API_MSG)
            check_message(fe, f, at, here);
    }
}
