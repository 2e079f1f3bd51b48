// SPDX-License-Identifier: Apache-2.0
/* What calls cost by the sizes of their arguments. A function that is not told of here costs 1. */
#include "cel/estimate_call.h"

#include <math.h>

#define TRAVERSAL        0.1  /* of a character that is gone through */
#define PATTERN          0.25 /* of a character of a pattern */
#define NAME_PATTERN_MAX 128
#define FORMAT_NAME_MAX  64

/* ---- ranges ---- */

static uint64_t add(uint64_t x, uint64_t y) {
    return x > UINT64_MAX - y ? UINT64_MAX : x + y;
}
static uint64_t times(uint64_t x, uint64_t y) {
    return y && x > UINT64_MAX / y ? UINT64_MAX : x * y;
}
static uint64_t part(uint64_t x, double factor) {
    double d = ceil((double)x * factor);
    return d >= 18446744073709551616.0 ? UINT64_MAX : (uint64_t)d;
}

struct cel_range cel_range_add(struct cel_range x, struct cel_range y) {
    return (struct cel_range){add(x.min, y.min), add(x.max, y.max)};
}
struct cel_range cel_range_times(struct cel_range x, struct cel_range y) {
    return (struct cel_range){times(x.min, y.min), times(x.max, y.max)};
}
struct cel_range cel_range_part(struct cel_range x, double factor) {
    return (struct cel_range){part(x.min, factor), part(x.max, factor)};
}
struct cel_range cel_range_union(struct cel_range x, struct cel_range y) {
    return (struct cel_range){MIN(x.min, y.min), MAX(x.max, y.max)};
}
struct cel_range cel_size_of(const struct cel_estimated *e) {
    return e->sized ? e->size : (struct cel_range){0, UINT64_MAX};
}

static const struct cel_range one = {1, 1};

/* ---- functions ---- */

struct call {
    const struct cel_overload *o;
    const struct cel_expr *e;
    const struct cel_estimated *args; /* of a member call the target stands first */
    uint32_t n;
    const struct cel_sizes *sizes;
    const void *items;
};

static struct cel_range size(const struct call *c, uint32_t i) {
    return cel_size_of(&c->args[i]);
}
static struct cel_estimated costs(struct cel_range cost) {
    return (struct cel_estimated){.cost = cost};
}
static struct cel_estimated sized(struct cel_range cost, struct cel_range result) {
    return (struct cel_estimated){.cost = cost, .sized = true, .size = result};
}

static struct cel_estimated call_check(const struct call *c) {
    return costs((struct cel_range){350000, 350000});
}

/* What goes over the elements of a list, or over a string. */
static struct cel_estimated call_elements(const struct call *c) {
    const struct cel_type *t = c->e->args.v[0]->type;
    struct cel_range each = one, element = {0, UINT64_MAX};
    uint64_t max;
    if (!t->n)
        return costs(cel_range_part(size(c, 0), TRAVERSAL));
    if (t->param[0]->kind == CEL_STRING || t->param[0]->kind == CEL_BYTES) {
        if (c->items && c->sizes->max(c->sizes->ctx, c->items, &max))
            element.max = max;
        each = cel_range_add(each, cel_range_part(element, TRAVERSAL));
    }
    return costs(cel_range_times(size(c, 0), each));
}

static struct cel_estimated call_text(const struct call *c) {
    return costs(cel_range_part(size(c, 0), TRAVERSAL));
}
static struct cel_estimated call_text_twice(const struct call *c) {
    return costs(cel_range_part(size(c, 0), 2 * TRAVERSAL));
}
static struct cel_estimated call_ip(const struct call *c) {
    return c->e->is_member ? costs(one) : call_text(c);
}
/* By a pattern that is not known, but no longer than this. */
static struct cel_estimated call_validate(const struct call *c) {
    return costs(cel_range_part(cel_range_part(size(c, 1), TRAVERSAL), NAME_PATTERN_MAX * PATTERN));
}
/* A selector may be as short as two characters for each of its requirements. */
static struct cel_estimated call_selector(const struct call *c) {
    struct cel_range text = cel_range_part(size(c, 1), TRAVERSAL),
                     requirements = cel_range_part(cel_range_part(size(c, 1), 0.5), 10 + 40);
    return costs(cel_range_add((struct cel_range){10, 10}, cel_range_add(text, requirements)));
}
static struct cel_estimated call_same_text(const struct call *c) {
    return sized(cel_range_part(size(c, 0), TRAVERSAL), size(c, 0));
}
static struct cel_estimated call_prefix(const struct call *c) {
    return costs(cel_range_part(size(c, 1), TRAVERSAL));
}
static struct cel_estimated call_quote(const struct call *c) {
    struct cel_range s = size(c, 0);
    return sized(cel_range_part(s, TRAVERSAL),
                 (struct cel_range){add(s.min, 2), add(times(s.max, 2), 2)});
}

