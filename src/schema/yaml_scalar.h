// SPDX-License-Identifier: Apache-2.0
/* What a plain YAML 1.1 scalar stands for. */
#pragma once

#include "schema/value.h"

/* -EINVAL: infinite or no number, which JSON cannot say. *ret may point into text. */
int yaml_plain(str text, struct value *ret, struct err *e);
