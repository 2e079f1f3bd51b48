// SPDX-License-Identifier: Apache-2.0
/* Ends a pass over a .def file. See schema/rows.h. */
#undef BEGIN
#undef ONE
#undef OPT
#undef LIST
#undef MAP
#undef ONE_MSG
#undef OPT_MSG
#undef OPT_REC
#undef LIST_MSG
#undef MAP_MSG
#undef INLINE
#undef END
