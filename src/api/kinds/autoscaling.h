// SPDX-License-Identifier: Apache-2.0
/* Parts of the validation of horizontal pod autoscalers. */
#pragma once

#include "api/kinds/kinds.h"

/* What scaling goes by. */
void check_metric(struct field_errors *fe, const struct field_path *p, const MetricSpec *m);
/* What is wrong with the version of an object that is pointed at, or NULL. group: it must name one.
 */
const char *reference_version_error(struct arena *a, str version, bool group);
/* What an autoscaler points at. version_error: of reference_version_error(). */
void check_object_reference(struct field_errors *fe, const struct field_path *p,
                            const CrossVersionObjectReference *r, const char *version_error);
