// SPDX-License-Identifier: Apache-2.0
/* TokenReview: whose token is this? And SelfSubjectReview: who am I? */
#include "apiserver/access.h"
#include "apiserver/encoding/decode.h"
#include "apiserver/hook_env.h"
#include "apiserver/special/special.h"
#include "base/vec.h"

static UserInfo user_info(const struct user *u) {
    UserInfo i = {.username = u->name, .uid = u->uid};
    i.groups = (__typeof__(i.groups)){u->groups.v, u->groups.n};
    i.extra = (__typeof__(i.extra)){u->extra.v, u->extra.n};
    return i;
}

enum phase_result special_token_review(struct request *r) {
    struct body_kind k = body_kind_of(r);
    struct access *access = r->server->access;
    void *body;
    Status *s;
    if (!access)
        return respond_no_resource(r);
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    TokenReview *t = body;
    if (t->metadata.namespace_.n)
        return respond_status(
            r, status_bad_request(r->arena, "namespace is not allowed on this type: " STR_FMT,
                                  STR_ARG(t->metadata.namespace_)));
    if (!t->spec.token.n)
        return respond_status(
            r, status_bad_request(r->arena, "token is required for TokenReview in authentication"));
    str_list audiences = {t->spec.audiences.v, t->spec.audiences.n};
    if (!audiences.n)
        audiences = authenticator_audiences(&access->authenticator);
    struct token_answer answer;
    t->status = (TokenReviewStatus){0};
    if (token_authenticate(&access->authenticator, r->arena, t->spec.token, &audiences, &answer) <
        0) {
        t->status.error = answer.error;
    } else {
        *list_push(r->arena, &answer.user.groups) = GROUP_AUTHENTICATED;
        t->status.authenticated = true;
        t->status.user = user_info(&answer.user);
        t->status.audiences =
            (__typeof__(t->status.audiences)){answer.audiences.v, answer.audiences.n};
    }
    return respond_typed(r, 201, &TokenReview_type, t);
}

enum phase_result special_self_review(struct request *r) {
    struct body_kind k = body_kind_of(r);
    void *body;
    Status *s;
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    SelfSubjectReview answer = {.status = {.user_info = user_info(&r->user)}};
    answer.metadata.creation_timestamp = time_of_ns(loop_wall(r->server->loop));
    return respond_typed(r, 201, &SelfSubjectReview_type, &answer);
}
