// SPDX-License-Identifier: Apache-2.0
/* Values against schemas, with the texts and the peculiarities of the validator that upstream took
 * from go-openapi. Checks of a node: type, then its alternatives, then what fits the value's own
 * type. Each check made counts as a match, failed or not: of alternatives that all fail the one
 * with the most is told of. */
#include "api/structural/result.h"
#include "base/regexp.h"

struct walk {
    struct arena *arena;
    bool resource;
    uint32_t *left; /* checks of a value against a node that may still be made */
};

static struct result result_of(const struct walk *w) {
    return (struct result){.arena = w->arena};
}

static struct result check(const struct walk *w, const struct spot *at, const struct structural *s,
                           const struct value *v);

#define FIELD_OF(at_, name_) (&(struct spot){.up = (at_), .name = (name_)})

/* ---- type ---- */

static const char *type_of(const struct value *v) {
    static const char *const names[VALUE_TAG_MAX] = {
        [VALUE_NULL] = "null",    [VALUE_BOOL] = "boolean", [VALUE_INT] = "integer",
        [VALUE_FLOAT] = "number", [VALUE_STR] = "string",   [VALUE_LIST] = "array",
        [VALUE_OBJECT] = "object"};
    return names[v->tag];
}

/* What the schema says, of int-or-string too where it counts. */
struct wanted {
    const char *text; /* "" when it says nothing */
    bool number, integer;
};

static struct wanted wanted_of(const struct walk *w, const struct structural *s) {
    if (w->resource && s->int_or_string)
        return (struct wanted){"integer,string", false, true};
    return (struct wanted){structural_type_name(s->type), s->type == STRUCTURAL_NUMBER,
                           s->type == STRUCTURAL_INTEGER};
}

static bool names_type(const struct wanted *want, const char *type) {
    str rest = str_of(want->text);
    while (rest.n)
        if (str_eqc(str_cut(&rest, ','), type))
            return true;
    return false;
}

static str format_of(const struct walk *w, const struct structural *s) {
    str format = s->values.format;
    bool text = s->type == STRUCTURAL_ANY || s->type == STRUCTURAL_STRING;
    if (!w->resource)
        return format;
    if (s->type == STRUCTURAL_INTEGER)
        return str_eqc(format, "int32") || str_eqc(format, "int64") ? format : STR("");
    if (s->type == STRUCTURAL_NUMBER)
        return str_eqc(format, "float") || str_eqc(format, "double") ? format : STR("");
    return text && format_known(format) ? format : STR("");
}

static void check_type(const struct walk *w, struct result *r, const struct spot *at,
                       const struct structural *s, const struct value *v) {
    struct wanted want = wanted_of(w, s);
    str format = format_of(w, s);
    const char *is = type_of(v), *size = v->tag == VALUE_INT     ? "int64"
                                         : v->tag == VALUE_FLOAT ? "float64"
                                                                 : "";
    bool texty = v->tag == VALUE_STR || v->tag == VALUE_LIST;
    bool fits = names_type(&want, is) ||
                (v->tag == VALUE_FLOAT && want.integer && number_is_whole(v->f)) ||
                (v->tag == VALUE_INT && want.number);
    if (v->tag == VALUE_NULL) {
        if (*want.text && !s->nullable)
            result_type(r, at, want.text, STR("null"));
    } else if (!texty && format.n && !fits && !str_eqc(format, size)) {
        result_type(r, at, str_cdup(w->arena, format), str_of(size));
    } else if (texty && format.n && !want.number && !want.integer) {
        r->matches++; /* the format is looked at instead */
        return;
    } else if (!fits) {
        result_type(r, at, want.text, str_of(is));
    }
    r->matches += r->list.n == 0;
}

/* ---- alternatives ---- */

static void check_any_of(const struct walk *w, struct result *r, const struct spot *at,
                         const struct structural_nodes *l, const struct value *v) {
    struct result best = {0};
    for (uint32_t i = 0; i < l->n; i++) {
        struct result one = check(w, at, l->v[i], v);
        if (!one.list.n) {
            result_merge(r, &one);
            return;
        }
        if (!best.arena || one.matches > best.matches)
            best = one;
    }
    if (!l->n)
        return;
    result_whole(r, "\"" STR_FMT "\" must validate at least one schema (anyOf)",
                 STR_ARG(spot_text(w->arena, at)));
    result_merge(r, &best);
}

