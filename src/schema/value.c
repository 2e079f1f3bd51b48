// SPDX-License-Identifier: Apache-2.0
#include "schema/value.h"

#include <stdlib.h>

#define OBJECT_SMALL 16 /* members up to which looking each one up beats sorting */

struct value *value_get(const struct value *object, str key) {
    if (!object || object->tag != VALUE_OBJECT)
        return NULL;
    for (uint32_t i = 0; i < object->object.n; i++)
        if (str_eq(object->object.v[i].key, key))
            return &object->object.v[i].value;
    return NULL;
}

struct value *value_getc(const struct value *object, const char *key) {
    return value_get(object, str_of(key));
}

str value_str(const struct value *v) {
    return v && v->tag == VALUE_STR ? v->s : STR_NONE;
}

/* Grows by one: in place while the array is the arena's newest allocation, a copy otherwise. */
struct value *value_set(struct arena *a, struct value *object, str key) {
    ASSERT(object->tag == VALUE_OBJECT);
    struct value *at = value_get(object, key);
    if (!at) {
        size_t n = object->object.n;
        object->object.v = arena_grow(a, object->object.v, n * sizeof(struct member),
                                      (n + 1) * sizeof(struct member));
        object->object.n++;
        object->object.v[n].key = key;
        at = &object->object.v[n].value;
    }
    memset(at, 0, sizeof(*at));
    return at;
}

bool value_remove(struct value *object, str key) {
    struct value *at = value_get(object, key);
    if (!at)
        return false;
    struct member *m = container_of(at, struct member, value);
    size_t behind = (size_t)(object->object.v + object->object.n - (m + 1));
    memmove(m, m + 1, behind * sizeof(*m));
    object->object.n--;
    return true;
}

static int member_cmp(const void *x, const void *y) {
    const struct member *a = x, *b = y;
    return str_cmp(a->key, b->key);
}

static int member_ref_cmp(const void *x, const void *y) {
    const struct member *const *a = x, *const *b = y;
    return str_cmp((*a)->key, (*b)->key);
}

static const struct member **sorted_refs(const struct value *v) {
    const struct member **refs = xcalloc(v->object.n, sizeof(*refs));
    for (uint32_t i = 0; i < v->object.n; i++)
        refs[i] = &v->object.v[i];
    qsort(refs, v->object.n, sizeof(*refs), member_ref_cmp);
    return refs;
}

static bool object_equal(const struct value *a, const struct value *b) {
    uint32_t n = a->object.n;
    if (n != b->object.n)
        return false;
    if (n <= OBJECT_SMALL) {
        for (uint32_t i = 0; i < n; i++) {
            const struct value *other = value_get(b, a->object.v[i].key);
            if (!other || !value_equal(&a->object.v[i].value, other))
                return false;
        }
        return true;
    }
    const struct member **x = sorted_refs(a), **y = sorted_refs(b);
    bool equal = true;
    for (uint32_t i = 0; i < n && equal; i++)
        equal = str_eq(x[i]->key, y[i]->key) && value_equal(&x[i]->value, &y[i]->value);
    free(x);
    free(y);
    return equal;
}

static bool list_equal(const struct value *a, const struct value *b) {
    if (a->list.n != b->list.n)
        return false;
    for (uint32_t i = 0; i < a->list.n; i++)
        if (!value_equal(&a->list.v[i], &b->list.v[i]))
            return false;
    return true;
}

bool scalar_equal(const struct value *a, const struct value *b) {
    if (a->tag != b->tag)
        return false;
    switch ((enum value_tag)a->tag) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return a->b == b->b;
    case VALUE_INT:
        return a->i == b->i;
    case VALUE_FLOAT:
        return a->f == b->f;
    case VALUE_STR:
        return str_eq(a->s, b->s);
    case VALUE_LIST:
    case VALUE_OBJECT:
    case VALUE_TAG_MAX:
        break;
    }
    return false;
}

bool value_equal(const struct value *a, const struct value *b) {
    /* 1 and 1.0 are one number. */
    if (a->tag == VALUE_INT && b->tag == VALUE_FLOAT)
        return (double)a->i == b->f;
    if (a->tag == VALUE_FLOAT && b->tag == VALUE_INT)
        return a->f == (double)b->i;
    if (a->tag == VALUE_LIST && b->tag == VALUE_LIST)
        return list_equal(a, b);
    if (a->tag == VALUE_OBJECT && b->tag == VALUE_OBJECT)
        return object_equal(a, b);
    return scalar_equal(a, b);
}

void value_copy(struct arena *a, const struct value *from, struct value *to) {
    *to = *from;
    if (from->tag == VALUE_STR) {
        to->s = str_dup(a, from->s);
    } else if (from->tag == VALUE_LIST) {
        to->list.v = arena_array(a, from->list.n, sizeof(struct value));
        for (uint32_t i = 0; i < from->list.n; i++)
            value_copy(a, &from->list.v[i], &to->list.v[i]);
    } else if (from->tag == VALUE_OBJECT) {
        to->object.v = arena_array(a, from->object.n, sizeof(struct member));
        for (uint32_t i = 0; i < from->object.n; i++) {
            to->object.v[i].key = str_dup(a, from->object.v[i].key);
            value_copy(a, &from->object.v[i].value, &to->object.v[i].value);
        }
    }
}

void value_sort(struct value *v) {
    if (v->tag == VALUE_LIST) {
        for (uint32_t i = 0; i < v->list.n; i++)
            value_sort(&v->list.v[i]);
    } else if (v->tag == VALUE_OBJECT && v->object.n) {
        qsort(v->object.v, v->object.n, sizeof(struct member), member_cmp);
        for (uint32_t i = 0; i < v->object.n; i++)
            value_sort(&v->object.v[i].value);
    }
}

static void unique_small(struct value *v, void (*on_drop)(void *ctx, str key), void *ctx) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < v->object.n; i++) {
        struct member m = v->object.v[i];
        uint32_t k = 0;
        while (k < n && !str_eq(v->object.v[k].key, m.key))
            k++;
        if (k < n && on_drop)
            on_drop(ctx, m.key);
        v->object.v[k] = m;
        n += k == n;
    }
    v->object.n = n;
}

static int key_then_place(const void *x, const void *y) {
    const struct member *const *a = x, *const *b = y;
    int c = str_cmp((*a)->key, (*b)->key);
    return c ? c : (*a > *b) - (*a < *b);
}

static void unique_large(struct value *v, void (*on_drop)(void *ctx, str key), void *ctx) {
    uint32_t n = v->object.n, to = 0;
    struct member **refs = xcalloc(n, sizeof(*refs));
    for (uint32_t i = 0; i < n; i++)
        refs[i] = &v->object.v[i];
    qsort(refs, n, sizeof(*refs), key_then_place);
    for (uint32_t i = 1, first = 0; i < n; i++) {
        if (!str_eq(refs[i]->key, refs[first]->key)) {
            first = i;
            continue;
        }
        if (on_drop)
            on_drop(ctx, refs[i]->key);
        refs[first]->value = refs[i]->value;
        refs[i]->key.p = NULL;
    }
    free(refs);
    for (uint32_t i = 0; i < n; i++)
        if (v->object.v[i].key.p)
            v->object.v[to++] = v->object.v[i];
    v->object.n = to;
}

void value_unique(struct value *v, void (*on_drop)(void *ctx, str key), void *ctx) {
    if (v->object.n > OBJECT_SMALL)
        unique_large(v, on_drop, ctx);
    else
        unique_small(v, on_drop, ctx);
}
