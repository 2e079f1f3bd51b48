// SPDX-License-Identifier: Apache-2.0
/* What is asked of a service's addresses before any are given, and of the whole afterwards. */
#pragma once

#include "api/types.h"
#include "schema/ops.h"

/* clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy against each other; old NULL: create.
 * Nothing is asked of services of type ExternalName. */
void service_check_cluster_ips(struct field_errors *fe, const Service *s, const Service *old);
