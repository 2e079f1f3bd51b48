// SPDX-License-Identifier: Apache-2.0
/* SubjectAccessReview, LocalSubjectAccessReview, SelfSubjectAccessReview: may somebody do
 * something? Asked of the server's own authorizer. */
#include "api/hooks.h"
#include "apiserver/encoding/decode.h"
#include "apiserver/special/special.h"

#define AUTHORIZATION_GROUP "authorization.k8s.io"

struct review {
    struct request *r;
    const ResourceAttributes *resource;
    const NonResourceAttributes *path;
};

static bool invalid(struct request *r, const void *obj) {
    struct field_errors fe = {.arena = r->arena};
    hooks_validate(&fe, r->res, r->res, obj, NULL);
    if (fe.list.n)
        respond_status(r,
                       status_invalid(r->arena, STR(AUTHORIZATION_GROUP), STR(""), STR(""), &fe));
    return fe.list.n;
}

/* "a=b" for the one kind of requirement that an authorizer may use: key In (value). */
static str selector_text(struct arena *a, const FieldSelectorAttributes *f) {
    str out = STR_NONE;
    if (!f)
        return out;
    if (f->raw_selector.n)
        return f->raw_selector;
    for (uint32_t i = 0; i < f->requirements.n; i++) {
        const FieldSelectorRequirement *q = &f->requirements.v[i];
        if (!str_eqc(q->operator_, "In") || q->values.n != 1)
            continue;
        out = str_printf(a, STR_FMT "%s" STR_FMT "=" STR_FMT, STR_ARG(out), out.n ? "," : "",
                         STR_ARG(q->key), STR_ARG(q->values.v[0]));
    }
    return out;
}

static SubjectAccessReviewStatus decide(struct review *v, const struct user *u) {
    const struct apiserver *s = v->r->server;
    struct attributes at = {.user = u};
    if (v->resource) {
        const ResourceAttributes *ra = v->resource;
        at.resource_request = true;
        at.verb = ra->verb;
        at.group = ra->group;
        at.version = ra->version.n ? ra->version : STR("*");
        at.resource = ra->resource;
        at.subresource = ra->subresource;
        at.ns = ra->namespace_;
        at.name = ra->name;
        at.field_selector = selector_text(v->r->arena, ra->field_selector);
    } else {
        at.verb = v->path->verb;
        at.path = v->path->path;
    }
    SubjectAccessReviewStatus status = {0};
    enum decision d = s->authz->authorize(s->authz_ctx, v->r->arena, &at, &status.reason);
    status.allowed = d == DECISION_ALLOW;
    status.denied = d == DECISION_DENY;
    return status;
}

static struct user subject_of(const SubjectAccessReviewSpec *spec) {
    return (struct user){.name = spec->user,
                         .uid = spec->uid,
                         .groups = {spec->groups.v, spec->groups.n},
                         .extra = {spec->extra.v, spec->extra.n}};
}

/* Both have the same spec and status, at the same places. */
_Static_assert(offsetof(SubjectAccessReview, spec) == offsetof(LocalSubjectAccessReview, spec) &&
                   offsetof(SubjectAccessReview, status) ==
                       offsetof(LocalSubjectAccessReview, status),
               "the two reviews have one layout");

static enum phase_result review_subject(struct request *r, bool local) {
    struct body_kind k = body_kind_of(r);
    void *body;
    Status *s;
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    SubjectAccessReview *sar = body;
    struct review v = {.r = r,
                       .resource = sar->spec.resource_attributes,
                       .path = sar->spec.non_resource_attributes};
    if (local && sar->metadata.namespace_.n && !str_eq(sar->metadata.namespace_, r->info.ns))
        return respond_status(r, status_bad_request(r->arena,
                                                    "the namespace of the provided object does not "
                                                    "match the namespace sent on the request"));
    if (local)
        sar->metadata.namespace_ = r->info.ns;
    if (invalid(r, sar))
        return PHASE_DONE;
    struct user u = subject_of(&sar->spec);
    sar->status = decide(&v, &u);
    return respond_typed(r, 201, r->res->type, sar);
}

enum phase_result special_access_review(struct request *r) {
    return review_subject(r, false);
}

enum phase_result special_local_access_review(struct request *r) {
    return review_subject(r, true);
}

enum phase_result special_self_access_review(struct request *r) {
    struct body_kind k = body_kind_of(r);
    void *body;
    Status *s;
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    SelfSubjectAccessReview *sar = body;
    struct review v = {.r = r,
                       .resource = sar->spec.resource_attributes,
                       .path = sar->spec.non_resource_attributes};
    if (invalid(r, sar))
        return PHASE_DONE;
    sar->status = decide(&v, &r->user);
    return respond_typed(r, 201, &SelfSubjectAccessReview_type, sar);
}
