// SPDX-License-Identifier: Apache-2.0
/* NodeRestriction: the node authorizer lets a kubelet write some kinds without seeing what is
 * written; here it is seen. A node changes itself only, not its taints nor labels that steer work
 * to it, creates mirror pods only, and touches the pods bound to it. */
#include "apiserver/admission/node_restriction.h"

#include "api/selector.h"
#include "apiserver/admission/admission.h"
#include "apiserver/authz/node.h"
#include "apiserver/authz/pod_refs.h"

#define MIRROR_ANNOTATION "kubernetes.io/config.mirror"
#define LEASE_NAMESPACE   "kube-node-lease"

struct check {
    struct write *w;
    struct arena *arena;
    str node;
};

/* "node \"n\" can only ..." */
static enum step_result deny(struct check *c, const char *why) {
    return admission_forbid(c->w,
                            str_printf(c->arena, "node \"" STR_FMT "\" %s", STR_ARG(c->node), why));
}

static enum step_result deny_plain(struct check *c, const char *why) {
    return admission_forbid(c->w, str_of(why));
}

static bool sub_is(const struct check *c, const char *name) {
    return c->w->sub ? !strcmp(c->w->sub->name, name) : !*name;
}

/* ---- pods ---- */

static enum step_result check_owner(struct check *c, const Pod *p) {
    if (p->metadata.owner_references.n > 1)
        return deny(c, "can only create pods with a single owner reference set to itself");
    if (!p->metadata.owner_references.n)
        return deny(c, "can only create pods with an owner reference set to itself");
    const OwnerReference *o = &p->metadata.owner_references.v[0];
    if (!str_eqc(o->api_version, "v1") || !str_eqc(o->kind, "Node") || !str_eq(o->name, c->node))
        return deny(c, "can only create pods with an owner reference set to itself");
    if (!opt_or(o->controller, false))
        return deny(c, "can only create pods with a controller owner reference set to itself");
    if (opt_or(o->block_owner_deletion, false))
        return deny(c, "must not set blockOwnerDeletion on an owner reference");
    const struct api_resource *res = RESOURCE_OF(core_v1_nodes);
    struct object *node =
        store_get(c->w->r->server->store, res, object_key(c->arena, res, STR_NONE, c->node));
    if (!node)
        return write_fail(c->w, status_not_found(c->arena, res, c->node));
    if (!str_eq(node->uid, o->uid))
        return admission_forbid(
            c->w,
            str_printf(c->arena, "node " STR_FMT " UID mismatch: expected " STR_FMT " got " STR_FMT,
                       STR_ARG(c->node), STR_ARG(o->uid), STR_ARG(node->uid)));
    return STEP_NEXT;
}

static void note_kind(void *ctx, enum pod_ref kind, str name) {
    bool *seen = ctx;
    seen[kind] = true;
}

/* A mirror pod stands for one whose files lie on the node: it may not make others readable. */
static enum step_result check_references(struct check *c, const Pod *p) {
    bool seen[POD_REF_MAX] = {false};
    Pod plain = *p;
    memset(&plain.metadata.annotations, 0, sizeof(plain.metadata.annotations));
    pod_refs(c->arena, &plain, note_kind, seen);
    if (seen[POD_REF_SERVICE_ACCOUNT])
        return deny(c, "can not create pods that reference a service account");
    if (seen[POD_REF_SECRET])
        return deny(c, "can not create pods that reference secrets");
    if (seen[POD_REF_CONFIG_MAP])
        return deny(c, "can not create pods that reference configmaps");
    for (uint32_t i = 0; i < p->spec.volumes.n; i++) {
        const ProjectedVolumeSource *s = p->spec.volumes.v[i].volume_source.projected;
        for (uint32_t k = 0; s && k < s->sources.n; k++)
            if (s->sources.v[k].cluster_trust_bundle)
                return deny(c, "can not create pods that reference clustertrustbundles");
    }
    if (seen[POD_REF_CLAIM])
        return deny(c, "can not create pods that reference persistentvolumeclaims");
    if (p->spec.resource_claims.n)
        return deny(c, "can not create pods that reference resourceclaims");
    return STEP_NEXT;
}

