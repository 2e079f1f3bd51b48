// SPDX-License-Identifier: Apache-2.0
/* Fields that a write through a resource or subresource cannot change, as the strategy puts them
 * back: nobody owns them by such a write. For fieldset_of_names. */
#pragma once

#include "api/resource.h"

str reset_fields(const struct api_resource *r, str sub); /* sub empty: the resource itself */
/* The other way round, for a subresource that lets little through: patterns of all that is owned.
 * For fieldset_matching; empty: no such limit. */
str owned_fields(const struct api_resource *r, str sub);
