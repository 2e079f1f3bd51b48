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
const JSONSchemaProps *crd_items(const JSONSchemaProps *s); /* NULL: none, or a list of them */
const JSONSchemaProps *crd_property(const JSONSchemaProps *s, str name);

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

/* ---- warn_crd.c ---- */
void crd_warn(struct warnings *w, const void *obj, const void *old);

/* ---- crd_schema.c: p is the path of the CustomResourceValidation, s its schema or NULL ---- */
/* status: the version has a status subresource, so its root allows less. kept: it is the stored
 * schema, none of whose rules is refused now for its cost. */
void crd_check_schema(struct field_errors *fe, const struct field_path *p, const JSONSchemaProps *s,
                      bool status, bool kept, const struct crd_rules *r);
bool crd_type_unknown(const JSONSchemaProps *s, void *ctx);

/* How often values of a place may be there in one resource. */
struct crd_repeats {
    bool unbounded; /* within a list or map of any length */
    uint64_t n;     /* else */
};

/* A place in a schema: what those above ask of it. */
struct crd_place {
    struct crd_repeats repeats;
    bool root;
    bool narrows;                          /* in allOf, anyOf, oneOf, not and the like */
    bool in_meta;                          /* in the metadata of a resource */
    str no_default;                        /* p set: why a default is forbidden */
    const struct field_path *uncorrelated; /* no oldSelf below this path; NULL: there may be */
};

/* ---- crd_schema_lists.c: list types, map types and keys ---- */
void crd_check_topology(struct field_errors *fe, const struct field_path *p,
                        const JSONSchemaProps *s, const struct crd_rules *r);
bool crd_set_of_parts(const JSONSchemaProps *s, void *ctx);   /* items of a set are not atomic */
bool crd_loose_map_keys(const JSONSchemaProps *s, void *ctx); /* keys may be absent or null */

/* ---- crd_cost.c: what rules may cost at most, as estimated ---- */
#define CRD_RULE_COST_MAX UINT64_C(10000000)  /* a rule, at all the places where it holds */
#define CRD_COST_MAX      UINT64_C(100000000) /* all rules of a schema */
#define CRD_COSTLY_MAX    4                   /* so many are named when all cost too much */

struct crd_costly {
    struct arena arena;          /* of at */
    const struct field_path *at; /* NULL: none */
    uint64_t cost;
};
/* Starts cleared, but for kept. */
struct crd_costs {
    bool kept; /* crd_check_schema */
    uint64_t total;
    struct crd_costly most[CRD_COSTLY_MAX]; /* most expensive first */
};
/* Of what s holds, which is there r times. */
struct crd_repeats crd_repeats_below(struct crd_repeats r, const JSONSchemaProps *s);
/* fits: how often it may be there at most when r does not say. */
uint64_t crd_cost_times(uint64_t cost, struct crd_repeats r, uint64_t fits);
/* what: "estimated rule cost". */
void crd_cost_add(struct field_errors *fe, const struct field_path *p, const char *what,
                  uint64_t cost, struct crd_costs *c);
void crd_check_costs(struct field_errors *fe, const struct field_path *p,
                     const struct crd_costs *c);
void crd_costs_done(struct crd_costs *c);

/* ---- crd_rules.c: x-kubernetes-validations, but for what they compute ---- */
void crd_check_rules(struct field_errors *fe, const struct field_path *p, const JSONSchemaProps *s,
                     bool paths);
/* What they compute, of a schema without other errors. */
void crd_check_expressions(struct field_errors *fe, const struct field_path *p,
                           const JSONSchemaProps *s, const struct crd_place *in,
                           struct crd_costs *costs);

/* ---- crd_path.c: ".spec.replicas" or ".data['a']" through a schema ---- */
struct crd_path_end {
    str text, first;           /* "spec.replicas", "spec" */
    const JSONSchemaProps *at; /* NULL: nothing is said of what stands there */
};
/* NULL when it leads somewhere, otherwise what is wrong with it. */
const char *crd_path(struct arena *a, const JSONSchemaProps *s, str path, bool brackets,
                     struct crd_path_end *ret);
void crd_check_selectable(struct field_errors *fe, const struct field_path *p,
                          const CustomResourceDefinitionVersion *v, const JSONSchemaProps *s,
                          bool many);

/* ---- crd_structural.c ---- */
/* Why a schema has no structural form at all; NULL: it has one. */
const char *crd_unsupported(const JSONSchemaProps *s);
/* The rules of structural schemas; errors in the order of their texts. */
void crd_check_structural(struct field_errors *fe, const struct field_path *p,
                          const JSONSchemaProps *s);
