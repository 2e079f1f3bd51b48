// SPDX-License-Identifier: Apache-2.0
/* The metrics of autoscalers between v1 (inside annotations) and v2. */
#pragma once

#include "api/types.h"

void hpa_metric_to_v1(struct arena *a, const MetricSpec *from, autoscaling_v1_MetricSpec *ret);
void hpa_metric_to_v2(struct arena *a, const autoscaling_v1_MetricSpec *from, MetricSpec *ret);
void hpa_metric_status_to_v1(struct arena *a, const MetricStatus *from,
                             autoscaling_v1_MetricStatus *ret);
void hpa_metric_status_to_v2(struct arena *a, const autoscaling_v1_MetricStatus *from,
                             MetricStatus *ret);
