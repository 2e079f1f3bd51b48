// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authz/rbac.h"

#include <stdlib.h>

#include "apiserver/authz/rules.h"
#include "base/map.h"
#include "base/vec.h"

enum source { CLUSTER_ROLES, ROLES, CLUSTER_BINDINGS, BINDINGS, SOURCES };

/* A role or binding, decoded once. */
struct entry {
    struct arena arena;
    const void *typed;
};

/* What a binding gives a subject. Role and ClusterRole, and the two kinds of binding, have the same
 * fields; what is needed of them is copied here. */
struct grant {
    const struct entry *binding;
    bool cluster_binding, cluster_role;
    str ns, binding_name, role_name;
    const Subject *subject;
};

struct grants {
    VEC(struct grant) list;
};

struct feed {
    struct rbac *rbac;
    enum source source;
    struct store_watch *watch;
    struct task task;
};

struct rbac {
    struct loop *loop;
    struct store *store;
    struct map entries[SOURCES]; /* "ns/name" or "name" -> struct entry */
    struct map subjects;         /* "U:name", "G:name" -> struct grants */
    struct feed feeds[SOURCES];
};

static const struct api_resource *resource_of_source(enum source s) {
    static const enum resource_id ids[SOURCES] = {
        [CLUSTER_ROLES] = RESOURCE_ID(rbac_v1_clusterroles),
        [ROLES] = RESOURCE_ID(rbac_v1_roles),
        [CLUSTER_BINDINGS] = RESOURCE_ID(rbac_v1_clusterrolebindings),
        [BINDINGS] = RESOURCE_ID(rbac_v1_rolebindings),
    };
    return &api_resources[ids[s]];
}

static str entry_key(struct arena *a, str ns, str name) {
    return ns.n ? str_printf(a, STR_FMT "/" STR_FMT, STR_ARG(ns), STR_ARG(name)) : name;
}

/* ---- subjects ---- */

static str subject_key(struct arena *a, const Subject *s, str binding_ns) {
    if (str_eqc(s->kind, "Group"))
        return str_concat(a, STR("G:"), s->name);
    if (str_eqc(s->kind, "ServiceAccount"))
        return str_printf(a, "U:system:serviceaccount:" STR_FMT ":" STR_FMT,
                          STR_ARG(s->namespace_.n ? s->namespace_ : binding_ns), STR_ARG(s->name));
    return str_concat(a, STR("U:"), s->name);
}

static void grant_add(struct rbac *r, str key, const struct grant *g) {
    struct grants *v = map_get(&r->subjects, key);
    if (!v) {
        v = xcalloc(1, sizeof(*v));
        map_put(&r->subjects, key, v);
    }
    *vec_push(&v->list) = *g;
}

static void grant_remove(struct rbac *r, str key, const struct entry *binding) {
    struct grants *v = map_get(&r->subjects, key);
    if (!v)
        return;
    for (uint32_t i = 0; i < v->list.n;)
        if (v->list.v[i].binding == binding)
            vec_remove_at(&v->list, i);
        else
            i++;
    if (v->list.n == 0) {
        map_del(&r->subjects, key);
        vec_done(&v->list);
        free(v);
    }
}

/* ClusterRoleBinding and RoleBinding are alike but for their names; so are the roles. */
_Static_assert(offsetof(ClusterRoleBinding, subjects) == offsetof(RoleBinding, subjects) &&
                   offsetof(ClusterRoleBinding, role_ref) == offsetof(RoleBinding, role_ref),
               "the two bindings have one layout");

static void index_binding(struct rbac *r, const struct entry *e, bool cluster, bool add) {
    const RoleBinding *b = e->typed;
    struct arena a;
    arena_init(&a, 0);
    for (uint32_t i = 0; i < b->subjects.n; i++) {
        const Subject *s = &b->subjects.v[i];
        str key = subject_key(&a, s, b->metadata.namespace_);
        if (!add) {
            grant_remove(r, key, e);
            continue;
        }
        grant_add(r, key,
                  &(struct grant){.binding = e,
                                  .cluster_binding = cluster,
                                  .cluster_role = str_eqc(b->role_ref.kind, "ClusterRole"),
                                  .ns = b->metadata.namespace_,
                                  .binding_name = b->metadata.name,
                                  .role_name = b->role_ref.name,
                                  .subject = s});
    }
    arena_done(&a);
}

/* ---- following the store ---- */

static void entry_free(struct entry *e) {
    arena_done(&e->arena);
    free(e);
}

