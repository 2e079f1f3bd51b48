// SPDX-License-Identifier: Apache-2.0
/* A row for each resource that nodes do not share; the others are system:node's rules. Where a
 * create is allowed here without a look at the object, admission/node_restriction.c looks. */
#include "apiserver/authz/node.h"

#include <stdlib.h>

#include "api/selector.h"
#include "apiserver/authz/node_graph.h"
#include "apiserver/authz/policy.h"
#include "apiserver/authz/rules.h"
#include "schema/ops.h"

#define NODE_USER   STR("system:node:")
#define NODE_GROUP  STR("system:nodes")
#define LEASES      "kube-node-lease"
#define NO_RELATION "no relationship found between node '" STR_FMT "' and this object"

struct node_authorizer {
    struct arena arena;
    struct store *store;
    struct node_graph *graph;
    const ClusterRole *role; /* system:node */
};

struct question {
    struct node_authorizer *n;
    struct arena *arena;
    const struct attributes *at;
    str node;
    str reason;
};

bool user_is_node(const struct user *u, str *ret_node) {
    if (!str_starts(u->name, NODE_USER) || !user_in_group(u, NODE_GROUP))
        return false;
    *ret_node = str_slice(u->name, NODE_USER.n, u->name.n);
    return true;
}

static bool no(struct question *q, const char *why) {
    q->reason = str_of(why);
    return false;
}

static bool verb_in(const struct question *q, const char *const *verbs) {
    return str_in(q->at->verb, verbs);
}

static bool related(struct question *q, bool yes) {
    if (!yes)
        q->reason = str_printf(q->arena, NO_RELATION, STR_ARG(q->node));
    return yes;
}

static bool named_by_pod(struct question *q, enum pod_ref kind) {
    if (!q->at->name.n)
        return no(q, "No Object name found");
    return related(q, node_graph_has(q->n->graph, q->node, kind, q->at->ns, q->at->name));
}

static bool only_get(struct question *q) {
    if (!str_eqc(q->at->verb, "get"))
        return no(q, "can only get individual resources of this type");
    if (q->at->subresource.n)
        return no(q, "cannot get subresource");
    return q->at->name.n ? true : no(q, "No Object name found");
}

static bool read_named(struct question *q, enum pod_ref kind) {
    static const char *const verbs[] = {"get", "list", "watch", NULL};
    if (!verb_in(q, verbs))
        return no(q, "can only read resources of this type");
    if (q->at->subresource.n)
        return no(q, "cannot read subresource");
    if (!q->at->ns.n)
        return no(q, "can only read namespaced object of this type");
    return named_by_pod(q, kind);
}

static bool secrets(struct question *q) {
    return read_named(q, POD_REF_SECRET);
}

static bool configmaps(struct question *q) {
    return read_named(q, POD_REF_CONFIG_MAP);
}

static bool claims(struct question *q) {
    static const char *const verbs[] = {"update", "patch", NULL};
    if (!str_eqc(q->at->subresource, "status"))
        return only_get(q) && named_by_pod(q, POD_REF_CLAIM);
    if (!verb_in(q, verbs))
        return no(q, "can only get/update/patch this type");
    return named_by_pod(q, POD_REF_CLAIM);
}

static void *stored(struct question *q, const struct api_resource *res) {
    struct object *o =
        store_get(q->n->store, res, object_key(q->arena, res, STR_NONE, q->at->name));
    return o ? object_decode(q->arena, o) : NULL;
}

static bool volumes(struct question *q) {
    if (!only_get(q))
        return false;
    const PersistentVolume *v = stored(q, RESOURCE_OF(core_v1_persistentvolumes));
    const ObjectReference *claim = v ? v->spec.claim_ref : NULL;
    return related(q, claim && node_graph_has(q->n->graph, q->node, POD_REF_CLAIM,
                                              claim->namespace_, claim->name));
}

