// SPDX-License-Identifier: Apache-2.0
/* Struct to JSON text, byte for byte as Go's encoding/json prints the upstream type: members in
 * row order, omitempty by Go's rules (a struct is never empty, so it is always written; neither
 * are times and quantities), maps by key. Writes past the buffer's limit are dropped by the buffer
 * itself, so nothing here fails. */
#include "base/base64.h"
#include "base/time.h"
#include "schema/entry.h"
#include "schema/json.h"

struct writer {
    struct buf *b;
    size_t *hole; /* where metadata.resourceVersion's offset goes; NULL: write the value */
};

enum place { PLACE_ROOT, PLACE_METADATA, PLACE_OTHER };

static void write_fields(const struct writer *w, const struct api_type *t, const char *obj,
                         bool *comma, enum place place);
static void write_message(const struct writer *w, const struct api_type *t, const char *obj,
                          bool type_meta, enum place place);
static void write_seq(const struct writer *w, const struct api_field *f, const struct api_seq *s,
                      bool type_meta);

static inline char *room(struct buf *b, size_t n) {
    return b->cap - b->n >= n && b->p ? b->p + b->n : buf_reserve(b, n);
}

static inline void put(struct buf *b, char c) {
    char *p = room(b, 1);
    if (p) {
        *p = c;
        b->n++;
    }
}

static void write_time(struct buf *b, Time t, bool micro) {
    char text[TIME_TEXT_MAX + 2];
    if (!t.set) {
        buf_adds(b, "null");
        return;
    }
    text[0] = '"';
    size_t n = time_format(text + 1, t.sec, t.nsec, micro ? 6 : 0).n;
    text[n + 1] = '"';
    buf_add(b, (str){text, n + 2});
}

static void write_duration(struct buf *b, Duration d) {
    char text[DURATION_TEXT_MAX];
    json_quote(b, duration_format(text, d));
}

static void write_base64(struct buf *b, str bytes) {
    size_t n = base64_encoded_len(bytes.n, 0);
    char *p = buf_reserve(b, n + 2);
    if (!p)
        return;
    *p = '"';
    base64_encode(p + 1, bytes, 0);
    p[n + 1] = '"';
    b->n += n + 2;
}

static void write_int_or_string(struct buf *b, const IntOrString *v) {
    if (v->kind == INTSTR_STRING)
        json_quote(b, v->s);
    else
        buf_add_i64(b, v->i);
}

static void write_strs(struct buf *b, const str_list *l) {
    if (!l->v) {
        buf_adds(b, "null");
        return;
    }
    put(b, '[');
    for (uint32_t i = 0; i < l->n; i++) {
        if (i)
            put(b, ',');
        json_quote(b, l->v[i]);
    }
    put(b, ']');
}

static void write_bytes(struct buf *b, str bytes) {
    if (bytes.p)
        write_base64(b, bytes);
    else
        buf_adds(b, "null");
}

/* One value under API_ONE's layout. */
static void write_scalar(struct buf *b, const struct api_field *f, const char *p) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        buf_add(b, AT(bool, p) ? STR("true") : STR("false"));
        return;
    case API_I32:
        buf_add_i64(b, AT(int32_t, p));
        return;
    case API_I64:
        buf_add_i64(b, AT(int64_t, p));
        return;
    case API_U32:
        buf_add_u64(b, AT(uint32_t, p));
        return;
    case API_U64:
        buf_add_u64(b, AT(uint64_t, p));
        return;
    case API_F64:
        json_float(b, AT(double, p));
        return;
    case API_STR:
        json_quote(b, AT(str, p));
        return;
    case API_BYTES:
        write_bytes(b, AT(str, p));
        return;
    case API_QUANTITY:
        json_quote(b, AT(str, p).n ? AT(str, p) : STR("0"));
        return;
    case API_TIME:
    case API_MICROTIME:
        write_time(b, AT(Time, p), f->kind == API_MICROTIME);
        return;
    case API_DURATION:
        write_duration(b, AT(Duration, p));
        return;
    case API_INT_OR_STRING:
        write_int_or_string(b, &AT(IntOrString, p));
        return;
    case API_RAW:
        json_raw(b, AT(str, p).n ? AT(str, p) : STR("null"));
        return;
    case API_STRS:
        write_strs(b, &AT(str_list, p));
        return;
    case API_MSG:
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"not a scalar");
}

