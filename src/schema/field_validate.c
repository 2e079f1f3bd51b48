// SPDX-License-Identifier: Apache-2.0
/* Does a tree fit its schema? Apply asks before it merges. All faults are told, in upstream's
 * words, Go's way of printing values included. */
#include <stdarg.h>
#include <stdio.h>

#include "schema/field_merge.h"
#include "schema/ops.h"
#include "schema/patch.h"

struct checker {
    struct arena *a;
    bool allow_duplicates;
    uint32_t n;
    struct buf path, texts; /* texts: each fault behind "\n  " */
};

static void PRINTF(2, 3) fault(struct checker *c, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (c->n++ >= FIELD_VALIDATE_ERRORS_MAX)
        return;
    buf_adds(&c->texts, "\n  ");
    buf_add(&c->texts, buf_str(&c->path));
    if (c->path.n)
        buf_adds(&c->texts, ": ");
    buf_add(&c->texts, str_of(text));
}

/* As Go's %#v prints a decoded value. */
static void go_syntax(struct buf *b, const struct value *v) {
    if (v->tag == VALUE_OBJECT) {
        buf_adds(b, "map[string]interface {}{");
        for (uint32_t i = 0; i < v->object.n && !b->over; i++) {
            if (i)
                buf_adds(b, ", ");
            go_quote(b, v->object.v[i].key);
            buf_addc(b, ':');
            go_syntax(b, &v->object.v[i].value);
        }
        buf_addc(b, '}');
    } else if (v->tag == VALUE_LIST) {
        buf_adds(b, "[]interface {}{");
        for (uint32_t i = 0; i < v->list.n && !b->over; i++) {
            if (i)
                buf_adds(b, ", ");
            go_syntax(b, &v->list.v[i]);
        }
        buf_addc(b, '}');
    } else if (v->tag == VALUE_STR) {
        go_quote(b, v->s);
    } else if (v->tag == VALUE_NULL) {
        buf_adds(b, "interface {}(nil)");
    } else {
        value_write(b, v);
    }
}

static str go_text(struct buf *b, const struct value *v, bool syntax) {
    buf_init(b, 300);
    struct value sorted = *v;
    if (syntax)
        go_syntax(b, &sorted);
    else
        value_write_go(b, &sorted);
    return buf_str(b);
}

/* %v and %#v of what upstream holds the value in. */
static void expected(struct checker *c, const char *what, const struct value *v, bool syntax) {
    struct buf b;
    str text = go_text(&b, v, syntax);
    if (syntax)
        fault(c, "expected %s, got &value.valueUnstructured{Value:" STR_FMT "}", what,
              STR_ARG(text));
    else
        fault(c, "expected %s, got &{" STR_FMT "}", what, STR_ARG(text));
    buf_done(&b);
}

static const char *go_type(const struct value *v) {
    static const char *const names[VALUE_TAG_MAX] = {
        [VALUE_NULL] = "<nil>",
        [VALUE_BOOL] = "bool",
        [VALUE_INT] = "int64",
        [VALUE_FLOAT] = "float64",
        [VALUE_STR] = "string",
        [VALUE_LIST] = "[]interface {}",
        [VALUE_OBJECT] = "map[string]interface {}",
    };
    return names[v->tag];
}

static void check_scalar(struct checker *c, enum schema_scalar want, const struct value *v) {
    bool number = v->tag == VALUE_INT || v->tag == VALUE_FLOAT;
    if (v->tag == VALUE_NULL)
        return;
    switch (want) {
    case SCALAR_NUMERIC:
        if (!number)
            fault(c, "expected numeric (int or float), got %s", go_type(v));
        return;
    case SCALAR_STRING:
        if (v->tag != VALUE_STR)
            expected(c, "string", v, true);
        return;
    case SCALAR_BOOL:
        if (v->tag != VALUE_BOOL)
            expected(c, "boolean", v, false);
        return;
    case SCALAR_UNTYPED:
        if (!number && v->tag != VALUE_STR && v->tag != VALUE_BOOL)
            expected(c, "any scalar", v, false);
        return;
    case SCALAR_MAX:
        break;
    }
    ASSERT(!"scalar without a type");
}

static void check(struct checker *c, struct field_schema s, const struct value *v);

static void check_below(struct checker *c, struct field_schema s, const struct path_element *at,
                        const struct value *v) {
    size_t n = c->path.n;
    element_print(&c->path, at);
    check(c, s, v);
    c->path.n = n;
}

static void check_map(struct checker *c, struct field_schema s, const struct value *v) {
    for (uint32_t i = 0; i < v->object.n; i++) {
        const struct member *m = &v->object.v[i];
        struct field_schema child;
        bool named;
        if (schema_key(s, m->key, &child, &named) == 0) {
            check_below(c, child, &FIELD_ELEMENT(m->key), &m->value);
            continue;
        }
        size_t n = c->path.n;
        element_print(&c->path, &FIELD_ELEMENT(m->key));
        fault(c, "field not declared in schema");
        c->path.n = n;
        return; /* one is enough, as upstream has it */
    }
}

/* Said once for each item that repeats another. */
static void check_duplicates(struct checker *c, struct field_schema s, const struct value *v) {
    struct item_index x = item_index(c->a, s, v);
    for (uint32_t i = 1; i < x.n && !c->allow_duplicates; i++) {
        if (element_cmp(&x.v[i - 1].at, &x.v[i].at))
            continue;
        struct buf b;
        buf_init(&b, 300);
        element_print(&b, &x.v[i].at);
        fault(c, "duplicate entries for key " STR_FMT, STR_ARG(buf_str(&b)));
        buf_done(&b);
    }
}

static void check_list(struct checker *c, struct field_schema s, const struct value *v) {
    struct field_schema element = schema_element(s);
    for (uint32_t i = 0; i < v->list.n; i++) {
        struct path_element at = {.kind = ELEMENT_INDEX, .index = i};
        struct err e = {0};
        if (!s.atomic && schema_item_element(c->a, s, &v->list.v[i], &at, &e) < 0) {
            fault(c, "element %u: %s", i, e.text);
            return;
        }
        check_below(c, element, &at, &v->list.v[i]);
    }
    if (!s.atomic)
        check_duplicates(c, s, v);
}

static void check(struct checker *c, struct field_schema s, const struct value *v) {
    s = schema_of(s, v);
    if (s.shape == SHAPE_SCALAR) {
        check_scalar(c, s.scalar, v);
    } else if (v->tag == VALUE_NULL) {
        return;
    } else if (s.shape == SHAPE_LIST) {
        if (v->tag == VALUE_LIST)
            check_list(c, s, v);
        else
            expected(c, "list", v, false);
    } else {
        if (v->tag == VALUE_OBJECT)
            check_map(c, s, v);
        else
            expected(c, "map", v, false);
    }
}

int field_validate(struct arena *a, struct field_schema s, const struct value *v,
                   bool allow_duplicates, struct err *e) {
    struct checker c = {.a = a, .allow_duplicates = allow_duplicates};
    int r = 0;
    buf_init(&c.path, 0);
    buf_init(&c.texts, sizeof(e->text));
    check(&c, s, v);
    str texts = buf_str(&c.texts);
    if (c.n)
        r = c.n == 1 ? err_set(e, -EINVAL, STR_FMT, STR_ARG(str_slice(texts, 3, texts.n)))
                     : err_set(e, -EINVAL, "errors:" STR_FMT, STR_ARG(texts));
    buf_done(&c.path);
    buf_done(&c.texts);
    return r;
}
