// SPDX-License-Identifier: Apache-2.0
/* Definitions of custom resources: the strategy, and the order of their checks. The parts stand in
 * crd_names.c, crd_version.c, crd_conversion.c and crd_old.c. */
#include "api/kinds/crd.h"

/* ---- the strategy ---- */

/* The storage version is stored from now on; others stay listed until somebody migrates. */
static void add_stored_version(struct arena *a, CustomResourceDefinition *crd) {
    str_list *stored = &crd->status.stored_versions, all = {0};
    for (uint32_t i = 0; i < stored->n; i++)
        *list_push(a, &all) = stored->v[i];
    for (uint32_t i = 0; i < crd->spec.versions.n; i++) {
        const CustomResourceDefinitionVersion *v = &crd->spec.versions.v[i];
        if (!v->storage)
            continue;
        if (!strings_have(&all, v->name))
            *list_push(a, &all) = v->name;
        break;
    }
    *stored = all;
}

static void crd_defaults(struct hook_ctx *h, void *obj) {
    CustomResourceDefinition *crd = obj;
    CustomResourceDefinitionNames *n = &crd->spec.names;
    if (!n->singular.n)
        n->singular = str_lower(h->arena, n->kind);
    if (!n->list_kind.n && n->kind.n)
        n->list_kind = str_concat(h->arena, n->kind, STR("List"));
    if (!crd->status.stored_versions.n)
        add_stored_version(h->arena, crd);
}

static void crd_create(struct hook_ctx *h, void *obj) {
    CustomResourceDefinition *crd = obj;
    crd->status = (CustomResourceDefinitionStatus){0};
    add_stored_version(h->arena, crd);
}

static void crd_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)old;
    add_stored_version(h->arena, obj);
}

/* ---- versions ---- */

struct crd_form crd_form_of(struct arena *a, const CustomResourceDefinitionSpec *s) {
    static const char *const parts[] = {"schema", "subresources", "additionalPrinterColumns",
                                        "selectableFields"};
    struct crd_form f = {.spec = *s};
    uint32_t n = s->versions.n;
    f.spec.versions.v = n ? arena_dup(a, s->versions.v, n * sizeof(*s->versions.v)) : NULL;
    for (size_t k = 0; n && k < ARRAY_LEN(parts); k++) {
        uint32_t at;
        const struct api_type *t = &CustomResourceDefinitionVersion_type;
        const struct api_field *part = type_field(t, str_of(parts[k]), &at, NULL);
        size_t size = part->shape == API_OPT ? sizeof(void *) : sizeof(struct api_seq);
        bool alike = true;
        for (uint32_t i = 1; alike && i < n; i++)
            alike = api_equal_row(t, parts[k], &s->versions.v[0], &s->versions.v[i]);
        if (!alike)
            continue;
        memcpy((char *)&f.shared + at, (const char *)&s->versions.v[0] + at, size);
        for (uint32_t i = 0; i < n; i++)
            memset((char *)&f.spec.versions.v[i] + at, 0, size);
    }
    return f;
}

static struct name_index version_names(struct arena *a, const CustomResourceDefinitionSpec *s) {
    uint32_t n = s->versions.n;
    return name_index_of(a, n ? &s->versions.v[0].name : NULL, n, sizeof(*s->versions.v));
}

static bool names_unique(struct arena *a, const CustomResourceDefinitionSpec *s) {
    struct name_index x = version_names(a, s);
    for (uint32_t i = 1; i < x.n; i++)
        if (str_eq(x.v[i].name, x.v[i - 1].name))
            return false;
    return true;
}

static bool has_status(const CustomResourceDefinitionVersion *v) {
    return v->subresources && v->subresources->status;
}

static bool any_status(const CustomResourceDefinitionSpec *s) {
    for (uint32_t i = 0; i < s->versions.n; i++)
        if (has_status(&s->versions.v[i]))
            return true;
    return false;
}

