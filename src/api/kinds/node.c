// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"
#include "api/kinds/warn.h"
#include "schema/json.h"

/* podCIDR is the older name of the first podCIDR. */
static void defaults(struct hook_ctx *h, void *obj) {
    Node *n = obj;
    NodeSpec *s = &n->spec;
    if (!n->status.allocatable.n)
        n->status.allocatable = n->status.capacity;
    if (s->pod_cidr.n && !s->pod_cidrs.n) {
        s->pod_cidrs.v = NULL;
        *list_push(h->arena, &s->pod_cidrs) = s->pod_cidr;
    } else if (s->pod_cidrs.n) {
        s->pod_cidr = s->pod_cidrs.v[0];
    }
}

/* Kubelets are no longer configured through their nodes; what is there may stay. Kubelets register
 * with their status, so it is not cleared. */
static void prepare_create(struct hook_ctx *h, void *obj) {
    Node *n = obj;
    (void)h;
    n->spec.config_source = NULL;
    n->status.config = NULL;
}

static void prepare_update(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    if (!((const Node *)old)->spec.config_source)
        ((Node *)obj)->spec.config_source = NULL;
}

static void prepare_status(struct hook_ctx *h, void *obj, const void *old) {
    (void)h;
    if (!((const Node *)old)->status.config)
        ((Node *)obj)->status.config = NULL;
}

/* ---- taints, in the spec and in an annotation of old ---- */

#define TAINTS_ANNOTATION "scheduler.alpha.kubernetes.io/taints"
#define AVOID_ANNOTATION  "scheduler.alpha.kubernetes.io/preferAvoidPods"

static void check_taints(struct field_errors *fe, const struct field_path *list, const Taint *v,
                         uint32_t n) {
    str *pairs = arena_array(fe->arena, n, sizeof(*pairs));
    for (uint32_t i = 0; i < n; i++)
        pairs[i] = pair_key(fe->arena, v[i].key, v[i].effect);
    struct name_index x = name_index_of(fe->arena, pairs, n, sizeof(*pairs));
    for (uint32_t i = 0; i < n && !field_errors_full(fe); i++) {
        const struct field_path *p = PATH_INDEX(list, i);
        struct name_errors e = {{0}, 0};
        field_check_name(fe, PATH(p, "key"), v[i].key, name_qualified);
        name_label_value(v[i].value, &e);
        if (e.n)
            field_invalid(fe, PATH(p, "value"), v[i].value, STR_FMT,
                          STR_ARG(name_errors_join(fe->arena, &e, ";")));
        check_taint_effect(fe, PATH(p, "effect"), v[i].effect);
        if (name_index_first(&x, pairs[i]) == i)
            continue;
        uint32_t at = fe->list.n;
        field_duplicate_printed(fe, p, go_json(fe->arena, &Taint_type, &v[i]));
        if (fe->list.n > at)
            fe->list.v[at].detail = STR("taints must be unique by key and effect pair");
    }
}

/* An annotation holds JSON: {"FIELD": text} read as a T, which may be a list of another's. */
static bool read_note(struct field_errors *fe, const struct field_path *p, const char *name,
                      const struct api_type *t, str text, void *ret) {
    struct err e = {0};
    if (json_read(fe->arena, t, text, ret, NULL, &e) == 0)
        return true;
    field_invalid(fe, p, str_of(name), "%s", e.text);
    return false;
}

static void check_avoided(struct field_errors *fe, const struct field_path *list,
                          const AvoidPods *a) {
    for (uint32_t i = 0; i < a->prefer_avoid_pods.n && !field_errors_full(fe); i++) {
        const OwnerReference *r = a->prefer_avoid_pods.v[i].pod_signature.pod_controller;
        const struct field_path *p = PATH(PATH_INDEX(list, i), "PodSignature");
        if (!r)
            field_required(fe, p, NULL);
        else if (!opt_or(r->controller, false))
            field_invalid_printed(fe, PATH(PATH(p, "PodController"), "Controller"), STR("false"),
                                  "must point to a controller");
    }
}

