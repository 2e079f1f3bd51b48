// SPDX-License-Identifier: Apache-2.0
/* Validation of the workloads of group apps, for their hooks. */
#pragma once

#include "api/kinds/kinds.h"

/* Of the status: no more are `some` (v of them), ready or available than there are, and no more
 * available than ready. */
void check_counts(struct field_errors *fe, const char *some, int32_t v, int32_t ready,
                  int32_t available, int32_t replicas);

void deployment_validate(struct field_errors *fe, const void *obj, const void *old);
void deployment_validate_update(struct field_errors *fe, const void *obj, const void *old);
void deployment_validate_status(struct field_errors *fe, const void *obj, const void *old);
void replicaset_validate(struct field_errors *fe, const void *obj, const void *old);
void replicaset_validate_update(struct field_errors *fe, const void *obj, const void *old);
void replicaset_validate_status(struct field_errors *fe, const void *obj, const void *old);
void statefulset_validate(struct field_errors *fe, const void *obj, const void *old);
void statefulset_validate_update(struct field_errors *fe, const void *obj, const void *old);
void daemonset_validate(struct field_errors *fe, const void *obj, const void *old);
void daemonset_validate_update(struct field_errors *fe, const void *obj, const void *old);
void statefulset_validate_status(struct field_errors *fe, const void *obj, const void *old);
void daemonset_validate_status(struct field_errors *fe, const void *obj, const void *old);
void controllerrevision_validate(struct field_errors *fe, const void *obj);
void controllerrevision_validate_update(struct field_errors *fe, const void *obj, const void *old);
