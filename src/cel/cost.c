// SPDX-License-Identifier: Apache-2.0
#include "cel/cost.h"

#include <math.h>

/* How the cost of a function follows from its arguments. */
enum kind {
    COST_ONE,
    COST_CHECK,        /* asking an authorizer: two may be asked in one expression */
    COST_ELEMENTS,     /* of the target */
    COST_TEXT,         /* the target or first argument is gone through */
    COST_TEXT_TWICE,   /* ... and written anew */
    COST_RESULT_TWICE, /* join */
    COST_PATTERN,      /* text times pattern */
    COST_CONTAINS,     /* text times text */
    COST_SMALLER,      /* comparing */
    COST_BOTH,         /* joining two texts */
    COST_SECOND,       /* the elements of the second argument */
    COST_ADDRESS,      /* a block against an address or block */
    COST_SETS,
    COST_SETS_BOTH_WAYS,
};

static const struct {
    const char *name;
    enum kind kind;
} kinds[] = {
    {"check", COST_CHECK},
    {"isSorted", COST_ELEMENTS},
    {"sum", COST_ELEMENTS},
    {"max", COST_ELEMENTS},
    {"min", COST_ELEMENTS},
    {"indexOf", COST_ELEMENTS},
    {"lastIndexOf", COST_ELEMENTS},
    {"url", COST_TEXT},
    {"lowerAscii", COST_TEXT},
    {"upperAscii", COST_TEXT},
    {"substring", COST_TEXT},
    {"trim", COST_TEXT},
    {"cidr", COST_TEXT},
    {"isIP", COST_TEXT},
    {"isCIDR", COST_TEXT},
    {"ip", COST_TEXT},
    {"quantity", COST_TEXT},
    {"isQuantity", COST_TEXT},
    {"semver", COST_TEXT},
    {"isSemver", COST_TEXT},
    {"startsWith", COST_TEXT},
    {"endsWith", COST_TEXT},
    {"bytes", COST_TEXT},
    {"strings.quote", COST_TEXT},
    {"format", COST_TEXT},
    {"replace", COST_TEXT_TWICE},
    {"split", COST_TEXT_TWICE},
    {"ip.isCanonical", COST_TEXT_TWICE},
    {"join", COST_RESULT_TWICE},
    {"find", COST_PATTERN},
    {"findAll", COST_PATTERN},
    {"matches", COST_PATTERN},
    {"validate", COST_TEXT},
    {"contains", COST_CONTAINS},
    {"_==_", COST_SMALLER},
    {"_!=_", COST_SMALLER},
    {"_<_", COST_SMALLER},
    {"_<=_", COST_SMALLER},
    {"_>_", COST_SMALLER},
    {"_>=_", COST_SMALLER},
    {"_+_", COST_BOTH},
    {"@in", COST_SECOND},
    {"containsIP", COST_ADDRESS},
    {"containsCIDR", COST_ADDRESS},
    {"sets.contains", COST_SETS},
    {"sets.intersects", COST_SETS},
    {"sets.equivalent", COST_SETS_BOTH_WAYS},
};

static enum kind kind_of(const struct cel_overload *o) {
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].name, o->name) == 0)
            return kinds[i].kind;
    return COST_ONE;
}

static uint64_t part(uint64_t n, double factor) {
    return (uint64_t)ceil((double)n * factor);
}

static bool is_text(struct cel_value v) {
    return v.tag == CEL_V_STRING || v.tag == CEL_V_BYTES;
}

static uint64_t times(uint64_t x, uint64_t y) {
    return y && x > UINT64_MAX / y ? UINT64_MAX : x * y;
}

uint64_t cel_call_cost(const struct cel_overload *o, const struct cel_value *args, uint32_t n) {
    uint64_t x = n > 0 ? cel_size(args[0]) : 0, y = n > 1 ? cel_size(args[1]) : 0;
    switch (kind_of(o)) {
    case COST_ONE:
        return 1;
    case COST_CHECK:
        return 350000;
    case COST_ELEMENTS:
        return n && is_text(args[0]) ? part(x, 0.1) : x;
    case COST_TEXT:
        return n && is_text(args[0]) ? part(x, 0.1) : 1;
    case COST_TEXT_TWICE:
        return part(x, 0.2);
    case COST_RESULT_TWICE:
        return 0;
    case COST_PATTERN:
        return times(part(x + 1, 0.1), part(y, 0.25));
    case COST_CONTAINS:
        return times(part(x, 0.1), part(y, 0.1));
    case COST_SMALLER:
        return part(MIN(x, y), 0.1);
    case COST_BOTH:
        return n && is_text(args[0]) ? part(x + y, 0.1) : 1;
    case COST_SECOND:
        return n > 1 && args[1].tag == CEL_V_LIST ? y : 1;
    case COST_ADDRESS:
        return 4 + (n > 1 && is_text(args[1]) ? part(y, 0.1) : 0);
    case COST_SETS:
        return times(x, y) + 1;
    case COST_SETS_BOTH_WAYS:
        return times(times(x, y), 2) + 1;
    }
    return 1;
}

uint64_t cel_result_cost(const struct cel_overload *o, struct cel_value result) {
    return kind_of(o) == COST_RESULT_TWICE ? part(cel_size(result), 0.2) : 0;
}
