// SPDX-License-Identifier: Apache-2.0
/* Formats in schemas that the server does not know, and so does not check. */
#include "api/kinds/crd.h"
#include "api/kinds/warn.h"
#include "api/structural/structural.h"

struct formats {
    struct warnings *w;
    str_list seen; /* of the stored definition, and those that were told of */
    bool tell;
};

static bool is_known(const JSONSchemaProps *s) {
    static const char *const integers[] = {"int32", "int64", NULL};
    static const char *const numbers[] = {"float", "double", NULL};
    if (!s->type.n || str_eqc(s->type, "string"))
        return format_known(s->format);
    if (str_eqc(s->type, "integer"))
        return str_in(s->format, integers);
    return str_eqc(s->type, "number") && str_in(s->format, numbers);
}

/* Goes through all schemas unless there is no room for more. */
static bool note_format(const JSONSchemaProps *s, void *ctx) {
    struct formats *f = ctx;
    if (!s->format.n || is_known(s) || strings_have(&f->seen, s->format))
        return false;
    *list_push(f->w->arena, &f->seen) = s->format;
    if (f->tell)
        warn_text(f->w, "unrecognized format " STR_FMT, STR_ARG(warn_quoted(f->w, s->format)));
    return warnings_full(f->w) || f->seen.n >= WARN_COMPARED_MAX;
}

void crd_warn(struct warnings *w, const void *obj, const void *old) {
    const CustomResourceDefinition *crd = obj, *was = old;
    struct formats f = {.w = w};
    if (was)
        crd_any_schema(&was->spec, note_format, &f);
    f.tell = true;
    crd_any_schema(&crd->spec, note_format, &f);
}
