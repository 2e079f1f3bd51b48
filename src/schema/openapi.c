// SPDX-License-Identifier: Apache-2.0
/* A row is a property. What is not in a row follows from Go's rules for the published document: a
 * value field that is never left out has its zero value as default, a struct field {}, kinds with a
 * JSON form of their own (times, quantities) are schemas by themselves. Version 2 knows no defaults
 * (upstream prunes them) and no allOf around references. */
#include "schema/openapi.h"

#include <stdlib.h>

#include "base/vec.h"

struct openapi_entry {
    const char *name;
    const struct api_type *type; /* NULL: text is the schema */
    const char *text;
};

/* Kinds that are schemas of their own. */
struct named_kind {
    const char *name, *v2, *v3;
};
#define DATE_TIME "{\"type\":\"string\",\"format\":\"date-time\"}"
#define OBJECT    "{\"type\":\"object\"}"
static const struct named_kind named_quantity = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity", "{\"type\":\"string\"}",
    "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}"};
static const struct named_kind named_time = {OPENAPI_META "Time", DATE_TIME, DATE_TIME};
static const struct named_kind named_micro_time = {OPENAPI_META "MicroTime", DATE_TIME, DATE_TIME};
static const struct named_kind named_duration = {OPENAPI_META "Duration", "{\"type\":\"string\"}",
                                                 "{\"type\":\"string\"}"};
static const struct named_kind named_int_or_string = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "{\"type\":\"string\",\"format\":\"int-or-string\"}",
    "{\"format\":\"int-or-string\",\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}"};
static const struct named_kind named_fields = {OPENAPI_META "FieldsV1", OBJECT, OBJECT};
static const struct named_kind named_raw = {"io.k8s.apimachinery.pkg.runtime.RawExtension", OBJECT,
                                            OBJECT};
static const struct named_kind named_json = {
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "{}", "{}"};
static const struct named_kind named_patch = {OPENAPI_PATCH, OBJECT, OBJECT};

void openapi_key(struct buf *b, const char *key) {
    if (b->n && !strchr("{[:,", b->p[b->n - 1]))
        buf_addc(b, ',');
    buf_printf(b, "\"%s\":", key);
}

void openapi_pair(struct buf *b, const char *key, const char *value) {
    openapi_key(b, key);
    buf_printf(b, "\"%s\"", value);
}

void openapi_ref(struct buf *b, enum openapi_version form, const char *name) {
    openapi_key(b, "$ref");
    buf_printf(b, "\"#/%s/%s\"", form == OPENAPI_V2 ? "definitions" : "components/schemas", name);
}

static str words_of(const struct openapi_set *s, str type, const char *field) {
    return s->words ? s->words->of(s->words, type, field) : STR_NONE;
}

static void write_description(struct buf *b, str text) {
    if (str_empty(text))
        return;
    openapi_key(b, "description");
    buf_printf(b, "\"" STR_FMT "\"", STR_ARG(text));
}

static bool is_named(const char *type_name, const char *last) {
    str name = str_of(type_name);
    return str_ends(name, str_of(last));
}

/* The schema a raw value refers to is told by where it stands. */
static const struct named_kind *named_raw_of(const struct api_type *t, const struct api_field *f) {
    if (strcmp(f->json, "fieldsV1") == 0)
        return &named_fields;
    return is_named(t->info->openapi, ".JSONSchemaProps") ? &named_json : &named_raw;
}