static bool all_zero(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i])
            return false;
    return true;
}

/* Go's zero value, for omitempty (`empty`) or omitzero. Structs have no empty value. */
static bool is_zero(const struct api_field *f, const char *p, bool empty) {
    switch ((enum api_kind)f->kind) {
    case API_BOOL:
        return !AT(bool, p);
    case API_I32:
    case API_U32:
        return !AT(int32_t, p);
    case API_I64:
    case API_U64:
        return !AT(int64_t, p);
    case API_F64:
        return AT(double, p) == 0;
    case API_STR:
    case API_BYTES:
    case API_STRS:
        return empty && f->kind == API_STRS ? !AT(str_list, p).n : !AT(str, p).n;
    case API_QUANTITY:
    case API_RAW:
        return !empty && !AT(str, p).n;
    case API_TIME:
    case API_MICROTIME:
        return !empty && !AT(Time, p).set;
    case API_DURATION:
        return !empty && !AT(Duration, p);
    case API_INT_OR_STRING:
        return !empty && AT(IntOrString, p).kind == INTSTR_NONE;
    case API_MSG:
        return !empty && all_zero(p, f->sub->size);
    case API_KIND_MAX:
        break;
    }
    ASSERT(!"kind");
}

bool json_omits(const struct api_field *f, const void *member) {
    const char *p = member;
    if (!(f->flags & (OMITEMPTY | OMITZERO)))
        return false;
    if (f->shape == API_ONE)
        return ((f->flags & OMITEMPTY) && is_zero(f, p, true)) ||
               ((f->flags & OMITZERO) && is_zero(f, p, false));
    if (f->shape == API_OPT)
        return !opt_is_set(f, p);
    return AT(struct api_seq, p).n == 0;
}

static bool is_field(const struct api_field *f, str name) {
    return str_eq((str){f->json, f->json_len}, name);
}

/* The items of a list are never null, and are written without kind and apiVersion, with one
 * exception: those of PartialObjectMetadataList have them, as have objects in other lists
 * (StatefulSet's volumeClaimTemplates). */
static bool is_metadata_list(const struct api_type *t) {
    return t->info->group && strcmp(t->info->group, "meta.k8s.io") == 0;
}

static void write_value(const struct writer *w, const struct api_type *t, const struct api_field *f,
                        const char *p, enum place place) {
    if (f->shape == API_LIST || f->shape == API_MAP) {
        const struct api_seq *s = &AT(struct api_seq, p);
        bool items = type_is(t, TYPE_LIST) && is_field(f, STR("items"));
        if (s->v || s->n)
            write_seq(w, f, s, !items || is_metadata_list(t));
        else
            buf_add(w->b, items ? STR("[]") : STR("null"));
        return;
    }
    if (f->shape == API_OPT && !opt_is_set(f, p)) {
        buf_adds(w->b, "null");
        return;
    }
    if (f->kind == API_MSG)
        write_message(w, f->sub, f->shape == API_OPT ? AT(char *, p) : p, false, place);
    else
        write_scalar(w->b, f, f->shape == API_OPT ? p + opt_value_offset(f->kind) : p);
}

static void write_seq(const struct writer *w, const struct api_field *f, const struct api_seq *s,
                      bool type_meta) {
    bool map = f->shape == API_MAP;
    size_t stride = seq_stride(f);
    const char *p = s->v;
    put(w->b, map ? '{' : '[');
    for (uint32_t i = 0; i < s->n && !w->b->over; i++, p += stride) {
        if (i)
            put(w->b, ',');
        if (map) {
            json_quote(w->b, AT(str, p));
            put(w->b, ':');
        }
        const char *value = map ? p + MAP_VALUE_OFFSET : p;
        if (f->kind == API_MSG)
            write_message(w, f->sub, value, type_meta, PLACE_OTHER);
        else
            write_scalar(w->b, f, value);
    }
    put(w->b, map ? '}' : ']');
}

