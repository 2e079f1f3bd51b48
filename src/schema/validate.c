// SPDX-License-Identifier: Apache-2.0
/* The rules that a row can state alone. Everything that needs two fields to judge is a hook of the
 * kind (api layer). */
#include "schema/entry.h"
#include "schema/ops.h"

void field_check_name(struct field_errors *fe, const struct field_path *p, str name,
                      name_check *check) {
    struct name_errors e = {{0}, 0};
    check(name, &e);
    for (unsigned i = 0; i < e.n; i++)
        field_invalid(fe, p, name, "%s", e.v[i]);
}

void field_check_range(struct field_errors *fe, const struct field_path *p, int64_t v, int64_t min,
                       int64_t max) {
    if (v >= min && v <= max)
        return;
    str text = str_printf(fe->arena, "must be between %lld and %lld, inclusive", (long long)min,
                          (long long)max);
    field_invalid_i64(fe, p, v, text.p);
}

void field_check_port(struct field_errors *fe, const struct field_path *p, int64_t port) {
    field_check_range(fe, p, port, 1, UINT16_MAX);
}

void field_check_min(struct field_errors *fe, const struct field_path *p, int64_t v, int64_t min) {
    if (v >= min)
        return;
    str text = str_printf(fe->arena, "must be greater than or equal to %lld", (long long)min);
    field_invalid_i64(fe, p, v, text.p);
}

void field_check_not_negative(struct field_errors *fe, const struct field_path *p, int64_t v) {
    field_check_min(fe, p, v, 0);
}

static int64_t number_at(const struct api_field *f, const void *at) {
    bool wide = f->kind == API_I64 || f->kind == API_U64 || f->kind == API_DURATION;
    if (f->shape == API_OPT)
        return wide ? ((const struct opt_i64 *)at)->v : ((const struct opt_i32 *)at)->v;
    return wide ? *(const int64_t *)at : *(const int32_t *)at;
}

static void check_number(struct field_errors *fe, const struct api_attr *rule, int64_t v,
                         const struct field_path *p) {
    if (rule->rule == RULE_MIN)
        field_check_min(fe, p, v, rule->min);
    else if (rule->rule == RULE_RANGE)
        field_check_range(fe, p, v, rule->min, rule->max);
    else if (rule->rule == RULE_POSITIVE && v <= 0)
        field_invalid_i64(fe, p, v, "must be greater than 0");
}

static void check_text(struct field_errors *fe, const struct api_attr *rule, str s,
                       const struct field_path *p) {
    if (rule->rule == RULE_NAME)
        field_check_name(fe, p, s, rule->name);
    else if (rule->rule == RULE_ONE_OF && !str_in(s, rule->one_of))
        field_not_supported(fe, p, s, rule->one_of);
    else if (rule->rule == RULE_LENGTH && s.n > (size_t)rule->max)
        field_too_long(fe, p, (size_t)rule->max);
}

static void check_value(struct field_errors *fe, const struct api_field *f, const void *at,
                        const struct field_path *p) {
    if (f->kind == API_STR)
        check_text(fe, f->attr, *(const str *)at, p);
    else
        check_number(fe, f->attr, number_at(f, at), p);
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
    const struct api_seq *list = at;
    if (f->shape != API_LIST)
        check_value(fe, f, at, p);
    for (uint32_t i = 0; f->shape == API_LIST && i < list->n; i++)
        check_value(fe, f, seq_value(f, list, i), PATH_INDEX(p, i));
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
    for (uint16_t i = 0; i < t->n_fields && !field_errors_full(fe); i++) {
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
