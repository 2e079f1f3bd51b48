// SPDX-License-Identifier: Apache-2.0
/* A definition that was let in before a rule came does not have to meet it to be updated. */
#include "api/kinds/crd.h"
#include "api/kinds/webhook_client.h"
#include "api/structural/structural.h"
#include "schema/entry.h"

const JSONSchemaProps *crd_version_schema(const CustomResourceDefinitionVersion *v) {
    return v->schema ? v->schema->open_apiv3_schema : NULL;
}

const JSONSchemaProps *crd_items(const JSONSchemaProps *s) {
    return s->items ? s->items->schema : NULL;
}

const JSONSchemaProps *crd_property(const JSONSchemaProps *s, str name) {
    uint32_t low = 0, high = s->properties.n;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        int order = str_cmp(s->properties.v[mid].key, name);
        if (!order)
            return &s->properties.v[mid].value;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* Schemas stand in schemas by way of the fields, alternatives and maps of their rows. */
static bool any_below(const struct api_type *t, const void *obj, crd_schema_test *is, void *ctx) {
    if (t == &JSONSchemaProps_type && is(obj, ctx))
        return true;
    for (uint16_t i = 0; i < t->n_fields; i++) {
        const struct api_field *f = &t->fields[i];
        const void *at = (const char *)obj + f->offset;
        if (f->kind != API_MSG)
            continue;
        if (f->shape == API_OPT) {
            const void *sub = *(void *const *)at;
            if (sub && any_below(f->sub, sub, is, ctx))
                return true;
            continue;
        }
        const struct api_seq *s = at;
        for (uint32_t k = 0; k < s->n; k++)
            if (any_below(f->sub, seq_value(f, s, k), is, ctx))
                return true;
    }
    return false;
}

bool crd_schema_any(const JSONSchemaProps *s, crd_schema_test *is, void *ctx) {
    return s && any_below(&JSONSchemaProps_type, s, is, ctx);
}

bool crd_any_schema(const CustomResourceDefinitionSpec *s, crd_schema_test *is, void *ctx) {
    for (uint32_t i = 0; i < s->versions.n; i++)
        if (crd_schema_any(crd_version_schema(&s->versions.v[i]), is, ctx))
            return true;
    return false;
}

bool crd_has_default(const JSONSchemaProps *s, void *ctx) {
    (void)ctx;
    return s->default_.p != NULL;
}

bool crd_has_extension(const JSONSchemaProps *s, void *ctx) {
    (void)ctx;
    return s->x_embedded_resource || s->x_preserve_unknown_fields.set || s->x_int_or_string ||
           s->x_list_map_keys.n || s->x_list_type.p || s->x_validations.n;
}

bool crd_established(const CustomResourceDefinition *crd) {
    for (uint32_t i = 0; i < crd->status.conditions.n; i++)
        if (str_eqc(crd->status.conditions.v[i].type, "Established"))
            return str_eqc(crd->status.conditions.v[i].status, "True");
    return false;
}

static bool takes_known_review(const CustomResourceConversion *c) {
    const WebhookConversion *w = c ? c->webhook : NULL;
    return !w || !w->conversion_review_versions.n ||
           knows_review_version(&w->conversion_review_versions);
}

static bool all_have_schemas(const CustomResourceDefinitionSpec *s) {
    for (uint32_t i = 0; i < s->versions.n; i++)
        if (!crd_version_schema(&s->versions.v[i]))
            return false;
    return true;
}

static bool is_structural(struct arena *a, const JSONSchemaProps *s) {
    struct field_errors fe = {.arena = a};
    if (!crd_unsupported(s))
        crd_check_structural(&fe, NULL, s);
    return !fe.list.n && !crd_unsupported(s);
}

/* What is asked of the structure of schemas and of their defaults. */
static void look_at_schemas(struct arena *a, const CustomResourceDefinitionSpec *s,
                            struct crd_rules *r) {
    for (uint32_t i = 0; i < s->versions.n; i++) {
        const JSONSchemaProps *schema = crd_version_schema(&s->versions.v[i]);
        if (!schema)
            continue;
        if (!is_structural(a, schema))
            r->structural = false;
        else if (crd_schema_any(schema, crd_has_default, NULL) &&
                 structural_default_loose(a, structural_of(a, schema)))
            r->pruned_defaults = false;
    }
}

struct crd_rules crd_rules_of(struct arena *a, const CustomResourceDefinition *old) {
    struct crd_rules r = {
        .old = old,
        .known_review = true,
        .schema = true,
        .types = true,
        .structural = true,
        .pruned_defaults = true,
        .atomic_sets = true,
        .list_map_keys = true,
    };
    if (!old)
        return r;
    const CustomResourceDefinitionSpec *s = &old->spec;
    r.types = !crd_any_schema(s, crd_type_unknown, NULL);
    look_at_schemas(a, s, &r);
    r.atomic_sets = !crd_any_schema(s, crd_set_of_parts, NULL);
    r.list_map_keys = !crd_any_schema(s, crd_loose_map_keys, NULL);
    r.known_review = takes_known_review(s->conversion);
    r.names_immutable = crd_established(old);
    r.schema = all_have_schemas(s);
    r.ca_bundle = crd_established(old) && !crd_ca_bundle_bad(s->conversion);
    return r;
}
