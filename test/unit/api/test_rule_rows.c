// SPDX-License-Identifier: Apache-2.0
/* A rule that stands in a row does nothing until the kind applies it. Every row with a rule is
 * broken in every base object of test/rules that holds it, and must be told of by its path at least
 * once. */
#include <dirent.h>

#include "base/vec.h"
#include "rule_objects.h"
#include "schema/entry.h"

struct seen {
    const struct api_field *field;
    bool told;
};

struct walk {
    struct subject *s;
    void *obj, *old;
    struct seen *seen; /* of all rows with rules */
    unsigned n_seen;
};

static bool has_rule(const struct api_field *f) {
    return f->attr && (f->attr->needed || f->attr->rule != RULE_NONE);
}

static bool is_told(struct walk *w, const struct field_path *p, bool needed) {
    struct arena *a = w->s->arena;
    struct field_errors fe = {.arena = a};
    str path = field_path_str(a, p);
    hooks_validate(&fe, w->s->resource, w->s->resource, w->obj, NULL);
    if (w->s->hooks->validate_status)
        w->s->hooks->validate_status(&fe, w->obj, w->old);
    for (uint32_t i = 0; i < fe.list.n; i++)
        if (str_eq(fe.list.v[i].field, path) && (fe.list.v[i].type == FIELD_REQUIRED) == needed)
            return true;
    return false;
}

static void set_number(const struct api_field *f, void *at, int64_t v) {
    bool wide = f->kind == API_I64;
    if (f->shape == API_OPT && wide)
        *(struct opt_i64 *)at = (struct opt_i64){true, v};
    else if (f->shape == API_OPT)
        *(struct opt_i32 *)at = (struct opt_i32){true, (int32_t)v};
    else if (wide)
        *(int64_t *)at = v;
    else
        *(int32_t *)at = (int32_t)v;
}

static void break_rule(struct walk *w, const struct api_field *f, void *at) {
    str text = STR("No!%="); /* in no form, and nobody's choice */
    if (f->kind != API_STR) {
        int64_t least = f->attr->rule == RULE_POSITIVE ? 1 : f->attr->min;
        bool above = f->attr->rule == RULE_RANGE && f->attr->max < INT32_MAX;
        set_number(f, at, above ? f->attr->max + 1 : least - 1);
        return;
    }
    if (f->attr->rule == RULE_LENGTH) {
        char *p = arena_alloc(w->s->arena, (size_t)f->attr->max + 1);
        memset(p, 'x', (size_t)f->attr->max + 1);
        text = str_n(p, (size_t)f->attr->max + 1);
    }
    *(str *)at = text;
}

static size_t size_of(const struct api_field *f) {
    if (f->shape == API_MAP || f->shape == API_LIST)
        return sizeof(struct api_seq);
    if (f->kind == API_I32)
        return f->shape == API_OPT ? sizeof(struct opt_i32) : sizeof(int32_t);
    if (f->kind == API_I64)
        return f->shape == API_OPT ? sizeof(struct opt_i64) : sizeof(int64_t);
    if (f->kind == API_BOOL)
        return f->shape == API_OPT ? sizeof(struct opt_bool) : sizeof(bool);
    return f->kind == API_MSG ? sizeof(void *) : sizeof(str); /* the widest of the others */
}

/* Broken in a list: its first value, of which there must be one. */
static bool told_of_rule(struct walk *w, const struct api_field *f, void *at,
                         const struct field_path *p) {
    if (f->shape != API_LIST) {
        break_rule(w, f, at);
        return is_told(w, p, false);
    }
    struct api_seq *list = at, kept = *list;
    if (!list->n)
        return false;
    list->v = arena_dup(w->s->arena, list->v, list->n * field_element_size(f));
    break_rule(w, f, list->v);
    bool told = is_told(w, PATH_INDEX(p, 0), false);
    *list = kept;
    return told;
}

