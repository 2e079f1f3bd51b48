// SPDX-License-Identifier: Apache-2.0
/* Evaluates programs. A pure function of the program and the values of its variables: no clock, no
 * input but an authorizer where the caller gives one. */
#pragma once

#include "cel/cel.h"
#include "cel/value.h"

/* Answers "authorizer....check(verb)". */
struct cel_access {
    bool is_resource; /* else a path */
    str path;
    str group, resource, subresource, namespace, name, field_selector, label_selector;
    str verb;
    str service_account_namespace, service_account; /* empty: the user of the request */
};
struct cel_decision {
    bool allowed;
    str reason, error;
};
struct cel_authorizer {
    struct cel_decision (*check)(void *ctx, struct arena *a, const struct cel_access *access);
    void *ctx;
};

struct cel_binding {
    const char *name;
    struct cel_value value;
};
struct cel_activation {
    const struct cel_binding *v;
    uint32_t n;
};

/* What variables of the type Authorizer, and "authorizer.requestResource", are bound to. */
struct cel_value cel_authorizer_value(struct arena *a, const struct cel_authorizer *authorizer);
struct cel_value cel_resource_check_value(struct arena *a, const struct cel_authorizer *authorizer,
                                          const struct cel_access *access);

/* 0 with the value, which lives in the arena and what the variables point to; -EINVAL with an error
 * value (its text says what went wrong); -E2BIG the same, when the cost or what may be allocated
 * was spent. Costs are those of the Go implementation with Kubernetes' libraries. */
int cel_eval(const struct cel_program *p, struct arena *a, const struct cel_activation *vars,
             uint64_t cost_limit, struct cel_value *ret, uint64_t *ret_cost);