static enum step_result create_pod(struct check *c, const Pod *p) {
    if (!label_has(&p->metadata.annotations, STR(MIRROR_ANNOTATION)))
        return admission_forbid(c->w, str_printf(c->arena,
                                                 "pod does not have \"" MIRROR_ANNOTATION
                                                 "\" annotation, node "
                                                 "\"" STR_FMT "\" can only create mirror pods",
                                                 STR_ARG(c->node)));
    if (!str_eq(p->spec.node_name, c->node))
        return deny(c, "can only create pods with spec.nodeName set to itself");
    enum step_result s = check_owner(c, p);
    return s == STEP_NEXT ? check_references(c, p) : s;
}

static enum step_result pod_status(struct check *c) {
    const Pod *old = c->w->old, *now = c->w->obj;
    if (!str_eq(old->spec.node_name, c->node))
        return deny(c, "can only update pod status for pods with spec.nodeName set to itself");
    bool same = old->metadata.labels.n == now->metadata.labels.n;
    for (uint32_t i = 0; same && i < old->metadata.labels.n; i++)
        same = str_eq(old->metadata.labels.v[i].key, now->metadata.labels.v[i].key) &&
               str_eq(old->metadata.labels.v[i].value, now->metadata.labels.v[i].value);
    if (!same)
        return deny(c, "cannot update labels through pod status");
    PodStatus a = {.resource_claim_statuses = old->status.resource_claim_statuses};
    PodStatus b = {.resource_claim_statuses = now->status.resource_claim_statuses};
    if (!api_equal(&PodStatus_type, &a, &b))
        return deny(c, "cannot update resource claim statues");
    return STEP_NEXT;
}

static enum step_result pods(struct check *c) {
    const Pod *old = c->w->old;
    if (sub_is(c, "status"))
        return pod_status(c);
    if (sub_is(c, "eviction"))
        return str_eq(old->spec.node_name, c->node)
                   ? STEP_NEXT
                   : deny(c, "can only evict pods with spec.nodeName set to itself");
    if (c->w->sub)
        return admission_forbid(c->w,
                                str_printf(c->arena,
                                           "unexpected pod subresource \"%s\", only 'status' and "
                                           "'eviction' are allowed",
                                           c->w->sub->name));
    switch (c->w->op) {
    case WRITE_CREATE:
        return create_pod(c, c->w->obj);
    case WRITE_DELETE:
        return str_eq(old->spec.node_name, c->node)
                   ? STEP_NEXT
                   : deny(c, "can only delete pods with spec.nodeName set to itself");
    case WRITE_UPDATE:
        break;
    }
    return admission_forbid(c->w, str_printf(c->arena,
                                             "unexpected operation \"UPDATE\", node \"" STR_FMT
                                             "\" can only create and delete mirror pods",
                                             STR_ARG(c->node)));
}

/* ---- nodes ---- */

/* domain is ns, or ends in "." ns */
static bool in_domain(str ns, const char *domain) {
    str d = str_of(domain);
    return str_eq(ns, d) || (ns.n > d.n && str_ends(ns, d) && ns.p[ns.n - d.n - 1] == '.');
}

static bool is_kubelet_label(str key, str ns) {
    static const char *const keys[] = {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
        "node.kubernetes.io/instance-type",
        "beta.kubernetes.io/instance-type",
        "kubernetes.io/os",
        "kubernetes.io/arch",
        "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch",
        NULL,
    };
    return str_in(key, keys) || in_domain(ns, "kubelet.kubernetes.io") ||
           in_domain(ns, "node.kubernetes.io");
}

static bool is_forbidden_label(str key) {
    ssize_t slash = str_chr(key, '/');
    str ns = slash < 0 ? STR("") : str_slice(key, 0, (size_t)slash);
    if (in_domain(ns, "node-restriction.kubernetes.io"))
        return true;
    return (in_domain(ns, "kubernetes.io") || in_domain(ns, "k8s.io")) &&
           !is_kubelet_label(key, ns);
}