static bool attachments(struct question *q) {
    if (!only_get(q))
        return false;
    const VolumeAttachment *v = stored(q, RESOURCE_OF(storage_v1_volumeattachments));
    return related(q, v && str_eq(v->spec.node_name, q->node));
}

static bool resource_claims(struct question *q) {
    return only_get(q) && named_by_pod(q, POD_REF_RESOURCE_CLAIM);
}

static bool accounts(struct question *q) {
    const struct attributes *at = q->at;
    if (str_eqc(at->verb, "get") && !at->subresource.n && at->name.n)
        return named_by_pod(q, POD_REF_SERVICE_ACCOUNT);
    if (!str_eqc(at->verb, "create") || !at->name.n)
        return no(q, "can only create tokens for individual service accounts");
    if (!str_eqc(at->subresource, "token"))
        return no(q, "can only create token subresource of serviceaccount");
    return named_by_pod(q, POD_REF_SERVICE_ACCOUNT);
}

static const char *const own_verbs[] = {"get", "create", "update", "patch", "delete", NULL};

static bool leases(struct question *q) {
    if (!verb_in(q, own_verbs))
        return no(q, "can only get, create, update, patch, or delete a node lease");
    if (!str_eqc(q->at->ns, LEASES))
        return no(q, "can only access leases in the \"" LEASES "\" system namespace");
    if (!str_eqc(q->at->verb, "create") && !str_eq(q->at->name, q->node))
        return no(q, "can only access node lease with the same name as the requesting node");
    return true;
}

static bool csi_nodes(struct question *q) {
    if (!verb_in(q, own_verbs))
        return no(q, "can only get, create, update, patch, or delete a CSINode");
    if (q->at->subresource.n)
        return no(q, "cannot authorize CSINode subresources");
    if (!str_eqc(q->at->verb, "create") && !str_eq(q->at->name, q->node))
        return no(q, "can only access CSINode with the same name as the requesting node");
    return true;
}

/* The request's field selector asks for this value. */
static bool selects(struct question *q, const struct api_resource *res, const char *field) {
    struct field_selector s;
    struct err e;
    return field_selector_parse(q->arena, res, q->at->field_selector, &s, &e) == 0 &&
           str_eq(field_selector_exact(&s, field), q->node);
}

static bool slices(struct question *q) {
    static const char *const one[] = {"get", "update", "patch", "delete", NULL};
    static const char *const many[] = {"watch", "list", "deletecollection", NULL};
    const struct api_resource *res = RESOURCE_OF(resource_v1_resourceslices);
    if (q->at->subresource.n)
        return no(q, "cannot authorize ResourceSlice subresources");
    if (str_eqc(q->at->verb, "create"))
        return true;
    if (verb_in(q, one)) {
        if (!q->at->name.n)
            return no(q, "No Object name found");
        const ResourceSlice *s = stored(q, res);
        return related(q, s && str_eq(s->spec.node_name, q->node));
    }
    if (!verb_in(q, many))
        return no(q, "only the following verbs are allowed for a ResourceSlice: get, watch, list, "
                     "create, update, patch, delete, deletecollection");
    return selects(q, res, "spec.nodeName")
               ? true
               : no(q, "can only list/watch/deletecollection resourceslices with nodeName field "
                       "selector");
}

static bool nodes(struct question *q) {
    static const char *const write[] = {"create", "update", "patch", NULL};
    static const char *const read[] = {"get", "list", "watch", NULL};
    static const char *const status[] = {"update", "patch", NULL};
    if (str_eqc(q->at->subresource, "status"))
        return verb_in(q, status);
    if (q->at->subresource.n)
        return false;
    if (verb_in(q, write))
        return true;
    if (!verb_in(q, read))
        return false;
    if (str_eq(q->at->name, q->node))
        return true;
    q->reason =
        q->at->name.n
            ? str_printf(q->arena,
                         "node '" STR_FMT "' cannot read '" STR_FMT "', only its own Node object",
                         STR_ARG(q->node), STR_ARG(q->at->name))
            : str_printf(q->arena,
                         "node '" STR_FMT "' cannot read all nodes, only its own Node "
                         "object",
                         STR_ARG(q->node));
    return false;
}