static void drop(struct rbac *r, enum source s, str key) {
    struct entry *e = map_del(&r->entries[s], key);
    if (!e)
        return;
    if (s == CLUSTER_BINDINGS || s == BINDINGS)
        index_binding(r, e, s == CLUSTER_BINDINGS, false);
    entry_free(e);
}

static void put(struct rbac *r, enum source s, const struct object *o) {
    struct arena a;
    arena_init(&a, 0);
    str key = entry_key(&a, o->ns, o->name);
    drop(r, s, key);
    struct entry *e = xcalloc(1, sizeof(*e));
    arena_init(&e->arena, 0);
    e->typed = object_decode(&e->arena, o);
    map_put(&r->entries[s], key, e);
    if (s == CLUSTER_BINDINGS || s == BINDINGS)
        index_binding(r, e, s == CLUSTER_BINDINGS, true);
    arena_done(&a);
}

static int load(struct feed *f);

static void drain(struct feed *f) {
    const struct store_event *ev;
    struct arena a;
    int r;
    arena_init(&a, 0);
    while ((r = store_watch_next(f->watch, &ev)) > 0) {
        if (ev->type == STORE_DELETED)
            drop(f->rbac, f->source, entry_key(&a, ev->object->ns, ev->object->name));
        else
            put(f->rbac, f->source, ev->object);
    }
    arena_done(&a);
    if (r < 0) /* the log has passed us */
        load(f);
}

static void on_task(struct task *t) {
    drain(container_of(t, struct feed, task));
}

static void on_events(void *ctx) {
    struct feed *f = ctx;
    loop_defer(f->rbac->loop, &f->task);
}

static void clear(struct rbac *r, enum source s) {
    MAP_FOREACH (it, &r->entries[s])
        drop(r, s, it->key);
}

/* Everything that is there, and a watch from then on. */
static int load(struct feed *f) {
    struct rbac *r = f->rbac;
    const struct api_resource *res = resource_of_source(f->source);
    struct store_snapshot *sn = NULL;
    f->watch = store_watch_free(f->watch);
    clear(r, f->source);
    int e = store_snapshot(r->store, res, 0, &sn);
    if (e < 0)
        return e;
    str prefix = str_of(res->prefix);
    for (const struct object *o = store_snapshot_seek(sn, prefix, prefix, false); o;
         o = store_snapshot_next(sn))
        put(r, f->source, o);
    e = store_watch_new(
        r->store,
        &(struct store_watch_options){
            .resource = res, .after = store_snapshot_revision(sn), .ready = on_events, .ctx = f},
        &f->watch);
    store_snapshot_free(sn);
    return e;
}

int rbac_new(struct loop *l, struct store *s, struct rbac **ret) {
    struct rbac *r = xcalloc(1, sizeof(*r));
    int e = 0;
    r->loop = l;
    r->store = s;
    uint64_t seed[2]; /* subjects are what others write */
    env_random(loop_env(l), seed, sizeof(seed));
    map_init(&r->subjects, seed);
    for (enum source i = 0; i < SOURCES; i++)
        map_init(&r->entries[i], seed);
    for (enum source i = 0; i < SOURCES; i++) {
        r->feeds[i] = (struct feed){.rbac = r, .source = i, .task = {.run = on_task}};
        list_init(&r->feeds[i].task.node);
        if (e == 0)
            e = load(&r->feeds[i]);
    }
    if (e == 0)
        *ret = r;
    else
        rbac_free(r);
    return e;
}

struct rbac *rbac_free(struct rbac *r) {
    if (!r)
        return NULL;
    for (enum source i = 0; i < SOURCES; i++) {
        loop_cancel(r->loop, &r->feeds[i].task);
        store_watch_free(r->feeds[i].watch);
        clear(r, i);
        map_done(&r->entries[i]);
    }
    map_done(&r->subjects);
    free(r);
    return NULL;
}

/* ---- decisions ---- */

const ClusterRole *rbac_cluster_role(struct rbac *r, str name) {
    const struct entry *e = map_get(&r->entries[CLUSTER_ROLES], name);
    return e ? e->typed : NULL;
}

const Role *rbac_role(struct rbac *r, str ns, str name) {
    struct arena a;
    arena_init(&a, 0);
    const struct entry *e = map_get(&r->entries[ROLES], entry_key(&a, ns, name));
    arena_done(&a);
    return e ? e->typed : NULL;
}

/* Calls visit(ctx, grant, rule) until it says stop; true when it did. rule is NULL when the role of
 * the binding does not exist. */
typedef bool (*grant_visit)(void *ctx, const struct grant *g, const PolicyRule *rule);

