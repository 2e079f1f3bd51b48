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

static void check_number(struct field_errors *fe, const struct api_attr *rule, int64_t v,
                         const struct field_path *p) {
    char text[96];
    if (rule->rule == RULE_MIN && v < rule->min) {
        snprintf(text, sizeof(text), "must be greater than or equal to %lld", (long long)rule->min);
        field_invalid_i64(fe, p, v, text);
    } else if (rule->rule == RULE_POSITIVE && v <= 0) {
        field_invalid_i64(fe, p, v, "must be greater than 0");
    } else if (rule->rule == RULE_RANGE && (v < rule->min || v > rule->max)) {
        snprintf(text, sizeof(text), "must be between %lld and %lld, inclusive",
                 (long long)rule->min, (long long)rule->max);
        field_invalid_i64(fe, p, v, text);
    }
}

static void check_string(struct field_errors *fe, const struct api_attr *rule, str s,
                         const struct field_path *p) {
    if (rule->rule == RULE_DNS1123_LABEL)
        field_check_dns_label(fe, p, s);
    else if (rule->rule == RULE_DNS1123_SUBDOMAIN)
        field_check_dns_subdomain(fe, p, s);
    else if (rule->rule == RULE_ONE_OF && !str_in(s, rule->one_of))
        field_not_supported(fe, p, s, rule->one_of);
    else if (rule->rule == RULE_LENGTH && s.n > (size_t)rule->max)
        field_too_long(fe, p, (size_t)rule->max);
}

/* Of a plain text nobody can tell whether it is absent: as one of several it is no choice, as a
 * name it is no name to check. */
static bool is_checked(const struct api_field *f, const void *at) {
    if (f->shape == API_ONE && f->kind == API_STR)
        return f->attr->rule == RULE_ONE_OF || !str_empty(*(const str *)at);
    return f->shape == API_ONE || !api_field_absent(f, at);
}

static void check_rule(struct field_errors *fe, const struct api_field *f, const void *at,
                       const struct field_path *p) {
    if (f->attr->needed && api_field_absent(f, at)) {
        field_required(fe, p, NULL);
        return;
    }
    if (f->attr->rule == RULE_NONE || !is_checked(f, at))
        return;
    if (f->kind != API_STR) {
        check_number(fe, f->attr, number_at(f, at), p);
    } else if (f->shape <= API_OPT) {
        check_string(fe, f->attr, *(const str *)at, p);
    } else if (f->shape == API_LIST) {
        const str_list *l = at;
        for (uint32_t i = 0; i < l->n; i++)
            check_string(fe, f->attr, l->v[i], PATH_INDEX(p, i));
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

static void check_field(struct field_errors *fe, const struct api_field *f, const void *at,
                        const struct field_path *p) {
    if (f->attr)
        check_rule(fe, f, at, p);
    if (f->kind == API_MSG)
        check_message(fe, f, at, p);
}

void api_validate(struct field_errors *fe, const struct api_type *t, const void *obj,
                  const struct field_path *p) {
    for (uint16_t i = 0; i < t->n_fields && fe->list.n < FIELD_ERRORS_MAX; i++) {
        const struct api_field *f = &t->fields[i];
        check_field(fe, f, (const char *)obj + f->offset,
                    f->flags & INLINED ? p : PATH(p, f->json));
    }
}

void api_validate_rows(struct field_errors *fe, const struct api_type *t, const void *obj,
                       const struct field_path *p, const char *names) {
    unsigned hint = 0;
    for (str rest = str_of(names); rest.n;) {
        uint32_t offset;
        const struct api_field *f = type_field(t, str_cut(&rest, ' '), &offset, &hint);
        ASSERT(f && "a row of that name");
        check_field(fe, f, (const char *)obj + offset, PATH(p, f->json));
    }
}
