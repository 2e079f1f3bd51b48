// SPDX-License-Identifier: Apache-2.0
/* Defines the tables of ROWS_DEF. See schema/rows.h. */
#include "schema/rows.h"

#define ROWS_ATTR(...) __VA_OPT__(.attr = &(const struct api_attr){__VA_ARGS__}, )
#define ROWS_ROW(kind_, shape_, sub_, num_, m_, json_, flags_, ...)                                \
    {.json = json_,                                                                                \
     .json_len = sizeof(json_) - 1,                                                                \
     .kind = kind_,                                                                                \
     .shape = shape_,                                                                              \
     .sub = sub_,                                                                                  \
     .number = num_,                                                                               \
     .flags = flags_,                                                                              \
     ROWS_ATTR(__VA_ARGS__).offset = offsetof(T, m_)},

#define ENUMS(...)                                                                                 \
    (const char *const[]) {                                                                        \
        __VA_ARGS__, NULL                                                                          \
    }
#define BEGIN(...)                                                                                 \
    static const struct api_info ROWS_CAT(T, _info) = {__VA_ARGS__};                               \
    static const struct api_field ROWS_CAT(T, _fields)[] = {
#define ONE(kind, ...)    ROWS_ROW(API_##kind, API_ONE, NULL, __VA_ARGS__)
#define OPT(kind, ...)    ROWS_ROW(API_##kind, API_OPT, NULL, __VA_ARGS__)
#define LIST(kind, ...)   ROWS_ROW(API_##kind, API_LIST, NULL, __VA_ARGS__)
#define MAP(kind, ...)    ROWS_ROW(API_##kind, API_MAP, NULL, __VA_ARGS__)
#define ONE_MSG(S, ...)   ROWS_ROW(API_MSG, API_ONE, &S##_type, __VA_ARGS__)
#define OPT_MSG(S, ...)   ROWS_ROW(API_MSG, API_OPT, &S##_type, __VA_ARGS__)
#define OPT_REC(S, ...)   ROWS_ROW(API_MSG, API_OPT, &S##_type, __VA_ARGS__)
#define LIST_MSG(S, ...)  ROWS_ROW(API_MSG, API_LIST, &S##_type, __VA_ARGS__)
#define MAP_MSG(S, ...)   ROWS_ROW(API_MSG, API_MAP, &S##_type, __VA_ARGS__)
#define INLINE(S, num, m) ROWS_ROW(API_MSG, API_ONE, &S##_type, num, m, "", INLINED)
#define END                                                                                        \
    }                                                                                              \
    ;                                                                                              \
    const struct api_type ROWS_CAT(T, _type) = {                                                   \
        .name = ROWS_STR(T),                                                                       \
        .info = &ROWS_CAT(T, _info),                                                               \
        .fields = ROWS_CAT(T, _fields),                                                            \
        .n_fields = sizeof(ROWS_CAT(T, _fields)) / sizeof(struct api_field),                       \
        .size = sizeof(T),                                                                         \
    };
#include ROWS_DEF
#include "schema/rows_undef.h"
#undef ROWS_DEF
#undef ROWS_ROW
#undef ENUMS
#undef ROWS_ATTR