static bool visit_role(struct rbac *r, const struct grant *g, grant_visit visit, void *ctx) {
    const ClusterRole *c = g->cluster_role ? rbac_cluster_role(r, g->role_name) : NULL;
    const Role *role = g->cluster_role ? NULL : rbac_role(r, g->ns, g->role_name);
    if (!c && !role)
        return !visit(ctx, g, NULL);
    const PolicyRule *rules = c ? c->rules.v : role->rules.v;
    uint32_t n = c ? c->rules.n : role->rules.n;
    for (uint32_t i = 0; i < n; i++)
        if (!visit(ctx, g, &rules[i]))
            return true;
    return false;
}

static bool visit_subject(struct rbac *r, str key, str ns, grant_visit visit, void *ctx) {
    const struct grants *v = map_get(&r->subjects, key);
    for (uint32_t i = 0; v && i < v->list.n; i++) {
        const struct grant *g = &v->list.v[i];
        if ((g->cluster_binding || (ns.n && str_eq(g->ns, ns))) && visit_role(r, g, visit, ctx))
            return true;
    }
    return false;
}

static void visit_user(struct rbac *r, const struct user *u, str ns, grant_visit visit, void *ctx) {
    struct arena a;
    arena_init(&a, 0);
    bool stop = visit_subject(r, str_concat(&a, STR("U:"), u->name), ns, visit, ctx);
    for (uint32_t i = 0; i < u->groups.n && !stop; i++)
        stop = visit_subject(r, str_concat(&a, STR("G:"), u->groups.v[i]), ns, visit, ctx);
    arena_done(&a);
}

struct question {
    struct arena *arena;
    const struct attributes *at;
    bool allowed;
    str reason;
    str missing; /* roles that are bound but do not exist */
    unsigned n_missing;
};

static void note_missing(struct question *q, const struct grant *g) {
    str text = str_printf(q->arena, "%s.rbac.authorization.k8s.io \"" STR_FMT "\" not found",
                          g->cluster_role ? "clusterrole" : "role", STR_ARG(g->role_name));
    if (str_find(q->missing, text) >= 0)
        return;
    q->missing = q->n_missing++ ? str_printf(q->arena, STR_FMT ", " STR_FMT, STR_ARG(q->missing),
                                             STR_ARG(text))
                                : text;
}

static bool ask_rule(void *ctx, const struct grant *g, const PolicyRule *rule) {
    struct question *q = ctx;
    if (!rule)
        note_missing(q, g);
    if (!rule || !rule_allows(rule, q->at))
        return true;
    q->allowed = true;
    str ns = g->cluster_binding ? STR("") : str_concat(q->arena, STR("/"), g->ns);
    q->reason =
        str_printf(q->arena,
                   "RBAC: allowed by %s \"" STR_FMT STR_FMT "\" of %s \"" STR_FMT "\" to " STR_FMT
                   " \"" STR_FMT STR_FMT "\"",
                   g->cluster_binding ? "ClusterRoleBinding" : "RoleBinding",
                   STR_ARG(g->binding_name), STR_ARG(ns), g->cluster_role ? "ClusterRole" : "Role",
                   STR_ARG(g->role_name), STR_ARG(g->subject->kind), STR_ARG(g->subject->name),
                   STR_ARG(str_eqc(g->subject->kind, "ServiceAccount")
                               ? str_concat(q->arena, STR("/"), g->subject->namespace_)
                               : STR("")));
    return false;
}

/* system:masters is upstream's privileged group: allowed before any authorizer is asked. */
static enum decision authorize(void *ctx, struct arena *a, const struct attributes *at,
                               str *ret_reason) {
    struct question q = {.arena = a, .at = at};
    if (user_in_group(at->user, GROUP_MASTERS))
        return DECISION_ALLOW;
    visit_user(ctx, at->user, at->ns, ask_rule, &q);
    if (!q.allowed && q.n_missing)
        q.reason = str_printf(a, q.n_missing > 1 ? "RBAC: [" STR_FMT "]" : "RBAC: " STR_FMT,
                              STR_ARG(q.missing));
    *ret_reason = q.reason;
    return q.allowed ? DECISION_ALLOW : DECISION_NO_OPINION;
}

const struct authz_ops rbac_ops = {.authorize = authorize};

struct rules_visit {
    bool (*visit)(void *ctx, const PolicyRule *rule);
    void *ctx;
};

static bool give_rule(void *ctx, const struct grant *g, const PolicyRule *rule) {
    struct rules_visit *v = ctx;
    return !rule || v->visit(v->ctx, rule);
}

void rbac_rules(struct rbac *r, const struct user *u, str ns,
                bool (*visit)(void *ctx, const PolicyRule *rule), void *ctx) {
    visit_user(r, u, ns, give_rule, &(struct rules_visit){visit, ctx});
}
