// SPDX-License-Identifier: Apache-2.0
/* What selectors mean; their syntax is in selector_parse.c. */
#include "api/selector.h"

#include <stdlib.h>

#include "api/names.h"
#include "api/selector_make.h"
#include "base/buf.h"
#include "base/vec.h"
#include "schema/ops.h"

str label_get(const str_map *labels, str key) {
    uint32_t from = 0, to = labels->n;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        int c = str_cmp(labels->v[mid].key, key);
        if (c == 0)
            return labels->v[mid].value.p ? labels->v[mid].value : STR("");
        if (c < 0)
            from = mid + 1;
        else
            to = mid;
    }
    return STR_NONE;
}

static bool has_value(const struct requirement *r, str value) {
    for (uint32_t i = 0; i < r->values.n; i++)
        if (str_eq(r->values.v[i], value))
            return true;
    return false;
}

static bool compares(const struct requirement *r, str value) {
    int64_t have, want;
    if (!value.p || r->values.n != 1 || str_to_i64(value, &have) < 0 ||
        str_to_i64(r->values.v[0], &want) < 0)
        return false;
    return r->op == SELECT_GREATER ? have > want : have < want;
}

bool requirement_matches(const struct requirement *r, const str_map *labels) {
    str value = label_get(labels, r->key);
    switch ((enum select_op)r->op) {
    case SELECT_EQUALS:
    case SELECT_IN:
        return value.p && has_value(r, value);
    case SELECT_NOT_EQUALS:
    case SELECT_NOT_IN:
        return !value.p || !has_value(r, value);
    case SELECT_EXISTS:
        return value.p;
    case SELECT_NOT_EXISTS:
        return !value.p;
    case SELECT_GREATER:
    case SELECT_LESS:
        return compares(r, value);
    case SELECT_OP_MAX:
        break;
    }
    return false;
}

bool selector_matches(const struct selector *s, const str_map *labels) {
    if (s->nothing)
        return false;
    for (uint32_t i = 0; i < s->list.n; i++)
        if (!requirement_matches(&s->list.v[i], labels))
            return false;
    return true;
}

str selector_exact(const struct selector *s, str key) {
    for (uint32_t i = 0; i < s->list.n; i++) {
        const struct requirement *r = &s->list.v[i];
        if (!str_eq(r->key, key))
            continue;
        if ((r->op == SELECT_EQUALS || r->op == SELECT_IN) && r->values.n == 1)
            return r->values.v[0];
        return STR_NONE;
    }
    return STR_NONE;
}

/* ---- making ---- */

static int compare_str(const void *a, const void *b) {
    return str_cmp(*(const str *)a, *(const str *)b);
}

static int compare_key(const void *a, const void *b) {
    const struct requirement *x = a, *y = b;
    return str_cmp(x->key, y->key);
}

void selector_sort(struct selector *s) {
    if (s->list.n > 1)
        qsort(s->list.v, s->list.n, sizeof(*s->list.v), compare_key);
}

/* Several faults of a requirement make one text, as an aggregate of errors prints. */
struct faults {
    struct arena *arena;
    str_list list;
};

static void fault(struct faults *f, str text) {
    *list_push(f->arena, &f->list) = text;
}

static void fault_at(struct faults *f, uint32_t i, str value, const char *what) {
    fault(f, str_printf(f->arena, "values[%u]: Invalid value: %s: %s", i,
                        go_quoted(f->arena, value).p, what));
}

static void check_values(const struct requirement *r, struct faults *f) {
    struct arena *a = f->arena;
    bool set = r->op == SELECT_IN || r->op == SELECT_NOT_IN;
    bool unary = r->op == SELECT_EXISTS || r->op == SELECT_NOT_EXISTS;
    bool integer = r->op == SELECT_GREATER || r->op == SELECT_LESS;
    int64_t n;
    if (set && !r->values.n)
        fault(f, STR("values: Invalid value: null: for 'in', 'notin' operators, values set can't "
                     "be empty"));
    if (unary && r->values.n)
        fault(f, str_printf(a,
                            "values: Invalid value: [\"" STR_FMT
                            "\"]: values set must be empty for exists and does not exist",
                            STR_ARG(str_join(a, r->values.v, r->values.n, STR("\",\"")))));
    for (uint32_t i = 0; integer && i < r->values.n; i++)
        if (str_to_i64(r->values.v[i], &n) < 0)
            fault_at(f, i, r->values.v[i],
                     "for 'Gt', 'Lt' operators, the value must be an integer");
    for (uint32_t i = 0; i < r->values.n; i++) {
        struct name_errors bad = {{0}, 0};
        name_label_value(r->values.v[i], &bad);
        if (bad.n)
            fault(f, str_printf(a, "values[%u][" STR_FMT "]: Invalid value: %s: %s", i,
                                STR_ARG(r->key), go_quoted(a, r->values.v[i]).p,
                                name_errors_join(a, &bad, "; ").p));
    }
}