static bool pods_itself(struct question *q) {
    static const char *const lists[] = {"list", "watch", NULL};
    static const char *const writes[] = {"create", "delete", NULL};
    if (str_eqc(q->at->verb, "get"))
        return named_by_pod(q, POD_REF_POD);
    if (verb_in(q, writes))
        return true;
    if (!verb_in(q, lists))
        return false;
    if (selects(q, RESOURCE_OF(core_v1_pods), "spec.nodeName"))
        return true;
    return q->at->name.n ? named_by_pod(q, POD_REF_POD)
                         : no(q, "can only list/watch pods with spec.nodeName field selector");
}

static bool pods(struct question *q) {
    static const char *const status[] = {"update", "patch", NULL};
    if (!q->at->subresource.n)
        return pods_itself(q);
    if (str_eqc(q->at->subresource, "status"))
        return verb_in(q, status);
    return str_eqc(q->at->subresource, "eviction") && str_eqc(q->at->verb, "create");
}

static const struct {
    const char *group, *resource;
    bool (*allowed)(struct question *q);
} rows[] = {
    {"", "secrets", secrets},
    {"", "configmaps", configmaps},
    {"", "persistentvolumeclaims", claims},
    {"", "persistentvolumes", volumes},
    {"", "serviceaccounts", accounts},
    {"", "nodes", nodes},
    {"", "pods", pods},
    {"coordination.k8s.io", "leases", leases},
    {"storage.k8s.io", "volumeattachments", attachments},
    {"storage.k8s.io", "csinodes", csi_nodes},
    {"resource.k8s.io", "resourceclaims", resource_claims},
    {"resource.k8s.io", "resourceslices", slices},
};

static bool shared_rules(const struct question *q) {
    for (uint32_t i = 0; i < q->n->role->rules.n; i++)
        if (rule_allows(&q->n->role->rules.v[i], q->at))
            return true;
    return false;
}

static bool allowed(struct question *q) {
    for (size_t i = 0; q->at->resource_request && i < ARRAY_LEN(rows); i++)
        if (str_eqc(q->at->group, rows[i].group) && str_eqc(q->at->resource, rows[i].resource))
            return rows[i].allowed(q);
    return shared_rules(q);
}

static enum decision authorize(void *ctx, struct arena *a, const struct attributes *at,
                               str *ret_reason) {
    struct question q = {.n = ctx, .arena = a, .at = at};
    *ret_reason = STR_NONE;
    if (!user_is_node(at->user, &q.node))
        return DECISION_NO_OPINION;
    if (!q.node.n) {
        *ret_reason =
            str_printf(a, "unknown node for user \"" STR_FMT "\"", STR_ARG(at->user->name));
        return DECISION_NO_OPINION;
    }
    if (allowed(&q))
        return DECISION_ALLOW;
    *ret_reason = q.reason;
    return DECISION_NO_OPINION;
}

const struct authz_ops node_authorizer_ops = {.authorize = authorize};

int node_authorizer_new(struct loop *l, struct store *s, struct node_authorizer **ret) {
    struct node_authorizer *n = xcalloc(1, sizeof(*n));
    struct policy p;
    struct arena *a = arena_new(0);
    policy_defaults(a, &p);
    arena_init(&n->arena, 0);
    n->role = api_clone(&n->arena, &ClusterRole_type, policy_cluster_role(&p, "system:node"));
    arena_free(a);
    n->store = s;
    int r = node_graph_new(l, s, &n->graph);
    if (r < 0)
        node_authorizer_free(n);
    else
        *ret = n;
    return r;
}

struct node_authorizer *node_authorizer_free(struct node_authorizer *n) {
    if (!n)
        return NULL;
    node_graph_free(n->graph);
    arena_done(&n->arena);
    free(n);
    return NULL;
}
