// SPDX-License-Identifier: Apache-2.0
/* Sets out of their text without a tree in between: nearly every write reads some. Both readers
 * give up on what is not written as fieldset_write writes; the tree decides then, and has the words
 * for what is wrong. */
#include "schema/fieldset.h"

#include <ctype.h>

#include "schema/json_lex.h"
#include "schema/scratch.h"

struct reader {
    struct json_in in;
    struct arena *a;
    struct scratch scratch;
};

static bool read_key(struct reader *r, str *ret) {
    return lex_peek(&r->in) == '"' && lex_string(&r->in, ret) && lex_take(&r->in, ':');
}

static bool read_level(struct reader *r, struct fieldset *ret, bool *ret_self);

/* One member of an object; a node is made of all but ".". */
static bool read_node(struct reader *r, struct scratch_list *l, bool *self) {
    str key;
    bool member;
    if (!read_key(r, &key))
        return false;
    if (str_eqc(key, ".")) {
        *self = true;
        return lex_skip(&r->in);
    }
    struct field_node *node = scratch_push(&r->scratch, l);
    if (fieldset_element(r->a, key, &node->at, NULL) != 0 || !read_level(r, &node->below, &member))
        return false;
    node->marks = member ? FIELD_MEMBER : 0;
    return true;
}

static bool read_level(struct reader *r, struct fieldset *ret, bool *ret_self) {
    struct scratch_list l;
    bool more = true;
    *ret = (struct fieldset){0};
    *ret_self = false;
    if (!lex_take(&r->in, '{') || ++r->in.depth > JSON_DEPTH_MAX)
        return false;
    scratch_begin(&r->scratch, &l, sizeof(struct field_node));
    if (lex_take(&r->in, '}'))
        more = false;
    while (more) {
        if (!read_node(r, &l, ret_self))
            return false;
        more = lex_take(&r->in, ',');
        if (!more && !lex_take(&r->in, '}'))
            return false;
    }
    *ret_self |= !l.n;
    ret->n = l.n;
    ret->v = l.n ? arena_alloc(r->a, l.n * sizeof(*ret->v)) : NULL;
    scratch_end(&r->scratch, &l, ret->v);
    r->in.depth--;
    return !arena_over(r->a) && !fieldset_sort(ret);
}

static bool read_all(struct arena *a, str json, struct fieldset *ret) {
    struct reader r;
    struct fieldset set;
    bool self;
    r.in = (struct json_in){.p = json.p, .end = json.p + json.n, .a = a};
    r.a = a;
    scratch_init(&r.scratch);
    bool ok = read_level(&r, &set, &self) && lex_peek(&r.in) == 0 && r.in.p == r.in.end;
    scratch_done(&r.scratch);
    if (ok)
        *ret = set;
    return ok;
}

int fieldset_parse(struct arena *a, str json, struct fieldset *ret, struct err *e) {
    struct value v;
    if (json.n && read_all(a, json, ret))
        return 0;
    int r = value_parse(a, json, &v, NULL, e);
    return r < 0 ? r : fieldset_read(a, &v, ret, e);
}

/* ---- looking without reading ---- */

/* Elements that are no fields come last in a level. */
static bool only_fields(const struct fieldset *s) {
    return !s->n || s->v[s->n - 1].at.kind == ELEMENT_FIELD;
}

/* The node that the key at in->p names, or NULL; the key is taken. */
static bool find_key(struct reader *r, const struct fieldset *s, bool *ret_dot,
                     const struct field_node **ret) {
    struct path_element at;
    str key;
    *ret = NULL;
    *ret_dot = false;
    /* keys of items are full of escapes, and need not be read where none is looked for */
    if (only_fields(s) && r->in.end - r->in.p > 2 && r->in.p[2] == ':' && r->in.p[1] != 'f')
        return lex_skip(&r->in) && lex_take(&r->in, ':');
    if (!read_key(r, &key))
        return false;
    *ret_dot = str_eqc(key, ".");
    if (*ret_dot)
        return true;
    int known = fieldset_element(r->a, key, &at, NULL);
    if (known == 0)
        *ret = fieldset_find(s, &at);
    return known >= 0;
}

/* Says true in doubt: of a text that is not understood, and of a whole here that is parts there,
 * as it is when the schema has changed. */
static bool meets(struct reader *r, const struct field_node *n) {
    bool whole = n->marks && !n->below.n, dot;
    const struct field_node *next;
    if (!lex_take(&r->in, '{') || ++r->in.depth > JSON_DEPTH_MAX)
        return true;
    if (lex_take(&r->in, '}')) {
        r->in.depth--;
        return n->marks;
    }
    if (whole)
        return true;
    do {
        if (lex_peek(&r->in) != '"' || !find_key(r, &n->below, &dot, &next) || (dot && n->marks))
            return true;
        if (next ? meets(r, next) : !lex_skip(&r->in))
            return true;
    } while (lex_take(&r->in, ','));
    r->in.depth--;
    return !lex_take(&r->in, '}');
}

#define PLAIN_NAME_MAX 64

/* Whether a canonical text may name one of the elements at any depth: most sets are of another part
 * of the object, and a search passes them faster than a reader. */
static bool mentions(str json, const struct fieldset *s) {
    for (uint32_t i = 0; i < s->n; i++) {
        const struct path_element *at = &s->v[i].at;
        char key[PLAIN_NAME_MAX + 4] = "\"f:";
        size_t n = 3;
        if (at->kind != ELEMENT_FIELD || at->name.n > PLAIN_NAME_MAX)
            return true;
        for (size_t k = 0; k < at->name.n; k++) {
            if (!isalnum((unsigned char)at->name.p[k])) /* it may be written with escapes */
                return true;
            key[n++] = at->name.p[k];
        }
        key[n++] = '"';
        if (str_find(json, str_n(key, n)) >= 0)
            return true;
    }
    return false;
}

bool fieldset_text_meets(struct arena *a, str json, const struct fieldset *s) {
    struct reader r;
    r.in = (struct json_in){.p = json.p, .end = json.p + json.n, .a = a};
    r.a = a;
    return s->n && json.n && mentions(json, s) && meets(&r, &(struct field_node){.below = *s});
}
