// SPDX-License-Identifier: Apache-2.0
/* Does a PolicyRule allow a request? rbac/v1, as upstream's component-helpers evaluate it. */
#pragma once

#include "apiserver/auth.h"

bool rule_allows(const PolicyRule *rule, const struct attributes *at);
/* Does `owner`'s rule cover everything the single right (verb, group, resource, name) means? For
 * the escalation check; any of the strings may be "*". */
bool rule_covers_resource(const PolicyRule *owner, str verb, str group, str resource, str name);
bool rule_covers_path(const PolicyRule *owner, str verb, str path);