/* Keys that differ and may not, in order, joined by ", ". */
static str forbidden_labels(struct arena *a, const str_map *now, const str_map *old) {
    str out = STR_NONE;
    uint32_t i = 0, k = 0;
    while (i < now->n || k < old->n) {
        int order = i == now->n ? 1 : k == old->n ? -1 : str_cmp(now->v[i].key, old->v[k].key);
        str key = order <= 0 ? now->v[i].key : old->v[k].key;
        bool differs = order || !str_eq(now->v[i].value, old->v[k].value);
        if (differs && is_forbidden_label(key))
            out =
                str_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(out), out.n ? ", " : "", STR_ARG(key));
        i += order <= 0;
        k += order >= 0;
    }
    return out;
}

static bool same_taints(const Node *a, const Node *b) {
    if (a->spec.taints.n != b->spec.taints.n)
        return false;
    for (uint32_t i = 0; i < a->spec.taints.n; i++)
        if (!api_equal(&Taint_type, &a->spec.taints.v[i], &b->spec.taints.v[i]))
            return false;
    return true;
}

static str written_name(const struct write *w) {
    const ObjectMeta *m = w->obj;
    return w->op == WRITE_CREATE && m ? m->name : w->name;
}

static enum step_result nodes(struct check *c) {
    const Node *now = c->w->obj, *old = c->w->old;
    str name = written_name(c->w);
    if (!str_eq(name, c->node))
        return admission_forbid(c->w, str_printf(c->arena,
                                                 "node \"" STR_FMT
                                                 "\" is not allowed to modify node \"" STR_FMT "\"",
                                                 STR_ARG(c->node), STR_ARG(name)));
    if (c->w->op == WRITE_DELETE)
        return STEP_NEXT;
    static const str_map none = {NULL, 0};
    str labels =
        forbidden_labels(c->arena, &now->metadata.labels, old ? &old->metadata.labels : &none);
    if (now->spec.config_source &&
        !(old && old->spec.config_source &&
          api_equal(&NodeConfigSource_type, now->spec.config_source, old->spec.config_source)))
        return deny(c, old ? "is not allowed to update configSource to a new non-nil configSource"
                           : "is not allowed to create pods with a non-nil configSource");
    if (old && !same_taints(now, old))
        return deny(c, "is not allowed to modify taints");
    if (labels.n && old)
        return admission_forbid(
            c->w, str_concat(c->arena, STR("is not allowed to modify labels: "), labels));
    if (labels.n)
        return admission_forbid(
            c->w,
            str_printf(c->arena,
                       "node \"" STR_FMT "\" is not allowed to set the following labels: " STR_FMT,
                       STR_ARG(c->node), STR_ARG(labels)));
    return STEP_NEXT;
}

/* ---- others ---- */

static enum step_result claims(struct check *c) {
    if (!sub_is(c, "status") || c->w->op != WRITE_UPDATE)
        return deny_plain(c, "may only update PVC status");
    PersistentVolumeClaim a = *(const PersistentVolumeClaim *)c->w->old;
    PersistentVolumeClaim b = *(const PersistentVolumeClaim *)c->w->obj;
    PersistentVolumeClaim *both[] = {&a, &b};
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        PersistentVolumeClaim *p = both[i];
        p->metadata.resource_version = STR_NONE;
        memset(&p->metadata.managed_fields, 0, sizeof(p->metadata.managed_fields));
        memset(&p->status.capacity, 0, sizeof(p->status.capacity));
        memset(&p->status.conditions, 0, sizeof(p->status.conditions));
        memset(&p->status.allocated_resources, 0, sizeof(p->status.allocated_resources));
        memset(&p->status.allocated_resource_statuses, 0,
               sizeof(p->status.allocated_resource_statuses));
    }
    if (!api_equal(&PersistentVolumeClaim_type, &a, &b))
        return deny(c, "is not allowed to update fields other than status.quota, status.capacity "
                       "and status.conditions");
    return STEP_NEXT;
}

