// SPDX-License-Identifier: Apache-2.0
/* What webhooks and policies share: which requests they look at. */
#pragma once

#include "api/kinds/kinds.h"

/* Supported values, sorted. */
extern const char *const admission_failures[], *const admission_reinvocations[];

void check_admission_rule(struct field_errors *fe, const struct field_path *p,
                          const RuleWithOperations *r);
/* "Equivalent" or "Exact". */
void check_match_policy(struct field_errors *fe, const struct field_path *p, str policy);
/* NULL: nothing to check. */
void check_match_resources(struct field_errors *fe, const struct field_path *p,
                           const MatchResources *m);
void check_match_conditions(struct field_errors *fe, const struct field_path *p,
                            const MatchCondition *v, uint32_t n);
str trimmed(str s); /* without white space at both ends */
