// SPDX-License-Identifier: Apache-2.0
/* Reviews of access: questions that are answered and not stored, so their metadata stays empty. */
#include "api/kinds/kinds.h"

static bool check_selector_form(struct field_errors *fe, const struct field_path *p, str raw,
                                uint32_t requirements) {
    if (raw.n && requirements)
        field_invalid(fe, PATH(p, "rawSelector"), raw,
                      "may not specified at the same time as requirements");
    if (!raw.n && !requirements) {
        str path = field_path_str(fe->arena, p);
        field_required(fe, PATH(p, "requirements"),
                       str_printf(fe->arena,
                                  "when " STR_FMT
                                  " is specified, requirements or rawSelector is required",
                                  STR_ARG(path))
                           .p);
    }
    return requirements;
}

/* Operators that this server does not know are for others to judge. */
static void check_field_requirement(struct field_errors *fe, const struct field_path *p,
                                    const FieldSelectorRequirement *r) {
    if (!r->key.n)
        field_required(fe, PATH(p, "key"), "must be specified");
    check_operator_values(fe, p, r->operator_, &r->values);
}

static void check_resource(struct field_errors *fe, const struct field_path *p,
                           const ResourceAttributes *r) {
    const FieldSelectorAttributes *f = r->field_selector;
    const LabelSelectorAttributes *l = r->label_selector;
    const struct field_path *fields = PATH(p, "fieldSelector"), *labels = PATH(p, "labelSelector");
    if (f && check_selector_form(fe, fields, f->raw_selector, f->requirements.n))
        for (uint32_t i = 0; i < f->requirements.n; i++)
            check_field_requirement(fe, PATH_INDEX(PATH(fields, "requirements"), i),
                                    &f->requirements.v[i]);
    if (l && check_selector_form(fe, labels, l->raw_selector, l->requirements.n))
        for (uint32_t i = 0; i < l->requirements.n; i++)
            check_label_requirement(fe, PATH_INDEX(PATH(labels, "requirements"), i),
                                    &l->requirements.v[i], true);
}

/* subject: NULL where it is the caller. */
static void check_attributes(struct field_errors *fe, const ResourceAttributes *resource,
                             const NonResourceAttributes *path,
                             const SubjectAccessReviewSpec *subject) {
    const struct field_path *spec = PATH(NULL, "spec");
    if (resource && path)
        field_invalid_printed(fe, PATH(spec, "nonResourceAttributes"),
                              go_json(fe->arena, &NonResourceAttributes_type, path),
                              "cannot be specified in combination with resourceAttributes");
    if (!resource && !path)
        field_invalid_printed(fe, PATH(spec, "resourceAttributes"), STR("null"),
                              "exactly one of nonResourceAttributes or resourceAttributes must be "
                              "specified");
    if (subject && !subject->user.n && !subject->groups.n)
        field_invalid(fe, PATH(spec, "user"), STR(""),
                      "at least one of user or group must be specified");
    if (resource)
        check_resource(fe, PATH(spec, "resourceAttributes"), resource);
}

static void check_empty_meta(struct field_errors *fe, const ObjectMeta *m, bool local) {
    ObjectMeta copy = *m;
    memset(&copy.managed_fields, 0, sizeof(copy.managed_fields));
    if (local)
        copy.namespace_ = STR_NONE;
    if (!api_equal(&ObjectMeta_type, &copy, &(ObjectMeta){0}))
        field_invalid_printed(fe, PATH(NULL, "metadata"), go_json(fe->arena, &ObjectMeta_type, m),
                              local ? "must be empty except for namespace" : "must be empty");
}

static void subject_validate(struct field_errors *fe, const void *obj) {
    const SubjectAccessReview *r = obj;
    check_attributes(fe, r->spec.resource_attributes, r->spec.non_resource_attributes, &r->spec);
    check_empty_meta(fe, &r->metadata, false);
}

static void self_validate(struct field_errors *fe, const void *obj) {
    const SelfSubjectAccessReview *r = obj;
    check_attributes(fe, r->spec.resource_attributes, r->spec.non_resource_attributes, NULL);
    check_empty_meta(fe, &r->metadata, false);
}

static void local_validate(struct field_errors *fe, const void *obj) {
    const LocalSubjectAccessReview *r = obj;
    const ResourceAttributes *resource = r->spec.resource_attributes;
    const struct field_path *spec = PATH(NULL, "spec");
    check_attributes(fe, resource, r->spec.non_resource_attributes, &r->spec);
    check_empty_meta(fe, &r->metadata, true);
    if (resource && !str_eq(resource->namespace_, r->metadata.namespace_))
        field_invalid(fe, PATH(PATH(spec, "resourceAttributes"), "namespace"), resource->namespace_,
                      "must match metadata.namespace");
    if (r->spec.non_resource_attributes)
        field_invalid(fe, PATH(spec, "nonResourceAttributes"),
                      r->spec.non_resource_attributes->path, "disallowed on this kind of request");
}

const struct hooks hooks_authorization_v1_subjectaccessreviews = {
    .group = "authorization.k8s.io",
    .resource = "subjectaccessreviews",
    .validate = subject_validate,
};

const struct hooks hooks_authorization_v1_selfsubjectaccessreviews = {
    .group = "authorization.k8s.io",
    .resource = "selfsubjectaccessreviews",
    .validate = self_validate,
};

const struct hooks hooks_authorization_v1_localsubjectaccessreviews = {
    .group = "authorization.k8s.io",
    .resource = "localsubjectaccessreviews",
    .validate = local_validate,
};
