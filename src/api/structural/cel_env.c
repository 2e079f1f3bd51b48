// SPDX-License-Identifier: Apache-2.0
#include "api/structural/cel_env.h"

#include "api/cel_names.h"
#include "base/vec.h"

#define SELF "selfType0" /* upstream's number is another each time: nobody is to rely on it */

/* ---- names ---- */

static bool is_reserved(str s) {
    static const char *const words[] = {
        "true",      "false",  "null",     "in",   "as",     "break", "const", "continue",
        "else",      "for",    "function", "if",   "import", "let",   "loop",  "package",
        "namespace", "return", "var",      "void", "while",  NULL};
    return str_in(s, words);
}

static const char *escape_of(char c) {
    return c == '.' ? "__dot__" : c == '-' ? "__dash__" : c == '/' ? "__slash__" : NULL;
}

str structural_cel_name(struct arena *a, str field) {
    struct buf b = {0};
    bool ok = field.n && !(field.p[0] >= '0' && field.p[0] <= '9');
    if (is_reserved(field))
        return str_printf(a, "__" STR_FMT "__", STR_ARG(field));
    for (size_t i = 0; ok && i < field.n; i++) {
        char c = field.p[i];
        bool word = c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        if (c == '_' && i + 1 < field.n && field.p[i + 1] == '_') {
            buf_adds(&b, "__underscores__");
            i++;
        } else if (word) {
            buf_addc(&b, c);
        } else if (escape_of(c)) {
            buf_add(&b, str_of(escape_of(c)));
        } else {
            ok = false;
        }
    }
    str name = ok ? str_dup(a, buf_str(&b)) : STR_NONE;
    buf_done(&b);
    return name;
}

/* ---- types ---- */

static const struct cel_type *type_of(struct structural_env *e, const struct structural *s,
                                      bool resource, str name);

static const struct cel_type *text_type(str format) {
    return str_eqc(format, "byte")                                   ? &cel_type_bytes
           : str_eqc(format, "duration")                             ? &cel_type_duration
           : str_eqc(format, "date") || str_eqc(format, "date-time") ? &cel_type_timestamp
                                                                     : &cel_type_string;
}

/* Fields are looked for by name: those of objects that have many by an index. */
#define FIELDS_LISTED_MAX 16

struct field_list {
    struct cel_variable *v;
    uint32_t n;
};

static const struct cel_type *add_object(struct structural_env *e, str name,
                                         const struct field_list *l) {
    struct cel_object *o = arena_make(e->arena, struct cel_object);
    o->name = str_cdup(e->arena, name);
    if (l->n <= FIELDS_LISTED_MAX) {
        o->fields = l->v;
        o->n = l->n;
    } else {
        struct map *m = arena_make(e->arena, struct map);
        map_init(m, NULL);
        for (uint32_t i = 0; i < l->n; i++)
            map_put(m, str_of(l->v[i].name), (void *)(uintptr_t)l->v[i].type);
        o->index = m;
        *list_push(e->arena, &e->indexes) = m;
    }
    map_put(&e->objects, str_of(o->name), o);
    return cel_type_object(e->arena, o->name);
}

static void add_field(struct structural_env *e, struct field_list *l, str name,
                      const struct cel_type *t) {
    str known = structural_cel_name(e->arena, name);
    if (t && known.p)
        *list_push(e->arena, l) = (struct cel_variable){str_cdup(e->arena, known), t};
}

static const struct cel_type *object_type(struct structural_env *e, const struct structural *s,
                                          bool resource, str name) {
    struct field_list l = {0};
    if (s->rest) {
        const struct cel_type *t = type_of(e, s->rest, s->rest->embedded_resource,
                                           str_concat(e->arena, name, STR(".@elem")));
        return t ? cel_type_map(e->arena, &cel_type_string, t) : NULL;
    }
    if (resource)
        s = structural_as_resource(e->arena, s);
    for (uint32_t i = 0; i < s->fields.n; i++) {
        const struct structural_field *f = &s->fields.v[i];
        str known = structural_cel_name(e->arena, f->name);
        if (!known.p)
            continue;
        str in = str_printf(e->arena, STR_FMT "." STR_FMT, STR_ARG(name), STR_ARG(known));
        add_field(e, &l, f->name, type_of(e, f->schema, f->schema->embedded_resource, in));
    }
    return add_object(e, name, &l);
}

static const struct cel_type *type_of(struct structural_env *e, const struct structural *s,
                                      bool resource, str name) {
    const struct cel_type *t;
    if (s->int_or_string)
        return &cel_type_dyn;
    switch ((enum structural_type)s->type) {
    case STRUCTURAL_OBJECT:
        return object_type(e, s, resource, name);
    case STRUCTURAL_ARRAY:
        t = s->items ? type_of(e, s->items, s->items->embedded_resource,
                               str_concat(e->arena, name, STR(".@idx")))
                     : NULL;
        return t ? cel_type_list(e->arena, t) : NULL;
    case STRUCTURAL_STRING:
        return text_type(s->values.format);
    case STRUCTURAL_INTEGER:
        return &cel_type_int;
    case STRUCTURAL_NUMBER:
        return &cel_type_double;
    case STRUCTURAL_BOOLEAN:
        return &cel_type_bool;
    case STRUCTURAL_ANY:
    case STRUCTURAL_TYPE_MAX:
        break;
    }
    return NULL;
}

/* ---- environments ---- */

static struct cel_env env_of(struct structural_env *e, struct cel_variable vars[2],
                             const struct cel_type *old) {
    vars[0] = (struct cel_variable){"self", e->self};
    vars[1] = (struct cel_variable){"oldSelf", old};
    return (struct cel_env){.libraries = CEL_LIB_KUBERNETES,
                            .vars = vars,
                            .n_vars = 2,
                            .object_index = &e->objects,
                            .check_name = cel_check_name};
}

bool structural_env_init(struct arena *a, const struct structural *s, bool resource,
                         struct structural_env *ret) {
    *ret = (struct structural_env){.arena = a};
    map_init(&ret->objects, NULL);
    ret->self = type_of(ret, s, resource, STR(SELF));
    const struct cel_type *old = ret->self ? cel_type_optional(a, ret->self) : NULL;
    if (!old) {
        structural_env_done(ret);
        return false;
    }
    ret->plain = env_of(ret, ret->vars[0], ret->self);
    ret->optional = env_of(ret, ret->vars[1], old);
    return true;
}

void structural_env_done(struct structural_env *e) {
    map_done(&e->objects);
    for (uint32_t i = 0; i < e->indexes.n; i++)
        map_done(e->indexes.v[i]);
    e->indexes.n = 0;
}
