// SPDX-License-Identifier: Apache-2.0
/* Validation of the workloads of group apps, for their hooks. */
#pragma once

#include "api/kinds/kinds.h"

/* A count of the status, against another. */
void check_at_most(struct field_errors *fe, const char *name, int64_t v, const char *other,
                   int64_t most);

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