static void check_one_of(const struct walk *w, struct result *r, const struct spot *at,
                         const struct structural_nodes *l, const struct value *v) {
    struct result best = {0}, first = {0};
    unsigned valid = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        struct result one = check(w, at, l->v[i], v);
        if (!one.list.n && !valid++)
            first = one;
        else if (one.list.n && !valid && (!best.arena || one.matches > best.matches))
            best = one;
    }
    if (!l->n)
        return;
    if (valid == 1) {
        result_merge(r, &first);
        return;
    }
    str where = spot_text(w->arena, at);
    str found = valid ? str_printf(w->arena, "Found %u valid alternatives", valid)
                      : STR("Found none valid");
    result_whole(r, "\"" STR_FMT "\" must validate one and only one schema (oneOf). " STR_FMT,
                 STR_ARG(where), STR_ARG(found));
    if (!valid)
        result_merge(r, &best);
}

static void check_all_of(const struct walk *w, struct result *r, const struct spot *at,
                         const struct structural_nodes *l, const struct value *v) {
    unsigned valid = 0;
    for (uint32_t i = 0; i < l->n; i++) {
        struct result one = check(w, at, l->v[i], v);
        valid += !one.list.n;
        result_merge(r, &one);
    }
    if (valid != l->n)
        result_whole(r, "\"" STR_FMT "\" must validate all the schemas (allOf)%s",
                     STR_ARG(spot_text(w->arena, at)), valid ? "" : ". None validated");
}

static struct result check_alternatives(const struct walk *w, const struct spot *at,
                                        const struct structural_values *c, const struct value *v) {
    struct result r = result_of(w);
    check_any_of(w, &r, at, &c->any_of, v);
    check_one_of(w, &r, at, &c->one_of, v);
    check_all_of(w, &r, at, &c->all_of, v);
    if (c->not_ && !check(w, at, c->not_, v).list.n)
        result_whole(&r, "\"" STR_FMT "\" must not validate the schema (not)",
                     STR_ARG(spot_text(w->arena, at)));
    r.matches++;
    return r;
}

/* ---- texts ---- */