static void check_annotation_values(struct field_errors *fe, const Node *n) {
    const struct field_path *p = PATH(PATH(NULL, "metadata"), "annotations");
    str taints = label_get(&n->metadata.annotations, STR(TAINTS_ANNOTATION));
    str avoid = label_get(&n->metadata.annotations, STR(AVOID_ANNOTATION));
    NodeSpec spec;
    AvoidPods avoided;
    str wrapped = str_printf(fe->arena, "{\"taints\":" STR_FMT "}", STR_ARG(taints));
    if (taints.n && read_note(fe, p, TAINTS_ANNOTATION, &NodeSpec_type, wrapped, &spec))
        check_taints(fe, PATH(p, TAINTS_ANNOTATION), spec.taints.v, spec.taints.n);
    if (avoid.n &&
        read_note(fe, PATH(p, "AvoidPods"), AVOID_ANNOTATION, &AvoidPods_type, avoid, &avoided))
        check_avoided(fe, PATH(p, AVOID_ANNOTATION), &avoided);
}

/* ---- status ---- */

static void check_resources(struct field_errors *fe, const char *name, const str_map *m) {
    const struct field_path *p = PATH(PATH(NULL, "status"), name);
    for (uint32_t i = 0; i < m->n; i++)
        check_resource_quantity(fe, PATH(p, str_cdup(fe->arena, m->v[i].key)), m->v[i].key,
                                m->v[i].value);
}

