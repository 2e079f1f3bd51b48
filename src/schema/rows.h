// SPDX-License-Identifier: Apache-2.0
/* The passes that turn a .def file into structs and tables. A group's header does
 *
 *     #define ROWS_DEF "api/rows/core_v1.def"
 *     #include "schema/rows_types.h"       forward declarations, structs
 *
 * and one .c file does the same with "schema/rows_tables.h". The .def holds, in order of need,
 *
 *     #define T PodSpec
 *     BEGIN(.openapi = "io.k8s.api.core.v1.PodSpec")
 *       LIST_MSG(Container, 2, containers, "containers", REQUIRED | LIST_MAP | MERGE,
 *                .keys = "name", .merge_key = "name")
 *       ONE(STR, 3, restart_policy, "restartPolicy", OMITEMPTY, .def = "\"Always\"")
 *     END
 *     #undef T
 *
 * Twelve macros: BEGIN, END; ONE, OPT, LIST, MAP for scalars (first argument a kind);
 * ONE_MSG, OPT_MSG, LIST_MSG, MAP_MSG, INLINE for messages (first argument a type); OPT_REC for a
 * pointer to a type that stands later or is the type itself. After the first four or five arguments
 * come designated initialisers of struct api_attr (of struct api_info for BEGIN). */
#pragma once

#include "schema/type.h"

#define ROWS_CAT_(a, b) a##b
#define ROWS_CAT(a, b)  ROWS_CAT_(a, b)
#define ROWS_STR_(a)    #a
#define ROWS_STR(a)     ROWS_STR_(a)

/* C type of a kind under ONE, OPT and LIST, and of a MAP. */
#define C_ONE_BOOL          bool
#define C_ONE_I32           int32_t
#define C_ONE_I64           int64_t
#define C_ONE_U32           uint32_t
#define C_ONE_U64           uint64_t
#define C_ONE_F64           double
#define C_ONE_STR           str
#define C_ONE_BYTES         Bytes
#define C_ONE_QUANTITY      Quantity
#define C_ONE_TIME          Time
#define C_ONE_MICROTIME     MicroTime
#define C_ONE_DURATION      Duration
#define C_ONE_INT_OR_STRING IntOrString
#define C_ONE_RAW           Raw
#define C_ONE_STRS          str_list

#define C_OPT_BOOL          struct opt_bool
#define C_OPT_I32           struct opt_i32
#define C_OPT_I64           struct opt_i64
#define C_OPT_F64           struct opt_f64
#define C_OPT_STR           str
#define C_OPT_BYTES         Bytes
#define C_OPT_QUANTITY      Quantity
#define C_OPT_TIME          Time
#define C_OPT_MICROTIME     MicroTime
#define C_OPT_DURATION      struct opt_i64
#define C_OPT_INT_OR_STRING IntOrString
#define C_OPT_RAW           Raw

#define C_LIST_BOOL     bool_list
#define C_LIST_I32      i32_list
#define C_LIST_I64      i64_list
#define C_LIST_STR      str_list
#define C_LIST_BYTES    str_list
#define C_LIST_QUANTITY str_list
#define C_LIST_RAW      str_list

#define C_MAP_STR      str_map
#define C_MAP_BYTES    str_map
#define C_MAP_QUANTITY str_map
#define C_MAP_RAW      str_map
#define C_MAP_STRS     strs_map
#define C_MAP_TIME     time_map
