// SPDX-License-Identifier: Apache-2.0
/* Parts of the validation of horizontal pod autoscalers. */
#pragma once

#include "api/kinds/kinds.h"

/* What scaling goes by. */
void check_metric(struct field_errors *fe, const struct field_path *p, const MetricSpec *m);
/* What an autoscaler points at. group: the version must name one. */
void check_object_reference(struct field_errors *fe, const struct field_path *p,
                            const CrossVersionObjectReference *r, bool group);
