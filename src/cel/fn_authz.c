// SPDX-License-Identifier: Apache-2.0
/* Questions to the authorizer: built up part by part, asked by check(verb). */
#include "cel/functions.h"
#include "cel/run.h"

struct question {
    const struct cel_authorizer *authorizer;
    struct cel_access access;
};

static struct cel_value of_question(struct arena *a, const struct cel_type *t, struct question q) {
    struct cel_opaque *o = arena_make(a, struct cel_opaque);
    o->type = t;
    o->data = arena_dup(a, &q, sizeof(q));
    return (struct cel_value){.tag = CEL_V_OPAQUE, .opaque = o};
}

struct cel_value cel_authorizer_value(struct arena *a, const struct cel_authorizer *authorizer) {
    return of_question(a, &cel_type_authorizer, (struct question){.authorizer = authorizer});
}
struct cel_value cel_resource_check_value(struct arena *a, const struct cel_authorizer *authorizer,
                                          const struct cel_access *access) {
    return of_question(a, &cel_type_resource_check, (struct question){authorizer, *access});
}

/* Of this type, with strings behind it. */
static const struct question *question(const struct cel_value *args, uint32_t n,
                                       const struct cel_type *t) {
    for (uint32_t i = 1; i < n; i++)
        if (args[i].tag != CEL_V_STRING)
            return NULL;
    return cel_data(args[0], t);
}

struct cel_value fn_authz_path(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct question *q = question(args, n, &cel_type_authorizer);
    struct question path;
    if (!q)
        return cel_no_overload();
    path = *q;
    path.access.path = args[1].s;
    return of_question(r->arena, &cel_type_path_check, path);
}

struct cel_value fn_authz_group(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct question *q = question(args, n, &cel_type_authorizer);
    struct question group;
    if (!q)
        return cel_no_overload();
    group = *q;
    group.access.group = args[1].s;
    return of_question(r->arena, &cel_type_group_check, group);
}

struct cel_value fn_authz_service_account(struct cel_run *r, const struct cel_value *args,
                                          uint32_t n) {
    const struct question *q = question(args, n, &cel_type_authorizer);
    struct question other;
    if (!q)
        return cel_no_overload();
    if (!args[1].s.n || !args[2].s.n)
        return cel_fail(r, "Invalid service account: namespace and name are required");
    other = *q;
    other.access.service_account_namespace = args[1].s;
    other.access.service_account = args[2].s;
    return of_question(r->arena, &cel_type_authorizer, other);
}

struct cel_value fn_authz_resource(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct question *q = question(args, n, &cel_type_group_check);
    struct question resource;
    if (!q)
        return cel_no_overload();
    resource = *q;
    resource.access.is_resource = true;
    resource.access.resource = args[1].s;
    return of_question(r->arena, &cel_type_resource_check, resource);
}

#define PART(part)                                                                                 \
    struct cel_value fn_authz_##part(struct cel_run *r, const struct cel_value *args,              \
                                     uint32_t n) {                                                 \
        const struct question *q = question(args, n, &cel_type_resource_check);                    \
        struct question more;                                                                      \
        if (!q)                                                                                    \
            return cel_no_overload();                                                              \
        more = *q;                                                                                 \
        more.access.part = args[1].s;                                                              \
        return of_question(r->arena, &cel_type_resource_check, more);                              \
    }
PART(subresource)
PART(namespace)
PART(name)
PART(field_selector)
PART(label_selector)

struct cel_value fn_authz_check(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct question *q = question(args, n, &cel_type_resource_check);
    struct cel_access access;
    struct cel_decision d;
    if (!q)
        q = question(args, n, &cel_type_path_check);
    if (!q)
        return cel_no_overload();
    access = q->access;
    access.verb = args[1].s;
    d = q->authorizer->check(q->authorizer->ctx, r->arena, &access);
    return cel_of_opaque(r, &cel_type_decision, arena_dup(r->arena, &d, sizeof(d)));
}

struct cel_value fn_authz_allowed(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_decision *d = cel_data(args[0], &cel_type_decision);
    return d ? cel_bool(d->allowed) : cel_no_overload();
}
struct cel_value fn_authz_errored(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_decision *d = cel_data(args[0], &cel_type_decision);
    return d ? cel_bool(d->error.n > 0) : cel_no_overload();
}
struct cel_value fn_authz_reason(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_decision *d = cel_data(args[0], &cel_type_decision);
    return d ? cel_string(d->reason.p ? d->reason : STR("")) : cel_no_overload();
}
struct cel_value fn_authz_error(struct cel_run *r, const struct cel_value *args, uint32_t n) {
    const struct cel_decision *d = cel_data(args[0], &cel_type_decision);
    return d ? cel_string(d->error.p ? d->error : STR("")) : cel_no_overload();
}
