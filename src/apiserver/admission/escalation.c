// SPDX-License-Identifier: Apache-2.0
/* Nobody gives more than he has: who writes a role must hold every right in it, or the verb
 * "escalate" on roles; who binds a role must hold what is in that, or the verb "bind" on it.
 * Upstream does this in the storage of these kinds, behind the mutating plugins, before the object
 * is validated; so this is the last of the mutating plugins. */
#include "apiserver/access.h"
#include "apiserver/admission/admission.h"
#include "apiserver/authz/rules.h"
#include "base/vec.h"

#define RBAC_GROUP  "rbac.authorization.k8s.io"
#define RIGHTS_MAX  20000 /* single rights looked at in one role; more are refused */
#define MISSING_MAX 1000  /* told, at most */

struct rules {
    PolicyRule *v;
    uint32_t n;
};

struct check {
    struct write *w;
    struct arena *arena;
    struct rbac *rbac;
    str ns; /* of the object; empty: cluster */
    struct rules owned, missing;
    unsigned rights;
};

static bool own_rule(void *ctx, const PolicyRule *rule) {
    struct check *c = ctx;
    *list_push(c->arena, &c->owned) = *rule;
    return true;
}

static str_list one(struct arena *a, str s) {
    str_list l = {NULL, 0};
    *list_push(a, &l) = s;
    return l;
}

static bool enough(const struct check *c) {
    return c->rights > RIGHTS_MAX || c->missing.n >= MISSING_MAX;
}

static void missing(struct check *c, const PolicyRule *right) {
    *list_push(c->arena, &c->missing) = *right;
}

/* One right: a verb on a resource of a group, perhaps only of one name. */
static void hold(struct check *c, str group, str resource, str verb, str name) {
    c->rights++;
    for (uint32_t i = 0; i < c->owned.n; i++)
        if (rule_covers_resource(&c->owned.v[i], verb, group, resource, name))
            return;
    PolicyRule r = {.verbs = one(c->arena, verb),
                    .api_groups = one(c->arena, group),
                    .resources = one(c->arena, resource)};
    if (name.n)
        r.resource_names = one(c->arena, name);
    missing(c, &r);
}

static void hold_path(struct check *c, str path, str verb) {
    c->rights++;
    for (uint32_t i = 0; i < c->owned.n; i++)
        if (rule_covers_path(&c->owned.v[i], verb, path))
            return;
    missing(c,
            &(PolicyRule){.verbs = one(c->arena, verb), .non_resource_urls = one(c->arena, path)});
}

static void hold_resource(struct check *c, const PolicyRule *r, str group, str resource) {
    for (uint32_t v = 0; v < r->verbs.n && !enough(c); v++) {
        if (!r->resource_names.n)
            hold(c, group, resource, r->verbs.v[v], STR_NONE);
        for (uint32_t i = 0; i < r->resource_names.n && !enough(c); i++)
            hold(c, group, resource, r->verbs.v[v], r->resource_names.v[i]);
    }
}

static void hold_rule(struct check *c, const PolicyRule *r) {
    for (uint32_t g = 0; g < r->api_groups.n && !enough(c); g++)
        for (uint32_t i = 0; i < r->resources.n && !enough(c); i++)
            hold_resource(c, r, r->api_groups.v[g], r->resources.v[i]);
    for (uint32_t i = 0; i < r->non_resource_urls.n && !enough(c); i++)
        for (uint32_t v = 0; v < r->verbs.n && !enough(c); v++)
            hold_path(c, r->non_resource_urls.v[i], r->verbs.v[v]);
}

/* ---- what is told ---- */

static bool same_list(const str_list *a, const str_list *b) {
    bool same = a->n == b->n;
    for (uint32_t i = 0; same && i < a->n; i++)
        same = str_eq(a->v[i], b->v[i]);
    return same;
}

/* Rights on one resource are told together, with all their verbs; paths stay as they are. */
static struct rules compact(struct check *c) {
    struct rules out = {NULL, 0};
    for (uint32_t i = 0; i < c->missing.n; i++) {
        const PolicyRule *m = &c->missing.v[i];
        PolicyRule *to = NULL;
        for (uint32_t k = 0; k < out.n && !to && m->resources.n; k++)
            if (same_list(&out.v[k].api_groups, &m->api_groups) &&
                same_list(&out.v[k].resources, &m->resources) &&
                same_list(&out.v[k].resource_names, &m->resource_names))
                to = &out.v[k];
        if (to)
            *list_push(c->arena, &to->verbs) = m->verbs.v[0];
        else
            *list_push(c->arena, &out) = *m;
    }
    return out;
}

/* As Go prints a list of strings with %q. */
static void put_list(struct buf *b, const char *name, const str_list *l) {
    if (!l->n && *name)
        return;
    if (*name && b->n && b->p[b->n - 1] != '{')
        buf_adds(b, ", ");
    buf_printf(b, "%s[", name);
    for (uint32_t i = 0; i < l->n; i++) {
        if (i)
            buf_addc(b, ' ');
        json_quote(b, l->v[i]);
    }
    buf_addc(b, ']');
}

static str rule_text(struct arena *a, const PolicyRule *r) {
    CLEANUP(buf_done) struct buf b = {0};
    buf_addc(&b, '{');
    put_list(&b, "APIGroups:", &r->api_groups);
    put_list(&b, "Resources:", &r->resources);
    put_list(&b, "NonResourceURLs:", &r->non_resource_urls);
    put_list(&b, "ResourceNames:", &r->resource_names);
    put_list(&b, "Verbs:", &r->verbs);
    buf_addc(&b, '}');
    return str_dup(a, buf_str(&b));
}

