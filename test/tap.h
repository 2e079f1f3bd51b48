// SPDX-License-Identifier: Apache-2.0
/* Tests register themselves; the program prints TAP for prove. A failed CHECK prints both values
 * and goes on; REQUIRE ends the test.
 *
 *     TEST(arena_grows_in_place) { CHECK_INT(arena_over(&a), 0); }
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"

struct tap_test {
    const char *name, *file;
    int line;
    void (*run)(void);
    struct tap_test *next;
};
void tap_register(struct tap_test *t);
void tap_fail(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);
NORETURN void tap_bail(void);
void tap_diag(const char *fmt, ...) PRINTF(1, 2);
/* A number that stands for this run: from TEST_SEED, else a fixed one; printed when a test fails.
 */
uint64_t tap_seed(void);

#define TEST(id)                                                                                   \
    static void test_##id(void);                                                                   \
    static struct tap_test tap_##id = {#id, __FILE__, __LINE__, test_##id, NULL};                  \
    CONSTRUCTOR static void tap_register_##id(void) {                                              \
        tap_register(&tap_##id);                                                                   \
    }                                                                                              \
    static void test_##id(void)

#define CHECK(cond)      ((cond) ? (void)0 : tap_fail(__FILE__, __LINE__, "not true: %s", #cond))
#define CHECK_INT(a, b)  tap_check_int(__FILE__, __LINE__, #a, (long long)(a), (long long)(b))
#define CHECK_STR(a, b)  tap_check_str(__FILE__, __LINE__, #a, (a), (b))
#define CHECK_STRC(a, b) tap_check_str(__FILE__, __LINE__, #a, (a), str_of(b))
#define REQUIRE(cond)                                                                              \
    ((cond) ? (void)0 : (tap_fail(__FILE__, __LINE__, "required: %s", #cond), tap_bail()))

void tap_check_int(const char *file, int line, const char *what, long long a, long long b);
void tap_check_str(const char *file, int line, const char *what, str a, str b);
