// SPDX-License-Identifier: Apache-2.0
#include "apiserver/special/special.h"

/* Passed on to another server: every verb, the body and the query are not ours to read. */
#define PASSED(resource_, sub_, run_)                                                              \
    {                                                                                              \
        .group = "", .resource = resource_, .subresource = sub_, .verb = VERB_MAX, .run = run_,    \
        .no_body = true, .any_media = true                                                         \
    }

static const struct special specials[] = {
    {.group = "", .resource = "bindings", .verb = VERB_CREATE, .run = special_binding},
    {.group = "",
     .resource = "pods",
     .subresource = "binding",
     .verb = VERB_CREATE,
     .run = special_binding},
    {.group = "",
     .resource = "pods",
     .subresource = "eviction",
     .verb = VERB_CREATE,
     .run = special_eviction},
    PASSED("pods", "exec", special_exec),
    PASSED("pods", "attach", special_attach),
    PASSED("pods", "portforward", special_port_forward),
    PASSED("pods", "proxy", special_pod_proxy),
    PASSED("services", "proxy", special_service_proxy),
    PASSED("nodes", "proxy", special_node_proxy),
    {.group = "",
     .resource = "pods",
     .subresource = "log",
     .verb = VERB_GET,
     .run = special_log,
     .no_body = true,
     .any_media = true},
    {.group = "",
     .resource = "serviceaccounts",
     .subresource = "token",
     .verb = VERB_CREATE,
     .run = special_token},
    {.group = "", .resource = "componentstatuses", .verb = VERB_LIST, .run = special_components},
    {.group = "", .resource = "componentstatuses", .verb = VERB_GET, .run = special_components},
#define REVIEW(group_, resource_, run_)                                                            \
    { .group = group_ ".k8s.io", .resource = resource_, .verb = VERB_CREATE, .run = run_ }
    REVIEW("authentication", "tokenreviews", special_token_review),
    REVIEW("authentication", "selfsubjectreviews", special_self_review),
    REVIEW("authorization", "subjectaccessreviews", special_access_review),
    REVIEW("authorization", "localsubjectaccessreviews", special_local_access_review),
    REVIEW("authorization", "selfsubjectaccessreviews", special_self_access_review),
    REVIEW("authorization", "selfsubjectrulesreviews", special_rules_review),
#undef REVIEW
};

const struct special *special_find(const struct request *r) {
    const char *sub = r->sub ? r->sub->name : NULL;
    for (size_t i = 0; i < ARRAY_LEN(specials); i++) {
        const struct special *s = &specials[i];
        if (strcmp(s->group, r->res->group) || strcmp(s->resource, r->res->plural))
            continue;
        if (!s->subresource != !sub || (sub && strcmp(s->subresource, sub)))
            continue;
        if (s->verb == VERB_MAX || s->verb == r->verb)
            return s;
    }
    return NULL;
}