static bool is_alnum(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* "MyFeature", "MyFeature/mySubFeature" */
static bool is_feature(str s) {
    str rest = s;
    if (!s.n || s.p[0] < 'A' || s.p[0] > 'Z')
        return false;
    while (rest.p) {
        str part = str_cut(&rest, '/');
        for (size_t i = 0; i < part.n; i++)
            if (!is_alnum(part.p[i]))
                return false;
        if (!part.n)
            return false;
    }
    return true;
}

static void check_features(struct field_errors *fe, const str_list *l) {
    const struct field_path *list = PATH(PATH(NULL, "status"), "declaredFeatures");
    for (uint32_t i = 0; i < l->n && !field_errors_full(fe); i++) {
        const struct field_path *p = PATH_INDEX(list, i);
        str name = l->v[i], shown = opt_text(fe->arena, name);
        int order = i ? str_cmp(l->v[i - 1], name) : -1;
        if (order == 0)
            field_duplicate(fe, p, name);
        else if (order > 0)
            field_invalid(fe, p, name, "list must be sorted alphabetically");
        if (name.n > DNS_SUBDOMAIN_MAX)
            field_invalid(fe, p, name,
                          "invalid feature name " STR_FMT ": must be no more than %d characters",
                          STR_ARG(shown), DNS_SUBDOMAIN_MAX);
        else if (!is_feature(name))
            field_invalid(fe, p, name,
                          "invalid feature name " STR_FMT
                          ": must start with an UpperCamelCase segment, with subsequent segments "
                          "separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and "
                          "contain only alphanumeric characters and slashes",
                          STR_ARG(shown));
    }
}

static void check_addresses(struct field_errors *fe, const NodeStatus *s) {
    const struct field_path *list = PATH(PATH(NULL, "status"), "addresses");
    str *pairs = arena_array(fe->arena, s->addresses.n, sizeof(*pairs));
    for (uint32_t i = 0; i < s->addresses.n; i++)
        pairs[i] = pair_key(fe->arena, s->addresses.v[i].address, s->addresses.v[i].type);
    struct name_index x = name_index_of(fe->arena, pairs, s->addresses.n, sizeof(*pairs));
    for (uint32_t i = 0; i < s->addresses.n && !field_errors_full(fe); i++)
        if (name_index_first(&x, pairs[i]) != i)
            field_duplicate_printed(fe, PATH_INDEX(list, i),
                                    go_json(fe->arena, &NodeAddress_type, &s->addresses.v[i]));
}

/* ---- where kubelets once took their configuration from ---- */

/* In the status the object is the very one that was read: it has a uid and a version. */
static void check_config(struct field_errors *fe, const struct field_path *p,
                         const NodeConfigSource *source, bool status) {
    const ConfigMapNodeConfigSource *m = source->config_map;
    const struct field_path *at = PATH(p, "configMap");
    if (!m) {
        field_invalid_printed(fe, p, go_json(fe->arena, &NodeConfigSource_type, source),
                              "exactly one reference subfield must be non-nil");
        return;
    }
    if (status && !m->uid.n)
        field_required(fe, PATH(at, "uid"), NULL);
    if (status && !m->resource_version.n)
        field_required(fe, PATH(at, "resourceVersion"), NULL);
    if (!status && m->uid.n)
        field_forbidden(fe, PATH(at, "uid"), "uid must not be set in spec");
    if (!status && m->resource_version.n)
        field_forbidden(fe, PATH(at, "resourceVersion"), "resourceVersion must not be set in spec");
    check_rows(fe, at, ConfigMapNodeConfigSource, m, "namespace name kubeletConfigKey");
}

static void check_configs(struct field_errors *fe, const Node *n) {
    const NodeConfigStatus *c = n->status.config;
    const struct field_path *p = PATH(PATH(NULL, "status"), "config");
    if (n->spec.config_source)
        check_config(fe, PATH(PATH(NULL, "spec"), "configSource"), n->spec.config_source, false);
    if (c && c->assigned)
        check_config(fe, PATH(p, "assigned"), c->assigned, true);
    if (c && c->active)
        check_config(fe, PATH(p, "active"), c->active, true);
    if (c && c->last_known_good)
        check_config(fe, PATH(p, "lastKnownGood"), c->last_known_good, true);
}

/* ---- the whole ---- */

static void check_pod_cidrs(struct field_errors *fe, const str_list *l) {
    const struct field_path *p = PATH(PATH(NULL, "spec"), "podCIDRs");
    bool v4 = false, v6 = false, ok = true;
    for (uint32_t i = 0; i < l->n && !field_errors_full(fe); i++) {
        struct cidr c;
        field_check_cidr(fe, PATH_INDEX(p, i), l->v[i], NULL);
        ok = ok && cidr_parse(l->v[i], &c, NULL);
        if (ok)
            *(ip_is_v4(&c.ip) ? &v4 : &v6) = true;
    }
    if (l->n > 2 || (l->n == 2 && (!ok || !v4 || !v6)))
        field_invalid_printed(fe, p, strings_json(fe->arena, l),
                              "may specify no more than one CIDR for each IP family");
}

/* Upstream says metadata of taints and swap. */
static void validate(struct field_errors *fe, const void *obj) {
    const Node *n = obj;
    const struct field_path *metadata = PATH(NULL, "metadata");
    const NodeSwapStatus *swap = n->status.node_info.swap;
    check_annotation_values(fe, n);
    check_taints(fe, PATH(metadata, "taints"), n->spec.taints.v, n->spec.taints.n);
    check_resources(fe, "capacity", &n->status.capacity);
    check_resources(fe, "allocatable", &n->status.allocatable);
    if (swap && swap->capacity.set && swap->capacity.v <= 0)
        field_invalid_i64(fe, PATH(PATH(metadata, "nodeSwapStatus"), "capacity"), swap->capacity.v,
                          "must be greater than zero");
    check_features(fe, &n->status.declared_features);
    check_pod_cidrs(fe, &n->spec.pod_cidrs);
}

static void check_fixed(struct field_errors *fe, const NodeSpec *s, const NodeSpec *was) {
    const struct field_path *p = PATH(NULL, "spec");
    if (was->pod_cidrs.n && !strings_same(&s->pod_cidrs, &was->pod_cidrs))
        field_forbidden(fe, PATH(p, "podCIDRs"),
                        "node updates may not change podCIDR except from \"\" to valid");
    if (was->provider_id.n && !str_eq(s->provider_id, was->provider_id))
        field_forbidden(fe, PATH(p, "providerID"),
                        "node updates may not change providerID except from \"\" to valid");
}

/* Of the object and of its status alike. */
static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const Node *n = obj, *before = old;
    check_annotation_values(fe, n);
    check_resources(fe, "capacity", &n->status.capacity);
    check_resources(fe, "allocatable", &n->status.allocatable);
    check_features(fe, &n->status.declared_features);
    check_addresses(fe, &n->status);
    check_fixed(fe, &n->spec, &before->spec);
    check_configs(fe, n);
    check_taints(fe, PATH(PATH(NULL, "metadata"), "taints"), n->spec.taints.v, n->spec.taints.n);
    if (!str_eq(n->spec.do_not_use_external_id, before->spec.do_not_use_external_id))
        field_forbidden(fe, PATH(PATH(NULL, "spec"), "externalID"), "may not be updated");
}

static void warn(struct warnings *w, const void *obj, const void *old) {
    const NodeSpec *s = &((const Node *)obj)->spec;
    (void)old;
    if (s->config_source)
        warn_text(w, "spec.configSource: the feature is removed");
    if (s->do_not_use_external_id.n)
        warn_text(w, "spec.externalID: this field is deprecated, and is unused by Kubernetes");
}

const struct hooks hooks_core_v1_nodes = {
    .group = "",
    .resource = "nodes",
    .defaults = defaults,
    .prepare_create = prepare_create,
    .prepare_update = prepare_update,
    .prepare_status = prepare_status,
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_update,
    .warn = warn,
};