static int64_t runes_in(str s) {
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

static void check_pattern(struct result *r, const struct spot *at, str pattern, str text,
                          str shown) {
    struct arena scratch;
    struct err e = {0};
    const struct regexp *re;
    arena_init(&scratch, 0);
    if (regexp_compile(&scratch, pattern, &e, &re) < 0)
        result_invalid(r, at, shown, "should match '" STR_FMT ", but pattern is invalid: %s'",
                       STR_ARG(pattern), e.text);
    else if (!regexp_match(re, text))
        result_invalid(r, at, shown, "should match '" STR_FMT "'", STR_ARG(pattern));
    arena_done(&scratch);
}

static struct problem too_many(enum field_error_type type, str where, str got, str text,
                               str detail) {
    return (struct problem){
        .type = type, .where = where, .value = got, .text = text, .detail = detail};
}

static void check_text(const struct walk *w, struct result *r, const struct spot *at,
                       const struct structural_values *c, const struct value *v) {
    int64_t n = runes_in(v->s);
    str shown = value_shown(w->arena, v), where = spot_text(w->arena, at);
    if (c->max_length.set && n > c->max_length.v) {
        long long max = (long long)c->max_length.v;
        str text = str_printf(w->arena, STR_FMT " in body should be at most %lld chars long",
                              STR_ARG(where), max);
        str detail =
            str_printf(w->arena, "may not be more than %lld byte%s", max, max == 1 ? "" : "s");
        result_add(r, &(struct problem){FIELD_TOO_LONG, false, where, STR_NONE, text, detail});
    } else if (c->min_length.set && n < c->min_length.v) {
        result_invalid(r, at, shown, "should be at least %lld chars long",
                       (long long)c->min_length.v);
    } else if (c->pattern.n) {
        check_pattern(r, at, c->pattern, v->s, shown);
    }
    r->matches++;
}

/* ---- lists ---- */

static bool has_duplicates(const struct value *v) {
    for (uint32_t i = 0; i < v->list.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (value_equal(&v->list.v[i], &v->list.v[k]))
                return true;
    return false;
}

static str items_detail(struct arena *a, int64_t max) {
    return str_printf(a, "must have at most %lld item%s", (long long)max, max == 1 ? "" : "s");
}

static str count_text(struct arena *a, int64_t n) {
    return str_printf(a, "%lld", (long long)n);
}

static void check_list(const struct walk *w, struct result *r, const struct spot *at,
                       const struct structural *s, const struct value *v) {
    const struct structural_values *c = &s->values;
    int64_t n = v->list.n;
    for (uint32_t i = 0; s->items && i < v->list.n; i++) {
        struct result one = check(w, &(struct spot){.up = at, .index = i, .element = true},
                                  s->items, &v->list.v[i]);
        result_merge(r, &one);
    }
    if (c->min_items.set && n < c->min_items.v)
        result_invalid(r, at, count_text(w->arena, n), "should have at least %lld items",
                       (long long)c->min_items.v);
    if (c->max_items.set && n > c->max_items.v) {
        str where = spot_text(w->arena, at);
        struct problem p =
            too_many(FIELD_TOO_MANY, where, count_text(w->arena, n),
                     str_printf(w->arena, STR_FMT " has too many items", STR_ARG(where)),
                     items_detail(w->arena, c->max_items.v));
        result_add(r, &p);
    }
    if (c->unique_items && has_duplicates(v))
        result_invalid(r, at, STR_NONE, "shouldn't contain duplicates");
    r->matches += 2;
}

/* ---- objects ---- */

static void check_counts(const struct walk *w, struct result *r, const struct spot *at,
                         const struct structural_values *c, int64_t n) {
    str where = spot_text(w->arena, at);
    if (c->min_properties.set && n < c->min_properties.v)
        result_invalid(r, at, count_text(w->arena, n), "should have at least %lld properties",
                       (long long)c->min_properties.v);
    if (c->max_properties.set && n > c->max_properties.v) {
        struct problem p =
            too_many(FIELD_TOO_MANY, where, count_text(w->arena, n),
                     str_printf(w->arena, STR_FMT " has too many properties", STR_ARG(where)),
                     items_detail(w->arena, c->max_properties.v));
        result_add(r, &p);
    }
}

static void check_other(const struct walk *w, struct result *r, const struct spot *at,
                        const struct structural *s, const struct member *m) {
    if (structural_field(s, m->key))
        return;
    if (s->no_more) {
        str where = spot_text(w->arena, at);
        str text = str_printf(w->arena, STR_FMT "." STR_FMT " in body is a forbidden property",
                              STR_ARG(where), STR_ARG(m->key));
        str shown = value_shown(w->arena, &(struct value){.tag = VALUE_STR, .s = m->key});
        result_add(r, &(struct problem){FIELD_INVALID, false, where, shown, text, text});
    } else if (s->rest) {
        struct result one =
            check(w, &(struct spot){.up = at, .name = m->key, .dotted = true}, s->rest, &m->value);
        result_merge(r, &one);
    }
}

static void check_object(const struct walk *w, struct result *r, const struct spot *at,
                         const struct structural *s, const struct value *v) {
    const struct structural_values *c = &s->values;
    check_counts(w, r, at, c, v->object.n);
    for (uint32_t i = 0; i < v->object.n; i++)
        check_other(w, r, at, s, &v->object.v[i]);
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *m = &v->object.v[i];
        const struct structural *field = structural_field(s, m->key);
        struct result one = field ? check(w, FIELD_OF(at, m->key), field, &m->value) : result_of(w);
        result_merge(r, &one);
    }
    for (uint32_t i = 0; i < c->required.n; i++) {
        const struct spot *part =
            &(struct spot){.up = at, .name = c->required.v[i], .dotted = true};
        if (value_get(v, c->required.v[i]))
            continue;
        str where = spot_text(w->arena, part);
        result_add(r, &(struct problem){
                          FIELD_REQUIRED, false, where, STR_NONE,
                          str_printf(w->arena, STR_FMT " in body is required", STR_ARG(where)),
                          STR_NONE});
    }
    r->matches++;
}

/* ---- all ---- */

static bool is_among(const struct structural_values *c, const struct value *v) {
    for (uint32_t i = 0; i < c->enum_.n; i++) {
        const struct value *e = &c->enum_.v[i];
        bool numbers = (e->tag == VALUE_INT || e->tag == VALUE_FLOAT) &&
                       (v->tag == VALUE_INT || v->tag == VALUE_FLOAT);
        double x = e->tag == VALUE_INT ? (double)e->i : e->f;
        double y = v->tag == VALUE_INT ? (double)v->i : v->f;
        if (e->tag == VALUE_NULL)
            continue;
        if (value_equal(e, v) || (numbers && e->tag != v->tag && x == y))
            return true;
    }
    return false;
}

static void check_enum(const struct walk *w, struct result *r, const struct spot *at,
                       const struct structural_values *c, const struct value *v) {
    struct buf b = {0};
    if (!c->enum_.n || is_among(c, v))
        return;
    str where = spot_text(w->arena, at), text;
    for (uint32_t i = 0; i < c->enum_.n; i++) {
        const struct value *e = &c->enum_.v[i];
        buf_add(&b, i ? STR(", ") : STR("supported values: "));
        go_quote(&b, e->tag == VALUE_STR ? e->s : value_shown(w->arena, e));
    }
    text = str_dup(w->arena, buf_str(&b));
    buf_done(&b);
    result_add(r, &(struct problem){FIELD_NOT_SUPPORTED, false, where, value_shown(w->arena, v),
                                    str_printf(w->arena, STR_FMT " in body " STR_FMT,
                                               STR_ARG(where), STR_ARG(text)),
                                    text});
}

static void check_format(const struct walk *w, struct result *r, const struct spot *at,
                         const struct structural *s, const struct value *v) {
    str format = format_of(w, s);
    if (!format_known(format))
        return;
    if (!format_matches(format, v->s))
        result_type(r, at, str_cdup(w->arena, format), v->s);
    r->matches++;
}

/* Null is told of by its type alone. */
static struct result check(const struct walk *w, const struct spot *at, const struct structural *s,
                           const struct value *v) {
    struct result r = result_of(w);
    const struct structural_values *c = &s->values;
    bool typed = *wanted_of(w, s).text || format_of(w, s).n;
    if (!*w->left)
        return r;
    --*w->left;
    if (typed || v->tag == VALUE_NULL)
        check_type(w, &r, at, s, v);
    if (v->tag == VALUE_NULL) {
        check_enum(w, &r, at, c, v);
        return r;
    }
    r.matches += typed;
    struct result alternatives = check_alternatives(w, at, c, v);
    result_merge(&r, &alternatives);
    r.matches++;
    if (v->tag == VALUE_STR) {
        check_text(w, &r, at, c, v);
        check_format(w, &r, at, s, v);
    }
    if (v->tag == VALUE_INT || v->tag == VALUE_FLOAT) {
        validate_number(&r, at, s, v);
        r.matches++;
    }
    if (v->tag == VALUE_LIST)
        check_list(w, &r, at, s, v);
    check_enum(w, &r, at, c, v);
    r.matches++;
    if (v->tag == VALUE_OBJECT)
        check_object(w, &r, at, s, v);
    r.matches++;
    return r;
}

void structural_validate(const struct structural_check *c, const struct structural *s,
                         const struct value *v) {
    uint32_t left = STRUCTURAL_CHECKS_MAX;
    struct walk w = {c->fe->arena, c->resource, &left};
    struct spot root = {0};
    struct result r = check(&w, &root, s, v);
    if (!left) {
        r = result_of(&w); /* what was found so far says nothing about the rest */
        result_whole(&r, "takes more than %d checks against its schema", STRUCTURAL_CHECKS_MAX);
    }
    result_tell(&r, c);
}