static const struct named_kind *named_of(const struct api_type *t, const struct api_field *f) {
    switch ((enum api_kind)f->kind) {
    case API_QUANTITY:
        return &named_quantity;
    case API_TIME:
        return &named_time;
    case API_MICROTIME:
        return &named_micro_time;
    case API_DURATION:
        return &named_duration;
    case API_INT_OR_STRING:
        return &named_int_or_string;
    case API_RAW:
        return named_raw_of(t, f);
    case API_BOOL:
    case API_I32:
    case API_I64:
    case API_U32:
    case API_U64:
    case API_F64:
    case API_STR:
    case API_BYTES:
    case API_STRS:
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    return NULL;
}

static const char *ref_name(const struct api_type *t, const struct api_field *f) {
    const struct named_kind *named = named_of(t, f);
    return named ? named->name : f->kind == API_MSG ? f->sub->info->openapi : NULL;
}

/* type, format; the zero value as default where asked for */
static void write_plain(struct buf *b, enum api_kind kind, bool with_zero) {
    static const struct {
        const char *type, *format, *zero;
    } plain[API_KIND_MAX] = {
        [API_BOOL] = {"boolean", NULL, "false"}, [API_I32] = {"integer", "int32", "0"},
        [API_I64] = {"integer", "int64", "0"},   [API_U32] = {"integer", "int64", "0"},
        [API_U64] = {"integer", "int64", "0"},   [API_F64] = {"number", "double", "0"},
        [API_STR] = {"string", NULL, "\"\""},    [API_BYTES] = {"string", "byte", NULL},
    };
    openapi_pair(b, "type", plain[kind].type);
    if (plain[kind].format)
        openapi_pair(b, "format", plain[kind].format);
    if (with_zero && plain[kind].zero) {
        openapi_key(b, "default");
        buf_add(b, str_of(plain[kind].zero));
    }
}

static void write_enum(struct buf *b, const struct api_field *f) {
    if (!(f->flags & ENUM) || !f->attr || !f->attr->enums)
        return;
    openapi_key(b, "enum");
    buf_addc(b, '[');
    for (const char *const *v = f->attr->enums; *v; v++)
        buf_printf(b, "%s\"%s\"", v == f->attr->enums ? "" : ",", *v);
    buf_addc(b, ']');
}

/* An element of a list or map. */
static void write_element(struct buf *b, enum openapi_version form, const struct api_type *t,
                          const struct api_field *f) {
    const char *ref = ref_name(t, f);
    buf_addc(b, '{');
    if (ref) {
        openapi_ref(b, form, ref);
    } else if (f->kind == API_STRS) {
        openapi_pair(b, "type", "array");
        openapi_key(b, "items");
        buf_adds(b, "{\"type\":\"string\"}");
    } else {
        write_plain(b, f->kind, false);
        write_enum(b, f);
    }
    buf_addc(b, '}');
}

static void write_ref(struct buf *b, enum openapi_version form, const struct api_field *f,
                      const char *ref) {
    if (form == OPENAPI_V2) {
        openapi_ref(b, form, ref);
        return;
    }
    if (f->shape == API_ONE && f->kind == API_MSG) {
        openapi_key(b, "default");
        buf_adds(b, "{}");
    }
    openapi_key(b, "allOf");
    buf_adds(b, "[{");
    openapi_ref(b, form, ref);
    buf_adds(b, "}]");
}

static void write_one(struct buf *b, enum openapi_version form, const struct api_type *t,
                      const struct api_field *f) {
    const char *ref = ref_name(t, f);
    if (ref) {
        write_ref(b, form, f, ref);
        return;
    }
    const char *def = f->attr ? f->attr->openapi_def : NULL;
    bool zero = form == OPENAPI_V3 && !def && f->shape == API_ONE && !(f->flags & OMITEMPTY);
    write_plain(b, f->kind, zero);
    if (def && form == OPENAPI_V3) {
        openapi_key(b, "default");
        buf_add(b, str_of(def));
    }
    write_enum(b, f);
}

static void write_names(struct buf *b, const char *key, str names) {
    openapi_key(b, key);
    buf_addc(b, '[');
    for (bool first = true; names.p; first = false) {
        str name = str_cut(&names, ',');
        buf_printf(b, "%s\"" STR_FMT "\"", first ? "" : ",", STR_ARG(name));
    }
    buf_addc(b, ']');
}

static void write_extensions(struct buf *b, const struct api_field *f) {
    bool list = f->shape == API_LIST || (f->kind == API_STRS && f->shape <= API_OPT);
    if (list && f->attr && f->attr->keys && f->flags & LIST_MAP)
        write_names(b, "x-kubernetes-list-map-keys", str_of(f->attr->keys));
    if (list && f->flags & (LIST_MAP | LIST_SET | ATOMIC))
        openapi_pair(b, "x-kubernetes-list-type",
                     f->flags & LIST_MAP   ? "map"
                     : f->flags & LIST_SET ? "set"
                                           : "atomic");
    if (!list && f->flags & (ATOMIC | GRANULAR))
        openapi_pair(b, "x-kubernetes-map-type", f->flags & ATOMIC ? "atomic" : "granular");
    if (f->attr && f->attr->merge_key)
        openapi_pair(b, "x-kubernetes-patch-merge-key", f->attr->merge_key);
    if (f->flags & (MERGE | RETAIN_KEYS))
        openapi_pair(b, "x-kubernetes-patch-strategy",
                     !(f->flags & RETAIN_KEYS) ? "merge"
                     : f->flags & MERGE        ? "merge,retainKeys"
                                               : "retainKeys");
}

static void write_property(struct buf *b, enum openapi_version form, const struct api_type *t,
                           const struct api_field *f, str description) {
    openapi_key(b, f->json);
    buf_addc(b, '{');
    write_description(b, description);
    if (f->shape == API_LIST) {
        openapi_pair(b, "type", "array");
        openapi_key(b, "items");
        write_element(b, form, t, f);
    } else if (f->shape == API_MAP) {
        openapi_pair(b, "type", "object");
        openapi_key(b, "additionalProperties");
        write_element(b, form, t, f);
    } else if (f->kind == API_STRS) {
        openapi_pair(b, "type", "array");
        openapi_key(b, "items");
        buf_adds(b, "{\"type\":\"string\"}");
    } else {
        write_one(b, form, t, f);
    }
    write_extensions(b, f);
    buf_addc(b, '}');
}

/* A property of a type, its inlined messages flattened. */
struct property {
    const char *name;
    const struct api_type *type; /* NULL: apiVersion or kind */
    const struct api_field *field;
};
struct properties {
    struct property *v;
    uint32_t n, cap;
};

static void collect(struct properties *ps, const struct api_type *t) {
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (f->flags & NO_JSON)
            continue;
        if (f->flags & INLINED)
            collect(ps, f->sub);
        else
            *vec_push(ps) = (struct property){f->json, t, f};
    }
}

