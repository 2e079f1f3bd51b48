// SPDX-License-Identifier: Apache-2.0
/* JSON patch (RFC 6902), with the liberties of the library upstream uses: negative indices count
 * from the end, replace adds a member that is absent, copy of an absent member gives null, what
 * stands in front of a path's first slash is ignored. A client sees no more of a patch that does
 * not fit than that it was rejected. */
#include <stdio.h>

#include "schema/patch_tree.h"

#define JSON_PATCH_COPY_MAX (3u * 1024 * 1024) /* bytes that copy operations may add */

struct json_patch {
    struct merge m;
    size_t copied;
};

static int rejected(struct json_patch *p, int errnum) {
    return err_http(p->m.e, errnum, 422, "Invalid",
                    "the server rejected our request due to an error in our request");
}

/* A reference token: ~1 is a slash, ~0 a tilde. */
static str unescape(struct arena *a, str token) {
    if (str_chr(token, '~') < 0)
        return token;
    char *to = arena_alloc(a, token.n);
    size_t n = 0;
    for (size_t i = 0; i < token.n; i++) {
        bool escape = token.p[i] == '~' && i + 1 < token.n &&
                      (token.p[i + 1] == '0' || token.p[i + 1] == '1');
        to[n++] = escape ? (token.p[i + 1] == '1' ? '/' : '~') : token.p[i];
        i += escape;
    }
    return str_n(to, n);
}

/* Index of an existing element (or, with room 1, of a place between elements); -1 = none. */
static int64_t parse_index(str token, uint32_t n, uint32_t room) {
    int64_t i;
    str digits = token.n > 1 && token.p[0] == '+' ? str_slice(token, 1, token.n) : token;
    if (str_to_i64(digits, &i) < 0)
        return -1;
    int64_t size = (int64_t)n + room;
    if (i < 0)
        i += size;
    return i >= 0 && i < size ? i : -1;
}

/* The member or element, NULL when there is none. *ret_bad is set where upstream's get fails, which
 * for an absent member of an object it does not. */
static struct value *child(struct json_patch *p, struct value *container, str token,
                           bool *ret_bad) {
    *ret_bad = false;
    if (container->tag == VALUE_OBJECT) {
        p->m.steps += container->object.n;
        return value_get(container, token);
    }
    int64_t i = parse_index(token, container->list.n, 0);
    if (i >= 0)
        return &container->list.v[i];
    *ret_bad = true;
    return NULL;
}

static bool is_container(const struct value *v) {
    return v->tag == VALUE_OBJECT || v->tag == VALUE_LIST;
}

/* Walks to the container of what the path names; NULL when it is not there. */
static struct value *find_container(struct json_patch *p, struct value *doc, str path,
                                    str *ret_token) {
    str_cut(&path, '/');
    if (!path.p)
        return NULL;
    for (;;) {
        str token = unescape(p->m.a, str_cut(&path, '/'));
        if (!path.p) {
            *ret_token = token;
            return doc;
        }
        bool bad;
        doc = child(p, doc, token, &bad);
        if (!doc || !is_container(doc))
            return NULL;
    }
}

static int add(struct json_patch *p, struct value *container, str token, struct value v) {
    if (container->tag == VALUE_OBJECT) {
        p->m.steps += container->object.n;
        *value_set(p->m.a, container, token) = v;
        return 0;
    }
    uint32_t n = container->list.n;
    int64_t at = str_eqc(token, "-") ? n : parse_index(token, n, 1);
    if (at < 0)
        return rejected(p, -ENOENT);
    p->m.steps += n;
    struct value *to = arena_array(p->m.a, (size_t)n + 1, sizeof(*to));
    for (uint32_t i = 0; i < n; i++)
        to[i + (i >= at)] = container->list.v[i];
    to[at] = v;
    container->list.v = to;
    container->list.n = n + 1;
    return 0;
}

static int remove_at(struct json_patch *p, struct value *container, str token) {
    if (container->tag == VALUE_OBJECT) {
        p->m.steps += container->object.n;
        return value_remove(container, token) ? 0 : rejected(p, -ENOENT);
    }
    int64_t at = parse_index(token, container->list.n, 0);
    if (at < 0)
        return rejected(p, -ENOENT);
    struct value *v = container->list.v;
    p->m.steps += container->list.n;
    memmove(v + at, v + at + 1, (container->list.n - (size_t)at - 1) * sizeof(*v));
    container->list.n--;
    return 0;
}

static int replace(struct json_patch *p, struct value *doc, str path, struct value v) {
    if (str_empty(path)) {
        if (!is_container(&v))
            return rejected(p, -EINVAL);
        *doc = v;
        return 0;
    }
    str token;
    bool bad;
    struct value *container = find_container(p, doc, path, &token);
    struct value *old = container ? child(p, container, token, &bad) : NULL;
    if (!container || (!old && bad))
        return rejected(p, -ENOENT);
    if (!old)
        return add(p, container, token, v);
    *old = v;
    return 0;
}

