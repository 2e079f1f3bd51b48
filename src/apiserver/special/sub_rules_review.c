// SPDX-License-Identifier: Apache-2.0
/* SelfSubjectRulesReview: what may I do in a namespace? The roles' rules as they stand. */
#include "apiserver/access.h"
#include "apiserver/encoding/decode.h"
#include "apiserver/special/special.h"
#include "base/vec.h"

struct collector {
    struct arena *arena;
    SubjectRulesReviewStatus *status;
};

static bool collect(void *ctx, const PolicyRule *rule) {
    struct collector *c = ctx;
    struct arena *a = c->arena;
    /* The rule goes away with its role, which another request may change: the answer is a copy. */
    const PolicyRule *copy = api_clone(a, &PolicyRule_type, rule);
    if (copy->resources.n) {
        ResourceRule *r = list_push(a, &c->status->resource_rules);
        memcpy(&r->verbs, &copy->verbs, sizeof(r->verbs));
        memcpy(&r->api_groups, &copy->api_groups, sizeof(r->api_groups));
        memcpy(&r->resources, &copy->resources, sizeof(r->resources));
        memcpy(&r->resource_names, &copy->resource_names, sizeof(r->resource_names));
    }
    if (copy->non_resource_urls.n) {
        NonResourceRule *r = list_push(a, &c->status->non_resource_rules);
        memcpy(&r->verbs, &copy->verbs, sizeof(r->verbs));
        memcpy(&r->non_resource_urls, &copy->non_resource_urls, sizeof(r->non_resource_urls));
    }
    return !arena_over(a);
}

enum phase_result special_rules_review(struct request *r) {
    struct body_kind k = body_kind_of(r);
    struct access *access = r->server->access;
    void *body;
    Status *s;
    if (!access)
        return respond_no_resource(r);
    if (decode_body(r, &k, &body, &s) < 0)
        return respond_status(r, s);
    const SelfSubjectRulesReview *asked = body;
    if (!asked->spec.namespace_.n)
        return respond_status(r, status_bad_request(r->arena, "no namespace on request"));
    SelfSubjectRulesReview answer = {0};
    /* Both lists are required: [] when there is nothing in them. */
    answer.status.resource_rules.v = arena_make(r->arena, ResourceRule);
    answer.status.non_resource_rules.v = arena_make(r->arena, NonResourceRule);
    struct collector c = {r->arena, &answer.status};
    rbac_rules(access->rbac, &r->user, asked->spec.namespace_, collect, &c);
    str node;
    if (user_is_node(&r->user, &node)) {
        answer.status.incomplete = true;
        answer.status.evaluation_error =
            STR("node authorizer does not support user rule resolution");
    }
    return respond_typed(r, 201, &SelfSubjectRulesReview_type, &answer);
}
