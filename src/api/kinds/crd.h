// SPDX-License-Identifier: Apache-2.0
/* The parts of the checks of a CustomResourceDefinition (crd.c has their order). Paths are those of
 * upstream's internal form: what all versions have alike (schema, subresources, columns, selectable
 * fields) stands there once, as spec.validation, spec.subresources and so on, and the versions have
 * none. A definition of one version therefore never shows a path below spec.versions for them. */
#pragma once

#include "api/kinds/kinds.h"

/* What is asked. Most of it is waived on update when the stored definition already breaks it. */
struct crd_rules {
    const CustomResourceDefinition *old; /* NULL: create */
    bool known_review;    /* a conversion webhook takes a version of reviews that is known */
    bool names_immutable; /* scope and kind: the definition is established */
    bool schema;          /* every version has one */
    bool types;           /* types are those of OpenAPI v3 */
    bool structural;
    bool pruned_defaults; /* defaults hold no unknown fields */
    bool atomic_sets;     /* items of sets are atomic */
    bool list_map_keys;   /* keys of list maps are required or have a default */
    bool ca_bundle;       /* is one */
};

struct crd_form {
    CustomResourceDefinitionSpec spec;      /* its versions without what they share */
    CustomResourceDefinitionVersion shared; /* nothing but that */
};
struct crd_form crd_form_of(struct arena *a, const CustomResourceDefinitionSpec *s);

/* ---- crd_old.c: what a stored definition waives ---- */
struct crd_rules crd_rules_of(struct arena *a, const CustomResourceDefinition *old);
bool crd_established(const CustomResourceDefinition *crd);

/* Whether a schema below s, or s, is such; s NULL: none. */
typedef bool crd_schema_test(const JSONSchemaProps *s, void *ctx);
bool crd_schema_any(const JSONSchemaProps *s, crd_schema_test *is, void *ctx);
/* The same of any version's schema. */
bool crd_any_schema(const CustomResourceDefinitionSpec *s, crd_schema_test *is, void *ctx);
bool crd_has_default(const JSONSchemaProps *s, void *ctx);
/* Uses an extension that only structural schemas may. */
bool crd_has_extension(const JSONSchemaProps *s, void *ctx);
const JSONSchemaProps *crd_version_schema(const CustomResourceDefinitionVersion *v);

/* ---- crd_names.c: p is spec.names or status.acceptedNames ---- */
void crd_check_names(struct field_errors *fe, const struct field_path *p,
                     const CustomResourceDefinitionNames *n);
/* Groups of the community need an annotation that says who approved of the API. */
void crd_check_approval(struct field_errors *fe, const CustomResourceDefinition *crd,
                        const CustomResourceDefinition *old);

/* ---- crd_version.c ---- */
/* p is spec.versions[i], or spec for what is alike in all of them. */
void crd_check_deprecation(struct field_errors *fe, const struct field_path *p,
                           const CustomResourceDefinitionVersion *v);
void crd_check_subresources(struct field_errors *fe, const struct field_path *p,
                            const CustomResourceSubresources *s);
void crd_check_columns(struct field_errors *fe, const struct field_path *p,
                       const CustomResourceDefinitionVersion *v);

/* ---- crd_conversion.c: p is spec.conversion ---- */
void crd_check_conversion(struct field_errors *fe, const struct field_path *p,
                          const CustomResourceConversion *c, const struct crd_rules *r);
/* Not a bundle of certificates; NULL: it is, or it is empty. */
bool crd_ca_bundle_bad(const CustomResourceConversion *c);