static int test(struct json_patch *p, struct value *doc, str path, const struct value *want) {
    static const struct value null = {.tag = VALUE_NULL};
    const struct value *got = doc;
    if (!str_empty(path)) {
        str token;
        bool bad;
        struct value *container = find_container(p, doc, path, &token);
        got = container ? child(p, container, token, &bad) : NULL;
        if (!container || (!got && bad))
            return rejected(p, -ENOENT);
    }
    return value_equal(got ? got : &null, want) ? 0 : rejected(p, -EPERM);
}

static size_t text_size(const struct value *v) {
    size_t n = 8;
    if (v->tag == VALUE_STR)
        n += v->s.n;
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++)
        n += text_size(&v->list.v[i]);
    for (uint32_t i = 0; v->tag == VALUE_OBJECT && i < v->object.n; i++)
        n += v->object.v[i].key.n + text_size(&v->object.v[i].value);
    return n;
}

static int move_or_copy(struct json_patch *p, struct value *doc, str from, str path, bool move) {
    str token;
    bool bad;
    struct value *container = find_container(p, doc, from, &token), v = {.tag = VALUE_NULL};
    const struct value *old = container ? child(p, container, token, &bad) : NULL;
    if (!container || (!old && bad))
        return rejected(p, -ENOENT);
    if (old)
        v = *old;
    if (move) {
        int r = remove_at(p, container, token);
        if (r < 0)
            return r;
    } else {
        p->copied += text_size(&v);
        if (p->copied > JSON_PATCH_COPY_MAX)
            return rejected(p, -E2BIG);
        struct value own;
        value_copy(p->m.a, &v, &own);
        v = own;
    }
    container = find_container(p, doc, path, &token);
    return container ? add(p, container, token, v) : rejected(p, -ENOENT);
}

static int apply(struct json_patch *p, struct value *doc, const struct value *op) {
    const struct value *path = value_getc(op, "path"), *from = value_getc(op, "from"),
                       *given = value_getc(op, "value");
    str kind = value_str(value_getc(op, "op")), to;
    struct value v = {.tag = VALUE_NULL};
    if (!path || path->tag != VALUE_STR)
        return rejected(p, -EINVAL);
    if (given)
        value_copy(p->m.a, given, &v);
    to = str_dup(p->m.a, path->s);
    if (str_eqc(kind, "test"))
        return test(p, doc, to, &v);
    if (str_eqc(kind, "replace"))
        return replace(p, doc, to, v);
    if (str_eqc(kind, "move") || str_eqc(kind, "copy")) {
        if (!from || from->tag != VALUE_STR)
            return rejected(p, -EINVAL);
        return move_or_copy(p, doc, from->s, to, str_eqc(kind, "move"));
    }
    bool adds = str_eqc(kind, "add");
    if (!adds && !str_eqc(kind, "remove"))
        return rejected(p, -EINVAL);
    str token;
    struct value *container = find_container(p, doc, to, &token);
    if (!container)
        return rejected(p, -ENOENT);
    return adds ? add(p, container, token, v) : remove_at(p, container, token);
}

static int cannot_decode(struct err *e, const struct value *v, const char *what) {
    return err_http(e, -EINVAL, 400, "BadRequest",
                    "error decoding patch: json: cannot unmarshal %s into Go %s",
                    value_json_type(v), what);
}

/* Whether the operations have the form of operations; what they say is judged as they apply. */
static int check_form(const struct value *ops, struct err *e) {
    static const char *const names[] = {"op", "path", "from"};
    if (ops->tag != VALUE_LIST)
        return cannot_decode(e, ops, "value of type []handlers.jsonPatchOp");
    for (uint32_t i = 0; i < ops->list.n; i++) {
        const struct value *op = &ops->list.v[i];
        if (op->tag == VALUE_NULL)
            continue;
        if (op->tag != VALUE_OBJECT)
            return cannot_decode(e, op, "value of type handlers.jsonPatchOp");
        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            const struct value *v = value_getc(op, names[k]);
            char what[64];
            snprintf(what, sizeof(what), "struct field jsonPatchOp.%s of type string", names[k]);
            if (v && v->tag != VALUE_STR && v->tag != VALUE_NULL)
                return cannot_decode(e, v, what);
        }
    }
    if (ops->list.n > JSON_PATCH_OPS_MAX)
        return err_http(e, -E2BIG, 413, "RequestEntityTooLarge",
                        "Request entity too large: The allowed maximum operations in a JSON patch "
                        "is %d, got %u",
                        JSON_PATCH_OPS_MAX, ops->list.n);
    return 0;
}

int patch_json(struct arena *a, struct value *doc, const struct value *ops, struct err *e) {
    struct json_patch p = {.m = {.a = a, .e = e}};
    int r = ops->tag == VALUE_NULL ? 0 : check_form(ops, e);
    if (r < 0 || ops->tag == VALUE_NULL)
        return r;
    for (uint32_t i = 0; r == 0 && i < ops->list.n; i++) {
        r = ops->list.v[i].tag == VALUE_OBJECT ? apply(&p, doc, &ops->list.v[i])
                                               : rejected(&p, -EINVAL);
        if (r == 0)
            r = merge_spend(&p.m, 0);
    }
    return r;
}