/* A stored version has the same there: what it breaks already, it may go on to break. */
static bool keeps(const struct crd_rules *r, const CustomResourceDefinitionVersion *v,
                  const char *row) {
    const CustomResourceDefinitionSpec *was = r->old ? &r->old->spec : NULL;
    for (uint32_t i = 0; was && i < was->versions.n; i++)
        if (str_eq(was->versions.v[i].name, v->name))
            return api_equal_row(&CustomResourceDefinitionVersion_type, row, &was->versions.v[i],
                                 v);
    return false;
}

/* Parts of a version, or of all. */
struct parts {
    const CustomResourceDefinitionVersion *v;
    bool shared; /* the schema's name is `validation` then */
    bool status; /* there is a status subresource */
    bool keeps_schema, keeps_selectable;
};

static struct parts parts_of(const CustomResourceDefinitionVersion *v, const struct crd_rules *r) {
    return (struct parts){.v = v,
                          .keeps_schema = keeps(r, v, "schema"),
                          .keeps_selectable = keeps(r, v, "selectableFields")};
}

static void check_selectable(struct field_errors *fe, const struct field_path *p,
                             const struct parts *part) {
    const struct field_path *at = PATH(p, "selectableFields");
    const JSONSchemaProps *s = crd_version_schema(part->v);
    const char *unsupported = crd_unsupported(s);
    if (!part->v->selectable_fields.n)
        return;
    if (part->shared ? !part->v->schema : !s) {
        field_invalid(fe, at, STR(""), "may only be set when %s included",
                      part->shared ? "validations.schema is"
                                   : "`version.schema.openAPIV3Schema` is not");
        return;
    }
    if (unsupported)
        field_invalid(fe, PATH(p, "schema.openAPIV3Schema"), STR(""), "%s", unsupported);
    crd_check_selectable(fe, at, part->v, unsupported ? NULL : s, part->keeps_selectable);
}

static void check_parts(struct field_errors *fe, const struct field_path *p,
                        const struct parts *part, const struct crd_rules *r) {
    crd_check_schema(fe, PATH(p, part->shared ? "validation" : "schema"),
                     crd_version_schema(part->v), part->status, part->keeps_schema, r);
    crd_check_subresources(fe, p, part->v->subresources);
    crd_check_columns(fe, p, part->v);
    check_selectable(fe, p, part);
}

static void check_version_list(struct field_errors *fe, const struct field_path *p,
                               const struct crd_form *f) {
    const CustomResourceDefinitionSpec *s = &f->spec;
    uint32_t stored = 0;
    bool unique = names_unique(fe->arena, s);
    for (uint32_t i = 0; i < s->versions.n; i++)
        stored += s->versions.v[i].storage;
    if (unique && stored == 1)
        return;
    str shown = go_json_list(fe->arena, &CustomResourceDefinitionVersion_type, s->versions.v,
                             s->versions.n);
    if (!unique)
        field_invalid_printed(fe, p, shown, "must contain unique version names");
    if (stored != 1)
        field_invalid_printed(fe, p, shown,
                              "must have exactly one version marked as storage version");
}

static void check_versions(struct field_errors *fe, const struct field_path *spec,
                           const CustomResourceDefinitionSpec *given, const struct crd_form *f,
                           const struct crd_rules *r) {
    const struct field_path *p = PATH(spec, "versions");
    const CustomResourceDefinitionSpec *s = &f->spec;
    for (uint32_t i = 0; i < s->versions.n; i++) {
        const CustomResourceDefinitionVersion *v = &s->versions.v[i];
        const struct field_path *at = PATH_INDEX(p, i);
        check_name_whole(fe, PATH(at, "name"), v->name, name_dns1035_label);
        crd_check_deprecation(fe, at, v);
        struct parts own = parts_of(v, r);
        own.status = has_status(&given->versions.v[i]);
        check_parts(fe, at, &own, r);
    }
    check_version_list(fe, p, f);
    if (s->versions.n && s->versions.v[0].name.n)
        check_name_whole(fe, PATH(spec, "version"), s->versions.v[0].name, name_dns1035_label);
}

