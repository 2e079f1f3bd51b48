// SPDX-License-Identifier: Apache-2.0
/* Declares the structs of ROWS_DEF. See schema/rows.h. No include guard: used once a group. */
#include "schema/rows.h"

/* Pass 1: names. */
#define BEGIN(...)                                                                                 \
    typedef struct T T;                                                                            \
    extern const struct api_type ROWS_CAT(T, _type);
#include "schema/rows_none.h"
#include ROWS_DEF
#include "schema/rows_undef.h"

/* Pass 2: structs. */
#define BEGIN(...)                           struct T {
#define ONE(kind, num, m, json, flags, ...)  C_ONE_##kind m;
#define OPT(kind, num, m, json, flags, ...)  C_OPT_##kind m;
#define LIST(kind, num, m, json, flags, ...) C_LIST_##kind m;
#define MAP(kind, num, m, json, flags, ...)  C_MAP_##kind m;
#define ONE_MSG(S, num, m, json, flags, ...) S m;
#define OPT_MSG(S, num, m, json, flags, ...) S *m;
#define OPT_REC(S, num, m, json, flags, ...) struct S *m;
#define LIST_MSG(S, num, m, json, flags, ...)                                                      \
    struct {                                                                                       \
        struct S *v;                                                                               \
        uint32_t n;                                                                                \
    } m;
#define MAP_MSG(S, num, m, json, flags, ...)                                                       \
    struct {                                                                                       \
        struct ROWS_CAT(T, ROWS_CAT(_, ROWS_CAT(m, _entry))) * v;                                  \
        uint32_t n;                                                                                \
    } m;
#define INLINE(S, num, m) S m;
#define END                                                                                        \
    }                                                                                              \
    ;
#include ROWS_DEF
#include "schema/rows_undef.h"

/* Pass 3: entries of maps of messages, {str key; S value}: complete only now, so that a map may
 * hold its own type. */
#define MAP_MSG(S, num, m, json, flags, ...)                                                       \
    struct ROWS_CAT(T, ROWS_CAT(_, ROWS_CAT(m, _entry))) {                                         \
        str key;                                                                                   \
        struct S value;                                                                            \
    };
#include "schema/rows_none.h"
#include ROWS_DEF
#include "schema/rows_undef.h"
#undef ROWS_DEF
