// SPDX-License-Identifier: Apache-2.0
/* Quantities live in schema, because reading a quantity field makes its text canonical. */
#pragma once

#include "schema/quantity.h"
