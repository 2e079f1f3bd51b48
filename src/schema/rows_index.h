// SPDX-License-Identifier: Apache-2.0
/* A pass that names the types of .def files, &PodSpec_type, one after the other: for the
 * initialiser of an array. The user includes the files, then schema/rows_undef.h. */
#include "schema/rows.h"

#define BEGIN(...) &ROWS_CAT(T, _type),
#include "schema/rows_none.h"
