// SPDX-License-Identifier: Apache-2.0
/* Builds the default policy out of policy.def. The rows are calls, not a table: nothing of them has
 * to be relocated at start, and they are gone through once. Lists in a row are words; "-" stands
 * for the core API group. */
#include "apiserver/authz/policy.h"

#include "api/selector.h"
#include "base/vec.h"
#include "schema/ops.h"

#define LABEL_BOOTSTRAPPING "kubernetes.io/bootstrapping"
#define LABEL_AGGREGATE_TO  "rbac.authorization.k8s.io/aggregate-to-"
#define AUTOUPDATE          "rbac.authorization.kubernetes.io/autoupdate"
#define RBAC_GROUP          "rbac.authorization.k8s.io"
#define CONTROLLER_PREFIX   "system:controller:"
#define OUR_PREFIX          "coxswain:"
#define CSR_ROLE            "system:certificates.k8s.io:certificatesigningrequests:"

struct builder {
    struct arena *arena;
    struct policy *policy;
    /* Where RULE and URLS go: Role and ClusterRole have their rules at one place. */
    Role *role;
};

_Static_assert(offsetof(ClusterRole, rules) == offsetof(Role, rules), "the two roles begin alike");

static str_list words(struct arena *a, const char *text) {
    str_list out = {NULL, 0};
    str rest = str_of(text);
    while (rest.n) {
        str w = str_cut(&rest, ' ');
        *list_push(a, &out) = str_eqc(w, "-") ? STR("") : w;
    }
    return out;
}

static void *add(struct builder *b, const struct api_resource *res, const char *ns, str name) {
    ObjectMeta *m = arena_zalloc(b->arena, res->type->size);
    m->name = name;
    m->namespace_ = str_of(ns);
    *list_push(b->arena, &m->labels) =
        (struct str_pair){STR(LABEL_BOOTSTRAPPING), STR("rbac-defaults")};
    *list_push(b->arena, &m->annotations) = (struct str_pair){STR(AUTOUPDATE), STR("true")};
    *list_push(b->arena, b->policy) = (struct policy_object){res, m};
    return m;
}

static void aggregates(struct arena *a, ClusterRole *c, const char *to) {
    AggregationRule *rule = c->aggregation_rule = arena_make(a, AggregationRule);
    LabelSelector *s = list_push(a, &rule->cluster_role_selectors);
    str key = str_concat(a, STR(LABEL_AGGREGATE_TO), str_of(to));
    *list_push(a, &s->match_labels) = (struct str_pair){key, STR("true")};
}

static void cluster_role(struct builder *b, const char *name, const char *aggregate_to,
                         const char *aggregated) {
    ClusterRole *c = add(b, RESOURCE_OF(rbac_v1_clusterroles), NULL, str_of(name));
    if (*aggregate_to)
        *list_push(b->arena, &c->metadata.labels) = (struct str_pair){
            str_concat(b->arena, STR(LABEL_AGGREGATE_TO), str_of(aggregate_to)), STR("true")};
    if (*aggregated)
        aggregates(b->arena, c, aggregated);
    b->role = (Role *)(void *)c;
}

static void role(struct builder *b, const char *ns, const char *name) {
    b->role = add(b, RESOURCE_OF(rbac_v1_roles), ns, str_of(name));
}

static void rule(struct builder *b, const char *groups, const char *resources, const char *names,
                 const char *verbs) {
    struct arena *a = b->arena;
    *list_push(a, &b->role->rules) = (PolicyRule){.verbs = words(a, verbs),
                                                  .api_groups = words(a, groups),
                                                  .resources = words(a, resources),
                                                  .resource_names = words(a, names)};
}

static void urls(struct builder *b, const char *paths, const char *verbs) {
    struct arena *a = b->arena;
    *list_push(a, &b->role->rules) =
        (PolicyRule){.verbs = words(a, verbs), .non_resource_urls = words(a, paths)};
}

/* "Group:system:masters", "ServiceAccount:kube-system/x" */
static Subject subject_of(str word) {
    Subject s = {.kind = str_cut(&word, ':')};
    s.name = word;
    if (str_eqc(s.kind, "ServiceAccount")) {
        s.namespace_ = str_cut(&word, '/');
        s.name = word;
    } else {
        s.api_group = STR(RBAC_GROUP);
    }
    return s;
}

