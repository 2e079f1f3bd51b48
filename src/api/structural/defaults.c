// SPDX-License-Identifier: Apache-2.0
/* A default is checked where it stands, as a value of its schema. One for a part of the metadata of
 * a resource is put into an otherwise empty resource first, since only a whole one can be judged.
 * Defaults below additionalProperties are not looked at: there can be none in metadata, and
 * elsewhere they never apply. */
#include "api/structural/structural.h"
#include "base/vec.h"

/* The way from the innermost resource to a schema. */
struct inside {
    const struct inside *up;
    str key; /* p NULL: an element of a list */
};

struct walk {
    struct field_errors *fe;
    const struct structural *resource; /* the innermost */
    bool pruned;
};

static struct value list_of(struct arena *a, const struct value *v) {
    struct value l = {.tag = VALUE_LIST};
    l.list.v = arena_dup(a, v, sizeof(*v));
    l.list.n = 1;
    return l;
}

static struct value resource_around(struct arena *a, const struct inside *in,
                                    const struct value *v) {
    struct value out;
    value_copy(a, v, &out);
    for (; in && in->up; in = in->up) {
        struct value around = {.tag = VALUE_OBJECT};
        if (in->key.p)
            *value_set(a, &around, in->key) = out;
        else
            around = list_of(a, &out);
        out = around;
    }
    if (!value_getc(&out, "kind"))
        *value_set(a, &out, STR("kind")) = (struct value){.tag = VALUE_STR, .s = STR("Validation")};
    if (!value_getc(&out, "apiVersion"))
        *value_set(a, &out, STR("apiVersion")) =
            (struct value){.tag = VALUE_STR, .s = STR("validation/v1")};
    return out;
}

/* ---- in metadata ---- */

/* What several errors are as one: "[a, b]". */
static str joined(struct arena *a, const struct field_errors *fe) {
    struct buf b = {0};
    for (uint32_t i = 0; i < fe->list.n; i++) {
        if (i)
            buf_adds(&b, ", ");
        buf_add(&b, field_error_str(a, &fe->list.v[i]));
    }
    str s = fe->list.n > 1 ? str_printf(a, "[" STR_FMT "]", STR_ARG(buf_str(&b)))
                           : str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static bool check_in_meta(const struct walk *w, const struct field_path *p, const struct inside *in,
                          const struct value *v) {
    struct arena *a = w->fe->arena;
    struct field_errors own = {.arena = a};
    struct value around = resource_around(a, in, v);
    struct buf b = {0};
    if (structural_coerce_meta(a, &own, NULL, &around, w->resource, true))
        structural_validate_meta(&own, NULL, &around, w->resource, true);
    if (!own.list.n)
        return true;
    value_write(&b, v);
    field_invalid_printed(w->fe, p, buf_str(&b), "must result in valid metadata: " STR_FMT,
                          STR_ARG(joined(a, &own)));
    buf_done(&b);
    return false;
}

/* ---- elsewhere ---- */

static bool check_outside(const struct walk *w, const struct field_path *p,
                          const struct structural *s, struct value *v) {
    struct field_errors *fe = w->fe;
    struct value pruned;
    value_copy(fe->arena, v, &pruned);
    if (w->pruned && structural_prune(&pruned, s, false)) {
        struct buf b = {0};
        value_write(&b, v);
        field_invalid_printed(fe, p, buf_str(&b), "must not have unknown fields");
        buf_done(&b);
    }
    uint32_t before = fe->list.n;
    if (structural_coerce_meta(fe->arena, fe, p, v, s, false))
        structural_validate_meta(fe, p, v, s, false);
    return fe->list.n == before;
}

static void check_default(const struct walk *w, const struct field_path *p,
                          const struct structural *s, const struct inside *in, bool in_meta) {
    const struct field_path *at = PATH(p, "default");
    struct value v;
    value_copy(w->fe->arena, s->default_, &v);
    bool sound = in_meta ? check_in_meta(w, at, in, &v) : check_outside(w, at, s, &v);
    if (sound)
        structural_validate(&(struct structural_check){.fe = w->fe, .at = at}, s, &v);
}

static void check(struct walk w, const struct field_path *p, const struct structural *s,
                  const struct inside *in, bool in_meta) {
    static const char *const meta[] = {"metadata", "apiVersion", "kind", NULL};
    struct inside top = {0};
    bool resource = s->embedded_resource || s == w.resource;
    if (resource) {
        in_meta = false;
        in = &top;
        w.resource = s;
    }
    if (field_errors_full(w.fe))
        return;
    if (s->default_)
        check_default(&w, p, s, in, in_meta);
    if (s->items)
        check(w, PATH(p, "items"), s->items, &(struct inside){.up = in}, in_meta);
    for (uint32_t i = 0; i < s->fields.n; i++) {
        str name = s->fields.v[i].name;
        check(w, PATH_KEY(PATH(p, "properties"), name), s->fields.v[i].schema,
              &(struct inside){.up = in, .key = name}, in_meta || (resource && str_in(name, meta)));
    }
}

void structural_check_defaults(struct field_errors *fe, const struct field_path *p,
                               const struct structural *s, bool pruned) {
    check((struct walk){.fe = fe, .resource = s, .pruned = pruned}, p, s, NULL, false);
}

bool structural_default_loose(struct arena *a, const struct structural *s) {
    struct value v;
    if (s->default_) {
        value_copy(a, s->default_, &v);
        if (structural_prune(&v, s, false))
            return true;
    }
    if (s->items && structural_default_loose(a, s->items))
        return true;
    for (uint32_t i = 0; i < s->fields.n; i++)
        if (structural_default_loose(a, s->fields.v[i].schema))
            return true;
    return false;
}