/* The bounds of a text in which x is replaced by y. */
static struct cel_range replaced(struct cel_range s, struct cel_range x, struct cel_range y) {
    struct cel_range count = {0, 0}, kept = {0, 0};
    if (x.min == 0) {
        count.max = add(s.max, 1);
        kept.max = s.max;
    } else if (y.max <= x.min) {
        kept.max = s.max;
    } else {
        count.max = part(s.max, 1.0 / (double)x.min);
    }
    if (x.max == 0) {
        count.min = add(s.min, 1);
        kept.min = s.min;
    } else if (x.max <= y.min) {
        kept.min = s.min;
    } else {
        count.min = part(s.min, 1.0 / (double)x.max);
    }
    return cel_range_add(cel_range_times(count, y), kept);
}

static struct cel_estimated call_replace(const struct call *c) {
    return sized(cel_range_part(size(c, 0), 2 * TRAVERSAL),
                 replaced(size(c, 0), size(c, 1), size(c, 2)));
}

static struct cel_estimated call_split(const struct call *c) {
    const struct cel_expr *limit = c->n > 2 ? c->e->args.v[2] : NULL;
    uint64_t max = size(c, 0).max;
    if (limit && limit->kind == CEL_LITERAL && limit->literal.tag == CEL_V_INT &&
        limit->literal.i >= 0)
        max = limit->literal.u;
    return sized(cel_range_part(size(c, 0), 2 * TRAVERSAL), (struct cel_range){0, max});
}

static struct cel_estimated call_join(const struct call *c) {
    struct cel_range list = size(c, 0), element = {0, UINT64_MAX}, text;
    uint64_t max;
    if (c->items && c->sizes->max(c->sizes->ctx, c->items, &max))
        element.max = max;
    text = cel_range_times(list, element);
    if (c->n > 1) {
        struct cel_range gaps = {list.min ? list.min - 1 : 0, list.max ? list.max - 1 : 0};
        text = cel_range_add(text, cel_range_times(size(c, 1), gaps));
    }
    return sized(cel_range_part(text, TRAVERSAL), text);
}

static struct cel_range pattern_cost(const struct call *c) {
    return cel_range_times(cel_range_part(cel_range_add(size(c, 0), one), TRAVERSAL),
                           cel_range_part(size(c, 1), PATTERN));
}
static struct cel_estimated call_find(const struct call *c) {
    return sized(pattern_cost(c), (struct cel_range){0, size(c, 0).max});
}
static struct cel_estimated call_matches(const struct call *c) {
    return costs(c->e->is_member ? pattern_cost(c) : one);
}
static struct cel_estimated call_contains(const struct call *c) {
    return costs(cel_range_times(cel_range_part(size(c, 0), TRAVERSAL),
                                 cel_range_part(size(c, 1), TRAVERSAL)));
}

static struct cel_estimated call_address(const struct call *c) {
    bool block = strcmp(c->o->name, "containsCIDR") == 0;
    struct cel_range cost = {1, 4};
    if (block)
        cost = cel_range_add(cost, (struct cel_range){2, 3});
    if (c->o->args[1]->kind == CEL_STRING)
        cost = cel_range_add(cost, cel_range_part(size(c, 1), TRAVERSAL));
    return costs(cost);
}

static struct cel_estimated call_bytes(const struct call *c) {
    struct cel_range s = size(c, 0);
    if (c->o->args[0]->kind != CEL_STRING)
        return costs(one);
    return sized(cel_range_part(s, TRAVERSAL), (struct cel_range){s.min, times(s.max, 4)});
}
static struct cel_estimated call_string(const struct call *c) {
    struct cel_range s = size(c, 0);
    if (c->o->args[0]->kind != CEL_BYTES)
        return costs(one);
    return sized(cel_range_part(s, TRAVERSAL), (struct cel_range){s.min / 4, s.max});
}

static struct cel_estimated call_in(const struct call *c) {
    return costs(c->o->args[1]->kind == CEL_LIST ? size(c, 1) : one);
}

static struct cel_estimated call_add(const struct call *c) {
    uint8_t kind = c->o->args[0]->kind;
    struct cel_range sum = cel_range_add(size(c, 0), size(c, 1));
    struct cel_estimated r;
    if (kind != CEL_STRING && kind != CEL_BYTES && kind != CEL_LIST)
        return costs(one);
    r = sized(kind == CEL_LIST ? one : cel_range_part(sum, TRAVERSAL), sum);
    if (c->args[0].container && c->args[1].container) {
        r.container = c->args[0].container;
        r.key = cel_range_union(c->args[0].key, c->args[1].key);
        r.value = cel_range_union(c->args[0].value, c->args[1].value);
    }
    return r;
}

