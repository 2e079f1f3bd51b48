// SPDX-License-Identifier: Apache-2.0
/* Classes of storage, and of what can be changed of a volume. */
#include <stdlib.h>

#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"

#define PARAMETERS_MAX       512
#define PARAMETERS_BYTES_MAX (256 * 1024)

static void check_provisioner(struct field_errors *fe, const struct field_path *p, str name) {
    if (!name.n)
        field_required(fe, p, NULL);
    else
        field_check_name(fe, p, str_lower(fe->arena, name), name_qualified);
}

static void check_parameters(struct field_errors *fe, const struct field_path *p,
                             const str_map *m) {
    if (m->n > PARAMETERS_MAX) {
        field_too_long(fe, p, PARAMETERS_MAX);
        return;
    }
    for (uint32_t i = 0; i < m->n; i++)
        if (!m->v[i].key.n)
            field_invalid(fe, p, STR_NONE, "field can not be empty.");
    if (map_bytes(m) > PARAMETERS_BYTES_MAX)
        field_too_long(fe, p, PARAMETERS_BYTES_MAX);
}

/* ---- where a class may put volumes ---- */

static int by_text(const void *x, const void *y) {
    return str_cmp(*(const str *)x, *(const str *)y);
}

static int by_key(const void *x, const void *y) {
    return str_cmp(((const TopologySelectorLabelRequirement *)x)->key,
                   ((const TopologySelectorLabelRequirement *)y)->key);
}

/* The same text for terms that mean the same: order and repetition do not count. */
static str term_text(struct arena *a, const TopologySelectorTerm *t) {
    struct buf b;
    uint32_t n = t->match_label_expressions.n;
    TopologySelectorLabelRequirement *sorted = arena_array(a, n + 1, sizeof(*sorted));
    buf_init(&b, 0);
    if (n)
        memcpy(sorted, t->match_label_expressions.v, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t m = sorted[i].values.n;
        str *values = arena_array(a, m + 1, sizeof(*values));
        if (m)
            memcpy(values, sorted[i].values.v, m * sizeof(*values));
        qsort(values, m, sizeof(*values), by_text);
        go_quote(&b, sorted[i].key);
        for (uint32_t k = 0; k < m; k++)
            if (!k || !str_eq(values[k], values[k - 1]))
                go_quote(&b, values[k]);
        buf_addc(&b, ';');
    }
    str s = str_dup(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static void check_requirement(struct field_errors *fe, const struct field_path *p,
                              const TopologySelectorLabelRequirement *r) {
    struct name_index x = name_index_of(fe->arena, r->values.v, r->values.n, sizeof(str));
    check_rows(fe, p, TopologySelectorLabelRequirement, r, "values");
    for (uint32_t i = 0; i < r->values.n; i++)
        if (name_index_first(&x, r->values.v[i]) != i)
            field_duplicate(fe, PATH_INDEX(PATH(p, "values"), i), r->values.v[i]);
    field_check_name(fe, PATH(p, "key"), r->key, name_qualified);
}

static void check_term(struct field_errors *fe, const struct field_path *p,
                       const TopologySelectorTerm *t) {
    uint32_t n = t->match_label_expressions.n;
    const TopologySelectorLabelRequirement *v = t->match_label_expressions.v;
    struct name_index x = name_index_of(fe->arena, n ? &v->key : NULL, n, sizeof(*v));
    for (uint32_t i = 0; i < n; i++) {
        const struct field_path *at = PATH_INDEX(PATH(p, "matchLabelExpressions"), i);
        check_requirement(fe, at, &v[i]);
        if (name_index_first(&x, v[i].key) != i)
            field_duplicate(fe, PATH(at, "key"), v[i].key);
    }
}

/* Upstream compares each term with those before it and with as many empty ones as there are terms:
 * an empty term is always a duplicate. */
static void check_topologies(struct field_errors *fe, const StorageClass *c) {
    const struct field_path *p = PATH(NULL, "allowedTopologies");
    uint32_t n = c->allowed_topologies.n;
    str *texts = arena_array(fe->arena, n, sizeof(*texts));
    uint32_t *seen = arena_array(fe->arena, n, sizeof(*seen)); /* by the first of its text */
    for (uint32_t i = 0; i < n; i++)
        texts[i] = term_text(fe->arena, &c->allowed_topologies.v[i]);
    struct name_index x = name_index_of(fe->arena, texts, n, sizeof(*texts));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        const struct field_path *at = PATH_INDEX(p, i);
        uint32_t same = seen[name_index_first(&x, texts[i])]++ + (texts[i].n ? 0 : n);
        check_term(fe, at, &c->allowed_topologies.v[i]);
        for (; same && !field_errors_full(fe); same--)
            field_duplicate(fe, PATH(at, "matchLabelExpressions"), STR_NONE);
    }
}

/* ---- StorageClass ---- */

static void class_validate(struct field_errors *fe, const void *obj) {
    const StorageClass *c = obj;
    check_provisioner(fe, PATH(NULL, "provisioner"), c->provisioner);
    check_parameters(fe, PATH(NULL, "parameters"), &c->parameters);
    if (c->reclaim_policy.n)
        check_rows(fe, NULL, StorageClass, c, "reclaimPolicy");
    check_rows(fe, NULL, StorageClass, c, "volumeBindingMode");
    check_topologies(fe, c);
}

static void class_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const StorageClass *c = obj, *was = old;
    if (!maps_same(&c->parameters, &was->parameters))
        field_invalid_printed(fe, PATH(NULL, "parameters"), map_json(fe->arena, &c->parameters),
                              FIELD_IMMUTABLE);
    check_same(fe, PATH(NULL, "provisioner"), c->provisioner, was->provisioner);
    check_same(fe, PATH(NULL, "reclaimPolicy"), c->reclaim_policy, was->reclaim_policy);
    check_same(fe, PATH(NULL, "volumeBindingMode"), c->volume_binding_mode,
               was->volume_binding_mode);
}

const struct hooks hooks_storage_v1_storageclasses = {
    .group = "storage.k8s.io",
    .resource = "storageclasses",
    .validate_create = class_validate,
    .validate_update = class_validate_update,
    .warn = warn_storage_class,
};

/* ---- VolumeAttributesClass ---- */

static void attributes_validate(struct field_errors *fe, const void *obj) {
    const VolumeAttributesClass *c = obj;
    const struct field_path *spec = PATH(NULL, "spec"); /* there is none, and yet it is told so */
    check_provisioner(fe, PATH(spec, "driverName"), c->driver_name);
    check_parameters(fe, PATH(spec, "parameters"), &c->parameters);
    if (!c->parameters.n)
        field_required(fe, PATH(spec, "parameters"), "must contain at least one key/value pair");
}

static void attributes_validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const VolumeAttributesClass *c = obj, *was = old;
    if (!str_eq(c->driver_name, was->driver_name))
        field_forbidden(fe, PATH(NULL, "driverName"), "updates to driverName are forbidden.");
    if (!maps_same(&c->parameters, &was->parameters))
        field_forbidden(fe, PATH(NULL, "parameters"), "updates to parameters are forbidden.");
}

const struct hooks hooks_storage_v1_volumeattributesclasses = {
    .group = "storage.k8s.io",
    .resource = "volumeattributesclasses",
    .validate = attributes_validate,
    .validate_update = attributes_validate_update,
};