static void binding(struct builder *b, const char *ns, str name, const char *kind, str of,
                    const char *subjects) {
    const struct api_resource *res =
        *ns ? RESOURCE_OF(rbac_v1_rolebindings) : RESOURCE_OF(rbac_v1_clusterrolebindings);
    /* The two bindings have one layout. */
    RoleBinding *r = add(b, res, ns, name);
    r->role_ref = (RoleRef){.api_group = STR(RBAC_GROUP), .kind = str_of(kind), .name = of};
    str_list who = words(b->arena, subjects);
    for (uint32_t i = 0; i < who.n; i++)
        *list_push(b->arena, &r->subjects) = subject_of(who.v[i]);
}

static void upstream(struct builder *b) {
#define CLUSTER_ROLE(name_, to_, aggregated_)     cluster_role(b, name_, to_, aggregated_);
#define ROLE(ns_, name_)                          role(b, ns_, name_);
#define RULE(groups_, resources_, names_, verbs_) rule(b, groups_, resources_, names_, verbs_);
#define URLS(urls_, verbs_)                       urls(b, urls_, verbs_);
#define BINDING(ns_, name_, kind_, role_, subjects_)                                               \
    binding(b, ns_, STR(name_), kind_, STR(role_), subjects_);
#include "apiserver/authz/policy.def"
#undef CLUSTER_ROLE
#undef ROLE
#undef RULE
#undef URLS
#undef BINDING
}

/* Upstream gives each controller a service account of its own; here one identity runs them all. The
 * API server's own certificate asks kubelets. */
static void ours(struct builder *b) {
    const struct policy *p = b->policy;
    uint32_t n = p->n;
    for (uint32_t i = 0; i < n; i++) {
        const ObjectMeta *m = p->v[i].obj;
        if (p->v[i].res == RESOURCE_OF(rbac_v1_clusterroles) &&
            str_starts(m->name, STR(CONTROLLER_PREFIX)))
            binding(b, "", str_concat(b->arena, STR(OUR_PREFIX), m->name), "ClusterRole", m->name,
                    "User:system:kube-controller-manager");
    }
    static const struct {
        const char *ns;
        str name, role;
    } roles[] = {
#define ROLE_OF(ns_, name_) {ns_, STR(OUR_PREFIX name_), STR(CONTROLLER_PREFIX name_)}
        ROLE_OF("kube-system", "token-cleaner"),
        ROLE_OF("kube-system", "bootstrap-signer"),
        ROLE_OF("kube-public", "bootstrap-signer"),
#undef ROLE_OF
    };
    for (size_t i = 0; i < ARRAY_LEN(roles); i++)
        binding(b, roles[i].ns, roles[i].name, "Role", roles[i].role,
                "User:system:kube-controller-manager");
    /* Upstream leaves kubelets' serving certificates to people; ours approves a node's own. */
    binding(b, "", STR(OUR_PREFIX "kubelet-serving-approver"), "ClusterRole",
            STR("system:certificates.k8s.io:kubelet-serving-approver"),
            "User:system:kube-controller-manager");
    /* Join tokens get the client certificate of a node, nodes renew theirs (kubeadm's bindings). */
    binding(b, "", STR(OUR_PREFIX "node-bootstrapper"), "ClusterRole",
            STR("system:node-bootstrapper"), "Group:system:bootstrappers:" OUR_PREFIX "nodes");
    binding(b, "", STR(OUR_PREFIX "nodeclient"), "ClusterRole", STR(CSR_ROLE "nodeclient"),
            "Group:system:bootstrappers:" OUR_PREFIX "nodes");
    binding(b, "", STR(OUR_PREFIX "selfnodeclient"), "ClusterRole", STR(CSR_ROLE "selfnodeclient"),
            "Group:system:nodes");
    binding(b, "", STR(OUR_PREFIX "kubelet-clients"), "ClusterRole",
            STR("system:kubelet-api-admin"), "Group:" OUR_PREFIX "kubelet-clients");
}

/* ---- aggregation ---- */

static bool has_rule(const ClusterRole *c, const PolicyRule *r) {
    for (uint32_t i = 0; i < c->rules.n; i++)
        if (api_equal(&PolicyRule_type, &c->rules.v[i], r))
            return true;
    return false;
}

/* Gathers anew, as the controller would; true when the rules are more than before. Roles are in the
 * order of their names. */
static bool aggregate(struct builder *b, ClusterRole *c) {
    ClusterRole fresh = {.metadata.name = c->metadata.name};
    const LabelSelector *want = c->aggregation_rule->cluster_role_selectors.v;
    const struct str_pair *label = want->match_labels.v;
    for (uint32_t i = 0; i < b->policy->n; i++) {
        const ClusterRole *from = b->policy->v[i].obj;
        if (b->policy->v[i].res != RESOURCE_OF(rbac_v1_clusterroles) || from == c ||
            !str_eq(label_get(&from->metadata.labels, label->key), label->value))
            continue;
        for (uint32_t k = 0; k < from->rules.n; k++)
            if (!has_rule(&fresh, &from->rules.v[k]))
                *list_push(b->arena, &fresh.rules) = from->rules.v[k];
    }
    bool more = fresh.rules.n != c->rules.n;
    c->rules = fresh.rules;
    return more;
}