static enum step_result leases(struct check *c) {
    if (!str_eqc(c->w->ns, LEASE_NAMESPACE))
        return deny_plain(c,
                          "can only access leases in the \"" LEASE_NAMESPACE "\" system namespace");
    if (!str_eq(written_name(c->w), c->node))
        return deny_plain(c,
                          "can only access node lease with the same name as the requesting node");
    return STEP_NEXT;
}

static enum step_result csi_nodes(struct check *c) {
    if (!str_eq(written_name(c->w), c->node))
        return deny_plain(c, "can only access CSINode with the same name as the requesting node");
    return STEP_NEXT;
}

static enum step_result slices(struct check *c) {
    const ResourceSlice *s = c->w->obj ? c->w->obj : c->w->old;
    if (!str_eq(s->spec.node_name, c->node))
        return deny_plain(c, "can only create or delete ResourceSlices that belong to the same "
                             "node as the requesting node");
    return STEP_NEXT;
}

/* An eviction charges the disruption budget before it deletes the pod. */
static enum step_result budgets(struct check *c) {
    const struct request *r = c->w->r;
    const struct api_resource *res = RESOURCE_OF(core_v1_pods);
    struct object *o =
        store_get(r->server->store, res, object_key(c->arena, res, r->info.ns, r->info.name));
    if (!sub_is(c, "eviction") || !o || str_eq(object_field(o, "spec.nodeName"), c->node))
        return STEP_NEXT;
    return deny(c, "can only evict pods with spec.nodeName set to itself");
}

static enum step_result mutate(struct write *w) {
    struct check c = {.w = w, .arena = w->r->arena};
    const struct {
        const struct api_resource *res;
        enum step_result (*run)(struct check *c);
    } rows[] = {
        {RESOURCE_OF(core_v1_pods), pods},
        {RESOURCE_OF(core_v1_nodes), nodes},
        {RESOURCE_OF(policy_v1_poddisruptionbudgets), budgets},
        {RESOURCE_OF(core_v1_persistentvolumeclaims), claims},
        {RESOURCE_OF(coordination_v1_leases), leases},
        {RESOURCE_OF(storage_v1_csinodes), csi_nodes},
        {RESOURCE_OF(resource_v1_resourceslices), slices},
    };
    if (!user_is_node(&w->r->user, &c.node))
        return STEP_NEXT;
    if (!c.node.n)
        return admission_forbid(w, str_printf(c.arena,
                                              "could not determine node from user \"" STR_FMT "\"",
                                              STR_ARG(w->r->user.name)));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (w->st == rows[i].res)
            return rows[i].run(&c);
    return STEP_NEXT;
}

const struct admission_plugin admission_node_restriction = {"NodeRestriction", mutate, NULL};

/* ---- tokens ---- */

static Status *deny_token(struct request *r, const char *why) {
    return status_forbidden_of(r->arena, STR(""), STR("serviceaccounts"), r->info.name,
                               str_of(why));
}

Status *node_restriction_token(struct request *r, const TokenRequest *t) {
    const struct api_resource *res = RESOURCE_OF(core_v1_pods);
    const BoundObjectReference *ref = t->spec.bound_object_ref;
    str node;
    if (!user_is_node(&r->user, &node))
        return NULL;
    if (!ref || !str_eqc(ref->api_version, "v1") || !str_eqc(ref->kind, "Pod") || !ref->name.n)
        return deny_token(r, "node requested token not bound to a pod");
    if (!ref->uid.n)
        return deny_token(r, "node requested token with a pod binding without a uid");
    struct object *o =
        store_get(r->server->store, res, object_key(r->arena, res, r->info.ns, ref->name));
    if (!o)
        return status_not_found(r->arena, res, ref->name);
    if (!str_eq(o->uid, ref->uid))
        return deny_token(r, str_printf(r->arena,
                                        "the UID in the bound object reference (" STR_FMT
                                        ") does not match the UID in record. The object might "
                                        "have been deleted and then recreated",
                                        STR_ARG(ref->uid))
                                 .p);
    if (!str_eq(object_field(o, "spec.nodeName"), node))
        return deny_token(r, "node requested token bound to a pod scheduled on a different node");
    return NULL;
}
