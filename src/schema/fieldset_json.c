// SPDX-License-Identifier: Apache-2.0
/* Path elements and sets as text: FieldsV1, and the form that messages show. */
#include "schema/fieldset.h"
#include "schema/ops.h"

static int cmp(bool less, bool more) {
    return (int)more - (int)less;
}

static double number(const struct value *v) {
    return v->tag == VALUE_FLOAT ? v->f : (double)v->i;
}

/* Numbers, strings, booleans, lists, objects, null. */
static int rank(const struct value *v) {
    switch ((enum value_tag)v->tag) {
    case VALUE_INT:
    case VALUE_FLOAT:
        return 0;
    case VALUE_STR:
        return 1;
    case VALUE_BOOL:
        return 2;
    case VALUE_LIST:
        return 3;
    case VALUE_OBJECT:
        return 4;
    case VALUE_NULL:
        return 5;
    case VALUE_TAG_MAX:
        break;
    }
    ASSERT(!"value without a tag");
}

static int list_cmp(const struct value *x, const struct value *y) {
    for (uint32_t i = 0; i < x->list.n && i < y->list.n; i++) {
        int c = value_cmp(&x->list.v[i], &y->list.v[i]);
        if (c)
            return c;
    }
    return cmp(x->list.n<y->list.n, x->list.n> y->list.n);
}

/* Members by name on both sides. */
static int object_cmp(const struct value *x, const struct value *y) {
    for (uint32_t i = 0; i < x->object.n && i < y->object.n; i++) {
        int c = str_cmp(x->object.v[i].key, y->object.v[i].key);
        if (!c)
            c = value_cmp(&x->object.v[i].value, &y->object.v[i].value);
        if (c)
            return c;
    }
    return cmp(x->object.n<y->object.n, x->object.n> y->object.n);
}

int value_cmp(const struct value *x, const struct value *y) {
    int rx = rank(x), ry = rank(y);
    if (rx != ry)
        return rx < ry ? -1 : 1;
    if (x->tag == VALUE_INT && y->tag == VALUE_INT)
        return cmp(x->i<y->i, x->i> y->i);
    if (rx == 0)
        return cmp(number(x) < number(y), number(x) > number(y));
    if (x->tag == VALUE_STR)
        return str_cmp(x->s, y->s);
    if (x->tag == VALUE_BOOL)
        return cmp(x->b<y->b, x->b> y->b);
    if (x->tag == VALUE_LIST)
        return list_cmp(x, y);
    return x->tag == VALUE_OBJECT ? object_cmp(x, y) : 0;
}

int element_cmp(const struct path_element *x, const struct path_element *y) {
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->kind == ELEMENT_FIELD)
        return str_cmp(x->name, y->name);
    if (x->kind == ELEMENT_INDEX)
        return cmp(x->index<y->index, x->index> y->index);
    return x->kind == ELEMENT_KEYS ? object_cmp(x->value, y->value) : value_cmp(x->value, y->value);
}

/* ---- for messages ---- */

static void print_value(struct buf *b, const struct value *v) {
    if (v->tag == VALUE_STR) {
        go_quote(b, v->s);
    } else if (v->tag == VALUE_LIST) {
        buf_addc(b, '[');
        for (uint32_t i = 0; i < v->list.n && !b->over; i++) {
            if (i)
                buf_addc(b, ',');
            print_value(b, &v->list.v[i]);
        }
        buf_addc(b, ']');
    } else if (v->tag == VALUE_OBJECT) {
        for (uint32_t i = 0; i < v->object.n && !b->over; i++) {
            buf_add(b, v->object.v[i].key);
            buf_addc(b, '=');
            print_value(b, &v->object.v[i].value);
        }
    } else {
        value_write(b, v);
    }
}

void element_print(struct buf *b, const struct path_element *at) {
    switch ((enum element_kind)at->kind) {
    case ELEMENT_FIELD:
        buf_addc(b, '.');
        buf_add(b, at->name);
        return;
    case ELEMENT_KEYS:
        buf_addc(b, '[');
        for (uint32_t i = 0; i < at->value->object.n; i++) {
            if (i)
                buf_addc(b, ',');
            buf_add(b, at->value->object.v[i].key);
            buf_addc(b, '=');
            print_value(b, &at->value->object.v[i].value);
        }
        buf_addc(b, ']');
        return;
    case ELEMENT_VALUE:
        buf_adds(b, "[=");
        print_value(b, at->value);
        buf_addc(b, ']');
        return;
    case ELEMENT_INDEX:
        buf_printf(b, "[%lld]", (long long)at->index);
        return;
    case ELEMENT_KIND_MAX:
        break;
    }
    ASSERT(!"element without a kind");
}

/* ---- FieldsV1 ---- */

static int bad_element(struct err *e, str key, const char *why) {
    return err_set(e, -EINVAL, "%s: " STR_FMT, why, STR_ARG(str_slice(key, 0, 100)));
}