/* admin takes edit's rules, which takes view's: until nothing is added any more. */
static void aggregate_all(struct builder *b) {
    bool again = true;
    while (again) {
        again = false;
        for (uint32_t i = 0; i < b->policy->n; i++) {
            ClusterRole *c = b->policy->v[i].obj;
            if (b->policy->v[i].res == RESOURCE_OF(rbac_v1_clusterroles) && c->aggregation_rule)
                again |= aggregate(b, c);
        }
    }
}

void policy_defaults(struct arena *a, struct policy *ret) {
    *ret = (struct policy){NULL, 0};
    struct builder b = {.arena = a, .policy = ret};
    upstream(&b);
    aggregate_all(&b);
    ours(&b);
}

const ClusterRole *policy_cluster_role(const struct policy *p, const char *name) {
    for (uint32_t i = 0; i < p->n; i++) {
        const ClusterRole *c = p->v[i].obj;
        if (p->v[i].res == RESOURCE_OF(rbac_v1_clusterroles) && str_eqc(c->metadata.name, name))
            return c;
    }
    return NULL;
}

/* ---- what is there already ---- */

/* Every row with its role: a copy of the list, and what is missing behind it. */
static bool merge_rules(struct arena *a, ClusterRole *to, const ClusterRole *wanted,
                        const ClusterRole *there) {
    if (wanted->aggregation_rule)
        return false;
    to->rules.v = NULL;
    to->rules.n = 0;
    for (uint32_t i = 0; i < there->rules.n; i++)
        *list_push(a, &to->rules) = there->rules.v[i];
    for (uint32_t i = 0; i < wanted->rules.n; i++)
        if (!has_rule(to, &wanted->rules.v[i]))
            *list_push(a, &to->rules) = wanted->rules.v[i];
    return to->rules.n != there->rules.n;
}

static bool merge_subjects(struct arena *a, RoleBinding *to, const RoleBinding *wanted,
                           const RoleBinding *there) {
    to->subjects.v = NULL;
    to->subjects.n = 0;
    for (uint32_t i = 0; i < there->subjects.n; i++)
        *list_push(a, &to->subjects) = there->subjects.v[i];
    for (uint32_t i = 0; i < wanted->subjects.n; i++) {
        bool has = false;
        for (uint32_t k = 0; k < there->subjects.n && !has; k++)
            has = api_equal(&Subject_type, &there->subjects.v[k], &wanted->subjects.v[i]);
        if (!has)
            *list_push(a, &to->subjects) = wanted->subjects.v[i];
    }
    return to->subjects.n != there->subjects.n;
}

void *policy_merge(struct arena *a, const struct policy_object *wanted, const void *there) {
    const ObjectMeta *m = there;
    if (str_eqc(label_get(&m->annotations, STR(AUTOUPDATE)), "false"))
        return NULL;
    void *to = arena_dup(a, there, wanted->res->type->size);
    bool is_role = wanted->res == RESOURCE_OF(rbac_v1_clusterroles) ||
                   wanted->res == RESOURCE_OF(rbac_v1_roles);
    if (!is_role)
        return merge_subjects(a, to, wanted->obj, there) ? to : NULL;
    ClusterRole *copy = arena_make(a, ClusterRole), *want = arena_make(a, ClusterRole);
    memcpy(copy, there, wanted->res->type->size);
    memcpy(want, wanted->obj, wanted->res->type->size);
    const ClusterRole *was = arena_dup(a, copy, sizeof(*copy));
    if (!merge_rules(a, copy, want, was))
        return NULL;
    memcpy(to, copy, wanted->res->type->size);
    return to;
}

void policy_bootstrap(struct apiserver *s) {
    struct arena *a = arena_new(0);
    struct policy p;
    policy_defaults(a, &p);
    for (uint32_t i = 0; i < p.n; i++) {
        const ObjectMeta *m = p.v[i].obj;
        struct object *o =
            store_get(s->store, p.v[i].res, object_key(a, p.v[i].res, m->namespace_, m->name));
        if (!o) {
            bootstrap_object(s, p.v[i].res, p.v[i].obj);
            continue;
        }
        void *merged = policy_merge(a, &p.v[i], object_decode(a, o));
        if (merged)
            bootstrap_replace(s, o, merged);
    }
    arena_free(a);
}