static int by_name(const void *x, const void *y) {
    const struct property *a = x, *b = y;
    return strcmp(a->name, b->name);
}

static void write_required(struct buf *b, struct properties *ps) {
    bool first = true;
    VEC_FOREACH (p, ps) {
        if (!p->field || !(p->field->flags & REQUIRED))
            continue;
        if (first) {
            openapi_key(b, "required");
            buf_addc(b, '[');
        }
        buf_printf(b, "%s\"%s\"", first ? "" : ",", p->name);
        first = false;
    }
    if (!first)
        buf_addc(b, ']');
}

/* What a field means to the type it shows in, to the type that it is inlined from, or anywhere. */
static str property_words(const struct openapi_set *s, const struct api_type *t,
                          const struct property *p) {
    str text = words_of(s, str_of(t->info->openapi), p->name);
    if (str_empty(text) && p->type && p->type != t)
        text = words_of(s, str_of(p->type->info->openapi), p->name);
    return str_empty(text) ? words_of(s, STR("*"), p->name) : text;
}

static void write_properties(const struct openapi_set *s, struct buf *b, const struct api_type *t,
                             struct properties *ps) {
    qsort(ps->v, ps->n, sizeof(*ps->v), by_name);
    openapi_key(b, "properties");
    buf_addc(b, '{');
    VEC_FOREACH (p, ps) {
        str description = property_words(s, t, p);
        if (p->field) {
            write_property(b, s->form, p->type, p->field, description);
        } else {
            openapi_key(b, p->name);
            buf_addc(b, '{');
            write_description(b, description);
            openapi_pair(b, "type", "string");
            buf_addc(b, '}');
        }
    }
    buf_addc(b, '}');
}

static void write_gvk(struct buf *b, const char *group, const char *version, const char *kind) {
    buf_printf(b, "%s{\"group\":\"%s\",\"kind\":\"%s\",\"version\":\"%s\"}",
               b->p[b->n - 1] == '[' ? "" : ",", group, kind, version);
}

static void write_gvks(const struct openapi_set *s, struct buf *b, const struct api_info *info) {
    openapi_key(b, "x-kubernetes-group-version-kind");
    buf_addc(b, '[');
    if (info->flags & TYPE_ANY_VERSION)
        for (uint32_t i = 0; i < s->n_gvs; i++)
            write_gvk(b, s->gvs[i].group, s->gvs[i].version, info->kind);
    else
        write_gvk(b, info->group ? info->group : "", info->version, info->kind);
    buf_addc(b, ']');
}

