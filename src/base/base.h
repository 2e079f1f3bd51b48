// SPDX-License-Identifier: Apache-2.0
/* What every file of Coxswain may take for granted: fixed-width integers, the cleanup attribute,
 * container_of and the assertion that stays on in release builds.
 *
 * Fallible functions return 0 or a negative errno; outputs stand last, are called ret_x and are
 * written only on success. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define ARRAY_LEN(a)                  (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)                     ((a) < (b) ? (a) : (b))
#define MAX(a, b)                     ((a) > (b) ? (a) : (b))
#define container_of(p, type, member) ((type *)((uintptr_t)(p)-offsetof(type, member)))

#define CLEANUP(fn)  __attribute__((cleanup(fn)))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))
#define UNUSED       __attribute__((unused))
#define NORETURN     __attribute__((noreturn))
#define CONSTRUCTOR  __attribute__((constructor))

/* Ownership leaves a scope through TAKE: the variable is NULL afterwards. */
#define TAKE(p)                                                                                    \
    ({                                                                                             \
        __typeof__(p) taken_ = (p);                                                                \
        (p) = NULL;                                                                                \
        taken_;                                                                                    \
    })

/* Makes foo_freep for CLEANUP(foo_freep) out of foo_free. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
    static inline void fn##p(type *p) {                                                            \
        if (*p)                                                                                    \
            fn(*p);                                                                                \
    }

/* A broken promise inside the program. Stays on in release: a control plane that goes on after
 * one would write what it should not. */
#define ASSERT(cond)                                                                               \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0))                                                          \
            assert_failed(#cond, __FILE__, __LINE__);                                              \
    } while (0)
NORETURN void assert_failed(const char *cond, const char *file, int line);

/* Plain small allocations abort when memory runs out: nothing sensible can be done with 40 bytes
 * less. What an outsider sizes comes from a bounded arena or buffer instead. */
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrndup(const char *p, size_t n);