static struct cel_range compare_cost(const struct call *c) {
    uint64_t max = MIN(size(c, 0).max, size(c, 1).max);
    return cel_range_part((struct cel_range){max > 0, max}, TRAVERSAL);
}
static struct cel_estimated call_differs(const struct call *c) {
    return costs(compare_cost(c));
}
/* Values of the libraries' types are small, whatever the texts they were made from. */
static struct cel_estimated call_equals(const struct call *c) {
    static const struct cel_type *const small[] = {
        &cel_type_ip,          &cel_type_cidr,           &cel_type_quantity,
        &cel_type_semver,      &cel_type_authorizer,     &cel_type_path_check,
        &cel_type_group_check, &cel_type_resource_check, &cel_type_decision};
    const struct cel_type *x = c->e->args.v[0]->type, *y = c->e->args.v[1]->type;
    if (!cel_type_same(x, y, true))
        return call_differs(c);
    for (size_t i = 0; i < ARRAY_LEN(small); i++)
        if (cel_type_same(x, small[i], true))
            return costs(one);
    if (cel_type_same(x, &cel_type_format, true))
        return costs(cel_range_part((struct cel_range){1, FORMAT_NAME_MAX}, TRAVERSAL));
    if (cel_type_same(x, &cel_type_url, true))
        return costs(cel_range_part(
            (struct cel_range){1, c->args[1].sized ? c->args[1].size.max : 1}, TRAVERSAL));
    return call_differs(c);
}
static struct cel_estimated call_order(const struct call *c) {
    uint8_t kind = c->o->args[0]->kind;
    return costs(kind == CEL_STRING || kind == CEL_BYTES ? compare_cost(c) : one);
}

static struct cel_estimated call_sets(const struct call *c) {
    bool both_ways = strcmp(c->o->name, "sets.equivalent") == 0;
    struct cel_range cost = cel_range_times(size(c, 0), size(c, 1));
    return costs(cel_range_add(cel_range_part(cost, both_ways ? 2 : 1), one));
}

static const struct {
    const char *name;
    struct cel_estimated (*cost)(const struct call *c);
} functions[] = {
    {"check", call_check},
    {"isSorted", call_elements},
    {"sum", call_elements},
    {"max", call_elements},
    {"min", call_elements},
    {"indexOf", call_elements},
    {"lastIndexOf", call_elements},
    {"url", call_same_text},
    {"jsonpatch.escapeKey", call_same_text},
    {"ip", call_ip},
    {"ip.isCanonical", call_text_twice},
    {"isIP", call_text},
    {"cidr", call_text},
    {"isCIDR", call_text},
    {"quantity", call_text},
    {"isQuantity", call_text},
    {"semver", call_text},
    {"isSemver", call_text},
    {"validate", call_validate},
    {"fieldSelector", call_selector},
    {"labelSelector", call_selector},
    {"lowerAscii", call_same_text},
    {"upperAscii", call_same_text},
    {"substring", call_same_text},
    {"trim", call_same_text},
    {"replace", call_replace},
    {"split", call_split},
    {"join", call_join},
    {"find", call_find},
    {"findAll", call_find},
    {"matches", call_matches},
    {"contains", call_contains},
    {"containsIP", call_address},
    {"containsCIDR", call_address},
    {"format", call_text},
    {"bytes", call_bytes},
    {"string", call_string},
    {"strings.quote", call_quote},
    {"startsWith", call_prefix},
    {"endsWith", call_prefix},
    {"@in", call_in},
    {OP_ADD, call_add},
    {OP_EQUALS, call_equals},
    {"_!=_", call_differs},
    {"_<_", call_order},
    {"_<=_", call_order},
    {"_>_", call_order},
    {"_>=_", call_order},
    {"sets.contains", call_sets},
    {"sets.intersects", call_sets},
    {"sets.equivalent", call_sets},
};

/* "&&" and "||": the second side may not be needed. */
static struct cel_estimated call_logic(const struct cel_estimated *args) {
    return costs((struct cel_range){args[0].cost.min, add(args[0].cost.max, args[1].cost.max)});
}

static struct cel_estimated call_conditional(const struct cel_estimated *args) {
    struct cel_range way = cel_range_union(args[1].cost, args[2].cost);
    struct cel_estimated r = sized(cel_range_add(args[0].cost, way),
                                   cel_range_union(cel_size_of(&args[1]), cel_size_of(&args[2])));
    if (args[1].container && args[2].container) {
        r.container = args[1].container;
        r.key = cel_range_union(args[1].key, args[2].key);
        r.value = cel_range_union(args[1].value, args[2].value);
    }
    return r;
}

struct cel_estimated cel_estimate_call(const struct cel_overload *o, const struct cel_expr *e,
                                       const struct cel_estimated *args,
                                       const struct cel_sizes *sizes, const void *items) {
    struct call c = {o, e, args, e->args.n, sizes, items};
    struct cel_estimated r = costs(one);
    if (strcmp(o->name, OP_AND) == 0 || strcmp(o->name, OP_OR) == 0)
        return call_logic(args);
    if (strcmp(o->name, OP_CONDITIONAL) == 0)
        return call_conditional(args);
    for (size_t i = 0; i < ARRAY_LEN(functions); i++)
        if (strcmp(functions[i].name, o->name) == 0)
            r = functions[i].cost(&c);
    if (strcmp(o->name, OP_INDEX) == 0 && args[0].container) {
        r.sized = true;
        r.size = args[0].value;
    }
    for (uint32_t i = 0; i < e->args.n; i++)
        r.cost = cel_range_add(r.cost, args[i].cost);
    return r;
}
