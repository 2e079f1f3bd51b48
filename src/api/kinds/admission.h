// SPDX-License-Identifier: Apache-2.0
/* What webhooks and policies share: which requests they look at. */
#pragma once

#include "api/kinds/kinds.h"

void check_admission_rule(struct field_errors *fe, const struct field_path *p,
                          const RuleWithOperations *r);
/* NULL: nothing to check. */
void check_match_resources(struct field_errors *fe, const struct field_path *p,
                           const MatchResources *m);
/* params: whether the conditions may name them. */
void check_match_conditions(struct field_errors *fe, const struct field_path *p,
                            const MatchCondition *v, uint32_t n, bool params);
bool same_match_conditions(const MatchCondition *x, uint32_t n, const MatchCondition *y,
                           uint32_t m);
str trimmed(str s); /* without white space at both ends */
