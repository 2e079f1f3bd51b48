// SPDX-License-Identifier: Apache-2.0
/* Kinds that are served in two versions with different structs. */
#pragma once

#include "api/resource.h"

/* autoscaling/v1 HorizontalPodAutoscaler, stored as v2: what v1 cannot say travels in
 * annotations (autoscaling.alpha.kubernetes.io/metrics and others). */
extern const struct api_conversion convert_hpa;
/* events.k8s.io/v1 Event, stored as core/v1. */
extern const struct api_conversion convert_event;
