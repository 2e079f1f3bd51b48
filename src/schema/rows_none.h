// SPDX-License-Identifier: Apache-2.0
/* What a pass over a .def file has not defined is nothing to it. See schema/rows.h. */
#ifndef BEGIN
#define BEGIN(...)
#endif
#ifndef ONE
#define ONE(...)
#endif
#ifndef OPT
#define OPT(...)
#endif
#ifndef LIST
#define LIST(...)
#endif
#ifndef MAP
#define MAP(...)
#endif
#ifndef ONE_MSG
#define ONE_MSG(...)
#endif
#ifndef OPT_MSG
#define OPT_MSG(...)
#endif
#ifndef OPT_REC
#define OPT_REC(...)
#endif
#ifndef LIST_MSG
#define LIST_MSG(...)
#endif
#ifndef MAP_MSG
#define MAP_MSG(...)
#endif
#ifndef INLINE
#define INLINE(...)
#endif
#ifndef END
#define END
#endif
