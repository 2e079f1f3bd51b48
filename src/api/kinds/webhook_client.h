// SPDX-License-Identifier: Apache-2.0
/* Where a webhook is and how one talks to it: what configurations of admission webhooks and of
 * conversions have in common (k8s.io/apiserver/pkg/util/webhook). */
#pragma once

#include "api/kinds/kinds.h"

/* Nothing but https://host[/path]. */
void check_webhook_url(struct field_errors *fe, const struct field_path *p, str url);
/* path.p NULL: none. */
void check_webhook_service(struct field_errors *fe, const struct field_path *p, str name,
                           str namespace_, str path, int32_t port);
/* Versions of reviews, at least one; any: none of them need be one that the server speaks. */
void check_review_versions(struct field_errors *fe, const struct field_path *p, const str_list *l,
                           bool any);
bool knows_review_version(const str_list *versions);