static void try_field(struct walk *w, const struct api_field *f, void *at,
                      const struct field_path *p) {
    struct seen *seen = w->seen;
    while (seen->field != f)
        seen++;
    void *kept = arena_dup(w->s->arena, at, size_of(f));
    bool told = true;
    if (f->attr->needed) {
        memset(at, 0, size_of(f));
        told = is_told(w, p, true);
        memcpy(at, kept, size_of(f));
    }
    if (told && f->attr->rule != RULE_NONE)
        told = told_of_rule(w, f, at, p);
    memcpy(at, kept, size_of(f));
    seen->told |= told;
}

static void *element(const struct api_field *f, struct api_seq *s, uint32_t i) {
    return (char *)s->v + i * seq_stride(f) + (f->shape == API_MAP ? MAP_VALUE_OFFSET : 0);
}

static void walk_type(struct walk *w, const struct api_type *t, void *obj,
                      const struct field_path *p) {
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        void *at = (char *)obj + f->offset;
        const struct field_path *here = f->flags & INLINED ? p : PATH(p, f->json);
        if (has_rule(f))
            try_field(w, f, at, here);
        if (f->kind != API_MSG)
            continue;
        if (f->shape == API_ONE)
            walk_type(w, f->sub, at, here);
        else if (f->shape == API_OPT && *(void **)at)
            walk_type(w, f->sub, *(void **)at, here);
        struct api_seq none = {0}, *seq = f->shape < API_LIST ? &none : at;
        for (uint32_t k = 0; k < seq->n; k++)
            walk_type(w, f->sub, element(f, seq, k),
                      f->shape == API_MAP ? PATH_KEY(here, seq_key(f, seq, k))
                                          : PATH_INDEX(here, k));
    }
}

/* Some of a status is checked when it is new. */
static void *without_status(const struct subject *s, const void *obj) {
    const struct api_type *t = s->resource->type;
    void *old = api_clone(s->arena, t, obj);
    for (uint16_t i = 0; i < t->n_fields; i++)
        if (strcmp(t->fields[i].json, "status") == 0 && t->fields[i].shape == API_ONE)
            memset((char *)old + t->fields[i].offset, 0, t->fields[i].sub->size);
    return old;
}

static void try_object(struct arena *a, str name, struct walk *w) {
    struct subject s;
    w->s = &s;
    if (!subject_of(a, name, &s) || !(w->obj = decode(&s, &s.sent, true)))
        return;
    created(&s, w->obj, true);
    w->old = without_status(&s, w->obj);
    walk_type(w, s.resource->type, w->obj, NULL);
}

static unsigned rows_with_rules(struct arena *a, struct seen **ret) {
    unsigned n = 0;
    struct {
        struct seen *v;
        uint32_t n;
    } list = {0};
    for (unsigned i = 0; i < n_api_types; i++)
        for (uint16_t k = 0; k < api_types[i]->n_fields; k++)
            if (has_rule(&api_types[i]->fields[k])) {
                *list_push(a, &list) = (struct seen){.field = &api_types[i]->fields[k]};
                n++;
            }
    *ret = list.v;
    return n;
}

/* The row's type, for the message. */
static const char *owner_of(const struct api_field *f) {
    for (unsigned i = 0; i < n_api_types; i++)
        if (f >= api_types[i]->fields && f < api_types[i]->fields + api_types[i]->n_fields)
            return api_types[i]->name;
    return "?";
}

TEST(every_rule_of_a_row_is_applied) {
    struct arena a, scratch;
    struct walk w = {0};
    arena_init(&a, 0);
    arena_init(&scratch, 0);
    w.n_seen = rows_with_rules(&a, &w.seen);
    CHECK(w.n_seen > 70);
    DIR *d = opendir(OBJECTS);
    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d));) {
        str name = str_of(e->d_name);
        if (!str_ends(name, STR(".json")))
            continue;
        try_object(&scratch, str_slice(name, 0, name.n - strlen(".json")), &w);
        arena_reset(&scratch);
    }
    closedir(d);
    for (unsigned i = 0; i < w.n_seen; i++)
        if (!w.seen[i].told)
            tap_fail(__FILE__, __LINE__, "no base object shows that anybody applies %s.%s",
                     owner_of(w.seen[i].field), w.seen[i].field->json);
    arena_done(&scratch);
    arena_done(&a);
}