int requirement_settle(struct arena *a, struct requirement *r, struct err *e) {
    struct faults f = {.arena = a};
    struct name_errors bad = {{0}, 0};
    uint32_t n = 0;
    if (r->values.n > 1)
        qsort(r->values.v, r->values.n, sizeof(str), compare_str);
    for (uint32_t i = 0; i < r->values.n; i++)
        if (!n || !str_eq(r->values.v[i], r->values.v[n - 1]))
            r->values.v[n++] = r->values.v[i];
    r->values.n = n;
    name_qualified(r->key, &bad);
    if (bad.n)
        fault(&f, str_printf(a, "key: Invalid value: %s: %s", go_quoted(a, r->key).p,
                             name_errors_join(a, &bad, "; ").p));
    check_values(r, &f);
    if (!f.list.n)
        return 0;
    str all = str_join(a, f.list.v, f.list.n, STR(", "));
    return err_set(e, -EINVAL, f.list.n > 1 ? "[" STR_FMT "]" : STR_FMT, STR_ARG(all));
}

void selector_of_map(struct arena *a, const str_map *m, struct selector *ret) {
    *ret = (struct selector){.list.v = arena_array(a, m->n, sizeof(struct requirement)),
                             .list.n = m->n};
    for (uint32_t i = 0; i < m->n; i++) {
        ret->list.v[i].key = m->v[i].key;
        ret->list.v[i].values = (str_list){&m->v[i].value, 1};
    }
}

static int op_of(str name, uint8_t *ret, struct err *e) {
    static const char *const names[] = {"In", "NotIn", "Exists", "DoesNotExist"};
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (str_eqc(name, names[i])) {
            *ret = (uint8_t)(SELECT_IN + i);
            return 0;
        }
    return err_set(e, -EINVAL, "\"" STR_FMT "\" is not a valid label selector operator",
                   STR_ARG(name));
}

int selector_of(struct arena *a, const LabelSelector *from, struct selector *ret, struct err *e) {
    struct selector s = {.nothing = !from};
    uint32_t labels = from ? from->match_labels.n : 0, exprs = from ? from->match_expressions.n : 0;
    s.list.v = arena_array(a, (size_t)labels + exprs, sizeof(struct requirement));
    for (uint32_t i = 0; i < labels + exprs; i++) {
        struct requirement *r = &s.list.v[s.list.n++];
        if (i < labels) {
            r->key = from->match_labels.v[i].key;
            r->values = (str_list){&from->match_labels.v[i].value, 1};
        } else {
            const LabelSelectorRequirement *x = &from->match_expressions.v[i - labels];
            r->key = x->key;
            r->values =
                (str_list){arena_dup(a, x->values.v, x->values.n * sizeof(str)), x->values.n};
            if (op_of(x->operator_, &r->op, e) < 0)
                return -EINVAL;
        }
        if (requirement_settle(a, r, e) < 0)
            return -EINVAL;
    }
    selector_sort(&s);
    *ret = s;
    return 0;
}

/* ---- printing ---- */

static void print(struct buf *b, const struct requirement *r) {
    static const char *const between[SELECT_OP_MAX] = {
        [SELECT_EQUALS] = "=",        [SELECT_NOT_EQUALS] = "!=", [SELECT_IN] = " in (",
        [SELECT_NOT_IN] = " notin (", [SELECT_EXISTS] = "",       [SELECT_NOT_EXISTS] = "",
        [SELECT_GREATER] = ">",       [SELECT_LESS] = "<",
    };
    if (r->op == SELECT_NOT_EXISTS)
        buf_addc(b, '!');
    buf_add(b, r->key);
    buf_add(b, r->double_equals ? STR("==") : str_of(between[r->op]));
    if (r->op == SELECT_EXISTS || r->op == SELECT_NOT_EXISTS)
        return;
    for (uint32_t i = 0; i < r->values.n; i++) {
        if (i)
            buf_addc(b, ',');
        buf_add(b, r->values.v[i]);
    }
    if (r->op == SELECT_IN || r->op == SELECT_NOT_IN)
        buf_addc(b, ')');
}

str selector_str(struct arena *a, const struct selector *s) {
    struct buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < s->list.n; i++) {
        if (i)
            buf_addc(&b, ',');
        print(&b, &s->list.v[i]);
    }
    str out = str_dup(a, buf_str(&b));
    buf_done(&b);
    return out;
}
