// SPDX-License-Identifier: Apache-2.0
#include "apiserver/authn/service_account.h"

#include "base/vec.h"

str service_account_user(struct arena *a, str ns, str name) {
    return str_printf(a, SERVICE_ACCOUNT_USER STR_FMT ":" STR_FMT, STR_ARG(ns), STR_ARG(name));
}

void user_add_extra(struct arena *a, struct user *u, str key, str value) {
    struct strs_pair *p = list_push(a, &u->extra);
    p->key = key;
    *list_push(a, &p->value) = value;
}

struct bound {
    struct arena *arena;
    struct store *store;
    int64_t now;
    struct err *err;
};

/* Deleted, and not only a moment ago. Objects of every kind begin with their metadata. */
static bool is_deleted(struct bound *b, struct object *o) {
    if (!o->deleting)
        return false;
    const ObjectMeta *m = object_decode(b->arena, o);
    return m->deletion_timestamp.set && m->deletion_timestamp.sec < b->now - CLAIMS_LEEWAY;
}

static int check(struct bound *b, const struct api_resource *res, str ns,
                 const struct claims_ref *ref, const char *what, const char *claim) {
    struct object *o = store_get(b->store, res, object_key(b->arena, res, ns, ref->name));
    bool account = res == RESOURCE_OF(core_v1_serviceaccounts);
    if (!o && account)
        return err_set(b->err, -EACCES, "serviceaccounts \"" STR_FMT "\" not found",
                       STR_ARG(ref->name));
    if (account && is_deleted(b, o))
        return err_set(b->err, -EACCES, "service account " STR_FMT "/" STR_FMT " has been deleted",
                       STR_ARG(ns), STR_ARG(ref->name));
    if (!o || is_deleted(b, o))
        return err_set(b->err, -EACCES, "service account token has been invalidated");
    if (!str_eq(o->uid, ref->uid))
        return err_set(b->err, -EACCES, "%s UID (" STR_FMT ") does not match %s (" STR_FMT ")",
                       what, STR_ARG(o->uid), claim, STR_ARG(ref->uid));
    return 0;
}

int service_account_check(struct arena *a, struct store *s, const struct claims *c, int64_t now,
                          struct err *e) {
    struct bound b = {.arena = a, .store = s, .now = now, .err = e};
    if (!c->ns.n || !c->service_account.name.n || !c->service_account.uid.n ||
        !str_eq(c->sub, service_account_user(a, c->ns, c->service_account.name)))
        return err_set(e, -EACCES, "service account token claims could not be validated");
    int r = check(&b, RESOURCE_OF(core_v1_serviceaccounts), c->ns, &c->service_account,
                  "service account", "claim");
    if (r == 0 && c->secret.name.n)
        r = check(&b, RESOURCE_OF(core_v1_secrets), c->ns, &c->secret, "secret",
                  "service account secret ref claim");
    if (r == 0 && c->pod.name.n)
        r = check(&b, RESOURCE_OF(core_v1_pods), c->ns, &c->pod, "pod",
                  "service account pod ref claim");
    /* Beside a pod the node is only told, not asked for. */
    if (r == 0 && c->node.name.n && !c->pod.name.n)
        r = check(&b, RESOURCE_OF(core_v1_nodes), STR_NONE, &c->node, "node",
                  "service account node ref claim");
    return r;
}

struct user service_account_of(struct arena *a, const struct claims *c) {
    struct user u = {.name = service_account_user(a, c->ns, c->service_account.name),
                     .uid = c->service_account.uid};
    *list_push(a, &u.groups) = STR(SERVICE_ACCOUNT_GROUP);
    *list_push(a, &u.groups) = str_printf(a, SERVICE_ACCOUNT_GROUP ":" STR_FMT, STR_ARG(c->ns));
    if (c->jti.n)
        user_add_extra(a, &u, CREDENTIAL_ID, str_concat(a, STR("JTI="), c->jti));
    if (c->node.name.n)
        user_add_extra(a, &u, CREDENTIAL_NODE_NAME, c->node.name);
    if (c->node.name.n && c->node.uid.n)
        user_add_extra(a, &u, CREDENTIAL_NODE_UID, c->node.uid);
    if (c->pod.name.n) {
        user_add_extra(a, &u, CREDENTIAL_POD_NAME, c->pod.name);
        user_add_extra(a, &u, CREDENTIAL_POD_UID, c->pod.uid);
    }
    return u;
}
