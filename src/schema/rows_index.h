// SPDX-License-Identifier: Apache-2.0
/* A pass that names the types of .def files, &PodSpec_type, one after the other: for the
 * initialiser of an array. The user includes the files, then schema/rows_undef.h. */
#include "schema/rows.h"

#define BEGIN(...) &ROWS_CAT(T, _type),
#define ONE(...)
#define OPT(...)
#define LIST(...)
#define MAP(...)
#define ONE_MSG(...)
#define OPT_MSG(...)
#define OPT_REC(...)
#define LIST_MSG(...)
#define MAP_MSG(...)
#define INLINE(...)
#define END
