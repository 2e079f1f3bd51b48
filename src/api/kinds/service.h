// SPDX-License-Identifier: Apache-2.0
/* The parts of a service's checks, file by file. */
#pragma once

#include "api/kinds/kinds.h"

bool service_is_headless(const ServiceSpec *s);
/* Addresses and families a service has stay, unless it goes to or from ExternalName. */
void check_service_addresses_kept(struct field_errors *fe, const ServiceSpec *s,
                                  const ServiceSpec *was);
