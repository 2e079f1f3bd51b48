// SPDX-License-Identifier: Apache-2.0
/* Paths that the generic verbs do not serve: virtual resources that are only created (reviews), and
 * subresources with a mind of their own (binding, scale, log). One row each; another concern adds
 * its file and a row. */
#pragma once

#include "apiserver/request.h"

struct special {
    const char *group, *resource, *subresource; /* subresource NULL: the resource itself */
    enum verb verb;                             /* VERB_MAX: every verb it has */
    /* As a phase: answers, or waits. The body is read, nothing decoded. */
    enum phase_result (*run)(struct request *r);
    bool no_body;   /* leave body and common options alone (streams, what is passed on) */
    bool any_media; /* do not negotiate the answer's type */
};

const struct special *special_find(const struct request *r); /* NULL: generic */

enum phase_result special_binding(struct request *r);
enum phase_result special_eviction(struct request *r);
enum phase_result special_log(struct request *r);
enum phase_result special_token(struct request *r);
enum phase_result special_token_review(struct request *r);
enum phase_result special_self_review(struct request *r);
enum phase_result special_access_review(struct request *r);
enum phase_result special_local_access_review(struct request *r);
enum phase_result special_self_access_review(struct request *r);
enum phase_result special_rules_review(struct request *r);
enum phase_result special_components(struct request *r); /* componentstatuses, list and get */
enum phase_result special_exec(struct request *r);
enum phase_result special_attach(struct request *r);
enum phase_result special_port_forward(struct request *r);
enum phase_result special_pod_proxy(struct request *r);
enum phase_result special_service_proxy(struct request *r);
enum phase_result special_node_proxy(struct request *r);