/* The texts in order, each once, a line each. */
static str missing_text(struct check *c) {
    struct rules rules = compact(c);
    str_list texts = {NULL, 0};
    for (uint32_t i = 0; i < rules.n; i++) {
        str t = rule_text(c->arena, &rules.v[i]);
        *list_push(c->arena, &texts) = t;
        uint32_t k = texts.n - 1;
        for (; k && str_cmp(texts.v[k - 1], t) > 0; k--)
            texts.v[k] = texts.v[k - 1];
        texts.v[k] = t;
    }
    return str_join(c->arena, texts.v, texts.n, STR("\n"));
}

static enum step_result confirm(struct check *c, const PolicyRule *v, uint32_t n) {
    const struct user *u = &c->w->r->user;
    rbac_rules(c->rbac, u, c->ns, own_rule, c);
    for (uint32_t i = 0; i < n && !enough(c); i++)
        hold_rule(c, &v[i]);
    if (c->rights > RIGHTS_MAX)
        return admission_forbid(c->w, STR("the role has too many rights to be checked"));
    if (!c->missing.n)
        return STEP_NEXT;
    CLEANUP(buf_done) struct buf groups = {0};
    put_list(&groups, "", &u->groups);
    str text = missing_text(c), in = buf_str(&groups);
    return admission_forbid(
        c->w, str_printf(c->arena,
                         "user \"" STR_FMT "\" (groups=" STR_FMT
                         ") is attempting to grant RBAC permissions not currently held:\n" STR_FMT,
                         STR_ARG(u->name), STR_ARG(in), STR_ARG(text)));
}

/* ---- who may anyhow ---- */

static bool may(struct check *c, const char *verb, const char *resource, str name) {
    struct apiserver *s = c->w->r->server;
    struct attributes at = {.user = &c->w->r->user,
                            .verb = str_of(verb),
                            .resource_request = true,
                            .group = STR(RBAC_GROUP),
                            .version = STR("*"),
                            .resource = str_of(resource),
                            .ns = c->ns,
                            .name = name};
    str reason;
    return s->authz->authorize(s->authz_ctx, c->arena, &at, &reason) == DECISION_ALLOW;
}

/* Only what the garbage collector needs to take the object away. */
static bool changes_owners_only(struct check *c) {
    const struct api_type *t = c->w->st->type;
    if (!c->w->old)
        return false;
    ObjectMeta *now = arena_dup(c->arena, c->w->obj, t->size);
    const ObjectMeta *old = c->w->old;
    now->owner_references = old->owner_references;
    now->finalizers = old->finalizers;
    now->managed_fields = old->managed_fields;
    now->resource_version = old->resource_version;
    return api_equal(t, now, old);
}

/* An aggregated role gathers whatever others write: to say so takes every right. */
static enum step_result check_aggregation(struct check *c, const ClusterRole *now,
                                          const ClusterRole *old) {
    const AggregationRule *was = old ? old->aggregation_rule : NULL, *is = now->aggregation_rule;
    if ((!was && !is) || (was && is && api_equal(&AggregationRule_type, was, is)))
        return STEP_NEXT;
    struct check all = {.w = c->w, .arena = c->arena, .rbac = c->rbac};
    rbac_rules(c->rbac, &c->w->r->user, STR_NONE, own_rule, &all);
    hold(&all, STR("*"), STR("*"), STR("*"), STR_NONE);
    hold_path(&all, STR("*"), STR("*"));
    if (!all.missing.n)
        return STEP_NEXT;
    return admission_forbid(c->w,
                            STR("must have cluster-admin privileges to use an aggregationRule"));
}

static enum step_result roles(struct check *c) {
    const Role *r = c->w->obj;
    bool cluster = c->w->st == RESOURCE_OF(rbac_v1_clusterroles);
    if (may(c, "escalate", c->w->res->plural, c->w->r->info.name) || changes_owners_only(c))
        return STEP_NEXT;
    /* Both kinds of role have their rules at the same place. */
    enum step_result s = confirm(c, r->rules.v, r->rules.n);
    if (s == STEP_NEXT && cluster)
        s = check_aggregation(c, c->w->obj, c->w->old);
    return s;
}

static enum step_result bindings(struct check *c) {
    /* The two kinds of binding have one layout. */
    const RoleBinding *b = c->w->obj;
    bool cluster = str_eqc(b->role_ref.kind, "ClusterRole");
    if (changes_owners_only(c) ||
        may(c, "bind", cluster ? "clusterroles" : "roles", b->role_ref.name))
        return STEP_NEXT;
    const ClusterRole *cr = cluster ? rbac_cluster_role(c->rbac, b->role_ref.name) : NULL;
    const Role *r = cluster ? NULL : rbac_role(c->rbac, c->ns, b->role_ref.name);
    if (!cr && !r)
        return write_fail(c->w, status_not_found(c->arena, c->w->res, b->role_ref.name));
    return cr ? confirm(c, cr->rules.v, cr->rules.n) : confirm(c, r->rules.v, r->rules.n);
}

static enum step_result mutate(struct write *w) {
    struct access *access = w->r->server->access;
    bool role = w->st == RESOURCE_OF(rbac_v1_clusterroles) || w->st == RESOURCE_OF(rbac_v1_roles);
    bool binding = w->st == RESOURCE_OF(rbac_v1_clusterrolebindings) ||
                   w->st == RESOURCE_OF(rbac_v1_rolebindings);
    if ((!role && !binding) || w->op == WRITE_DELETE || !access ||
        user_in_group(&w->r->user, GROUP_MASTERS))
        return STEP_NEXT;
    struct check c = {.w = w, .arena = w->r->arena, .rbac = access->rbac, .ns = w->ns};
    return role ? roles(&c) : bindings(&c);
}

const struct admission_plugin admission_escalation = {"RBACEscalation", mutate, NULL,
                                                      .always = true};
