// SPDX-License-Identifier: Apache-2.0
/* The judge of histories is judged: by histories of one key, right and wrong ones. */
#include "linear.h"
#include "tap.h"

#define OPS 6
#define NONE                                                                                       \
    { 0 }

struct history_case {
    const char *why; /* part of what it says; NULL: it is right */
    struct linear_op ops[OPS];
    struct linear_event events[OPS];
};

#define OP(kind_, outcome_, begin_, end_, revision_)                                               \
    {                                                                                              \
        .kind = LINEAR_##kind_, .outcome = LINEAR_##outcome_, .begin = begin_, .end = end_,        \
        .revision = revision_                                                                      \
    }
#define EV(revision_, op_)                                                                         \
    { .revision = revision_, .op = op_ }
#define GONE(revision_)                                                                            \
    { .revision = revision_, .deleted = true, .op = -1 }

static const uint64_t none[1], five[1] = {5};

static const struct history_case cases[] = {
    {NULL, {OP(CREATE, OK, 1, 2, 5), OP(GET, OK, 3, 4, 5)}, {EV(5, 0)}},
    {NULL, {OP(CREATE, OK, 1, 9, 5), OP(GET, ABSENT, 2, 3, 0), OP(GET, OK, 4, 5, 5)}, {EV(5, 0)}},
    {"never right", /* back in time */
     {OP(CREATE, OK, 1, 9, 5), OP(GET, OK, 2, 3, 5), OP(GET, ABSENT, 4, 5, 0)},
     {EV(5, 0)}},
    {"never right", {OP(CREATE, OK, 1, 2, 5), OP(GET, ABSENT, 3, 4, 0)}, {EV(5, 0)}},
    {"never right", {OP(CREATE, OK, 1, 2, 5), OP(GET, OK, 3, 4, 6)}, {EV(5, 0)}},
    {"came before what it saw", {OP(GET, OK, 1, 2, 5), OP(CREATE, OK, 3, 4, 5)}, {EV(5, 1)}},
    {"answered and is lost", {OP(CREATE, OK, 1, 2, 5)}, {NONE}},
    {"nobody made", {OP(CREATE, PRESENT, 1, 2, 0)}, {GONE(4)}},
    {"never right", {OP(CREATE, PRESENT, 1, 2, 0)}, {NONE}},
    {NULL, {OP(CREATE, UNKNOWN, 1, 2, 0), OP(GET, ABSENT, 3, 4, 0)}, {NONE}},
    {NULL, /* much later */
     {OP(CREATE, UNKNOWN, 1, 2, 0), OP(GET, ABSENT, 3, 4, 0), OP(GET, OK, 5, 6, 5)},
     {EV(5, 0)}},
    {"seen before it began", {OP(GET, OK, 1, 2, 5), OP(CREATE, UNKNOWN, 3, 4, 0)}, {EV(5, 1)}},
    {"does not allow", /* created twice */
     {OP(CREATE, OK, 1, 2, 5), OP(CREATE, OK, 3, 4, 6)},
     {EV(5, 0), EV(6, 1)}},
    {"another revision", {OP(CREATE, OK, 1, 2, 7)}, {EV(5, 0)}},
    {"happened twice",
     {OP(UPDATE, UNKNOWN, 3, 4, 0), OP(CREATE, OK, 1, 2, 5)},
     {EV(5, 1), EV(6, 0), EV(7, 0)}},
    {NULL,
     {OP(CREATE, OK, 1, 2, 5), OP(DELETE, UNKNOWN, 3, 4, 0), OP(CREATE, OK, 5, 6, 9)},
     {EV(5, 0), GONE(7), EV(9, 2)}},
    {"came before what it saw", /* revisions against time */
     {OP(CREATE, OK, 1, 2, 5), OP(UPDATE, OK, 3, 4, 9), OP(UPDATE, OK, 5, 6, 8)},
     {EV(5, 0), EV(8, 2), EV(9, 1)}},
    {"comes too late",
     {OP(CREATE, OK, 1, 2, 5), OP(UPDATE, OK, 3, 4, 6), OP(UPDATE, OK, 3, 6, 7)},
     {EV(5, 0), EV(7, 2), EV(6, 1)}},
    {NULL,
     {OP(CREATE, OK, 1, 2, 5),
      {LINEAR_UPDATE, LINEAR_OK, 0, 3, 4, .expected = 5, .revision = 6},
      {LINEAR_UPDATE, LINEAR_STALE, 0, 3, 4, .expected = 5}},
     {EV(5, 0), EV(6, 1)}},
    {"did not expect", /* two that won: one update is lost */
     {OP(CREATE, OK, 1, 2, 5),
      {LINEAR_UPDATE, LINEAR_OK, 0, 3, 4, .expected = 5, .revision = 6},
      {LINEAR_UPDATE, LINEAR_OK, 0, 3, 4, .expected = 5, .revision = 7}},
     {EV(5, 0), EV(6, 1), EV(7, 2)}},
    {"never right", /* refused for no reason */
     {OP(CREATE, OK, 1, 2, 5), {LINEAR_UPDATE, LINEAR_STALE, 0, 3, 4, .expected = 5}},
     {EV(5, 0)}},
    {NULL,
     {OP(CREATE, OK, 1, 2, 5), {LINEAR_LIST, .begin = 3, .end = 4, .revision = 6, .list = five}},
     {EV(5, 0)}},
    {"shows the past",
     {OP(CREATE, OK, 1, 2, 5), {LINEAR_LIST, .begin = 3, .end = 4, .revision = 4, .list = none}},
     {EV(5, 0)}},
    {"was not there",
     {OP(CREATE, OK, 1, 2, 5), {LINEAR_LIST, .begin = 3, .end = 4, .revision = 6, .list = none}},
     {EV(5, 0)}},
};

static unsigned count_ops(const struct history_case *c) {
    unsigned n = 0;
    while (n < OPS && c->ops[n].end)
        n++;
    return n;
}

static unsigned count_events(const struct history_case *c) {
    unsigned n = 0;
    while (n < OPS && c->events[n].revision)
        n++;
    return n;
}

TEST(histories_are_judged) {
    struct arena a;
    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct history_case *c = &cases[i];
        struct linear_history h = {c->ops, count_ops(c), c->events, count_events(c), 1};
        const char *why = linear_check(&a, &h);
        if (c->why ? !why || str_find(str_of(why), str_of(c->why)) < 0 : why != NULL)
            tap_fail(__FILE__, __LINE__, "case %zu: %s, want %s", i, why ? why : "right",
                     c->why ? c->why : "right");
    }
    arena_done(&a);
}
