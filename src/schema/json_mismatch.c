// SPDX-License-Identifier: Apache-2.0
/* What the typed reader says about values that do not fit and fields that it does not know. */
#include "base/vec.h"
#include "schema/json_reader.h"
#include "schema/ops.h"

/* "io.k8s.api.core.v1.PodSpec" -> "v1.PodSpec", or "PodSpec". */
static str go_name(const struct api_type *t, int parts) {
    str s = str_of(t->info->openapi ? t->info->openapi : t->name);
    for (size_t i = s.n; i-- > 0;)
        if (s.p[i] == '.' && --parts == 0)
            return str_slice(s, i + 1, s.n);
    return s;
}

static str kind_name(struct arena *a, const struct api_field *f) {
    static const char *const names[API_KIND_MAX] = {
        [API_BOOL] = "bool",
        [API_I32] = "int32",
        [API_I64] = "int64",
        [API_U32] = "uint32",
        [API_U64] = "uint64",
        [API_F64] = "float64",
        [API_STR] = "string",
        [API_BYTES] = "[]uint8",
        [API_QUANTITY] = "resource.Quantity",
        [API_TIME] = "string",
        [API_MICROTIME] = "string",
        [API_DURATION] = "string",
        [API_INT_OR_STRING] = "int32",
        [API_RAW] = "runtime.RawExtension",
        [API_STRS] = "[]string",
    };
    if (f->kind == API_MSG)
        return go_name(f->sub, 2);
    if (f->attr && f->attr->go_type)
        return str_of(f->attr->go_type);
    return str_of(names[f->kind]);
}

static str field_type_name(struct arena *a, const struct api_field *f, bool element) {
    str kind = kind_name(a, f);
    if (element || f->shape == API_ONE || f->shape == API_OPT)
        return kind;
    if (f->shape == API_LIST)
        return str_printf(a, "[]" STR_FMT, STR_ARG(kind));
    if (f->kind == API_QUANTITY)
        return STR("v1.ResourceList");
    return str_printf(a, "map[string]" STR_FMT, STR_ARG(kind));
}

/* "spec.template.spec.containers": fields only, as Go tells it. */
static str go_path(struct arena *a, const struct json_frame *at) {
    str path = STR_NONE;
    for (; at; at = at->up)
        if (at->type)
            path = path.n ? str_printf(a, STR_FMT "." STR_FMT, STR_ARG(at->key), STR_ARG(path))
                          : at->key;
    return path;
}

static str value_name(struct arena *a, str text, str type) {
    switch (text.n ? text.p[0] : 0) {
    case '"':
        return STR("string");
    case '{':
        return STR("object");
    case '[':
        return STR("array");
    case 't':
    case 'f':
        return STR("bool");
    }
    /* The number itself is told where a number was wanted but not this one. */
    if (str_starts(type, STR("int")) || str_starts(type, STR("uint")) || str_eqc(type, "float64"))
        return str_printf(a, "number " STR_FMT, STR_ARG(text));
    return STR("number");
}

static bool mismatch(struct json_reader *r, const struct json_frame *at, str type) {
    lex_peek(&r->in);
    const char *from = r->in.p;
    if (!lex_skip(&r->in))
        return false;
    if (r->error)
        return true;
    str value = value_name(r->a, (str){from, (size_t)(r->in.p - from)}, type);
    const struct json_frame *object = at;
    while (object && !object->type)
        object = object->up;
    if (!object) {
        r->error = err_set(r->e, -EINVAL,
                           "json: cannot unmarshal " STR_FMT " into Go value of type " STR_FMT,
                           STR_ARG(value), STR_ARG(type));
        return true;
    }
    str name = go_name(object->type, 1), path = go_path(r->a, at);
    r->error = err_set(r->e, -EINVAL,
                       "json: cannot unmarshal " STR_FMT " into Go struct field " STR_FMT
                       "." STR_FMT " of type " STR_FMT,
                       STR_ARG(value), STR_ARG(name), STR_ARG(path), STR_ARG(type));
    return true;
}

bool json_mismatch(struct json_reader *r, const struct json_frame *at, const struct api_field *f,
                   bool element, const char *go_type) {
    return mismatch(r, at, go_type ? str_of(go_type) : field_type_name(r->a, f, element));
}

bool json_mismatch_type(struct json_reader *r, const struct json_frame *at,
                        const struct api_type *t) {
    return mismatch(r, at, go_name(t, 2));
}

/* spec.template.spec.containers[0].foo */
static void add_path(struct buf *b, const struct json_frame *at) {
    if (!at)
        return;
    add_path(b, at->up);
    if (!at->key.p)
        buf_printf(b, "[%u]", at->index);
    else
        buf_printf(b, "%s" STR_FMT, b->n ? "." : "", STR_ARG(at->key));
}

/* Paths may be as long as the text, so their room counts even when they were said before. */
static void report(struct json_reader *r, const struct json_frame *at, const char *what,
                   str_list *paths) {
    struct decode_report *report = r->report;
    struct buf b;
    if (report->all.n >= DECODE_REPORT_MAX || arena_over(r->a))
        return;
    buf_init(&b, 0);
    add_path(&b, at);
    str path = str_dup(r->a, buf_str(&b));
    buf_clear(&b);
    buf_printf(&b, "%s field ", what);
    go_quote(&b, path);
    str text = str_dup(r->a, buf_str(&b));
    buf_done(&b);
    for (uint32_t i = 0; i < report->all.n; i++)
        if (str_eq(report->all.v[i], text))
            return;
    *list_push(r->a, &report->all) = text;
    *list_push(r->a, paths) = path;
}

void json_report_unknown(struct json_reader *r, const struct json_frame *at) {
    if (r->report)
        report(r, at, "unknown", &r->report->unknown);
}

void json_report_duplicate(struct json_reader *r, const struct json_frame *at) {
    if (r->report)
        report(r, at, "duplicate", &r->report->duplicate);
}
