// SPDX-License-Identifier: Apache-2.0
/* What a version of a custom resource says of itself beside its schema. */
#include "api/kinds/crd.h"

#define DEPRECATION_WARNING_MAX 256

static const char *const column_types[] = {"boolean", "date", "integer", "number", "string", NULL};
#define COLUMN_TYPES "must be one of boolean,date,integer,number,string"
static const char *const column_formats[] = {"byte",  "date",  "date-time", "double", "float",
                                             "int32", "int64", "password",  NULL};
#define COLUMN_FORMATS "must be one of byte,date,date-time,double,float,int32,int64,password"

/* Control characters, in any of their encodings; other characters that Unicode does not print are
 * let in. Returns the offset of the first, or -1. */
static ssize_t first_unprintable(str s) {
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        unsigned char next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
        if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0xa0))
            return (ssize_t)i;
    }
    return -1;
}

void crd_check_deprecation(struct field_errors *fe, const struct field_path *p,
                           const CustomResourceDefinitionVersion *v) {
    const struct field_path *at = PATH(p, "deprecationWarning");
    str text = v->deprecation_warning;
    if (!text.p)
        return;
    if (!v->deprecated) {
        field_invalid(fe, at, text, "can only be set for deprecated versions");
        return;
    }
    ssize_t bad = first_unprintable(text);
    if (text.n > DEPRECATION_WARNING_MAX)
        field_invalid(fe, at, text, "must be <= 256 characters long");
    if (!text.n)
        field_invalid(fe, at, text, "must not be an empty string");
    if (bad >= 0)
        field_invalid(fe, at, text,
                      "must only contain printable UTF-8 characters; non-printable character found "
                      "at index %zd",
                      bad);
}

/* ---- JSON paths: ".spec.replicas" ---- */

static bool check_json_path(struct field_errors *fe, const struct field_path *p, str path) {
    if (path.n && path.p[0] == '.')
        return true;
    field_invalid(fe, p, path, "must be a simple json path starting with .");
    return false;
}

static void check_scale_path(struct field_errors *fe, const struct field_path *p, str path,
                             const char *under) {
    str want = str_printf(fe->arena, "%s.", under);
    if (!path.n)
        field_required(fe, p, NULL);
    else if (check_json_path(fe, p, path) && !str_starts(path, want))
        field_invalid(fe, p, path, "should be a json path under %s", under);
}

void crd_check_subresources(struct field_errors *fe, const struct field_path *p,
                            const CustomResourceSubresources *s) {
    const CustomResourceSubresourceScale *scale = s ? s->scale : NULL;
    if (!scale)
        return;
    const struct field_path *at = PATH(PATH(p, "subresources"), "scale");
    check_scale_path(fe, PATH(at, "specReplicasPath"), scale->spec_replicas_path, ".spec");
    check_scale_path(fe, PATH(at, "statusReplicasPath"), scale->status_replicas_path, ".status");
    str selector = scale->label_selector_path;
    at = PATH(at, "labelSelectorPath");
    if (selector.n && check_json_path(fe, at, selector) && !str_starts(selector, STR(".spec.")) &&
        !str_starts(selector, STR(".status.")))
        field_invalid(fe, at, selector, "should be a json path under either .spec or .status");
}

static void check_column(struct field_errors *fe, const struct field_path *p,
                         const CustomResourceColumnDefinition *c) {
    if (!c->name.n)
        field_required(fe, PATH(p, "name"), NULL);
    if (!c->type.n)
        field_required(fe, PATH(p, "type"), COLUMN_TYPES);
    else if (!str_in(c->type, column_types))
        field_invalid(fe, PATH(p, "type"), c->type, COLUMN_TYPES);
    if (c->format.n && !str_in(c->format, column_formats))
        field_invalid(fe, PATH(p, "format"), c->format, COLUMN_FORMATS);
    if (!c->json_path.n)
        field_required(fe, PATH(p, "JSONPath"), NULL);
    else
        check_json_path(fe, PATH(p, "JSONPath"), c->json_path);
}

void crd_check_columns(struct field_errors *fe, const struct field_path *p,
                       const CustomResourceDefinitionVersion *v) {
    const struct field_path *at = PATH(p, "additionalPrinterColumns");
    for (uint32_t i = 0; i < v->additional_printer_columns.n; i++)
        check_column(fe, PATH_INDEX(at, i), &v->additional_printer_columns.v[i]);
}