/* Lists of objects explain themselves. */
static void write_list_description(struct buf *b, const struct api_type *t) {
    str kind = str_of(t->info->kind);
    openapi_key(b, "description");
    buf_printf(b, "\"A list of " STR_FMT " objects.\"", STR_ARG(str_slice(kind, 0, kind.n - 4)));
}

static void write_type_description(const struct openapi_set *s, struct buf *b,
                                   const struct api_type *t) {
    str text = words_of(s, str_of(t->info->openapi), NULL);
    if (str_empty(text) && s->words && type_is(t, TYPE_LIST) && t->info->kind)
        write_list_description(b, t);
    else
        write_description(b, text);
}

static void write_type(const struct openapi_set *s, struct buf *b, const struct api_type *t) {
    buf_addc(b, '{');
    write_type_description(s, b, t);
    if (t->info->form != FORM_OBJECT) { /* object or something else: upstream says nothing */
        buf_addc(b, '}');
        return;
    }
    struct properties ps = {0};
    collect(&ps, t);
    openapi_pair(b, "type", "object");
    write_required(b, &ps);
    if (type_is(t, TYPE_ROOT)) {
        *vec_push(&ps) = (struct property){.name = "apiVersion"};
        *vec_push(&ps) = (struct property){.name = "kind"};
    }
    if (ps.n)
        write_properties(s, b, t, &ps);
    vec_done(&ps);
    if (t->info->kind)
        write_gvks(s, b, t->info);
    if (type_is(t, TYPE_ATOMIC))
        openapi_pair(b, "x-kubernetes-map-type", "atomic");
    if (t->info->unions) {
        openapi_key(b, "x-kubernetes-unions");
        buf_add(b, str_of(t->info->unions));
    }
    buf_addc(b, '}');
}

void openapi_set_init(struct openapi_set *s, enum openapi_version form,
                      const struct openapi_gv *gvs, uint32_t n_gvs,
                      const struct openapi_words *words) {
    *s = (struct openapi_set){.form = form, .gvs = gvs, .n_gvs = n_gvs, .words = words};
}

void openapi_set_done(struct openapi_set *s) {
    vec_done(&s->entries);
}

/* A few hundred names, asked for a few thousand times while a document is made. */
static bool add_entry(struct openapi_set *s, const char *name, const struct api_type *t,
                      const char *text) {
    VEC_FOREACH (e, &s->entries)
        if (strcmp(e->name, name) == 0)
            return false;
    *vec_push(&s->entries) = (struct openapi_entry){name, t, text};
    return true;
}

static void add_named(struct openapi_set *s, const struct named_kind *k) {
    add_entry(s, k->name, NULL, s->form == OPENAPI_V2 ? k->v2 : k->v3);
}

static void add_fields(struct openapi_set *s, const struct api_type *t) {
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const struct named_kind *named = named_of(t, f);
        if (f->flags & NO_JSON)
            continue;
        if (named)
            add_named(s, named);
        else if (f->kind == API_MSG && f->flags & INLINED)
            add_fields(s, f->sub);
        else if (f->kind == API_MSG)
            openapi_set_add(s, f->sub);
    }
}

void openapi_set_add(struct openapi_set *s, const struct api_type *t) {
    if (t && t->info->openapi && add_entry(s, t->info->openapi, t, NULL) &&
        t->info->form == FORM_OBJECT)
        add_fields(s, t);
}

void openapi_set_add_patch(struct openapi_set *s) {
    add_named(s, &named_patch);
}

static int by_entry_name(const void *x, const void *y) {
    const struct openapi_entry *a = x, *b = y;
    return strcmp(a->name, b->name);
}

void openapi_set_finish(struct openapi_set *s) {
    qsort(s->entries.v, s->entries.n, sizeof(*s->entries.v), by_entry_name);
}

str openapi_set_name(const struct openapi_set *s, uint32_t i) {
    return str_of(s->entries.v[i].name);
}

void openapi_set_write(const struct openapi_set *s, uint32_t i, struct buf *b) {
    const struct openapi_entry *e = &s->entries.v[i];
    if (e->type) {
        write_type(s, b, e->type);
        return;
    }
    buf_addc(b, '{');
    write_description(b, words_of(s, str_of(e->name), NULL));
    str members = str_slice(str_of(e->text), 1, strlen(e->text)); /* with the brace that closes */
    if (b->p[b->n - 1] != '{' && members.n > 1)
        buf_addc(b, ',');
    buf_add(b, members);
}
