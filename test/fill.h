// SPDX-License-Identifier: Apache-2.0
/* Fills objects of any type from a seed: the same seed gives the same object, everywhere. What it
 * makes is in normal form: maps sorted, times of whole seconds (microseconds), quantities
 * canonical, raw JSON compact, so that a codec must give it back unchanged. */
#pragma once

#include "schema/type.h"

struct fill {
    struct arena *arena;
    uint64_t seed;   /* changes with each value drawn */
    unsigned chance; /* of 100: that an optional thing is there; 100 fills every field */
    unsigned depth;  /* messages inside each other at most; 0 = 8 */
    unsigned length; /* elements of a list or map at most; 0 = 2 */
    bool tame;       /* values that rows allow (enums, ranges), small numbers, plain names */
    /* A fuzzer's input: each value is drawn from its next bytes, and the seed does not count. Where
     * it has ended nothing more is there and nothing changes. */
    bool by_bytes;
    str bytes;
};

uint64_t fill_random(struct fill *f);
uint64_t fill_below(struct fill *f, uint64_t n);
/* obj is t->size cleared bytes. */
void fill_object(struct fill *f, const struct api_type *t, void *obj);
void *fill_new(struct fill *f, const struct api_type *t);
/* Changes what is there: of each field, by `permille`, the value is another one, or there is one,
 * or none; elements of lists come, go and stand twice. Maps stay sorted. */
void fill_change(struct fill *f, const struct api_type *t, void *obj, unsigned permille);