static void check_schemas_there(struct field_errors *fe, const struct field_path *p,
                                const CustomResourceDefinitionSpec *s, const struct crd_rules *r) {
    for (uint32_t i = 0; i < s->versions.n; i++) {
        const CustomResourceDefinitionVersion *v = &s->versions.v[i];
        const struct field_path *at =
            PATH(PATH(PATH_INDEX(PATH(p, "versions"), i), "schema"), "openAPIV3Schema");
        if (crd_version_schema(v))
            continue;
        if (r->schema)
            field_required(fe, at, NULL);
        else if (!s->preserve_unknown_fields && v->served)
            field_required(fe, at, "because otherwise all fields are pruned");
    }
}

/* ---- the spec ---- */

static void check_group(struct field_errors *fe, const struct field_path *p, str group) {
    if (!group.n)
        field_required(fe, p, NULL);
    else if (!name_ok(name_dns1123_subdomain, group))
        check_name_whole(fe, p, group, name_dns1123_subdomain);
    else if (str_chr(group, '.') < 0)
        field_invalid(fe, p, group, "should be a domain with at least one dot");
}

static void check_names_there(struct field_errors *fe, const struct field_path *p,
                              const CustomResourceDefinitionNames *n) {
    const struct {
        const char *name;
        str value;
    } needed[] = {{"plural", n->plural},
                  {"singular", n->singular},
                  {"kind", n->kind},
                  {"listKind", n->list_kind}};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (!needed[i].value.n)
            field_required(fe, PATH(p, needed[i].name), NULL);
}

static void check_spec(struct field_errors *fe, const CustomResourceDefinitionSpec *s,
                       struct crd_rules *r) {
    const struct field_path *p = PATH(NULL, "spec");
    struct crd_form f = crd_form_of(fe->arena, s);
    r->structural |= !s->preserve_unknown_fields || crd_any_schema(s, crd_has_default, NULL) ||
                     crd_any_schema(s, crd_has_extension, NULL);
    check_group(fe, PATH(p, "group"), s->group);
    check_rows(fe, p, CustomResourceDefinitionSpec, s, "scope");
    check_schemas_there(fe, p, s, r);
    if (s->preserve_unknown_fields && crd_any_schema(s, crd_has_default, NULL))
        field_invalid_printed(fe, PATH(p, "preserveUnknownFields"), STR("true"),
                              "must be false in order to use defaults in the schema");
    check_versions(fe, p, s, &f, r);
    check_names_there(fe, PATH(p, "names"), &s->names);
    crd_check_names(fe, PATH(p, "names"), &s->names);
    struct parts shared = s->versions.n ? parts_of(&s->versions.v[0], r) : (struct parts){0};
    shared.v = &f.shared;
    shared.shared = true;
    shared.status = any_status(s);
    check_parts(fe, p, &shared, r);
    if (s->conversion && !str_eqc(s->conversion->strategy, "None") && s->preserve_unknown_fields)
        field_invalid(fe, PATH(PATH(p, "conversion"), "strategy"), s->conversion->strategy,
                      "must be None if spec.preserveUnknownFields is true");
    crd_check_conversion(fe, PATH(p, "conversion"), s->conversion, r);
}

static void check_spec_update(struct field_errors *fe, const CustomResourceDefinitionSpec *s,
                              const CustomResourceDefinitionSpec *was, const struct crd_rules *r) {
    const struct field_path *p = PATH(NULL, "spec"), *names = PATH(p, "names");
    if (r->names_immutable) {
        check_same(fe, PATH(p, "scope"), s->scope, was->scope);
        check_same(fe, PATH(names, "kind"), s->names.kind, was->names.kind);
    }
    check_same(fe, PATH(p, "group"), s->group, was->group);
    check_same(fe, PATH(names, "plural"), s->names.plural, was->names.plural);
}

