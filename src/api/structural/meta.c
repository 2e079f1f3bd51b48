// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "api/hooks.h"
#include "api/kinds/kinds.h"
#include "api/structural/structural.h"
#include "schema/json.h"

/* ---- their form ---- */

static bool coerce_members(struct arena *a, struct field_errors *fe, const struct field_path *p,
                           struct value *v) {
    for (uint32_t i = 0; i < v->object.n; i++) {
        struct member *m = &v->object.v[i];
        const struct field_path *at = PATH(p, str_cdup(a, m->key));
        struct err e = {0};
        ObjectMeta meta;
        bool text = str_eqc(m->key, "apiVersion") || str_eqc(m->key, "kind");
        struct buf b = {0};
        if (text && m->value.tag != VALUE_STR)
            err_set(&e, -EINVAL, "must be a string");
        else if (str_eqc(m->key, "metadata") &&
                 json_read_value(a, &ObjectMeta_type, &m->value, &meta, NULL, &e) == 0)
            json_write_value(a, &ObjectMeta_type, &meta, &m->value);
        if (!*e.text)
            continue;
        value_write(&b, &m->value);
        field_invalid_printed(fe, at, buf_str(&b), "%s", e.text);
        buf_done(&b);
        return false;
    }
    return true;
}

static bool coerce(struct arena *a, struct field_errors *fe, const struct field_path *p,
                   struct value *v, const struct structural *s, bool resource) {
    if (!s)
        return true;
    if (v->tag == VALUE_OBJECT && resource && !coerce_members(a, fe, p, v))
        return false;
    for (uint32_t i = 0; v->tag == VALUE_OBJECT && i < v->object.n; i++) {
        struct member *m = &v->object.v[i];
        const struct structural *field = structural_field(s, m->key), *of = field ? field : s->rest;
        if (!coerce(a, fe, field ? PATH(p, str_cdup(a, m->key)) : PATH_KEY(p, m->key), &m->value,
                    of, of && of->embedded_resource))
            return false;
    }
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++)
        if (!coerce(a, fe, PATH_INDEX(p, i), &v->list.v[i], s->items,
                    s->items && s->items->embedded_resource))
            return false;
    return true;
}

bool structural_coerce_meta(struct arena *a, struct field_errors *fe, const struct field_path *p,
                            struct value *v, const struct structural *s, bool resource) {
    return coerce(a, fe, p, v, s, resource || s->embedded_resource);
}

/* ---- their rules ---- */

static void check_api_version(struct field_errors *fe, const struct field_path *p,
                              const struct value *v) {
    str s = value_str(v), rest = s;
    if (!v)
        field_required(fe, p, NULL);
    else if (v->tag == VALUE_STR && !s.n)
        field_invalid(fe, p, s, "must not be empty");
    str_cut(&rest, '/');
    if (str_chr(rest, '/') >= 0)
        field_invalid(fe, p, s, "unexpected GroupVersion string: " STR_FMT, STR_ARG(s));
}

static void check_kind(struct field_errors *fe, const struct field_path *p, const struct value *v) {
    struct name_errors e = {{0}, 0};
    str s = value_str(v);
    if (!v) {
        field_required(fe, p, NULL);
        return;
    }
    if (v->tag == VALUE_STR && !s.n) {
        field_invalid(fe, p, s, "must not be empty");
        return;
    }
    name_dns1035_label(str_lower(fe->arena, s), &e);
    if (e.n)
        field_invalid(fe, p, s, "may have mixed case, but should otherwise match: " STR_FMT,
                      STR_ARG(name_errors_join(fe->arena, &e, ",")));
}