static void put_name(struct buf *b, const struct api_field *f, bool *comma) {
    size_t n = f->json_len;
    char *p = room(b, n + 4);
    if (!p)
        return;
    p[0] = ',';
    p[*comma] = '"';
    memcpy(p + *comma + 1, f->json, n);
    p[*comma + 1 + n] = '"';
    p[*comma + 2 + n] = ':';
    b->n += n + 3 + *comma;
    *comma = true;
}

static void write_fields(const struct writer *w, const struct api_type *t, const char *obj,
                         bool *comma, enum place place) {
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const char *p = obj + f->offset;
        if (f->flags & (INLINED | NO_JSON)) {
            if (f->flags & INLINED)
                write_fields(w, f->sub, p, comma, PLACE_OTHER);
            continue;
        }
        if (place == PLACE_METADATA && is_field(f, STR("resourceVersion"))) {
            put_name(w->b, f, comma);
            *w->hole = w->b->n + 1;
            buf_adds(w->b, "\"\"");
            continue;
        }
        if (json_omits(f, p))
            continue;
        put_name(w->b, f, comma);
        bool metadata = place == PLACE_ROOT && is_field(f, STR("metadata"));
        write_value(w, t, f, p, metadata ? PLACE_METADATA : PLACE_OTHER);
    }
}

static void write_type_meta(struct buf *b, const struct api_type *t, bool *comma) {
    const struct api_info *info = t->info;
    buf_adds(b, "\"kind\":\"");
    buf_add(b, str_of(info->kind));
    buf_adds(b, "\",\"apiVersion\":\"");
    if (info->group && info->group[0]) {
        buf_add(b, str_of(info->group));
        put(b, '/');
    }
    buf_add(b, str_of(info->version));
    put(b, '"');
    *comma = true;
}

/* JSONSchemaPropsOrArray and its like print as one of their fields. */
static void write_form(const struct writer *w, const struct api_type *t, const char *obj) {
    bool allows = false;
    const struct api_field *message = NULL, *list = NULL;
    for (unsigned i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        if (f->shape == API_LIST)
            list = f;
        else if (f->kind == API_MSG)
            message = f;
        else if (f->kind == API_BOOL)
            allows = AT(bool, obj + f->offset);
    }
    ASSERT(message);
    if (list && AT(struct api_seq, obj + list->offset).n)
        write_seq(w, list, &AT(struct api_seq, obj + list->offset), false);
    else if (AT(char *, obj + message->offset))
        write_message(w, message->sub, AT(char *, obj + message->offset), false, PLACE_OTHER);
    else if (t->info->form == FORM_OR_BOOL)
        buf_add(w->b, allows ? STR("true") : STR("false"));
    else
        buf_adds(w->b, "null");
}

static void write_message(const struct writer *w, const struct api_type *t, const char *obj,
                          bool type_meta, enum place place) {
    bool comma = false;
    if (t->info->form != FORM_OBJECT) {
        write_form(w, t, obj);
        return;
    }
    put(w->b, '{');
    if (type_meta && type_is(t, TYPE_ROOT))
        write_type_meta(w->b, t, &comma);
    write_fields(w, t, obj, &comma, place);
    put(w->b, '}');
}

void json_write(struct buf *b, const struct api_type *t, const void *obj, unsigned flags,
                size_t *ret_hole) {
    struct writer w = {b, ret_hole};
    if (ret_hole)
        *ret_hole = SIZE_MAX;
    write_message(&w, t, obj, !(flags & JSON_NO_TYPE_META), ret_hole ? PLACE_ROOT : PLACE_OTHER);
}

void json_write_member(struct buf *b, const struct api_type *t, const struct api_field *f,
                       const void *member) {
    struct writer w = {b, NULL};
    write_value(&w, t, f, member, PLACE_OTHER);
}