/* ---- the whole ---- */

static void check_stored_versions(struct field_errors *fe, const CustomResourceDefinition *crd) {
    const struct field_path *p = PATH(PATH(NULL, "status"), "storedVersions");
    const str_list *stored = &crd->status.stored_versions;
    const CustomResourceDefinitionSpec *s = &crd->spec;
    struct name_index in_status = name_index_of(fe->arena, stored->v, stored->n, sizeof(str));
    struct name_index in_spec = version_names(fe->arena, s);
    if (!stored->n) {
        field_invalid_printed(fe, p, STR("null"), "must have at least one stored version");
        return;
    }
    for (uint32_t i = 0; i < s->versions.n; i++)
        if (s->versions.v[i].storage && name_index_first(&in_status, s->versions.v[i].name) < 0)
            field_invalid_printed(fe, p, strings_json(fe->arena, stored),
                                  "must have the storage version " STR_FMT,
                                  STR_ARG(s->versions.v[i].name));
    for (uint32_t i = 0; i < stored->n; i++)
        if (name_index_first(&in_spec, stored->v[i]) < 0)
            field_invalid(fe, PATH_INDEX(p, i), stored->v[i],
                          "missing from spec.versions; " STR_FMT
                          " was previously a storage version, and must remain in spec.versions "
                          "until a storage migration ensures no data remains persisted in " STR_FMT
                          " and removes " STR_FMT " from status.storedVersions",
                          STR_ARG(stored->v[i]), STR_ARG(stored->v[i]), STR_ARG(stored->v[i]));
}

static void check_status(struct field_errors *fe, const CustomResourceDefinition *crd) {
    crd_check_names(fe, PATH(PATH(NULL, "status"), "acceptedNames"), &crd->status.accepted_names);
}

static void check_name(struct field_errors *fe, const CustomResourceDefinition *crd) {
    str want = str_printf(fe->arena, STR_FMT "." STR_FMT, STR_ARG(crd->spec.names.plural),
                          STR_ARG(crd->spec.group));
    if (!str_eq(crd->metadata.name, want))
        field_invalid(fe, PATH(PATH(NULL, "metadata"), "name"), crd->metadata.name,
                      "must be spec.names.plural+\".\"+spec.group");
}

static void crd_validate(struct field_errors *fe, const void *obj, const void *old) {
    const CustomResourceDefinition *crd = obj, *was = old;
    const struct field_path *p = PATH(NULL, "spec");
    struct crd_rules r = crd_rules_of(fe->arena, was);
    if (list_too_long(fe, PATH(p, "versions"), crd->spec.versions.n))
        return;
    if (!was)
        check_name(fe, crd);
    check_spec(fe, &crd->spec, &r);
    if (was)
        check_spec_update(fe, &crd->spec, &was->spec, &r);
    check_status(fe, crd);
    check_stored_versions(fe, crd);
    crd_check_approval(fe, crd, was);
    if (crd->spec.preserve_unknown_fields && !(was && was->spec.preserve_unknown_fields))
        field_invalid_printed(
            fe, PATH(p, "preserveUnknownFields"), STR("true"),
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true "
            "in spec.versions[*].schema instead");
}

static void crd_validate_status(struct field_errors *fe, const void *obj, const void *old) {
    (void)old;
    check_status(fe, obj);
}

const struct hooks hooks_apiextensions_v1_customresourcedefinitions = {
    .group = "apiextensions.k8s.io",
    .resource = "customresourcedefinitions",
    .defaults = crd_defaults,
    .prepare_create = crd_create,
    .prepare_update = crd_update,
    .validate_write = crd_validate,
    .validate_status = crd_validate_status,
    .warn = crd_warn,
    .counts_generation = true,
};
