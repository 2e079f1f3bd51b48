// SPDX-License-Identifier: Apache-2.0
#include "schema/json_lex.h"
#include "schema/scratch.h"
#include "schema/value.h"

struct parse {
    struct json_in in;
    struct arena *a;
    struct scratch scratch;
    str *duplicate; /* where the first one's path goes, or NULL */
    int error;      /* -ERANGE, -E2BIG; a syntax error leaves it 0 */
};

/* The way down to what is being parsed, for the path of a duplicate. */
struct crumb {
    const struct crumb *up;
    str key;        /* of a member, or */
    uint32_t index; /* of an element when key.p is NULL */
};

static bool parse_value(struct parse *p, struct value *ret, const struct crumb *at);

static bool too_large(struct parse *p) {
    if (!p->a->limit || p->a->taken + p->scratch.taken <= p->a->limit)
        return false;
    p->error = -E2BIG;
    return true;
}

static str crumb_path(struct arena *a, const struct crumb *at, str key) {
    str path = key;
    for (bool index = false; at; at = at->up) {
        str step = at->key.p ? at->key : str_printf(a, "[%u]", at->index);
        path = str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(step), index ? "" : ".", STR_ARG(path));
        index = !at->key.p;
    }
    return path;
}

struct place {
    struct parse *p;
    const struct crumb *at;
};

static void note_duplicate(void *ctx, str key) {
    struct place *place = ctx;
    str *ret = place->p->duplicate;
    if (ret && !ret->p)
        *ret = crumb_path(place->p->a, place->at, key);
}

static bool parse_object(struct parse *p, struct value *ret, const struct crumb *up) {
    struct scratch_list l;
    struct crumb at = {.up = up};
    *ret = (struct value){.tag = VALUE_OBJECT};
    p->in.p++;
    if (lex_take(&p->in, '}'))
        return true;
    scratch_begin(&p->scratch, &l, sizeof(struct member));
    for (;;) {
        struct member *m = scratch_push(&p->scratch, &l);
        if (lex_peek(&p->in) != '"' || !lex_string(&p->in, &m->key) || !lex_take(&p->in, ':'))
            return false;
        at.key = m->key;
        if (too_large(p) || !parse_value(p, &m->value, &at))
            return false;
        if (lex_take(&p->in, '}'))
            break;
        if (!lex_take(&p->in, ','))
            return false;
    }
    ret->object.n = l.n;
    ret->object.v = arena_alloc(p->a, l.n * sizeof(struct member));
    scratch_end(&p->scratch, &l, ret->object.v);
    value_unique(ret, note_duplicate, &(struct place){p, up});
    return true;
}

static bool parse_list(struct parse *p, struct value *ret, const struct crumb *up) {
    struct scratch_list l;
    struct crumb at = {.up = up};
    *ret = (struct value){.tag = VALUE_LIST};
    p->in.p++;
    if (lex_take(&p->in, ']'))
        return true;
    scratch_begin(&p->scratch, &l, sizeof(struct value));
    for (;; at.index++) {
        struct value *v = scratch_push(&p->scratch, &l);
        if (too_large(p) || !parse_value(p, v, &at))
            return false;
        if (lex_take(&p->in, ']'))
            break;
        if (!lex_take(&p->in, ','))
            return false;
    }
    ret->list.n = l.n;
    ret->list.v = arena_alloc(p->a, l.n * sizeof(struct value));
    scratch_end(&p->scratch, &l, ret->list.v);
    return true;
}

/* A number too large is remembered, not fatal: a syntax error further on is told first, as Go
 * does. */
static bool parse_number(struct parse *p, struct value *ret) {
    str text;
    bool integer;
    if (!lex_number(&p->in, &text, &integer))
        return false;
    ret->tag = VALUE_INT;
    if (integer && lex_i64(text, &ret->i) == 0)
        return true;
    ret->tag = VALUE_FLOAT;
    if (lex_f64(text, &ret->f) < 0 && !p->error)
        p->error = -ERANGE;
    return true;
}

static bool parse_value(struct parse *p, struct value *ret, const struct crumb *at) {
    bool ok;
    char c = lex_peek(&p->in);
    switch (c) {
    case '{':
    case '[':
        if (too_large(p) || ++p->in.depth > JSON_DEPTH_MAX)
            return false;
        ok = c == '{' ? parse_object(p, ret, at) : parse_list(p, ret, at);
        p->in.depth--;
        return ok;
    case '"':
        ret->tag = VALUE_STR;
        return lex_string(&p->in, &ret->s);
    case 't':
    case 'f':
        *ret = (struct value){.tag = VALUE_BOOL, .b = c == 't'};
        return lex_literal(&p->in, c == 't' ? "true" : "false");
    case 'n':
        *ret = (struct value){.tag = VALUE_NULL};
        return lex_literal(&p->in, "null");
    case '-':
    case '0' ... '9':
        return parse_number(p, ret);
    }
    return false;
}

int value_parse(struct arena *a, str json, struct value *ret, str *ret_duplicate, struct err *e) {
    json.p = json.p ? json.p : "";
    struct parse p;
    struct value v = {0};
    str duplicate = STR_NONE;
    p.in = (struct json_in){.p = json.p, .end = json.p + json.n, .a = a};
    p.a = a;
    p.duplicate = ret_duplicate ? &duplicate : NULL;
    p.error = 0;
    scratch_init(&p.scratch);
    bool ok = parse_value(&p, &v, NULL) && lex_peek(&p.in) == 0 && p.in.p == p.in.end;
    scratch_done(&p.scratch);
    if (p.error == -E2BIG || (ok && arena_over(a)))
        return err_set(e, -E2BIG, "JSON text needs more than %zu bytes of memory", a->limit);
    if (!ok) {
        int r = json_syntax(json, e);
        return r < 0 ? r : err_set(e, -EINVAL, "invalid JSON");
    }
    if (p.error)
        return err_set(e, -EINVAL, "json: cannot unmarshal number into Go value of type float64");
    *ret = v;
    if (ret_duplicate)
        *ret_duplicate = duplicate;
    return 0;
}