static int read_json(struct arena *a, str key, bool keys, struct path_element *ret, struct err *e) {
    struct value *v = arena_make(a, struct value);
    int r = value_parse(a, str_slice(key, 2, key.n), v, NULL, e);
    if (r < 0)
        return r;
    if (keys && v->tag != VALUE_OBJECT)
        return bad_element(e, key, "keys that are no object");
    value_sort(v);
    *ret = (struct path_element){.kind = keys ? ELEMENT_KEYS : ELEMENT_VALUE, .value = v};
    return 0;
}

int fieldset_element(struct arena *a, str key, struct path_element *ret, struct err *e) {
    if (key.n < 2)
        return bad_element(e, key, "key must be 2 characters long");
    if (key.p[1] != ':')
        return bad_element(e, key, "missing colon");
    str text = str_slice(key, 2, key.n);
    switch (key.p[0]) {
    case 'f':
        *ret = FIELD_ELEMENT(text);
        return 0;
    case 'k':
    case 'v':
        return read_json(a, key, key.p[0] == 'k', ret, e);
    case 'i':
        *ret = (struct path_element){.kind = ELEMENT_INDEX};
        return str_to_i64(text, &ret->index) < 0 ? bad_element(e, key, "not an index") : 0;
    }
    return 1;
}

static int read_set(struct arena *a, const struct value *v, struct fieldset *ret, bool *ret_self,
                    struct err *e) {
    struct fieldset s = {0};
    *ret_self = false;
    if (v->tag != VALUE_OBJECT && v->tag != VALUE_NULL)
        return err_set(e, -EINVAL, "a set of fields must be an object");
    uint32_t n = v->tag == VALUE_OBJECT ? v->object.n : 0;
    s.v = arena_array(a, n, sizeof(*s.v));
    for (uint32_t i = 0; i < n; i++) {
        const struct member *m = &v->object.v[i];
        struct field_node node = {0};
        bool member = false;
        if (str_eqc(m->key, ".")) {
            *ret_self = true;
            continue;
        }
        int r = fieldset_element(a, m->key, &node.at, e);
        if (r == 0)
            r = read_set(a, &m->value, &node.below, &member, e);
        if (r < 0)
            return r;
        node.marks = member ? FIELD_MEMBER : 0;
        if (r == 0)
            s.v[s.n++] = node;
    }
    fieldset_finish(a, &s);
    *ret_self |= !s.n;
    *ret = s;
    return arena_over(a) ? err_set(e, -E2BIG, "a set of fields is too large") : 0;
}

int fieldset_read(struct arena *a, const struct value *v, struct fieldset *ret, struct err *e) {
    bool self;
    return read_set(a, v, ret, &self, e);
}

static void element_text(struct buf *b, const struct path_element *at) {
    buf_addc(b, "fkvi"[at->kind]);
    buf_addc(b, ':');
    if (at->kind == ELEMENT_FIELD)
        buf_add(b, at->name);
    else if (at->kind == ELEMENT_INDEX)
        buf_add_i64(b, at->index);
    else
        value_write(b, at->value);
}

/* What json_quote opens a name with becomes the colon. */
static void write_field(struct buf *b, str name) {
    buf_add(b, STR("\"f"));
    size_t colon = b->n;
    json_quote(b, name);
    if (!b->over)
        b->p[colon] = ':';
}

static void write_set(struct buf *b, struct buf *text, const struct fieldset *s, bool self) {
    bool comma = self && s->n;
    buf_addc(b, '{');
    if (comma)
        buf_adds(b, "\".\":{}");
    for (uint32_t i = 0; i < s->n && !b->over; i++, comma = true) {
        if (comma)
            buf_addc(b, ',');
        const struct field_node *n = &s->v[i];
        if (n->at.kind == ELEMENT_FIELD) {
            write_field(b, n->at.name);
        } else {
            buf_clear(text);
            element_text(text, &n->at);
            json_quote(b, buf_str(text));
        }
        if (!n->below.n) {
            buf_add(b, STR(":{}"));
            continue;
        }
        buf_addc(b, ':');
        write_set(b, text, &n->below, n->marks != 0);
    }
    buf_addc(b, '}');
}

void fieldset_write(struct buf *b, const struct fieldset *s) {
    struct buf text;
    buf_init(&text, 0);
    write_set(b, &text, s, false);
    buf_done(&text);
}

static void to_value(struct arena *a, struct buf *text, const struct fieldset *s, bool self,
                     struct value *ret) {
    uint32_t dot = self && s->n;
    *ret = (struct value){.tag = VALUE_OBJECT};
    ret->object.v = arena_array(a, s->n + dot, sizeof(struct member));
    ret->object.n = s->n + dot;
    if (dot)
        ret->object.v[0] = (struct member){STR("."), {.tag = VALUE_OBJECT}};
    for (uint32_t i = 0; i < s->n; i++) {
        struct member *m = &ret->object.v[i + dot];
        buf_clear(text);
        element_text(text, &s->v[i].at);
        m->key = str_dup(a, buf_str(text));
        to_value(a, text, &s->v[i].below, s->v[i].marks != 0, &m->value);
    }
}

void fieldset_to_value(struct arena *a, const struct fieldset *s, struct value *ret) {
    struct buf text;
    buf_init(&text, 0);
    to_value(a, &text, s, false, ret);
    buf_done(&text);
}