static void check_resource(struct field_errors *fe, const struct field_path *p,
                           const struct value *v) {
    static const struct hooks any_name = {.validate_name = name_is_path_segment};
    const struct value *m = value_getc(v, "metadata");
    ObjectMeta meta;
    struct err e;
    check_api_version(fe, PATH(p, "apiVersion"), value_getc(v, "apiVersion"));
    check_kind(fe, PATH(p, "kind"), value_getc(v, "kind"));
    if (!m || json_read_value(fe->arena, &ObjectMeta_type, m, &meta, NULL, &e) < 0)
        return;
    if (!meta.name.n)
        meta.name = STR("fakename"); /* it need not have one */
    validate_object_meta(fe, &meta, meta.namespace_.n > 0, &any_name, PATH(p, "metadata"));
}

static void validate(struct field_errors *fe, const struct field_path *p, const struct value *v,
                     const struct structural *s, bool resource) {
    if (!s)
        return;
    if (v->tag == VALUE_OBJECT && resource)
        check_resource(fe, p, v);
    for (uint32_t i = 0; v->tag == VALUE_OBJECT && i < v->object.n; i++) {
        const struct member *m = &v->object.v[i];
        const struct structural *field = structural_field(s, m->key), *of = field ? field : s->rest;
        validate(fe, field ? PATH(p, str_cdup(fe->arena, m->key)) : PATH_KEY(p, m->key), &m->value,
                 of, of && of->embedded_resource);
    }
    for (uint32_t i = 0; v->tag == VALUE_LIST && i < v->list.n; i++)
        validate(fe, PATH_INDEX(p, i), &v->list.v[i], s->items,
                 s->items && s->items->embedded_resource);
}

void structural_validate_meta(struct field_errors *fe, const struct field_path *p,
                              const struct value *v, const struct structural *s, bool resource) {
    validate(fe, p, v, s, resource || s->embedded_resource);
}

/* ---- their schema ---- */

static bool has_type(const struct structural *s, const char *field, enum structural_type t) {
    const struct structural *f = structural_field(s, str_of(field));
    return f && f->type == t;
}

static bool declares_resource(const struct structural *s) {
    const struct structural *meta = structural_field(s, STR("metadata"));
    return has_type(s, "kind", STRUCTURAL_STRING) && has_type(s, "apiVersion", STRUCTURAL_STRING) &&
           meta && meta->type == STRUCTURAL_OBJECT && has_type(meta, "name", STRUCTURAL_STRING) &&
           has_type(meta, "generateName", STRUCTURAL_STRING);
}

static int by_name(const void *a, const void *b) {
    return str_cmp(((const struct structural_field *)a)->name,
                   ((const struct structural_field *)b)->name);
}

/* An object with the fields of s that are not in `added`, and those. */
static const struct structural *with_fields(struct arena *a, const struct structural *s,
                                            const struct structural_field *added, uint32_t n) {
    struct structural *r = arena_dup(a, s, sizeof(*s));
    r->type = STRUCTURAL_OBJECT;
    r->fields.v = arena_array(a, s->fields.n + n, sizeof(*r->fields.v));
    r->fields.n = 0;
    for (uint32_t i = 0; i < s->fields.n; i++) {
        bool replaced = false;
        for (uint32_t k = 0; k < n; k++)
            replaced |= str_eq(s->fields.v[i].name, added[k].name);
        if (!replaced)
            r->fields.v[r->fields.n++] = s->fields.v[i];
    }
    for (uint32_t k = 0; k < n; k++)
        r->fields.v[r->fields.n++] = added[k];
    qsort(r->fields.v, r->fields.n, sizeof(*r->fields.v), by_name);
    return r;
}

const struct structural *structural_as_resource(struct arena *a, const struct structural *s) {
    static const struct structural text = {.type = STRUCTURAL_STRING}, nothing = {0};
    const struct structural_field names[] = {{STR("name"), &text}, {STR("generateName"), &text}};
    struct structural_field fields[] = {
        {STR("kind"), &text}, {STR("apiVersion"), &text}, {STR("metadata"), NULL}};
    if (declares_resource(s))
        return s;
    fields[2].schema = with_fields(a, &nothing, names, ARRAY_LEN(names));
    return with_fields(a, s, fields, ARRAY_LEN(fields));
}
