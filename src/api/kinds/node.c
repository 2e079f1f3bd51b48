// SPDX-License-Identifier: Apache-2.0
#include "api/ip.h"
#include "api/kinds/kinds.h"

static void defaults(struct hook_ctx *h, void *obj) {
    NodeStatus *s = &((Node *)obj)->status;
    (void)h;
    if (!s->allocatable.n)
        s->allocatable = s->capacity;
}

static void check_taint(struct field_errors *fe, const struct field_path *p, const NodeSpec *s,
                        uint32_t i) {
    const Taint *t = &s->taints.v[i];
    field_check_name(fe, PATH(p, "key"), t->key, name_qualified);
    struct name_errors e = {{0}, 0};
    name_label_value(t->value, &e);
    if (e.n)
        field_invalid(fe, PATH(p, "value"), t->value, STR_FMT,
                      STR_ARG(name_errors_join(fe->arena, &e, ";")));
    check_taint_effect(fe, PATH(p, "effect"), t->effect);
    for (uint32_t k = 0; k < i; k++)
        if (str_eq(s->taints.v[k].key, t->key) && str_eq(s->taints.v[k].effect, t->effect)) {
            field_duplicate_printed(fe, p, go_json(fe->arena, &Taint_type, t));
            return;
        }
}

static void validate(struct field_errors *fe, const void *obj) {
    const Node *n = obj;
    if (list_too_long(fe, PATH(PATH(NULL, "spec"), "taints"), n->spec.taints.n))
        return;
    /* Upstream says metadata here. */
    for (uint32_t i = 0; i < n->spec.taints.n; i++)
        check_taint(fe, PATH_INDEX(PATH(PATH(NULL, "metadata"), "taints"), i), &n->spec, i);
    for (uint32_t i = 0; i < n->spec.pod_cidrs.n; i++)
        field_check_cidr(fe, PATH_INDEX(PATH(PATH(NULL, "spec"), "podCIDRs"), i),
                         n->spec.pod_cidrs.v[i], NULL);
}

static void validate_update(struct field_errors *fe, const void *obj, const void *old) {
    const NodeSpec *s = &((const Node *)obj)->spec, *was = &((const Node *)old)->spec;
    const struct field_path *p = PATH(NULL, "spec");
    bool same = s->pod_cidrs.n == was->pod_cidrs.n;
    for (uint32_t i = 0; same && i < s->pod_cidrs.n; i++)
        same = str_eq(s->pod_cidrs.v[i], was->pod_cidrs.v[i]);
    if (was->pod_cidrs.n && !same)
        field_forbidden(fe, PATH(p, "podCIDRs"),
                        "node updates may not change podCIDR except from \"\" to valid");
    if (was->provider_id.n && !str_eq(s->provider_id, was->provider_id))
        field_forbidden(fe, PATH(p, "providerID"),
                        "node updates may not change providerID except from \"\" to valid");
}

static void check_resources(struct field_errors *fe, const struct field_path *p, const str_map *m) {
    for (uint32_t i = 0; i < m->n; i++) {
        check_resource_name(fe, PATH_KEY(p, m->v[i].key), m->v[i].key);
        check_resource_quantity(fe, PATH_KEY(p, m->v[i].key), m->v[i].key, m->v[i].value);
    }
}

static void validate_status(struct field_errors *fe, const void *obj, const void *old) {
    const NodeStatus *s = &((const Node *)obj)->status;
    const struct field_path *p = PATH(NULL, "status");
    (void)old;
    if (list_too_long(fe, PATH(p, "addresses"), s->addresses.n))
        return;
    for (uint32_t i = 0; i < s->addresses.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(s->addresses.v[i].type, s->addresses.v[k].type) &&
                str_eq(s->addresses.v[i].address, s->addresses.v[k].address)) {
                field_duplicate(fe, PATH_INDEX(PATH(p, "addresses"), i), STR_NONE);
                fe->list.v[fe->list.n - 1].value =
                    go_json(fe->arena, &NodeAddress_type, &s->addresses.v[i]);
                break;
            }
    check_resources(fe, PATH(p, "capacity"), &s->capacity);
    check_resources(fe, PATH(p, "allocatable"), &s->allocatable);
}

/* podCIDR is the older name of the first podCIDR. */
static void pod_cidrs(struct arena *a, NodeSpec *s) {
    if (s->pod_cidr.n && !s->pod_cidrs.n) {
        s->pod_cidrs.v = NULL;
        *list_push(a, &s->pod_cidrs) = s->pod_cidr;
    } else if (s->pod_cidrs.n) {
        s->pod_cidr = s->pod_cidrs.v[0];
    }
}

static void node_defaults(struct hook_ctx *h, void *obj) {
    defaults(h, obj);
    pod_cidrs(h->arena, &((Node *)obj)->spec);
}

/* Kubelets register with their status; it is not cleared. */
const struct hooks hooks_core_v1_nodes = {
    .group = "",
    .resource = "nodes",
    .defaults = node_defaults,
    .validate = validate,
    .validate_update = validate_update,
    .validate_status = validate_status,
};
